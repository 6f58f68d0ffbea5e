package x86

import "tasm/lang"

// address is the effective address of a memory operand.
type address struct {
	base, index lang.RegisterID // 0 where there is none
	scale       int64           // factor of index
	disp        int64
	relocated   bool // the displacement is relative to a segment
	unknown     bool // the displacement is not known in this pass
	rip         bool // relative to the instruction pointer was asked for
	plain       bool // no register at all
	hint        lang.Hint
	hintReg     lang.RegisterID
	dispSize    int   // as written, in bytes
	noSplit     bool  // NOSPLIT
	indexAlone  bool  // the only register is the index
	vector      bool  // the index is a vector register
	unit        uint8 // N of disp8*N, 0 for none
}

// viewAddress takes the address of operand i apart.
func (c *context) viewAddress(i int) *Mismatch {
	o := &c.in.Operands[i]
	a := &c.address
	*a = address{disp: o.Value.N, unknown: o.Value.Unknown, dispSize: o.Memory.DispSize, noSplit: o.Memory.NoSplit, indexAlone: o.Memory.IndexAlone,
		hint: o.Value.Hint, hintReg: o.Value.HintReg}
	if p := sizePrefix(o.Memory.AddressSize); p != NoPrefix {
		if problem := c.setPrefix(p, i); problem != nil {
			return problem
		}
	}
	fsgs := false
	if isRegister(o.Memory.Segment) {
		p, ok := SegmentPrefix(o.Memory.Segment)
		if !ok {
			return c.problem(badSegment, i)
		}
		fsgs = p == SegFS || p == SegGS
		if c.slots[slotSegment] != NoPrefix {
			m := c.problem(conflictingPrefixes, i)
			m.prefixes = [2]PrefixID{c.slots[slotSegment], p}
			return m
		}
		c.slots[slotSegment] = p
	}
	plus, minus := false, false
	terms := o.Value.Terms()
	sorted := inNameOrder(terms)
	for _, t := range sorted[:len(terms)] {
		switch t.Kind {
		case lang.RegisterTerm:
			reg := lang.RegisterID(t.ID)
			if !isRegister(reg) {
				return c.problem(badOperand, i)
			}
			if reason, bad := a.add(reg, t.Coef); bad {
				return c.problem(reason, i)
			}
			c.extended = c.extended || registers[reg].Class == Extended
		default:
			switch {
			case t.Coef == 1 && !plus:
				plus = true
			case t.Coef == -1 && !minus && t.Kind == lang.SegmentTerm && lang.SegmentID(t.ID) == c.in.Segment:
				minus = true
			default:
				return c.problem(badValue, i)
			}
			a.relocated = true
		}
	}
	if a.index != 0 {
		if set := vectorIndex(a.index); set != 0 {
			a.vector = true
			c.views[i].set = set
		}
	}
	a.plain = a.base == 0 && a.index == 0
	if a.plain && !minus { // a distance is a number, not an address
		a.rip = c.in.Bits == 64 && !o.Memory.Abs && (o.Memory.Rel || c.in.DefaultRel && !fsgs)
	}
	return nil
}

// add takes a register times coef as base or index, or says why it can't be one.
func (a *address) add(reg lang.RegisterID, coef int64) (why reason, bad bool) {
	switch {
	case coef == 1 && a.base == 0 && registers[reg].general():
		a.base = reg
	case coef < 0:
		return subtractedRegister, true
	case a.index == 0:
		a.index, a.scale = reg, coef
	case a.base == 0:
		return twoIndexes, true
	default:
		return tooManyRegisters, true
	}
	return 0, false
}

// vectorIndex is the kind of memory that a vector register addresses as an
// index, 0 if r is none.
func vectorIndex(r lang.RegisterID) regset {
	switch registers[r].Class {
	case XMM:
		return setVectorX
	case YMM:
		return setVectorY
	case ZMM:
		return setVectorZ
	}
	return 0
}

