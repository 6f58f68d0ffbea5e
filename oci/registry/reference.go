package registry

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"tasm/oci/content"
)

// Reference names an image in a registry.
type Reference = name.Reference

// Parse reads a reference as users write it: [host/]name[:tag] or
// [host/]name@sha256:...; the host's default is Docker Hub, the tag's latest.
func Parse(s string) (Reference, error) {
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if _, after, login := strings.Cut(rest, "@"); login && !strings.HasPrefix(after, "sha256:") {
			return nil, errLogin
		}
		return nil, fmt.Errorf("an image is named without %s://, as in %s", printable(scheme), printable(rest))
	}
	if host, _, ok := strings.Cut(s, "/"); ok && strings.Contains(host, "@") {
		return nil, errLogin
	}
	named, _, byDigest := strings.Cut(s, "@")
	if why := content.WrongName(named); why != "" {
		return nil, errors.New(why)
	}
	ref, err := name.ParseReference(s, name.WeakValidation)
	if err != nil || byDigest && strings.Count(s, "@") > 1 {
		return nil, fmt.Errorf("%q is no name of an image; write [host/]name[:tag] or [host/]name@sha256:..., the name in lower-case letters", s)
	}
	return ref, nil
}

// errLogin does not repeat what was written: it may hold a password.
var errLogin = fmt.Errorf("a login is no part of an image's name; run 'docker login', whose credentials are used")

// ByDigest writes the name of an image in a reference's repository, by digest.
func ByDigest(ref Reference, digest v1.Hash) string {
	host := ref.Context().RegistryStr()
	if host == name.DefaultRegistry {
		host = content.DockerHub
	}
	return host + "/" + ref.Context().RepositoryStr() + "@" + digest.String()
}

// Name writes a reference in full: host/name:tag or host/name@digest.
func Name(ref Reference) string {
	return strings.Replace(ref.Name(), name.DefaultRegistry+"/", content.DockerHub+"/", 1)
}

// TagOf returns the name with which an image from a reference is stored: the
// reference, or nothing where that has a digest and no tag.
func TagOf(ref Reference) []string {
	if _, ok := ref.(name.Tag); !ok {
		return nil
	}
	return []string{Name(ref)}
}
