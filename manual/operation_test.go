package manual

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"tasm/assembler"
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/layout"
	"tasm/machine"
)

// Where a trial's code and memory are.
const (
	codeAt     = 0x1000
	memoryAt   = 0x20000
	memorySize = 256
)

// computer carries out operations of instructions.txt on plain numbers.
type computer struct {
	bits      int // mode
	width     int // of the operation, in bits
	names     []string
	operands  []x86.Operand
	sizes     []int // bytes
	registers [16]uint64
	flags     map[string]bool
	assigned  map[string]bool // flags that the operation says something about
	memory    [memorySize]byte
	next, ip  uint64
	locals    map[string]*big.Int
	faulted   bool

	tokens []string
	at     int
}

// value is a number, and its width where it was read from a place.
type value struct {
	n     *big.Int
	width int
}

func (c *computer) run(lines []string) {
	holds := false
	for _, line := range lines {
		switch {
		case c.faulted:
			return
		case strings.HasPrefix(line, "if "):
			test, rest, _ := strings.Cut(line[3:], ": ")
			if holds = c.evaluate(test).n.Sign() != 0; holds {
				c.statements(rest)
			}
		case strings.HasPrefix(line, "else: "):
			if !holds {
				c.statements(line[6:])
			}
		default:
			c.statements(line)
		}
	}
}

func (c *computer) statements(text string) {
	for s := range strings.SplitSeq(text, ";") {
		if c.faulted {
			return
		}
		c.statement(strings.TrimSpace(s))
	}
}

func (c *computer) statement(s string) {
	switch {
	case strings.HasPrefix(s, "fault "):
		c.faulted = true
	case strings.HasPrefix(s, "jump "):
		c.ip = c.evaluate(s[5:]).n.Uint64()
	case strings.HasPrefix(s, "set "):
		names, from, _ := strings.Cut(s[4:], " from ")
		n := cut(c.evaluate(from).n, c.width)
		for name := range strings.SplitSeq(names, ", ") {
			c.setFlag(name, map[string]bool{
				"ZF": n.Sign() == 0, "SF": n.Bit(c.width-1) == 1, "PF": ones(cut(n, 8))%2 == 0,
			}[name])
		}
	default:
		place, from, ok := strings.Cut(s, " = ")
		if !ok {
			panic("no statement: " + s)
		}
		c.assign(place, c.evaluate(from).n)
	}
}

func cut(n *big.Int, width int) *big.Int {
	return new(big.Int).And(n, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(width)), big.NewInt(1)))
}

func ones(n *big.Int) int {
	count := 0
	for i := range n.BitLen() {
		count += int(n.Bit(i))
	}
	return count
}

func (c *computer) setFlag(name string, v bool) { c.flags[name], c.assigned[name] = v, true }

func (c *computer) assign(place string, n *big.Int) {
	high, low, pair := strings.Cut(place, ":")
	switch {
	case pair:
		id, _ := c.register(low)
		c.assign(low, n)
		c.assign(high, new(big.Int).Rsh(n, uint(8*x86.RegisterInfo(id).Size)))
	case c.flags[place] || isFlag(place):
		c.setFlag(place, n.Sign() != 0)
	case strings.HasPrefix(place, "memory["):
		c.store(c.evaluate(place[len("memory["):len(place)-1]).n.Uint64(), n, c.width)
	default:
		if i := c.operand(place); i >= 0 {
			c.setOperand(i, n)
		} else if id, ok := c.register(place); ok {
			c.setRegister(id, n)
		} else {
			c.locals[place] = n
		}
	}
}

func isFlag(name string) bool { return len(name) == 2 && strings.Contains("CF PF ZF SF OF DF", name) }

func (c *computer) operand(name string) int {
	for i, n := range c.names {
		if n == name && i < len(c.operands) {
			return i
		}
	}
	return -1
}

// register finds a register by its name here.
func (c *computer) register(name string) (lang.RegisterID, bool) {
	if rest, ok := strings.CutPrefix(name, "x"); ok {
		size := c.bits / 8
		if rest == "AX" || rest == "DX" {
			size = c.width / 8
		}
		base := x86.RegisterInfo(x86.LookupRegister(rest))
		if base == nil {
			return 0, false
		}
		return x86.GeneralRegister(int(base.Number), size), true
	}
	id := x86.LookupRegister(name)
	return id, id > 0 && name == strings.ToLower(name)
}

