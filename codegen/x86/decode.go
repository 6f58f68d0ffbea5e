package x86

import (
	"slices"

	"tasm/lang"
)

// Decoded is a machine instruction as the processor reads it.
type Decoded struct {
	Instruction
	Form   *Form
	Length int // bytes, prefixes included

	operands [MaxOperands]Operand
}

// Decode reads the instruction that starts code, for a mode of 16, 32 or 64
// bits. address is where it lies when it runs: by it targets of branches become
// plain numbers, and addresses relative to the instruction pointer become
// offsets in the instruction's own segment, number 0.
// It reports false where there is no instruction of the table, or only the
// beginning of one. Encodings of what it finds holds the bytes read, but for
// prefixes that have no effect. Branches with a 66 prefix in 64-bit mode are not
// decoded: Intel's processors ignore it and AMD's cut the target to 16 bits.
func Decode(bits int, code []byte, address int64, out *Decoded) bool {
	r := reader{code: code, bits: bits, out: out}
	if len(r.code) > MaxLength {
		r.code = r.code[:MaxLength]
	}
	if !r.prefixes() {
		return false
	}
	opcode := r.code[r.at]
	list := decodeIndex().legacy(0, opcode)
	if opcode == 0xD5 && bits == 64 {
		if !r.rex2Prefix() {
			return false
		}
		list = decodeIndex().legacy(int(r.payload>>7), r.code[r.at])
	} else if (opcode == 0xC4 || opcode == 0xC5 || opcode == 0x62 || opcode == 0x8F) && r.isVEX() {
		if !r.vexPrefix() {
			return false
		}
		list = decodeIndex().behindVEX(r.vex, r.vexMap, r.code[r.at])
	} else if opcode == 0x0F {
		if r.at+1 >= len(r.code) {
			return false
		}
		list = decodeIndex().legacy(1, r.code[r.at+1])
	}
	start := r.at
	// A size prefix that some form asks for (PUSHAD) is not there for nothing.
	if r.operandSize || r.rex&rexW != 0 {
		for _, f := range list {
			r.at = start
			if r.sizedBy(&f.opcode) && r.form(f, address) {
				return true
			}
		}
	}
	for _, f := range list {
		r.at = start
		if r.form(f, address) {
			return true
		}
	}
	return false
}

const nop = 0x90

// reader reads one instruction.
type reader struct {
	code []byte
	at   int
	bits int
	out  *Decoded

	operandSize, addressSize bool // 66, 67
	rep                      byte
	lock                     bool
	rex                      byte // 0 where there is none
	rex2                     bool
	payload                  byte // of REX2; of EVEX the bits of X4 and B4
	segments                 lang.RegisterID

	vex                   vexKind // noVEX where there is no such prefix
	vexMap, vexPP, length byte
	vvvv                  byte // with the fifth bit of EVEX
	high                  byte // EVEX: the fifth bit of ModRM.reg
	mask                  byte
	zero, evexB           bool

	mod, reg, rm byte
	memory       Operand // of mod and rm
}

// prefixes reads the prefixes. It reports false where nothing follows them.
func (r *reader) prefixes() bool {
	for ; r.at < len(r.code); r.at++ {
		switch b := r.code[r.at]; {
		case b == 0x66:
			r.operandSize = true
		case b == 0x67:
			r.addressSize = true
		case b == 0xF2 || b == 0xF3:
			r.rep = b
		case b == 0xF0:
			r.lock = true
		case b == 0x26 || b == 0x2E || b == 0x36 || b == 0x3E:
			// In 64-bit mode these have no effect (AMD manual, volume 3, 1.2.4).
			if r.bits != 64 {
				r.segments = firstSeg + lang.RegisterID(b>>3&3)
			}
		case b == 0x64 || b == 0x65:
			r.segments = firstSeg + lang.RegisterID(b&7)
		case r.bits == 64 && b&0xF0 == rexFixed:
			// Of several the last counts, and only right before the opcode.
			r.rex = b
			continue
		default:
			return true
		}
		r.rex = 0
	}
	return false
}

// isVEX reports whether a VEX, EVEX or XOP prefix stands next. Outside 64-bit
// mode the same bytes are LES, LDS and BOUND, when an address follows.
func (r *reader) isVEX() bool {
	if r.at+1 >= len(r.code) {
		return false
	}
	next := r.code[r.at+1]
	switch r.code[r.at] {
	case 0xC4, 0xC5, 0x62:
		return r.bits == 64 || next >= 0xC0
	case 0x8F:
		return next&0x1F >= 8
	}
	return false
}

