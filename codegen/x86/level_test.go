package x86

import (
	"fmt"
	"testing"
)

// levelNames are nasm's names of the levels.
var levelNames = map[Level]string{Level8086: "8086", Level186: "186", Level286: "286", Level386: "386", Level486: "486", LevelPentium: "586", LevelP6: "686", LevelP3: "p3", LevelP4: "p4", LevelPrescott: "prescott", LevelX64: "x64",
	LevelNehalem: "nehalem", LevelWestmere: "westmere", LevelSandyBridge: "sandybridge", LevelFuture: "ia64"}

// TestLevels holds what each level refuses against nasm, with one instruction
// for each form.
func TestLevels(t *testing.T) {
	known := readDifferences(t, "level-differences.txt")
	for _, bits := range []int{16, 32, 64} {
		var list []line
		var forms []*Form
		for _, f := range allForms() {
			l, ok := plainLine(f, bits)
			if ok {
				list, forms = append(list, l), append(forms, f)
			}
		}
		everywhere := nasmBytes(t, t.TempDir(), fmt.Sprintf("bits %d", bits), list)
		for level, name := range levelNames {
			if bits == 32 && level < Level386 || bits == 64 && level < LevelX64 {
				continue // BITS refuses the mode
			}
			got := nasmBytes(t, t.TempDir(), fmt.Sprintf("bits %d\ncpu %s", bits, name), list)
			for i := range list {
				l := &list[i]
				l.in.CPU = level
				var e Encoding
				refused := Encode(&l.in, &e) != nil
				if level == LevelSandyBridge && forms[i].row.feature == "avx" && !refused {
					continue // the table does not tell AVX2 from AVX
				}
				if everywhere[i].refused == "" && refused != (got[i].refused != "") && !known.cover(l, map[bool]string{true: "accepts", false: "refuses"}[refused]) {
					t.Errorf("bits %d, cpu %s: %s: nasm %q (%s, %d)", bits, name, l.text, got[i].refused, forms[i].ID(), forms[i].level)
				}
			}
		}
	}
}

// plainLine is an instruction that Encode gives form f.
func plainLine(f *Form, bits int) (line, bool) {
	ops := make([]sample, f.count)
	for i := range ops {
		if f.vector() {
			ops[i] = operand(vectorSamples(&f.operands[i], bits)[0])
		} else {
			ops[i] = samplesOf(&f.operands[i], bits, true)[0]
		}
	}
	prefix := ""
	switch {
	case f.Alternative() || f.tags&later != 0 || !f.modes.Has(bits):
		return line{}, false
	case f.tags&vexWritten != 0:
		prefix = "{vex} "
	case f.opcode.vex == evex:
		prefix = "{evex} "
	}
	g := generator{bits: bits, seen: map[string]bool{}}
	g.add(prefix, f, ops)
	var e Encoding
	if len(g.list) == 0 || Encode(&g.list[0].in, &e) != nil || e.Form != f {
		return line{}, false
	}
	return g.list[0], true
}
