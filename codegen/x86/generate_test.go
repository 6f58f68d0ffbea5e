package x86

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"tasm/diag"
	"tasm/lang"
)

// sample is an operand both as nasm reads it and as Encode takes it.
type sample struct {
	text string
	op   Operand
}

// line is an instruction in both shapes.
type line struct {
	text string
	in   Instruction
}

// ownSegment is the segment that test instructions stand in.
const ownSegment lang.SegmentID = 1

// here is the environment of test expressions: $ is at offset 0 until the line
// is placed.
type here int64

func (h here) Symbol(s *lang.Symbol) (lang.Value, *diag.Message) {
	return lang.Value{}, diag.Errorf(s.Range, "no symbols here")
}
func (h here) Here() lang.Value         { return lang.InSegment(ownSegment, int64(h)) }
func (h here) SectionStart() lang.Value { return lang.InSegment(ownSegment, 0) }

// evaluate computes a sum of products of numbers, registers and $.
func evaluate(text string, at int64) lang.Value {
	var v lang.Value
	if m := lang.Eval(expression(text), here(at), &v); m != nil {
		panic(text + ": " + m.Text)
	}
	return v
}

func expression(text string) lang.Expr {
	var sum lang.Expr
	op := lang.OpAdd
	for text != "" {
		i := strings.IndexAny(text[1:], "+-") + 1
		term := text
		if i > 0 {
			term = text[:i]
		}
		if term[0] == '-' || term[0] == '+' {
			op = lang.OpAdd
			if term[0] == '-' {
				op = lang.OpSub
			}
		}
		x := product(strings.TrimLeft(term, "+-"))
		switch {
		case sum == nil && term[0] == '-':
			sum = &lang.Unary{Op: lang.OpNeg, X: x}
		case sum == nil:
			sum = x
		default:
			sum = &lang.Binary{Op: op, X: sum, Y: x}
		}
		text = text[len(term):]
	}
	return sum
}

func product(text string) lang.Expr {
	if a, b, ok := strings.Cut(text, "*"); ok {
		return &lang.Binary{Op: lang.OpMul, X: product(a), Y: product(b)}
	}
	if text == "$" {
		return &lang.Here{}
	}
	if n, err := strconv.ParseUint(text, 0, 64); err == nil {
		return &lang.Number{N: int64(n)}
	}
	id := LookupRegister(text)
	if id == NoRegister {
		panic("not a register: " + text)
	}
	return &lang.Register{ID: id}
}

var sizeWords = map[string]int{"byte": 1, "word": 2, "dword": 4, "qword": 8, "tword": 10, "oword": 16, "yword": 32, "zword": 64}
var distanceWords = map[string]lang.Distance{"short": lang.Short, "near": lang.Near, "far": lang.Far}

// operand reads an operand of the test's small language: keywords, then a
// register, an expression, segment:offset, or an address in brackets.
func operand(text string) sample {
	s := sample{text: text}
	o := &s.op
	rest := decorated(text, o)
	for {
		word, after, _ := strings.Cut(rest, " ")
		if n, ok := sizeWords[word]; ok {
			o.Size = n
		} else if word == "to" {
			o.To = true
		} else if d, ok := distanceWords[word]; ok {
			o.Distance = d
		} else if word == "strict" {
			o.Strict = true
		} else {
			break
		}
		rest = strings.TrimLeft(after, " ")
	}
	switch {
	case strings.HasPrefix(rest, "["):
		o.Kind = MemoryOperand
		rest = strings.Trim(rest, "[]")
		for {
			word, after, ok := strings.Cut(rest, " ")
			if n, isSize := sizeWords[word]; ok && isSize {
				o.Memory.DispSize = n
			} else if word == "rel" {
				o.Memory.Rel = true
			} else if word == "abs" {
				o.Memory.Abs = true
			} else if word == "nosplit" {
				o.Memory.NoSplit = true
			} else if word == "a16" || word == "a32" || word == "a64" {
				n, _ := strconv.Atoi(word[1:])
				o.Memory.AddressSize = n / 8
			} else {
				break
			}
			rest = after
		}
		if seg, after, ok := strings.Cut(rest, ":"); ok {
			o.Memory.Segment = LookupRegister(seg)
			rest = after
		}
	case strings.Contains(rest, ":"):
		o.Kind = FarOperand
		seg, off, _ := strings.Cut(rest, ":")
		o.Segment = evaluate(seg, 0)
		rest = off
	case LookupRegister(rest) != NoRegister:
		o.Kind, o.Register = RegisterOperand, LookupRegister(rest)
		return s
	default:
		o.Kind = ImmediateOperand
	}
	o.Value = evaluate(rest, 0)
	return s
}

