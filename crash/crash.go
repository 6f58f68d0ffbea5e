// Package crash explains in the words of the source why a program died: which
// line, what it did, and what to write instead. It looks at the state in which the
// program stopped and, where the run was recorded, at the step before; so the same
// explanations serve the virtual machine and a process of the real kernel.
package crash

import (
	"fmt"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/linux"
	"tasm/machine"
	"tasm/symbols"
	"tasm/vm"
)

// Machine is a run that has ended: a vm.VM, or a process.Process.
type Machine interface {
	Stop() *vm.Stop
	Bits() int
	IP() uint64
	Instruction() *x86.Decoded
	Register(n int) uint64
	Memory(address uint64, out []byte) int
	Segment(address uint64) *machine.Segment
	Last() (vm.Change, bool)
	Continue() bool // a step beyond the limit of steps
}

// Explain says why a run ended that was not the program's own exit. The table may
// be nil: then there is no source to point at.
func Explain(v Machine, t *symbols.Table) *diag.Message {
	e := &explainer{v: v, t: t, stop: v.Stop(), in: v.Instruction()}
	if t != nil {
		if s := t.At(e.stop.IP); s != nil {
			e.statement = s
		}
	}
	m := diag.Errorf(diag.Range{}, "%s: the program %s", e.title(), e.stop.Reason)
	if e.statement != nil {
		m.Range = e.statement.Range
	}
	for _, story := range stories {
		if story(e, m) {
			break
		}
	}
	e.where(m)
	e.registers(m)
	if e.statement != nil {
		e.statement.Expansion.Note(m)
	}
	return m
}

// Misnumbered is the last call of a run that failed as calls do whose number is that of
// the other ABI: its Note is one for every vm.Options.Called.
type Misnumbered struct {
	call *vm.Call
	ip   uint64 // behind the call
}

// Note takes down a call.
func (n *Misnumbered) Note(ip uint64, c *vm.Call) {
	code, ok := linux.Errnos().ByNumber(int(-c.Result))
	if ok && c.Result < 0 && (code.Name == "ENOSYS" || code.Name == "EFAULT") {
		made := *c
		n.call, n.ip = &made, ip
	}
}

// Tell adds to an explanation what the number of the call stands for in both ABIs.
func (n *Misnumbered) Tell(m *diag.Message, t *symbols.Table) {
	if n.call == nil {
		return
	}
	c := n.call
	other := linux.X8664
	if c.ABI == linux.X8664 {
		other = linux.I386
	}
	meant, ok := linux.ByNumber(other, c.Number)
	if !ok || c.Syscall == meant || c.Syscall != nil && !mayMean(meant, other, c.Args) {
		return
	}
	name := "no call"
	if c.Syscall != nil {
		name = c.Syscall.Name
	}
	code, _ := linux.Errnos().ByNumber(int(-c.Result))
	text := fmt.Sprintf("before, a call failed with %s (%s): number %d is %s in the ABI of this call, %s, and %s in the other one, %s",
		code.Name, code.Text, c.Number, name, c.ABI.Name, meant.Name, other.Name)
	if t != nil {
		if s := t.At(n.ip - 1); s != nil {
			m.NoteAt(s.Range, "%s", text)
			return
		}
	}
	m.Notef("%s", text)
}

// mayMean reports whether arguments may have been made for a call, which is not known of
// calls that have one: addresses are large, and what is none is small. Where the first is
// 0, registers of the other ABI may have been set, and these never.
func mayMean(meant *linux.Syscall, abi *linux.ABI, given []uint64) bool {
	const small = 1 << 16 // no program has memory below
	args := meant.Args(abi)
	for i := range args[:min(len(args), len(given))] {
		switch k := args[i].Kind; {
		case given[0] == 0 && given[i] == 0 || k == linux.Opaque || k == linux.Map:
		case k.Memory() && given[i] < small,
			(k == linux.FD || k == linux.DirFD || k == linux.Size) && given[i] >= small:
			return false
		}
	}
	return len(args) > 1
}

