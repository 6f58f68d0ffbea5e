package x86

import "tasm/lang"

// REX prefix bits.
const (
	rexB = 1 << iota
	rexX
	rexR
	rexW
	rexFixed = 0x40
)

// emission is one encoding in the making.
type emission struct {
	out      *Encoding
	bits     int
	slots    [slotCount]PrefixID // the prefixes that the instruction has in the end
	rex      uint8
	needREX  bool // a byte register that only exists with REX (spl)
	high     bool // a byte register that doesn't exist with REX (ah)
	vvvv     uint8
	reg      uint8 // ModRM.reg
	rm       modRM
	is4      uint8 // register in the immediate
	noEscape bool  // 0F of the opcode is part of the prefix

	// Of EVEX only:
	mask     uint8
	zero     bool
	evexB    bool // broadcast, rounding or {sae}
	rounding Rounding
}

// emit encodes the instruction in form f with nasm's choice of address.
func (c *context) emit(f *Form, out *Encoding) *Mismatch {
	var m modRM
	if c.memory >= 0 && f.operands[c.memory].place == placeRM {
		if !c.addressFor(f, &m) {
			return c.problem(badAddress, c.memory)
		}
	} else if i := f.bareAddress(); i >= 0 && c.views[i].set == setImmediate {
		c.immediateAddress(i, &m)
	}
	return c.emitWith(f, m, false, out)
}

// addressFor encodes the memory operand's address as nasm does in form f.
func (c *context) addressFor(f *Form, m *modRM) bool {
	c.address.unit = 0
	if f.opcode.vex == evex && !f.opcode.apx {
		c.address.unit = c.displacementUnit(f)
	}
	if !c.encodeAddress(m) {
		return false
	}
	if f.operands[c.memory].withSIB && !m.hasSIB {
		if m.rip || c.size == 2 {
			return false
		}
		m.hasSIB, m.sib, m.rm = true, 4<<3|m.rm, 4
	}
	return true
}

// displacementUnit is N of disp8*N: the bytes that are read or written (manual,
// volume 1, section 15.5).
func (c *context) displacementUnit(f *Form) uint8 {
	s := &f.operands[c.memory]
	if f.opcode.unit != 0 {
		return f.opcode.unit
	}
	if c.views[c.memory].decorators&broadcasting != 0 {
		return s.broadcast
	}
	return s.size
}

// bareAddress is the index of the operand that admits a number as an address
// (lea eax, 5), -1 if none.
func (f *Form) bareAddress() int {
	for i := range f.specs() {
		if f.operands[i].rule == ruleAnySize {
			return i
		}
	}
	return -1
}

// immediateAddress encodes a number written where an address belongs.
func (c *context) immediateAddress(i int, m *modRM) {
	v := &c.in.Operands[i].Value
	c.address = address{disp: v.N, plain: true, relocated: len(v.Terms()) != 0, unknown: v.Unknown}
	c.address.rip = c.in.Bits == 64 && c.in.DefaultRel
	c.encodeAddress(m)
}

// emitWith encodes the instruction in form f with the address m. long asks for
// the three-byte VEX prefix where two bytes would do.
func (c *context) emitWith(f *Form, m modRM, long bool, out *Encoding) *Mismatch {
	out.Form, out.Length, out.nfix, out.doubts = f, 0, 0, 0
	out.starts, out.displacement = 0, 0
	out.Provisional = c.provisional(f)
	e := emission{out: out, bits: c.in.Bits, rm: m}
	if problem := c.placeOperands(f, &e); problem != nil {
		return problem
	}
	if problem := c.emitPrefixes(f, &e); problem != nil {
		return problem
	}
	var problem *Mismatch
	if f.opcode.vex != noVEX {
		problem = c.emitVEX(f, &e, long)
	} else {
		problem = c.emitREX(f, &e)
	}
	if problem != nil {
		return problem
	}
	c.emitOpcode(f, &e)
	c.emitAddress(&f.opcode, &e)
	return c.emitFields(f, &e)
}

