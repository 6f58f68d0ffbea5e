package debugger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
)

// Expression is a formula over the state of the program: numbers in nasm's spelling,
// labels (their addresses), registers and their parts, flags (cf, pf, af, zf, sf, df,
// of), step (how many instructions have run), memory as byte [address], word, dword or
// qword, and nasm's operators.
//
// Registers and memory are unsigned. A comparison is signed if one side is 0, a negative
// number or signed(x), and it is made in the width of the side that has one: so both
// eax = -1 and eax = 0xffffffff hold for a register of ones.
type Expression struct {
	Text string
	eval func(*Session) (value, error)
}

// value is a number with the width in bits of where it comes from: 0 for a plain one.
type value struct {
	n      int64
	width  int
	signed bool
}

// Value computes the expression. It fails where it reads memory that is not there, or
// divides by 0.
func (e *Expression) Value(s *Session) (int64, error) {
	v, err := e.eval(s)
	return v.n, err
}

// ExpressionError is a mistake in an expression.
type ExpressionError struct {
	Text   string // the expression
	At     int    // offset in it
	Reason string
	Cure   string // "" if there is none
}

// Error shows the expression with a caret below the mistake.
func (e *ExpressionError) Error() string {
	text := fmt.Sprintf("%s\n  %s\n  %s^", e.Reason, e.Text, strings.Repeat(" ", e.At))
	if e.Cure != "" {
		text += "\n" + e.Cure
	}
	return text
}

// Evaluate reads an expression and computes it.
func (s *Session) Evaluate(text string) (int64, error) {
	e, err := s.Parse(text)
	if err != nil {
		return 0, err
	}
	return e.Value(s)
}

// Parse reads an expression.
func (s *Session) Parse(text string) (e *Expression, err error) {
	p := &expressionParser{session: s, text: text}
	defer func() {
		if r := recover(); r != nil {
			mistake, ok := r.(*ExpressionError)
			if !ok {
				panic(r)
			}
			e, err = nil, mistake
		}
	}()
	p.next()
	eval := p.binary(lang.ConditionalPrecedence + 1)
	if p.token != "" {
		p.fail("an operator is missing before '"+p.token+"'", "")
	}
	return &Expression{strings.TrimSpace(text), eval}, nil
}

type evaluation = func(*Session) (value, error)

// expressionParser is a parser by precedence. Mistakes leave it by panic.
type expressionParser struct {
	session *Session
	text    string
	at      int    // behind the token
	start   int    // of the token
	token   string // "" at the end
	depth   int
}

func (p *expressionParser) fail(reason, cure string) {
	panic(&ExpressionError{p.text, p.start, reason, cure})
}

// next reads a token: a word, a character constant, an operator or a bracket.
func (p *expressionParser) next() {
	for p.at < len(p.text) && strings.IndexByte(" \t", p.text[p.at]) >= 0 {
		p.at++
	}
	p.start = p.at
	rest := p.text[p.at:]
	n := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
	switch {
	case n < 0:
		n = len(rest)
	case n > 0:
	case rest[0] == '\'' || rest[0] == '"':
		end := strings.IndexByte(rest[1:], rest[0])
		if end < 0 {
			p.fail("this quote is not closed", "")
		}
		n = end + 2
	default:
		n = 1
		for _, o := range lang.Operators() {
			for _, spelling := range o.Spellings {
				if strings.HasPrefix(rest, spelling) {
					n = max(n, len(spelling))
				}
			}
		}
	}
	p.at += n
	p.token = rest[:n]
}

func isWord(r rune) bool {
	return r == '_' || r == '.' || r == '$' || r == '@' || r == '?' || r == '#' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
}

// operator returns the operator that the token is.
func (p *expressionParser) operator(unary bool) lang.Op {
	for op, o := range lang.Operators() {
		if o.Unary == unary && slices.Contains(o.Spellings, p.token) {
			return lang.Op(op)
		}
	}
	return lang.OpNone
}

// binary reads operands joined by operators that bind at least so tightly.
func (p *expressionParser) binary(least int) evaluation {
	left := p.unary()
	for {
		op := p.operator(false)
		if op == lang.OpNone || op == lang.OpWrt || op.Precedence() < least {
			return left
		}
		p.next()
		left = join(op, left, p.binary(op.Precedence()+1))
	}
}