// stories know what is behind certain ends. The first that recognises one says it.
var stories = []func(*explainer, *diag.Message) bool{
	(*explainer).noCode, (*explainer).notCode, (*explainer).division, (*explainer).privileged,
	(*explainer).readOnly, (*explainer).stackFull, (*explainer).nearZero, (*explainer).elsewhere,
	(*explainer).goesRound, (*explainer).waits,
}

type explainer struct {
	v         Machine
	t         *symbols.Table
	stop      *vm.Stop
	in        *x86.Decoded       // where the run ended; nil if there is no instruction
	statement *symbols.Statement // there; nil if the source has none
}

// title is what a shell says of such an end.
func (e *explainer) title() string {
	switch e.stop.Kind {
	case vm.Killed:
		code, _ := linux.Signals().ByNumber(e.stop.Status)
		if text, ok := signalTitles[e.stop.Status]; ok {
			return text + " (" + code.Name + ")"
		}
		return code.Name
	case vm.Unmodelled:
		return "not modelled"
	case vm.Limited:
		return "stopped at a limit"
	case vm.Waiting:
		return "waits for ever"
	}
	return "ended"
}

// signalTitles are the words of shells for signals.
var signalTitles = map[int]string{
	4: "Illegal instruction", 5: "Trace/breakpoint trap", 6: "Aborted", 7: "Bus error",
	8: "Floating point exception", 9: "Killed", 11: "Segmentation fault", 13: "Broken pipe",
}

// where tells the address where no line can be shown.
func (e *explainer) where(m *diag.Message) {
	if e.statement != nil {
		return
	}
	text := fmt.Sprintf("it happened at %#x", e.stop.IP)
	if name := e.name(e.stop.IP); name != "" {
		text += " (" + name + ")"
	}
	if e.in != nil {
		text += ", in the instruction " + e.in.String()
	}
	m.Notef("%s", text)
}

// name describes an address by a label, "" if there is none.
func (e *explainer) name(address uint64) string {
	if e.t == nil {
		return ""
	}
	return e.t.Name(address)
}

// at describes an address with its label, if it has one.
func (e *explainer) at(address uint64) string {
	if name := e.name(address); name != "" {
		return fmt.Sprintf("%#x, which is %s", address, name)
	}
	return fmt.Sprintf("%#x", address)
}

// registers tells what the registers of the instruction held.
func (e *explainer) registers(m *diag.Message) {
	if e.in == nil {
		return
	}
	var parts []string
	seen := map[int]bool{}
	add := func(id lang.RegisterID) {
		r := x86.RegisterInfo(id)
		if r == nil || r.Class != x86.General {
			return
		}
		n := int(r.Number)
		if r.High {
			n -= 4
		}
		if !seen[n] {
			seen[n] = true
			whole := x86.RegisterName(x86.GeneralRegister(n, e.v.Bits()/8))
			text := fmt.Sprintf("%s = %#x", whole, e.v.Register(n))
			if name := e.name(e.v.Register(n)); name != "" {
				text += " (" + name + ")"
			}
			parts = append(parts, text)
		}
	}
	for i := range e.in.Operands {
		o := &e.in.Operands[i]
		switch o.Kind {
		case x86.RegisterOperand:
			add(o.Register)
		case x86.MemoryOperand:
			for _, t := range o.Value.Terms() {
				if t.Kind == lang.RegisterTerm {
					add(lang.RegisterID(t.ID))
				}
			}
		}
	}
	for _, i := range e.in.Form.Implicit() {
		if i.Register != 0 {
			add(i.Register)
		}
	}
	if len(parts) > 0 {
		m.Notef("%s", strings.Join(parts, ", "))
	}
}

const exitCure = "end the program with 'sys exit, 0', or the instructions for it, behind its last one"

