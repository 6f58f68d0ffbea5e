package rewrite

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/lang"
)

// Numbers of the general registers, as instructions encode them.
const (
	ax = iota
	cx
	dx
	bx
	sp
	bp
	si
	di
	registers = 16
)

// parts is a set of parts of the general registers: four bits for each
// register, for its byte 0, byte 1, bytes 2 and 3, and bytes 4 to 7. What only
// depends on one part often has a shorter form.
type parts uint64

const (
	partLow  parts = 1
	partHigh parts = 2
	partWord       = partLow | partHigh
	partLong parts = 7
	partAll  parts = 15
)

func (p parts) of(number int) parts { return p >> (4 * number) & 15 }

func whole(number int) parts { return partAll << (4 * number) }

// register is a general register or a part of one, as an operand names it.
type register struct {
	number int
	size   int // bytes
	high   bool
}

// parts returns what of the general register the operand covers.
func (r register) parts() parts {
	p := partAll
	switch {
	case r.high:
		p = partHigh
	case r.size == 1:
		p = partLow
	case r.size == 2:
		p = partWord
	case r.size == 4:
		p = partLong
	}
	return p << (4 * r.number)
}

// registerOf returns the general register of an id.
func registerOf(id lang.RegisterID) (register, bool) {
	info := x86.RegisterInfo(id)
	if info == nil || info.Class != x86.General {
		return register{}, false
	}
	r := register{number: int(info.Number), size: int(info.Size), high: info.High}
	if r.high {
		r.number -= 4
	}
	return r, true
}

// operand is what an operand of an instruction names.
type operand struct {
	*x86.Operand
	ref flow.Ref
}

// register returns the general register that the operand is.
func (o operand) register() (register, bool) {
	if o.Operand == nil || o.Kind != x86.RegisterOperand {
		return register{}, false
	}
	return registerOf(o.Operand.Register)
}

// number returns the immediate number that the operand is.
func (o operand) number() (int64, bool) {
	if o.Operand == nil || o.Kind != x86.ImmediateOperand || !o.ref.IsZero() || !o.Value.IsNumber() {
		return 0, false
	}
	return o.Value.N, true
}

func (o operand) memory() bool { return o.Operand != nil && o.Kind == x86.MemoryOperand }

// address is the effective address of a memory operand.
type address struct {
	base, index int // register numbers, -1 for none
	scale       int64
	disp        int64
	ref         flow.Ref
	plain       bool // nothing but what is listed here: full-width registers, no segment
}

func (o operand) address(bits int) address {
	a := address{base: -1, index: -1, disp: o.Value.N, ref: o.ref}
	info := x86.RegisterInfo(o.Memory.Segment)
	a.plain = info == nil && !o.Memory.Rel && o.Memory.AddressSize == 0
	for _, t := range o.Value.Terms() {
		if t.Kind != lang.RegisterTerm {
			a.plain = false
			continue
		}
		r, ok := registerOf(lang.RegisterID(t.ID))
		if !ok || r.size*8 != bits {
			a.plain = false
		}
		switch {
		case a.base < 0 && t.Coef == 1:
			a.base = r.number
		case a.index < 0:
			a.index, a.scale = r.number, t.Coef
		default:
			a.plain = false
		}
	}
	return a
}

// at returns operand i of an instruction, the zero operand where it has none.
func at(in *flow.Inst, i int) operand {
	if i >= len(in.Operands) {
		return operand{}
	}
	return operand{&in.Operands[i], in.Refs[i]}
}

// conditionOf returns the condition of a Jcc.
func conditionOf(in *flow.Inst) (x86.Condition, bool) {
	c, ok := x86.ConditionOf(in.Mnemonic)
	return c, ok && x86.ConditionFamily(in.Mnemonic) == "j"
}

func name(in *flow.Inst) string { return x86.MnemonicName(in.Mnemonic) }

// encodable returns the instruction as the encoder wants it: with some address
// where there is a Ref.
func encodable(in *flow.Inst) x86.Instruction {
	e := in.Instruction
	if in.Target == nil && !slices.ContainsFunc(in.Refs[:], func(r flow.Ref) bool { return !r.IsZero() }) {
		return e
	}
	e.Operands = slices.Clone(in.Operands)
	for i := range e.Operands {
		o := &e.Operands[i]
		if o.Kind == x86.RegisterOperand || in.Refs[i].IsZero() {
			continue
		}
		v := lang.InSegment(someSegment, in.Refs[i].Offset)
		for _, t := range o.Value.Terms() {
			v.AddRegister(lang.RegisterID(t.ID), t.Coef)
		}
		v.Hint, v.HintReg = o.Value.Hint, o.Value.HintReg
		// An address alone will be a distance from the instruction.
		o.Memory.Rel = e.Bits == 64 && o.Kind == x86.MemoryOperand && len(o.Value.Terms()) == 0 && x86.RegisterInfo(o.Memory.Segment) == nil
		o.Value = v
	}
	return e
}

// someSegment stands for the segment of an address, of which nothing is known
// but that it is not the segment of the code.
const someSegment lang.SegmentID = 1 << 20

// branchSize is what a branch costs where it is near, in bytes.
const branchSize = 2

// farJump is what a jump costs at most, in bytes.
const farJump = 5