// decorated reads what stands in braces at the end of an operand, and returns
// what stands before.
func decorated(text string, o *Operand) string {
	rest, mode, ok := strings.Cut(text, ", {")
	if ok {
		o.Rounding, _ = LookupRounding(strings.TrimSuffix(mode, "}"))
	}
	for strings.HasSuffix(rest, "}") {
		i := strings.LastIndexByte(rest, '{')
		word := rest[i+1 : len(rest)-1]
		rest = rest[:i]
		n, _ := strconv.Atoi(strings.TrimLeft(word, "k1to")[:len(strings.TrimLeft(word, "k1to"))])
		switch {
		case word == "z":
			o.Zero = true
		case word[0] == 'k':
			o.Mask = word[1] - '0'
		case word == "1to16":
			o.Broadcast = 16
		default:
			o.Broadcast = uint8(n)
		}
	}
	return rest
}

func operands(texts ...string) []sample {
	var list []sample
	for _, t := range texts {
		list = append(list, operand(t))
	}
	return list
}

// The registers of each kind, those first whose encodings have most in common
// with nothing else.
var registerSamples = map[regset][]string{
	setR8: {"cl", "al", "bh", "ah", "dil", "spl", "r9b", "r15b", "bl", "ch"}, setR16: {"bx", "ax", "sp", "bp", "di", "r8w", "r13w"},
	setR32: {"ebx", "eax", "ecx", "esp", "ebp", "edi", "r8d", "r12d", "r13d", "r15d"}, setR64: {"rbx", "rax", "rsp", "rbp", "rdi", "r8", "r12", "r13", "r15"},
	setNotEAX: {"ecx", "edi", "r8d"},
	setAL:     {"al"}, setAX: {"ax"}, setEAX: {"eax"}, setRAX: {"rax"}, setCL: {"cl"}, setCX: {"cx"}, setECX: {"ecx"}, setRCX: {"rcx"},
	setDX: {"dx"}, setEDX: {"edx"}, setES: {"es"}, setCS: {"cs"}, setSS: {"ss"}, setDS: {"ds"}, setFS: {"fs"}, setGS: {"gs"},
	setSegment: {"ds", "es", "cs", "ss", "fs", "gs"}, setControl: {"cr0", "cr3", "cr8", "cr15"}, setDebug: {"dr0", "dr7", "dr9"}, setTest: {"tr3", "tr7"},
	setST: {"st1", "st0", "st3"}, setST0: {"st0"}, setToST: {"to st1", "to st0"},
}