// noCode explains a jump to where no code is.
func (e *explainer) noCode(m *diag.Message) bool {
	if e.in != nil || e.stop.Kind != vm.Killed || e.stop.Event.Exception != machine.PageFault {
		return false
	}
	ip := e.stop.IP
	if last := e.before(ip); last != nil {
		e.pastEnd(m, last)
		return true
	}
	if change, ok := e.v.Last(); ok && e.t != nil {
		if s := e.t.At(change.IP); s != nil {
			m.Range, e.statement = s.Range, s
		}
	}
	if e.returned() {
		m.Text = fmt.Sprintf("%s: RET took %#x from the stack, which is no return address", e.title(), ip)
		if e.atEntry() {
			m.Notef("at the entry of a program the stack holds the number of its arguments and no return address: a program ends with an exit call, not with RET")
		}
		m.Notef("every PUSH needs its POP before RET, and the stack pointer must be where it was after the CALL")
		return true
	}
	m.Notef("a jump or call through a register or memory went there: was the pointer ever set, and does it hold the label's address and not the bytes at it?")
	return true
}

// returned reports whether it was RET that led to where the run ended.
func (e *explainer) returned() bool {
	if change, ok := e.v.Last(); ok {
		var code [x86.MaxLength]byte
		var in x86.Decoded
		n := e.v.Memory(change.IP, code[:])
		return x86.Decode(e.v.Bits(), code[:n], int64(change.IP), &in) && in.Form.Flow() == x86.Return
	}
	// RET leaves the address just below the stack pointer; a CALL would have left
	// the one behind itself at it.
	word := uint64(e.v.Bits() / 8)
	sp := e.v.Register(machine.SP)
	if e.word(sp-word) != e.stop.IP {
		return false
	}
	return e.t == nil || e.t.At(e.word(sp)) == nil || !e.t.IsCode(e.word(sp)-1)
}

// atEntry reports whether what RET took was the number of arguments: above it lies
// the address of the program's name, on the stack.
func (e *explainer) atEntry() bool {
	const most = 1 << 16
	sp := e.v.Register(machine.SP)
	stack := e.v.Segment(sp)
	return e.stop.IP > 0 && e.stop.IP < most && stack != nil && e.v.Segment(e.word(sp)) == stack
}

// word reads a word of memory; 0 where there is none.
func (e *explainer) word(address uint64) uint64 {
	b := make([]byte, e.v.Bits()/8)
	e.v.Memory(address, b)
	return little(b)
}

// before returns the statement that ends where an address begins.
func (e *explainer) before(address uint64) *symbols.Statement {
	if e.t == nil || e.t.At(address) != nil {
		return nil
	}
	return e.t.At(address - 1)
}

func (e *explainer) pastEnd(m *diag.Message, last *symbols.Statement) {
	m.Text = fmt.Sprintf("%s: the program runs past its last instruction into what follows", e.title())
	m.Range = last.Range
	e.statement = last
	m.Notef("%s", exitCure)
}

// notCode explains a run through bytes that the source does not mean to be code.
func (e *explainer) notCode(m *diag.Message) bool {
	if e.t == nil || len(e.t.Statements()) == 0 || e.stop.Kind != vm.Killed && e.stop.Kind != vm.Unmodelled {
		return false
	}
	if e.statement == nil {
		// Where the code is followed by nothing, zeros run up to the end of the page.
		last := uint64(0)
		for _, at := range e.t.Statements() {
			if at <= e.stop.IP {
				last = at
			}
		}
		s := e.t.At(last)
		if s == nil || e.stop.IP-last > 1<<13 || e.v.Segment(last) != e.v.Segment(e.stop.IP) || e.in == nil && e.stop.Event.Exception == machine.PageFault {
			return e.behindData(m)
		}
		e.pastEnd(m, s)
		return true
	}
	if e.t.IsCode(e.stop.IP) {
		return false
	}
	m.Text = fmt.Sprintf("%s: the program runs into data, and takes it for instructions", e.title())
	m.Notef("the line before it goes on here: %s", exitCure)
	e.in = nil
	return true
}

// behindData explains a run through data and on, to where the source has nothing.
func (e *explainer) behindData(m *diag.Message) bool {
	const page = 1 << 12
	for at := e.stop.IP; at > e.stop.IP-page && e.v.Segment(at) == e.v.Segment(e.stop.IP); at-- {
		s := e.t.At(at)
		switch {
		case s == nil:
			continue
		case e.t.IsCode(at):
			return false
		}
		m.Text = fmt.Sprintf("%s: the program has jumped into data, and takes it for instructions", e.title())
		m.Range, e.statement, e.in = s.Range, s, nil
		m.Notef("a jump, a call or RET went there: was the label of an instruction meant, or a pointer to one?")
		return true
	}
	return false
}

