package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected results")

// TestMain lets scripts and tests run this test binary as the command tasm.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tasm": main})
}

// TestScripts runs the command line sessions in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error { // nothing is kept from one run to the next
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".tmp", "cache"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"only": onlyFiles,
			"mode": fileMode,
		},
	})
}

// onlyFiles checks that a folder holds the named files and no others.
func onlyFiles(ts *testscript.TestScript, neg bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var names []string
	for _, e := range entries {
		if e.Name() != ".tmp" { // testscript's own
			names = append(names, e.Name())
		}
	}
	if diff := cmp.Diff(args[1:], names); diff != "" {
		ts.Fatalf("%s holds (-want +got):\n%s", args[0], diff)
	}
}

// fileMode checks the type and permissions of a file, as ls shows them.
func fileMode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Lstat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().String(); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// result is what a run of tasm left.
type result struct {
	status         int
	stdout, stderr string
}

// runTasm runs the command in this process.
func runTasm(stdin string, args ...string) result {
	var stdout, stderr bytes.Buffer
	status := run(args, &system{
		stdin:  strings.NewReader(stdin),
		stdout: &stdout,
		stderr: &stderr,
		getenv: func(string) string { return "" },
	})
	return result{status, stdout.String(), stderr.String()}
}

// mustBuild builds a source and returns the bytes of the product. What was built
// before is not built again.
func mustBuild(t *testing.T, args ...string) []byte {
	t.Helper()
	key := strings.Join(args, "\x00")
	if product, ok := built[key]; ok {
		return product
	}
	r := runTasm("", append([]string{"build", "-o", "-"}, args...)...)
	if r.status != exitOK || r.stderr != "" {
		t.Fatalf("tasm build %s: status %d\n%s", strings.Join(args, " "), r.status, r.stderr)
	}
	built[key] = []byte(r.stdout)
	return built[key]
}

var built = map[string][]byte{} // products of mustBuild, by its arguments

// golden compares got with the file path, or rewrites that.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
