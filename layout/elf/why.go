package elf

import "slices"

// Reasons lists for every byte of the headers the rules that make it what it
// is: those which decide or tie bits of it by themselves, and of a byte that is
// not fixed also those which are still open. Where a fixed byte follows only from
// several rules together, they are all that speak of it.
func (c *ByteClasses) Reasons(l *Loader) [][]Applied {
	n := len(c.Bytes)
	deciding, tying, open, about := make([][]Applied, n), make([][]Applied, n), make([][]Applied, n), make([][]Applied, n)
	for _, d := range demands(c.Placement, l, c.Roles) {
		a := Applied{d.rule, d.index}
		alone := model(c.Placement, l, []demand{d})
		alone.propagate()
		tied := alone.tiedBytes()
		isOpen := slices.Contains(c.Open, a)
		for i, mentioned := range alone.goals[0].bytes(n) {
			mask, _ := alone.Byte(i)
			switch {
			case mask != 0:
				deciding[i] = append(deciding[i], a)
			case tied[i]:
				tying[i] = append(tying[i], a)
			case mentioned && isOpen:
				open[i] = append(open[i], a)
			}
			if mentioned {
				about[i] = append(about[i], a)
			}
		}
	}
	for i, b := range c.Bytes {
		switch k := b.Kind(); {
		case k == Fixed && len(deciding[i]) > 0:
		case k == Fixed:
			deciding[i] = about[i]
		case k == Tied:
			deciding[i] = slices.Concat(tying[i], deciding[i])
			if b.Bounded != 0 {
				deciding[i] = append(deciding[i], open[i]...)
			}
		default:
			deciding[i] = append(deciding[i], open[i]...)
		}
	}
	return deciding
}

// tiedBytes reports for each byte whether bits of it are tied to others.
func (m *Model) tiedBytes() []bool {
	members := map[bit]int{}
	for i := range m.root {
		members[m.root[i]]++
	}
	list := make([]bool, m.Len())
	for i := range m.root {
		if r, _ := m.at(bit(i)); r != known && members[r] > 1 {
			list[i/8] = true
		}
	}
	return list
}

// bytes reports for each of the first n bytes of the file whether the goal is
// about it.
func (g *goal) bytes(n int) []bool {
	list := make([]bool, n)
	g.must.mentions(func(id FieldID, mask uint64) {
		start, width := g.view.place(id)
		for i := range width {
			if at := (start + int64(i)) / 8; mask>>i&1 != 0 && at < int64(n) {
				list[at] = true
			}
		}
	})
	return list
}
