package x86

import (
	"math/bits"

	"tasm/lang"
)

// How a form is chosen
//
// A source says "add [ebx], 5" or "mov rax, 5" and leaves open which of many
// forms is meant. nasm answers with the order of its table and a set of rules
// about sizes that were left out; to give the same bytes we have to give the
// same answers. Here the rules are, in one place:
//
//   - Forms are tried in the order of the table; the first that admits all
//     operands wins. Shorter forms therefore stand before longer ones.
//   - A written size must be that of the form. An operand of the operation size
//     (r/m32, r32 and imm32 in a 32-bit form) may leave it out if another one
//     of that size is written with it: a register always is, an immediate with
//     a keyword counts up to 32 bits. A shift count or port number says nothing.
//   - Some operands take the size of the mode when none is written (push 5,
//     jmp [ebx]), some have only one size (lldt [ebx]).
//   - If sizes are missing after all that, a second look decides: where all
//     forms that still fit want the same size for an operand, it has that size.
//   - A number may take a shorter field that is extended to the same value,
//     unless it is STRICT. A value not known yet is hoped to be short, so that
//     passes over the source only ever lengthen what they hoped for.
//
// Matching looks at sets of bits only; the values and the texts of operands
// are looked at again when something is emitted or explained.

// context is one instruction on its way to an encoding: what analyze found
// out about it before any form was looked at.
type context struct {
	in      *Instruction
	views   [MaxOperands]operandView
	count   int
	slots   [slotCount]PrefixID
	address address // of the memory operand
	memory  int     // index of the memory operand, -1 if none
	size    uint8   // address size in bytes
	// decorated is set where something stands in braces after an operand.
	decorated bool
	// extended is set where one of r16 to r31 is named.
	extended bool
	guesses  [MaxOperands]uint8
}

// verdict tells how near a form came to matching; of several, the greatest is
// the one to explain.
type verdict uint8

const (
	wrongOperands verdict = iota
	outOfReach            // a branch that would have to be longer
	sizeMissing           // matches as soon as the operand size is known
	wrongSize
	wrongMode
	wrongRegister  // r16 to r31 in a form that can't name them
	wrongLevel     // newer than the processor that CPU names
	wrongDecorator // {k1} and the like where the form takes none
	wrongEncoding  // {vex3} and the like on a form that has no such encoding
	wrongBound     // BND on an instruction that doesn't take it
	wrongRepeat    // REPNE on one where it would mean BND
	matched
)

// choose returns the form that nasm would use: the first in the table that
// admits the operands. Where sizes were left out, a second look takes those
// that all remaining candidates agree on.
func (c *context) choose() (*Form, verdict) {
	l := look{best: wrongOperands}
	forms := instructionSet().formsOf(c.in.Mnemonic)
	if f := c.first(forms, &l); f != nil {
		return f, matched
	}
	var extended []Form
	if c.in.APX {
		extended = instructionSet().extendedOf(c.in.Mnemonic)
		if f := c.first(extended, &l); f != nil {
			return f, matched
		}
	}
	if !l.missing {
		return nil, l.best
	}
	for _, g := range l.guesses {
		if g == ambiguous {
			return nil, l.best
		}
	}
	c.guesses = l.guesses
	for _, list := range [2][]Form{forms, extended} {
		if f := c.first(list, &l); f != nil {
			return f, matched
		}
	}
	return nil, l.best
}

// look is what a look through forms has found beside one that matches.
type look struct {
	best    verdict
	missing bool               // sizes are
	guesses [MaxOperands]uint8 // what they might be
}

// first returns the first form that matches, nil if none does.
func (c *context) first(forms []Form, l *look) *Form {
	best := l.best
	for i := range forms {
		f := &forms[i]
		if f.tags&alternative != 0 || int(f.count) != c.count {
			continue
		}
		v, without := c.match(f)
		if v == matched {
			return f
		}
		if v == sizeMissing {
			l.missing = true
			for without != 0 {
				n := bits.TrailingZeros8(without)
				without &= without - 1
				l.guesses[n] = agree(l.guesses[n], f.operands[n].size)
			}
		}
		best = max(best, v)
	}
	l.best = best
	return nil
}

// ambiguous marks an operand for which the candidates want different sizes.
const ambiguous = 0xFF

func agree(old, size uint8) uint8 {
	if old == 0 || old == size {
		return size
	}
	return ambiguous
}

// candidates are the forms that may be meant.
func (c *context) candidates() []*Form {
	forms := Forms(c.in.Mnemonic)
	if c.in.APX {
		forms = append(forms, ExtendedForms(c.in.Mnemonic)...)
	}
	return forms
}