// placeOperands puts the operands and what their form says itself into the bits of
// ModRM and of the prefixes.
func (c *context) placeOperands(f *Form, e *emission) *Mismatch {
	op := &f.opcode
	if op.fixedRM {
		e.rm.mod = 3
	}
	explicit := c.slots[slotOperandSize] == O64
	kept := explicit && f.tags&prefixREX != 0 && (c.count == 0 || c.in.Operands[0].Kind != RegisterOperand && c.in.Operands[0].Size == 0) // as in nasm
	plain := op.default64 && c.in.Bits == 64 && !kept
	if (explicit || op.size == 8) && !plain || f.tags&bareREX != 0 && c.in.Bits == 64 {
		e.rex |= rexW
	}
	e.rex |= e.rm.rexB*rexB | e.rm.rexX*rexX
	for i := range c.count {
		e.place(&f.operands[i], &c.in.Operands[i])
	}
	if op.modrm == extModRM {
		e.reg = op.digit
	}
	switch {
	case op.vex != evex:
	case op.source && !c.in.Operands[0].Value.Unknown && uint64(c.in.Operands[0].Value.N) > 15:
		return c.problem(badFlags, 0)
	case op.apx:
		e.extend(op)
	default:
		e.decorate(c)
	}
	if f.tags&lowOnly != 0 {
		if e.high {
			return c.problem(highRegister, c.highOperand())
		}
		e.needREX = false
	}
	if c.slots[slotEncoding] == ForceREX {
		e.needREX = true
	}
	return nil
}

// emitPrefixes appends the legacy prefixes.
func (c *context) emitPrefixes(f *Form, e *emission) *Mismatch {
	op := &f.opcode
	if problem := c.settleAddress(op); problem != nil {
		return problem
	}
	e.slots = c.slots
	c.settlePrefixes(f, &e.slots, e.out)
	for i, p := range e.slots[:slotEncoding] {
		e.prefix(p)
		if slot(i) == slotSegment && c.in.Bits == 64 && p != NoPrefix && p < SegFS {
			e.out.doubts |= doubtSegment
		}
	}
	if p := sizePrefix(int(op.address)); p != e.slots[slotAddressSize] {
		e.prefix(p)
	}
	return nil
}

// emitVEX appends the VEX, XOP or EVEX prefix.
func (c *context) emitVEX(f *Form, e *emission, long bool) *Mismatch {
	op := &f.opcode
	if e.slots[slotLock] != NoPrefix || e.slots[slotRep] != NoPrefix || e.slots[slotOperandSize] != NoPrefix {
		e.out.doubts |= doubtVEX
	}
	if e.high {
		return c.problem(highRegister, c.highOperand())
	}
	e.rex &^= rexW
	if op.vexW {
		e.rex |= rexW
	}
	if c.in.Bits != 64 && (e.rex&(rexB|rexX|rexR) != 0 || e.vvvv > 7 || e.reg > 7 || e.rm.high|e.rm.rexB4|e.rm.rexX4 != 0 || e.is4 > 7) {
		return c.problem(only64BitRegisters, c.only64())
	}
	if op.vex == evex {
		e.evex(op)
		return nil
	}
	short := op.vex == vex && op.vexMap == 1 && e.rex&(rexW|rexX|rexB) == 0
	switch c.slots[slotEncoding] {
	case ForceVEX3:
		short = false
	case ForceVEX2:
		if !short {
			return c.problem(badEncoding, -1)
		}
	}
	e.vex(op, short && !long)
	return nil
}

// emitREX appends the mandatory prefix, and REX where it is needed.
func (c *context) emitREX(f *Form, e *emission) *Mismatch {
	high := e.reg>>4<<2 | e.rm.rexX4<<1 | e.rm.rexB4
	switch {
	case e.rex == 0 && !e.needREX && high == 0 && !f.opcode.rex2 && c.slots[slotEncoding] != ForceREX2:
		e.mandatory(&f.opcode)
	case e.high:
		return c.problem(highRegister, c.highOperand())
	case c.in.Bits == 64 && (high != 0 || f.opcode.rex2 || c.slots[slotEncoding] == ForceREX2):
		e.mandatory(&f.opcode)
		e.noEscape = f.opcode.bytes[0] == 0x0F
		second := byte(0)
		if e.noEscape {
			second = 1
		}
		e.mark()
		e.byte(0xD5)
		e.byte(second<<7 | high<<4 | e.rex)
	case c.in.Bits == 64:
		e.mandatory(&f.opcode)
		e.mark()
		e.byte(rexFixed | e.rex)
	case f.tags&lockREX != 0 && e.rex == rexR && !e.needREX && e.slots[slotLock] == NoPrefix:
		// Outside 64-bit mode LOCK stands for REX.R (mov eax, cr8).
		e.mark()
		e.byte(0xF0)
		e.mandatory(&f.opcode)
	default:
		return c.problem(only64BitRegisters, c.only64())
	}
	return nil
}

