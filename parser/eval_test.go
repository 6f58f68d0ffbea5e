package parser

import (
	"fmt"
	"strings"
	"testing"

	"tasm/diag"
	"tasm/lang"
)

// showValue writes a value: the number, the unknowns, and what else is set.
func showValue(v lang.Value) string {
	var parts []string
	for _, t := range v.Terms() {
		name := fmt.Sprintf("segment%d", t.ID)
		switch t.Kind {
		case lang.RegisterTerm:
			name = testRegisters[t.ID-1]
		case lang.SelectorTerm:
			name = fmt.Sprintf("selector%d", t.ID)
		}
		if t.Coef != 1 {
			name = fmt.Sprintf("%d*%s", t.Coef, name)
		}
		parts = append(parts, name)
	}
	if v.Unknown {
		parts = append(parts, "unknown")
	} else if v.N != 0 || len(parts) == 0 {
		parts = append(parts, fmt.Sprint(v.N))
	}
	s := strings.Join(parts, " + ")
	switch v.Hint {
	case lang.MakeBase:
		s += ", base " + testRegisters[v.HintReg-1]
	case lang.NotBase:
		s += ", index " + testRegisters[v.HintReg-1]
	case lang.Summed:
		s += ", summed"
	}
	if v.Wrt != 0 {
		s += fmt.Sprintf(", wrt %d", v.Wrt)
	}
	if v.Forward {
		s += ", forward"
	}
	return s
}

// addressEnv has labels of two sections and symbols of all degrees of being known.
var addressEnv = symbolsEnv{
	"five":    lang.Number64(5),
	"a":       lang.InSegment(1, 0x10),
	"b":       lang.InSegment(1, 0x30),
	"other":   lang.InSegment(2, 4),
	"zero":    lang.InSegment(2, 0),
	"later":   {N: 7, Forward: true},
	"unknown": {Unknown: true, Forward: true},
}

func TestEval(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"5", "5"},
		{"a", "segment1 + 16"},
		{"b - a", "32"},
		{"-a + b", "32"},
		{"a - other", "segment1 + -1*segment2 + 12"},
		{"a - other + zero", "segment1 + 12"},
		{"2*b - 2*a", "64"},
		{"a*0", "0"},
		{"a + 5*five", "segment1 + 41"},
		{"$ - $$", "64"},
		{"a = a, ", ""},
		{"a == b", "0"},
		{"a != other", "1"},
		{"a < b", "1"},
		{"1 <=> 2", "-1"},
		{"seg a", "selector1"},
		{"a wrt other", "segment1 + 16, wrt 2"},
		{"a + 1 wrt seg other", "segment1 + 17, wrt 2"},
		{"later + 1", "8, forward"},
		{"unknown + 1", "unknown, forward"},
		{"unknown * 4", "unknown, forward"},
		{"unknown + a", "segment1 + unknown, forward"},
		{"unknown && 0", "unknown, forward"},
		{"unknown ? 1 : 2", "unknown, forward"},
		{"1 ? later : 2", "7, forward"},
		{"ebx + unknown", "ebx + unknown, base ebx, forward"},
		// Hints for base and index, as nasm 2.16 has them.
		{"ebx", "ebx, base ebx"},
		{"ebx+ecx", "ebx + ecx, base ebx"},
		{"ecx+ebx", "ecx + ebx, base ecx"},
		{"ebx*1+ecx", "ebx + ecx, index ebx"},
		{"ecx+ebx*1", "ecx + ebx, base ecx"},
		{"ebx*2", "2*ebx, index ebx"},
		{"ebx+ebx", "2*ebx, summed"},
		{"ebx+1+ecx", "ebx + ecx + 1, base ebx"},
		{"ebx+1+ecx+2", "ebx + ecx + 3, summed"},
		{"ebx+1+ecx-1", "ebx + ecx, base ebx"},
		{"1+2+ebx+ecx", "ebx + ecx + 3, summed"},
		{"1-1+ebx+2+ecx", "ebx + ecx + 2, base ebx"},
		{"ebx+zero+ecx+4", "ebx + segment2 + ecx + 4, summed"},
		{"ebx-ebx+ecx", "ecx, base ebx"},
		{"ebx+ecx*4+a", "ebx + 4*ecx + segment1 + 16, base ebx"},
		{"-(-ebx)", "ebx, base ebx"},
	} {
		text, ok := strings.CutSuffix(c.text, ", ")
		if ok {
			c.want = "1"
		}
		v, m := evaluate(text, addressEnv)
		if m != nil {
			t.Errorf("%s: %v", c.text, m)
		} else if got := showValue(v); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	for _, c := range []struct{ text, place, message string }{
		{"1/0", "0", "division by zero"},
		{"five%(five-5)", "five-5", "division by zero"},
		{"1 + a*2", "1 + a*2", "an address can't be multiplied"},
		{"a*b", "a*b", "can't multiply two addresses or registers"},
		{"eax*ebx", "eax*ebx", "can't multiply two addresses or registers"},
		{"5 + (a | 1)", "a", "'|' needs a plain number"},
		{"~eax", "eax", "can't compute with a register's value"},
		{"a < other", "a < other", "it isn't known yet which of these is larger"},
		{"seg 5", "5", "SEG needs an address"},
		{"a wrt eax", "eax", "WRT needs a segment"},
		{"a ? 1 : 2", "a", "the condition of '?' must be a plain number"},
		{"nowhere + 1", "nowhere", "'nowhere' is not defined"},
		{"1.5 + 1", "1.5", "a floating-point constant can't be calculated with"},
		{"__?ilog2e?__(9)", "9", "9 is not a power of two"},
		{"__?float32?__(five)", "five", "__?float32?__ needs a floating-point constant"},
		{"__?utf16?__(five)", "five", "__?utf16?__ needs a string"},
		{"eax+ebx+ecx+edx+esi", "eax+ebx+ecx+edx+esi", "adds up more than 4 registers and segments"},
	} {
		_, m := evaluate(c.text, addressEnv)
		if m == nil {
			t.Errorf("%s is not refused", c.text)
			continue
		}
		place := c.text[m.Range.Start:m.Range.End]
		if place != c.place || !strings.Contains(m.Text, c.message) {
			t.Errorf("%s: at %q: %s\nwant at %q: ...%s...", c.text, place, m.Text, c.place, c.message)
		}
	}
}

