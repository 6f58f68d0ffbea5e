package equiv

import (
	"cmp"
	"fmt"
	"slices"

	"tasm/layout/elf"
	"tasm/linux"
	"tasm/machine"
)

// Trace is the list of the system calls that a program makes, where that is the
// same whatever it is told from outside.
type Trace struct {
	ABI   *linux.ABI
	Calls []Call // the last one does not return
	Uses  Uses
}

// Call is one system call of a Trace.
type Call struct {
	Number  int
	Syscall *linux.Syscall // nil if the table has no call of this number
	Args    []Argument     // those that the call takes
}

// Argument is what a call is given in one register.
type Argument struct {
	linux.Arg
	Value Value
	// Reads is the memory that the kernel may read: one Content for a buffer
	// or string, one for each of several.
	Reads []Content
	// Room is the size in bytes of the buffer that the kernel may write, 0 if
	// there is none.
	Room int64
}

// Content is what lies in memory that the kernel reads.
type Content struct {
	At    Value
	Terms []machine.Term // its bytes
	// Bytes are the same where all of them are known, else nil.
	Bytes []byte
	// Cut tells that the memory ends before what the kernel may read.
	Cut bool
}

// Form says what a Value is.
type Form uint8

const (
	Other  Form = iota // none of the following: see the Term
	Number             // a number
	Image              // an address in the file's memory
	Stack              // the initial stack pointer plus a number
	Word               // a word of the initial stack plus a number; word 0 is argc
	Result             // what an earlier call returned plus a number
)

// Value is the value of an argument, as far as it has one of some forms.
type Value struct {
	Form Form
	// Number is the value of a Number, the address as it stands in the file of
	// an Image, and of the other forms what is to be added.
	Number int64
	// Index counts the words of the initial stack or the calls, from 0.
	Index int
	Term  machine.Term
}

// Range is a run of addresses as they stand in the file; High is behind it.
type Range struct{ Low, High uint64 }

// Uses is what a program was seen to use of its memory. The kernel's reading
// and writing for it is not in it.
type Uses struct {
	Reads  []Range // read as data, in order
	Writes []Range // written
	Runs   []Range // executed
	// Words are the words of the initial stack that were read, in order: 0 is
	// argc, then come the addresses of the arguments.
	Words []int
	// Strings tells that the program itself read a string of the arguments or
	// the environment.
	Strings bool

	image *image
	bias  int64
}

// SelfInspecting reports whether the program reads or writes bytes that it
// also executes.
func (u *Uses) SelfInspecting() bool {
	for _, r := range u.Runs {
		for _, data := range slices.Concat(u.Reads, u.Writes) {
			if data.Low < r.High && r.Low < data.High {
				return true
			}
		}
	}
	return false
}

// add adds a range to a list and keeps it in order and without overlaps.
func add(list *[]Range, low, high uint64) {
	i, _ := slices.BinarySearchFunc(*list, low, func(r Range, low uint64) int { return cmp.Compare(r.High, low) })
	j := i
	for ; j < len(*list) && (*list)[j].Low <= high; j++ {
		low, high = min(low, (*list)[j].Low), max(high, (*list)[j].High)
	}
	*list = slices.Replace(*list, i, j, Range{low, high})
}

// inImage returns an address as it stands in the file, and whether it belongs
// to the image.
func (u *Uses) inImage(at int64) (uint64, bool) {
	address := uint64(at - u.bias)
	return address, u.image.holds(address)
}

// holds reports whether an address lies in one of the image's segments.
func (im *image) holds(address uint64) bool {
	return slices.ContainsFunc(im.Segments, func(m elf.Mapping) bool { return address >= m.Low && address < m.High })
}

// ran notes that an instruction was executed.
func (u *Uses) ran(segment *machine.Segment, at int64, size int) {
	if address, ok := u.inImage(at); ok && !isStack(segment) {
		add(&u.Runs, address, address+uint64(size))
	}
}

func isStack(s *machine.Segment) bool {
	if s.Base.IsNumber() {
		return false
	}
	u, _, ok := s.Base.AsUnknown()
	return ok && u.Origin != machine.ImageBase
}

