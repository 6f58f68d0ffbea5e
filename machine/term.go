package machine

import (
	"math/bits"

	"tasm/linux"
)

// Term is a bit vector of 1 to 64 bits: an unknown part plus a number, modulo
// 2 to the power of its width. A Term without an unknown part is a number and
// costs no memory. Terms are made by the methods of Terms and by Number, and
// only Terms of the same Terms may be mixed.
type Term struct {
	node  *node
	value uint64
	width uint8
}

// Op is what a node does with its operands.
type Op uint8

const (
	OpUnknown         Op = iota
	OpSum                // coefficient * a + b, b being a sum of later nodes or 0
	OpMul                // a * b
	OpMulHigh            // high half of the unsigned product
	OpMulHighSigned      // high half of the signed product
	OpQuotient           // a:b / c, unsigned
	OpRemainder          // a:b % c, unsigned
	OpQuotientSigned     // a:b / c, rounded towards 0
	OpRemainderSigned    // a:b % c, with the sign of a:b
	OpAnd
	OpOr
	OpXor
	OpExtract    // bits of a from low on
	OpConcat     // a above b
	OpSignExtend // a
	OpIf         // b if a, else c
	OpEqual      // a = b, b being a number
	OpBelow      // a < b, unsigned
	OpLess       // a < b, signed
	OpCountOnes
	OpLowest  // number of the lowest set bit of a, undefined for 0
	OpHighest // number of the highest set bit of a
)

// key is what makes a node: two nodes with the same key are one.
type key struct {
	op          Op
	width       uint8
	low         uint8  // OpExtract
	coefficient uint64 // OpSum
	a, b, c     Term
}

// node is the unknown part of a Term.
type node struct {
	key
	id      uint32   // in the order of creation
	most    uint64   // no value is larger, as an unsigned number
	maybe   uint64   // the bits that are not known to be zero
	unknown *Unknown // OpUnknown
	visited uint64   // when it was met last (Terms.visits)
	origins uint16   // of the unknowns that it depends on, a bit for each Origin
}

// Origin says where an Unknown comes from.
type Origin uint8

const (
	// Input is a value that the user of the package has named. Where Of is a number,
	// its bits are those that the value may have.
	Input Origin = iota
	// Undefined is a value that the processor's manual leaves undefined. Index
	// tells them apart.
	Undefined
	// StackPointer is the stack pointer at entry.
	StackPointer
	// ImageBase is where the kernel put an image that can be loaded anywhere: at a
	// multiple of the page size (fs/binfmt_elf.c load_elf_binary).
	ImageBase
	// EntryWord is a word on the stack at entry; Index counts from argc, 0.
	EntryWord
	// BelowStack is a byte below the stack pointer at entry; Index is its
	// distance, negative.
	BelowStack
	// StringByte is a byte behind the address Of, which lies at entry on the
	// stack; Index counts bytes.
	StringByte
	// Result is what system call number Call returned.
	Result
	// KernelByte is a byte that system call number Call may have written
	// through argument Argument; Index counts bytes.
	KernelByte
	// InitialByte is a byte that a Region of Content Argument holds at first, at
	// the distance Of plus Index from its start.
	InitialByte
	// KernelWrote is 1 if the call did write that byte.
	KernelWrote
	// Processor is what an instruction told of the processor or of the moment; Index
	// counts these in the run, four for each instruction, and Of is what it was asked.
	Processor
	// Opaque is what an instruction made of values by its x87 or vector registers: Call
	// tells apart such instructions with what they were given (Terms.Inputs), and Index
	// what they gave.
	Opaque
)

// Unknown is a value that is not known. Two Unknowns that are equal have the
// same value.
type Unknown struct {
	Origin   Origin
	Width    int // bits
	Index    int64
	Call     int // number of the system call in the run, from 0
	Argument int
	Of       Term
}

