package object

import "strings"

// The two formats whose sections are segments of the processor: a source may name
// their selectors, and say how a linker combines those of one name.
var (
	// OMF is the format of MS-DOS, 16-bit Windows and OS/2 (nasm manual, 8.4 "obj").
	// Its segments may be joined to groups.
	OMF = segmented(&Format{
		Name: "obj", Family: "omf", BareNames: true, Summary: "Intel/Microsoft OMF (MS-DOS, OS/2, Win16)", Extension: ".obj",
		Macros: []string{
			"%imacro group 1+.nolist", "[group %1]", "%endmacro",
			"%imacro uppercase 0+.nolist", "[uppercase %1]", "%endmacro",
			"%imacro export 1+.nolist", "[export %1]", "%endmacro",
			"%imacro import 1+.nolist", "[import %1]", "%endmacro",
		},
		Debug: []string{"borland"},
		Segments: &SegmentWords{
			Title:      "OMF",
			Attributes: []string{"private", "public", "stack", "common", "use16", "use32", "flat", "class", "overlay", "absolute", "align"},
			Directives: []string{"group", "uppercase", "export", "import"},
			Aligns:     []int64{1, 2, 4, 16, 256, 4096},
		},
	})
	// IEEE is the format of LADsoft's tools, which are for 16 and 32 bits (IEEE 695).
	IEEE = segmented(&Format{
		Name: "ieee", Family: "ieee", Summary: "IEEE-695 (LADsoft variant) object file format", Extension: ".o",
		Macros: []string{"%define __?SECT?__"}, // STRUC opens no section behind it
		Debug:  []string{"ladsoft"},
		Segments: &SegmentWords{
			Title:      "IEEE-695",
			Attributes: []string{"private", "public", "common", "use16", "use32", "absolute", "align"},
			Directives: []string{"uppercase"},
			Aligns:     []int64{1, 2, 4, 8, 16, 32, 64, 128, 256},
			KeepsMode:  true,
		},
	})
)

// SegmentWords are what a source can say of segments in a format that has them.
type SegmentWords struct {
	Title      string
	Attributes []string // of SEGMENT
	Directives []string
	Aligns     []int64 // bytes, rising
	// KeepsMode is set where a new segment has the mode of the code in front of it
	// and not that of 16 bits.
	KeepsMode bool
}

// Align is the alignment that segments can have for n, or 0 if none is large enough.
func (w *SegmentWords) Align(n int64) int64 {
	for _, has := range w.Aligns {
		if n <= has {
			return has
		}
	}
	return 0
}

func segmented(f *Format) *Format {
	f.Bits, f.Pointer, f.HasStart, f.FirstSection = 16, 4, true, "__NASMDEFSEG"
	f.Other = Attributes{Align: 1}
	f.FullName = func(name string) (string, bool) { return strings.TrimLeft(name, "."), strings.Trim(name, ".") != "" }
	return f
}
