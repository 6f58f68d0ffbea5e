package parser

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tasm/diag"
	"tasm/lang"
)

// Comparisons with nasm. They fail where nasm is missing.

// nasm assembles source to a flat binary; ok is false when it refuses.
func nasm(t *testing.T, source string) (code []byte, messages string, ok bool) {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.asm"), filepath.Join(dir, "out.bin")
	if err := os.WriteFile(in, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("nasm", "-f", "bin", "-w-all", "-o", out, in)
	text, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal("nasm is needed for this test: ", err)
	}
	code, readErr := os.ReadFile(out)
	return code, string(text), err == nil && readErr == nil
}

// symbolsEnv is an Env with fixed symbols.
type symbolsEnv map[string]lang.Value

func (e symbolsEnv) Symbol(s *lang.Symbol) (lang.Value, *diag.Message) {
	v, ok := e[s.Name]
	if !ok {
		return v, diag.Errorf(s.Range, "'%s' is not defined", s.Name)
	}
	return v, nil
}

func (symbolsEnv) Here() lang.Value         { return lang.InSegment(1, 0x40) }
func (symbolsEnv) SectionStart() lang.Value { return lang.InSegment(1, 0) }

// evaluate returns the value of an expression.
func evaluate(text string, env lang.Env) (v lang.Value, m *diag.Message) {
	g := newGrammar(testVocabulary{})
	g.begin(lexLine(nil, text, 1, 0))
	e := g.expression()
	if e != nil && g.pos < len(g.tokens) {
		g.leftover()
	}
	if g.failure != nil {
		return v, g.failure
	}
	m = lang.Eval(e, env, &v)
	return v, m
}

// symbols that both sides know: two numbers and two labels of one section.
const symbolDefinitions = "five equ 5\nminus equ -3\n"

var testSymbols = symbolsEnv{
	"five":  lang.Number64(5),
	"minus": lang.Number64(-3),
	"lab8":  lang.InSegment(1, 8),
	"lab24": lang.InSegment(1, 24),
}

// generator makes random expressions.
type generator struct{ *rand.Rand }

func (g generator) expr(depth int) string {
	if depth == 0 || g.IntN(8) == 0 {
		switch g.IntN(8) {
		case 0:
			return "five"
		case 1:
			return "minus"
		case 2:
			return "(lab24-lab8)"
		case 3:
			return "($-lab8)"
		case 4:
			return []string{"0xFFFFFFFFFFFFFFFF", "0x8000000000000000", "0x7FFFFFFFFFFFFFFF", "0x80000000", "('ab')"}[g.IntN(5)]
		case 5:
			return fmt.Sprint(g.Uint64())
		}
		return fmt.Sprint(g.IntN(70))
	}
	x := func() string { return g.expr(depth - 1) }
	switch g.IntN(12) {
	case 0:
		return []string{"-", "+", "~", "!"}[g.IntN(4)] + " " + x()
	case 1, 2:
		return "(" + x() + ")"
	case 3:
		return "(" + x() + " ? " + x() + " : " + x() + ")"
	case 4:
		return []string{"__?ilog2w?__", "__?ilog2f?__", "__?ilog2c?__"}[g.IntN(3)] + "(" + x() + ")"
	case 5:
		return x() + []string{" / ", " // ", " % ", " %% "}[g.IntN(4)] + []string{"3", "7", "(five)", "0x100", "-2"}[g.IntN(5)]
	}
	// nasm 2.16 takes a -1 out of <=> for a value still unknown; it is left out.
	ops := []string{"||", "^^", "&&", "=", "==", "!=", "<>", "<", "<=", ">", ">=", "|", "^", "&", "<<", "<<<", ">>", ">>>", "+", "-", "*", "+", "-"}
	return x() + " " + ops[g.IntN(len(ops))] + " " + x()
}

