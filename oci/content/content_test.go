package content_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"tasm/oci"
	"tasm/oci/content"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func built(t testing.TB) *oci.Image {
	t.Helper()
	img, err := oci.Build(oci.Spec{Tags: []string{"small:1", "example.test/team/small"}, Platform: oci.Platform{OS: "linux", Architecture: "386"}}, []byte("not really a program"))
	must(t, err)
	return img
}

// open opens an archive of some bytes.
func open(archive []byte) (*content.File, error) {
	return content.ReadArchive(bytes.NewReader(archive), io.NopCloser(nil))
}

// TestRoundTrips writes images into archives and folders and reads them back:
// bytes, names and digests stay.
func TestRoundTrips(t *testing.T) {
	large, err := random.Image(100<<10, 3)
	must(t, err)
	own := built(t)
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: own, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "386"}}})
	names := []string{"docker.io/library/small:1", "example.test/team/small:latest"}
	for _, a := range []content.Artifact{own, large, index} {
		want, err := a.Digest()
		must(t, err)
		var archive bytes.Buffer
		must(t, content.WriteArchive(&archive, a, names))
		dir := filepath.Join(t.TempDir(), "layout")
		for range 2 { // into a new folder, and into one that is there
			must(t, content.WriteLayout(dir, a, names))
		}
		file := filepath.Join(t.TempDir(), "image.tar")
		must(t, os.WriteFile(file, archive.Bytes(), 0o666))
		for _, name := range []string{dir, file} {
			f, err := content.OpenFile(name)
			must(t, err)
			if len(f.Entries) != 1 || strings.Join(f.Entries[0].Names, " ") != strings.Join(names, " ") || f.Entries[0].Converted {
				t.Fatalf("%s: entries %+v", name, f.Entries)
			}
			got, err := f.Entries[0].Digest()
			if err != nil || got != want {
				t.Errorf("%s: digest %s (%v), want %s", name, got, err, want)
			}
			images, err := content.Images(f.Entries[0].Artifact)
			must(t, err)
			must(t, validate.Image(images[0].Image))
			must(t, f.Close())
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 3 {
			t.Errorf("the folder holds %v (%v)", entries, err)
		}
	}
}

// TestOwnArchive reads what tasm builds.
func TestOwnArchive(t *testing.T) {
	img := built(t)
	var archive bytes.Buffer
	must(t, img.WriteArchive(&archive))
	f, err := open(archive.Bytes())
	must(t, err)
	want, _ := img.Digest()
	if got, err := f.Entries[0].Digest(); err != nil || got != want || len(f.Entries) != 1 || len(f.Entries[0].Names) != 2 {
		t.Errorf("digest %s (%v), want %s; %d entries", got, err, want, len(f.Entries))
	}
}

// TestDockerArchive reads what "docker save" wrote before it knew layouts.
func TestDockerArchive(t *testing.T) {
	img, err := random.Image(50<<10, 2)
	must(t, err)
	tag, err := name.NewTag("old:1")
	must(t, err)
	var archive bytes.Buffer
	must(t, tarball.Write(tag, img, &archive))
	f, err := open(archive.Bytes())
	must(t, err)
	e := f.Entries[0]
	if !e.Converted || len(e.Names) != 1 || e.Names[0] != "docker.io/library/old:1" && e.Names[0] != "old:1" && e.Names[0] != "index.docker.io/library/old:1" {
		t.Errorf("entry %v %v", e.Names, e.Converted)
	}
	got, want := e.Artifact.(v1.Image), img
	a, err := got.ConfigName()
	must(t, err)
	b, err := want.ConfigName()
	must(t, err)
	if a != b {
		t.Errorf("config %s, want %s", a, b)
	}
	must(t, validate.Image(got, validate.Fast))
}

type member struct{ name, data string }

func archiveOf(t testing.TB, members ...member) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Size: int64(len(m.data)), Mode: 0o644}
		if target, ok := strings.CutPrefix(m.data, "->"); ok {
			h.Typeflag, h.Linkname, h.Size, m.data = tar.TypeSymlink, target, 0, ""
		}
		must(t, w.WriteHeader(h))
		_, err := io.WriteString(w, m.data)
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

