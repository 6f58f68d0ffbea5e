package lang

import (
	"math/big"
	"strconv"
	"strings"

	"tasm/diag"
)

// floatFormat is a binary floating-point format: from the top a sign bit,
// exponent bits, and mantissa bits, stored little-endian.
type floatFormat struct {
	exponent int  // width of the exponent, in bits
	mantissa int  // width of the fraction, in bits, without a leading 1
	explicit bool // the leading 1 is stored, between exponent and fraction
	// As a function a format gives the bytes from offset on, at most eight.
	offset, length int
}

// floatFormats are the formats by the names of their functions (nasm manual,
// 3.4.6).
var floatFormats = map[string]*floatFormat{
	"float8":    {exponent: 4, mantissa: 3, length: 1},
	"float16":   {exponent: 5, mantissa: 10, length: 2},
	"bfloat16":  {exponent: 8, mantissa: 7, length: 2},
	"float32":   {exponent: 8, mantissa: 23, length: 4},
	"float64":   {exponent: 11, mantissa: 52, length: 8},
	"float80m":  {exponent: 15, mantissa: 63, explicit: true, length: 8},
	"float80e":  {exponent: 15, mantissa: 63, explicit: true, offset: 8, length: 2},
	"float128l": {exponent: 15, mantissa: 112, length: 8},
	"float128h": {exponent: 15, mantissa: 112, offset: 8, length: 8},
}

// dataFormats are the formats by the width in bytes of the item that they fill.
var dataFormats = map[int]*floatFormat{
	1:  floatFormats["float8"],
	2:  floatFormats["float16"],
	4:  floatFormats["float32"],
	8:  floatFormats["float64"],
	10: floatFormats["float80m"],
	16: floatFormats["float128l"],
}

// size is how many bytes a number takes.
func (f *floatFormat) size() int {
	bits := 1 + f.exponent + f.mantissa
	if f.explicit {
		bits++
	}
	return bits / 8
}

// number returns what the format's function gives for the encoded bytes.
func (f *floatFormat) number(b []byte) int64 {
	return (&String{Bytes: string(b[f.offset : f.offset+f.length])}).Number()
}

// floatConstant returns the constant that e is, a Float with or without a sign.
func floatConstant(e Expr) (text string, negative, ok bool) {
	for {
		switch x := e.(type) {
		case *Float:
			return x.Text, negative, true
		case *Unary:
			switch x.Op {
			case OpNeg:
				negative = !negative
			case OpPlus:
			default:
				return "", false, false
			}
			e = x.X
		default:
			return "", false, false
		}
	}
}

// FloatOf returns the bytes that e stores as an item width bytes wide of DB and
// its sisters; ok is false when e is no floating-point constant. Constants are
// rounded to the nearest number, to the even one of two; what is too large
// becomes infinity (FloatWarning tells).
func FloatOf(e Expr, width int) (b []byte, ok bool, _ *diag.Message) {
	c, ok, m := floatItem(e, width)
	return c.bytes, ok, m
}

// FloatWarning returns a warning where FloatOf could not represent e as it is
// meant, or nil.
func FloatWarning(e Expr, width int) *diag.Message {
	c, ok, m := floatItem(e, width)
	if !ok || m != nil || c.trouble == "" {
		return nil
	}
	text, _, _ := floatConstant(e)
	return diag.Warningf("float-"+c.trouble, e.Span(), "%s in floating-point constant: %s does not fit %d bytes", c.trouble, shortened(text), width)
}

func floatItem(e Expr, width int) (c converted, ok bool, _ *diag.Message) {
	text, negative, ok := floatConstant(e)
	if !ok {
		return c, false, nil
	}
	format := dataFormats[width]
	if format == nil {
		return c, false, diag.Errorf(e.Span(), "there is no floating-point format of %d bytes", width).
			Notef("DW holds 16, DD 32, DQ 64, DT 80 and DO 128 bits")
	}
	if isDecimalString(text) {
		if width != 10 {
			return c, false, diag.Errorf(e.Span(), "a packed decimal constant has 80 bits").
				Notef("store it with DT")
		}
		var m *diag.Message
		c.bytes, m = packedDecimal(text, negative, e.Span())
		if len(strings.Trim(strings.ReplaceAll(text, "_", ""), "pP")) > maxPacked {
			c.trouble = "overflow"
		}
		return c, m == nil, m
	}
	c, m := format.convert(text, negative, e.Span())
	return c, m == nil, m
}

