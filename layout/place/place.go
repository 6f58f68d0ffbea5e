// Package place lays the blocks and objects of a program out in an executable:
// first in those bytes of the headers that a loader leaves free, then behind
// the headers.
//
// # The problem
//
// With the program header laid over the ELF header, an executable of 32 bits
// can be as short as 45 bytes, and 14 or more of them are free. But they lie
// apart, with fixed bytes between, so code that is to use them has to get from
// one run of free bytes to the next.
//
// # The choice
//
// For every placement of the program header, and every run of free bytes in
// which the program may start, the instructions of the first blocks are laid
// along the file. At each instruction there is a choice: to go on with the next
// one, if it fits; to take another one first that does not depend on it; to jump to a later run, for two bytes; or
// to run through the fixed bytes, where these happen to be instructions that
// change nothing of interest there. Such bridges are found by decoding the
// bytes, with every way to choose the free ones among them that swallows what
// follows (CMP eax, imm32 and its like). Dynamic programming over positions and
// instructions finds the way that takes the most code into the headers. Where
// the caller tells what registers hold, a bridge may also change a register that
// the program is about to give a number: if it leaves that number there, the
// instruction that would have done so is left out, and if it leaves one near it,
// a shorter instruction does the rest (constant.go). And a number for later may be
// pushed where there is room, to be popped when it is needed (early.go). Bytes of an
// instruction that may hold anything lie over whatever the headers need. What is
// left of the free bytes is filled with other blocks and with data, and the
// rest goes behind the headers.
//
// The search leaves out what can't end in a file of the size that is wanted. That bound
// (room.bound) is admissible where the first chain is all there is. It is not where other
// blocks or data have to find a place: then it takes don't-care bytes for used ones, and
// reckons with no data that lie over equal bytes. Besides, of nodes that are alike in what
// a register can save one is kept, and early pushes are tried where the files
// without any are small.
//
// # Why it ends
//
// Jumps are short at first and only ever become long, so the layout is redone
// at most once for each jump.
package place

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"tasm/flow"
	"tasm/layout/elf"
)

// Kind says what a Piece is.
type Kind uint8

const (
	Code Kind = iota // an instruction of the program
	Link             // an instruction that only leads on
	Data             // bytes of an object
)

// Piece is a run of bytes of the file and what it is for. Pieces may overlap
// header fields, and each other where data is shared.
type Piece struct {
	Offset, Size int64
	Kind         Kind
	Inst         *flow.Inst   // of Code
	Object       *flow.Object // of Data
	Why          string
}

// Result is a finished file.
type Result struct {
	elf.Finished
	Pieces []Piece
	// Bound is a size in bytes that no placement of the program's instructions comes below.
	Bound int
}

// beats reports whether the file is smaller than another one, if there is one, or
// asks less of the host at the same size.
func (r *Result) beats(other *Result) bool {
	return r != nil && (other == nil || cmp.Or(len(r.Bytes)-len(other.Bytes), r.Compare(other.Ask)) < 0)
}

// ErrNoPlacement says that no placement of the headers suits the program.
var ErrNoPlacement = errors.New("no placement of the headers suits the program")

// beginning is where a program may begin in a space.
type beginning struct {
	space *space
	entry int
}

// promises reports whether a file can be smaller than best, if there is one, and no larger
// than most.
func (s *space) promises(best *Result, most int) bool {
	least := s.fixed + s.text.least
	return least <= most && (best == nil || least < len(best.Bytes))
}

// promising lists the beginnings of the smallest files, of those that are no
// larger than a size.
func promising(spaces []*space, size int) []beginning {
	var list []beginning
	for _, sp := range spaces {
		for _, entry := range sp.entries() {
			if n, known := sp.sizes[entry]; known && n <= size {
				list = append(list, beginning{sp, entry})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b beginning) int {
		return a.space.sizes[a.entry] - b.space.sizes[b.entry]
	})
	return list[:min(len(list), maxBeginnings)]
}

// Facts are what is known in front of each instruction of a block, and behind
// the last one.
type Facts map[*flow.Block][]flow.Known

// Options are what placing depends on besides the program.
type Options struct {
	// Known is what is known in front of each instruction. Instructions stay as they are
	// where it is nil; else what one of them gives a register may come about in another way.
	Known Facts
	// Most is how many bytes a file may have that is of any use; 0 stands for any number.
	Most int
	// Better is told of the files on the way, each better than the one before, by their
	// sizes in bytes; where there are several orders of the code it begins anew. It may be nil.
	Better func(size int)
}

// Place returns the smallest file that it finds for a graph without doubts,
// one that l loads. When ctx ends that is the best so far, or ctx's error.
func Place(ctx context.Context, g *flow.Graph, l *elf.Loader, o Options) (*Result, error) {
	if err := placeable(g); err != nil {
		return nil, err
	}
	if o.Most == 0 {
		o.Most = math.MaxInt
	}
	var best *Result
	var failed error
	for _, order := range ordersOf(g) {
		r, err := inOrder(ctx, newProgram(g, o.Known, order), l, o)
		if r.beats(best) {
			best, o.Most = r, len(r.Bytes)
		}
		failed = cmp.Or(failed, err)
	}
	if best == nil {
		return nil, failed
	}
	return best, nil
}

// inOrder returns the smallest file that it finds with the chains in their order.
func inOrder(ctx context.Context, p *text, l *elf.Loader, o Options) (*Result, error) {
	if p.size > maxSize {
		return nil, fmt.Errorf("the program is larger than %d bytes", maxSize)
	}
	known, most := p.known, o.Most
	reach := most // of the first search, from where the second one can come below most
	if known != nil && reach < math.MaxInt {
		reach += maxSaved - 1
	}
	var best *Result
	layOut := func(sp *space, entry, most int, early bool) {
		if ctx.Err() == nil {
			if r := sp.layOut(entry, best, most, early); r != nil {
				best = r
				if o.Better != nil {
					o.Better(len(r.Bytes))
				}
			}
		}
	}
	var tried []*space
	bound := math.MaxInt
	for _, sp := range candidates(p, l) {
		bound = min(bound, sp.fixed+p.own)
		if ctx.Err() != nil || !sp.promises(best, reach) || !sp.examine() {
			continue
		}
		tried = append(tried, sp)
		for _, entry := range sp.entries() {
			layOut(sp, entry, reach, false)
		}
	}
	if known != nil && best != nil {
		for _, b := range promising(tried, len(best.Bytes)+maxSaved-1) {
			layOut(b.space, b.entry, most, true)
		}
	}
	switch {
	case best == nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case best == nil || len(best.Bytes) > most:
		return nil, ErrNoPlacement
	}
	best.Bound = bound
	return best, nil
}

// placeable says why a graph can't be placed; nil where it can.
func placeable(g *flow.Graph) error {
	switch {
	case len(g.Doubts) > 0:
		return errors.New("the program " + g.Doubts[0].Text)
	case g.Entry == nil:
		return errors.New("the program has no first instruction")
	case g.Lost():
		return errors.New("it is not clear any more where computed jumps go")
	}
	return nil
}

// candidates lists the placements of one program header that suit the program,
// without those that leave no more free bytes than a more compact one.
func candidates(t *text, l *elf.Loader) []*space {
	class := elf.Class(t.graph.Bits / 32)
	l = demanding(l, t)
	var list []*space
	for _, p := range elf.Placements(class, 0) {
		if s := newSpace(p, t, l); s != nil && !slices.ContainsFunc(list, s.noBetterThan) {
			list = append(list, s)
		}
	}
	return list
}