// Terms makes terms. It is not safe for use by several goroutines at once.
type Terms struct {
	nodes     map[key]*node
	extracts  map[key]Term // what Extract has answered about operations
	unknowns  map[Unknown]*node
	count     uint32
	undefined int64
	visits    uint64 // walks through terms
	work      int    // unknown parts that were met in them, and parts of sums that were made
	plans     map[planKey]*plan
	opaques   opaques
}

// NewTerms returns a Terms without any nodes.
func NewTerms() *Terms {
	return &Terms{nodes: map[key]*node{}, extracts: map[key]Term{}, unknowns: map[Unknown]*node{}, plans: map[planKey]*plan{}}
}

// Count returns the number of different unknown parts made so far: the memory
// that the terms use is proportional to it.
func (t *Terms) Count() int { return int(t.count) }

// Work returns how many unknown parts were met so far in walks through terms, and how
// many parts of sums were made.
func (t *Terms) Work() int { return t.work }

func mask(width uint8) uint64 { return ^uint64(0) >> (64 - width) }

// Number returns the number v, cut to width bits.
func Number(width int, v uint64) Term {
	return Term{value: v & mask(uint8(width)), width: uint8(width)}
}

func number(width uint8, v uint64) Term { return Term{value: v & mask(width), width: width} }

// bit returns 1 or 0 as a Term of one bit.
func bit(b bool) Term {
	if b {
		return Term{value: 1, width: 1}
	}
	return Term{width: 1}
}

// Unknown returns the term of an unknown value.
func (t *Terms) Unknown(u Unknown) Term {
	n := t.unknowns[u]
	if n == nil {
		n = t.unknown(u)
		t.unknowns[u] = n
	}
	return Term{node: n, width: n.width}
}

// Undefined returns a fresh unknown of a width in bits.
func (t *Terms) Undefined(width int) Term {
	t.undefined++
	n := t.unknown(Unknown{Origin: Undefined, Width: width, Index: t.undefined})
	return Term{node: n, width: n.width}
}

// unknown makes the node of an unknown value that has none.
func (t *Terms) unknown(u Unknown) *node {
	n := &node{key: key{op: OpUnknown, width: uint8(u.Width)}, id: t.count, most: mask(uint8(u.Width)), maybe: mask(uint8(u.Width)), unknown: &u, origins: 1 << u.Origin}
	if u.Origin == ImageBase {
		n.maybe &^= linux.PageSize - 1
		n.most = n.maybe
	}
	if u.Origin == Input && u.Of.width > 0 {
		n.maybe, n.most = u.Of.value, u.Of.value
	}
	if u.Origin == Opaque {
		for _, x := range t.Inputs(u) {
			n.origins |= x.origins()
		}
	}
	t.count++
	return n
}

func (t *Terms) intern(k key) Term {
	n := t.nodes[k]
	if n == nil {
		n = &node{key: k, id: t.count, origins: k.a.origins() | k.b.origins() | k.c.origins()}
		n.most = n.largest()
		n.maybe = n.maybeOnes() & upTo(n.most)
		if n.most = min(n.most, n.maybe); n.most == 0 {
			return number(k.width, 0)
		}
		t.nodes[k] = n
		t.count++
	}
	return Term{node: n, width: k.width}
}

// maybeOnes computes the bits that are not known to be zero.
func (n *node) maybeOnes() uint64 {
	a, b, c := n.a, n.b, n.c
	switch n.op {
	case OpSum:
		if b.node == nil && bits.OnesCount64(n.coefficient) == 1 {
			return a.maybe() << bits.TrailingZeros64(n.coefficient)
		}
	case OpAnd:
		return a.maybe() & b.maybe()
	case OpOr, OpXor:
		return a.maybe() | b.maybe()
	case OpExtract:
		return a.maybe() >> n.low
	case OpConcat:
		return a.maybe()<<b.width | b.maybe()
	case OpIf:
		return b.maybe() | c.maybe()
	}
	return ^uint64(0)
}

