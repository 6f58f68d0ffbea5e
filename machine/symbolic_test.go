package machine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"tasm/codegen/x86"
	"tasm/linux"
)

// values gives numbers to inputs.
type values map[Term]uint64

// of returns x with the values put in.
func (v values) of(t *Terms, x Term) Term {
	return t.Substitute(x, func(part Term) (Term, bool) {
		n, ok := v[part]
		return Number(part.Width(), n), ok
	}, map[Term]Term{})
}

// TestSymbolic runs random instructions with unknowns in the registers and the
// flags, and afterwards puts numbers in: that must give what the same numbers
// give when they are there from the beginning.
func TestSymbolic(t *testing.T) {
	for _, bits := range []int{32, 64} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			m := &trialMaker{bits: bits, random: rand.New(rand.NewPCG(uint64(bits), 99)), seen: map[string]int{}}
			unknown, compared := 0, 0
			for range 1500 {
				x := m.trial(codeAt)
				s, inputs := m.symbolic(x)
				if !m.runSymbolic(t, s, inputs, x) {
					unknown++
					continue
				}
				compared++
				for i := range bits / 4 {
					m.same(t, x, x86.RegisterName(x86.GeneralRegister(i, bits/8)), x.end.Registers[i], inputs.of(s.Terms, s.Registers[i]))
				}
				for _, k := range kept {
					m.same(t, x, k.flag.String(), x.end.Flag(k.flag), inputs.of(s.Terms, s.Flag(k.flag)))
				}
				for i := range uint64(scratchLen) {
					address := Number(bits, scratchAt+i)
					want, _ := x.end.Memory.Peek(address)
					got, _ := s.Memory.Peek(address)
					m.same(t, x, fmt.Sprintf("the byte at scratch + %d", i), want, inputs.of(s.Terms, got))
				}
			}
			// Unknown addresses and counts can't be followed; most else can.
			if compared < 2*unknown {
				t.Errorf("only %d of %d sequences could be run with unknowns", compared, compared+unknown)
			}
		})
	}
}

// symbolic makes the state that a trial begins with, with inputs for what is no
// address.
func (m *trialMaker) symbolic(x *trial) (*State, values) {
	s := m.state(x, codeAt)
	inputs := values{}
	input := func(width int, value uint64) Term {
		u := s.Terms.Unknown(Unknown{Origin: Input, Width: width, Index: int64(len(inputs))})
		inputs[u] = value
		return u
	}
	for i := range m.bits / 4 {
		v := x.registers[i]
		if v < scratchAt-4096 || v > scratchAt+4096 {
			s.Registers[i] = input(m.bits, v&mask(uint8(m.bits)))
		}
	}
	for _, k := range kept {
		if k.flag != x86.DF {
			s.SetFlag(k.flag, input(1, x.flags>>k.bit&1))
		}
	}
	s.Known = func(condition Term) (bool, bool) {
		v, ok := inputs.of(s.Terms, condition).Constant()
		return v != 0, ok
	}
	return s, inputs
}

func (m *trialMaker) runSymbolic(t *testing.T, s *State, inputs values, x *trial) bool {
	end := s.IP.plus(uint64(len(x.code)))
	for s.IP != end {
		at, _ := s.IP.Constant()
		var in x86.Decoded
		if !x86.Decode(m.bits, x.code[at-codeAt:], int64(at), &in) {
			t.Fatal(x.listing)
		}
		if e := s.Step(&in); e.Kind != Done {
			if e.Kind == Fault {
				t.Errorf("%q %s", x.listing, e.Reason)
			}
			return false
		}
		if s.IP.node != nil {
			return false
		}
	}
	return true
}

func (m *trialMaker) same(t *testing.T, x *trial, what string, want, got Term) {
	t.Helper()
	if w, ok := want.Constant(); ok {
		if g, ok := got.Constant(); !ok || g != w {
			t.Errorf("%q with %x flags %x: %s is %v, not %#x", x.listing, x.registers[:m.bits/4], x.flags, what, got, w)
		}
	}
}

// termMaker makes random terms over a few inputs.
type termMaker struct {
	*Terms
	random *rand.Rand
	inputs []Term
	values values
	wrong  []string // what was told of a division and is not so
}

