package x86

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
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
	"mm": {set: setMM, size: 8}, "xmm": {set: setXMM, size: 16}, "xmm0": {set: setXMM0, size: 16}, "ymm": {set: setYMM, size: 32}, "zmm": {set: setZMM, size: 64},
	"st": {set: setST}, "st0": {set: setST0}, "to st": {set: setToST}, "bnd": {set: setBound}, "k": {set: setMask}, "tmm": {set: setTile},
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
	"m256":  {set: setMemory, rule: ruleMemory, size: 32},
	"m512":  {set: setMemory, rule: ruleMemory, size: 64},
	"m":     {set: setMemory, rule: ruleBare},
	"mib":   {set: setMemory, rule: ruleBare, withSIB: true},
	"addr":  {set: setMemory | setImmediate, rule: ruleAnySize},

	"vm32x": {set: setVectorX, rule: ruleMemory, size: 4}, "vm32y": {set: setVectorY, rule: ruleMemory, size: 4}, "vm32z": {set: setVectorZ, rule: ruleMemory, size: 4},
	"vm64x": {set: setVectorX, rule: ruleMemory, size: 8}, "vm64y": {set: setVectorY, rule: ruleMemory, size: 8}, "vm64z": {set: setVectorZ, rule: ruleMemory, size: 8},
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
	"dfv":  {set: setImmediate, rule: ruleFlags},
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

// vectors are the registers and memory of a vector length, and of a half, a
// quarter and an eighth of it.
var vectors = map[uint8]map[string]string{
	16: {"vmm": "xmm", "hmm": "xmm", "qmm": "xmm", "mv": "m128", "mh": "m64", "mq": "m32", "mo": "m16"},
	32: {"vmm": "ymm", "hmm": "xmm", "qmm": "xmm", "mv": "m256", "mh": "m128", "mq": "m64", "mo": "m32"},
	64: {"vmm": "zmm", "hmm": "ymm", "qmm": "xmm", "mv": "m512", "mh": "m256", "mq": "m128", "mo": "m64"},
}

// decoratorNames are the decorators of the notation.
var decoratorNames = []struct {
	name string
	set  decorators
}{{"{k}", maskable}, {"{z}", zeroable}, {"{er}", roundable | suppressible}, {"{sae}", suppressible}, {"{+1}", paired}, {"{+3}", grouped}}

// parseSpec reads an operand's notation.
func parseSpec(text string, width uint8) (operandSpec, error) {
	name, decorated := cutDecorators(text)
	name, optional := strings.CutSuffix(name, "?")
	var s operandSpec
	for i, part := range specParts(name, width) {
		if bits, ok := strings.CutSuffix(part, "bcst"); ok {
			n, err := strconv.ParseUint(strings.TrimPrefix(bits, "m"), 10, 8)
			if err != nil {
				return s, fmt.Errorf("unknown operand %q", text)
			}
			s.broadcast = uint8(n / 8)
			s.decorators |= broadcasting
			continue
		}
		p, ok := specNames[part]
		if !ok {
			return s, fmt.Errorf("unknown operand %q", text)
		}
		if i == 0 {
			s = p
			continue
		}
		s.set |= p.set
		s.rule, s.size = p.rule, p.size // those of the memory
	}
	s.optional = optional
	s.decorators |= decorated
	// The vector length of a star has rounding only where it is 512.
	if width == 16 || width == 32 {
		s.decorators &^= roundable | suppressible
	}
	if s.decorators&roundable != 0 {
		s.decorators &^= suppressible // {er} is a rounding mode, never {sae} alone
	}
	return s, nil
}

// cutDecorators takes the decorators off an operand's notation.
func cutDecorators(text string) (name string, set decorators) {
	for {
		cut := false
		for _, d := range decoratorNames {
			if rest, ok := strings.CutSuffix(text, d.name); ok {
				text, set, cut = rest, set|d.set, true
			}
		}
		if !cut {
			return text, set
		}
	}
}