// match holds the instruction against one form. For sizeMissing it also
// returns the operands whose size is missing.
func (c *context) match(f *Form) (v verdict, without uint8) {
	if int(f.count) != c.count {
		return wrongOperands, 0
	}
	for i := range c.count {
		if f.operands[i].set&c.views[i].set == 0 {
			return wrongOperands, 0
		}
	}
	if c.decorated && !c.admitsDecorators(f) {
		return wrongDecorator, 0
	}
	mismatch := false
	for i := range c.count {
		s, o := &f.operands[i], &c.views[i]
		switch s.rule {
		case ruleRegister:
		case ruleMemory:
			if o.set&anyMemory == 0 {
				break // a register of the right kind
			}
			if o.decorators&broadcasting != 0 {
				if o.size != 0 && o.size != s.broadcast {
					return wrongOperands, 0
				}
				break
			}
			size := o.size
			if size == 0 {
				size = c.guesses[i]
			}
			switch {
			case size == s.size:
			case size != 0:
				return wrongOperands, 0
			case s.optional:
			case f.tags&modeSized != 0:
				if s.size != c.modeSize() {
					return wrongOperands, 0
				}
			case f.lenders&(1<<i) != 0 && f.tags&sizeWritten == 0 && c.lent(f):
			default:
				without |= 1 << i
			}
		case ruleBare:
			mismatch = mismatch || o.size != 0
		case ruleAnySize:
		default:
			if !c.admits(f, s, o) {
				return wrongOperands, 0
			}
			mismatch = mismatch || o.size != 0 && !s.takesSize(f, o.size)
		}
	}
	if without != 0 {
		return sizeMissing, without
	}
	if mismatch {
		return wrongSize, 0
	}
	return c.permit(f), 0
}

// anyMemory are the kinds of memory operands that are encoded in ModRM.
const anyMemory = setMemory | setNearMemory | setFarMemory | setVectorX | setVectorY | setVectorZ

// admitsDecorators reports whether each operand takes what stands in braces
// after it.
func (c *context) admitsDecorators(f *Form) bool {
	if f.opcode.vex != evex || f.opcode.apx {
		return false
	}
	for i := range c.count {
		s, o := &f.operands[i], &c.views[i]
		if o.decorators&^s.decorators != 0 {
			return false
		}
		if n := c.in.Operands[i].Broadcast; n != 0 && (s.broadcast == 0 || s.size/s.broadcast != n) {
			return false
		}
	}
	return true
}

// admits reports whether an immediate's value suits the form, before its
// written size is looked at.
func (c *context) admits(f *Form, s *operandSpec, o *operandView) bool {
	switch s.rule {
	case ruleImmediate:
		return o.size != 0 || f.tags&modeSized == 0 || s.size == c.modeSize()
	case ruleSigned8:
		if f.tags&modeSized != 0 && (o.size == 0 || o.size == 1) && f.size != c.modeSize() {
			return false
		}
		if o.size == 1 {
			return true
		}
		if f.size == 2 {
			return o.value&valueByte16 != 0
		}
		return o.value&valueByte32 != 0
	case ruleSigned32:
		return o.size != 0 || f.tags&modeSized == 0 || f.size == c.modeSize()
	case ruleZero32:
		return o.value&valueZero32 != 0
	case ruleFits32:
		return o.value&valueSign32 != 0
	case ruleOne, ruleFlags:
		return s.rule == ruleFlags && o.value&valueNumber != 0 || o.value&valueOne != 0
	case ruleShort:
		return o.set == setShortLabel || o.value&valueStrict == 0 && o.size == 0 && c.shortens(f) && c.reaches(f)
	case ruleNear, rulePointer:
		return o.size != 0 || s.size == c.branchSize()
	}
	return true
}

// takesSize reports whether a written size is right for an immediate.
func (s *operandSpec) takesSize(f *Form, size uint8) bool {
	switch s.rule {
	case ruleSigned8:
		return size == 1 || size == f.size || size == 4 && f.tags&modeSized != 0 && f.size == 8
	case ruleSigned32:
		return size == 4 || size == 8
	case ruleZero32, ruleFits32:
		return size == 8
	case ruleOne, ruleShort, ruleShortOnly, ruleFlags:
		return false
	}
	return size == s.size
}

// lent reports whether an operand with a size of its own settles the operation
// size. Immediates do so up to 32 bits, as in nasm.
func (c *context) lent(f *Form) bool {
	for i := range c.count {
		if f.lenders&(1<<i) != 0 && c.views[i].size == f.size && (f.size <= 4 || c.views[i].set&setImmediate == 0) {
			return true
		}
	}
	return false
}