// moded is an Env of some code width that hears warnings.
type moded struct {
	symbolsEnv
	bits     int
	warnings *diag.Bag
}

func (m moded) Bits() int            { return m.bits }
func (m moded) Warn(w *diag.Message) { m.warnings.Add(w) }

// TestCharacterConstants checks how much of a string counts in each mode.
func TestCharacterConstants(t *testing.T) {
	for bits, want := range map[int]int64{16: 0x64636261, 32: 0x64636261, 64: 0x6867666564636261} {
		env := moded{bits: bits, warnings: &diag.Bag{}}
		v, m := evaluate("'abcdefgh' + 0", env)
		if m != nil || v.N != want {
			t.Errorf("in %d-bit code: %#x %v, want %#x", bits, v.N, m, want)
		}
		if warned := env.warnings.Len() == 1; warned != (bits != 64) {
			t.Errorf("in %d-bit code: warned is %v", bits, warned)
		}
	}
	env := moded{bits: 32, warnings: &diag.Bag{}}
	if _, m := evaluate("__?ilog2w?__(9)", env); m != nil || env.warnings.Len() != 1 {
		t.Errorf("ilog2w gives %v and %d warnings", m, env.warnings.Len())
	}
}

// TestLimits makes sure that no line can exhaust the stack.
func TestLimits(t *testing.T) {
	const n = 100_000
	for _, c := range []struct{ text, message string }{
		{"dd " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n), "nested more than"},
		{"dd " + strings.Repeat("-", n) + "1", "nested more than"},
		{"dd " + strings.Repeat("seg ", n) + "a", "nested more than"},
		{"dd " + strings.Repeat("1 ? ", n), "nested more than"},
		{"dd " + strings.Repeat("1 ? 1 : ", n) + "1", "nested more than"},
		{"dd 1" + strings.Repeat("+1", n), "more than 8192 operands"},
		{"db " + strings.Repeat("1 dup (", n), "nested more than"},
		{"db " + strings.Repeat("1 dup ", n) + "1", "nested more than"},
		{"db %(" + strings.Repeat("byte (", n), "nested more than"},
		{"times 1 " + strings.Repeat("lock ", n) + "nop", ""},
		{"db " + strings.Repeat("1,", n), ""},
		{"mov " + strings.Repeat("eax,", n), ""},
		{"dd " + strings.Repeat("(1),", n), ""},
		{"dd 1." + strings.Repeat("0", n), ""},
	} {
		files := &diag.Files{}
		_, bag := parseLines(files, "deep", c.text)
		got := ""
		if bag.Len() > 0 {
			got = bag.Messages()[0].Text
		}
		if c.message == "" && got != "" || !strings.Contains(got, c.message) {
			t.Errorf("%.20s...: %q, want %q", c.text, got, c.message)
		}
	}
	for _, text := range []string{"1e999999999999999999999", "1e-999999999999999999999", "0x1p99999999999", "0x1p-99999999999"} {
		if b, ok, m := lang.FloatOf(&lang.Float{Text: text}, 8, lang.FloatMode{}); !ok || m != nil || len(b) != 8 {
			t.Errorf("%s: % x %v", text, b, m)
		}
	}
}

// TestStream reads a source as the assembler does, twice.
func TestStream(t *testing.T) {
	const source = "sys write\nstart: mvo eax\n mov eax, 1\ntarget linux/386\nsys exit\n db 'a\n ret\n"
	files := &diag.Files{}
	root := files.Add("main.tasm", []byte(source))
	p := New(Config{Vocabulary: testVocabulary{}, Files: files})
	for pass := 1; pass <= 2; pass++ {
		bag := &diag.Bag{}
		s := p.Pass(root, addressEnv, bag)
		var got []string
		for st := s.Next(); st != nil; st = s.Next() {
			got = append(got, fmt.Sprintf("%d %s", files.Position(st.Range).Line, dumper{files}.statement(st)))
		}
		want := "2 label start:|3 instruction mov eax, 1|4 target linux/386|5 sys exit|7 instruction ret"
		if text := strings.Join(got, "|"); text != want {
			t.Errorf("pass %d:\n got %s\nwant %s", pass, text, want)
		}
		var lines []int
		for _, m := range bag.Messages() {
			lines = append(lines, files.Position(m.Range).Line)
		}
		if fmt.Sprint(lines) != "[1 2 6]" {
			t.Errorf("pass %d: messages about lines %v", pass, lines)
		}
		if s.Dependent() {
			t.Errorf("pass %d depends on symbols", pass)
		}
	}
}
