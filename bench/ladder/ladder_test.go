package main

import (
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRungs builds the rungs that take little time, and runs them. The sizes of
// the story that are exact must come out again.
func TestRungs(t *testing.T) {
	*sources, *samples = "src", "../../samples"
	tasm := filepath.Join(t.TempDir(), "tasm")
	if out, err := exec.Command("go", "build", "-o", tasm, "../../cmd/tasm").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	exact := map[int64]bool{336: true, 117: true, 73: true, 45: true}
	for _, r := range rungs {
		if !exact[r.told] && !strings.Contains(r.script, "nasm") {
			continue // their tools take long, or other tests have them
		}
		dir := filepath.Join(t.TempDir(), "rung")
		if err := r.build(dir, tasm); err != nil {
			t.Errorf("%s: %v", r.how, err)
			continue
		}
		program := filepath.Join(dir, "program")
		info, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		if exact[r.told] && info.Size() != r.told {
			t.Errorf("%s: %d bytes, the story has %d", r.how, info.Size(), r.told)
		}
		var args []string
		if r.told == 45 {
			args = []string{line}
		}
		if out, err := exec.Command(program, args...).Output(); err != nil || string(out) != line {
			t.Errorf("%s: it printed %q (%v)", r.how, out, err)
		}
	}
}

// TestReport writes a table and a picture of what was not measured.
func TestReport(t *testing.T) {
	results := []*result{
		{rung: &rung{how: "told <only>", told: 73_900_000}},
		{rung: &rung{how: "fails", script: "x", fails: "no"}, program: 9, image: 43_856, wire: 18_475, said: "no"},
		{rung: tasm("`x`", "hello.tasm", ""), program: 70, image: 70, wire: 750, ran: true},
	}
	table := markdown(results)
	for _, want := range []string{"| told <only> | 73.9 MB |  |  |  | not rebuilt |\n", "| 9 | 43,856 | 18,475 | fails: no |\n", "| **tasm**, `x` |  | 70 | 70 | 750 | prints the line |\n"} {
		if !strings.Contains(table, want) {
			t.Errorf("no line %q in\n%s", want, table)
		}
	}
	picture := draw(results)
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
	}
	for _, want := range []string{"told &lt;only&gt;", "73.9 MB", "43.9 kB, does not start", ">70 B<", ">750 B<"} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %q in the picture", want)
		}
	}
	if across(10) != labelWidth || across(100_000_000) != labelWidth+barWidth || across(100) >= across(101) {
		t.Error("the scale is wrong")
	}
}

// TestReadme looks for the table in README.md, with a row for every rung.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), begin)
	table, _, _ := strings.Cut(rest, end)
	for _, r := range rungs {
		if !strings.Contains(table, "| "+r.how+" |") {
			t.Errorf("README.md has no row for %s; run make ladder", r.how)
		}
	}
}
