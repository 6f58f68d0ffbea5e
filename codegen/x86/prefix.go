package x86

import (
	"slices"
	"tasm/lang"
)

// PrefixID numbers the instruction prefixes.
type PrefixID int32

const (
	NoPrefix PrefixID = iota
	Wait
	Rep
	Repe
	Repz
	Repne
	Repnz
	Xacquire
	Xrelease
	Bnd
	Nobnd
	Lock
	SegES
	SegCS
	SegSS
	SegDS
	SegFS
	SegGS
	O16
	O32
	O64
	Osp
	A16
	A32
	A64
	Asp
	ForceREX
	ForceVEX
	ForceVEX2
	ForceVEX3
	ForceEVEX
	ForceREX2
	NoFlags
	ZeroUpper
	prefixCount
)

// slot is a kind of prefix of which an instruction has at most one. Slots are
// emitted in the order of their numbers, which is nasm's.
type slot uint8

const (
	slotWait slot = iota
	slotRep
	slotLock
	slotSegment
	slotOperandSize
	slotAddressSize
	slotEncoding // {rex}, {vex3}, ...: from here on no bytes of their own
	slotFlags    // {nf}
	slotUpper    // {zu}
	slotCount
)

// prefixes is the table of prefixes: what they are called, the slot that they
// fill, and their byte (0 where the mode decides, see prefixByte).
var prefixes = [prefixCount]struct {
	name string
	slot slot
	code byte
}{
	NoPrefix:  {"", slotCount, 0},
	Wait:      {"wait", slotWait, 0x9B},
	Rep:       {"rep", slotRep, 0xF3},
	Repe:      {"repe", slotRep, 0xF3},
	Repz:      {"repz", slotRep, 0xF3},
	Repne:     {"repne", slotRep, 0xF2},
	Repnz:     {"repnz", slotRep, 0xF2},
	Xacquire:  {"xacquire", slotRep, 0xF2},
	Xrelease:  {"xrelease", slotRep, 0xF3},
	Bnd:       {"bnd", slotRep, 0xF2},
	Nobnd:     {"nobnd", slotRep, 0},
	Lock:      {"lock", slotLock, 0xF0},
	SegES:     {"es", slotSegment, 0x26},
	SegCS:     {"cs", slotSegment, 0x2E},
	SegSS:     {"ss", slotSegment, 0x36},
	SegDS:     {"ds", slotSegment, 0x3E},
	SegFS:     {"fs", slotSegment, 0x64},
	SegGS:     {"gs", slotSegment, 0x65},
	O16:       {"o16", slotOperandSize, 0},
	O32:       {"o32", slotOperandSize, 0},
	O64:       {"o64", slotOperandSize, 0},
	Osp:       {"osp", slotOperandSize, 0x66},
	A16:       {"a16", slotAddressSize, 0},
	A32:       {"a32", slotAddressSize, 0},
	A64:       {"a64", slotAddressSize, 0},
	Asp:       {"asp", slotAddressSize, 0x67},
	ForceREX:  {"{rex}", slotEncoding, 0},
	ForceVEX:  {"{vex}", slotEncoding, 0},
	ForceVEX2: {"{vex2}", slotEncoding, 0},
	ForceVEX3: {"{vex3}", slotEncoding, 0},
	ForceEVEX: {"{evex}", slotEncoding, 0},
	ForceREX2: {"{rex2}", slotEncoding, 0},
	NoFlags:   {"{nf}", slotFlags, 0},
	ZeroUpper: {"{zu}", slotUpper, 0},
}

// prefixByte returns the byte that prefix p is encoded as in a mode, 0 for none.
func prefixByte(p PrefixID, bits int) byte {
	switch p {
	case O16:
		if bits != 16 {
			return 0x66
		}
		return 0
	case O32:
		if bits == 16 {
			return 0x66
		}
		return 0
	case A16:
		if bits == 32 {
			return 0x67
		}
		return 0
	case A32:
		if bits != 32 {
			return 0x67
		}
		return 0
	}
	return prefixes[p].code
}

// PrefixName returns the prefix as it is written in a source.
func PrefixName(p PrefixID) string {
	if p <= NoPrefix || p >= prefixCount {
		return ""
	}
	return prefixes[p].name
}

// LookupPrefix returns the prefix of a name, in lower case; NoPrefix for all else.
func LookupPrefix(name string) PrefixID {
	for p := Wait; p < prefixCount; p++ {
		if prefixes[p].name == name {
			return p
		}
	}
	return NoPrefix
}

// Same reports whether two prefixes are the same byte, as rep and repe are.
func (p PrefixID) Same(q PrefixID) bool {
	return p == q || prefixes[p].slot == prefixes[q].slot && prefixes[p].code == prefixes[q].code && prefixes[p].code != 0
}

// SegmentPrefix returns the prefix that a segment register makes when it
// stands before an instruction (es movsb) or in an address ([es:di]); ok is
// false for any other register.
func SegmentPrefix(reg lang.RegisterID) (p PrefixID, ok bool) {
	if reg >= firstSeg && reg < firstSeg+6 {
		return SegES + PrefixID(reg-firstSeg), true
	}
	return NoPrefix, false
}

// Repeats reports whether p repeats a string instruction.
func (p PrefixID) Repeats() bool {
	return p == Rep || p == Repe || p == Repz || p == Repne || p == Repnz
}

// Repeated reports whether the instruction has a prefix that repeats.
func (in *Instruction) Repeated() bool { return slices.ContainsFunc(in.Prefixes, PrefixID.Repeats) }