// shortened returns text as messages show it.
func shortened(text string) string {
	if len(text) > 40 {
		return text[:40] + "..."
	}
	return text
}

// isDecimalString reports whether text is a packed decimal: 123p or 0p123.
func isDecimalString(text string) bool {
	if len(text) < 2 {
		return false
	}
	last := text[len(text)-1]
	return last|0x20 == 'p' || text[0] == '0' && text[1]|0x20 == 'p'
}

// maxPacked is how many digits a packed decimal has.
const maxPacked = 18

// packedDecimal encodes the last 18 decimal digits, two to a byte, and a sign byte.
func packedDecimal(text string, negative bool, at diag.Range) ([]byte, *diag.Message) {
	digits := strings.ReplaceAll(text, "_", "")
	if digits[0] == '0' && len(digits) > 1 && digits[1]|0x20 == 'p' {
		digits = digits[2:]
	} else {
		digits = digits[:len(digits)-1]
	}
	if len(digits) > maxPacked {
		digits = digits[len(digits)-maxPacked:]
	}
	b := make([]byte, 10)
	for i := 0; i < len(digits); i++ {
		d := digits[len(digits)-1-i] - '0'
		if d > 9 {
			return nil, diag.Errorf(at, "a packed decimal constant has only digits")
		}
		b[i/2] |= d << (4 * (i % 2))
	}
	if negative {
		b[9] = 0x80
	}
	return b, nil
}

// converted is a constant in some format.
type converted struct {
	bytes   []byte
	trouble string // "overflow", "underflow", "denorm", or ""
}

// specialFloats are the names of what is no number. A NaN is quiet when the top
// bit of its fraction is set; the signaling one has the lowest instead.
var specialFloats = map[string]string{
	"infinity": "infinity", "nan": "quiet", "qnan": "quiet", "snan": "signaling",
}

// convert encodes a constant in format f.
func (f *floatFormat) convert(text string, negative bool, at diag.Range) (converted, *diag.Message) {
	special := specialFloats[strings.Trim(strings.ToLower(text), "_?")]
	fraction := new(big.Int)
	exponent := 0
	trouble := ""
	one := new(big.Int).Lsh(big.NewInt(1), uint(f.mantissa))
	switch special {
	case "":
		if isDecimalString(text) {
			return converted{}, diag.Errorf(at, "a packed decimal constant can only be stored with DT")
		}
		q, m := parseRational(text, at)
		if m != nil {
			return converted{}, m
		}
		fraction, exponent, trouble = f.round(q)
	case "infinity":
		fraction.Set(one)
		exponent = 1<<f.exponent - 1
	case "quiet":
		fraction.Rsh(one, 1).Or(fraction, one)
		exponent = 1<<f.exponent - 1
	case "signaling":
		fraction.Or(one, big.NewInt(1))
		exponent = 1<<f.exponent - 1
	}
	if !f.explicit {
		fraction.SetBit(fraction, f.mantissa, 0)
	}
	width := f.mantissa
	if f.explicit {
		width++
	}
	top := int64(exponent)
	if negative {
		top |= 1 << f.exponent
	}
	all := big.NewInt(top)
	all.Lsh(all, uint(width)).Or(all, fraction)
	b := all.FillBytes(make([]byte, f.size()))
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return converted{b, trouble}, nil
}

