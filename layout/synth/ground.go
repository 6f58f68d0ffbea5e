package synth

import (
	"slices"
	"sync"

	"tasm/layout/elf"
)

// site is one way to begin a file: a placement of the program header, and what
// that leaves of its bytes. Files behind whose end no header lies share it,
// whatever their size.
type site struct {
	*elf.Tape
	// known and value are the bits that are decided, for every byte of the file
	// and of the headers, whichever end later.
	known, value []byte
	vaddr        int // the offset of p_vaddr in the file, in bytes

	// What follows is there after survey.
	once    sync.Once
	classes *elf.ByteClasses
	// tricky bytes are those on which a rule of the loader depends.
	tricky []bool
	// linked are those of them that are tied to others, or restricted by
	// themselves: they are the ones to watch.
	linked []bool
	// added are those that a rule adds to others: what is decided of some may leave few
	// values to the rest.
	added []bool
	// reach is for each of those how far it matters what code is run.
	reach []int
	watch []int // the linked bytes
	// leading are the last bytes of runs that are only bounded: the most
	// significant of what has to be larger or smaller than something else.
	leading []int
	// tied lists for each bit of the headers the other bits that always have its value.
	tied [][]int32

	moved  sync.Map // of moves, by what they depend on
	shaped sync.Map // the same of worths

	mu      sync.Mutex
	scratch []byte          // for passing use
	cache   map[uint64]bool // by the decisions about tricky bytes: whether there is such a file
	entries map[int]*start
}

// allows reports whether the byte at p can have a value, whatever the others
// are.
func (s *site) allows(p int, value byte) bool {
	return p >= len(s.tricky) || !s.tricky[p] || s.Allows(p, value)
}

// start is what an entry decides on a site.
type start struct {
	known, value []byte // nil when there is no such file
}

// newSite makes a site of a tape.
func newSite(t *elf.Tape) *site {
	p := t.Placement
	n := elf.PageSize
	if p.Size != 0 {
		n = max(int(p.Size), len(t.Known))
	}
	offset, _ := elf.Fields[elf.PVaddr].At(p.Class)
	s := &site{
		Tape: t, known: make([]byte, n), value: make([]byte, n), vaddr: int(p.Phoff) + offset,
		cache: map[uint64]bool{}, entries: map[int]*start{},
	}
	copy(s.known, t.Known)
	copy(s.value, t.Value)
	return s
}

// survey finds out which bytes depend on which others.
func (s *site) survey() {
	classes := s.Classes()
	if classes == nil {
		return
	}
	s.classes = classes
	s.tied = make([][]int32, 8*len(classes.Bytes))
	s.added = classes.Added()
	s.tricky, s.linked = make([]bool, len(s.known)), make([]bool, len(s.known))
	for i, b := range classes.Bytes {
		s.known[i], s.value[i] = s.known[i]|b.Fixed, s.value[i]|b.Value
		if b.Kind() == elf.Free || b.Kind() == elf.Fixed {
			continue
		}
		s.tricky[i] = true
		s.linked[i] = b.Tied != 0 || b.Fixed != 0
		for j := range 8 {
			if b.Tied>>j&1 == 0 {
				continue
			}
			for _, other := range classes.TiedTo(i, j) {
				if other != 8*i+j {
					s.tied[8*i+j] = append(s.tied[8*i+j], int32(other))
				}
			}
		}
	}
	s.spread()
}

// spread finds the reach of the linked bytes: up to the last byte that depends
// on them.
func (s *site) spread() {
	s.reach = make([]int, len(s.classes.Bytes))
	last := 0
	for p := range s.reach {
		for j := range 8 {
			for _, other := range s.tied[8*p+j] {
				s.reach[p] = max(s.reach[p], p, int(other/8))
				last = max(last, p)
			}
		}
	}
	for p := range s.reach {
		if s.linked[p] && s.reach[p] == 0 {
			s.reach[p] = max(p, last)
		}
		if s.linked[p] {
			s.watch = append(s.watch, p)
		}
		if s.bounded(p) && !s.bounded(p+1) {
			s.leading = append(s.leading, p)
		}
	}
}

// ties lists the other bits that always have the value of bit j of the byte at p.
func (s *site) ties(p, j int) []int32 {
	if p >= len(s.classes.Bytes) {
		return nil
	}
	return s.tied[8*p+j]
}

// bounded reports whether a byte is neither free nor linked.
func (s *site) bounded(p int) bool { return p < len(s.tricky) && s.tricky[p] && !s.linked[p] }

// start returns what follows from putting the first instruction at entry.
func (s *site) start(entry int) *start {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.entries[entry]; st != nil {
		return st
	}
	st := &start{}
	s.entries[entry] = st
	known, value := s.Start(entry)
	if known == nil {
		return st
	}
	st.known, st.value = slices.Clone(s.known), slices.Clone(s.value)
	for i := range known {
		st.known[i] |= known[i]
		st.value[i] |= value[i]
	}
	return st
}

