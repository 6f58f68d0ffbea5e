// Package lint warns of what a program will do wrong, before it runs.
//
// Two looks are taken at a program that was laid out as written. The first runs it
// with unknowns for all that it is told from outside (equiv.Survey), within bounds
// of some thousandths of a second, and tells where it comes to a bad end; system
// calls on the way are held against the table of calls. The second reads the
// instructions one after the other for what is wrong wherever it stands.
//
// A warning is about a path that the program can take, and about nothing that
// depends on a failing call: what students forget first is warned of, and correct
// programs are left alone.
package lint

import (
	"fmt"
	"slices"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/flow"
	"tasm/lang"
	"tasm/layout"
	"tasm/layout/equiv"
	"tasm/linux"
	"tasm/program"
	"tasm/symbols"
)

// MaxSource is the largest source, in bytes, whose program is worth a look: nobody who
// learns writes more, and to keep the instructions for it takes memory.
const MaxSource = 1 << 18

// maxCode bounds the instructions of a program that is looked at.
const maxCode = 4096

// checker collects warnings.
type checker struct {
	program  *program.Program
	abi      *linux.ABI
	table    *symbols.Table
	messages *diag.Bag
	reported map[diag.Range]bool
	given    map[diag.Range]int // arguments of a statement SYS
	last     []func()           // warnings that give way to all others about a statement
}

// Check returns warnings about a program for Linux. It may be slow and is silent
// about programs of more than some thousand instructions.
func Check(p *program.Program, files *diag.Files) *diag.Bag {
	c := &checker{program: p, messages: &diag.Bag{}, reported: map[diag.Range]bool{}, given: map[diag.Range]int{}}
	abi, ok := linux.ABIFor(p.Target)
	if !ok || p.Bits != abi.Bits || len(p.Externs) > 0 || p.Instructions() > maxCode {
		return c.messages
	}
	file, said := layout.Plain(p, layout.Options{})
	if file == nil || said.Errors() > 0 {
		return c.messages
	}
	c.abi, c.table = abi, symbols.New(file, p, files)
	c.read() // first, because it knows more of what it finds
	graph := flow.Build(p)
	graph.Doubts = slices.DeleteFunc(graph.Doubts, func(d flow.Doubt) bool { return d.Leaves }) // is warned of
	troubles := equiv.Survey(file.Bytes, c.table.IsCode, layout.Objects(file, graph))
	for i := range troubles {
		c.trouble(&troubles[i])
	}
	for _, warn := range c.last {
		warn()
	}
	return c.messages
}

// at returns where the statement of an address stands.
func (c *checker) at(address uint64) diag.Range {
	if s := c.table.At(address); s != nil {
		return s.Range
	}
	return diag.Range{}
}

// warn adds a warning about a statement, the first one only.
func (c *checker) warn(at diag.Range, class, cure, format string, args ...any) {
	if c.reported[at] || at == (diag.Range{}) {
		return
	}
	c.reported[at] = true
	c.messages.Add(diag.Warningf(class, at, "%s", fmt.Sprintf(format, args...)).Notef("%s", cure))
}

// exitCure is how programs end, for each ABI.
func (c *checker) exitCure() string {
	if c.abi == linux.X8664 {
		return "end the program with: sys exit, 0 (mov eax, 60; xor edi, edi; syscall)"
	}
	return "end the program with: sys exit, 0 (mov eax, 1; mov ebx, 0; int 0x80)"
}

// trouble makes a warning of what the survey has found.
func (c *checker) trouble(t *equiv.Trouble) {
	at := c.at(t.Address)
	switch t.Kind {
	case equiv.RunsOut:
		c.warn(at, "run-past-end", c.exitCure(), "behind this the program runs on into what is no code")
	case equiv.ReturnsEntry:
		c.warn(at, "run-return", "a program is not called, so there is nothing to return to; "+c.exitCure(), "this returns from the entry: it takes the number of arguments for an address")
	case equiv.Strays:
		c.warn(at, "run-return", strayCure(t.Instruction), "the program %s", t.Reason)
	case equiv.Divides:
		c.warn(at, "run-division", divisionCure(t.Instruction), "this %s", t.Reason)
	case equiv.Loops:
		c.warn(at, "run-endless", "nothing in the loop changes what would end it; count a register down, or leave with a conditional jump", "this loop never ends: the same state comes again and again")
	case equiv.Raises:
		c.warn(at, "run-instruction", "programs under Linux run without the kernel's rights", "this %s", t.Reason)
	case equiv.Touches:
		c.touches(at, t)
	case equiv.Calls:
		c.call(at, t)
	}
}

