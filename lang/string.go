package lang

import (
	"cmp"
	"maps"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"tasm/diag"
)

// stringFunctions turn a string in UTF-8 into another encoding (nasm manual,
// 3.4.5).
var stringFunctions = map[string]func(string) string{
	"utf16":   utf16le,
	"utf16le": utf16le,
	"utf16be": utf16be,
	"utf32":   utf32le,
	"utf32le": utf32le,
	"utf32be": utf32be,
}

// StringOf returns the bytes that e stores as an item of DB and its sisters, as nasm
// does even where it is wrong if asNasm is set; ok is false when e is no string.
func StringOf(e Expr, asNasm bool) (s string, ok bool, _ *diag.Message) {
	switch e := e.(type) {
	case *String:
		return e.Bytes, true, nil
	case *Call:
		encode, isString := stringFunctions[e.Name]
		if !isString {
			return "", false, nil
		}
		arg, isString := e.Arg.(*String)
		if !isString {
			return "", false, diag.Errorf(e.Arg.Span(), "__?%s?__ needs a string", e.Name).
				Notef("for example __?%s?__('text')", e.Name)
		}
		if !utf8.ValidString(arg.Bytes) {
			return "", false, diag.Errorf(arg.Range, "this string is not valid UTF-8").
				Notef("save the source as UTF-8, or write the character as `\\u00e9`")
		}
		if asNasm && e.Name == "utf16be" {
			encode = nasm16be
		}
		return encode(arg.Bytes), true, nil
	}
	return "", false, nil
}

func utf16le(s string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

func utf16be(s string) string { return bigEndian(utf16.Encode([]rune(s))) }

// nasm16be is utf16be with the halves of a pair of surrogates in nasm's order: the
// lower one first.
func nasm16be(s string) string {
	units := utf16.Encode([]rune(s))
	for i := 0; i+1 < len(units); i++ {
		if utf16.IsSurrogate(rune(units[i])) {
			units[i], units[i+1] = units[i+1], units[i]
			i++
		}
	}
	return bigEndian(units)
}

func bigEndian(units []uint16) string {
	var out []byte
	for _, u := range units {
		out = append(out, byte(u>>8), byte(u))
	}
	return string(out)
}

func utf32le(s string) string {
	var out []byte
	for _, r := range s {
		out = append(out, byte(r), byte(r>>8), byte(r>>16), byte(r>>24))
	}
	return string(out)
}

func utf32be(s string) string {
	var out []byte
	for _, r := range s {
		out = append(out, byte(r>>24), byte(r>>16), byte(r>>8), byte(r))
	}
	return string(out)
}

// sortedKeys returns the keys of m in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