// modeSize is the size in bytes of an operand that has that of the mode.
func (c *context) modeSize() uint8 { return uint8(c.in.Bits / 8) }

// branchSize is modeSize for branch targets, which an operand size prefix changes.
func (c *context) branchSize() uint8 {
	if c.in.Bits != 64 {
		switch c.slots[slotOperandSize] {
		case O16:
			return 2
		case O32:
			return 4
		case Osp:
			return 6 - c.modeSize()
		}
	}
	return c.modeSize()
}

// permit checks what doesn't depend on the operands: mode and prefixes.
func (c *context) permit(f *Form) verdict {
	if !f.modes.Has(c.in.Bits) {
		return wrongMode
	}
	if c.in.CPU != AnyLevel && f.level > c.in.CPU {
		return wrongLevel
	}
	if c.extended && !f.takesExtended() {
		return wrongRegister
	}
	if !c.encodes(f) {
		return wrongEncoding
	}
	if f.count > 0 && f.operands[0].rule == ruleShort && c.views[0].set != setShortLabel {
		return matched // BND is dropped here and REPNE does no harm
	}
	switch c.slots[slotRep] {
	case Bnd, Nobnd:
		if f.tags&bounded == 0 {
			return wrongBound
		}
	case Xacquire, Xrelease:
		if f.tags&exchanging == 0 && f.hasOffset() && c.views[0].set&setMemory != 0 {
			return wrongEncoding // nasm takes the form with ModRM then
		}
	case Repne, Repnz:
		if f.tags&bounded != 0 {
			return wrongRepeat
		}
	}
	return matched
}

// encodes reports whether the form has the encoding that {evex} and its like ask for.
func (c *context) encodes(f *Form) bool {
	if (c.in.APX || c.slots[slotFlags]|c.slots[slotUpper] != NoPrefix) && !c.asksFor(f) {
		return false
	}
	switch c.slots[slotEncoding] {
	case ForceREX2:
		if c.in.Bits != 64 || !c.in.APX || !f.takesREX2() {
			return false
		}
	case ForceREX:
		if f.opcode.vex != noVEX || c.in.Bits != 64 {
			return false
		}
	case ForceVEX, ForceVEX2, ForceVEX3:
		if f.opcode.vex == noVEX || f.opcode.vex == evex {
			return false
		}
	case ForceEVEX:
		if f.opcode.vex != evex {
			return false
		}
	default:
		if c.in.NoVEX && f.opcode.vex == vex || c.in.NoEVEX && f.opcode.vex == evex {
			return false
		}
		if f.tags&vexWritten != 0 {
			return f.tags&lateVEX != 0 && (c.in.LateVEX || c.in.NoEVEX)
		}
	}
	return true
}

// asksFor reports whether {nf} and {zu} are there for a form that is so, and not for
// another one.
func (c *context) asksFor(f *Form) bool {
	var is tags
	if f.Extended() {
		is = f.tags & (noFlags | zeroUpper)
	}
	return (c.slots[slotFlags] != NoPrefix) == (is&noFlags != 0) && (c.slots[slotUpper] != NoPrefix) == (is&zeroUpper != 0)
}

// hasOffset reports whether an address stands in the form without ModRM.
func (f *Form) hasOffset() bool {
	for _, s := range f.specs() {
		if s.place == placeOffset {
			return true
		}
	}
	return false
}

// shortens reports whether a branch may be short without being told so.
func (c *context) shortens(f *Form) bool {
	switch c.in.Optimize {
	case OptimizeNumbers:
		return false
	case OptimizeConditions:
		return f.row.flow != Jump
	}
	return true
}

// reaches reports whether a short branch gets to the target. A target not
// known yet is hoped to be near.
func (c *context) reaches(f *Form) bool {
	target := &c.in.Operands[0].Value
	if target.Unknown {
		return true
	}
	if s, ok := target.Segment(); !ok || s != c.in.Segment || target.Wrt != 0 {
		return false
	}
	end := c.in.Offset + int64(c.prefixLength()) + int64(f.opcode.count) + 1
	if c.in.DefaultBound && c.slots[slotRep] == NoPrefix && f.boundByDefault() {
		end++
	}
	return fitsSigned(target.N-end, 1)
}

// prefixLength counts the bytes of the prefixes that were asked for.
func (c *context) prefixLength() (n int) {
	for _, p := range c.slots {
		if p != NoPrefix && prefixByte(p, c.in.Bits) != 0 {
			n++
		}
	}
	return n
}

