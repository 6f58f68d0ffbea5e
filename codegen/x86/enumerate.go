package x86

import "tasm/lang"

// enumerate calls yield for every encoding of the instruction, in the order of
// forms and addresses; some may come twice.
func (c *context) enumerate(yield func(*Encoding)) {
	c.choose() // settles the sizes that were left out
	forms := c.candidates()
	for i := range forms {
		f := forms[i]
		if v, _ := c.match(f); v != matched || !c.holds(f) {
			continue
		}
		c.addresses(f, func(m modRM) {
			for _, long := range [2]bool{false, true} {
				if long && (f.opcode.vex == noVEX || c.slots[slotEncoding] != NoPrefix) {
					break
				}
				var e Encoding
				if c.emitWith(f, m, long, &e) == nil {
					yield(&e)
				}
			}
		})
	}
}

// holds reports whether the form's fields hold the numbers in full.
func (c *context) holds(f *Form) bool {
	for i := range c.count {
		s, v := &f.operands[i], &c.in.Operands[i].Value
		if s.place != placeImmediate || !v.IsNumber() {
			continue
		}
		switch s.rule {
		case ruleSigned8, ruleSigned32, ruleFits32:
			if !fitsExtended(v.N, int(s.size), int(f.size)) {
				return false
			}
		case ruleImmediate, ruleUnsigned:
			if !fits(v.N, int(s.size)) {
				return false
			}
		}
	}
	return true
}

// addresses calls yield with every way to encode the form's address.
func (c *context) addresses(f *Form, yield func(modRM)) {
	var m modRM
	if i := f.bareAddress(); i >= 0 && c.views[i].set == setImmediate {
		c.immediateAddress(i, &m)
		yield(m)
		return
	}
	if c.memory < 0 || f.operands[c.memory].place != placeRM {
		yield(m)
		return
	}
	if !c.addressFor(f, &m) {
		return
	}
	yield(m)
	if c.address.vector || f.operands[c.memory].withSIB {
		return
	}
	a := &c.address
	switch {
	case a.plain:
		if c.in.Bits != 64 && c.size == 4 {
			yield(modRM{rm: 4, sib: 0x25, hasSIB: true, dispSize: 4})
		}
	case a.dispSize != 0:
	case c.size == 2:
		c.displacements(m.rm == 6, 2, func(size uint8) {
			v := m
			v.dispSize, v.mod = size, size
			yield(v)
		})
	default:
		base, index, scale, _ := a.arrange()
		c.arrangements(base, index, scale, func(base, index lang.RegisterID, scale int64) {
			if base == 0 {
				yield(a.encode32(base, index, scale, 4))
				return
			}
			c.displacements(registers[base].Number&7 == 5, 4, func(size uint8) {
				v := a.encode32(base, index, scale, size)
				yield(v)
				if !v.hasSIB {
					v.hasSIB, v.sib, v.rm = true, 4<<3|v.rm, 4
					yield(v)
				}
			})
		})
	}
}

// displacements calls yield with the sizes that hold the displacement.
func (c *context) displacements(always bool, full uint8, yield func(size uint8)) {
	a := &c.address
	if !a.relocated && !a.unknown {
		d := signed(a.disp, full)
		if d == 0 && !always {
			yield(0)
		}
		if a.fitsByte(d) {
			yield(1)
		}
	}
	yield(full)
}

// arrangements calls yield with every choice of base and index for the same
// sum that also keeps the default segment, which is the stack's for a base of
// ebp or esp.
func (c *context) arrangements(base, index lang.RegisterID, scale int64, yield func(base, index lang.RegisterID, scale int64)) {
	yield(base, index, scale)
	stack := func(r lang.RegisterID) bool {
		return c.in.Bits != 64 && c.slots[slotSegment] == NoPrefix && r != 0 && (registers[r].Number == 4 || registers[r].Number == 5)
	}
	switch {
	case base != 0 && index == base && scale == 1:
		if !stack(base) {
			yield(0, index, 2)
		}
	case base != 0 && index != 0 && scale == 1:
		if !isStackPointer(base) && stack(base) == stack(index) {
			yield(index, base, 1)
		}
	case base == 0 && scale == 2:
		if !stack(index) {
			yield(index, index, 1)
		}
	case base == 0 && scale == 1:
		if !stack(index) {
			yield(index, 0, 1)
		}
	case base != 0 && index == 0:
		if !isStackPointer(base) && !stack(base) {
			yield(0, base, 1)
		}
	}
}
