package format

import (
	"bytes"
	"slices"

	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

func sameSection(a, b *program.Section) bool {
	return a.Name == b.Name && a.Flags == b.Flags && a.Align == b.Align && a.Size == b.Size &&
		slices.EqualFunc(a.Fragments, b.Fragments, sameFragment)
}

func sameFragment(a, b program.Fragment) bool {
	return a.Kind == b.Kind && a.Offset == b.Offset && a.Repeat == b.Repeat && a.Size == b.Size &&
		bytes.Equal(a.Bytes, b.Bytes) && slices.EqualFunc(a.Fixups, b.Fixups, sameFixup)
}

func sameFixup(a, b program.Fixup) bool {
	a.Range, b.Range = diag.Range{}, diag.Range{}
	return a == b
}

func sameSymbol(a, b *program.Symbol) bool {
	x, y := *a, *b
	x.Range, y.Range = diag.Range{}, diag.Range{}
	return x == y
}

func sameImage(a, b *lang.Image) bool {
	return a.Key.Text == b.Key.Text && slices.EqualFunc(a.Args, b.Args, func(x, y *lang.String) bool { return x.Bytes == y.Bytes })
}