// watch returns the function that notes accesses to memory.
func (u *Uses) watch(word int) func(machine.Access) {
	return func(a machine.Access) {
		if isStack(a.Segment) {
			base, _, _ := a.Segment.Base.AsUnknown()
			switch {
			case base.Origin == machine.EntryWord:
				u.Strings = true
			case !a.Write && a.Offset >= 0:
				for w := a.Offset / int64(word); w*int64(word) < a.Offset+int64(a.Size); w++ {
					if i, found := slices.BinarySearch(u.Words, int(w)); !found {
						u.Words = slices.Insert(u.Words, i, int(w))
					}
				}
			}
			return
		}
		if address, ok := u.inImage(a.Offset); ok {
			list := &u.Reads
			if a.Write {
				list = &u.Writes
			}
			add(list, address, address+uint64(a.Size))
		}
	}
}

// Run executes a file with unknowns for the arguments, the environment and
// what the kernel returns. It returns the calls that it makes if those are the
// same in all cases, else nil and the reason why not: a clause with the program
// as its subject.
func Run(file []byte) (*Trace, string) {
	im, err := parse(file)
	if err != nil {
		return nil, err.Error()
	}
	w := newWorld(im.abi)
	p := w.process(im)
	trace := &Trace{ABI: im.abi, Uses: Uses{image: im}}
	p.uses = &trace.Uses
	p.Memory.Watch = p.uses.watch(im.abi.PointerSize)
	for steps := maxSteps; len(trace.Calls) < maxCalls; {
		e, ok := p.advance(&steps)
		switch {
		case !ok:
			return nil, "runs for too long"
		case e.Kind == machine.Fork:
			return nil, "decides on something that is not known: " + e.Condition.String()
		case e.Kind != machine.SystemCall:
			return nil, e.Reason
		}
		v := p.view(p.Call(e.ABI), w.facts)
		if reason := v.unclear(); reason != "" {
			return nil, reason
		}
		if e.ABI != im.abi {
			return nil, "calls the kernel in the way of another ABI"
		}
		trace.Calls = append(trace.Calls, p.record(v))
		steps -= (v.size() + v.room()) / bytesPerStep
		if v.Syscall != nil && v.Syscall.NoReturn() {
			return trace, ""
		}
		w.answer(v, []*process{p}, []callView{v}, len(trace.Calls)-1)
	}
	return nil, "makes too many system calls"
}

// unclear says why it is not known what the call does, or "".
func (v callView) unclear() string {
	number, _ := v.Number.Constant()
	switch {
	case !v.Number.IsNumber():
		return "makes a system call whose number is not known"
	case v.Syscall == nil && linux.MayExist(v.ABI, int(int32(number))):
		return fmt.Sprintf("makes system call %d, which some kernel may have", int32(number))
	case v.Syscall == nil:
		return ""
	case v.Syscall.Result == linux.Jump:
		return "calls " + v.Syscall.Name + ", which goes on elsewhere"
	case v.Syscall.Result == linux.Twice:
		return "calls " + v.Syscall.Name + ", which makes another process or thread"
	}
	for _, a := range v.args {
		if a.unclear != "" {
			return a.unclear
		}
	}
	return ""
}

// record makes a Call of what was handed to the kernel.
func (p *process) record(v callView) Call {
	n, _ := v.Number.Constant()
	c := Call{Number: int(int32(n)), Syscall: v.Syscall}
	for _, a := range v.args {
		arg := Argument{Arg: a.Arg, Value: p.classify(a.value, a.Kind.Memory())}
		for _, r := range a.reads {
			content := Content{At: p.classify(r.address, true), Terms: r.bytes, Cut: r.cut, Bytes: []byte{}}
			for _, b := range r.bytes {
				v, ok := b.Constant()
				if !ok {
					content.Bytes = nil
					break
				}
				content.Bytes = append(content.Bytes, byte(v))
			}
			arg.Reads = append(arg.Reads, content)
		}
		for _, s := range a.writes {
			arg.Room += s.size
		}
		c.Args = append(c.Args, arg)
	}
	return c
}

// classify says what form a value has.
func (p *process) classify(x machine.Term, address bool) Value {
	v := Value{Term: x}
	if n, ok := x.Constant(); ok {
		v.Form, v.Number = Number, int64(n)
		if address && p.image.Fixed && p.image.holds(n) {
			v.Form = Image
		}
		return v
	}
	u, offset, ok := x.AsUnknown()
	if !ok {
		return v
	}
	v.Number, v.Index = offset, int(u.Index)
	switch u.Origin {
	case machine.ImageBase:
		v.Form = Image
	case machine.StackPointer:
		v.Form = Stack
	case machine.EntryWord:
		v.Form = Word
	case machine.Result:
		v.Form, v.Index = Result, u.Call
	}
	return v
}
