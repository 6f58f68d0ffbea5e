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
	fEb                 // Eb
	fEv                 // Ev
	fEb1                // Eb, 1
	fEv1                // Ev, 1
	fAXReg              // eax, register in the opcode
	fGvEb               // Gv, Eb
	fGvM                // Gv, M: the address itself
	fGvEvIb             // Gv, Ev, Ib
	fGvEvIz             // Gv, Ev, Iz
	fPrefix             // a segment prefix that changes nothing
)

// operandKind is where an instruction has an operand.
type operandKind uint8

const (
	absent operandKind = iota
	kE                 // register or memory, by the ModRM byte
	kEb                // the same with a byte
	kG                 // register, by the ModRM byte
	kGb                // the same with a byte
	kR                 // register, by the low bits of the opcode
	kRb                // the same with a byte
	kA                 // the accumulator
	kI                 // the immediate
	k1                 // the number 1
)

// full is the size of an immediate that is as long as the operation.
const full = 0xff

// forms tells what each form has: its operands, whether it works on bytes, how many
// bytes its immediate has, and whether that comes as a third operand.
var forms = [...]struct {
	dst, src  operandKind
	bytes     bool
	immediate uint8
	third     bool
}{
	plain:   {},
	fReg:    {dst: kR},
	fEbGb:   {dst: kEb, src: kGb, bytes: true},
	fEvGv:   {dst: kE, src: kG},
	fGbEb:   {dst: kGb, src: kEb, bytes: true},
	fGvEv:   {dst: kG, src: kE},
	fALIb:   {dst: kA, src: kI, bytes: true, immediate: 1},
	fAXIz:   {dst: kA, src: kI, immediate: 4},
	fEbIb:   {dst: kEb, src: kI, bytes: true, immediate: 1},
	fEvIz:   {dst: kE, src: kI, immediate: 4},
	fEvIb:   {dst: kE, src: kI, immediate: 1},
	fRegIb:  {dst: kRb, src: kI, bytes: true, immediate: 1},
	fRegIz:  {dst: kR, src: kI, immediate: full},
	fIb:     {src: kI, immediate: 1},
	fIz:     {src: kI, immediate: 4},
	fEb:     {dst: kEb, bytes: true},
	fEv:     {dst: kE},
	fEb1:    {dst: kEb, src: k1, bytes: true},
	fEv1:    {dst: kE, src: k1},
	fAXReg:  {dst: kR, src: kA},
	fGvEb:   {dst: kG, src: kEb},
	fGvM:    {dst: kG, src: kE},
	fGvEvIb: {dst: kG, src: kE, immediate: 1, third: true},
	fGvEvIz: {dst: kG, src: kE, immediate: 4, third: true},
	fPrefix: {},
}

// hasModRM reports whether a ModRM byte comes behind the opcode.
func hasModRM(f form) bool {
	x := &forms[f]
	return x.dst == kE || x.dst == kEb || x.src == kE || x.src == kEb
}

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
	{0x70, 0x7f, opJcc, fIb, both, nil},
	{0x80, 0x80, opNone, fEbIb, both, &arithmetic}, {0x81, 0x81, opNone, fEvIz, both, &arithmetic},
	{0x82, 0x82, opNone, fEbIb, only32, &arithmetic}, {0x83, 0x83, opNone, fEvIb, both, &arithmetic},
	{0x84, 0x84, opTest, fEbGb, both, nil}, {0x85, 0x85, opTest, fEvGv, both, nil},
	{0x86, 0x86, opXchg, fEbGb, both, nil}, {0x87, 0x87, opXchg, fEvGv, both, nil},
	{0x88, 0x88, opMov, fEbGb, both, nil}, {0x89, 0x89, opMov, fEvGv, both, nil},
	{0x8a, 0x8a, opMov, fGbEb, both, nil}, {0x8b, 0x8b, opMov, fGvEv, both, nil},
	{0x8d, 0x8d, opLea, fGvM, both, nil}, {0x8f, 0x8f, opNone, fEv, both, first0(opPop)},
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
	{0xe2, 0xe2, opLoop, fIb, both, nil}, {0xe3, 0xe3, opJcxz, fIb, both, nil},
	{0xe8, 0xe8, opCall, fIz, both, nil}, {0xe9, 0xe9, opJmp, fIz, both, nil}, {0xeb, 0xeb, opJmp, fIb, both, nil},
	{0xf5, 0xf5, opCmc, plain, both, nil}, {0xf8, 0xf8, opClc, plain, both, nil}, {0xf9, 0xf9, opStc, plain, both, nil},
	{0xfc, 0xfd, opNop, plain, both, nil},
	{0xf6, 0xf6, opNone, fEb, both, &unary}, {0xf7, 0xf7, opNone, fEv, both, &unary},
	{0xfe, 0xfe, opNone, fEb, both, &steps8}, {0xff, 0xff, opNone, fEv, both, &steps},
}

