package equiv

import (
	"math"
	"slices"

	"tasm/linux"
	"tasm/machine"
)

// oracle tells a process on a route what is known of addresses.
type oracle struct {
	d    *induction
	r    *route
	side int
}

func (o *oracle) Decide(condition machine.Term) (value, known bool) {
	return o.r.facts.Decide(condition)
}

func (o *oracle) Region(address machine.Term, size int, write bool) (machine.Region, bool) {
	if o.d.cutting.choices {
		if _, _, few := o.r.choice(address); few || o.r.facts.Simplify(address) != address {
			return machine.Region{}, false
		}
	}
	var object *object
	if o.side == 0 {
		object = o.d.objectAt(o.r, address, int64(size))
	} else {
		object = o.d.counterpartAt(o.r, address, int64(size))
	}
	if object == nil || o.d.stopped() || o.r.dead {
		return machine.Region{}, false
	}
	region := o.d.region(o.side, object)
	p := o.r.processes()[o.side]
	if !p.admits(region, write) {
		return machine.Region{}, false
	}
	return region, true
}

// admits reports whether all of a region may be read or written.
func (p *process) admits(region machine.Region, write bool) bool {
	for at := region.Low; at < region.High; {
		s, _ := p.Memory.Find(p.Terms.Add(region.Base, machine.Number(p.Bits, uint64(at))))
		if s == nil || write && !s.Write || !s.Read && !s.Write {
			return false
		}
		at = s.High
	}
	return true
}

// region returns where a process has an object.
func (d *induction) region(side int, o *object) machine.Region {
	r := machine.Region{Base: d.bases[side], Low: o.low, High: o.high, Content: 2*slices.Index(d.objects, o) + side}
	if side == 1 {
		r.Base, r.Low, r.High = o.base, o.to, o.to+o.high-o.low
		if o.alike {
			r.Content--
		}
	}
	return r
}

// known returns what a term is under what is known, with the bytes that an object held at
// first where it has been found out since they were read which they are.
func (d *induction) known(facts *machine.Facts, x machine.Term) machine.Term {
	x = facts.Simplify(x)
	if !x.DependsOn(machine.InitialByte) {
		return x
	}
	return facts.Simplify(d.terms.Substitute(x, func(part machine.Term) (machine.Term, bool) {
		u, _, ok := part.AsUnknown()
		if !ok || u.Origin != machine.InitialByte {
			return machine.Term{}, false
		}
		of, ok := facts.Simplify(u.Of).Constant()
		o := d.objects[u.Argument/2]
		at := signed(of, u.Of.Width()) + u.Index
		if !ok || at < 0 || at >= o.high-o.low {
			return machine.Term{}, false
		}
		side, start := 0, o.low
		if u.Argument%2 == 1 {
			side, start = 1, o.to
		}
		b, ok := d.images[side].initial(uint64(start + at))
		return machine.Number(8, uint64(b)), ok
	}, map[machine.Term]machine.Term{}))
}

// restate adds what is known of terms with bytes of objects in place of those of which it has
// been found out which they are. It reports false if that contradicts what is known.
func (d *induction) restate(facts *machine.Facts) bool {
	type fact struct {
		about  machine.Term
		ranges [][2]uint64
	}
	var list []fact
	facts.Each(func(about machine.Term, ranges [][2]uint64) {
		if about.DependsOn(machine.InitialByte) {
			list = append(list, fact{about, ranges})
		}
	})
	for _, f := range list {
		if now := d.known(facts, f.about); now != f.about && !facts.Restrict(now, f.ranges) {
			return false
		}
	}
	return true
}

// holder returns the object that an address of the original belongs to by the
// number in it.
func (d *induction) holder(address machine.Term) *object {
	base, n := address.Split()
	if b, _ := d.bases[0].Split(); !b.IsNumber() {
		has := false
		base.Parts(func(c uint64, part machine.Term) { has = has || c == 1 && part.Same(b) })
		if !has {
			return nil
		}
	}
	for _, o := range d.objects {
		if n >= o.low && n < o.high {
			return o
		}
	}
	for _, o := range d.objects {
		if n == o.high || n < o.low && n >= o.low-ahead {
			return o
		}
	}
	return nil
}

// ahead is how far in front of an object the number in an address of it may be, as
// where one goes backwards from its end, in bytes.
const ahead = 64

