package lint

import (
	"fmt"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/linux"
	"tasm/program"
)

// interrupts are numbers that other systems have services at.
var interrupts = map[int64]string{
	0x10: "int 0x10 is a service of a PC's firmware (BIOS)", 0x13: "int 0x13 is a service of a PC's firmware (BIOS)",
	0x16: "int 0x16 is a service of a PC's firmware (BIOS)", 0x20: "int 0x20 ends a program of DOS", 0x21: "int 0x21 is the call of DOS",
	80: "80 is decimal", 60: "60 is decimal",
}

// reader follows the instructions of a section one after the other, without their
// jumps.
type reader struct {
	*checker
	// call is the system call since which no flag was set, with its name if known;
	// sinceCall tells that there is one.
	call      *linux.Syscall
	sinceCall bool
	number    int64 // that was moved into the register of the number; -1 for unknown
	// tested is the last instruction that set the flags, nil after a label.
	tested *x86.Instruction
	result *linux.Syscall // whose result is in the register for it, nil if unknown
	// wrote is a call that passes bytes on, whose result nobody has looked at yet; nil
	// if there is none. wroteAt is where it stands.
	wrote   *linux.Syscall
	wroteAt diag.Range
	// clobbered are the registers that a system call has changed, and nobody has set since.
	clobbered map[lang.RegisterID]bool
	// loaded are the registers that SYS has loaded for arguments of a call.
	loaded map[lang.RegisterID]argument
}

// argument is an argument of a system call.
type argument struct {
	call *linux.Syscall
	linux.Arg
}

// read looks at all code, in the order of the source.
func (c *checker) read() {
	labels := map[lang.SegmentID]map[int64]bool{}
	for _, s := range c.program.Symbols {
		if id, ok := s.Value.Segment(); ok && !s.Equ {
			if labels[id] == nil {
				labels[id] = map[int64]bool{}
			}
			labels[id][s.Value.N] = true
		}
	}
	for _, s := range c.program.Sections {
		r := &reader{checker: c, number: -1}
		for i := range s.Fragments {
			f := &s.Fragments[i]
			if labels[s.ID][f.Offset] || f.Kind != program.Code {
				*r = reader{checker: c, number: -1}
			}
			if f.Kind == program.Code && f.Instruction != nil && f.Form != nil && f.Source != nil {
				r.instruction(f, f.Source.Range)
			}
		}
	}
}

// instruction looks at one instruction.
func (r *reader) instruction(f *program.Fragment, at diag.Range) {
	in, name := f.Instruction, x86.MnemonicName(f.Form.Mnemonic())
	r.memory(f, at)
	r.ignored(f)
	r.lost(f, at)
	switch {
	case name == "int":
		r.interrupt(in, at)
		r.sys(f.Source, at)
	case f.Form.Flow() == x86.SystemCall:
		r.called()
		r.fast(name, at)
		r.passesOn(at)
		r.sys(f.Source, at)
	case f.Form.Flow() == x86.Branch:
		r.branch(f, name, at)
	default:
		r.plain(f, name)
	}
}

// memory looks at an operand that is memory at a label and a number.
func (r *reader) memory(f *program.Fragment, at diag.Range) {
	forms := f.Form.Operands()
	for i := range f.Instruction.Operands {
		o := &f.Instruction.Operands[i]
		id, ok := o.Value.Segment()
		if o.Kind != x86.MemoryOperand || !ok || i >= len(forms) || forms[i].Access&x86.Address != 0 || len(o.Value.Terms()) != 1 {
			continue
		}
		s := r.program.Section(id)
		if s != nil && (o.Value.N < 0 || o.Value.N >= s.Size) {
			where := fmt.Sprintf("%d bytes behind the end", o.Value.N-s.Size)
			if o.Value.N < 0 {
				where = fmt.Sprintf("%d bytes before the beginning", -o.Value.N)
			}
			r.warn(at, "run-memory", "an element's address is LABEL + SIZE*NUMBER, with numbers from 0", "this uses memory %s of section %s", where, s.Name)
		}
	}
}

