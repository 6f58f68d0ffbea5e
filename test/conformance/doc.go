// Package conformance holds whole sources in nasm's language against nasm
// itself: what nasm accepts, tasm must turn into the same bytes, and what nasm
// rejects, tasm must reject. Everything is in its tests.
//
//   - testdata/TOPIC/*.asm are sources written by hand.
//   - testdata/reject/*.asm are sources that have no meaning.
//   - testdata/elf32 and elf64 are programs for an executable, which GNU ld
//     links to the addresses that tasm chooses.
//   - testdata/differences.tsv lists where tasm differs on purpose, and why.
//   - testdata/grammar/*.txt are grammars of random sources, one for each part of the language.
//   - generate_test.go makes random programs.
package conformance