// TestHostileFiles reads files that nobody should trust.
func TestHostileFiles(t *testing.T) {
	img := built(t)
	raw, _ := img.RawManifest()
	digest, _ := img.Digest()
	config, _ := img.RawConfigFile()
	configName, _ := img.ConfigName()
	version := member{"oci-layout", `{"imageLayoutVersion":"1.0.0"}`}
	index := func(size int, digest string) member {
		return member{"index.json", fmt.Sprintf(`{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":%d,"digest":"%s"}]}`, size, digest)}
	}
	manifest := member{"blobs/sha256/" + digest.Hex, string(raw)}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(archiveOf(t, version))
	must(t, z.Close())
	for _, tt := range []struct {
		name string
		data []byte
		says string
	}{
		{"nothing", nil, "there is no image in it|it is no image archive"},
		{"a source", []byte("target linux/386\n"), "it is no image archive"},
		{"compressed", zipped.Bytes(), "it is compressed; use gunzip first"},
		{"another archive", archiveOf(t, member{"a", "b"}), "it is no image archive"},
		{"cut", archiveOf(t, version, index(1, digest.String()))[:1700], "is damaged after"},
		{"no index", archiveOf(t, version), "its file index.json is missing"},
		{"huge index", archiveOf(t, version, member{"index.json", strings.Repeat(" ", content.MaxJSON+1)}), "its index.json has 4194305 bytes"},
		{"index is no JSON", archiveOf(t, version, member{"index.json", "<"}), "its index.json is not valid"},
		{"empty index", archiveOf(t, version, member{"index.json", "{}"}), "there is no image in it"},
		{"no manifest", archiveOf(t, version, index(len(raw), digest.String())), "is missing"},
		{"wrong size", archiveOf(t, version, index(len(raw)-1, digest.String()), manifest), "is not what its digest says"},
		{"wrong digest", archiveOf(t, version, index(len(raw), strings.Repeat("0", 64)), manifest), "not valid"},
		{"other manifest", archiveOf(t, version, index(len(raw), digest.String()), member{manifest.name, strings.ToUpper(string(raw))}), "is not what its digest says"},
		{"no config", archiveOf(t, version, index(len(raw), digest.String()), manifest), "config: blob"},
		{"path for a digest", archiveOf(t, version, index(len(raw), "sha256:../../etc/passwd")), "not valid"},
		{"link to itself", archiveOf(t, member{"manifest.json", "->manifest.json"}), "it is no image archive"},
		{"docker without config", archiveOf(t, member{"manifest.json", `[{"Config":"../../x","Layers":[]}]`}), "is missing"},
		{"docker without layer", archiveOf(t, member{"manifest.json", `[{"Config":"c","Layers":["/etc/passwd"]}]`}, member{"c", string(config)}), "is missing"},
		{"docker with another layer", archiveOf(t, member{"manifest.json", `[{"Config":"c","Layers":["l"]}]`}, member{"c", string(config)}, member{"l", "x"}), "is not what its digest says"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := open(tt.data)
			if err == nil {
				t.Fatalf("opened: %v", f.Entries)
			}
			for _, says := range strings.Split(tt.says, "|") {
				if strings.Contains(err.Error(), says) {
					return
				}
			}
			t.Errorf("error %q, want %q", err, tt.says)
		})
	}
	// A layer that is missing or another one is found when it is read.
	f, err := open(archiveOf(t, version, index(len(raw), digest.String()), manifest, member{"blobs/sha256/" + configName.Hex, string(config)}))
	must(t, err)
	layers, err := f.Entries[0].Artifact.(v1.Image).Layers()
	must(t, err)
	if _, err := layers[0].Compressed(); err == nil || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("error %v", err)
	}
	if err := content.WriteArchive(io.Discard, f.Entries[0].Artifact, nil); err == nil {
		t.Error("wrote an image without its layer")
	}
	dir := filepath.Join(t.TempDir(), "x")
	if err := content.WriteLayout(dir, f.Entries[0].Artifact, nil); err == nil {
		t.Error("wrote an image without its layer")
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// TestBomb reads a docker archive with a layer that unpacks to some thousand times
// its size.
func TestBomb(t *testing.T) {
	var part bytes.Buffer
	z := gzip.NewWriter(&part)
	z.Write(make([]byte, 16<<20))
	must(t, z.Close())
	bomb := strings.Repeat(part.String(), 65) // members of a gzip file follow each other
	config := `{"architecture":"386","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:` + strings.Repeat("0", 64) + `"]}}`
	_, err := open(archiveOf(t, member{"manifest.json", `[{"Config":"c","Layers":["l"]}]`}, member{"c", config}, member{"l", bomb}))
	if !errors.Is(err, content.ErrBomb) {
		t.Errorf("error %v", err)
	}
}

// TestFolderWithLinksOut does not follow links out of a layout folder, and does
// not wait for pipes in it.
func TestFolderWithLinksOut(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(outside, []byte("{}"), 0o666))
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/oci-layout", []byte(`{}`), 0o666))
	must(t, os.Symlink(outside, dir+"/index.json"))
	if _, err := content.OpenFile(dir); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("error %v", err)
	}
}

// FuzzArchive reads arbitrary bytes as an archive: an error or images, no panic.
func FuzzArchive(f *testing.F) {
	var own bytes.Buffer
	must(f, built(f).WriteArchive(&own))
	f.Add(own.Bytes())
	f.Add(archiveOf(f, member{"manifest.json", `[{"Config":"c","Layers":["l"]}]`}, member{"c", `{"rootfs":{"diff_ids":["sha256:0"]}}`}, member{"l", "->c"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := open(data)
		if err != nil {
			return
		}
		for _, e := range file.Entries {
			content.WriteArchive(io.Discard, e.Artifact, e.Names)
		}
	})
}
