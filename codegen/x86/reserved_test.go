package x86

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tasm/lang"
)

// TestReservedWords holds mnemonics.txt against nasm, which takes a word alone on
// a line for a label, and warns, if it is no mnemonic of its own.
func TestReservedWords(t *testing.T) {
	words := slices.Sorted(maps.Keys(reserved()))
	words = append(words, "nolabel", "retx") // what the test finds if it works
	dir := t.TempDir()
	in := filepath.Join(dir, "in.asm")
	if err := os.WriteFile(in, []byte(strings.Join(words, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("nasm", "-f", "bin", "-o", filepath.Join(dir, "out"), in)
	text, _ := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal("nasm is needed for this test")
	}
	var labels []string
	for line := range strings.Lines(string(text)) {
		n := 0
		rest := strings.TrimPrefix(line, in)
		if _, err := fmt.Sscanf(rest, ":%d: warning: label alone", &n); err == nil {
			labels = append(labels, words[n-1])
		}
	}
	if !slices.Equal(labels, []string{"nolabel", "retx"}) {
		t.Errorf("words that nasm does not reserve: %q", labels)
	}
	for _, w := range words[:len(words)-2] {
		if class, _ := (Vocabulary{}).Lookup(w); class != lang.MnemonicWord && class != lang.PrefixWord {
			t.Errorf("%s is no reserved word", w)
		}
	}
}
