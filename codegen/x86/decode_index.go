package x86

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// formIndex finds forms by the first byte of their opcode, and those whose first byte
// is 0F by the second. Programs hold few of the table's instructions, so that its rows
// are read when the first opcode of their lane comes up.
type formIndex struct {
	lanes [2][32]lane // without and with 0F in front
	// vex has the forms behind VEX, EVEX and XOP, by vexKey, apx those that APX adds.
	vex, apx func() map[uint16][]*Form
}

// lane is eight opcodes that differ in their low three bits.
type lane struct {
	mnemonics []Mnemonic // that may have forms here
	forms     atomic.Pointer[[8][]*Form]
}

// decodeIndex sorts the mnemonics into lanes by the text of their rows.
var decodeIndex = sync.OnceValue(func() *formIndex {
	x := &formIndex{}
	var vectors, extended []Mnemonic
	add := func(list *[]Mnemonic, m Mnemonic) {
		if n := len(*list); n == 0 || (*list)[n-1] != m {
			*list = append(*list, m)
		}
	}
	mnemonics := instructionSet().mnemonics
	for id := range mnemonics[1:] {
		m := Mnemonic(id + 1)
		if promotes(mnemonics[m].base.head) {
			extended = append(extended, m)
		}
		for _, line := range mnemonics[m].base.lines {
			_, rest, _ := strings.Cut(line, "|")
			encoding, facts, _ := strings.Cut(rest, "|")
			if promotes(facts) {
				add(&extended, m)
			}
			switch escape, first, ok := firstOpcode(encoding); {
			case !ok:
				add(&vectors, m)
			default:
				add(&x.lanes[escape][first>>3].mnemonics, m)
				if first&7 == 0 && mnemonics[m].means != "" { // sixteen conditions
					add(&x.lanes[escape][first>>3+1].mnemonics, m)
				}
			}
		}
	}
	x.vex = sync.OnceValue(func() map[uint16][]*Form { return vexIndex(vectors, Forms) })
	x.apx = sync.OnceValue(func() map[uint16][]*Form { return vexIndex(extended, ExtendedForms) })
	return x
})

// promotes reports whether a head or the facts of a line speak of APX.
func promotes(facts string) bool {
	for _, word := range []string{" map4", " evex", " apx"} {
		if strings.Contains(facts, word) {
			return true
		}
	}
	return false
}

// vexIndex sorts forms behind VEX, EVEX and XOP by vexKey.
func vexIndex(mnemonics []Mnemonic, forms func(Mnemonic) []*Form) map[uint16][]*Form {
	index := map[uint16][]*Form{}
	for _, m := range mnemonics {
		for f := range decodable(forms(m)) {
			if op := &f.opcode; op.vex != noVEX {
				key := vexKey(op.vex, op.vexMap, op.bytes[0])
				index[key] = append(index[key], f)
			}
		}
	}
	for _, list := range index {
		slices.SortStableFunc(list, decodeOrder)
	}
	return index
}

// behindVEX returns the forms of an opcode behind VEX, EVEX or XOP.
func (x *formIndex) behindVEX(kind vexKind, opcodeMap, opcode byte) []*Form {
	key := vexKey(kind, opcodeMap, opcode)
	list := x.vex()[key]
	if kind == evex {
		if more := x.apx()[key]; len(more) > 0 {
			list = slices.Concat(list, more)
		}
	}
	return list
}

// firstOpcode returns where the first opcode byte of an encoding in the manual's
// notation is looked up: behind how many bytes 0F, and the byte; false behind VEX.
func firstOpcode(encoding string) (escape int, first byte, legacy bool) {
	tokens := strings.Fields(encoding)
	for i, token := range tokens {
		if strings.HasPrefix(token, "VEX.") || strings.HasPrefix(token, "EVEX.") || strings.HasPrefix(token, "XOP.") {
			return 0, 0, false
		}
		digits, _, _ := strings.Cut(token, "+")
		b, err := parseByte(digits, 16, 8)
		if err != nil || len(digits) != 2 {
			continue
		}
		prefix := b == 0x66 || b == 0xF2 || b == 0xF3 || b == 0x9B
		switch last := i+1 == len(tokens); {
		case escape == 0 && !last && prefix:
		case escape == 0 && !last && b == 0x0F:
			escape = 1
		default:
			return escape, b, true
		}
	}
	return 0, 0x0F, true
}

// legacy returns the forms of an opcode without VEX, in the order in which they are
// tried.
func (x *formIndex) legacy(escape int, opcode byte) []*Form {
	l := &x.lanes[escape][opcode>>3]
	forms := l.forms.Load()
	if forms == nil {
		forms = l.read(escape, opcode&^7)
		l.forms.Store(forms)
	}
	return forms[opcode&7]
}

// read reads the forms of a lane, whose first opcode is given.
func (l *lane) read(escape int, opcode byte) *[8][]*Form {
	var forms [8][]*Form
	for _, m := range l.mnemonics {
		for f := range decodable(append(Forms(m), extendedLegacy(m)...)) {
			op := &f.opcode
			if op.vex != noVEX {
				continue
			}
			behind, first := 0, op.bytes[0]
			if first == 0x0F && op.count > 1 {
				behind, first = 1, op.bytes[1]
			}
			if behind != escape || first&^7 != opcode {
				continue
			}
			last := first
			if op.register && int(op.count) == behind+1 {
				last |= 7
			}
			for n := first & 7; n <= last&7; n++ {
				forms[n] = append(forms[n], f)
			}
		}
	}
	for i := range forms {
		slices.SortStableFunc(forms[i], decodeOrder)
	}
	return &forms
}

// extendedLegacy are the forms of a mnemonic of APX, which may be behind REX2.
func extendedLegacy(m Mnemonic) []*Form {
	if !instructionSet().mnemonics[m].later {
		return nil
	}
	return ExtendedForms(m)
}

// decodable yields those of the forms that a decoder looks for.
func decodable(forms []*Form) func(yield func(*Form) bool) {
	return func(yield func(*Form) bool) {
		for _, f := range forms {
			if f.opcode.count > 0 && !f.opcode.wait && !f.short && !yield(f) {
				return
			}
		}
	}
}

// decodeOrder puts the longest opcodes first, then the forms that ask for a prefix,
// then those with ModRM, then those with fewer operands: NOP before XCHG eax, eax.
func decodeOrder(a, b *Form) int {
	rank := func(f *Form) int {
		n := int(f.count) - 100*int(f.opcode.count)
		if f.opcode.mandatory == 0 {
			n += 10
		}
		if f.opcode.modrm == noModRM {
			n += 5
		}
		if f.Alternative() {
			n += 20
		}
		if f.tags&superseded != 0 {
			n += 300
		}
		if f.opcode.suffix >= 0 {
			n -= 50
		}
		if f.opcode.rex2 {
			n -= 50
		}
		return n
	}
	return rank(a) - rank(b)
}

func vexKey(kind vexKind, opcodeMap, opcode byte) uint16 {
	return uint16(kind)<<12 | uint16(opcodeMap)<<8 | uint16(opcode)
}
