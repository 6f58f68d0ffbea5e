package equiv

import (
	"fmt"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/machine"
)

// process is a run of an executable.
type process struct {
	*machine.State
	image *image
	idle  []Idle
	uses  *Uses        // what the program was seen to use; nil if nobody asks
	bias  int64        // which is added to addresses in the file that are numbers
	at    machine.Term // address of the instruction that was executed last
	maps  bool         // it may have mapped memory of which nothing is known
	heap  heap
	gifts []gift
	// astray tells that it has come to a known place where no instruction is.
	astray bool
	// keepsBefore tells that before is kept: the registers before the last instruction.
	keepsBefore bool
	before      machine.State
	// whole says of which buffers a view is not to look at the bytes; nil for none.
	whole func(call machine.Call, arg int, a *passed) bool
	// most is how many terms it may go on with, as a computation can make many of each step.
	most int
	// easy is how many steps that compute nothing new are not counted; nil for none.
	easy *int
}

// newProcess returns an image about to start, with the state that start made.
func newProcess(im *image, s *machine.State, bias machine.Term) *process {
	s.FollowsOther = true
	return &process{State: s, image: im, bias: im.start(s, bias), most: inductionTerms}
}

// fork returns a copy of the process.
func (p *process) fork() *process {
	c := *p
	c.State = p.State.Fork()
	return &c
}

// address returns the address of the instruction that was executed last as it stands in
// the file; 0 if it lies elsewhere.
func (p *process) address() uint64 {
	if p.at.Width() == 0 {
		return 0
	}
	_, at := p.at.Split()
	address, _ := p.image.inFile(at, p.bias)
	return address
}

// stepsToLook is how many instructions run before the context is looked at again.
const stepsToLook = 1 << 10

// advance runs the process up to its next system call, or whatever else stops
// it, but for at most *steps instructions, which it counts down. It reports
// false when those are used up, or the terms that there may be, or the context has ended.
func (p *process) advance(steps *int) (machine.Event, bool) {
	for ; *steps > 0; *steps-- {
		if *steps%stepsToLook == 0 && p.image.ctx.Err() != nil {
			break
		}
		in, problem := p.fetch()
		if in == nil {
			p.astray = p.IP.IsNumber()
			return problem, true
		}
		p.at = p.IP
		if p.keepsBefore {
			p.before = *p.State
		}
		terms := p.Terms.Count()
		if terms > p.most {
			break
		}
		if e := p.Step(in); e.Kind != machine.Done {
			*steps--
			return e, true
		}
		if p.Computed != nil {
			*steps -= termSteps * (p.Terms.Count() - terms)
		}
		if p.easy != nil && *p.easy > 0 && p.Terms.Count() == terms {
			*p.easy--
			*steps++
		}
	}
	return machine.Event{}, false
}

// fetch decodes the next instruction; it returns nil and an event if there is
// none.
func (p *process) fetch() (*x86.Decoded, machine.Event) {
	if known := p.image.decoded[p.IP]; known.in != nil && !(known.writable && p.Memory.Written(p.IP, known.in.Length)) {
		return known.in, machine.Event{}
	}
	fail := func(kind machine.EventKind, format string, args ...any) (*x86.Decoded, machine.Event) {
		return nil, machine.Event{Kind: kind, Reason: fmt.Sprintf(format, args...)}
	}
	var code [x86.MaxLength]byte
	n, segment := p.Memory.Fetch(p.IP, code[:])
	if segment == nil {
		if s, _ := p.Memory.Find(p.IP); s != nil {
			return fail(machine.Fault, "jumps into %s, which may not be executed", s.Name)
		}
		if v, ok := p.IP.Constant(); ok {
			return fail(machine.Fault, "jumps to %#x, where there is no memory", v)
		}
		return fail(machine.Unclear, "jumps to an address that is not known")
	}
	_, address := p.IP.Split()
	in := new(x86.Decoded)
	if !x86.Decode(p.Bits, code[:n], address, in) {
		return fail(machine.Unclear, "runs into bytes that are no instruction known here: % x", code[:min(n, 4)])
	}
	if p.uses != nil {
		p.uses.ran(segment, address, in.Length)
	}
	if writable := p.writable(segment, in.Length); !writable || !p.Memory.Written(p.IP, in.Length) {
		p.image.met = append(p.image.met, in)
		p.image.decoded[p.IP] = decoded{in, writable}
	}
	return in, machine.Event{}
}

// writable reports whether an instruction at IP, size bytes long and beginning in
// a segment, can be changed while the program runs.
func (p *process) writable(segment *machine.Segment, size int) bool {
	last, _ := p.Memory.Find(offset(p, p.IP, uint64(size-1)))
	return segment.Write || last == nil || last.Write
}

// accepted checks that a loader takes a file.
func accepted(file []byte, loader *elf.Loader) error {
	if loader == nil {
		return nil
	}
	if broken := elf.Check(loader, file); len(broken) > 0 {
		return fmt.Errorf("would not be loaded: %v", broken[0])
	}
	return nil
}

// refused notes what an access that was refused tells of the file: the headers in memory
// are others in another file, and what may not be written may be there.
func (p *process) refused(e machine.Event) {
	switch {
	case e.Refused == nil:
	case !e.Refused.Write && p.inHeaders(e.Refused.Address):
		p.shows("reads its own headers")
	case e.Refused.Write && p.isReadOnly(e.Refused.Address):
		p.shows("writes to what may not be written, and dies of it")
	}
}

// strays notes where control went to what may not be executed: there it may be.
func (p *process) strays() {
	if m := p.mapping(p.IP); m != nil && !m.Execute {
		p.shows("jumps to what may not be executed, and dies of it")
	}
}

// isReadOnly reports whether an address is one of the file in memory that may not be
// written.
func (p *process) isReadOnly(address machine.Term) bool {
	m := p.mapping(address)
	return m != nil && !m.Write
}

// mapping returns the mapping of the file that holds an address; nil if none does.
func (p *process) mapping(address machine.Term) *elf.Mapping {
	base, at := startOf(address)
	in, holds := p.image.inFile(at, p.bias)
	if base.IsNumber() != p.image.Fixed || !holds {
		return nil
	}
	return p.image.mapping(in)
}

// inHeaders reports whether an address is a number within the headers of the file in memory.
func (p *process) inHeaders(address machine.Term) bool {
	at, ok := address.Constant()
	if !ok || !p.image.Fixed {
		return false
	}
	head := p.image.File[:min(len(p.image.File), p.image.Class.Size(elf.FileHeader))]
	get := func(id elf.FieldID) uint64 { return elf.Get(p.image.Class, head, id) }
	end := max(get(elf.EPhoff)+get(elf.EPhnum)*get(elf.EPhentsize), uint64(len(head)))
	m := p.image.mapping(at)
	return m != nil && m.Offset+at-m.Low < min(end, m.End)
}
