package synth

import (
	"slices"
	"strings"
	"sync/atomic"

	"tasm/codegen/x86"
	"tasm/machine"
)

// op tells apart instructions that the search treats differently.
type op uint8

const (
	opNone op = iota // none that is used here
	opOther
	opAdd
	opOr
	opAdc
	opSbb
	opAnd
	opSub
	opXor
	opCmp
	opTest
	opMov
	opLea
	opPush
	opImul
	opNop // changes nothing that is followed
	opInt
	opSyscall
	opJmp
	opBranch // on a condition
	opCall
	opRet
)

// catalogue has the instructions that the search uses, by mnemonic; Jcc besides. What
// is missing either faults in a user's process, or does nothing that a straight run of
// system calls could use. An instruction that is missing ends the search where it
// stands in the way.
var catalogue = map[string]op{
	"add": opAdd, "or": opOr, "adc": opAdc, "sbb": opSbb, "and": opAnd, "sub": opSub, "xor": opXor, "cmp": opCmp, "test": opTest,
	"mov": opMov, "xchg": opOther, "lea": opLea, "movzx": opOther, "movsx": opOther, "bswap": opOther,
	"push": opPush, "pop": opOther, "pusha": opOther, "popa": opOther,
	"inc": opOther, "dec": opOther, "not": opOther, "neg": opOther, "mul": opOther, "imul": opImul,
	"rol": opOther, "ror": opOther, "shl": opOther, "shr": opOther, "sar": opOther,
	"bts": opOther, "btr": opOther, "btc": opOther,
	"cwde": opOther, "cdqe": opOther, "cdq": opOther, "cqo": opOther,
	"salc": opOther, "lahf": opOther, "stc": opOther, "clc": opOther, "cmc": opOther,
	"nop": opNop, "fwait": opNop, "cld": opNop, "std": opNop,
	"int": opInt, "syscall": opSyscall,
	"jmp": opJmp, "loop": opBranch, "jecxz": opBranch, "jrcxz": opBranch, "call": opCall, "ret": opRet,
}

// opOf returns what an instruction is to the search.
func opOf(in *x86.Decoded, long bool) op {
	o := in.Operands
	name := x86.MnemonicName(in.Form.Mnemonic())
	is, known := catalogue[name]
	if _, conditional := x86.ConditionOf(in.Form.Mnemonic()); !known && conditional && in.Form.Flow() == x86.Branch {
		is = opBranch
	}
	memory := false
	for i := range o {
		if o[i].Kind == x86.RegisterOperand && x86.RegisterInfo(o[i].Register).Class != x86.General {
			return opNone
		}
		memory = memory || o[i].Kind == x86.MemoryOperand
	}
	immediate := func(i int) bool { return i < len(o) && o[i].Kind == x86.ImmediateOperand }
	used := true
	switch name {
	case "int", "salc":
		used = !long
	case "syscall":
		used = long
	case "rol", "ror", "shl", "shr", "sar", "bts", "btr", "btc":
		used = immediate(1)
	case "jmp", "call":
		used = immediate(0)
	case "ret", "nop":
		used = len(o) == 0
	case "imul":
		used = len(o) > 1
	case "movzx", "movsx":
		used = in.Form.Operands()[1].Size == 1
	case "mov":
		used = !memory || hasModRM(in.Form)
	}
	if !used {
		return opNone
	}
	return is
}

// hasModRM reports whether a ModRM byte comes behind the opcode.
func hasModRM(f *x86.Form) bool { return strings.Contains(f.Opcode(), "/") }

// where says where an operand is.
type where uint8

