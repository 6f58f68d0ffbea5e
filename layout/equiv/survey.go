package equiv

import (
	"fmt"

	"tasm/codegen/x86"
	"tasm/lang"
	"tasm/linux"
	"tasm/machine"
)

// Trouble is a place at which a program comes to a bad end, or does what hardly
// anybody means, on a path that it can take.
type Trouble struct {
	Kind TroubleKind
	// Address is that of the instruction, as it stands in the file.
	Address uint64
	// Reason is a clause with the program as its subject: "divides by zero".
	Reason string
	// Always tells that every run comes here.
	Always bool
	// Write and Target are of an access to memory: Target is its address as it
	// stands in the file, where Known.
	Write, Known bool
	Target       uint64
	Size         int // bytes
	// Instruction is the one at Address; nil where it is not known.
	Instruction *x86.Decoded
	// Call, ABI and Number are of a system call, Call being nil where Linux has none of
	// the number; Values is what is in the registers for arguments.
	Call   *linux.Syscall
	ABI    *linux.ABI
	Number int
	Values []Value
	// Endless names an argument that is a text without a zero behind it; "" if none is.
	Endless string
	// Before is how many calls were made before it.
	Before int
}

// TroubleKind says what is wrong.
type TroubleKind uint8

const (
	// RunsOut: behind the instruction at Address there is no more code.
	RunsOut TroubleKind = iota
	// Strays: the instruction at Address goes where no code is.
	Strays
	// ReturnsEntry: RET takes what the kernel has put on the stack for an address.
	ReturnsEntry
	// Divides: a division by zero, or whose quotient does not fit.
	Divides
	// Touches: memory that the program does not have, or may not write to.
	Touches
	// Loops: the same state comes again, without a system call in between.
	Loops
	// Raises: an exception of another kind.
	Raises
	// Calls: a system call whose Values are of interest.
	Calls
)

// Survey runs a program with unknowns for all that it is told from outside, within
// small bounds, and lists where it comes to a bad end, and its system calls. Code
// are the addresses of its instructions, objects are as in Options. Calls are taken to
// succeed.
func Survey(file []byte, code func(address uint64) bool, objects []Range) []Trouble {
	im, err := parse(file)
	if err != nil {
		return nil
	}
	im.objects = objects
	w := newWorld(im.abi)
	first := w.process(im)
	s := &survey{code: code, steps: surveySteps, seen: map[string]bool{}, reported: map[troubleKey]bool{}}
	tries := surveyTries
	todo := []*path{{pair: &pair{world: w, original: first, result: first, evaluations: &tries}}}
	for n := 0; len(todo) > 0 && n < surveyPaths; n++ {
		p := todo[len(todo)-1]
		todo = append(todo[:len(todo)-1], s.follow(p)...)
	}
	return s.troubles
}

// survey is the work of Survey.
type survey struct {
	code     func(address uint64) bool
	steps    int
	seen     map[string]bool
	reported map[troubleKey]bool
	troubles []Trouble
}

// troubleKey tells troubles apart: of a kind one is reported for each place.
type troubleKey struct {
	kind    TroubleKind
	address uint64
}

// path is a run up to some point.
type path struct {
	*pair
	forks int
	// left is the address of leaving, the last instruction in the code, since when
	// others run; outside tells that.
	left    uint64
	leaving *x86.Decoded
	outside bool
	fell    bool // it ran out of the code, and did not jump
	last    *x86.Decoded
	forked  machine.Term // address of the instruction that the path was split at
	// mark is a state of some steps before, to find one that comes again.
	mark      mark
	sinceCall int
	// passed is how many instructions were passed over, and invented how many values
	// stand in for what they would have computed.
	passed   int
	invented int64
}

// mark is what is compared to find a state that comes again.
type mark struct {
	registers [16]machine.Term
	ip        machine.Term
	flags     [7]machine.Term
	wrote     bool // since then
	set       bool
}