// vexPrefix reads VEX, EVEX or XOP, so that the opcode is next.
func (r *reader) vexPrefix() bool {
	if r.rex != 0 || r.operandSize || r.lock || r.rep != 0 {
		return false // the processor refuses them
	}
	first := r.code[r.at]
	size := map[byte]int{0xC5: 2, 0xC4: 3, 0x8F: 3, 0x62: 4}[first]
	if r.at+size >= len(r.code) {
		return false
	}
	p := r.code[r.at+1 : r.at+size]
	r.at += size
	last := p[size-2]
	r.payload = 0
	r.rex = rexFixed | ^p[0]>>5&7
	switch first {
	case 0xC5:
		r.vex, r.vexMap = vex, 1
		r.rex = rexFixed | ^p[0]>>5&rexR
	case 0xC4, 0x8F:
		r.vex, r.vexMap = vex, p[0]&0x1F
		if first == 0x8F {
			r.vex = xop
		}
		r.rex |= last >> 4 & rexW
	case 0x62:
		r.vex, r.vexMap = evex, p[0]&7
		if r.payload = p[0]>>3&1*payloadB4 | ^p[1]>>2&1*payloadX4; r.payload != 0 && r.bits != 64 {
			return false
		}
		r.high = ^p[0] >> 4 & 1
		r.rex |= p[1] >> 4 & rexW
		r.mask, r.zero, r.evexB, r.length = last&7, last&0x80 != 0, last&0x10 != 0, last>>5&3
		r.vvvv = ^p[1]>>3&15 | ^last>>3&1<<4
		r.vexPP = p[1] & 3
		return true
	}
	r.vvvv, r.length, r.vexPP = ^last>>3&15, last>>2&1, last&3
	return r.vexMap < 16
}

// Bits of the payload of REX2, behind those of REX.
const (
	payloadB4 = 1 << (iota + 4)
	payloadX4
	payloadR4
)

// rex2Prefix reads REX2, so that the opcode is next, without its 0F.
func (r *reader) rex2Prefix() bool {
	if r.rex != 0 || r.at+2 >= len(r.code) {
		return false
	}
	r.rex2, r.payload = true, r.code[r.at+1]
	r.rex = rexFixed | r.payload&15
	r.high = r.payload >> 6 & 1
	r.at += 2
	return true
}

// b4 and x4 are the fifth bits of the numbers of a base and of an index.
func (r *reader) b4() byte { return r.payload >> 4 & 1 }
func (r *reader) x4() byte { return r.payload >> 5 & 1 }

// size returns the operand size in bytes.
func (r *reader) size() uint8 {
	switch {
	case r.rex&rexW != 0:
		return 8
	case r.operandSize == (r.bits == 16):
		return 4
	}
	return 2
}

// addressBytes returns the address size in bytes.
func (r *reader) addressBytes() uint8 {
	switch {
	case r.bits == 64 && !r.addressSize:
		return 8
	case r.bits == 16 && !r.addressSize || r.bits == 32 && r.addressSize:
		return 2
	}
	return 4
}

// form reads the rest of the instruction as f says, if it is one of f.
func (r *reader) form(f *Form, address int64) bool {
	op := &f.opcode
	if !f.modes.Has(r.bits) || !r.agrees(f) || !r.opcode(op) {
		return false
	}
	last := r.code[r.at-1]
	if last == nop && f.count == 0 && (r.rex&rexB != 0 || r.rex2 && r.b4() != 0) {
		return false // XCHG r8, rax
	}
	if op.modrm != noModRM && !r.modRM(f) {
		return false
	}
	if r.vex != noVEX && !r.agreesVEX(f) {
		return false
	}
	for i := range f.specs() {
		o := &r.out.operands[i]
		*o = Operand{}
		if !r.operand(&f.operands[i], last, o) {
			return false
		}
	}
	if r.vex == evex && !op.apx && !r.decorate(f) {
		return false
	}
	for i := range op.nfields {
		if !r.field(f, &op.fields[i]) {
			return false
		}
	}
	r.finish(f, address)
	return true
}