var addresses = map[int][]string{
	16: {"bx", "si", "di", "bp", "bx+si", "bx+di", "bp+si", "bp+di", "si+bx", "di+bp", "bx+1", "bp+127", "si+128", "di-128", "bx-129", "bp+si+0x7fff", "bx+di-1", "0x1234", "0", "0xffff", "bx+0xffff", "bx+0x10000",
		"eax", "esp", "ebp", "ecx*2", "ecx*4+8", "ebx+esi*8+0x12345", "dword 0x1234", "word 0x1234", "dword 0x123456", "byte bx", "word bx+1", "byte bx+si+300", "es:bx", "fs:di", "ss:0x12", "bx+bp", "si+di", "ax", "sp", "bx*2", "a32 0x1234", "a16 0x1234", "dword bx", "word eax", "byte eax+200", "$", "$+5"},
	32: {"eax", "ebx", "esp", "ebp", "edi", "eax+1", "ebp+1", "esp+4", "esp+127", "ebx+128", "ebx-128", "ebx-129", "ebp-0x80000000", "eax+0xffffffff", "eax+0x100000000", "eax+ebx", "ebx+eax", "esp+eax", "eax+esp", "ebp+eax", "eax+ebp", "eax+eax", "ebp+ebp", "esp+esp",
		"eax*1", "eax*1+ebx", "ebx+eax*1", "esp*1+eax", "eax*2", "ebp*2", "esp*2", "eax*3", "eax*5+7", "eax*9", "ebp*3", "eax*4", "eax*8", "eax*6", "eax*2+ebx", "ebx*8+eax-1", "ebp*4+ebp", "eax+ebx*4+0x1234", "ebx+ebx*2", "esp*1", "nosplit eax*2", "nosplit eax*1", "nosplit eax+eax", "nosplit eax*2+4", "nosplit eax*3",
		"0x1234", "0", "0xffffffff", "-1", "dword 0x1234", "word 0x1234", "byte 0x12", "byte eax", "dword eax", "byte eax+200", "dword eax+1", "byte ebp+ecx*2", "word eax", "qword eax", "bx", "bx+si", "bp+2", "word bx", "es:eax", "cs:ebp+4", "gs:0x10", "fs:esi*2", "eax+bx", "eax*2+ebx*2", "eax+ebx+ecx", "ax", "a16 0x1234", "a32 eax", "a16 eax", "a16 bx", "$", "$+eax", "eax+ebx-ebx", "rax", "r8d"},
	64: {"rax", "rbx", "rsp", "rbp", "rdi", "r8", "r12", "r13", "r15", "rax+1", "rbp+1", "r13+1", "r13-128", "r12+128", "rsp+8", "rax+rbx", "rbx+r9", "r9+rbx", "r12+rax", "rax+r12", "rax+rsp", "rsp+rax", "r12+r12", "r13+r13", "rax+rax", "rsp+rsp", "rax*2", "r12*2", "r13*2", "rsp*2", "r12*4", "r13*8+0x100", "rax*3", "r13*5", "r12*9+1", "rbp+rcx*2-5", "r15+r14*8", "r13+r12*4", "nosplit r9*2", "nosplit rax*1", "nosplit r12*1", "nosplit r13+r13",
		"eax", "r8d", "r13d+8", "esp+ecx*4", "r12d*8", "0x1234", "0", "0x7fffffff", "0x80000000", "0xffffffff", "0x123456789", "-1", "-0x80000000", "rel 0x1234", "abs 0x1234", "rel $", "rel $+100", "abs $", "$", "rel fs:$", "fs:0x28", "gs:rax", "cs:rbp", "qword 0x1234", "qword 0x123456789ab", "dword 0x1234", "word 0x1234", "byte 0x12", "byte rax", "dword rax", "dword rax+1", "byte r13+r12", "qword rax", "word rax", "bx", "eax+rbx", "rax+ebx", "a32 eax", "a32 0x1234", "a32 rax", "a64 rax", "a64 eax", "rax+0x7fffffff", "rax+0x80000000", "rax+0xffffffffffffff80", "rel rax", "$+rax"},
}

var addressesShort = map[int][]string{16: {"bx", "bp+si+5", "0x1234", "ecx*4"}, 32: {"eax", "ebp+ecx*4+0x1234", "0x1234", "bx+si"}, 64: {"rbx", "r13+r12*4+0x1234", "0x1234", "eax+1", "rel $"}}

var numbers = []string{"0", "1", "2", "5", "-1", "127", "128", "-128", "-129", "255", "256", "-256", "0x7fff", "0x8000", "-0x8000", "-0x8001", "0xff7f", "0xff80", "0xffff", "0x10000", "0x10005", "0x12345", "0x7fffffff", "0x80000000", "0xffffff7f", "0xffffff80", "0xffffffff", "0x100000000", "0x100000005", "-0x80000000", "-0x80000001", "0x123456789abcdef", "0x7fffffffffffffff", "0x8000000000000000", "0xffffffffffffff80", "0xffffffffffffffff", "0xffffffff80000000", "0xffffffff7fffffff", "$", "$-5"}
var numberKeywords = []string{"byte ", "word ", "dword ", "qword ", "strict ", "strict byte ", "strict word ", "strict dword ", "strict qword ", "short ", "near ", "far "}
var numbersShort = []string{"5", "1", "0x1234", "0x12345678"}