func (c *computer) read(id lang.RegisterID) value {
	r := x86.RegisterInfo(id)
	n := new(big.Int)
	if r.High {
		n.SetUint64(c.registers[r.Number-4] >> 8)
	} else {
		n.SetUint64(c.registers[r.Number])
	}
	return value{cut(n, 8*int(r.Size)), 8 * int(r.Size)}
}

func (c *computer) setRegister(id lang.RegisterID, n *big.Int) {
	r := x86.RegisterInfo(id)
	v := cut(n, 8*int(r.Size)).Uint64()
	switch {
	case r.High:
		at := r.Number - 4
		c.registers[at] = c.registers[at]&^0xff00 | v<<8
	case r.Size >= 4:
		c.registers[r.Number] = v
	default:
		mask := uint64(1)<<(8*r.Size) - 1
		c.registers[r.Number] = c.registers[r.Number]&^mask | v
	}
}

func (c *computer) load(address uint64, width int) *big.Int {
	n := new(big.Int)
	for i := width/8 - 1; i >= 0; i-- {
		n.Lsh(n, 8)
		n.Or(n, big.NewInt(int64(c.memory[(address-memoryAt+uint64(i))%memorySize])))
	}
	return n
}

func (c *computer) store(address uint64, n *big.Int, width int) {
	n = cut(n, width)
	for i := range width / 8 {
		c.memory[(address-memoryAt+uint64(i))%memorySize] = byte(new(big.Int).Rsh(n, uint(8*i)).Uint64())
	}
}

// effective computes an address from the registers before anything was changed.
func (c *computer) effective(o *x86.Operand) uint64 {
	n := uint64(o.Value.N)
	for _, t := range o.Value.Terms() {
		n += c.read(lang.RegisterID(t.ID)).n.Uint64() * uint64(t.Coef)
	}
	return cut(new(big.Int).SetUint64(n), c.bits).Uint64()
}

func (c *computer) readOperand(i int) value {
	o, width := &c.operands[i], 8*c.sizes[i]
	switch o.Kind {
	case x86.RegisterOperand:
		return c.read(o.Register)
	case x86.MemoryOperand:
		if c.names[i] == "address" {
			return value{new(big.Int).SetUint64(c.effective(o)), c.bits}
		}
		return value{c.load(c.effective(o), width), width}
	}
	if c.names[i] == "target" {
		return value{cut(big.NewInt(o.Value.N), c.bits), c.bits}
	}
	return value{cut(big.NewInt(o.Value.N), c.width), c.width}
}

func (c *computer) setOperand(i int, n *big.Int) {
	if o := &c.operands[i]; o.Kind == x86.RegisterOperand {
		c.setRegister(o.Register, n)
	} else {
		c.store(c.effective(o), n, 8*c.sizes[i])
	}
}

// evaluate computes an expression.
func (c *computer) evaluate(text string) value {
	tokens, at := c.tokens, c.at
	defer func() { c.tokens, c.at = tokens, at }()
	c.tokens, c.at = tokenize(text), 0
	v := c.expression(0)
	if c.at < len(c.tokens) {
		panic(fmt.Sprintf("%s: what is %q?", text, c.tokens[c.at]))
	}
	return v
}

func tokenize(text string) []string {
	var tokens []string
	for i := 0; i < len(text); {
		j := i + 1
		switch ch := rune(text[i]); {
		case ch == ' ':
			i++
			continue
		case strings.HasPrefix(text[i:], "2^"), strings.HasPrefix(text[i:], "<="), strings.HasPrefix(text[i:], ">="), strings.HasPrefix(text[i:], "<>"):
			j = i + 2
		case unicode.IsLetter(ch) || unicode.IsDigit(ch):
			for j < len(text) && (unicode.IsLetter(rune(text[j])) || unicode.IsDigit(rune(text[j])) || text[j] == ':' || text[j] == '_') {
				j++
			}
		}
		tokens = append(tokens, text[i:j])
		i = j
	}
	return tokens
}

// levels are the operators by how tightly they bind.
var levels = []string{" or ", " and ", " = <> < <= > >= ", " | ", " ^ ", " & ", " + - ", " * div mod "}

func (c *computer) expression(level int) value {
	if level == len(levels) {
		return c.primary()
	}
	left := c.expression(level + 1)
	for c.at < len(c.tokens) && strings.Contains(levels[level], " "+c.tokens[c.at]+" ") {
		op := c.tokens[c.at]
		c.at++
		left = value{n: apply(op, left.n, c.expression(level+1).n)}
	}
	return left
}

