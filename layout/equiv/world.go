package equiv

import (
	"slices"

	"tasm/linux"
	"tasm/machine"
)

// world is what programs that run with unknowns have in common: the terms, and
// what is known about the unknowns.
type world struct {
	abi   *linux.ABI
	terms *machine.Terms
	facts *machine.Facts
	words map[int]uint64 // of the initial stack, as far as they are known
}

func newWorld(abi *linux.ABI) *world {
	t := machine.NewTerms()
	w := &world{abi: abi, terms: t, facts: machine.NewFacts(t), words: map[int]uint64{}}
	// argc is at least 1 (fs/exec.c do_execveat_common), and its words and strings take
	// no more than 6 MiB (bprm_stack_limits).
	w.facts.Limit(w.argc(), uint64(abi.Entry().MinArgc), maxArguments/uint64(abi.PointerSize))
	return w
}

// argc is the lowest word of the initial stack.
func (w *world) argc() machine.Term {
	return w.terms.Unknown(machine.Unknown{Origin: machine.EntryWord, Width: 8 * w.abi.PointerSize})
}

// auxiliary is what tellsOfFile finds.
const auxiliary = "a word of the stack that may be an auxiliary value, and tell of the file"

// tellsOfFile reports whether a value depends on a word of the initial stack that
// may belong to the auxiliary vector. Some of its values are those of the file
// (AT_PHDR, AT_PHNUM, AT_ENTRY: fs/binfmt_elf.c create_elf_tables), and differ
// between two files.
func (w *world) tellsOfFile(x machine.Term) bool {
	if !x.DependsOn(machine.EntryWord, machine.StringByte, machine.Processor) {
		return false
	}
	found := false
	w.terms.Unknowns(x, func(u machine.Unknown) {
		switch u.Origin {
		case machine.EntryWord:
			found = found || w.mayBeAuxiliary(u.Index)
		case machine.StringByte, machine.Processor:
			found = found || u.Of.Width() > 0 && w.tellsOfFile(u.Of)
		case machine.Opaque:
			found = found || slices.ContainsFunc(w.terms.Inputs(u), w.tellsOfFile)
		}
	})
	return found
}

// mayBeAuxiliary reports whether a word of the initial stack may belong to the
// auxiliary vector: before that come argc, the name of the program, and two zeros,
// which end the arguments and the environment.
func (w *world) mayBeAuxiliary(index int64) bool {
	const name = 1
	zeros := 0
	if values := w.facts.Values(w.argc()); len(values) > 0 && uint64(index) <= values[0][0] {
		return false // it is an argument
	}
	for i := int64(name + 1); i < index; i++ {
		if value, known := w.words[int(i)]; known {
			if value == 0 {
				zeros++
			}
			continue
		}
		width := 8 * w.abi.PointerSize
		word := w.terms.Unknown(machine.Unknown{Origin: machine.EntryWord, Width: width, Index: i})
		if zero, known := w.facts.Decide(w.terms.IsZero(word)); zero || !known {
			zeros++
		}
	}
	return zeros >= 2
}

// base returns what is to be added to the addresses in an image.
func (w *world) base(im *image) machine.Term {
	if im.Fixed {
		return machine.Number(im.bits, 0)
	}
	return w.terms.Unknown(machine.Unknown{Origin: machine.ImageBase, Width: im.bits})
}

// process returns a process of an image about to start.
func (w *world) process(im *image) *process {
	p := newProcess(im, machine.Start(w.terms, im.abi, w.words), w.base(im))
	p.Known = w.facts.Decide
	p.Processor = w.terms.Unknown
	return p
}

// answer has the kernel answer a call that was made by several processes in
// turn, the views being what each handed over: with the same unknowns to all. It
// returns the result.
func (w *world) answer(v callView, processes []*process, views []callView, call int) machine.Term {
	width := v.ABI.Bits
	result := w.terms.Unknown(machine.Unknown{Origin: machine.Result, Width: width, Call: call})
	w.limit(result, v)
	for i := range v.args {
		for j := range v.args[i].writes {
			w.scatter(processes, views, i, j, call, v.count(result))
		}
	}
	for _, p := range processes {
		p.Return(v.ABI, result)
	}
	return result
}

// scatter has the kernel write buffer j of argument i. Where all processes hold
// the same there, nothing is lost by forgetting what that was.
func (w *world) scatter(processes []*process, views []callView, i, j, call int, count machine.Term) {
	first := views[0].args[i].writes[j]
	same := first.usable <= maxBuffer
	for k := range processes[1:] {
		other := views[k+1].args[i].writes[j]
		for n := int64(0); n < first.usable && same; n++ {
			x, _ := processes[0].Memory.Peek(offset(processes[0], first.address, uint64(n)))
			y, _ := processes[k+1].Memory.Peek(offset(processes[k+1], other.address, uint64(n)))
			same = w.facts.Simplify(x) == w.facts.Simplify(y)
		}
	}
	for k, p := range processes {
		s := views[k].args[i].writes[j]
		if s.usable = min(s.usable, first.usable); s.usable > 0 {
			// Buffers of one argument are told apart by their numbers.
			p.Memory.Scatter(s.address, s.usable, call, i+len(views[k].args)*j, same, count)
		}
	}
}

// failure is the lowest error number, negated.
const failure = 1<<64 - linux.MaxErrno

// limit notes what a call may return.
func (w *world) limit(result machine.Term, v callView) {
	call := v.Syscall
	if call == nil {
		return
	}
	switch call.Result {
	case linux.Error:
		w.facts.Limit(result, failure, ^uint64(0))
	case linux.Zero:
		w.facts.Limit(result, failure, 0)
	case linux.Part:
		w.facts.Limit(result, failure, min(v.passed(), 1<<(result.Width()-1)-1))
	case linux.FD, linux.PID, linux.Size, linux.Copy:
		w.facts.Limit(result, failure, 1<<(result.Width()-1)-1)
	}
}

// fork returns a copy of the world in which a condition has a value, and false
// if it can't have it.
func (w *world) fork(condition machine.Term, value bool) (*world, bool) {
	c := &world{w.abi, w.terms, w.facts.Fork(), w.words}
	return c, c.facts.Assume(condition, value)
}
