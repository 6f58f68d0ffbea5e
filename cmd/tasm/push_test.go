package main

import (
	"encoding/base64"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
)

// newRegistry starts a registry in this process and returns host:port. What
// fault answers does not reach it.
func newRegistry(t *testing.T, fault func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault == nil || !fault(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// mustRun runs tasm and returns what it prints.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	r := runTasm("", args...)
	if r.status != exitOK || r.stderr != "" {
		t.Fatalf("tasm %s: status %d\n%s", strings.Join(args, " "), r.status, r.stderr)
	}
	return r.stdout
}

// TestPushKeepsDigest pushes a source, its archive and its layout folder: all
// have one digest, also when they come back.
func TestPushKeepsDigest(t *testing.T) {
	host, dir := newRegistry(t, nil), t.TempDir()
	source, archive := samplesDir+"/exit42.tasm", filepath.Join(dir, "image.tar")
	line := mustRun(t, "push", source, host+"/a", host+"/a:1", host+"/b:2", "--image-refs", filepath.Join(dir, "refs"))
	first, _, _ := strings.Cut(line, "\n")
	_, digest, ok := strings.Cut(first, "@")
	if want := host + "/a@" + digest + "\n" + host + "/b@" + digest + "\n"; !ok || line != want || readText(t, filepath.Join(dir, "refs")) != want {
		t.Errorf("printed %q, want %q", line, want)
	}
	mustRun(t, "build", source, "-o", archive)
	if got := mustRun(t, "push", archive, host+"/c"); got != host+"/c@"+digest+"\n" {
		t.Errorf("the archive is pushed as %s, want %s", got, digest)
	}
	for _, output := range []string{filepath.Join(dir, "layout") + "/", filepath.Join(dir, "back.tar")} {
		if got := mustRun(t, "pull", host+"/c@"+digest, "-o", output); got != host+"/c@"+digest+"\n" {
			t.Errorf("%s is pulled as %s", output, got)
		}
		if got := mustRun(t, "push", output, host+"/d"); got != host+"/d@"+digest+"\n" {
			t.Errorf("%s is pushed as %s", output, got)
		}
	}
	piped := runTasm(mustRun(t, "pull", host+"/a:1", "-o", "-"), "push", "-", host+"/e")
	if piped.stdout != host+"/e@"+digest+"\n" {
		t.Errorf("through a pipe: %+v", piped)
	}
}

// TestPullLeavesNothing cuts a pull: no output, no temporary file, an old output
// as it was.
func TestPullLeavesNothing(t *testing.T) {
	var blobs atomic.Int64 // that were asked for: config, layer, and so on
	host := newRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") && blobs.Add(1)%2 == 0 {
			w.Write([]byte("something else"))
			return true
		}
		return false
	})
	mustRun(t, "push", samplesDir+"/exit42.tasm", host+"/a")
	dir := t.TempDir()
	old := filepath.Join(dir, "old.tar")
	writeText(t, old, "old")
	for _, output := range []string{"new.tar", "layout/", "old.tar"} {
		r := runTasm("", "pull", host+"/a", "-o", filepath.Join(dir, output)+strings.Repeat("/", strings.Count(output, "/")))
		if r.status != exitError || r.stdout != "" || !strings.Contains(r.stderr, "can't write '"+filepath.Join(dir, output)) || !strings.Contains(r.stderr, "is not what its digest says") {
			t.Errorf("%s: %+v", output, r)
		}
	}
	if got := contents(t, dir); strings.Join(got, " ") != "old.tar" || readText(t, old) != "old" {
		t.Errorf("left behind: %v", got)
	}
}

// TestFullDisk pulls and pushes where nothing can be written.
func TestFullDisk(t *testing.T) {
	host := newRegistry(t, nil)
	mustRun(t, "push", samplesDir+"/exit42.tasm", host+"/a")
	for _, args := range [][]string{
		{"pull"},
		{"push", samplesDir + "/exit42.tasm", host + "/a", "--image-refs", "/dev/full"},
	} {
		if args[0] == "pull" { // the name must end in .tar
			link := filepath.Join(t.TempDir(), "full.tar")
			if err := os.Symlink("/dev/full", link); err != nil {
				t.Fatal(err)
			}
			args = []string{"pull", host + "/a", "-o", link}
		}
		r := runTasm("", args...)
		if r.status != exitError || !strings.Contains(r.stderr, "no space left on device") {
			t.Errorf("%v: %+v", args, r)
		}
		if args[0] == "push" && !strings.Contains(r.stdout, "@sha256:") {
			t.Error("does not say what was pushed")
		}
	}
}

// TestSmallDisk pulls where there is room for a part only: nothing stays.
func TestSmallDisk(t *testing.T) {
	host, disk := newRegistry(t, nil), t.TempDir()
	program := filepath.Join(t.TempDir(), "program")
	compile(t, program, "return 0;", "-static")
	image := filepath.Join(t.TempDir(), "image.tar")
	mustRun(t, "image", program, "-o", image)
	mustRun(t, "push", image, host+"/a")
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatalf("a disk of 64 KiB needs root: %v", err)
	}
	defer syscall.Unmount(disk, 0)
	for _, args := range [][]string{
		{"pull", host + "/a", "-o", disk + "/image.tar"}, {"pull", host + "/a", "-o", disk + "/layout/"},
		{"image", program, "-o", disk + "/image.tar"}, {"build", samplesDir + "/exit42.tasm", "--from", image, "-o", disk + "/image.tar"},
	} {
		if r := runTasm("", args...); r.status != exitError || !strings.Contains(r.stderr, "no space left on device") {
			t.Errorf("%v: %+v", args, r)
		}
		if left := contents(t, disk); len(left) > 0 {
			t.Errorf("%v left behind: %v", args, left)
		}
	}
}

