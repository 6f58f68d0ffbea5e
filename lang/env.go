package lang

import "tasm/diag"

// Env gives expressions the values of the moment.
type Env interface {
	// Symbol returns the value of a label, EQU or external as seen from the
	// statement at hand (a local label is looked up below the current parent).
	// Unknown is set in the value of a symbol that may yet be defined; a symbol
	// known not to exist is an error.
	Symbol(*Symbol) (Value, *diag.Message)
	// Here is the address of the current statement, SectionStart that of the
	// section's first byte.
	Here() Value
	SectionStart() Value
}

// NasmEnv is an Env that says whether its source is nasm's, of which nasm's mistakes count too.
type NasmEnv interface {
	Env
	AsNasm() bool
}

// WordClass says what a reserved word is for.
type WordClass uint8

const (
	NotReserved WordClass = iota
	RegisterWord
	MnemonicWord
	PrefixWord
)

// Vocabulary is what a parser must know of an instruction set: which words
// are reserved, and the code generator's number for each. Names are lower case.
type Vocabulary interface {
	Lookup(name string) (WordClass, int32)
}

// SegmentPrefixes is what a Vocabulary adds whose segment registers may stand
// before an instruction as prefixes (es movsb): it gives the prefix's number.
type SegmentPrefixes interface {
	SegmentPrefix(RegisterID) (prefix int32, ok bool)
}

// LaterWords is what a Vocabulary adds that reserves more words from a CPU directive on
// which names their processor (CPU APX); before it they are names like all others.
type LaterWords interface {
	Later(name string) (WordClass, int32)
}

// WordList is what a Vocabulary adds that can name its mnemonics, so that an
// unknown one can be answered with the nearest.
type WordList interface {
	Mnemonics() []string
}