// specParts splits an operand's notation at the slashes, but for those of
// r/m32, and replaces what stands for several widths.
func specParts(name string, width uint8) []string {
	switch {
	case width == 8 && (name == "imm*"):
		return []string{"imm32s"}
	case width == 8 && name == "rel*":
		return []string{"rel64"}
	case name == "a*" || name == "c*":
		return []string{accumulator[name[0]][width]}
	}
	if _, ok := specNames[name]; ok {
		return []string{name}
	}
	if parts := vectors[width]; parts != nil {
		list := strings.Split(name, "/")
		for i, p := range list {
			if full, ok := parts[p]; ok {
				list[i] = full
			}
		}
		return list
	}
	name = sized(name, width)
	if _, ok := specNames[name]; ok {
		return []string{name}
	}
	return strings.Split(name, "/")
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
	wait      bool // WAIT in front
	vex       vexKind
	vexMap    uint8
	vexPP     uint8
	vexW      bool
	vexL      uint8  // vector length: 0 for 128 bits, 1 for 256, 2 for 512
	anyW      bool   // WIG: either W will do for the processor
	anyL      bool   // LIG: any vector length
	order     string // RVM and the like: where the operands go; "" for the usual places
	fixedRM   bool   // ModRM.rm is register 0 whatever the operands (tilezero)
	unit      uint8  // N of disp8*N where it is not the size of the memory
	suffix    int16  // a byte of the opcode after the address, -1 for none
	rex2      bool   // REX2 is part of it

	// Of EVEX as APX has it:
	apx       bool // not of vectors: general registers everywhere, displacements are not scaled
	newDest   bool // ND
	noFlags   bool // NF
	source    bool // SCC: condition stands where else mask and EVEX.V' do
	condition Condition
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
	evex
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
	registerField // a register in the high four bits
)

var fieldNames = map[string]field{
	"ib": {immediateField, 1, 0}, "iw": {immediateField, 2, 0}, "id": {immediateField, 4, 0}, "iq": {immediateField, 8, 0},
	"cb": {relativeField, 1, 0}, "cw": {relativeField, 2, 0}, "cd": {relativeField, 4, 0},
	"mo": {offsetField, 0, 0}, "pw": {pointerField, 2, 0}, "pd": {pointerField, 4, 0}, "sel": {selectorField, 2, 0},
	"/is4": {registerField, 1, 0},
}

// opcodeWords are the words of the notation that stand for themselves; width is what
// the row's "*" stands for, in bytes.
var opcodeWords = map[string]func(o *opcode, width uint8){
	"NP":  func(*opcode, uint8) {},
	"o16": func(o *opcode, _ uint8) { o.size = 2 },
	"o32": func(o *opcode, _ uint8) { o.size = 4 },
	"o64": func(o *opcode, _ uint8) { o.size, o.default64 = 8, true },
	"o*":  func(o *opcode, width uint8) { o.size = width },
	"d64": func(o *opcode, _ uint8) { o.default64 = true },
	"a16": func(o *opcode, _ uint8) { o.address = 2 },
	"a32": func(o *opcode, _ uint8) { o.address = 4 },
	"a64": func(o *opcode, _ uint8) { o.address = 8 },
	"a*":  func(o *opcode, width uint8) { o.address = width },
	"/r":  func(o *opcode, _ uint8) { o.modrm = regModRM },

	"REX.W": func(o *opcode, _ uint8) { o.size = 8 },
	"REX2":  func(o *opcode, _ uint8) { o.rex2 = true },
}

// parse reads an encoding in the manual's notation.
func (o *opcode) parse(text string, width, condition uint8) error {
	tokens := strings.Fields(text)
	o.suffix, o.condition = -1, Condition(condition)
	for i, token := range tokens {
		if f, ok := fieldNames[sizedField(token, width)]; ok {
			o.fields[o.nfields] = f
			o.nfields++
			continue
		}
		if set, ok := opcodeWords[token]; ok {
			set(o, width)
			continue
		}
		var err error
		unit, isUnit := strings.CutPrefix(token, "disp8*")
		switch {
		case token[0] == '/':
			o.modrm = extModRM
			o.digit, err = parseByte(token[1:], 8, 3)
		case isUnit:
			o.unit, err = parseByte(unit, 10, 8)
		case token == "9B" && i == 0 && len(tokens) > 1:
			o.wait = true
		case strings.Trim(token, "RVMI-") == "":
			o.order = token
		case strings.Contains(token, "."):
			err = o.parseVEX(token, width)
		default:
			err = o.parseByte(token, i+1 == len(tokens), condition)
		}
		if err != nil {
			return fmt.Errorf("bad token %q: %w", token, err)
		}
	}
	return nil
}

