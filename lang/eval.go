package lang

import (
	"math/bits"

	"tasm/diag"
)

// Warner is an Env that wants to hear of expressions that have a value but
// perhaps not the intended one.
type Warner interface {
	Warn(*diag.Message)
}

// Moded is an Env that knows how many bits wide the code at hand is. Outside
// 64-bit code nasm takes only four bytes of a character constant.
type Moded interface {
	Bits() int
}

// Eval computes what e is worth in env. On an error v is not to be used.
//
// The arithmetic is nasm's: 64 bits that wrap, / and % unsigned, // and %%
// signed, shift counts taken modulo 64, comparisons on the wrapped difference.
// Addresses and registers take part as unknowns: they may be added, subtracted
// and multiplied by a number; what is left of an address in the end must have
// no factor but 1 or -1. Two addresses of a segment differ by a number.
func Eval(e Expr, env Env, v *Value) *diag.Message {
	switch e := e.(type) {
	case *Number:
		*v = Value{N: e.N}
		return nil
	case *Symbol:
		var m *diag.Message
		*v, m = env.Symbol(e)
		v.Hint, v.HintReg = NoHint, 0
		return m
	}
	ev := evaluator{env: env}
	if _, m := ev.eval(e, v); m != nil {
		return m
	}
	v.Hint, v.HintReg = NoHint, 0
	if v.Unknown {
		// What is unknown may yet cancel a factor.
		v.keep(func(t Term) bool { return t.Kind == RegisterTerm || t.Coef == 1 || t.Coef == -1 })
	}
	for _, t := range v.Terms() {
		if t.Kind == RegisterTerm {
			v.Hint, v.HintReg = ev.hint, ev.hintReg
		} else if t.Coef != 1 && t.Coef != -1 {
			return diag.Errorf(e.Span(), "an address can't be multiplied: where the section will stand is not known yet").
				Notef("the difference of two labels of one section is a plain number: (end - start) * 2")
		}
	}
	return nil
}

// evaluator holds what one evaluation carries from left to right: the hint
// about base and index.
type evaluator struct {
	env     Env
	hint    Hint
	hintReg RegisterID
}

// eval computes e. numeric tells whether a number takes part in the sum that e
// is; nasm's hint for the base register depends on it (see add).
func (ev *evaluator) eval(e Expr, v *Value) (numeric bool, _ *diag.Message) {
	switch e := e.(type) {
	case *Number:
		*v = Value{N: e.N}
	case *Symbol:
		var m *diag.Message
		*v, m = ev.env.Symbol(e)
		v.Hint, v.HintReg = NoHint, 0
		if v.Unknown {
			v.unknowns = 1
		}
		return !v.Unknown, m
	case *Here:
		if e.Section {
			*v = ev.env.SectionStart()
		} else {
			*v = ev.env.Here()
		}
	case *Register:
		*v = Value{count: 1}
		v.terms[0] = Term{Kind: RegisterTerm, ID: int32(e.ID), Coef: 1}
		if ev.hint == NoHint {
			ev.hint, ev.hintReg = MakeBase, e.ID
		}
		return false, nil
	case *String:
		*v = Value{N: ev.character(e)}
	case *Unary:
		return ev.unary(e, v)
	case *Binary:
		return ev.binary(e, v)
	case *Conditional:
		return ev.conditional(e, v)
	case *Call:
		return true, ev.call(e, v)
	case *Float:
		return false, diag.Errorf(e.Range, "a floating-point constant can't be calculated with").
			Notef("its bits as a number are __?float32?__(%s) or __?float64?__(%s)", e.Text, e.Text)
	}
	return true, nil
}

// Number returns the string as a character constant: its first eight bytes in
// little-endian order.
func (s *String) Number() int64 {
	var n int64
	for i := min(len(s.Bytes), 8) - 1; i >= 0; i-- {
		n = n<<8 | int64(s.Bytes[i])
	}
	return n
}

// character returns what the character constant s is worth.
func (ev *evaluator) character(s *String) int64 {
	n := s.Number()
	if m, ok := ev.env.(Moded); ok && len(s.Bytes) > 4 && m.Bits() != 64 {
		if w, ok := ev.env.(Warner); ok && len(s.Bytes) <= 8 {
			w.Warn(diag.Warningf("other", s.Range, "only the first four bytes of this string count as a number outside of 64-bit code"))
		}
		n &= 0xFFFFFFFF
	}
	return n
}

func (ev *evaluator) unary(e *Unary, v *Value) (numeric bool, m *diag.Message) {
	if numeric, m = ev.eval(e.X, v); m != nil {
		return false, m
	}
	switch e.Op {
	case OpPlus:
		return numeric, nil
	case OpNeg:
		v.scale(-1)
		return numeric, nil
	case OpSeg:
		return false, ev.selector(e, v)
	}
	if m := scalar(v, e.X, e.Op); m != nil {
		return false, m
	}
	switch e.Op {
	case OpNot:
		v.N = ^v.N
	case OpLogNot:
		v.N = truth(v.N == 0)
	}
	return true, nil
}

