package x86

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestLaterAgainstLLVM holds the instructions that nasm 2.16 does not have against
// llvm-mc: every combination of operands that differ in how they are encoded, in
// both directions.
func TestLaterAgainstLLVM(t *testing.T) {
	for _, bits := range []int{32, 64} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			var list []line
			for _, f := range allForms() {
				if f.tags&later != 0 && !f.short && f.modes.Has(bits) {
					list = append(list, laterLines(f, bits)...)
				}
			}
			if len(list) < 500 {
				t.Errorf("only %d instructions", len(list))
			}
			theirs := llvmBytes(t, bits, list)
			for i := range list {
				l := &list[i]
				var e Encoding
				if problem := Encode(&l.in, &e); problem != nil {
					t.Errorf("%s: refused", l.text)
					continue
				}
				if fmt.Sprintf("%x", e.Code()) != theirs[i] {
					t.Errorf("%s: %x, llvm-mc %s", l.text, e.Code(), theirs[i])
				}
				var d Decoded
				if !Decode(bits, e.Code(), 0, &d) || d.Length != len(e.Code()) || !encodesTo(&d.Instruction, e.Code()) {
					t.Errorf("%s: %x is decoded as %s", l.text, e.Code(), d.String())
				}
			}
			t.Logf("%d instructions", len(list))
		})
	}
}

// laterLines are instructions of form f, with every sample of each operand.
func laterLines(f *Form, bits int) []line {
	g := generator{bits: bits, seen: map[string]bool{}}
	ops := make([]sample, f.count)
	var fill func(i int)
	fill = func(i int) {
		if i == len(ops) {
			distinct := map[string]bool{}
			for _, o := range ops {
				distinct[o.text] = true
			}
			if f.operands[0].set&setTile == 0 || len(distinct) == len(ops) { // tiles have to be different
				g.add("", f, ops)
			}
			return
		}
		samples := vectorSamples(&f.operands[i], bits)
		if f.operands[i].set&setTile != 0 {
			samples = []string{"tmm1", "tmm7", "tmm4"}
		}
		if f.operands[i].decorators&paired != 0 {
			samples = []string{"k0", "k6"} // llvm-mc clears the lowest bit
		}
		for _, text := range samples {
			if strings.ContainsAny(text, "$") || strings.Contains(text, "word") || strings.Contains(text, "byte") || text == "-1" || text == "256" || text == "[bx+64]" {
				continue // not llvm-mc's spelling, or its choice
			}
			if bits == 32 && !old32(text) {
				continue
			}
			ops[i] = operand(text)
			fill(i + 1)
		}
	}
	fill(0)
	return g.list
}

// old32 reports whether the operand exists outside of 64-bit mode.
func old32(text string) bool {
	for _, high := range []string{"9", "15", "10", "dil", "rbx"} {
		if text == "xmm"+high || text == "ymm"+high || text == "r"+high+"w" || text == "r"+high+"d" || text == high {
			return false
		}
	}
	number, err := strconv.Atoi(strings.TrimLeft(text, "xyzm"))
	return err != nil || number < 8 || !strings.Contains(text, "mm")
}

// llvmBytes are the bytes that llvm-mc makes of instructions, in hexadecimal.
func llvmBytes(t *testing.T, bits int, list []line) []string {
	t.Helper()
	var source bytes.Buffer
	for i := range list {
		fmt.Fprintln(&source, list[i].text)
	}
	triple := map[int]string{32: "i386", 64: "x86_64"}[bits]
	cmd := exec.Command("llvm-mc-19", "-triple", triple, "-x86-asm-syntax=intel", "-show-encoding",
		"-mattr=+usermsr,+sm3,+sm4,+sha512,+avxvnniint16,+amx-fp16,+amx-complex,+amx-tile,+rdpru,+raoint,+kl,+widekl,+avx512fp16,+avx512vp2intersect,+avx512vl")
	cmd.Stdin = &source
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("llvm-mc: %v\n%s", err, problems.String())
	}
	var codes []string
	for text := range strings.Lines(string(out)) {
		if _, rest, ok := strings.Cut(text, "encoding: ["); ok {
			rest, _, _ = strings.Cut(rest, "]")
			codes = append(codes, strings.ReplaceAll(strings.ReplaceAll(rest, "0x", ""), ",", ""))
		}
	}
	if len(codes) != len(list) {
		t.Fatalf("llvm-mc gives %d encodings of %d instructions", len(codes), len(list))
	}
	return codes
}