func apply(op string, x, y *big.Int) *big.Int {
	truth := func(b bool) *big.Int {
		if b {
			return big.NewInt(1)
		}
		return new(big.Int)
	}
	z, order := new(big.Int), x.Cmp(y)
	switch op {
	case "or":
		return truth(x.Sign() != 0 || y.Sign() != 0)
	case "and":
		return truth(x.Sign() != 0 && y.Sign() != 0)
	case "=":
		return truth(order == 0)
	case "<>":
		return truth(order != 0)
	case "<":
		return truth(order < 0)
	case "<=":
		return truth(order <= 0)
	case ">":
		return truth(order > 0)
	case ">=":
		return truth(order >= 0)
	case "|":
		return z.Or(x, y)
	case "^":
		return z.Xor(x, y)
	case "&":
		return z.And(x, y)
	case "+":
		return z.Add(x, y)
	case "-":
		return z.Sub(x, y)
	case "*":
		return z.Mul(x, y)
	case "div":
		return z.Quo(x, y)
	}
	return z.Rem(x, y)
}

func (c *computer) primary() value {
	t := c.tokens[c.at]
	c.at++
	argument := func(end string) value {
		v := c.expression(0)
		if c.tokens[c.at] != end {
			panic("no " + end)
		}
		c.at++
		return v
	}
	switch t {
	case "(":
		return argument(")")
	case "2^":
		return value{n: new(big.Int).Lsh(big.NewInt(1), uint(c.primary().n.Int64()))}
	case "byte":
		c.at += 2
		return value{c.load(argument("]").n.Uint64(), 8), 8}
	case "memory":
		c.at++
		return value{c.load(argument("]").n.Uint64(), c.width), c.width}
	case "width", "size":
		n := int64(c.width)
		if t == "size" {
			n /= 8
		}
		return value{n: big.NewInt(n)}
	case "next":
		return value{new(big.Int).SetUint64(c.next), c.bits}
	}
	if c.at < len(c.tokens) && c.tokens[c.at] == "(" {
		c.at++
		return c.call(t, argument)
	}
	return c.name(t)
}

// call computes a function.
func (c *computer) call(name string, argument func(string) value) value {
	if name == "bit" {
		x, n := argument(","), argument(")")
		return value{n: big.NewInt(int64(x.n.Bit(int(n.n.Int64()))))}
	}
	x := argument(")")
	width := x.width
	if width == 0 {
		width = c.width
	}
	n := new(big.Int).Set(x.n)
	switch name {
	case "signed":
		if n = cut(n, width); n.Bit(width-1) == 1 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(width)))
		}
	case "overflows":
		limit := new(big.Int).Lsh(big.NewInt(1), uint(c.width-1))
		n = apply("or", apply(">=", n, limit), apply("<", n, new(big.Int).Neg(limit)))
	case "ones":
		n = big.NewInt(int64(ones(n)))
	case "lowest":
		n = big.NewInt(int64(n.TrailingZeroBits()))
	case "highest":
		n = big.NewInt(int64(n.BitLen() - 1))
	case "reverse":
		b := n.FillBytes(make([]byte, width/8))
		for i := range len(b) / 2 {
			b[i], b[len(b)-1-i] = b[len(b)-1-i], b[i]
		}
		n.SetBytes(b)
	default:
		panic("no function " + name)
	}
	return value{n: n}
}

func (c *computer) name(t string) value {
	if high, low, ok := strings.Cut(t, ":"); ok {
		h, l := c.name(high), c.name(low)
		return value{new(big.Int).Or(new(big.Int).Lsh(h.n, uint(l.width)), l.n), h.width + l.width}
	}
	if unicode.IsDigit(rune(t[0])) {
		n, _ := new(big.Int).SetString(t, 0)
		return value{n: n}
	}
	if isFlag(t) {
		if c.flags[t] {
			return value{n: big.NewInt(1)}
		}
		return value{n: new(big.Int)}
	}
	if n, ok := c.locals[t]; ok {
		return value{n: n}
	}
	if i := c.operand(t); i >= 0 {
		return c.readOperand(i)
	}
	id, ok := c.register(t)
	if !ok {
		panic("what is " + t + "?")
	}
	return c.read(id)
}

