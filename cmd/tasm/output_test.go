package main

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// flatSource makes the three bytes flatBytes as a flat binary.
const (
	flatSource = "        db 'new'\n"
	flatBytes  = "new"
)

// buildFlat builds flatSource as a flat binary into output.
func buildFlat(output string) result {
	return runTasm(flatSource, "build", "-f", "bin", "-o", output, "-")
}

// contents returns the names in a folder.
func contents(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func expectContents(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", name, got, err, want)
	}
}

func TestOutputReplacesFiles(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	if err := os.WriteFile(out, []byte("old and longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := buildFlat(out); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	expectContents(t, out, flatBytes)
	if info, err := os.Stat(out); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file's mode is now %v (%v)", info.Mode(), err)
	}
	if got := contents(t, dir); !slices.Equal(got, []string{"out"}) {
		t.Errorf("the folder holds %v", got)
	}
}

func TestOutputFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(at("sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("sub/file"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"relative": "sub/file", "absolute": at("sub/file"), "twice": "relative", "dangling": "sub/new", "loop": "loop", "nowhere": "no/such",
		"sub/up": "../made",
	} {
		if err := os.Symlink(target, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for link, file := range map[string]string{
		"relative": "sub/file", "absolute": "sub/file", "twice": "sub/file", "dangling": "sub/new", "sub/up": "made",
	} {
		if r := buildFlat(at(link)); r.status != exitOK {
			t.Errorf("%s: %s", link, r.stderr)
			continue
		}
		expectContents(t, at(file), flatBytes)
		if info, err := os.Lstat(at(link)); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more", link)
		}
		if err := os.WriteFile(at("sub/file"), []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, says := range map[string]string{"loop": "too many levels of symbolic links", "nowhere": "no such file or directory"} {
		if r := buildFlat(at(link)); r.status != exitError || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: status %d, %q", link, r.status, r.stderr)
		}
	}
}

// TestOutputIntoDevices writes to devices made for the test, so that a mistake
// does not destroy those of the system.
func TestOutputIntoDevices(t *testing.T) {
	dir := t.TempDir()
	null, full := filepath.Join(dir, "null"), filepath.Join(dir, "full")
	for path, minor := range map[string]int{null: 3, full: 7} {
		if err := syscall.Mknod(path, syscall.S_IFCHR|0o666, 1<<8|minor); err != nil {
			t.Fatal("making a device needs root: ", err)
		}
	}
	if r := buildFlat(null); r.status != exitOK || r.stderr != "" {
		t.Errorf("null: %+v", r)
	}
	if r := buildFlat(full); r.status != exitError || !strings.Contains(r.stderr, "full': no space left on device") {
		t.Errorf("full: %+v", r)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("null", link); err != nil {
		t.Fatal(err)
	}
	if r := buildFlat(link); r.status != exitOK {
		t.Errorf("link: %+v", r)
	}
	for _, path := range []string{null, full} {
		if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
			t.Errorf("%s is no device any more: %v", path, info.Mode())
		}
	}
	if got := contents(t, dir); !slices.Equal(got, []string{"full", "link", "null"}) {
		t.Errorf("the folder holds %v", got)
	}
}

func TestOutputIntoPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() {
		data, err := os.ReadFile(pipe)
		read <- string(data)
		if err != nil {
			t.Error(err)
		}
	}()
	if r := buildFlat(pipe); r.status != exitOK {
		t.Error(r.stderr)
	}
	if got := <-read; got != flatBytes {
		t.Errorf("read %q", got)
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Error("the pipe was replaced")
	}
}

func TestOutputIntoSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if r := buildFlat(path); r.status != exitError || !strings.Contains(r.stderr, "can't write") {
		t.Errorf("%+v", r)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSocket == 0 {
		t.Error("the socket was replaced")
	}
}

// startTasm makes tasm run as a process of its own.
func startTasm(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "tasm" // which makes TestMain run the command
	return cmd
}

func TestOutputToStdout(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("before "); err != nil {
		t.Fatal(err)
	}
	cmd := startTasm(t, "build", "-f", "bin", "-o", "/dev/stdout", "-")
	cmd.Stdin, cmd.Stdout = strings.NewReader(flatSource), f
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(" after"); err != nil {
		t.Fatal(err)
	}
	expectContents(t, out, "before "+flatBytes+" after")
}

func TestOutputErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ output, says string }{
		{dir, "it is a directory; give the name of a file"},
		{dir + "/", "it is a directory"},
		{filepath.Join(dir, "no", "such"), "no such file or directory"},
		{filepath.Join(file, "below"), "not a directory"},
		{filepath.Join(dir, strings.Repeat("x", 300)), "file name too long"},
		{filepath.Join(dir, "new") + "/", "no such file or directory"},
	} {
		r := buildFlat(c.output)
		if r.status != exitError || !strings.Contains(r.stderr, "tasm: error: can't write") || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: status %d, %q, want %q", c.output, r.status, r.stderr, c.says)
		}
	}
	if got := contents(t, dir); !slices.Equal(got, []string{"file"}) {
		t.Errorf("left behind: %v", got)
	}
	expectContents(t, file, "old")
}

// TestFullOutput writes to the device that has never room.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for output, says := range map[string]string{
		"-":         "tasm: error: can't write to standard output: no space left on device\n",
		"/dev/full": "tasm: error: can't write '/dev/full': no space left on device\n",
	} {
		var stderr strings.Builder
		cmd := startTasm(t, "build", "-f", "bin", "-o", output, "-")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(flatSource), full, &stderr
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitError || stderr.String() != says {
			t.Errorf("%s: %v, %q", output, err, stderr.String())
		}
	}
}

