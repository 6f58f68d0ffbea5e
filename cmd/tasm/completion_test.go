package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBashCompletion asks a real bash what it would offer.
func TestBashCompletion(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "tasm.bash")
	if err := os.WriteFile(script, []byte(runTasm("", "completion", "bash").stdout), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hello.tasm"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, offers string }{
		{"tasm ", strings.Join(commandNames(), " ")},
		{"tasm b", "build"},
		{"tasm help v", "version"},
		{"tasm completion ", "bash zsh fish"},
		{"tasm build --for", "--format"},
		{"tasm build -f ", strings.Join(formatNames(), " ")},
		{"tasm build --target linux/a", "linux/amd64"},
		{"tasm build -X j", "json"},
		{"tasm build he", "hello.tasm"},
		{"tasm build -I ", "lib"},
		{"tasm build -D ", ""},
		{"tasm build -o he", "hello.tasm"},
		{"tasm version --", "--help"},
	} {
		words := strings.Split(c.line, " ")
		cmd := exec.Command("bash", "-c", `source tasm.bash; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _tasm; echo "${COMPREPLY[*]}"`, "bash", "tasm.bash")
		cmd.Args = append(cmd.Args, words...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.offers {
			t.Errorf("%q offers %q (%v), want %q", c.line, got, err, c.offers)
		}
	}
}

// TestCompletionKnowsEverything looks for every command and option in the
// script of every shell.
func TestCompletionKnowsEverything(t *testing.T) {
	for _, shell := range shells {
		script := runTasm("", "completion", shell.name).stdout
		for _, c := range commands() {
			if !strings.Contains(script, c.name) {
				t.Errorf("%s: no command %s", shell.name, c.name)
			}
			for _, o := range c.options() {
				if !strings.Contains(script, o.long) {
					t.Errorf("%s: no option --%s of %s", shell.name, o.long, c.name)
				}
				if words := strings.Join(o.words, " "); !strings.Contains(script, words) {
					t.Errorf("%s: no words %q for --%s", shell.name, words, o.long)
				}
			}
		}
	}
}
