package x86

import (
	_ "embed"
	"strings"
	"sync"

	"tasm/lang"
)

// NoForms is the number of the mnemonics that nasm has and the table does not.
// They are no names of labels all the same.
const NoForms Mnemonic = -1

//go:embed mnemonics.txt
var mnemonicsText string

// reserved holds nasm's mnemonics.
var reserved = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for line := range strings.Lines(mnemonicsText) {
		if !strings.HasPrefix(line, "#") {
			for _, w := range strings.Fields(line) {
				words[w] = true
			}
		}
	}
	return words
})

// reservedWord is what is known of a name that is not in the table.
func reservedWord(name string) (lang.WordClass, int32) {
	if reserved()[name] {
		return lang.MnemonicWord, int32(NoForms)
	}
	return lang.NotReserved, 0
}
