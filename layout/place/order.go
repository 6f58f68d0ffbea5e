package place

import (
	"tasm/codegen/x86"
	"tasm/flow"
)

// Order. Instructions that do not depend on each other may stand in any order,
// and another one may fill the free bytes of the headers better.

// progress is which items of a chain are placed: those in front of item, and
// of those from it on the ones whose bits are set in done.
type progress struct {
	item int
	done uint8
}

// placed reports whether an item is placed.
func (p progress) placed(k int) bool {
	return k < p.item || k < p.item+8 && p.done>>(k-p.item)&1 != 0
}

// after is the progress when item k is placed too.
func (p progress) after(k int) progress {
	p.done |= 1 << (k - p.item)
	for p.done&1 != 0 {
		p.item, p.done = p.item+1, p.done>>1
	}
	return p
}

// rest lists the items that are not placed.
func (p progress) rest(items []*item) []*item {
	var list []*item
	for k := p.item; k < len(items); k++ {
		if !p.placed(k) {
			list = append(list, items[k])
		}
	}
	return list
}

// next lists the items that may come next: the first one, and those of its block
// that do not depend on any that would be passed.
func (p progress) next(items []*item) []int {
	list := []int{p.item}
	first := items[p.item]
	for k := p.item + 1; k < min(p.item+window, len(items)); k++ {
		it := items[k]
		if it.fixed || it.block != first.block || it.inst == nil || items[k-1].fixed {
			break
		}
		if p.placed(k) {
			continue
		}
		free := true
		for j := p.item; j < k && free; j++ {
			free = p.placed(j) || independent(items[j], it)
		}
		if free {
			list = append(list, k)
		}
	}
	return list
}

// independent reports whether two items may change places.
func independent(a, b *item) bool {
	if a.fixed || b.fixed || a.inst == nil || b.inst == nil || a.facts.Memory && b.facts.Memory {
		return false
	}
	if a.facts.Changes&(b.facts.Reads|b.facts.Changes)|a.facts.Reads&b.facts.Changes != 0 {
		return false
	}
	x, y := a.facts.Flags.Changed(), b.facts.Flags.Changed()
	return x&b.facts.Flags.Read == 0 && y&a.facts.Flags.Read == 0 && (x&y == 0 || !a.ordered && !b.ordered)
}

// order finds out between which items of a block the order of those that set
// flags matters: those up to one that asks for flags.
func (p *text) order(items []*item, behind flow.Live) {
	asked := behind.Flags != 0
	for i := len(items) - 1; i >= 0; i-- {
		it := items[i]
		if it.fixed {
			asked = it.live.Flags != 0
			continue
		}
		asked = asked || it.facts.Flags.Read != 0
		it.ordered = asked
	}
}

// live is what is needed in front of the items that are not placed, and whether
// the carry flag is clear there as at entry.
func (p progress) live(items []*item) (flow.Live, bool) {
	first := items[p.item]
	if p.done == 0 {
		return first.live, first.flagsAsEntry
	}
	last, asEntry := p.item, first.flagsAsEntry
	for k := p.item; k < len(items) && k < p.item+8; k++ {
		if p.placed(k) {
			last = k
			asEntry = asEntry && items[k].facts.Flags.Changed()&x86.CF == 0
		}
	}
	// Behind the last one that is placed everything is in order.
	now := items[last].after
	for k := last; k >= p.item; k-- {
		if !p.placed(k) {
			f := &items[k].facts
			now.Registers = now.Registers&^f.Replaces | items[k].reads()
			now.Flags = now.Flags&^(f.Flags.Written|f.Flags.Cleared|f.Flags.Set) | f.Flags.Read
		}
	}
	return now, asEntry
}
