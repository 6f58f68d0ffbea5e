package parser

import (
	"sort"
	"strings"

	"tasm/diag"
)

// A lexer cuts the text of one file into logical lines of tokens. It knows no
// words: mnemonics, registers and keywords are all Identifiers to it.
//
// Lines without a token are passed over. What is wrong with a character or a
// string is left to whoever uses the Invalid token, because a line may stand
// in a part of the source that is not assembled.
type lexer struct {
	file diag.FileID
	text string
	pos  int
	// blanks is set where lines without tokens are wanted too.
	blanks bool
}

// byteOrderMark begins a file that some editors save as "UTF-8 with BOM". nasm
// refuses it; here it means nothing.
const byteOrderMark = "\ufeff"

// newLexer returns a lexer for the text of a file.
func newLexer(file diag.FileID, text string) *lexer {
	lx := &lexer{file: file, text: text}
	if strings.HasPrefix(text, byteOrderMark) {
		lx.pos = len(byteOrderMark)
	}
	return lx
}

// next reads the next logical line that has tokens, unless blanks is set. It uses the room that
// line.Tokens has; false means the end of the file.
func (lx *lexer) next(line *Line) bool {
	for lx.pos < len(lx.text) {
		start := lx.pos
		end := lx.lineEnd(start)
		lx.pos = end + 1
		text := lx.text[start:end]
		if continues(text) {
			lx.joined(line, start, start+len(text))
		} else {
			line.Tokens = lexLine(line.Tokens[:0], text, lx.file, int32(start))
		}
		if n := len(line.Tokens); n > 0 {
			line.Range = line.Tokens[0].Range.To(line.Tokens[n-1].Range)
			return true
		}
		if lx.blanks {
			line.Range = diag.Range{File: lx.file, Start: int32(start), End: int32(start)}
			return true
		}
	}
	line.Tokens = line.Tokens[:0]
	return false
}

// lineEnd returns where the line that starts at an offset ends: with a line feed, or, as
// in nasm, with the control character with which files of DOS end.
func (lx *lexer) lineEnd(start int) int {
	line := lx.text[start:]
	end := strings.IndexByte(line, '\n')
	if end < 0 {
		end = len(line)
	}
	if eof := strings.IndexByte(line[:end], '\x1a'); eof >= 0 {
		end = eof
	}
	return start + end
}

// lexText lexes text that does not stand in a file as such; every token gets
// the range r.
func lexText(text string, r diag.Range) []Token {
	tokens := lexLine(nil, text, r.File, 0)
	for i := range tokens {
		tokens[i].Range = r
	}
	return tokens
}

// continues reports whether a physical line ends in a backslash.
func continues(s string) bool {
	n := len(s)
	return n > 0 && (s[n-1] == '\\' || s[n-1] == '\r' && n > 1 && s[n-2] == '\\')
}

// joined reads a logical line that has continuations: backslash and line end
// vanish wherever they stand, even in a string or a comment.
func (lx *lexer) joined(line *Line, start, end int) {
	var text strings.Builder
	var from []piece
	for {
		part := lx.text[start:end]
		more := continues(part)
		if more {
			part = part[:strings.LastIndexByte(part, '\\')]
		}
		from = append(from, piece{text.Len(), start})
		text.WriteString(part)
		if !more || lx.pos >= len(lx.text) {
			break
		}
		start = lx.pos
		end = lx.lineEnd(start)
		lx.pos = end + 1
	}
	line.Tokens = lexLine(line.Tokens[:0], text.String(), lx.file, 0)
	for i := range line.Tokens {
		r := &line.Tokens[i].Range
		last := origin(from, r.End-1) // before r.Start changes
		r.Start, r.End = origin(from, r.Start), last+1
	}
}

// piece says that the joined text from at on stands in the file at source.
type piece struct{ at, source int }

// origin returns the place in the file of byte i of the joined text.
func origin(from []piece, i int32) int32 {
	k := sort.Search(len(from), func(k int) bool { return from[k].at > int(i) }) - 1
	return int32(from[k].source + int(i) - from[k].at)
}

// Classes of bytes.
const (
	isSpace   = 1 << iota // between tokens
	isIDStart             // starts a name
	isID                  // continues a name
	isDigit               // 0 to 9
	isNumber              // continues a number
	isHex                 // 0 to 9, a to f
	isQuote               // ' " `
)

var class = func() (t [256]uint8) {
	set := func(chars string, c uint8) {
		for i := 0; i < len(chars); i++ {
			t[chars[i]] |= c
		}
	}
	const digits = "0123456789"
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	set(" \t\r\v\f", isSpace)
	set(letters+"_.?@", isIDStart|isID)
	set(digits+"$#~", isID)
	set(digits, isDigit)
	set(letters+digits+"_", isNumber)
	set(digits+"abcdefABCDEF", isHex)
	set("'\"`", isQuote)
	for c := 0x80; c <= 0xFF; c++ {
		t[c] |= isIDStart | isID
	}
	return t
}()

// lexLine appends the tokens of one logical line to tokens. The line's first
// byte is byte base of the file.
func lexLine(tokens []Token, s string, file diag.FileID, base int32) []Token {
	space := false
	for i := 0; i < len(s); {
		c := s[i]
		start := i
		kind := Punctuation
		switch cl := class[c]; {
		case cl&isSpace != 0:
			space = true
			i++
			continue
		case cl&isIDStart != 0:
			kind = Identifier
			i = skip(s, i+1, isID)
			if i == start+1 && c == '?' {
				kind = Punctuation
			}
		case cl&isDigit != 0:
			kind, i = scanNumber(s, i)
		case cl&isQuote != 0:
			kind, i = scanString(s, i)
		case c == ';':
			return tokens
		case c == '$':
			switch next := byteAt(s, i+1); {
			case class[next]&isIDStart != 0:
				kind, i = Identifier, skip(s, i+2, isID)
			case class[next]&isDigit != 0:
				kind, i = scanNumber(s, i)
			case next == '$':
				i += 2
			default:
				i++
			}
		case c == '%':
			kind, i = scanPercent(s, i)
		default:
			kind, i = scanOperator(s, i)
		}
		tokens = append(tokens, Token{
			Kind:  kind,
			Space: space,
			Text:  s[start:i],
			Range: diag.Range{File: file, Start: base + int32(start), End: base + int32(i)},
		})
		space = false
	}
	return tokens
}

