package diag

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A cell is what one character of a source line becomes on the screen.
type cell struct {
	text  string
	width int // columns of a terminal
	size  int // bytes in the source
}

// tabStop is the distance of tab stops on nearly every terminal.
const tabStop = 8

// nextCell shows the first character of s, which stands at the given screen
// column. Whatever could drive a terminal (control characters, changes of the
// writing direction) or mislead the eye (zero-width and unusual blanks, bytes
// that are not UTF-8) is written as an escape.
func nextCell(s []byte, column int) cell {
	r, size := utf8.DecodeRune(s)
	switch {
	case r == '\t':
		n := tabStop - column%tabStop
		return cell{strings.Repeat(" ", n), n, size}
	case r == utf8.RuneError && size == 1:
		return escaped(fmt.Sprintf(`\x%02x`, s[0]), size)
	case !strconv.IsPrint(r):
		return escaped(strings.Trim(strconv.QuoteRuneToASCII(r), "'"), size)
	}
	return cell{string(s[:size]), runeWidth(r), size}
}

func escaped(text string, size int) cell { return cell{text, len(text), size} }

// wideScripts are the scripts whose characters take two columns.
var wideScripts = []*unicode.RangeTable{unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Yi}

// wideBlocks are further blocks of such characters (Unicode, EastAsianWidth).
var wideBlocks = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1}, // radicals, CJK punctuation
		{Lo: 0xff01, Hi: 0xff60, Stride: 1}, // full-width forms
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, // pictographs
		{Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1faff, Stride: 1},
	},
}

// halfWidthKana are characters of a wide script that take one column.
func halfWidthKana(r rune) bool { return 0xff61 <= r && r <= 0xffdc }

// runeWidth returns how many columns of a terminal r takes.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case halfWidthKana(r):
		return 1
	case unicode.Is(wideBlocks, r) || unicode.In(r, wideScripts...):
		return 2
	}
	return 1
}

// printable returns s as it can be shown on one line of a terminal.
func printable(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = ' ' <= s[i] && s[i] < 0x7f
	}
	if plain {
		return s
	}
	var b strings.Builder
	for rest := []byte(s); len(rest) > 0; {
		c := nextCell(rest, 0)
		if rest[0] == '\t' {
			c.text = " "
		}
		b.WriteString(c.text)
		rest = rest[c.size:]
	}
	return b.String()
}
