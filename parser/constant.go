package parser

import (
	"math/bits"
	"unicode/utf8"
)

// radixOf returns the radix that a letter stands for in 0x... and ...h, or 0.
func radixOf(c byte) uint64 {
	switch c | 0x20 {
	case 'b', 'y':
		return 2
	case 'o', 'q':
		return 8
	case 'd', 't':
		return 10
	case 'h', 'x':
		return 16
	}
	return 0
}

// parseNumber returns the value of an integer constant in any of nasm's
// notations (nasm manual, 3.4.1): its low 64 bits, and whether there were more.
// When prefix and suffix both look like a radix, the larger one is meant:
// 0b1h is 0xB1, 0x1b is 0x1B. bad is the index of the first wrong character,
// or -1.
func parseNumber(text string) (n uint64, wide bool, bad int) {
	first, last := 0, len(text)
	var prefix, suffix uint64
	skip := 0
	switch {
	case len(text) > 2 && text[0] == '0' && radixOf(text[1]) != 0:
		prefix, skip = radixOf(text[1]), 2
	case len(text) > 1 && text[0] == '$':
		prefix, skip = 16, 1
	}
	if len(text) > 1 {
		suffix = radixOf(text[last-1])
	}
	radix := uint64(10)
	switch {
	case prefix > suffix:
		radix, first = prefix, skip
	case suffix > prefix:
		radix, last = suffix, last-1
	}
	for i := first; i < last; i++ {
		c := text[i]
		if c == '_' {
			continue
		}
		digit := uint64(c - '0')
		if digit > 9 {
			digit = uint64(c|0x20-'a') + 10
		}
		if digit >= radix {
			return 0, false, i
		}
		high, low := bits.Mul64(n, radix)
		sum, carry := bits.Add64(low, digit, 0)
		wide = wide || high+carry != 0
		n = sum
	}
	return n, wide, -1
}

// unquote returns the bytes of a String token: quotes removed, escapes between
// backquotes resolved (nasm manual, 3.4.2).
func unquote(text string) string {
	inner := text[1 : len(text)-1]
	if text[0] != '`' {
		return inner
	}
	i := 0
	for i < len(inner) && inner[i] != '\\' {
		i++
	}
	if i == len(inner) {
		return inner
	}
	out := append(make([]byte, 0, len(inner)), inner[:i]...)
	for i < len(inner) {
		c := inner[i]
		i++
		if c != '\\' || i == len(inner) {
			out = append(out, c)
			continue
		}
		c = inner[i]
		i++
		switch c {
		case 'a':
			out = append(out, 7)
		case 'b':
			out = append(out, 8)
		case 't':
			out = append(out, 9)
		case 'n':
			out = append(out, 10)
		case 'v':
			out = append(out, 11)
		case 'f':
			out = append(out, 12)
		case 'r':
			out = append(out, 13)
		case 'e':
			out = append(out, 27)
		case 'x', 'u', 'U':
			most := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			n, digits := digitsAt(inner[i:], 16, most)
			i += digits
			switch {
			case digits == 0:
				out = append(out, c)
			case c == 'x':
				out = append(out, byte(n))
			default:
				out = appendUTF8(out, n)
			}
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n, digits := digitsAt(inner[i-1:], 8, 3)
			i += digits - 1
			out = append(out, byte(n))
		default: // the quotes, \\, \?, and everything without a meaning
			out = append(out, c)
		}
	}
	return string(out)
}

// digitsAt reads up to most digits at the start of s.
func digitsAt(s string, radix uint32, most int) (n uint32, digits int) {
	for digits < most && digits < len(s) {
		c := s[digits]
		d := uint32(c - '0')
		if d > 9 {
			d = uint32(c|0x20-'a') + 10
		}
		if c < '0' || c > '9' && c < 'A' || d >= radix {
			break
		}
		n = n*radix + d
		digits++
	}
	return n, digits
}

// appendUTF8 appends the encoding of a character; surrogates and what lies
// beyond Unicode are encoded by the same scheme, as nasm does.
func appendUTF8(out []byte, n uint32) []byte {
	if n < 0x110000 && (n < 0xD800 || n > 0xDFFF) {
		return utf8.AppendRune(out, rune(n))
	}
	tail := func(shift int) byte { return 0x80 | byte(n>>shift)&0x3F }
	switch {
	case n < 0x10000:
		return append(out, 0xE0|byte(n>>12), tail(6), tail(0))
	case n < 0x200000:
		return append(out, 0xF0|byte(n>>18), tail(12), tail(6), tail(0))
	case n < 0x4000000:
		return append(out, 0xF8|byte(n>>24), tail(18), tail(12), tail(6), tail(0))
	case n < 0x80000000:
		return append(out, 0xFC|byte(n>>30), tail(24), tail(18), tail(12), tail(6), tail(0))
	}
	return append(out, 0xFE, tail(24), tail(18), tail(12), tail(6), tail(0))
}