// selector computes SEG x.
func (ev *evaluator) selector(e *Unary, v *Value) *diag.Message {
	if v.Unknown {
		*v = unknown(v.Forward)
		return nil
	}
	s, ok := v.Segment()
	if !ok {
		return diag.Errorf(e.X.Span(), "SEG needs an address, and this has no segment")
	}
	forward := v.Forward
	*v = SelectorOf(s)
	v.Forward = forward
	return nil
}

func (ev *evaluator) binary(e *Binary, v *Value) (numeric bool, m *diag.Message) {
	xn, m := ev.eval(e.X, v)
	if m != nil {
		return false, m
	}
	var y Value
	yn, m := ev.eval(e.Y, &y)
	if m != nil {
		return false, m
	}
	forward := v.Forward || y.Forward || v.Unknown || y.Unknown
	switch e.Op {
	case OpAdd:
		numeric, m = ev.add(e, v, xn, &y, yn)
	case OpSub:
		y.scale(-1)
		numeric, m = ev.add(e, v, xn, &y, yn)
	case OpMul:
		numeric, m = xn && yn, ev.multiply(e, v, &y)
	case OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpCmp:
		numeric, m = true, ev.compare(e, v, xn, &y, yn)
	case OpWrt:
		numeric, m = xn, wrt(e, v, &y)
	default:
		numeric = true
		if m = scalar(v, e.X, e.Op); m == nil {
			if m = scalar(&y, e.Y, e.Op); m == nil {
				m = arithmetic(e, v, &y)
			}
		}
	}
	v.Forward = forward
	return numeric, m
}

// add adds y to x. Where both have the same unknown, or both have a number,
// and these do not cancel, nasm forgets which register was written first:
// [ebx+1+ecx+2] has no preferred base.
func (ev *evaluator) add(e *Binary, x *Value, xn bool, y *Value, yn bool) (numeric bool, _ *diag.Message) {
	numeric = xn || yn
	if xn && yn {
		if x.N+y.N != 0 {
			ev.hint = Summed
		} else {
			numeric = false
		}
	}
	x.N += y.N
	for _, t := range y.Terms() {
		before := x.count
		if !x.addTerm(t) {
			return false, diag.Errorf(e.Span(), "this adds up more than %d registers and segments", MaxTerms).
				Notef("an address is made of at most a base register, an index register and one label")
		}
		if x.count == before && t.Coef != 0 {
			ev.hint = Summed
		}
	}
	x.unknowns += y.unknowns
	x.Unknown = x.unknowns != 0
	if x.Wrt == 0 {
		x.Wrt = y.Wrt
	}
	return numeric, nil
}

// multiply multiplies x by y, one of which must be a number.
func (ev *evaluator) multiply(e *Binary, x, y *Value) *diag.Message {
	if x.count > 0 {
		x, y = y, x
	}
	// Now x is the factor and y what may have unknowns.
	if x.count > 0 {
		m := diag.Errorf(e.Span(), "the assembler can't multiply two addresses or registers")
		return m.Notef("one factor must be a plain number; a register's value can be multiplied at run time, with IMUL")
	}
	if ev.hint == MakeBase {
		for _, t := range y.Terms() {
			if t.Kind == RegisterTerm && RegisterID(t.ID) == ev.hintReg {
				ev.hint = NotBase
			}
		}
	}
	factor, isUnknown := x.N, x.Unknown || y.Unknown
	if x.Unknown {
		factor = 1
	}
	result := *y
	result.scale(factor)
	if result.Unknown = isUnknown; isUnknown && result.unknowns == 0 {
		result.unknowns = 1
	}
	*x, *y = result, result
	return nil
}

// compare leaves the result of a comparison in x.
func (ev *evaluator) compare(e *Binary, x *Value, xn bool, y *Value, yn bool) *diag.Message {
	y.scale(-1)
	if _, m := ev.add(e, x, xn, y, yn); m != nil {
		return m
	}
	if x.Unknown {
		*x = unknown(false)
		return nil
	}
	if x.count > 0 && e.Op != OpEq && e.Op != OpNe {
		return diag.Errorf(e.Span(), "it isn't known yet which of these is larger").
			Notef("addresses can be compared within one section only")
	}
	d := x.N
	r := e.Op.Apply(d, 0)
	if x.count > 0 {
		r = truth(e.Op == OpNe)
	}
	*x = Value{N: r}
	return nil
}

// wrt notes which segment the address x is wanted relative to.
func wrt(e *Binary, x, y *Value) *diag.Message {
	if y.Unknown {
		*x = unknown(false)
		return nil
	}
	if y.count != 1 || y.terms[0].Kind == RegisterTerm || y.terms[0].Coef != 1 {
		return diag.Errorf(e.Y.Span(), "WRT needs a segment or a special symbol on its right")
	}
	x.Wrt = SegmentID(y.terms[0].ID)
	return nil
}

