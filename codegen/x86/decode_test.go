package x86

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// unknownToX86asm lists the mnemonics that golang.org/x/arch/x86/x86asm can't
// decode or reads as something else, with the reason.
func unknownToX86asm(t testing.TB) map[string]bool {
	t.Helper()
	f, err := os.Open("testdata/x86asm-gaps.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gaps := map[string]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		names, _, ok := strings.Cut(s.Text(), "::")
		if !ok || s.Text()[0] == '#' {
			continue
		}
		for name := range strings.FieldsSeq(names) {
			gaps[name] = false
		}
	}
	return gaps
}

// fewLines are instructions that every form encodes, a few for each.
func fewLines(bits int) []line {
	g := generator{bits: bits, seen: map[string]bool{}}
	for m := 1; m < len(instructionSet().mnemonics); m++ {
		for _, f := range Forms(Mnemonic(m)) {
			if f.Alternative() || !f.Modes().Has(bits) {
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

// TestX86asm decodes what Encode makes with an independent decoder.
func TestX86asm(t *testing.T) {
	gaps := unknownToX86asm(t)
	checked, failures := 0, 0
	for _, bits := range []int{16, 32, 64} {
		for _, l := range fewLines(bits) {
			l.place(0)
			var e Encoding
			if Encode(&l.in, &e) != nil {
				continue
			}
			name := MnemonicName(l.in.Mnemonic)
			code := resolve(&e, 0)
			inst, err := x86asm.Decode(code, bits)
			ok := err == nil && inst.Len == len(code) && sameMnemonic(&l.in, code, inst)
			if used, known := gaps[name]; known {
				gaps[name] = used || !ok
				continue
			}
			checked++
			if !ok {
				if failures++; failures < 40 {
					t.Errorf("bits %d: %s: % x decodes as %v, %d bytes, %v", bits, l.text, code, inst, inst.Len, err)
				}
			}
		}
	}
	for name, used := range gaps {
		if !used {
			t.Errorf("testdata/x86asm-gaps.txt: %s decodes after all", name)
		}
	}
	t.Logf("%d instructions decoded", checked)
}

// renamed maps x86asm's names to the manual's.
var renamed = map[string]string{"lcall": "call", "ljmp": "jmp", "lret": "retf", "xchg": "xchg"}

// sameMnemonic reports whether the decoder's mnemonic is the one encoded, or
// one that encodes the same operands in the same bytes.
func sameMnemonic(in *Instruction, code []byte, inst x86asm.Inst) bool {
	name := strings.ToLower(inst.Op.String())
	if n, ok := renamed[name]; ok {
		name = n
	}
	if name == MnemonicName(in.Mnemonic) {
		return true
	}
	other := *in
	other.Mnemonic = LookupMnemonic(name)
	var e Encoding
	return other.Mnemonic != 0 && Encode(&other, &e) == nil && bytes.Equal(resolve(&e, in.Offset), code)
}

// TestEncodingsAreEqual decodes all encodings of an instruction: they must be
// the same instruction, sorted by length, with Encode's among them.
func TestEncodingsAreEqual(t *testing.T) {
	gaps := unknownToX86asm(t)
	total, failures := 0, 0
	for _, bits := range []int{16, 32, 64} {
		for _, l := range fewLines(bits) {
			l.place(0)
			var first Encoding
			if Encode(&l.in, &first) != nil {
				continue
			}
			list := Encodings(&l.in)
			_, skip := gaps[MnemonicName(l.in.Mnemonic)]
			want, _ := x86asm.Decode(resolve(&first, 0), bits)
			found := false
			for i := range list {
				e := &list[i]
				total++
				found = found || bytes.Equal(e.Code(), first.Code()) && e.Form == first.Form
				if i > 0 && e.Length < list[i-1].Length {
					t.Errorf("%s: not sorted by length", l.text)
				}
				if skip {
					continue
				}
				code := resolve(e, 0)
				got, err := x86asm.Decode(code, bits)
				if err != nil || got.Len != len(code) || !sameInstruction(want, got, first.Length) {
					if failures++; failures < 40 {
						t.Errorf("bits %d: %s: % x is %v, but % x is %v (%s)", bits, l.text, first.Code(), want, code, got, e.Form.ID())
					}
				}
			}
			if !found {
				t.Errorf("bits %d: %s: Encode's % x is not among the encodings", bits, l.text, first.Code())
			}
		}
	}
	t.Logf("%d encodings", total)
}

// sameInstruction compares two decoded instructions by meaning.
func sameInstruction(a, b x86asm.Inst, _ uint8) bool {
	if a.Op != b.Op {
		return false
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
