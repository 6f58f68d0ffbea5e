package machine

import "tasm/codegen/x86"

// moves are the instructions that copy values.
var moves = map[string]func(*exec){
	"mov":    func(e *exec) { e.setOperand(0, e.operand(1)) },
	"movzx":  func(e *exec) { e.setOperand(0, e.t.ZeroExtend(e.operand(1), 8*e.width(0))) },
	"movsx":  func(e *exec) { e.setOperand(0, e.t.SignExtend(e.operand(1), 8*e.width(0))) },
	"movsxd": func(e *exec) { e.setOperand(0, e.t.SignExtend(e.operand(1), 8*e.width(0))) },
	"movbe":  func(e *exec) { e.setOperand(0, e.t.swap(e.operand(1))) },
	"bswap":  func(e *exec) { e.setOperand(0, e.t.swap(e.operand(0))) },
	"lea":    lea,
	"xchg":   xchg,
	"cmovcc": cmov,
	"setcc":  func(e *exec) { e.setOperand(0, e.t.ZeroExtend(e.holds(e.plan.condition), 8)) },
	"xlat":   xlat, "xlatb": xlat,

	"push":  func(e *exec) { e.push(e.operand(0)) },
	"pop":   pop,
	"pusha": func(e *exec) { e.pushAll(4) }, "pushad": func(e *exec) { e.pushAll(4) }, "pushaw": func(e *exec) { e.pushAll(2) },
	"popa": func(e *exec) { e.popAll(4) }, "popad": func(e *exec) { e.popAll(4) }, "popaw": func(e *exec) { e.popAll(2) },
	"pushf": func(e *exec) { e.pushFlags(e.Bits / 8) }, "pushfw": func(e *exec) { e.pushFlags(2) },
	"pushfd": func(e *exec) { e.pushFlags(4) }, "pushfq": func(e *exec) { e.pushFlags(8) },
	"popf": func(e *exec) { e.popFlags(e.Bits / 8) }, "popfw": func(e *exec) { e.popFlags(2) },
	"popfd": func(e *exec) { e.popFlags(4) }, "popfq": func(e *exec) { e.popFlags(8) },
	"enter": enter,
	"leave": func(e *exec) {
		e.Registers[SP] = e.Registers[BP]
		e.setPart(BP, e.size, e.pop(e.size))
	},

	"cbw":  func(e *exec) { e.setPart(AX, 2, e.t.SignExtend(e.part(AX, 1), 16)) },
	"cwde": func(e *exec) { e.setPart(AX, 4, e.t.SignExtend(e.part(AX, 2), 32)) },
	"cdqe": func(e *exec) { e.setPart(AX, 8, e.t.SignExtend(e.part(AX, 4), 64)) },
	"cwd":  func(e *exec) { e.spreadSign(2) },
	"cdq":  func(e *exec) { e.spreadSign(4) },
	"cqo":  func(e *exec) { e.spreadSign(8) },

	"lahf": func(e *exec) { e.SetRegister(ah, e.t.Extract(e.FlagsRegister(), 0, 8)) },
	"sahf": func(e *exec) { e.SetFlags(status&^x86.OF, e.Register(ah)) },
	"salc": salc,
	"clc":  func(e *exec) { e.SetFlag(x86.CF, bit(false)) },
	"stc":  func(e *exec) { e.SetFlag(x86.CF, bit(true)) },
	"cmc":  func(e *exec) { e.SetFlag(x86.CF, e.t.Not(e.Flag(x86.CF))) },
	"cld":  func(e *exec) { e.SetFlag(x86.DF, bit(false)) },
	"std":  func(e *exec) { e.SetFlag(x86.DF, bit(true)) },

	"nop": func(*exec) {}, "pause": func(*exec) {}, "endbr32": func(*exec) {}, "endbr64": func(*exec) {},
	// No exception of the x87 is pending: its instructions are not known here.
	"fwait": func(*exec) {},
}

const ah = x86.AH

