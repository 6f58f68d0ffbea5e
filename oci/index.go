package oci

import (
	"bytes"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"tasm/oci/content"
)

// Child is an image of an Index, for one platform.
type Child struct {
	content.Artifact
	Platform Platform
}

// Index is a list of images, of which an engine takes the one for its platform
// (OCI image specification, image-index.md). It never changes.
type Index struct {
	raw  blob
	list *v1.IndexManifest
	imgs map[v1.Hash]v1.Image
}

var _ v1.ImageIndex = (*Index)(nil)

// Index makes an index of images, in their order.
func (p Profile) Index(children []Child) (*Index, error) {
	x := &Index{imgs: map[v1.Hash]v1.Image{}}
	var list []value
	for _, c := range children {
		img, ok := c.Artifact.(v1.Image)
		if !ok {
			return nil, content.ErrNoImage
		}
		d, err := partial.Descriptor(img)
		if err != nil {
			return nil, fmt.Errorf("index: %w", err)
		}
		x.imgs[d.Digest] = img
		list = append(list, object(
			member{"mediaType", text(string(d.MediaType))},
			member{"digest", text(d.Digest.String())},
			member{"size", number(int(d.Size))},
			member{"platform", object(
				member{"architecture", text(c.Platform.Architecture)},
				member{"os", text(c.Platform.OS)},
				member{"variant", optional(c.Platform.Variant)},
			)},
		))
	}
	x.raw = newBlob(types.OCIImageIndex, []byte(object(
		member{"schemaVersion", number(2)},
		member{"mediaType", p.mediaTypeOf(types.OCIImageIndex)},
		member{"manifests", array(list...)},
	)))
	var err error
	if x.list, err = v1.ParseIndexManifest(bytes.NewReader(x.raw.data)); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	return x, nil
}

// mediaTypeOf writes the media type of a manifest or index where the profile wants it.
func (p Profile) mediaTypeOf(t types.MediaType) value {
	if !p.mediaType {
		return ""
	}
	return text(string(t))
}

func (x *Index) MediaType() (types.MediaType, error)       { return x.raw.mediaType, nil }
func (x *Index) Digest() (v1.Hash, error)                  { return x.raw.digest, nil }
func (x *Index) Size() (int64, error)                      { return int64(len(x.raw.data)), nil }
func (x *Index) RawManifest() ([]byte, error)              { return bytes.Clone(x.raw.data), nil }
func (x *Index) IndexManifest() (*v1.IndexManifest, error) { return x.list.DeepCopy(), nil }

func (x *Index) Image(h v1.Hash) (v1.Image, error) {
	if img, ok := x.imgs[h]; ok {
		return img, nil
	}
	return nil, fmt.Errorf("the index lists no image %s", h)
}

func (x *Index) ImageIndex(h v1.Hash) (v1.ImageIndex, error) {
	return nil, fmt.Errorf("the index lists no index %s", h)
}

// WireSize returns the bytes of an image's manifest, config and layers: what a
// registry stores and a first pull transfers.
func WireSize(a content.Artifact) (int64, error) {
	img, ok := a.(v1.Image)
	if !ok {
		return 0, content.ErrNoImage
	}
	m, err := img.Manifest()
	if err != nil {
		return 0, err
	}
	n, err := img.Size()
	n += m.Config.Size
	for _, l := range m.Layers {
		n += l.Size
	}
	return n, err
}
