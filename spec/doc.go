// Package spec lets a source say what its program must do, and finds out whether
// it does. What is said stands in comments, which every assembler ignores, or in a
// file of its own:
//
//	;; test "adds two numbers"
//	;; args 2 3
//	;; expect stdout "5\n"
//
// Parse reads such text into a Suite of cases; a Runner builds the program
// and runs each case, by default in the virtual machine (package vm), where nothing
// that a program does reaches the system that it runs on, and time, memory and output
// are bounded. docs/test.md describes the notation; the table in statements.go is what
// it is made of.
package spec