var rows0F = []row{
	{0x05, 0x05, opSyscall, plain, only64, nil},
	{0x80, 0x8f, opJcc, fIz, both, nil},
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

// decoder goes over the bytes of an instruction.
type decoder struct {
	long   bool
	b      []byte
	i      int // how many have been read
	rex    byte
	opcode byte
	reg    uint8   // register in the ModRM byte
	rm     operand // the other operand there
}

// next reads a byte; it is false where that is not there yet.
func (d *decoder) next() (byte, bool) {
	if d.i >= len(d.b) {
		return 0, false
	}
	d.i++
	return d.b[d.i-1], true
}

// decode reads the bytes of an instruction up to its displacement and
// immediate. It says unfinished when another byte is needed for that.
func decode(long bool, b []byte, in *inst) shape {
	*in = inst{size: 4, base: noReg, index: noReg}
	d := decoder{long: long, b: b}
	r, is := d.row(in)
	if is != complete {
		return is
	}
	in.op = r.op
	in.cond = d.opcode & 15
	if d.rex&8 != 0 {
		in.size = 8
	}
	if hasModRM(r.form) {
		c, ok := d.next()
		if !ok {
			return unfinished
		}
		if r.group != nil {
			if in.op = r.group[c>>3&7]; in.op == opNone {
				return invalid
			}
		}
		if !d.modRM(in, c) {
			return unfinished
		}
	}
	d.operands(in, r)
	in.immAt = d.i
	in.length = d.i + in.immSize
	if in.op == opLea && d.rm.where != inMem || in.op == opNop && d.opcode == 0x90 && d.rex&1 != 0 {
		return invalid
	}
	return complete
}

// row reads prefixes and opcode.
func (d *decoder) row(in *inst) (*row, shape) {
	table := &opcodes[0]
	if d.long {
		table = &opcodes[1]
	}
	for {
		c, ok := d.next()
		r := &table[0][c]
		switch {
		case !ok:
			return nil, unfinished
		case d.i > 8:
			return nil, invalid
		case d.long && c&0xf0 == 0x40:
			d.rex = c
			continue
		case r.form == fPrefix:
			in.inCode = c == 0x2e && !d.long
			d.rex = 0
			continue
		case c == 0x0f:
			if c, ok = d.next(); !ok {
				return nil, unfinished
			}
			r = &table[1][c]
		}
		if r.op == opNone && r.group == nil {
			return nil, invalid
		}
		d.opcode = c
		return r, complete
	}
}

// modRM reads what a ModRM byte stands for, up to the displacement (Intel SDM volume
// 2, section 2.1.5). It is false where a byte is missing.
func (d *decoder) modRM(in *inst, c byte) bool {
	d.reg = c>>3&7 | d.rex&4<<1
	mod, number := c>>6, c&7
	if mod == 3 {
		d.rm = operand{inReg, number | d.rex&1<<3}
		in.dispAt = d.i
		return true
	}
	d.rm = operand{where: inMem}
	in.base = number | d.rex&1<<3
	if number == 4 {
		s, ok := d.next()
		if !ok {
			return false
		}
		in.base, in.index, in.scale = s&7|d.rex&1<<3, s>>3&7|d.rex&2<<2, 1<<(s>>6)
		if in.index == sp {
			in.index = noReg
		}
		number = s & 7
	} else if number == 5 && mod == 0 {
		in.rip = d.long
	}
	switch {
	case mod == 1:
		in.dispSize = 1
	case mod == 2:
		in.dispSize = 4
	case number == 5:
		in.dispSize, in.base = 4, noReg
	}
	in.dispAt = d.i
	d.i += in.dispSize
	return true
}

// operands puts the operands of a row's form where they belong.
func (d *decoder) operands(in *inst, r *row) {
	f := &forms[r.form]
	if f.bytes {
		in.size = 1
	}
	in.dst, in.src, in.third, in.immSize = d.operand(f.dst), d.operand(f.src), f.third, int(f.immediate)
	if f.immediate == full {
		in.immSize = in.size
	}
	switch {
	case in.op == opTest && r.group != nil:
		in.src, in.immSize = operand{where: inImm}, min(in.size, 4)
	case in.op == opPush && f.src != kI:
		in.src, in.dst = in.dst, operand{}
	}
	if in.op == opPush || in.op == opPop {
		in.size = 4
		if d.long {
			in.size = 8
		}
	}
}

// operand is the operand of the kind k.
func (d *decoder) operand(k operandKind) operand {
	o := operand{where: inReg}
	switch k {
	case absent:
		return operand{}
	case kI:
		return operand{where: inImm}
	case k1:
		return operand{where: one}
	case kA:
		o.reg = ax
		return o
	case kE, kEb:
		o = d.rm
	case kG, kGb:
		o.reg = d.reg
	case kR, kRb:
		o.reg = d.opcode&7 | d.rex&1<<3
	}
	// Without REX the byte registers from 4 on are ah to bh.
	if (k == kEb || k == kGb || k == kRb) && o.where == inReg && d.rex == 0 && o.reg >= 4 {
		return operand{inHigh, o.reg - 4}
	}
	return o
}
