package elf

import (
	"fmt"
	"strings"
	"testing"
)

// kernelNow is how a recent kernel behaves, when memory is no object.
var kernelNow = linux617.WithCharge(1 << 60)

// asRoot lets a file be mapped at page 0.
func asRoot(l *Loader) *Loader { return with(l, MinAddress, 0) }

// with returns a copy of l with another limit.
func with(l *Loader, p Param, value uint64) *Loader {
	out := *l
	for i, limits := range l.limits {
		if limits != nil {
			changed := *limits
			changed[p] = value
			out.limits[i] = &changed
		}
	}
	return &out
}

// known is what is known from experiments on kernels: the smallest number of
// program headers with which each e_phoff works, and the smallest file.
type knownPlacement struct {
	class    Class
	types    string // "23", "2", "3"
	from, to int64  // e_phoff
	phnum    int
	size     func(phoff int64) int64
}

func exactly(n int64) func(int64) int64 { return func(int64) int64 { return n } }
func after(n int64) func(int64) int64   { return func(phoff int64) int64 { return phoff + n } }

var knownPlacements = []knownPlacement{
	{Class32, "23", 0, 2, 2, after(64)},
	{Class32, "23", 3, 3, 3, after(96)},
	{Class32, "23", 4, 4, 1, exactly(45)},
	{Class32, "23", 5, 13, 3, after(96)},
	{Class32, "23", 14, 19, 2, after(64)},
	{Class32, "2", 20, 20, 2, after(64)},
	{Class32, "3", 20, 20, 1, exactly(52)},
	{Class32, "23", 21, 23, 2, after(64)},
	{Class32, "2", 24, 24, 2, after(64)},
	{Class32, "3", 24, 24, 1, exactly(56)},
	{Class32, "23", 25, 31, 2, after(64)},
	{Class32, "23", 32, 34, 1, after(32)},
	{Class32, "23", 35, 43, 2, after(64)},
	{Class32, "23", 44, 44, 1, after(32)},
	{Class32, "23", 45, 45, 2, after(64)},
	{Class32, "23", 46, 64, 1, after(32)},
	{Class64, "23", 0, 1, 3, after(168)},
	{Class64, "23", 2, 11, 2, after(112)},
	{Class64, "2", 12, 12, 2, after(112)},
	{Class64, "3", 12, 12, 1, exactly(68)},
	{Class64, "23", 13, 23, 2, after(112)},
	{Class64, "23", 24, 24, 1, exactly(80)},
	// One header would do from 257 bytes on.
	{Class64, "23", 25, 25, 1, exactly(257)},
	{Class64, "23", 26, 46, 2, after(112)},
	{Class64, "23", 47, 49, 1, after(56)},
	{Class64, "23", 50, 55, 2, after(112)},
	{Class64, "23", 56, 56, 1, after(56)},
	{Class64, "23", 57, 57, 2, after(112)},
	{Class64, "23", 58, 64, 1, after(56)},
}

// solve classifies the bytes of a placement for the first way to use its program headers
// that is possible: with the fewest loads, the entry in the first one that may have it.
func solve(p Placement, l *Loader) (c *ByteClasses, gaveUp bool) {
	if !l.Runs(p.Class) {
		return nil, false
	}
	for _, assigned := range roles(p.Phnum) {
		m, ok := NewModel(p, l, assigned)
		if ok && m.Feasible() {
			return classify(p, l, assigned, m), m.gaveUp
		}
		gaveUp = gaveUp || m.gaveUp
	}
	return nil, gaveUp
}

// roles returns every way to use n program headers, with as few loads as
// possible first. One of them holds the entry.
func roles(n int) [][]Role {
	var list [][]Role
	for loads := range 1 << (n - 1) {
		for entry := range n {
			assigned := make([]Role, n)
			rest := loads
			for i := range assigned {
				switch {
				case i == entry:
					assigned[i] = Entry
				default:
					assigned[i] = Other
					if rest&1 != 0 {
						assigned[i] = Load
					}
					rest >>= 1
				}
			}
			list = append(list, assigned)
		}
	}
	return list
}

// entryOffsetOf returns what is known of the file offset of the first instruction
// in a file of one page: the bits under mask are those of value.
func entryOffsetOf(c *ByteClasses) (mask, value uint64) {
	w := c.model.view(-1).word(EEntry)
	return w.mask & (PageSize - 1), w.value & (PageSize - 1)
}

// TestEveryPlacement derives all placements of the program header in front of
// offset 65 and compares them with what is known.
func TestEveryPlacement(t *testing.T) {
	covered := map[string]bool{}
	for _, k := range knownPlacements {
		for _, typ := range k.types {
			for phoff := k.from; phoff <= k.to; phoff++ {
				p := Placement{Class: k.class, Type: uint64(typ - '0'), Phoff: phoff}
				covered[p.String()] = true
				for p.Phnum = 1; p.Phnum < k.phnum; p.Phnum++ {
					c, gaveUp := solve(p, kernelNow)
					if c != nil {
						t.Errorf("%v: possible from %d bytes on, but should not be", p, c.MinSize())
						continue
					}
					if gaveUp {
						t.Errorf("%v: gave up", p)
					}
				}
				c, gaveUp := solve(p, kernelNow)
				if c == nil {
					t.Errorf("%v should be possible", p)
					continue
				}
				if c.MinSize() != k.size(phoff) {
					t.Errorf("%v: smallest file has %d bytes, want %d", p, c.MinSize(), k.size(phoff))
				}
				if gaveUp {
					t.Errorf("%v: gave up", p)
				}
			}
		}
	}
	if len(covered) != 2*2*65 {
		t.Errorf("%d placements are covered, want %d", len(covered), 2*2*65)
	}
}

