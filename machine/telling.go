package machine

import "tasm/codegen/x86"

// telling are the instructions that tell of the processor or of the moment.
var telling = map[string]func(*exec){
	"cpuid":  func(e *exec) { e.tell(e.t.Concat(e.part(CX, 4), e.part(AX, 4)), AX, BX, CX, DX) },
	"xgetbv": func(e *exec) { e.tell(e.part(CX, 4), AX, DX) },
	"rdtsc":  func(e *exec) { e.tell(Number(32, 0), AX, DX) },
	"rdtscp": func(e *exec) { e.tell(Number(32, 0), AX, DX, CX) },
	"rdrand": random, "rdseed": random,
}

// told returns value number i that an instruction tells when asked for something.
func (e *exec) told(of Term, i, width int) Term {
	return e.Processor(Unknown{Origin: Processor, Width: width, Index: 4*e.asked + int64(i), Of: of})
}

// tells reports whether the instruction tells something here.
func (e *exec) tells() bool {
	if e.Processor == nil {
		e.unclear("uses %s, whose effect is not modelled", e.name)
		return false
	}
	e.asked++
	return true
}

// tell sets registers to what the processor tells.
func (e *exec) tell(of Term, registers ...int) {
	if !e.tells() {
		return
	}
	for i, r := range registers {
		e.setPart(r, 4, e.told(of, i, 32))
	}
}

// random gives a random number and sets CF, or gives 0 and clears it.
func random(e *exec) {
	if !e.tells() {
		return
	}
	width, zero := 8*e.width(0), Number(32, 0)
	done := e.told(zero, 0, 1)
	e.setOperand(0, e.t.If(done, e.told(zero, 1, width), Number(width, 0)))
	for _, k := range kept {
		if k.flag&status != 0 {
			e.SetFlag(k.flag, bit(false))
		}
	}
	e.SetFlag(x86.CF, done)
}
