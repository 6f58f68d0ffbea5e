package machine

import (
	"tasm/codegen/x86"
	"tasm/linux"
)

// transfers are the instructions that change the flow of control.
var transfers = map[string]func(*exec){
	"jmp":   func(e *exec) { e.jump(e.target()) },
	"jcc":   func(e *exec) { e.branch(e.holds(e.plan.condition)) },
	"jcxz":  func(e *exec) { e.branch(e.t.IsZero(e.part(CX, 2))) },
	"jecxz": func(e *exec) { e.branch(e.t.IsZero(e.part(CX, 4))) },
	"jrcxz": func(e *exec) { e.branch(e.t.IsZero(e.part(CX, 8))) },
	"loop":  func(e *exec) { e.loop(bit(true)) },
	"loope": func(e *exec) { e.loop(e.Flag(x86.ZF)) }, "loopz": func(e *exec) { e.loop(e.Flag(x86.ZF)) },
	"loopne": func(e *exec) { e.loop(e.t.Not(e.Flag(x86.ZF))) }, "loopnz": func(e *exec) { e.loop(e.t.Not(e.Flag(x86.ZF))) },
	"call": call,
	"ret":  ret, "retn": ret, "retd": ret, "retnd": ret, "retq": ret, "retnq": ret,

	"int":     interrupt,
	"syscall": systemCall,

	"int3": trap, "int03": trap, "int1": trap, "int01": trap, "icebp": trap,
	"ud0": invalid, "ud1": invalid, "ud2b": invalid, "ud2": invalid, "ud2a": invalid,
	"hlt": privileged, "in": privileged, "out": privileged, "cli": privileged, "sti": privileged,
	"insb": privileged, "insw": privileged, "insd": privileged,
	"outsb": privileged, "outsw": privileged, "outsd": privileged,
}

func trap(e *exec)       { e.fault(Breakpoint, "raises a debug exception") }
func invalid(e *exec)    { e.fault(InvalidOpcode, "raises an invalid opcode exception") }
func privileged(e *exec) { e.fault(Protection, "uses an instruction that is reserved to the kernel") }

// target returns the address that a jump or call goes to.
func (e *exec) target() Term {
	o := &e.in.Operands[0]
	if o.Kind == x86.ImmediateOperand {
		return e.symbolic(0, Term{node: e.IP.node, value: uint64(o.Value.N) & mask(uint8(e.Bits)), width: uint8(e.Bits)})
	}
	return e.operand(0)
}

func (e *exec) jump(to Term) {
	if int(to.width) != e.Bits {
		e.unclear("jumps to a 16-bit address")
		return
	}
	if e.event.Kind == Done {
		e.IP = to
	}
}

func (e *exec) branch(condition Term) {
	if taken, ok := e.ask(condition); ok && taken {
		e.jump(e.target())
	}
}

// loop counts down and branches if the count is not 0 and the condition holds.
func (e *exec) loop(condition Term) {
	size := e.addressSize()
	if len(e.in.Operands) > 1 {
		size = e.width(1)
	}
	count := e.part(CX, size).plus(^uint64(0))
	taken, ok := e.ask(e.t.And(e.t.Not(e.t.IsZero(count)), condition))
	if !ok {
		return
	}
	e.setPart(CX, size, count)
	if taken {
		e.jump(e.target())
	}
}

func call(e *exec) {
	to := e.target()
	e.push(e.next)
	e.jump(to)
}

func ret(e *exec) {
	to := e.pop(e.size)
	if len(e.in.Operands) > 0 {
		e.Registers[SP] = e.Registers[SP].plus(e.immediate(0) & 0xffff)
	}
	e.jump(to)
}

func interrupt(e *exec) {
	if e.immediate(0) != 0x80 {
		e.fault(Protection, "raises an interrupt that the kernel does not serve")
		return
	}
	e.event = Event{Kind: SystemCall, ABI: linux.I386}
}

func systemCall(e *exec) {
	if e.Bits != 64 {
		e.unclear("uses %s, whose effect in 32-bit code depends on the processor", e.name)
		return
	}
	e.event = Event{Kind: SystemCall, ABI: linux.X8664}
}
