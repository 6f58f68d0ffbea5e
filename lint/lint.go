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

	"tasm/diag"
	"tasm/flow"
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
	told     map[diag.Range]bool
	last     []func() // warnings that give way to all others about a statement
}

// Check returns warnings about a program for Linux. It may be slow and is silent
// about programs of more than some thousand instructions.
func Check(p *program.Program, files *diag.Files) *diag.Bag {
	c := &checker{program: p, messages: &diag.Bag{}, told: map[diag.Range]bool{}}
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
	if c.told[at] || at == (diag.Range{}) {
		return
	}
	c.told[at] = true
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
		c.warn(at, "run-return", "a RET needs the stack as CALL left it, every PUSH taken back by a POP; a jump needs the address of code", "the program %s", t.Reason)
	case equiv.Divides:
		c.warn(at, "run-division", "the divisor must not be 0, and edx, the upper half of what is divided, is to be cleared (xor edx, edx) or extended (cdq) before", "this %s", t.Reason)
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
		c.warn(at, "run-read-only", "put "+name+" into section .data (or .bss) to write to it", "this writes to %s in section %s, which is read-only: the program would die of it", name, section.Name)
	case t.Known && t.Target < lowest:
		c.warn(at, "run-memory", "[register] is memory at the address in the register: was it set, and is the address meant or the value?", "this %s memory at %#x, where no program has any", does, t.Target)
	default:
		c.warn(at, "run-memory", "the address lies outside of what the program has", "this %s", c.beyond(does, t))
	}
}

// near is how far behind a label an address is still taken for one that was made from it.
const near = 1 << 12

// beyond describes an access outside of the program's data by the label that it was
// probably meant for.
func (c *checker) beyond(does string, t *equiv.Trouble) string {
	if !t.Known {
		return t.Reason
	}
	text := t.Reason
	for _, l := range c.table.Labels() {
		if s := c.table.Section(l.Address); l.Address > t.Target || t.Target-l.Address > near || s == nil || s.Flags&program.Exec != 0 {
			continue
		}
		_, room, _ := c.room(l.Address, 0)
		if offset := t.Target - l.Address; int64(offset) >= room || int64(offset)+int64(t.Size) > room {
			text = fmt.Sprintf("%s memory at %s+%d, and %s ends at %s+%d", does, l.Name, offset, l.Name, l.Name, room)
		}
	}
	return text
}
