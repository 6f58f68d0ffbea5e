package synth

import (
	"context"
	"errors"
	"fmt"

	"tasm/layout/elf"
	"tasm/linux"
)

// Plan is what a program does: a straight run of system calls, whatever the
// kernel answers to each.
type Plan struct {
	ABI *linux.ABI
	// Blobs are the bytes that the calls read through addresses.
	Blobs [][]byte
	Calls []Call // the last one never returns
	// Words are the words of the initial stack whose values are known, by index.
	Words map[int]uint64
	// KeepsReturn tells that syscall leaves the return address in rcx.
	KeepsReturn bool
	// Idle are calls that may be made besides: they do nothing, and return 0. All
	// their arguments are Constant or Unread.
	Idle []Call
}

// Call is one system call.
type Call struct {
	Number uint64
	// Args are in the order of ABI.Args; the zero Value stands for a register
	// that the call does not read.
	Args []Value
}

// ValueKind says where the value of an argument comes from.
type ValueKind uint8

const (
	Unread    ValueKind = iota // the call does not look at it
	Constant                   // Number
	Address                    // the address of Blobs[Index], Number bytes further on
	StackAddr                  // the stack pointer at entry plus Number, in bytes
	StackWord                  // the word number Index above the stack pointer at entry: 0 is argc, 1+i is argv[i]
	ResultOf                   // what call number Index returned
)

// Value is what an argument register must hold.
type Value struct {
	Kind   ValueKind
	Index  int
	Number int64
}

// Const returns the Value of a number.
func Const(n int64) Value { return Value{Kind: Constant, Number: n} }

// AddressOf returns the Value of the address of a blob.
func AddressOf(blob int) Value { return Value{Kind: Address, Index: blob} }

// Options are what a search depends on besides the Plan.
type Options struct {
	Loader *elf.Loader // nil is elf.Linux
	// MaxCharge is the most memory that the loader may commit for the file, in
	// bytes; 0 means elf.DefaultCharge.
	MaxCharge uint64
	// Effort bounds the search: 0 is the default, and each unit more doubles it.
	Effort int
	// Upper limits the result: only files smaller than it are of interest, in
	// bytes; 0 means any.
	Upper int64
	// Context ends the search early, with the best file so far; nil means never.
	Context context.Context
	// Progress is told of better results and bounds; it may be nil. It is
	// called by one goroutine at a time.
	Progress func(best, bound int64, doing string)
}

// Data is a piece of data of the result.
type Data struct {
	Offset int // in the file, in bytes
	Length int // in bytes, as far as it lies in the file
}

// Step is an instruction of the result, in the order in which they first run.
type Step struct {
	Offset int    // in the file, in bytes
	Length int    // in bytes
	Remark string // which header fields it runs through; empty for none
}

// Result is the smallest file that was found.
type Result struct {
	elf.Finished
	Steps []Step
	Data  []Data // where the blobs lie, or their pieces
	// Bound is a size in bytes: no file in Space is smaller.
	Bound int64
	Space string
	// Nodes is the number of machine states that the search looked at.
	Nodes int64
	// Tried tells that all smaller files were tried that are possible by the
	// estimates, if these are wrong by no more than so many bytes; it is -1 where
	// the search ended before.
	Tried int
	// Chosen tells that these are files with the data in the ways of arranging them
	// that were chosen, because there are more.
	Chosen bool
}

// ErrNone says that the search ended without a file smaller than Options.Upper.
var ErrNone = errors.New("no file was found")

// Whole is the space of files of which a search knows a bound in any case.
const Whole = "files with one program header in which every piece of data lies whole"

// check reports a Plan that makes no sense.
func (p *Plan) check() error {
	if len(p.Calls) == 0 {
		return errors.New("the plan has no calls")
	}
	for i, c := range p.Calls {
		if len(c.Args) > len(p.ABI.Args) {
			return fmt.Errorf("call %d has %d arguments", i, len(c.Args))
		}
		for _, v := range c.Args {
			switch {
			case v.Kind == Address && (v.Index < 0 || v.Index >= len(p.Blobs)):
				return fmt.Errorf("call %d: there is no blob %d", i, v.Index)
			case v.Kind == ResultOf && (v.Index < 0 || v.Index >= len(p.Calls)):
				return fmt.Errorf("call %d: there is no call %d", i, v.Index)
			case v.Kind == StackWord && (v.Index < 0 || v.Index > 1<<16):
				return fmt.Errorf("call %d: there is no word %d on the stack", i, v.Index)
			}
		}
	}
	return nil
}
