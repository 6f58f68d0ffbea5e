package x86

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"tasm/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMismatchTexts compares explanations with testdata/mismatches.txt: lines
// "bits: instruction" followed by the message as it is now.
func TestMismatchTexts(t *testing.T) {
	const file = "testdata/mismatches.txt"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	count := 0
	for text := range strings.Lines(string(data)) {
		if text[0] == '\t' {
			continue
		}
		b.WriteString(text)
		var mode int
		if text[0] == '#' || text == "\n" {
			continue
		}
		if _, err := fmt.Sscanf(text, "%d:", &mode); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		_, source, _ := strings.Cut(strings.TrimSpace(text), ": ")
		in := instruction(mode, source)
		var e Encoding
		m := Encode(&in, &e)
		if m == nil {
			t.Errorf("%s: encoded as % x", source, e.Code())
			continue
		}
		places := make([]diag.Range, len(in.Operands))
		for i := range places {
			places[i] = diag.Range{File: 1, Start: int32(i + 1)}
		}
		d := m.Message(diag.Range{File: 1}, places)
		if int(d.Range.Start) != m.Operand+1 && m.Operand < len(places) {
			t.Errorf("%s: message at %v, operand %d", source, d.Range, m.Operand)
		}
		fmt.Fprintf(&b, "\t%d: %s\n", m.Operand, d.Text)
		for _, n := range d.Notes {
			fmt.Fprintf(&b, "\t\t%s\n", n.Text)
		}
		for _, f := range d.Fixes {
			fmt.Fprintf(&b, "\t\tinstead: %s\n", f.Text)
		}
		count++
	}
	if count < 30 {
		t.Errorf("only %d messages tested", count)
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if b.String() != string(data) {
		t.Errorf("messages differ from %s; run with -update and look at the difference:\n%s", file, b.String())
	}
}
