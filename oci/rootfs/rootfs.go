package rootfs

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"tasm/oci/content"
)

// Limits of what is read.
const (
	maxFiles = 1 << 19   // in all layers
	maxNames = 128 << 20 // bytes of all names and targets of links
	maxPath  = 4096      // bytes, as in Linux (PATH_MAX)
	maxLinks = 40        // that a path may lead through, as in Linux
	maxWork  = 1 << 25   // files looked at for those that layers delete
)

// Node is a file of an image.
type Node struct {
	Path     string // absolute
	Mode     fs.FileMode
	UID, GID int
	Size     int64
	Link     string // target of a symbolic link
	Layer    int    // that its bytes are in

	member int    // of that layer's tar file
	data   []byte // of a file that is in no layer (Put)
}

// LayerStat counts what a layer holds.
type LayerStat struct {
	Tar     int64 // bytes of the tar file
	Content int64 // bytes of all files
	Files   int   // regular ones
	Folders int
	Blocks  int64 // bytes that files and folders take in blocks of BlockSize, with the folder that the snapshot itself is
}

// BlockSize is what the usual file systems of engines (ext4, xfs) store files in.
const BlockSize = 4096

// Tree is the files of an image.
type Tree struct {
	Layers []LayerStat

	nodes  map[string]*Node
	kids   map[string]map[string]bool // names in a folder, by its path
	layers []v1.Layer
	names  int
	count  int
	work   int
}

// New returns an image's files before its first layer: none.
func New() *Tree {
	return &Tree{nodes: map[string]*Node{"/": {Path: "/", Mode: fs.ModeDir | 0o755, Layer: -1}}, kids: map[string]map[string]bool{}}
}

// Put adds a file that is in no layer yet; data is that of a regular file. A folder
// keeps what it holds.
func (t *Tree) Put(n Node, data []byte) {
	n.Path, n.Layer, n.Size, n.data = path.Clean("/"+n.Path), -1, int64(len(data)), data
	if old := t.nodes[n.Path]; old == nil || !old.Mode.IsDir() || !n.Mode.IsDir() {
		t.remove(n.Path)
	}
	t.add(&n)
}

// add puts a file into the tree, and the folders on the way that are not there.
func (t *Tree) add(n *Node) {
	t.nodes[n.Path] = n
	for p := n.Path; p != "/"; p = path.Dir(p) {
		dir := path.Dir(p)
		if t.kids[dir] == nil {
			t.kids[dir] = map[string]bool{}
		}
		t.kids[dir][path.Base(p)] = true
		if t.nodes[dir] != nil {
			return
		}
		t.nodes[dir] = &Node{Path: dir, Mode: fs.ModeDir | 0o755, Layer: n.Layer, member: -1}
	}
}

// Read reads all layers of an image.
func Read(img v1.Image) (*Tree, error) { return read(img, content.MaxUnpacked) }

// read is Read for layers of at most limit bytes, unpacked.
func read(img v1.Image, limit int64) (*Tree, error) {
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	t := New()
	t.layers = layers
	var unpacked int64
	for i := range layers {
		n, err := t.apply(i, limit-unpacked)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", i+1, err)
		}
		unpacked += n
	}
	return t, nil
}

// meter counts and sums what is read of a layer, and ends at a limit.
type meter struct {
	r     io.Reader
	sum   hash.Hash
	n     int64
	limit int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.sum.Write(p[:n])
	if m.n += int64(n); m.n > m.limit {
		return 0, content.ErrBomb
	}
	return n, err
}

