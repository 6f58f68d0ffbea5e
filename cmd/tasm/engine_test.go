package main

import (
	"path/filepath"
	"strings"
	"testing"

	"tasm/internal/dockertest"
)

// TestEngines loads and runs images in a real engine, pushes to a real registry
// and lets the engine pull from there.
func TestEngines(t *testing.T) {
	engine := dockertest.New(t)
	t.Setenv("DOCKER_HOST", engine.Host())
	dir := t.TempDir()
	archive, layout := filepath.Join(dir, "image.tar"), filepath.Join(dir, "layout")+"/"
	mustRun(t, "build", samplesDir+"/echo.tasm", "--tag", "tasm-e2e-load:1", "-o", archive)

	name := strings.TrimSpace(mustRun(t, "load", "--in", "docker", archive))
	if name != "tasm-e2e-load:1" {
		t.Fatalf("loaded %q", name)
	}
	if r, err := engine.Run(name, "a", "b"); err != nil || r.Stdout != "a b\n" {
		t.Errorf("docker run: %+v (%v)", r, err)
	}
	id, err := engine.ID(name)
	if err != nil {
		t.Fatal(err)
	}

	// What runs leaves nothing behind, and its status and streams are ours.
	for _, c := range []struct {
		args   []string
		stdin  string
		stdout string
		status int
	}{
		{[]string{archive, "--one", "-h"}, "", "--one -h\n", 0},
		{[]string{samplesDir + "/exit42.tasm"}, "", "", 42},
		{[]string{samplesDir + "/cat.tasm"}, "in and out", "in and out", 0},
	} {
		r := runTasm(c.stdin, append([]string{"run", "--in", "docker"}, c.args...)...)
		if r.status != c.status || r.stdout != c.stdout {
			t.Errorf("tasm run %v: %+v", c.args, r)
		}
	}
	if images, err := engine.Docker("images", "-q", "--no-trunc"); err != nil || images != id {
		t.Errorf("the engine has %s (%v), want only %s", images, err, id)
	}

	// Through a registry, digest and ID stay.
	pushed := strings.TrimSpace(mustRun(t, "push", archive, engine.Registry()+"/load:1", engine.Registry()+"/load:2"))
	_, digest, _ := strings.Cut(pushed, "@")
	if got, err := engine.Pull(engine.Registry() + "/load:2"); err != nil || got != digest {
		t.Errorf("pulled %s (%v), want %s", got, err, digest)
	}
	if got, err := engine.ID(engine.Registry() + "/load:2"); err != nil || got != id {
		t.Errorf("the ID is %s (%v), want %s", got, err, id)
	}
	mustRun(t, "pull", pushed, "-o", layout)
	if got := mustRun(t, "load", "--in", "docker", layout); !strings.Contains(got, id) {
		t.Errorf("the layout folder is loaded as %q, want %s", got, id)
	}

	// What "docker save" writes can be pushed too, with a digest of its own.
	saved := filepath.Join(dir, "saved.tar")
	if _, err := engine.Docker("save", "-o", saved, name); err != nil {
		t.Fatal(err)
	}
	again := strings.TrimSpace(mustRun(t, "push", saved, engine.Registry()+"/saved"))
	if _, err := engine.Pull(again); err != nil {
		t.Error(err)
	}
	if r, err := engine.Run(again, "x"); err != nil || r.Stdout != "x\n" {
		t.Errorf("docker run: %+v (%v)", r, err)
	}

	t.Setenv("DOCKER_HOST", "unix:///nonexistent.sock")
	if r := runTasm("", "load", "--in", "docker", archive); r.status != exitError || r.stdout != "" || !strings.Contains(r.stderr, "docker can't load the image") {
		t.Errorf("without an engine: %+v", r)
	}
}
