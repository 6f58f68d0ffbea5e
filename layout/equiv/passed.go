package equiv

import (
	"fmt"
	"math"
	"slices"

	"tasm/linux"
	"tasm/machine"
)

// passed is what a program hands to the kernel with one argument.
type passed struct {
	linux.Arg
	value machine.Term
	// reads are the runs of memory that the kernel may read.
	reads []run
	// writes are the runs that it may write.
	writes []span
	// unclear says why it is not known what else the kernel touches; "" if it is.
	unclear string
	// foreign tells that the address is not known to be in the process's memory: it
	// may lie in what the kernel has given.
	foreign bool
	// whole tells that all of an object has to be looked at (handOver): of a buffer
	// there, reads and writes are left out.
	whole bool
	// more is how many bytes the kernel reads or writes at most besides those of
	// reads and writes.
	more uint64
}

// run is the content of memory.
type run struct {
	address machine.Term
	bytes   []machine.Term
	cut     bool         // the memory ends before the run does
	open    bool         // the kernel may read less: how much is not known
	beyond  bool         // what is cut off lies outside the object
	length  machine.Term // how many bytes the call was told to read; of no width if not told
	// within, if not nil, compares byte n where the kernel reads it.
	within func(n int, x, y machine.Term) *difference
}

// span is a run of memory of which only the place matters.
type span struct {
	address machine.Term
	size    int64
	usable  int64        // bytes that may be written
	beyond  bool         // the rest lies outside the object
	length  machine.Term // how many bytes the call was told that there are
}

// callView is a system call with all that it hands over.
type callView struct {
	machine.Call
	args []passed
}

// any reports whether something holds for a value that the call hands over.
func (v callView) any(holds func(machine.Term) bool) bool {
	check := func(x machine.Term) bool { return !x.IsNumber() && holds(x) }
	for i := range v.args {
		a := &v.args[i]
		if a.Kind != linux.Unused && check(a.value) {
			return true
		}
		for _, r := range a.reads {
			if slices.ContainsFunc(r.bytes, check) {
				return true
			}
		}
	}
	return false
}

// view finds out what a call hands to the kernel.
func (p *process) view(call machine.Call, facts *machine.Facts) callView {
	if !call.Number.IsNumber() {
		call = p.CallOf(call.ABI, facts.Simplify(call.Number))
	}
	if call.Syscall == nil {
		return callView{Call: call}
	}
	call.Syscall = call.Syscall.Refine(call.ABI, func(arg int) (uint64, bool) { return facts.Simplify(call.Args[arg]).Constant() })
	v := callView{Call: call}
	for i, arg := range call.Syscall.Args(call.ABI) {
		a := passed{Arg: arg, value: facts.Simplify(call.Args[i])}
		if arg.Kind.Memory() {
			a.whole = p.whole != nil && p.whole(call, i, &a)
			p.follow(&a, call, facts)
		}
		v.args = append(v.args, a)
	}
	p.look(v)
	return v
}

// follow finds the memory behind an argument.
func (p *process) follow(a *passed, call machine.Call, facts *machine.Facts) {
	if n, ok := a.value.Constant(); ok && n == 0 && (a.Optional || a.Kind == linux.Opaque) {
		return
	}
	if s, _ := p.Memory.Find(a.value); s == nil && !a.value.IsNumber() {
		if a.foreign = true; a.Kind.Writes() && !a.whole && !isNearResult(a.value) {
			a.unclear = "has memory written for " + a.Name + " of which it is not known where it lies"
			return
		}
	}
	switch a.Kind {
	case linux.CString:
		a.reads = append(a.reads, p.text(a.value, facts))
		return
	case linux.Strings:
		p.followStrings(a, call.ABI, facts)
		return
	case linux.Opaque:
		// A number, or an address that the kernel gave, is as good as a value.
		if p.mayBeMemory(a.value) && !p.isGranted(a.value) {
			a.unclear = "passes its memory for " + a.Name + ", and what the kernel does there is not modelled"
		}
		return
	case linux.Map:
		p.followRange(a, call, facts)
		return
	case linux.Gather, linux.Scatter:
		size, exact := p.length(a.Length, call, facts)
		if !exact || size > maxVectors {
			a.unclear = "passes an unknown number of buffers"
			return
		}
		p.followVectors(a, call.ABI, int(size), facts)
		return
	}
	if !a.whole {
		p.followBuffer(a, call, facts)
	}
}

