package linux

// ABI is one way for a program to call the kernel.
type ABI struct {
	Name        string // "i386" or "x86-64"
	Target      string // the Target whose programs use it: "linux/386"
	Bits        int    // mode of the code: 32 or 64
	PointerSize int    // bytes of an address and of a C long
	Number      string // register that holds the number of the call
	Args        []string
	Result      string // register that receives the result
	Instruction Instruction
	// Clobbers are the registers besides Result that the call may change.
	// Every other register and the flags come back as they were.
	Clobbers []string

	index int // in the per-ABI arrays of this package
}

// Instruction is the machine instruction that makes a system call.
type Instruction struct {
	Mnemonic  string
	Immediate []int64 // its operands, all of them constants
}

// MaxErrno bounds the error numbers: a call that fails returns the negated
// number, and a result from -MaxErrno to -1 is always an error
// (kernel include/linux/err.h).
const MaxErrno = 4095

// I386 is the convention of int 0x80. In 64-bit code it works too, with
// arguments and result cut to 32 bits, where the kernel has IA-32 emulation
// (kernel arch/x86/entry/entry_64_compat.S).
var I386 = &ABI{
	Name:        "i386",
	Target:      "linux/386",
	Bits:        32,
	PointerSize: 4,
	Number:      "eax",
	Args:        []string{"ebx", "ecx", "edx", "esi", "edi", "ebp"},
	Result:      "eax",
	Instruction: Instruction{"int", []int64{0x80}},
	index:       0,
}

// X8664 is the convention of the syscall instruction. The processor leaves the
// return address in rcx and the flags in r11; a kernel that uses FRED keeps
// both as they were, so neither content may be relied on. The kernel looks at
// eax alone for the number (kernel arch/x86/entry/entry_64.S).
var X8664 = &ABI{
	Name:        "x86-64",
	Target:      "linux/amd64",
	Bits:        64,
	PointerSize: 8,
	Number:      "rax",
	Args:        []string{"rdi", "rsi", "rdx", "r10", "r8", "r9"},
	Result:      "rax",
	Instruction: Instruction{Mnemonic: "syscall"},
	Clobbers:    []string{"rcx", "r11"},
	index:       1,
}

const numABIs = 2

// Target is a system that programs are built for.
type Target struct {
	OS, Arch string // as container images name them: "linux", "386"
	ABI      *ABI
	Machine  uint16 // ELF e_machine
	Class    uint8  // ELF e_ident[EI_CLASS]: 1 for 32 bits, 2 for 64
}

// String returns the name of the target as a source spells it, "linux/386".
func (t Target) String() string { return t.OS + "/" + t.Arch }

// Targets returns every target, the first being the one with the smallest
// programs.
func Targets() []Target {
	return []Target{
		{OS: "linux", Arch: "386", ABI: I386, Machine: 3, Class: 1},
		{OS: "linux", Arch: "amd64", ABI: X8664, Machine: 62, Class: 2},
	}
}

// TargetFor returns the target with the given name, such as "linux/386".
func TargetFor(name string) (Target, bool) {
	for _, t := range Targets() {
		if t.String() == name {
			return t, true
		}
	}
	return Target{}, false
}

// ABIFor returns the system call convention of the target with the given name.
func ABIFor(target string) (*ABI, bool) {
	t, ok := TargetFor(target)
	return t.ABI, ok
}
