package x86

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"tasm/lang"
)

// The table of instruction forms, in chapters. Its notation is defined in the
// head comment of forms/00-notation.txt.
//
//go:embed forms/*.txt
var chapters embed.FS

// table is the parsed table of forms.
type table struct {
	mnemonics []mnemonic // by Mnemonic; the first is unused
	forms     []Form     // grouped by mnemonic
	words     map[string]word
}

type mnemonic struct {
	name        string
	first, last int32 // its forms in table.forms
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
		mnemonics: make([]mnemonic, 1, 1000),
		forms:     make([]Form, 0, 2600),
		words:     make(map[string]word, 1800),
	}
	for id := range registers[1:] {
		t.words[registers[id+1].Name] = word{lang.RegisterWord, int32(id + 1)}
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
	return t, nil
}

// addChapter adds the blocks of one chapter: a head line that names mnemonics
// and their facts, and an indented line for each form.
func (t *table) addChapter(file, text string) error {
	var head string
	var lines []string
	start := 0
	flush := func() error {
		if head == "" {
			return nil
		}
		if err := t.addBlock(head, lines); err != nil {
			return fmt.Errorf("%s:%d: %w", file, start, err)
		}
		return nil
	}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '\t':
			lines = append(lines, line[1:])
		default:
			if err := flush(); err != nil {
				return err
			}
			head, lines, start = line, lines[:0], number
		}
	}
	return flush()
}