// TestOperations carries out every operation beside the semantics of package
// machine, which are held against the processor, on random states.
func TestOperations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 19))
	missing := map[string]bool{}
	for name := range blocks().blocks {
		if _, ok := strings.CutSuffix(name, "cc"); !ok {
			missing[name] = true
		}
	}
	for _, name := range x86.Mnemonics() {
		b := blockOf(name)
		if b == nil || len(b.operations) == 0 {
			delete(missing, name)
			continue
		}
		for _, bits := range []int{32, 64} {
			for _, form := range x86.Forms(x86.LookupMnemonic(name)) {
				if form.Modes().Has(bits) && !form.Alternative() {
					if tryForm(t, random, bits, name, form, b) {
						delete(missing, name)
					}
				}
			}
		}
		if t.Failed() {
			return
		}
	}
	for _, name := range []string{"movbe", "lzcnt", "tzcnt", "andn", "nop"} {
		delete(missing, name) // machine does not have the first four, and the last does nothing
	}
	for name := range missing {
		t.Errorf("the operation of %s is not tried", name)
	}
}

// operandText writes an operand of a form, "" where it is of another kind.
func operandText(random *rand.Rand, notation string, bits int) string {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	switch strings.ToLower(notation) {
	case "r8", "r/m8":
		return pick("al", "bl", "ch", "dl")
	case "r16", "r/m16":
		return pick("ax", "bx", "cx", "si")
	case "r32", "r/m32":
		return pick("eax", "ebx", "ecx", "edx", "edi")
	case "r64", "r/m64":
		return pick("rax", "rbx", "rcx", "rdx", "r9")
	case "imm8", "imm8s", "imm8u":
		return fmt.Sprint(random.IntN(128))
	case "imm16", "imm16u", "imm32", "imm32s", "imm32x", "imm32u":
		return fmt.Sprint(random.IntN(1 << 15))
	case "imm64":
		return fmt.Sprint(random.Int64())
	case "rel8", "rel32", "rel64":
		return "there"
	case "m", "addr":
		if bits == 64 {
			return "[rbx + rcx*4 + 8]"
		}
		return "[ebx + ecx*4 + 8]"
	case "1", "al", "ax", "eax", "rax", "cl", "cx", "ecx", "rcx", "dx":
		return strings.ToLower(notation)
	}
	return ""
}

// tryForm tries a form of an instruction on a few states; false where there is
// nothing to compare with.
func tryForm(t *testing.T, random *rand.Rand, bits int, name string, form *x86.Form, b *block) bool {
	var texts []string
	for _, o := range form.Operands() {
		text := operandText(random, o.Notation, bits)
		if text == "" {
			return false
		}
		texts = append(texts, text)
	}
	var operation *operation
	for i := range b.operations {
		if len(b.operations[i].operands) == len(texts) {
			operation = &b.operations[i]
		}
	}
	if operation == nil {
		return false
	}
	source := fmt.Sprintf("bits %d\norg %#x\n%s %s\nthere: nop\nnop", bits, codeAt, name, strings.Join(texts, ", "))
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("trial", []byte(source)), assembler.Options{Flat: true})
	if p == nil || said.Errors() > 0 {
		return false
	}
	file, _ := layout.Flat(p, layout.Options{})
	var in x86.Decoded
	if file == nil || !x86.Decode(bits, file.Bytes, codeAt, &in) || len(in.Operands) != len(texts) {
		return false
	}
	compared := false
	for range 12 {
		c := &computer{bits: bits, names: operation.operands, operands: in.Operands, flags: map[string]bool{}, assigned: map[string]bool{}, locals: map[string]*big.Int{}}
		if c.compare(t, random, name+" "+strings.Join(texts, ", "), &in, operation) {
			compared = true
		}
	}
	return compared
}

// machineFlags are the flags that are compared.
var machineFlags = []struct {
	name string
	flag x86.FlagSet
	bit  int
}{{"CF", x86.CF, 0}, {"PF", x86.PF, 2}, {"ZF", x86.ZF, 6}, {"SF", x86.SF, 7}, {"DF", x86.DF, 10}, {"OF", x86.OF, 11}}