// strayCure is what to do about an instruction that goes where no code is; in may be nil.
func strayCure(in *x86.Decoded) string {
	switch {
	case in == nil:
	case in.Form.Flow() == x86.Return:
		return "a RET needs the stack as CALL left it, every PUSH taken back by a POP"
	case len(in.Operands) > 0 && in.Operands[0].Kind == x86.MemoryOperand:
		return "brackets stand for what is stored at an address: without them a jump or CALL goes to the label itself"
	}
	return "a jump or CALL needs the address of code"
}

// divisionCure is what to do about a division; in may be nil.
func divisionCure(in *x86.Decoded) string {
	upper, extend := "edx", "cdq"
	if in != nil && len(in.Operands) > 0 {
		size := in.Operands[0].Size
		if r := x86.RegisterInfo(in.Operands[0].Register); r != nil {
			size = int(r.Size)
		}
		switch size {
		case 1:
			return "the divisor must not be 0, and the quotient of ax has to fit into al; larger numbers are divided by a 16-bit or 32-bit register"
		case 2:
			upper, extend = "dx", "cwd"
		case 8:
			upper, extend = "rdx", "cqo"
		}
	}
	return fmt.Sprintf("the divisor must not be 0, and %s, the upper half of what is divided, is to be cleared (xor %[1]s, %[1]s) or extended (%s) before", upper, extend)
}

// lowest is the first address that a program can have memory at
// (/proc/sys/vm/mmap_min_addr).
const lowest = 0x10000

// touches is about memory that the program does not have.
func (c *checker) touches(at diag.Range, t *equiv.Trouble) {
	does := "reads"
	if t.Write {
		does = "writes"
	}
	section := c.table.Section(t.Target)
	switch {
	case t.Known && section != nil && t.Write && section.Flags&program.Write == 0:
		name := c.table.Name(t.Target)
		if name == "" {
			name = fmt.Sprintf("%#x", t.Target)
		}
		cure := "put " + name + " into section .data (or .bss) to write to it"
		if section.Flags&program.Exec != 0 {
			cure = "instructions can't be changed while they run; what changes belongs into section .data"
		}
		c.warn(at, "run-read-only", cure, "this writes to %s in section %s, which is read-only: the program would die of it", name, section.Name)
	case t.Known && t.Target < lowest:
		cure := "[register] is memory at the address in the register: was it set, and is the address meant or the value?"
		if fixedOperand(t.Instruction) {
			cure = "brackets make memory of a number: for the number itself write it without them"
		}
		c.warn(at, "run-memory", cure, "this %s memory at %#x, where no program has any", does, t.Target)
	default:
		what, cure := c.beyond(does, t)
		c.warn(at, "run-memory", cure, "this %s", what)
	}
}

// fixedOperand reports whether an instruction has an operand in memory at a number, without
// registers; in may be nil.
func fixedOperand(in *x86.Decoded) bool {
	return in != nil && slices.ContainsFunc(in.Operands, func(o x86.Operand) bool {
		return o.Kind == x86.MemoryOperand && !slices.ContainsFunc(o.Value.Terms(), func(t lang.Term) bool { return t.Kind == lang.RegisterTerm })
	})
}

// near is how far behind a label an address is still taken for one that was made from it.
const near = 1 << 12

// elementCure is what to do about an access beyond what a label stands for.
const elementCure = "an element's address is LABEL + SIZE*NUMBER, with numbers from 0; a loop has to end where the data does"

// beyond describes an access outside of the program's data by the label that it was
// probably meant for, with what to do.
func (c *checker) beyond(does string, t *equiv.Trouble) (what, cure string) {
	what, cure = t.Reason, "the address lies outside of what the program has"
	if !t.Known {
		return what, cure
	}
	for _, l := range c.table.Labels() {
		if s := c.table.Section(l.Address); l.Address > t.Target || t.Target-l.Address > near || s == nil || s.Flags&program.Exec != 0 {
			continue
		}
		_, room, _ := c.room(l.Address, 0)
		switch offset := int64(t.Target - l.Address); {
		case offset >= room:
			what, cure = fmt.Sprintf("%s memory at %s+%d, and %s ends at %s+%d", does, l.Name, offset, l.Name, l.Name, room), elementCure
		case offset+int64(t.Size) > room:
			what = fmt.Sprintf("%s %d bytes at %s, which has %d", does, t.Size, name(l.Name, offset), room-offset)
			cure = "an access is as large as its register: a byte takes a register such as al (movzx eax, byte [LABEL] makes 32 bits of it)"
		}
	}
	return what, cure
}

// name is a label and a distance from it.
func name(label string, offset int64) string {
	if offset == 0 {
		return label
	}
	return fmt.Sprintf("%s+%d", label, offset)
}
