package oci_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"tasm/oci"
	"tasm/oci/rootfs"
)

// baseOf makes a base image with files of a mode, given as in "bin/sh", "tmp/"
// or "bin->usr/bin".
func baseOf(t *testing.T, arch string, config v1.Config, lines ...string) v1.Image {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, line := range lines {
		h := &tar.Header{Name: line, Mode: 0o755}
		if name, target, ok := strings.Cut(line, "->"); ok {
			h.Name, h.Linkname, h.Typeflag = name, target, tar.TypeSymlink
		} else if strings.HasSuffix(line, "/") {
			h.Typeflag, h.Mode = tar.TypeDir, 0o1777
		}
		must(t, w.WriteHeader(h))
	}
	must(t, w.Close())
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	must(t, err)
	img, err := mutate.Append(empty.Image, mutate.Addendum{Layer: l, History: v1.History{CreatedBy: "the base"}})
	must(t, err)
	c, err := img.ConfigFile()
	must(t, err)
	c = c.DeepCopy()
	c.OS, c.Architecture, c.Config = "linux", arch, config
	img, err = mutate.ConfigFile(img, c)
	must(t, err)
	return img
}

// TestBuildOn adds a program to a base: what is inherited, what is not, and that
// nothing of the base changes.
func TestBuildOn(t *testing.T) {
	base := baseOf(t, "amd64", v1.Config{
		Env: []string{"PATH=/opt", "A=old"}, Entrypoint: []string{"/bin/sh"}, Cmd: []string{"-c", "x"}, User: "nobody", WorkingDir: "/tmp",
		Labels: map[string]string{"a": "<1>", "b": "2"}, StopSignal: "SIGINT", OnBuild: []string{"RUN x"}, ExposedPorts: map[string]struct{}{"80/tcp": {}},
	}, "bin->usr/bin", "usr/", "usr/bin/", "usr/bin/sh", "tmp/")
	program := program(t, programs[0].hex, "")
	spec := oci.Spec{
		Tags: []string{"x:1"}, Platform: oci.Platform{OS: "linux", Architecture: "386"}, Path: "/bin/x", Cmd: []string{"arg"},
		Env: []string{"A=new", "B=1"}, Labels: []oci.Label{{Name: "b", Value: "3"}},
	}
	img, err := oci.BuildOn(base, spec, program)
	must(t, err)
	must(t, validate.Image(img))
	c, err := img.ConfigFile()
	must(t, err)
	got := c.Config
	if !slices.Equal(got.Env, []string{"PATH=/opt", "A=new", "B=1"}) || !slices.Equal(got.Entrypoint, []string{"/bin/x"}) || !slices.Equal(got.Cmd, []string{"arg"}) ||
		got.User != "nobody" || got.WorkingDir != "/tmp" || got.Labels["a"] != "<1>" || got.Labels["b"] != "3" || got.StopSignal != "SIGINT" ||
		len(got.OnBuild) != 0 || len(got.ExposedPorts) != 1 || c.Architecture != "amd64" || len(c.History) != 2 || !c.Created.IsZero() {
		t.Errorf("config %+v", c)
	}
	tree, err := rootfs.Read(img)
	must(t, err)
	n, err := tree.Lookup("/bin/x")
	if err != nil || n.Path != "/usr/bin/x" || img.Path != "/usr/bin/x" || n.Mode.Perm() != 0o755 {
		t.Errorf("the program is at %v (%v)", n, err)
	}
	if n := tree.Get("/tmp"); n.Layer != 0 {
		t.Error("/tmp was made anew")
	}
	if n, err := tree.Lookup("/bin/sh"); err != nil || n.Layer != 0 {
		t.Errorf("the shell is %v (%v)", n, err)
	}
	again, err := oci.BuildOn(base, spec, program)
	must(t, err)
	a, _ := img.Digest()
	if b, err := again.Digest(); err != nil || a != b {
		t.Errorf("digest %s, then %s (%v)", a, b, err)
	}

	// Where the program needs nothing of the base, its layers are not read.
	spec.Path = "/x"
	unread := mutate.MediaType(base, types.OCIManifestSchema1)
	if img, err = oci.BuildOn(unread, spec, program); err != nil || img.Tree != nil {
		t.Errorf("the base was read (%v)", err)
	}
	if m, err := img.Manifest(); err != nil || m.MediaType != types.OCIManifestSchema1 || m.Layers[1].MediaType != types.OCILayer || m.Config.MediaType != types.OCIConfigJSON {
		t.Errorf("manifest %+v (%v)", m, err)
	}
	// The base's entrypoint with our arguments.
	spec.Entrypoint, spec.Cmd = []string{}, []string{"-c", "/x"}
	img, err = oci.BuildOn(base, spec, program)
	must(t, err)
	if c, err := img.ConfigFile(); err != nil || !slices.Equal(c.Config.Entrypoint, []string{"/bin/sh"}) || !slices.Equal(c.Config.Cmd, []string{"-c", "/x"}) {
		t.Errorf("config %+v (%v)", c, err)
	}
}

// TestBuildOnErrors adds programs where that makes no sense.
func TestBuildOnErrors(t *testing.T) {
	base := baseOf(t, "amd64", v1.Config{}, "bin->usr/bin", "usr/bin/sh", "etc/", "loop->loop", "away->/none")
	for _, tt := range []struct {
		base   v1.Image
		change func(*oci.Spec)
		says   string
	}{
		{baseOf(t, "arm64", v1.Config{}), func(*oci.Spec) {}, "base image: it is for linux/arm64, and the program for linux/386"},
		{baseOf(t, "386", v1.Config{}), func(s *oci.Spec) { s.Platform.Architecture = "amd64" }, "base image: it is for linux/386"},
		{base, func(s *oci.Spec) { s.Path = "/bin" }, `"/bin" is a folder in usual base images`},
		{base, func(s *oci.Spec) { s.Path = "/usr/bin" }, `"/usr/bin" is a folder in the base image`},
		{base, func(s *oci.Spec) { s.Path = "/bin/sh/x" }, `"/bin/sh" is a file in the base image`},
		{base, func(s *oci.Spec) { s.Path = "/loop/x" }, `"/loop" leads nowhere`},
		{base, func(s *oci.Spec) { s.Path = "/away/x" }, `"/away" leads nowhere`},
		{base, func(s *oci.Spec) { s.Entrypoint = []string{"/bin/bash"}; s.Path = "/h" }, "neither in its base nor as /h"},
		{base, func(s *oci.Spec) { s.User = "No Body" }, "must be numbers"},
	} {
		spec := oci.Spec{Tags: []string{"x"}, Platform: oci.Platform{OS: "linux", Architecture: "386"}}
		tt.change(&spec)
		_, err := oci.BuildOn(tt.base, spec, program(t, programs[0].hex, ""))
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("error %v, want %q", err, tt.says)
		}
	}
	spec := oci.Spec{Tags: []string{"x"}, Platform: oci.Platform{OS: "linux", Architecture: "386"}, Path: "/bin/x"}
	_, err := oci.BuildOn(baseOf(t, "amd64", v1.Config{}, "../../etc/passwd"), spec, []byte("x"))
	if err == nil || !strings.Contains(err.Error(), "leads out of the image") || errors.As(err, &oci.SpecErrors{}) {
		t.Errorf("error %v", err)
	}
}
