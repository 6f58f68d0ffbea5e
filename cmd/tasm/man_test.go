package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManual makes sure that the manual page has every command and option, and that
// no text is taken for a request.
func TestManual(t *testing.T) {
	r := runTasm("", "help", "--man")
	if r.status != 0 {
		t.Fatal(r.stderr)
	}
	for _, c := range commands() {
		if !strings.Contains(r.stdout, "\n.SS \""+roff(c.usageLine())+"\"\n") {
			t.Errorf("the page has no command %s", c.name)
		}
		for _, g := range c.groups {
			for _, o := range optionsOf(g.set) {
				if !strings.Contains(r.stdout, "\n.B "+roff(o.synopsis())+"\n") {
					t.Errorf("the page has no option --%s of %s", o.long, c.name)
				}
			}
		}
	}
	requests := map[string]bool{".TH": true, ".SH": true, ".SS": true, ".PP": true, ".TP": true, ".B": true, ".I": true, ".RI": true, ".BR": true}
	for line := range strings.Lines(r.stdout) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); (line[0] == '.' || line[0] == '\'') && !requests[name] {
			t.Errorf("a line is taken for a request: %s", line)
		}
	}
	if r := runTasm("", "help", "--man", "build"); r.status != exitUsage {
		t.Errorf("help --man build: status %d", r.status)
	}
}

// TestNearMisses says what was meant by words that are no command.
func TestNearMisses(t *testing.T) {
	dir := t.TempDir()
	program, source := filepath.Join(dir, "program"), filepath.Join(dir, "x.asm")
	writeText(t, source, "nop\n")
	if err := os.WriteFile(program, []byte("\x7fELF"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ word, want string }{
		{source, "tasm build " + source}, {program, "tasm explain " + program}, {dir, "tasm inspect " + dir},
		{"assemble", "'tasm build'"}, {"objdump", "'tasm disasm'"}, {"biuld", "'build'"}, {"gone.tasm", "neither a command nor a file"},
		{"-felf64", "tasm nasm -felf64"}, {"xyzzy", "there is no command 'xyzzy'"},
	} {
		if r := runTasm("", c.word); r.status != exitUsage || !strings.Contains(r.stderr, c.want) {
			t.Errorf("tasm %s: status %d, %s", c.word, r.status, r.stderr)
		}
	}
	for word, command := range habits {
		if findCommand(word) != nil {
			t.Errorf("%s is a command of its own", word)
		}
		if findCommand(command) == nil {
			t.Errorf("%s stands for %s, which is no command", word, command)
		}
	}
}
