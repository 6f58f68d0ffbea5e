package rewrite

import (
	"math/bits"
	"strings"

	"tasm/codegen/x86"
	"tasm/flow"
)

// output is a register's value behind an instruction.
type output struct {
	number int
	v      value
}

// evaluate works out what an instruction puts into registers and what the flags
// tell behind it. What it does not name is not known.
func (a *analysis) evaluate(s *state, in *flow.Inst, n string, index int) ([]output, flagFact) {
	x, y := at(in, 0), at(in, 1)
	r, isReg := x.register()
	word := a.s.bits / 8
	if size := in.Form.Size(); (n == "push" || n == "pop" || n == "leave") && size != 0 && size != word {
		return nil, s.flags // of another size than the words that are followed
	}
	switch n {
	case "push":
		return a.push(s, x, in.Loose), s.flags
	case "pop":
		switch {
		case isReg && r.size != word || x.memory() && x.Size != 0 && x.Size != word:
			return nil, s.flags
		case !isReg:
			a.makeWild() // the address may depend on the stack pointer
			s.slots = nil
		}
		v, known := a.pop(s)
		if !isReg {
			return []output{{sp, s.r[sp]}}, s.flags
		}
		if !known {
			v = a.fresh(index, r.number, a.loaded(v))
		}
		return []output{{sp, s.r[sp]}, {r.number, v}}, s.flags
	case "leave":
		s.r[sp] = s.r[bp]
		v, known := a.pop(s)
		if !known {
			v = a.fresh(index, bp, a.loaded(v))
		}
		return []output{{bp, v}, {sp, s.r[sp]}}, s.flags
	case "lodsb", "lodsw", "lodsd", "lodsq", "stosb", "stosw", "stosd", "stosq", "movsb", "movsw", "movsd", "movsq",
		"scasb", "scasw", "scasd", "scasq", "cmpsb", "cmpsw", "cmpsd", "cmpsq":
		return a.string(s, in, n, index), flagFact{}
	case "cdq", "cqo":
		full := (n == "cqo") == (a.s.bits == 64)
		top := uint64(1) << (a.s.bits - 1)
		if !full {
			top = 1 << 31
		}
		if a.t.facts(s.r[ax]).zeros&top != 0 {
			return []output{{dx, number(0)}}, s.flags
		}
		return nil, s.flags
	case "div":
		d, known := a.numberOf(s, x)
		if known && d > 0 && isReg && r.size == word {
			high, zero := s.r[dx].number()
			most := a.t.most(s.r[ax]) / d
			out := []output{{dx, a.fresh(index, dx, unknown{zeros: zerosUpTo(d - 1)})}}
			if zero && high == 0 {
				out = append(out, output{ax, a.fresh(index, ax, unknown{zeros: zerosUpTo(most)})})
			}
			return out, flagFact{}
		}
		return nil, flagFact{}
	case "xchg":
		q, ok := y.register()
		if ok && isReg && r.size == word && q.size == word {
			return []output{{r.number, s.r[q.number]}, {q.number, s.r[r.number]}}, s.flags
		}
		return nil, s.flags
	}
	if !isReg {
		if n == "mov" {
			a.keep(s, x, y)
		}
		return nil, a.compared(s, in, n)
	}
	if strings.HasPrefix(n, "set") && r.size == 1 && !r.high {
		f := a.t.facts(s.r[r.number])
		if f.pointer {
			f = a.unclearPointer()
		}
		f.zeros |= 0xFE
		f.zeros &^= 1
		return []output{{r.number, a.fresh(index, r.number, f)}}, s.flags
	}
	switch n {
	case "cmp", "test":
		return nil, a.compared(s, in, n)
	case "mov", "movzx", "lea":
		v, ok := a.moved(s, in, n, r, index)
		if !ok {
			return nil, s.flags
		}
		return []output{{r.number, v}}, s.flags
	}
	return a.arithmetic(s, in, n, r, index)
}

