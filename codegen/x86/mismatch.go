package x86

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// Mismatch explains why an instruction has no encoding.
type Mismatch struct {
	// Operand is the index of the operand at fault, -1 for the instruction.
	Operand int
	// Distance is set when all that is wrong is that a branch doesn't reach its
	// target. The Encoding is complete then, with the right length, so that a
	// pass whose addresses are not final yet can go on.
	Distance bool
	// SizeMissing is set when the operands would do if the size of one were written.
	SizeMissing bool
	// Fitting is set when the operands would do with another processor or prefix.
	Fitting bool
	// Text says in one clause what is wrong, Notes what would be right.
	Text  string
	Notes []string
	// Instead is what could stand in place of the operand at fault: the
	// register of the right size, or the only register that will do.
	Instead string

	number   int64
	prefixes [2]PrefixID
	reason   reason
	bits     int
	mnemonic Mnemonic
}

// Needs64 reports whether the instruction is one for 64-bit mode alone.
func (m *Mismatch) Needs64() bool { return m.reason == only64BitRegisters }

// Error makes a Mismatch usable as an error; the text has no place in it.
func (m *Mismatch) Error() string { return m.text() }

// Message makes a message of m for an instruction whose mnemonic stands at the
// range at and whose operands stand at the ranges operands.
func (m *Mismatch) Message(at diag.Range, operands []diag.Range) *diag.Message {
	if m.Operand >= 0 && m.Operand < len(operands) {
		at = operands[m.Operand]
	}
	d := diag.Errorf(at, "%s", m.text())
	for _, n := range m.Notes {
		d.Notef("%s", n)
	}
	if m.reason == only64BitRegisters || m.reason == no64BitAddresses {
		d.Notef("64-bit code stands after 'bits 64' or is for a 64-bit target")
	}
	if m.Instead != "" && m.Operand >= 0 && m.Operand < len(operands) {
		d.Suggest(operands[m.Operand], m.Instead)
	}
	return d
}

// reason is a mistake that needs no look at the forms.
type reason uint8

const (
	noReason reason = iota
	badMode
	badPrefix
	badOperand
	badValue
	badSegment
	badAddress
	subtractedRegister
	badEncoding
	conflictingPrefixes
	twoIndexes
	tooManyRegisters
	mixedAddressSizes
	no16BitAddresses
	no64BitAddresses
	highRegister
	only64BitRegisters
	outOfRange
	noSelector
	badFlags
	tooLong
	unexplained // see Instruction.Terse
)

// problem starts a Mismatch about operand i.
func (c *context) problem(r reason, i int) *Mismatch {
	return &Mismatch{Operand: i, reason: r, Distance: r == outOfRange, bits: c.in.Bits, mnemonic: c.in.Mnemonic}
}

func (m *Mismatch) text() string {
	if m.reason == noReason {
		return m.Text
	}
	name := MnemonicName(m.mnemonic)
	switch m.reason {
	case badMode:
		return fmt.Sprintf("there is no %d-bit mode; there are 16, 32 and 64", m.bits)
	case badPrefix:
		return "unknown prefix"
	case badOperand:
		return "not an operand that an instruction can have"
	case badValue:
		return "expression is neither a number nor one address plus a number"
	case badSegment:
		return "only es, cs, ss, ds, fs and gs can override the segment of an address"
	case badAddress:
		if m.bits == 16 {
			return "no such address: 16-bit addresses are bx or bp, plus si or di, plus a number; others take 32-bit registers"
		}
		return "no such address: it is a base register, plus an index register (not the stack pointer) times 1, 2, 4 or 8, plus a number"
	case subtractedRegister:
		return "a register can't be subtracted in an address"
	case badEncoding:
		return name + " with these operands needs the three-byte VEX prefix"
	case conflictingPrefixes:
		return fmt.Sprintf("prefixes %s and %s contradict each other", PrefixName(m.prefixes[0]), PrefixName(m.prefixes[1]))
	case twoIndexes:
		return "an address has at most one register with a factor"
	case tooManyRegisters:
		return "an address has at most two registers"
	case mixedAddressSizes:
		if m.bits == 64 {
			return "the registers of an address must be all 64-bit or all 32-bit ones"
		}
		return "the registers of an address must be all 32-bit or all 16-bit ones"
	case no16BitAddresses:
		return "64-bit mode has no 16-bit addresses"
	case no64BitAddresses:
		return "64-bit addresses exist in 64-bit mode only"
	case highRegister:
		return "ah, bh, ch and dh can't be used in an instruction that needs a REX or VEX prefix (r8-r15, spl, bpl, sil, dil, 64-bit operands)"
	case only64BitRegisters:
		return fmt.Sprintf("%d-bit mode has neither 64-bit registers nor r8-r15, spl, bpl, sil and dil", m.bits)
	case outOfRange:
		return fmt.Sprintf("the target is %d bytes away; a short %s reaches -128..127", m.number, name)
	case noSelector:
		return "a plain number has no segment; write segment:offset"
	case badFlags:
		return "the flags are a number from 0 to 15: OF is 8, SF 4, ZF 2, CF 1"
	case unexplained:
		return name + " does not go with these operands"
	case tooLong:
		return fmt.Sprintf("the instruction would be longer than %d bytes", MaxLength)
	}
	return "no encoding"
}