// interrupt looks at INT.
func (r *reader) interrupt(in *x86.Instruction, at diag.Range) {
	if len(in.Operands) == 0 {
		return
	}
	n := in.Operands[0].Value.N & 0xff
	switch n {
	case 0x80:
		r.called()
		r.passesOn(at)
	case 3, 4, 1:
	default:
		what := interrupts[n]
		if what == "" {
			what = fmt.Sprintf("programs may not raise interrupt %#x", n)
		}
		r.warn(at, "run-interrupt", fmt.Sprintf("%s; Linux is called by int 0x80", what), "interrupt %#x does nothing here but end the program: Segmentation fault", n)
	}
}

// called notes a system call.
func (r *reader) called() {
	r.call, r.result = nil, nil
	if s, ok := linux.ByNumber(r.abi, int(r.number)); ok && r.number >= 0 {
		r.call, r.result = s, s
	}
	r.sinceCall, r.tested, r.number = true, nil, -1
}

// fast notes what SYSCALL and its like change. In 32-bit code it is another instruction.
func (r *reader) fast(name string, at diag.Range) {
	if name == "syscall" && r.abi.Bits == 32 {
		r.warn(at, "run-abi", "call the kernel with int 0x80, or write for 64 bits: target linux/amd64", "syscall in 32-bit code is no instruction of Intel's processors")
	}
	r.clobbered = map[lang.RegisterID]bool{}
	for _, name := range r.abi.Clobbers {
		r.clobbered[x86.LookupRegister(name)] = true
	}
}

// sys looks at the arguments that SYS was not given: their registers still hold what
// another call was given for something else.
func (r *reader) sys(statement *lang.Statement, at diag.Range) {
	body, ok := statement.Body.(*lang.Syscall)
	if !ok {
		return
	}
	call, ok := linux.Lookup(body.Name.Text)
	if !ok {
		return
	}
	r.given[at] = len(body.Args)
	if r.loaded == nil {
		r.loaded = map[lang.RegisterID]argument{}
	}
	for i, a := range call.Args(r.abi) {
		register := x86.LookupRegister(r.abi.Args[i])
		before, stale := r.loaded[x86.Widest(register)]
		if i >= len(body.Args) && stale && before.Kind != a.Kind {
			r.warn(at, "run-arguments", fmt.Sprintf("write: sys %s, with a value for %s (%s)", call.Name, a.Name, a.Words(call.Args(r.abi))),
				"%s is not given its %s: %s still holds %s of %s", call.Name, a.Name, r.abi.Args[i], before.Name, before.call.Name)
		}
		if i < len(body.Args) {
			r.loaded[x86.Widest(register)] = argument{call, a}
		}
	}
	r.call, r.result = call, call
	r.passesOn(at)
}

// passesOn notes a call that may pass on less than it is given.
func (r *reader) passesOn(at diag.Range) {
	if r.result == nil || r.result.Result != linux.Part {
		return
	}
	for _, a := range r.result.Args(r.abi) {
		if a.Kind == linux.In || a.Kind == linux.Gather {
			r.wrote, r.wroteAt = r.result, at
		}
	}
}

// ignored looks at whether an instruction takes the result of the last write, or loses
// it.
func (r *reader) ignored(f *program.Fragment) {
	if r.wrote == nil {
		return
	}
	result := x86.Widest(x86.LookupRegister(r.abi.Result))
	read, written := false, false
	registers(f, func(id lang.RegisterID, access x86.Access) {
		if id == result {
			read, written = read || access&x86.Read != 0, written || access&x86.Write != 0
		}
	})
	switch {
	case read, f.Form.Flow() != x86.Next && !written:
		r.wrote = nil
	case written:
		at, call := r.wroteAt, r.wrote
		r.last = append(r.last, func() {
			r.warn(at, "run-ignored", fmt.Sprintf("a failure is below 0, and a pipe may take less than was asked for: test %s, %s and JS behind it", r.abi.Result, r.abi.Result),
				"nobody looks at the result of %s", call.Name)
		})
		r.wrote = nil
	}
}

