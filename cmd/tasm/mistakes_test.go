package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestMistakes keeps docs/mistakes.md: what tasm says of each source in
// testdata/mistakes when it is built, and when it runs in the virtual machine.
func TestMistakes(t *testing.T) {
	sources, err := filepath.Glob("testdata/mistakes/*.tasm")
	if err != nil || len(sources) < 40 {
		t.Fatalf("%d sources, %v", len(sources), err)
	}
	var b strings.Builder
	b.WriteString("<!-- Made by 'make update' from cmd/tasm/testdata/mistakes; do not edit. -->\n\n# Mistakes\n\n" +
		"What tasm says of mistakes that everybody makes who learns assembly: when the program is\n" +
		"built, and when it runs (`tasm run --vm`). What the build can't be sure of is a warning, and\n" +
		"the program is made all the same; `-w-run` hides the warnings about what a program will do,\n" +
		"`-Werror=run` makes errors of them.\n")
	var titles, texts []string
	for _, path := range sources {
		title, source, _ := strings.Cut(strings.TrimPrefix(readText(t, path), "; "), "\n")
		titles, texts = append(titles, title), append(texts, source)
	}
	page, err := filepath.Abs("../../docs/mistakes.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for i, path := range sources {
		name := strings.TrimSuffix(filepath.Base(path), ".tasm")[len("00-"):] + ".tasm"
		writeText(t, name, texts[i])
		build := runTasm("", "build", "--layout", "plain", name)
		if build.stderr == "" {
			t.Errorf("%s: nothing is said of it at build", path)
		}
		fmt.Fprintf(&b, "\n## %d. %s\n\n```nasm\n%s```\n\n```\n$ tasm build %s\n%s```\n", i+1, titles[i], texts[i], name, build.stderr)
		if build.status != 0 {
			continue
		}
		run := runTasm("a line of input\n", "run", "--vm", "-w-all", name)
		told := run.stdout
		if told != "" && !strings.HasSuffix(told, "\n") {
			told += "\n"
		}
		told += run.stderr
		if run.status != 0 {
			told += fmt.Sprintf("(exit status %d)\n", run.status)
		}
		fmt.Fprintf(&b, "\n```\n$ tasm run %s\n%s```\n", name, strings.Map(printable, told))
	}
	golden(t, page, []byte(b.String()))
}

// printable keeps bytes that a page can't show out of it.
func printable(r rune) rune {
	if r == '\n' || r >= ' ' && r < 0x7f {
		return r
	}
	return '.'
}
