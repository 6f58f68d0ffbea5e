package x86

import (
	"fmt"
	"strconv"
	"strings"
)

// specNames gives the notation of operands that a size doesn't vary.
var specNames = map[string]operandSpec{
	"r8": {set: setR8, size: 1}, "r16": {set: setR16, size: 2}, "r32": {set: setR32, size: 4}, "r64": {set: setR64, size: 8},
	"al": {set: setAL, size: 1}, "ax": {set: setAX, size: 2}, "eax": {set: setEAX, size: 4}, "rax": {set: setRAX, size: 8},
	"cl": {set: setCL, size: 1}, "cx": {set: setCX, size: 2}, "ecx": {set: setECX, size: 4}, "rcx": {set: setRCX, size: 8},
	"dx": {set: setDX, size: 2}, "edx": {set: setEDX, size: 4},
	"r32-eax": {set: setNotEAX, size: 4},
	"es":      {set: setES}, "cs": {set: setCS}, "ss": {set: setSS}, "ds": {set: setDS}, "fs": {set: setFS}, "gs": {set: setGS},
	"sreg": {set: setSegment}, "cr": {set: setControl}, "dr": {set: setDebug}, "tr": {set: setTest},
	"mm": {set: setMM, size: 8}, "xmm": {set: setXMM, size: 16}, "ymm": {set: setYMM, size: 32}, "st": {set: setST}, "st0": {set: setST0}, "bnd": {set: setBound},
	"r/m8":  {set: setR8 | setMemory, rule: ruleMemory, size: 1},
	"r/m16": {set: setR16 | setMemory, rule: ruleMemory, size: 2},
	"r/m32": {set: setR32 | setMemory, rule: ruleMemory, size: 4},
	"r/m64": {set: setR64 | setMemory, rule: ruleMemory, size: 8},
	"m8":    {set: setMemory, rule: ruleMemory, size: 1},
	"m16":   {set: setMemory, rule: ruleMemory, size: 2},
	"m32":   {set: setMemory, rule: ruleMemory, size: 4},
	"m64":   {set: setMemory, rule: ruleMemory, size: 8},
	"m80":   {set: setMemory, rule: ruleMemory, size: 10},
	"m128":  {set: setMemory, rule: ruleMemory, size: 16},
	"m512":  {set: setMemory, rule: ruleMemory, size: 64},
	"m":     {set: setMemory, rule: ruleBare},
	"addr":  {set: setMemory | setImmediate, rule: ruleAnySize},

	"m16:16": {set: setFarMemory, rule: ruleMemory, size: 2},
	"m16:32": {set: setFarMemory, rule: ruleMemory, size: 4},
	"m16:64": {set: setFarMemory, rule: ruleMemory, size: 8},
	"moffs8": {set: setOffset, rule: ruleMemory, size: 1}, "moffs16": {set: setOffset, rule: ruleMemory, size: 2},
	"moffs32": {set: setOffset, rule: ruleMemory, size: 4}, "moffs64": {set: setOffset, rule: ruleMemory, size: 8},

	"imm8": {set: setImmediate, rule: ruleImmediate, size: 1}, "imm16": {set: setImmediate, rule: ruleImmediate, size: 2},
	"imm32": {set: setImmediate, rule: ruleImmediate, size: 4}, "imm64": {set: setImmediate, rule: ruleImmediate, size: 8},
	"imm8u": {set: setImmediate, rule: ruleUnsigned, size: 1}, "imm16u": {set: setImmediate, rule: ruleUnsigned, size: 2}, "imm32n": {set: setImmediate, rule: ruleUnsigned, size: 4},
	"imm8s": {set: setImmediate, rule: ruleSigned8, size: 1}, "imm32s": {set: setImmediate, rule: ruleSigned32, size: 4},
	"imm32u": {set: setImmediate, rule: ruleZero32, size: 4}, "imm32x": {set: setImmediate, rule: ruleFits32, size: 4},
	"1":    {set: setImmediate, rule: ruleOne},
	"rel8": {set: setImmediate | setShortLabel, rule: ruleShort, size: 1}, "rel8only": {set: setImmediate, rule: ruleShortOnly, size: 1},
	"rel16": {set: setImmediate | setNearLabel, rule: ruleNear, size: 2}, "rel32": {set: setImmediate | setNearLabel, rule: ruleNear, size: 4},
	"rel64":    {set: setImmediate | setNearLabel, rule: ruleNear, size: 8}, // in a field of 4 bytes
	"ptr16:16": {set: setPointer | setFarLabel, rule: rulePointer, size: 2}, "ptr16:32": {set: setPointer | setFarLabel, rule: rulePointer, size: 4},
}

