package elf

import "fmt"

// Placement says where the program headers lie and what kind of file they
// belong to.
type Placement struct {
	Class Class
	Type  uint64 // TypeExec or TypeDyn
	Phoff int64  // e_phoff
	Phnum int    // e_phnum
	// Size is that of the file in bytes. 0 stands for a page, the largest size
	// for which nothing depends on it.
	Size int64
}

func (p Placement) String() string {
	typ := "ET_EXEC"
	if p.Type == TypeDyn {
		typ = "ET_DYN"
	}
	return fmt.Sprintf("%v %s, e_phoff %d, e_phnum %d", p.Class, typ, p.Phoff, p.Phnum)
}

func (p Placement) fileSize() int64 {
	if p.Size == 0 {
		return PageSize
	}
	return p.Size
}

// headerAt returns the offset of program header i, or 0 for the ELF header, -1.
func (p Placement) headerAt(i int) int64 {
	if i < 0 {
		return 0
	}
	return p.Phoff + int64(i)*int64(p.Class.Size(ProgramHeader))
}

// Owner is a field that a byte of the file belongs to.
type Owner struct {
	Field  *Field
	Header int // index of the program header, or -1 for the ELF header
	Byte   int // which byte of the field it is, from the lowest on
}

// OwnersOf returns the fields that the byte at offset belongs to; where the
// headers overlap there are several.
func (p Placement) OwnersOf(offset int64) []Owner {
	var list []Owner
	for i := -1; i < p.Phnum; i++ {
		kind := ProgramHeader
		if i < 0 {
			kind = FileHeader
		}
		for _, f := range p.Class.Fields(kind) {
			start, size := f.At(p.Class)
			if n := offset - p.headerAt(i) - int64(start); n >= 0 && n < int64(size) {
				list = append(list, Owner{f, i, int(n)})
			}
		}
	}
	return list
}

// tableEnd returns where the program headers end, in bytes.
func (p Placement) tableEnd() int64 {
	return p.Phoff + int64(p.Phnum)*int64(p.Class.Size(ProgramHeader))
}

// headersEnd returns where both kinds of headers have ended.
func (p Placement) headersEnd() int64 {
	return max(p.tableEnd(), int64(p.Class.Size(FileHeader)))
}

// Role is what a program header is used for.
type Role uint8

const (
	Entry Role = iota // maps the first instruction
	Load              // maps something else
	Other             // is of a type that the loader passes over
)

func (r Role) String() string { return [...]string{"entry", "load", "other"}[r] }

// scopes lists the rules that a program header of each role has to obey.
var scopes = [...][]Scope{
	Entry: {PerLoad, PerEntry},
	Load:  {PerLoad},
	Other: {PerOther},
}

// pastEnd says that a file has no bytes from an offset on, so that they read as
// zero.
type pastEnd struct{ from int64 }

func (c pastEnd) String() string {
	return fmt.Sprintf("bytes from %d on, past the end of the file, are 0", c.from)
}

func (c pastEnd) truth(v *view) truth {
	result := holds
	for i := c.from * 8; i < int64(len(v.model.root)); i++ {
		switch b, value := v.at(i); {
		case b != known:
			result = unknown
		case value != 0:
			return broken
		}
	}
	return result
}

func (c pastEnd) assert(v *view) bool {
	for i := c.from * 8; i < int64(len(v.model.root)); i++ {
		if !v.model.set(bit(i), 0) {
			return false
		}
	}
	return true
}

func (c pastEnd) pick(v *view) (bit, uint8) {
	for i := c.from * 8; i < int64(len(v.model.root)); i++ {
		if b, _ := v.at(i); b != known {
			return b, 0
		}
	}
	return known, 0
}

func (c pastEnd) mentions(mention) {}

// demand is a rule and the program header it is about, or -1.
type demand struct {
	rule  *Rule
	index int
}