func join(op lang.Op, left, right evaluation) evaluation {
	return func(s *Session) (value, error) {
		a, err := left(s)
		if err != nil {
			return a, err
		}
		b, err := right(s)
		if err != nil {
			return b, err
		}
		return apply(op, a, b)
	}
}

// apply computes a binary operator.
func apply(op lang.Op, a, b value) (value, error) {
	width := max(a.width, b.width)
	signed := a.signed || b.signed || a.width == 0 && a.n <= 0 || b.width == 0 && b.n <= 0
	switch op {
	case lang.OpLogOr, lang.OpLogXor, lang.OpLogAnd:
		return value{n: op.Apply(a.n, b.n)}, nil
	case lang.OpEq, lang.OpNe:
		return value{n: op.Apply(cut(a.n, width), cut(b.n, width))}, nil
	case lang.OpLt, lang.OpLe, lang.OpGt, lang.OpGe, lang.OpCmp:
		if signed || width == 0 {
			return value{n: op.Apply(extend(a), extend(b))}, nil
		}
		const flip = -1 << 63 // makes an unsigned comparison of a signed one
		return value{n: op.Apply(a.n^flip, b.n^flip)}, nil
	case lang.OpDiv, lang.OpSDiv, lang.OpMod, lang.OpSMod:
		if b.n == 0 {
			return value{}, fmt.Errorf("the expression divides by 0")
		}
	}
	return value{cut(op.Apply(a.n, b.n), width), width, signed && width > 0}, nil
}

// cut keeps the low bits of a number; all of them for width 0.
func cut(n int64, width int) int64 {
	if width == 0 || width == 64 {
		return n
	}
	return n & (1<<width - 1)
}

// extend makes a signed number of a value.
func extend(v value) int64 {
	if v.width == 0 {
		return v.n
	}
	shift := 64 - v.width
	return v.n << shift >> shift
}

func (p *expressionParser) unary() evaluation {
	if p.depth++; p.depth > maxNested {
		p.fail("this is nested too deeply", "")
	}
	defer func() { p.depth-- }()
	op := p.operator(true)
	if op == lang.OpNone || op == lang.OpSeg {
		return p.primary()
	}
	p.next()
	x := p.unary()
	return func(s *Session) (value, error) {
		v, err := x(s)
		if err != nil {
			return v, err
		}
		switch op {
		case lang.OpNeg:
			v.n = cut(-v.n, v.width)
		case lang.OpNot:
			v.n = cut(^v.n, v.width)
		case lang.OpLogNot:
			v = value{n: lang.OpEq.Apply(v.n, 0)}
		}
		return v, nil
	}
}

// sizeWords are the sizes of memory, in bytes.
var sizeWords = map[string]int{"byte": 1, "word": 2, "dword": 4, "qword": 8}

func (p *expressionParser) primary() evaluation {
	token, lower := p.token, strings.ToLower(p.token)
	size := sizeWords[lower]
	switch {
	case token == "":
		p.fail("a value is missing here", "for example: eax = 5, zf, byte [msg] = 'H'")
	case token == "(":
		p.next()
		x := p.binary(lang.ConditionalPrecedence + 1)
		p.expect(")")
		return x
	case token == "[":
		p.fail("it is not said how many bytes of memory are meant", "write byte, word, dword or qword before the bracket")
	case size > 0:
		p.next()
		if p.token != "[" {
			p.fail("an address in brackets belongs behind '"+token+"'", "")
		}
		p.next()
		x := p.binary(lang.ConditionalPrecedence + 1)
		p.expect("]")
		return memory(x, size)
	case lower == "signed":
		p.next()
		if p.token != "(" {
			p.fail("'signed' takes a value in parentheses", "for example: signed(eax) < 5")
		}
		x := p.primary()
		return func(s *Session) (value, error) {
			v, err := x(s)
			v.n, v.signed = extend(v), true
			return v, err
		}
	case lower == "step":
		p.next()
		return func(s *Session) (value, error) { return value{n: s.Steps()}, nil }
	}
	if token[0] == '\'' || token[0] == '"' {
		return p.characters()
	}
	return p.word(lower)
}

func (p *expressionParser) expect(token string) {
	if p.token != token {
		p.fail("a '"+token+"' is missing", "")
	}
	p.next()
}

