package synth

// op names what an instruction does.
type op uint8

// The first eight are the arithmetic operations in the order in which opcodes
// number them.
const (
	opAdd op = iota
	opOr
	opAdc
	opSbb
	opAnd
	opSub
	opXor
	opCmp
	opNone // no instruction that is understood here
	opMov
	opTest
	opXchg
	opLea
	opPush
	opPop
	opInc
	opDec
	opNot
	opNeg
	opMul
	opRol
	opRor
	opShl
	opShr
	opSar
	opMovzx
	opMovsx
	opBswap
	opBts
	opBtr
	opBtc
	opImul
	opPusha
	opPopa
	opCwde
	opCdq
	opSalc
	opLahf
	opStc
	opClc
	opCmc
	opNop
	opInt
	opSyscall
	opJmp
	opJcc
	opLoop
	opJcxz
	opCall
	opRet
)

var mnemonics = [...]string{
	"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "?", "mov", "test", "xchg", "lea", "push", "pop",
	"inc", "dec", "not", "neg", "mul", "rol", "ror", "shl", "shr", "sar", "movzx", "movsx", "bswap", "bts", "btr", "btc", "imul",
	"pusha", "popa", "cwde", "cdq", "salc", "lahf", "stc", "clc", "cmc", "nop", "int", "syscall", "jmp", "j", "loop", "jecxz", "call", "ret",
}

// form names where the operands of an opcode are, in the manuals' notation.
type form uint8

const (
	plain   form = iota // none
	fReg                // the opcode's low three bits, a full register
	fEbGb               // Eb, Gb
	fEvGv               // Ev, Gv
	fGbEb               // Gb, Eb
	fGvEv               // Gv, Ev
	fALIb               // al, Ib
	fAXIz               // eax, Iz
	fEbIb               // Eb, Ib
	fEvIz               // Ev, Iz
	fEvIb               // Ev, Ib (sign-extended)
	fRegIb              // byte register in the opcode, Ib
	fRegIz              // full register in the opcode, Iz
	fIb                 // Ib
	fIz                 // Iz
	fJb                 // Jb
	fJz                 // Jz
	fEb                 // Eb
	fEv                 // Ev
	fEb1                // Eb, 1
	fEv1                // Ev, 1
	fAXReg              // eax, register in the opcode
	fGvEb               // Gv, Eb
	fGvM                // Gv, M: the address itself
	fGvEvIb             // Gv, Ev, Ib
	fGvEvIz             // Gv, Ev, Iz
	fStack              // Ev, with the size of a word of the stack
	fPrefix             // a segment prefix that changes nothing
)

// modes in which an opcode is valid.
const (
	both = iota
	only32
	only64
)

// row describes opcodes first to last. An opcode that is a group has its
// operations by the number in the ModRM byte.
type row struct {
	first, last uint8
	op          op
	form        form
	mode        uint8
	group       *[8]op
}

var (
	arithmetic = [8]op{opAdd, opOr, opAdc, opSbb, opAnd, opSub, opXor, opCmp}
	shifts     = [8]op{opRol, opRor, opNone, opNone, opShl, opShr, opShl, opSar}
	unary      = [8]op{opTest, opTest, opNot, opNeg, opMul, opNone, opNone, opNone}
	steps8     = [8]op{opInc, opDec, opNone, opNone, opNone, opNone, opNone, opNone}
	steps      = [8]op{opInc, opDec, opNone, opNone, opNone, opNone, opPush, opNone}
	bitTests   = [8]op{opNone, opNone, opNone, opNone, opNone, opBts, opBtr, opBtc}
	first0     = func(x op) *[8]op { return &[8]op{x, opNone, opNone, opNone, opNone, opNone, opNone, opNone} }
)

