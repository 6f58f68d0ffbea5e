package machine

import "tasm/codegen/x86"

// processorValues are the instructions that read what the processor or the moment decides.
var processorValues = map[string]func(*exec){
	"cpuid":  func(e *exec) { e.readProcessor(e.t.Concat(e.part(CX, 4), e.part(AX, 4)), AX, BX, CX, DX) },
	"xgetbv": func(e *exec) { e.readProcessor(e.part(CX, 4), AX, DX) },
	"rdtsc":  func(e *exec) { e.readProcessor(Number(32, 0), AX, DX) },
	"rdtscp": func(e *exec) { e.readProcessor(Number(32, 0), AX, DX, CX) },
	"rdrand": random, "rdseed": random,
}

// processorValue returns value number i that an instruction gives for an argument.
func (e *exec) processorValue(of Term, i, width int) Term {
	return e.Processor(Unknown{Origin: Processor, Width: width, Index: 4*e.asked + int64(i), Of: of})
}

// hasProcessor reports whether values of the processor are to be had here.
func (e *exec) hasProcessor() bool {
	if e.Processor == nil {
		e.unclear("uses %s, whose effect is not modelled", e.name)
		return false
	}
	e.asked++
	return true
}

// readProcessor sets registers to values of the processor.
func (e *exec) readProcessor(of Term, registers ...int) {
	if !e.hasProcessor() {
		return
	}
	for i, r := range registers {
		e.setPart(r, 4, e.processorValue(of, i, 32))
	}
}

// random gives a random number and sets CF, or gives 0 and clears it.
func random(e *exec) {
	if !e.hasProcessor() {
		return
	}
	width, zero := 8*e.width(0), Number(32, 0)
	done := e.processorValue(zero, 0, 1)
	e.setOperand(0, e.t.If(done, e.processorValue(zero, 1, width), Number(width, 0)))
	for _, k := range kept {
		if k.flag&status != 0 {
			e.SetFlag(k.flag, bit(false))
		}
	}
	e.SetFlag(x86.CF, done)
}
