package layout

import (
	"slices"

	"tasm/layout/elf"
	"tasm/layout/equiv"
	"tasm/program"
)

// Free lists the offsets of header bytes in which neither code nor data lie and of which
// nothing depends on any single one, in files whose headers nobody expects to be as
// usual and which were compared with the program as written. They may have other values
// with which LoadsAs and Agrees agree.
func (f *File) Free() []int {
	if f.Report == nil || f.Report.Checked == "" {
		return nil
	}
	header, taken := make([]bool, len(f.Bytes)), make([]bool, len(f.Bytes))
	for _, p := range f.Parts {
		mark := taken
		switch p.Kind {
		case HeaderPart:
			mark = header
		case PaddingPart:
			continue
		}
		for i := p.Offset; i < min(p.Offset+p.Size, int64(len(mark))); i++ {
			mark[i] = true
		}
	}
	var offsets []int
	other := slices.Clone(f.Bytes)
	for i, b := range f.Bytes {
		if !header[i] || taken[i] {
			continue
		}
		free := true
		for _, bit := range []byte{1, 1 << 7} {
			other[i] = b ^ bit
			free = free && f.LoadsAs(other)
		}
		other[i] = b
		if free {
			offsets = append(offsets, i)
		}
	}
	return offsets
}

// LoadsAs reports whether the loader that the file was made for takes other bytes, and
// makes the same process of them: the same memory at the same addresses.
func (f *File) LoadsAs(other []byte) bool {
	l, ok := elf.ByName(f.Report.Loader)
	if !ok || len(elf.Check(l, other)) > 0 {
		return false
	}
	a, err := elf.Map(f.Bytes)
	if err != nil {
		return false
	}
	b, err := elf.Map(other)
	if err != nil {
		return false
	}
	_, committedA := a.Size()
	_, committedB := b.Size()
	return a.Entry == b.Entry && a.Fixed == b.Fixed && a.Interpreter == b.Interpreter && committedA == committedB &&
		slices.Equal(a.Segments, b.Segments) && slices.Equal(a.Occupied, b.Occupied)
}

// Agrees reports whether other bytes, which LoadsAs takes, do what a program does of which
// f was made with some options: by the comparison that f has passed itself.
func (f *File) Agrees(p *program.Program, other []byte, opts Options) bool {
	opts.Loader = f.Report.Loader
	plain, loader, _ := start(p, opts)
	if loader == nil || !f.LoadsAs(other) {
		return false
	}
	g := graphOf(p, plain)
	v := equiv.Check(plain.Bytes, other, equiv.Options{
		Loader: boundOf(plain, g, loader).loader, Objects: Objects(plain, g), Assume: f.Report.Assumptions, Context: opts.context(),
	})
	return v.Outcome == equiv.Same && v.How == f.Report.Checked
}