// loaded is what is known of a word loaded from the stack address v.
func (a *analysis) loaded(v value) unknown {
	if a.escaped != farAbove {
		return a.unclearPointer()
	}
	if v.unknown > 0 && a.t.list[v.unknown].key.kind == stackStart && v.offset == 0 {
		return unknown{zeros: zerosUpTo(maxArguments)} // argc
	}
	return unknown{}
}

// maxArguments bounds argc: the addresses of the arguments take no more than a
// quarter of the stack's limit or 6 MiB (fs/exec.c bprm_stack_limits).
const maxArguments = 1 << 24

// push carries the state over a PUSH of an operand of which so many bytes may hold
// anything.
func (a *analysis) push(s *state, x operand, loose int) []output {
	word := uint64(a.s.bits / 8)
	v, known := value{}, false
	if r, ok := x.register(); ok && r.size == int(word) {
		v, known = s.r[r.number], true
	} else if n, ok := x.number(); ok && x.Size == 0 || ok && x.Size == 1 || ok && x.Size == int(word) {
		v, known = number(uint64(n)&a.t.mask()), true
	} else if x.Kind == x86.ImmediateOperand && !x.ref.IsZero() {
		v, known = a.t.address(x.ref), a.s.bits == 32 || a.t.lowAddrs
	} else if ok || x.Kind == x86.RegisterOperand || x.memory() && x.Size != 0 && x.Size != int(word) {
		return nil // of another size
	}
	top := a.t.add(s.r[sp], -word)
	a.touch(s, top, int64(word), true)
	if known = known && loose == 0; known && len(s.slots) < maxSlots {
		s.slots = append(s.slots[:len(s.slots):len(s.slots)], slot{top, v})
	}
	return []output{{sp, top}}
}

// keep notes that a MOV puts a word on the stack.
func (a *analysis) keep(s *state, to, from operand) {
	r, ok := from.register()
	if v, f := a.effective(s, to); ok && r.size*8 == a.s.bits && f.pointer && v.unknown >= 0 && len(s.slots) < maxSlots {
		s.slots = append(s.slots[:len(s.slots):len(s.slots)], slot{v, s.r[r.number]})
	}
}

// maxSlots bounds the words of the stack that are followed.
const maxSlots = 32

// pop takes a word from the stack. Where it is not known what it is, its
// address is returned.
func (a *analysis) pop(s *state) (value, bool) {
	word := uint64(a.s.bits / 8)
	top := s.r[sp]
	if k := a.t.list[top.unknown].key; top.unknown != 0 && k.kind == enteredWith && k.b == sp && top.offset == 0 {
		a.unclear = true // takes its return address
	}
	v, known := a.slot(s, top)
	s.r[sp] = a.t.add(top, word)
	if !known {
		return top, false
	}
	return v, true
}

// slot returns the known content of the word at an address.
func (a *analysis) slot(s *state, address value) (value, bool) {
	for _, x := range s.slots {
		if x.address == address {
			return x.content, true
		}
	}
	return value{}, false
}

// string carries the pointers over a string instruction.
func (a *analysis) string(s *state, in *flow.Inst, n string, index int) []output {
	step := uint64(map[byte]int{'b': 1, 'w': 2, 'd': 4, 'q': 8}[n[len(n)-1]])
	var out []output
	var move []int
	if n[:4] != "lods" {
		move = append(move, di)
	}
	if n[:4] != "stos" && n[:4] != "scas" {
		move = append(move, si)
	}
	repeated := len(in.Prefixes) != 0
	for _, r := range move {
		f := a.t.facts(s.r[r])
		f.zeros, f.high = 0, farAbove
		switch {
		case !s.forward:
		case repeated:
			out = append(out, output{r, a.fresh(index, r, f)})
		default:
			out = append(out, output{r, a.t.add(s.r[r], step)})
		}
	}
	switch {
	case repeated && (n[:4] == "movs" || n[:4] == "stos" || n[:4] == "lods"):
		out = append(out, output{cx, number(0)})
	case repeated:
		// It counts down.
		f := a.t.facts(s.r[cx])
		f.pointer = false
		f.zeros = zerosUpTo(^f.zeros & a.t.mask())
		out = append(out, output{cx, a.fresh(index, cx, f)})
	}
	return out
}

