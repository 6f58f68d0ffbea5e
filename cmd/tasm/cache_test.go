package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// cachedSource is a program that is golfed in no time.
const cachedSource = `target linux/386, linux/amd64
entry start
start:  mov eax, 1
        mov ebx, 7
        int 0x80
`

// runCached runs the command with a folder for layouts.
func runCached(dir, stdin string, args ...string) result {
	var stdout, stderr bytes.Buffer
	status := run(args, &system{
		stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr,
		getenv: func(string) string { return "" }, cacheDir: dir,
	})
	return result{status, stdout.String(), stderr.String()}
}

// TestCache holds that a second build takes the file of the first, that both are the
// same, and what makes a build one of its own.
func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tasm")
	build := func(source string, cached bool, args ...string) string {
		t.Helper()
		r := runCached(dir, source, append([]string{"build", "-v", "-o", "-"}, append(args, "-")...)...)
		if r.status != exitOK || strings.Contains(r.stderr, "cached") != cached {
			t.Fatalf("build %v: status %d, want cached: %v\n%s", args, r.status, cached, r.stderr)
		}
		return r.stdout
	}
	first := build(cachedSource, false)
	for range 2 {
		if again := build(cachedSource, true); again != first {
			t.Fatal("the file of the cache is another")
		}
	}
	if build(cachedSource, false, "--no-cache") != first {
		t.Fatal("the file without the cache is another")
	}
	build(cachedSource, true, "-f", "image") // the same program
	build(cachedSource, true, "-D", "unused=1")
	build(strings.Replace(cachedSource, "7", "8", 1), false)
	build(cachedSource, false, "--loader", "portable")
	build(cachedSource, false, "--target", "linux/amd64")
	build(cachedSource, false, "--layout", "pack")
	build(cachedSource, false, "--layout", "plain")
	build(cachedSource, false, "--layout", "plain")
	build(cachedSource, true)

	// What the other verbs show of a file is not less because it was not searched for.
	for _, verb := range [][]string{{"explain"}, {"size"}, {"explain", "--format", "json"}} {
		want := runCached("", cachedSource, append(verb, "-")...)
		if got := runCached(dir, cachedSource, append(verb, "-")...); got != want || want.status != exitOK {
			t.Errorf("tasm %v shows another thing of a file from the cache:\n%s%s\n%s%s", verb, got.stdout, got.stderr, want.stdout, want.stderr)
		}
	}
}

// TestCost holds that a build tells what a file for all systems costs: from above by a
// short search, and to the byte when that file was built before.
func TestCost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tasm")
	build := func(want string, args ...string) {
		t.Helper()
		r := runCached(dir, cachedSource, append([]string{"build", "-v", "-o", "-"}, append(args, "-")...)...)
		if r.status != exitOK || !strings.Contains(r.stderr, want) {
			t.Errorf("build %v: status %d, want %q:\n%s", args, r.status, want, r.stderr)
		}
	}
	size := func(args ...string) int {
		return len(stdoutOf(t, cachedSource, append([]string{"build", "-o", "-"}, append(args, "-")...)...))
	}
	build("machines): --loader portable (at most +")
	build("B on the wire); commits", "-f", "image")
	more := size("--anywhere") - size()
	build("; commits", "--anywhere")
	build("B  linux/386", "--anywhere")
	build(fmt.Sprintf("machines): --loader portable (+%d B); commits", more))
	build(fmt.Sprintf("machines): --loader portable (+%d B, +", more), "-f", "image")
}

func stdoutOf(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	r := runTasm(stdin, args...)
	if r.status != exitOK {
		t.Fatal(r.stderr)
	}
	return r.stdout
}

// TestCacheDamage holds that entries which are not whole, or folders that can't be
// used, cost nothing but time.
func TestCacheDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tasm")
	args := []string{"build", "-o", "-", "-"}
	want := runCached("", cachedSource, args...)
	if got := runCached(dir, cachedSource, args...); got != want {
		t.Fatal(got.stderr)
	}
	for _, name := range contents(t, dir) {
		writeText(t, filepath.Join(dir, name), "damaged")
	}
	if got := runCached(dir, cachedSource, args...); got != want {
		t.Error("with damaged entries:", got.stderr)
	}
	file := filepath.Join(t.TempDir(), "file")
	writeText(t, file, "")
	if got := runCached(filepath.Join(file, "tasm"), cachedSource, args...); got != want {
		t.Error("below a file:", got.stderr)
	}
}

// TestCacheConcurrent holds that builds at the same time all get the right file.
func TestCacheConcurrent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tasm")
	args := []string{"build", "-o", "-", "-"}
	want := runCached("", cachedSource, args...)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := runCached(dir, cachedSource, args...); got != want {
				t.Error(got.stderr)
			}
		})
	}
	all.Wait()
	if names := contents(t, dir); len(names) != 1 {
		t.Error("left in the cache:", names)
	}
}

// TestCacheDir holds that no folder is made for a user who has none.
func TestCacheDir(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", home)
	if got, want := cacheDir(), filepath.Join(home, ".cache", "tasm"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	t.Setenv("HOME", filepath.Join(home, "none"))
	if got := cacheDir(); got != "" {
		t.Errorf("%q for a user without a home", got)
	}
	if buildID() == "" {
		t.Error("the test has no build ID")
	}
	if _, err := os.Stat(filepath.Join(home, "none")); err == nil {
		t.Error("a home was made")
	}
}
