package equiv

import (
	"math"

	"tasm/machine"
)

// The words that the stack holds when a program begins, from argc on, are an array too:
// of addresses of strings up to a zero, twice, and auxiliary values. Who goes through
// them reads at the stack pointer of the beginning plus what is not known. Each such word
// is an unknown of its own, told apart from others by the term of its address. That stays
// true as long as nobody writes there, so what the program has written has to lie below.

// entryWord is the name of their segments.
const entryWord = "a word of the initial stack"

// entryRoom is how far from an unknown address words are looked at, in bytes.
const entryRoom = 1 << 12

// Entry returns the segment of an address among the words of the initial stack, nil if it
// is none.
func (o *oracle) Entry(address machine.Term) *machine.Segment {
	p := o.r.processes()[o.side]
	start := o.d.terms.Unknown(machine.Unknown{Origin: machine.StackPointer, Width: p.Bits})
	base, _ := address.Split()
	if sp, _ := p.Registers[machine.SP].Split(); !sp.Same(start) || base.IsNumber() || base.Same(start) {
		return nil
	}
	at := false
	base.Parts(func(coefficient uint64, part machine.Term) { at = at || coefficient == 1 && part.Same(start) })
	if !at {
		return nil
	}
	word := int64(p.image.abi.PointerSize)
	return &machine.Segment{Name: entryWord, Base: base, Low: -entryRoom, High: entryRoom, Read: true,
		Initial: func(at int64) machine.Byte {
			index := at / word
			if at%word < 0 {
				index--
			}
			u := machine.Unknown{Origin: machine.EntryWord, Width: 8 * int(word), Index: index, Of: base}
			return machine.Byte{Of: o.d.terms.Unknown(u), Index: uint8(at - index*word)}
		}}
}

// watchEntry makes sure that an access to words of the initial stack is to what nobody has
// written. That the original stays in them is taken for granted.
func (d *induction) watchEntry(r *route, side int, a machine.Access) {
	p := r.processes()[side]
	start := d.terms.Unknown(machine.Unknown{Origin: machine.StackPointer, Width: p.Bits})
	if a.Write {
		if a.Segment.Base.Same(start) && a.Offset+int64(a.Size) > r.entry[side] {
			d.fail(r, "writes over a word of the initial stack that it has read")
		}
		return
	}
	if a.Segment.Name != entryWord {
		return
	}
	at := d.terms.Add(a.Segment.Base, machine.Number(p.Bits, uint64(a.Offset)))
	behind := r.facts.Simplify(d.terms.Sub(at, start))
	values := r.facts.Values(behind)
	if len(values) == 0 {
		r.dead = true
		return
	}
	low := values[0][0]
	if low > mostEntry || int64(low) < d.writtenOf(p, start) {
		d.fail(r, "%sreads a word of the initial stack of which it is not known whether it was written", [2]string{"the original ", "the result "}[side])
		return
	}
	r.entry[side] = min(r.entry[side], int64(low))
	if side == 0 && !r.facts.Limit(behind, low, mostEntry) {
		r.dead = true
	}
}

// writtenOf returns how far above the stack pointer of the beginning a process has
// written, in bytes.
func (d *induction) writtenOf(p *process, start machine.Term) int64 {
	height := int64(math.MinInt64)
	for _, c := range p.Memory.Changes() {
		if c.Base.Same(start) {
			height = max(height, c.Offset+max(c.Size, 1))
		}
	}
	return height
}
