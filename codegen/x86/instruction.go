// Package x86 knows the x86 instruction set: which operands an instruction
// takes, every way in which it can be encoded for 16, 32 and 64 bits, and what
// each form reads, writes and changes. All of it is derived from one table of
// instruction forms in the notation of the Intel and AMD manuals.
package x86

import (
	"slices"

	"tasm/lang"
)

// MaxOperands is the largest number of operands that any instruction takes.
const MaxOperands = 5

// MaxLength is the longest instruction that a processor accepts, in bytes.
const MaxLength = 15

// Instruction is one instruction with its operands' values of the moment, as
// the encoder takes it.
type Instruction struct {
	Mnemonic   Mnemonic
	Bits       int  // 16, 32 or 64: the mode that the code runs in
	DefaultRel bool // DEFAULT REL is in force: plain addresses are RIP-relative in 64-bit mode
	// DefaultBound is set where DEFAULT BND is in force: near branches have the BND
	// prefix, but for those that are short.
	DefaultBound bool
	// NoVEX and NoEVEX are set where CPU NOVEX and NOEVEX are in force: such an
	// encoding is taken only where {vex} or {evex} asks for it.
	NoVEX, NoEVEX bool
	LateVEX       bool  // CPU LATEVEX is in force: VEX where {vex} had to be written
	CPU           Level // what is newer is refused
	APX           bool  // CPU APX is in force: its forms are chosen too
	Optimize      Optimization
	Prefixes      []PrefixID
	Operands      []Operand
	// Here is the segment and offset at which the instruction stands; relative
	// branches within the segment are measured from its end.
	Segment lang.SegmentID
	Offset  int64
	// Terse is set where nobody wants a Mismatch explained.
	Terse bool
}

// Optimization is how many of the shorter forms that an instruction admits are
// chosen (nasm manual, 2.1.24, "-O").
type Optimization uint8

const (
	// OptimizeFully takes the shortest form of each number and branch.
	OptimizeFully Optimization = iota
	// OptimizeNumbers leaves branches near unless SHORT is written, and 64-bit
	// registers are loaded with 64 bits.
	OptimizeNumbers
	// OptimizeConditions takes no form in which a number is sign-extended, unless
	// its size is written, and keeps all branches near but those with a condition.
	OptimizeConditions
)

// OperandKind is the shape of an Operand.
type OperandKind uint8

const (
	RegisterOperand OperandKind = iota + 1
	ImmediateOperand
	MemoryOperand
	FarOperand // segment:offset as immediate
)

// Operand is one operand of an Instruction.
type Operand struct {
	Kind     OperandKind
	Size     int // explicit size in bytes, 0 when none was written
	Strict   bool
	To       bool
	Distance lang.Distance
	Register lang.RegisterID // RegisterOperand
	Value    lang.Value      // the immediate, the offset of a far pointer, or the whole effective address with its register terms
	Segment  lang.Value      // FarOperand: the segment part
	Memory   Memory          // MemoryOperand

	Mask      uint8 // {k1} ... {k7}, 0 for none
	Zero      bool  // {z}
	Broadcast uint8 // N of {1toN}, 0 for none
	Rounding  Rounding
	Group     uint8 // N of zmm4+N, which names N registers more
}

// Rounding is a rounding mode that stands after an operand, or the suppression
// of exceptions alone.
type Rounding uint8

const (
	NoRounding   Rounding = iota
	RoundNearest          // {rn-sae}
	RoundDown             // {rd-sae}
	RoundUp               // {ru-sae}
	RoundZero             // {rz-sae}
	SuppressAll           // {sae}
)

// Memory is what an effective address has beside its value.
type Memory struct {
	Segment     lang.RegisterID // override; NoRegister or 0 when none
	DispSize    int             // bytes, 0 when free
	AddressSize int             // bytes, 0 when free
	NoSplit     bool
	IndexAlone  bool // the one register stands behind a comma, so it is the index
	Rel, Abs    bool
}

// roundingNames are the names of the rounding modes, without their braces.
var roundingNames = [...]string{RoundNearest: "rn-sae", RoundDown: "rd-sae", RoundUp: "ru-sae", RoundZero: "rz-sae", SuppressAll: "sae"}

// LookupRounding returns the rounding mode of a name in lower case, as it
// stands in braces.
func LookupRounding(name string) (r Rounding, ok bool) {
	i := slices.Index(roundingNames[:], name)
	return Rounding(max(i, 0)), i > 0
}

// FixupKind says how the bytes of a Fixup are computed from its value.
type FixupKind uint8

const (
	Absolute FixupKind = iota // the value itself
	Relative                  // the value minus the address of the instruction's end
	Selector                  // the segment selector of the value's segment
)

// Fixup is a field of an encoded instruction whose contents only layout can
// know. The bytes at Offset are zero; Value is what belongs there (of an
// effective address the displacement alone).
type Fixup struct {
	Offset uint8 // of the field within the instruction
	Size   uint8 // of the field, in bytes
	Kind   FixupKind
	// SignExtended is set where the processor sign-extends the field: the value
	// must fit as a signed number.
	SignExtended bool
	Operand      uint8 // index of the operand
	Value        lang.Value
}

// Encoding is one way to encode an Instruction.
type Encoding struct {
	Form   *Form
	Bytes  [MaxLength]byte
	Length uint8
	fixups [2]Fixup
	nfix   uint8
	doubts doubts
	starts uint16 // a bit for each byte that begins a piece: a prefix, the opcode, a field
	// displacement is where that of the address stands, or 0.
	displacement uint8
	// Provisional is set when the length was chosen by something that may change
	// in a later pass: a branch distance, or a value marked Unknown or Forward.
	Provisional bool
}

// Code returns the bytes of the encoding.
func (e *Encoding) Code() []byte { return e.Bytes[:e.Length] }

// Fixups returns the fields that layout must fill in.
func (e *Encoding) Fixups() []Fixup { return e.fixups[:e.nfix] }

// JumpOver turns a long conditional jump into the opposite short one over a JMP,
// as processors before the 386 need it. Any other encoding it leaves alone.
func JumpOver(e *Encoding) {
	at := 0 // of the opcode, behind the prefixes
	for at+1 < int(e.Length) && e.Bytes[at] != 0x0F {
		at++
	}
	if at+1 >= int(e.Length) || e.Bytes[at+1]&0xF0 != 0x80 {
		return
	}
	condition, size := e.Bytes[at+1]&0xF^1, e.Length-uint8(at)-2
	copy(e.Bytes[at+3:], e.Bytes[at+2:e.Length])
	e.Bytes[at], e.Bytes[at+1], e.Bytes[at+2] = 0x70|condition, size+1, 0xE9
	e.Length++
	e.Form = nil // it is two instructions now
	if e.nfix == 1 {
		e.fixups[0].Offset++
		return
	}
	field := e.Bytes[at+3 : e.Length] // counts from the end, which is a byte further
	for i := range field {
		if field[i]--; field[i] != 0xFF {
			break
		}
	}
}
