package machine

import (
	"encoding/binary"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/lang"
)

// The x87, MMX, SSE and what came after. What their instructions compute is not known
// here. But the same instruction does the same with the same: so all that these registers
// hold is one value, State.Other, and what an instruction makes of it, and of what else it
// is given, are values that have a name by these. Two programs that carry out the same such
// instructions in the same order on the same numbers and bytes have the same results.

// opaques are the applications of instructions to values, by what they are written as.
type opaques struct {
	names  map[string]int
	inputs [][]Term
}

// Inputs returns the values that an Unknown of origin Opaque was made of.
func (t *Terms) Inputs(u Unknown) []Term { return t.opaques.inputs[u.Call] }

// notOpaque are instructions that unmask exceptions or tell where others stood; others
// leave parts of what they write to as they were.
var notOpaque = []string{
	"fldcw", "ldmxcsr", "vldmxcsr", "fldenv", "fstenv", "fnstenv", "fsave", "fnsave", "frstor",
	"wrpkru", "rdpkru", "enqcmd", "enqcmds",
}

// otherState says how an instruction that works on other registers is carried out; nil
// where that can't be said.
func otherState(form *x86.Form, p *plan) func(*exec) {
	if !form.OtherState() || form.Flow() != x86.Next || form.Privileged() || slices.Contains(notOpaque, p.name) ||
		strings.Contains(p.name, "maskmov") || strings.Contains(p.name, "xsave") || strings.Contains(p.name, "xrstor") {
		return nil
	}
	for _, i := range form.Implicit() {
		if r := x86.RegisterInfo(i.Register); i.Memory || r == nil || r.Class == x86.General && i.Register != x86.LookupRegister("ax") {
			return nil
		}
	}
	vector := false
	for _, o := range form.Operands() {
		if o.Access&x86.Maybe != 0 || strings.ContainsAny(o.Notation, "{z") { // masks, roundings, AVX-512
			return nil
		}
		vector = vector || strings.Contains(strings.TrimPrefix(o.Notation, "imm"), "mm")
	}
	if !vector && !strings.HasPrefix(p.name, "f") && p.name != "emms" {
		return nil
	}
	return (*exec).opaque
}

// opaque carries out an instruction that works on other registers.
func (e *exec) opaque() {
	name, inputs := strings.Builder{}, []Term{e.Other}
	name.WriteString(e.plan.id)
	forms := e.form.Operands()
	type output struct{ operand, offset, size int }
	var outputs []output
	for i := range e.in.Operands {
		o := &e.in.Operands[i]
		name.WriteByte(byte(' ' + o.Kind))
		switch {
		case o.Kind == x86.ImmediateOperand:
			inputs = append(inputs, Number(64, e.immediate(i)))
		case o.Kind == x86.RegisterOperand && !isGeneral(o.Register):
			name.WriteString(x86.RegisterName(o.Register))
		case o.Kind == x86.RegisterOperand:
			if forms[i].Access&x86.Read != 0 {
				inputs = append(inputs, e.Register(o.Register))
			}
			if forms[i].Access&x86.Write != 0 {
				outputs = append(outputs, output{operand: i, size: e.width(i)})
			}
		case !e.plainMemory(i, forms[i].Size):
			e.unclear("uses %s, whose effect is not modelled", e.name)
			return
		default:
			address := e.address(i)
			for at := 0; at < forms[i].Size; {
				size := min(8, forms[i].Size-at)
				if forms[i].Access&x86.Read != 0 {
					inputs = append(inputs, e.load(address.plus(uint64(at)), size))
				}
				if forms[i].Access&x86.Write != 0 {
					outputs = append(outputs, output{i, at, size})
				}
				at += size
			}
		}
	}
	flags := e.form.Flags()
	for _, k := range kept {
		if flags.Read&k.flag != 0 {
			inputs = append(inputs, e.Flag(k.flag))
		}
	}
	if e.event.Kind != Done {
		return
	}
	call := e.t.application(name.String(), inputs)
	other := e.t.Unknown(Unknown{Origin: Opaque, Width: 64, Call: call})
	result := func(i, width int) Term {
		u := Unknown{Origin: Opaque, Width: width, Index: int64(i), Call: call}
		if e.Computed != nil {
			return e.Computed(u)
		}
		return e.t.Unknown(u)
	}
	for i, o := range outputs {
		x := result(i+1, 8*o.size)
		if e.in.Operands[o.operand].Kind == x86.RegisterOperand {
			e.SetRegister(e.in.Operands[o.operand].Register, x)
		} else {
			e.store(e.destination(o.operand).plus(uint64(o.offset)), x)
		}
	}
	if e.event.Kind != Done {
		return
	}
	for i := range e.form.Implicit() {
		if implicit := e.form.Implicit()[i]; isGeneral(implicit.Register) && implicit.Access&x86.Write != 0 {
			e.setPart(AX, 2, result(-1, 16))
		}
	}
	for i, k := range kept {
		if flags.Changed()&k.flag != 0 {
			e.SetFlag(k.flag, result(-2-i, 1))
		}
	}
	e.Other = other
}

// plainMemory reports whether a memory operand is so many bytes at an address of general
// registers, which lies where it has to.
func (e *exec) plainMemory(i, size int) bool {
	o := &e.in.Operands[i]
	for _, t := range o.Value.Terms() {
		if t.Kind == lang.RegisterTerm && !isGeneral(lang.RegisterID(t.ID)) {
			return false
		}
	}
	if o.Kind != x86.MemoryOperand || size == 0 || size > 64 {
		return false
	}
	if !e.form.Aligned() {
		return true
	}
	at, known := e.address(i).Constant()
	return known && at%uint64(size) == 0
}

func isGeneral(id lang.RegisterID) bool {
	r := x86.RegisterInfo(id)
	return r != nil && r.Class == x86.General
}

// application returns the number of an instruction's application to values.
func (t *Terms) application(name string, inputs []Term) int {
	key := []byte(name)
	for _, x := range inputs {
		id := uint64(0)
		if x.node != nil {
			id = uint64(x.node.id) + 1
		}
		key = append(binary.AppendUvarint(binary.AppendUvarint(key, id), x.value), x.width)
	}
	call, ok := t.opaques.names[string(key)]
	if !ok {
		call = len(t.opaques.inputs)
		if t.opaques.names == nil {
			t.opaques.names = map[string]int{}
		}
		t.opaques.names[string(key)] = call
		t.opaques.inputs = append(t.opaques.inputs, slices.Clone(inputs))
	}
	return call
}
