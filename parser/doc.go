// Package parser reads sources: it cuts text into tokens, obeys the
// preprocessor's directives and makes a syntax tree of each line that remains.
// It knows no instructions; which words are mnemonics, registers and prefixes
// it asks a lang.Vocabulary.
//
// Lines go through three stages, one at a time, because what a condition of
// the preprocessor says may depend on the labels above it:
//
//	lexer ─ Line ─▶ preprocessor ─ Line ─▶ grammar ─ lang.Statement ─▶ Stream.Next
//
// # What is parsed where
//
// The grammar is participle's, a line of tokens being one input. Its root and
// the nodes that nearly every line of a source consists of are written by
// hand, in the way that participle's own nodes are: each starts at a token of
// the line and moves on behind what it has understood. These are
//
//   - the statement itself: label, prefixes, TIMES, and the choice by the first
//     word of what follows (grammar.go);
//   - operands (operand.go), items of DB and its sisters (data.go), EQU, RESB,
//     and expressions, by precedence climbing over lang's table of operators (expr.go).
//
// All other syntax, that of the directives, is structs with participle's tags
// (syntax.go), one for each shape of directive, chosen by the directive's name
// in a table (rules.go); SECTION, whose words only blanks separate, is written by
// hand. A directive reaches the grammar in brackets: without them it is a
// multi-line macro around that, as in nasm (macros/standard.nasm). Where such a
// struct has a field of type lang.Expr, lang.Body or operandList, participle calls
// the nodes written by hand.
//
// # Why so
//
// A participle parser costs about 100 ns and two allocations for a line whose
// root parses itself (and can't be handed the vocabulary), 400 ns where it calls
// a function for it, 1500 ns and 15 allocations for a struct of two fields, and
// half a microsecond more for making its lexer.PeekingLexer. The nodes written
// by hand take 200 to 400 ns a line, lexing included. So these are not called
// through participle; directives, of which a source has few, are. They share one
// PeekingLexer that is filled anew for each (see window).
//
// # Errors
//
// A line has at most one error, reported at the token that could not be used,
// and the next line is parsed as if nothing had happened. The parser never
// guesses what a wrong line was meant to be.
package parser