// TestSignalEndsTransfer ends a pull that hangs: nothing stays.
func TestSignalEndsTransfer(t *testing.T) {
	var blobs atomic.Int64
	asked := make(chan bool, 10)
	host := newRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") && blobs.Add(1)%2 == 0 {
			asked <- true
			<-r.Context().Done()
			return true
		}
		return false
	})
	mustRun(t, "push", samplesDir+"/exit42.tasm", host+"/a")
	for _, output := range []string{"image.tar", "layout/"} {
		dir := t.TempDir()
		cmd := startTasm(t, "pull", host+"/a", "-o", dir+"/"+output)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		cmd.Process.Signal(syscall.SIGINT)
		cmd.Wait()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
			t.Errorf("%s: %v", output, cmd.ProcessState)
		}
		if left := contents(t, dir); len(left) > 0 {
			t.Errorf("%s left behind: %v", output, left)
		}
	}
}

// TestDockerLogin uses the logins that Docker keeps. A password is in no output,
// whatever goes wrong.
func TestDockerLogin(t *testing.T) {
	const password = "do-not-print-this"
	login := "Basic " + base64.StdEncoding.EncodeToString([]byte("somebody:"+password))
	var refuse atomic.Bool
	host := newRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == login && !refuse.Load() {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	config := filepath.Join(dir, "config.json")
	push := func() result { return runTasm("", "push", samplesDir+"/exit42.tasm", host+"/a") }
	check := func(r result, status int, says string) {
		t.Helper()
		if out := r.stdout + r.stderr; r.status != status || !strings.Contains(out, says) || strings.Contains(out, password) || strings.Contains(out, login) {
			t.Errorf("%+v, want status %d and %q", r, status, says)
		}
	}
	check(push(), exitError, "it wants a login; run: docker login "+host)
	writeText(t, config, `{"auths":{"`+host+`":{"auth":"`+strings.TrimPrefix(login, "Basic ")+`"}}}`)
	check(push(), exitOK, host+"/a@sha256:")
	check(runTasm("", "pull", host+"/a", "-o", dir+"/a.tar"), exitOK, host+"/a@sha256:")
	check(runTasm("", "build", "--from", host+"/a", samplesDir+"/exit42.tasm", "--tag", "x", "-o", dir+"/b.tar"), exitOK, "")
	refuse.Store(true)
	check(push(), exitError, "401 Unauthorized")
	writeText(t, config, `{"auths":{"`+host+`":{"auth":"`+password+`"}}}`)
	check(push(), exitError, "login")
	writeText(t, config, `{"credHelpers":{"`+host+`":"none"}}`)
	check(push(), exitError, host)
	check(runTasm("", "push", samplesDir+"/exit42.tasm", "somebody:"+password+"@"+host+"/a"), exitUsage, "docker login")
	check(runTasm("", "inspect", "https://somebody:"+password+"@"+host+"/a"), exitUsage, "")
}

// TestNotAnImage gives files to push that are no images.
func TestNotAnImage(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	mustRun(t, "build", samplesDir+"/exit42.tasm", "-o", program)
	writeText(t, filepath.Join(dir, "packed.tar.gz"), "\x1f\x8b\x08")
	writeText(t, filepath.Join(dir, "wrong.tasm"), "mvo eax, 1\n")
	for name, says := range map[string]string{
		program:                    "make one with: tasm image " + program + " -o image.tar",
		dir:                        "it is no image archive and no image layout",
		dir + "/packed.tar.gz":     "is compressed; uncompress it first",
		dir + "/wrong.tasm":        "unknown instruction 'mvo'",
		dir + "/none":              "no such file or directory",
		samplesDir + "/hello.test": "error",
	} {
		r := runTasm("", "push", name, "localhost:1/x")
		if r.status != exitError || r.stdout != "" || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestBuildOnSmallDisk builds where there is room for a part only: nothing stays.
func TestBuildOnSmallDisk(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	random := make([]byte, 400_000) // that nothing compresses
	rand.NewChaCha8([32]byte{}).Read(random)
	writeText(t, big, string(random))
	source := samplesDir + "/exit42.tasm"
	full := filepath.Join(dir, "full")
	if err := os.Mkdir(full, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", full, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatal("a file system of its own needs root: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(full, 0); err != nil {
			t.Error(err)
		}
	})
	for _, args := range [][]string{
		{"build", "--add", big + ":/big", source, "-o", full + "/x.tar"}, {"build", "--add", big + ":/big", source, "-o", full + "/x/"},
	} {
		if r := runTasm("", args...); r.status != exitError || r.stdout != "" || !strings.Contains(r.stderr, "no space left on device") {
			t.Errorf("%q: %+v", args, r)
		}
		if got := contents(t, full); len(got) != 0 {
			t.Errorf("%q leaves %q", args, got)
		}
	}
}