// candidate is a form that might have been meant.
type candidate struct {
	form    *Form
	syntax  string
	blocked uint8 // operands that stand in the way
}

// mostNotes is how many forms a message lists.
const mostNotes = 6

// explain says why no form matched.
func (c *context) explain(v verdict) *Mismatch {
	in := c.in
	if in.Terse {
		if i := c.only64(); v == wrongMode && i >= 0 {
			return c.problem(only64BitRegisters, i)
		}
		return c.problem(unexplained, -1)
	}
	name := MnemonicName(in.Mnemonic)
	m := &Mismatch{Operand: -1}
	switch v {
	case sizeMissing:
		for i := range c.count {
			if c.views[i].set&(setMemory|setNearMemory|setFarMemory) != 0 && c.views[i].size == 0 {
				m.Operand = i
			}
		}
		m.Text, m.SizeMissing = "operand size is not known", true
		if words := c.sizeWords(m.Operand); words != "" {
			m.Notes = append(m.Notes, "write "+words+" before the operand")
		}
		return m
	case wrongMode:
		if i := c.only64(); i >= 0 {
			return c.problem(only64BitRegisters, i)
		}
		m.Text = fmt.Sprintf("%s does not exist in %d-bit mode", name, in.Bits)
		if f := c.inOtherMode(); f != nil {
			if c.count > 0 {
				m.Text = fmt.Sprintf("%s does not exist in %d-bit mode", f.Syntax(), in.Bits)
			}
			m.Notes = append(m.Notes, "it exists in "+modesText(f.Modes())+" mode")
		}
	case wrongLevel:
		m.Text, m.Fitting = fmt.Sprintf("the processor that CPU names has no %s with these operands", name), true
		m.Notes = append(m.Notes, "write 'cpu any' to allow all instructions")
		return m
	case wrongRegister:
		m.Text = fmt.Sprintf("%s with these operands can't name r16 to r31", name)
		return m
	case wrongEncoding:
		prefix := cmp.Or(c.slots[slotFlags], c.slots[slotUpper], c.slots[slotEncoding])
		m.Text, m.Fitting = fmt.Sprintf("%s cannot be encoded with %s", name, PrefixName(prefix)), true
		if prefix >= ForceREX2 && !in.APX {
			m.Notes = append(m.Notes, "the prefix came with APX: write 'cpu apx' first")
		}
		return m
	case wrongDecorator:
		m.Text, m.Operand = c.decoratorProblem(name)
		return m
	case wrongBound, wrongRepeat:
		m.Text = fmt.Sprintf("%s takes no %s prefix", name, PrefixName(c.slots[slotRep]))
		return m
	}
	near := c.nearest()
	if m.Text == "" {
		m.Text, m.Operand = c.blame(name, near)
	}
	if i, name := c.instead(near); name != "" {
		m.Operand, m.Instead = i, name
	}
	for i, n := range near {
		if i == mostNotes {
			m.Notes = append(m.Notes, fmt.Sprintf("and %d more forms", len(near)-mostNotes))
			break
		}
		note := n.syntax
		if n.blocked != 0 {
			note += ": " + c.obstacle(n)
		}
		m.Notes = append(m.Notes, note)
	}
	return m
}

