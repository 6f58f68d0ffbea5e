package machine

import "tasm/codegen/x86"

// decimals are the instructions for binary-coded decimal numbers.
var decimals = map[string]func(*exec){
	"aaa": func(e *exec) { e.unpacked(e.part(AX, 2).plus(0x106)) },
	"aas": func(e *exec) { e.unpacked(e.part(AX, 2).plus(0xfefa)) },
	"daa": func(e *exec) { e.packed(6, 0x60) },
	"das": func(e *exec) { e.packed(0xfa, 0xa0) },
	"aam": aam,
	"aad": aad,
}

// base returns the base of the digits.
func (e *exec) base() uint64 {
	if len(e.in.Operands) > 0 {
		return e.immediate(0) & 0xff
	}
	return 10
}

// invalidDigit returns whether the low digit of al is to be adjusted.
func (e *exec) invalidDigit() Term {
	return e.t.Or(e.t.Below(number(4, 9), e.t.Extract(e.part(AX, 1), 0, 4)), e.Flag(x86.AF))
}

func (e *exec) unpacked(adjusted Term) {
	adjust := e.invalidDigit()
	x := e.t.If(adjust, adjusted, e.part(AX, 2))
	e.setPart(AX, 2, e.t.And(x, number(16, 0xff0f)))
	e.undefine(status)
	e.SetFlag(x86.AF, adjust)
	e.SetFlag(x86.CF, adjust)
}

// packed adds a correction for the low digit and one for the high one.
func (e *exec) packed(low, high uint64) {
	t, al := e.t, e.part(AX, 1)
	lowWrong := e.invalidDigit()
	highWrong := t.Or(t.Below(number(8, 0x99), al), e.Flag(x86.CF))
	carry := highWrong
	if e.name == "das" {
		carry = t.Or(carry, t.And(lowWrong, t.Below(al, number(8, 6))))
	}
	al = t.If(lowWrong, al.plus(low), al)
	al = t.If(highWrong, al.plus(high), al)
	e.setPart(AX, 1, al)
	e.logic(al)
	e.undefine(x86.OF)
	e.SetFlag(x86.AF, lowWrong)
	e.SetFlag(x86.CF, carry)
}

func aam(e *exec) {
	by := number(8, e.base())
	if by.value == 0 {
		e.fault(DivideError, "divides by 0")
		return
	}
	quotient, remainder := e.t.Divide(number(8, 0), e.part(AX, 1), by, false)
	e.setPart(AX, 2, e.t.Concat(quotient, remainder))
	e.logic(remainder)
	e.undefine(x86.OF | x86.CF)
}

func aad(e *exec) {
	al := e.t.Add(e.part(AX, 1), e.t.scale(e.Register(ah), e.base()))
	e.setPart(AX, 2, e.t.ZeroExtend(al, 16))
	e.logic(al)
	e.undefine(x86.OF | x86.CF)
}
