package rootfs

import v1 "github.com/google/go-containerregistry/pkg/v1"

// Sizes is how large an image is, in each sense that tools mean; in bytes.
type Sizes struct {
	Manifest int64   `json:"manifest"`
	Config   int64   `json:"config"`
	Layers   []int64 `json:"layers"` // as they are transferred

	// Wire is what a registry stores and a first pull transfers: all of those.
	Wire int64 `json:"wire"`
	// Unpacked is the tar files of all layers.
	Unpacked int64 `json:"unpacked"`
	// Docker is what "docker images" shows with Docker's own store: the content
	// of all files in all layers.
	Docker int64 `json:"docker"`
	// Containerd is what it shows with containerd's store, the default of new
	// installations of Docker 29: what is transferred, and the blocks of the
	// unpacked layers on the disk.
	Containerd int64 `json:"containerd"`
	// Podman is what "podman images" shows: the tar files, the config, and the
	// manifest twice.
	Podman int64 `json:"podman"`
}

// Measure tells how large an image is whose layers t has read.
func (t *Tree) Measure(img v1.Image) (*Sizes, error) {
	manifest, err := img.RawManifest()
	if err != nil {
		return nil, err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	s := &Sizes{Manifest: int64(len(manifest)), Config: int64(len(config)), Layers: []int64{}}
	s.Wire = s.Manifest + s.Config
	for i, l := range t.layers {
		n, err := l.Size()
		if err != nil {
			return nil, err
		}
		s.Layers = append(s.Layers, n)
		s.Wire += n
		s.Unpacked += t.Layers[i].Tar
		s.Docker += t.Layers[i].Content
		s.Containerd += t.Layers[i].Blocks
	}
	s.Containerd += s.Wire
	s.Podman = s.Unpacked + 2*s.Manifest + s.Config
	return s, nil
}
