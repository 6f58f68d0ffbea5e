package x86

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"tasm/lang"
)

// The table of instruction forms, in chapters. Its notation is defined in the
// head comment of forms/00-notation.txt.
//
//go:embed forms/*.txt
var chapters embed.FS

// table is the parsed table of forms.
//
// A program uses few of the mnemonics: their rows are only read when they are
// first asked for.
type table struct {
	mnemonics []mnemonic               // by Mnemonic; the first is unused
	forms     []atomic.Pointer[[]Form] // by Mnemonic; nil until asked for
	apx       []atomic.Pointer[[]Form] // what CPU APX adds to them
	words     map[string]word
	extended  map[string]word // words that CPU APX reserves
}

type mnemonic struct {
	name  string
	base  *block
	code  Condition // the condition that the name ends with
	flags FlagSet
	means string // the condition in words
	later bool   // reserved by CPU APX only
}

// block is a head line and the lines below it.
type block struct {
	file  string
	line  int // of the head
	head  string
	lines []string
}

// instructionSet parses the table on first use. The table is part of the
// program, so a mistake in it is a bug, found by any test.
var instructionSet = sync.OnceValue(func() *table {
	t, err := loadTable()
	if err != nil {
		panic(err)
	}
	return t
})

func loadTable() (*table, error) {
	t := &table{
		mnemonics: make([]mnemonic, 1, 2600),
		words:     make(map[string]word, 3200),
		extended:  make(map[string]word, 300),
	}
	for id := range registers[1:] {
		words := t.words
		if registers[id+1].Class == Extended {
			words = t.extended
		}
		words[registers[id+1].Name] = word{lang.RegisterWord, int32(id + 1)}
	}
	for p := Wait; p < prefixCount; p++ {
		if prefixes[p].slot != slotSegment {
			t.words[prefixes[p].name] = word{lang.PrefixWord, int32(p)}
		}
	}
	files, err := chapters.ReadDir("forms")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		text, err := chapters.ReadFile("forms/" + f.Name())
		if err != nil {
			return nil, err
		}
		if err := t.addChapter(f.Name(), string(text)); err != nil {
			return nil, err
		}
	}
	t.forms = make([]atomic.Pointer[[]Form], len(t.mnemonics))
	t.apx = make([]atomic.Pointer[[]Form], len(t.mnemonics))
	return t, nil
}

// addChapter adds the blocks of one chapter: a head line that names mnemonics
// and their facts, and an indented line for each form.
func (t *table) addChapter(file, text string) error {
	var b *block
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '\t' && b != nil:
			b.lines = append(b.lines, line[1:])
		default:
			b = &block{file: file, line: number, head: line}
			if err := t.addBlock(b); err != nil {
				return fmt.Errorf("%s:%d: %w", file, number, err)
			}
		}
	}
	return nil
}

