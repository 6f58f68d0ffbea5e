package program

import "tasm/lang"

// Event is one thing that a source tells the format that it is assembled to. They are
// kept, in the order of the source, where an output shows nothing else (dbg).
type Event struct {
	Kind EventKind
	// Name is that of the section, symbol, directive or instruction, Text what stands
	// behind it.
	Name, Text string
	// Parent is the label that local labels belong to here.
	Parent string
	// Place is where the statement stands; Absolute is set outside of all sections.
	Place    lang.Value
	Absolute bool
	Value    lang.Value // of a symbol
	Symbol   SymbolClass
	Equ      bool
	Used     bool  // of an external symbol: something refers to it
	Size     int64 // of a common variable, or an alignment, in bytes
	Source   *lang.Statement

	// Of what is placed:
	Bits     int
	Operands int // of the instruction's form
	Pieces   []Piece
}

// EventKind says what an Event is about.
type EventKind uint8

const (
	OpensSection EventKind = iota
	DefinesLabel
	DeclaresSymbol // EXTERN, REQUIRED, COMMON
	Aligns         // the section at hand
	Directs        // a directive of the format
	Advises        // a pragma of the format
	Places
)

// SymbolClass is how a symbol was declared.
type SymbolClass uint8

const (
	LocalSymbol SymbolClass = iota
	StaticSymbol
	GlobalSymbol
	ExternSymbol
	RequiredSymbol
	CommonSymbol
	SpecialSymbol // whose name begins with two dots
)

// Piece is what a statement places by itself: bytes, a field, or room.
type Piece struct {
	Kind  PieceKind
	Size  int64  // bytes
	Bytes []byte // of a Raw piece
	Value lang.Value
	// Signed and Unsigned say how a field of fewer bits than a register is extended,
	// if either is certain.
	Signed, Unsigned bool
	// Offset is where the piece stands in its instruction or item, which is Length
	// bytes long.
	Offset, Length int64
}

// PieceKind says what a Piece is.
type PieceKind uint8

const (
	Raw PieceKind = iota
	Reserved
	Address  // a number, or the address of something
	Distance // from the end of the instruction, or from the place that Value has subtracted
	SegmentPiece
	Zeros // behind a field that the format has no address for
)