// apply lays a layer over those before, and returns the size of its tar file.
func (t *Tree) apply(index int, limit int64) (int64, error) {
	l := t.layers[index]
	diffID, err := l.DiffID()
	if err != nil {
		return 0, err
	}
	r, err := l.Uncompressed()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	size, err := l.Size()
	if err != nil {
		return 0, err
	}
	m := &meter{r: r, sum: sha256.New(), limit: min(limit, content.UnpackLimit(size))}
	a := &applying{tree: t, layer: index, stat: LayerStat{Blocks: BlockSize}, own: map[string]bool{}, opaque: map[string]bool{}}
	if err := a.members(tar.NewReader(m)); err != nil {
		return 0, err
	}
	if _, err := io.Copy(io.Discard, m); err != nil { // to where the digests are compared
		return 0, err
	}
	if got := hex.EncodeToString(m.sum.Sum(nil)); got != diffID.Hex {
		return 0, fmt.Errorf("it unpacks to other bytes than the config says: sha256:%.12s, not %.19s", got, diffID)
	}
	a.stat.Tar = m.n
	t.Layers = append(t.Layers, a.stat)
	return m.n, nil
}

// applying is a layer that is being laid over others.
type applying struct {
	tree  *Tree
	layer int
	stat  LayerStat
	own   map[string]bool // paths that this layer made, which its opaque folders keep

	opaque map[string]bool // folders whose older content is deleted
}

func (a *applying) members(r *tar.Reader) error {
	for n := 0; ; n++ {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("its tar file is damaged after %d members: %w", n, err)
		}
		if err != nil {
			return err
		}
		if err := a.member(h, n); err != nil {
			return err
		}
	}
}

// clean makes an absolute path of a name in a tar file.
func clean(name string) (string, error) {
	if len(name) > maxPath {
		return "", fmt.Errorf("a path has %d bytes; Linux takes %d", len(name), maxPath)
	}
	depth := 0
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return "", fmt.Errorf("the path %q leads out of the image", name)
			}
		default:
			depth++
		}
	}
	return path.Clean("/" + name), nil
}

const (
	whiteout = ".wh."         // before the name of a file that is deleted
	opaque   = ".wh..wh..opq" // in a folder whose older content is deleted
)

func (a *applying) member(h *tar.Header, n int) error {
	t := a.tree
	t.count++
	t.names += len(h.Name) + len(h.Linkname)
	if t.count > maxFiles || t.names > maxNames || t.work > maxWork {
		return errors.New("the image has, or deletes, too many files for any program that is to be started")
	}
	p, err := clean(h.Name)
	if err != nil {
		return err
	}
	if base := path.Base(p); base == opaque {
		if dir := path.Dir(p); !a.opaque[dir] {
			a.opaque[dir] = true
			t.clear(dir, a.own)
		}
		return nil
	} else if name, ok := strings.CutPrefix(base, whiteout); ok {
		t.remove(path.Join(path.Dir(p), name))
		return nil
	}
	node, err := a.node(h, p, n)
	if err != nil {
		return err
	}
	if old := t.nodes[p]; old != nil && (!old.Mode.IsDir() || !node.Mode.IsDir()) {
		t.remove(p)
	}
	if p == "/" && !node.Mode.IsDir() {
		return errors.New("the root of the image is no folder")
	}
	node.Path = p
	t.add(node)
	a.own[p] = true
	return nil
}

// node makes the file of a member, and counts it.
func (a *applying) node(h *tar.Header, p string, n int) (*Node, error) {
	node := &Node{Path: p, Mode: h.FileInfo().Mode(), UID: h.Uid, GID: h.Gid, Size: h.Size, Layer: a.layer, member: n}
	switch h.Typeflag {
	case tar.TypeDir:
		a.stat.Folders++
		a.stat.Blocks += BlockSize
	case tar.TypeSymlink:
		node.Link, node.Size = h.Linkname, 0
	case tar.TypeLink:
		target, err := clean(h.Linkname)
		if err != nil {
			return nil, err
		}
		old := a.tree.nodes[target]
		if old == nil || old.Mode.IsDir() {
			return nil, fmt.Errorf("the hard link %q leads to %q, which is no file of the image", h.Name, h.Linkname)
		}
		linked := *old
		linked.Path = p
		node = &linked
	default:
		if node.Mode.IsRegular() {
			a.stat.Files++
			a.stat.Content += h.Size
			a.stat.Blocks += (h.Size + BlockSize - 1) / BlockSize * BlockSize
		}
	}
	return node, nil
}