// isNearResult reports whether an address is what a call has returned, or little behind it:
// then it is in memory that the kernel has given, and not in the program's own.
func isNearResult(address machine.Term) bool {
	u, offset, ok := address.AsUnknown()
	return ok && u.Origin == machine.Result && max(offset, -offset) < 1<<20
}

// followBuffer finds the bytes of a buffer that the kernel reads, writes or both.
func (p *process) followBuffer(a *passed, call machine.Call, facts *machine.Facts) {
	size, exact := p.length(a.Length, call, facts)
	given := givenLength(a.Length, call, size, exact, facts)
	switch {
	case a.Indirect && p.holdsAddress(a.value, size, call.ABI, facts):
		a.unclear = "passes addresses in memory for " + a.Name + ", which are not followed; use a call that takes them in registers, if there is one"
	case a.Kind.Reads():
		r := p.content(a.value, size, facts)
		r.open, r.length = !exact, given
		if a.reads = append(a.reads, r); r.open && (r.cut && (!r.beyond || given.Width() == 0) || len(r.bytes) > maxOpen) {
			a.unclear = "passes a buffer of unknown size"
		}
	}
	if a.Kind.Writes() && a.unclear == "" {
		s := p.room(a.value, int64(min(size, 1<<32)))
		s.length = given
		if a.writes = append(a.writes, s); !exact && (s.usable > maxOpen || given.Width() == 0) || size > 1<<31 && !s.beyond {
			a.unclear = "has a buffer of unknown size written"
		}
	}
}

// givenLength returns the length that a call was given for a buffer; a term of no width if
// it was not as simple as that.
func givenLength(l linux.Length, call machine.Call, n uint64, exact bool, facts *machine.Facts) machine.Term {
	if exact {
		return machine.Number(64, n)
	}
	if arg, ok := l.Argument(); ok {
		return facts.Simplify(call.Args[arg])
	}
	return machine.Term{}
}

// isMemory reports whether a value is an address in the process's memory.
func (p *process) isMemory(x machine.Term) bool {
	s, _ := p.Memory.Find(x)
	return s != nil
}

// mayBeMemory reports whether a value is an address in the process's memory, or one of its
// file and something that is not known.
func (p *process) mayBeMemory(x machine.Term) bool {
	if p.isMemory(x) || x.DependsOn(machine.ImageBase, machine.StackPointer) {
		return true
	}
	_, at := x.Split()
	_, in := p.image.inFile(at, p.bias)
	return !x.IsNumber() && in
}

// holdsAddress reports whether one of the words of a buffer may be an address in the
// process's memory.
func (p *process) holdsAddress(address machine.Term, size uint64, abi *linux.ABI, facts *machine.Facts) bool {
	word := uint64(abi.PointerSize)
	if size > maxOpen {
		return true
	}
	for i := uint64(0); i+word <= size; i += word {
		x, ok := p.Memory.PeekWord(offset(p, address, i), int(word))
		if !ok {
			return false // the kernel fails before it looks further
		}
		if p.isMemory(facts.Simplify(x)) {
			return true
		}
	}
	return false
}

// followRange finds out whether a range of addresses meets the file in memory. Of
// what is elsewhere only the numbers matter.
func (p *process) followRange(a *passed, call machine.Call, facts *machine.Facts) {
	low, known := a.value.Constant()
	size, exact := p.length(a.Length, call, facts)
	if !exact {
		size = max(size, 1<<32)
	}
	meets := p.isMemory(a.value) && !p.isGranted(a.value)
	if known && p.image.Fixed {
		meets = meets || p.image.touches(low, size)
	}
	switch {
	case meets:
		a.unclear = "changes the mapping of its own memory by " + a.Name
		p.shows(fmt.Sprintf("passes addresses to %s at which it may lie itself", call.Syscall.Name))
	case !known && !fromKernel(a.value):
		p.shows(fmt.Sprintf("passes addresses to %s that are not known", call.Syscall.Name))
	}
}

// shows notes that the program does what depends on where its file lies.
func (p *process) shows(what string) { p.image.shown, p.image.shownAt = what, p.address() }

// touches reports whether a range of addresses shares a page with the image.
func (im *image) touches(low, size uint64) bool {
	return im.Meets(low&^(page-1), min(low+size, ^uint64(0)-page)+page-1)
}