// follow runs a path to its end, or to where it is split, and returns the two.
func (s *survey) follow(p *path) []*path {
	process := p.original
	process.Memory.Watch = func(a machine.Access) { p.mark.wrote = p.mark.wrote || a.Write }
	for ; s.steps > 0 && p.terms.Count() < surveyTerms; s.steps-- {
		at, known := s.where(p)
		in, problem := process.fetch()
		if in == nil {
			s.nowhere(p, problem)
			return nil
		}
		if known {
			s.track(p, at, in)
		}
		process.at, p.last = process.IP, in
		e := process.Step(in)
		switch e.Kind {
		case machine.Done:
			if s.comesAgain(p) {
				if p.passed > 0 {
					return nil // what would end the loop may have been passed over
				}
				s.add(p, Trouble{Kind: Loops, Address: at, Reason: "goes round for ever here, without a system call"})
				return nil
			}
			continue
		case machine.Fork:
			if undefined(e.Condition) {
				return nil
			}
			return p.split(e.Condition)
		case machine.SystemCall:
			if !s.call(p, e, at) {
				return nil
			}
			continue
		}
		if !s.ends(p, e, at) || !p.passOver() {
			return nil
		}
	}
	return nil
}

// passOver goes on behind an instruction that could not be carried out, as if it had
// been right: what it computes is not known. It reports false where that says nothing of
// the instructions behind it.
func (p *path) passOver() bool {
	in, o := p.last, p.original
	if in.Form.Flow() != x86.Next || in.Repeated() || p.passed >= surveyPassed {
		return false
	}
	var written []lang.RegisterID
	forms := in.Form.Operands()
	for i := range in.Operands {
		if operand := &in.Operands[i]; operand.Kind == x86.RegisterOperand && forms[i].Access&x86.Write != 0 {
			written = append(written, operand.Register)
		}
	}
	for _, i := range in.Form.Implicit() {
		if i.Memory {
			return false
		}
		if i.Access&x86.Write != 0 {
			written = append(written, i.Register)
		}
	}
	for _, id := range written {
		r := x86.RegisterInfo(id)
		if r == nil || r.Class != x86.General || r.Number == machine.SP && !r.High {
			return false
		}
		if width := 8 * int(r.Size); width <= o.Bits {
			o.SetRegister(id, p.invent(width))
		} else {
			o.SetRegister(x86.GeneralRegister(int(r.Number), o.Bits/8), p.invent(o.Bits))
		}
	}
	for flags := in.Form.Flags().Changed(); flags != 0; flags &= flags - 1 {
		o.SetFlag(flags&-flags, p.invent(1))
	}
	o.IP = p.after()
	p.passed++
	return true
}

// invent returns a value of which nothing is known.
func (p *path) invent(width int) machine.Term {
	p.invented++
	return p.terms.Unknown(machine.Unknown{Origin: machine.Input, Width: width, Index: p.invented})
}

// where returns the address of the next instruction as it stands in the file.
func (s *survey) where(p *path) (uint64, bool) {
	_, at := p.original.IP.Split()
	return p.original.image.inFile(at, p.original.bias)
}

// track notes whether the path is in the code.
func (s *survey) track(p *path, at uint64, in *x86.Decoded) {
	if s.code(at) {
		p.left, p.leaving, p.outside = at, in, false
		return
	}
	if !p.outside {
		p.outside = true
		p.fell = p.last == nil || p.last.Form.Flow() != x86.Jump && p.last.Form.Flow() != x86.Return && p.original.IP == p.after()
	}
}

// after returns the address behind the last instruction.
func (p *path) after() machine.Term {
	return p.terms.Add(p.original.at, machine.Number(p.original.at.Width(), uint64(p.last.Length)))
}

// comesAgain reports whether the state is one that was there before.
func (s *survey) comesAgain(p *path) bool {
	p.sinceCall++
	o := p.original
	now := mark{registers: o.Registers, ip: o.IP, set: true}
	if p.mark.set && !p.mark.wrote && o.IP == p.mark.ip && o.Registers == p.mark.registers && flagsOf(o) == p.mark.flags {
		return true
	}
	if p.sinceCall&(p.sinceCall-1) == 0 { // a power of two: any round is found in the end
		now.flags = flagsOf(o)
		p.mark = now
	}
	return false
}

func flagsOf(p *process) (flags [7]machine.Term) {
	for i, f := range []x86.FlagSet{x86.CF, x86.PF, x86.AF, x86.ZF, x86.SF, x86.OF, x86.DF} {
		flags[i] = p.Flag(f)
	}
	return flags
}

// split returns the two cases in which a condition holds or not.
func (p *path) split(condition machine.Term) []*path {
	var list []*path
	for _, value := range []bool{false, true} {
		w, possible := p.world.fork(condition, value)
		if !possible {
			continue
		}
		c := *p
		pair := *p.pair
		pair.world, pair.original = w, p.original.fork()
		pair.result = pair.original
		pair.original.Known = w.facts.Decide
		c.pair, c.forked = &pair, p.original.IP
		c.forks++
		c.mark = mark{}
		list = append(list, &c)
	}
	return list
}