// registers calls touch for the general registers, each as its widest form, that an
// instruction reads or writes. One that is set to 0 by an instruction with itself is
// not read.
func registers(f *program.Fragment, touch func(id lang.RegisterID, access x86.Access)) {
	forms, operands := f.Form.Operands(), f.Instruction.Operands
	if len(operands) == 2 && operands[0].Kind == x86.RegisterOperand && operands[1].Kind == x86.RegisterOperand && operands[0].Register == operands[1].Register {
		if name := x86.MnemonicName(f.Form.Mnemonic()); name == "xor" || name == "sub" {
			touch(x86.Widest(operands[0].Register), x86.Write)
			return
		}
	}
	for i := range operands {
		o := &operands[i]
		switch {
		case o.Kind == x86.RegisterOperand && i < len(forms):
			touch(x86.Widest(o.Register), forms[i].Access)
		case o.Kind == x86.MemoryOperand:
			for _, t := range o.Value.Terms() {
				if t.Kind == lang.RegisterTerm {
					touch(x86.Widest(lang.RegisterID(t.ID)), x86.Read)
				}
			}
		}
	}
	for _, i := range f.Form.Implicit() {
		if i.Register != 0 {
			touch(x86.Widest(i.Register), i.Access)
		}
	}
}

// lost looks at whether an instruction takes a register that a system call has changed.
func (r *reader) lost(f *program.Fragment, at diag.Range) {
	if len(r.clobbered) == 0 {
		return
	}
	registers(f, func(id lang.RegisterID, access x86.Access) {
		if r.clobbered[id] && access&x86.Read != 0 {
			r.warn(at, "run-registers", "keep it in another register, such as rbx or r12, or PUSH it before the call and POP it behind",
				"%s changes %s: what was there before the call is lost", r.abi.Instruction.Mnemonic, x86.RegisterName(id))
		}
		delete(r.clobbered, id)
	})
}

// branch looks at a conditional jump.
func (r *reader) branch(f *program.Fragment, name string, at diag.Range) {
	read := f.Form.Flags().Read
	if read == 0 {
		return
	}
	if r.sinceCall {
		r.warn(at, "run-flags", fmt.Sprintf("write before it: test %s, %s", r.abi.Result, r.abi.Result), "a system call sets no flags: %s asks for those of an instruction before it", name)
		return
	}
	t := r.tested
	if t == nil || len(t.Operands) < 2 {
		return
	}
	zero, same := isNumber(&t.Operands[1], 0), t.Operands[0].Kind == x86.RegisterOperand && t.Operands[1].Kind == x86.RegisterOperand && t.Operands[0].Register == t.Operands[1].Register
	tester := x86.MnemonicName(t.Mnemonic)
	if read == x86.CF && (tester == "cmp" && zero || tester == "test") {
		r.warn(at, "run-flags", "for signed numbers, such as the results of system calls, use JL, JGE, JS or JNS", "%s asks whether an unsigned number is below 0, which none is", name)
	}
	signed := read == x86.SF || read == x86.SF|x86.OF
	if signed && r.result != nil && r.result.Result == linux.Pointer && (tester == "cmp" && zero || tester == "test" && same) && r.abi.Bits == 32 &&
		t.Operands[0].Kind == x86.RegisterOperand && x86.RegisterName(t.Operands[0].Register) == r.abi.Result {
		r.warn(at, "run-flags", fmt.Sprintf("a failure is between -4095 and -1: cmp %s, -4095 and JAE", r.abi.Result), "%s returns an address, and addresses from 2 GiB on are negative as signed numbers", r.result.Name)
	}
}

func isNumber(o *x86.Operand, n int64) bool {
	return o.Kind == x86.ImmediateOperand && len(o.Value.Terms()) == 0 && o.Value.N == n
}

// plain follows what another instruction does with flags and registers.
func (r *reader) plain(f *program.Fragment, name string) {
	in := f.Instruction
	if f.Form.Flow() != x86.Next {
		*r = reader{checker: r.checker, number: -1}
		return
	}
	if f.Form.Flags().Changed() != 0 {
		r.sinceCall, r.tested = false, in
	}
	if len(in.Operands) == 0 || in.Operands[0].Kind != x86.RegisterOperand || len(f.Form.Operands()) == 0 || f.Form.Operands()[0].Access&x86.Write == 0 {
		return
	}
	if _, sys := f.Source.Body.(*lang.Syscall); !sys {
		delete(r.loaded, x86.Widest(in.Operands[0].Register))
	}
	if x86.Widest(in.Operands[0].Register) == x86.Widest(x86.LookupRegister(r.abi.Number)) {
		r.number, r.result = -1, nil
		if name == "mov" && in.Operands[1].Kind == x86.ImmediateOperand && len(in.Operands[1].Value.Terms()) == 0 && len(f.Fixups) == 0 {
			r.number = in.Operands[1].Value.N
		}
	}
}
