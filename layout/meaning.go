package layout

import (
	"cmp"
	"slices"

	"tasm/diag"
	"tasm/flow"
	"tasm/layout/equiv"
	"tasm/program"
)

// graphOf takes a program apart. One that is seen to jump to computed addresses others
// than those that it holds, since it computes with them, is doubted.
func graphOf(p *program.Program, plain *File) *flow.Graph {
	g := flow.Build(p)
	if len(g.Taken) == 0 || len(g.Doubts) > 0 {
		return g
	}
	starts, taken := plain.starts(), map[uint64]bool{}
	for _, b := range g.Taken {
		taken[starts[b.Section]+uint64(b.Offset)] = true
	}
	for _, j := range equiv.Jumps(plain.Bytes) {
		if !taken[j.To] {
			g.DoubtJump(sourceAt(plain, j.From))
			break
		}
	}
	return g
}

// starts returns where the sections of a file that keeps them begin.
func (f *File) starts() map[*program.Section]uint64 {
	starts := map[*program.Section]uint64{}
	for _, s := range f.Sections {
		starts[s.Section] = s.Address
	}
	return starts
}

// Objects lists where the data of a program lies that was laid out as written, for a
// comparison: the program has no meaning from where it leaves them. It is nil where
// that is not known.
func Objects(plain *File, g *flow.Graph) []equiv.Range {
	if len(g.Doubts) > 0 || len(g.Objects) > maxObjects {
		return nil
	}
	starts := plain.starts()
	list := []equiv.Range{}
	for _, o := range g.Objects {
		if o.Size > 0 {
			low := starts[o.Section] + uint64(o.Fragments[0].Offset)
			list = append(list, equiv.Range{Low: low, High: low + uint64(o.Size)})
		}
	}
	slices.SortFunc(list, func(a, b equiv.Range) int { return cmp.Compare(a.Low, b.Low) })
	return list
}

// sourceAt returns the statement behind an address in a file that was laid out as
// written; zero if there is none.
func sourceAt(plain *File, address uint64) (at diag.Range) {
	for _, p := range plain.Parts {
		if p.Kind == FragmentPart && address >= p.Address && address < p.Address+uint64(p.Size) && p.Fragment.Source != nil {
			at = p.Fragment.Source.Range
		}
	}
	return at
}

// warn tells where the program may leave its objects.
func warn(messages *diag.Bag, plain *File, findings []equiv.Finding) {
	for _, f := range findings {
		at := sourceAt(plain, f.Address)
		m := diag.Warningf("unchecked", at, "%s", f.Text)
		if f.Call != "" {
			m = m.Notef("from there on the program has no meaning, and the result may do anything; test what %s returned first", f.Call)
		} else {
			m = m.Notef("from there on the program has no meaning, and the result may do anything")
		}
		m.Yields = []string{"run"} // of package lint
		if f.Call != "" && at != (diag.Range{}) {
			m.Yields = []string{"run-memory", "run-read-only"} // the others say nothing of calls that fail
		}
		messages.Add(m)
	}
}
