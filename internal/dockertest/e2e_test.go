package dockertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCleanUp stops an engine while a container runs that ignores SIGTERM.
func TestCleanUp(t *testing.T) {
	// linux/386: mov al,29 (pause); int 0x80, in a 45-byte executable.
	const pause = "\x7fELF\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00" +
		"\x02\x00\x03\x00\x20\x00\x01\x00\x20\x00\x01\x00\x04\x00\x00\x00" +
		"\xb0\x1d\xcd\x80\x00\x00\x00\x00\x00\x00\x20\x00\x01"
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("pause", pause, 0o755)
	write("Dockerfile", "FROM scratch\nCOPY pause /pause\nENTRYPOINT [\"/pause\"]\n", 0o644)

	e, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.BuildImage(dir, "pause"); err != nil {
		t.Error(err)
	}
	if size, err := e.ImageSize("pause"); err != nil || size != "45B" {
		t.Errorf("size %q, %v", size, err)
	}
	if _, err := e.Docker("run", "-d", "--network=none", "pause"); err != nil {
		t.Error(err)
	}
	if running, err := e.Docker("ps", "-q"); err != nil || running == "" {
		t.Errorf("no container runs: %v", err)
	}
	if _, err := e.Run("absent:latest"); err == nil {
		t.Error("running an image that is not there is no error")
	}
	if _, err := e.ImageSize("absent"); err == nil {
		t.Error("an image that is not there has a size")
	}
	if _, err := e.RunWith([]string{"--entrypoint=/absent"}, nil, "pause"); err == nil {
		t.Error("running a program that is not there is no error")
	}

	begin := time.Now()
	if err := e.Stop(); err != nil {
		t.Error(err)
	}
	t.Logf("stopped in %s", time.Since(begin))
	if _, err := os.Stat(e.dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", e.dir, err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), e.dir) {
		t.Errorf("still mounted below %s:\n%s", e.dir, mounts)
	}
	for _, proc := range processes(t) {
		if strings.Contains(proc, e.dir) {
			t.Errorf("still running: %s", proc)
		}
	}
}

// processes returns the command lines of all processes.
func processes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes: %v", err)
	}
	var lines []string
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil { // it may have ended meanwhile
			lines = append(lines, strings.ReplaceAll(string(b), "\x00", " "))
		}
	}
	return lines
}
