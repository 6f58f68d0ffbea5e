package x86

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// registersOf are registers of each kind of vector instructions: a low one,
// those that need prefixes, and those that only EVEX can name.
var registersOf = []struct {
	set   regset
	names []string
}{
	{setR8, []string{"cl", "dil", "r9b"}}, {setR16, []string{"dx", "r10w"}}, {setR32, []string{"ebx", "r9d"}}, {setR64, []string{"rbx", "r15"}}, {setAX, []string{"ax"}},
	{setMM, []string{"mm1", "mm7"}}, {setXMM0, []string{"xmm0"}}, {setXMM, []string{"xmm1", "xmm7", "xmm9", "xmm0"}}, {setXMMHigh, []string{"xmm17", "xmm31"}},
	{setYMM, []string{"ymm2", "ymm15"}}, {setYMMHigh, []string{"ymm24"}}, {setZMM, []string{"zmm3", "zmm8", "zmm30"}},
	{setMask, []string{"k1", "k7", "k0"}}, {setTile, []string{"tmm1", "tmm7"}}, {setBound, []string{"bnd1", "bnd3"}},
}

// memoryOf are addresses whose displacements are edges of disp8*N.
var memoryOf = map[int][]string{
	16: {"bx", "bp+si+64", "esi+ecx*4-512", "0x1234"},
	32: {"ebx", "ebx+64", "ebx+4096", "ebp+ecx*4-16", "0x1234", "bx+64"},
	64: {"rbx", "rbx+64", "rbx-128", "r13+r12*4+8128", "r9+2", "rel $+8", "eax+127"},
}

// vectorMemoryOf are addresses with a vector register %s.
var vectorMemoryOf = map[int][]string{
	16: {"ebx+%s2*4", "%s3"},
	32: {"ebx+%s2*4+64", "%s3*8", "ebp+%s1"},
	64: {"rbx+%s2*4+64", "%s9*2", "r13+%s8-4", "r12+%s17*8+256", "eax+%s1"},
}

// vectorSamples returns operands for s, the first of them ordinary.
func vectorSamples(s *operandSpec, bits int) []string {
	var list []string
	for _, r := range registersOf {
		if s.set&r.set != 0 {
			list = append(list, r.names...)
		}
	}
	if s.set&setMemory != 0 {
		for i, a := range memoryOf[bits] {
			list = append(list, "["+a+"]")
			if i%2 == 0 {
				list = append(list, strings.TrimSpace(sizeWord(s.size)+" ["+a+"]"))
			}
		}
	}
	for set, name := range map[regset]string{setVectorX: "xmm", setVectorY: "ymm", setVectorZ: "zmm"} {
		if s.set&set != 0 {
			for _, a := range vectorMemoryOf[bits] {
				list = append(list, "["+fmt.Sprintf(a, name)+"]")
			}
		}
	}
	if s.set&setImmediate != 0 {
		list = append(list, "5", "255", "-1", "byte 5", "0", "256")
	}
	return list
}

// strange are operands of other kinds.
func strange(bits int) []string {
	a := memoryOf[bits][0]
	return []string{"eax", "rbx", "mm2", "xmm2", "ymm3", "zmm4", "k2", "xmm20", "5", "[" + a + "]", "dword [" + a + "]", "qword [" + a + "]", "oword [" + a + "]", "yword [" + a + "]", "zword [" + a + "]", "[" + a + "]{1to4}"}
}