// emitOpcode appends the opcode, with the register that its last byte may hold.
func (c *context) emitOpcode(f *Form, e *emission) {
	op := &f.opcode
	register := byte(0)
	if op.register {
		for i := range c.count {
			if f.operands[i].place == placeOpcode {
				register = registers[c.in.Operands[i].Register].Number & 7
			}
		}
	}
	e.mark()
	for i, b := range op.bytes[:op.count] {
		if i == 0 && e.noEscape {
			continue
		}
		if i == int(op.count)-1 {
			b += register
			if op.register {
				e.mark()
			}
		}
		e.byte(b)
	}
}

// emitAddress appends ModRM, SIB, the displacement and what of the opcode follows them.
func (c *context) emitAddress(op *opcode, e *emission) {
	if op.modrm == noModRM {
		return
	}
	e.mark()
	e.byte(e.rm.mod<<6 | e.reg&7<<3 | e.rm.rm)
	if e.rm.hasSIB {
		e.byte(e.rm.sib)
	}
	if e.rm.dispSize != 0 {
		e.mark()
		e.out.displacement = e.out.Length
		c.emitDisplacement(e)
	}
	if op.suffix >= 0 {
		e.mark()
		e.byte(byte(op.suffix))
	}
}

// emitFields appends the immediates and distances that end an instruction.
func (c *context) emitFields(f *Form, e *emission) *Mismatch {
	var problem *Mismatch
	for i := range f.opcode.nfields {
		e.mark()
		if p := c.emitField(f, e, f.opcode.fields[i]); p != nil {
			problem = p
		}
	}
	if int(e.out.Length) > MaxLength {
		return c.problem(tooLong, -1)
	}
	if p := c.settleRelative(e); p != nil {
		problem = p
	}
	return problem
}

// provisional reports whether another pass may choose another length.
func (c *context) provisional(f *Form) bool {
	for i := range c.count {
		o := &c.in.Operands[i]
		if o.Kind != RegisterOperand && (o.Value.Unknown || o.Value.Forward) {
			return true
		}
		if r := f.operands[i].rule; (r == ruleShort || r == ruleNear) && o.Distance == lang.AnyDistance {
			if s, ok := o.Value.Segment(); ok && s == c.in.Segment {
				return true
			}
		}
	}
	return false
}

// place puts operand o where the form wants it.
func (e *emission) place(s *operandSpec, o *Operand) {
	if o.Kind != RegisterOperand {
		if s.place == placeDefault {
			e.vvvv = ^uint8(o.Value.N) & 15
		}
		return
	}
	r := &registers[o.Register]
	switch s.place {
	case placeReg, placeRegRM, placeRegVvvv:
		e.reg = r.Number
		e.rex |= r.Number >> 3 & 1 * rexR
	case placeIs4:
		e.is4 = r.Number
	}
	switch s.place {
	case placeVvvv, placeRegVvvv, placeVvvvRM:
		e.vvvv = r.Number
	}
	switch s.place {
	case placeRM, placeRegRM, placeVvvvRM:
		e.rm = modRM{mod: 3, rm: r.Number & 7, high: r.Number >> 4}
		if r.Class == Extended {
			e.rm.high, e.rm.rexB4 = 0, 1
		}
		e.rex |= r.Number >> 3 & 1 * rexB
	case placeOpcode:
		e.rex |= r.Number >> 3 & 1 * rexB
		e.rm.rexB4 = r.Number >> 4
	case placeNone:
		return
	}
	if r.Size == 1 {
		if r.High {
			e.high = true
		} else if r.Number >= 4 {
			e.needREX = true
		}
	}
}

