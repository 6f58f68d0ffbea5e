package lang

// SegmentID names what an address is relative to: a section of the program or
// an external symbol. It corresponds to nasm's segment numbers.
type SegmentID int32

// RegisterID is a register's index in the code generator's register table.
type RegisterID int16

// TermKind tells what a Term multiplies.
type TermKind uint8

const (
	SegmentTerm  TermKind = iota + 1 // the (unknown) base address of a segment
	RegisterTerm                     // the run-time value of a register
	SelectorTerm                     // the 16-bit selector of a segment (the SEG operator)
)

// Term is one unknown of a Value, with its coefficient.
type Term struct {
	Kind TermKind
	ID   int32
	Coef int64
}

// MaxTerms is how many unknowns one expression can hold at a time. An
// effective address needs at most three: base, index and one segment.
const MaxTerms = 4

// Hint tells how a register of an effective address was written, which decides
// between base and index where both would be legal. It follows nasm: the first
// register written alone wants to be the base, one written with a factor does not.
type Hint uint8

const (
	NoHint Hint = iota
	MakeBase
	NotBase
	Summed // the register was added to itself: eax+eax
)

// Value is what an expression is worth at one moment of the assembly: a number
// plus unknowns that only layout, or only the processor, will know. Arithmetic
// on N wraps at 64 bits, as nasm's does.
type Value struct {
	N     int64
	terms [MaxTerms]Term
	count uint8

	// Unknown is set when the value depends on a symbol that has no value yet
	// in this pass; N then means nothing.
	Unknown bool
	// unknowns counts what makes v Unknown: an unknown minus an unknown is a
	// number, zero for now, as it is for nasm. Which sizes the first pass
	// assumes depends on it, and with them where the passes settle.
	unknowns int64
	// Forward is set when the value used a symbol that is defined further
	// down; the number is that of the pass before.
	Forward bool

	Hint    Hint
	HintReg RegisterID

	// Wrt is the segment that the address is wanted relative to (WRT), or 0.
	Wrt SegmentID
}

// Number64 returns the Value of a plain number.
func Number64(n int64) Value { return Value{N: n} }

// InSegment returns the address offset bytes into segment s.
func InSegment(s SegmentID, offset int64) Value {
	v := Value{N: offset, count: 1}
	v.terms[0] = Term{Kind: SegmentTerm, ID: int32(s), Coef: 1}
	return v
}

// SelectorOf returns the selector of segment s.
func SelectorOf(s SegmentID) Value {
	v := Value{count: 1}
	v.terms[0] = Term{Kind: SelectorTerm, ID: int32(s), Coef: 1}
	return v
}

// AddRegister adds a multiple of a register to v. It reports false when v has
// no room for one more unknown.
func (v *Value) AddRegister(r RegisterID, by int64) bool {
	return v.addTerm(Term{Kind: RegisterTerm, ID: int32(r), Coef: by})
}

// Terms returns the unknowns of v in the order in which they were written.
func (v *Value) Terms() []Term { return v.terms[:v.count] }

// IsNumber reports whether v is a plain number, known now.
func (v *Value) IsNumber() bool { return v.count == 0 && !v.Unknown }

// Segment returns the segment that v is an address in: v is exactly that
// segment's base plus N.
func (v *Value) Segment() (s SegmentID, ok bool) {
	if v.count == 1 && v.terms[0].Kind == SegmentTerm && v.terms[0].Coef == 1 {
		return SegmentID(v.terms[0].ID), true
	}
	return 0, false
}

// Displacement returns what is left of v, an effective address, without its
// registers.
func (v *Value) Displacement() Value {
	d := *v
	d.Hint, d.HintReg = NoHint, 0
	d.keep(func(t Term) bool { return t.Kind != RegisterTerm })
	return d
}

// keep removes the unknowns that are not wanted.
func (v *Value) keep(want func(Term) bool) {
	terms, count := v.terms, v.count
	v.terms, v.count = [MaxTerms]Term{}, 0
	for _, t := range terms[:count] {
		if want(t) {
			v.terms[v.count] = t
			v.count++
		}
	}
}

// addTerm adds t to the unknowns, cancelling where the sum is zero. It reports
// false when there is no room for one more.
func (v *Value) addTerm(t Term) bool {
	for i := range v.Terms() {
		e := &v.terms[i]
		if e.Kind == t.Kind && e.ID == t.ID {
			e.Coef += t.Coef
			if e.Coef == 0 {
				copy(v.terms[i:], v.terms[i+1:v.count])
				v.count--
				v.terms[v.count] = Term{}
			}
			return true
		}
	}
	if t.Coef == 0 {
		return true
	}
	if v.count == MaxTerms {
		return false
	}
	v.terms[v.count] = t
	v.count++
	return true
}

// unknown returns a value that is not known in this pass.
func unknown(forward bool) Value {
	return Value{Unknown: true, unknowns: 1, Forward: forward}
}

// scale multiplies v by n.
func (v *Value) scale(n int64) {
	v.N *= n
	v.unknowns *= n
	terms := v.terms
	count := int(v.count)
	v.count = 0
	for _, t := range terms[:count] {
		if t.Coef *= n; t.Coef != 0 {
			v.terms[v.count] = t
			v.count++
		}
	}
	clear(v.terms[v.count:])
}

// Substitute puts what is found for a segment in the place of its base address. It
// reports false when v has no room for all unknowns of the result.
func (v *Value) Substitute(found func(SegmentID) Value) bool {
	old := v.terms
	count := v.count
	v.terms, v.count = [MaxTerms]Term{}, 0
	ok := true
	for _, t := range old[:count] {
		if t.Kind == RegisterTerm {
			ok = v.addTerm(t) && ok
			continue
		}
		with := found(SegmentID(t.ID))
		if t.Kind == SegmentTerm {
			v.N += t.Coef * with.N
		}
		for _, w := range with.Terms() {
			w.Kind, w.Coef = t.Kind, w.Coef*t.Coef
			ok = v.addTerm(w) && ok
		}
	}
	return ok
}