// TestPlacementsOfOthers checks placements that only other circumstances allow.
func TestPlacementsOfOthers(t *testing.T) {
	fiveLevels := with(kernelNow, TaskSize, 1<<56-PageSize)
	fiveLevels = with(with(fiveLevels, StackFloor, 1<<56-1<<52), DynRoom, 1<<56-1<<52)
	for _, c := range []struct {
		why       string
		placement Placement
		loader    *Loader
		possible  bool
	}{
		{"page 0", Placement{Class: Class32, Type: TypeExec, Phoff: 20, Phnum: 1}, asRoot(kernelNow), true},
		{"page 0", Placement{Class: Class32, Type: TypeExec, Phoff: 24, Phnum: 1}, asRoot(kernelNow), true},
		{"five levels of page tables", Placement{Class: Class64, Type: TypeExec, Phoff: 26, Phnum: 1, Size: 82}, fiveLevels, true},
		{"five levels of page tables", Placement{Class: Class64, Type: TypeDyn, Phoff: 26, Phnum: 1, Size: 82}, fiveLevels, true},
		{"four levels of page tables", Placement{Class: Class64, Type: TypeDyn, Phoff: 26, Phnum: 1, Size: 82}, kernelNow, false},
		{"more than 4 GiB charged", Placement{Class: Class64, Type: TypeDyn, Phoff: 12, Phnum: 1}, kernelNow.WithCharge(5 << 30), true},
		{"at most 4 GiB charged", Placement{Class: Class64, Type: TypeDyn, Phoff: 12, Phnum: 1}, kernelNow.WithCharge(4 << 30), false},
		{"class and version are fixed", Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1}, QEMU, false},
		{"ident is free", Placement{Class: Class32, Type: TypeExec, Phoff: 32, Phnum: 1}, QEMU, true},
		{"header size and flags are the same byte", Placement{Class: Class64, Type: TypeExec, Phoff: 48, Phnum: 1}, QEMU, false},
		{"overlap", Placement{Class: Class32, Type: TypeExec, Phoff: 44, Phnum: 1}, Strict, false},
		{"specification", Placement{Class: Class32, Type: TypeExec, Phoff: 52, Phnum: 1}, Strict, true},
		{"specification", Placement{Class: Class64, Type: TypeExec, Phoff: 64, Phnum: 3}, Strict, true},
		{"larger than a page", Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1, Size: 10000}, Linux, true},
		{"larger than a page", Placement{Class: Class64, Type: TypeExec, Phoff: 24, Phnum: 1, Size: 100000}, Linux, true},
		{"shorter than the table", Placement{Class: Class32, Type: TypeExec, Phoff: 32, Phnum: 1, Size: 63}, Linux, false},
	} {
		classes, gaveUp := solve(c.placement, c.loader)
		if (classes != nil) != c.possible {
			t.Errorf("%s: %v under %s: possible is %v, want %v", c.why, c.placement, c.loader.Name, classes != nil, c.possible)
		}
		if gaveUp {
			t.Errorf("%v under %s: gave up", c.placement, c.loader.Name)
		}
	}
}

// TestClasses compares the classes of some placements with what is known of
// them byte by byte: hexadecimal digits are fixed, '..' free, '==' tied, '~~'
// restricted by an open rule.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		placement Placement
		loader    *Loader
		want      string
		entry     [2]uint64 // mask, value
	}{
		{Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1, Size: 45}, kernelNow,
			"7f454c46 01000000 ====0000 ======== 0200~~00 ~~~~~~~~ ~~====== 04000000 ........ ........ ....2000 01", [2]uint64{0xfc0, 0}},
		{Placement{Class: Class32, Type: TypeExec, Phoff: 32, Phnum: 1, Size: 64}, kernelNow,
			"7f454c46 ........ ........ ........ 0200~~00 ........ ~~==2000 20000000 01000000 ====0000 ====2000 0100.... ~~~~~~~~ ~~~~~~~~ ~~...... ........", [2]uint64{0xfc0, 0}},
		{Placement{Class: Class64, Type: TypeExec, Phoff: 24, Phnum: 1, Size: 80}, kernelNow,
			"7f454c46 ........ ........ ........ 02003e00 ........ 01000000 ====0000 18000000 00000000 18000000 ====0000 ........ ....3800 0100~~~~ ~~~~0000 ~~~~~~~~ ~~~~0000 ........ ........", [2]uint64{0xfff, 1}},
		{Placement{Class: Class64, Type: TypeDyn, Phoff: 12, Phnum: 1, Size: 73}, kernelNow,
			"7f454c46 ........ ........ 01000000 03003e00 0c000000 00000000 0c000000 0c000000 00000000 ........ ~~~~~~~~ ~~000000 ~~~~3800 01000000 ~~~~~~~~ ~~~~~~~~", [2]uint64{0xfff, 0}},
	} {
		classes, _ := solve(c.placement, c.loader)
		if classes == nil {
			t.Errorf("%v should be possible", c.placement)
			continue
		}
		if have, want := picture(classes), strings.ReplaceAll(c.want, " ", ""); have != want {
			t.Errorf("%v:\nhave %s\nwant %s", c.placement, spaced(have), spaced(want))
		}
		if mask, value := entryOffsetOf(classes); [2]uint64{mask, value} != c.entry {
			t.Errorf("%v: entry offset is %#x under %#x, want %#x", c.placement, value, mask, c.entry)
		}
	}
}

