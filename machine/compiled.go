package machine

import "math/bits"

// Changes is what a compiled instruction has replaced.
type Changes struct {
	Registers []OldRegister
	Stored    bool
	Address   uint64 // of what was stored
	Size      int    // bytes
	Old       uint64
	Flags     bool // they may have changed
}

// OldRegister is what a general register held before.
type OldRegister struct {
	Number uint8
	Value  uint64
}

// Quick carries an instruction out that stands at IP, on a state of numbers alone. It
// reports false, and has done nothing, where that is left to Step.
func (s *State) Quick(p *Prepared, log *Changes) bool {
	shape := s.flagShape()
	c := p.compiled
	for c != nil && c.shape != shape && c.shape != 0 {
		c = c.next
	}
	if c == nil {
		if c = s.variant(p, shape); c == nil {
			return false
		}
	}
	return c.run(s, log)
}

func (s *State) variant(p *Prepared, shape flagShape) *Compiled {
	if p.variants >= mostVariants {
		return nil
	}
	p.variants++
	c := s.compile(*p, shape)
	if c == nil {
		p.variants = mostVariants
		return nil
	}
	c.next = p.compiled
	p.compiled = c
	return c
}

// run carries out the operations.
func (c *Compiled) run(s *State, log *Changes) bool {
	v := &s.slots
	for i := range s.Registers {
		v[i] = s.Registers[i].value
	}
	if c.shape != 0 {
		for i := range s.flags.term {
			v[slotFlags+i] = s.flags.term[i].value
		}
		v[slotX], v[slotY], v[slotTotal] = s.flags.x.value, s.flags.y.value, s.flags.total.value
	}
	for i := 0; i < len(c.operations); i++ {
		o := &c.operations[i]
		a, b := v[o.a%slotCount], v[o.b%slotCount]
		var r uint64
		switch o.op {
		case opConstant:
			r = o.n
		case opPlus:
			r = (a + o.n) & mask(o.width)
		case opSum:
			r = (a*o.n + b) & mask(o.width)
		case opLoad:
			x, ok := s.Memory.quickLoad(a, int(o.aux))
			if !ok {
				return false
			}
			r = x
		case opExtract:
			r = a >> (o.aux & 63) & mask(o.width)
		case opShift:
			r = a<<(o.aux&63) | b
		case opAnd:
			r = a & b
		case opOr:
			r = a | b
		case opXor:
			r = a ^ b
		case opMul:
			r = a * b & mask(o.width)
		case opEqual:
			r = one(a == b)
		case opBelow:
			r = one(a < b)
		case opLess:
			r = one(signed(a, o.aux) < signed(b, o.aux))
		case opSignExtend:
			r = uint64(signed(a, o.aux)) & mask(o.width)
		case opIf:
			if r = b; a == 0 {
				r = v[o.c%slotCount]
			}
		case opCountOnes:
			r = uint64(bits.OnesCount64(a))
		case opElse:
			if a == 0 {
				i = int(o.n) - 1
			}
			continue
		case opLeaf:
			return c.leaves[o.n].apply(s, log)
		case opLeave:
			return false
		default:
			r = s.rare(o)
		}
		v[o.to%slotCount] = r
	}
	return false
}

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// rare leaves an operation to Terms.
func (s *State) rare(o *operation) uint64 {
	operand := func(x Term, slot uint8) Term { return Term{value: s.slots[slot%slotCount], width: x.width} }
	n := o.node
	return s.Terms.apply(n, operand(n.a, o.a), operand(n.b, o.b), operand(n.c, o.c)).value
}

// apply makes the changes of a leaf.
func (l *leaf) apply(s *State, log *Changes) bool {
	v := &s.slots
	if l.store {
		old, ok := s.Memory.quickStore(v[l.address%slotCount], v[l.value%slotCount], int(l.size))
		if !ok {
			return false
		}
		if log != nil {
			log.Address, log.Size, log.Old = v[l.address%slotCount], int(l.size), old
		}
	}
	if log != nil {
		log.Registers, log.Stored, log.Flags = log.Registers[:0], l.store, l.flags.changed
	}
	for _, r := range l.registers {
		to := &s.Registers[r.number&15]
		x := v[r.slot%slotCount]
		if log != nil && to.value != x {
			log.Registers = append(log.Registers, OldRegister{r.number, to.value})
		}
		to.value = x
	}
	s.IP.value = v[l.ip%slotCount]
	if l.flags.changed {
		l.flags.apply(&s.flags, v)
	}
	return true
}

// apply changes the flags.
func (l *leafFlags) apply(f *flags, v *[slotCount]uint64) {
	f.late = l.late
	if l.isNew {
		f.operation = l.operation
		f.x = Term{value: v[l.x%slotCount], width: l.width}
		f.y = Term{value: v[l.y%slotCount], width: l.width}
		f.in = Term{value: v[l.in%slotCount], width: 1}
		f.total = Term{value: v[l.total%slotCount], width: l.width}
	}
	for _, t := range l.terms {
		f.term[t.number] = Term{value: v[t.slot%slotCount], width: 1}
	}
	for _, i := range l.undefined {
		f.term[i] = Term{}
	}
	f.shape = l.shape
}