// objectAt returns the object that the original uses size bytes of from an address
// on. It takes for granted that the program does not leave an object by an address
// that was made from the object's own, and remembers what follows from that.
func (d *induction) objectAt(r *route, address machine.Term, size int64) *object {
	o := d.holder(address)
	if o == nil || o.high-o.low < size {
		return nil
	}
	if !o.array {
		o.array, d.again = true, true
		return nil
	}
	relative := d.terms.Sub(address, d.bases[0])
	if values := r.facts.Values(relative); !within(values, [][2]uint64{{uint64(o.low), uint64(o.high - size)}}) {
		if !meet(values, uint64(o.low), uint64(o.high-size)) {
			d.fail(r, "the original leaves the object that it seems to use")
			return nil
		}
		_, n := relative.Split()
		d.trust(r, o, n < o.low || n >= o.high || slices.ContainsFunc(d.objects, func(other *object) bool {
			return other != o && other.mayBeMeant(n, values)
		}))
	}
	if !r.facts.Limit(relative, uint64(o.low), uint64(o.high-size)) {
		d.fail(r, "the original leaves the object that it seems to use")
		return nil
	}
	r.accesses = append(r.accesses, access{address, o})
	return o
}

// mayBeMeant reports whether an address may have been made from the object's, given the
// number in it and its values: one shortly in front of the object, or where it ends.
func (o *object) mayBeMeant(n int64, values [][2]uint64) bool {
	return (n < o.low && n >= o.low-ahead || n == o.high) && meet(values, uint64(o.low), uint64(o.high-1))
}

// meet reports whether some of the values lie in a range.
func meet(values [][2]uint64, low, high uint64) bool {
	return slices.ContainsFunc(values, func(r [2]uint64) bool { return r[0] <= high && r[1] >= low })
}

// counterpartAt returns the object whose counterpart the result uses. That the
// address lies in it has to follow from what is known.
func (d *induction) counterpartAt(r *route, address machine.Term, size int64) *object {
	for _, o := range d.objects {
		if !o.mapped || !o.array {
			continue
		}
		values := r.facts.Values(d.terms.Sub(address, d.start(1, o)))
		if len(values) == 0 {
			r.dead = true
			return nil
		}
		if last := values[len(values)-1][1]; last < uint64(o.high-o.low) && int64(last)+size <= o.high-o.low {
			return o
		}
	}
	for _, a := range r.accesses {
		if d.mapTo(a.object, d.terms.Sub(address, d.terms.Sub(a.address, d.start(0, a.object)))) {
			return nil
		}
	}
	return nil
}

// start returns the address at which a process has an object.
func (d *induction) start(side int, o *object) machine.Term {
	r := d.region(side, o)
	return d.terms.Add(r.Base, machine.Number(d.images[0].bits, uint64(r.Low)))
}

// mapTo supposes that the result has an object at an address. It reports true if
// that is news.
func (d *induction) mapTo(o *object, address machine.Term) bool {
	base, to := address.Split()
	if o.mapped || !isGlobal(address) {
		return false
	}
	o.base, o.to, o.alike = base, to, true
	if b, _ := d.bases[1].Split(); !base.Same(b) {
		u, _, _ := address.AsUnknown()
		if o.alike = false; u.Origin != machine.StackPointer {
			return false
		}
	} else {
		for at := range o.high - o.low {
			a, _ := d.images[0].initial(uint64(o.low + at))
			b, ok := d.images[1].initial(uint64(to + at))
			if !ok {
				return false
			}
			o.alike = o.alike && a == b
		}
	}
	o.mapped, d.again = true, true
	return true
}

// inArray reports whether a place, given by the base and an offset, belongs to an
// array.
func (d *induction) inArray(side int, base machine.Term, at int64) bool {
	for _, o := range d.objects {
		if r := d.region(side, o); o.array && (side == 0 || o.mapped) && r.Base.Same(base) && at >= r.Low && at < r.High {
			return true
		}
	}
	return false
}

// needArray makes the object at an address an array.
func (d *induction) needArray(side int, at int64) string {
	for _, o := range d.objects {
		if side == 0 && at >= o.low && at < o.high && !o.array {
			o.array, d.again = true, true
			return ""
		}
	}
	return "has a large buffer written that belongs to no object"
}

