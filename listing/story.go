package listing

import (
	"fmt"
	"strings"

	"tasm/codegen/x86"
	"tasm/linux"
	"tasm/machine"
	"tasm/vm"
)

// Step is an instruction as it runs, and what it does.
type Step struct {
	Address uint64 // in memory
	Text    string // the instruction
	Does    string // "eax = 4", "write(1, ...) = 24"
}

// Bounds of the story of a file.
const (
	storySteps = 48
	storyText  = 24 // bytes of a text that is shown
)

// tell runs the file in the virtual machine, without arguments and input, and keeps
// what its first instructions do. A program with an interpreter is not run.
func (l *Listing) tell() {
	v, err := vm.New(l.Bytes, vm.Options{Args: []string{"program"}, Stdin: strings.NewReader(""), MaxSteps: storySteps, Record: 1 << 16})
	if err != nil {
		return
	}
	sp := x86.RegisterName(x86.GeneralRegister(machine.SP, v.Bits()/8))
	l.Start = fmt.Sprintf("at the start every register is 0, but %s, which points to the number of arguments on the stack", sp)
	for {
		in, at := v.Instruction(), v.IP()
		if in == nil {
			break
		}
		s := Step{Address: at, Text: in.String()}
		ok := v.Step()
		change, recorded := v.Last()
		switch stop := v.Stop(); {
		case ok && recorded:
			s.Does = does(v, in, &change)
		case stop != nil && stop.Kind == vm.Limited:
			l.End = fmt.Sprintf("and so on; these are the first %d instructions", storySteps)
			return
		case stop != nil:
			s.Does = "the program " + stop.Reason
			if stop.Call != nil {
				s.Does = callWords(v, stop.Call) + ": " + s.Does
			}
		}
		l.Story = append(l.Story, s)
		if !ok {
			break
		}
	}
}

// does tells in words what a step changed.
func does(v *vm.VM, in *x86.Decoded, c *vm.Change) string {
	if c.Call != nil {
		return callWords(v, c.Call)
	}
	var list []string
	for _, r := range c.Registers {
		name := x86.RegisterName(x86.GeneralRegister(r.Number, v.Bits()/8))
		list = append(list, name+" = "+valueWords(v, r.New))
	}
	list = append(list, memoryWords(c.Memory)...)
	if len(list) == 0 && in.Form.Flow() != x86.Next {
		return fmt.Sprintf("goes on at %#x", v.IP())
	}
	if changed := in.Form.Flags().Changed(); len(list) == 0 && changed != 0 {
		return "sets flags"
	}
	return strings.Join(list, ", ")
}

// memoryWords tells what was written to memory; of many places only where.
func memoryWords(changes []vm.MemoryChange) []string {
	const few = 2
	var list []string
	if len(changes) > few {
		low, high := changes[0].Address, changes[0].Address
		for _, m := range changes {
			low, high = min(low, m.Address), max(high, m.Address+uint64(len(m.New)))
		}
		return []string{fmt.Sprintf("keeps %d values from %#x to %#x", len(changes), low, high-1)}
	}
	for _, m := range changes {
		list = append(list, fmt.Sprintf("memory at %#x = % x", m.Address, m.New))
	}
	return list
}

// valueWords shows a value, and the text that it is the address of.
func valueWords(v *vm.VM, n uint64) string {
	text := fmt.Sprintf("%#x", n)
	if n < 10 {
		text = fmt.Sprint(n)
	}
	if shown := textAt(v, n, storyText); shown != "" {
		text += ", the address of " + shown
	}
	return text
}

// textAt returns the printable text at an address, quoted; "" where there is none of
// at least three characters.
func textAt(v *vm.VM, address uint64, most int) string {
	b := make([]byte, most)
	b = b[:v.Memory(address, b)]
	n := 0
	for n < len(b) && b[n] >= ' ' && b[n] < 0x7f {
		n++
	}
	const least = 3
	if n < least {
		return ""
	}
	if n == most {
		return fmt.Sprintf("%q...", b[:n])
	}
	return fmt.Sprintf("%q", b[:n])
}

// callWords writes a system call with what it was given.
func callWords(v *vm.VM, c *vm.Call) string {
	if c.Syscall == nil {
		return fmt.Sprintf("system call %d, which Linux does not have", c.Number)
	}
	var args []string
	for i, a := range c.Syscall.Args(c.ABI) {
		if i >= len(c.Args) {
			break
		}
		switch n := c.Args[i]; {
		case a.Kind == linux.In && len(c.Data) > 0:
			args = append(args, fmt.Sprintf("%q", c.Data))
		case a.Kind.Memory():
			args = append(args, fmt.Sprintf("%#x", n))
		default:
			args = append(args, fmt.Sprint(int64(int32(n))))
		}
	}
	text := fmt.Sprintf("%s(%s)", c.Syscall.Name, strings.Join(args, ", "))
	if c.Syscall.NoReturn() {
		return text
	}
	if code, ok := linux.Errnos().ByNumber(int(-c.Result)); ok && c.Result < 0 {
		return fmt.Sprintf("%s = -%s (%s)", text, code.Name, code.Text)
	}
	return fmt.Sprintf("%s = %d", text, c.Result)
}
