package deflate

import "math"

// token is one step of a parse: a match, or one literal byte if dist is 0.
type token struct {
	length  uint16 // bytes that the step covers, 1 for a literal
	dist    uint16
	literal byte
}

// codeBook holds the code lengths of a block's two alphabets.
type codeBook struct {
	litLen []uint8
	dist   []uint8
}

// fixedBook is the code of RFC 1951 section 3.2.6.
var fixedBook = makeFixedBook()

func makeFixedBook() *codeBook {
	b := &codeBook{litLen: make([]uint8, 288), dist: make([]uint8, 32)}
	for s := range b.litLen {
		switch {
		case s < 144:
			b.litLen[s] = 8
		case s < 256:
			b.litLen[s] = 9
		case s < 280:
			b.litLen[s] = 7
		default:
			b.litLen[s] = 8
		}
	}
	for s := range b.dist {
		b.dist[s] = 5
	}
	return b
}

// prices are the bits that each step costs, extra bits included.
type prices struct {
	literal [256]uint32
	length  [maxMatch + 1]uint32
	dist    [numDist]uint32
	// rises are the lengths that cost less than those longer by one, descending.
	rises []int
}

// set derives the prices from code lengths. A symbol that has no code yet gets
// the longest length in use plus one, so that a parse may bring it back.
func (p *prices) set(b *codeBook) {
	lit, dist := withAbsent(b.litLen), withAbsent(b.dist)
	for s := range p.literal {
		p.literal[s] = lit(s)
	}
	for l := minMatch; l <= maxMatch; l++ {
		i := int(lengthIndex[l])
		p.length[l] = lit(firstLength+i) + uint32(lengthRuns[i].extra)
	}
	p.rises = p.rises[:0]
	for l := maxMatch - 1; l >= minMatch; l-- {
		if p.length[l] < p.length[l+1] {
			p.rises = append(p.rises, l)
		}
	}
	for i := range p.dist {
		p.dist[i] = dist(i) + uint32(distRuns[i].extra)
	}
}

func withAbsent(lengths []uint8) func(symbol int) uint32 {
	longest := uint8(0)
	for _, l := range lengths {
		longest = max(longest, l)
	}
	absent := uint32(min(longest+1, maxBits))
	return func(s int) uint32 {
		if l := lengths[s]; l > 0 {
			return uint32(l)
		}
		return absent
	}
}

const unreached = math.MaxUint32

// parse returns the cheapest sequence of literals and matches for src[lo:hi]:
// a shortest path over positions, in which every step leads forwards, so that
// one pass from left to right settles each position before it is left.
// Matches inside the chunk are those that findMatches listed.
func (e *encoder) parse(lo, hi int, p *prices) []token {
	n := hi - lo
	cost, step := e.cost[:n+1], e.step[:n+1]
	for i := range cost {
		cost[i] = unreached
	}
	cost[0] = 0
	var before offer
	for i := range n {
		if cost[i] == unreached {
			before = offer{}
			continue // inside a match taken as it is
		}
		matches := e.matches[e.firstMatch[lo-e.chunk+i]:e.firstMatch[lo-e.chunk+i+1]]
		if len(matches) > 0 && int(matches[0].length) >= e.effort.nice {
			matches = matches[:1]
		} else {
			c := e.src[lo+i]
			if price := cost[i] + p.literal[c]; price < cost[i+1] {
				cost[i+1] = price
				step[i+1] = token{length: 1, literal: c}
			}
		}
		// A distance with a match of some length serves all shorter ones too:
		// going down in length, the cheapest distance met so far counts.
		cheapest, dist := uint32(unreached), uint16(0)
		var here offer
		for k, m := range matches {
			if price := p.dist[distIndex(int(m.dist))]; price < cheapest {
				cheapest, dist = price, m.dist
			}
			shortest, longest := minMatch, min(int(m.length), n-i)
			if k+1 < len(matches) {
				shortest = int(matches[k+1].length) + 1
			} else if int(m.length) >= e.effort.nice {
				shortest = longest
			}
			o := offer{cost[i] + cheapest, longest}
			if k == 0 && shortest < longest {
				here = o
			}
			o.relax(cost[i:i+longest+1], step[i:i+longest+1], shortest, dist, p, o.within(before))
		}
		before = here
	}
	count := 0
	for i := n; i > 0; i -= int(step[i].length) {
		count++
	}
	tokens := make([]token, count)
	for i := n; i > 0; i -= int(step[i].length) {
		count--
		tokens[count] = step[i]
	}
	return tokens
}

// offer is a way to go on from a position: by matches of up to length bytes, for base
// and the price of their length.
type offer struct {
	base   uint32
	length int
}

// within reports whether what the offer before, from one position to the left, leads
// to with lengths greater by one costs no more than what o does, but for the price of
// the lengths.
func (o offer) within(before offer) bool { return before.base <= o.base && before.length >= o.length }

// relax notes where the offer leads to for less than is known, from shortest on. Where
// the offer before has led to the same for no more, as in a run of equal bytes, only
// lengths can that cost less than those longer by one, and the longest.
func (o offer) relax(cost []uint32, step []token, shortest int, dist uint16, p *prices, within bool) {
	if !within {
		for l := o.length; l >= shortest; l-- {
			o.lead(cost, step, l, dist, p)
		}
		return
	}
	if o.length >= shortest {
		o.lead(cost, step, o.length, dist, p)
	}
	for _, l := range p.rises {
		if l < shortest {
			break
		}
		if l < o.length {
			o.lead(cost, step, l, dist, p)
		}
	}
}

// lead notes where a match of a length leads to, if that is for less than is known.
func (o offer) lead(cost []uint32, step []token, length int, dist uint16, p *prices) {
	if c := o.base + p.length[length]; c < cost[length] {
		cost[length] = c
		step[length] = token{length: uint16(length), dist: dist}
	}
}
