package parser

import "tasm/diag"

// Kind is the kind of a token.
type Kind uint8

const (
	EndOfLine   Kind = iota // closes every line of tokens
	Identifier              // a name: label, mnemonic, register, keyword; also .local and ..@special
	Number                  // an integer in any notation
	Float                   // a floating-point constant
	String                  // '...', "..." or `...`, quotes included
	Punctuation             // an operator or delimiter: + - ( ) [ ] , : << >> ...
	Directive               // %word of the preprocessor, %%label, %1, %{...}, %$ctx, %+ ... as written
	Invalid                 // a character that starts no token, or an unclosed string; to be reported by whoever needs the line
)

// Token is one token of a logical line. Text is what stands in the source
// (or what a macro made of it); Range is where the reader finds it.
type Token struct {
	Kind  Kind
	Space bool // white space stands before it
	Text  string
	Range diag.Range
}

// Line is one logical line (continuations joined, comment removed), without
// the EndOfLine token.
type Line struct {
	Tokens []Token
	Range  diag.Range
}
