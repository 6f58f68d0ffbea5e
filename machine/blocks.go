package machine

import "tasm/codegen/x86"

// blocks returns the string instructions. With a repeat prefix a step is one
// iteration, as it is for an interrupt in between.
func blocks() map[string]func(*exec) {
	all := map[string]func(*exec){}
	for suffix, size := range map[string]int{"b": 1, "w": 2, "d": 4, "q": 8} {
		for name, do := range map[string]func(e *exec, size int){
			"movs": movs, "stos": stos, "lods": lods, "scas": scas, "cmps": cmps,
		} {
			all[name+suffix] = func(e *exec) { do(e, size) }
		}
	}
	return all
}

// item is one iteration of a string instruction.
type item struct {
	*exec
	size      int // bytes
	pointer   int // bytes of the pointers and the count
	step      uint64
	repeat    x86.PrefixID
	iterating bool
}

// begin prepares an iteration. It reports false where there is none.
func (e *exec) begin(size int) (item, bool) {
	i := item{exec: e, size: size, pointer: e.addressSize()}
	for _, p := range e.in.Prefixes {
		switch p {
		case x86.Rep, x86.Repe, x86.Repz, x86.Xrelease:
			i.repeat = x86.Repe
		case x86.Repne, x86.Repnz, x86.Xacquire, x86.Bnd:
			i.repeat = x86.Repne
		case x86.SegFS, x86.SegGS:
			e.unclear("uses the segment register %s", x86.PrefixName(p))
			return i, false
		}
	}
	down, ok := e.ask(e.Flag(x86.DF))
	if !ok {
		return i, false
	}
	if i.step = uint64(size); down {
		i.step = -i.step
	}
	if i.repeat == x86.NoPrefix {
		return i, true
	}
	empty, ok := e.ask(e.t.IsZero(e.part(CX, i.pointer)))
	i.iterating = ok && !empty
	return i, i.iterating
}

// at returns the address in a pointer register.
func (i *item) at(register int) Term {
	return i.t.ZeroExtend(i.part(register, i.pointer), i.Bits)
}

// finish moves the pointers on, counts the iteration, and has the instruction
// repeated if it is to be.
func (i *item) finish(again bool, pointers ...int) {
	if i.event.Kind != Done {
		return
	}
	for _, r := range pointers {
		i.setPart(r, i.pointer, i.part(r, i.pointer).plus(i.step))
	}
	if i.iterating {
		count := i.part(CX, i.pointer).plus(^uint64(0))
		i.setPart(CX, i.pointer, count)
		if again && i.EndsAtZero {
			empty, ok := i.ask(i.t.IsZero(count))
			again = ok && !empty
		}
		if again {
			i.IP = i.here
		}
	}
}

func movs(e *exec, size int) {
	if i, ok := e.begin(size); ok {
		e.store(i.at(DI), e.load(i.at(SI), size))
		i.finish(true, SI, DI)
	}
}

func stos(e *exec, size int) {
	if i, ok := e.begin(size); ok {
		e.store(i.at(DI), e.part(AX, size))
		i.finish(true, DI)
	}
}

func lods(e *exec, size int) {
	if i, ok := e.begin(size); ok {
		x := e.load(i.at(SI), size)
		i.finish(true, SI)
		e.setPart(AX, size, x)
	}
}

func scas(e *exec, size int) {
	if i, ok := e.begin(size); ok {
		i.compare(e.part(AX, size), e.load(i.at(DI), size), DI)
	}
}

func cmps(e *exec, size int) {
	if i, ok := e.begin(size); ok {
		i.compare(e.load(i.at(SI), size), e.load(i.at(DI), size), SI, DI)
	}
}

// compare sets the flags; whether the operands are equal decides on going on.
func (i *item) compare(x, y Term, pointers ...int) {
	again := false
	if i.iterating {
		same, ok := i.ask(i.t.Equal(x, y))
		if !ok {
			return
		}
		again = same == (i.repeat == x86.Repe)
	}
	i.subtract(status, x, y, bit(false))
	i.finish(again, pointers...)
}
