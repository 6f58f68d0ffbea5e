package dockertest

import (
	"os"
	"strings"
	"testing"
)

func TestMissingTool(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	e, err := Start()
	if err == nil {
		t.Fatal(e.Stop(), "an engine started without dockerd")
	}
	if !strings.Contains(err.Error(), "dockerd") || !strings.Contains(err.Error(), "docker.io") {
		t.Errorf("error %q does not say what to install", err)
	}
}

// TestFailedStart gives an engine that cannot start, whose log is the error.
func TestFailedStart(t *testing.T) {
	tools := t.TempDir()
	for _, tool := range []string{"dockerd", "docker", "docker-registry"} {
		if err := os.WriteFile(tools+"/"+tool, []byte("#!/bin/sh\necho broken >&2\nexit 3\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", tools)
	t.Setenv("TMPDIR", t.TempDir())
	_, err := Start()
	if err == nil || !strings.Contains(err.Error(), "broken") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error %v, want the daemon's log and status", err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
