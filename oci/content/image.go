package content

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image is an image with its manifest and config in memory and its layers where
// they are. It implements v1.Image.
type Image struct {
	mediaType        types.MediaType
	manifest, config []byte
	layers           []v1.Layer
}

var _ v1.Image = (*Image)(nil)

// NewImage makes an image of a source's blobs. d is the descriptor of the
// manifest; raw its bytes, or nil to read them from the source.
func NewImage(s Source, d v1.Descriptor, raw []byte) (*Image, error) {
	raw, err := readAs(s, d, raw)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(raw)
	if err != nil {
		return nil, err
	}
	config, err := Read(s, m.Config)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	c, err := v1.ParseConfigFile(bytes.NewReader(config))
	if err != nil {
		return nil, fmt.Errorf("the config is not valid: %w", err)
	}
	if len(c.RootFS.DiffIDs) != len(m.Layers) {
		return nil, fmt.Errorf("the manifest has %d layers, the config has %d", len(m.Layers), len(c.RootFS.DiffIDs))
	}
	layers := make([]v1.Layer, len(m.Layers))
	for i, l := range m.Layers {
		core := &layer{s, l, c.RootFS.DiffIDs[i]}
		full, err := partial.CompressedToLayer(core)
		if err != nil {
			return nil, err
		}
		layers[i] = sourced{full, core}
	}
	return Compose(mediaTypeOf(raw, d.MediaType), raw, config, layers), nil
}

// Compose makes an image of parts that fit together.
func Compose(mediaType types.MediaType, manifest, config []byte, layers []v1.Layer) *Image {
	return &Image{mediaType, manifest, config, layers}
}

// readAs returns the bytes that a descriptor names.
func readAs(s Source, d v1.Descriptor, raw []byte) ([]byte, error) {
	if raw != nil {
		return raw, nil
	}
	raw, err := Read(s, d)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return raw, nil
}

// mediaTypeOf returns the media type that a manifest or index names itself, else
// the one that was told of it, else what its members mean.
func mediaTypeOf(raw []byte, told types.MediaType) types.MediaType {
	var m struct {
		MediaType types.MediaType `json:"mediaType"`
		Manifests json.RawMessage `json:"manifests"`
	}
	json.Unmarshal(raw, &m)
	switch {
	case m.MediaType != "":
		return m.MediaType
	case told.IsImage() || told.IsIndex():
		return told
	case m.Manifests != nil:
		return types.OCIImageIndex
	}
	return types.OCIManifestSchema1
}

// MediaTypeOf returns the media type of a manifest or index; told is what its
// holder says of it.
func MediaTypeOf(raw []byte, told types.MediaType) types.MediaType { return mediaTypeOf(raw, told) }

func (i *Image) MediaType() (types.MediaType, error) { return i.mediaType, nil }
func (i *Image) RawManifest() ([]byte, error)        { return bytes.Clone(i.manifest), nil }
func (i *Image) RawConfigFile() ([]byte, error)      { return bytes.Clone(i.config), nil }
func (i *Image) Layers() ([]v1.Layer, error)         { return i.layers, nil }
func (i *Image) Size() (int64, error)                { return partial.Size(i) }
func (i *Image) Digest() (v1.Hash, error)            { return partial.Digest(i) }
func (i *Image) Manifest() (*v1.Manifest, error)     { return partial.Manifest(i) }
func (i *Image) ConfigName() (v1.Hash, error)        { return partial.ConfigName(i) }
func (i *Image) ConfigFile() (*v1.ConfigFile, error) { return partial.ConfigFile(i) }
func (i *Image) LayerByDiffID(h v1.Hash) (v1.Layer, error) {
	return i.find(h, v1.Layer.DiffID)
}

// LayerByDigest returns a layer, or the config, which registries store alike.
func (i *Image) LayerByDigest(h v1.Hash) (v1.Layer, error) {
	if name, err := i.ConfigName(); err == nil && name == h {
		return partial.ConfigLayer(i)
	}
	return i.find(h, v1.Layer.Digest)
}

func (i *Image) find(h v1.Hash, id func(v1.Layer) (v1.Hash, error)) (v1.Layer, error) {
	for _, l := range i.layers {
		if got, err := id(l); err == nil && got == h {
			return l, nil
		}
	}
	return nil, fmt.Errorf("the image has no layer %s", short(h))
}

// sourced is a complete layer that knows its source.
type sourced struct {
	v1.Layer
	core *layer
}

func (s sourced) Descriptor() (*v1.Descriptor, error) { return &s.core.blob, nil }

// SourceOf returns the source that a layer is read from; nil where it has none.
func SourceOf(l v1.Layer) Source {
	if s, ok := l.(sourced); ok {
		return s.core.source
	}
	return nil
}

// layer is a layer in a source (partial.CompressedLayer).
type layer struct {
	source Source
	blob   v1.Descriptor
	diffID v1.Hash
}