// inNameOrder returns terms with the registers in the alphabetical order of
// their names, which decides for nasm where the hint does not.
func inNameOrder(terms []lang.Term) (sorted [lang.MaxTerms]lang.Term) {
	name := func(t lang.Term) string {
		if t.Kind != lang.RegisterTerm {
			return "~" // behind all registers
		}
		return RegisterName(lang.RegisterID(t.ID))
	}
	for i, t := range terms {
		for ; i > 0 && name(sorted[i-1]) > name(t); i-- {
			sorted[i] = sorted[i-1]
		}
		sorted[i] = t
	}
	return sorted
}

// sizePrefix is the prefix that asks for an address size in bytes.
func sizePrefix(size int) PrefixID {
	switch size {
	case 2:
		return A16
	case 4:
		return A32
	case 8:
		return A64
	}
	return NoPrefix
}

// Sets of address sizes.
const (
	addr16 = 1 << iota
	addr32
	addr64
)

func addressSet(size uint8) int {
	switch size {
	case 2:
		return addr16
	case 4:
		return addr32
	case 8:
		return addr64
	}
	return 0
}

// settleAddressSize finds the address size from the mode, the prefixes and the
// registers of the address, and asks for a prefix where it isn't the mode's.
func (c *context) settleAddressSize() *Mismatch {
	own, other := addr16, addr32
	switch c.in.Bits {
	case 32:
		own, other = addr32, addr16
	case 64:
		own, other = addr64, addr32
	}
	valid, problem := c.prefixedAddressSizes(own | other)
	if problem != nil {
		return problem
	}
	if c.memory >= 0 {
		valid &= c.writtenAddressSizes()
	}
	switch {
	case valid&own != 0:
		c.size = sizeOf(own)
	case valid&other != 0:
		c.size = sizeOf(other)
		c.slots[slotAddressSize] = sizePrefix(int(c.size))
	case c.in.Bits == 64 && c.memory >= 0 && c.address.hasSize(2):
		return c.problem(no16BitAddresses, c.memory)
	case c.in.Bits != 64 && c.memory >= 0 && c.address.hasSize(8):
		return c.problem(no64BitAddresses, c.memory)
	default:
		return c.problem(mixedAddressSizes, c.memory)
	}
	if c.memory >= 0 && c.isOffset() {
		c.views[c.memory].set |= setOffset
	}
	return nil
}

// prefixedAddressSizes is the subset of sizes that the prefixes leave.
func (c *context) prefixedAddressSizes(sizes int) (int, *Mismatch) {
	switch c.slots[slotAddressSize] {
	case A16:
		if c.in.Bits == 64 {
			return 0, c.problem(no16BitAddresses, c.memory)
		}
		return sizes & addr16, nil
	case A32:
		return sizes & addr32, nil
	case A64:
		if c.in.Bits != 64 {
			return 0, c.problem(no64BitAddresses, c.memory)
		}
		return sizes & addr64, nil
	case Asp:
		if c.in.Bits == 32 {
			return sizes & addr16, nil
		}
		return sizes & addr32, nil
	}
	return sizes, nil
}

// writtenAddressSizes are the sizes that the memory operand admits as it is written.
func (c *context) writtenAddressSizes() int {
	a := &c.address
	sizes := addr16 | addr32 | addr64
	if a.plain {
		if c.in.Bits != 64 && a.dispSize > 1 || c.in.Bits == 64 && a.dispSize == 2 {
			sizes = addressSet(uint8(a.dispSize))
		}
		return sizes
	}
	for _, r := range [2]lang.RegisterID{a.base, a.index} {
		if r != 0 && registers[r].general() {
			sizes &= addressSet(registers[r].Size)
		}
	}
	return sizes
}

// isOffset reports whether the memory operand may stand as a bare offset (moffs).
func (c *context) isOffset() bool {
	a := &c.address
	if !a.plain || a.rip || c.views[c.memory].set != setMemory {
		return false
	}
	disp := a.dispSize
	if disp == 0 {
		disp = 4
		if c.size == 2 {
			disp = 2
		}
	}
	// An elided lock has no form with a bare offset.
	elided := c.slots[slotRep] == Xacquire || c.slots[slotRep] == Xrelease
	return disp == int(c.size) && !elided
}

// hasSize reports whether a register of that many bytes is in the address.
func (a *address) hasSize(size uint8) bool {
	has := func(r lang.RegisterID) bool { return r != 0 && registers[r].Size == size }
	return has(a.base) || has(a.index)
}

