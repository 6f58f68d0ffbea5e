// Package origin finds the lines of the source behind code that an optimiser wrote.
//
// Such code has no statement of its own: what it shares with the program as written is
// what it does. Both run in the virtual machine, and of each system call and each of its
// arguments it is followed which instructions had a part in it. An instruction of the
// new code stands for those statements that had a part in the same arguments.
package origin

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"tasm/lang"
	"tasm/layout"
	"tasm/program"
	"tasm/vm"
)

// Bounds of a run.
const (
	mostSteps = 1 << 12
	mostCalls = 64
	mostLines = 12 // statements that an instruction may stand for
)

// setup is how a program is started for a run, and what the kernel answers.
type setup struct {
	args  []string
	stdin string
	force []vm.Force
}

// setups are the runs that are followed: without arguments and input, with both, and where
// output fails.
var setups = []setup{
	{args: []string{"program"}},
	{args: []string{"program", "12", "word"}, stdin: "12 words\nand more\n"},
	{args: []string{"program", "12"}, stdin: "12 words\n", force: []vm.Force{{Call: "write", Error: "EPIPE"}}},
}

// Complete returns a file that was made of a program with statements also for those of
// its instructions and data that have none, as far as a few runs tell. Where all have one,
// it is the file itself.
func Complete(f *layout.File, p *program.Program) *layout.File {
	bare := func(x layout.Part) bool {
		return x.Source == nil && (x.Kind == layout.CodePart || x.Kind == layout.DataPart)
	}
	if f.Class == 0 || p == nil || !slices.ContainsFunc(f.Parts, bare) {
		return f
	}
	plain, _ := layout.Plain(p, layout.Options{})
	if plain == nil {
		return f
	}
	m := &matcher{plain: statements(plain), stands: map[uint64][]*lang.Statement{}}
	for _, s := range setups {
		written, found := follow(plain.Bytes, s, false), follow(f.Bytes, s, true)
		if written == nil || found == nil {
			return f
		}
		m.runs = append(m.runs, found)
		for i := range min(len(written.calls), len(found.calls)) {
			if !m.call(written, found, &written.calls[i], &found.calls[i]) {
				break // from here on they are different calls
			}
		}
	}
	anew := !slices.ContainsFunc(f.Parts, func(x layout.Part) bool { return x.Kind == layout.CodePart && !bare(x) || x.Fragment != nil })
	out := *f
	out.Parts = slices.Clone(f.Parts)
	for i := range out.Parts {
		part := &out.Parts[i]
		if !bare(*part) {
			continue
		}
		list := m.stands[part.Address]
		if part.Kind == layout.DataPart {
			list = m.datum(part)
		}
		switch {
		case len(list) == 0 || len(list) > mostLines:
		case part.Kind == layout.DataPart:
			part.Source, part.Also = list[0], list[1:]
		default:
			part.Also = list // none of them begins here
		}
		if anew && part.Kind == layout.CodePart && m.idle(part.Address) {
			part.Why = strings.TrimPrefix(part.Why+"; nothing needs what it does", "; ")
		}
	}
	return &out
}

// place is where a statement lies.
type place struct {
	low, high uint64
	statement *lang.Statement
}

// statements lists the statements of a file.
func statements(f *layout.File) []place {
	var list []place
	for i := range f.Parts {
		part := &f.Parts[i]
		s := part.Source
		if s == nil && part.Fragment != nil {
			s = part.Fragment.Source
		}
		if s != nil && !s.Range.IsZero() && part.Size > 0 {
			list = append(list, place{part.Address, part.Address + uint64(part.Size), s})
		}
	}
	slices.SortStableFunc(list, func(a, b place) int { return cmp.Compare(a.low, b.low) })
	return list
}

// matcher collects what stands for what.
type matcher struct {
	plain  []place
	stands map[uint64][]*lang.Statement // by the address of an instruction of the new file
	data   []pair
	runs   []*run // of the new file
}

// pair is memory that a call is given in both files.
type pair struct {
	found, written uint64
	size           uint64
}

// at returns the statement at an address of the program as written.
func (m *matcher) at(address uint64) *lang.Statement {
	n, found := slices.BinarySearchFunc(m.plain, address, func(p place, a uint64) int { return cmp.Compare(p.low, a) })
	if !found {
		n--
	}
	if n >= 0 && address < m.plain[n].high {
		return m.plain[n].statement
	}
	return nil
}

// call matches a call of both runs, and reports false for calls that differ.
func (m *matcher) call(written, found *run, a, b *madeCall) bool {
	if a.row != b.row || len(a.args) != len(b.args) {
		return false
	}
	if s := m.at(a.at); s != nil {
		m.add(b.at, s)
	}
	for i := range a.args {
		from, to := &a.args[i], &b.args[i]
		var lines []*lang.Statement
		for k, old := range written.code {
			if s := m.at(old); from.from.Bit(k) != 0 && s != nil && !slices.Contains(lines, s) {
				lines = append(lines, s)
			}
			if len(lines) > mostLines {
				lines = nil // so many tell nothing
				break
			}
		}
		for n, address := range found.code {
			if to.from.Bit(n) != 0 {
				for _, s := range lines {
					m.add(address, s)
				}
			}
		}
		if from.size > 0 {
			m.data = append(m.data, pair{to.value, from.value, from.size})
		}
	}
	return true
}

// add notes that an instruction stands for a statement.
func (m *matcher) add(address uint64, s *lang.Statement) {
	list := m.stands[address]
	if s == nil || slices.Contains(list, s) {
		return
	}
	list = append(list, s)
	slices.SortFunc(list, func(a, b *lang.Statement) int {
		return cmp.Or(cmp.Compare(a.Range.File, b.Range.File), cmp.Compare(a.Range.Start, b.Range.Start))
	})
	m.stands[address] = list
}

// datum returns the statements whose bytes a datum holds.
func (m *matcher) datum(part *layout.Part) []*lang.Statement {
	var list []*lang.Statement
	for _, p := range m.data {
		if p.found > part.Address || p.found+p.size <= part.Address {
			continue
		}
		low := p.written + part.Address - p.found
		for _, x := range m.plain {
			if x.low < low+uint64(part.Size) && low < x.high && !slices.Contains(list, x.statement) {
				list = append(list, x.statement)
			}
		}
	}
	return list
}

// run is what is kept of a run.
type run struct {
	code  []uint64 // addresses of instructions, in the order in which they first ran
	index map[uint64]int
	calls []madeCall
	// needed are the instructions that a call, a branch or an address needs; whole tells
	// that the run came to its end, so that the others are needed by nothing.
	needed *big.Int
	whole  bool
}

// madeCall is a system call, with what had a part in its number and arguments.
type madeCall struct {
	at   uint64
	row  string
	args []argument // the number first
}

type argument struct {
	value uint64
	from  *big.Int // instructions
	size  uint64   // bytes that the kernel reads there
}

// idle reports whether an instruction ran and nothing needed what it did, in any run.
func (m *matcher) idle(address uint64) bool {
	ran := false
	for _, r := range m.runs {
		n, here := r.index[address]
		if here && (!r.whole || r.needed.Bit(n) != 0) {
			return false
		}
		ran = ran || here
	}
	return ran
}
