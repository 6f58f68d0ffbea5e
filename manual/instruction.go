package manual

import (
	_ "embed" // the table
	"fmt"
	"slices"
	"strings"
	"sync"

	"tasm/codegen/x86"
)

//go:embed instructions.txt
var instructionsText string

// block is what instructions.txt has of some mnemonics.
type block struct {
	about      string
	operations []operation
	example    string
}

// operation is what an instruction does, as lines of statements.
type operation struct {
	operands []string
	lines    []string
}

// blocks are the blocks by mnemonic, in lower case, "cc" standing for conditions,
// and the conditions themselves under "conditions", by their first name.
type blockTable struct {
	blocks     map[string]*block
	conditions map[string]string
}

// blocks parses instructions.txt at its first use.
var blocks = sync.OnceValue(func() blockTable {
	t := blockTable{map[string]*block{}, map[string]string{}}
	var b *block
	for line := range strings.Lines(instructionsText) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line == "conditions":
			b = nil
		case line[0] != '\t':
			b = &block{}
			for name := range strings.FieldsSeq(line) {
				key := strings.ToLower(name)
				if t.blocks[key] != nil {
					panic("manual: instructions.txt: " + name + " stands there twice")
				}
				t.blocks[key] = b
			}
		case b == nil:
			name, test, _ := strings.Cut(line[1:], " ")
			t.conditions[name] = test
		default:
			b.add(line[1:])
		}
	}
	return t
})

// add reads a line of a block.
func (b *block) add(line string) {
	mark, rest := line[0], strings.TrimSpace(line[1:])
	switch mark {
	case ':':
		var names []string
		for n := range strings.SplitSeq(rest, ",") {
			if n = strings.TrimSpace(n); n != "" {
				names = append(names, n)
			}
		}
		b.operations = append(b.operations, operation{operands: names})
	case '=':
		if len(b.operations) == 0 {
			b.operations = append(b.operations, operation{})
		}
		last := &b.operations[len(b.operations)-1]
		last.lines = append(last.lines, rest)
	case '>':
		b.example = rest
	default:
		b.about = strings.TrimSpace(b.about + " " + line)
	}
}

// conditional are the families of mnemonics that end with a condition.
var conditional = []string{"cmov", "set", "j"}

// blockOf returns the block of a mnemonic, nil if there is none, with the condition
// that it stands for put in.
func blockOf(name string) *block {
	t := blocks()
	if b := t.blocks[name]; b != nil {
		return b
	}
	for _, family := range conditional {
		cc, ok := strings.CutPrefix(name, family)
		if !ok || t.blocks[family+"cc"] == nil {
			continue
		}
		if test := conditionOf(name, cc); test != "" {
			b := *t.blocks[family+"cc"]
			b.operations = slices.Clone(b.operations)
			for i := range b.operations {
				lines := slices.Clone(b.operations[i].lines)
				for j := range lines {
					lines[j] = strings.Replace(lines[j], "condition", test, 1)
				}
				b.operations[i].lines = lines
			}
			return &b
		}
	}
	return nil
}

// conditionOf returns the test of a condition by any of its names: those that
// are encoded alike are the same.
func conditionOf(mnemonic, cc string) string {
	t := blocks().conditions
	if test := t[cc]; test != "" {
		return test
	}
	forms := x86.Forms(x86.LookupMnemonic(mnemonic))
	if len(forms) == 0 {
		return ""
	}
	family := strings.TrimSuffix(mnemonic, cc)
	for name, test := range t {
		same := x86.Forms(x86.LookupMnemonic(family + name))
		if len(same) > 0 && same[0].Opcode() == forms[0].Opcode() {
			return test
		}
	}
	return ""
}

