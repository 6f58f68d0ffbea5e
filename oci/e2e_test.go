package oci_test

import (
	"encoding/hex"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"tasm/internal/dockertest"
	"tasm/oci"
	"tasm/oci/registry"
)

// The programs are executables of linux/386, small enough to be written here.
// The program header is laid over the ELF header, at offset 4, and the code in
// bytes that the kernel does not look at.
var programs = []struct {
	name   string
	hex    string
	text   string // follows the bytes
	stdout string
	status int
}{
	{
		name: "exit42",
		hex: "7f454c46" + // magic
			"01000000" + "00000000" + "00000100" + // p_type, p_offset, p_vaddr
			"02000300" + // e_type, e_machine, under p_paddr
			"20000100" + // p_filesz
			"20000100" + "04000000" + // e_entry and e_phoff, p_memsz and p_flags
			"b32a" + "31c0" + "40" + "cd80" + // mov bl,42; xor eax,eax; inc eax; int 0x80
			"000000" + "2000" + "01", // e_ehsize; e_phentsize; e_phnum
		status: 42,
	},
	{
		name: "hello",
		hex: "7f454c46" + "01000000" + "c00f0000" + "c00f9335" +
			"02000300" + "4060b218" + "14009335" + "04000000" +
			"b92e009335" + "cd80" + "61" + "cd80" + "20000100",
		text:   "Hi IDBS Engineering! RE\n",
		stdout: "Hi IDBS Engineering! RE\n",
	},
}

func program(t *testing.T, hexText, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(hexText)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, text...)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEngine takes images all the way: into a real engine by archive, to a
// real registry and back, and runs them at each stop.
func TestEngine(t *testing.T) {
	engine := dockertest.New(t)
	for _, profile := range oci.Profiles {
		for _, p := range programs {
			t.Run(profile.Name+"/"+p.name, func(t *testing.T) {
				program := program(t, p.hex, p.text)
				tag := "e2e-" + p.name + ":" + profile.Name
				img, err := profile.Build(oci.Spec{Tags: []string{tag}, Platform: oci.Platform{OS: "linux", Architecture: "386"}}, program)
				must(t, err)
				config, err := img.ConfigName()
				must(t, err)
				manifest, err := img.Digest()
				must(t, err)

				archive := filepath.Join(t.TempDir(), "image.tar")
				f, err := os.Create(archive)
				must(t, err)
				must(t, img.WriteArchive(f))
				must(t, f.Close())

				run := func(ref string) {
					t.Helper()
					got, err := engine.Run(ref)
					must(t, err)
					if want := (dockertest.Result{Stdout: p.stdout, ExitStatus: p.status}); got != want {
						t.Errorf("%s: %+v, want %+v", ref, got, want)
					}
					size, err := engine.ImageSize(ref)
					must(t, err)
					if want := strconv.Itoa(len(program)) + "B"; size != want {
						t.Errorf("%s: docker images shows %s, want %s", ref, size, want)
					}
					id, err := engine.ID(ref)
					must(t, err)
					if id != config.String() {
						t.Errorf("%s: image ID %s, want the config's digest %s", ref, id, config)
					}
				}

				// By archive, under the tag that the archive gives.
				must(t, engine.Load(archive))
				run(tag)

				// By the engine's push and pull. The engine writes a manifest
				// of its own, which must come back unchanged.
				pushed := engine.Registry() + "/engine/" + p.name + ":" + profile.Name
				must(t, engine.Tag(tag, pushed))
				must(t, engine.Push(pushed))
				must(t, engine.Remove(pushed))
				must(t, engine.Remove(tag))
				want := remoteDigest(t, pushed)
				got, err := engine.Pull(pushed)
				must(t, err)
				if got != want {
					t.Errorf("pulled %s, the registry has %s", got, want)
				}
				run(pushed)
				must(t, engine.Remove(pushed))

				// By our own bytes: the registry and the engine's pull keep the digest.
				direct := engine.Registry() + "/direct/" + p.name + ":" + profile.Name
				ref, err := name.ParseReference(direct)
				must(t, err)
				must(t, remote.Write(ref, img))
				if got := remoteDigest(t, direct); got != manifest.String() {
					t.Errorf("the registry has %s, want %s", got, manifest)
				}
				got, err = engine.Pull(direct)
				must(t, err)
				if got != manifest.String() {
					t.Errorf("pulled %s, want %s", got, manifest)
				}
				run(direct)
				must(t, engine.Remove(direct))
			})
		}
	}
}

func remoteDigest(t *testing.T, s string) string {
	t.Helper()
	ref, err := name.ParseReference(s)
	must(t, err)
	d, err := remote.Head(ref)
	must(t, err)
	return d.Digest.String()
}

// TestOtherUser runs a program in a folder as a user without rights: folders
// and program must be open to everybody. The image has two tags.
func TestOtherUser(t *testing.T) {
	engine := dockertest.New(t)
	p := programs[len(programs)-1]
	for _, profile := range oci.Profiles {
		tag, second := "e2e-user:"+profile.Name, "example.test/team/e2e-user:"+profile.Name
		img, err := profile.Build(oci.Spec{
			Tags:       []string{tag, second},
			Platform:   oci.Platform{OS: "linux", Architecture: "386"},
			Path:       "/opt/tool/hello",
			WorkingDir: "/opt",
			User:       "1000:1000",
		}, program(t, p.hex, p.text))
		must(t, err)
		archive := filepath.Join(t.TempDir(), "image.tar")
		f, err := os.Create(archive)
		must(t, err)
		must(t, img.WriteArchive(f))
		must(t, f.Close())
		must(t, engine.Load(archive))
		_, err = engine.ImageSize(second)
		must(t, err)
		got, err := engine.RunWith([]string{"--cap-drop=ALL", "--read-only"}, nil, tag)
		must(t, err)
		if got.Stdout != p.stdout || got.ExitStatus != p.status {
			t.Errorf("%s: %+v", tag, got)
		}
	}
}

// TestIndexInRegistries pushes an index of two platforms and pulls it back, with the
// same digest and contents: with Debian's docker-registry, and with the registry of
// go-containerregistry, which checks less.
func TestIndexInRegistries(t *testing.T) {
	engine := dockertest.New(t)
	var children []oci.Child
	for _, arch := range []string{"386", "amd64"} {
		platform := oci.Platform{OS: "linux", Architecture: arch}
		img, err := oci.Build(oci.Spec{Tags: []string{"index"}, Platform: platform}, program(t, programs[1].hex, programs[1].text))
		must(t, err)
		children = append(children, oci.Child{Artifact: img, Platform: platform})
	}
	index, err := oci.Portable.Index(children)
	must(t, err)
	want, err := index.Digest()
	must(t, err)

	other := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	defer other.Close()
	for _, host := range []string{engine.Registry(), strings.TrimPrefix(other.URL, "http://")} {
		for _, target := range []string{host + "/tasm/index:1", host + "/other/index"} { // the second has the blobs elsewhere
			ref, err := registry.Parse(target)
			must(t, err)
			c := &registry.Client{}
			pushed, err := c.Push(t.Context(), index, ref)
			must(t, err)
			back, err := c.Pull(t.Context(), ref)
			must(t, err)
			pulled, ok := back.(v1.ImageIndex)
			if !ok {
				t.Fatalf("%s: pulled a %T", target, back)
			}
			digest, err := back.Digest()
			must(t, err)
			if pushed != want || digest != want {
				t.Errorf("%s: pushed %s, pulled %s, built %s", target, pushed, digest, want)
			}
			must(t, validate.Index(pulled))
		}
	}
}