// fitsSigned reports whether n is a signed number of so many bytes.
func fitsSigned(n int64, bytes int) bool {
	if bytes >= 8 {
		return true
	}
	shift := 64 - 8*bytes
	return n<<shift>>shift == n
}

// fits reports whether n is a signed or unsigned number of so many bytes.
func fits(n int64, bytes int) bool {
	return bytes >= 8 || fitsSigned(n, bytes) || uint64(n)>>(8*bytes) == 0
}

// analyze sorts the prefixes into their slots, classifies the operands and
// finds the address size.
func (c *context) analyze(in *Instruction) *Mismatch {
	c.in = in
	c.count = len(in.Operands)
	c.memory = -1
	if in.Bits != 16 && in.Bits != 32 && in.Bits != 64 {
		return c.problem(badMode, -1)
	}
	if c.count > MaxOperands {
		return c.explain(wrongOperands)
	}
	for _, p := range in.Prefixes {
		if p <= NoPrefix || p >= prefixCount {
			return c.problem(badPrefix, -1)
		}
		if problem := c.setPrefix(p, -1); problem != nil {
			return problem
		}
	}
	for i := range in.Operands {
		if problem := c.view(i); problem != nil {
			return problem
		}
	}
	return c.settleAddressSize()
}

// setPrefix puts a prefix into its slot; operand is where it was written, -1
// for before the instruction.
func (c *context) setPrefix(p PrefixID, operand int) *Mismatch {
	at := &c.slots[prefixes[p].slot]
	if *at != NoPrefix && *at != p {
		m := c.problem(conflictingPrefixes, operand)
		m.prefixes = [2]PrefixID{*at, p}
		return m
	}
	*at = p
	return nil
}

// view classifies operand i.
func (c *context) view(i int) *Mismatch {
	o := &c.in.Operands[i]
	v := &c.views[i]
	v.size = uint8(o.Size)
	if o.Mask != 0 || o.Zero || o.Broadcast != 0 || o.Rounding != NoRounding || o.Group != 0 {
		c.decorated = true
		v.decorators = o.decorators()
	}
	switch o.Kind {
	case RegisterOperand:
		if !isRegister(o.Register) {
			return c.problem(badOperand, i)
		}
		r := &registers[o.Register]
		c.extended = c.extended || r.Class == Extended
		v.set = r.set
		if r.Size != 0 {
			v.size = r.Size
		}
	case ImmediateOperand:
		if !relocatable(&o.Value, c.in.Segment) {
			return c.problem(badValue, i)
		}
		v.set = [...]regset{setImmediate, setShortLabel, setNearLabel, setFarLabel}[o.Distance&3]
		v.value = viewValue(&o.Value, o.Strict) & c.in.Optimize.facts()
	case FarOperand:
		if !relocatable(&o.Value, c.in.Segment) || !relocatable(&o.Segment, c.in.Segment) {
			return c.problem(badValue, i)
		}
		if o.Distance == lang.AnyDistance {
			v.set = setPointer
		}
	case MemoryOperand:
		c.memory = i
		switch o.Distance {
		case lang.AnyDistance:
			v.set = setMemory
		case lang.Near:
			v.set = setNearMemory
		case lang.Far:
			v.set = setFarMemory
		}
		return c.viewAddress(i)
	default:
		return c.problem(badOperand, i)
	}
	if o.To {
		if v.set&setST == 0 {
			v.set = 0
		} else {
			v.set = setToST
		}
	}
	return nil
}

// decorators is what stands in braces after the operand.
func (o *Operand) decorators() decorators {
	var d decorators
	if o.Mask != 0 {
		d |= maskable
	}
	if o.Zero {
		d |= zeroable
	}
	if o.Broadcast != 0 {
		d |= broadcasting
	}
	switch o.Group {
	case 1:
		d |= paired
	case 3:
		d |= grouped
	}
	switch o.Rounding {
	case NoRounding:
	case SuppressAll:
		d |= suppressible
	default:
		d |= roundable
	}
	return d
}

// relocatable reports whether a value is one that an address field can hold: a
// number, an address, or the distance of an address from the segment of the
// instruction.
func relocatable(v *lang.Value, own lang.SegmentID) bool {
	if v.Unknown {
		return true
	}
	plus, minus := false, false
	for _, t := range v.Terms() {
		switch {
		case t.Kind == lang.RegisterTerm:
			return false
		case t.Coef == 1 && !plus:
			plus = true
		case t.Coef == -1 && !minus && t.Kind == lang.SegmentTerm && lang.SegmentID(t.ID) == own:
			minus = true
		default:
			return false
		}
	}
	return true
}
