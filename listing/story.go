package listing

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/linux"
	"tasm/machine"
	"tasm/vm"
)

// Step is an instruction as it runs, and what it does.
type Step struct {
	Address uint64 // in memory
	Text    string // the instruction
	Does    string // "eax = 4", "write(1, ...) = 24"
	After   string // the registers afterwards that are not 0, without the stack pointer: "eax 1, ecx msg"
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
		s := Step{Address: at, Text: l.named(in.String())}
		ok := v.Step()
		change, recorded := v.Last()
		switch stop := v.Stop(); {
		case ok && recorded:
			s.Does, s.After = l.does(v, in, &change), l.registers(v)
		case stop != nil && stop.Kind == vm.Limited:
			l.End = fmt.Sprintf("and so on; these are the first %d instructions", storySteps)
			return
		case stop != nil:
			s.Does = "the program " + stop.Reason
			if stop.Call != nil {
				s.Does = l.callWords(v, stop.Call) + ": " + s.Does
			}
		}
		l.Story = append(l.Story, s)
		if !ok {
			break
		}
	}
}

// registers lists the registers that are not 0.
func (l *Listing) registers(v *vm.VM) string {
	var list []string
	for i := range v.Bits() / 4 {
		if n := v.Register(i); n != 0 && i != machine.SP {
			list = append(list, registerName(v, i)+" "+l.valueWords(n))
		}
	}
	return strings.Join(list, ", ")
}

func registerName(v *vm.VM, n int) string {
	return x86.RegisterName(x86.GeneralRegister(n, v.Bits()/8))
}

// does tells in words what a step changed.
func (l *Listing) does(v *vm.VM, in *x86.Decoded, c *vm.Change) string {
	if c.Call != nil {
		return l.callWords(v, c.Call)
	}
	name := x86.MnemonicName(in.Form.Mnemonic())
	pops := strings.HasPrefix(name, "pop")
	var list []string
	for _, r := range c.Registers {
		if r.Number == machine.SP && (pops || strings.HasPrefix(name, "push")) {
			continue // which is what these do
		}
		text := registerName(v, r.Number) + " = " + l.valueWords(r.New)
		if shown := textAt(v, r.New, storyText); shown != "" {
			text += ", the address of " + shown
		}
		list = append(list, text)
	}
	if pops && len(list) > 0 {
		return "brings back from the stack: " + strings.Join(list, ", ")
	}
	list = append(list, l.memoryWords(name, c.Memory)...)
	if len(list) == 0 && in.Form.Flow() != x86.Next {
		return "goes on at " + l.address(v.IP())
	}
	if changed := in.Form.Flags().Changed(); len(list) == 0 && changed != 0 {
		return "sets flags"
	}
	return strings.Join(list, ", ")
}

// memoryWords tells what an instruction has written to memory; of many places only where.
func (l *Listing) memoryWords(name string, changes []vm.MemoryChange) []string {
	const few = 2
	var list []string
	if len(changes) > few {
		low, high := changes[0].Address, changes[0].Address
		for _, m := range changes {
			low, high = min(low, m.Address), max(high, m.Address+uint64(len(m.New)))
		}
		if strings.HasPrefix(name, "pusha") {
			return []string{fmt.Sprintf("saves the %d registers on the stack, from %#x to %#x", len(changes), low, high-1)}
		}
		return []string{fmt.Sprintf("writes %d values from %s to %s", len(changes), l.address(low), l.address(high-1))}
	}
	for _, m := range changes {
		if strings.HasPrefix(name, "push") {
			var word [8]byte
			copy(word[:], m.New)
			list = append(list, "saves "+l.valueWords(binary.LittleEndian.Uint64(word[:]))+" on the stack")
			continue
		}
		list = append(list, fmt.Sprintf("memory at %s = % x", l.address(m.Address), m.New))
	}
	return list
}

// address shows an address, by its label where there is one.
func (l *Listing) address(n uint64) string { return cmp.Or(l.labels[n], fmt.Sprintf("%#x", n)) }

// valueWords shows a value, which may be the address of a label.
func (l *Listing) valueWords(n uint64) string {
	if label := l.labels[n]; label != "" && n > elf.PageSize {
		return fmt.Sprintf("%s (%#x)", label, n)
	}
	if n < 10 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%#x", n)
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
func (l *Listing) callWords(v *vm.VM, c *vm.Call) string {
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
			args = append(args, l.address(n))
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