// demands lists all that a placement and a loader ask for.
func demands(p Placement, l *Loader, assigned []Role) []demand {
	var list []demand
	add := func(index int, rules ...*Rule) {
		for _, r := range rules {
			list = append(list, demand{r, index})
		}
	}
	add(-1,
		&Rule{Name: "placement: e_type", Must: Is{EType, p.Type}},
		&Rule{Name: "placement: e_phoff", Must: Is{EPhoff, uint64(p.Phoff)}},
		&Rule{Name: "placement: e_phnum", Must: Is{EPhnum, uint64(p.Phnum)}},
		&Rule{Name: "placement: size", Must: pastEnd{p.fileSize()}, Source: "fs/exec.c prepare_binprm"},
	)
	choose := func(index int, scope Scope) {
		for _, r := range l.Rules {
			if r.Scope == scope && r.applies(p.Class, p.Type, p.fileSize()) {
				add(index, r)
			}
		}
	}
	choose(-1, PerFile)
	for i, role := range assigned {
		for _, scope := range scopes[role] {
			choose(i, scope)
		}
		if role == Entry && p.fileSize() > PageSize {
			// Nothing in a loader asks for this; it keeps the search short. The
			// file lies in one aligned block of memory, so that the upper bits
			// of all addresses in it agree.
			block := uint64(PageSize)
			for block < uint64(p.fileSize()) {
				block *= 2
			}
			add(i, &Rule{Name: "placement: one block", Scope: PerEntry, Must: SameBlock{EEntry, PVaddr, block}})
		}
	}
	return list
}

// model makes a Model of what is demanded.
func model(p Placement, l *Loader, list []demand) *Model {
	m := newModel(p.headersEnd())
	for i := -1; i < p.Phnum; i++ {
		m.views = append(m.views, &view{class: p.Class, limits: l.limits[p.Class-1], size: p.fileSize(), header: p.headerAt(i), model: m})
	}
	m.goals = make([]goal, 0, len(list)+2)
	for _, d := range list {
		m.add(d.rule, d.index, m.view(d.index))
	}
	return m
}

// ByteClasses says of every byte of the headers what it may be.
type ByteClasses struct {
	Placement
	Roles []Role
	Bytes []Byte
	// Open lists the rules that restrict bytes beyond Bytes: bounds and choices.
	Open   []Applied
	loader *Loader
	model  *Model
}

// Byte says what one byte of the headers may be.
type Byte struct {
	Fixed   byte // bits that have only one possible value
	Value   byte // which it is; 0 in other bits
	Tied    byte // bits that are the same as bits elsewhere in the headers
	Bounded byte // bits that an open rule restricts
}

// Kind names what most restricts a byte.
type Kind uint8

const (
	Free    Kind = iota // any value will do
	Bounded             // an open rule decides
	Tied                // equal to other bytes, at least in part
	Fixed               // only one value will do
)

func (k Kind) String() string { return [...]string{"free", "bounded", "tied", "fixed"}[k] }

// Kind classifies the byte.
func (b Byte) Kind() Kind {
	switch {
	case b.Fixed == 0xff:
		return Fixed
	case b.Tied != 0:
		return Tied
	case b.Fixed != 0 || b.Bounded != 0:
		return Bounded
	}
	return Free
}

// Applied is a rule about one header: Header counts program headers from 0, and
// is -1 for the ELF header.
type Applied struct {
	Rule   *Rule
	Header int
}

func (a Applied) String() string {
	if a.Header < 0 {
		return a.Rule.Must.String()
	}
	return fmt.Sprintf("%v (program header %d)", a.Rule.Must, a.Header)
}

// NewModel returns the model of a placement whose program headers have the given
// roles, with all direct conclusions drawn; false when these show that there is
// no such file.
func NewModel(p Placement, l *Loader, assigned []Role) (*Model, bool) {
	m := model(p, l, demands(p, l, assigned))
	return m, m.propagate()
}

// Classify derives what every byte of the headers must be, for program headers whose
// roles are given. It reports false when there is no such file that l loads.
func Classify(p Placement, l *Loader, assigned []Role) (*ByteClasses, bool) {
	if !l.Runs(p.Class) {
		return nil, false
	}
	m, ok := NewModel(p, l, assigned)
	if !ok || !m.Feasible() {
		return nil, false
	}
	return classify(p, l, assigned, m), true
}