// opcode reads the bytes of the opcode that stand before the address.
func (r *reader) opcode(op *opcode) bool {
	opcode := op.bytes[:op.count]
	if r.rex2 {
		if escaped := opcode[0] == 0x0F && r.payload&0x80 != 0; escaped {
			opcode = opcode[1:]
		} else if opcode[0] == 0x0F {
			return false
		}
	}
	if r.at+len(opcode) > len(r.code) {
		return false
	}
	for i, b := range opcode {
		mask := byte(0xFF)
		if op.register && i == len(opcode)-1 {
			mask = 0xF8
		}
		if (r.code[r.at+i]^b)&mask != 0 {
			return false
		}
	}
	r.at += len(opcode)
	return true
}

// modRM reads ModRM, the address and what of the opcode follows them.
func (r *reader) modRM(f *Form) bool {
	op := &f.opcode
	if r.at >= len(r.code) {
		return false
	}
	m := r.code[r.at]
	r.mod, r.reg, r.rm = m>>6, m>>3&7, m&7
	if op.modrm == extModRM && r.reg != op.digit {
		return false
	}
	r.at++
	if r.mod != 3 && !r.address(f) {
		return false
	}
	if op.fixedRM && (r.mod != 3 || r.rm != 0) {
		return false
	}
	if op.suffix < 0 {
		return true
	}
	if r.at >= len(r.code) || r.code[r.at] != byte(op.suffix) {
		return false
	}
	r.at++
	return true
}

// sizedBy reports whether the opcode needs the prefixes of size that are there.
func (r *reader) sizedBy(op *opcode) bool {
	if r.rex&rexW != 0 {
		return op.size == 8 && !op.default64
	}
	return op.size != 0 || op.mandatory != 0
}

// agrees reports whether the prefixes are those that the opcode asks for.
func (r *reader) agrees(f *Form) bool {
	op := &f.opcode
	if op.vex != noVEX {
		return op.vexPP == r.vexPP && (op.anyW || op.vexW == (r.rex&rexW != 0)) && (op.address == 0 || op.address == r.addressBytes())
	}
	if op.rex2 != r.rex2 && (op.rex2 || !f.takesREX2()) || r.rep != 0 && r.repeatsOther(f) {
		return false
	}
	switch op.mandatory {
	case 0x66:
		if !r.operandSize || r.rep != 0 {
			return false
		}
	case 0xF2, 0xF3:
		if r.rep != op.mandatory {
			return false
		}
	}
	if op.address != 0 && op.address != r.addressBytes() {
		return false
	}
	if op.size == 0 && r.operandSize && f.usesStack() {
		return false // the form is that of the mode's own size
	}
	if r.bits == 64 && op.default64 {
		// REX.W or not, the size is 64 bits, but for 66.
		return op.size == 0 || op.mandatory == 0x66 || (op.size == 2) == (r.operandSize && r.rex&rexW == 0)
	}
	if op.mandatory == 0x66 && r.rex&rexW == 0 {
		return op.size == 0 || op.size == 4
	}
	return op.size == 0 || op.size == r.size()
}

// repeatsOther reports whether a repeat prefix before a vector instruction makes another
// one of it, or none.
func (r *reader) repeatsOther(f *Form) bool {
	return f.opcode.mandatory != r.rep && f.opcode.bytes[0] == 0x0F && f.vector()
}

// agreesVEX reports whether the vector length is that of the form, and
// VEX.vvvv free where no operand is there.
func (r *reader) agreesVEX(f *Form) bool {
	op := &f.opcode
	if op.apx {
		return r.agreesAPX(op)
	}
	if r.vex == evex && r.mod == 3 && r.x4() != 0 {
		return false
	}
	rounded := r.vex == evex && r.evexB && r.mod == 3
	if !op.anyL && !rounded && op.vexL != r.length {
		return false
	}
	vector := false
	for _, s := range f.specs() {
		if s.place == placeVvvv {
			return true
		}
		vector = vector || s.set&(setVectorX|setVectorY|setVectorZ) != 0
	}
	return r.vvvv&15 == 0 && (r.vvvv == 0 || vector)
}

// agreesAPX reports whether what stands in EVEX for masks and vector lengths is what
// APX's form has there.
func (r *reader) agreesAPX(op *opcode) bool {
	flag := func(is bool, bit byte) byte {
		if is {
			return bit
		}
		return 0
	}
	if r.zero || r.length != op.vexL || r.evexB != op.newDest {
		return false
	}
	if op.source {
		return r.mask|^r.vvvv>>4&1<<3 == byte(op.condition)
	}
	return r.mask == flag(op.noFlags, 4)
}

