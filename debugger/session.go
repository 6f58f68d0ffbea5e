package debugger

import (
	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/linux"
	"tasm/listing"
	"tasm/machine"
	"tasm/symbols"
	"tasm/vm"
)

// Machine carries out a program, one instruction at a time and both ways. A vm.VM is
// one.
type Machine interface {
	Step() bool                               // false when the run has ended
	Back() bool                               // false where the recording begins
	Restart() error                           // at the first instruction
	Last() (change vm.Change, known bool)     // what the last step changed
	Steps() int64                             // carried out so far
	Stop() *vm.Stop                           // nil while the run goes on
	IP() uint64                               // address of the next instruction
	Instruction() *x86.Decoded                // nil where there is none
	Register(n int) uint64                    // by its number in instructions
	Flags() (bits, defined uint16)            // as in the flags register
	Memory(address uint64, out []byte) int    // how many bytes there are
	Segment(address uint64) *machine.Segment  // nil where no memory is
	Output() []byte                           // so far
	Bits() int                                // mode, 32 or 64
	ABI() *linux.ABI                          // of the program's kind
	Image() (im *elf.Image, bias uint64)      // the file, and what was added to its addresses
	SetRegister(n int, value uint64)          // taken back by Back, as the next three
	SetFlags(bits uint16)                     //
	SetIP(address uint64)                     //
	SetMemory(address uint64, content []byte) //
}

var _ Machine = (*vm.VM)(nil)

// Session is a program that is being stepped.
type Session struct {
	Machine
	// Table finds lines and labels; nil where there is no source.
	Table *symbols.Table
	// Listing tells the purposes of the file's bytes; nil where nobody knows.
	Listing *listing.Listing
	// Interrupt is asked from time to time during a run whether it is to be broken
	// off; nil never does.
	Interrupt func() bool

	points  []*Breakpoint
	ids     int // of the last breakpoint
	history history
	sp      uint64 // at the first instruction
	edits   int    // that are part of the state
}

// New begins a session with a program that is about to run its first instruction.
func New(m Machine, t *symbols.Table, l *listing.Listing) *Session {
	return &Session{Machine: m, Table: t, Listing: l, sp: m.Register(machine.SP)}
}

// Why says why a run came to rest.
type Why uint8

const (
	Done        Why = iota // what was asked for is done
	Breaking               // at a breakpoint
	Watching               // a watchpoint's value has changed
	Ended                  // the program has ended
	Beginning              // there is nothing before this step
	Forgotten              // the recording begins here
	Interrupted            // Interrupt said so
)

// Pause is where a run came to rest.
type Pause struct {
	Why   Why
	Point *Breakpoint // of Breaking and Watching
	// Old and New are the values of a watchpoint before and after.
	Old, New string
	// Edit tells that what was taken back is a change made by the user.
	Edit bool
}

// Step carries out one instruction.
func (s *Session) Step() Pause {
	in, ip := s.Instruction(), s.IP()
	if !s.Machine.Step() {
		return Pause{Why: Ended}
	}
	s.note(in, ip)
	return Pause{}
}

// Back takes back one instruction, or a change by the user.
func (s *Session) Back() Pause {
	change, _ := s.Last()
	switch {
	case s.Machine.Back():
		if change.Edit {
			s.edits--
		}
		s.unnote()
		return Pause{Edit: change.Edit}
	case s.Steps() == 0:
		return Pause{Why: Beginning}
	}
	return s.replay(s.Steps() - 1)
}

// replay goes to an earlier step by running again from the first instruction: the
// recording does not reach back so far.
func (s *Session) replay(step int64) Pause {
	if s.edits > 0 {
		return Pause{Why: Forgotten}
	}
	if err := s.Restart(); err != nil {
		return Pause{Why: Forgotten}
	}
	s.history = history{}
	for s.Steps() < step {
		if p := s.Step(); p.Why != Done {
			return p
		}
		if s.interrupted() {
			return Pause{Why: Interrupted}
		}
	}
	return Pause{}
}

// interrupted asks Interrupt once in a while.
func (s *Session) interrupted() bool {
	const often = 1 << 12
	return s.Interrupt != nil && s.Steps()%often == 0 && s.Interrupt()
}

// Start goes back to the first instruction.
func (s *Session) Start() Pause {
	for s.Machine.Back() {
		if s.interrupted() {
			return Pause{Why: Interrupted}
		}
	}
	s.edits, s.history = 0, history{}
	if s.Steps() > 0 && s.Restart() != nil {
		return Pause{Why: Forgotten}
	}
	return Pause{}
}

// Continue runs until a breakpoint, a watchpoint or the end.
func (s *Session) Continue() Pause { return s.forward(func() bool { return false }) }

