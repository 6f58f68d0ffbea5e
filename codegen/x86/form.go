package x86

import (
	"sync"

	"tasm/lang"
)

// Form is one way in which an instruction takes its operands: one row of the
// table, for one operand size.
type Form struct {
	mnemonic Mnemonic
	row      *row
	width    uint8 // operand size in bytes that "*" of the row stands for, 0 for none

	operands [MaxOperands]operandSpec
	count    uint8
	omitted  int8 // index of an operand of the row that the form leaves out, -1 for none
	short    bool // it leaves out an operand
	opcode   opcode
	level    Level
	modes    Modes
	tags     tags
	// size is the operation size: operands of this size lend it to operands
	// that were written without one.
	size uint8
	// lenders has a bit for each operand that has the operation size.
	lenders uint8
}

// Modes is a set of modes (16, 32 and 64 bits).
type Modes uint8

const (
	Mode16 Modes = 1 << iota
	Mode32
	Mode64
)

// Has reports whether the mode of a number of bits is in the set.
func (m Modes) Has(bits int) bool { return m&modeOf(bits) != 0 }

func modeOf(bits int) Modes {
	switch bits {
	case 16:
		return Mode16
	case 32:
		return Mode32
	}
	return Mode64
}

// Access tells what an instruction does with an operand.
type Access uint8

const (
	Read    Access = 1 << iota // its value is used
	Write                      // its value is replaced
	Address                    // only its address is used (lea, prefetch, invlpg)
	Maybe                      // written only under a condition (cmov, shift by 0)
)

// OperandForm is what a Form says of one operand.
type OperandForm struct {
	Notation string // as in the manual: "r/m32", "imm8"
	Access   Access
	Size     int // bytes, 0 where any size will do
}

// Flags tells what an instruction does with the bits of the flags register.
type Flags struct {
	Read      FlagSet // tested
	Written   FlagSet // set according to the result
	Cleared   FlagSet
	Set       FlagSet
	Undefined FlagSet
}

// Changed returns the flags that don't keep their value.
func (f Flags) Changed() FlagSet { return f.Written | f.Cleared | f.Set | f.Undefined }

// FlagSet is a set of bits of the flags register.
type FlagSet uint16

const (
	CF FlagSet = 1 << iota
	PF
	AF
	ZF
	SF
	OF
	DF
	IF
	TF
	AC
	IOPL
	NT
)

// flagLetters are the names of the flags in the table and in String.
const flagLetters = "cpazsoditklN"

func (s FlagSet) String() string {
	var b []byte
	for i := range len(flagLetters) {
		if s&(1<<i) != 0 {
			b = append(b, flagLetters[i])
		}
	}
	return string(b)
}

// Implicit is an operand that an instruction uses without its being written.
type Implicit struct {
	// Register is the operand, or, with Memory set, the register that points
	// to it. Where Width is not Fixed it is the widest register of its kind.
	Register lang.RegisterID
	Memory   bool
	Width    Width
	Access   Access
}

// Width says what decides how much of an Implicit register is used.
type Width uint8

const (
	Fixed        Width = iota
	AddressWidth       // the address size
	StackWidth         // the size of the stack pointer
)

// Flow says how an instruction may change the flow of control.
type Flow uint8

const (
	Next        Flow = iota // falls through
	Jump                    // always goes elsewhere
	Branch                  // goes elsewhere or falls through
	Call                    // goes elsewhere, to come back
	Return                  // goes to where the stack says
	SystemCall              // enters the operating system and comes back
	Interrupt               // raises an interrupt or exception, may come back
	Stop                    // never goes on (ud2, hlt until an interrupt)
	Transaction             // xbegin: may resume at its operand
)

// ID is the form's stable name: Add_rm32_imm8.
func (f *Form) ID() string { return f.row.id(f) }

// Mnemonic returns the mnemonic that the form belongs to.
func (f *Form) Mnemonic() Mnemonic { return f.mnemonic }

// Syntax is the form in the manual's notation: "ADD r/m32, imm8".
func (f *Form) Syntax() string { return f.row.syntax(f) }

// Opcode is the encoding in the manual's notation: "83 /0 ib".
func (f *Form) Opcode() string { return f.row.notation(f) }