func (l *layer) Digest() (v1.Hash, error)            { return l.blob.Digest, nil }
func (l *layer) DiffID() (v1.Hash, error)            { return l.diffID, nil }
func (l *layer) Size() (int64, error)                { return l.blob.Size, nil }
func (l *layer) MediaType() (types.MediaType, error) { return l.blob.MediaType, nil }
func (l *layer) Compressed() (io.ReadCloser, error)  { return Open(l.source, l.blob) }

// Index is a list of images, usually one for each platform. It implements
// v1.ImageIndex.
type Index struct {
	source    Source
	mediaType types.MediaType
	raw       []byte
	list      *v1.IndexManifest
}

var _ v1.ImageIndex = (*Index)(nil)

// maxManifests is the most entries of an index that are looked at.
const maxManifests = 10000

// NewIndex makes an index of a source's blobs. d is its descriptor; raw its
// bytes, or nil to read them from the source.
func NewIndex(s Source, d v1.Descriptor, raw []byte) (*Index, error) {
	raw, err := readAs(s, d, raw)
	if err != nil {
		return nil, err
	}
	var list v1.IndexManifest
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("the index is not valid: %w", err)
	}
	if len(list.Manifests) > maxManifests {
		return nil, fmt.Errorf("the index lists %d manifests; %d are the most", len(list.Manifests), maxManifests)
	}
	return &Index{s, mediaTypeOf(raw, d.MediaType), raw, &list}, nil
}

func (x *Index) MediaType() (types.MediaType, error)       { return x.mediaType, nil }
func (x *Index) RawManifest() ([]byte, error)              { return bytes.Clone(x.raw), nil }
func (x *Index) Size() (int64, error)                      { return int64(len(x.raw)), nil }
func (x *Index) Digest() (v1.Hash, error)                  { return partial.Digest(x) }
func (x *Index) IndexManifest() (*v1.IndexManifest, error) { return x.list.DeepCopy(), nil }

func (x *Index) Image(h v1.Hash) (v1.Image, error) {
	d, err := x.find(h)
	if err != nil {
		return nil, err
	}
	return NewImage(x.source, d, nil)
}

func (x *Index) ImageIndex(h v1.Hash) (v1.ImageIndex, error) {
	d, err := x.find(h)
	if err != nil {
		return nil, err
	}
	return NewIndex(x.source, d, nil)
}

func (x *Index) find(h v1.Hash) (v1.Descriptor, error) {
	for _, d := range x.list.Manifests {
		if d.Digest == h {
			return d, nil
		}
	}
	return v1.Descriptor{}, fmt.Errorf("the index lists no manifest %s", short(h))
}

// Artifact is what can be pushed, pulled and inspected: an image or an index.
type Artifact interface {
	partial.WithRawManifest
	MediaType() (types.MediaType, error)
	Digest() (v1.Hash, error)
	Size() (int64, error)
}

// New makes an Image or an Index of a source's blobs, as its manifest says.
func New(s Source, d v1.Descriptor, raw []byte) (Artifact, error) {
	raw, err := readAs(s, d, raw)
	if err != nil {
		return nil, err
	}
	if mediaTypeOf(raw, d.MediaType).IsIndex() {
		return NewIndex(s, d, raw)
	}
	return NewImage(s, d, raw)
}

// ErrNoPlatform is the error for an index without an image for a platform.
var ErrNoPlatform = errors.New("no image for this platform")

// Child is an image of an artifact, with its descriptor in the index; of an
// image itself, Platform is what its config says.
type Child struct {
	v1.Image
	Platform v1.Platform
}

// maxDepth is how deep indexes may stand in indexes.
const maxDepth = 4

// Images lists the images of an artifact in order: the image itself, or those
// of an index and the indexes in it. What an index holds besides images, such as
// the attestations of BuildKit, is left out.
func Images(a Artifact) ([]Child, error) { return images(a, maxDepth) }

func images(a Artifact, depth int) ([]Child, error) {
	switch a := a.(type) {
	case v1.Image:
		c, err := a.ConfigFile()
		if err != nil {
			return nil, err
		}
		return []Child{{a, v1.Platform{OS: c.OS, Architecture: c.Architecture, Variant: c.Variant}}}, nil
	case v1.ImageIndex:
		if depth == 0 {
			return nil, fmt.Errorf("indexes stand in indexes more than %d deep", maxDepth)
		}
		list, err := a.IndexManifest()
		if err != nil {
			return nil, err
		}
		var out []Child
		for _, d := range list.Manifests {
			children, err := child(a, d, depth)
			if err != nil {
				return nil, err
			}
			out = append(out, children...)
		}
		return out, nil
	}
	return nil, ErrNoImage
}

// child returns the images that an entry of an index stands for.
func child(x v1.ImageIndex, d v1.Descriptor, depth int) ([]Child, error) {
	if d.MediaType.IsIndex() {
		inner, err := x.ImageIndex(d.Digest)
		if err != nil {
			return nil, err
		}
		return images(inner, depth-1)
	}
	if !d.MediaType.IsImage() || d.Platform != nil && d.Platform.OS == "unknown" {
		return nil, nil
	}
	img, err := x.Image(d.Digest)
	if errors.Is(err, ErrNoImage) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if d.Platform != nil {
		return []Child{{img, *d.Platform}}, nil
	}
	return images(img, depth)
}