// fromKernel reports whether a value depends on nothing but what the kernel has
// returned: then it is not where the program lies.
func fromKernel(x machine.Term) bool {
	return !x.DependsOn(machine.EntryWord, machine.StringByte, machine.KernelByte)
}

// look notes in the image what a call shows of where its file lies, whatever it is
// about.
func (p *process) look(v callView) {
	for i := range v.args {
		for _, r := range v.args[i].reads {
			if name, ok := constants(r.bytes); ok && v.args[i].Kind == linux.CString && linux.ShowsProcess(string(name)) {
				p.shows("names files below /proc that show memory")
			}
			if v.Syscall.Space() != linux.NoSpace && v.Syscall.Result == linux.Pointer {
				p.lookInside(v, r)
			}
		}
		for _, s := range v.args[i].writes {
			if s.size > 0 && s.usable == 0 && p.isReadOnly(s.address) {
				p.shows("has " + v.name() + " write to what may not be written")
			}
		}
	}
}

// passesHeaders notes whether a call hands over the headers of the file in memory.
func (p *process) passesHeaders(v callView) {
	for _, a := range v.args {
		if slices.ContainsFunc(a.reads, func(r run) bool { return p.inHeaders(r.address) }) {
			p.shows("passes its own headers to " + v.name())
		}
	}
}

// lookInside looks for a range of addresses at the beginning of a structure: where to
// map something, and how much.
func (p *process) lookInside(v callView, r run) {
	word := v.ABI.PointerSize
	if len(r.bytes) < 2*word {
		return
	}
	low, known1 := constants(r.bytes[:word])
	size, known2 := constants(r.bytes[word : 2*word])
	if !known1 || !known2 || p.image.Fixed && p.image.touches(number(low), number(size)) {
		p.shows(fmt.Sprintf("passes addresses to %s at which it may lie itself", v.Syscall.Name))
	}
}

// constants returns the bytes that terms stand for, false where not all
// are known.
func constants(terms []machine.Term) ([]byte, bool) {
	list := make([]byte, 0, len(terms))
	for _, x := range terms {
		b, known := x.Constant()
		if !known {
			return nil, false
		}
		list = append(list, byte(b))
	}
	return list, true
}

// number reads a number, least byte first.
func number(bytes []byte) uint64 {
	n := uint64(0)
	for i, b := range bytes {
		n |= uint64(b) << (8 * i)
	}
	return n
}

// length returns the most bytes, or things, that a length counts, and whether
// that is exactly what it counts.
func (p *process) length(l linux.Length, call machine.Call, facts *machine.Facts) (n uint64, exact bool) {
	exact = true
	n, known := l.Bytes(call.ABI, func(arg int, deref bool) (uint64, bool) {
		x := call.Args[arg]
		if deref {
			var ok bool
			if x, ok = p.Memory.PeekWord(facts.Simplify(x), 4); !ok {
				return 0, true // the kernel fails before it uses the length
			}
		}
		x = facts.Simplify(x)
		v, ok := x.Constant()
		if !ok {
			exact = false
			v = facts.Max(x)
		}
		return v, true
	})
	return n, exact && known
}

// content returns the bytes of a buffer.
func (p *process) content(address machine.Term, size uint64, facts *machine.Facts) run {
	r := run{address: address, bytes: make([]machine.Term, 0, min(size, page)), length: machine.Number(64, size)}
	end := p.within(address)
	for i := uint64(0); i < size; i++ {
		b, ok := p.Memory.Peek(offset(p, address, i))
		if !ok || i >= end || i >= maxBuffer {
			r.cut, r.beyond = true, (!ok || i >= end) && p.beyond(address, i)
			break
		}
		r.bytes = append(r.bytes, facts.Simplify(b))
	}
	return r
}

// text returns the bytes of a string up to its NUL. Bytes that may be the NUL
// or not are followed by more, in case they are not.
func (p *process) text(address machine.Term, facts *machine.Facts) run {
	r := run{address: address}
	end := p.within(address)
	for i := uint64(0); ; i++ {
		b, ok := p.Memory.Peek(offset(p, address, i))
		if !ok || i >= end || i >= page {
			r.cut, r.beyond = true, (!ok || i >= end) && p.beyond(address, i)
			return r
		}
		b = facts.Simplify(b)
		r.open = r.open || !b.IsNumber()
		r.bytes = append(r.bytes, b)
		if v, ok := b.Constant(); ok && v == 0 {
			return r
		}
	}
}