// parseByte reads a byte of the opcode, such as 0F, B8+r or 70+cc; last says that
// nothing follows it.
func (o *opcode) parseByte(token string, last bool, condition uint8) error {
	digits, plus, _ := strings.Cut(token, "+")
	b, err := parseByte(digits, 16, 8)
	if err != nil {
		return err
	}
	switch plus {
	case "r", "i":
		o.register = true
	case "cc":
		b += condition
	case "":
		if o.count == 0 && (b == 0x66 || b == 0xF2 || b == 0xF3) && !last && o.mandatory == 0 && o.vex == noVEX {
			o.mandatory = b
			return nil
		}
	default:
		return errors.New("only +r, +i and +cc may follow a byte")
	}
	switch {
	case len(digits) != 2:
		return errors.New("a byte has two digits")
	case o.modrm != noModRM:
		o.suffix = int16(b)
	case int(o.count) == len(o.bytes):
		return fmt.Errorf("the opcode is longer than %d bytes", len(o.bytes))
	default:
		o.bytes[o.count] = b
		o.count++
	}
	return nil
}

// parseByte reads a number of so many bits.
func parseByte(digits string, base, bits int) (byte, error) {
	n, err := strconv.ParseUint(digits, base, bits)
	return byte(n), err
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

// vexParts are what stands between the dots of VEX.128.66.0F38.W0.
var vexParts = map[string]func(o *opcode){
	"NP": func(o *opcode) {}, "66": func(o *opcode) { o.vexPP = 1 }, "F3": func(o *opcode) { o.vexPP = 2 }, "F2": func(o *opcode) { o.vexPP = 3 },
	"0F": func(o *opcode) { o.vexMap = 1 }, "0F38": func(o *opcode) { o.vexMap = 2 }, "0F3A": func(o *opcode) { o.vexMap = 3 },
	"MAP5": func(o *opcode) { o.vexMap = 5 }, "MAP6": func(o *opcode) { o.vexMap = 6 }, "MAP7": func(o *opcode) { o.vexMap = 7 },
	"M8": func(o *opcode) { o.vexMap = 8 }, "M9": func(o *opcode) { o.vexMap = 9 }, "MA": func(o *opcode) { o.vexMap = 10 },
	"LZ": func(o *opcode) {}, "128": func(o *opcode) {}, "256": func(o *opcode) { o.vexL = 1 }, "512": func(o *opcode) { o.vexL = 2 }, "LIG": func(o *opcode) { o.anyL = true },
	"W0": func(o *opcode) {}, "W1": func(o *opcode) { o.vexW = true }, "WIG": func(o *opcode) { o.anyW = true },
	"MAP4": func(o *opcode) { o.vexMap, o.apx = 4, true }, "APX": func(o *opcode) { o.apx = true },
	"ND": func(o *opcode) { o.newDest = true }, "NF": func(o *opcode) { o.noFlags = true }, "SCC": func(o *opcode) { o.source = true },
}

// parseVEX reads VEX.LZ.F2.0F38.W0 and the like.
func (o *opcode) parseVEX(token string, width uint8) error {
	kind, rest, _ := strings.Cut(token, ".")
	o.vex = map[string]vexKind{"VEX": vex, "XOP": xop, "EVEX": evex}[kind]
	for part := range strings.SplitSeq(rest, ".") {
		switch part {
		case "W*":
			o.vexW = width == 8
			continue
		case "o*":
			o.vexW = width == 8
			if width == 2 {
				o.vexPP = 1
			}
			continue
		case "L":
			part = strconv.Itoa(int(width) * 8)
		}
		set, ok := vexParts[part]
		if !ok {
			return fmt.Errorf("bad part %q of %q", part, token)
		}
		set(o)
	}
	return nil
}

// place decides where each operand goes. The manual's rule: with /r a plain
// register is ModRM.reg and r/m is ModRM.rm; a register next to a control,
// debug, test or segment register is ModRM.rm; what remains is VEX.vvvv.
// Where the encoding says RVM or the like, that is where they go.
func (f *Form) place() error {
	op := &f.opcode
	if op.order != "" {
		return f.placeInOrder()
	}
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
		case ruleFlags:
			s.place = placeDefault
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

// placeInOrder places each operand where the letter of its turn says: R in
// ModRM.reg (a second R in the immediate), M in ModRM.rm, V in VEX.vvvv, I in
// the immediate, "-" nowhere.
func (f *Form) placeInOrder() error {
	op := &f.opcode
	if len(op.order) != int(f.count) {
		return fmt.Errorf("%s: %q does not place each operand", f.Syntax(), op.order)
	}
	next := uint8(0)
	field := func(i int, p place) {
		f.operands[i].place = p
		if next < op.nfields {
			op.fields[next].operand = uint8(i)
		}
		next++
	}
	for i, letter := range op.order {
		switch letter {
		case 'R':
			if strings.IndexByte(op.order, 'R') < i {
				field(i, placeIs4)
			} else {
				f.operands[i].place = placeReg
			}
		case 'M':
			f.operands[i].place = placeRM
		case 'V':
			f.operands[i].place = placeVvvv
		case 'I':
			field(i, placeImmediate)
		}
	}
	op.fixedRM = op.modrm == regModRM && !strings.Contains(op.order, "M")
	if next != op.nfields {
		return fmt.Errorf("%s: fields and operands do not agree", f.Syntax())
	}
	return nil
}

// fixed reports whether the operand is one particular register.
func (s *operandSpec) fixed() bool {
	const classes = setR8 | setR16 | setR32 | setR64 | setNotEAX | setSegment | setControl | setDebug | setTest |
		setST | setToST | setMM | setXMM | setYMM | setZMM | setMask | setBound | setTile
	return s.set&classes == 0
}

// terms splits a form's operands as the manual writes them.
func (r *row) terms(f *Form) []string {
	if r.operands == "" {
		return nil
	}
	if known, ok := terms.Load(f); ok {
		return known.([]string)
	}
	var list []string
	i := -1
	for text := range strings.SplitSeq(r.operands, ",") {
		if i++; i == int(f.omitted) {
			continue
		}
		list = append(list, manualTerm(strings.Trim(strings.TrimSpace(text), "()"), f.width))
	}
	terms.Store(f, list)
	return list
}

// terms holds the operands of forms that have been shown, as messages repeat them.
var terms sync.Map // of *Form to []string

// manualTerm is an operand of the table as the manual writes it.
func manualTerm(text string, width uint8) string {
	name, set := cutDecorators(text)
	name = strings.TrimSuffix(name, "?")
	if width == 8 && (name == "imm*" || name == "rel*") {
		name = name[:3] + "32"
	} else {
		name = strings.Join(specParts(name, width), "/")
	}
	if m, ok := manual[name]; ok {
		name = m
	}
	if s := specNames[name]; s.set != 0 && s.fixed() && s.rule == ruleRegister {
		name = strings.ToUpper(name)
	}
	for _, d := range decoratorNames {
		if set&d.set == d.set && (d.set&suppressible == 0 || width == 0 || width == 64) && !(d.name == "{sae}" && set&roundable != 0) {
			name += d.name
		}
	}
	return name
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
		case strings.Contains(token, ".o*"):
			token = strings.Replace(token, ".o*.MAP4", map[uint8]string{2: ".66.MAP4.W0", 4: ".NP.MAP4.W0", 8: ".NP.MAP4.W1"}[f.width], 1)
		case strings.Contains(token, ".L."):
			token = strings.Replace(token, ".L.", "."+strconv.Itoa(int(f.width)*8)+".", 1)
		case strings.Contains(token, ".W*"):
			token = strings.Replace(token, ".W*", map[uint8]string{4: ".W0", 8: ".W1"}[f.width], 1)
		case token == "d64", token == "o64", token == f.opcode.order, strings.HasPrefix(token, "disp8*"):
			continue
		case strings.HasSuffix(token, "+cc"):
			n, _ := strconv.ParseUint(token[:2], 16, 8)
			token = fmt.Sprintf("%02X", byte(n)+byte(r.condition))
		default:
			token = sized(sizedField(token, f.width), f.width)
		}
		list = append(list, strings.Replace(token, ".APX", "", 1))
	}
	return strings.Join(list, " ")
}

// id makes the stable name of a form: the mnemonic and the operands without
// punctuation. Where forms would share a name it says the operand size too,
// and the opcode where that is not enough.
func (r *row) id(f *Form) string {
	name := r.plainID(f)
	if f.Alternative() || f.Extended() {
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
	if f.opcode.vex == evex {
		text = "_EVEX" + text
	}
	if f.opcode.newDest {
		text += "_ND"
	}
	if f.opcode.noFlags {
		text += "_NF"
	}
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
		name += "_" + strings.NewReplacer("/", "", ":", "", "-", "", "{", "", "}", "", " ", "").Replace(strings.ToLower(term))
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