// Least returns the fewest bytes that the form is encoded in, in 32-bit mode, or in
// 64-bit mode where 32-bit mode has not got it: with registers for operands that may
// be memory, and without prefixes that registers beyond the first eight need.
func (f *Form) Least() int {
	op := &f.opcode
	bits := 32
	if !f.modes.Has(32) {
		bits = 64
	}
	n := int(op.count)
	flag := func(is bool) {
		if is {
			n++
		}
	}
	switch {
	case op.vex == evex:
		n += 4
	case op.vex == xop:
		n += 3
	case op.vex == vex && (op.vexMap != 1 || op.vexW && !op.anyW):
		n += 3
	case op.vex == vex:
		n += 2
	default:
		flag(op.mandatory != 0)
		flag(op.size == 2)
		flag(op.size == 8 && !op.default64 || op.rex2)
		flag(op.rex2)
	}
	flag(op.wait)
	flag(op.address != 0 && int(op.address) != bits/8)
	flag(op.modrm != noModRM)
	flag(op.suffix >= 0)
	for _, field := range op.fields[:op.nfields] {
		if field.kind == offsetField {
			n += bits / 8
		} else {
			n += int(field.size)
		}
	}
	return n
}

// Modes returns the modes in which the form can be encoded.
func (f *Form) Modes() Modes { return f.modes }

// Size returns the operation size in bytes, 0 where there is none.
func (f *Form) Size() int { return int(f.size) }

// Flags returns what the form does with the flags.
func (f *Form) Flags() Flags { return f.row.flags }

// Implicit returns the operands that are not written. The caller must not
// change it.
func (f *Form) Implicit() []Implicit {
	return remember(&implicitOf, f, f.row.implicits)
}

// Flow returns how the form may change the flow of control.
func (f *Form) Flow() Flow { return f.row.flow }

// Privileged reports whether the instruction is reserved to the kernel.
func (f *Form) Privileged() bool { return f.tags&privileged != 0 }

// Lockable reports whether a LOCK prefix is legal when the first operand is memory.
func (f *Form) Lockable() bool { return f.tags&lockable != 0 }

// Aligned reports whether the instruction faults where its memory operand does
// not lie at a multiple of its size: that of the forms that say so, and of SSE's
// 16 bytes (manual, volume 1, section 4.1.1).
func (f *Form) Aligned() bool {
	if f.tags&(aligned|unaligned) != 0 || f.opcode.vex != noVEX {
		return f.tags&aligned != 0
	}
	for _, s := range f.specs() {
		if s.set&setMemory != 0 && s.size == 16 && f.vector() {
			return true
		}
	}
	return false
}

// vector reports whether the form is one of MMX, SSE, AVX and what came after.
func (f *Form) vector() bool {
	if f.opcode.vex == evex && !f.opcode.apx {
		return true
	}
	general := f.opcode.apx
	for _, s := range f.specs() {
		if s.set&(setMM|setXMM|setXMM0|setYMM|setZMM|setMask|setTile|setBound|setVectorX|setVectorY|setVectorZ) != 0 {
			return true
		}
		general = general || s.set&(setR32|setR64) != 0
	}
	return f.opcode.vex != noVEX && !general
}

// OtherState reports whether the instruction reads or changes state beyond the
// general registers, the flags and memory, as far as its form tells: vector
// registers, the x87, control registers.
func (f *Form) OtherState() bool {
	const special = setSegment | setControl | setDebug | setTest | setES | setCS | setSS | setDS | setFS | setGS
	for _, s := range f.specs() {
		if s.set&special != 0 {
			return true
		}
	}
	op := &f.opcode
	silent := f.count == 0 && len(f.row.implicit) == 0 && f.row.flags == (Flags{}) && f.row.flow == Next && op.bytes[0] != nop
	return silent || f.vector() || op.wait || op.count > 0 && op.bytes[0]&0xF8 == 0xD8
}

// Later reports whether the form came after nasm 2.16.
func (f *Form) Later() bool { return f.tags&later != 0 }

// Extended reports whether the form is one of those that CPU APX adds.
func (f *Form) Extended() bool { return f.tags&extendedOnly != 0 }

// Alternative reports whether the form is redundant: Encode never chooses it.
func (f *Form) Alternative() bool { return f.tags&alternative != 0 }

// Summary says in one line what the instruction does.
func (f *Form) Summary() string { return f.row.summary }

// Operands returns what the form says of its operands. The caller must not
// change it.
func (f *Form) Operands() []OperandForm {
	return remember(&operandsOf, f, f.row.operandForms)
}

// operandsOf and implicitOf keep what has been read from the table, by *Form.
var operandsOf, implicitOf sync.Map

func remember[T any](known *sync.Map, f *Form, read func(*Form) []T) []T {
	if list, ok := known.Load(f); ok {
		return list.([]T)
	}
	list := read(f)
	known.Store(f, list)
	return list
}
