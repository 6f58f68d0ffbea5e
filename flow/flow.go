// Package flow shows a program as an optimiser needs to see it: blocks of
// instructions with the ways between them, and the objects that they refer to,
// free of the addresses and of the order in which the author wrote them.
//
// Build makes a Graph of an assembled program. Where the meaning of a program
// depends on more than the Graph tells (a jump to a computed address, code that
// is read or written as data, distances between labels used as numbers), the
// Graph says so in Doubts, and only layouts that keep everything in place can
// be used for it.
package flow

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/linux"
	"tasm/program"
)

// Graph is the control flow and the data of a program.
type Graph struct {
	Program *program.Program
	ABI     *linux.ABI
	Bits    int // 32 or 64
	Entry   *Block
	Blocks  []*Block  // those that can be reached from Entry, in source order
	Objects []*Object // those that are referred to, in source order
	// Taken are the blocks whose addresses the program or its data hold, where it
	// jumps or calls to a computed address: to one of these it goes.
	Taken  []*Block
	Doubts []Doubt
	// Calls are the system calls that the program can make, where all of its code is
	// seen in spite of doubts and their numbers are known; else nil.
	Calls []*linux.Syscall
}

// Doubt is a reason why the Graph does not tell all about the program.
type Doubt struct {
	Range diag.Range // of the statement that raises it
	Text  string     // one clause: "jumps to a computed address"
	// Advice says what would help, as an order: "end by exit"; "" where nothing is known
	// to.
	Advice string
	// Leaves tells that control leaves the code by the statement, and that nothing before
	// that is in doubt.
	Leaves bool
}

// DoubtJump notes that a statement goes to a computed address that is not one of Taken.
func (g *Graph) DoubtJump(at diag.Range) {
	g.Doubts = append(g.Doubts, Doubt{Range: at, Text: goesComputed.text, Advice: goesComputed.advice})
}

// Block is a run of instructions that is entered only at its first one.
// Control leaves it behind its last instruction: to that one's Target, or to
// Next, or both.
type Block struct {
	ID   int // unique in the Graph
	Name string
	Code []Inst
	// Section and Offset, in bytes, tell where it begins in the source; Section is nil
	// for what an optimiser has added.
	Section *program.Section
	Offset  int64
	// Next is where control goes when the last instruction does not take it
	// elsewhere. It is nil when control never comes there. An unconditional
	// direct jump is not an instruction of the Graph: it is a Next.
	Next *Block
	// Computed is set for the block that stands for all jumps and calls to computed
	// addresses: control goes from there to any block of Taken. They lead to it, as
	// Next or Target, so that nobody who follows control has to know of them. Its
	// instructions are jumps to each of these, and no code is made of it.
	Computed bool
}

// Onward returns where control goes when the last instruction was executed and does
// not take it elsewhere: Next, unless that is an instruction that always does.
func (b *Block) Onward() *Block {
	if n := len(b.Code); b.Computed || n > 0 && b.Code[n-1].Form != nil && b.Code[n-1].Form.Flow() == x86.Jump {
		return nil
	}
	return b.Next
}

// Lost reports whether somebody who changed the graph has lost where control goes by
// computed addresses.
func (g *Graph) Lost() bool {
	for _, b := range g.Blocks {
		n := len(b.Code)
		if n > 0 && b.Onward() == nil && b.Next != nil && !b.Computed && !b.Next.Computed {
			return true
		}
		if b.Computed && (n != len(g.Taken) || slices.ContainsFunc(b.Code, func(in Inst) bool { return !slices.Contains(g.Taken, in.Target) })) {
			return true
		}
	}
	return false
}

// Inst is one instruction.
type Inst struct {
	x86.Instruction
	Form *x86.Form // by which the author's encoding was chosen
	// Target is where a direct branch, loop or call goes; its operand is empty
	// then. (A jump that is not conditional stands in no Code.) Of a call to a
	// computed address it is the block that stands for these.
	Target *Block
	// Refs says of every operand whether its immediate or displacement is an
	// address: then that is the address of Refs[i] plus its Offset, and the
	// operand's own value holds only the registers.
	Refs [x86.MaxOperands]Ref
	// DontCare is how many of the highest bytes of a 32-bit immediate that is pushed
	// may hold anything.
	DontCare int
	Source   *lang.Statement // nil for what an optimiser has added
}

// Direct reports whether the instruction goes to its Target itself.
func (in *Inst) Direct() bool { return in.Target != nil && !in.Target.Computed }

// Ref is an address: of a byte of an object, or of a block.
type Ref struct {
	Object *Object
	Block  *Block
	Offset int64
}

// IsZero reports whether the Ref refers to nothing.
func (r Ref) IsZero() bool { return r.Object == nil && r.Block == nil }

// Object is a run of data that has to stay in one piece.
type Object struct {
	ID      int // unique in the Graph
	Name    string
	Section *program.Section
	// Bytes is what the object holds when the program starts; it is nil for
	// zeros that take no room in the file.
	Bytes []byte
	Size  int64
	Align int64
	Write bool // the program may write to it
	// Refs are the addresses that the data holds.
	Refs []DataRef
	// Fragments are the statements that made the bytes, in order.
	Fragments []*program.Fragment
}

// DataRef is an address in the bytes of an Object.
type DataRef struct {
	At   int64 // of its first byte, in bytes from the object's start
	Size int   // bytes
	To   Ref
}