// decorate gives the operands the mask, the broadcast or the rounding of EVEX.
func (r *reader) decorate(f *Form) bool {
	var done decorators
	for i, s := range f.specs() {
		o := &r.out.operands[i]
		if s.decorators&maskable != 0 && r.mask != 0 {
			o.Mask = r.mask
			done |= maskable
		}
		if s.decorators&zeroable != 0 && r.zero {
			o.Zero = true
			done |= zeroable
		}
		switch {
		case !r.evexB:
		case s.decorators&broadcasting != 0 && o.Kind == MemoryOperand:
			o.Broadcast, o.Size = s.size/s.broadcast, int(s.broadcast)
			done |= broadcasting
		case r.mod == 3 && s.decorators&roundable != 0:
			o.Rounding = RoundNearest + Rounding(r.length)
			done |= roundable
		case r.mod == 3 && s.decorators&suppressible != 0:
			o.Rounding = SuppressAll
			done |= suppressible
		}
	}
	return (r.mask != 0) == (done&maskable != 0) && r.zero == (done&zeroable != 0) &&
		r.evexB == (done&(broadcasting|roundable|suppressible) != 0)
}

// unit is what an 8-bit displacement counts in.
func (r *reader) unit(f *Form) int64 {
	if r.vex != evex || f.opcode.apx {
		return 1
	}
	for _, s := range f.specs() {
		if s.set&anyMemory == 0 || s.place != placeRM {
			continue
		}
		switch {
		case f.opcode.unit != 0:
			return int64(f.opcode.unit)
		case r.evexB:
			return max(int64(s.broadcast), 1)
		}
		return max(int64(s.size), 1)
	}
	return 1
}

// vectorIndexOf is the first register of the kind that indexes the form's
// memory, 0 where that is a general register.
func (f *Form) vectorIndexOf() lang.RegisterID {
	if f.opcode.vex == noVEX {
		return 0
	}
	for _, s := range f.specs() {
		switch {
		case s.set&setVectorX != 0:
			return firstXMM
		case s.set&setVectorY != 0:
			return firstYMM
		case s.set&setVectorZ != 0:
			return firstZMM
		}
	}
	return 0
}

// usesStack reports whether the form reads or writes the stack by itself.
func (f *Form) usesStack() bool {
	return slices.ContainsFunc(f.row.implicit, func(s implicitSpec) bool { return s.Memory && s.Width == StackWidth })
}

// bits16 are the registers of 16-bit addresses (manual, volume 2, table 2-1).
var bits16 = [8][2]uint8{{3, 6}, {3, 7}, {5, 6}, {5, 7}, {6, 0xFF}, {7, 0xFF}, {5, 0xFF}, {3, 0xFF}}

// address reads the address that ModRM announces.
func (r *reader) address(f *Form) bool {
	m := &r.memory
	vector := f.vectorIndexOf()
	*m = Operand{Kind: MemoryOperand}
	if r.segments != 0 {
		m.Memory.Segment = r.segments
	}
	size := r.addressBytes()
	disp := 0
	switch r.mod {
	case 1:
		disp = 1
	case 2:
		disp = int(min(size, 4))
	}
	add := func(number uint8, coefficient int64) {
		m.Value.AddRegister(GeneralRegister(int(number), int(size)), coefficient)
	}
	plain := false
	switch {
	case vector != 0 && (size == 2 || r.rm != 4):
		return false
	case size == 2:
		if r.mod == 0 && r.rm == 6 {
			disp, plain = 2, true
			break
		}
		for _, n := range bits16[r.rm] {
			if n != 0xFF {
				add(n, 1)
			}
		}
	case r.rm == 4:
		if r.at >= len(r.code) {
			return false
		}
		sib := r.code[r.at]
		r.at++
		base, index := sib&7, sib>>3&7|r.rex&rexX<<2
		if vector == 0 {
			index |= r.x4() << 4
		}
		if base == 5 && r.mod == 0 {
			disp, plain = 4, index == 4 && vector == 0
		} else {
			add(base|r.rex&rexB<<3|r.b4()<<4, 1)
		}
		switch {
		case vector != 0:
			m.Value.AddRegister(vector+lang.RegisterID(index|r.vvvv&16), 1<<(sib>>6))
		case index != 4:
			add(index, 1<<(sib>>6))
		}
	case r.rm == 5 && r.mod == 0:
		disp, plain = 4, true
		m.Memory.Rel = r.bits == 64
	default:
		add(r.rm|r.rex&rexB<<3|r.b4()<<4, 1)
	}
	n, ok := r.number(disp, true)
	if r.mod == 1 {
		n *= r.unit(f)
	}
	m.Value.N = n
	if plain && !m.Memory.Rel {
		m.Memory.Abs = r.bits == 64
		if size != 8 {
			// An address of 32 bits is not negative.
			m.Value.N &= 1<<(8*size) - 1
		}
	}
	if plain && int(size)*8 != r.bits {
		m.Memory.AddressSize = int(size)
	}
	return ok
}

