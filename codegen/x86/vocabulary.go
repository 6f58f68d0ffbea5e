package x86

import (
	"strings"

	"tasm/lang"
)

// Mnemonic numbers the mnemonics of the table, from 1. Mnemonic 0 is no
// instruction: with prefixes it encodes them alone, as a line of only prefixes does.
type Mnemonic int32

// Vocabulary is the instruction set's part of a lang.Vocabulary. A segment
// register is a RegisterWord; where a prefix may stand, SegmentPrefix makes
// one of it.
type Vocabulary struct{}

var (
	_ lang.Vocabulary      = Vocabulary{}
	_ lang.SegmentPrefixes = Vocabulary{}
	_ lang.WordList        = Vocabulary{}
	_ lang.LaterWords      = Vocabulary{}
)

// Lookup implements lang.Vocabulary: the number is a RegisterID, a Mnemonic or
// a PrefixID. Names are lower case.
func (Vocabulary) Lookup(name string) (lang.WordClass, int32) {
	w, ok := instructionSet().words[name]
	if !ok {
		return reservedWord(name)
	}
	return w.class, w.id
}

// Later implements lang.LaterWords: the registers and mnemonics that CPU APX reserves.
func (Vocabulary) Later(name string) (lang.WordClass, int32) {
	w := instructionSet().extended[name]
	return w.class, w.id
}

// SegmentPrefix implements lang.SegmentPrefixes.
func (Vocabulary) SegmentPrefix(reg lang.RegisterID) (prefix int32, ok bool) {
	p, ok := SegmentPrefix(reg)
	return int32(p), ok
}

// Mnemonics implements lang.WordList.
func (Vocabulary) Mnemonics() []string { return Mnemonics() }

type word struct {
	class lang.WordClass
	id    int32
}

// word returns what is known of a name, reserved by CPU APX or always.
func (t *table) word(name string) word {
	if w, ok := t.words[name]; ok {
		return w
	}
	return t.extended[name]
}

// MnemonicName returns the mnemonic in lower case.
func MnemonicName(m Mnemonic) string {
	set := instructionSet()
	if m <= 0 || int(m) >= len(set.mnemonics) {
		return ""
	}
	return set.mnemonics[m].name
}

// LookupMnemonic returns the mnemonic of a name in any case, 0 for none.
func LookupMnemonic(name string) Mnemonic {
	if w := instructionSet().word(strings.ToLower(name)); w.class == lang.MnemonicWord {
		return Mnemonic(w.id)
	}
	return 0
}

// LookupRegister returns the register of a name in any case, NoRegister for none.
func LookupRegister(name string) lang.RegisterID {
	if w := instructionSet().word(strings.ToLower(name)); w.class == lang.RegisterWord {
		return lang.RegisterID(w.id)
	}
	return NoRegister
}

// Mnemonics returns the mnemonics in the table's order, but for those that are names of
// symbols before CPU APX.
func Mnemonics() []string {
	set := instructionSet()
	names := make([]string, 0, len(set.mnemonics)-1)
	for i := range set.mnemonics[1:] {
		if m := &set.mnemonics[i+1]; !m.later {
			names = append(names, m.name)
		}
	}
	return names
}

// Prefixes returns the names of the prefixes that are written in front of a mnemonic, in
// the table's order; registers of segments are not among them.
func Prefixes() []string {
	var names []string
	for p := Wait; p < prefixCount; p++ {
		if prefixes[p].slot != slotSegment && prefixes[p].name[0] != '{' {
			names = append(names, prefixes[p].name)
		}
	}
	return names
}

// TakesIndex reports whether the index of m's address may stand as an operand of its
// own: bndldx bnd0, [rax], rbx.
func TakesIndex(m Mnemonic) bool {
	forms := instructionSet().formsOf(m)
	return len(forms) > 0 && forms[0].tags&indexed != 0
}

// Forms returns the forms of a mnemonic in the order in which Encode tries them.
func Forms(m Mnemonic) []*Form { return pointers(instructionSet().formsOf(m)) }

// ExtendedForms returns the forms that CPU APX adds to those of a mnemonic, in the order
// in which Encode tries them after the others.
func ExtendedForms(m Mnemonic) []*Form { return pointers(instructionSet().extendedOf(m)) }

func pointers(list []Form) []*Form {
	forms := make([]*Form, len(list))
	for i := range list {
		forms[i] = &list[i]
	}
	return forms
}

// allForms returns the forms of all mnemonics.
func allForms() []*Form {
	var list []*Form
	for m := range instructionSet().mnemonics {
		list = append(list, Forms(Mnemonic(m))...)
	}
	return list
}