// statusOf tells what two states have in common in an array.
func (d *induction) statusOf(r *route, o *object) status {
	bits := d.images[0].bits
	p, q := r.original, r.result
	mine, call, argument, ok := p.Memory.TouchedIn(d.region(0, o), bits)
	if !ok {
		return apart
	}
	if !o.mapped {
		if call < 0 && len(mine) == 0 {
			return asAtFirst
		}
		return apart
	}
	theirs, call2, argument2, ok := q.Memory.TouchedIn(d.region(1, o), bits)
	if !ok {
		return apart
	}
	if call < 0 && call2 < 0 && len(mine) == 0 && len(theirs) == 0 {
		return asAtFirst
	}
	shift := d.shift(o)
	for _, at := range theirs {
		mine = append(mine, d.terms.Sub(at, shift))
	}
	for _, at := range mine {
		x, ok1 := p.Memory.PeekIn(d.region(0, o), at)
		y, ok2 := q.Memory.PeekIn(d.region(1, o), d.terms.Add(at, shift))
		if !ok1 || !ok2 || r.facts.Simplify(x) != r.facts.Simplify(y) {
			return apart
		}
	}
	switch {
	case call == call2 && argument == argument2 && (call >= 0 || o.alike):
		return equalNow
	case r.ranges[o] != nil:
		return partly
	}
	return apart
}

// extent is a part of an array of which it is known that both programs hold the
// same there: from an address of the original on as many bytes as a length says,
// if that is not negative.
type extent struct{ start, length machine.Term }

// size is what a system call returned and how many bytes it was asked for: if the
// one is not negative, it is not above the other.
type size struct{ result, asked machine.Term }

// covers reports whether a part of an array certainly lies in what both programs
// hold in the same way. No part is so long that it goes on at 0.
func (r *route) covers(e *extent, start, length machine.Term) bool {
	t, f := r.terms, r.facts
	positive := uint64(1)<<(length.Width()-1) - 1
	if highest(f, e.length) > positive {
		return false
	}
	skipped := f.Simplify(t.Sub(start, e.start))
	if !r.atMost(skipped, e.length) {
		return false
	}
	return r.atMost(length, f.Simplify(t.Sub(e.length, skipped)))
}

// atMost reports whether x is certainly not above y, as unsigned numbers.
func (r *route) atMost(x, y machine.Term) bool {
	if x == y {
		return true
	}
	if above, known := r.facts.Decide(r.terms.Below(y, x)); known {
		return !above
	}
	if low := r.facts.Values(y); len(low) > 0 && highest(r.facts, x) <= low[0][0] {
		return true
	}
	positive := uint64(1)<<(x.Width()-1) - 1
	for _, s := range r.sizes {
		if r.facts.Simplify(s.result) == x && r.facts.Simplify(s.asked) == y && highest(r.facts, x) <= positive {
			return true
		}
	}
	return false
}

// Writer gives a byte of the result the name of the original's where both are the
// same.
func (o *oracle) Writer(call, argument int, address machine.Term) (int, int) {
	if o.side == 0 || argument != arrayArgument {
		return call, argument
	}
	for object, e := range o.r.ranges {
		if e == nil || o.r.written[object][1] != call {
			continue
		}
		at := o.d.terms.Sub(address, o.d.shift(object))
		if o.r.covers(e, at, machine.Number(at.Width(), 1)) {
			return o.r.written[object][0], argument
		}
	}
	return call, argument
}

// shift returns what is to be added to an address in an object to have the address
// of its counterpart.
func (d *induction) shift(o *object) machine.Term { return d.terms.Sub(d.start(1, o), d.start(0, o)) }

// havoc makes an array unknown, the same in both processes or not.
func (d *induction) havoc(r *route, o *object, same bool) {
	delete(r.ranges, o)
	var calls [2]int
	d.scatters++
	for side, p := range r.processes() {
		if side == 1 && !o.mapped {
			break
		}
		if side == 1 && !same {
			d.scatters++
		}
		region := d.region(side, o)
		calls[side] = d.scatters
		p.Memory.Scatter(d.start(side, o), region.High-region.Low, d.scatters, arrayArgument, true, machine.Term{})
	}
	r.written[o] = calls
}

// arrayArgument is given as the number of the argument through which an array was
// written.
const arrayArgument = 1 << 16