// TestEvalLikeNasm evaluates random expressions here and in nasm.
func TestEvalLikeNasm(t *testing.T) {
	const count = 4000
	g := generator{rand.New(rand.NewPCG(1, 2))}
	var source strings.Builder
	source.WriteString(symbolDefinitions + "start: times 8 nop\nlab8: times 16 nop\nlab24: times 40 nop\nsection .data\n")
	var texts []string
	for len(texts) < count {
		text := g.expr(1 + g.IntN(5))
		if len(text) > 800 {
			continue
		}
		texts = append(texts, text)
		// $ stands for the end of the code, as in symbolsEnv.
		fmt.Fprintf(&source, "dq %s\n", strings.ReplaceAll(text, "$", "(start+64)"))
	}
	code, messages, ok := nasm(t, source.String())
	if !ok {
		t.Fatalf("nasm refuses: %.500s", messages)
	}
	code = code[64:]
	bad := 0
	for i, text := range texts {
		want := int64(binary.LittleEndian.Uint64(code[8*i:]))
		v, m := evaluate(text, testSymbols)
		if m != nil || !v.IsNumber() || v.N != want {
			t.Errorf("%s = %#x in nasm, here %#x (number: %v, message: %v)", text, want, v.N, v.IsNumber(), m)
			if bad++; bad > 10 {
				t.Fatal("and so on")
			}
		}
	}
}

// TestConstantsLikeNasm compares constants of all notations, digit by digit.
func TestConstantsLikeNasm(t *testing.T) {
	var items []string
	for _, n := range []string{
		"0", "1", "08", "12", "1_0__0", "0x1F", "0X1f", "0h1F", "1Fh", "0FFH", "$1F", "$0f_f", "0d12", "0t12", "12d", "12t", "12D",
		"0o17", "0q17", "17o", "17q", "17Q", "0b101", "0y101", "101b", "101Y", "0b1h", "0d1h", "0x1b", "0x1d", "0bh", "0dh", "0x", "0b",
		"18446744073709551615", "18446744073709551616", "0x1_0000_0000_0000_0001", "1777777777777777777777q", "1e5h", "0d", "0t",
		"'a'", "'ab'", "'abcdefgh'", "'abcdefghi'", "\"it's\"", "`\\n`", "''",
	} {
		items = append(items, "("+n+")+0")
	}
	for _, s := range []string{
		`\a\b\t\n\v\f\r\e`, `\0\00\000\0000\1\12\123\1234`, `\x\x4\x41\x414\xg`, `\u263a\u00e9\u41\U0001f600\U00110000\ud800\uffff`,
		`\U00200000\U04000000\U7fffffff\U80000000\uzz`, `\'\"\` + "`" + `\\\?\q\z`, `\8\9\79`, `\400\777`, `é`,
	} {
		items = append(items, "`"+s+"`")
	}
	source := "[bits 64]\ndq " + strings.Join(items, "\ndq ") + "\n"
	code, messages, ok := nasm(t, source)
	if !ok {
		t.Fatal("nasm refuses: ", messages)
	}
	files := &diag.Files{}
	statements, bag := parseLines(files, "constants", source)
	if bag.Errors() > 0 {
		t.Fatal(dumper{files}.message(bag.Messages()[0]))
	}
	for _, st := range statements[1:] {
		for _, item := range st.Body.(*lang.Data).Items {
			got := dataBytes(t, &item, 8)
			if len(code) < len(got) || string(code[:len(got)]) != string(got) {
				p := files.Position(item.Range)
				t.Fatalf("%s: % x here, nasm has % x ...", p.Text, got, code[:min(len(got), len(code))])
			}
			code = code[len(got):]
		}
	}
	if len(code) > 0 {
		t.Errorf("nasm has %d bytes more", len(code))
	}
}

// dataBytes returns what an item stores.
func dataBytes(t *testing.T, item *lang.DataItem, width int) []byte {
	if s, ok, m := lang.StringOf(item.Value, true); m != nil {
		t.Fatal(m)
	} else if ok {
		b := []byte(s)
		return append(b, make([]byte, (width-len(b)%width)%width)...)
	}
	if b, ok, m := lang.FloatOf(item.Value, width, lang.FloatMode{}); m != nil {
		t.Fatal(m)
	} else if ok {
		return b
	}
	var v lang.Value
	if m := lang.Eval(item.Value, testSymbols, &v); m != nil {
		t.Fatal(m)
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(v.N))[:width]
}

