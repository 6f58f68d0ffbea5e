package parser

import (
	"strconv"
	"strings"

	"tasm/diag"
)

// rawText is the kind of a token that holds text of any form, as an
// environment variable has it; it is lexed only where the grammar would see it.
const rawText Kind = 200

// detokenize writes tokens as text, white space reduced to single blanks.
func detokenize(tokens []Token) string {
	switch len(tokens) {
	case 0:
		return ""
	case 1:
		return tokens[0].Text
	}
	var b strings.Builder
	for i := range tokens {
		if i > 0 && tokens[i].Space {
			b.WriteByte(' ')
		}
		b.WriteString(tokens[i].Text)
	}
	return b.String()
}

// Quote writes s as a string constant in the quotes that nasm would choose.
func Quote(s string) string {
	single, double, plain := false, false, true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			single = true
		case c == '"':
			double = true
		case c < ' ' || c > '~':
			plain = false
		}
	}
	switch {
	case plain && !single:
		return "'" + s + "'"
	case plain && !double:
		return `"` + s + `"`
	}
	var b strings.Builder
	b.WriteByte('`')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if e := strings.IndexByte("\a\b\t\n\v\f\r\x1b`\\", c); e >= 0 {
			b.WriteByte('\\')
			b.WriteByte("abtnvfre`\\"[e])
			continue
		}
		if c >= ' ' && c <= '~' {
			b.WriteByte(c)
			continue
		}
		// In octal, with all three digits where one follows.
		digits := 3
		if i+1 >= len(s) || s[i+1] < '0' || s[i+1] > '7' {
			for digits > 1 && c>>(3*(digits-1)) == 0 {
				digits--
			}
		}
		b.WriteByte('\\')
		for ; digits > 0; digits-- {
			b.WriteByte('0' + c>>(3*(digits-1))&7)
		}
	}
	b.WriteByte('`')
	return b.String()
}

// wordlike reports whether a token of kind k, written right beside another
// such, makes one word with it.
func wordlike(k Kind) bool { return k == Identifier || k == Number || k == Float }

// pasted reports whether t, which stands right behind before, makes one word
// with it. The name of a context's macro does so once it has been looked up.
func pasted(before, t *Token, expanded bool) bool {
	switch {
	case t.Space:
		return false
	case wordlike(t.Kind):
		return wordlike(before.Kind) ||
			before.Kind == Punctuation && (before.Text == "?" || before.Text == "$") ||
			expanded && before.Kind == Directive && contextLevel(before.Text) > 0
	}
	return before.Kind == Identifier && (t.is("?") || !expanded && (t.is("$") || t.is("$$") || t.is("~")))
}

// exponent reports whether tokens, which begin with a word, are a number in
// three parts: 1e, + or -, 36.
func exponent(tokens []Token) bool {
	if len(tokens) < 3 || !tokens[1].is("+") && !tokens[1].is("-") || tokens[1].Space || tokens[2].Space ||
		tokens[2].Kind != Number || tokens[0].Kind != Number && tokens[0].Kind != Float {
		return false
	}
	switch first := tokens[0].Text; first[len(first)-1] | 0x20 {
	case 'e', 'p':
	default:
		return false
	}
	whole := lexLine(nil, tokens[0].Text+tokens[1].Text+tokens[2].Text, 0, 0)
	return len(whole) == 1 && whole[0].Kind == Float
}

// relex lexes text that stands for something at r. The first token takes the
// given Space.
func (p *preprocessor) relex(text string, r diag.Range, space bool) []Token {
	if len(text) > p.limits.text {
		p.giveUp(r, "this makes a word of more than %d bytes", p.limits.text)
		return nil
	}
	tokens := lexText(text, r)
	if !p.charge(len(tokens)+len(text)/32, r) {
		return nil
	}
	if len(tokens) > 0 {
		tokens[0].Space = space
	}
	return tokens
}

// paste returns the tokens that the texts of a and b make when written as one.
func (p *preprocessor) paste(a, b Token) []Token {
	r := a.Range
	if a.Range.File == b.Range.File && a.Range.End == b.Range.Start {
		r = a.Range.To(b.Range)
	}
	if a.Kind == Identifier && (b.Kind == Identifier || b.Kind == Number) && len(a.Text)+len(b.Text) <= p.limits.text {
		p.charge(1+(len(a.Text)+len(b.Text))/32, r)
		return []Token{{Kind: Identifier, Space: a.Space, Text: a.Text + b.Text, Range: r}}
	}
	return p.relex(a.Text+b.Text, r, a.Space)
}

// join is the pasting that follows substitution and expansion: it makes one
// word of words that have come to stand side by side and, if explicit is set,
// obeys %+. It returns tokens themselves, and false, when there is nothing to
// paste.
func (p *preprocessor) join(tokens []Token, explicit bool) ([]Token, bool) {
	first := -1
	for i := range tokens {
		t := &tokens[i]
		if explicit && isPaste(t) || i > 0 && (pasted(&tokens[i-1], t, explicit) || t.Kind == Punctuation && exponent(tokens[i-1:])) {
			first = i
			break
		}
	}
	if first < 0 {
		return tokens, false
	}
	out := append(make([]Token, 0, len(tokens)), tokens[:first]...)
	for i := first; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case explicit && isPaste(&t):
			for i+1 < len(tokens) && isPaste(&tokens[i+1]) {
				i++
			}
			if i+1 == len(tokens) {
				break
			}
			i++
			if t = tokens[i]; len(out) == 0 {
				out = append(out, t)
				break
			}
			last := out[len(out)-1]
			out = append(out[:len(out)-1], p.paste(last, t)...)
		case len(out) > 0 && pasted(&out[len(out)-1], &t, explicit):
			last := out[len(out)-1]
			out = append(out[:len(out)-1], p.paste(last, t)...)
		case len(out) > 0 && t.Kind == Punctuation && i+1 < len(tokens) && exponent([]Token{out[len(out)-1], t, tokens[i+1]}):
			last := out[len(out)-1]
			t.Text += tokens[i+1].Text
			out = append(out[:len(out)-1], p.paste(last, t)...)
			i++
		default:
			out = append(out, t)
		}
	}
	return out, true
}

func isPaste(t *Token) bool { return t.Kind == Directive && (t.Text == "%+" || t.Text == "%{+}") }

// finish makes of a line's tokens what the grammar can read: names of a
// context become labels of their own, raw text is lexed.
func (p *preprocessor) finish(tokens []Token) []Token {
	change := false
	for i := range tokens {
		if t := &tokens[i]; t.Kind == rawText || t.Kind == Directive && contextLevel(t.Text) > 0 {
			change = true
			break
		}
	}
	if !change {
		return tokens
	}
	out := make([]Token, 0, len(tokens))
	for _, t := range tokens {
		switch {
		case t.Kind == rawText:
			out = append(out, p.relex(t.Text, t.Range, t.Space)...)
		case t.Kind == Directive && contextLevel(t.Text) > 0:
			if c, name := p.contextOf(t); c != nil {
				t.Kind, t.Text = Identifier, c.label(name)
			} else {
				t.Kind, t.Text = Identifier, "..@"+name
			}
			out = append(out, t)
		default:
			out = append(out, t)
		}
	}
	out, _ = p.join(out, false)
	return out
}

// plural counts a noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// joined is the text of tokens without blanks.
func joined(tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Text)
	}
	return b.String()
}
