package machine

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"tasm/codegen/x86"
	"tasm/lang"
)

// plan is what Step has to know of a form, found once.
type plan struct {
	do        func(*exec)
	other     func(*exec)   // where do is nil and the state's other registers are followed
	id        string        // of the form, where there is other
	name      string        // the mnemonic
	condition x86.Condition // of Jcc, SETcc and CMOVcc
	size      int           // operation size in bytes; that of the mode where the form has none
	sizes     [x86.MaxOperands]int
	// repeatable says that it is a string instruction.
	repeatable bool
}

// semantics returns what the instructions do, by mnemonic; "cc" stands for each of
// conditions. What is missing here is Unclear.
var semantics = sync.OnceValue(func() map[string]func(*exec) {
	all := map[string]func(*exec){}
	for _, table := range []map[string]func(*exec){
		moves, integers, shifts, bitwise, transfers, blocks(), decimals, processorValues,
	} {
		maps.Copy(all, table)
	}
	return all
})

type planKey struct {
	form *x86.Form
	bits int
}

var plans sync.Map // planKey to *plan

// plan returns what has to be known of a form. The Terms remember it, so that
// nothing is locked for every instruction.
func (t *Terms) plan(form *x86.Form, bits int) *plan {
	key := planKey{form, bits}
	p := t.plans[key]
	if p == nil {
		p = planOf(form, bits)
		t.plans[key] = p
	}
	return p
}

func planOf(form *x86.Form, bits int) *plan {
	if p, ok := plans.Load(planKey{form, bits}); ok {
		return p.(*plan)
	}
	p := &plan{name: x86.MnemonicName(form.Mnemonic()), size: form.Size()}
	if p.size == 0 {
		p.size = bits / 8
	}
	for i, o := range form.Operands() {
		p.sizes[i] = o.Size
	}
	p.do = semantics()[p.name]
	_, p.repeatable = blocks()[p.name]
	if c, ok := x86.ConditionOf(form.Mnemonic()); ok && p.do == nil {
		p.do, p.condition = semantics()[x86.ConditionFamily(form.Mnemonic())+"cc"], c
	}
	if p.do == nil || len(form.Operands()) > 0 { // MOVSD and CMPSD are two instructions each
		if p.other = otherState(form, p); p.other != nil {
			p.do, p.id = nil, form.ID()
		}
	}
	plans.Store(planKey{form, bits}, p)
	return p
}

// exec is an instruction while it is carried out.
type exec struct {
	*State
	t *Terms
	*plan
	in    *x86.Instruction
	form  *x86.Form
	here  Term // address of the instruction
	next  Term // address behind it
	event Event
}

// Prepared is an instruction with what has to be known of its form, so that it is
// carried out many times at the cost of looking that up once.
type Prepared struct {
	*x86.Decoded
	plan *plan
	// What State.Quick makes of it, once it is asked.
	compiled *Compiled
	variants int
}

// Prepare prepares an instruction for a mode of 32 or 64 bits.
func Prepare(in *x86.Decoded, bits int) Prepared {
	return Prepared{Decoded: in, plan: planOf(in.Form, bits)}
}

// Step carries out one instruction, which stands at IP. Numbers in it that are
// addresses of the code are those to which the unknown part of IP is still to
// be added: IP's offset is what was given to x86.Decode as the address.
func (s *State) Step(in *x86.Decoded) Event {
	return s.StepPrepared(Prepared{Decoded: in, plan: s.Terms.plan(in.Form, s.Bits)})
}