// possible reports whether a loader may take a file with the given bits decided,
// as far as is seen at once.
func (s *site) possible(hash uint64, known, value []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok, found := s.cache[hash]
	if !found {
		ok = s.Try(func(m *elf.Model) bool { return m.SetBytes(known, value) })
		s.cache[hash] = ok
	}
	return ok
}

// certain reports whether a loader takes a file of some size with the given bits
// decided and the first instruction at entry.
func (s *site) certain(known, value []byte, size, entry int) bool {
	p := s.Placement
	p.Size = int64(size)
	return elf.Headers(p, s.Loader, entry, known, value) != nil
}

// ground is the bytes of a file under construction. Bytes are decided bit by
// bit, and decisions can be taken back.
type ground struct {
	*site
	size        int
	known       []byte
	value       []byte
	base        []int8 // which byte of the base address a byte repeats, plus 1; 0 for none
	trail       []decision
	cache       map[uint64]bool // a part of the site's, to be had without waiting
	hash        uint64          // of the decisions about tricky bytes
	links       uint64          // the same for those that are linked
	sums        uint64          // the same for those that are added to others
	checked     uint64          // what links and sums were when the file was last found possible
	asked       int64           // how often the site was asked
	dyn         bool
	addressSize int
}

// decision is what a byte was before it was changed.
type decision struct {
	at           int32
	known, value byte
	base         int8
}

// newGround begins a file on a site, with its first instruction at entry; nil if
// that is impossible.
func newGround(s *site, size, entry int) *ground {
	s.once.Do(s.survey)
	if s.classes == nil {
		return nil
	}
	st := s.start(entry)
	if st.known == nil {
		return nil
	}
	n := max(size, len(s.classes.Bytes))
	g := &ground{
		site: s, size: size, known: slices.Clone(st.known[:n]), value: slices.Clone(st.value[:n]), base: make([]int8, n),
		cache: map[uint64]bool{}, dyn: s.Placement.Type == elf.TypeDyn, addressSize: s.Placement.Class.Bits() / 8,
	}
	for p := range g.known {
		g.rehash(p)
	}
	g.checked = g.links ^ g.sums
	return g
}

func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func (g *ground) mark() int { return len(g.trail) }

func (g *ground) undo(mark int) {
	for _, d := range slices.Backward(g.trail[mark:]) {
		g.rehash(int(d.at))
		g.known[d.at], g.value[d.at], g.base[d.at] = d.known, d.value, d.base
		g.rehash(int(d.at))
	}
	g.trail = g.trail[:mark]
}

// rehash takes a tricky byte into the hash or out of it.
func (g *ground) rehash(p int) {
	if g.tricky[p] {
		h := mix(uint64(p)<<16 | uint64(g.known[p])<<8 | uint64(g.value[p]) | 1<<40)
		g.hash ^= h
		if g.linked[p] {
			g.links ^= h
		}
		if p < len(g.added) && g.added[p] {
			g.sums ^= mix(h)
		}
	}
}

func (g *ground) change(p int, known, value byte, base int8) {
	g.trail = append(g.trail, decision{int32(p), g.known[p], g.value[p], g.base[p]})
	g.rehash(p)
	g.known[p], g.value[p], g.base[p] = known, value, base
	g.rehash(p)
}

// bind decides the bits under mask of a byte. It reports false when they are
// decided otherwise. Bytes behind the end of the file are zero.
func (g *ground) bind(p int, mask, value byte) bool {
	if p >= len(g.known) {
		return value&mask == 0
	}
	if (g.value[p]^value)&mask&g.known[p] != 0 {
		return false
	}
	fresh := mask &^ g.known[p]
	if fresh == 0 {
		return true
	}
	if g.base[p] != 0 || p >= g.size {
		return false
	}
	g.change(p, g.known[p]|mask, g.value[p]|value&mask, 0)
	if !g.tricky[p] {
		return true
	}
	for j := range 8 {
		if fresh>>j&1 == 0 {
			continue
		}
		for _, other := range g.tied[8*p+j] {
			q, k := int(other/8), other%8
			bit := value >> j & 1 << k
			if g.known[q]>>k&1 == 0 {
				g.change(q, g.known[q]|1<<k, g.value[q]|bit, g.base[q])
			} else if (g.value[q]^bit)>>k&1 != 0 {
				return false
			}
		}
	}
	return true
}

// likely reports whether a loader may take the file with what is decided so
// far. It looks only when a byte that is linked or added to others was decided since the
// last time.
func (g *ground) likely() bool {
	now := g.links ^ g.sums
	if now == g.checked {
		return true
	}
	ok := g.possible()
	if ok {
		g.checked = now
	}
	return ok
}

