package parser

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tasm/diag"
	"tasm/lang"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (rewrite it with -update):\n%s", path, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			old := "(nothing)"
			if i < len(w) {
				old = w[i]
			}
			return "got:  " + g[i] + "\nwant: " + old
		}
	}
	return "got less"
}

// parseLines parses text line by line.
func parseLines(files *diag.Files, name, text string) (statements []*lang.Statement, bag *diag.Bag) {
	bag = &diag.Bag{}
	p := New(Config{Vocabulary: testVocabulary{}, Files: files, Format: "bin"})
	stream := p.Pass(files.Add(name, []byte(text)), &valueEnv{}, bag)
	for st := stream.Next(); st != nil; st = stream.Next() {
		statements = append(statements, st)
	}
	return statements, bag
}

// TestSyntax compares the statements of each file in testdata/syntax with the
// golden file beside it. There must be no errors.
func TestSyntax(t *testing.T) {
	for _, path := range sources(t, "testdata/syntax") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := fileText(t, path)
			files := &diag.Files{}
			statements, bag := parseLines(files, path, text)
			d := dumper{files}
			for _, m := range bag.Messages() {
				if m.Severity == diag.Error {
					t.Errorf("%s", d.message(m))
				}
			}
			var b strings.Builder
			for _, st := range statements {
				p := files.Position(st.Range)
				b.WriteString(p.Text + "\n        " + d.statement(st) + "\n")
			}
			for _, m := range bag.Messages() {
				b.WriteString(d.message(m))
			}
			golden(t, strings.TrimSuffix(path, ".asm")+".ast", b.String())
		})
	}
}

// TestErrors compares the messages about each file in testdata/errors. Every
// line of those is wrong, but for the ones that end in "; right".
func TestErrors(t *testing.T) {
	for _, path := range sources(t, "testdata/errors") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := fileText(t, path)
			files := &diag.Files{}
			_, bag := parseLines(files, path, text)
			d := dumper{files}
			var b strings.Builder
			wrong := map[int]int{}
			for _, m := range bag.Messages() {
				p := files.Position(m.Range)
				if m.Severity == diag.Error {
					wrong[p.Line]++
				}
				b.WriteString(p.Text + "\n" + d.message(m))
			}
			for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
				want := 1
				if strings.HasSuffix(line, "; right") || strings.TrimSpace(line) == "" {
					want = 0
				}
				if wrong[i+1] != want {
					t.Errorf("line %d (%s): %d errors, want %d", i+1, line, wrong[i+1], want)
				}
			}
			golden(t, strings.TrimSuffix(path, ".asm")+".messages", b.String())
		})
	}
}

func sources(t *testing.T, dir string) []string {
	paths, err := filepath.Glob(filepath.Join(dir, "*.asm"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no sources in ", dir, err)
	}
	return paths
}

func fileText(t *testing.T, path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestGrammar keeps the grammars of the directives, as participle sees them, in
// one readable file.
func TestGrammar(t *testing.T) {
	g := newGrammar(testVocabulary{})
	var b strings.Builder
	write := func(name string, r *rule) {
		b.WriteString(name + "\n")
		if r.compile != nil {
			b.WriteString(r.compile(g).ebnf() + "\n")
		}
		b.WriteString("\n")
	}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		write(name, rules[name])
	}
	for _, name := range slices.Sorted(maps.Keys(ownRules)) {
		write(name, ownRules[name].rule)
	}
	golden(t, "testdata/directives.ebnf", b.String())
}
