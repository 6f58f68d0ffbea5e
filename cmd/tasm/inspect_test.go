package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestInspect shows an image as archive, folder, source and in a registry: it is
// the same everywhere.
func TestInspect(t *testing.T) {
	host, dir := newRegistry(t, nil), t.TempDir()
	source, archive, layout := samplesDir+"/exit42.tasm", filepath.Join(dir, "image.tar"), filepath.Join(dir, "layout")+"/"
	mustRun(t, "build", source, "-o", archive)
	mustRun(t, "push", archive, host+"/a")
	mustRun(t, "pull", host+"/a", "-o", layout)
	program := len(mustBuild(t, "-f", "elf", source))
	var first inspection
	for _, from := range []string{archive, layout, source, host + "/a"} {
		var m inspection
		if err := json.Unmarshal([]byte(mustRun(t, "inspect", "--json", from)), &m); err != nil {
			t.Fatal(err)
		}
		if first.Digest == "" {
			first = m
		}
		p := m.Images[0]
		if m.Digest != first.Digest || len(m.Images) != 1 || p.Platform != "linux/386" || p.Program.Size != int64(program) || p.Sizes.Docker != int64(program) || len(p.Obstacles) != 0 {
			t.Errorf("%s: %+v", from, m)
		}
		raw := mustRun(t, "inspect", "--raw", "manifest", from) + mustRun(t, "inspect", "--raw", "config", from)
		if s := p.Sizes; s.Wire != s.Manifest+s.Config+s.Layers[0] || int64(len(raw)) != s.Manifest+s.Config || s.Podman != s.Unpacked+2*s.Manifest+s.Config || s.Containerd != s.Wire+8192 {
			t.Errorf("%s: sizes %+v", from, s)
		}
		text := mustRun(t, "inspect", from)
		for _, want := range []string{m.Digest, p.Program.Path + ": " + strconv.Itoa(program) + " bytes, ELF32", "e_phoff", `{"schemaVersion":2`} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the text has no %q:\n%s", from, want, text)
			}
		}
	}
	for _, from := range []string{archive, layout} {
		if got := mustRun(t, "size", from); !strings.Contains(got, strconv.Itoa(program)+" B") {
			t.Errorf("tasm size %s: %s", from, got)
		}
		if got := mustRun(t, "explain", from); !strings.Contains(got, strconv.Itoa(program)+" bytes, ELF32") {
			t.Errorf("tasm explain %s: %s", from, got)
		}
	}
	for _, c := range []struct{ args, says string }{
		{archive + " --platform linux/arm64", "no image for this platform (linux/arm64): it is for linux/386"},
		{archive + " --platform arm", "is no platform"},
		{host + "/none", "404 Not Found: it has no such image"},
		{filepath.Join(dir, "none.tar"), "no such file"},
	} {
		if r := runTasm("", append([]string{"inspect"}, strings.Fields(c.args)...)...); r.status != exitError || r.stdout != "" || !strings.Contains(r.stderr, c.says) {
			t.Errorf("tasm inspect %s: %+v", c.args, r)
		}
	}
}

// TestInspectDamaged inspects archives with a wrong byte in each place: an error
// or the same image, never a panic.
func TestInspectDamaged(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "image.tar")
	mustRun(t, "build", samplesDir+"/exit42.tasm", "-o", archive)
	whole, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	want := runTasm("", "inspect", archive)
	for at := 0; at < len(whole); at += 37 {
		damaged := append([]byte{}, whole...)
		damaged[at] ^= 0x55
		writeText(t, archive, string(damaged))
		r := runTasm("", "inspect", archive)
		if r.status != exitError && (r.status != exitOK || len(r.stdout) < len(want.stdout)/2) {
			t.Fatalf("byte %d: %+v", at, r)
		}
		if strings.Contains(r.stderr, "panic") {
			t.Fatal(r.stderr)
		}
	}
}