// round returns the fraction, leading 1 included, and the biased exponent of
// the number nearest to q, which is not negative.
func (f *floatFormat) round(q rational) (fraction *big.Int, exponent int, trouble string) {
	if q.num.Sign() == 0 {
		return new(big.Int), 0, ""
	}
	infinity := func() (*big.Int, int, string) {
		one := new(big.Int).Lsh(big.NewInt(1), uint(f.mantissa))
		return one, 1<<f.exponent - 1, "overflow"
	}
	bias := 1<<(f.exponent-1) - 1
	// q = num/den * 2^two. Find e with 2^e <= q < 2^(e+1), or one less.
	e := q.num.BitLen() - q.den.BitLen() + q.two
	if e > bias+2 {
		return infinity()
	}
	if e < -bias-f.mantissa-4 {
		return new(big.Int), 0, "underflow"
	}
	if f.below(q, e) {
		e--
	}
	// The unit in the last place is 2^(e-mantissa), or that of denormals.
	unit := max(e, 1-bias) - f.mantissa
	num, den := new(big.Int).Set(q.num), new(big.Int).Set(q.den)
	if shift := q.two - unit; shift >= 0 {
		num.Lsh(num, uint(shift))
	} else {
		den.Lsh(den, uint(-shift))
	}
	n, rest := new(big.Int).QuoRem(num, den, new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(den) {
	case 1:
		n.Add(n, big.NewInt(1))
	case 0:
		if n.Bit(0) == 1 {
			n.Add(n, big.NewInt(1))
		}
	}
	if n.BitLen() > f.mantissa+1 {
		n.Rsh(n, 1)
		unit++
	}
	exponent = unit + f.mantissa + bias
	switch {
	case n.Sign() == 0:
		return n, 0, "underflow"
	case n.BitLen() <= f.mantissa:
		return n, 0, "denorm"
	case exponent >= 1<<f.exponent-1:
		return infinity()
	}
	return n, exponent, ""
}

// below reports whether q < 2^e.
func (f *floatFormat) below(q rational, e int) bool {
	num, den := new(big.Int).Set(q.num), new(big.Int).Set(q.den)
	if shift := q.two - e; shift >= 0 {
		num.Lsh(num, uint(shift))
	} else {
		den.Lsh(den, uint(-shift))
	}
	return num.Cmp(den) < 0
}

// rational is num/den * 2^two.
type rational struct {
	num, den *big.Int
	two      int
}

const (
	maxFloatText     = 10_000 // characters of one constant
	maxFloatExponent = 20_000 // beyond it every format overflows or underflows
)

// parseRational reads a constant: digits with a point and underscores, decimal
// with an exponent after e, or hexadecimal, octal or binary with a binary
// exponent after p.
func parseRational(text string, at diag.Range) (q rational, _ *diag.Message) {
	if len(text) > maxFloatText {
		return q, diag.Errorf(at, "a floating-point constant can have %d characters, and this has %d", maxFloatText, len(text))
	}
	bad := func() *diag.Message {
		return diag.Errorf(at, "'%s' is not a floating-point constant", shortened(text)).
			Notef("write for example 1.5, 1e-10 or 0x1.8p3")
	}
	s := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	bits := 0 // of one digit; 0 for decimal
	switch {
	case strings.HasPrefix(s, "$"):
		bits, s = 4, s[1:]
	case strings.HasPrefix(s, "0x"), strings.HasPrefix(s, "0h"):
		bits, s = 4, s[2:]
	case strings.HasPrefix(s, "0o"), strings.HasPrefix(s, "0q"):
		bits, s = 3, s[2:]
	case strings.HasPrefix(s, "0b"), strings.HasPrefix(s, "0y"):
		bits, s = 1, s[2:]
	case strings.HasPrefix(s, "0d"), strings.HasPrefix(s, "0t"):
		s = s[2:]
	}
	radix, letter := 10, byte('e')
	if bits > 0 {
		radix, letter = 1<<bits, 'p'
	}
	exponent := 0
	if i := strings.IndexByte(s, letter); i >= 0 {
		digits := s[i+1:]
		s = s[:i]
		if strings.Trim(digits, "+-") != "" { // nasm reads 1e and 1e+ as 1e0
			n, err := strconv.Atoi(digits)
			if err != nil {
				if strings.Trim(strings.TrimLeft(digits, "+-"), "0123456789") != "" {
					return q, bad()
				}
				n = maxFloatExponent
				if digits[0] == '-' {
					n = -n
				}
			}
			exponent = min(max(n, -maxFloatExponent), maxFloatExponent)
		}
	}
	whole, fraction, _ := strings.Cut(s, ".")
	digits := whole + fraction
	if digits == "" {
		return q, bad()
	}
	num, ok := new(big.Int).SetString(digits, radix)
	if !ok || num.Sign() < 0 || digits[0] == '+' || digits[0] == '-' {
		return q, bad()
	}
	q = rational{num: num, den: big.NewInt(1)}
	if bits > 0 {
		q.two = exponent - bits*len(fraction)
		return q, nil
	}
	ten := exponent - len(fraction)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(ten, -ten))), nil)
	if ten >= 0 {
		q.num.Mul(q.num, power)
	} else {
		q.den = power
	}
	return q, nil
}
