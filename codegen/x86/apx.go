package x86

import (
	"fmt"
	"slices"
	"strings"

	"tasm/lang"
)

// What APX makes of the table
//
// APX (Intel, "Advanced Performance Extensions Architecture Specification") has sixteen
// more general registers, a REX2 prefix that names them in instructions of the first two
// opcode maps, and an EVEX prefix that names them everywhere else and gives old
// instructions a new destination (ND) or no effect on the flags (NF). Little of that
// stands in the table: which forms go behind REX2 follows from their opcodes, and the
// rows behind EVEX from the rows without, by the facts map4, evex, ndd, nf and zu.

// addExtended appends what CPU APX adds to the forms of one line: the line itself where it
// is APX's own, or else what it is behind EVEX.
func (r *row) addExtended(forms []Form, id Mnemonic, line string) ([]Form, error) {
	if err := r.parse(line); err != nil {
		return nil, err
	}
	if r.tags&extendedOnly != 0 {
		r.modes = Mode64
		r.tags &^= newDest | noFlags | zeroUpper
		return r.addWidths(forms, id)
	}
	if r.map4 == "" && r.tags&promoted == 0 || r.tags&alternative != 0 {
		return forms, nil
	}
	bases, err := r.addWidths(nil, id)
	if err != nil {
		return nil, err
	}
	for i := range bases {
		if base := &bases[i]; base.opcode.modrm != noModRM && base.modes.Has(64) {
			if forms, err = base.addPromoted(forms); err != nil {
				return nil, err
			}
		}
	}
	return forms, nil
}

// addPromoted appends the forms that APX makes of base: each of plain, with a new
// destination and with a cleared upper part, with and without effect on the flags.
func (base *Form) addPromoted(forms []Form) ([]Form, error) {
	for _, kind := range []tags{0, newDest, zeroUpper} {
		for _, quiet := range []tags{0, noFlags} {
			if base.tags&(kind|quiet) != kind|quiet || kind == newDest && !base.movesApart() || kind == zeroUpper && quiet != 0 {
				continue
			}
			r, err := base.promote(kind, quiet)
			if err != nil {
				return nil, err
			}
			if forms, err = r.addForm(forms, base.mnemonic, base.width); err != nil {
				return nil, err
			}
		}
	}
	return forms, nil
}

// movesApart reports whether a new destination may stand in front of the operands: the
// first of them, which is read and written, is one operand and not two.
func (base *Form) movesApart() bool {
	return base.operands[0].place != placeRegRM
}

// promote makes the row of a form behind EVEX.
func (base *Form) promote(kind, quiet tags) (*row, error) {
	r := *base.row
	encoding, err := base.promotedPrefix()
	if err != nil {
		return nil, err
	}
	if kind != 0 {
		encoding += ".ND"
	}
	if quiet != 0 {
		encoding += ".NF"
		r.flags.Written, r.flags.Cleared, r.flags.Set, r.flags.Undefined = 0, 0, 0, 0
	}
	opcode, err := base.promotedOpcode()
	if err != nil {
		return nil, err
	}
	r.encoding = encoding + " " + opcode
	r.tags = r.tags&^(lockable|elidable|releasable|exchanging|newDest|noFlags|zeroUpper|promoted) | extendedOnly | quiet | kind&zeroUpper
	r.modes, r.map4 = Mode64, ""
	if kind == newDest {
		destination, access := "r*", strings.Split(r.access, ",")
		if base.width == 0 {
			destination = "r" + fmt.Sprint(8*base.size)
		}
		r.operands = destination + ", " + r.operands
		r.encoding += " V" + base.letters()
		access[0] = "w," + strings.TrimRight(strings.ReplaceAll(access[0], "w", ""), "?")
		r.access = strings.Join(access, ",")
	}
	return &r, nil
}

// promotedPrefix is EVEX with the map and prefix that a form has behind it.
func (base *Form) promotedPrefix() (string, error) {
	op := &base.opcode
	if op.vex == vex {
		prefix, _, _ := strings.Cut(base.row.encoding, " ")
		return "E" + prefix + ".APX", nil
	}
	pp, _, explicit := strings.Cut(base.row.map4, ".")
	if !explicit {
		pp = "NP"
	}
	switch {
	case op.size == 2 && explicit:
		return "", fmt.Errorf("%s has two prefixes", base.Syntax())
	case op.size == 2:
		return "EVEX.LZ.66.MAP4.W0", nil
	case op.size == 8 && !op.default64:
		return "EVEX.LZ." + pp + ".MAP4.W1", nil
	case base.size == 1 || op.default64 || base.tags&bareREX != 0:
		return "EVEX.LZ." + pp + ".MAP4.WIG", nil
	}
	return "EVEX.LZ." + pp + ".MAP4.W0", nil
}

