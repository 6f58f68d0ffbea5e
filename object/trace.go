package object

import "tasm/program"

// Trace is no object but tells what a source says to the format that it is assembled to
// (nasm's -f dbg): it knows no attribute, and refuses none.
var Trace = &Format{
	Name: "dbg", Family: "dbg", Summary: "Trace of all info passed to output stage", Extension: ".dbg",
	Debug: []string{"debug"}, Bits: 16, Pointer: 8, HasStart: true, FirstSection: "__NASMDEFSEG",
	Other: Attributes{Flags: program.Alloc, Align: 1},
	Macros: []string{
		"%imacro group 1+.nolist", "[group %1]", "%endmacro",
		"%imacro uppercase 0+.nolist", "[pragma dbg uppercase %1]", "%endmacro",
		"%imacro export 1+.nolist", "[pragma dbg export %1]", "%endmacro",
		"%imacro import 1+.nolist", "[pragma dbg import %1]", "%endmacro",
		"%unimacro org 1+", "%imacro org 1+.nolist", "[pragma dbg org %1]", "%endmacro",
	},
}
