package machine

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
			v[SlotFlags+i] = s.flags.term[i].value
		}
		v[slotX], v[slotY], v[slotTotal] = s.flags.x.value, s.flags.y.value, s.flags.total.value
	}
	for i := 0; i < len(c.operations); i++ {
		o := &c.operations[i]
		a := v[o.A%SlotCount]
		switch o.Op {
		case OpLoad:
			x, ok := s.Memory.quickLoad(a, int(o.Aux))
			if !ok {
				return false
			}
			v[o.To%SlotCount] = x
		case OpElse:
			if a == 0 {
				i = int(o.N) - 1
			}
		case OpEnd:
			return c.ends[o.N].apply(s, log)
		case OpLeave:
			return false
		default:
			v[o.To%SlotCount] = o.Compute(a, v[o.B%SlotCount], v[o.C%SlotCount])
		}
	}
	return false
}

// apply makes the changes of an end.
func (l *end) apply(s *State, log *Changes) bool {
	v := &s.slots
	for _, x := range l.Stores {
		old, ok := s.Memory.quickStore(v[x.Address%SlotCount], v[x.Value%SlotCount], x.Size)
		if !ok {
			return false
		}
		if log != nil {
			log.Address, log.Size, log.Old = v[x.Address%SlotCount], x.Size, old
		}
	}
	if log != nil {
		log.Registers, log.Stored, log.Flags = log.Registers[:0], len(l.Stores) > 0, l.flags.changed
	}
	for _, r := range l.Registers {
		to := &s.Registers[r.Number&15]
		x := v[r.Slot%SlotCount]
		if log != nil && to.value != x {
			log.Registers = append(log.Registers, OldRegister{r.Number, to.value})
		}
		to.value = x
	}
	s.IP.value = v[l.IP%SlotCount]
	if l.flags.changed {
		l.flags.apply(&s.flags, v)
	}
	return true
}

// apply changes the flags.
func (l *endFlags) apply(f *flags, v *[SlotCount]uint64) {
	f.late = l.late
	if l.isNew {
		f.operation = l.operation
		f.x = Term{value: v[l.x%SlotCount], width: l.width}
		f.y = Term{value: v[l.y%SlotCount], width: l.width}
		f.in = Term{value: v[l.in%SlotCount], width: 1}
		f.total = Term{value: v[l.total%SlotCount], width: l.width}
	}
	for _, t := range l.terms {
		f.term[t.Number] = Term{value: v[t.Slot%SlotCount], width: 1}
	}
	for _, i := range l.undefined {
		f.term[i] = Term{}
	}
	f.shape = l.shape
}
