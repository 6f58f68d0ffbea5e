package object

import "tasm/program"

// The formats of Windows and of DJGPP (nasm manual, 8.5 "win32", 8.6 "win64",
// 8.8 "coff"). A section whose name says nothing holds code.
var (
	Win32 = coff("win32", "Microsoft extended COFF for Win32 (i386)", ".obj", 32, 16)
	Win64 = coff("win64", "Microsoft extended COFF for Win64 (x86-64)", ".obj", 64, 16, "..imagebase")
	COFF  = coff("coff", "COFF (i386) (DJGPP, some Unix variants)", ".o", 32, 0)
)

// COFFLinkInfo says that a section is for the linker (PE Format, IMAGE_SCN_LNK_INFO).
const COFFLinkInfo = 0x200

// coff makes a format; text is the alignment of code, 0 where the format's
// sections have none unless they ask for it.
func coff(name, summary, extension string, bits int, text int64, specials ...string) *Format {
	const alloc, write, exec, nobits = program.Alloc, program.Write, program.Exec, program.NoBits
	const all = alloc | write | exec | nobits | program.Info
	align := func(n int64) int64 { return min(n, text) }
	code := Attributes{Flags: alloc | exec, Align: text}
	f := &Format{
		Name: name, Family: "coff", Summary: summary, Extension: extension, Bits: bits, Pointer: int64(bits / 8), Specials: specials,
		Sections: map[string]Attributes{
			".data":  {Flags: alloc | write, Align: align(4)},
			".rdata": {Flags: alloc, Align: align(8)},
			".bss":   {Flags: alloc | write | nobits, Align: align(4)},
		},
		Facilities: []string{"coff"},
		Other:      code,
		Macros: []string{
			"%imacro export 1+.nolist", "[export %1]", "%endmacro",
			"%imacro safeseh 1.nolist", "[safeseh %1]", "%endmacro",
		},
		Words: map[string]Change{
			"code": {Clear: all, Set: alloc | exec, Align: text},
			"text": {Clear: all, Set: alloc | exec, Align: text},
			"data": {Clear: all, Set: alloc | write, Align: align(4)},
			"bss":  {Clear: all, Set: alloc | write | nobits, Align: align(4)},
		},
		NameLimit: 8,
	}
	if text == 0 {
		return f
	}
	f.NameLimit, f.Debug, f.Facilities = 0, []string{"cv8"}, []string{"win", "coff"}
	f.Words["rdata"] = Change{Clear: all, Set: alloc, Align: 8}
	f.Words["info"] = Change{Clear: all, Set: program.Info, Align: 1}
	if bits == 64 {
		f.Sections[".pdata"] = Attributes{Flags: alloc, Align: 4}
		f.Sections[".xdata"] = Attributes{Flags: alloc, Align: 8}
	}
	return f
}
