package debugger

import (
	"cmp"
	"slices"
	"strings"

	"tasm/symbols"
)

// Profile tells how often the lines of a program ran.
type Profile struct {
	Total int64 // instructions carried out
	Lines []LineCount
}

// LineCount is a line of the source that has instructions, with how many of them were
// carried out.
type LineCount struct {
	File   string `json:"file"`
	Number int    `json:"line"`
	Text   string `json:"text"`
	Count  int64  `json:"count"`
}

// Count runs a program to its end and counts. The lines are in the order of their
// files and numbers.
func Count(m Machine, table *symbols.Table) *Profile {
	counts := map[uint64]int64{}
	for {
		ip := m.IP()
		if !m.Step() {
			if stop := m.Stop(); stop.Call != nil {
				counts[ip]++ // the call that ends the program
			}
			break
		}
		counts[ip]++
	}
	p := &Profile{}
	index := map[symbols.Line]int{}
	add := func(at uint64, n int64) {
		s := table.At(at)
		if s == nil {
			return
		}
		i, known := index[s.Line]
		if !known {
			i = len(p.Lines)
			index[s.Line] = i
			p.Lines = append(p.Lines, LineCount{s.File, s.Number, strings.TrimSpace(s.Text), 0})
		}
		p.Lines[i].Count += n
	}
	for _, at := range table.Statements() {
		add(at, 0)
	}
	for at, n := range counts {
		add(at, n)
		p.Total += n
	}
	slices.SortFunc(p.Lines, func(a, b LineCount) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Number, b.Number))
	})
	return p
}

// Sort puts the lines that ran most first.
func (p *Profile) Sort() {
	slices.SortStableFunc(p.Lines, func(a, b LineCount) int { return cmp.Compare(b.Count, a.Count) })
}
