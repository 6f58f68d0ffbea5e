package manual

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tasm/codegen/x86"
	"tasm/parser"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestGolden shows what people see of one word of each kind.
func TestGolden(t *testing.T) {
	for _, word := range []string{
		"adc", "jbe", "div", "vpaddb", "pause", "eax", "xmm3", "zf", "e_phoff", "EI_PAD", "write", "EFAULT", "sigsegv", "times", "%macro", "__FILE__", "rep", "es", "sys",
	} {
		entries := All(word)
		if len(entries) == 0 {
			t.Errorf("%s has no entry", word)
			continue
		}
		var text, page strings.Builder
		for i := range entries {
			if i > 0 {
				text.WriteByte('\n')
				page.WriteByte('\n')
			}
			text.WriteString(entries[i].Text())
			page.WriteString(entries[i].Markdown())
		}
		golden(t, strings.Trim(word, "%_")+".txt", text.String()+"\n--- Markdown ---\n\n"+page.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test ./manual -update writes it anew:\n%s", path, got)
	}
}

// TestWords looks up every word, which must have a sentence, and compares the words
// of the language with those that the parser knows.
func TestWords(t *testing.T) {
	for _, w := range Words() {
		if w[0] == 'v' || strings.HasPrefix(w, "hint_nop") { // some 1,500 that are all made alike
			continue
		}
		e, ok := Lookup(w)
		if !ok {
			t.Errorf("%s has no entry", w)
			continue
		}
		if len(e.Summary) < 6 || !strings.HasSuffix(e.Summary, ".") {
			t.Errorf("%s: %q is no sentence", w, e.Summary)
		}
	}
	known := map[string]bool{}
	for _, w := range parser.Words() {
		known[strings.ToLower(w)] = true
		_, ok := language(strings.ToLower(w))
		inner := strings.HasPrefix(w, "__")
		if !ok && !inner {
			t.Errorf("the parser knows %s, and words.txt does not", w)
		}
	}
	for _, row := range words() {
		if row.kind == "register" || row.kind == "flag" || row.kind == "prefix" || row.names[0][0] == '$' {
			continue
		}
		for _, n := range row.names {
			if !known[strings.ToLower(n)] && n != "alignmode" { // a macro of the package smartalign
				t.Errorf("words.txt has %s, and the parser does not know it", n)
			}
		}
	}
}

// TestBlocks makes sure that every block of instructions.txt is about an
// instruction, and that its example runs.
func TestBlocks(t *testing.T) {
	for name, b := range blocks().blocks {
		if family, ok := strings.CutSuffix(name, "cc"); ok {
			name = family + "e"
		}
		if x86.LookupMnemonic(name) == 0 {
			t.Errorf("there is no instruction %s", name)
		}
		if len(b.about) == 0 {
			t.Errorf("%s has no sentence", name)
		}
		if b.example != "" {
			if _, ok := runExample(b.example); !ok {
				t.Errorf("the example of %s does not run: %s", name, b.example)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{"mvo": "mov", "EFALT": "EFAULT", "e_phof": "e_phoff", "%marco": "%macro", "wirte": "write", "sigsev": "SIGSEGV", "": ""} {
		if got := Nearest(word); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
}

func FuzzLookup(f *testing.F) {
	f.Add("adc")
	f.Add("__?x?__")
	f.Fuzz(func(t *testing.T, word string) {
		for _, e := range All(word) {
			_ = e.Text() + e.Markdown()
		}
		Nearest(word)
	})
}

// TestNumber tells what a number means as a call, an error, a signal and a character.
func TestNumber(t *testing.T) {
	for word, want := range map[string]string{"4": "write stat EINTR SIGILL", "0x3c": "umask exit ENOSTR <", "65": "getpgrp semop ENOPKG A", "9999": "", "4x": ""} {
		var got []string
		for _, e := range All(word) {
			for _, row := range e.Sections[0].Rows {
				got = append(got, strings.Trim(row[1], "'"))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, not %q", word, got, want)
		}
	}
}