// compare carries out an instruction in both ways; false where the machine does not.
func (c *computer) compare(t *testing.T, random *rand.Rand, text string, in *x86.Decoded, o *operation) bool {
	t.Helper()
	s := c.start(random, in)
	var err string
	e := s.Step(in)
	func() {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Sprint(r)
			}
		}()
		c.run(o.lines)
	}()
	switch {
	case err != "":
		t.Errorf("%d bits: %s: %s", c.bits, text, err)
	case e.Kind == machine.Fault && e.Exception == machine.InvalidOpcode:
		return false // not in this mode
	case e.Kind == machine.Fault:
		if !c.faulted {
			t.Errorf("%d bits: %s: the operation does not fault", c.bits, text)
		}
		return true
	case e.Kind != machine.Done:
		return false
	case c.faulted:
		t.Errorf("%d bits: %s: only the operation faults", c.bits, text)
	}
	for i := range c.bits / 4 {
		if n, ok := s.Registers[i].Constant(); ok && n != c.registers[i] {
			t.Errorf("%d bits: %s: register %d is %#x, and by the operation %#x", c.bits, text, i, n, c.registers[i])
		}
	}
	if n, _ := s.IP.Constant(); n != c.ip {
		t.Errorf("%d bits: %s: goes to %#x, and by the operation to %#x", c.bits, text, n, c.ip)
	}
	bits, defined := s.FlagBits()
	for _, f := range machineFlags {
		if c.assigned[f.name] && defined>>f.bit&1 != 0 && (bits>>f.bit&1 != 0) != c.flags[f.name] {
			t.Errorf("%d bits: %s: %s is %d", c.bits, text, f.name, bits>>f.bit&1)
		}
		if changed := in.Form.Flags().Written & f.flag; changed != 0 && !c.assigned[f.name] && !strings.Contains(strings.Join(o.lines, "\n"), f.name) {
			t.Errorf("%d bits: %s: the operation says nothing of %s", c.bits, text, f.name)
		}
	}
	var memory [memorySize]byte
	s.Memory.Bytes(memoryAt, memory[:])
	if memory != c.memory {
		t.Errorf("%d bits: %s: memory differs", c.bits, text)
	}
	return !t.Failed()
}

// start makes a random state for both.
func (c *computer) start(random *rand.Rand, in *x86.Decoded) *machine.State {
	s := machine.NewState(machine.NewTerms(), c.bits)
	c.width = 8 * in.Form.Size()
	if c.width == 0 {
		c.width = c.bits
	}
	for _, family := range []string{"movs", "stos", "lods", "scas", "cmps"} {
		if suffix, ok := strings.CutPrefix(x86.MnemonicName(in.Form.Mnemonic()), family); ok {
			if size := strings.Index("bwdq", suffix); size >= 0 && suffix != "" {
				c.width = 8 << size
			}
		}
	}
	for i, o := range in.Form.Operands() {
		size := o.Size
		if in.Operands[i].Kind == x86.RegisterOperand {
			size = int(x86.RegisterInfo(in.Operands[i].Register).Size)
		}
		c.sizes = append(c.sizes, size)
	}
	for i := range c.memory {
		c.memory[i] = byte(random.Uint32())
	}
	for i := range c.bits / 4 {
		n := random.Uint64()
		switch random.IntN(4) {
		case 0:
			n = random.Uint64N(40)
		case 1:
			n = -random.Uint64N(40)
		}
		if i == machine.SP || i == machine.BP || i == machine.SI || i == machine.DI {
			n = memoryAt + 64 + random.Uint64N(128)
		}
		if c.bits == 32 {
			n &= 0xffffffff
		}
		c.registers[i] = n
	}
	if x86.MnemonicName(in.Form.Mnemonic()) == "xlatb" || x86.MnemonicName(in.Form.Mnemonic()) == "xlat" {
		c.registers[machine.BX], c.registers[machine.AX] = memoryAt, random.Uint64N(memorySize)
	}
	for i := range c.bits / 4 {
		s.Registers[i] = machine.Number(c.bits, c.registers[i])
	}
	for _, f := range machineFlags {
		n := random.Uint64N(2)
		c.flags[f.name] = n != 0
		s.SetFlag(f.flag, machine.Number(1, n))
	}
	s.IP = machine.Number(c.bits, codeAt)
	c.next = codeAt + uint64(in.Length)
	c.ip = c.next
	initial := c.memory
	s.Memory.Map(&machine.Segment{Name: "memory", Base: machine.Number(c.bits, 0), Low: memoryAt, High: memoryAt + memorySize, Read: true, Write: true,
		Initial: func(offset int64) machine.Byte { return machine.Const(initial[offset-memoryAt]) }})
	return s
}