func (t *table) addBlock(head string, lines []string) error {
	names, rest, ok := strings.Cut(head, ":")
	if !ok {
		return fmt.Errorf("no colon after the mnemonics of %q", head)
	}
	summary, facts, _ := strings.Cut(rest, "|")
	base := row{summary: strings.TrimSpace(summary)}
	if err := base.addFacts(facts); err != nil {
		return err
	}
	for name := range strings.FieldsSeq(names) {
		if stem, rest, ok := strings.Cut(name, "cc"); ok {
			for _, c := range conditions {
				r := base
				r.condition = c.code
				r.flags.Read |= c.flags
				r.summary = strings.ReplaceAll(r.summary, "{cc}", c.meaning)
				if err := t.addMnemonic(stem+strings.ToUpper(c.name)+rest, r, lines); err != nil {
					return err
				}
			}
			continue
		}
		if err := t.addMnemonic(name, base, lines); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) addMnemonic(name string, base row, lines []string) error {
	name = strings.ToLower(name)
	id := Mnemonic(len(t.mnemonics))
	if _, taken := t.words[name]; taken {
		return fmt.Errorf("%s stands in the table twice", name)
	}
	t.words[name] = word{lang.MnemonicWord, int32(id)}
	m := mnemonic{name: name, first: int32(len(t.forms))}
	if len(lines) == 0 {
		return fmt.Errorf("%s has no forms", name)
	}
	for _, line := range lines {
		r := base
		r.name = name
		if err := t.addRow(id, &r, line); err != nil {
			return fmt.Errorf("%s: %q: %w", name, line, err)
		}
	}
	m.last = int32(len(t.forms))
	t.mnemonics = append(t.mnemonics, m)
	return nil
}

// row is one line of the table, with the facts of its block.
type row struct {
	name      string // the mnemonic
	operands  string // as written in the table
	encoding  string
	summary   string
	condition uint8 // of Jcc, SETcc, CMOVcc: added to the opcode
	flags     Flags
	flow      Flow
	access    string // "rw,r"
	implicit  []implicitSpec
	tags      tags
	modes     Modes // 0: every mode that has the operand size
	feature   string
}

// implicitSpec is an Implicit before the operand size is known.
type implicitSpec struct {
	Implicit
	sized bool // Register is of the operand size
}

// tags are the facts about forms that are either true or not.
type tags uint32

const (
	lockable    tags = 1 << iota // LOCK is legal with a memory destination
	elidable                     // XACQUIRE and XRELEASE are legal with LOCK
	releasable                   // XRELEASE is legal without LOCK
	exchanging                   // XACQUIRE and XRELEASE are legal without LOCK
	bounded                      // BND is legal, REPNE is not
	privileged                   // for the kernel only
	alternative                  // another form does the same in as many bytes
	modeSized                    // an operand without size has that of the mode
	lowOnly                      // byte registers 4 to 7 are spl ... dil only, without REX
	lockREX                      // LOCK serves as REX.R outside 64-bit mode (mov from cr8)
	sizeWritten                  // memory needs a size even next to a register of that size
	nearMemory                   // NEAR is legal before memory
	repeated                     // REP is part of the instruction, written or not
	bareREX                      // 64-bit registers take REX.W although the size is fixed
)

var tagNames = map[string]tags{
	"lock": lockable, "hle": elidable, "hle-release": releasable, "hle-nolock": exchanging, "bnd": bounded,
	"priv": privileged, "alt": alternative, "mode": modeSized, "nohigh": lowOnly, "lockrex": lockREX, "rexw": bareREX, "near": nearMemory, "rep": repeated, "sized": sizeWritten,
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

// addRow adds the forms of one line: three if it has a "*", else one.
func (t *table) addRow(id Mnemonic, r *row, line string) error {
	operands, rest, _ := strings.Cut(line, "|")
	encoding, facts, _ := strings.Cut(rest, "|")
	r.operands, r.encoding = strings.TrimSpace(operands), strings.TrimSpace(encoding)
	if err := r.addFacts(facts); err != nil {
		return err
	}
	if !strings.Contains(r.operands, "*") && !strings.Contains(r.encoding, "*") {
		return t.addForm(id, r, 0)
	}
	for _, width := range []uint8{2, 4, 8} {
		if width == 2 && strings.Contains(r.encoding, ".W*") {
			continue // VEX and XOP know 32 and 64 bits
		}
		if err := t.addForm(id, r, width); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) addForm(id Mnemonic, r *row, width uint8) error {
	f := Form{mnemonic: id, row: r, width: width, tags: r.tags, modes: r.modes}
	if err := f.opcode.parse(r.encoding, width, r.condition); err != nil {
		return err
	}
	if r.operands != "" {
		for text := range strings.SplitSeq(r.operands, ",") {
			spec, err := parseSpec(strings.TrimSpace(text), width)
			if err != nil {
				return err
			}
			if f.count == MaxOperands {
				return fmt.Errorf("more than %d operands", MaxOperands)
			}
			f.operands[f.count] = spec
			f.count++
		}
	}
	f.settle()
	if err := f.place(); err != nil {
		return err
	}
	t.forms = append(t.forms, f)
	return nil
}

// settle derives the operation size, who lends it, and the modes.
func (f *Form) settle() {
	op := &f.opcode
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
	for i, s := range f.specs() {
		switch s.rule {
		case ruleRegister, ruleMemory, ruleImmediate, ruleSigned8:
			if (s.size == f.size || s.rule == ruleSigned8) && s.set != setCL {
				f.lenders |= 1 << i
			}
		}
	}
	if f.modes == 0 {
		f.modes = Mode16 | Mode32 | Mode64
		if op.size == 8 {
			f.modes = Mode64
		} else if op.size == 4 && op.default64 {
			f.modes = Mode16 | Mode32
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

// conditions are the condition codes of Jcc, SETcc and CMOVcc with all their
// names, what they mean, and the flags that they test.
var conditions = []struct {
	name    string
	code    uint8
	meaning string
	flags   FlagSet
}{
	{"o", 0, "overflow", OF}, {"no", 1, "no overflow", OF},
	{"b", 2, "below (unsigned)", CF}, {"c", 2, "carry", CF}, {"nae", 2, "not above or equal (unsigned)", CF},
	{"ae", 3, "above or equal (unsigned)", CF}, {"nb", 3, "not below (unsigned)", CF}, {"nc", 3, "no carry", CF},
	{"e", 4, "equal", ZF}, {"z", 4, "zero", ZF}, {"ne", 5, "not equal", ZF}, {"nz", 5, "not zero", ZF},
	{"be", 6, "below or equal (unsigned)", CF | ZF}, {"na", 6, "not above (unsigned)", CF | ZF},
	{"a", 7, "above (unsigned)", CF | ZF}, {"nbe", 7, "not below or equal (unsigned)", CF | ZF},
	{"s", 8, "negative sign", SF}, {"ns", 9, "no sign", SF},
	{"p", 10, "parity even", PF}, {"pe", 10, "parity even", PF}, {"np", 11, "parity odd", PF}, {"po", 11, "parity odd", PF},
	{"l", 12, "less (signed)", SF | OF}, {"nge", 12, "not greater or equal (signed)", SF | OF},
	{"ge", 13, "greater or equal (signed)", SF | OF}, {"nl", 13, "not less (signed)", SF | OF},
	{"le", 14, "less or equal (signed)", ZF | SF | OF}, {"ng", 14, "not greater (signed)", ZF | SF | OF},
	{"g", 15, "greater (signed)", ZF | SF | OF}, {"nle", 15, "not less or equal (signed)", ZF | SF | OF},
}
