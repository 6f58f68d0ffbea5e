package x86

import "tasm/lang"

// Piece is what of an encoding belongs together: a prefix, the opcode or its last byte
// with a register, ModRM with SIB, a displacement, a number.
type Piece struct {
	Offset, Size uint8
	Kind         PieceKind
	// Value is what a field stands for.
	Value lang.Value
	// Signed is set where the processor sign-extends the field, Unsigned where the form
	// says that it is no negative number.
	Signed, Unsigned bool
}

// PieceKind says what a Piece holds.
type PieceKind uint8

const (
	PieceBytes    PieceKind = iota // bytes that are as they are
	PieceNumber                    // a number or an address
	PieceDistance                  // to Value, from the end of the instruction
	PieceSelector                  // the selector of Value's segment
)

// Pieces takes the encoding of in apart.
func (e *Encoding) Pieces(in *Instruction) []Piece {
	var list []Piece
	for i := range e.Length {
		if e.starts&(1<<i) != 0 {
			list = append(list, Piece{Offset: i})
		}
		list[len(list)-1].Size++
	}
	op := &e.Form.opcode
	first := len(list) - int(op.nfields)
	for i := range list {
		p := &list[i]
		switch {
		case i >= first:
			p.field(e.Form, in, op.fields[i-first])
		case p.Offset == e.displacement && p.Offset > 0:
			p.address(e, in, &list[i-1])
		}
	}
	return list
}

// address describes the displacement; modrm is the piece in front of it.
func (p *Piece) address(e *Encoding, in *Instruction, modrm *Piece) {
	if e.Form.opcode.vex == evex && p.Size == 1 && e.Bytes[p.Offset] != 0 {
		return // it counts in another unit
	}
	operand := e.Form.bareAddress()
	for i := range in.Operands {
		if in.Operands[i].Kind == MemoryOperand {
			operand = i
		}
	}
	p.Kind, p.Value = PieceNumber, in.Operands[operand].Value.Displacement()
	if in.Bits == 64 && modrm.Size == 1 && e.Bytes[modrm.Offset]&0xC7 == 5 {
		p.Kind, p.Signed = PieceDistance, true
		return
	}
	p.Signed = p.Size == 1 || in.Bits == 64 && !e.shortAddress()
}

// shortAddress reports whether a prefix makes addresses of 64-bit code 32 bits wide.
func (e *Encoding) shortAddress() bool {
	for _, b := range e.Code() {
		switch b {
		case 0x67:
			return true
		case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0xF0, 0xF2, 0xF3, 0x9B:
		default:
			return false
		}
	}
	return false
}

// field describes what follows the address.
func (p *Piece) field(f *Form, in *Instruction, fd field) {
	o := &in.Operands[fd.operand]
	p.Kind, p.Value = PieceNumber, o.Value
	switch fd.kind {
	case registerField:
		p.Kind = PieceBytes
	case relativeField:
		p.Kind, p.Signed = PieceDistance, true
	case selectorField:
		if o.Kind != FarOperand {
			p.Kind, p.Unsigned = PieceSelector, true
			return
		}
		p.Value = o.Segment
	case immediateField:
		switch f.operands[fd.operand].rule {
		case ruleSigned8:
			if p.Value.IsNumber() && p.Value.Wrt == 0 {
				p.Kind = PieceBytes
			}
		case ruleSigned32, ruleFits32:
			p.Signed = true
		case ruleUnsigned:
			p.Unsigned = p.Size == 1 && f.opcode.vex == noVEX
		}
	}
}
