package parser

import (
	"sort"

	"tasm/lang"
)

// testVocabulary is a small instruction set for tests of the parser.
type testVocabulary struct{}

var (
	testMnemonics = []string{
		"mov", "add", "sub", "lea", "inc", "dec", "push", "pop", "jmp", "call", "ret", "nop", "int", "xor",
		"movsb", "movsd", "loop", "je", "jmp", "pause", "syscall", "fadd", "cmp", "vaddps", "in", "out",
	}
	testRegisters = []string{
		"al", "ah", "ax", "bx", "si", "di", "bp", "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "rax", "rbx", "rcx", "rdi", "rsi",
		"es", "cs", "ss", "ds", "fs", "gs", "st0", "st1", "xmm0", "zmm1", "zmm2", "k1", "cr0", "bl", "cl", "r8",
	}
	testPrefixes = []string{
		"lock", "rep", "repe", "repne", "repz", "repnz", "a16", "a32", "a64", "o16", "o32", "o64", "xacquire", "xrelease", "bnd", "wait", "{evex}", "{vex}",
	}
	testWords = func() map[string]lang.WordClass {
		m := map[string]lang.WordClass{}
		for _, w := range testMnemonics {
			m[w] = lang.MnemonicWord
		}
		for _, w := range testRegisters {
			m[w] = lang.RegisterWord
		}
		for _, w := range testPrefixes {
			m[w] = lang.PrefixWord
		}
		return m
	}()
)

func indexOf(list []string, name string) int32 {
	for i, s := range list {
		if s == name {
			return int32(i + 1)
		}
	}
	return 0
}

func (testVocabulary) Lookup(name string) (lang.WordClass, int32) {
	switch class := testWords[name]; class {
	case lang.MnemonicWord:
		return class, indexOf(testMnemonics, name)
	case lang.RegisterWord:
		return class, indexOf(testRegisters, name)
	case lang.PrefixWord:
		return class, indexOf(testPrefixes, name)
	}
	return lang.NotReserved, 0
}

func (testVocabulary) SegmentPrefix(r lang.RegisterID) (int32, bool) {
	first := lang.RegisterID(indexOf(testRegisters, "es"))
	if r < first || r >= first+6 {
		return 0, false
	}
	return 100 + int32(r-first), true
}

func (testVocabulary) Mnemonics() []string {
	list := append([]string(nil), testMnemonics...)
	sort.Strings(list)
	return list
}

var (
	_ lang.Vocabulary      = testVocabulary{}
	_ lang.SegmentPrefixes = testVocabulary{}
	_ lang.WordList        = testVocabulary{}
)
