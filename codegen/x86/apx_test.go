package x86

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// extendedRegisters are registers of each kind that APX's tests take, those first that
// only APX can name.
var extendedRegisters = []struct {
	set   regset
	names []string
}{
	{setR8, []string{"r17b", "r28b", "cl", "sil", "r9b"}}, {setR16, []string{"r17w", "r28w", "cx", "r9w"}},
	{setR32 | setNotEAX, []string{"r17d", "r28d", "ecx", "r9d"}}, {setR64, []string{"r17", "r28", "rcx", "r9"}},
	{setMM, []string{"mm1"}}, {setXMM, []string{"xmm1", "xmm9"}}, {setXMMHigh, []string{"xmm20"}}, {setYMM, []string{"ymm1", "ymm9"}}, {setYMMHigh, []string{"ymm31"}},
	{setZMM, []string{"zmm1", "zmm30"}}, {setMask, []string{"k1", "k6"}}, {setTile, []string{"tmm1", "tmm7"}}, {setST, []string{"st1"}},
	{setControl, []string{"cr3", "cr8"}}, {setDebug, []string{"dr6"}},
	{setAL, []string{"al"}}, {setAX, []string{"ax"}}, {setEAX, []string{"eax"}}, {setRAX, []string{"rax"}}, {setCL, []string{"cl"}}, {setCX, []string{"cx"}},
	{setECX, []string{"ecx"}}, {setRCX, []string{"rcx"}}, {setDX, []string{"dx"}}, {setEDX, []string{"edx"}}, {setXMM0, []string{"xmm0"}}, {setST0, []string{"st0"}},
}

var extendedAddresses = []string{"r17", "r20+8", "r29", "rcx+r21*4+64", "r24+r20*8+0x1234", "r18d+rcx*1", "r12+r16*2", "r16d+r31d*2", "rbx+64", "r16+512"}

// extendedSamples returns operands for s.
func extendedSamples(s *operandSpec) []string {
	var list []string
	for _, r := range extendedRegisters {
		if s.set&r.set == r.set || s.set&r.set != 0 && len(r.names) > 1 {
			list = append(list, r.names...)
		}
		if s.fixed() && s.set == r.set {
			return r.names
		}
	}
	if s.set&setMemory != 0 {
		word := sizeWord(s.size) + " "
		if s.rule == ruleBare || s.rule == ruleAnySize {
			word = ""
		}
		for _, a := range extendedAddresses {
			if !strings.Contains(a, "d+rcx") {
				list = append(list, word+"["+a+"]")
			}
		}
	}
	for set, name := range map[regset]string{setVectorX: "xmm", setVectorY: "ymm", setVectorZ: "zmm"} {
		if s.set&set != 0 {
			list = append(list, "[r18+"+name+"17*4]", "[rcx+"+name+"3*2+64]", "[r29+"+name+"9*8+256]")
		}
	}
	switch s.rule {
	case ruleFlags:
		list = append(list, "9", "0", "6")
	case ruleOne:
		list = append(list, "1")
	case ruleImmediate, ruleUnsigned, ruleZero32, ruleFits32, ruleSigned32:
		list = append(list, map[uint8]string{1: "0x12", 2: "0x1234", 4: "0x12345678", 8: "0x123456789abcdef0"}[s.size])
	case ruleSigned8:
		list = append(list, "0x12", "-3")
	}
	return list
}

// apxLines are instructions of the form f that are APX's: each operand runs through its
// samples while the others stand still.
func apxLines(g *generator, f *Form) {
	samples := make([][]string, f.count)
	for i := range f.specs() {
		if samples[i] = extendedSamples(&f.operands[i]); len(samples[i]) == 0 {
			return
		}
	}
	prefix := ""
	switch {
	case !f.Extended():
	case f.tags&noFlags != 0:
		prefix = "{nf} "
	case f.tags&zeroUpper != 0:
		prefix = "{zu} "
	case !f.opcode.newDest && !instructionSet().mnemonics[f.mnemonic].later:
		prefix = "{evex} "
	}
	for i := range samples {
		for n := range samples[i] {
			ops := make([]sample, f.count)
			for k := range samples {
				ops[k] = operand(samples[k][k%len(samples[k])])
			}
			ops[i] = operand(samples[i][n])
			before := len(g.list)
			g.add(prefix, f, ops)
			if len(g.list) > before {
				in := &g.list[before].in
				if in.APX = true; !in.UsesAPX(f) {
					g.list = g.list[:before]
				}
			}
		}
	}
}