// decoratorProblem says which braces the instruction doesn't take.
func (c *context) decoratorProblem(name string) (text string, operand int) {
	forms := c.candidates()
	for i := range c.count {
		d := c.views[i].decorators
		if d == 0 {
			continue
		}
		taken := decorators(0)
		for k := range forms {
			if f := forms[k]; int(f.count) == c.count && f.operands[i].set&c.views[i].set != 0 && f.opcode.vex == evex && !f.opcode.apx {
				taken |= f.operands[i].decorators
			}
		}
		if d&^taken != 0 {
			return fmt.Sprintf("%s takes no %s after this operand", name, strings.TrimPrefix(c.in.Operands[i].braces(), ", ")), i
		}
		operand = i
	}
	return fmt.Sprintf("%s with these operands takes no %s", name, strings.TrimPrefix(c.in.Operands[operand].braces(), ", ")), operand
}

// only64 is the index of the operand that is a register of 64-bit mode only,
// -1 if there is none or the mode has it.
func (c *context) only64() int {
	for i := range c.count {
		if o := &c.in.Operands[i]; c.in.Bits != 64 && o.Kind == RegisterOperand && isRegister(o.Register) {
			if r := &registers[o.Register]; r.general() && (r.Size == 8 || r.Number > 7 || r.Size == 1 && r.Number > 3 && !r.High) {
				return i
			}
		}
	}
	return -1
}

// nearest returns the forms that the operands come closest to. Another size
// weighs less than another kind of operand.
func (c *context) nearest() []candidate {
	var list []candidate
	add := func(n candidate) {
		n.syntax = n.form.Syntax()
		if !slices.ContainsFunc(list, func(o candidate) bool { return o.syntax == n.syntax }) {
			list = append(list, n)
		}
	}
	least := 1 << 10
	forms := c.candidates()
	for i := range forms {
		f := forms[i]
		if int(f.count) != c.count || f.tags&alternative != 0 || !f.modes.Has(c.in.Bits) {
			continue
		}
		n, cost := candidate{form: f}, 0
		for k := range c.count {
			if !c.suits(f, k) {
				n.blocked |= 1 << k
				cost += c.strangeness(f, k)
			}
		}
		if cost < least {
			least, list = cost, list[:0]
		}
		if cost == least {
			add(n)
		}
	}
	if len(list) == 0 { // another number of operands
		for i := range forms {
			if f := forms[i]; f.tags&alternative == 0 && f.modes.Has(c.in.Bits) {
				add(candidate{form: f})
			}
		}
	}
	return list
}

// strangeness tells how far operand k is from what the form wants.
func (c *context) strangeness(f *Form, k int) int {
	const general = setR8 | setR16 | setR32 | setR64
	s, o := f.operands[k].set, c.views[k].set
	switch {
	case s&o != 0, s&general != 0 && o&general != 0:
		return 2
	case s&setImmediate != 0 && o&(setShortLabel|setNearLabel|setFarLabel) != 0,
		s&(setMemory|setFarMemory) != 0 && o&(setMemory|setNearMemory|setFarMemory) != 0:
		return 3
	case s&(setMemory|general) != 0:
		return 5
	}
	return 6
}