// manual turns the table's notation of an operand into the manual's.
var manual = map[string]string{
	"imm8s": "imm8", "imm8u": "imm8", "imm16u": "imm16", "imm32n": "imm32", "imm32s": "imm32", "imm32u": "imm32", "imm32x": "imm32",
	"rel8only": "rel8", "rel64": "rel32", "addr": "m", "r32-eax": "r32", "cr": "CR0-CR15", "dr": "DR0-DR15", "tr": "TR0-TR7",
}

// parseSpec reads an operand's notation.
func parseSpec(text string, width uint8) (operandSpec, error) {
	name, optional := strings.CutSuffix(text, "?")
	switch {
	case width == 8 && (name == "imm*"):
		name = "imm32s"
	case width == 8 && name == "rel*":
		name = "rel64"
	case name == "a*" || name == "c*":
		name = accumulator[name[0]][width]
	default:
		name = sized(name, width)
	}
	s, ok := specNames[name]
	if !ok {
		return s, fmt.Errorf("unknown operand %q", text)
	}
	s.optional = optional
	return s, nil
}

var accumulator = map[byte]map[uint8]string{
	'a': {2: "ax", 4: "eax", 8: "rax"},
	'c': {2: "cx", 4: "ecx", 8: "rcx"},
}

// opcode is a parsed encoding column.
type opcode struct {
	bytes     [4]byte
	count     uint8
	mandatory byte  // 66, F2 or F3 before the REX prefix
	size      uint8 // operand size in bytes that the encoding asks for, 0 for none
	default64 bool  // 64 bits without REX.W
	address   uint8 // address size in bytes that the encoding asks for, 0 for none
	modrm     modrmKind
	digit     uint8
	register  bool // +r: a register number is added to the last byte
	vex       vexKind
	vexMap    uint8
	vexPP     uint8
	vexW      bool
	fields    [3]field
	nfields   uint8
}

type modrmKind uint8

const (
	noModRM  modrmKind = iota
	regModRM           // /r
	extModRM           // /digit
)

type vexKind uint8

const (
	noVEX vexKind = iota
	vex
	xop
)

// field is what follows the address in an encoding.
type field struct {
	kind    fieldKind
	size    uint8
	operand uint8
}

type fieldKind uint8

const (
	immediateField fieldKind = iota
	relativeField
	offsetField   // a moffs: as many bytes as the address size
	pointerField  // the offset of a far pointer
	selectorField // its segment
)

var fieldNames = map[string]field{
	"ib": {immediateField, 1, 0}, "iw": {immediateField, 2, 0}, "id": {immediateField, 4, 0}, "iq": {immediateField, 8, 0},
	"cb": {relativeField, 1, 0}, "cw": {relativeField, 2, 0}, "cd": {relativeField, 4, 0},
	"mo": {offsetField, 0, 0}, "pw": {pointerField, 2, 0}, "pd": {pointerField, 4, 0}, "sel": {selectorField, 2, 0},
}

// parse reads an encoding in the manual's notation.
func (o *opcode) parse(text string, width, condition uint8) error {
	tokens := strings.Fields(text)
	for i, token := range tokens {
		if f, ok := fieldNames[sizedField(token, width)]; ok {
			o.fields[o.nfields] = f
			o.nfields++
			continue
		}
		switch {
		case token == "o16":
			o.size = 2
		case token == "o32":
			o.size = 4
		case token == "REX.W":
			o.size = 8
		case token == "o64":
			o.size, o.default64 = 8, true
		case token == "d64":
			o.default64 = true
		case token == "o*":
			o.size = width
		case token == "a16":
			o.address = 2
		case token == "a32":
			o.address = 4
		case token == "a64":
			o.address = 8
		case token == "a*":
			o.address = width
		case token == "/r":
			o.modrm = regModRM
		case token[0] == '/':
			n, err := strconv.ParseUint(token[1:], 8, 3)
			if err != nil {
				return fmt.Errorf("bad extension %q", token)
			}
			o.modrm, o.digit = extModRM, uint8(n)
		case strings.HasPrefix(token, "VEX.") || strings.HasPrefix(token, "XOP."):
			if err := o.parseVEX(token, width); err != nil {
				return err
			}
		default:
			digits, plus, _ := strings.Cut(token, "+")
			n, err := strconv.ParseUint(digits, 16, 8)
			if err != nil || len(digits) != 2 {
				return fmt.Errorf("bad token %q", token)
			}
			b := byte(n)
			switch plus {
			case "r":
				o.register = true
			case "cc":
				b += condition
			case "":
				if o.count == 0 && (b == 0x66 || b == 0xF2 || b == 0xF3) && i+1 < len(tokens) && o.mandatory == 0 && o.vex == noVEX {
					o.mandatory = b
					continue
				}
			default:
				return fmt.Errorf("bad token %q", token)
			}
			if int(o.count) == len(o.bytes) {
				return fmt.Errorf("opcode longer than %d bytes", len(o.bytes))
			}
			o.bytes[o.count] = b
			o.count++
		}
	}
	return nil
}

