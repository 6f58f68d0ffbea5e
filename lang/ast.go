// Package lang is the language without its spelling: the syntax tree that the
// parser makes of a source file, and the values of its expressions. It knows
// neither how sources are read nor which bytes come of them.
package lang

import "tasm/diag"

// Statement is one logical line: an optional label, an optional repeat count
// and what the line asks for. Body is nil for a line that only has a label.
type Statement struct {
	Range diag.Range
	// Expansion is the chain of macro calls that the line comes from, or nil.
	Expansion *Expansion
	Label     *Label
	Times     Expr // TIMES count, or nil
	Body      Body
}

// Place returns where a debugger should find the statement: its line, or, for
// a line of the assembler's own macros, the line that calls them.
func (s *Statement) Place() diag.Range {
	at := s.Range
	for e := s.Expansion; e != nil; e = e.Parent {
		if e.Hidden {
			at = e.Call
		}
	}
	return at
}

// Expansion is one call of a multi-line macro, a %rep or an %include.
type Expansion struct {
	What   string // "macro 'print'", "%rep", "file included"
	Call   diag.Range
	Parent *Expansion
	// Hidden is set where the lines of the call count as the line that calls:
	// those of the assembler's own macros, and of macros with .nolist.
	Hidden bool
}

// maxCalls bounds how many calls a message lists.
const maxCalls = 8

// Note adds to m, a message about a line of the expansion, the calls that the
// line comes from, the innermost first. Both may be nil.
func (e *Expansion) Note(m *diag.Message) *diag.Message {
	if m == nil {
		return nil
	}
	for n := 0; e != nil; e = e.Parent {
		if n++; n > maxCalls {
			return m.Notef("and so on")
		}
		m.NoteAt(e.Call, "in %s, called here", e.What)
	}
	return m
}

// Label defines a symbol at the place where it stands.
type Label struct {
	Range diag.Range
	ID    int32  // as in Symbol
	Name  string // as written: "msg", ".loop", "..@special"; a leading $ is removed
	Colon bool   // written with a colon
}

// Body is what a statement asks for: one of the types below.
type Body interface{ body() }

// Prefix is an instruction prefix as written: LOCK, REP, A32, O16, a segment
// register, and so on. ID is the code generator's.
type Prefix struct {
	Range diag.Range
	Name  string
	ID    int32
}

// Instruction is a machine instruction.
type Instruction struct {
	Range    diag.Range // of the mnemonic
	Name     string     // the mnemonic, lower case
	ID       int32      // the code generator's number for it
	Prefixes []Prefix
	Operands []Operand
}

// Data is DB, DW, DD, DQ, DT, DO, DY or DZ.
type Data struct {
	Range diag.Range
	Width int // bytes of one item
	Items []DataItem
}

// DataItem is one comma-separated item of a Data statement: an expression, a
// string, a question mark (uninitialised), or a DUP group.
type DataItem struct {
	Range         diag.Range
	Width         uint8 // size override of the item (db word 5), or 0
	Uninitialised bool
	Value         Expr       // nil when Uninitialised or Group is set; a *String alone is stored byte by byte
	Count         Expr       // of N DUP (...), or nil
	Group         []DataItem // the items of a DUP
}

// Reserve is RESB, RESW, ... RESZ: Count items of Width bytes without contents.
type Reserve struct {
	Range diag.Range
	Width int
	Count Expr
}

// Incbin includes the bytes of a file.
type Incbin struct {
	Range        diag.Range
	Name         diag.Range
	Path         string
	Skip, Length Expr // or nil
}

// Equ gives the statement's label a value.
type Equ struct {
	Range   diag.Range
	Segment Expr // of segment:offset, or nil
	Value   Expr
}

// Directive is an instruction to the assembler whose arguments need no
// grammar of their own: bits, use16, org, default, cpu, global, extern, ...
// The primitive form in brackets and the plain form give the same Directive.
type Directive struct {
	Range diag.Range
	Name  string // lower case
	Args  []Arg
	Text  string // all that stands behind the name, where somebody asks for it
}

// Arg is one argument of a Directive: a word, or name=value, or an expression,
// or several in turn.
type Arg struct {
	Range diag.Range
	Name  string // the word or the name before "=" or ":"
	Value Expr   // or nil
	// Words are words after the first one (global name:function hidden), or the
	// value of a section's attribute as written.
	Words []string
	// Factor is N of a word*N (section .x merge byte*4), or nil.
	Factor Expr
	// Spaced is set where blanks stand around the equals sign of an attribute.
	Spaced bool
}

// Section opens a section: SECTION or SEGMENT with its attributes.
type Section struct {
	Range diag.Range
	Name  string
	Attrs []Arg
	Text  string // name and attributes, where somebody asks for it
}

// Align is ALIGN or ALIGNB: advance to a multiple of Boundary. Fill is the
// statement that pads (nil: NOP in code for ALIGN, RESB 1 for ALIGNB). Times, if
// set, is how often it does, whatever the boundary: TIMES in Fill replaces the count
// that ALIGN would compute.
type Align struct {
	Range    diag.Range
	Reserve  bool // ALIGNB
	Boundary Expr
	Fill     Body
	Times    Expr
	// Mode is that of the package smartalign (generic, p6, ...), whose padding is
	// jumped over where it has more than Threshold bytes; else "".
	Mode      string
	Threshold Expr
}

