package manual

import (
	_ "embed" // the tables
	"fmt"
	"strings"
	"sync"

	"tasm/codegen/x86"
)

//go:embed words.txt
var wordsText string

// wordRow is a row of words.txt.
type wordRow struct {
	kind         string
	names        []string
	usage, about string
}

// words parses words.txt at its first use. The file is part of the program, so a
// mistake in it is one of the program.
var words = sync.OnceValue(func() []wordRow {
	var rows []wordRow
	kind := ""
	for line := range strings.Lines(wordsText) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			kind = strings.Trim(line, "[]")
		default:
			parts := strings.SplitN(line, " | ", 3)
			if len(parts) != 3 || kind == "" {
				panic("manual: words.txt: " + line)
			}
			rows = append(rows, wordRow{kind, strings.Fields(parts[0]), parts[1], parts[2]})
		}
	}
	return rows
})

// wordIndex finds rows by kind and name.
var wordIndex = sync.OnceValue(func() map[string][]*wordRow {
	index := map[string][]*wordRow{}
	rows := words()
	for i := range rows {
		for _, n := range rows[i].names {
			n = strings.ToLower(n)
			index[n] = append(index[n], &rows[i])
		}
	}
	return index
})

// rowOf returns the row of a name among those of a kind, nil for none.
func rowOf(kind, name string) *wordRow {
	for _, w := range wordIndex()[name] {
		if w.kind == kind {
			return w
		}
	}
	return nil
}

// language finds words of the language. __FILE__ is __?FILE?__ as it was once.
func language(word string) (Entry, bool) {
	if inner, ok := strings.CutPrefix(word, "__"); ok && !strings.HasPrefix(inner, "?") && strings.HasSuffix(inner, "__") && len(inner) > 2 {
		word = "__?" + strings.TrimSuffix(inner, "__") + "?__"
	}
	for _, w := range wordIndex()[word] {
		if w.kind == "register" || w.kind == "flag" || w.kind == "prefix" && x86.LookupRegister(word) > 0 {
			continue
		}
		e := Entry{Word: word, Kind: w.kind, Summary: w.about, Sections: []Section{{Title: "Written", Code: []string{w.usage}}}}
		if len(w.names) > 1 {
			e.Sections = append(e.Sections, Section{Title: "Together with", Notes: []string{strings.Join(w.names, " ")}})
		}
		return e, true
	}
	return Entry{}, false
}

// flag finds flags: "cf", or "zf".
func flagEntry(word string) (Entry, bool) {
	w := rowOf("flag", word)
	if w == nil {
		return Entry{}, false
	}
	e := Entry{Word: strings.ToUpper(w.names[0]), Kind: "flag", Title: w.usage, Summary: w.about}
	var rows [][]string
	for _, use := range []struct {
		title string
		has   func(x86.Flags) x86.FlagSet
	}{
		{"read by", func(f x86.Flags) x86.FlagSet { return f.Read }},
		{"set by the result of", func(f x86.Flags) x86.FlagSet { return f.Written }},
		{"cleared by", func(f x86.Flags) x86.FlagSet { return f.Cleared }},
		{"set by", func(f x86.Flags) x86.FlagSet { return f.Set }},
		{"undefined after", func(f x86.Flags) x86.FlagSet { return f.Undefined }},
	} {
		if list := mnemonicsWith(flagBits[w.names[0]], use.has); list != "" {
			rows = append(rows, []string{use.title, list})
		}
	}
	e.Sections = append(e.Sections, Section{Title: "Instructions", Rows: rows})
	return e, true
}

// flagBits are the flags by name.
var flagBits = map[string]x86.FlagSet{
	"cf": x86.CF, "pf": x86.PF, "af": x86.AF, "zf": x86.ZF, "sf": x86.SF, "tf": x86.TF, "if": x86.IF, "df": x86.DF, "of": x86.OF,
}

// mostNamed bounds how many instructions are listed.
const mostNamed = 40

// mnemonicsWith lists the instructions of which some form does something to a flag.
func mnemonicsWith(f x86.FlagSet, has func(x86.Flags) x86.FlagSet) string {
	var list []string
	for _, name := range x86.Mnemonics() {
		for _, form := range x86.Forms(x86.LookupMnemonic(name)) {
			if has(form.Flags())&f != 0 {
				list = append(list, name)
				break
			}
		}
	}
	if more := len(list) - mostNamed; more > 0 {
		list = append(list[:mostNamed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, " ")
}

// pointerNames are registers that no instruction has as an operand.
var pointerNames = []string{"eip", "rip", "eflags", "rflags"}

// register finds registers, which share the row of the widest that they are part
// of, or of their kind.
func register(word string) (Entry, bool) {
	id := x86.LookupRegister(word)
	info := x86.RegisterInfo(id)
	if info == nil {
		if w := rowOf("register", word); w != nil && w.names[0] == "eip" || w != nil && w.names[0] == "eflags" {
			return Entry{Word: word, Kind: "register", Title: w.usage, Summary: w.about}, true
		}
		return Entry{}, false
	}
	if info.Class != x86.General && info.Class != x86.Extended {
		w := rowOf("register", word)
		if w == nil {
			w = rowOf("register", strings.TrimRight(word, "0123456789"))
		}
		if w == nil {
			return Entry{}, false
		}
		return Entry{Word: word, Kind: "register", Title: w.usage, Summary: w.about}, true
	}
	number := int(info.Number)
	if info.High {
		number -= 4
	}
	w := rowOf("register", strings.TrimSuffix(x86.RegisterName(x86.GeneralRegister(number, 2)), "w"))
	e := Entry{Word: word, Kind: "register", Title: w.usage, Summary: w.about}
	part := Section{Title: "Parts"}
	for _, size := range []int{8, 4, 2, 1} {
		name := x86.RegisterName(x86.GeneralRegister(number, size))
		note := ""
		switch {
		case size == 8:
			note = "64-bit code only"
		case size == 4:
			note = "in 64-bit code a write to it clears the upper half"
		case size == 2 && number < 8:
			note = "a write to it leaves the rest as it was"
		case size == 1 && number >= 4 && number < 8:
			note = "64-bit code only"
		}
		part.Rows = append(part.Rows, []string{name, fmt.Sprintf("bits 0 to %d", 8*size-1), note})
	}
	if number < 4 {
		part.Rows = append(part.Rows, []string{x86.RegisterName(x86.GeneralRegister(number, 2))[:1] + "h", "bits 8 to 15", "not in an instruction with a REX prefix"})
	}
	e.Sections = append(e.Sections, part)
	if use := implicitUses(id); use != "" {
		e.Sections = append(e.Sections, Section{Title: "Used without being written by", Notes: []string{use}})
	}
	return e, true
}

// implicitUses lists the instructions that use a register without its being
// written.
func implicitUses(id registerID) string {
	wide := x86.Widest(id)
	var list []string
	for _, name := range x86.Mnemonics() {
		for _, form := range x86.Forms(x86.LookupMnemonic(name)) {
			found := false
			for _, i := range form.Implicit() {
				found = found || x86.Widest(i.Register) == wide
			}
			if found {
				list = append(list, name)
				break
			}
		}
	}
	if more := len(list) - mostNamed; more > 0 {
		list = append(list[:mostNamed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, " ")
}
