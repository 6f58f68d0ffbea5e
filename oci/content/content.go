package content

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// MaxJSON is the most bytes that a manifest, an index or a config may have.
// Registries and tools refuse more (OCI distribution specification 1.1,
// "Pushing Manifests"; containers/image).
const MaxJSON = 4 << 20

// maxLayers is the most layers of an image; overlayfs takes fewer (500).
const maxLayers = 4096

// Source holds blobs by digest. Open gives the bytes of one as they are there;
// this package compares them with the descriptor.
type Source interface {
	Open(blob v1.Descriptor) (io.ReadCloser, error)
}

// Read returns a blob of at most MaxJSON bytes, compared with its descriptor.
func Read(s Source, d v1.Descriptor) ([]byte, error) {
	if d.Size > MaxJSON {
		return nil, fmt.Errorf("blob %s has %d bytes; a manifest or config has at most %d", short(d.Digest), d.Size, MaxJSON)
	}
	r, err := Open(s, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// Open returns a reader of a blob. Where the bytes are not what the descriptor
// says, its last Read fails.
func Open(s Source, d v1.Descriptor) (io.ReadCloser, error) {
	if err := checkDescriptor(d); err != nil {
		return nil, err
	}
	r, err := s.Open(d)
	if err != nil {
		return nil, err
	}
	return Verify(r, d.Digest, d.Size), nil
}

func checkDescriptor(d v1.Descriptor) error {
	if d.Digest.Algorithm != "sha256" || len(d.Digest.Hex) != 64 {
		return fmt.Errorf("digest %q is no sha256 digest", d.Digest)
	}
	if d.Size < 0 {
		return fmt.Errorf("blob %s has a size of %d bytes", short(d.Digest), d.Size)
	}
	return nil
}

// short writes a digest for messages, as engines do.
func short(h v1.Hash) string { return h.Algorithm + ":" + h.Hex[:min(12, len(h.Hex))] }

// DigestOf returns the digest of a blob.
func DigestOf(data []byte) v1.Hash {
	sum := sha256.Sum256(data)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// ErrNoImage is the error for a manifest of something that is no image.
var ErrNoImage = errors.New("it is no image")

// parseManifest reads a manifest and checks what the rest relies on.
func parseManifest(raw []byte) (*v1.Manifest, error) {
	var m v1.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("the manifest is not valid: %w", err)
	}
	if m.SchemaVersion != 2 {
		return nil, fmt.Errorf("%w that is understood: its manifest has schema version %d, only 2 is known", ErrNoImage, m.SchemaVersion)
	}
	if !slices.Contains([]types.MediaType{types.OCIConfigJSON, types.DockerConfigJSON}, m.Config.MediaType) {
		return nil, fmt.Errorf("%w: its config is of type %q", ErrNoImage, m.Config.MediaType)
	}
	if len(m.Layers) > maxLayers {
		return nil, fmt.Errorf("the image has %d layers; %d are the most", len(m.Layers), maxLayers)
	}
	for _, d := range append([]v1.Descriptor{m.Config}, m.Layers...) {
		if err := checkDescriptor(d); err != nil {
			return nil, err
		}
	}
	return &m, nil
}
