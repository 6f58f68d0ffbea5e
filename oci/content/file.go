package content

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Annotations of the entries in a layout's index.json that name an image.
const (
	fullNameAnnotation = "io.containerd.image.name"          // containerd, Docker, Podman
	refNameAnnotation  = "org.opencontainers.image.ref.name" // OCI image specification, annotations.md
)

// Entry is an image or index in a file, with the names that stand there.
type Entry struct {
	Artifact
	Names []string
	// Converted says that the file, a docker archive, has no manifest, and that
	// this one was made for it.
	Converted bool
}

// File is an opened layout folder or archive. Its entries read from it until it
// is closed.
type File struct {
	Entries []Entry
	closer  io.Closer
}

// Close ends the reading.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Memory returns an artifact as a File with one entry; closer ends the reading of
// what it is made of.
func Memory(a Artifact, names []string, closer io.Closer) *File {
	return &File{[]Entry{{Artifact: a, Names: names}}, closer}
}

// ErrUnknownFile is the error for a file that holds no image.
var ErrUnknownFile = errors.New("it is no image archive and no image layout")

// OpenFile opens an OCI image layout, a folder or a tar file of it, or a docker
// archive. A file that is both is read as a layout, which keeps digests.
func OpenFile(name string) (*File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		root, err := os.OpenRoot(name) // nothing outside is read, wherever links lead
		if err != nil {
			return nil, err
		}
		return read(folder{root}, root)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	file, err := ReadArchive(f, f)
	if err != nil {
		f.Close()
	}
	return file, err
}

// ReadArchive is OpenFile for an archive that is open already.
func ReadArchive(r interface {
	io.ReadSeeker
	io.ReaderAt
}, closer io.Closer) (*File, error) {
	members, err := listMembers(r)
	if err != nil {
		return nil, err
	}
	return read(members, closer)
}

// LooksLikeArchive reports whether a file begins as a tar file does: with a
// header whose checksum is right (POSIX pax, "ustar Interchange Format").
func LooksLikeArchive(head []byte) bool {
	_, err := tar.NewReader(bytes.NewReader(head)).Next()
	return err == nil
}

// store is a folder or an archive: files by their names in it.
type store interface {
	open(name string) (io.ReadCloser, int64, error)
}

type folder struct{ root *os.Root }

func (f folder) open(name string) (io.ReadCloser, int64, error) {
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() { // a pipe would never end
		return nil, 0, fmt.Errorf("'%s' is no regular file", name)
	}
	file, err := f.root.Open(name)
	return file, info.Size(), err
}

// archive is the members of a tar file: where each one's bytes lie in it.
type archive struct {
	data  io.ReaderAt
	files map[string]span
	links map[string]string // symbolic links, which "docker save" writes for layers
}

type span struct{ offset, size int64 }

// maxMembers is the most members that an archive may have. An image of the most
// layers has some three for each.
const maxMembers = 1 << 16

func listMembers(r interface {
	io.ReadSeeker
	io.ReaderAt
}) (*archive, error) {
	a := &archive{r, map[string]span{}, map[string]string{}}
	t := tar.NewReader(r)
	for n := 0; ; n++ {
		h, err := t.Next()
		if err == io.EOF {
			return a, nil
		}
		if err != nil {
			return nil, notTar(r, err, n)
		}
		if n == maxMembers {
			return nil, fmt.Errorf("the archive has more than %d members", maxMembers)
		}
		name := path.Clean(h.Name)
		switch h.Typeflag {
		case tar.TypeReg:
			at, err := r.Seek(0, io.SeekCurrent) // package tar does not read ahead
			if err != nil {
				return nil, err
			}
			a.files[name] = span{at, h.Size}
		case tar.TypeSymlink:
			a.links[name] = path.Join(path.Dir(name), h.Linkname)
		}
	}
}

// notTar says what is wrong with an archive whose member n can't be read.
func notTar(r io.ReaderAt, err error, n int) error {
	head := make([]byte, 4)
	r.ReadAt(head, 0)
	switch {
	case n > 0:
		return fmt.Errorf("the archive is damaged after %d members: %w", n, err)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return fmt.Errorf("%w: it is compressed; use gunzip first", ErrUnknownFile)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return fmt.Errorf("%w: it is compressed; use unzstd first", ErrUnknownFile)
	}
	return ErrUnknownFile
}

func (a *archive) open(name string) (io.ReadCloser, int64, error) {
	for range 8 {
		if s, ok := a.files[name]; ok {
			return io.NopCloser(io.NewSectionReader(a.data, s.offset, s.size)), s.size, nil
		}
		target, ok := a.links[name]
		if !ok {
			break
		}
		name = target
	}
	return nil, 0, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// readJSON decodes a file of a store.
func readJSON(s store, name string, into any) error {
	data, err := readSmall(s, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("its %s is not valid: %w", name, err)
	}
	return nil
}

func readSmall(s store, name string) ([]byte, error) {
	r, size, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if size > MaxJSON {
		return nil, fmt.Errorf("its %s has %d bytes; %d are the most", name, size, MaxJSON)
	}
	return io.ReadAll(io.LimitReader(r, MaxJSON))
}

func read(s store, closer io.Closer) (*File, error) {
	entries, err := readLayout(s)
	if errors.Is(err, fs.ErrNotExist) {
		entries, err = readDocker(s)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrUnknownFile
	}
	if err == nil && len(entries) == 0 {
		err = errors.New("there is no image in it")
	}
	if err != nil {
		return nil, err
	}
	return &File{entries, closer}, nil
}

// layout reads blobs from where an image layout has them (Source).
type layout struct{ store }

func (l layout) Open(d v1.Descriptor) (io.ReadCloser, error) {
	r, size, err := l.store.open("blobs/" + d.Digest.Algorithm + "/" + d.Digest.Hex)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("blob %s is missing", short(d.Digest))
	}
	if err == nil && size != d.Size {
		r.Close()
		return nil, &MismatchError{d.Digest, fmt.Sprintf("it has %d bytes, not %d", size, d.Size)}
	}
	return r, err
}