// highOperand is the index of the operand that is ah, ch, dh or bh.
func (c *context) highOperand() int {
	for i := range c.count {
		if o := &c.in.Operands[i]; o.Kind == RegisterOperand && registers[o.Register].High {
			return i
		}
	}
	return -1
}

// settlePrefixes adds the size prefixes that the form needs, and notes doubts
// about the others.
func (c *context) settlePrefixes(f *Form, slots *[slotCount]PrefixID, out *Encoding) {
	op := &f.opcode
	want := NoPrefix
	switch op.size {
	case 2:
		want = O16
	case 4:
		want = O32
	}
	if want != NoPrefix {
		switch slots[slotOperandSize] {
		case NoPrefix:
			slots[slotOperandSize] = want
		case want:
		default:
			out.doubts |= doubtOperandSize
		}
	}
	if op.wait && slots[slotWait] == NoPrefix {
		slots[slotWait] = Wait
	}
	if f.tags&repeated != 0 && slots[slotRep] == NoPrefix {
		slots[slotRep] = Rep
	}
	if slots[slotRep] == NoPrefix && c.in.DefaultBound && f.boundByDefault() {
		slots[slotRep] = Bnd
	}
	if slots[slotLock] != NoPrefix && (f.tags&lockable == 0 || c.views[0].set&setMemory == 0) {
		out.doubts |= doubtLock
	}
	if slots[slotRep] == Bnd && f.count > 0 && f.operands[0].rule == ruleShort && c.views[0].set != setShortLabel && f.row.flow == Jump {
		slots[slotRep] = NoPrefix
		out.doubts |= doubtBound
	}
	if p := slots[slotRep]; p == Xacquire || p == Xrelease {
		locked := slots[slotLock] != NoPrefix
		allowed := f.tags&exchanging != 0 || f.tags&elidable != 0 && locked || f.tags&releasable != 0 && p == Xrelease
		if !allowed || c.views[0].set&setMemory == 0 {
			out.doubts |= doubtElision
		}
	}
}

// boundByDefault reports whether DEFAULT BND is about the form.
func (f *Form) boundByDefault() bool {
	shortJump := f.count > 0 && f.operands[0].rule == ruleShort && f.row.flow == Jump
	return f.tags&bounded != 0 && f != &prefixesAlone && !shortJump
}

// settleAddress checks that an address size which is part of the form (jecxz,
// movdir64b) agrees with the mode and with the memory operand.
func (c *context) settleAddress(op *opcode) *Mismatch {
	switch {
	case op.address == 0:
	case op.address == 2 && c.in.Bits == 64:
		return c.problem(no16BitAddresses, -1)
	case op.address == 8 && (c.in.Bits != 64 || c.slots[slotAddressSize] == A32):
		return c.problem(no64BitAddresses, -1)
	case c.memory >= 0 && op.address != c.size:
		return c.problem(mixedAddressSizes, c.memory)
	}
	return nil
}

// byte appends a byte; what is beyond the longest instruction is only counted.
func (e *emission) byte(b byte) {
	if int(e.out.Length) < MaxLength {
		e.out.Bytes[e.out.Length] = b
	}
	e.out.Length++
}

// mark notes that a piece of the instruction begins here.
func (e *emission) mark() { e.out.starts |= 1 << e.out.Length }

// prefix appends the byte of a prefix, if it has one in this mode.
func (e *emission) prefix(p PrefixID) {
	if p == NoPrefix {
		return
	}
	if b := prefixByte(p, e.bits); b != 0 {
		e.mark()
		e.byte(b)
	}
}

func (e *emission) mandatory(op *opcode) {
	if op.mandatory != 0 {
		e.mark()
		e.byte(op.mandatory)
	}
}