// StepPrepared does what Step does.
func (s *State) StepPrepared(in Prepared) Event {
	e := &s.exec
	*e = exec{State: s, t: s.Terms, plan: in.plan, in: &in.Instruction, form: in.Form, here: s.IP, next: s.IP.plus(uint64(in.Length))}
	switch {
	case in.Form.Privileged():
		e.fault(Protection, "uses an instruction that is reserved to the kernel")
	case e.do == nil && e.other != nil && e.FollowsOther && !e.in.APX && len(e.in.Prefixes) == 0:
		s.IP = e.next
		e.other(e)
	case e.do == nil || !e.admits():
		e.unclear("uses %s, whose effect is not modelled", e.name)
	case e.reserved():
		e.unclear("uses a repeat prefix before %s, where it is reserved", e.name)
	case e.event.Kind == Done:
		s.IP = e.next
		e.do(e)
	}
	if e.event.Kind == Fork {
		s.IP = e.here
	}
	return e.event
}

// admits reports whether the prefixes and registers are ones that the
// semantics reckon with.
func (e *exec) admits() bool {
	if e.in.APX && e.in.UsesAPX(e.form) {
		e.unclear("uses %s of APX, whose effect is not modelled", e.name)
		return false
	}
	if slices.Contains(e.in.Prefixes, x86.Lock) && (!e.form.Lockable() || e.in.Operands[0].Kind != x86.MemoryOperand) {
		e.fault(InvalidOpcode, "raises an invalid opcode exception")
	}
	for i := range e.in.Operands {
		o := &e.in.Operands[i]
		switch o.Kind {
		case x86.RegisterOperand:
			if r := x86.RegisterInfo(o.Register); r == nil || r.Class != x86.General {
				return false
			}
		case x86.FarOperand:
			return false
		}
	}
	return true
}

// reserved reports whether there is a repeat prefix that the manuals give no
// meaning: AMD's processors turn loope into loopne by it.
func (e *exec) reserved() bool {
	switch e.form.Flow() {
	case x86.Jump, x86.Branch, x86.Call, x86.Return:
		if !strings.HasPrefix(e.name, "loop") {
			return false // BND, and the REP RET of compilers
		}
	}
	return !e.repeatable && e.in.Repeated()
}

// unclear ends the instruction because its effect can't be told.
func (e *exec) unclear(reason string, name ...string) {
	if e.event.Kind == Done {
		if len(name) > 0 {
			reason = strings.Replace(reason, "%s", name[0], 1)
		}
		e.event = Event{Kind: Unclear, Reason: reason}
	}
}

// fault ends the instruction with an exception.
func (e *exec) fault(exception Exception, reason string) {
	if e.event.Kind == Done {
		e.event = Event{Kind: Fault, Reason: reason, Exception: exception}
	}
}

func (e *exec) report(p *problem) {
	if p != nil && e.event.Kind == Done {
		e.event = Event{Kind: p.kind, Reason: p.reason, Exception: PageFault, Refused: &p.access}
	}
}

// ask says whether a condition holds. Where that is not known the instruction
// ends, and ok is false: it must not have changed anything yet.
func (e *exec) ask(condition Term) (value, ok bool) {
	value, ok = e.decide(condition)
	if !ok && e.event.Kind == Done {
		e.event = Event{Kind: Fork, Condition: condition}
	}
	return value, ok && e.event.Kind == Done
}

// load reads size bytes of memory.
func (e *exec) load(address Term, size int) Term {
	if e.Load != nil {
		return e.Load(address, 8*size)
	}
	x, p := e.Memory.load(address, size)
	if p != nil {
		e.report(p)
		return Number(8*size, 0)
	}
	return x
}

// store writes memory, unless the instruction has ended.
func (e *exec) store(address, x Term) {
	switch {
	case e.event.Kind != Done:
	case e.Store != nil:
		e.Store(address, x)
	default:
		e.report(e.Memory.store(address, x))
	}
}

// width returns the size of operand i in bytes.
func (e *exec) width(i int) int {
	o := &e.in.Operands[i]
	if o.Kind == x86.RegisterOperand {
		return int(x86.RegisterInfo(o.Register).Size)
	}
	if o.Kind == x86.MemoryOperand && e.sizes[i] > 0 {
		return e.sizes[i]
	}
	return e.size
}

