package synth

import (
	"fmt"
	"math/bits"

	"tasm/codegen/x86"
	"tasm/machine"
)

// val is what is known of the content of a register or of a word of the stack:
// a kind in the low four bits and a signed number above them.
type val uint64

type kind uint8

const (
	junk   kind = iota // anything; nothing may depend on it
	number             // that number
	file               // the address of the file's byte at that offset
	stack              // the stack pointer at entry plus that many bytes
	word               // what the word with that index above the stack pointer holds at entry
	result             // what the call with that index returned
	piece              // the word in the file at that offset, where a piece of a blob lies
)

func of(k kind, n int64) val { return val(n<<4) | val(k) }

func (v val) kind() kind { return kind(v & 15) }
func (v val) n() int64   { return int64(v) >> 4 }

func (v val) String() string {
	return fmt.Sprintf("%s%+d", [...]string{"junk", "", "file", "sp", "word", "result", "piece"}[v.kind()], v.n())
}

// plus returns v and a number; junk where it can't be represented.
func plus(v val, n int64) val {
	if sum := of(v.kind(), v.n()+n); sum.n() == v.n()+n {
		return sum
	}
	return of(junk, 0)
}

// num returns the val of a number of size bytes in a register; junk where it
// can't be represented.
func num(n uint64, size int) val {
	n &= mask(size)
	if v := of(number, int64(n)); uint64(v.n()) == n {
		return v
	}
	return of(junk, 0)
}

// mask returns the bits of a number of size bytes.
func mask(size int) uint64 { return ^uint64(0) >> (64 - 8*size) }

const (
	stackBelow = 24 // words below the stack pointer at entry that can be followed
	stackAbove = 8  // words above it that can be changed
	// stackWords are there in any case: argc, two ends of lists, and the auxiliary
	// vector, of which the kernel gives at least 16 pairs (fs/binfmt_elf.c
	// create_elf_tables).
	stackWords = 32
)

// allFlags are the flags that are followed.
const allFlags = x86.CF | x86.PF | x86.AF | x86.ZF | x86.SF | x86.OF | x86.DF

// state is what is known of the machine.
type state struct {
	reg  [16]val
	slot [stackBelow + stackAbove]val // words of the stack, upwards
	// flags holds the flags under known.
	known, flags x86.FlagSet
	dirty        bool // words at or above the stack pointer at entry have changed
}

// initial returns the state in which Linux starts a process (linux.Entry), with
// words of the stack that are known besides, of ptr bytes.
func initial(words map[int]uint64, ptr int) state {
	var s state
	for i := range s.reg {
		s.reg[i] = of(number, 0)
	}
	s.reg[sp] = of(stack, 0)
	for i := range stackAbove {
		s.slot[stackBelow+i] = of(word, int64(i))
		if n, ok := words[i]; ok {
			s.slot[stackBelow+i] = num(n, ptr)
		}
	}
	s.known = allFlags
	return s
}

// Numbers of registers.
const (
	ax = machine.AX
	cx = machine.CX
	dx = machine.DX
	sp = machine.SP
	bp = machine.BP
	si = machine.SI
	di = machine.DI
)

// slotAt returns the index of the word of the stack at an offset from the stack
// pointer at entry; it may be outside of those that are followed.
func slotAt(offset int64, ptr int) (int, bool) {
	if offset&int64(ptr-1) != 0 {
		return 0, false
	}
	return int(offset>>bits.TrailingZeros(uint(ptr))) + stackBelow, true
}

// load reads the word of the stack with an index.
func (s *state) load(i int) (val, bool) {
	switch {
	case i >= stackBelow+stackWords:
		return 0, false
	case i >= len(s.slot):
		return of(word, int64(i-stackBelow)), true
	case i >= 0:
		return s.slot[i], true
	}
	return 0, false
}

func (s *state) store(i int, v val) bool {
	if i < 0 || i >= len(s.slot) {
		return false
	}
	s.slot[i] = v
	s.dirty = s.dirty || i >= stackBelow
	return true
}

// pop takes a word off the stack; it fails when the stack pointer is lost.
func (s *state) pop(ptr int) (val, bool) {
	top := s.reg[sp]
	if top.kind() != stack {
		return 0, false
	}
	i, ok := slotAt(top.n(), ptr)
	if !ok {
		return 0, false
	}
	s.reg[sp] = of(stack, top.n()+int64(ptr))
	return s.load(i)
}