var targets = []string{"$", "$+2", "$+50", "$+129", "$+130", "$+131", "$+127", "$+128", "$-128", "$-126", "$-127", "$-125", "$-123", "$-124", "$-122", "$+300", "$-300", "$+70000", "0x1234", "5"}

// samplesOf returns operands of a form's kind: few when short is set, else all edges.
func samplesOf(s *operandSpec, bits int, short bool) []sample {
	var list []string
	for set, names := range registerSamples {
		if s.set&set == 0 {
			continue
		}
		for i, n := range names {
			if short && (i > 2 || bits != 64 && i > 1) {
				break
			}
			list = append(list, n)
		}
	}
	if s.set&(setMemory|setFarMemory|setOffset) != 0 {
		from := addresses[bits]
		if short {
			from = addressesShort[bits]
		}
		word := sizeWord(s.size)
		far := ""
		if s.set&setFarMemory != 0 {
			far = "far "
		}
		for i, a := range from {
			if word != "" && s.rule != ruleBare {
				list = append(list, far+word+" ["+a+"]")
			}
			if i < 4 || !short && i%4 == 0 {
				list = append(list, far+"["+a+"]")
			}
		}
		if !short && far == "" {
			list = append(list, "near "+word+" ["+addressesShort[bits][0]+"]", "near ["+addressesShort[bits][0]+"]")
		}
	}
	switch s.rule {
	case ruleShort, ruleShortOnly, ruleNear:
		for i, t := range targets {
			if short && i > 2 {
				break
			}
			list = append(list, t)
			if !short {
				for _, k := range []string{"short ", "near ", "strict ", "word ", "dword ", "qword ", "near dword ", "strict dword ", "byte ", "near word ", "far "} {
					list = append(list, k+t)
				}
			}
		}
	case rulePointer:
		list = append(list, "0x1234:0x5678", "0:0", "0xffff:0x12345678", "0x10000:5", "word 0x12:0x34", "dword 0x12:0x34", "qword 1:2", "far 1:2", "near 1:2")
	default:
		if s.set&setImmediate == 0 {
			break
		}
		for i, n := range numbers {
			if short && i >= len(numbersShort) {
				break
			}
			if short {
				n = numbersShort[i]
			}
			list = append(list, n)
			if !short && (i < 8 || i%5 == 0) {
				for _, k := range numberKeywords {
					list = append(list, k+n)
				}
			}
		}
	}
	return operands(sortedUnique(list)...)
}

// strangers are operands that fit few forms.
func strangers(bits int) []sample {
	a := addressesShort[bits][0]
	return operands("al", "ah", "bx", "ecx", "rdx", "r9b", "r10d", "es", "cr0", "dr1", "xmm1", "mm1", "k1",
		"byte ["+a+"]", "word ["+a+"]", "dword ["+a+"]", "qword ["+a+"]", "oword ["+a+"]", "["+a+"]", "far ["+a+"]", "near ["+a+"]", "short ["+a+"]",
		"5", "byte 5", "word 5", "dword 5", "qword 5", "strict 5", "0x12345678", "far 5", "short 5", "near 5", "1:2")
}

var testPrefixes = []string{"lock", "rep", "repe", "repz", "repne", "repnz", "xacquire", "xrelease", "bnd", "nobnd", "wait", "es", "cs", "ss", "ds", "fs", "gs", "o16", "o32", "o64", "osp", "a16", "a32", "a64", "asp", "{rex}", "{vex}", "{vex2}", "{vex3}", "{evex}",
	"lock xacquire", "xrelease lock", "rep es", "o16 a32", "a16 o32", "wait rep lock fs o16", "rep repne", "es ds", "lock lock", "o16 rep es a16"}

