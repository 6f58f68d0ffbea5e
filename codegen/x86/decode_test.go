package x86

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// gaps are the forms that golang.org/x/arch/x86/x86asm can't decode or reads
// as something else, in testdata/x86asm-gaps.txt.
type gaps struct {
	used map[*regexp.Regexp]bool
	memo map[*Form]*regexp.Regexp
}

func readGaps(t testing.TB) gaps {
	t.Helper()
	data, err := os.ReadFile("testdata/x86asm-gaps.txt")
	if err != nil {
		t.Fatal(err)
	}
	g := gaps{map[*regexp.Regexp]bool{}, map[*Form]*regexp.Regexp{}}
	for text := range strings.Lines(string(data)) {
		patterns, _, ok := strings.Cut(text, "::")
		if !ok || text[0] == '#' {
			continue
		}
		for p := range strings.FieldsSeq(patterns) {
			g.used[regexp.MustCompile("^(?:"+p+")$")] = false
		}
	}
	return g
}

// has reports whether the form is one of the gaps.
func (g gaps) has(f *Form) *regexp.Regexp {
	p, known := g.memo[f]
	if !known {
		id := f.ID()
		for candidate := range g.used {
			if candidate.MatchString(id) {
				p = candidate
			}
		}
		g.memo[f] = p
	}
	return p
}

// fewLines are instructions that every form encodes, a few for each, but for forms
// that the independent decoder is older than (TestLaterAgainstLLVM decodes them).
func fewLines(bits int) []line {
	g := generator{bits: bits, seen: map[string]bool{}}
	for m := 1; m < len(instructionSet().mnemonics); m++ {
		for _, f := range Forms(Mnemonic(m)) {
			if f.Alternative() || f.vector() || f.tags&later != 0 || !f.Modes().Has(bits) {
				continue
			}
			short := make([][]sample, f.count)
			for i := range short {
				short[i] = samplesOf(&f.operands[i], bits, true)
			}
			g.product(f, short, nil)
		}
	}
	return g.list
}

// TestX86asm decodes all encodings of an instruction with an independent
// decoder: each must be the instruction that was asked for and the same as
// Encode's. They must be sorted by length, Encode's among them.
func TestX86asm(t *testing.T) {
	gaps := readGaps(t)
	total, known, failures := 0, 0, 0
	fail := func(format string, args ...any) {
		if failures++; failures < 40 {
			t.Errorf(format, args...)
		}
	}
	for _, bits := range []int{16, 32, 64} {
		for _, l := range fewLines(bits) {
			l.place(0)
			var first Encoding
			if Encode(&l.in, &first) != nil {
				continue
			}
			want, _ := x86asm.Decode(resolve(&first, 0), bits)
			comparable := gaps.has(first.Form) == nil
			found := false
			list := Encodings(&l.in)
			for i := range list {
				e := &list[i]
				total++
				found = found || bytes.Equal(e.Code(), first.Code()) && e.Form == first.Form
				if i > 0 && e.Length < list[i-1].Length {
					fail("bits %d: %s: not sorted by length", bits, l.text)
				}
				code := resolve(e, 0)
				got, err := x86asm.Decode(code, bits)
				ok := err == nil && got.Len == len(code) && sameMnemonic(&l.in, resolve(&first, 0), got)
				if comparable {
					ok = ok && sameInstruction(want, got)
				}
				if p := gaps.has(e.Form); p != nil {
					gaps.used[p] = gaps.used[p] || !ok
					known++
				} else if !ok {
					fail("bits %d: %s: % x is %v, but % x is %v (%s)", bits, l.text, first.Code(), want, code, got, e.Form.ID())
				}
			}
			if !found {
				fail("bits %d: %s: Encode's % x is not among the encodings", bits, l.text, first.Code())
			}
		}
	}
	for p, used := range gaps.used {
		if !used {
			t.Errorf("testdata/x86asm-gaps.txt: %s decodes after all", p)
		}
	}
	t.Logf("%d encodings decoded, %d more of forms that x86asm doesn't know", total-known, known)
}

// renamed maps x86asm's names to the manual's.
var renamed = map[string]string{"lcall": "call", "ljmp": "jmp", "lret": "retf"}

// sameMnemonic reports whether the decoder's mnemonic is the one encoded, or
// one that encodes the same operands in the same bytes.
func sameMnemonic(in *Instruction, code []byte, inst x86asm.Inst) bool {
	name := strings.ToLower(inst.Op.String())
	if n, ok := renamed[name]; ok {
		name = n
	}
	own := MnemonicName(in.Mnemonic)
	if name == own || name == strings.TrimRight(own, "wdq") || own[:min(4, len(own))] == "retn" && name == "ret" {
		return true // x86asm leaves the size of pushfw, retd, ... to the prefixes
	}
	other := *in
	other.Mnemonic = LookupMnemonic(name)
	var e Encoding
	return other.Mnemonic != 0 && Encode(&other, &e) == nil && bytes.Equal(resolve(&e, in.Offset), code)
}

// sameInstruction compares two decoded instructions by meaning.
func sameInstruction(a, b x86asm.Inst) bool {
	if a.Op == x86asm.NOP && b.Op == x86asm.XCHG {
		return b.Args[0] == b.Args[1] // 90 is xchg eax, eax
	}
	if a.Op != b.Op {
		return false
	}
	if r, ok := a.Args[0].(x86asm.Reg); ok && a.Op == x86asm.MOV && r >= x86asm.EAX && r <= x86asm.R15L {
		// Writing a 32-bit register clears the upper half.
		if w, ok := b.Args[0].(x86asm.Reg); ok && w >= x86asm.RAX && w <= x86asm.R15 {
			return r-x86asm.EAX == w-x86asm.RAX && a.Args[1] == b.Args[1]
		}
	}
	for i := range a.Args {
		if !sameArg(a, b, a.Args[i], b.Args[i]) {
			// xchg and test are symmetric.
			return (a.Op == x86asm.XCHG || a.Op == x86asm.TEST) && sameArg(a, b, a.Args[0], b.Args[1]) && sameArg(a, b, a.Args[1], b.Args[0])
		}
	}
	return true
}

func sameArg(a, b x86asm.Inst, x, y x86asm.Arg) bool {
	switch x := x.(type) {
	case x86asm.Rel:
		y, ok := y.(x86asm.Rel)
		return ok && int(x)+a.Len == int(y)+b.Len
	case x86asm.Imm:
		y, ok := y.(x86asm.Imm)
		bits := max(a.DataSize, 8)
		return ok && x<<(64-bits) == y<<(64-bits)
	case x86asm.Mem:
		y, ok := y.(x86asm.Mem)
		if !ok || x.Segment != y.Segment {
			return false
		}
		if x.Base == x86asm.RIP || y.Base == x86asm.RIP {
			return x.Base == y.Base && int(x.Disp)+a.Len == int(y.Disp)+b.Len
		}
		bits := a.AddrSize
		return sum(x) == sum(y) && x.Disp<<(64-bits) == y.Disp<<(64-bits)
	}
	return x == y
}

// sum is the registers of an address with their factors.
func sum(m x86asm.Mem) [2]int {
	type term = [2]int
	add := func(v term, r x86asm.Reg, n int) term {
		if r == 0 || n == 0 {
			return v
		}
		return term{v[0] + int(r)*n, v[1] + int(r)*int(r)*n}
	}
	return add(add(term{}, m.Base, 1), m.Index, int(m.Scale))
}
