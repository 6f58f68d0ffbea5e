package parser

import (
	"strings"

	"tasm/lang"
)

// wordKind is what a reserved word is for.
type wordKind uint8

const (
	plainWord    wordKind = iota // reserved for nothing: a symbol; id: its number, or 0
	registerWord                 // id: the register
	mnemonicWord                 // id: the mnemonic
	prefixWord                   // id: the prefix
	sizeWord                     // width: bytes
	strictWord                   // STRICT
	toWord                       // TO
	distanceWord                 // id: the lang.Distance
	relWord                      // REL
	absWord                      // ABS
	nosplitWord                  // NOSPLIT
	operatorWord                 // id: the lang.Op
	functionWord                 // name: as in lang.Call
	floatWord                    // __?Infinity?__ and the like
	timesWord                    // TIMES
	dataWord                     // DB and its sisters; width: bytes of an item
	reserveWord                  // RESB and its sisters; width: bytes of an item
	equWord                      // EQU
	ruleWord                     // a directive; rule: its grammar
)

// word is what is known of a reserved word.
type word struct {
	kind   wordKind
	width  uint8
	later  bool // reserved from CPU APX on, see later.go
	id     int32
	number int32  // as the name of a symbol, 0 for what is always reserved
	name   string // in lower case
	rule   *rule
}

// notReserved is the word of every other name.
var notReserved = &word{}

// keywords are the reserved words that do not depend on the instruction set.
var keywords map[string]*word

func makeKeywords() map[string]*word {
	words := map[string]*word{}
	add := func(w word) { words[w.name] = &w }
	for name, width := range map[string]uint8{
		"byte": 1, "word": 2, "dword": 4, "long": 4, "qword": 8, "tword": 10,
		"oword": 16, "yword": 32, "zword": 64,
	} {
		add(word{kind: sizeWord, name: name, width: width})
	}
	for letter, width := range map[string]uint8{
		"b": 1, "w": 2, "d": 4, "q": 8, "t": 10, "o": 16, "y": 32, "z": 64,
	} {
		add(word{kind: dataWord, name: "d" + letter, width: width})
		add(word{kind: reserveWord, name: "res" + letter, width: width})
	}
	for name, distance := range map[string]lang.Distance{"short": lang.Short, "near": lang.Near, "far": lang.Far} {
		add(word{kind: distanceWord, name: name, id: int32(distance)})
	}
	add(word{kind: strictWord, name: "strict"})
	add(word{kind: toWord, name: "to"})
	add(word{kind: relWord, name: "rel"})
	add(word{kind: absWord, name: "abs"})
	add(word{kind: nosplitWord, name: "nosplit"})
	add(word{kind: timesWord, name: "times"})
	add(word{kind: equWord, name: "equ"})
	for op, row := range lang.Operators() {
		for _, s := range row.Spellings {
			if class[s[0]]&isIDStart != 0 {
				add(word{kind: operatorWord, name: s, id: int32(op)})
			}
		}
	}
	// Functions and special values have a spelling of old without question marks,
	// but for those that came later.
	reserved := func(name string, kind wordKind) {
		w := &word{kind: kind, name: name}
		words["__?"+name+"?__"] = w
		if name != "bfloat16" {
			words["__"+name+"__"] = w
		}
	}
	for _, name := range lang.Functions() {
		reserved(name, functionWord)
	}
	for _, name := range []string{"infinity", "nan", "qnan", "snan"} {
		reserved(name, floatWord)
	}
	add(word{kind: ruleWord, name: "incbin", rule: rules["incbin"]})
	return words
}

// look returns what the identifier text is reserved for.
func (g *grammar) look(text string) *word {
	if w := g.words[text]; w != nil {
		return w
	}
	return g.lookUp(text)
}

// lookAt is look for the identifier at index i of the line. Who finds that it is no word
// of theirs leaves it to another to ask again.
func (g *grammar) lookAt(i int) *word {
	if i != g.looked {
		g.looked, g.word = i, g.look(g.tokens[i].Text)
	}
	return g.word
}

// lookUp finds a word that has not been seen before in this spelling.
func (g *grammar) lookUp(text string) *word {
	if len(text) > maxWord || text[0] == '$' {
		return notReserved
	}
	var w *word
	name := lower(text)
	if name != text {
		if w = g.words[name]; w != nil && (w.kind == plainWord || w.later) {
			return g.plain(text, name)
		}
	}
	if w == nil {
		class, id := g.vocabulary.Lookup(name)
		kind := vocabularyKinds[class]
		if kind == plainWord {
			return g.plain(text, name)
		}
		w = &word{kind: kind, id: id, name: name}
	}
	if len(g.words) < maxSpellings {
		g.words[text] = w
	}
	return w
}

// number gives a name that is reserved for nothing a number, see lang.Symbol. Local labels
// have none, nor what may be one's full name.
func (g *grammar) number(name string) *word {
	if strings.IndexByte(name, '.') >= 0 || g.turbo && strings.Contains(name, "@@") || len(g.words) >= maxNumbered {
		return notReserved
	}
	n := int32(len(g.words))
	w := &word{id: n, number: n}
	g.words[name] = w
	return w
}

// vocabularyKinds are the kinds of the words that the instruction set reserves.
var vocabularyKinds = [...]wordKind{
	lang.NotReserved:  plainWord,
	lang.RegisterWord: registerWord,
	lang.MnemonicWord: mnemonicWord,
	lang.PrefixWord:   prefixWord,
}