// number reads a number of size bytes.
func (r *reader) number(size int, sign bool) (n int64, ok bool) {
	if r.at+size > len(r.code) {
		return 0, false
	}
	for i := range size {
		n |= int64(r.code[r.at+i]) << (8 * i)
	}
	r.at += size
	if sign && size > 0 && size < 8 {
		shift := 64 - 8*size
		n = n << shift >> shift
	}
	return n, true
}

// operand reads operand s from what comes before the immediate.
func (r *reader) operand(s *operandSpec, last byte, o *Operand) bool {
	number := byte(0)
	switch s.place {
	case placeReg:
		number = r.reg | r.rex&rexR<<1 | r.high<<4
	case placeVvvv:
		number = r.vvvv
	case placeRM, placeRegRM:
		if r.mod != 3 {
			if s.set&anyMemory == 0 {
				return false
			}
			*o = r.memory
			if s.rule == ruleMemory {
				o.Size = int(s.size)
			}
			if s.set&setFarMemory != 0 {
				o.Distance = lang.Far
			}
			return true
		}
		number = r.rm | r.rex&rexB<<3 | r.b4()<<4
		if r.vex == evex && s.set&(setXMM|setYMM|setZMM) != 0 {
			number = r.rm | r.rex&rexB<<3 | r.rex&rexX<<3
		}
		if s.place == placeRegRM && number != r.reg|r.rex&rexR<<1|r.high<<4 {
			return false
		}
	case placeDefault:
		*o = Operand{Kind: ImmediateOperand, Value: lang.Number64(int64(^r.vvvv & 15))}
		return true
	case placeOpcode:
		number = last&7 | r.rex&rexB<<3 | r.b4()<<4
	case placeNone:
		if s.rule == ruleOne {
			*o = Operand{Kind: ImmediateOperand, Value: lang.Number64(1)}
			return true
		}
		return r.implied(s, o)
	default:
		return true // a field
	}
	id := r.register(s, number)
	if id == 0 || registers[id].set&s.set == 0 {
		return false
	}
	o.Kind, o.Register = RegisterOperand, id
	return true
}

// classes lists the kinds of registers with the first of each in the table and
// how many there are.
var classes = []struct {
	set   regset
	first lang.RegisterID
	count byte
}{
	{setSegment, firstSeg, 6}, {setControl, firstCR, 16}, {setDebug, firstDR, 16}, {setTest, firstTR, 8},
	{setST, firstST, 8}, {setMM, firstMM, 8}, {setXMM, firstXMM, 32}, {setYMM, firstYMM, 32}, {setZMM, firstZMM, 32},
	{setMask, firstMask, 8}, {setTile, firstTile, 8}, {setBound, firstBound, 4},
}

// register returns the register of s's kind with a number, 0 if there is none.
func (r *reader) register(s *operandSpec, number byte) lang.RegisterID {
	for _, c := range classes {
		if s.set&c.set == 0 {
			continue
		}
		if c.set == setSegment || c.set == setMM || c.set == setST {
			number &= 7
		}
		if number >= c.count {
			return 0
		}
		return c.first + lang.RegisterID(number)
	}
	if number > 31 {
		return 0
	}
	size := s.size
	switch { // of the register, where memory may have another (r32/m16)
	case s.set&setR8 != 0:
		size = 1
	case s.set&setR16 != 0:
		size = 2
	case s.set&setR32 != 0:
		size = 4
	case s.set&setR64 != 0:
		size = 8
	}
	if size == 1 && r.rex == 0 && number >= 4 {
		return firstHigh + lang.RegisterID(number-4)
	}
	if size == 0 {
		return 0
	}
	return GeneralRegister(int(number), int(size))
}