// instruction finds instructions by mnemonic.
func instruction(word string) (Entry, bool) {
	m := x86.LookupMnemonic(word)
	if m == 0 {
		return Entry{}, false
	}
	forms, extended := x86.Forms(m), x86.ExtendedForms(m)
	if len(forms) == 0 { // a mnemonic of APX
		forms, extended = extended, nil
	}
	e := Entry{Word: word, Kind: "instruction", Title: lowerFirst(forms[0].Summary())}
	b := blockOf(word)
	if b != nil {
		e.Summary = b.about
		for _, o := range b.operations {
			title := "Operation"
			if len(b.operations) > 1 {
				title += " of " + strings.TrimSpace(word+" "+strings.Join(o.operands, ", "))
			}
			e.Sections = append(e.Sections, Section{Title: title, Code: o.lines})
		}
	} else {
		e.Summary = generic(forms)
	}
	if f := flagRows(forms); len(f) > 0 {
		e.Sections = append(e.Sections, Section{Title: "Flags", Rows: f})
	}
	e.Sections = append(e.Sections, formRows(forms))
	if more := append(notes(forms), withAPX(forms, extended)...); len(more) > 0 {
		e.Sections = append(e.Sections, Section{Title: "Notes", Notes: more})
	}
	if b != nil && b.example != "" {
		if s, ok := runExample(b.example); ok {
			e.Sections = append(e.Sections, s)
		}
	}
	return e, true
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// generic describes an instruction by its first form: what becomes of its operands.
func generic(forms []*x86.Form) string {
	f := forms[0]
	text := f.Summary() + "."
	var reads, writes []string
	ordinal := []string{"first", "second", "third", "fourth", "fifth"}
	for i, o := range f.Operands() {
		if o.Access&x86.Read != 0 {
			reads = append(reads, ordinal[i])
		}
		if o.Access&x86.Write != 0 {
			writes = append(writes, ordinal[i])
		}
	}
	if len(reads) > 0 {
		text += fmt.Sprintf(" It reads %s.", operandList(reads))
	}
	if len(writes) > 0 {
		text += fmt.Sprintf(" It writes %s.", operandList(writes))
	}
	return text
}

// operandList names operands: "the first and the third operand".
func operandList(which []string) string {
	return "the " + strings.Join(which, " and the ") + " operand"
}

// flagNames are the flags in the order in which they are shown.
var flagNames = []struct {
	bit  x86.FlagSet
	name string
}{
	{x86.CF, "CF"}, {x86.PF, "PF"}, {x86.AF, "AF"}, {x86.ZF, "ZF"}, {x86.SF, "SF"}, {x86.OF, "OF"}, {x86.DF, "DF"},
	{x86.IF, "IF"}, {x86.TF, "TF"}, {x86.AC, "AC"}, {x86.IOPL, "IOPL"}, {x86.NT, "NT"},
}

// flagRows tells what the forms do with flags.
func flagRows(forms []*x86.Form) [][]string {
	var all x86.Flags
	for _, f := range forms {
		if f.Privileged() && !forms[len(forms)-1].Privileged() {
			continue // such as MOV to control registers
		}
		all.Read |= f.Flags().Read
		all.Written |= f.Flags().Written
		all.Cleared |= f.Flags().Cleared
		all.Set |= f.Flags().Set
		all.Undefined |= f.Flags().Undefined
	}
	var rows [][]string
	for _, r := range []struct {
		what string
		set  x86.FlagSet
	}{{"reads", all.Read}, {"sets by the result", all.Written}, {"clears", all.Cleared}, {"sets", all.Set}, {"leaves undefined", all.Undefined &^ all.Written}} {
		var names []string
		for _, f := range flagNames {
			if r.set&f.bit != 0 {
				names = append(names, f.name)
			}
		}
		if names != nil {
			rows = append(rows, []string{r.what, strings.Join(names, " ")})
		}
	}
	return rows
}

// mostForms bounds how many forms are listed.
const mostForms = 60

// rarity puts forms last that few programs use.
func rarity(f *x86.Form) int {
	for _, o := range f.Operands() {
		for _, rare := range []string{"sreg", "moffs", "CR", "DR", "TR"} {
			if strings.HasPrefix(o.Notation, rare) {
				return 1
			}
		}
	}
	return 0
}

// formRows lists the forms with their encodings.
func formRows(forms []*x86.Form) Section {
	s := Section{Title: "Forms", Head: true, Rows: [][]string{{"written", "encoding", "bytes", "mode"}}}
	memory := false
	forms = slices.Clone(forms)
	slices.SortStableFunc(forms, func(a, b *x86.Form) int { return rarity(a) - rarity(b) })
	for _, f := range forms {
		if f.Alternative() {
			continue
		}
		if len(s.Rows) > mostForms {
			s.Notes = append(s.Notes, "and more of the same kind.")
			break
		}
		for _, o := range f.Operands() {
			memory = memory || strings.Contains(o.Notation, "/m")
		}
		s.Rows = append(s.Rows, []string{f.Syntax(), f.Opcode(), fmt.Sprint(f.Least()), modes(f.Modes())})
	}
	if memory {
		s.Notes = append(s.Notes, "Bytes are those with registers; r/m may be memory, whose address takes up to 5 bytes more.")
	}
	return s
}

func modes(m x86.Modes) string {
	var list []string
	for _, bits := range []int{16, 32, 64} {
		if m.Has(bits) {
			list = append(list, fmt.Sprint(bits))
		}
	}
	if len(list) == 3 {
		return "all"
	}
	return strings.Join(list, ", ")
}

// notes tells what else the forms have.
func notes(forms []*x86.Form) []string {
	var list []string
	add := func(has bool, text string) {
		if has {
			list = append(list, text)
		}
	}
	is := func(test func(*x86.Form) bool) bool { return slices.ContainsFunc(forms, test) }
	add(!is(func(f *x86.Form) bool { return !f.Privileged() }), "Only the kernel may: in a program it raises SIGSEGV.")
	add(is((*x86.Form).Lockable), "With a LOCK prefix the change of memory is atomic.")
	add(is((*x86.Form).Aligned), "Memory must lie at a multiple of its size, or the program dies of SIGSEGV.")
	add(!is(func(f *x86.Form) bool { return f.Modes().Has(64) }), "64-bit code does not have it.")
	add(!is(func(f *x86.Form) bool { return f.Modes().Has(32) }), "Only 64-bit code has it.")
	if uses := implicitOperands(forms); uses != "" {
		list = append(list, "Without their being written it uses: "+uses+".")
	}
	return list
}

// withAPX says what CPU APX adds to the forms of an instruction.
func withAPX(forms, extended []*x86.Form) []string {
	if forms[0].Extended() {
		return []string{"It exists after cpu apx only."}
	}
	var list []string
	add := func(text string) {
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	for _, f := range extended {
		prefixes := f.Asks()
		for _, p := range prefixes {
			add(map[x86.PrefixID]string{x86.NoFlags: "{nf}, without effect on the flags", x86.ZeroUpper: "{zu}, with the upper part cleared"}[p])
		}
		if same := func(g *x86.Form) bool { return g.Syntax() == f.Syntax() }; len(prefixes) == 0 && !slices.ContainsFunc(forms, same) {
			add(f.Syntax())
		}
	}
	if len(list) == 0 {
		return nil
	}
	if more := len(list) - mostExtended; more > 0 {
		list = append(list[:mostExtended], fmt.Sprintf("%d more forms", more))
	}
	return []string{"After cpu apx also: " + strings.Join(list, "; ") + "."}
}

// mostExtended is how much of what CPU APX adds is listed.
const mostExtended = 6

// implicitOperands lists what the forms use without its being written.
func implicitOperands(forms []*x86.Form) string {
	var list []string
	for _, f := range forms {
		for _, i := range f.Implicit() {
			name := x86.RegisterName(i.Register)
			if i.Memory {
				name = "[" + name + "]"
			}
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return strings.Join(list, ", ")
}
