package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

var update = flag.Bool("update", false, "write the golden files")

// hello70 is a linux/386 executable of 70 bytes that prints one line: 46 bytes
// of ELF header, program header and code laid over each other, and the line.
var hello70 = append(unhex(
	"7f454c46", "01000000", "c00f0000", "c00f9335", "02000300", "4060b218", "14009335", "04000000",
	"b92e009335", "cd80", "61", "cd80", "20000100",
), "Hi IDBS Engineering! RE\n"...)

func unhex(parts ...string) []byte {
	b, err := hex.DecodeString(strings.Join(parts, ""))
	if err != nil {
		panic(err)
	}
	return b
}

var linux386 = Platform{OS: "linux", Architecture: "386"}

func helloSpec() Spec { return Spec{Tags: []string{"h"}, Platform: linux386} }

// fullSpec uses every field, with text that JSON has to escape and text that
// it must not.
func fullSpec() Spec {
	return Spec{
		Tags:       []string{"registry.example:5000/team/tool:1.0", "tool"},
		Platform:   Platform{OS: "linux", Architecture: "amd64", Variant: "v2"},
		Path:       "/opt/tool/bin/tool",
		Entrypoint: []string{"/opt/tool/bin/tool", "-a", "<&>"},
		Cmd:        []string{"tab\there", `quote " and \`, "grüße\u2028", "\x01\x7f"},
		Env:        []string{"A=1", "B="},
		Labels:     []Label{{"z", "last first"}, {"a", "<b>"}},
		WorkingDir: "/opt",
		User:       "1000:100",
		Created:    time.Date(2024, 2, 29, 12, 0, 0, 999, time.FixedZone("", 3600)),
	}
}

func build(t testing.TB, p Profile, spec Spec, program []byte) *Image {
	t.Helper()
	img, err := p.Build(spec, program)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func archiveBytes(t testing.TB, img *Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := img.WriteArchive(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func digest(t testing.TB, img v1.Image) string {
	t.Helper()
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// images are what most tests below run on.
func images(t testing.TB) map[string]*Image {
	t.Helper()
	large := make([]byte, 1<<20)
	for i := range large {
		large[i] = byte(i >> 4 * i >> 9)
	}
	out := map[string]*Image{}
	for _, p := range Profiles {
		out[p.Name+"/hello"] = build(t, p, helloSpec(), hello70)
		out[p.Name+"/full"] = build(t, p, fullSpec(), hello70)
		out[p.Name+"/large"] = build(t, p, Spec{Tags: []string{"large"}, Platform: linux386}, large)
	}
	return out
}

// TestGolden pins every byte of JSON and every digest. A change here changes
// the digests of all images that users have published.
func TestGolden(t *testing.T) {
	for _, p := range Profiles {
		for _, tt := range []struct {
			name string
			spec Spec
		}{{"hello", helloSpec()}, {"full", fullSpec()}} {
			img := build(t, p, tt.spec, hello70)
			var b strings.Builder
			fmt.Fprintf(&b, "manifest %s %d\n%s\n", img.manifest.digest, len(img.manifest.data), img.manifest.data)
			fmt.Fprintf(&b, "config %s %d\n%s\n", img.config.digest, len(img.config.data), img.config.data)
			fmt.Fprintf(&b, "layer %s %d\n%x\n", img.layer.digest, len(img.layer.data), img.layer.data)
			fmt.Fprintf(&b, "archive %s\n", digestOf(archiveBytes(t, img)))

			golden := filepath.Join("testdata", p.Name+"-"+tt.name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("%s differs:\n%s", golden, b.String())
			}
		}
	}
}

// TestSizes holds the bytes of the smallest program's image down.
func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		profile Profile
		most    Sizes
	}{
		{Portable, Sizes{Manifest: 401, Config: 173, Layer: 122}},
		{Small, Sizes{Manifest: 344, Config: 173, Layer: 115}},
		{Smallest, Sizes{Manifest: 344, Config: 173, Layer: 104}},
	} {
		spec := helloSpec()
		spec.IgnoresArguments = true
		got := build(t, tt.profile, spec, hello70).Sizes()
		t.Logf("%s: %+v, wire %d", tt.profile.Name, got, got.Wire())
		if got.Manifest > tt.most.Manifest || got.Config > tt.most.Config || got.Layer > tt.most.Layer {
			t.Errorf("%s: %+v, want at most %+v", tt.profile.Name, got, tt.most)
		}
	}
}

func TestDeterministic(t *testing.T) {
	first, second := images(t), images(t)
	for name, img := range first {
		if !bytes.Equal(archiveBytes(t, img), archiveBytes(t, second[name])) {
			t.Errorf("%s: a second build gave another archive", name)
		}
	}
}

func TestValidate(t *testing.T) {
	for name, img := range images(t) {
		if err := validate.Image(img); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConfig reads the config back with go-containerregistry's eyes.
func TestConfig(t *testing.T) {
	spec := fullSpec()
	cf, err := build(t, Portable, spec, hello70).ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(struct {
		OS, Arch, Variant, User, Dir string
		Entrypoint, Cmd, Env         []string
		Labels                       map[string]string
		Created                      time.Time
	}{cf.OS, cf.Architecture, cf.Variant, cf.Config.User, cf.Config.WorkingDir, cf.Config.Entrypoint, cf.Config.Cmd, cf.Config.Env, cf.Config.Labels, cf.Created.Time})
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(struct {
		OS, Arch, Variant, User, Dir string
		Entrypoint, Cmd, Env         []string
		Labels                       map[string]string
		Created                      time.Time
	}{"linux", "amd64", "v2", "1000:100", "/opt", spec.Entrypoint, spec.Cmd, spec.Env, map[string]string{"z": "last first", "a": "<b>"}, time.Date(2024, 2, 29, 11, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("config says\n%s\nwant\n%s", got, want)
	}
}

func TestCommand(t *testing.T) {
	for _, tt := range []struct {
		profile         Profile
		entrypoint, cmd []string
		want            string // entrypoint and cmd of the config
	}{
		{Portable, nil, nil, `["/9"] []`},
		{Portable, nil, []string{"x"}, `["/9"] ["x"]`},
		{Portable, []string{"/h", "-v"}, []string{"x"}, `["/h" "-v"] ["x"]`},
		{Portable, []string{}, []string{"/h", "x"}, `[] ["/h" "x"]`},
		{Portable, []string{"/bin/p"}, nil, `["/bin/p"] []`},
		{Smallest, nil, nil, `["/0"] []`},
		{Smallest, nil, []string{"x"}, `["/0"] ["x"]`},
		{Smallest, []string{"/h"}, []string{"x"}, `["/h"] ["x"]`},
	} {
		spec := helloSpec()
		spec.Entrypoint, spec.Cmd = tt.entrypoint, tt.cmd
		cf, err := build(t, tt.profile, spec, hello70).ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%q %q", cf.Config.Entrypoint, cf.Config.Cmd); got != tt.want {
			t.Errorf("%s, %q, %q: config has %s, want %s", tt.profile.Name, tt.entrypoint, tt.cmd, got, tt.want)
		}
	}
}

// TestRegistry pushes to a registry, pulls and compares digests.
func TestRegistry(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	for n, img := range images(t) {
		ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/" + n + ":t")
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref, img); err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		pulled, err := remote.Image(ref)
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		if got, want := digest(t, pulled), digest(t, img); got != want {
			t.Errorf("%s: pulled %s, pushed %s", n, got, want)
		}
		if err := validate.Image(pulled); err != nil {
			t.Errorf("%s: pulled: %v", n, err)
		}
	}
}

// TestArchive reads the archive as a docker archive and as an OCI layout.
func TestArchive(t *testing.T) {
	for n, img := range images(t) {
		dir := t.TempDir()
		file := filepath.Join(dir, "image.tar")
		if err := os.WriteFile(file, archiveBytes(t, img), 0o644); err != nil {
			t.Fatal(err)
		}

		for _, tag := range img.tags {
			loaded, err := tarball.ImageFromPath(file, &tag)
			if err != nil {
				t.Fatalf("%s: %s: %v", n, tag, err)
			}
			if got, err := loaded.ConfigName(); err != nil || got != img.config.digest {
				t.Errorf("%s: docker archive has image ID %v, want %v (%v)", n, got, img.config.digest, err)
			}
			if err := validate.Image(loaded); err != nil {
				t.Errorf("%s: docker archive: %v", n, err)
			}
		}

		extract(t, file, dir)
		index, err := layout.ImageIndexFromPath(dir)
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		if err := validate.Index(index); err != nil {
			t.Errorf("%s: layout: %v", n, err)
		}
		loaded, err := index.Image(img.manifest.digest)
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		if got, want := digest(t, loaded), digest(t, img); got != want {
			t.Errorf("%s: layout has %s, want %s", n, got, want)
		}
		im, err := index.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range img.Tags() {
			a := im.Manifests[i].Annotations
			if got := a["io.containerd.image.name"]; got != want {
				t.Errorf("%s: index.json names the image %q, want %q", n, got, want)
			}
			if got := a["org.opencontainers.image.ref.name"]; got != img.tags[i].TagStr() {
				t.Errorf("%s: index.json has ref name %q, want %q", n, got, img.tags[i].TagStr())
			}
		}
	}
}

func extract(t *testing.T, file, dir string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, h.Name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTagNames(t *testing.T) {
	for _, tt := range []struct{ tag, canonical, familiar string }{
		{"hello", "docker.io/library/hello:latest", "hello:latest"},
		{"hello:1.0", "docker.io/library/hello:1.0", "hello:1.0"},
		{"team/hello", "docker.io/team/hello:latest", "team/hello:latest"},
		{"docker.io/team/hello", "docker.io/team/hello:latest", "team/hello:latest"},
		{"docker.io/hello:x", "docker.io/library/hello:x", "hello:x"},
		{"localhost:5000/hello", "localhost:5000/hello:latest", "localhost:5000/hello:latest"},
		{"registry.example/library/hello:x", "registry.example/library/hello:x", "registry.example/library/hello:x"},
	} {
		img := build(t, Portable, Spec{Tags: []string{tt.tag}, Platform: linux386}, hello70)
		if got := img.Tags()[0]; got != tt.canonical {
			t.Errorf("%s: complete name %s, want %s", tt.tag, got, tt.canonical)
		}
		if got := familiarName(img.tags[0]); got != tt.familiar {
			t.Errorf("%s: familiar name %s, want %s", tt.tag, got, tt.familiar)
		}
		if got := (Spec{Tags: []string{tt.tag}}).NamedPath(); got != "/hello" {
			t.Errorf("%s: named path %s, want /hello", tt.tag, got)
		}
	}
}

// TestLayer reads the layer with Go's tar and gzip readers.
func TestLayer(t *testing.T) {
	for _, tt := range []struct {
		img  *Image
		want string
	}{
		{build(t, Portable, helloSpec(), hello70), "9 0111 70 1970-01-01T00:00:00Z\n"},
		{build(t, Smallest, helloSpec(), hello70), "0 0111 70 1970-01-01T00:00:00Z\n"},
		{build(t, Portable, fullSpec(), hello70), "opt/ 0755 0 2024-02-29T11:00:00Z\n" +
			"opt/tool/ 0755 0 2024-02-29T11:00:00Z\n" +
			"opt/tool/bin/ 0755 0 2024-02-29T11:00:00Z\n" +
			"opt/tool/bin/tool 0111 70 2024-02-29T11:00:00Z\n"},
	} {
		z, err := gzip.NewReader(bytes.NewReader(tt.img.layer.data))
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		data = fillBlock(data) // Go's reader wants the last block whole
		var got strings.Builder
		for r := tar.NewReader(bytes.NewReader(data)); ; {
			h, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "%s %04o %d %s\n", h.Name, h.Mode, h.Size, h.ModTime.UTC().Format(time.RFC3339))
			if body, err := io.ReadAll(r); err != nil || h.Size > 0 && !bytes.Equal(body, hello70) {
				t.Errorf("%s holds %x (%v), want the program", h.Name, body, err)
			}
		}
		if got.String() != tt.want {
			t.Errorf("layer holds\n%swant\n%s", got.String(), tt.want)
		}
	}
}

func TestLongPaths(t *testing.T) {
	name := func(n int) string { return strings.Repeat("n", n) }
	for _, tt := range []struct {
		path string
		ok   bool
	}{
		{"/" + name(100), true},
		{"/" + name(101), true},
		{"/" + name(50) + "/" + name(100), true},
		{"/" + name(155) + "/" + name(100), true},
		{"/" + name(77) + "/" + name(77) + "/" + name(100), true},
		{"/" + name(77) + "/" + name(77) + "/" + name(101), true},
	} {
		spec := helloSpec()
		spec.Path = tt.path
		img, err := Build(spec, hello70)
		if (err == nil) != tt.ok {
			t.Errorf("path of %d bytes: %v", len(tt.path), err)
			continue
		}
		if err == nil {
			if got := lastName(t, img); got != tt.path[1:] {
				t.Errorf("path of %d bytes: Go's tar reader reads %q", len(tt.path), got)
			}
		}
	}
}

// lastName returns the name of the last file in an image's layer.
func lastName(t *testing.T, img *Image) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(img.layer.data))
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return last
		}
		if err != nil {
			t.Fatal(err)
		}
		last = h.Name
	}
}

type failingWriter struct{}

var errFull = errors.New("no space left")

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

func TestArchiveWriteError(t *testing.T) {
	if err := build(t, Portable, helloSpec(), hello70).WriteArchive(failingWriter{}); !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		img := build(b, Portable, helloSpec(), hello70)
		if err := img.WriteArchive(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLayers packs what several images have in common once.
func TestLayers(t *testing.T) {
	var layers Layers
	for _, arch := range []string{"386", "amd64"} {
		spec := helloSpec()
		spec.Platform.Architecture, spec.Path = arch, "/h"
		d, err := Portable.Draft(spec, hello70)
		if err != nil {
			t.Fatal(err)
		}
		img, err := d.Build(&layers)
		if err != nil {
			t.Fatal(err)
		}
		if alone := build(t, Portable, spec, hello70); digest(t, alone) != digest(t, img) || img.Platform().Architecture != arch {
			t.Errorf("for %s the image is another than one that is built alone", arch)
		}
	}
	if n := len(layers.compressed); n != 1 {
		t.Errorf("%d layers were compressed, want 1", n)
	}
	d, err := Portable.Draft(helloSpec(), hello70[1:])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Build(&layers); err != nil || len(layers.compressed) != 2 {
		t.Errorf("%d layers were compressed for two programs (%v)", len(layers.compressed), err)
	}
}
