// Package elf knows the headers of ELF files for x86: their fields, and what
// the programs that load such files ask of them.
//
// Everything stands in tables. Fields lists the fields of the ELF header and
// the program header, in both classes. A Loader is a list of Rules, each a
// Constraint over fields with the place in the loader's source where it is
// written. Profiles are combinations of loaders: a file for all of them obeys
// the rules of each, under the tightest limits.
//
// Constraints are judged over three values: they hold, they are broken, or too
// few bits are known to tell. So the same table serves two purposes. Check
// judges a finished file. Classify reasons about files that do not exist yet: for
// a Placement, in which the headers may overlap in any way, it derives which
// bits of them are fixed, which are equal to each other, which are restricted
// and which are free. A Model is that knowledge, to be narrowed down further by
// whoever puts code into headers. A Tape is the bytes of a file with one program
// header under one placement: what is known of each, with the first instruction
// at any offset. Whoever lays code over headers (layout/place, layout/synth) asks it.
//
// How that works: a file's headers are bits. Rules about equality make bits
// one (union-find), rules about values set them, and rules about sums set those
// bits without which the sum could not come out; this is repeated until nothing
// follows any more. What is then still open is decided by trying, the most
// telling bit first, and taken back where it leads nowhere.
package elf