// numberOf returns the number that a source operand is, in the low bytes.
func (a *analysis) numberOf(s *state, o operand) (uint64, bool) {
	if n, ok := o.number(); ok {
		return uint64(n) & a.t.mask(), true
	}
	if r, ok := o.register(); ok {
		if n, ok := s.r[r.number].number(); ok {
			if r.high {
				n >>= 8
			}
			return n & limit(r.size), true
		}
	}
	return 0, false
}

func limit(size int) uint64 { return uint64(1)<<(8*size-1)<<1 - 1 }

// zerosOf returns the bits of an operand that are known to be 0, cut to size.
func (a *analysis) zerosOf(s *state, o operand, size int) uint64 {
	out := ^limit(size)
	if n, ok := a.numberOf(s, o); ok {
		return out | ^n
	}
	if r, ok := o.register(); ok {
		z := a.t.facts(s.r[r.number]).zeros
		if r.high {
			z >>= 8
		}
		return out | z
	}
	return out
}

// moved is the value that a MOV, MOVZX or LEA puts into r.
func (a *analysis) moved(s *state, in *flow.Inst, n string, r register, index int) (value, bool) {
	y := at(in, 1)
	full := r.size*8 == a.s.bits
	if n == "lea" {
		if r.size < 4 {
			return value{}, false
		}
		v, f := a.effective(s, y)
		if v.unknown < 0 {
			if !full && !f.pointer {
				f.zeros |= ^limit(4)
			}
			return a.fresh(index, r.number, f), true
		}
		return a.narrow(v, r, index), true
	}
	if r.size < 4 {
		number, known := a.numberOf(s, y)
		old, whole := s.r[r.number].number()
		shift := 0
		if r.high {
			shift = 8
		}
		l := limit(r.size) << shift
		if known && whole {
			return value{0, old&^l | number<<shift&l}, true
		}
		f := a.t.facts(s.r[r.number])
		if f.pointer {
			return value{}, false
		}
		if known && f.zeros|l == all {
			return value{0, number << shift & l}, true
		}
		source := a.zerosOf(s, y, r.size) << shift
		f.zeros = f.zeros&^l | source&l
		return a.fresh(index, r.number, f), true
	}
	if number, ok := y.number(); ok {
		return value{0, uint64(number) & limit(r.size)}, true
	}
	if y.Kind == x86.ImmediateOperand {
		if !full && !a.t.lowAddrs {
			return value{}, false
		}
		return a.t.address(y.ref), true
	}
	if q, ok := y.register(); ok && n == "mov" {
		return a.narrow(s.r[q.number], r, index), true
	}
	if n == "movzx" {
		if q, ok := y.register(); ok {
			if number, ok := a.numberOf(s, y); ok {
				return value{0, number}, true
			}
			if z := a.t.facts(s.r[q.number]).zeros; !q.high && z|limit(q.size) == all {
				return s.r[q.number], true
			}
			return a.fresh(index, r.number, unknown{zeros: a.zerosOf(s, y, q.size)}), true
		}
		return a.fresh(index, r.number, unknown{zeros: ^limit(y.Size)}), y.Size != 0
	}
	if y.memory() {
		v, f := a.effective(s, y)
		if content, ok := a.slot(s, v); ok && full {
			return content, true
		}
		if f.pointer && v.unknown >= 0 {
			return a.fresh(index, r.number, a.loaded(v)), true
		}
		g := unknown{}
		if a.escaped != farAbove {
			g = a.unclearPointer()
		}
		if !full {
			g = unknown{zeros: ^limit(4)}
		}
		return a.fresh(index, r.number, g), true
	}
	return value{}, false
}

