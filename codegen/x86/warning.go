package x86

import (
	"fmt"
	"math/bits"
)

// doubts is a set of warnings. The texts are made only when asked for.
type doubts uint16

const (
	doubtSegment doubts = 1 << iota
	doubtOperandSize
	doubtLock
	doubtBound
	doubtElision
	doubtRelative
	doubtDisplacement
	doubtAddress
	doubtVEX
	doubtImmediate
)

var doubtTexts = [...]struct{ code, text string }{
	{"prefix-seg", "in 64-bit mode the processor ignores es, cs, ss and ds overrides"},
	{"prefix-opsize", "the operand size prefix contradicts the operands"},
	{"prefix-lock", "lock is only legal where the first operand is memory that is read and written"},
	{"prefix-bnd", "a short jmp takes no bnd prefix; the prefix is dropped"},
	{"prefix-hle", "xacquire and xrelease have no meaning here without lock and a memory operand"},
	{"ea-absolute", "a plain number has no place relative to rip; the address is encoded as absolute"},
	{"ea-dispsize", "the size of the displacement of an absolute address is that of the address; the size is ignored"},
	{"number-overflow", "the address does not fit the address size and is cut off"},
	{"prefix-vex", "the processor refuses lock, rep and operand size prefixes before VEX and EVEX"},
}

// Doubtful reports whether there may be warnings, at less cost than Warnings.
func (e *Encoding) Doubtful() bool { return e.doubts != 0 }

// Warnings returns the doubts about the encoding of in.
func (e *Encoding) Warnings(in *Instruction) []Warning {
	var list []Warning
	for d := e.doubts &^ doubtImmediate; d != 0; d &= d - 1 {
		t := doubtTexts[bits.TrailingZeros16(uint16(d))]
		list = append(list, Warning{Code: t.code, Operand: -1, Text: t.text})
	}
	if e.doubts&doubtImmediate != 0 {
		list = append(list, e.overflow(in)...)
	}
	return list
}

// overflow names the numbers that don't fit their fields.
func (e *Encoding) overflow(in *Instruction) []Warning {
	var list []Warning
	for _, fd := range e.Form.opcode.fields[:e.Form.opcode.nfields] {
		i := int(fd.operand)
		v := &in.Operands[i].Value
		if fd.kind == selectorField {
			v = &in.Operands[i].Segment
		}
		s := &e.Form.operands[i]
		extended := s.rule == ruleSigned8 || s.rule == ruleSigned32
		if fd.kind == relativeField {
			list = append(list, Warning{"number-overflow", i, fmt.Sprintf("the branch is too far for %d bits", int(fd.size)*8)})
			continue
		}
		if !v.IsNumber() || !extended && fits(v.N, int(fd.size)) || extended && fitsExtended(v.N, int(fd.size), int(e.Form.size)) {
			continue
		}
		text := fmt.Sprintf("value %d does not fit in %s; it is cut off", v.N, rangeText(int(fd.size), extended))
		switch name := MnemonicName(in.Mnemonic); {
		case name == "push" && in.Bits == 64:
			text += fmt.Sprintf("; write: mov rax, %d, then push rax", v.N)
		case (name == "in" || name == "out") && fd.size == 1:
			text += "; a port beyond 255 stands in dx"
		}
		list = append(list, Warning{"number-overflow", i, text})
	}
	return list
}

// rangeText names a field's width and the numbers that it holds.
func rangeText(size int, signedOnly bool) string {
	n := uint(size * 8)
	top := uint64(1)<<n - 1
	if n == 64 {
		top = ^uint64(0)
	}
	if signedOnly {
		top >>= 1
		return fmt.Sprintf("%d signed bits (%d..%d)", n, -(int64(1) << (n - 1)), top)
	}
	return fmt.Sprintf("%d bits (%d..%d)", n, -(int64(1) << (n - 1)), top)
}