func (p *process) followStrings(a *passed, abi *linux.ABI, facts *machine.Facts) {
	word := uint64(abi.PointerSize)
	for i := uint64(0); i < maxStrings; i++ {
		x, ok := p.Memory.PeekWord(offset(p, a.value, i*word), int(word))
		if !ok {
			a.reads = append(a.reads, run{address: a.value, cut: true})
			return
		}
		x = facts.Simplify(x)
		v, known := x.Constant()
		if known && v == 0 {
			return
		}
		if _, _, isUnknown := x.AsUnknown(); !known && (!isUnknown || !p.isMemory(x)) {
			break
		}
		a.reads = append(a.reads, p.text(x, facts))
	}
	a.unclear = "passes an array of strings whose end is not known"
}

func (p *process) followVectors(a *passed, abi *linux.ABI, count int, facts *machine.Facts) {
	word := uint64(abi.PointerSize)
	for i := range uint64(count) {
		address, ok1 := p.Memory.PeekWord(offset(p, a.value, 2*i*word), int(word))
		size, ok2 := p.Memory.PeekWord(offset(p, a.value, (2*i+1)*word), int(word))
		if !ok1 || !ok2 {
			a.reads = append(a.reads, run{address: a.value, cut: true})
			return
		}
		address, size = facts.Simplify(address), facts.Simplify(size)
		n, ok := size.Constant()
		if !ok || n > maxBuffer {
			a.unclear = "passes a buffer of unknown size"
			return
		}
		if !address.IsNumber() && !p.isMemory(address) {
			a.unclear = "passes a buffer of which it is not known where it lies"
			return
		}
		if a.Kind == linux.Scatter {
			a.writes = append(a.writes, p.room(address, int64(n)))
			continue
		}
		a.reads = append(a.reads, p.content(address, n, facts))
	}
}

// room returns a buffer that the kernel may write.
func (p *process) room(address machine.Term, size int64) span {
	s := span{address: address, size: size}
	for s.usable < size {
		segment, at := p.Memory.Find(offset(p, address, uint64(s.usable)))
		if segment == nil || !segment.Write {
			break
		}
		if s.usable = min(size, s.usable+segment.High-at); segment.Alone {
			break
		}
	}
	s.beyond = s.usable < size && p.beyond(address, uint64(s.usable))
	return s
}

// within returns how many bytes from an address on lie in the same object.
func (p *process) within(address machine.Term) uint64 {
	if s, at := p.Memory.Find(address); s != nil && s.Alone {
		return uint64(s.High - at)
	}
	return math.MaxUint64
}

// beyond reports whether it is the end of an object that n bytes from an address on
// ends a buffer, and not that of the memory: then there may be anything.
func (p *process) beyond(address machine.Term, n uint64) bool {
	if p.image.objects == nil {
		return false
	}
	s, _ := p.Memory.Find(address)
	return s != nil && (n > 0 || !s.Read && !s.Write)
}

// offset returns an address plus a number of bytes.
func offset(p *process, address machine.Term, n uint64) machine.Term {
	return p.Terms.Add(address, machine.Number(address.Width(), n))
}

// passed returns how many bytes the kernel reads or writes at most without leaving an
// object.
func (v callView) passed() uint64 {
	n := uint64(0)
	for _, a := range v.args {
		if a.more > math.MaxUint32 {
			return math.MaxUint64
		}
		n += a.more
		for _, r := range a.reads {
			size, ok := r.length.Constant()
			if r.beyond || !ok || r.length.Width() == 0 {
				size = uint64(len(r.bytes))
			}
			n += size
		}
		for _, s := range a.writes {
			if s.beyond {
				n += uint64(s.usable)
			} else {
				n += uint64(s.size)
			}
		}
	}
	return n
}

// count returns what a call's result tells of how many bytes it has written; a term of
// no width if it does not.
func (v callView) count(result machine.Term) machine.Term {
	buffers := 0
	for _, a := range v.args {
		buffers += len(a.writes)
	}
	if v.Syscall == nil || v.Syscall.Result != linux.Part || buffers != 1 {
		return machine.Term{}
	}
	return result
}

// name returns the call's name, or its number.
func (v callView) name() string {
	if v.Syscall != nil {
		return v.Syscall.Name
	}
	if n, ok := v.Number.Constant(); ok {
		return fmt.Sprintf("number %d", n)
	}
	return "of an unknown number"
}
