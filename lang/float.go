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

// Rounding says which of two neighbours a floating-point constant between them becomes.
type Rounding uint8

const (
	ToNearest Rounding = iota // to the even one of two that are equally near
	Up
	Down
	ToZero
)

// String is how FLOAT names it.
func (r Rounding) String() string { return [...]string{"near", "up", "down", "zero"}[r&3] }

// FloatMode says how floating-point constants are stored (nasm manual, 7.10).
type FloatMode struct {
	Rounding         Rounding
	DenormalsAreZero bool
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
// its sisters; ok is false when e is no floating-point constant. What is too large
// becomes infinity (FloatWarning tells).
func FloatOf(e Expr, width int, mode FloatMode) (b []byte, ok bool, _ *diag.Message) {
	c, ok, m := floatItem(e, width, mode)
	return c.bytes, ok, m
}

// FloatWarning returns a warning where FloatOf could not represent e as it is
// meant, or nil.
func FloatWarning(e Expr, width int) *diag.Message {
	c, ok, m := floatItem(e, width, FloatMode{})
	if !ok || m != nil || c.trouble == "" {
		return nil
	}
	text, _, _ := floatConstant(e)
	return diag.Warningf("float-"+c.trouble, e.Span(), "%s in floating-point constant: %s does not fit %d bytes", c.trouble, shortened(text), width)
}

func floatItem(e Expr, width int, mode FloatMode) (c converted, ok bool, _ *diag.Message) {
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
	c, m := format.convert(text, negative, e.Span(), mode)
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
func (f *floatFormat) convert(text string, negative bool, at diag.Range, mode FloatMode) (converted, *diag.Message) {
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
		q, m := parseReal(text, at)
		if m != nil {
			return converted{}, m
		}
		fraction, exponent, trouble = f.round(q, mode.away(negative))
		if exponent == 0 && mode.DenormalsAreZero {
			fraction.SetInt64(0)
		}
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

// direction is which way what lies between two numbers is rounded.
type direction uint8

const (
	nearest direction = iota
	towardsZero
	awayFromZero // from half of the distance on, as nasm does it
)

// away is the direction in which a number of the given sign is rounded.
func (m FloatMode) away(negative bool) direction {
	switch {
	case m.Rounding == ToNearest:
		return nearest
	case m.Rounding == ToZero || (m.Rounding == Up) == negative:
		return towardsZero
	}
	return awayFromZero
}

// round returns the fraction, leading 1 included, and the biased exponent of
// the number that q, which is not negative, becomes.
func (f *floatFormat) round(q real, to direction) (fraction *big.Int, exponent int, trouble string) {
	if q.n.Sign() == 0 {
		return new(big.Int), 0, ""
	}
	infinity := func() (*big.Int, int, string) {
		one := new(big.Int).Lsh(big.NewInt(1), uint(f.mantissa))
		return one, 1<<f.exponent - 1, "overflow"
	}
	bias := 1<<(f.exponent-1) - 1
	e := q.n.BitLen() - 1 + q.two // 2^e <= q < 2^(e+1)
	switch {
	case e > bias+1:
		return infinity()
	case e < -bias-f.mantissa: // less than half of the smallest number: zero, however it is rounded
		return new(big.Int), 0, "underflow"
	}
	// The unit in the last place is 2^(e-mantissa), or that of denormals.
	unit := max(e, 1-bias) - f.mantissa
	n := new(big.Int)
	if shift := unit - q.two; shift <= 0 {
		n.Lsh(q.n, uint(-shift))
	} else {
		n.Rsh(q.n, uint(shift))
		rest := new(big.Int).Sub(q.n, new(big.Int).Lsh(n, uint(shift)))
		half := rest.Cmp(new(big.Int).Lsh(big.NewInt(1), uint(shift-1)))
		if to != towardsZero && half > 0 || half == 0 && (to == awayFromZero || to == nearest && n.Bit(0) == 1) {
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
	case exponent > 1<<f.exponent-1:
		return infinity()
	case exponent == 1<<f.exponent-1:
		return n, exponent, "overflow" // as nasm has it, which keeps the fraction: infinity only where that is 0
	}
	return n, exponent, ""
}

// real is n * 2^two.
type real struct {
	n   *big.Int
	two int
}

const (
	maxFloatText     = 10_000 // characters of one constant
	maxFloatExponent = 20_000 // beyond it every format overflows or underflows
)

// parseReal reads a constant: digits with a point and underscores, decimal
// with an exponent after e, or hexadecimal, octal or binary with a binary
// exponent after p.
func parseReal(text string, at diag.Range) (q real, _ *diag.Message) {
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
		if bits == 0 || strings.IndexByte(strings.ToLower(text), letter) < 0 {
			return q, bad()
		}
		digits = "0" // nasm reads 0xp5 as zero
	}
	num, ok := new(big.Int).SetString(digits, radix)
	if !ok || num.Sign() < 0 || digits[0] == '+' || digits[0] == '-' {
		return q, bad()
	}
	if bits > 0 {
		return real{num, exponent - bits*len(fraction)}, nil
	}
	return decimal(digits, len(whole)+exponent), nil
}

// Decimal constants are computed as nasm does it: from so many digits, in so many
// bits, what is beyond them cut off (asm/floats.c). A number exactly between two
// others therefore becomes the lower one.
const (
	decimalDigits = 52
	decimalBits   = 192
)

// decimal is the number 0.digits * 10^ten.
func decimal(digits string, ten int) real {
	for digits != "" && digits[0] == '0' {
		digits = digits[1:]
		ten--
	}
	if len(digits) > decimalDigits {
		digits = digits[:decimalDigits]
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return real{new(big.Int), 0}
	}
	// 0.digits with decimalBits bits from its first 1 on.
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(digits))), nil)
	shift := decimalBits + scale.BitLen() - n.BitLen()
	n.Lsh(n, uint(shift)).Quo(n, scale)
	q := real{n, -shift}
	q.cut()
	// Times ten^ten, the factors of 5 by squaring.
	q.two += ten
	power := real{big.NewInt(5), 0}
	if ten < 0 {
		ten = -ten
		ones := new(big.Int).Lsh(big.NewInt(1), decimalBits)
		power = real{ones.Lsh(ones, 2).Quo(ones, big.NewInt(5)), -decimalBits - 2} // 1/5
		power.cut()
	}
	for ; ten > 0; ten >>= 1 {
		if ten&1 != 0 {
			q.n.Mul(q.n, power.n)
			q.two += power.two
			q.cut()
		}
		power = real{new(big.Int).Mul(power.n, power.n), 2 * power.two}
		power.cut()
	}
	return q
}

// cut takes away the bits that are too many.
func (q *real) cut() {
	if over := q.n.BitLen() - decimalBits; over > 0 {
		q.n.Rsh(q.n, uint(over))
		q.two += over
	}
}