const (
	nowhere where = iota
	inReg         // a register, or its low part
	inMem         // memory
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
	size     int // of the operation, in bytes
	dst, src operand
	// base and index are registers of the operand in memory; rip tells that its base
	// is the address of the next instruction.
	base, index uint8
	rip         bool
	form        *form
	sib         byte

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

// form is what bytes of an instruction are, up to the displacement and the immediate:
// found once, when they are first met.
type form struct {
	code []byte // these bytes, with at most one prefix
	rex  byte   // of these
	// modRM tells that a ModRM byte follows.
	modRM bool
	inst  inst // opNone where more bytes are needed
	sib   bool // a SIB byte follows; in inst it is 0
	// next are the forms with one more byte, and where that is a SIB byte only for what
	// they do.
	next   atomic.Pointer[[256]atomic.Pointer[form]]
	effect atomic.Pointer[effect]
	// counted are the effects by an immediate that is not computed with, such as a count;
	// nil where there is none.
	counted atomic.Pointer[[256]atomic.Pointer[effect]]
}

// effect is what an instruction does; lifted is nil where that is not known.
type effect struct{ lifted *machine.Lifted }

// unused is the form of what is no instruction that is used.
var unused = &form{}

// forms are those of no bytes but a prefix: in 32-bit and 64-bit code, and by prefix.
var forms = func() (list [2][1 + 16]*form) {
	for m := range list {
		for i := range list[m] {
			f := &form{}
			switch list[m][i] = f; {
			case i > 0 && m == 1:
				f.rex = rex | byte(i-1)
				f.code = []byte{f.rex}
			case i > 0:
				f.code = []byte{segmentCS}
			}
		}
	}
	return list
}()

const (
	rex       = 0x40
	segmentCS = 0x2e
	escape    = 0x0f // in front of the opcodes of two bytes
)

// otherPrefixes are not used: FS, GS, sizes, LOCK, REPNE, REP, in 64-bit code ES and SS,
// and those of VEX, EVEX and REX2.
var otherPrefixes = []byte{0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x36, 0xc4, 0xc5, 0x62, 0xd5}

func isREX(long bool, c byte) bool { return long && c&0xf0 == rex }

// isSegment reports whether a byte is a segment prefix that changes nothing but, in
// 32-bit code, that nothing can be written through CS.
func isSegment(long bool, c byte) bool {
	return c == segmentCS || c == 0x3e || !long && (c == 0x26 || c == 0x36)
}

// decode reads the bytes of an instruction up to its displacement and
// immediate. It says unfinished when another byte is needed for that.
func decode(long bool, b []byte, in *inst) shape {
	m := 0
	if long {
		m = 1
	}
	prefixes, prefix := 0, 0
	for ; prefixes < len(b); prefixes++ {
		if c := b[prefixes]; isREX(long, c) {
			prefix = 1 + int(c&15)
		} else if !isSegment(long, c) {
			break
		} else if prefix = 0; c == segmentCS && !long {
			prefix = 1
		}
		if prefixes > mostPrefixes {
			return invalid
		}
	}
	f, i := forms[m][prefix], prefixes
	for f.inst.op == opNone {
		if f == unused {
			return invalid
		}
		if i >= len(b) {
			return unfinished
		}
		var to *form
		if next := f.next.Load(); next != nil {
			to = next[b[i]].Load()
		}
		if to == nil {
			to = f.then(long, b[i], min(prefix, 1))
		}
		f = to
		i++
	}
	if f.sib && i >= len(b) {
		return unfinished
	}
	if *in = f.inst; f.sib {
		in.scaled(b[i], f.rex)
	}
	in.length, in.dispAt, in.immAt = in.length+prefixes, in.dispAt+prefixes, in.immAt+prefixes
	return complete
}

// behind returns where the form of the bytes with one more is kept.
func (f *form) behind(c byte) *atomic.Pointer[form] {
	next := f.next.Load()
	if next == nil {
		next = new([256]atomic.Pointer[form])
		if !f.next.CompareAndSwap(nil, next) {
			next = f.next.Load()
		}
	}
	return &next[c]
}

// then returns the form of the bytes, of which so many are prefixes, with one more.
func (f *form) then(long bool, c byte, prefixes int) *form {
	to := f.behind(c)
	next := to.Load()
	if next == nil {
		if f.modRM && c != c&0x38 && c&^0x3c != 0xc0 {
			next = f.addressed(long, c, prefixes)
		} else {
			next = newForm(long, append(slices.Clip(f.code), c), prefixes)
		}
		to.Store(next)
	}
	return next
}

// newForm finds out what bytes are, of which so many are prefixes.
func newForm(long bool, code []byte, prefixes int) *form {
	f := &form{code: code}
	if prefixes > 0 && long {
		f.rex = code[0]
	}
	behind := len(code) - prefixes - 1 // the opcode
	switch first := code[prefixes]; {
	case slices.Contains(otherPrefixes, first):
		return unused
	case first == escape:
		behind--
	}
	if behind < 0 {
		return f
	}
	var in x86.Decoded
	for digit := 0; behind == 0 && digit < 8; digit++ {
		if f.modRM = read(long, append(slices.Clip(code), byte(digit)<<3), &in) != opNone && hasModRM(in.Form); f.modRM {
			return f
		}
	}
	if is := read(long, code, &in); is != opNone {
		f.fill(long, &in, is, prefixes)
		return f
	}
	return unused
}

// addressed returns the form with a ModRM byte (Intel SDM volume 2, section 2.1.5), by
// those with the same digit and another operand: [eax], or the register 0 or 4.
func (f *form) addressed(long bool, c byte, prefixes int) *form {
	memory := f.then(long, c&0x38, prefixes)
	like := memory
	if c >= 0xc0 {
		like = f.then(long, c&^3, prefixes)
	}
	if like == unused || memory == unused {
		return unused
	}
	to := &form{code: append(slices.Clip(f.code), c), rex: f.rex, inst: like.inst}
	in := &to.inst
	in.form = to
	number, size := c&7|f.rex&1<<3, 0
	switch mod := c >> 6; {
	case mod == 3:
		o := &in.dst
		if memory.inst.src.where == inMem {
			o = &in.src
		}
		if o.where == inReg {
			o.reg = number
		}
		return to
	case mod == 0 && c&7 == 5:
		in.base, in.rip, size = noReg, long, 4
	default:
		in.base, size = number, [...]int{0, 1, 4}[mod]
	}
	if to.sib = c&7 == 4; to.sib {
		in.length, in.dispAt, in.immAt = in.length+1, in.dispAt+1, in.immAt+1
	}
	in.dispSize = size
	in.length, in.immAt = in.length+size, in.immAt+size
	return to
}

// read decodes bytes and as many zeros as it takes.
func read(long bool, code []byte, in *x86.Decoded) op {
	var b [x86.MaxLength]byte
	copy(b[:], code)
	if !x86.Decode(bitsOf(long), b[:], 0, in) {
		return opNone
	}
	return opOf(in, long)
}

func bitsOf(long bool) int {
	if long {
		return 64
	}
	return 32
}

// fill fills in what the bytes say, in which there is no displacement.
func (f *form) fill(long bool, d *x86.Decoded, is op, prefixes int) {
	in := &f.inst
	*in = inst{op: is, size: d.Form.Size(), base: noReg, index: noReg, form: f}
	if in.size == 0 || d.Form.Flow() != x86.Next {
		in.size = bitsOf(long) / 8
	}
	for i, o := range [...]*operand{&in.dst, &in.src} {
		if i >= len(d.Operands) {
			break
		}
		switch x := &d.Operands[i]; x.Kind {
		case x86.RegisterOperand:
			if r := x86.RegisterInfo(x.Register); !r.High {
				*o = operand{inReg, uint8(r.Number)}
			}
		case x86.MemoryOperand:
			o.where, in.base = inMem, f.rex&1<<3
		}
	}
	if is == opImul && in.src.where == nowhere {
		in.src = in.dst // written once
	}
	in.length = d.Length - prefixes
	in.dispAt = len(f.code) - prefixes
	in.immAt = in.dispAt
	in.immSize = in.length - in.immAt
}

// scaled fills in what a SIB byte says behind a form.
func (in *inst) scaled(sib, rex byte) {
	in.sib = sib
	in.base, in.index = sib&7|rex&1<<3, sib>>3&7|rex&2<<2
	if in.index == sp {
		in.index = noReg
	}
	if sib&7 == 5 && in.dispSize == 0 {
		in.base, in.dispSize = noReg, 4
		in.immAt, in.length = in.immAt+4, in.length+4
	}
}
