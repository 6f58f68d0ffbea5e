package equiv

import (
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
		r.Low, r.High = o.low+o.delta, o.high+o.delta
		if o.alike {
			r.Content--
		}
	}
	return r
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
		if n == o.high {
			return o
		}
	}
	return nil
}

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
	if !r.facts.Limit(relative, uint64(o.low), uint64(o.high-size)) {
		r.dead = true
		return nil
	}
	r.accesses = append(r.accesses, access{address, o})
	return o
}

// counterpartAt returns the object whose counterpart the result uses. That the
// address lies in it has to follow from what is known.
func (d *induction) counterpartAt(r *route, address machine.Term, size int64) *object {
	values := r.facts.Values(d.terms.Sub(address, d.bases[1]))
	if len(values) == 0 {
		r.dead = true
		return nil
	}
	for _, o := range d.objects {
		if o.mapped && o.array && int64(values[0][0]) >= o.low+o.delta && int64(values[len(values)-1][1])+size <= o.high+o.delta {
			return o
		}
	}
	for _, a := range r.accesses {
		if address.Same(a.address) {
			_, from := a.address.Split()
			_, to := address.Split()
			if d.mapTo(a.object, to-from) {
				return nil
			}
		}
	}
	return nil
}

// mapTo supposes that the result has an object a distance further on. It reports
// true if that is news.
func (d *induction) mapTo(o *object, delta int64) bool {
	if o.mapped {
		return false
	}
	o.mapped, o.delta, o.alike = true, delta, true
	for at := o.low; at < o.high; at++ {
		a, _ := d.images[0].initial(uint64(at))
		b, ok := d.images[1].initial(uint64(at + delta))
		if !ok {
			o.mapped = false
			return false
		}
		o.alike = o.alike && a == b
	}
	d.again = true
	return true
}