// vex appends a VEX or XOP prefix (manual, volume 2, section 2.3.5).
func (e *emission) vex(op *opcode, short bool) {
	inverted := ^e.rex
	e.mark()
	if short {
		e.byte(0xC5)
		e.byte(inverted&rexR<<5 | ^e.vvvv&15<<3 | op.vexL<<2 | op.vexPP)
		return
	}
	first := byte(0xC4)
	if op.vex == xop {
		first = 0x8F
	}
	e.byte(first)
	e.byte(inverted&7<<5 | op.vexMap)
	e.byte(e.rex&rexW<<4 | ^e.vvvv&15<<3 | op.vexL<<2 | op.vexPP)
}

// decorate takes over what stands in braces after the operands.
func (e *emission) decorate(c *context) {
	for i := range c.count {
		o := &c.in.Operands[i]
		if o.Mask != 0 {
			e.mask = o.Mask
		}
		e.zero = e.zero || o.Zero
		if o.Rounding != NoRounding {
			e.rounding = o.Rounding
		}
		e.evexB = e.evexB || o.Broadcast != 0 || o.Rounding != NoRounding
	}
}

// extend fills in what APX's form says itself.
func (e *emission) extend(op *opcode) {
	if op.noFlags {
		e.mask = 4
	}
	e.evexB = op.newDest
	if op.source {
		e.mask = uint8(op.condition) & 7
		e.vvvv |= uint8(op.condition>>3^1) << 4
	}
}

// evex appends an EVEX prefix (manual, volume 2, section 2.7.1).
func (e *emission) evex(op *opcode) {
	// The fifth bit of ModRM.rm is X, that of an index stands with vvvv.
	x := e.rex>>1&1 | e.rm.high
	fifth := e.vvvv >> 4
	if e.rm.vector {
		x = e.rex >> 1 & 1
		fifth = e.rm.high
	}
	length := op.vexL
	switch e.rounding {
	case RoundNearest, RoundDown, RoundUp, RoundZero:
		length = uint8(e.rounding - RoundNearest)
	case SuppressAll:
		length = 0 // it is 512 bits all the same
	}
	bit := func(on bool) byte {
		if on {
			return 1
		}
		return 0
	}
	e.mark()
	e.byte(0x62)
	e.byte(^(e.rex&rexR<<5|x<<6|e.rex&rexB<<5|e.reg>>4<<4)&0xF0 | e.rm.rexB4<<3 | op.vexMap)
	e.byte(e.rex&rexW<<4 | ^e.vvvv&15<<3 | (e.rm.rexX4^1)<<2 | op.vexPP)
	e.byte(bit(e.zero)<<7 | length<<5 | bit(e.evexB)<<4 | (fifth^1)<<3 | e.mask)
}

// number appends the low bytes of n.
func (e *emission) number(n int64, size uint8) {
	for range size {
		e.byte(byte(n))
		n >>= 8
	}
}

// fixup appends a field of zeros that layout fills in.
func (e *emission) fixup(kind FixupKind, size uint8, signed bool, operand int, v *lang.Value) {
	if int(e.out.nfix) < len(e.out.fixups) {
		e.out.fixups[e.out.nfix] = Fixup{Offset: e.out.Length, Size: size, Kind: kind, SignExtended: signed, Operand: uint8(operand), Value: v.Displacement()}
		e.out.nfix++
	}
	e.number(0, size)
}

// emitDisplacement appends the displacement of the memory operand.
func (c *context) emitDisplacement(e *emission) {
	i := c.memory
	if i < 0 {
		i = e.out.Form.bareAddress()
	}
	v := &c.in.Operands[i].Value
	size := e.rm.dispSize
	a := &c.address
	switch {
	case a.unknown:
		e.number(0, size)
	case e.rm.rip:
		e.fixup(Relative, size, true, i, v)
	case a.relocated:
		e.fixup(Absolute, size, c.size > size, i, v)
	default:
		if size == 1 && a.unit > 1 {
			e.number(signed(a.disp, min(c.size, 4))/int64(a.unit), 1)
			return
		}
		if a.rip {
			e.out.doubts |= doubtRelative
		}
		if a.plain && a.dispSize != 0 && a.dispSize != int(size) && a.dispSize != 8 {
			e.out.doubts |= doubtDisplacement
		}
		if !fits(a.disp, int(c.size)) || c.size > size && !fitsSigned(signed(a.disp, c.size), int(size)) {
			e.out.doubts |= doubtAddress
		}
		e.number(a.disp, size)
	}
}

