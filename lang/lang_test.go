package lang

import (
	"math"
	"strings"
	"testing"
)

// TestOperators checks the table of operators against itself.
func TestOperators(t *testing.T) {
	spellings := map[bool]map[string]Op{false: {}, true: {}}
	for op := OpNone + 1; int(op) < len(Operators()); op++ {
		row := Operators()[op]
		if len(row.Spellings) == 0 {
			t.Errorf("operator %d has no spelling", op)
		}
		if row.Unary != (row.Precedence == UnaryPrecedence) {
			t.Errorf("%s: unary %v with precedence %d", op, row.Unary, row.Precedence)
		}
		if row.Precedence == ConditionalPrecedence {
			t.Errorf("%s has the precedence of '?'", op)
		}
		for _, s := range row.Spellings {
			if other, ok := spellings[row.Unary][s]; ok {
				t.Errorf("%q is both operator %d and %d", s, op, other)
			}
			spellings[row.Unary][s] = op
			if s != strings.ToLower(s) {
				t.Errorf("%q is not in lower case", s)
			}
		}
	}
	if int(OpWrt)+1 != len(Operators()) {
		t.Errorf("the table has %d rows, the last operator is %d", len(Operators()), OpWrt)
	}
}

// TestTerms checks that unknowns cancel and keep their order.
func TestTerms(t *testing.T) {
	v := InSegment(1, 10)
	for _, term := range []Term{{RegisterTerm, 1, 1}, {SelectorTerm, 1, 1}, {RegisterTerm, 2, 4}} {
		if !v.addTerm(term) {
			t.Fatalf("no room for %v", term)
		}
	}
	if v.addTerm(Term{RegisterTerm, 3, 1}) {
		t.Error("a fifth unknown is accepted")
	}
	if !v.addTerm(Term{SegmentTerm, 1, -1}) || len(v.Terms()) != 3 || v.Terms()[0] != (Term{RegisterTerm, 1, 1}) {
		t.Errorf("the segment does not cancel: %v", v.Terms())
	}
	if !v.addTerm(Term{RegisterTerm, 2, -3}) || v.Terms()[2].Coef != 1 {
		t.Errorf("the register is not summed: %v", v.Terms())
	}
	v.scale(math.MinInt64)
	v.scale(2)
	if !v.IsNumber() || v.N != 0 {
		t.Errorf("what wraps to zero stays: %+v", v)
	}
	// Equal values must be equal as a whole, since passes compare them with ==.
	a, b := InSegment(3, 8), InSegment(3, 8)
	a.addTerm(Term{RegisterTerm, 9, 2})
	a.addTerm(Term{RegisterTerm, 9, -2})
	if a != b {
		t.Errorf("%+v differs from %+v", a, b)
	}
	if s, ok := a.Segment(); !ok || s != 3 {
		t.Errorf("segment %d %v", s, ok)
	}
}

func TestStringOf(t *testing.T) {
	text := &String{Bytes: "a\u00e9\U0001f600"}
	for name, want := range map[string]string{
		"utf16":   "a\x00\xe9\x00\x3d\xd8\x00\xde",
		"utf16le": "a\x00\xe9\x00\x3d\xd8\x00\xde",
		"utf16be": "\x00a\x00\xe9\xd8\x3d\xde\x00",
		"utf32":   "a\x00\x00\x00\xe9\x00\x00\x00\x00\xf6\x01\x00",
		"utf32le": "a\x00\x00\x00\xe9\x00\x00\x00\x00\xf6\x01\x00",
		"utf32be": "\x00\x00\x00a\x00\x00\x00\xe9\x00\x01\xf6\x00",
	} {
		if s, ok, m := StringOf(&Call{Name: name, Arg: text}, false); !ok || m != nil || s != want {
			t.Errorf("%s: %q %v %v, want %q", name, s, ok, m, want)
		}
	}
	if s, _, _ := StringOf(&Call{Name: "utf16be", Arg: text}, true); s != "\x00a\x00\xe9\xde\x00\xd8\x3d" {
		t.Errorf("utf16be as nasm has it: %q", s)
	}
	if _, _, m := StringOf(&Call{Name: "utf16", Arg: &String{Bytes: "\xff"}}, false); m == nil {
		t.Error("invalid UTF-8 is accepted")
	}
	if _, ok, _ := StringOf(&Number{N: 1}, false); ok {
		t.Error("a number is a string")
	}
}

// TestFloatWarning checks which constants are told of.
func TestFloatWarning(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"1.5", 4, ""},
		{"0.0", 4, ""},
		{"3.4028234e38", 4, ""},
		{"3.4028236e38", 4, "float-overflow"},
		{"3.4028236e38", 8, ""},
		{"1e-40", 4, "float-denorm"},
		{"1e-46", 4, "float-underflow"},
		{"1e-5000", 16, "float-underflow"},
		{"__?Infinity?__", 4, ""},
		{"1234567890123456789p", 10, "float-overflow"},
	} {
		got := ""
		if m := FloatWarning(&Float{Text: c.text}, c.width); m != nil {
			got = m.Code
		}
		if got != c.want {
			t.Errorf("%s in %d bytes: %q, want %q", c.text, c.width, got, c.want)
		}
	}
	for text, width := range map[string]int{"1.5": 3, "1.2.3": 4, "0x": 4, "12p": 4, "1e5x": 4, "12ap": 10} {
		if _, ok, m := FloatOf(&Float{Text: text}, width, FloatMode{}); ok || m == nil {
			t.Errorf("%s in %d bytes is accepted", text, width)
		}
	}
}

func TestWalk(t *testing.T) {
	n := func(i int64) Expr { return &Number{N: i} }
	e := &Conditional{
		X: &Unary{Op: OpNot, X: n(1)},
		Y: &Binary{Op: OpAdd, X: n(2), Y: n(3)},
		Z: &Call{Name: "ilog2f", Arg: n(4)},
	}
	var sum, all int64
	Walk(e, func(e Expr) {
		all++
		if n, ok := e.(*Number); ok {
			sum = sum*10 + n.N
		}
	})
	if sum != 1234 || all != 8 {
		t.Errorf("saw the numbers %d in %d expressions", sum, all)
	}
}