// largest returns a number that no value of the node exceeds.
func (n *node) largest() uint64 {
	a, b, c := n.a, n.b, n.c
	all := mask(n.width)
	switch n.op {
	case OpSum:
		hi, lo := bits.Mul64(n.coefficient, a.most())
		sum, carry := bits.Add64(lo, b.most(), 0)
		if hi == 0 && carry == 0 {
			return min(all, sum)
		}
	case OpMul:
		if hi, lo := bits.Mul64(a.most(), b.most()); hi == 0 {
			return min(all, lo)
		}
	case OpMulHigh:
		hi, lo := bits.Mul64(a.most(), b.most())
		return hi<<(64-n.width) | lo>>1>>(n.width-1)
	case OpAnd:
		return min(a.most(), b.most())
	case OpExtract:
		return min(all, a.most()>>n.low)
	case OpConcat:
		return a.most()<<b.width | b.most()
	case OpIf:
		return max(b.most(), c.most())
	case OpCountOnes:
		return uint64(a.width)
	case OpLowest, OpHighest:
		return uint64(a.width) - 1
	case OpQuotient:
		// Of a divisor of which nothing is known only that it is not 0.
		if a == number(a.width, 0) {
			return b.most() / max(1, c.least())
		}
	case OpRemainder:
		if c.most() > 0 {
			return c.most() - 1
		}
	}
	return all
}

// least returns a number above which all values of the term are, or that one.
func (x Term) least() uint64 {
	if x.node == nil {
		return x.value
	}
	return 0
}

// most returns a number that no value of the term exceeds.
func (x Term) most() uint64 {
	if x.node == nil {
		return x.value
	}
	if sum, carry := bits.Add64(x.node.most, x.value, 0); carry == 0 && sum <= mask(x.width) {
		return sum
	}
	return mask(x.width)
}

// upTo returns a mask of all bits that numbers up to max have.
func upTo(max uint64) uint64 {
	if max == 0 {
		return 0
	}
	return ^uint64(0) >> bits.LeadingZeros64(max)
}

// maybe returns the bits that are not known to be zero.
func (x Term) maybe() uint64 {
	switch {
	case x.node == nil:
		return x.value
	case x.value == 0:
		return x.node.maybe
	}
	return upTo(x.most())
}

// Width returns the term's width in bits.
func (x Term) Width() int { return int(x.width) }

// IsNumber reports whether the term is a number.
func (x Term) IsNumber() bool { return x.node == nil }

// Constant returns the term's value, and whether it is a number.
func (x Term) Constant() (uint64, bool) { return x.value, x.node == nil }

// Split returns the term's unknown part, and the number added to it, as a
// signed one if there is an unknown part.
func (x Term) Split() (base Term, offset int64) {
	if x.node == nil {
		return Term{width: x.width}, int64(x.value)
	}
	return Term{node: x.node, width: x.width}, signed(x.value, x.width)
}

func (x Term) origins() uint16 {
	if x.node == nil {
		return 0
	}
	return x.node.origins
}

// DependsOn reports whether the term depends on unknowns that come from one of some
// origins.
func (x Term) DependsOn(origins ...Origin) bool {
	for _, o := range origins {
		if x.origins()>>o&1 != 0 {
			return true
		}
	}
	return false
}

// Same reports whether two terms have the same unknown part.
func (x Term) Same(y Term) bool { return x.node == y.node }

// AsUnknown returns what the term is if it is an Unknown plus a number.
func (x Term) AsUnknown() (u Unknown, offset int64, ok bool) {
	if x.node == nil || x.node.op != OpUnknown {
		return Unknown{}, 0, false
	}
	return *x.node.unknown, signed(x.value, x.width), true
}

// signed returns v, a number of width bits, as a signed one.
func signed(v uint64, width uint8) int64 {
	shift := 64 - width
	return int64(v<<shift) >> shift
}
