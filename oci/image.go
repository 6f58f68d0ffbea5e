package oci

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"tasm/oci/deflate"
)

// Builder makes an image that holds one program.
type Builder interface {
	Build(spec Spec, program []byte) (*Image, error)
}

var _ Builder = Profile{}

// Image is a finished image for one platform: the exact bytes of its three
// blobs, and the names to publish it under. It never changes.
type Image struct {
	v1.Image // the blobs as go-containerregistry sees them

	tags                    []name.Tag
	platform                Platform
	path                    string
	manifest, config, layer blob
}

// maxContent bounds the memory that an image takes while it is built.
const maxContent = 1 << 30

// Build makes an image with the default profile, Portable.
func Build(spec Spec, program []byte) (*Image, error) { return Portable.Build(spec, program) }

// Build makes an image that holds program. Mistakes in spec are reported
// together, as SpecErrors.
func (p Profile) Build(spec Spec, program []byte) (*Image, error) {
	d, err := p.Draft(spec, program)
	if err != nil {
		return nil, err
	}
	return d.Build(nil)
}

// Draft is an image of which all is known but its compressed layer, which is what
// takes time.
type Draft struct {
	Path string // of the program

	profile Profile
	spec    *resolved
	layer   *layer
	config  []byte
}

// Draft begins an image that holds program, as Build does.
func (p Profile) Draft(spec Spec, program []byte) (*Draft, error) {
	s, err := spec.resolve()
	if err != nil {
		return nil, err
	}
	if err := s.checkSize(len(program)); err != nil {
		return nil, SpecErrors{err}
	}
	chosen := p.choose(s, program)
	s.Path = chosen.path
	entries := []tarEntry{{
		name: s.Path[1:], mode: chosen.mode, typeflag: chosen.typeflag, mtime: s.Created, data: append(slices.Clip(program), make([]byte, chosen.pad)...),
	}}
	for _, f := range s.distinct() {
		entries = append(entries, f.entry(s))
	}
	tar, err := p.tar.write(entriesOf(s, entries))
	if err != nil {
		return nil, SpecErrors{{"Path", -1, err.Error()}}
	}
	d := &Draft{Path: s.Path, profile: p, spec: s, layer: newLayer(tar)}
	d.config = []byte(p.configJSON(s, d.layer.diffID))
	return d, nil
}

// RawConfigFile returns the image's config.
func (d *Draft) RawConfigFile() ([]byte, error) { return bytes.Clone(d.config), nil }

// Build finishes the image. Layers that it has in common with others are taken
// from there; nil for none.
func (d *Draft) Build(layers *Layers) (*Image, error) {
	img := &Image{tags: d.spec.tags, platform: d.spec.Platform, path: d.Path}
	img.layer = newBlob(types.OCILayer, layers.gzip(d.layer))
	img.config = newBlob(types.OCIConfigJSON, d.config)
	img.manifest = newBlob(types.OCIManifestSchema1, []byte(d.profile.manifestJSON(d.spec, img.config, img.layer)))
	var err error
	if img.Image, err = partial.CompressedToImage(rawImage{img, d.layer.diffID}); err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	return img, nil
}

// layer is a layer that is not compressed yet.
type layer struct {
	tar    []byte
	diffID v1.Hash
}

func newLayer(tar []byte) *layer { return &layer{tar, digestOf(tar)} }

// Layers are compressed layers by what they unpack to, so that images that hold the
// same files share them. The zero value holds none.
type Layers struct{ compressed map[v1.Hash][]byte }

// gzip returns the layer compressed.
func (l *Layers) gzip(of *layer) []byte {
	if l == nil {
		return deflate.Gzip(of.tar)
	}
	if l.compressed == nil {
		l.compressed = map[v1.Hash][]byte{}
	}
	data, ok := l.compressed[of.diffID]
	if !ok {
		data = deflate.Gzip(of.tar)
		l.compressed[of.diffID] = data
	}
	return data
}

// manifestJSON writes the manifest (OCI image specification, manifest.md).
func (p Profile) manifestJSON(s *resolved, config, layer blob) value {
	return object(
		member{"schemaVersion", number(2)},
		member{"mediaType", p.mediaTypeOf(types.OCIManifestSchema1)},
		member{"config", config.descriptor()},
		member{"layers", array(layer.descriptor())},
		member{"annotations", labelsJSON(s.Annotations)},
	)
}