// promotedOpcode is what follows EVEX: the opcode, ModRM, immediates, and where the
// operands go.
func (base *Form) promotedOpcode() (string, error) {
	op := &base.opcode
	opcode := op.bytes[op.count-1]
	if other := base.row.map4[strings.IndexByte(base.row.map4, '.')+1:]; other != "" && other != "=" {
		var err error
		if opcode, err = parseByte(other, 16, 8); err != nil {
			return "", fmt.Errorf("%s has no opcode in map4=%s", base.Syntax(), base.row.map4)
		}
		opcode += byte(base.row.condition)
	}
	list := []string{fmt.Sprintf("%02X", opcode), "/r"}
	if op.modrm == extModRM {
		list[1] = fmt.Sprintf("/%d", op.digit)
	}
	for _, d := range op.fields[:op.nfields] {
		list = append(list, map[uint8]string{1: "ib", 2: "iw", 4: "id"}[d.size])
	}
	if op.order != "" {
		list = append(list, op.order)
	}
	return strings.Join(list, " "), nil
}

// letters says where the operands go, as the notation does.
func (base *Form) letters() string {
	var b strings.Builder
	for _, s := range base.specs() {
		switch s.place {
		case placeReg:
			b.WriteByte('R')
		case placeRM:
			b.WriteByte('M')
		case placeVvvv:
			b.WriteByte('V')
		case placeImmediate:
			b.WriteByte('I')
		default:
			b.WriteByte('-')
		}
	}
	return b.String()
}

// Asks returns the prefixes in braces with which alone the form is meant: {nf}, {zu}.
func (f *Form) Asks() []PrefixID {
	var list []PrefixID
	if f.Extended() && f.tags&noFlags != 0 {
		list = append(list, NoFlags)
	}
	if f.Extended() && f.tags&zeroUpper != 0 {
		list = append(list, ZeroUpper)
	}
	return list
}

// takesREX2 reports whether REX2 may stand before a form: in 64-bit mode before the
// opcodes of the first two maps, but for some rows of them.
func (f *Form) takesREX2() bool {
	op := &f.opcode
	if op.vex != noVEX || op.count == 0 || f.tags&noREX2 != 0 {
		return false
	}
	if op.bytes[0] != 0x0F {
		switch op.bytes[0] >> 4 {
		case 0x4, 0x7, 0xA, 0xE:
			return op.rex2
		}
		return true
	}
	if op.count == 1 {
		return true // 3DNow!
	}
	switch second := op.bytes[1]; second >> 4 {
	case 0x3, 0x8:
		return false
	default:
		return second != 0x38 && second != 0x3A
	}
}

// takesExtended reports whether the form can name r16 to r31.
func (f *Form) takesExtended() bool { return f.opcode.vex == evex || f.takesREX2() }

// UsesAPX reports whether the instruction, in the form f, is one of APX: it names one of
// r16 to r31, asks for REX2, or is in a form that came with them.
func (in *Instruction) UsesAPX(f *Form) bool {
	if f != nil && f.Extended() || slices.Contains(in.Prefixes, ForceREX2) {
		return true
	}
	for i := range in.Operands {
		o := &in.Operands[i]
		switch o.Kind {
		case RegisterOperand:
			if isRegister(o.Register) && registers[o.Register].Class == Extended {
				return true
			}
		case MemoryOperand:
			for _, t := range o.Value.Terms() {
				if id := lang.RegisterID(t.ID); t.Kind == lang.RegisterTerm && isRegister(id) && registers[id].Class == Extended {
					return true
				}
			}
		}
	}
	return false
}

// DefaultFlags writes the flags that CCMPscc and CTESTscc set if their condition does not
// hold: bit 3 is OF, 2 SF, 1 ZF, 0 CF.
func DefaultFlags(n int64) string {
	var names []string
	for i, name := range defaultFlags {
		if n>>(3-i)&1 != 0 {
			names = append(names, name)
		}
	}
	return "{dfv=" + strings.Join(names, ",") + "}"
}

var defaultFlags = [4]string{"of", "sf", "zf", "cf"}

// TakesDefaultFlags reports whether the first operand of m are the flags that it sets if
// its condition does not hold.
func TakesDefaultFlags(m Mnemonic) bool {
	if name := MnemonicName(m); len(name) < 5 || name[0] != 'c' {
		return false
	}
	forms := instructionSet().extendedOf(m)
	return len(forms) > 0 && forms[0].operands[0].rule == ruleFlags
}