// inArray reports whether an address belongs to an array.
func (d *induction) inArray(side int, at int64) bool {
	for _, o := range d.objects {
		if r := d.region(side, o); o.array && (side == 0 || o.mapped) && at >= r.Low && at < r.High {
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
func (d *induction) statusOf(w *world, processes [2]*process, o *object) status {
	bits := d.images[0].bits
	p, q := processes[0], processes[1]
	mine, call, argument, ok := p.Memory.Touched(d.region(0, o), bits)
	if !ok {
		return apart
	}
	if !o.mapped {
		if call < 0 && len(mine) == 0 {
			return asAtFirst
		}
		return apart
	}
	theirs, call2, argument2, ok := q.Memory.Touched(d.region(1, o), bits)
	switch {
	case !ok || call != call2 || argument != argument2:
		return apart
	case call < 0 && len(mine) == 0 && len(theirs) == 0:
		return asAtFirst
	case call < 0 && !o.alike:
		return apart
	}
	shift := d.shift(o)
	for _, at := range theirs {
		mine = append(mine, w.terms.Sub(at, shift))
	}
	for _, at := range mine {
		x, ok1 := p.Memory.PeekIn(d.region(0, o), at)
		y, ok2 := q.Memory.PeekIn(d.region(1, o), w.terms.Add(at, shift))
		if !ok1 || !ok2 || w.facts.Simplify(x) != w.facts.Simplify(y) {
			return apart
		}
	}
	return equalNow
}

// shift returns what is to be added to an address in an object to have the address
// of its counterpart.
func (d *induction) shift(o *object) machine.Term {
	return d.terms.Add(d.terms.Sub(d.bases[1], d.bases[0]), machine.Number(d.images[0].bits, uint64(o.delta)))
}

// havoc makes an array unknown, the same in both processes or not.
func (d *induction) havoc(o *object, processes [2]*process, same bool) {
	d.scatters++
	for side, p := range processes {
		if side == 1 && !o.mapped {
			break
		}
		region := d.region(side, o)
		if side == 1 && !same {
			d.scatters++
		}
		p.Memory.Scatter(p.Terms.Add(region.Base, machine.Number(p.Bits, uint64(region.Low))), region.High-region.Low, d.scatters, arrayArgument, true)
	}
}

// arrayArgument is given as the number of the argument through which an array was
// written.
const arrayArgument = 1 << 16

// mapStack gives a process whose stack pointer is not known a stack around it.
func (d *induction) mapStack(p *process) {
	base, offset := p.Registers[machine.SP].Split()
	if base.IsNumber() || p.mapped(base) {
		return
	}
	word := int64(p.image.abi.PointerSize)
	t := p.Terms
	p.Memory.Map(&machine.Segment{Name: "the stack", Base: base, Low: offset - stackRoom - maxHeight, High: offset + stackRoom, Read: true, Write: true,
		Execute: p.image.bits == 32,
		Initial: func(at int64) machine.Byte {
			index := at / word
			if at%word < 0 {
				index--
			}
			return machine.Byte{Of: t.Unknown(machine.Unknown{Origin: machine.EntryWord, Width: 8 * int(word), Index: index, Of: base}), Index: uint8(at - index*word)}
		}})
}

// mapped reports whether there is memory around a base.
func (p *process) mapped(base machine.Term) bool {
	s, _ := p.Memory.Find(base)
	return s != nil
}

// handOver looks at the buffers of two calls whose place or size is not known, or
// that lie in arrays, and takes them out of the views.
func (d *induction) handOver(r *route, x, y *callView) {
	d.written = nil
	for i := range min(len(x.args), len(y.args)) {
		if x.args[i].Kind.Memory() && y.args[i].Kind.Memory() && d.isWhole(r, x, i) {
			d.handOverArray(r, x, y, i)
			if d.stopped() || r.dead {
				return
			}
		}
	}
}

// isWhole reports whether all of an object has to be looked at to know what the
// original hands over.
func (d *induction) isWhole(r *route, v *callView, i int) bool {
	a := &v.args[i]
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
		size, exact = r.original.length(a.Length, v.Call, r.facts)
	}
	if !exact {
		return true
	}
	if b, _ := d.bases[0].Split(); !place.Base.Same(b) {
		return false
	}
	return d.inArray(0, at) && (a.Kind.Writes() || size > 256) || a.Kind.Writes() && size > maxScattered
}

func (d *induction) handOverArray(r *route, x, y *callView, i int) {
	a, b := &x.args[i], &y.args[i]
	done := func() {
		for _, p := range []*passed{a, b} {
			p.reads, p.writes, p.unclear = nil, nil, ""
		}
	}
	if s, _ := r.original.Memory.Find(a.value); s != nil && isString(s) {
		if a.Kind.Writes() || a.value != b.value {
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
	delta := d.terms.Sub(d.terms.Sub(b.value, d.bases[1]), d.terms.Sub(a.value, d.bases[0]))
	n, ok := delta.Constant()
	if !ok {
		d.fail(r, "has another address for %s of %s", a.Name, x.name())
		return
	}
	_, signed := machine.Number(64, n<<(64-delta.Width())).Split()
	signed >>= 64 - delta.Width()
	switch {
	case !o.mapped && d.mapTo(o, signed):
		return
	case !o.mapped || o.delta != signed:
		d.fail(r, "has another address for %s of %s", a.Name, x.name())
	case a.Kind.Writes() && (!r.original.admits(d.region(0, o), true) || !r.result.admits(d.region(1, o), true)):
		d.fail(r, "can't have memory written for %s of %s", a.Name, x.name())
	case d.statusOf(r.world, r.processes(), o) == apart || !o.alike && d.statusOf(r.world, r.processes(), o) == asAtFirst:
		d.fail(r, "need not have the same memory behind %s of %s", a.Name, x.name())
	default:
		done()
		if a.Kind.Writes() {
			d.written = append(d.written, slices.Index(d.objects, o))
		}
	}
}

// isString reports whether a segment is the strings of arguments and environment.
func isString(s *machine.Segment) bool { return s.Name == "string" }