// sizeOf is the only size of a set.
func sizeOf(set int) uint8 {
	return [...]uint8{addr16: 2, addr32: 4, addr64: 8}[set]
}

// modRM is an effective address as bytes.
type modRM struct {
	mod, rm  uint8
	sib      uint8
	hasSIB   bool
	dispSize uint8
	rip      bool  // the displacement counts from the end of the instruction
	rexB     uint8 // fourth bit of the number of the base
	rexX     uint8
	high     uint8 // fifth bit of a register number, or of the index where vector is set
	rexB4    uint8 // fifth bit of the number of a base or general register
	rexX4    uint8 // fifth bit of the number of an index that is a general register
	vector   bool
}

// encodeAddress chooses the bytes for an address as nasm does.
func (c *context) encodeAddress(out *modRM) bool {
	a := &c.address
	switch {
	case a.plain:
		rip := a.rip && a.relocated
		switch {
		case c.in.Bits == 64 && !rip:
			*out = modRM{rm: 4, sib: 0x25, hasSIB: true, dispSize: 4}
		case c.size == 2:
			*out = modRM{rm: 6, dispSize: 2}
		default:
			*out = modRM{rm: 5, dispSize: 4, rip: rip}
		}
		return true
	case c.size == 2:
		return a.encode16(out)
	}
	if a.vector {
		return a.encodeVector(out)
	}
	base, index, scale, ok := a.arrange()
	if !ok || c.size == 2 {
		return false
	}
	*out = a.encode32(base, index, scale, a.dispBytes(base))
	return true
}

// encodeVector encodes an address whose index is a vector register.
func (a *address) encodeVector(out *modRM) bool {
	switch a.scale {
	case 1, 2, 4, 8:
	default:
		return false
	}
	if a.dispSize == 2 || a.dispSize == 8 || a.base != 0 && registers[a.base].Size < 4 {
		return false
	}
	number := registers[a.index].Number
	*out = a.encode32(a.base, a.index, a.scale, a.dispBytes(a.base))
	out.vector, out.high, out.rexX, out.rexX4 = true, number>>4, number>>3&1, 0
	return true
}

// arrange decides which register is the base and which the index, as nasm
// does: by the hints of how the address was written, splitting factors that an
// index can't have.
func (a *address) arrange() (base, index lang.RegisterID, scale int64, ok bool) {
	base, index, scale = a.base, a.index, a.scale
	if scale == 0 {
		index = 0
	}
	if !wideRegisters(base, index) || a.dispSize == 2 || a.dispSize == 8 {
		return 0, 0, 0, false
	}
	hinted := func(r lang.RegisterID, h lang.Hint) bool { return r != 0 && a.hintReg == r && a.hint == h }
	if scale == 1 && base != index && base != 0 && index != 0 &&
		(hinted(base, lang.NotBase) || hinted(index, lang.MakeBase)) {
		base, index = index, base
	}
	if base == 0 && scale == 1 && !hinted(index, lang.NotBase) {
		base, index = index, 0
	}
	if base == 0 && a.splits(index, scale) {
		base = index
		scale--
	}
	if index == 0 && a.isIndex(base) {
		base, index, scale = 0, base, 1
	}
	if scale == 1 && isStackPointer(index) {
		base, index = index, base
	}
	if isStackPointer(index) || index != 0 && scale != 1 && scale != 2 && scale != 4 && scale != 8 {
		return 0, 0, 0, false
	}
	return base, index, scale, true
}

// isIndex reports whether the only register of the address is its index: it stands
// behind a comma, or NOSPLIT keeps the factor 1 that was written.
func (a *address) isIndex(r lang.RegisterID) bool {
	return a.indexAlone || a.noSplit && !usesSIBNumber(r) && r != 0 && a.hintReg == r && a.hint == lang.NotBase
}

// splits reports whether a register times scale becomes base and index: [eax*3] is
// [eax+eax*2].
func (a *address) splits(index lang.RegisterID, scale int64) bool {
	switch scale {
	case 3, 5, 9:
		return true
	case 2:
		return !isStackPointer(index) && (!a.noSplit || a.hint == lang.Summed)
	}
	return false
}