// scalar makes sure that v, the value of e, is a plain number or unknown.
func scalar(v *Value, e Expr, op Op) *diag.Message {
	if v.count == 0 {
		return nil
	}
	if v.terms[0].Kind == RegisterTerm {
		return diag.Errorf(e.Span(), "the assembler can't compute with a register's value").
			Notef("'%s' needs plain numbers; in an address a register can be added, or multiplied by 2, 4 or 8", op)
	}
	if v.Unknown {
		// Its segment may yet cancel against what is unknown.
		v.count = 0
		v.terms = [MaxTerms]Term{}
		return nil
	}
	return diag.Errorf(e.Span(), "'%s' needs a plain number, and this is an address that is only known later", op).
		Notef("the difference of two labels of one section is a plain number: label - $$")
}

// arithmetic computes what needs two plain numbers.
func arithmetic(e *Binary, x, y *Value) *diag.Message {
	a, b := x.N, y.N
	switch e.Op {
	case OpDiv, OpMod, OpSDiv, OpSMod:
		if b == 0 && !y.Unknown {
			return diag.Errorf(e.Y.Span(), "division by zero")
		}
	}
	if x.Unknown || y.Unknown {
		*x = unknown(false)
		return nil
	}
	*x = Value{N: e.Op.Apply(a, b)}
	return nil
}

func (ev *evaluator) conditional(e *Conditional, v *Value) (numeric bool, m *diag.Message) {
	var y, z Value
	if _, m = ev.eval(e.X, v); m != nil {
		return false, m
	}
	yn, m := ev.eval(e.Y, &y)
	if m != nil {
		return false, m
	}
	zn, m := ev.eval(e.Z, &z)
	if m != nil {
		return false, m
	}
	if v.count > 0 && !v.Unknown {
		return false, diag.Errorf(e.X.Span(), "the condition of '?' must be a plain number")
	}
	forward := v.Forward || y.Forward || z.Forward
	switch {
	case v.Unknown:
		*v, numeric = unknown(false), true
	case v.N != 0:
		*v, numeric = y, yn
	default:
		*v, numeric = z, zn
	}
	v.Forward = forward
	return numeric, nil
}

// truth returns nasm's number for a truth value.
func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// call applies a function. The ilog2 functions take a number; the others a
// constant that the parser has left as it was written.
func (ev *evaluator) call(e *Call, v *Value) *diag.Message {
	if format, ok := floatFormats[e.Name]; ok {
		text, negative, ok := floatConstant(e.Arg)
		if !ok {
			return diag.Errorf(e.Arg.Span(), "__?%s?__ needs a floating-point constant", e.Name).
				Notef("for example __?%s?__(1.5)", e.Name)
		}
		mode := FloatMode{}
		if env, ok := ev.env.(interface{ FloatMode() FloatMode }); ok {
			mode = env.FloatMode()
		}
		c, m := format.convert(text, negative, e.Arg.Span(), mode)
		if m != nil {
			return m
		}
		*v = Value{N: format.number(c.bytes)}
		return nil
	}
	if _, ok := stringFunctions[e.Name]; ok {
		env, ok := ev.env.(NasmEnv)
		s, _, m := StringOf(e, ok && env.AsNasm())
		if m != nil {
			return m
		}
		*v = Value{N: ev.character(&String{Range: e.Arg.Span(), Bytes: s})}
		return nil
	}
	if _, m := ev.eval(e.Arg, v); m != nil {
		return m
	}
	if v.count > 0 && !v.Unknown {
		return diag.Errorf(e.Arg.Span(), "__?%s?__ needs a plain number", e.Name)
	}
	if v.Unknown {
		*v = unknown(v.Forward)
		return nil
	}
	n := uint64(v.N)
	if bits.OnesCount64(n) != 1 {
		switch e.Name {
		case "ilog2e":
			return diag.Errorf(e.Arg.Span(), "%d is not a power of two", n).
				Notef("__?ilog2f?__ rounds down, __?ilog2c?__ rounds up")
		case "ilog2w":
			if w, ok := ev.env.(Warner); ok {
				w.Warn(diag.Warningf("other", e.Arg.Span(), "%d is not a power of two", n))
			}
		}
	}
	switch {
	case n == 0:
		v.N = 0
	case e.Name == "ilog2c":
		v.N = int64(bits.Len64(n - 1))
	default:
		v.N = int64(bits.Len64(n)) - 1
	}
	return nil
}

// Functions returns the names of the functions that expressions can call, as
// Call names them; each is written __?name?__.
func Functions() []string {
	names := []string{"ilog2c", "ilog2e", "ilog2f", "ilog2w"}
	names = append(names, sortedKeys(stringFunctions)...)
	return append(names, sortedKeys(floatFormats)...)
}
