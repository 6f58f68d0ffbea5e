package linux

// Entry is the state in which Linux starts a process at the entry point of a
// program that needs no interpreter. Only what is listed may be relied on; the
// selectors in the segment registers, for one, differ between kernels.
type Entry struct {
	Registers []EntryRegister
	// StackPointer is the register that holds the address of the first item of
	// Stack. Its value is random, but a multiple of StackAlign bytes.
	StackPointer string
	StackAlign   int
	Stack        []StackItem // upwards from the stack pointer
	// MinArgc is the least value of argc: the kernel gives an empty argv one
	// empty string. There is no other bound on argc, nor on the environment.
	MinArgc int
}

// EntryRegister is a register with the same value in every process at entry.
type EntryRegister struct {
	Name   string
	Value  uint64
	Source string // file and function of the kernel that settles it
}

// StackItem is a part of what lies on the stack at entry, in words of
// ABI.PointerSize bytes.
type StackItem struct {
	Name   string
	Repeat Repeat
	Words  int // words of one element
	Text   string
}

// Repeat says how many elements a StackItem has.
type Repeat uint8

const (
	// Once is a single element.
	Once Repeat = iota
	// ArgcTimes is as many elements as the item argc says.
	ArgcTimes
	// AnyTimes is any number of elements, none of them starting with a zero
	// word: the item that follows starts with one.
	AnyTimes
)

const (
	initFlags  = 0x202 // IF and the bit that is always set: DF and all of ZF SF CF OF PF AF are clear
	initFCW    = 0x37f // 64-bit precision, round to nearest, exceptions masked
	initMXCSR  = 0x1f80
	stackAlign = 16
)

// Entry returns the state in which the kernel starts a process of the ABI.
func (a *ABI) Entry() *Entry {
	general := []string{"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"}
	sp, flags := "esp", "eflags"
	const asm = "arch/x86/include/asm/elf.h "
	source := asm + "ELF_PLAT_INIT"
	start := "arch/x86/kernel/process_32.c start_thread; process_64.c compat_start_thread"
	if a == X8664 {
		general = []string{
			"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp",
			"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		}
		sp, flags = "rsp", "rflags"
		source = asm + "elf_common_init"
		start = "arch/x86/kernel/process_64.c start_thread"
	}
	entry := &Entry{
		StackPointer: sp,
		StackAlign:   stackAlign, // fs/binfmt_elf.c create_elf_tables, STACK_ROUND
		Stack:        entryStack,
		MinArgc:      1, // fs/exec.c do_execveat_common, since Linux 5.18 and in 5.10.223
	}
	for _, name := range general {
		entry.Registers = append(entry.Registers, EntryRegister{name, 0, source})
	}
	const fpu = "arch/x86/kernel/fpu/core.c fpstate_init_user"
	entry.Registers = append(entry.Registers,
		EntryRegister{flags, initFlags, start},
		EntryRegister{"fcw", initFCW, fpu},
		EntryRegister{"mxcsr", initMXCSR, fpu},
	)
	return entry
}

// entryStack is what fs/binfmt_elf.c create_elf_tables lays out.
var entryStack = []StackItem{
	{"argc", Once, 1, "number of arguments, with the program's name"},
	{"argv", ArgcTimes, 1, "addresses of the arguments"},
	{"argv end", Once, 1, "zero"},
	{"envp", AnyTimes, 1, "addresses of the environment's strings"},
	{"envp end", Once, 1, "zero"},
	{"auxv", AnyTimes, 2, "pairs of type (see AuxTypes) and value; order and choice depend on the kernel"},
	{"auxv end", Once, 2, "AT_NULL and a value"},
}
