package equiv

import (
	"slices"

	"tasm/linux"
	"tasm/machine"
)

// Names below /proc lead to what shows a process's memory. A program that holds one as it
// stands is laid out as plain; of one that may compute such a name from what it holds
// there is no proof, as none of the unknowns tells which file is meant. What comes from
// outside as it is, such as an argument, is no name of the program's.

// mayNameProcess is why there is no proof.
const mayNameProcess = "may make the name of a file below /proc that shows its memory"

// makesName reports whether a call gets a text that the program may have computed and that
// may name what shows a process's memory. Outside tells unknowns that are as they came
// from outside.
func (p *process) makesName(v callView, facts *machine.Facts, outside func(machine.Unknown) bool) bool {
	for i := range v.args {
		for _, r := range v.args[i].reads {
			if v.args[i].Kind == linux.CString && computedName(r.bytes, facts, outside) {
				return true
			}
		}
	}
	return false
}

// computedName reports it of one text.
func computedName(text []machine.Term, facts *machine.Facts, outside func(machine.Unknown) bool) bool {
	return slices.ContainsFunc(text, func(b machine.Term) bool {
		is := false
		b.Alternatives(func(x machine.Term) {
			u, plus, unknown := x.AsUnknown()
			is = is || !x.IsNumber() && (!unknown || plus != 0 || !outside(u))
		})
		return is
	}) && mayShowProcess(text, facts)
}

// mayShowProcess reports whether a text of which not all bytes are known may name what
// shows a process's memory: any that has "proc" for a part, or "dev" before what leads on.
func mayShowProcess(text []machine.Term, facts *machine.Facts) bool {
	may := func(i int, wanted byte) bool {
		return i < 0 || i >= len(text) ||
			slices.ContainsFunc(facts.Values(text[i]), func(r [2]uint64) bool { return r[0] <= uint64(wanted) && uint64(wanted) <= r[1] })
	}
	for i := range text {
		for _, part := range []string{"proc", "dev/fd"} {
			fits := may(i-1, '/') && i+len(part) <= len(text) && (may(i+len(part), '/') || may(i+len(part), 0))
			for k := range len(part) {
				fits = fits && may(i+k, part[k])
			}
			if fits {
				return true
			}
		}
	}
	return false
}

// fromOutside reports whether an unknown of a symbolic run is a byte as it came from
// outside.
func fromOutside(u machine.Unknown) bool {
	return u.Origin == machine.StringByte || u.Origin == machine.KernelByte
}

// inArgument reports the same of a proof by induction, where what arrays hold has such
// names too.
func inArgument(u machine.Unknown) bool { return u.Origin == machine.StringByte }

// making is a part of an object, from an address on and up to another one.
type making struct {
	o         *object
	low, high int64
}

// stored notes where the original writes what may be a part of a name: anything but zeros
// and bytes of its arguments.
func (d *induction) stored(r *route, address, x machine.Term) {
	if address.DependsOn(machine.StackPointer) {
		return
	}
	for i := 0; i < x.Width(); i += 8 {
		b := r.facts.Simplify(d.terms.Extract(x, i, 8))
		u, plus, unknown := b.AsUnknown()
		if n, known := b.Constant(); known && n == 0 || unknown && plus == 0 && inArgument(u) {
			continue
		}
		if m, ok := d.part(r, address, int64(x.Width()/8)); ok {
			d.made[m] = true
		}
		return
	}
}

// part returns the part of an object that size bytes from an address on may lie in.
func (d *induction) part(r *route, address machine.Term, size int64) (making, bool) {
	o := d.holder(address)
	if o == nil {
		return making{}, false
	}
	m := making{o, o.low, o.high}
	if values := r.facts.Values(d.terms.Sub(address, d.bases[0])); len(values) > 0 {
		m.low = int64(min(max(uint64(o.low), values[0][0]), uint64(o.high)))
		if last := values[len(values)-1][1]; last < uint64(o.high) {
			m.high = min(o.high, int64(last)+size)
		}
	}
	return m, true
}

// nameTexts notes the texts that a call of the original gets from objects, and reports
// whether it may have computed one that lies elsewhere. What a symbol stands for that is in
// an object may have come from outside.
func (d *induction) nameTexts(r *route, v callView) bool {
	for i := range v.args {
		a := &v.args[i]
		if a.Kind != linux.CString || len(a.reads) == 0 {
			continue
		}
		if base, at := a.value.Split(); d.isObject(base, at) {
			if !isConstant(a.reads[0].bytes) {
				d.named(r, a.value)
			}
		} else if computedName(a.reads[0].bytes, r.facts, inArgument) {
			return true
		}
	}
	return false
}

// isObject reports whether an address, given by its base and an offset, lies in an object.
func (d *induction) isObject(base machine.Term, at int64) bool {
	b, _ := d.bases[0].Split()
	return base.Same(b) && slices.ContainsFunc(d.objects, func(o *object) bool { return at >= o.low && at < o.high })
}

func isConstant(text []machine.Term) bool {
	_, known := constants(text)
	return known
}

// named notes a text that the original hands over from an object.
func (d *induction) named(r *route, address machine.Term) {
	if m, ok := d.part(r, address, 0); ok {
		m.high = m.o.high
		if address.IsNumber() || isGlobal(d.terms.Sub(address, d.bases[0])) {
			m.high = d.endOfText(m)
		}
		d.names[m] = true
	}
}

// endOfText returns where a text ends at the latest that begins a part of an object: behind
// the first zero in the file, if nobody writes to the object.
func (d *induction) endOfText(m making) int64 {
	for at := m.low; at < m.high && !d.images[0].mayWrite(uint64(at)); at++ {
		if b, holds := d.images[0].initial(uint64(at)); holds && b == 0 {
			return at + 1
		}
	}
	return m.high
}

// mayWrite reports whether an address may be written to.
func (im *image) mayWrite(at uint64) bool {
	m := im.mapping(at)
	return m == nil || m.Write
}

// received notes where a call of the original has the kernel write.
func (d *induction) received(r *route, v callView) {
	for i := range v.args {
		a := &v.args[i]
		if !a.Kind.Writes() {
			continue
		}
		if m, ok := d.part(r, a.value, 0); ok && a.whole {
			m.high = m.o.high
			d.given[m] = true
		}
		for _, s := range a.writes {
			if m, ok := d.part(r, s.address, s.usable); ok {
				d.given[m] = true
			}
		}
	}
}

// meets reports whether one of some parts has something in common with another one.
func (m making) meets(list map[making]bool) bool {
	for n := range list {
		if m.o == n.o && m.low < n.high && n.low < m.high {
			return true
		}
	}
	return false
}

// checkNames makes sure that no text that was handed over has a part that the program
// computed. One that begins by what came from outside, or is empty, is no name of the
// program's.
func (d *induction) checkNames() {
	for name := range d.names {
		first := making{name.o, name.low, name.low + 1}
		if b, holds := d.images[0].initial(uint64(name.low)); holds && b == 0 && first.meets(d.given) && !first.meets(d.made) {
			continue
		}
		if name.meets(d.made) {
			d.fail(nil, "the original %s", mayNameProcess)
			return
		}
	}
}