// salc exists in 32-bit mode alone (AMD64 manual, volume 3, appendix B.3).
func salc(e *exec) {
	if e.Bits == 64 {
		invalid(e)
		return
	}
	e.setPart(AX, 1, e.t.SignExtend(e.Flag(x86.CF), 8))
}

// swap reverses the order of the bytes.
func (t *Terms) swap(x Term) Term {
	y := t.Extract(x, 0, 8)
	for i := 8; i < int(x.width); i += 8 {
		y = t.Concat(y, t.Extract(x, i, 8))
	}
	return y
}

func lea(e *exec) {
	o := &e.in.Operands[1]
	if o.Kind != x86.MemoryOperand {
		e.unclear("uses lea without an address")
		return
	}
	x := e.effective(1)
	width := 8 * e.width(0)
	if width < int(x.width) {
		x = e.t.Extract(x, 0, width)
	}
	e.setOperand(0, e.t.ZeroExtend(x, width))
}

func xchg(e *exec) {
	x, y := e.operand(0), e.operand(1)
	// With memory, the address must not yet see the new register.
	first, second := 0, 1
	if e.in.Operands[1].Kind == x86.MemoryOperand {
		first, second, x, y = 1, 0, y, x
	}
	e.setOperand(first, y)
	e.setOperand(second, x)
}

func cmov(e *exec) {
	x := e.operand(1)
	c := e.holds(e.plan.condition)
	if v, ok := e.decide(c); ok {
		c = bit(v)
	}
	e.setOperand(0, e.t.If(c, x, e.operand(0)))
}

func xlat(e *exec) {
	size := e.addressSize()
	address := e.t.Add(e.part(BX, size), e.t.ZeroExtend(e.part(AX, 1), 8*size))
	for _, p := range e.in.Prefixes {
		if p == x86.SegFS || p == x86.SegGS {
			e.unclear("uses the segment register %s", x86.PrefixName(p))
		}
	}
	e.setPart(AX, 1, e.load(e.t.ZeroExtend(address, e.Bits), 1))
}

// pop computes an address with the stack pointer that is already raised.
func pop(e *exec) {
	x := e.pop(e.width(0))
	e.setOperand(0, x)
}

func (e *exec) pushAll(size int) {
	sp := e.part(SP, size)
	for r := AX; r <= DI; r++ {
		x := e.part(r, size)
		if r == SP {
			x = sp
		}
		e.push(x)
	}
}

func (e *exec) popAll(size int) {
	for r := DI; r >= AX; r-- {
		x := e.pop(size)
		if r != SP && e.event.Kind == Done {
			e.setPart(r, size, x)
		}
	}
}

func (e *exec) pushFlags(size int) {
	e.push(e.t.Extract(e.FlagsRegister(), 0, 8*size))
}

func (e *exec) popFlags(size int) {
	x := e.t.ZeroExtend(e.pop(size), 64)
	if e.t.And(x, Number(64, refused)) != Number(64, 0) {
		e.unclear("changes the flags of the system with %s", e.name)
		return
	}
	e.SetFlags(status|x86.DF, x)
}

// spreadSign fills dx with the sign of ax.
func (e *exec) spreadSign(size int) {
	x := e.part(AX, size)
	e.setPart(DX, size, e.t.ShiftRightSigned(x, 8*size-1))
}

func enter(e *exec) {
	size := e.Bits / 8
	locals, depth := e.immediate(0), int(e.immediate(1)&31)
	e.push(e.Registers[BP])
	frame := e.Registers[SP]
	for i := 1; i < depth; i++ {
		e.push(e.load(e.Registers[BP].plus(-uint64(i*size)), size))
	}
	if depth > 0 {
		e.push(frame)
	}
	// The processor makes sure that the stack can be written there.
	sp := e.Registers[SP].plus(-(locals & 0xffff))
	_, _, p := e.Memory.check(sp, size, true)
	e.report(p)
	e.Registers[BP], e.Registers[SP] = frame, sp
}
