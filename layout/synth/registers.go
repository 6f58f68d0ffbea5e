package synth

import "slices"

// Names of registers in the order of their numbers, by size in bytes.
var (
	names8    = []string{"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"}
	namesHigh = []string{"ah", "ch", "dh", "bh"}
	names32   = []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"}
	names64   = []string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
)

// registerNumber returns the number of a full register of either mode.
func registerNumber(name string) uint8 {
	if i := slices.Index(names32, name); i >= 0 {
		return uint8(i)
	}
	return uint8(slices.Index(names64, name))
}