// mapStack gives a process whose stack pointer is not known a stack around it, which
// is as it was at first from a height above the pointer on. Nothing else that lay on
// the stack can be told apart from it any more.
func (d *induction) mapStack(p *process, height int64) {
	base, offset := p.Registers[machine.SP].Split()
	if base.IsNumber() || isGlobal(base) {
		return
	}
	p.Memory.Unmap(d.terms.Unknown(machine.Unknown{Origin: machine.StackPointer, Width: p.Bits}))
	word := int64(p.image.abi.PointerSize)
	stack := machine.Segment{Name: "the stack", Base: base, Low: offset - stackRoom, High: offset + stackRoom, Read: true,
		Execute: p.Bits == 32,
		Initial: func(at int64) machine.Byte {
			index := at / word
			if at%word < 0 {
				index--
			}
			u := machine.Unknown{Origin: machine.EntryWord, Width: 8 * int(word), Index: index, Of: base}
			return machine.Byte{Of: d.terms.Unknown(u), Index: uint8(at - index*word)}
		}}
	written := stack
	written.High, written.Write = offset+height, true
	p.Memory.Map(&stack)
	p.Memory.Map(&written)
}

// handOver looks at the buffers of two calls whose place or size is not known, or
// that lie in arrays, and takes them out of the views. What is to be done to arrays
// once the kernel has answered it leaves in the route.
func (d *induction) handOver(r *route, x, y *callView) {
	r.after = nil
	for i := range min(len(x.args), len(y.args)) {
		if x.args[i].whole && y.args[i].Kind.Memory() {
			d.handOverArray(r, x, y, i)
			if d.stopped() || r.dead {
				return
			}
		}
	}
}

// isWhole reports whether all of an object has to be looked at to know what the
// original hands over with an argument.
func (d *induction) isWhole(r *route, call machine.Call, a *passed) bool {
	switch a.Kind {
	case linux.Gather, linux.Scatter, linux.Strings, linux.Opaque, linux.Map:
		return false
	}
	if isNull(a.value) || a.Indirect {
		return false
	}
	place, at := r.original.Memory.Find(a.value)
	if place == nil {
		return true
	}
	size, exact := uint64(0), true
	if a.Kind != linux.CString {
		size, exact = r.original.length(a.Length, call, r.facts)
	}
	if !exact {
		return true
	}
	if b, _ := d.bases[0].Split(); !place.Base.Same(b) {
		return false
	}
	return d.inArray(0, d.bases[0], at) || a.Kind.Writes() && size > maxScattered
}

// isBounded reports whether a call returns how many bytes it has read or written of
// its only buffer.
func isBounded(v *callView) bool {
	buffers := 0
	for _, a := range v.args {
		if a.Kind.Memory() {
			buffers++
		}
	}
	return v.Syscall != nil && v.Syscall.Result == linux.Part && buffers == 1
}

// lengthOf returns how many bytes the kernel reads or writes through an argument,
// and false where that is not the value of an argument or a number.
func (r *route) lengthOf(v *callView, a *passed) (machine.Term, bool) {
	bits := v.ABI.Bits
	if n, exact := r.original.length(a.Length, v.Call, r.facts); exact && a.Kind != linux.CString {
		return machine.Number(bits, n), true
	}
	if i, ok := a.Length.Argument(); ok && a.Kind != linux.CString {
		return r.facts.Simplify(v.Args[i]), true
	}
	return machine.Term{}, false
}

// handOverArray makes sure that both programs hand over the same memory for argument i
// of a call, where that lies in a string or an object that is followed as a whole.
func (d *induction) handOverArray(r *route, x, y *callView, i int) {
	a, b := &x.args[i], &y.args[i]
	length, known := r.lengthOf(x, a)
	done := func() {
		a.more = math.MaxUint64
		if n, ok := length.Constant(); ok && known {
			a.more = n
		}
		for _, p := range []*passed{a, b} {
			p.reads, p.writes, p.unclear, p.foreign = nil, nil, "", false
		}
	}
	if s, _ := r.original.Memory.Find(a.value); s != nil && isString(s) {
		if a.Kind.Writes() || a.value != b.value || s.Name == entryWord {
			d.fail(r, "has another address for %s of %s", a.Name, x.name())
		}
		done()
		return
	}
	o := d.objectAt(r, a.value, 0)
	if d.stopped() || r.dead {
		return
	}
	if o == nil {
		d.fail(r, "passes memory for %s of %s of which it is not known where it lies", a.Name, x.name())
		return
	}
	if a.Kind == linux.CString {
		d.named(r, a.value)
	}
	if d.mapTo(o, r.facts.Simplify(d.terms.Sub(b.value, d.terms.Sub(a.value, d.start(0, o))))) {
		return
	}
	d.handOverObject(r, x, i, o, handed{
		other: y, same: o.mapped && r.facts.Simplify(d.terms.Sub(b.value, a.value)) == d.shift(o),
		length: length, known: known,
	}, done)
}

