package rootfs_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"tasm/oci/rootfs"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// layerOf makes a layer of lines: "name" is a file with its name as content,
// "name/" a folder, "a->b" a symbolic link, "a=>b" a hard link.
func layerOf(t testing.TB, lines ...string) v1.Layer {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, line := range lines {
		h := &tar.Header{Name: line, Mode: 0o644, Format: tar.FormatPAX}
		if name, target, ok := strings.Cut(line, "->"); ok {
			h.Name, h.Linkname, h.Typeflag = name, target, tar.TypeSymlink
		} else if name, target, ok := strings.Cut(line, "=>"); ok {
			h.Name, h.Linkname, h.Typeflag = name, target, tar.TypeLink
		} else if strings.HasSuffix(line, "/") {
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		} else {
			h.Size = int64(len(line))
		}
		must(t, w.WriteHeader(h))
		_, err := io.WriteString(w, line[:h.Size])
		must(t, err)
	}
	must(t, w.Close())
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	must(t, err)
	return l
}

func imageOf(t testing.TB, layers ...v1.Layer) v1.Image {
	img, err := mutate.AppendLayers(empty.Image, layers...)
	must(t, err)
	return img
}

func TestTree(t *testing.T) {
	tree, err := rootfs.Read(imageOf(t,
		layerOf(t, "bin->usr/bin", "usr/", "usr/bin/", "usr/bin/sh", "etc/", "etc/a", "etc/b", "etc/d/", "etc/d/e", "out->../../../etc", "loop->loop", "hard=>etc/a", "big/x/y/z"),
		layerOf(t, "etc/.wh.a", "etc/d/new", "etc/d/.wh..wh..opq", "usr/bin/sh2", "big"),
	))
	must(t, err)
	for path, want := range map[string]string{
		"/bin/sh": "/usr/bin/sh", "/bin/../../bin/sh2": "/usr/bin/sh2", "/etc/b": "/etc/b", "/etc/a": "", "/etc/d/e": "",
		"/etc/d/new": "/etc/d/new", "/out/b": "/etc/b", "/loop": "", "/hard": "/hard", "/": "/", "/etc/b/c": "", "/big": "/big", "/big/x": "", "": "/",
		"/../../etc/b": "/etc/b",
	} {
		n, err := tree.Lookup(path)
		if got := ""; err == nil {
			got = n.Path
			if got != want {
				t.Errorf("%s leads to %s, want %q", path, got, want)
			}
		} else if want != "" || !errors.As(err, new(*fs.PathError)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	for path, want := range map[string]string{"/usr/bin/sh": "usr/bin/sh", "/hard": "etc/a", "/big": "big"} {
		data, err := tree.ReadFile(tree.Get(path), 100)
		if err != nil || string(data) != want {
			t.Errorf("%s holds %q (%v), want %q", path, data, err, want)
		}
	}
	if p, err := tree.Resolve("/bin/new"); err != nil || p != "/usr/bin/new" {
		t.Errorf("%s (%v)", p, err)
	}
	if _, err := tree.ReadFile(tree.Get("/usr/bin/sh"), 3); err == nil {
		t.Error("read more than the limit")
	}
	if s := tree.Layers[0]; s.Files != 5 || s.Folders != 4 || s.Content != 10+5+5+7+9 || s.Blocks != (5+4+1)*rootfs.BlockSize {
		t.Errorf("layer 1 has %+v", s)
	}
}

// TestHostileLayers reads layers that no engine should unpack.
func TestHostileLayers(t *testing.T) {
	plain := func(data []byte) v1.Layer { return static.NewLayer(data, types.OCIUncompressedLayer) }
	header := make([]byte, 512)
	must(t, tar.NewWriter(sliceWriter{header}).WriteHeader(&tar.Header{Name: "zeros", Size: 1 << 32, Mode: 0o644}))
	for _, tt := range []struct {
		name  string
		layer v1.Layer
		says  string
	}{
		{"path out", layerOf(t, "a/../../etc/passwd"), `the path "a/../../etc/passwd" leads out of the image`},
		{"hard link out", layerOf(t, "a=>../../etc/passwd"), "leads out of the image"},
		{"hard link to nothing", layerOf(t, "a=>b"), "is no file of the image"},
		{"root is a file", layerOf(t, "./"+"->x"), "the root of the image is no folder"},
		{"long path", layerOf(t, strings.Repeat("a/", 3000)), "Linux takes 4096"},
		{"no tar file", plain([]byte(strings.Repeat("no tar file ", 100))), "its tar file is damaged after 0 members"},
		{"a size that is a lie", plain(header), "its tar file is damaged"},
		{"wrong diff ID", otherDiffID{layerOf(t, "a")}, "unpacks to other bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rootfs.Read(imageOf(t, tt.layer))
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
}

type otherDiffID struct{ v1.Layer }

func (otherDiffID) DiffID() (v1.Hash, error) {
	return v1.NewHash("sha256:" + strings.Repeat("0", 64))
}

// TestBomb reads layers that unpack to more than the limit.
func TestBomb(t *testing.T) {
	img := imageOf(t, layerOf(t, "a"), layerOf(t, "b/"))
	if _, err := rootfs.ReadWithin(img, 4000); err != nil {
		t.Error(err)
	}
	if _, err := rootfs.ReadWithin(img, 2000); err == nil || !strings.Contains(err.Error(), "unpacks to more than any program needs") {
		t.Errorf("error %v", err)
	}
}

// TestManyWhiteouts deletes folders again and again, among many files.
func TestManyWhiteouts(t *testing.T) {
	var again, deep []string
	for i := range 50_000 {
		again = append(again, fmt.Sprintf("d/%d", i), "d/.wh..wh..opq")
	}
	tree, err := rootfs.Read(imageOf(t, layerOf(t, again...)))
	if err != nil || tree.Get("/d/49999") == nil {
		t.Errorf("error %v", err)
	}
	folders := strings.Repeat("d/", 400)
	for i := range 10_000 {
		deep = append(deep, fmt.Sprintf("%s%d", folders[:200], i))
	}
	for i := 2; i < len(folders); i += 2 {
		deep = append(deep, folders[:i]+".wh..wh..opq")
	}
	started := time.Now()
	_, err = rootfs.Read(imageOf(t, layerOf(t, deep...)))
	if err != nil && !strings.Contains(err.Error(), "too many files") || time.Since(started) > time.Minute {
		t.Errorf("error %v after %s", err, time.Since(started))
	}
}

type sliceWriter struct{ b []byte }

func (s sliceWriter) Write(p []byte) (int, error) { copy(s.b, p); return len(p), nil }

// FuzzLayer reads arbitrary layers.
func FuzzLayer(f *testing.F) {
	r, err := layerOf(f, "a/", "a/b", "c->a/b", "d=>a/b", "a/.wh.b", "a/.wh..wh..opq").Uncompressed()
	must(f, err)
	data, err := io.ReadAll(r)
	must(f, err)
	f.Add(data, "/c")
	f.Fuzz(func(t *testing.T, data []byte, path string) {
		tree, err := rootfs.Read(imageOf(t, static.NewLayer(data, types.OCIUncompressedLayer)))
		if err != nil {
			return
		}
		tree.Lookup(path)
		for n := range tree.All {
			if !strings.HasPrefix(n.Path, "/") || strings.Contains(n.Path, "/../") {
				t.Fatalf("path %q", n.Path)
			}
			if n.Mode.IsRegular() {
				tree.ReadFile(n, 1<<16)
			}
		}
	})
}
