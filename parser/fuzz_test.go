package parser

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"tasm/diag"
	"tasm/lang"
)

// FuzzParse reads any text: no panic, at most one error for each line, and
// every range of a tree or message inside the source.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"testdata/syntax", "testdata/errors"} {
		paths, _ := filepath.Glob(filepath.Join(dir, "*.asm"))
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		g := newGrammar(testVocabulary{})
		lx := newLexer(1, text)
		var line Line
		for lx.next(&line) {
			st, messages := g.parse(line)
			errors := 0
			for _, m := range messages {
				if m.Severity == diag.Error {
					errors++
				}
				checkRange(t, m.Range, len(text))
				for _, n := range m.Notes {
					checkRange(t, n.Range, len(text))
				}
				for _, x := range m.Fixes {
					checkRange(t, x.Range, len(text))
				}
			}
			labelOnly := st != nil && st.Label != nil && st.Body == nil && st.Times == nil
			if errors > 1 || errors == 0 && st == nil || errors == 1 && st != nil && !labelOnly {
				t.Fatalf("statement %v with %d errors", st, errors)
			}
			if st != nil {
				checkTree(t, reflect.ValueOf(st), len(text))
			}
			if g.depth != 0 || len(g.itemList) != 0 && st != nil {
				t.Fatalf("depth %d and %d items are left over", g.depth, len(g.itemList))
			}
		}
	})
}

func checkRange(t *testing.T, r diag.Range, n int) {
	t.Helper()
	if r.IsZero() {
		return
	}
	if r.File != 1 || r.Start < 0 || r.End < r.Start || int(r.End) > n {
		t.Fatalf("range %+v in a source of %d bytes", r, n)
	}
}

// checkTree finds every range in a tree.
func checkTree(t *testing.T, v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			checkTree(t, v.Elem(), n)
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkTree(t, v.Index(i), n)
		}
	case reflect.Struct:
		if r, ok := v.Interface().(diag.Range); ok {
			checkRange(t, r, n)
			return
		}
		for i := range v.NumField() {
			checkTree(t, v.Field(i), n)
		}
	}
}

// FuzzEval evaluates any expression, twice, with symbols known and unknown.
func FuzzEval(f *testing.F) {
	for _, text := range []string{
		"1+2*3-4/five%7", "lab24-lab8<<2", "eax*2+ebx-eax", "seg lab8", "a wrt b", "-__?float32?__(1.5e5)", "__?utf16?__('x')*2",
		"__?ilog2c?__(-1)//minus%%3", "$-$$ ? 1 : lab8", "1<=>2 || 3 ^^ !4", "'abcdefgh' = ~0", "0x8000000000000000//-1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, env := range []lang.Env{testSymbols, unknownEnv{}} {
			v, m := evaluate(text, env)
			again, m2 := evaluate(text, env)
			if (m == nil) != (m2 == nil) || m == nil && v != again {
				t.Fatalf("%q is %+v and then %+v", text, v, again)
			}
			if m != nil {
				checkRange(t, m.Range, len(text))
			}
			for _, term := range v.Terms() {
				if m == nil && term.Coef == 0 {
					t.Fatalf("%q has a term without a coefficient: %+v", text, v)
				}
			}
		}
		for _, width := range []int{1, 2, 4, 8, 10, 16} {
			x := &lang.Float{Text: text}
			if b, ok, m := lang.FloatOf(x, width, lang.FloatMode{}); m == nil && (!ok || len(b) != width) {
				t.Fatalf("%q takes %d bytes, not %d", text, len(b), width)
			}
			lang.FloatWarning(x, width)
		}
	})
}

// unknownEnv knows no symbol yet.
type unknownEnv struct{}

func (unknownEnv) Symbol(*lang.Symbol) (lang.Value, *diag.Message) {
	return lang.Value{Unknown: true, Forward: true}, nil
}
func (unknownEnv) Here() lang.Value         { return lang.InSegment(1, 0) }
func (unknownEnv) SectionStart() lang.Value { return lang.InSegment(1, 0) }