// configJSON writes the config (OCI image specification, config.md).
func (p Profile) configJSON(s *resolved, diffID v1.Hash) value {
	var created value
	if s.dated {
		created = text(s.Created.Format(time.RFC3339))
	}
	var history value
	if h := s.historyJSON(); h != "" {
		history = array(h)
	}
	entrypoint, cmd := s.command()
	return object(
		member{"created", created},
		member{"author", optional(s.Author)},
		member{"architecture", text(s.Platform.Architecture)},
		member{"os", text(s.Platform.OS)},
		member{"variant", optional(s.Platform.Variant)},
		member{"config", object(
			member{"User", optional(s.User)},
			member{"ExposedPorts", emptySet(s.Ports)},
			member{"Env", texts(s.Env)},
			member{"Entrypoint", texts(entrypoint)},
			member{"Cmd", texts(cmd)},
			member{"Healthcheck", s.Healthcheck.json()},
			member{"Volumes", emptySet(s.Volumes)},
			member{"WorkingDir", optional(s.WorkingDir)},
			member{"Labels", labelsJSON(s.Labels)},
			member{"StopSignal", optional(s.StopSignal)},
		)},
		member{"rootfs", object(
			member{"type", text("layers")},
			member{"diff_ids", array(text(diffID.String()))},
		)},
		member{"history", history},
	)
}

// command divides the command that starts the program. Arguments of "docker run"
// follow an Entrypoint and replace a Cmd, which is 7 bytes shorter: it is for
// programs that can't see arguments.
func (s *resolved) command() (entrypoint, cmd []string) {
	switch {
	case s.Entrypoint != nil:
		return s.Entrypoint, s.Cmd
	case s.IgnoresArguments && len(s.Cmd) == 0:
		return nil, []string{s.Path}
	}
	return []string{s.Path}, s.Cmd
}

func labelsJSON(labels []Label) value {
	if len(labels) == 0 {
		return ""
	}
	members := make([]member, len(labels))
	for i, l := range labels {
		members[i] = member{l.Name, text(l.Value)}
	}
	return object(members...)
}

// Tags returns the image's names, complete: host/repository:tag.
func (img *Image) Tags() []string {
	tags := make([]string, len(img.tags))
	for i, t := range img.tags {
		tags[i] = canonicalName(t)
	}
	return tags
}

// Platform returns the platform that the image is for.
func (img *Image) Platform() Platform { return img.platform }

// Path returns the program's path in the image.
func (img *Image) Path() string { return img.path }

// Sizes are the bytes of an image's blobs.
type Sizes struct{ Manifest, Config, Layer int }

// Wire returns what a registry stores and a pull transfers.
func (s Sizes) Wire() int { return s.Manifest + s.Config + s.Layer }

// Sizes returns the sizes of the image's blobs.
func (img *Image) Sizes() Sizes {
	return Sizes{len(img.manifest.data), len(img.config.data), len(img.layer.data)}
}

// blob is content with the descriptor that names it.
type blob struct {
	mediaType types.MediaType
	digest    v1.Hash
	data      []byte
}

func newBlob(mediaType types.MediaType, data []byte) blob {
	return blob{mediaType, digestOf(data), data}
}

func digestOf(data []byte) v1.Hash {
	sum := sha256.Sum256(data)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// descriptor writes the blob's descriptor (OCI image specification,
// descriptor.md), with more members if wanted.
func (b blob) descriptor(more ...member) value {
	return object(append([]member{
		{"mediaType", text(string(b.mediaType))},
		{"digest", text(b.digest.String())},
		{"size", number(len(b.data))},
	}, more...)...)
}

// rawImage gives go-containerregistry the blobs as they are
// (partial.CompressedImageCore).
type rawImage struct {
	img    *Image
	diffID v1.Hash
}

func (r rawImage) MediaType() (types.MediaType, error) { return r.img.manifest.mediaType, nil }
func (r rawImage) RawManifest() ([]byte, error)        { return bytes.Clone(r.img.manifest.data), nil }
func (r rawImage) RawConfigFile() ([]byte, error)      { return bytes.Clone(r.img.config.data), nil }

func (r rawImage) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	switch h {
	case r.img.layer.digest:
		return rawLayer{r.img.layer, r.diffID}, nil
	case r.img.config.digest: // a registry stores the config as it does layers
		return rawLayer{r.img.config, h}, nil
	}
	return nil, fmt.Errorf("the image has no layer %s", h)
}

// rawLayer is a blob as a layer (partial.CompressedLayer).
type rawLayer struct {
	blob
	diffID v1.Hash
}

func (l rawLayer) Digest() (v1.Hash, error)            { return l.digest, nil }
func (l rawLayer) DiffID() (v1.Hash, error)            { return l.diffID, nil }
func (l rawLayer) Size() (int64, error)                { return int64(len(l.data)), nil }
func (l rawLayer) MediaType() (types.MediaType, error) { return l.mediaType, nil }
func (l rawLayer) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(l.data)), nil
}