// readLayout reads an OCI image layout (OCI image specification,
// image-layout.md).
func readLayout(s store) ([]Entry, error) {
	var head struct {
		Version string `json:"imageLayoutVersion"`
	}
	if err := readJSON(s, "oci-layout", &head); err != nil {
		return nil, err
	}
	var list v1.IndexManifest
	if err := readJSON(s, "index.json", &list); err != nil {
		return nil, missing(err, "index.json")
	}
	if len(list.Manifests) > maxManifests {
		return nil, fmt.Errorf("its index lists %d manifests; %d are the most", len(list.Manifests), maxManifests)
	}
	var entries []Entry
	byDigest := map[v1.Hash]int{}
	for _, d := range list.Manifests {
		i, known := byDigest[d.Digest]
		if !known {
			a, err := New(layout{s}, d, nil)
			if err != nil {
				return nil, err
			}
			i, byDigest[d.Digest] = len(entries), len(entries)
			entries = append(entries, Entry{Artifact: a})
		}
		name := d.Annotations[fullNameAnnotation]
		if name == "" {
			name = d.Annotations[refNameAnnotation]
		}
		if name != "" && !slices.Contains(entries[i].Names, name) {
			entries[i].Names = append(entries[i].Names, name)
		}
	}
	return entries, nil
}

// missing makes an error of its own of a file that is not there.
func missing(err error, name string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("its file %s is missing", name)
	}
	return err
}

// dockerEntry is an image in manifest.json of a docker archive.
type dockerEntry struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// readDocker reads what "docker save" writes. It holds no manifests; one of OCI's
// types is made for each image.
func readDocker(s store) ([]Entry, error) {
	var list []dockerEntry
	if err := readJSON(s, "manifest.json", &list); err != nil {
		return nil, err
	}
	var entries []Entry
	for _, e := range list {
		img, err := convert(s, e)
		if err != nil {
			return nil, err
		}
		entries = append(entries, Entry{img, e.RepoTags, true})
	}
	return entries, nil
}

func convert(s store, e dockerEntry) (*Image, error) {
	config, err := readSmall(s, path.Clean(e.Config))
	if err != nil {
		return nil, missing(err, e.Config)
	}
	c, err := v1.ParseConfigFile(bytes.NewReader(config))
	if err != nil {
		return nil, fmt.Errorf("the config is not valid: %w", err)
	}
	if len(e.Layers) != len(c.RootFS.DiffIDs) || len(e.Layers) > maxLayers {
		return nil, fmt.Errorf("the archive has %d layers, the config has %d", len(e.Layers), len(c.RootFS.DiffIDs))
	}
	h, n, err := v1.SHA256(bytes.NewReader(config))
	if err != nil {
		return nil, err
	}
	m := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: n, Digest: h}, Layers: []v1.Descriptor{}}
	var layers []v1.Layer
	for i, name := range e.Layers {
		name = path.Clean(filepath.ToSlash(name))
		if err := checkBomb(s, name); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i+1, missing(err, name))
		}
		l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
			r, _, err := s.open(name)
			return buffered(r), missing(err, name)
		}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(9))
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", i+1, missing(err, name))
		}
		diffID, err := l.DiffID()
		if err != nil {
			return nil, err
		}
		if diffID != c.RootFS.DiffIDs[i] {
			return nil, fmt.Errorf("layer %d: %w", i+1, &MismatchError{c.RootFS.DiffIDs[i], "its bytes have the digest " + short(diffID)})
		}
		d, err := describe(l)
		if err != nil {
			return nil, err
		}
		m.Layers, layers = append(m.Layers, d), append(layers, l)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return Compose(types.OCIManifestSchema1, raw, config, layers), nil
}

// checkBomb fails for a packed layer that unpacks to too much. Package tarball
// unpacks it without end.
func checkBomb(s store, name string) error {
	r, size, err := s.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	z, err := gzip.NewReader(bufio.NewReaderSize(r, 1<<16))
	if err != nil {
		return nil // it is not packed
	}
	limit := UnpackLimit(size)
	if n, err := io.Copy(io.Discard, io.LimitReader(z, limit+1)); err != nil {
		return err
	} else if n > limit {
		return ErrBomb
	}
	return nil
}

// describe returns a layer's descriptor.
func describe(l v1.Layer) (v1.Descriptor, error) {
	digest, err := l.Digest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	size, err := l.Size()
	if err != nil {
		return v1.Descriptor{}, err
	}
	mediaType, err := l.MediaType()
	return v1.Descriptor{MediaType: mediaType, Size: size, Digest: digest}, err
}

// buffered reads r in larger steps.
func buffered(r io.ReadCloser) io.ReadCloser {
	if r == nil {
		return nil
	}
	return struct {
		io.Reader
		io.Closer
	}{bufio.NewReaderSize(r, 1<<16), r}
}