// rows is the catalogue of one-byte opcodes, rows0F of those behind 0F (Intel
// SDM volume 2, appendix A). What is missing either faults in a user's process,
// or does nothing that a straight run of system calls could use. An instruction
// that is missing ends the search where it stands in the way.
var rows = []row{
	{0x26, 0x26, opNone, fPrefix, only32, nil}, {0x2e, 0x2e, opNone, fPrefix, both, nil},
	{0x36, 0x36, opNone, fPrefix, only32, nil}, {0x3e, 0x3e, opNone, fPrefix, both, nil},
	{0x40, 0x47, opInc, fReg, only32, nil}, {0x48, 0x4f, opDec, fReg, only32, nil},
	{0x50, 0x57, opPush, fReg, both, nil}, {0x58, 0x5f, opPop, fReg, both, nil},
	{0x60, 0x60, opPusha, plain, only32, nil}, {0x61, 0x61, opPopa, plain, only32, nil},
	{0x68, 0x68, opPush, fIz, both, nil}, {0x6a, 0x6a, opPush, fIb, both, nil},
	{0x69, 0x69, opImul, fGvEvIz, both, nil}, {0x6b, 0x6b, opImul, fGvEvIb, both, nil},
	{0x70, 0x7f, opJcc, fJb, both, nil},
	{0x80, 0x80, opNone, fEbIb, both, &arithmetic}, {0x81, 0x81, opNone, fEvIz, both, &arithmetic},
	{0x82, 0x82, opNone, fEbIb, only32, &arithmetic}, {0x83, 0x83, opNone, fEvIb, both, &arithmetic},
	{0x84, 0x84, opTest, fEbGb, both, nil}, {0x85, 0x85, opTest, fEvGv, both, nil},
	{0x86, 0x86, opXchg, fEbGb, both, nil}, {0x87, 0x87, opXchg, fEvGv, both, nil},
	{0x88, 0x88, opMov, fEbGb, both, nil}, {0x89, 0x89, opMov, fEvGv, both, nil},
	{0x8a, 0x8a, opMov, fGbEb, both, nil}, {0x8b, 0x8b, opMov, fGvEv, both, nil},
	{0x8d, 0x8d, opLea, fGvM, both, nil}, {0x8f, 0x8f, opNone, fStack, both, first0(opPop)},
	{0x90, 0x90, opNop, plain, both, nil}, {0x91, 0x97, opXchg, fAXReg, both, nil},
	{0x98, 0x98, opCwde, plain, both, nil}, {0x99, 0x99, opCdq, plain, both, nil}, {0x9b, 0x9b, opNop, plain, both, nil},
	{0x9f, 0x9f, opLahf, plain, both, nil},
	{0xa8, 0xa8, opTest, fALIb, both, nil}, {0xa9, 0xa9, opTest, fAXIz, both, nil},
	{0xb0, 0xb7, opMov, fRegIb, both, nil}, {0xb8, 0xbf, opMov, fRegIz, both, nil},
	{0xc0, 0xc0, opNone, fEbIb, both, &shifts}, {0xc1, 0xc1, opNone, fEvIb, both, &shifts},
	{0xc3, 0xc3, opRet, plain, both, nil},
	{0xc6, 0xc6, opNone, fEbIb, both, first0(opMov)}, {0xc7, 0xc7, opNone, fEvIz, both, first0(opMov)},
	{0xcd, 0xcd, opInt, fIb, only32, nil},
	{0xd0, 0xd0, opNone, fEb1, both, &shifts}, {0xd1, 0xd1, opNone, fEv1, both, &shifts},
	{0xd6, 0xd6, opSalc, plain, only32, nil},
	{0xe2, 0xe2, opLoop, fJb, both, nil}, {0xe3, 0xe3, opJcxz, fJb, both, nil},
	{0xe8, 0xe8, opCall, fJz, both, nil}, {0xe9, 0xe9, opJmp, fJz, both, nil}, {0xeb, 0xeb, opJmp, fJb, both, nil},
	{0xf5, 0xf5, opCmc, plain, both, nil}, {0xf8, 0xf8, opClc, plain, both, nil}, {0xf9, 0xf9, opStc, plain, both, nil},
	{0xfc, 0xfd, opNop, plain, both, nil},
	{0xf6, 0xf6, opNone, fEb, both, &unary}, {0xf7, 0xf7, opNone, fEv, both, &unary},
	{0xfe, 0xfe, opNone, fEb, both, &steps8}, {0xff, 0xff, opNone, fEv, both, &steps},
}

