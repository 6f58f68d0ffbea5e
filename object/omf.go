package object

import "strings"

// OMF is the format of MS-DOS, 16-bit Windows and OS/2 (nasm manual, 8.4 "obj").
// Its sections are segments of the processor: a source may name their selectors,
// join them to groups, and say how a linker combines those of one name.
var OMF = &Format{
	Name: "obj", Family: "omf", Summary: "Intel/Microsoft OMF (MS-DOS, OS/2, Win16)", Extension: ".obj",
	Bits: 16, Pointer: 4, Segmented: true, HasStart: true, FirstSection: "__NASMDEFSEG",
	Macros: []string{
		"%imacro group 1+.nolist", "[group %1]", "%endmacro",
		"%imacro uppercase 0+.nolist", "[uppercase %1]", "%endmacro",
		"%imacro export 1+.nolist", "[export %1]", "%endmacro",
		"%imacro import 1+.nolist", "[import %1]", "%endmacro",
	},
	Debug:    []string{"borland"},
	Other:    Attributes{Align: 1},
	FullName: func(name string) (string, bool) { return strings.TrimLeft(name, "."), strings.Trim(name, ".") != "" },
}

// SegmentAlign is the alignment that OMF has for n, the next larger of 1, 2, 4,
// 16, 256 and 4096, or 0 if that is not enough.
func SegmentAlign(n int64) int64 {
	for _, has := range []int64{1, 2, 4, 16, 256, 4096} {
		if n <= has {
			return has
		}
	}
	return 0
}