// instead finds the register to write where another stands: if one operand
// alone blocks all forms and they agree on the register, or one of them wants
// the size of the mode.
func (c *context) instead(near []candidate) (operand int, name string) {
	if len(near) == 0 || bits.OnesCount8(near[0].blocked) != 1 {
		return 0, ""
	}
	operand = bits.TrailingZeros8(near[0].blocked)
	o := &c.in.Operands[operand]
	if o.Kind != RegisterOperand || registers[o.Register].Class != General {
		return 0, ""
	}
	var names []string
	for _, n := range near {
		if n.blocked != 1<<operand {
			return 0, ""
		}
		s := &n.form.operands[operand]
		text := ""
		switch {
		case s.set&(setR8|setR16|setR32|setR64) != 0:
			if s.size == c.modeSize() {
				return operand, RegisterName(GeneralRegister(int(registers[Widest(o.Register)].Number), int(s.size)))
			}
			text = RegisterName(GeneralRegister(int(registers[Widest(o.Register)].Number), int(s.size)))
		case s.rule == ruleRegister && s.fixed():
			text = strings.ToLower(n.form.row.terms(n.form)[operand])
		default:
			continue
		}
		if !slices.Contains(names, text) {
			names = append(names, text)
		}
	}
	if len(names) != 1 {
		return 0, ""
	}
	return operand, names[0]
}

// suits reports whether operand k alone would do for the form.
func (c *context) suits(f *Form, k int) bool {
	s, o := &f.operands[k], &c.views[k]
	switch {
	case s.set&o.set == 0:
		return false
	case s.rule == ruleRegister:
		return true
	case s.rule == ruleMemory:
		return o.size == 0 || o.size == s.size
	case s.rule == ruleBare:
		return o.size == 0
	case s.rule == ruleAnySize:
		return true
	}
	return c.admits(f, s, o) && (o.size == 0 || s.takesSize(f, o.size))
}

// blame names what is wrong with the operands.
func (c *context) blame(name string, near []candidate) (string, int) {
	if name == "" {
		return "unknown instruction", -1
	}
	var counts [MaxOperands + 1]bool
	forms := c.candidates()
	for i := range forms {
		counts[forms[i].count] = true
	}
	if !counts[min(c.count, MaxOperands)] || c.count > MaxOperands {
		var list []string
		for n, ok := range counts {
			if ok {
				list = append(list, [...]string{"no", "one", "two", "three", "four", "five"}[n])
			}
		}
		noun := "operands"
		if list[len(list)-1] == "one" {
			noun = "operand"
		}
		return fmt.Sprintf("%s takes %s %s, not %d", name, strings.Join(list, " or "), noun, c.count), -1
	}
	if c.count >= 2 && c.views[0].size != 0 && c.views[1].size != 0 && c.views[0].size != c.views[1].size && c.bothSized() {
		article := "a"
		if c.views[0].size == 1 && c.in.Operands[0].Kind == RegisterOperand {
			article = "an" // 8-bit register
		}
		return fmt.Sprintf("%s takes no %s with %s %s", name, c.describe(1), article, c.describe(0)), -1
	}
	blocked := uint8(0xFF)
	for _, n := range near {
		blocked &= n.blocked
	}
	if i := bits.TrailingZeros8(blocked); i < c.count && bits.OnesCount8(blocked) == 1 {
		which := ""
		if c.count > 1 {
			which = " as its " + ordinal(i) + " operand"
		}
		return fmt.Sprintf("%s takes no %s%s", name, c.describe(i), which), i
	}
	var list []string
	for i := range c.count {
		list = append(list, c.describe(i))
	}
	return fmt.Sprintf("%s does not go with these operands: %s", name, strings.Join(list, ", ")), -1
}

// bothSized reports whether the first two operands are registers or memory.
func (c *context) bothSized() bool {
	return c.in.Operands[0].Kind != ImmediateOperand && c.in.Operands[1].Kind != ImmediateOperand
}

func ordinal(i int) string {
	return []string{"first", "second", "third", "fourth", "fifth"}[i]
}

// describe says what an operand is.
func (c *context) describe(i int) string {
	o := &c.in.Operands[i]
	switch o.Kind {
	case RegisterOperand:
		if !isRegister(o.Register) {
			return "unknown register"
		}
		r := &registers[o.Register]
		if r.Class == General {
			return fmt.Sprintf("%d-bit register", int(r.Size)*8)
		}
		return r.Class.String()
	case MemoryOperand:
		return distanceWord(o.Distance) + strings.TrimSpace(sizeWord(uint8(o.Size))+" memory")
	case FarOperand:
		return "far pointer"
	}
	text := "number"
	if len(o.Value.Terms()) != 0 {
		text = "address"
	}
	return distanceWord(o.Distance) + strings.TrimSpace(sizeWord(uint8(o.Size))+" "+text)
}