// division explains DIV and IDIV.
func (e *explainer) division(m *diag.Message) bool {
	if e.stop.Event.Exception != machine.DivideError || e.in == nil {
		return false
	}
	divisor, known := uint64(0), false
	if o := &e.in.Operands[0]; o.Kind == x86.RegisterOperand && !e.in.APX {
		r := x86.RegisterInfo(o.Register)
		n, shift := int(r.Number), 0
		if r.High {
			n, shift = n-4, 8
		}
		divisor, known = e.v.Register(n)>>shift&(^uint64(0)>>(64-8*r.Size)), true
	}
	if known && divisor == 0 {
		m.Text = fmt.Sprintf("%s: the program divides by 0", e.title())
		m.Notef("compare the divisor with 0 before, and jump to what is to happen then")
		return true
	}
	m.Notef("the quotient must fit: DIV takes its dividend from two registers (edx:eax, dx:ax or ah:al), so the upper one is to be cleared before, as with 'xor edx, edx'; IDIV wants it filled with the sign, by CDQ, CWD or CQO")
	return true
}

// privileged explains what only a kernel may do.
func (e *explainer) privileged(m *diag.Message) bool {
	if e.stop.Event.Exception != machine.Protection {
		return false
	}
	if e.in != nil && x86.MnemonicName(e.in.Form.Mnemonic()) == "int" {
		m.Notef("a program calls the kernel of Linux by 'int 0x80'; 0x21, 0x10 and their like belong to DOS and the BIOS, and 80 without 0x is another number")
		return true
	}
	m.Notef("the system keeps such instructions to itself: ask it by a system call")
	return true
}

// access returns the refused access, and false where there was none.
func (e *explainer) access() (address uint64, verb string, ok bool) {
	r := e.stop.Event.Refused
	if r == nil {
		return 0, "", false
	}
	address, ok = r.Address.Constant()
	verb = "reads"
	if r.Write {
		verb = "writes"
	}
	return address, fmt.Sprintf("%s %s", verb, bytesOf(r.Size)), ok
}