// add notes a trouble, if the path can be taken.
func (s *survey) add(p *path, t Trouble) {
	key := troubleKey{t.Kind, t.Address}
	if s.reported[key] || !p.possible() {
		return
	}
	s.reported[key] = true
	t.Always = p.forks == 0
	if t.Instruction = p.last; p.outside {
		t.Instruction = p.leaving
	}
	s.troubles = append(s.troubles, t)
}

// nowhere is about a path that goes on where nothing can be executed.
func (s *survey) nowhere(p *path, problem machine.Event) {
	if p.last == nil {
		return
	}
	_, at := p.original.at.Split()
	address, _ := p.original.image.inFile(at, p.original.bias)
	t := Trouble{Address: address, Reason: problem.Reason}
	switch target, _, ok := p.original.IP.AsUnknown(); {
	case p.outside:
		s.strayed(p, problem.Reason)
		return
	case p.last.Form.Flow() == x86.Return && ok && target.Origin == machine.EntryWord:
		t.Kind = ReturnsEntry
	case p.last.Form.Flow() != x86.Return && p.last.Form.Flow() != x86.Jump && p.original.IP == p.after():
		t.Kind = RunsOut
	case problem.Kind == machine.Fault:
		t.Kind = Strays
	default:
		return
	}
	s.add(p, t)
}

// strayed is about a path that came to a bad end where no code of the source is.
func (s *survey) strayed(p *path, reason string) {
	kind := RunsOut
	if !p.fell {
		kind, reason = Strays, "jumps to what is no code"
	}
	s.add(p, Trouble{Kind: kind, Address: p.left, Reason: reason})
}

// ends is about an exception, or what is not known. It reports whether what comes behind
// the instruction can be looked at all the same.
func (s *survey) ends(p *path, e machine.Event, at uint64) bool {
	if p.outside {
		s.strayed(p, e.Reason)
		return false
	}
	if e.Kind != machine.Fault || p.forked == p.original.at && p.forks > 0 {
		return false // not known, or a case that only the instruction itself told from others
	}
	t := Trouble{Address: at, Reason: e.Reason}
	switch e.Exception {
	case machine.DivideError:
		t.Kind = Divides
	case machine.PageFault:
		if e.Refused == nil || p.original.maps {
			return false
		}
		t.Kind, t.Write, t.Size = Touches, e.Refused.Write, e.Refused.Size
		t.Target, t.Known = e.Refused.Address.Constant()
	case machine.Breakpoint:
		return false
	default:
		t.Kind = Raises
	}
	s.add(p, t)
	return t.Kind != Raises // which many end a program with on purpose
}

// call notes a system call and has the kernel answer it. It reports false where the
// path ends.
func (s *survey) call(p *path, e machine.Event, at uint64) bool {
	o := p.original
	v := o.view(o.Call(e.ABI), p.facts)
	n, known := v.Number.Constant()
	if !known {
		return false
	}
	t := Trouble{Kind: Calls, Address: at, Call: v.Syscall, ABI: e.ABI, Number: int(int32(n)), Before: p.calls, Reason: fmt.Sprintf("makes system call %d", int32(n))}
	for _, name := range e.ABI.Args {
		t.Values = append(t.Values, o.classify(p.facts.Simplify(o.Register(x86.LookupRegister(name))), true))
	}
	for _, o := range v.overruns() {
		if o.length.Width() == 0 && o.exact && !o.write {
			t.Endless = o.arg
		}
	}
	if !p.outside {
		s.add(p, t)
	}
	if v.Syscall != nil && (v.Syscall.NoReturn() || v.Syscall.Result == linux.Error) {
		return false // what comes behind a call that fails is not looked at
	}
	if v.Syscall == nil || v.unclear() != "" || p.calls >= surveyCalls || e.ABI != o.image.abi {
		return false
	}
	print := p.fingerprint()
	s.steps -= (len(print) + v.size() + v.room()) / bytesPerStep / 2
	if s.seen[print] {
		return false
	}
	s.seen[print] = true
	result := p.answer(v, []*process{o}, []callView{v}, p.calls)
	p.facts.Limit(result, 0, ^uint64(0)>>(64-result.Width())-linux.MaxErrno)
	o.maps = o.maps || v.mapping()
	p.calls++
	p.mark, p.sinceCall = mark{}, 0
	return true
}
