// Package manual tells what a word means: an instruction, a register, a flag, a
// directive, a word of the preprocessor, a field of the ELF headers, a system
// call, an error number or a signal.
//
// All of it is derived from the tables that drive the program: the forms of
// instructions (codegen/x86), the fields and rules of ELF (layout/elf), the
// system calls and codes of Linux (linux). What those do not say stands in two
// files here: instructions.txt has sentences, examples and, in a notation that
// can be carried out, operations; words.txt has the words of the language. Tests
// hold the first against package machine and the second against the parser.
//
// An Entry is text in sections without a form; Text writes it for terminals,
// Markdown for editors and pages.
package manual