// Target says which systems the program is for; it also makes the words
// entry, image and sys directives from there on.
type Target struct {
	Range diag.Range
	Names []Name // "linux/386", ...; the first is the default
}

// Entry names the symbol at which the program starts.
type Entry struct {
	Range  diag.Range
	Symbol *Symbol
}

// ImageAnywhere is the key of an IMAGE statement that asks for a program that every
// engine starts, those under qemu-user too.
const ImageAnywhere = "anywhere"

// ImageAdd is the key of an IMAGE statement that names files for the image.
const ImageAdd = "add"

// Image sets one part of the image's metadata.
type Image struct {
	Range diag.Range
	Key   Name // tag, entrypoint, cmd, env, label, workdir, user
	Args  []*String
}

// Syscall is "sys NAME, args...": a system call by name.
type Syscall struct {
	Range diag.Range
	Name  Name
	Args  []Operand
}

// Name is a word and its place.
type Name struct {
	Range diag.Range
	Text  string
}

func (*Instruction) body() {}
func (*Data) body()        {}
func (*Reserve) body()     {}
func (*Incbin) body()      {}
func (*Equ) body()         {}
func (*Directive) body()   {}
func (*Section) body()     {}
func (*Align) body()       {}
func (*Target) body()      {}
func (*Entry) body()       {}
func (*Image) body()       {}
func (*Syscall) body()     {}

// Distance is how far a jump or call reaches, as written.
type Distance uint8

const (
	AnyDistance Distance = iota
	Short
	Near
	Far
)

// Operand is one operand of an instruction as written.
type Operand struct {
	Range diag.Range
	// Size is the size keyword's worth in bytes (BYTE 1 ... TWORD 10, ZWORD 64), or 0.
	Size     uint8
	Strict   bool
	To       bool // TO: the x87 destination form
	Distance Distance
	// Segment is the part before the colon of segment:offset (an immediate far
	// pointer), or nil.
	Segment Expr
	// Value is the operand, or, where Memory is set, the effective address.
	Value  Expr
	Memory *Memory // nil for registers and immediates
	// Decorators are the words in braces after the operand: k1, z, rn-sae, 1to8.
	Decorators []Name
}

// Memory is what stands in brackets beside the address itself.
type Memory struct {
	Segment     *Register // override, or nil
	DispSize    uint8     // [byte x]: size of the displacement in bytes, or 0
	AddressSize uint8     // [dword x] where it means the address, a16/a32/a64: in bytes, or 0
	NoSplit     bool
	Rel, Abs    bool
	// Base and Index are the parts of an address with a comma, [base+8, index*4],
	// whose sum is the address; else nil.
	Base, Index Expr
}

// Expr is an expression: one of the types below.
type Expr interface {
	Span() diag.Range
}

// Number is a numeric constant or a character constant.
type Number struct {
	Range diag.Range
	// Wide is set when the constant did not fit 64 bits.
	Wide bool
	N    int64 // the low 64 bits
}

// Float is a floating-point constant, as written (1.5, 0x1p3, __?Infinity?__).
type Float struct {
	Range diag.Range
	Text  string
}

// String is a string in quotes, escapes resolved. As an operand of arithmetic
// it is a little-endian character constant.
type String struct {
	Range diag.Range
	Bytes string
}

// Symbol refers to a label, an EQU or an external.
type Symbol struct {
	Range diag.Range
	// ID is the parser's number for a name that means the same wherever it stands,
	// so that it need not be searched for again; 0 for none.
	ID   int32
	Name string
}

// Register refers to a register.
type Register struct {
	Range diag.Range
	ID    RegisterID
}

// Here is $, the start of the statement; with Section set it is $$, the start
// of the section.
type Here struct {
	Range   diag.Range
	Section bool
}

// Unary applies an operator to X.
type Unary struct {
	Range diag.Range // of the operator
	Op    Op
	X     Expr
}

// Binary joins X and Y.
type Binary struct {
	Op   Op
	At   diag.Range // of the operator
	X, Y Expr
}

// Conditional is X ? Y : Z.
type Conditional struct {
	X, Y, Z Expr
}

// Call applies one of nasm's functions (__?ilog2e?__, __?float32?__, __?utf16?__)
// to an argument.
type Call struct {
	Range diag.Range
	Name  string // canonical lower-case name without underscores and question marks: "ilog2e"
	Arg   Expr
}

func (e *Number) Span() diag.Range      { return e.Range }
func (e *Float) Span() diag.Range       { return e.Range }
func (e *String) Span() diag.Range      { return e.Range }
func (e *Symbol) Span() diag.Range      { return e.Range }
func (e *Register) Span() diag.Range    { return e.Range }
func (e *Here) Span() diag.Range        { return e.Range }
func (e *Unary) Span() diag.Range       { return e.Range.To(e.X.Span()) }
func (e *Binary) Span() diag.Range      { return e.X.Span().To(e.Y.Span()) }
func (e *Conditional) Span() diag.Range { return e.X.Span().To(e.Z.Span()) }
func (e *Call) Span() diag.Range        { return e.Range.To(e.Arg.Span()) }
