package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSource checks that the generated source is always the same, has the
// lines that were asked for, and is one that nasm takes.
func TestSource(t *testing.T) {
	const lines = 3000
	var one, two bytes.Buffer
	if err := writeSource(&one, lines); err != nil {
		t.Fatal(err)
	}
	if err := writeSource(&two, lines); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("two sources differ")
	}
	if n := bytes.Count(one.Bytes(), []byte("\n")); n != lines {
		t.Errorf("%d lines, want %d", n, lines)
	}
	source := filepath.Join(t.TempDir(), "source.asm")
	if err := os.WriteFile(source, one.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("nasm", "-f", "bin", "-o", source+".bin", source).CombinedOutput(); err != nil {
		t.Errorf("nasm: %v\n%s", err, said)
	}
}

// TestKinds checks that each kind of source is always the same, and that nasm takes it,
// or not where it is wrong.
func TestKinds(t *testing.T) {
	for _, k := range sourceKinds {
		text := k.text(480)
		if text == "" || text != k.text(480) {
			t.Errorf("%s: two sources differ", k.name)
		}
		dir := t.TempDir()
		source := filepath.Join(dir, "source.asm")
		if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command("nasm", "-f", "bin", "-o", filepath.Join(dir, "out"), source).CombinedOutput()
		if (err != nil) != k.wrong {
			t.Errorf("%s: %v\n%s", k.name, err, said)
		}
	}
}