// byteAt returns s[i], or 0 behind the end.
func byteAt(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

// skip returns the first index from i on whose byte is not of class c.
func skip(s string, i int, c uint8) int {
	for i < len(s) && class[s[i]]&c != 0 {
		i++
	}
	return i
}

// scanNumber finds the end of a number. As in nasm, letters and digits run on
// until something else, so that 12xyz is one (wrong) number; a point belongs
// to it unless a name follows, as in "1.nolist".
func scanNumber(s string, i int) (Kind, int) {
	start := i
	hex, float, exponent := false, false, false
	if s[i] == '$' {
		hex = true
		i++
	}
loop:
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case !hex && c|0x20 == 'e':
			exponent = true
			// A sign can follow only the exponent of a floating-point number.
			if next := byteAt(s, i+1); next == '+' || next == '-' {
				float = true
				i++
			}
		case c|0x20 == 'h' || c|0x20 == 'x':
			hex = true
		case c|0x20 == 'p':
			float = true
			if next := byteAt(s, i+1); next == '+' || next == '-' {
				i++
			}
		case c == '.':
			k := i + 1
			for byteAt(s, k) == '_' {
				k++
			}
			next := byteAt(s, k)
			if class[next]&isID != 0 && class[next]&isDigit == 0 && !(hex && class[next]&isHex != 0) && !(!hex && next|0x20 == 'e') && next|0x20 != 'p' {
				break loop
			}
			float = true
		case class[c]&isNumber == 0:
			break loop
		}
	}
	if float || exponent && !hex {
		return Float, i
	}
	if i == start+1 && s[start] == '$' {
		return Punctuation, i
	}
	return Number, i
}

// scanString finds the closing quote. In backquotes a backslash takes the next
// character along.
func scanString(s string, i int) (Kind, int) {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch {
		case s[i] == quote:
			return String, i + 1
		case s[i] == '\\' && quote == '`':
			i++
		}
	}
	return Invalid, len(s)
}

// scanPercent reads what starts with a percent sign: a word of the
// preprocessor, or the operator % or %% if it can be no such word.
func scanPercent(s string, i int) (Kind, int) {
	next, after := byteAt(s, i+1), byteAt(s, i+2)
	switch {
	case next == '+' && class[after]&isDigit == 0, next == ',':
		return Directive, i + 2
	case (next == '-' || next == '+') && class[after]&isDigit != 0:
		return Directive, skip(s, i+2, isDigit)
	case class[next]&isDigit != 0:
		return Directive, skip(s, i+1, isDigit)
	case next == '{':
		if n := strings.IndexByte(s[i:], '}'); n >= 0 {
			return Directive, i + n + 1
		}
		return Invalid, len(s)
	case next == '[':
		return scanIndirect(s, i)
	case next == '?':
		if after == '?' {
			return Directive, i + 3
		}
		return Directive, i + 2
	case next == '*' && after == '?':
		if byteAt(s, i+3) == '?' {
			return Directive, i + 4
		}
		return Directive, i + 3
	case next == '!':
		if class[after]&isQuote != 0 {
			kind, end := scanString(s, i+2)
			if kind == Invalid {
				return Invalid, end
			}
			return Directive, end
		}
		return Directive, skip(s, i+2, isID)
	case next == '%':
		if class[after]&isID != 0 {
			return Directive, skip(s, i+2, isID)
		}
		return Punctuation, i + 2
	}
	if class[next]&isID != 0 {
		return Directive, skip(s, i+1, isID)
	}
	return Punctuation, i + 1
}

// scanIndirect finds the end of %[...], which may be nested and hold strings.
func scanIndirect(s string, i int) (Kind, int) {
	level := 1
	for i += 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == ']':
			if level--; level == 0 {
				return Directive, i + 1
			}
		case c == '%' && byteAt(s, i+1) == '[':
			level++
			i++
		case class[c]&isQuote != 0:
			kind, end := scanString(s, i)
			if kind == Invalid {
				return Invalid, end
			}
			i = end - 1
		}
	}
	return Invalid, len(s)
}

// scanOperator reads an operator or delimiter, the longest that fits.
func scanOperator(s string, i int) (Kind, int) {
	next := byteAt(s, i+1)
	switch c := s[i]; c {
	case '+', '-', '*', '(', ')', '[', ']', ',', ':', '~', '{', '}':
		return Punctuation, i + 1
	case '/', '|', '^', '&', '=':
		if next == c {
			return Punctuation, i + 2
		}
		return Punctuation, i + 1
	case '!':
		if next == '=' {
			return Punctuation, i + 2
		}
		return Punctuation, i + 1
	case '<', '>':
		switch {
		case next == c:
			if byteAt(s, i+2) == c {
				return Punctuation, i + 3
			}
			return Punctuation, i + 2
		case next == '=' && c == '<' && byteAt(s, i+2) == '>':
			return Punctuation, i + 3
		case next == '=', c == '<' && next == '>':
			return Punctuation, i + 2
		}
		return Punctuation, i + 1
	}
	return Invalid, i + 1
}
