package content

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// An archive or a layout folder is written from an image's parts, with every
// blob compared with its digest on the way, and kept nowhere in between.

// item is a file to write: bytes, or a blob to read.
type item struct {
	name string
	size int64
	open func() (io.ReadCloser, error)
}

func bytesItem(name string, data []byte) item {
	return item{name, int64(len(data)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

func blobName(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// items lists the files of a layout that holds an artifact under some names.
type items struct {
	list []item
	seen map[v1.Hash]bool
}

func (s *items) blob(digest v1.Hash, size int64, open func() (io.ReadCloser, error)) {
	if s.seen[digest] {
		return
	}
	if s.seen == nil {
		s.seen = map[v1.Hash]bool{}
	}
	s.seen[digest] = true
	s.list = append(s.list, item{blobName(digest), size, func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		return Verify(r, digest, size), nil
	}})
}

func (s *items) bytes(data []byte) {
	s.blob(DigestOf(data), int64(len(data)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
}

// artifact adds the blobs of an artifact.
func (s *items) artifact(a Artifact, depth int) error {
	raw, err := a.RawManifest()
	if err != nil {
		return err
	}
	s.bytes(raw)
	switch a := a.(type) {
	case v1.Image:
		return s.image(a)
	case v1.ImageIndex:
		if depth == 0 {
			return fmt.Errorf("indexes stand in indexes more than %d deep", maxDepth)
		}
		list, err := a.IndexManifest()
		if err != nil {
			return err
		}
		for _, d := range list.Manifests {
			var child Artifact
			if d.MediaType.IsIndex() {
				child, err = a.ImageIndex(d.Digest)
			} else {
				child, err = a.Image(d.Digest)
			}
			if err == nil {
				err = s.artifact(child, depth-1)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return ErrNoImage
}

func (s *items) image(img v1.Image) error {
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	s.bytes(config)
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	for _, l := range layers {
		d, err := describe(l)
		if err != nil {
			return err
		}
		s.blob(d.Digest, d.Size, l.Compressed)
	}
	return nil
}

// layoutItems lists the files of an OCI image layout (OCI image specification,
// image-layout.md). containerd and Docker's containerd store read the full name
// in the first annotation, as does Podman; skopeo and oras look up the bare tag
// in the second.
func layoutItems(a Artifact, names []string) (*items, []item, error) {
	d, err := partial.Descriptor(a)
	if err != nil {
		return nil, nil, err
	}
	entry := v1.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
	list := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{}}
	for _, n := range names {
		entry.Annotations = map[string]string{fullNameAnnotation: n}
		if t, err := name.NewTag(n); err == nil {
			entry.Annotations = map[string]string{fullNameAnnotation: canonicalName(t), refNameAnnotation: t.TagStr()}
		}
		list.Manifests = append(list.Manifests, entry)
	}
	if len(names) == 0 {
		list.Manifests = append(list.Manifests, entry)
	}
	index, err := json.Marshal(list)
	if err != nil {
		return nil, nil, err
	}
	blobs := &items{}
	if err := blobs.artifact(a, maxDepth); err != nil {
		return nil, nil, err
	}
	return blobs, []item{bytesItem("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)), bytesItem("index.json", index)}, nil
}

// DockerHub is the default registry as it stands in image names. Package name
// has its address there instead.
const DockerHub = "docker.io"

// canonicalName returns the complete name: host/repository:tag.
func canonicalName(t name.Tag) string {
	host := t.RegistryStr()
	if host == name.DefaultRegistry {
		host = DockerHub
	}
	return host + "/" + t.RepositoryStr() + ":" + t.TagStr()
}

// familiarName returns the name that Docker shows, without its defaults.
func familiarName(t name.Tag) string {
	s := canonicalName(t)
	if t.RegistryStr() == name.DefaultRegistry {
		s = strings.TrimPrefix(strings.TrimPrefix(s, DockerHub+"/"), "library/")
	}
	return s
}

// WriteArchive writes an artifact as a docker archive and OCI layout in one tar
// file, under names of the form [host/]name[:tag].
func WriteArchive(w io.Writer, a Artifact, names []string) error {
	blobs, head, err := layoutItems(a, names)
	if err != nil {
		return err
	}
	docker, err := dockerList(a, names)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 64<<10)
	t := tar.NewWriter(b)
	for _, f := range append(append(head, blobs.list...), docker) {
		if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: f.size, Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		if err := f.copyTo(t); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), b.Flush())
}

func (f item) copyTo(w io.Writer) error {
	r, err := f.open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
}

// dockerList makes manifest.json, which lists one image: of an index the one that
// runs on a PC, if there is one.
func dockerList(a Artifact, names []string) (item, error) {
	img, err := Runnable(a)
	if err != nil {
		return item{}, err
	}
	config, err := img.ConfigName()
	if err != nil {
		return item{}, err
	}
	layers, err := img.Layers()
	if err != nil {
		return item{}, err
	}
	e := dockerEntry{Config: blobName(config), RepoTags: []string{}, Layers: []string{}}
	for _, n := range names {
		if t, err := name.NewTag(n); err == nil {
			n = familiarName(t)
		}
		e.RepoTags = append(e.RepoTags, n)
	}
	for _, l := range layers {
		digest, err := l.Digest()
		if err != nil {
			return item{}, err
		}
		e.Layers = append(e.Layers, blobName(digest))
	}
	list, err := json.Marshal([]dockerEntry{e})
	return bytesItem("manifest.json", list), err
}

// WriteLayout writes an artifact as an image layout into a folder. A folder that
// is not there appears when it is complete. In one that is there index.json is
// replaced last, so that readers see the old image or the new one.
func WriteLayout(dir string, a Artifact, names []string) error {
	blobs, head, err := layoutItems(a, names)
	if err != nil {
		return err
	}
	files := append(blobs.list, head...)
	dir = filepath.Clean(dir)
	if _, err := os.Stat(dir); err == nil {
		return writeItems(dir, files)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temp := filepath.Join(filepath.Dir(dir), ".tasm-"+rand.Text())
	if err := os.Mkdir(temp, 0o777); err != nil {
		return err
	}
	if err = writeItems(temp, files); err == nil {
		err = os.Rename(temp, dir)
	}
	if err != nil {
		os.RemoveAll(temp)
	}
	return err
}

func writeItems(dir string, files []item) error {
	if err := os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o777); err != nil {
		return err
	}
	for _, f := range files {
		target := filepath.Join(dir, filepath.FromSlash(f.name))
		temp := filepath.Join(dir, ".tasm-"+rand.Text())
		w, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		err = errors.Join(f.copyTo(w), w.Close())
		if err == nil {
			err = os.Rename(temp, target)
		}
		if err != nil {
			os.Remove(temp)
			return err
		}
	}
	return nil
}

// Select returns the image of an artifact for the first of some platforms that
// there is one for; without platforms its first image. The image itself of an
// artifact that is no index is taken for what it is.
func Select(a Artifact, platforms ...v1.Platform) (v1.Image, error) {
	if img, ok := a.(v1.Image); ok {
		return img, nil
	}
	x, ok := a.(v1.ImageIndex)
	if !ok {
		return nil, ErrNoImage
	}
	list, err := x.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, want := range platforms {
		for _, d := range list.Manifests {
			if d.MediaType.IsImage() && d.Platform != nil && d.Platform.OS == want.OS && d.Platform.Architecture == want.Architecture {
				return x.Image(d.Digest)
			}
		}
	}
	if has := Platforms(a); len(has) > 0 && len(platforms) > 0 {
		return nil, fmt.Errorf("%w (%s): it has %s", ErrNoPlatform, platforms[0], strings.Join(has, ", "))
	}
	images, err := Images(a)
	if err != nil {
		return nil, err
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("%w: the index lists none", ErrNoPlatform)
	}
	return images[0].Image, nil
}

// Platforms lists the platforms that an index names; of an image none.
func Platforms(a Artifact) []string {
	x, ok := a.(v1.ImageIndex)
	if !ok {
		return nil
	}
	list, err := x.IndexManifest()
	if err != nil {
		return nil
	}
	var has []string
	for _, d := range list.Manifests {
		if d.Platform != nil && d.Platform.OS != "unknown" {
			has = append(has, d.Platform.String())
		}
	}
	return has
}

// Runnable returns the image of an artifact that runs on a PC, if there is one,
// else its first.
func Runnable(a Artifact) (v1.Image, error) {
	img, err := Select(a, v1.Platform{OS: "linux", Architecture: "amd64"}, v1.Platform{OS: "linux", Architecture: "386"})
	if errors.Is(err, ErrNoPlatform) {
		return Select(a)
	}
	return img, err
}

// SelectNamed returns the image of an artifact for a platform in the form
// os/architecture. An image that is for another one is an error too.
func SelectNamed(a Artifact, platform string) (v1.Image, error) {
	want, err := v1.ParsePlatform(platform)
	if err != nil || want.OS == "" || want.Architecture == "" {
		return nil, fmt.Errorf("'%s' is no platform; write operating system and architecture, such as linux/386", platform)
	}
	img, err := Select(a, *want)
	if err != nil {
		return nil, err
	}
	c, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	if _, single := a.(v1.Image); single && (c.OS != want.OS || c.Architecture != want.Architecture) {
		return nil, fmt.Errorf("%w (%s): it is for %s/%s", ErrNoPlatform, platform, c.OS, c.Architecture)
	}
	return img, nil
}