// llvmSpelling is an instruction of nasm's as llvm-mc reads it.
var llvmSpelling = strings.NewReplacer("tword [", "tbyte ptr [", "oword [", "xmmword ptr [", "yword [", "ymmword ptr [", "zword [", "zmmword ptr [",
	"qword [", "qword ptr [", "dword [", "dword ptr [", "word [", "word ptr [", "byte [", "byte ptr [", "{zu} set", "setzu", "{zu} imul", "imulzu", "st0", "st", "st1", "st(1)")

var llvmCondition = regexp.MustCompile(`^((?:\{\w+\} )?(?:ccmp|ctest|setzu|set|cfcmov|cmp))([a-z]+?)(?:xadd)? `)

var llvmDefault = regexp.MustCompile(`^((?:ccmp|ctest)\w*) (\d+),`)

func inLLVM(text string) string {
	if m := llvmCondition.FindStringSubmatch(text); m != nil {
		for _, c := range conditions {
			if c.name == m[2] {
				text = m[1] + c.code.String() + text[len(m[1]+m[2]):]
			}
		}
	}
	text = llvmSpelling.Replace(text)
	if m := llvmDefault.FindStringSubmatch(text); m != nil {
		n, _ := strconv.ParseInt(m[2], 0, 64)
		text = m[1] + " " + DefaultFlags(n) + text[len(m[0]):]
	}
	return text
}

// TestAPXAgainstLLVM holds what APX makes of all forms against llvm-mc, and decodes it.
func TestAPXAgainstLLVM(t *testing.T) {
	g := generator{bits: 64, seen: map[string]bool{}}
	for m := range instructionSet().mnemonics {
		for _, f := range Forms(Mnemonic(m)) {
			if f.modes.Has(64) && !f.Alternative() && !f.opcode.wait && !f.short && f.takesExtended() && f.tags&superseded == 0 {
				apxLines(&g, f)
			}
		}
		for _, f := range ExtendedForms(Mnemonic(m)) {
			apxLines(&g, f)
		}
	}
	theirs := llvmAnswers(t, g.list)
	refused, theirChoice, total := map[string]int{}, map[string]int{}, 0
	for i := range g.list {
		l := &g.list[i]
		var e Encoding
		problem := Encode(&l.in, &e)
		switch {
		case problem != nil && theirs[i] == "":
			continue
		case problem != nil:
			t.Errorf("%s: refused: %v; llvm-mc %s", l.text, problem, theirs[i])
			continue
		case theirs[i] == "":
			refused[MnemonicName(l.in.Mnemonic)]++
		case inOrder(fmt.Sprintf("%x", e.Code())) == inOrder(theirs[i]):
			total++
		case otherwise.MatchString(l.text):
			theirChoice[MnemonicName(l.in.Mnemonic)]++
		default:
			t.Errorf("%s: %x, llvm-mc %s", l.text, e.Code(), theirs[i])
		}
		var d Decoded
		if !Decode(64, e.Code(), 0, &d) || d.Length != len(e.Code()) || !encodesTo(&d.Instruction, e.Code()) || !d.APX {
			t.Errorf("%s: %x is decoded as %s", l.text, e.Code(), d.String())
		}
	}
	if total < 59000 {
		t.Errorf("only %d instructions are the same", total)
	}
	t.Logf("%d of %d instructions the same; refused by llvm-mc %v; other choice %v", total, len(g.list), refused, theirChoice)
}

// otherwise are instructions for which llvm-mc chooses other bytes than nasm, with and
// without APX; behind {evex} it gives SETcc no short displacement.
var otherwise = regexp.MustCompile(`^(?:vp2intersect|vmovq|vfm(?:add|sub)\d+ph|vgetmantph|v?pextrw|pinsrw|movmskp[sd]|sldt|mov r(?:17|28), 0x12345678|\{evex\} set\w+ byte \[r\w+\+)`)