func bytesOf(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// preposition goes with a verb.
func preposition(verb string) string {
	if strings.HasPrefix(verb, "writes") {
		return "to"
	}
	return "at"
}

// readOnly explains a write to what may not be written.
func (e *explainer) readOnly(m *diag.Message) bool {
	address, verb, ok := e.access()
	s := e.v.Segment(address)
	if !ok || s == nil || s.Write || !e.stop.Event.Refused.Write {
		return false
	}
	place := "memory that may only be read"
	if e.t != nil {
		if section := e.t.Section(address); section != nil && section.Name != "" {
			place = "section " + section.Name + ": read-only"
		}
	}
	m.Text = fmt.Sprintf("%s: the program %s to %s, in %s", e.title(), verb, e.at(address), place)
	name := e.name(address)
	if i := strings.IndexByte(name, '+'); i >= 0 {
		name = name[:i]
	}
	if name != "" {
		m.Notef("put %s into section .data to write to it", name)
	} else {
		m.Notef("what is to be written belongs into section .data or .bss")
	}
	return true
}

// stackFull explains a stack that is used up.
func (e *explainer) stackFull(m *diag.Message) bool {
	address, _, ok := e.access()
	sp := e.v.Register(machine.SP)
	const near = 1 << 20
	if !ok || address > sp || sp-address > near || e.v.Segment(address) != nil {
		return false
	}
	above := e.v.Segment(address + near)
	if above == nil || !above.Write || !strings.Contains(above.Name, "stack") {
		return false
	}
	m.Text = fmt.Sprintf("%s: the stack is used up", e.title())
	m.Notef("a subroutine that calls itself needs a way to end, and a loop must not push more than it pops; the stack holds 8 MiB")
	return true
}

// nearZero explains pointers that were never set, and brackets around numbers.
func (e *explainer) nearZero(m *diag.Message) bool {
	address, verb, ok := e.access()
	const small = 1 << 16
	if !ok || address >= small || e.v.Segment(address) != nil {
		return false
	}
	m.Text = fmt.Sprintf("%s: the program %s %s %#x, where no memory is", e.title(), verb, preposition(verb), address)
	o := e.memoryOperand()
	switch {
	case o == nil:
		m.Notef("a pointer register holds a small number instead of an address: was it ever set?")
	case len(o.Value.Terms()) == 0:
		m.Notef("brackets make memory of a number: for the number itself write it without them")
	default:
		m.Notef("a register in the brackets holds a small number instead of an address: was it ever set, or set from '[label]' where 'label' was meant?")
	}
	return true
}

// memoryOperand returns the operand that is memory, nil if none is.
func (e *explainer) memoryOperand() *x86.Operand {
	if e.in == nil {
		return nil
	}
	for i := range e.in.Operands {
		if o := &e.in.Operands[i]; o.Kind == x86.MemoryOperand {
			return o
		}
	}
	return nil
}

// elsewhere explains any other access to where nothing is.
func (e *explainer) elsewhere(m *diag.Message) bool {
	address, verb, ok := e.access()
	if !ok {
		return false
	}
	m.Text = fmt.Sprintf("%s: the program %s %s %#x, where no memory is", e.title(), verb, preposition(verb), address)
	if e.t != nil {
		var last *symbols.Label
		for i, l := range e.t.Labels() {
			if l.Address <= address {
				last = &e.t.Labels()[i]
			}
		}
		const reach = 1 << 20
		if last != nil && address-last.Address < reach {
			m.Notef("it is %d bytes behind %s: an index or a counter goes too far", address-last.Address, last.Name)
			return true
		}
	}
	if e.v.Bits() == 64 && e.v.Segment(address) == nil && address<<32>>32 == address {
		m.Notef("an address of 64 bits may have been cut to 32: use the whole register for it")
	}
	return true
}

// goesRound explains a limit of steps: the lines that the program goes round.
func (e *explainer) goesRound(m *diag.Message) bool {
	if e.stop.Kind != vm.Limited || e.t == nil {
		return false
	}
	lines, condition := e.loop()
	if len(lines) == 0 {
		return false
	}
	m.Text += ", and goes round"
	m.Range = lines[0].Range
	e.statement, e.in = &lines[0], nil
	for _, s := range lines[1:] {
		m.NoteAt(s.Range, "then here")
	}
	if condition != "" {
		m.Notef("%s", condition)
	}
	return true
}

// loop goes on for a while and returns the lines that the program goes round, in
// the order in which they run, and what is said of its first branch.
func (e *explainer) loop() (lines []symbols.Statement, condition string) {
	const most, shown = 1 << 12, 8
	seen := map[symbols.Line]bool{}
	var branch *symbols.Statement
	var name string
	taken, not := 0, 0
	for range most {
		in, ip := e.v.Instruction(), e.v.IP()
		if in == nil {
			return nil, ""
		}
		s := e.t.At(ip)
		if s != nil && !seen[s.Line] {
			seen[s.Line] = true
			if len(lines) < shown {
				lines = append(lines, *s)
			}
		}
		if s != nil && branch == nil && in.Form.Flow() == x86.Branch {
			branch, name = s, x86.MnemonicName(in.Form.Mnemonic())
		}
		if !e.v.Continue() {
			return nil, ""
		}
		if branch != nil && s != nil && s.Line == branch.Line {
			if e.v.IP() == ip+uint64(in.Length) {
				not++
			} else {
				taken++
			}
		}
	}
	switch {
	case branch != nil && not == 0:
		condition = fmt.Sprintf("%s in line %d jumps each time: what is to end the loop never comes true", name, branch.Number)
	case branch != nil && taken == 0:
		condition = fmt.Sprintf("%s in line %d never jumps: what is to end the loop never comes true", name, branch.Number)
	}
	return lines, condition
}

// waits explains a program that nobody answers.
func (e *explainer) waits(m *diag.Message) bool { return e.stop.Kind == vm.Waiting }

func little(b []byte) uint64 {
	n := uint64(0)
	for i, x := range b {
		n |= uint64(x) << (8 * i)
	}
	return n
}