// ahead identifies what is decided of the bytes that are not free and still
// matter at a position.
func (g *ground) ahead(ip int) uint64 {
	h := uint64(0)
	for _, p := range g.watch {
		if g.reach[p] >= ip && p < len(g.known) {
			h ^= mix(uint64(p)<<16 | uint64(g.known[p])<<8 | uint64(g.value[p]) | 1<<40)
		}
	}
	for _, p := range g.leading {
		// Roughly will do.
		if p < len(g.known) && g.known[p] != 0 {
			h ^= mix(uint64(p)<<16 | uint64(g.value[p]>>4) | 1<<41)
		}
	}
	return h
}

// possible reports whether a loader may take the file with all that is decided.
func (g *ground) possible() bool {
	ok, found := g.cache[g.hash]
	if !found {
		g.asked++
		ok = g.site.possible(g.hash, g.known, g.value)
		g.cache[g.hash] = ok
	}
	return ok
}

const pageBits = 12 // of an address within a page, which the file's size decides

// bindAddress puts the low size bytes of the address of the file's byte at
// offset to p.
func (g *ground) bindAddress(p, size, offset int) bool {
	if g.dyn || offset>>pageBits != 0 || p+size > g.size {
		return false
	}
	if !g.bind(p, 0xff, byte(offset)) || !g.bind(p+1, 0x0f, byte(offset>>8)) {
		return false
	}
	for k := 1; k < size; k++ {
		bits := byte(0xff)
		if k == 1 {
			bits = 0xf0
		}
		if !g.equate(p+k, bits, k) {
			return false
		}
	}
	for k := size; k < g.addressSize; k++ {
		if !g.bind(g.vaddr+k, 0xff, 0) {
			return false
		}
	}
	return true
}

// far reports whether the addresses of the file's bytes may need more than 32
// bits.
func (g *ground) far() bool {
	for k := 4; k < g.addressSize; k++ {
		if g.dyn || g.known[g.vaddr+k] != 0xff || g.value[g.vaddr+k] != 0 {
			return true
		}
	}
	return false
}

// equate makes bits of the byte at p those of byte k of the base address.
func (g *ground) equate(p int, bits byte, k int) bool {
	q := g.vaddr + k
	if p == q {
		return true
	}
	both := g.known[p] & g.known[q] & bits
	if (g.value[p]^g.value[q])&both != 0 {
		return false
	}
	if here := g.known[p] &^ g.known[q] & bits; here != 0 && !g.bind(q, here, g.value[p]) {
		return false
	}
	if there := g.known[q] &^ g.known[p] & bits; there != 0 && !g.bind(p, there, g.value[q]) {
		return false
	}
	open := bits &^ g.known[p]
	switch {
	case open == 0 || g.base[p] == int8(k+1):
		return true
	case g.tricky[p]:
		for j := range 8 {
			if open>>j&1 != 0 && !slices.Contains(g.tied[8*p+j], int32(8*q+j)) {
				return false
			}
		}
		return true
	case g.base[p] != 0:
		return false
	}
	g.change(p, g.known[p], g.value[p], int8(k+1))
	return true
}

// addressAt returns the file offset whose address the bytes at p hold, if they
// are known to hold one.
func (g *ground) addressAt(p, size int) (int, bool) {
	if g.dyn || p+size > g.size || g.known[p] != 0xff || g.known[p+1]&0x0f != 0x0f {
		return 0, false
	}
	for k := 1; k < size; k++ {
		q := g.vaddr + k
		if g.base[p+k] == int8(k+1) {
			continue
		}
		for j := range 8 {
			if k == 1 && j < 4 || p == q-k {
				continue
			}
			both := g.site.known[p+k] & g.site.known[q] >> j & 1
			if both != 0 && (g.value[p+k]^g.value[q])>>j&1 == 0 {
				continue
			}
			if !slices.Contains(g.ties(p+k, j), int32(8*q+j)) {
				return 0, false
			}
		}
	}
	for k := size; k < g.addressSize; k++ {
		if g.known[g.vaddr+k] != 0xff || g.value[g.vaddr+k] != 0 {
			return 0, false
		}
	}
	return int(g.value[p]) | int(g.value[p+1]&0x0f)<<8, true
}

// number returns the size bytes at p as a number, if they are decided.
func (g *ground) number(p, size int) (uint64, bool) {
	var n uint64
	for i := range size {
		switch q := p + i; {
		case q >= len(g.known):
		case g.known[q] != 0xff:
			return 0, false
		default:
			n |= uint64(g.value[q]) << (8 * i)
		}
	}
	return n, true
}

// open reports whether nothing is decided about a byte.
func (g *ground) open(p int) bool { return p < g.size && g.known[p] == 0 && g.base[p] == 0 }
