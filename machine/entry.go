package machine

import (
	"fmt"
	"math"

	"tasm/codegen/x86"
	"tasm/linux"
)

const (
	stackBytes = 8 << 20 // the stack's usual limit
	// entryWords are the words at entry that a symbolic state knows of. At
	// least so many are there in any process: argc, the name, the zeros behind
	// argv and envp, and twenty auxiliary values (fs/binfmt_elf.c
	// create_elf_tables); behind them may lie the strings.
	entryWords = 24
)

// Start returns the state in which Linux starts any process: the stack pointer
// is an unknown, and so is every word that it points to (see linux.ABI.Entry), but
// for those of which words gives the value, by index. Memory holds the stack alone,
// and IP is 0.
func Start(t *Terms, abi *linux.ABI, words map[int]uint64) *State {
	s, word := start(t, abi)
	sp := t.Unknown(Unknown{Origin: StackPointer, Width: abi.Bits})
	s.Registers[SP] = sp
	s.Memory.Strings = true
	s.Memory.Map(&Segment{Name: "the stack", Base: sp, Low: -stackBytes, High: int64(entryWords * word), Read: true, Write: true,
		Execute: abi.Bits == 32, // arch/x86/include/asm/elf.h elf_read_implies_exec
		Initial: func(offset int64) Byte {
			if offset < 0 {
				return Byte{Of: t.Unknown(Unknown{Origin: BelowStack, Width: 8, Index: offset})}
			}
			u := Unknown{Origin: EntryWord, Width: 8 * word, Index: offset / int64(word)}
			b := Byte{Of: t.Unknown(u), Index: uint8(offset % int64(word))}
			if n, ok := words[int(u.Index)]; ok {
				b.Of = Number(8*word, n)
			}
			return b
		}})
	return s
}

// start returns the part of the state at entry that is the same in every
// process, and the size of a word in bytes.
func start(t *Terms, abi *linux.ABI) (*State, int) {
	s := NewState(t, abi.Bits)
	for _, r := range abi.Entry().Registers {
		id := x86.LookupRegister(r.Name)
		if info := x86.RegisterInfo(id); info != nil && info.Class == x86.General {
			s.SetRegister(id, Number(8*int(info.Size), r.Value))
		}
	}
	return s, abi.PointerSize
}

// Process is what the kernel was told when it started a process.
type Process struct {
	Args, Env []string
	// StackTop is the address behind the strings, below which the stack lies.
	StackTop uint64
	// File is the name of the executable as execve was given it, which lies behind the
	// strings in front of a word of 0 (fs/exec.c do_execveat_common); nothing does for "".
	File string
	// Auxiliary are the auxiliary values, pairs of type and value.
	Auxiliary [][2]uint64
}

// StartWith returns the state in which Linux starts a certain process. Memory
// holds the stack alone, and IP is 0.
func StartWith(t *Terms, abi *linux.ABI, p Process) (*State, error) {
	s, word := start(t, abi)
	entry := abi.Entry()
	var strings []byte
	var offsets [2][]int
	for i, list := range [][]string{p.Args, p.Env} {
		for _, text := range list {
			offsets[i] = append(offsets[i], len(strings))
			strings = append(append(strings, text...), 0)
		}
	}
	if p.File != "" {
		strings = append(append(strings, p.File...), make([]byte, 1+word)...)
	}
	words := 1 + len(p.Args) + 1 + len(p.Env) + 1 + 2*len(p.Auxiliary) + 2
	size := uint64(words*word + len(strings))
	if size > stackBytes/4 || p.StackTop < stackBytes || p.StackTop > math.MaxInt64 {
		return nil, fmt.Errorf("arguments of %d bytes don't fit the stack", size)
	}
	first := p.StackTop - uint64(len(strings))
	sp := (first - uint64(words*word)) &^ uint64(entry.StackAlign-1)
	content := make([]byte, p.StackTop-sp)
	copy(content[first-sp:], strings)
	at := 0
	put := func(v uint64) {
		for i := range word {
			content[at+i] = byte(v >> (8 * i))
		}
		at += word
	}
	put(uint64(len(p.Args)))
	for _, list := range offsets {
		for _, offset := range list {
			put(first + uint64(offset))
		}
		put(0)
	}
	for _, pair := range p.Auxiliary {
		put(pair[0])
		put(pair[1])
	}
	s.Registers[SP] = Number(abi.Bits, sp)
	s.Memory.Map(&Segment{Name: "the stack", Base: Number(abi.Bits, 0), Low: int64(p.StackTop) - stackBytes, High: int64(p.StackTop),
		Read: true, Write: true, Execute: abi.Bits == 32,
		Initial: func(offset int64) Byte {
			if offset < int64(sp) {
				return Const(0)
			}
			return Const(content[offset-int64(sp)])
		}})
	return s, nil
}