// handed is what is known of a buffer in an object that both programs hand over.
type handed struct {
	other  *callView // the result's call
	same   bool      // it begins at the same place of the object
	length machine.Term
	known  bool // the length is
}

// handOverObject makes sure that both programs hand over the same of an object, and
// calls done where the argument needs no other comparison.
func (d *induction) handOverObject(r *route, x *callView, i int, o *object, h handed, done func()) {
	a := &x.args[i]
	now := apart
	if o.mapped {
		now = d.statusOf(r, o)
	}
	if now == asAtFirst && o.alike {
		now = equalNow
	}
	switch {
	case a.Kind.Writes() && !h.same:
		d.fail(r, "has another address for %s of %s", a.Name, x.name())
	case a.Kind.Writes() && (!r.original.admits(d.region(0, o), true) || !r.result.admits(d.region(1, o), true)):
		d.fail(r, "can't have memory written for %s of %s", a.Name, x.name())
	case a.Kind.Writes() && now == equalNow:
		r.after = append(r.after, func(machine.Term) { d.havoc(r, o, true) })
		done()
	case a.Kind.Writes() && !a.Kind.Reads():
		result := isBounded(x)
		r.after = append(r.after, func(got machine.Term) {
			d.havoc(r, o, false)
			if h.known && result {
				r.ranges[o] = &extent{a.value, got}
			}
		})
		done()
	case h.same && (now == equalNow || h.known && now == partly && r.covers(r.ranges[o], a.value, h.length)):
		done()
		if now == partly {
			r.ranges[o] = &extent{a.value, h.length}
		}
	default:
		// There may be little of it: then it is compared byte by byte.
		if s, _ := r.original.Memory.Find(a.value); s == nil || !h.known || !h.length.IsNumber() {
			d.fail(r, "need not have the same memory behind %s of %s", a.Name, x.name())
			return
		}
		if a.Kind != linux.CString {
			r.original.followBuffer(a, x.Call, r.facts)
			r.result.followBuffer(&h.other.args[i], h.other.Call, r.facts)
		}
	}
}

// nearby is how many bytes behind those of a string that the original reads the result
// may read: behind the last string lie the name of the file and a word.
const nearby = 4

// watch makes sure that the result reads strings only where the original does on the
// same path, since it is not known where they end, or where one begins.
func (d *induction) watch(r *route, side int, a machine.Access) {
	d.watchEntry(r, side, a)
	if !isString(a.Segment) {
		return
	}
	if side == 0 {
		r.texts = append(r.texts, a)
		return
	}
	for _, t := range r.texts {
		if t.Segment.Base.Same(a.Segment.Base) && a.Offset >= t.Offset && a.Offset+int64(a.Size) <= t.Offset+int64(t.Size)+nearby {
			return
		}
	}
	if a.Segment.Name == entryWord && d.isThere(r, a) {
		return
	}
	_, _, begins := a.Segment.Base.AsUnknown()
	if values := r.facts.Values(a.Segment.Base); begins && len(values) > 0 && values[0][0] > 0 && a.Offset >= 0 && a.Offset+int64(a.Size) <= nearby {
		return
	}
	if _, at := r.here[1].Split(); r.atHead[0] && !d.heads[1][at] {
		// The original's loop is cut, and its own is not yet.
		d.heads[1][at], d.again = true, true
		return
	}
	d.fail(r, "the result reads a string where the original does not")
}

// isString reports whether a segment is the strings of arguments and environment, or the
// words that lead there.
func isString(s *machine.Segment) bool { return s.Name == "string" || s.Name == entryWord }
