package oci

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Publisher takes a finished image somewhere: into a file, to a registry.
type Publisher interface {
	Publish(ctx context.Context, img *Image) error
}

// Archive is a Publisher that writes one tar file which is at once what
// "docker save" writes and an OCI image layout: blobs stand at the layout's
// paths, and manifest.json points to them there. Old engines follow
// manifest.json, new ones and Podman index.json, each with the tags.
type Archive struct{ W io.Writer }

var _ Publisher = Archive{}

// Publish writes the archive.
func (a Archive) Publish(_ context.Context, img *Image) error { return img.WriteArchive(a.W) }

// WriteArchive writes the image as an archive (see Archive) in one call of w.Write.
func (img *Image) WriteArchive(w io.Writer) error {
	blobs := []blob{img.manifest, img.config, img.layer}
	entries := []tarEntry{
		file("oci-layout", object(member{"imageLayoutVersion", text("1.0.0")})),
		file("index.json", img.layoutIndex()),
	}
	for _, b := range blobs {
		entries = append(entries, file(blobPath(b), value(b.data)))
	}
	entries = append(entries, file("manifest.json", img.dockerManifest()))
	archive, err := ustar.write(entries)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	_, err = w.Write(archive)
	return err
}

func file(name string, content value) tarEntry {
	return tarEntry{name: name, mode: 0o644, typeflag: typeRegular, mtime: epoch, data: []byte(content)}
}

func blobPath(b blob) string { return "blobs/" + b.digest.Algorithm + "/" + b.digest.Hex }

// layoutIndex writes index.json, with one descriptor for each tag. containerd
// and Docker's containerd store read the first annotation, Podman the full
// name too; skopeo and oras look up the bare tag in the second.
func (img *Image) layoutIndex() value {
	var manifests []value
	for _, t := range img.tags {
		manifests = append(manifests, img.manifest.descriptor(member{"annotations", object(
			member{"io.containerd.image.name", text(canonicalName(t))},
			member{"org.opencontainers.image.ref.name", text(t.TagStr())},
		)}))
	}
	if len(img.tags) == 0 {
		manifests = append(manifests, img.manifest.descriptor())
	}
	return object(
		member{"schemaVersion", number(2)},
		member{"mediaType", text(string(types.OCIImageIndex))},
		member{"manifests", array(manifests...)},
	)
}

// dockerManifest writes manifest.json, the list that "docker load" reads.
func (img *Image) dockerManifest() value {
	var tags []string
	for _, t := range img.tags {
		tags = append(tags, familiarName(t))
	}
	return array(object(
		member{"Config", text(blobPath(img.config))},
		member{"RepoTags", texts(tags)},
		member{"Layers", array(text(blobPath(img.layer)))},
	))
}

// dockerHub is the default registry as it stands in image names. Package name
// has its address there instead.
const dockerHub = "docker.io"

// canonicalName returns the complete name: host/repository:tag.
func canonicalName(t name.Tag) string {
	host := t.RegistryStr()
	if host == name.DefaultRegistry {
		host = dockerHub
	}
	return host + "/" + t.RepositoryStr() + ":" + t.TagStr()
}

// familiarName returns the name that Docker shows, without its defaults.
func familiarName(t name.Tag) string {
	s := strings.TrimPrefix(canonicalName(t), dockerHub+"/")
	if t.RegistryStr() == name.DefaultRegistry {
		s = strings.TrimPrefix(s, "library/")
	}
	return s
}