// implied finds the only register that s admits.
func (r *reader) implied(s *operandSpec, o *Operand) bool {
	for id := firstLow; int(id) < len(registers); id++ {
		g := &registers[id]
		one := g.Class == XMM && g.Number == 0 || g.Class == General && g.Number < 3 && !g.High || g.Class == Segment || g.Class == Float && g.Number == 0
		if one && g.set&s.set != 0 && (s.size == 0 || s.size == g.Size) {
			o.Kind, o.Register = RegisterOperand, id
			return true
		}
	}
	return false
}

// field reads a field behind the address.
func (r *reader) field(f *Form, d *field) bool {
	o, s := &r.out.operands[d.operand], &f.operands[d.operand]
	n, ok := int64(0), false
	switch d.kind {
	case offsetField:
		n, ok = r.number(int(r.addressBytes()), false)
		*o = Operand{Kind: MemoryOperand, Size: int(s.size), Value: lang.Number64(n)}
		o.Memory.Segment = r.segments
		o.Memory.Abs = r.bits == 64
		if int(r.addressBytes())*8 != r.bits {
			o.Memory.AddressSize = int(r.addressBytes())
		}
	case pointerField:
		n, ok = r.number(int(d.size), false)
		o.Kind, o.Value = FarOperand, lang.Number64(n)
		if int(d.size)*8 != r.bits {
			o.Size = int(d.size)
		}
	case selectorField:
		n, ok = r.number(2, false)
		o.Segment = lang.Number64(n)
	case registerField:
		n, ok = r.number(1, false)
		id := r.register(s, byte(n>>4))
		if n&15 != 0 || id == 0 || n > 0x7F && r.bits != 64 {
			return false
		}
		*o = Operand{Kind: RegisterOperand, Register: id}
	case relativeField:
		n, ok = r.number(int(d.size), true)
		ok = ok && !(r.bits == 64 && r.operandSize)
		*o = Operand{Kind: ImmediateOperand, Value: lang.Number64(n)}
	default:
		n, ok = r.number(int(d.size), s.rule == ruleSigned8 || s.rule == ruleSigned32 || s.rule == ruleFits32)
		*o = Operand{Kind: ImmediateOperand, Value: lang.Number64(n)}
	}
	return ok
}

// finish completes the instruction, which ends at r.at.
func (r *reader) finish(f *Form, address int64) {
	out := r.out
	out.Form, out.Length = f, r.at
	out.Instruction = Instruction{Mnemonic: f.mnemonic, Bits: r.bits, Offset: address, Operands: out.operands[:f.count], Prefixes: out.Prefixes[:0]}
	end := address + int64(r.at)
	mask := int64(-1)
	if r.bits != 64 {
		mask = 1<<32 - 1
		if f.opcode.size == 2 || f.opcode.size == 0 && r.size() == 2 {
			mask = 1<<16 - 1
		}
	}
	for i := range f.opcode.nfields {
		if d := &f.opcode.fields[i]; d.kind == relativeField {
			v := &out.operands[d.operand].Value
			v.N = (v.N + end) & mask
		}
	}
	memory := false
	for i := range out.Operands {
		if o := &out.Operands[i]; o.Kind == MemoryOperand {
			memory = true
			if o.Memory.Rel {
				// nasm takes a plain number for an address that is not relative.
				o.Value = lang.InSegment(out.Segment, o.Value.N+end)
			}
		}
	}
	out.APX = out.UsesAPX(f)
	add := func(p PrefixID) { out.Prefixes = append(out.Prefixes, p) }
	for _, p := range f.Asks() {
		add(p)
	}
	if r.rex2 && !out.APX {
		out.APX = true
		add(ForceREX2)
	}
	if f.tags&vexWritten != 0 {
		add(ForceVEX)
	}
	if r.lock {
		add(Lock)
	}
	if r.rep != 0 && r.rep != f.opcode.mandatory {
		switch {
		case r.rep == 0xF2 && f.tags&bounded != 0:
			add(Bnd)
		case r.rep == 0xF2:
			add(Repne)
		case f.tags&repeated == 0:
			add(Rep)
		}
	}
	if r.segments != 0 && !memory {
		if p, ok := SegmentPrefix(r.segments); ok {
			add(p)
		}
	}
	if r.addressSize && !memory && f.opcode.address == 0 {
		add(sizePrefix(int(r.addressBytes())))
	}
}