// classify makes the classes of a model that has a solution.
func classify(p Placement, l *Loader, assigned []Role, m *Model) *ByteClasses {
	m.fixForced()
	c := &ByteClasses{Placement: p, Roles: assigned, Bytes: make([]Byte, m.Len()), loader: l, model: m}
	bounded := map[bit]bool{}
	for _, g := range m.goals {
		if g.met {
			continue
		}
		c.Open = append(c.Open, Applied{g.rule, g.index})
		g.openBits(func(b bit) { bounded[b] = true })
	}
	members := map[bit]int{}
	for i := range m.root {
		members[m.root[i]]++
	}
	for i := range c.Bytes {
		b := &c.Bytes[i]
		b.Fixed, b.Value = m.Byte(i)
		for j := range 8 {
			r, _ := m.at(bit(i*8 + j))
			if r == known {
				continue
			}
			if members[r] > 1 {
				b.Tied |= 1 << j
			}
			if bounded[r] {
				b.Bounded |= 1 << j
			}
		}
	}
	return c
}

// Added tells by offset which bytes of the headers an open rule adds to others, where the
// sum has to be a multiple of something.
func (c *ByteClasses) Added() []bool {
	added := make([]bool, len(c.Bytes))
	for _, g := range c.model.goals {
		if g.met {
			continue
		}
		for _, sum := range aligned(g.must) {
			sum.mentions(func(id FieldID, mask uint64) {
				start, width := g.view.place(id)
				open := mask &^ g.view.word(id).mask
				for i := range width / 8 {
					at := int(start)/8 + i
					added[at] = added[at] || open>>(8*i)&0xff != 0
				}
			})
		}
	}
	return added
}

// aligned lists the alternatives of a constraint that ask for a multiple of something.
func aligned(must Constraint) (list []Aligned) {
	switch must := must.(type) {
	case Aligned:
		return []Aligned{must}
	case AnyOf:
		for _, x := range must {
			list = append(list, aligned(x)...)
		}
	}
	return list
}

// openBits calls f for each unknown bit that the goal is about.
func (g *goal) openBits(f func(bit)) {
	g.must.mentions(func(id FieldID, mask uint64) {
		start, width := g.view.place(id)
		for i := range width {
			if mask>>i&1 == 0 {
				continue
			}
			if b, _ := g.view.at(start + int64(i)); b != known {
				f(b)
			}
		}
	})
}

// fixForced gives a value to every bit that has only one in all solutions. Only
// bits in open goals can be such.
func (m *Model) fixForced() {
	var seen [2]map[bit]bool
	seen[0], seen[1] = map[bit]bool{}, map[bit]bool{}
	try := func() bool {
		mark := m.Mark()
		defer m.Undo(mark)
		if !m.solve() {
			return false
		}
		for i := range m.root {
			if b, value := m.at(bit(i)); b == known {
				seen[value][bit(i)] = true
			} else {
				seen[0][bit(i)], seen[1][bit(i)] = true, true
			}
		}
		return true
	}
	var candidates []bit
	for _, g := range m.goals {
		if !g.met {
			g.openBits(func(b bit) { candidates = append(candidates, b) })
		}
	}
	try()
	for _, b := range candidates {
		for value := range uint8(2) {
			if seen[value][b] {
				continue
			}
			mark := m.Mark()
			possible := m.set(b, value) && try()
			m.Undo(mark)
			if !possible {
				m.set(b, 1-value)
				m.propagate()
			}
		}
	}
}

// MinSize returns the size in bytes of the smallest file that loads with these roles.
func (c *ByteClasses) MinSize() int64 {
	p := c.Placement
	largest := p.fileSize()
	for p.Size = max(p.tableEnd(), 1); p.Size < largest; p.Size++ {
		if m, ok := NewModel(p, c.loader, c.Roles); ok && m.Feasible() {
			break
		}
	}
	return p.Size
}

// Model returns a model of the placement to narrow down further.
func (c *ByteClasses) Model() *Model { return c.model }

// TiedTo returns the bits of the headers that are always the same as bit number
// n of the byte at offset, that one included: 8 times the offset plus the number.
func (c *ByteClasses) TiedTo(offset, n int) []int {
	var list []int
	want := c.model.root[offset*8+n]
	for i := range c.model.root {
		if c.model.root[i] == want {
			list = append(list, i)
		}
	}
	return list
}