// TestOutputWithoutPermission runs tasm as a user who may not write.
func TestOutputWithoutPermission(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("only root can run a command as another user")
	}
	dir, err := os.MkdirTemp("", "tasm") // t.TempDir is for our own eyes
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(at("open"), 0); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Chmod(dir, 0o755),
		os.WriteFile(at("tasm"), self, 0o755),
		os.WriteFile(at("theirs"), []byte("old"), 0o644),
		os.WriteFile(at("secret.tasm"), []byte(flatSource), 0o600),
		os.Chmod(at("open"), 0o777),
		os.WriteFile(at("open/protected"), []byte("old"), 0o444),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ output, source, says string }{
		{"new", "-", "can't write 'new': permission denied"},
		{"theirs", "-", "can't write 'theirs': permission denied"},
		{"open/protected", "-", "can't write 'open/protected': permission denied"},
		{"open/new", "secret.tasm", "can't read 'secret.tasm': permission denied"},
	} {
		cmd := exec.Command(at("tasm"), "build", "-f", "bin", "-o", c.output, c.source)
		cmd.Dir = dir
		cmd.Stdin = strings.NewReader(flatSource)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		said, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != exitError || !strings.Contains(string(said), c.says) {
			t.Errorf("%s: %v, %q, want %q", c.output, err, said, c.says)
		}
	}
	if got := contents(t, dir); !slices.Equal(got, []string{"open", "secret.tasm", "tasm", "theirs"}) {
		t.Errorf("left behind: %v", got)
	}
	if got := contents(t, at("open")); !slices.Equal(got, []string{"protected"}) {
		t.Errorf("left behind: %v", got)
	}
	expectContents(t, at("theirs"), "old")
	expectContents(t, at("open/protected"), "old")
}

// TestOutputOnFullDisk fills a file system of its own.
func TestOutputOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal("mounting a file system needs root: ", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	out := filepath.Join(dir, "out")
	if r := buildFlat(out); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	r := runTasm("        times 1000000 db 1\n", "build", "-f", "bin", "-o", out, "-")
	if r.status != exitError || !strings.Contains(r.stderr, "no space left on device") {
		t.Errorf("%+v", r)
	}
	expectContents(t, out, flatBytes)
	if got := contents(t, dir); !slices.Equal(got, []string{"out"}) {
		t.Errorf("left behind: %v", got)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if r := buildFlat(out); r.status != exitError || !strings.Contains(r.stderr, "read-only file system") {
		t.Errorf("read-only: %+v", r)
	}
}

// TestInterrupt ends builds by signals at all times.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	old := bytes.Repeat([]byte("old"), 100)
	if err := os.WriteFile(out, old, 0o644); err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	// Most of the time goes into lines: a build that writes is not interrupted.
	source := "%rep 100000\n        add     eax, ebx\n%endrep\n        times 67108864 - ($ - $$) db 1\n"
	ended := map[os.Signal]int{}
	var whole time.Duration // that a build takes which nobody interrupts
	for i := range 25 {
		sig := []os.Signal{os.Interrupt, syscall.SIGTERM}[i%2]
		cmd := startTasm(t, "build", "-f", "bin", "-o", out, "-")
		cmd.Stdin = strings.NewReader(source)
		start := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			time.Sleep(rand.N(whole))
			cmd.Process.Signal(sig)
		}
		err := cmd.Wait()
		if i == 0 {
			whole = time.Since(start)
		}
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			status := exit.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != sig {
				t.Errorf("%v ended it with %v", sig, exit)
			}
			ended[sig]++
		} else if err != nil {
			t.Fatal(err)
		}
		if got := contents(t, dir); !slices.Equal(got, []string{"out"}) {
			t.Fatalf("left behind: %v", got)
		}
		if info, err := os.Stat(out); err != nil || info.Size() != int64(len(old)) && info.Size() != size {
			t.Fatalf("the output is broken: %v %v", info, err)
		}
	}
	if ended[os.Interrupt] == 0 || ended[syscall.SIGTERM] == 0 {
		t.Errorf("builds ended early by signal: %v", ended)
	}
}

// TestInterruptWhileWaiting interrupts a build whose source does not end.
func TestInterruptWhileWaiting(t *testing.T) {
	cmd := startTasm(t, "build", "-f", "bin", "-o", filepath.Join(t.TempDir(), "out"), "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("%v", cmd.ProcessState)
	}
}

// TestOutputNames refuses names of outputs that other tools take for those of images.
func TestOutputNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeText(t, "x.asm", flatSource)
	for name, says := range map[string]string{
		"oci:layout": "no 'oci:' before it", "docker-archive:x.tar": "no 'docker-archive:' before it", "containers-storage:x": "-o image.tar",
		"docker://registry.example/x": "tasm push x.asm registry.example/x", "http://registry.example/x": "is an address", "sif:x": "-o './sif:x'",
		"hello:1.0": "tasm push x.asm hello:1.0", "registry.example:5000/hello": "tasm push x.asm registry.example:5000/hello",
	} {
		if r := runTasm("", "build", "-f", "bin", "x.asm", "-o", name); r.status != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("-o %s: %+v, want %q", name, r, says)
		}
	}
	if got := contents(t, dir); !slices.Equal(got, []string{"x.asm"}) {
		t.Errorf("the folder holds %q", got)
	}
	for _, name := range []string{"./a:b", filepath.Join(dir, "c:d")} {
		if r := runTasm("", "build", "-f", "bin", "x.asm", "-o", name); r.status != 0 {
			t.Errorf("-o %s: %+v", name, r)
		}
	}
}