// vectorForm generates instructions for a form: each operand runs through its
// samples, with strangers and decorators in between.
func (g *generator) vectorForm(f *Form) {
	n := int(f.count)
	samples := make([][]string, n)
	base := make([]sample, n)
	for i := range n {
		samples[i] = vectorSamples(&f.operands[i], g.bits)
		base[i] = operand(samples[i][min(i, len(samples[i])-1, 1)])
	}
	with := func(i int, text string) {
		ops := append([]sample(nil), base...)
		ops[i] = operand(text)
		g.add("", f, ops)
	}
	g.add("", f, base)
	for i := range n {
		for _, text := range samples[i] {
			with(i, text)
		}
		for _, text := range strange(g.bits) {
			with(i, text)
		}
		if f.opcode.vex == noVEX {
			continue
		}
		for _, d := range []string{"{k1}", "{k7}{z}", "{z}", ", {rn-sae}", ", {rz-sae}", ", {sae}"} {
			with(i, base[i].text+d)
		}
		if f.operands[i].set&setMemory != 0 {
			for _, to := range []string{"2", "4", "8", "16", "32"} {
				with(i, "["+memoryOf[g.bits][1]+"]{1to"+to+"}")
			}
			if b := f.operands[i].broadcast; b != 0 {
				with(i, sizeWord(b)+" ["+memoryOf[g.bits][1]+"]{1to"+strconv.Itoa(int(f.operands[i].size/b))+"}")
			}
		}
	}
	if n > 0 {
		g.add("", f, base[:n-1])
	}
	for _, p := range []string{"{vex}", "{vex2}", "{vex3}", "{evex}", "{rex}", "lock", "rep", "o16", "o32", "a32", "fs"} {
		g.add(p+" ", f, base)
	}
}

// TestVectorsAgainstNASM compares instructions for all vector forms with
// nasm's. A run takes a sample of them; with EVERY set it takes all.
func TestVectorsAgainstNASM(t *testing.T) {
	known := readDifferences(t, "vector-differences.txt")
	if os.Getenv("EVERY") != "" {
		t.Cleanup(func() { known.checkUsed(t) })
	}
	const chunk = 400
	forms := allForms()
	for _, bits := range []int{16, 32, 64} {
		t.Run(strconv.Itoa(bits), func(t *testing.T) {
			total := 0
			for from := 0; from < len(forms); from += chunk {
				g := generator{bits: bits, seen: map[string]bool{}}
				for _, f := range forms[from:min(from+chunk, len(forms))] {
					if f.vector() && !f.Alternative() && f.tags&later == 0 {
						g.vectorForm(f)
					}
				}
				list := g.list
				if os.Getenv("EVERY") == "" {
					list = everyNth(list, from/chunk)
				}
				total += len(list)
				if len(list) > 0 {
					compare(t, fmt.Sprintf("bits %d", bits), list, known)
				}
			}
			t.Logf("%d lines", total)
		})
	}
}

// everyNth takes a part of the lines, another one for another start.
func everyNth(list []line, start int) []line {
	var part []line
	for i := start % 37; i < len(list); i += 37 {
		part = append(part, list[i])
	}
	return part
}

// TestDecodeVectors decodes every encoding of instructions of the vector
// forms: what is found must have an encoding that is the bytes again.
func TestDecodeVectors(t *testing.T) {
	failures, total := 0, 0
	for _, bits := range []int{16, 32, 64} {
		for i, f := range allForms() {
			if !f.vector() || f.Alternative() {
				continue
			}
			g := generator{bits: bits, seen: map[string]bool{}}
			g.vectorForm(f)
			list := g.list
			if os.Getenv("EVERY") == "" {
				list = everyNth(list, i)
			}
			for k := range list {
				l := &list[k]
				if len(l.in.Prefixes) > 0 {
					continue
				}
				l.place(0)
				for _, e := range Encodings(&l.in) {
					total++
					var d Decoded
					code := resolve(&e, 0)
					ok := Decode(bits, code, 0, &d) && d.Length == len(code) && encodesTo(&d.Instruction, code)
					if !ok && e.Form.tags&superseded == 0 {
						if failures++; failures < 40 {
							t.Errorf("%d bits: %s: % x (%s) is %s", bits, l.text, code, e.Form.ID(), d.String())
						}
					}
				}
			}
		}
	}
	t.Logf("%d encodings, %d failures", total, failures)
}