// callSize is the size of a direct call.
const callSize = 5

// size returns how many bytes an instruction takes at least; branches are taken
// to be short.
func size(in *flow.Inst) int {
	if in.Direct() {
		switch {
		case in.Form != nil && in.Form.Flow() == x86.Call:
			return callSize
		default:
			return branchSize
		}
	}
	e := encodable(in)
	var out x86.Encoding
	if x86.Encode(&e, &out) != nil {
		return x86.MaxLength
	}
	return int(out.Length)
}

func sizeOf(code []flow.Inst) int {
	n := 0
	for i := range code {
		n += size(&code[i])
	}
	return n
}

// maker makes instructions for the statement that they replace.
type maker struct {
	bits     int
	source   *lang.Statement
	prefixes []x86.PrefixID
}

// inst makes an instruction; ok is false where it has no encoding.
func (m maker) inst(name string, operands ...operand) (flow.Inst, bool) {
	in := flow.Inst{Source: m.source}
	in.Mnemonic, in.Bits, in.Prefixes = x86.LookupMnemonic(name), m.bits, m.prefixes
	for i, o := range operands {
		in.Operands = append(in.Operands, *o.Operand)
		in.Refs[i] = o.ref
	}
	e := encodable(&in)
	var out x86.Encoding
	if x86.Encode(&e, &out) != nil {
		return in, false
	}
	in.Form = out.Form
	return in, true
}

// seq makes a sequence; it is nil where one of its instructions has no encoding.
func seq(list ...func() (flow.Inst, bool)) []flow.Inst {
	code := make([]flow.Inst, 0, len(list))
	for _, make := range list {
		in, ok := make()
		if !ok {
			return nil
		}
		code = append(code, in)
	}
	return code
}

// one makes a sequence of one instruction.
func (m maker) one(name string, operands ...operand) []flow.Inst {
	in, ok := m.inst(name, operands...)
	if !ok {
		return nil
	}
	return []flow.Inst{in}
}

// registerOperands are the general registers as operands, by number and size; behind
// them ah, ch, dh and bh. They are never changed.
var registerOperands = sync.OnceValue(func() *[registers + 4][9]*x86.Operand {
	var list [registers + 4][9]*x86.Operand
	for number := range registers {
		for _, size := range []int{1, 2, 4, 8} {
			list[number][size] = &x86.Operand{Kind: x86.RegisterOperand, Register: x86.GeneralRegister(number, size)}
		}
	}
	for number, name := range []string{"ah", "ch", "dh", "bh"} {
		list[registers+number][1] = &x86.Operand{Kind: x86.RegisterOperand, Register: x86.LookupRegister(name)}
	}
	return &list
})

// reg is the general register of a number and size as an operand. A byte
// register 4 to 7 has no encoding outside 64-bit mode.
func reg(number, size int) operand { return operand{Operand: registerOperands()[number][size]} }

// highReg is ah, ch, dh or bh.
func highReg(number int) operand { return reg(registers+number, 1) }

func imm(n int64) operand {
	return operand{Operand: &x86.Operand{Kind: x86.ImmediateOperand, Value: lang.Number64(n)}}
}

func immRef(r flow.Ref) operand {
	return operand{Operand: &x86.Operand{Kind: x86.ImmediateOperand}, ref: r}
}

// mem is memory at base plus disp, of size bytes (0 for lea).
func mem(base, disp int64, bits, size int) operand {
	o := &x86.Operand{Kind: x86.MemoryOperand, Size: size}
	o.Value.AddRegister(x86.GeneralRegister(int(base), bits/8), 1)
	o.Value.N = disp
	return operand{Operand: o}
}

// text writes a sequence as a source would.
func text(code []flow.Inst) string {
	s := ""
	for i := range code {
		if i > 0 {
			s += "; "
		}
		s += instText(&code[i])
	}
	if s == "" {
		return "nothing"
	}
	return s
}

func instText(in *flow.Inst) string {
	return Text(in, func(r flow.Ref) string {
		label := "code"
		if r.Object != nil {
			label = r.Object.Name
		}
		if r.Offset != 0 {
			label += fmt.Sprintf("+%d", r.Offset)
		}
		return label
	}, nil)
}

// Text writes an instruction as a source would. address writes the addresses in it,
// number the immediate numbers; where that is nil or gives "" they are hexadecimal.
func Text(in *flow.Inst, address func(flow.Ref) string, number func(int64) string) string {
	if in.Direct() {
		return strings.TrimSpace(name(in) + " " + in.Target.Name)
	}
	c := in.Instruction
	c.Operands = slices.Clone(in.Operands)
	labels := make([]string, 0, 4)
	for i := range c.Operands {
		text := ""
		if n, ok := at(in, i).number(); ok && number != nil {
			text = number(n)
		}
		if r := in.Refs[i]; !r.IsZero() {
			text = address(r)
		}
		if text != "" {
			// Where the address goes, a number that is no other operand's.
			c.Operands[i].Value.N = placeholder + int64(i)
			labels = append(labels, fmt.Sprintf("%#x", placeholder+i), text)
		}
	}
	return strings.NewReplacer(labels...).Replace(c.String())
}

// placeholder is an address that text replaces by a name.
const placeholder = 0x5A5A5A00
