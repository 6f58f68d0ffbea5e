package oci

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The JSON of an image is written here and not by encoding/json: its bytes
// decide the image's digest, must be as few as possible (encoding/json writes
// < > & as six bytes each) and the same under every toolchain. A value is its
// text; the empty value stands for one that is left out.
type value string

// member is a name with a value in an object.
type member struct {
	name  string
	value value
}

// object writes the members that have a value, in the order given.
func object(members ...member) value {
	var b strings.Builder
	for _, m := range members {
		if m.value == "" {
			continue
		}
		b.WriteByte("{,"[min(b.Len(), 1)])
		b.WriteString(string(text(m.name)))
		b.WriteByte(':')
		b.WriteString(string(m.value))
	}
	if b.Len() == 0 {
		return "{}"
	}
	return value(b.String() + "}")
}

func array(values ...value) value {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = string(v)
	}
	return value("[" + strings.Join(parts, ",") + "]")
}

// texts writes a list of strings, or nothing if it is empty.
func texts(list []string) value {
	if len(list) == 0 {
		return ""
	}
	values := make([]value, len(list))
	for i, s := range list {
		values[i] = text(s)
	}
	return array(values...)
}

// optional writes a string, or nothing if it is empty.
func optional(s string) value {
	if s == "" {
		return ""
	}
	return text(s)
}

func number(n int) value { return value(strconv.Itoa(n)) }

// shortEscapes are the control characters with an escape of two bytes
// (RFC 8259 section 7).
var shortEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

// text writes a string with the escapes that JSON demands and no others. The
// string must be valid UTF-8, as Spec's checks see to.
func text(s string) value {
	if !utf8.ValidString(s) {
		panic("oci: JSON text is not valid UTF-8")
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if esc, ok := shortEscapes[r]; ok {
			b.WriteString(esc)
		} else if r < ' ' {
			b.WriteString(`\u00`)
			b.WriteByte("0123456789abcdef"[r>>4])
			b.WriteByte("0123456789abcdef"[r&15])
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return value(b.String())
}