var rows0F = []row{
	{0x05, 0x05, opSyscall, plain, only64, nil},
	{0x80, 0x8f, opJcc, fJz, both, nil},
	{0xaf, 0xaf, opImul, fGvEv, both, nil},
	{0xb6, 0xb6, opMovzx, fGvEb, both, nil}, {0xbe, 0xbe, opMovsx, fGvEb, both, nil},
	{0xba, 0xba, opNone, fEvIb, both, &bitTests},
	{0xc8, 0xcf, opBswap, fReg, both, nil},
}

// opcodes are the rows by opcode, for 32-bit and 64-bit code, without and with
// 0F in front.
var opcodes = func() (table [2][2][256]row) {
	fill := func(escape int, list []row) {
		for _, r := range list {
			for b := int(r.first); b <= int(r.last); b++ {
				if r.mode != only64 {
					table[0][escape][b] = r
				}
				if r.mode != only32 {
					table[1][escape][b] = r
				}
			}
		}
	}
	for m := range table {
		for e := range table[m] {
			for b := range table[m][e] {
				table[m][e][b].op = opNone
			}
		}
	}
	operands := [6]form{fEbGb, fEvGv, fGbEb, fGvEv, fALIb, fAXIz}
	for i, x := range arithmetic {
		for j, f := range operands {
			b := uint8(i*8 + j)
			fill(0, []row{{b, b, x, f, both, nil}})
		}
	}
	fill(0, rows)
	fill(1, rows0F)
	return table
}()

// where says where an operand is.
type where uint8

const (
	nowhere where = iota
	inReg         // a register, or its low part
	inHigh        // the second byte of a register
	inMem         // memory
	inImm         // the immediate
	one           // the number 1
)

type operand struct {
	where where
	reg   uint8
}

const noReg = 0xff

// inst is a decoded instruction. Its displacement and immediate are told by
// where they lie, because their bytes may not be decided yet.
type inst struct {
	op       op
	cond     uint8 // of opJcc: the number of the condition
	size     int   // of the operation, in bytes
	dst, src operand
	third    bool // opImul with a source besides the immediate
	inCode   bool // memory is in the code segment, which may not be written

	base, index, scale uint8 // of the operand in memory
	rip                bool  // its base is the address of the next instruction

	length           int
	dispAt, dispSize int
	immAt, immSize   int
	disp             int64
	imm              val
}

// shape is the outcome of decoding.
type shape uint8

const (
	complete shape = iota
	unfinished
	invalid
)

