// Package elf knows the ELF header and the program header: their fields, and
// what the programs that load such files ask of them.
package elf