// addBlock adds the mnemonics of a block.
func (t *table) addBlock(b *block) error {
	names, _, ok := strings.Cut(b.head, ":")
	if !ok {
		return fmt.Errorf("no colon after the mnemonics of %q", b.head)
	}
	later := strings.HasSuffix(b.head, " apx")
	for name := range strings.FieldsSeq(names) {
		stem, rest, ok := strings.Cut(name, "scc")
		list := sourceConditions
		if !ok {
			stem, rest, ok = strings.Cut(name, "cc")
			list = conditions
		}
		if !ok {
			if err := t.addMnemonic(mnemonic{name: strings.ToLower(name), base: b, later: later}); err != nil {
				return err
			}
			continue
		}
		for _, c := range list {
			m := mnemonic{name: strings.ToLower(stem + c.name + rest), base: b, code: c.code, flags: c.flags, means: c.meaning, later: later}
			if err := t.addMnemonic(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *table) addMnemonic(m mnemonic) error {
	if t.word(m.name).class != lang.NotReserved {
		return fmt.Errorf("%s stands in the table twice", m.name)
	}
	words := t.words
	if m.later {
		words = t.extended
	}
	words[m.name] = word{lang.MnemonicWord, int32(len(t.mnemonics))}
	t.mnemonics = append(t.mnemonics, m)
	return nil
}

// formsOf returns the forms of a mnemonic.
func (t *table) formsOf(id Mnemonic) []Form { return t.readOnce(t.forms, id, (*row).addRow) }

// extendedOf returns the forms that CPU APX adds to them.
func (t *table) extendedOf(id Mnemonic) []Form { return t.readOnce(t.apx, id, (*row).addExtended) }

// readOnce returns the forms that add makes of a mnemonic's rows, which known keeps.
func (t *table) readOnce(known []atomic.Pointer[[]Form], id Mnemonic, add addForms) []Form {
	if id <= 0 || int(id) >= len(t.mnemonics) {
		return nil
	}
	if forms := known[id].Load(); forms != nil {
		return *forms
	}
	m := &t.mnemonics[id]
	forms, err := m.read(id, add)
	if err != nil {
		panic(fmt.Sprintf("%s:%d: %v", m.base.file, m.base.line, err))
	}
	// Forms are known by their address: of two readers the first one counts.
	known[id].CompareAndSwap(nil, &forms)
	return *known[id].Load()
}

// addForms appends the forms of one line of the table.
type addForms func(r *row, forms []Form, id Mnemonic, line string) ([]Form, error)

// read reads the rows of a mnemonic.
func (m *mnemonic) read(id Mnemonic, add addForms) ([]Form, error) {
	_, rest, _ := strings.Cut(m.base.head, ":")
	summary, facts, _ := strings.Cut(rest, "|")
	base := row{name: m.name, summary: strings.TrimSpace(summary), condition: m.code}
	if m.means != "" {
		base.summary = strings.ReplaceAll(base.summary, "{cc}", m.means)
	}
	if err := base.addFacts(facts); err != nil {
		return nil, err
	}
	base.flags.Read |= m.flags
	if len(m.base.lines) == 0 {
		return nil, fmt.Errorf("%s has no forms", m.name)
	}
	var forms []Form
	for _, line := range m.base.lines {
		r := base
		var err error
		if forms, err = add(&r, forms, id, line); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", m.name, line, err)
		}
	}
	return forms, nil
}

// row is one line of the table, with the facts of its block.
type row struct {
	name      string // the mnemonic
	operands  string // as written in the table
	encoding  string
	summary   string
	condition Condition // of Jcc, SETcc, CMOVcc: added to the opcode
	flags     Flags
	flow      Flow
	access    string // "rw,r"
	implicit  []implicitSpec
	tags      tags
	modes     Modes // 0: every mode that has the operand size
	feature   string
	map4      string // how APX has it in EVEX map 4: "66.F8", "F8"; "=" with the same opcode
}

// implicitSpec is an Implicit before the operand size is known.
type implicitSpec struct {
	Implicit
	sized bool // Register is of the operand size
}

// tags are the facts about forms that are either true or not.
type tags uint32

const (
	lockable     tags = 1 << iota // LOCK is legal with a memory destination
	elidable                      // XACQUIRE and XRELEASE are legal with LOCK
	releasable                    // XRELEASE is legal without LOCK
	exchanging                    // XACQUIRE and XRELEASE are legal without LOCK
	bounded                       // BND is legal, REPNE is not
	privileged                    // for the kernel only
	alternative                   // another form does the same in as many bytes
	modeSized                     // an operand without size has that of the mode
	lowOnly                       // byte registers 4 to 7 are spl ... dil only, without REX
	lockREX                       // LOCK serves as REX.R outside 64-bit mode (mov from cr8)
	sizeWritten                   // memory needs a size even next to a register of that size
	nearMemory                    // NEAR is legal before memory
	repeated                      // REP is part of the instruction, written or not
	bareREX                       // 64-bit registers take REX.W although the size is fixed
	aligned                       // memory has to lie at a multiple of its size
	unaligned                     // it need not, although it is one of SSE's 16 bytes
	superseded                    // the bytes are another instruction for the processors of today
	vexWritten                    // only with {vex}: there is a better known EVEX form
	lateVEX                       // and where CPU LATEVEX or NOEVEX is in force
	later                         // newer than nasm 2.16
	indexed                       // a register beside the address may be its index
	prefixREX                     // an o64 in front has a REX.W, where no operand says its size
	extendedOnly                  // only with CPU APX
	promoted                      // APX has it behind EVEX as well as behind VEX
	newDest                       // APX has it with a new destination (NDD)
	noFlags                       // APX has it without effect on the flags (NF); of a form: it is so
	zeroUpper                     // APX has it clearing the upper part of the destination (ZU); of a form: it is so
	noREX2                        // refused behind REX2
)

var tagNames = map[string]tags{
	"lock": lockable, "hle": elidable, "hle-release": releasable, "hle-nolock": exchanging, "bnd": bounded,
	"priv": privileged, "alt": alternative, "mode": modeSized, "nohigh": lowOnly, "lockrex": lockREX, "rexw": bareREX, "o64": prefixREX, "near": nearMemory, "rep": repeated, "sized": sizeWritten, "{vex}": vexWritten, "latevex": lateVEX, "aligned": aligned, "unaligned": unaligned, "old": superseded, "later": later, "index": indexed,
	"apx": extendedOnly, "evex": promoted, "ndd": newDest, "nf": noFlags, "zu": zeroUpper, "norex2": noREX2,
}

var flowNames = map[string]Flow{
	"jump": Jump, "branch": Branch, "call": Call, "return": Return, "syscall": SystemCall,
	"interrupt": Interrupt, "stop": Stop, "transaction": Transaction,
}

func (r *row) addFacts(text string) error {
	for fact := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(fact, "=")
		switch key {
		case "ops":
			r.access = value
		case "test", "flags", "clear", "set", "undef":
			if value == "none" {
				r.clearFlags(key)
				continue
			}
			set, err := parseFlags(value)
			if err != nil {
				return err
			}
			switch key {
			case "test":
				r.flags.Read |= set
			case "flags":
				r.flags.Written |= set
			case "clear":
				r.flags.Cleared |= set
			case "set":
				r.flags.Set |= set
			case "undef":
				r.flags.Undefined |= set
			}
		case "uses":
			r.implicit = nil
			if value == "none" {
				break
			}
			for item := range strings.SplitSeq(value, ",") {
				s, err := parseImplicit(item)
				if err != nil {
					return err
				}
				r.implicit = append(r.implicit, s)
			}
		case "control":
			c, ok := flowNames[value]
			if !ok {
				return fmt.Errorf("unknown control %q", value)
			}
			r.flow = c
		case "cpu":
			r.feature = value
		case "map4":
			if r.map4 = value; value == "" {
				r.map4 = "="
			}
		case "no64":
			r.modes = Mode16 | Mode32
		case "only64":
			r.modes = Mode64
		default:
			tag, ok := tagNames[fact]
			if !ok {
				return fmt.Errorf("unknown fact %q", fact)
			}
			r.tags |= tag
		}
	}
	return nil
}

// clearFlags takes back what the head of the block said.
func (r *row) clearFlags(key string) {
	if key == "test" {
		r.flags.Read = 0
	} else {
		r.flags.Written = 0
	}
}

func parseFlags(letters string) (FlagSet, error) {
	var set FlagSet
	for _, c := range letters {
		i := strings.IndexRune(flagLetters, c)
		if i < 0 {
			return 0, fmt.Errorf("unknown flag %q", c)
		}
		set |= 1 << i
	}
	return set, nil
}

// parseImplicit reads "name:access". In brackets the name is a pointer; "*"
// after it stands for the operand size, "@" for the address size and "^" for
// the stack's.
func parseImplicit(text string) (s implicitSpec, err error) {
	name, access, _ := strings.Cut(text, ":")
	if s.Access, err = parseAccess(access); err != nil {
		return s, err
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		s.Memory = true
		name = strings.TrimSuffix(inner, "]")
	}
	switch end := name[len(name)-1]; end {
	case '*':
		s.sized = true
		name = name[:len(name)-1]
	case '@', '^':
		s.Width = AddressWidth
		if end == '^' {
			s.Width = StackWidth
		}
		name = "r" + name[:len(name)-1]
	}
	for id := range registers {
		if registers[id].Name == name && id > 0 {
			s.Register = lang.RegisterID(id)
			return s, nil
		}
	}
	return s, fmt.Errorf("unknown register %q", name)
}

func parseAccess(text string) (Access, error) {
	var a Access
	for _, c := range text {
		i := strings.IndexRune("rwa?", c)
		if i < 0 {
			return 0, fmt.Errorf("unknown access %q", text)
		}
		a |= 1 << i
	}
	return a, nil
}

// parse reads one line.
func (r *row) parse(line string) error {
	operands, rest, _ := strings.Cut(line, "|")
	encoding, facts, _ := strings.Cut(rest, "|")
	r.operands, r.encoding = strings.TrimSpace(operands), strings.TrimSpace(encoding)
	return r.addFacts(facts)
}

// addRow appends the forms of one line that are there without CPU APX.
func (r *row) addRow(forms []Form, id Mnemonic, line string) ([]Form, error) {
	if err := r.parse(line); err != nil || r.tags&extendedOnly != 0 {
		return forms, err
	}
	return r.addWidths(forms, id)
}

// addWidths appends the forms of a row: three if it has a "*", one for each vector
// length if it has ".L", else one.
func (r *row) addWidths(forms []Form, id Mnemonic) ([]Form, error) {
	widths := []uint8{0}
	switch {
	case strings.Contains(r.encoding, ".L."):
		widths = []uint8{16, 32, 64}
		if !strings.HasPrefix(r.encoding, "EVEX") {
			widths = widths[:2]
		}
	case strings.Contains(r.encoding, ".W*"):
		widths = []uint8{4, 8} // VEX and its like know 32 and 64 bits
	case strings.Contains(r.operands, "*") || strings.Contains(r.encoding, "*"):
		widths = []uint8{2, 4, 8}
	}
	for _, width := range widths {
		var err error
		if forms, err = r.addForm(forms, id, width); err != nil {
			return nil, err
		}
	}
	return forms, nil
}

// addForm appends the form of one line for one width, and after it what it is
// with the operands in parentheses left out.
func (r *row) addForm(forms []Form, id Mnemonic, width uint8) ([]Form, error) {
	f := Form{mnemonic: id, row: r, width: width, tags: r.tags, modes: r.modes, omitted: -1}
	if err := f.opcode.parse(r.encoding, width, uint8(r.condition)); err != nil {
		return nil, err
	}
	if r.operands != "" {
		for text := range strings.SplitSeq(r.operands, ",") {
			text = strings.TrimSpace(text)
			if inner, ok := strings.CutPrefix(text, "("); ok {
				text = strings.TrimSuffix(inner, ")")
				f.omitted = int8(f.count)
			}
			spec, err := parseSpec(text, width)
			if err != nil {
				return nil, err
			}
			if f.opcode.vex == evex && !f.opcode.apx {
				spec.set = spec.set.all32()
			}
			if spec.set&(setVectorX|setVectorY|setVectorZ) != 0 {
				spec.size = 4 // of an element, whatever the size of an index
				if f.opcode.vexW {
					spec.size = 8
				}
			}
			if f.count == MaxOperands {
				return nil, fmt.Errorf("more than %d operands", MaxOperands)
			}
			f.operands[f.count] = spec
			f.count++
		}
	}
	f.settle()
	if err := f.place(); err != nil {
		return nil, err
	}
	f.level = f.levelOf()
	short := f
	f.omitted = -1
	forms = append(forms, f)
	if short.omitted > 0 {
		short.short = true
		if err := short.omit(); err != nil {
			return nil, err
		}
		forms = append(forms, short)
	}
	return forms, nil
}

// all32 adds to a set of vector registers those with numbers from 16 up.
func (s regset) all32() regset {
	if s&setXMM != 0 {
		s |= setXMMHigh
	}
	if s&setYMM != 0 {
		s |= setYMMHigh
	}
	return s
}

// omit makes f the form in which the operand that may be left out is the same
// as the one before it.
func (f *Form) omit() error {
	i := int(f.omitted)
	kept, gone := &f.operands[i-1], f.operands[i]
	switch {
	case kept.place == placeReg && gone.place == placeVvvv:
		kept.place = placeRegVvvv
	case kept.place == placeVvvv && gone.place == placeRM:
		kept.place = placeVvvvRM
	case kept.place == placeReg && gone.place == placeRM:
		kept.place = placeRegRM
	default:
		return fmt.Errorf("%s: operand %d can't be left out", f.Syntax(), i+1)
	}
	kept.decorators |= gone.decorators
	copy(f.operands[i:], f.operands[i+1:f.count])
	f.count--
	f.operands[f.count] = operandSpec{}
	for k := range f.opcode.nfields {
		if f.opcode.fields[k].operand > uint8(i) {
			f.opcode.fields[k].operand--
		}
	}
	f.lenders = 0
	f.lend()
	return nil
}

// settle derives the operation size, who lends it, and the modes.
func (f *Form) settle() {
	op := &f.opcode
	if op.vexW {
		for _, s := range f.specs() {
			if s.set&setR64 != 0 {
				op.size = 8
			}
		}
	}
	if f.tags&nearMemory != 0 {
		for i := range f.specs() {
			if f.operands[i].set&setMemory != 0 {
				f.operands[i].set |= setNearMemory
			}
		}
	}
	f.size = op.size
	if f.size == 0 {
		for _, s := range f.specs() {
			if s.size != 0 && s.rule != ruleUnsigned && s.set&(setCL|setDX) != s.set {
				f.size = s.size
				break
			}
		}
	}
	f.lend()
	if f.modes == 0 {
		f.modes = Mode16 | Mode32 | Mode64
		if op.size == 8 {
			f.modes = Mode64
		} else if op.size == 4 && op.default64 {
			f.modes = Mode16 | Mode32
		}
	}
}

// vectorRegisters are the registers of MMX, SSE, AVX and what came after.
const vectorRegisters = setMM | setXMM | setXMMHigh | setXMM0 | setYMM | setYMMHigh | setZMM | setMask | setTile | setBound

// lend finds the operands that have the operation size.
func (f *Form) lend() {
	for _, s := range f.specs() {
		if s.set&vectorRegisters != 0 {
			return // a vector register says nothing of the memory beside it
		}
	}
	for i, s := range f.specs() {
		switch s.rule {
		case ruleRegister, ruleMemory, ruleImmediate, ruleSigned8:
			if (s.size == f.size || s.rule == ruleSigned8) && s.set != setCL {
				f.lenders |= 1 << i
			}
		}
	}
}

func (f *Form) specs() []operandSpec { return f.operands[:f.count] }

// sized replaces the "*" of a notation by a size in bits.
func sized(text string, width uint8) string {
	if width == 0 {
		return text
	}
	return strings.ReplaceAll(text, "*", strconv.Itoa(int(width)*8))
}
