package manual

import (
	"fmt"
	"strings"

	"tasm/assembler"
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/layout"
	"tasm/linux"
	"tasm/vm"
)

// mostSteps bounds the run of an example.
const mostSteps = 100

// runExample runs instructions, with ; between them, in the virtual machine, for the
// first target that has them, and tells what each changes.
func runExample(text string) (Section, bool) {
	for _, target := range linux.Targets() {
		if s, ok := runFor(text, target); ok {
			return s, true
		}
	}
	return Section{}, false
}

func runFor(text string, target linux.Target) (Section, bool) {
	source := fmt.Sprintf("target %s\n_start:\n%s\nnop\n", target, strings.ReplaceAll(text, ";", "\n"))
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("example", []byte(source)), assembler.Options{Instructions: true})
	if p == nil || said.Errors() > 0 {
		return Section{}, false
	}
	file, _ := layout.Plain(p, layout.Options{})
	if file == nil {
		return Section{}, false
	}
	v, err := vm.New(file.Bytes, vm.Options{Args: []string{"example"}, MaxSteps: mostSteps, Record: 1 << 16})
	if err != nil {
		return Section{}, false
	}
	s := Section{Title: "Example, run in the virtual machine"}
	if target.Class == 2 {
		s.Title += " (64 bits)"
	}
	code := p.Sections[0].Fragments
	end := file.Entry + uint64(code[len(code)-1].Offset) // of the NOP that ends the example
	for v.IP() != end {
		in := v.Instruction()
		if in == nil || !v.Step() {
			break
		}
		change, ok := v.Last()
		if !ok {
			break
		}
		s.Rows = append(s.Rows, []string{in.String(), changes(v, in, &change)})
	}
	return s, len(s.Rows) > 0
}

// changes tells what a step changed: registers, and the flags that are set after an
// instruction that sets flags.
func changes(v *vm.VM, in *x86.Decoded, c *vm.Change) string {
	var list []string
	for _, r := range c.Registers {
		name := x86.RegisterName(x86.GeneralRegister(r.Number, v.Bits()/8))
		list = append(list, name+" = "+number(r.New, v.Bits()))
	}
	for _, m := range c.Memory {
		list = append(list, fmt.Sprintf("%d bytes at %#x: % x", len(m.New), m.Address, m.New))
	}
	if c.Call != nil && c.Call.Syscall != nil {
		list = append(list, "calls "+c.Call.Syscall.Name)
	}
	bits, defined := v.Flags()
	changed := in.Form.Flags().Changed()
	var set []string
	for _, f := range flagNames {
		if bit := uint16(1) << flagBit[f.bit]; flagBit[f.bit] > 0 || f.bit == x86.CF {
			if changed&f.bit != 0 && bits&defined&bit != 0 {
				set = append(set, f.name)
			}
		}
	}
	switch {
	case len(set) > 0:
		list = append(list, "set: "+strings.Join(set, " "))
	case changed != 0:
		list = append(list, "no flag set")
	}
	return strings.Join(list, ", ")
}

// flagBit are the bits of the flags register that the virtual machine keeps.
var flagBit = map[x86.FlagSet]int{x86.CF: 0, x86.PF: 2, x86.AF: 4, x86.ZF: 6, x86.SF: 7, x86.DF: 10, x86.OF: 11}

// number shows a value in hexadecimal, and as the decimal number that it is when
// signed, where that is small.
func number(n uint64, bits int) string {
	signed := int64(n)
	if bits == 32 {
		signed = int64(int32(n))
	}
	const small = 100000
	switch {
	case signed >= 0 && signed < 10:
		return fmt.Sprint(signed)
	case signed > -small && signed < small:
		return fmt.Sprintf("%#x (%d)", n, signed)
	}
	return fmt.Sprintf("%#x", n)
}
