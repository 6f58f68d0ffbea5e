package launch_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"tasm/oci/launch"
	"tasm/oci/rootfs"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file is a file of an image; a name that ends with a slash is a folder.
type file struct {
	name string
	mode int64
	data []byte
}

func treeOf(t *testing.T, files []file) *rootfs.Tree {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		must(t, w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data))}))
		_, err := w.Write(f.data)
		must(t, err)
	}
	must(t, w.Close())
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	must(t, err)
	img, err := mutate.AppendLayers(empty.Image, l)
	must(t, err)
	tree, err := rootfs.Read(img)
	must(t, err)
	return tree
}

// compile makes a file of a C program with gcc.
func compile(t *testing.T, options ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/a.c", []byte("int main(void) { return 0; }\n"), 0o666))
	cmd := exec.Command("gcc", append(options, "-o", dir+"/a", dir+"/a.c")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc %v: %v\n%s", options, err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "a"))
	must(t, err)
	return data
}

// assemble makes a file of a sample with nasm.
func assemble(t *testing.T, sample string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "a")
	if said, err := exec.Command("nasm", "-f", "bin", "-o", out, "../../samples/"+sample).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	data, err := os.ReadFile(out)
	must(t, err)
	return data
}

// TestCheck looks at images that start and at images that don't.
func TestCheck(t *testing.T) {
	dynamic, static := compile(t), compile(t, "-static")
	object, library := compile(t, "-c"), compile(t, "-shared", "-nostdlib")
	ofArch := func(program []byte, machine byte) []byte {
		other := bytes.Clone(program)
		other[18] = machine
		return other
	}
	const linker = "lib64/ld-linux-x86-64.so.2"
	libc := file{"lib/x86_64-linux-gnu/libc.so.6", 0o644, library}
	text := func(s string) []byte { return []byte(s) }
	for _, tt := range []struct {
		name   string
		files  []file
		config v1.Config
		arch   string
		says   string // "": it starts; "?" before it: it may start
	}{
		{"static", []file{{"h", 0o755, static}}, v1.Config{Cmd: []string{"/h"}}, "amd64", ""},
		{"not there", []file{{"h", 0o755, static}}, v1.Config{Cmd: []string{"/g"}}, "amd64", "/g is not in the image: no such file or directory"},
		{"not in PATH", []file{{"h", 0o755, static}}, v1.Config{Cmd: []string{"h"}}, "amd64", "h is not in the image, in none of the folders of PATH"},
		{"in PATH", []file{{"opt/h", 0o755, static}}, v1.Config{Cmd: []string{"h"}, Env: []string{"PATH=/bin:/opt"}}, "amd64", ""},
		{"below the working folder", []file{{"opt/h", 0o755, static}}, v1.Config{Entrypoint: []string{"./h"}, WorkingDir: "/opt"}, "amd64", ""},
		{"no command", []file{{"h", 0o755, static}}, v1.Config{}, "amd64", "?the image says no command"},
		{"empty command", nil, v1.Config{Cmd: []string{""}}, "amd64", "the image's command is empty"},
		{"a folder", []file{{"h/", 0o755, nil}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "/h is not in the image"},
		{"no run bit", []file{{"h", 0o644, static}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "/h can't be started: permission denied for user root"},
		{"not for others", []file{{"h", 0o744, static}}, v1.Config{Cmd: []string{"/h"}, User: "65532"}, "amd64", "permission denied for user 65532"},
		{"for others", []file{{"h", 0o745, static}}, v1.Config{Cmd: []string{"/h"}, User: "65532:1"}, "amd64", ""},
		{"another processor", []file{{"h", 0o755, ofArch(static, 183)}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "exec format error): it is for linux/arm64, and the image for linux/amd64"},
		{"386 on amd64", []file{{"h", 0o755, compile(t, "-m32", "-static", "-nostdlib", "-Wl,-e,main")}}, v1.Config{Cmd: []string{"/h"}}, "amd64", ""},
		{"amd64 on 386", []file{{"h", 0o755, static}}, v1.Config{Cmd: []string{"/h"}}, "386", "exec format error"},
		{"dynamic, empty image", []file{{"h", 0o755, dynamic}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "needs the dynamic linker /lib64/ld-linux-x86-64.so.2, which is not in the image"},
		{"dynamic, no libc", []file{{"h", 0o755, dynamic}, {linker, 0o755, library}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "needs the library libc.so.6"},
		{"dynamic, libc elsewhere", []file{{"h", 0o755, dynamic}, {linker, 0o755, library}, {"opt/libc.so.6", 0o644, library}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "?at /opt/libc.so.6 only"},
		{"dynamic, LD_LIBRARY_PATH", []file{{"h", 0o755, dynamic}, {linker, 0o755, library}, {"opt/libc.so.6", 0o644, library}}, v1.Config{Cmd: []string{"/h"}, Env: []string{"LD_LIBRARY_PATH=/opt"}}, "amd64", ""},
		{"dynamic, complete", []file{{"h", 0o755, dynamic}, {linker, 0o755, library}, libc}, v1.Config{Cmd: []string{"/h"}}, "amd64", ""},
		{"an object file", []file{{"h", 0o755, object}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "it is an object file"},
		{"a library", []file{{"h", 0o755, library}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "it is a library"},
		{"a script without its shell", []file{{"h", 0o755, text("#!/bin/sh\necho\n")}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "/h is a script for /bin/sh, which is not in the image"},
		{"a script with its shell", []file{{"h", 0o755, text("#! /bin/sh -e\necho\n")}, {"bin/sh", 0o755, static}}, v1.Config{Cmd: []string{"/h"}}, "amd64", ""},
		{"a script whose shell can't run", []file{{"h", 0o755, text("#!/bin/sh\necho\n")}, {"bin/sh", 0o755, dynamic}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "/bin/sh needs the dynamic linker"},
		{"a script from Windows", []file{{"h", 0o755, text("#!/bin/sh\r\necho\r\n")}, {"bin/sh", 0o755, static}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "its lines end as on Windows"},
		{"env without python", []file{{"h", 0o755, text("#!/usr/bin/env python3\n")}, {"usr/bin/env", 0o755, static}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "a script for python3, which is not in the image"},
		{"a script of itself", []file{{"h", 0o755, text("#!/h\n")}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "interpreted by a script"},
		{"a script for nothing", []file{{"h", 0o755, text("#!\n")}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "names no program"},
		{"a text", []file{{"h", 0o755, text("echo hello\n")}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "does not say which program reads it"},
		{"Windows", []file{{"h", 0o755, text("MZ\x00\x00")}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "a program for Windows"},
		{"empty", []file{{"h", 0o755, nil}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "it is empty"},
		{"cut", []file{{"h", 0o755, static[:60]}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "Linux does not load it"},
		{"for later kernels", []file{{"h", 0o755, assemble(t, "teensy.tasm")}}, v1.Config{Cmd: []string{"/h"}}, "386", "?/h may not start: it is refused by linux-5.10"},
		{"no ELF", []file{{"h", 0o755, text("\x7fELF")}}, v1.Config{Cmd: []string{"/h"}}, "amd64", "its ELF headers are damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := launch.Check(treeOf(t, tt.files), &v1.ConfigFile{OS: "linux", Architecture: tt.arch, Config: tt.config})
			says, may := strings.CutPrefix(tt.says, "?")
			switch {
			case says == "" && len(found) > 0:
				t.Errorf("found %+v", found)
			case says != "" && (len(found) != 1 || !strings.Contains(found[0].Text, says) || found[0].Fatal == may || found[0].Cure == "" && tt.name != "a script of itself"):
				t.Errorf("found %+v, want %q, fatal %v", found, says, !may)
			}
		})
	}
}

// FuzzRead looks at arbitrary files.
func FuzzRead(f *testing.F) {
	f.Add([]byte("#!/bin/sh\n"))
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if p := launch.Read(file); p.Format == launch.Unknown && p.Wrong == "" {
			t.Error("nothing is said of a file that is no program")
		}
	})
}
