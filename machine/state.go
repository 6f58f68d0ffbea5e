package machine

import (
	"tasm/codegen/x86"
	"tasm/lang"
	"tasm/linux"
)

// Numbers of the general registers, as instructions encode them.
const (
	AX = iota
	CX
	DX
	BX
	SP
	BP
	SI
	DI
)

// State is a processor in user mode, with the memory of its process.
type State struct {
	Terms *Terms
	Bits  int // mode: 32 or 64
	// Registers are the general registers, as wide as the mode has them: 8
	// in 32-bit mode.
	Registers [16]Term
	// Other is what the registers of the x87 and the vector registers hold; of no width as
	// long as nobody has changed them. FollowsOther tells that it is followed.
	Other        Term
	FollowsOther bool
	// IP is the address of the next instruction.
	IP     Term
	Memory *Memory
	// Known tells what has been found out about a condition, a term of one bit
	// that is no number; nil knows nothing.
	Known func(condition Term) (value, known bool)
	// Processor tells what a value is that depends on the processor or on the moment;
	// nil knows of none.
	Processor func(Unknown) Term
	// Computed tells what a value is that an instruction made of its x87 or vector
	// registers; nil leaves it an unknown.
	Computed func(Unknown) Term
	// asked counts the instructions that gave such values.
	asked int64
	// Load and Store, if they are not nil, stand for the memory: they are told of every
	// access of an instruction, of as many bytes as the terms are wide.
	Load  func(address Term, width int) Term
	Store func(address, x Term)
	// Symbol, if it is not nil, returns what is to be added to the number in an
	// operand, of so many bits: an address that is not settled yet; a Term of no width where
	// there is none.
	Symbol func(operand, width int) Term
	// KeepsReturn tells that the instruction syscall leaves the address behind
	// it in rcx and the flags in r11, as processors without FRED do.
	KeepsReturn bool
	// LeavesUnequal tells that CMPXCHG does not touch a register that it finds unequal,
	// its upper half included, as processors do; the manuals differ.
	LeavesUnequal bool
	// EndsAtZero tells that a repeated string instruction is over with the iteration
	// that brings its count to 0, as it is when a processor is stepped by its trap
	// flag. Else one more step finds the count to be 0: there is one question less
	// where the count is not known.
	EndsAtZero bool

	flags flags
	// slots are what compiled instructions compute with.
	slots [SlotCount]uint64
	// exec is the instruction that Step carries out: here it needs no memory of
	// its own each time.
	exec exec
}

// NewState returns a state in which all registers and flags are 0.
func NewState(t *Terms, bits int) *State {
	s := &State{Terms: t, Bits: bits, Memory: NewMemory(t)}
	for i := range s.Registers {
		s.Registers[i] = Number(bits, 0)
	}
	for i := range s.flags.term {
		s.flags.term[i] = bit(false)
	}
	return s
}

// Fork returns a copy of the state. What one of the two does afterwards does
// not change the other.
func (s *State) Fork() *State {
	c := *s
	c.Memory = s.Memory.fork()
	return &c
}

// decide says whether a condition holds, if that is known.
func (s *State) decide(condition Term) (value, known bool) {
	if condition.node == nil {
		return condition.value != 0, true
	}
	if s.Known == nil {
		return false, false
	}
	return s.Known(condition)
}

// Register returns the value of a general register or of a part of one.
func (s *State) Register(id lang.RegisterID) Term {
	r := x86.RegisterInfo(id)
	if r.High {
		return s.Terms.Extract(s.Registers[r.Number-4], 8, 8)
	}
	return s.Terms.Extract(s.Registers[r.Number], 0, 8*int(r.Size))
}

// SetRegister changes a general register or a part of one. A write to 32 of
// its 64 bits clears the rest.
func (s *State) SetRegister(id lang.RegisterID, x Term) {
	r := x86.RegisterInfo(id)
	t := s.Terms
	number := r.Number
	if r.High {
		number -= 4
	}
	whole := s.Registers[number]
	switch {
	case r.High:
		whole = t.Concat(t.Extract(whole, 16, s.Bits-16), t.Concat(x, t.Extract(whole, 0, 8)))
	case r.Size >= 4:
		whole = t.ZeroExtend(x, s.Bits)
	default:
		size := 8 * int(r.Size)
		whole = t.Concat(t.Extract(whole, size, s.Bits-size), x)
	}
	s.Registers[number] = whole
}

// part returns the low size bytes of a general register.
func (s *State) part(number, size int) Term {
	return s.Terms.Extract(s.Registers[number], 0, 8*size)
}

// setPart changes the low size bytes of a general register.
func (s *State) setPart(number, size int, x Term) {
	s.SetRegister(x86.GeneralRegister(number, size), x)
}

// EventKind says how a step ended.
type EventKind uint8

const (
	// Done is an instruction that was carried out.
	Done EventKind = iota
	// Fork is a condition that has to be known first. Nothing has changed: the
	// same instruction is to be stepped again when Known knows it.
	Fork
	// SystemCall is a call of the kernel; IP is where it will come back to.
	SystemCall
	// Fault is an exception, which ends the process.
	Fault
	// Unclear is an instruction whose effect the state doesn't tell, or that
	// this package does not know.
	Unclear
)

// Event is what came of a step.
type Event struct {
	Kind      EventKind
	Condition Term       // of a Fork
	ABI       *linux.ABI // of a SystemCall
	Reason    string     // of a Fault or Unclear: a clause, "reads at an unknown address"
	// Exception is what the processor raises; of a Fault.
	Exception Exception
	// Refused is the access to memory that a Fault or Unclear is about; nil where
	// it is about something else.
	Refused *Refused
}

// Exception is a kind of exception (manual, volume 3, chapter 6).
type Exception uint8

// The exceptions that integer instructions raise in user mode.
const (
	NoException   Exception = iota
	DivideError             // #DE
	Breakpoint              // #BP and #DB
	InvalidOpcode           // #UD
	Protection              // #GP
	PageFault               // #PF, and #GP for an address that is not canonical
)

// Signal returns the number of the signal that Linux sends for the exception
// (arch/x86/kernel/traps.c, arch/x86/mm/fault.c).
func (x Exception) Signal() int {
	return [...]int{DivideError: 8, Breakpoint: 5, InvalidOpcode: 4, Protection: 11, PageFault: 11}[x]
}

// Refused is an access to memory that is not possible.
type Refused struct {
	Address Term
	Size    int // bytes
	Write   bool
}