func prefixID(name string) PrefixID {
	for p := Wait; p < prefixCount; p++ {
		if prefixes[p].name == name {
			return p
		}
	}
	panic("no prefix " + name)
}

// lines generates the instructions that test the forms in one mode: for each
// form each operand runs through its edges while the others stand still, a few
// combinations of all, wrong operands, wrong numbers of operands, and prefixes.
func lines(bits int) []line {
	g := generator{bits: bits, seen: map[string]bool{}}
	for _, f := range allForms() {
		if !f.Alternative() && !f.vector() && f.tags&later == 0 {
			g.form(f)
		}
	}
	return g.list
}

type generator struct {
	bits int
	seen map[string]bool
	list []line
}

func (g *generator) add(prefix string, f *Form, ops []sample) {
	text := prefix + MnemonicName(f.mnemonic)
	in := Instruction{Mnemonic: f.mnemonic, Bits: g.bits}
	for i, o := range ops {
		if i > 0 {
			text += ","
		}
		text += " " + o.text
		in.Operands = append(in.Operands, o.op)
	}
	if g.seen[text] {
		return
	}
	g.seen[text] = true
	for name := range strings.FieldsSeq(prefix) {
		in.Prefixes = append(in.Prefixes, prefixID(name))
	}
	if crashes(f, &in) {
		return
	}
	g.list = append(g.list, line{text, in})
}

// crashes reports whether nasm 2.16.01 stops with a failed assertion: where a
// form wants 64-bit addresses and the line says otherwise.
func crashes(f *Form, in *Instruction) bool {
	var c context
	return in.Bits == 64 && f.opcode.address == 8 && c.analyze(in) == nil && c.size != 8
}

func (g *generator) form(f *Form) {
	n := int(f.count)
	short := make([][]sample, n)
	base := make([]sample, n)
	for i := range n {
		short[i] = samplesOf(&f.operands[i], g.bits, true)
		base[i] = short[i][0]
	}
	with := func(i int, o sample) []sample {
		ops := append([]sample(nil), base...)
		ops[i] = o
		return ops
	}
	g.product(f, short, nil)
	// Aliases and conditions share their lines of the table: one of them is
	// enough for the edges.
	key := fmt.Sprintf("%s|%s|%d", f.row.operands, f.row.encoding, f.width)
	if g.seen[key] {
		return
	}
	g.seen[key] = true
	for i := range n {
		for _, o := range samplesOf(&f.operands[i], g.bits, false) {
			g.add("", f, with(i, o))
		}
		for _, o := range strangers(g.bits) {
			g.add("", f, with(i, o))
		}
	}
	if n > 0 {
		g.add("", f, base[:n-1])
	}
	if n < 4 {
		for _, o := range strangers(g.bits)[:8] {
			g.add("", f, append(append([]sample(nil), base...), o))
		}
	}
	memory := base
	for i := range n {
		memory = with(i, short[i][len(short[i])-1])
		if memory[i].op.Kind == MemoryOperand {
			break
		}
	}
	for _, p := range testPrefixes {
		g.add(p+" ", f, base)
		g.add(p+" ", f, memory)
	}
}

func (g *generator) product(f *Form, choices [][]sample, ops []sample) {
	if len(ops) == len(choices) {
		g.add("", f, ops)
		return
	}
	for _, o := range choices[len(ops)] {
		g.product(f, choices, append(ops[:len(ops):len(ops)], o))
	}
}

func sortedUnique(list []string) []string {
	seen := map[string]bool{}
	out := list[:0]
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func TestGeneratorReads(t *testing.T) {
	o := operand("dword [es:ebx+ecx*4-8]").op
	if o.Kind != MemoryOperand || o.Size != 4 || len(o.Value.Terms()) != 2 || o.Value.N != -8 || RegisterName(o.Memory.Segment) != "es" {
		t.Errorf("operand misread: %s", fmt.Sprint(o))
	}
}