// operand returns the value of operand i.
func (e *exec) operand(i int) Term {
	o := &e.in.Operands[i]
	switch o.Kind {
	case x86.RegisterOperand:
		return e.Register(o.Register)
	case x86.MemoryOperand:
		return e.load(e.address(i), e.width(i))
	}
	return e.symbolic(i, Number(8*e.size, uint64(o.Value.N)))
}

// symbolic adds to the number in operand i the address that stands there.
func (e *exec) symbolic(i int, x Term) Term {
	if e.Symbol == nil {
		return x
	}
	if address := e.Symbol(i, int(x.width)); address.width > 0 {
		return e.t.Add(e.t.Extract(address, 0, int(x.width)), x)
	}
	return x
}

// setOperand changes operand i.
func (e *exec) setOperand(i int, x Term) {
	o := &e.in.Operands[i]
	if o.Kind == x86.RegisterOperand {
		if e.event.Kind == Done {
			e.SetRegister(o.Register, x)
		}
		return
	}
	e.store(e.destination(i), x)
}

// destination computes the address of memory operand i, which is written: that
// can't be done through cs (manual, volume 3, 5.5).
func (e *exec) destination(i int) Term {
	if e.Bits == 32 && x86.RegisterName(e.in.Operands[i].Memory.Segment) == "cs" {
		e.fault(Protection, "writes to the code segment")
	}
	return e.address(i)
}

// immediate returns the number that operand i is.
func (e *exec) immediate(i int) uint64 { return uint64(e.in.Operands[i].Value.N) }

// address computes the effective address of memory operand i.
func (e *exec) address(i int) Term {
	x := e.effective(i)
	e.segment(e.in.Operands[i].Memory.Segment)
	return e.t.ZeroExtend(x, e.Bits)
}

// segment checks a segment override: all but fs and gs have base 0 (see
// linux/entry.go for why those are left alone).
func (e *exec) segment(id lang.RegisterID) {
	switch x86.RegisterName(id) {
	case "fs", "gs":
		e.unclear("uses the segment register %s", x86.RegisterName(id))
	}
}

// effective computes the effective address of operand i without its segment, as wide
// as the address size.
func (e *exec) effective(i int) Term {
	o := &e.in.Operands[i]
	width := e.Bits
	if o.Memory.AddressSize != 0 {
		width = 8 * o.Memory.AddressSize
	}
	for _, t := range o.Value.Terms() {
		if t.Kind == lang.RegisterTerm {
			width = 8 * int(x86.RegisterInfo(lang.RegisterID(t.ID)).Size)
		}
	}
	x := Number(width, uint64(o.Value.N))
	if o.Memory.Rel {
		x.node = e.IP.node
	}
	for _, t := range o.Value.Terms() {
		if t.Kind == lang.RegisterTerm {
			x = e.t.Add(x, e.t.scale(e.Register(lang.RegisterID(t.ID)), uint64(t.Coef)))
		}
	}
	return e.symbolic(i, x)
}

// addressSize returns the size in bytes of the addresses that the instruction
// uses without writing them.
func (e *exec) addressSize() int {
	for _, p := range e.in.Prefixes {
		switch p {
		case x86.A16:
			return 2
		case x86.A32:
			return 4
		case x86.Asp:
			return e.Bits / 16
		}
	}
	return e.Bits / 8
}

// push puts a value on the stack.
func (e *exec) push(x Term) {
	sp := e.Registers[SP].plus(-uint64(x.width / 8))
	e.store(sp, x)
	if e.event.Kind == Done {
		e.Registers[SP] = sp
	}
}

// pop takes size bytes from the stack.
func (e *exec) pop(size int) Term {
	sp := e.Registers[SP]
	x := e.load(sp, size)
	if e.event.Kind == Done {
		e.Registers[SP] = sp.plus(uint64(size))
	}
	return x
}