// sizedField replaces the "*" of an immediate field.
func sizedField(token string, width uint8) string {
	switch token {
	case "i*", "c*", "p*":
		if width == 2 {
			return token[:1] + "w"
		}
		return token[:1] + "d"
	}
	return token
}

// parseVEX reads VEX.LZ.F2.0F38.W0 and the like.
func (o *opcode) parseVEX(token string, width uint8) error {
	o.vex = vex
	if token[0] == 'X' {
		o.vex = xop
	}
	for part := range strings.SplitSeq(token[4:], ".") {
		switch part {
		case "LZ", "NP", "W0":
		case "66":
			o.vexPP = 1
		case "F3":
			o.vexPP = 2
		case "F2":
			o.vexPP = 3
		case "0F":
			o.vexMap = 1
		case "0F38":
			o.vexMap = 2
		case "0F3A":
			o.vexMap = 3
		case "M8":
			o.vexMap = 8
		case "M9":
			o.vexMap = 9
		case "MA":
			o.vexMap = 10
		case "W1":
			o.vexW = true
		case "W*":
			o.vexW = width == 8
		default:
			return fmt.Errorf("bad part %q of %q", part, token)
		}
	}
	if o.vexW {
		o.size = 8
	}
	return nil
}

// place decides where each operand goes. The manual's rule: with /r a plain
// register is ModRM.reg and r/m is ModRM.rm; a register next to a control,
// debug, test or segment register is ModRM.rm; what remains is VEX.vvvv.
func (f *Form) place() error {
	op := &f.opcode
	var regs, rms []int
	next := uint8(0)
	for i := range f.specs() {
		s := &f.operands[i]
		switch s.rule {
		case ruleRegister:
			if !s.fixed() {
				regs = append(regs, i)
			}
		case ruleMemory, ruleBare, ruleAnySize:
			if s.set&setMemory == 0 && s.set&setFarMemory == 0 {
				s.place = placeOffset
				op.fields[next].operand = uint8(i)
				next++
			} else {
				rms = append(rms, i)
			}
		case ruleOne:
		case rulePointer:
			s.place = placeImmediate
			op.fields[0].operand, op.fields[1].operand = uint8(i), uint8(i)
			next = 2
		default:
			if next == op.nfields {
				return fmt.Errorf("%s: no field for an immediate", f.Syntax())
			}
			s.place = placeImmediate
			op.fields[next].operand = uint8(i)
			next++
		}
	}
	if next != op.nfields {
		return fmt.Errorf("%s: a field without an operand", f.Syntax())
	}
	take := func(list *[]int, p place) {
		if len(*list) > 0 {
			f.operands[(*list)[0]].place = p
			*list = (*list)[1:]
		}
	}
	switch {
	case op.register:
		take(&regs, placeOpcode)
	case op.modrm == extModRM:
		if len(rms) == 0 {
			take(&regs, placeRM)
		}
	case op.modrm == regModRM:
		switch {
		case len(rms) > 0:
			take(&regs, placeReg)
		case len(regs) == 1:
			take(&regs, placeRegRM)
		default:
			// No memory: the special register, or else the first, is ModRM.reg.
			if f.operands[regs[0]].set&(setR8|setR16|setR32|setR64) != 0 && f.operands[regs[1]].set&(setR8|setR16|setR32|setR64) == 0 {
				regs[0], regs[1] = regs[1], regs[0]
			}
			take(&regs, placeReg)
			take(&regs, placeRM)
		}
	}
	take(&rms, placeRM)
	if op.vex != noVEX {
		take(&regs, placeVvvv)
	}
	if len(regs)+len(rms) != 0 {
		return fmt.Errorf("%s: no place for an operand in %q", f.Syntax(), f.row.encoding)
	}
	return nil
}