// decode reads the bytes of an instruction up to its displacement and
// immediate. It says unfinished when another byte is needed for that.
func decode(long bool, b []byte, in *inst) shape {
	*in = inst{size: 4, base: noReg, index: noReg}
	m := 0
	if long {
		m = 1
	}
	i, rex := 0, byte(0)
	next := func() (byte, bool) {
		if i >= len(b) {
			return 0, false
		}
		i++
		return b[i-1], true
	}
	var r *row
	for r == nil {
		c, ok := next()
		switch {
		case !ok:
			return unfinished
		case i > 8:
			return invalid
		case long && c&0xf0 == 0x40:
			rex = c
		case c == 0x0f:
			if c, ok = next(); !ok {
				return unfinished
			}
			r = &opcodes[m][1][c]
		default:
			r = &opcodes[m][0][c]
			if r.form == fPrefix {
				in.inCode = c == 0x2e && !long
				rex = 0
				r = nil
			}
		}
	}
	if r.op == opNone && r.group == nil {
		return invalid
	}
	opcode := b[i-1]
	in.op = r.op
	in.cond = opcode & 15
	ptr := 4
	if long {
		ptr = 8
	}
	if rex&8 != 0 {
		in.size = 8
	}
	low := opcode&7 | rex&1<<3
	var reg uint8
	var rm operand
	if hasModRM(r.form) {
		c, ok := next()
		if !ok {
			return unfinished
		}
		reg = c >> 3 & 7
		if r.group != nil {
			if in.op = r.group[reg]; in.op == opNone {
				return invalid
			}
		}
		reg |= rex & 4 << 1
		mod, number := c>>6, c&7
		switch {
		case mod == 3:
			rm = operand{inReg, number | rex&1<<3}
		default:
			rm = operand{where: inMem}
			in.base = number | rex&1<<3
			if number == 4 {
				s, ok := next()
				if !ok {
					return unfinished
				}
				in.base, in.index, in.scale = s&7|rex&1<<3, s>>3&7|rex&2<<2, 1<<(s>>6)
				if in.index == sp {
					in.index = noReg
				}
				number = s & 7
			} else if number == 5 && mod == 0 {
				in.rip = long
			}
			switch {
			case mod == 1:
				in.dispSize = 1
			case mod == 2:
				in.dispSize = 4
			case number == 5:
				in.dispSize, in.base = 4, noReg
			}
		}
		in.dispAt = i
		i += in.dispSize
	}
	byteSized := func(o operand) operand {
		if o.where == inReg && rex == 0 && o.reg >= 4 {
			return operand{inHigh, o.reg - 4}
		}
		return o
	}
	g := operand{inReg, reg}
	imm := operand{where: inImm}
	switch r.form {
	case fReg:
		in.dst = operand{inReg, low}
	case fEbGb, fGbEb:
		in.size, in.dst, in.src = 1, byteSized(rm), byteSized(g)
	case fEvGv, fGvEv:
		in.dst, in.src = rm, g
	case fALIb:
		in.size, in.dst, in.src, in.immSize = 1, operand{inReg, ax}, imm, 1
	case fAXIz:
		in.dst, in.src, in.immSize = operand{inReg, ax}, imm, 4
	case fEbIb:
		in.size, in.dst, in.src, in.immSize = 1, byteSized(rm), imm, 1
	case fEvIz:
		in.dst, in.src, in.immSize = rm, imm, 4
	case fEvIb:
		in.dst, in.src, in.immSize = rm, imm, 1
	case fRegIb:
		in.size, in.dst, in.src, in.immSize = 1, byteSized(operand{inReg, low}), imm, 1
	case fRegIz:
		in.dst, in.src, in.immSize = operand{inReg, low}, imm, in.size
	case fIb:
		in.src, in.immSize = imm, 1
	case fIz:
		in.src, in.immSize = imm, 4
	case fJb:
		in.src, in.immSize = imm, 1
	case fJz:
		in.src, in.immSize = imm, 4
	case fEb:
		in.size, in.dst = 1, byteSized(rm)
	case fEv, fStack:
		in.dst = rm
	case fEb1:
		in.size, in.dst, in.src = 1, byteSized(rm), operand{where: one}
	case fEv1:
		in.dst, in.src = rm, operand{where: one}
	case fAXReg:
		in.dst, in.src = operand{inReg, low}, operand{inReg, ax}
	case fGvEb:
		in.dst, in.src = g, byteSized(rm)
	case fGvM:
		in.dst, in.src = g, rm
	case fGvEvIb:
		in.dst, in.src, in.third, in.immSize = g, rm, true, 1
	case fGvEvIz:
		in.dst, in.src, in.third, in.immSize = g, rm, true, 4
	}
	if r.form == fGbEb || r.form == fGvEv {
		in.dst, in.src = in.src, in.dst
	}
	if in.op == opTest && r.group != nil {
		in.src = imm
		in.immSize = min(in.size, 4)
	}
	switch in.op {
	case opPush, opPop:
		in.size = ptr
		if in.op == opPush && r.form != fIb && r.form != fIz {
			in.src, in.dst = in.dst, operand{}
		}
	case opLea:
		if rm.where != inMem {
			return invalid
		}
	case opNop:
		if opcode == 0x90 && rex&1 != 0 {
			return invalid
		}
	}
	in.immAt = i
	in.length = i + in.immSize
	return complete
}

func hasModRM(f form) bool {
	switch f {
	case fEbGb, fEvGv, fGbEb, fGvEv, fEbIb, fEvIz, fEvIb, fEb, fEv, fEb1, fEv1, fGvEb, fGvM, fGvEvIb, fGvEvIz, fStack:
		return true
	}
	return false
}