// TestFloatsLikeNasm compares random floating-point constants in all formats.
func TestFloatsLikeNasm(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	widths := map[string]int{"db": 1, "dw": 2, "dd": 4, "dq": 8, "dt": 10, "do": 16}
	words := []string{"db", "dw", "dd", "dq", "dt", "do"}
	// Numbers at the edges of the formats: ties, denormals, the largest ones.
	fixed := []string{
		"0.0", "-0.0", "1.0", "1.5", "1e0", "1.", "-1.", "1e", "1.5_0", "1_5.0", "0x1.8", "0x1p3", "0x.8p1", "0x1.fffffeffp0", "$1.8p1", "0h1.8", "0b1.1p1", "0o1.4",
		"65504.0", "65519.9", "65520.0", "5.9604644775390625e-8", "2.98023223876953125e-8", "2.9802322387695313e-8", "240.0", "248.0", "0.001953125", "0.0009765625",
		"3.4028234e38", "3.4028235677973366e38", "1.401298464324817e-45", "7.006492321624085e-46", "7.1e-46", "1.00000005960464477539062500", "1.000000059604644775390625000001",
		"1.7976931348623157e308", "1.7976931348623159e308", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "9007199254740993.0", "2.2250738585072014e-308", "2.2250738585072011e-308",
		"1e4000", "1e-4000", "1e4933", "1e-4960", "1e5000", "1e-5000", "3.6e-4951", "1.18973149535723176502e4932",
		"__?Infinity?__", "-__?Infinity?__", "__?NaN?__", "__?QNaN?__", "__?SNaN?__", "-__?SNaN?__", "__Infinity__", "__nan__", "+1.5",
	}
	var source strings.Builder
	add := func(word, text string) { fmt.Fprintf(&source, "%s %s\n", word, text) }
	for _, word := range words {
		for _, text := range fixed {
			add(word, text)
		}
	}
	for range 3000 {
		word := words[g.IntN(len(words))]
		exponent := g.IntN(40) - 20
		if word == "dq" || word == "dt" || word == "do" {
			exponent = g.IntN(640) - 330
		}
		add(word, fmt.Sprintf("%d.%de%d", g.IntN(1000), g.Uint64(), exponent))
		add(word, fmt.Sprintf("0x%x.%xp%d", g.IntN(1000), g.Uint64(), g.IntN(300)-150))
	}
	add("dt", "12_345_678_901_245_678p")
	add("dt", "-0p33")
	add("dt", "+33p")
	for _, f := range lang.Functions() {
		if strings.Contains(f, "float") {
			add("dq", "__?"+f+"?__(1.7)")
			add("dq", "__?"+strings.ToUpper(f)+"?__(-3e-3)")
		}
	}
	code, messages, ok := nasm(t, source.String())
	if !ok {
		t.Fatalf("nasm refuses: %.500s", messages)
	}
	files := &diag.Files{}
	statements, bag := parseLines(files, "floats", source.String())
	if bag.Errors() > 0 {
		t.Fatal(dumper{files}.message(bag.Messages()[0]))
	}
	bad := 0
	for _, st := range statements {
		text := files.Position(st.Range).Text
		width := widths[text[:2]]
		item := &st.Body.(*lang.Data).Items[0]
		got := dataBytes(t, item, width)
		if want := code[:width]; string(got) != string(want) && !nasmRoundsBadly(item, width, got, want) {
			t.Errorf("%s: % x here, % x in nasm", text, got, want)
			if bad++; bad > 20 {
				t.Fatal("and so on")
			}
		}
		code = code[width:]
	}
}

// nasmRoundsBadly names the constants that nasm 2.16 encodes wrongly: up to
// twice the largest number of a format become that number or a NaN instead of
// infinity, and the last of 113 bits can be off by one.
func nasmRoundsBadly(item *lang.DataItem, width int, got, want []byte) bool {
	if w := lang.FloatWarning(item.Value, width); w != nil && w.Code == "float-overflow" {
		return true
	}
	return width == 16 && string(got[1:]) == string(want[1:]) && (got[0]-want[0] == 1 || want[0]-got[0] == 1)
}