// picture shows the classes, two characters a byte.
func picture(c *ByteClasses) string {
	var out strings.Builder
	for i, b := range c.Bytes {
		if int64(i) >= c.fileSize() {
			break
		}
		switch b.Kind() {
		case Fixed:
			fmt.Fprintf(&out, "%02x", b.Value)
		case Free:
			out.WriteString("..")
		case Tied:
			out.WriteString("==")
		case Bounded:
			out.WriteString("~~")
		}
	}
	return out.String()
}

func spaced(s string) string {
	var parts []string
	for ; len(s) > 8; s = s[8:] {
		parts = append(parts, s[:8])
	}
	return strings.Join(append(parts, s), " ")
}

// TestRuleNames makes sure that a rule can be told by its name.
func TestRuleNames(t *testing.T) {
	seen := map[string]*Rule{}
	for _, l := range Loaders {
		for _, r := range l.Rules {
			if other := seen[r.Name]; other != nil && other != r {
				t.Errorf("two rules are called %q", r.Name)
			}
			seen[r.Name] = r
			if r.Source == "" || r.Must.String() == "" {
				t.Errorf("rule %q has no source", r.Name)
			}
		}
	}
}

// TestOwners checks which fields a byte belongs to where the headers overlap.
func TestOwners(t *testing.T) {
	p := Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1}
	for offset, want := range map[int64]string{
		0:  "EI_MAG+0",
		9:  "EI_PAD+0 p_offset+1",
		25: "e_entry+1 p_memsz+1",
		35: "e_shoff+3 p_align+3",
		44: "e_phnum+0",
		52: "",
	} {
		var parts []string
		for _, o := range p.OwnersOf(offset) {
			parts = append(parts, fmt.Sprintf("%s+%d", o.Field.Name, o.Byte))
		}
		if have := strings.Join(parts, " "); have != want {
			t.Errorf("byte %d belongs to %s, want %s", offset, have, want)
		}
	}
	for _, offset := range []int{12, 13} {
		c, _ := solve(p, Linux)
		if ties := c.TiedTo(offset, 0); len(ties) != 2 || ties[0] != (offset-4)*8 || ties[1] != offset*8 {
			t.Errorf("bit 0 of byte %d is tied to %v", offset, ties)
		}
	}
}

// TestLargeFile sets entries far behind the headers.
func TestLargeFile(t *testing.T) {
	for _, p := range []Placement{
		{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1, Size: 10000},
		{Class: Class32, Type: TypeExec, Phoff: 52, Phnum: 1, Size: 10000},
		{Class: Class64, Type: TypeExec, Phoff: 64, Phnum: 1, Size: 10000},
	} {
		c, _ := solve(p, Linux)
		if c == nil {
			t.Errorf("%v should be possible", p)
			continue
		}
		m := c.Model()
		for _, entry := range []int64{0, 1, 4095, 4096, 5000, 9999, 10000, 12345} {
			mark := m.Mark()
			if have, want := m.SetEntry(entry) && m.Feasible(), entry < p.Size; have != want {
				t.Errorf("%v: entry at %d is possible: %v, want %v", p, entry, have, want)
			} else if want {
				headers, _ := m.Example()
				file := make([]byte, p.Size)
				copy(file, headers)
				if v := Check(Linux, file); len(v) > 0 {
					t.Errorf("%v: %v", p, v)
				}
				if at, _ := entryOffset(file); at != entry {
					t.Errorf("%v: entry at %d, want %d", p, at, entry)
				}
			}
			m.Undo(mark)
		}
	}
}

func BenchmarkSolve(b *testing.B) {
	for b.Loop() {
		solve(Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1, Size: 70}, Linux)
	}
}

func BenchmarkFeasible(b *testing.B) {
	c, _ := solve(Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1, Size: 70}, Linux)
	m := c.Model()
	for b.Loop() {
		mark := m.Mark()
		if !m.Set(20, 0xff, 0x40) || !m.Feasible() {
			b.Fatal("should be possible")
		}
		m.Undo(mark)
	}
}

func BenchmarkCheck(b *testing.B) {
	c, _ := solve(Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1, Size: 70}, Linux)
	headers, _ := c.Model().Example()
	for b.Loop() {
		Check(Linux, headers)
	}
}