func (p *expressionParser) characters() evaluation {
	text := p.token[1 : len(p.token)-1]
	if len(text) > 8 {
		p.fail("a character constant has at most 8 bytes", "")
	}
	n := int64(0)
	for i := len(text) - 1; i >= 0; i-- {
		n = n<<8 | int64(text[i])
	}
	p.next()
	return func(*Session) (value, error) { return value{n: n}, nil }
}

// memory reads size bytes at an address.
func memory(address evaluation, size int) evaluation {
	return func(s *Session) (value, error) {
		at, err := address(s)
		if err != nil {
			return at, err
		}
		b := make([]byte, size)
		if s.Memory(uint64(at.n), b) < size {
			return value{}, fmt.Errorf("there is no memory at %#x", uint64(at.n))
		}
		return value{n: int64(little(b)), width: 8 * size}, nil
	}
}

// little returns the number that bytes are, the lowest first.
func little(b []byte) uint64 {
	n := uint64(0)
	for i, x := range b {
		n |= uint64(x) << (8 * i)
	}
	return n
}

// word reads a number, a register, a flag or a label.
func (p *expressionParser) word(lower string) evaluation {
	token := p.token
	if n, ok := number(lower); ok {
		p.next()
		return func(*Session) (value, error) { return value{n: n}, nil }
	}
	// A label hides a flag of its name, as it may hide nothing else in nasm.
	if s := p.session; s.Table != nil {
		if address, ok := s.Table.Address(token); ok {
			p.next()
			return func(*Session) (value, error) { return value{n: int64(address)}, nil }
		}
	}
	if lower == "ip" || lower == "eip" || lower == "rip" {
		p.next()
		return func(s *Session) (value, error) { return value{n: int64(s.IP()), width: s.Bits()}, nil }
	}
	for _, f := range flagTable {
		if lower == f.name {
			p.next()
			return func(s *Session) (value, error) {
				bits, _ := s.Flags()
				return value{n: int64(bits >> f.bit & 1), width: 1}, nil
			}
		}
	}
	if r := x86.RegisterInfo(x86.LookupRegister(lower)); r != nil && r.Class == x86.General {
		return p.register(r)
	}
	if !isWord(rune(token[0])) {
		p.fail("'"+token+"' is no value", "for example: eax = 5, zf, byte [msg] = 'H'")
	}
	cure := ""
	if near := diag.Nearest(token, p.session.names()); near != "" {
		cure = "did you mean " + near + "?"
	}
	p.fail("there is no label, register or flag '"+token+"'", cure)
	return nil
}

func (p *expressionParser) register(r *x86.Register) evaluation {
	if p.session.Bits() == 32 && (r.Size == 8 || r.Number > 7 || r.Size == 1 && !r.High && r.Number > 3) {
		p.fail("a 32-bit program has no register "+r.Name, "")
	}
	n, shift, width := int(r.Number), 0, 8*int(r.Size)
	if r.High {
		n, shift = n-4, 8
	}
	p.next()
	return func(s *Session) (value, error) {
		return value{n: cut(int64(s.Register(n)>>shift), width), width: width}, nil
	}
}

// names lists what a word can be, for near misses.
func (s *Session) names() []string {
	var list []string
	if s.Table != nil {
		for _, l := range s.Table.Labels() {
			list = append(list, l.Name)
		}
	}
	for n := range s.registers() {
		list = append(list, s.registerName(n))
	}
	for _, f := range flagTable {
		list = append(list, f.name)
	}
	return append(list, "step", "signed", "byte", "word", "dword", "qword")
}

// number reads a number in nasm's spelling: 10, 0x1f, 1fh, 0b11, 11b, 0o7.
func number(text string) (int64, bool) {
	if text == "" || text[0] < '0' || text[0] > '9' {
		return 0, false
	}
	digits := strings.ReplaceAll(text, "_", "")
	for _, r := range []struct {
		prefix, suffix string
		base           int
	}{{"0x", "", 16}, {"0h", "", 16}, {"0b", "", 2}, {"0o", "", 8}, {"0q", "", 8}, {"0d", "", 10}, {"", "", 10}, {"", "h", 16}, {"", "b", 2}, {"", "q", 8}, {"", "o", 8}, {"", "d", 10}} {
		if strings.HasPrefix(digits, r.prefix) && strings.HasSuffix(digits, r.suffix) {
			if n, err := strconv.ParseUint(digits[len(r.prefix):len(digits)-len(r.suffix)], r.base, 64); err == nil {
				return int64(n), true
			}
		}
	}
	return 0, false
}