func newTermMaker(seed uint64) *termMaker {
	m := &termMaker{Terms: NewTerms(), random: rand.New(rand.NewPCG(seed, 7)), values: values{}}
	for i := range 3 {
		u := m.Unknown(Unknown{Origin: Input, Width: 32, Index: int64(i)})
		m.inputs = append(m.inputs, u)
		m.values[u] = m.constant(32)
	}
	base := m.Unknown(Unknown{Origin: ImageBase, Width: 32})
	m.inputs = append(m.inputs, base)
	m.values[base] = m.constant(32) &^ (linux.PageSize - 1)
	return m
}

func (m *termMaker) constant(width int) uint64 {
	v := m.random.Uint64()
	switch m.random.IntN(3) {
	case 0:
		v = m.random.Uint64N(4) - 2
	case 1:
		v = 1<<m.random.IntN(width) - m.random.Uint64N(2)
	}
	return v & mask(uint8(width))
}

// term makes a term of a width, and the value that it must have.
func (m *termMaker) term(width, depth int) (Term, uint64) {
	w := uint8(width)
	if depth == 0 || m.random.IntN(8) == 0 {
		if m.random.IntN(3) == 0 {
			v := m.constant(width)
			return Number(width, v), v
		}
		u := m.inputs[m.random.IntN(len(m.inputs))]
		v := m.values[u]
		switch {
		case width <= 32:
			low := m.random.IntN(33 - width)
			return m.Extract(u, low, width), v >> low & mask(w)
		case m.random.IntN(2) == 0:
			return m.SignExtend(u, width), uint64(signed(v, 32)) & mask(w)
		}
		return m.ZeroExtend(u, width), v
	}
	x, vx := m.term(width, depth-1)
	y, vy := m.term(width, depth-1)
	n := m.random.IntN(width)
	switch m.random.IntN(20) {
	case 0:
		return m.Add(x, y), (vx + vy) & mask(w)
	case 1:
		return m.Sub(x, y), (vx - vy) & mask(w)
	case 2:
		return m.And(x, y), vx & vy
	case 3:
		return m.Or(x, y), vx | vy
	case 4:
		return m.Xor(x, y), vx ^ vy
	case 5:
		return m.Mul(x, y), vx * vy & mask(w)
	case 6:
		return m.ShiftLeft(x, n), vx << n & mask(w)
	case 7:
		return m.ShiftRight(x, n), vx >> n
	case 8:
		return m.ShiftRightSigned(x, n), uint64(signed(vx, w)>>n) & mask(w)
	case 9:
		if n > 0 {
			return m.Concat(m.Extract(x, 0, width-n), m.Extract(y, width-n, n)), (vx<<n | vy>>(width-n)) & mask(w)
		}
		return m.Not(x), ^vx & mask(w)
	case 10:
		return m.ZeroExtend(m.Extract(x, 0, n+1), width), vx & mask(uint8(n+1))
	case 11:
		return m.SignExtend(m.Extract(x, 0, n+1), width), uint64(signed(vx&mask(uint8(n+1)), uint8(n+1))) & mask(w)
	case 12:
		c, v := m.condition(depth - 1)
		if v {
			return m.If(c, x, y), vx
		}
		return m.If(c, x, y), vy
	case 13:
		v := m.constant(width)
		return m.And(x, Number(width, v)), vx & v
	case 14:
		v := m.constant(width)
		return m.Mul(x, Number(width, v)), vx * v & mask(w)
	}
	if n := m.random.IntN(6); n < 4 && width >= 8 && width <= 32 {
		return m.division(x, y, vx, vy, n)
	}
	return m.Neg(x), -vx & mask(w)
}

// division divides x by y, if the processor does it; or it multiplies them.
func (m *termMaker) division(x, y Term, vx, vy uint64, kind int) (Term, uint64) {
	w, width := x.width, x.Width()
	isSigned := kind == 3
	high := Number(width, 0)
	if isSigned && m.random.IntN(2) == 0 {
		high = m.ShiftRightSigned(x, width-1)
	}
	if m.random.IntN(2) == 0 {
		vy = m.constant(width) & 0xff
		y = Number(width, vy)
	}
	vh, _ := m.values.of(m.Terms, high).Constant()
	whole := int64(signed(vh, w)<<w | int64(vx))
	fits := vy != 0
	if fits && isSigned {
		q := whole / signed(vy, w)
		fits = q == signed(uint64(q)&mask(w), w)
	}
	if kind == 0 {
		return m.MulHigh(x, y, false), vx * vy >> w
	}
	if refused := m.divisionFaults(high, x, y, isSigned); refused.width > 0 && refused.IsNumber() && refused.value == 1 == fits {
		m.wrong = append(m.wrong, fmt.Sprintf("division of %v:%v by %v, signed %v, with %v", high, x, y, isSigned, m.values))
	}
	if !fits {
		return x, vx
	}
	q, r := m.Divide(high, x, y, isSigned)
	if isSigned {
		return q, uint64(whole/signed(vy, w)) & mask(w)
	}
	if kind == 1 {
		return q, vx / vy
	}
	return r, vx % vy
}