const all = ^uint64(0)

// narrow is v cut to the size of r, of 4 bytes or more.
func (a *analysis) narrow(v value, r register, index int) value {
	if r.size*8 >= a.s.bits {
		return v
	}
	if n, ok := v.number(); ok {
		return number(n & limit(r.size))
	}
	f := a.t.facts(v)
	if f.zeros|limit(r.size) == all {
		return v
	}
	if f.pointer {
		f = a.unclearPointer()
	}
	f.zeros |= ^limit(r.size)
	return a.fresh(index, r.number, f)
}

// compared is what the flags tell behind a CMP or TEST.
func (a *analysis) compared(s *state, in *flow.Inst, n string) flagFact {
	x, y := at(in, 0), at(in, 1)
	r, ok := x.register()
	switch {
	case n != "cmp" && n != "test":
		if f := a.s.facts(in.Form).flags; f.Changed() == 0 {
			return s.flags
		}
		return flagFact{}
	case !ok || r.high:
		return flagFact{}
	}
	v := s.r[r.number]
	if n == "test" {
		if q, ok := y.register(); ok && q == r {
			return flagFact{kind: flagsResult, size: r.size, v: v, carryClear: true, overflowClear: true}
		}
		return flagFact{}
	}
	c, known := a.numberOf(s, y)
	switch {
	case !known:
		return flagFact{}
	case c&limit(r.size) == 0:
		return flagFact{kind: flagsResult, size: r.size, v: v, carryClear: true, overflowClear: true}
	}
	return flagFact{kind: flagsCompare, size: r.size, v: v, with: c & limit(r.size)}
}

// operators are the operations on two numbers that are carried out on known
// ones; the result is cut to the operand size.
var operators = map[string]func(x, y uint64, size int) uint64{
	"add":  func(x, y uint64, _ int) uint64 { return x + y },
	"sub":  func(x, y uint64, _ int) uint64 { return x - y },
	"and":  func(x, y uint64, _ int) uint64 { return x & y },
	"or":   func(x, y uint64, _ int) uint64 { return x | y },
	"xor":  func(x, y uint64, _ int) uint64 { return x ^ y },
	"imul": func(x, y uint64, _ int) uint64 { return x * y },
	"inc":  func(x, _ uint64, _ int) uint64 { return x + 1 },
	"dec":  func(x, _ uint64, _ int) uint64 { return x - 1 },
	"neg":  func(x, _ uint64, _ int) uint64 { return -x },
	"not":  func(x, _ uint64, _ int) uint64 { return ^x },
	"shl":  func(x, y uint64, size int) uint64 { return x << shiftCount(y, size) },
	"shr":  func(x, y uint64, size int) uint64 { return x >> shiftCount(y, size) },
	"sar":  func(x, y uint64, size int) uint64 { return uint64(signExtend(x, size) >> shiftCount(y, size)) },
}

func shiftCount(n uint64, size int) uint64 {
	if size == 8 {
		return n & 63
	}
	return n & 31
}