// remove deletes a file, or a folder with all that is in it.
func (t *Tree) remove(p string) {
	if t.nodes[p] == nil || p == "/" {
		return
	}
	t.clear(p, nil)
	delete(t.nodes, p)
	delete(t.kids[path.Dir(p)], path.Base(p))
}

// clear deletes what is in a folder, without the paths in keep and the folders on
// the way to them.
func (t *Tree) clear(dir string, keep map[string]bool) {
	for name := range t.kids[dir] {
		t.work++
		p := path.Join(dir, name)
		t.clear(p, keep)
		if !keep[p] && len(t.kids[p]) == 0 {
			delete(t.nodes, p)
			delete(t.kids[dir], name)
		}
	}
	if len(t.kids[dir]) == 0 {
		delete(t.kids, dir)
	}
}

// Lookup returns the file that an absolute path leads to. Links are followed as
// in a container: nothing leads out of it.
func (t *Tree) Lookup(p string) (*Node, error) { return t.walk(p, true) }

// Resolve returns the path without links on the way that a path leads to, and
// whose last part need not exist.
func (t *Tree) Resolve(p string) (string, error) {
	n, err := t.walk(path.Dir(p), true)
	if err != nil {
		return "", err
	}
	if !n.Mode.IsDir() {
		return "", &fs.PathError{Op: "open", Path: n.Path, Err: errors.New("not a directory")}
	}
	return path.Join(n.Path, path.Base(p)), nil
}

// Get returns the file at a path itself, without following links; nil if there
// is none.
func (t *Tree) Get(p string) *Node { return t.nodes[path.Clean("/"+p)] }

// Find returns the files of a name, anywhere in the image.
func (t *Tree) Find(name string) []*Node {
	var out []*Node
	for p, n := range t.nodes {
		if path.Base(p) == name {
			out = append(out, n)
		}
	}
	return out
}

// All calls yield for every file, in no order.
func (t *Tree) All(yield func(*Node) bool) {
	for _, n := range t.nodes {
		if !yield(n) {
			return
		}
	}
}

func (t *Tree) walk(p string, last bool) (*Node, error) {
	failed := func(err error) error { return &fs.PathError{Op: "open", Path: p, Err: err} }
	parts := strings.Split(p, "/")
	at := "/"
	for links := 0; len(parts) > 0; {
		part := parts[0]
		parts = parts[1:]
		if part == "" || part == "." {
			continue
		}
		next := path.Join(at, part) // ".." above the root is the root
		n := t.nodes[next]
		switch {
		case n == nil:
			return nil, failed(fs.ErrNotExist)
		case n.Mode&fs.ModeSymlink != 0 && (last || len(parts) > 0):
			if links++; links > maxLinks {
				return nil, failed(errors.New("too many levels of symbolic links"))
			}
			if path.IsAbs(n.Link) {
				at = "/"
			}
			parts = append(strings.Split(n.Link, "/"), parts...)
			continue
		case len(parts) > 0 && !n.Mode.IsDir():
			return nil, failed(errors.New("not a directory"))
		}
		at = next
	}
	return t.nodes[at], nil
}

// ReadFile returns the bytes of a regular file of at most limit bytes.
func (t *Tree) ReadFile(n *Node, limit int64) ([]byte, error) {
	if !n.Mode.IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", n.Path)
	}
	if n.Size > limit {
		return nil, fmt.Errorf("%s has %d bytes; %d are read at most", n.Path, n.Size, limit)
	}
	if n.Layer < 0 {
		return n.data, nil
	}
	r, err := t.layers[n.Layer].Uncompressed()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	archive := tar.NewReader(r)
	for range n.member + 1 {
		if _, err := archive.Next(); err != nil {
			return nil, err
		}
	}
	data := make([]byte, n.Size)
	_, err = io.ReadFull(archive, data)
	return data, err
}
