package machine

import (
	"tasm/codegen/x86"
	"tasm/linux"
)

// Call is a system call as the program makes it.
type Call struct {
	ABI    *linux.ABI
	Number Term // 32 bits, which are all that the kernel looks at
	// Syscall is the row of the table of system calls; nil if the number is
	// not known or there is none.
	Syscall *linux.Syscall
	// Args are the values that the call takes, as wide as the ABI's registers.
	Args []Term
}

// Call returns the system call that the state's registers ask for.
func (s *State) Call(abi *linux.ABI) Call {
	return s.CallOf(abi, s.named(abi.Number, 32))
}

// CallOf is like Call, for a number that more is known of than the register tells.
func (s *State) CallOf(abi *linux.ABI, number Term) Call {
	c := Call{ABI: abi, Number: number}
	n, ok := c.Number.Constant()
	if !ok {
		return c
	}
	if c.Syscall, ok = linux.ByNumber(abi, int(int32(n))); ok {
		for i := range c.Syscall.Args(abi) {
			c.Args = append(c.Args, s.named(abi.Args[i], abi.Bits))
		}
	}
	return c
}

// named returns the low bits of the register with a name.
func (s *State) named(name string, width int) Term {
	r := x86.RegisterInfo(x86.LookupRegister(name))
	return s.Terms.Extract(s.Registers[r.Number], 0, width)
}

// Return puts the result of a system call, of the ABI's width, into its
// register and leaves in those that the call may change what nobody can tell,
// or with KeepsReturn what the processor puts there.
func (s *State) Return(abi *linux.ABI, result Term) {
	register := func(name string) *Term { return &s.Registers[x86.RegisterInfo(x86.LookupRegister(name)).Number] }
	if abi.Bits < s.Bits { // int 0x80 in 64-bit code
		result = s.Terms.Concat(s.Terms.Undefined(s.Bits-abi.Bits), result)
	}
	*register(abi.Result) = result
	for _, name := range abi.Clobbers {
		*register(name) = s.Terms.Undefined(s.Bits)
	}
	if s.KeepsReturn && abi == linux.X8664 {
		*register("rcx"), *register("r11") = s.IP, s.FlagsRegister()
	}
}
