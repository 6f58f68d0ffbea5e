package x86

import (
	"strconv"

	"tasm/lang"
)

// Class is the kind of a register.
type Class uint8

const (
	NoClass  Class = iota
	General        // al ... r15
	Segment        // es cs ss ds fs gs, and the reserved segr6 and segr7
	Control        // cr0 ... cr15
	Debug          // dr0 ... dr15
	Test           // tr0 ... tr7, of the 386 and 486 only
	Float          // st0 ... st7
	MMX            // mm0 ... mm7
	XMM            // xmm0 ... xmm31
	YMM            // ymm0 ... ymm31
	ZMM            // zmm0 ... zmm31
	Mask           // k0 ... k7
	Bound          // bnd0 ... bnd3
	Tile           // tmm0 ... tmm7
	Extended       // r16 ... r31 and their parts, which APX brought
)

// Register is one row of the register table.
type Register struct {
	Name  string
	Class Class
	// Number is the register's number in instruction encodings, 0 to 31.
	Number uint8
	// Size is the register's width in bytes; 0 where the instruction decides.
	Size uint8
	// High is set for ah, ch, dh and bh, which are numbered 4 to 7 like spl,
	// bpl, sil and dil but can't be used together with a REX prefix.
	High bool

	set regset
}

// NoRegister stands where a register may be missing. The register numbered 0
// doesn't exist either, so that the zero Memory has no segment override.
const NoRegister lang.RegisterID = -1

// registers is the table of all registers; a RegisterID is an index into it.
var registers = makeRegisters()

// General-purpose registers stand in blocks of sixteen by number, so that the
// register of a number and size is a matter of arithmetic.
const (
	firstLow      lang.RegisterID = 1             // al cl dl bl spl bpl sil dil r8b ... r15b
	firstWord                     = firstLow + 16 // ax ...
	firstDword                    = firstWord + 16
	firstQword                    = firstDword + 16
	firstHigh                     = firstQword + 16 // ah ch dh bh
	firstSeg                      = firstHigh + 4   // es cs ss ds fs gs segr6 segr7
	firstCR                       = firstSeg + 8
	firstDR                       = firstCR + 16
	firstTR                       = firstDR + 16
	firstST                       = firstTR + 8
	firstMM                       = firstST + 8
	firstXMM                      = firstMM + 8
	firstYMM                      = firstXMM + 32
	firstZMM                      = firstYMM + 32
	firstMask                     = firstZMM + 32
	firstBound                    = firstMask + 8
	firstTile                     = firstBound + 4
	firstExtended                 = firstTile + 8 // r16b ... r31b, r16w ..., r16d ..., r16 ...
)

func makeRegisters() []Register {
	table := make([]Register, 1, 360)
	add := func(c Class, number, size int, name string) *Register {
		table = append(table, Register{Name: name, Class: c, Number: uint8(number), Size: uint8(size)})
		return &table[len(table)-1]
	}
	legacy := [8]string{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"}
	for i := range 16 {
		switch {
		case i < 4:
			add(General, i, 1, legacy[i][:1]+"l")
		case i < 8:
			add(General, i, 1, legacy[i]+"l")
		default:
			add(General, i, 1, "r"+strconv.Itoa(i)+"b")
		}
	}
	for _, wide := range []struct {
		size           int
		prefix, suffix string
	}{{2, "", "w"}, {4, "e", "d"}, {8, "r", ""}} {
		for i := range 16 {
			if i < 8 {
				add(General, i, wide.size, wide.prefix+legacy[i])
			} else {
				add(General, i, wide.size, "r"+strconv.Itoa(i)+wide.suffix)
			}
		}
	}
	for i := range 4 {
		add(General, i+4, 1, legacy[i][:1]+"h").High = true
	}
	for i, name := range []string{"es", "cs", "ss", "ds", "fs", "gs", "segr6", "segr7"} {
		add(Segment, i, 2, name)
	}
	for _, block := range []struct {
		class       Class
		count, size int
		name        string
	}{
		{Control, 16, 0, "cr"}, {Debug, 16, 0, "dr"}, {Test, 8, 0, "tr"}, {Float, 8, 10, "st"}, {MMX, 8, 8, "mm"},
		{XMM, 32, 16, "xmm"}, {YMM, 32, 32, "ymm"}, {ZMM, 32, 64, "zmm"}, {Mask, 8, 0, "k"}, {Bound, 4, 0, "bnd"}, {Tile, 8, 0, "tmm"},
	} {
		for i := range block.count {
			add(block.class, i, block.size, block.name+strconv.Itoa(i))
		}
	}
	for _, part := range []struct {
		size   int
		suffix string
	}{{1, "b"}, {2, "w"}, {4, "d"}, {8, ""}} {
		for i := 16; i < 32; i++ {
			add(Extended, i, part.size, "r"+strconv.Itoa(i)+part.suffix)
		}
	}
	for i := range table {
		table[i].set = setOf(&table[i])
	}
	return table
}

// isRegister reports whether id names a register of the table.
func isRegister(id lang.RegisterID) bool { return id > 0 && int(id) < len(registers) }

// RegisterInfo returns the row of a register, or nil for NoRegister.
func RegisterInfo(id lang.RegisterID) *Register {
	if !isRegister(id) {
		return nil
	}
	return &registers[id]
}

// RegisterName returns the register's name, "" for NoRegister.
func RegisterName(id lang.RegisterID) string {
	if !isRegister(id) {
		return ""
	}
	return registers[id].Name
}

// Registers returns the names of the registers in the table's order, but for those that
// are names of symbols before CPU APX.
func Registers() []string {
	names := make([]string, 0, firstExtended-1)
	for i := range registers[1:firstExtended] {
		names = append(names, registers[i+1].Name)
	}
	return names
}

// AH is the register ah, which no number alone names.
const AH = firstHigh

// general reports whether r is a general-purpose register, an extended one or not.
func (r *Register) general() bool { return r.Class == General || r.Class == Extended }

// GeneralRegister returns the general-purpose register with a number (0 to 31)
// and a size in bytes (1, 2, 4 or 8). Byte registers 4 to 7 are spl to dil.
func GeneralRegister(number, size int) lang.RegisterID {
	first, extended := firstLow, firstExtended
	switch size {
	case 2:
		first, extended = firstWord, firstExtended+16
	case 4:
		first, extended = firstDword, firstExtended+32
	case 8:
		first, extended = firstQword, firstExtended+48
	}
	if number > 15 {
		first = extended
	}
	return first + lang.RegisterID(number&15)
}

// Widest returns the 64-bit register that a general-purpose register is part
// of (rax for ah, al, ax and eax), and any other register itself: two
// registers overlap if their widest registers are equal.
func Widest(id lang.RegisterID) lang.RegisterID {
	r := RegisterInfo(id)
	switch {
	case r != nil && r.Class == Extended:
		return GeneralRegister(int(r.Number), 8)
	case r == nil || r.Class != General:
		if r != nil && (r.Class == XMM || r.Class == YMM) {
			return firstZMM + lang.RegisterID(r.Number)
		}
		return id
	case r.High:
		return firstQword + lang.RegisterID(r.Number) - 4
	}
	return firstQword + lang.RegisterID(r.Number)
}
