package object

import (
	"strings"

	"tasm/program"
)

// The formats of Mach-O (nasm manual, 8.10 "macho"). A section of theirs has a
// name in two parts, "__TEXT,__text"; the usual names stand for some of them.
var (
	MachO32 = machO("macho32", "Mach-O i386 (Mach, including MacOS X and variants)", 32, "..tlvp")
	MachO64 = machO("macho64", "Mach-O x86-64 (Mach, including MacOS X and variants)", 64, "..tlvp", "..gotpcrel")
)

// Flags of Mach-O sections (Apple, "OS X ABI Mach-O File Format Reference",
// section): the low byte is the type.
const (
	MachOZeroFill         = 0x00000001
	MachODebug            = 0x02000000
	machOLiveSupport      = 0x08000000
	MachONoDeadStrip      = 0x10000000
	machOStripStatic      = 0x20000000
	MachOSomeInstructions = 0x00000400
	machOPureInstructions = 0x80000000
	// What is one kind of section or another, and no more than one.
	machOKind = 0xff | MachOSomeInstructions | machOPureInstructions
)

func machO(name, summary string, bits int, specials ...string) *Format {
	const alloc, write, exec, nobits = program.Alloc, program.Write, program.Exec, program.NoBits
	code := Attributes{Flags: alloc | exec, Align: 1, Native: MachOSomeInstructions | machOPureInstructions}
	data := Attributes{Flags: alloc | write, Align: 1}
	zeros := Attributes{Flags: alloc | write | nobits, Align: 1, Native: MachOZeroFill}
	kind := func(a Attributes) Change {
		return Change{Clear: exec | nobits, Set: a.Flags &^ (alloc | write), Native: a.Native, NativeClear: machOKind}
	}
	mixed := kind(code)
	mixed.Native = MachOSomeInstructions
	f := &Format{
		Name: name, Family: "macho", Facilities: []string{"macho"}, Summary: summary, Extension: ".o", Debug: []string{"dwarf"},
		Bits: bits, Pointer: int64(bits / 8), Specials: specials,
		Macros: []string{
			"%imacro subsections_via_symbols 0.nolist", "[pragma " + name + " subsections_via_symbols]", "%endmacro",
			"%imacro no_dead_strip 1-*.nolist", "%rep %0", "[pragma " + name + " no_dead_strip %1]", "%rotate 1", "%endrep", "%endmacro",
		},
		Sections: map[string]Attributes{"__TEXT,__text": code},
		Other:    data,
		Words: map[string]Change{
			"code": kind(code), "mixed": mixed, "data": kind(data), "bss": kind(zeros), "zerofill": kind(zeros),
			"no_dead_strip":     {Native: MachONoDeadStrip},
			"live_support":      {Native: machOLiveSupport},
			"strip_static_syms": {Native: machOStripStatic},
			"debug":             {Native: MachODebug},
		},
		FullName: machOName, Strict: true, KeepText: true,
		SymbolWords: []string{"private_extern"},
	}
	f.ByPart = map[string]Attributes{"__text": code, "__bss": zeros}
	for _, name := range []string{"abbrev", "info", "line", "str"} {
		f.Sections["__DWARF,__debug_"+name] = Attributes{Flags: program.Info, Align: 1, Native: MachODebug}
	}
	return f
}

// machOName returns the segment and section that a name stands for.
func machOName(name string) (string, bool) {
	if segment, section, ok := strings.Cut(name, ","); ok {
		return name, segment != "" && section != "" && len(segment) <= 16 && len(section) <= 16
	}
	full, ok := map[string]string{
		".text": "__TEXT,__text", ".data": "__DATA,__data", ".rodata": "__DATA,__const", ".bss": "__DATA,__bss",
		".debug_abbrev": "__DWARF,__debug_abbrev", ".debug_info": "__DWARF,__debug_info",
		".debug_line": "__DWARF,__debug_line", ".debug_str": "__DWARF,__debug_str",
	}[name]
	return full, ok
}