// Reverse runs backwards until a breakpoint, a watchpoint or the beginning.
func (s *Session) Reverse() Pause { return s.backward(func() bool { return false }) }

// forward runs until done, at least one step.
func (s *Session) forward(done func() bool) Pause { return s.move(s.Step, done) }

// backward runs back until done, at least one step.
func (s *Session) backward(done func() bool) Pause { return s.move(s.Back, done) }

// move makes steps in one direction until done, a breakpoint or a watchpoint.
func (s *Session) move(step func() Pause, done func() bool) Pause {
	w := s.watch()
	for {
		if p := step(); p.Why != Done {
			return p
		}
		if p, hit := w.look(); hit {
			return p
		}
		if done() {
			return Pause{}
		}
		if s.interrupted() {
			return Pause{Why: Interrupted}
		}
	}
}

// RunTo runs until an address.
func (s *Session) RunTo(address uint64) Pause {
	return s.forward(func() bool { return s.IP() == address })
}

// BackTo runs back until an address.
func (s *Session) BackTo(address uint64) Pause {
	return s.backward(func() bool { return s.IP() == address })
}

// Over steps one instruction; a subroutine that it calls, and the repetitions of a
// string instruction, run to their end.
func (s *Session) Over() Pause {
	in, ip, depth := s.Instruction(), s.IP(), len(s.history.open)
	if in == nil || !together(in) {
		return s.Step()
	}
	return s.forward(func() bool { return s.IP() != ip && len(s.history.open) <= depth })
}

// BackOver takes back what Over would have done.
func (s *Session) BackOver() Pause {
	depth := len(s.history.open)
	p := s.Back()
	if p.Why != Done {
		return p
	}
	ip := s.IP()
	in := s.Instruction()
	if in != nil && in.Form.Flow() == x86.Next && together(in) {
		return s.while(func() bool { change, ok := s.Last(); return ok && !change.Edit && change.IP == ip })
	}
	if len(s.history.open) > depth {
		return s.backward(func() bool { return len(s.history.open) <= depth })
	}
	return p
}

// while takes steps back as long as a condition holds.
func (s *Session) while(more func() bool) Pause {
	for more() {
		if p := s.Back(); p.Why != Done {
			return p
		}
	}
	return Pause{}
}

// together reports whether an instruction is one that Over runs to its end.
func together(in *x86.Decoded) bool {
	if in.Form.Flow() == x86.Call {
		return true
	}
	for _, p := range in.Prefixes {
		if p == x86.Rep || p == x86.Repe || p == x86.Repne {
			return true
		}
	}
	return false
}

// Out runs until the subroutine returns that the program is in; in none, to the end.
func (s *Session) Out() Pause {
	depth := len(s.history.open)
	return s.forward(func() bool { return len(s.history.open) < depth })
}

// BackOut runs back to the call of the subroutine that the program is in; in none, to
// the beginning.
func (s *Session) BackOut() Pause {
	depth := len(s.history.open)
	return s.backward(func() bool { return len(s.history.open) < depth })
}

// Line steps until another line of the source, and runs subroutines that it calls to
// their end.
func (s *Session) Line() Pause {
	line, depth := s.line(), len(s.history.open)
	return s.forward(func() bool { return len(s.history.open) <= depth && s.line() != line })
}

// BackLine takes steps back to the beginning of the line before.
func (s *Session) BackLine() Pause {
	depth := len(s.history.open)
	if p := s.BackOver(); p.Why != Done {
		return p
	}
	line := s.line()
	for {
		change, ok := s.Last()
		if !ok || change.Edit || s.lineAt(change.IP) != line || len(s.history.open) > depth {
			return Pause{}
		}
		if p := s.Back(); p.Why != Done {
			return p
		}
	}
}

func (s *Session) line() symbols.Line { return s.lineAt(s.IP()) }

// lineAt returns the line of an address; one without a file where there is none.
func (s *Session) lineAt(address uint64) symbols.Line {
	if s.Table != nil {
		if at := s.Table.At(address); at != nil {
			return at.Line
		}
	}
	return symbols.Line{}
}

// NextCall runs until the next system call has been made.
func (s *Session) NextCall() Pause {
	n := len(s.history.made)
	return s.forward(func() bool { return len(s.history.made) > n })
}

// BackCall runs back until the last system call has not been made.
func (s *Session) BackCall() Pause {
	n := len(s.history.made)
	return s.backward(func() bool { return len(s.history.made) < n })
}

// EditRegister changes a register given by its number in instructions.
func (s *Session) EditRegister(n int, value uint64) { s.edited(func() { s.SetRegister(n, value) }) }

// EditMemory changes bytes of memory.
func (s *Session) EditMemory(address uint64, content []byte) {
	s.edited(func() { s.SetMemory(address, content) })
}

func (s *Session) edited(change func()) {
	change()
	s.edits++
}