// wideRegisters reports whether base and index, each 0 if there is none, are general
// registers of one size, 32 or 64 bits.
func wideRegisters(base, index lang.RegisterID) bool {
	wide := func(r lang.RegisterID) bool {
		return r == 0 || registers[r].general() && registers[r].Size >= 4
	}
	return wide(base) && wide(index) && (base == 0 || index == 0 || registers[base].Size == registers[index].Size)
}

func isStackPointer(r lang.RegisterID) bool { return r != 0 && registers[r].Number == 4 }

// usesSIBNumber reports whether a base needs a SIB byte (esp and r12).
func usesSIBNumber(r lang.RegisterID) bool { return r != 0 && registers[r].Number&7 == 4 }

// dispBytes is how many bytes of displacement nasm gives an address with a base.
func (a *address) dispBytes(base lang.RegisterID) uint8 {
	d := int64(int32(a.disp))
	known := !a.relocated && !a.unknown
	switch {
	case base == 0:
		return 4
	case d == 0 && known && a.dispSize == 0 && registers[base].Number&7 != 5:
		return 0
	case a.shortens(known, d):
		return 1
	}
	return 4
}

// shortens reports whether the displacement d takes a byte: where it fits, or where
// BYTE is written and no multiple of the unit is asked for.
func (a *address) shortens(known bool, d int64) bool {
	switch a.dispSize {
	case 0:
		return known && a.fitsByte(d)
	case 1:
		return a.unit <= 1 || !known || a.fitsByte(d)
	}
	return false
}

// fitsByte reports whether a byte holds the displacement d.
func (a *address) fitsByte(d int64) bool {
	if a.unit > 1 {
		return d%int64(a.unit) == 0 && fitsSigned(d/int64(a.unit), 1)
	}
	return fitsSigned(d, 1)
}

// encode32 encodes an address of 32-bit or 64-bit registers.
func (a *address) encode32(base, index lang.RegisterID, scale int64, disp uint8) (m modRM) {
	m.dispSize = disp
	switch {
	case base == 0:
	case disp == 1:
		m.mod = 1
	case disp == 4:
		m.mod = 2
	}
	if base != 0 {
		m.rm = registers[base].Number & 7
		m.rexB, m.rexB4 = registers[base].Number>>3&1, registers[base].Number>>4
	} else {
		m.rm = 5
	}
	if index == 0 && m.rm != 4 && base != 0 {
		return m
	}
	m.hasSIB = true
	number := uint8(4)
	var shift uint8
	if index != 0 {
		number = registers[index].Number & 7
		m.rexX, m.rexX4 = registers[index].Number>>3&1, registers[index].Number>>4
		shift = [9]uint8{1: 0, 2: 1, 4: 2, 8: 3}[scale]
	}
	m.sib = shift<<6 | number<<3 | m.rm
	m.rm = 4
	return m
}

// encode16 encodes an address of bx, bp, si and di.
func (a *address) encode16(out *modRM) bool {
	if a.dispSize >= 4 || a.index != 0 && a.scale != 1 {
		return false
	}
	const bx, bp, si, di = 1, 2, 4, 8
	regs := 0
	for _, r := range [2]lang.RegisterID{a.base, a.index} {
		if r == 0 {
			continue
		}
		if registers[r].Class != General || registers[r].Size != 2 { // r16w is none of them
			return false
		}
		bit := [16]int{3: bx, 5: bp, 6: si, 7: di}[registers[r].Number]
		if bit == 0 || regs&bit != 0 {
			return false
		}
		regs |= bit
	}
	const none = 0xFF
	rm := [16]uint8{none, bx: 7, bp: 6, bx | bp: none, si: 4, bx | si: 0, bp | si: 2, bx | bp | si: none,
		di: 5, bx | di: 1, bp | di: 3, bx | bp | di: none, si | di: none, 13: none, 14: none, 15: none}[regs]
	if rm == none {
		return false
	}
	*out = modRM{rm: rm}
	d := int64(int16(a.disp))
	known := !a.relocated && !a.unknown
	switch {
	case d == 0 && known && a.dispSize == 0 && rm != 6:
	case a.shortens(known, d):
		out.mod, out.dispSize = 1, 1
	default:
		out.mod, out.dispSize = 2, 2
	}
	return true
}