// fixed reports whether the operand is one particular register.
func (s *operandSpec) fixed() bool {
	const classes = setR8 | setR16 | setR32 | setR64 | setNotEAX | setSegment | setControl | setDebug | setTest |
		setST | setMM | setXMM | setYMM | setZMM | setMask | setBound | setTile
	return s.set&classes == 0
}

// terms splits a form's operands as the manual writes them.
func (r *row) terms(f *Form) []string {
	if r.operands == "" {
		return nil
	}
	var list []string
	for text := range strings.SplitSeq(r.operands, ",") {
		name := strings.TrimSuffix(strings.TrimSpace(text), "?")
		switch {
		case f.width == 8 && (name == "imm*" || name == "rel*"):
			name = name[:3] + "32"
		case name == "a*" || name == "c*":
			name = accumulator[name[0]][f.width]
		default:
			name = sized(name, f.width)
		}
		if m, ok := manual[name]; ok {
			name = m
		}
		if s := specNames[name]; s.set != 0 && s.fixed() && s.rule == ruleRegister {
			name = strings.ToUpper(name)
		}
		list = append(list, name)
	}
	return list
}

func (r *row) syntax(f *Form) string {
	name := strings.ToUpper(r.name)
	if list := r.terms(f); len(list) > 0 {
		return name + " " + strings.Join(list, ", ")
	}
	return name
}

func (r *row) notation(f *Form) string {
	var list []string
	for token := range strings.FieldsSeq(r.encoding) {
		switch {
		case token == "o*" && f.width == 8:
			token = "REX.W"
			if f.opcode.default64 {
				continue
			}
		case token == "W*":
		case strings.HasSuffix(token, ".W*"):
			token = strings.TrimSuffix(token, "*") + "0"
			if f.width == 8 {
				token = strings.TrimSuffix(token, "0") + "1"
			}
		case token == "d64" || token == "o64":
			continue
		case strings.HasSuffix(token, "+cc"):
			n, _ := strconv.ParseUint(token[:2], 16, 8)
			token = fmt.Sprintf("%02X", byte(n)+r.condition)
		default:
			token = sized(sizedField(token, f.width), f.width)
		}
		list = append(list, token)
	}
	return strings.Join(list, " ")
}

// id makes the stable name of a form: the mnemonic and the operands without
// punctuation. Where forms would share a name it says the operand size too,
// and the opcode where that is not enough.
func (r *row) id(f *Form) string {
	name := r.plainID(f)
	if f.Alternative() {
		return name + f.opcodeID()
	}
	sized, unique := true, true
	for _, other := range Forms(f.mnemonic) {
		if other != f && !other.Alternative() && other.row.plainID(other) == name {
			unique = false
			sized = sized && other.opcode.size != f.opcode.size
		}
	}
	switch {
	case unique:
		return name
	case sized && f.opcode.size != 0:
		return name + "_o" + strconv.Itoa(int(f.opcode.size)*8)
	case sized:
		return name
	}
	return name + f.opcodeID()
}

// opcodeID is the opcode as part of a name: "_82_0".
func (f *Form) opcodeID() string {
	text := fmt.Sprintf("_%X", f.opcode.bytes[:f.opcode.count])
	if f.opcode.modrm == extModRM {
		text += fmt.Sprintf("_%d", f.opcode.digit)
	}
	return text
}

func (r *row) plainID(f *Form) string {
	name := strings.ToUpper(r.name[:1]) + r.name[1:]
	for _, term := range r.terms(f) {
		switch term {
		case "CR0-CR15", "DR0-DR15", "TR0-TR7":
			term = strings.ToLower(term[:2])
		}
		name += "_" + strings.NewReplacer("/", "", ":", "", "-", "").Replace(strings.ToLower(term))
	}
	return name
}

func (r *row) implicits(f *Form) []Implicit {
	var list []Implicit
	for _, s := range r.implicit {
		if s.sized {
			size := int(f.size)
			if size == 0 {
				size = 2
			}
			s.Register = GeneralRegister(int(registers[s.Register].Number), size)
		}
		list = append(list, s.Implicit)
	}
	return list
}

func (r *row) operandForms(f *Form) []OperandForm {
	list := make([]OperandForm, f.count)
	access := strings.Split(r.access, ",")
	for i, term := range r.terms(f) {
		list[i] = OperandForm{Notation: term, Size: int(f.operands[i].size), Access: Read}
		if i < len(access) {
			if a, err := parseAccess(access[i]); err == nil && access[i] != "" {
				list[i].Access = a
			}
		}
	}
	return list
}