// condition makes a term of one bit, and the value that it must have.
func (m *termMaker) condition(depth int) (Term, bool) {
	width := []int{1, 8, 16, 32, 64}[m.random.IntN(5)]
	x, vx := m.term(width, depth)
	y, vy := m.term(width, depth)
	if m.random.IntN(2) == 0 {
		vy = m.constant(width)
		y = Number(width, vy)
	}
	if m.random.IntN(2) == 0 {
		x, vx, y, vy = y, vy, x, vx
	}
	w := uint8(width)
	switch m.random.IntN(5) {
	case 0:
		return m.Equal(x, y), vx == vy
	case 1:
		return m.Below(x, y), vx < vy
	case 2:
		return m.Less(x, y), signed(vx, w) < signed(vy, w)
	case 3:
		return m.Sign(x), vx>>(w-1) != 0
	}
	return m.Not(m.Equal(x, y)), vx != vy
}

// TestTerms compares the simplified terms with the numbers that they stand for.
func TestTerms(t *testing.T) {
	for seed := range uint64(200) {
		m := newTermMaker(seed)
		for range 60 {
			x, want := m.term([]int{1, 8, 16, 32, 64}[m.random.IntN(5)], 4)
			if got, ok := m.values.of(m.Terms, x).Constant(); !ok || got != want {
				t.Errorf("%v with %v is %#x, not %#x", x, m.values, got, want)
			}
			if want&^x.maybe() != 0 {
				t.Errorf("%v with %v is %#x, which has other bits than %#x", x, m.values, want, x.maybe())
			}
			if want > x.most() {
				t.Errorf("%v with %v is %#x, above %#x", x, m.values, want, x.most())
			}
		}
		for _, text := range m.wrong {
			t.Error(text)
		}
	}
}

// TestAligned changes the low bits of addresses in an image that may lie at any page.
func TestAligned(t *testing.T) {
	m := NewTerms()
	base := m.Unknown(Unknown{Origin: ImageBase, Width: 64})
	x := m.Concat(m.Extract(base.plus(0x38b), 8, 56), Number(8, 0x7a))
	if x != base.plus(0x37a) {
		t.Errorf("%v, not %v", x, base.plus(0x37a))
	}
	if y := m.Extract(base.plus(0x38b), 4, 8); y != Number(8, 0x38) {
		t.Errorf("%v", y)
	}
	if y := m.Concat(m.Extract(base, 16, 48), Number(16, 0x7a)); y == base.plus(0x7a) {
		t.Error("bits above those of a page are taken as clear")
	}
}

// TestFacts assumes conditions that hold for certain numbers. Whatever is then
// decided must hold for those numbers too.
func TestFacts(t *testing.T) {
	decided := 0
	for seed := range uint64(400) {
		m := newTermMaker(seed)
		f := NewFacts(m.Terms)
		for range 25 {
			c, want := m.condition(1)
			if got, known := f.Decide(c); known {
				decided++
				if got != want {
					t.Fatalf("%v with %v is %v, not %v", c, m.values, got, want)
				}
			}
			if !f.Assume(c, want) {
				t.Fatalf("%v with %v can't be %v", c, m.values, want)
			}
			if got, known := f.Decide(c); !known || got != want {
				t.Fatalf("%v is not known to be %v", c, want)
			}
			x, v := m.term(32, 2)
			if got, ok := m.values.of(m.Terms, f.Simplify(x)).Constant(); !ok || got != v {
				t.Fatalf("%v with %v is simplified to %#x, not %#x", x, m.values, got, v)
			}
			if f.Max(x) < v {
				t.Fatalf("%v with %v is %#x, above %#x", x, m.values, v, f.Max(x))
			}
		}
	}
	if decided < 1000 {
		t.Errorf("only %d conditions were decided", decided)
	}
}
