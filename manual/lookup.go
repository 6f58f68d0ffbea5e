package manual

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/layout/elf"
	"tasm/linux"
)

// finders find the entry of a word, each those of one kind, in lower case. Where a
// word has several meanings they stand in this order.
var finders = []func(word string) (Entry, bool){
	instruction, register, flagEntry, language, field, systemCall, errorNumber, signalEntry, numberEntry,
}

// Lookup returns the entry of a word in any case: its first meaning.
func Lookup(word string) (Entry, bool) {
	all := All(word)
	if len(all) == 0 {
		return Entry{}, false
	}
	return all[0], true
}

// All returns the entries of a word that has several meanings: PAUSE is an
// instruction and a system call.
func All(word string) []Entry {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "" || len(word) > maxWord {
		return nil
	}
	var all []Entry
	for _, find := range finders {
		if e, ok := find(word); ok {
			all = append(all, e)
		}
	}
	return all
}

// maxWord is longer than any word, in bytes.
const maxWord = 64

// Nearest returns the word that one without an entry is most likely a slip of, or
// "" where none is near.
func Nearest(word string) string { return diag.Nearest(strings.ToLower(word), Words()) }

// Words returns all words that have an entry, sorted, in the case in which they
// are written: error numbers, signals and fields as their headers have them.
var Words = sync.OnceValue(func() []string {
	set := map[string]bool{}
	add := func(names ...string) {
		for _, n := range names {
			set[n] = true
		}
	}
	add(x86.Mnemonics()...)
	add(x86.Registers()...)
	for _, w := range words() {
		if w.kind != "register" {
			add(w.names...)
		}
	}
	add(pointerNames...)
	for _, f := range elf.Fields {
		add(f.Name)
	}
	for _, t := range linux.Targets() {
		add(linux.Names(t.ABI)...)
	}
	for _, codes := range []linux.Codes{linux.Errnos(), linux.Signals()} {
		for _, c := range codes {
			add(c.Name)
		}
	}
	return slices.Sorted(maps.Keys(set))
})
