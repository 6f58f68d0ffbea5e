package object

import "tasm/program"

// The formats of early Unix systems and of bin86 (nasm manual, 8.11 to 8.13). They
// have three sections, and no others.
var (
	AOut  = threeSections("aout", "Linux a.out", 32, []string{"function", "data", "object"})
	AOutB = threeSections("aoutb", "NetBSD/FreeBSD a.out", 32, []string{"function", "data", "object"}, "..gotpc", "..gotoff", "..got", "..plt", "..sym")
	AS86  = threeSections("as86", "as86 (bin86/dev86 toolchain)", 16, nil)
)

func init() {
	AOutB.SymbolValues = true
	AS86.Family = "as86"
	AS86.HasStart = true
}

func threeSections(name, summary string, bits int, words []string, specials ...string) *Format {
	const alloc, write, exec, nobits = program.Alloc, program.Write, program.Exec, program.NoBits
	return &Format{
		Name: name, Family: "aout", Summary: summary, Extension: ".o", Bits: bits, Pointer: 4, SymbolWords: words, Specials: specials,
		Sections: map[string]Attributes{
			".text": {Flags: alloc | exec, Align: 1},
			".data": {Flags: alloc | write, Align: 1},
			".bss":  {Flags: alloc | write | nobits, Align: 1},
		},
		FullName: func(name string) (string, bool) { return name, name == ".text" || name == ".data" || name == ".bss" },
		KeepText: true,
	}
}