// inOrder is code, in hexadecimal, with the prefix of the operand size before that of the
// address size, as nasm has them.
func inOrder(code string) string {
	if rest, ok := strings.CutPrefix(code, "6766"); ok {
		return "6667" + rest
	}
	return code
}

// llvmAnswers are the bytes that llvm-mc makes of instructions, "" for those that it
// refuses.
func llvmAnswers(t *testing.T, list []line) []string {
	t.Helper()
	var source, out, problems bytes.Buffer
	for i := range list {
		fmt.Fprintln(&source, inLLVM(list[i].text))
	}
	cmd := exec.Command("llvm-mc-19", "-triple", "x86_64", "-x86-asm-syntax=intel", "-show-encoding", "-mcpu=graniterapids",
		"-mattr=+egpr,+ndd,+nf,+ccmp,+cf,+ppx,+push2pop2,+zu,+movdiri,+enqcmd,+movdir64b,+raoint,+cmpccxadd,+usermsr,+shstk,+ptwrite,+waitpkg,+uintr,+lwp,+avx512fp16,+avx512vp2intersect,+amx-complex,+amx-fp16,+vaes,+gfni,+rdpid")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &source, &out, &problems
	cmd.Run()
	wrong := map[int]bool{}
	for _, m := range regexp.MustCompile(`(?m)^<stdin>:(\d+):\d+: error`).FindAllStringSubmatch(problems.String(), -1) {
		n, _ := strconv.Atoi(m[1])
		wrong[n-1] = true
	}
	var codes []string
	for _, m := range regexp.MustCompile(`encoding: \[(.*?)\]`).FindAllStringSubmatch(out.String(), -1) {
		codes = append(codes, strings.NewReplacer("0x", "", ",", "").Replace(m[1]))
	}
	if len(codes) != len(list)-len(wrong) {
		t.Fatalf("llvm-mc gives %d encodings and %d errors of %d instructions", len(codes), len(wrong), len(list))
	}
	answers := make([]string, len(list))
	for i := range answers {
		if !wrong[i] {
			answers[i], codes = codes[0], codes[1:]
		}
	}
	return answers
}

// TestAPXFacts: what a form reads and writes follows from the row that it is made of.
func TestAPXFacts(t *testing.T) {
	for text, want := range map[string]string{
		"62f4fc0801d8":   "Add_rm64_r64_EVEX_01 rw,r cpazso",
		"62f4fc0c01d8":   "Add_rm64_r64_EVEX_01_NF rw,r ",
		"62f4fc1c83c305": "Add_r64_rm64_imm8_EVEX_83_ND_NF_0 w,r,r ",
		"62f4fc1801cb":   "Add_r64_rm64_r64_EVEX_01_ND w,r,r cpazso",
		"62f4fc1844d9":   "Cmove_r64_r64_rm64_EVEX_44_ND w,r,r ",
		"62f4fc18f7d3":   "Not_r64_rm64_EVEX_F7_ND_2 w,r ",
		"62f4fc1811cb":   "Adc_r64_rm64_r64_EVEX_11_ND w,r,r cpazso",
		"62f2e40cf2c1":   "Andn_r64_r64_rm64_EVEX_F2_NF w,r,r ",
		"62f4fc18ffcb":   "Dec_r64_rm64_EVEX_FF_ND_1 w,r pazso",
	} {
		code, _ := hex.DecodeString(text)
		var d Decoded
		if !Decode(64, code, 0, &d) {
			t.Errorf("%s is not decoded", text)
			continue
		}
		var access []string
		for _, o := range d.Form.Operands() {
			access = append(access, map[Access]string{Read: "r", Write: "w", Read | Write: "rw"}[o.Access])
		}
		if got := fmt.Sprintf("%s %s %s", d.Form.ID(), strings.Join(access, ","), d.Form.Flags().Changed()); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	var forms []*Form
	for m := range instructionSet().mnemonics {
		forms = append(forms, ExtendedForms(Mnemonic(m))...)
	}
	ids := map[string]bool{}
	for _, f := range forms {
		if id := f.ID(); ids[id] || f.Modes() != Mode64 || strings.ContainsAny(f.Opcode(), "*") || len(strings.Split(f.row.access, ",")) < len(f.Operands()) {
			t.Errorf("%s | %s | %s", id, f.Opcode(), f.row.access)
		} else {
			ids[id] = true
		}
	}
}