func distanceWord(d lang.Distance) string {
	return [...]string{"", "short ", "near ", "far "}[d&3]
}

func sizeWord(size uint8) string {
	switch size {
	case 1:
		return "byte"
	case 2:
		return "word"
	case 4:
		return "dword"
	case 8:
		return "qword"
	case 10:
		return "tword"
	case 16:
		return "oword"
	case 32:
		return "yword"
	case 64:
		return "zword"
	}
	return ""
}

// String names the kind of register.
func (c Class) String() string {
	return [...]string{"no register", "general register", "segment register", "control register", "debug register", "test register",
		"x87 register", "mm register", "xmm register", "ymm register", "zmm register", "mask register", "bound register", "tile register", "register of APX"}[c]
}

// obstacle says what stands in the way of a form.
func (c *context) obstacle(n candidate) string {
	var list []string
	terms := n.form.row.terms(n.form)
	for i := range c.count {
		if n.blocked&(1<<i) == 0 {
			continue
		}
		s, o := &n.form.operands[i], &c.in.Operands[i]
		signedOnly := s.rule == ruleSigned8 || s.rule == ruleSigned32 || s.rule == ruleFits32
		switch {
		case s.set&c.views[i].set == 0 || o.Kind != ImmediateOperand:
		case s.rule == ruleShort && o.Distance == lang.AnyDistance && o.Size == 0:
			list = append(list, "the target is too far")
			continue
		case o.Value.IsNumber() && s.place == placeImmediate && s.size < 8 && s.rule != ruleNear && s.rule != ruleShortOnly &&
			(signedOnly && !fitsExtended(o.Value.N, int(s.size), int(n.form.size)) || !signedOnly && !fits(o.Value.N, int(s.size))):
			list = append(list, fmt.Sprintf("%d is not in %s", o.Value.N, rangeText(int(s.size), signedOnly)))
			continue
		}
		list = append(list, fmt.Sprintf("takes %s where %s stands", terms[i], c.quote(i)))
	}
	return strings.Join(list, ", ")
}

// quote is operand i as a message repeats it.
func (c *context) quote(i int) string {
	switch o := &c.in.Operands[i]; {
	case o.Kind == RegisterOperand:
		return RegisterName(o.Register)
	case o.Kind == ImmediateOperand && o.Value.IsNumber():
		return distanceWord(o.Distance) + strings.TrimSpace(fmt.Sprintf("%s %d", sizeWord(uint8(o.Size)), o.Value.N))
	}
	return c.describe(i)
}

// sizeWords lists the size keywords that operand i could have.
func (c *context) sizeWords(i int) string {
	if i < 0 {
		return ""
	}
	var words []string
	forms := c.candidates()
	for k := range forms {
		f := forms[k]
		if int(f.count) != c.count || !f.modes.Has(c.in.Bits) || f.tags&alternative != 0 {
			continue
		}
		fit := true
		for j := range c.count {
			fit = fit && c.suits(f, j)
		}
		if w := sizeWord(f.operands[i].size); fit && w != "" && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	if len(words) > 1 {
		words = append(words[:len(words)-2], words[len(words)-2]+" or "+words[len(words)-1])
	}
	return strings.Join(words, ", ")
}

// inOtherMode finds the form that would match in another mode.
func (c *context) inOtherMode() *Form {
	forms := c.candidates()
	for i := range forms {
		if f := forms[i]; f.tags&alternative == 0 {
			if v, _ := c.match(f); v == wrongMode {
				return f
			}
		}
	}
	return nil
}

func modesText(m Modes) string {
	var list []string
	for _, bits := range []int{16, 32, 64} {
		if m.Has(bits) {
			list = append(list, fmt.Sprintf("%d-bit", bits))
		}
	}
	return strings.Join(list, " and ")
}