// signed reads the low bytes of n as a signed number.
func signed(n int64, bytes uint8) int64 {
	shift := 64 - 8*int(bytes)
	return n << shift >> shift
}

// emitField appends what follows the address. The Mismatch is for a branch
// that doesn't reach.
func (c *context) emitField(f *Form, e *emission, fd field) *Mismatch {
	i := int(fd.operand)
	o := &c.in.Operands[i]
	v := &o.Value
	switch fd.kind {
	case offsetField:
		if v.Unknown {
			e.number(0, c.size)
		} else if len(v.Terms()) != 0 || v.Wrt != 0 {
			e.fixup(Absolute, c.size, false, i, v)
		} else {
			e.number(v.N, c.size)
		}
	case selectorField:
		switch {
		case o.Kind != FarOperand:
			if len(v.Terms()) == 0 && !v.Unknown {
				return c.problem(noSelector, i)
			}
			e.fixup(Selector, 2, false, i, v)
		case o.Segment.Unknown:
			e.number(0, 2)
		case len(o.Segment.Terms()) != 0:
			e.fixup(Absolute, 2, false, i, &o.Segment)
		default:
			if !fits(o.Segment.N, 2) {
				e.out.doubts |= doubtImmediate
			}
			e.number(o.Segment.N, 2)
		}
	case registerField:
		e.byte(e.is4 << 4)
	case relativeField:
		size := fd.size
		if v.Unknown {
			e.number(0, size)
		} else {
			e.fixup(Relative, size, true, i, v)
		}
	default:
		c.emitImmediate(f, e, fd.size, i)
	}
	return nil
}

// emitImmediate appends a number of so many bytes.
func (c *context) emitImmediate(f *Form, e *emission, size uint8, i int) {
	v := &c.in.Operands[i].Value
	rule := f.operands[i].rule
	extended := rule == ruleSigned8 || rule == ruleSigned32
	switch {
	case v.Unknown:
		e.number(0, size)
		return
	case len(v.Terms()) != 0 || v.Wrt != 0:
		e.fixup(Absolute, size, extended, i, v)
		return
	case extended:
		if !fitsExtended(v.N, int(size), int(f.size)) {
			e.out.doubts |= doubtImmediate
		}
	case rule == ruleUnsigned && size == 1:
		if !fits(v.N, 1) {
			e.out.doubts |= doubtImmediate
		}
	case !fits(v.N, int(size)):
		e.out.doubts |= doubtImmediate
	}
	e.number(v.N, size)
}

// fitsExtended reports whether size bytes sign-extended to full bytes are n,
// which may have been written as an unsigned number of full bytes.
func fitsExtended(n int64, size, full int) bool {
	if fitsSigned(n, size) {
		return true
	}
	return full < 8 && fits(n, full) && fitsSigned(signed(n, uint8(full)), size)
}

// settleRelative computes the relative fields whose target is in the
// instruction's own segment, now that its length is known.
func (c *context) settleRelative(e *emission) *Mismatch {
	kept := uint8(0)
	var problem *Mismatch
	for i := range e.out.nfix {
		fx := &e.out.fixups[i]
		s, ok := fx.Value.Segment()
		if fx.Kind != Relative || !ok || s != c.in.Segment || fx.Value.Wrt != 0 {
			if kept != i {
				e.out.fixups[kept] = *fx
			}
			kept++
			continue
		}
		delta := fx.Value.N - (c.in.Offset + int64(e.out.Length))
		if fx.Size == 1 && !fitsSigned(delta, 1) {
			problem = c.problem(outOfRange, int(fx.Operand))
			problem.number = delta
		} else if fx.Size == 2 && !fits(delta, 2) || fx.Size == 4 && !fits(delta, 4) {
			e.out.doubts |= doubtImmediate
		}
		for k := range fx.Size {
			e.out.Bytes[fx.Offset+k] = byte(delta >> (8 * k))
		}
	}
	e.out.nfix = kept
	return problem
}