// arithmetic is what an operation on a register puts into it.
func (a *analysis) arithmetic(s *state, in *flow.Inst, n string, r register, index int) ([]output, flagFact) {
	operate, ok := operators[n]
	if !ok || r.high || n == "imul" && len(in.Operands) == 1 {
		return nil, flagFact{}
	}
	first, second := at(in, 0), at(in, 1)
	if len(in.Operands) == 3 {
		first, second = second, at(in, 2)
	}
	old := s.r[r.number]
	x, xKnown := a.numberOf(s, first)
	y, yKnown := a.numberOf(s, second)
	unary := len(in.Operands) == 1
	if unary {
		yKnown = true
	}
	if q, ok := second.register(); ok && q == r && (n == "xor" || n == "sub") {
		x, xKnown, y, yKnown = 0, true, 0, true
	}
	full := r.size*8 == a.s.bits
	l := limit(r.size)
	fact := func(v value) ([]output, flagFact) {
		f := flagFact{kind: flagsResult, size: r.size, v: v}
		switch n {
		case "and", "or", "xor":
			f.carryClear, f.overflowClear = true, true
		case "sub":
			if q, ok := second.register(); ok && q == r {
				f.carryClear, f.overflowClear = true, true
			}
		case "not":
			f = s.flags
		case "imul":
			f = flagFact{}
		case "shl", "shr", "sar":
			if y < 1 || y > 7 || !yKnown {
				f = flagFact{}
			}
		}
		return []output{{r.number, v}}, f
	}
	result := func(number uint64) ([]output, flagFact) {
		number &= l
		if r.size >= 4 {
			return fact(value{0, number})
		}
		if whole, ok := old.number(); ok {
			return fact(value{0, whole&^l | number})
		}
		f := a.t.facts(old)
		if f.pointer {
			f = a.unclearPointer()
		} else if f.zeros|l == all {
			return fact(value{0, number})
		}
		f.zeros = f.zeros&^l | ^number&l
		return fact(a.fresh(index, r.number, f))
	}
	if xKnown && yKnown {
		return result(operate(x&l, y&l, r.size))
	}
	// What is known of the operands as bits.
	zx, zy := a.zerosOf(s, first, r.size), a.zerosOf(s, second, r.size)
	if yKnown {
		zy = ^(y & l)
	}
	f := a.t.facts(old)
	pointer := f.pointer
	for _, o := range []operand{first, second} {
		if q, ok := o.register(); ok && a.t.facts(s.r[q.number]).pointer {
			pointer = true
		}
	}
	if second.memory() && a.escaped != farAbove {
		pointer = true
	}
	distance, moves := uint64(0), false
	switch {
	case (n == "add" || n == "sub" || n == "inc" || n == "dec") && yKnown:
		distance, moves = operate(0, y, r.size), true
	case n == "add" && xKnown:
		// The second is the one that moves.
		if q, ok := second.register(); ok && q.size == r.size && full {
			return fact(a.t.add(s.r[q.number], x))
		}
	}
	if moves && full {
		return fact(a.t.add(old, distance))
	}
	if moves && r.size == 4 && !pointer {
		d := int64(int32(distance))
		if d >= 0 && a.t.most(old) <= limit(4)-uint64(d) {
			return fact(a.t.add(old, uint64(d)))
		}
	}
	zeros := uint64(0)
	most := ^zx & l
	other := ^zy & l
	switch n {
	case "and":
		zeros = zx | zy
		if pointer && full && yKnown && int64(a.t.signed(y)) < 0 && a.t.signed(y) > -4096 {
			// Rounded down.
			g := unknown{pointer: true, low: clamp(f.low + a.t.signed(y) + 1), high: f.high}
			return fact(a.fresh(index, r.number, g))
		}
	case "or", "xor":
		zeros = zx & zy
	case "add":
		if sum, carry := bits.Add64(most, other, 0); carry == 0 && sum <= l {
			zeros = zerosUpTo(sum)
		}
	case "imul":
		if high, low := bits.Mul64(most, other); high == 0 && low <= l {
			zeros = zerosUpTo(low)
		}
	case "shl":
		if yKnown {
			c := shiftCount(y, r.size)
			zeros = zx<<c | (1<<c - 1)
		}
	case "shr", "sar":
		if n == "sar" && zx>>(8*r.size-1)&1 == 0 {
			break
		}
		zeros = zerosUpTo(most)
		if yKnown {
			zeros = zerosUpTo(most >> shiftCount(y, r.size))
		}
	}
	g := unknown{}
	switch {
	case r.size >= 4:
		g.zeros = zeros | ^l
	case f.pointer:
		pointer = true
	default:
		g.zeros = f.zeros&^l | zeros&l
		pointer = false
	}
	if pointer {
		g = a.unclearPointer()
	}
	return fact(a.fresh(index, r.number, g))
}
