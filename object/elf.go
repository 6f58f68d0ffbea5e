package object

import "tasm/program"

// The three formats of Linux. They differ in the mode of the code, the width
// of addresses and the kinds of relocations (nasm manual, 8.9).
var (
	ELF32  = elf("elf32", "ELF32 (i386) (Linux, most Unix variants)", 32, 4, "..gotpc", "..gotoff", "..got", "..plt", "..sym", "..tlsie", "..gottpoff")
	ELF64  = elf("elf64", "ELF64 (x86-64) (Linux, most Unix variants)", 64, 8, "..gotpc", "..gotoff", "..got", "..plt", "..sym", "..gottpoff", "..tlsie")
	ELFX32 = elf("elfx32", "ELFx32 (ELF32 for x86-64) (Linux)", 64, 4, "..gotpc", "..gotoff", "..got", "..plt", "..sym", "..gottpoff", "..tlsie")
)

func elf(name, summary string, bits int, pointer int64, specials ...string) *Format {
	const alloc, write, exec, nobits, tls = program.Alloc, program.Write, program.Exec, program.NoBits, program.TLS
	f := &Format{
		Name: name, Family: "elf", Summary: summary, Bits: bits, Pointer: pointer, Specials: specials,
		Macros:    []string{"%imacro osabi 1+.nolist", "[osabi %1]", "%endmacro"},
		Extension: ".o", Debug: []string{"dwarf", "stabs"},
		SymbolWords: []string{"function", "data", "object", "notype", "weak", "strong", "default", "internal", "hidden", "protected"}, SymbolValues: true,
		Sections: map[string]Attributes{
			".text":          {Flags: alloc | exec, Align: 16},
			".rodata":        {Flags: alloc, Align: 4},
			".lrodata":       {Flags: alloc, Align: 4},
			".data":          {Flags: alloc | write, Align: 4},
			".ldata":         {Flags: alloc | write, Align: 4},
			".bss":           {Flags: alloc | write | nobits, Align: 4},
			".lbss":          {Flags: alloc | write | nobits, Align: 4},
			".tdata":         {Flags: alloc | write | tls, Align: 4},
			".tbss":          {Flags: alloc | write | tls | nobits, Align: 4},
			".comment":       {Align: 1},
			".preinit_array": {Flags: alloc, Type: program.PreinitArray, Align: pointer, EntrySize: pointer},
			".init_array":    {Flags: alloc, Type: program.InitArray, Align: pointer, EntrySize: pointer},
			".fini_array":    {Flags: alloc, Type: program.FiniArray, Align: pointer, EntrySize: pointer},
			".note":          {Type: program.Note, Align: 4},
		},
		Other: Attributes{Flags: alloc, Align: 1},
		Words: map[string]Change{
			"alloc":         {Set: alloc},
			"noalloc":       {Clear: alloc},
			"write":         {Set: write},
			"nowrite":       {Clear: write},
			"exec":          {Set: exec},
			"noexec":        {Clear: exec},
			"tls":           {Set: tls},
			"notls":         {Clear: tls},
			"merge":         {Set: program.Merge},
			"nomerge":       {Clear: program.Merge},
			"strings":       {Set: program.Strings},
			"nostrings":     {Clear: program.Strings},
			"progbits":      {Clear: nobits, SetType: true},
			"nobits":        {Set: nobits, SetType: true},
			"note":          {Clear: nobits, SetType: true, Type: program.Note},
			"preinit_array": {Clear: nobits, SetType: true, Type: program.PreinitArray, Element: pointer},
			"init_array":    {Clear: nobits, SetType: true, Type: program.InitArray, Element: pointer},
			"fini_array":    {Clear: nobits, SetType: true, Type: program.FiniArray, Element: pointer},
			"pointer":       {Element: pointer},
		},
	}
	if name != "elfx32" {
		f.Facilities = []string{"elf"}
	}
	for word, size := range elementSizes {
		f.Words[word] = Change{Element: size}
	}
	return f
}
