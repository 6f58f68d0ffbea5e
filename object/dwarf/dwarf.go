// Package dwarf has what the debug information of ELF and Mach-O objects has in
// common: the numbers of the DWARF standard, version 3, its ways to write numbers,
// and line number programs. Versions 2 and 3 differ in nothing that is used here.
package dwarf

import (
	"bytes"
	"encoding/binary"
)

// Numbers of the standard: tags (figure 14), attributes (figure 20), forms
// (figure 21), languages (figure 31) and line number opcodes (figures 37 to 39).
const (
	TagCompileUnit   = 0x11
	TagSubprogram    = 0x2e
	AtName           = 0x03
	AtStmtList       = 0x10
	AtLowPC          = 0x11
	AtHighPC         = 0x12
	AtLanguage       = 0x13
	AtCompDir        = 0x1b
	AtProducer       = 0x25
	AtFrameBase      = 0x40
	FormAddr         = 0x01
	FormData2        = 0x05
	FormData4        = 0x06
	FormString       = 0x08
	FormStrp         = 0x0e
	LangMipsAssemble = 0x8001

	lnsCopy        = 1
	lnsAdvancePC   = 2
	lnsAdvanceLine = 3
	lnsSetFile     = 4
	lnsExtended    = 0
	lneEndSequence = 1
	lneSetAddress  = 2

	// Special opcodes advance line and address at once.
	lineBase   = -5
	lineRange  = 14
	opcodeBase = 13
)

// Buffer is a section in the making. Wide is set where addresses have 8 bytes.
type Buffer struct {
	bytes.Buffer
	Wide bool
}

// Put8, Put16 and Put32 append a number of that many bits.
func (b *Buffer) Put8(v int)  { b.WriteByte(byte(v)) }
func (b *Buffer) Put16(v int) { b.Write(binary.LittleEndian.AppendUint16(nil, uint16(v))) }
func (b *Buffer) Put32(v int) { b.Write(binary.LittleEndian.AppendUint32(nil, uint32(v))) }

// Bytes8 appends numbers of 8 bits.
func (b *Buffer) Bytes8(list ...int) {
	for _, v := range list {
		b.Put8(v)
	}
}

// AddressSize is that of an address, in bytes.
func (b *Buffer) AddressSize() int {
	if b.Wide {
		return 8
	}
	return 4
}

// Address appends a number as wide as an address.
func (b *Buffer) Address(v int64) {
	if b.Wide {
		b.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
	} else {
		b.Put32(int(v))
	}
}

// Text appends a string and a zero.
func (b *Buffer) Text(text string) {
	b.WriteString(text)
	b.WriteByte(0)
}

// Unsigned appends a number in LEB128.
func (b *Buffer) Unsigned(v uint64) { b.Write(binary.AppendUvarint(nil, v)) }

// Signed appends a signed number in LEB128.
func (b *Buffer) Signed(v int64) {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			b.WriteByte(c)
			return
		}
		b.WriteByte(c | 0x80)
	}
}

// LineHeader appends the first part of the header of line number programs.
func (b *Buffer) LineHeader() {
	b.Bytes8(1, 1, // bytes of the shortest instruction; every row begins a statement
		lineBase, lineRange, opcodeBase,
		0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1) // operands of each opcode
}

// Lines is the line number program of one sequence of code.
type Lines struct {
	Offset     int64 // of the last row
	line, file int
}

// Begin returns a program and appends its start, behind which the address of the
// code comes.
func Begin(b *Buffer) Lines {
	b.Bytes8(lnsExtended, 1+b.AddressSize(), lneSetAddress)
	return Lines{line: 1, file: 1}
}

// Advance adds a row to the table that the program stands for.
func (l *Lines) Advance(b *Buffer, file, line int, offset int64) {
	if file != l.file {
		b.Put8(lnsSetFile)
		b.Unsigned(uint64(file))
		l.file = file
	}
	by, distance := line-l.line, offset-l.Offset
	if by == 0 {
		return
	}
	if special := int64(by-lineBase) + lineRange*distance + opcodeBase; by >= lineBase && by < lineBase+lineRange && special < 256 {
		b.Put8(int(special))
	} else {
		b.Put8(lnsAdvanceLine)
		b.Signed(int64(by))
		if distance != 0 {
			b.AdvancePC(distance)
		}
		b.Put8(lnsCopy)
	}
	l.line, l.Offset = line, offset
}

// AdvancePC appends the opcode that moves the address on.
func (b *Buffer) AdvancePC(by int64) {
	b.Put8(lnsAdvancePC)
	b.Unsigned(uint64(by))
}

// AdvancePC8 does so with one byte, as nasm has it in Mach-O.
func (b *Buffer) AdvancePC8(by int64) { b.Bytes8(lnsAdvancePC, int(by)) }

// End appends the end of a program.
func (b *Buffer) End() { b.Bytes8(lnsExtended, 1, lneEndSequence) }
