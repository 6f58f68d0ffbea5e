package parser

import (
	"strconv"
	"strings"

	"tasm/diag"
)

// numberTokens writes n as tokens.
func numberTokens(n int64, r diag.Range) []Token {
	if n >= 0 {
		return []Token{{Kind: Number, Text: strconv.FormatInt(n, 10), Range: r}}
	}
	return []Token{
		{Kind: Punctuation, Text: "-", Range: r},
		{Kind: Number, Text: strconv.FormatUint(-uint64(n), 10), Range: r},
	}
}

// stringToken writes s as a string constant.
func stringToken(s string, r diag.Range) Token {
	return Token{Kind: String, Text: Quote(s), Range: r}
}

// unquoted is the contents of text if that is a string constant, else text.
func unquoted(text string) string {
	if n := len(text); n >= 2 && text[0] == text[n-1] && strings.IndexByte("'\"`", text[0]) >= 0 {
		return unquote(text)
	}
	return text
}

// environment returns the value of the environment variable that %!name names.
func (p *preprocessor) environment(t Token) (Token, bool) {
	name := unquoted(strings.TrimPrefix(bare(t.Text), "!"))
	value, ok := p.host.environ(name)
	if !ok {
		p.report(diag.Warningf("pp-environment", t.Range, "there is no environment variable '%s'", shown(name)))
		return t, false
	}
	p.raw = true
	t.Kind, t.Text = rawText, value
	return t, p.charge(1+len(value)/32, t.Range)
}

// assign obeys %assign.
func (p *preprocessor) assign(d *command, fold bool) {
	name, ok := d.macroName()
	if !ok {
		return
	}
	if n, ok := p.evaluate(p.expand(d.args), d.name.Text, d.name.Range); ok {
		p.defineAs(name, fold, numberTokens(n, name.Range))
	}
}

// defineString obeys %defstr.
func (p *preprocessor) defineString(d *command, fold bool) {
	if name, ok := d.macroName(); ok {
		text := detokenize(p.expand(d.args))
		if p.trailing && text != "" {
			text += " "
		}
		p.defineTextAs(name, fold, text)
	}
}

// defineTextAs defines a macro that stands for a string.
func (p *preprocessor) defineTextAs(name Token, fold bool, s string) {
	if len(s) > p.limits.text {
		p.giveUp(name.Range, "this makes a string of more than %d bytes", p.limits.text)
		return
	}
	p.store(len(s)/32, name.Range)
	p.defineAs(name, fold, []Token{stringToken(s, name.Range)})
}

// str takes a string argument off the front of tokens.
func (p *preprocessor) str(d *command, tokens []Token) (s string, rest []Token, ok bool) {
	if len(tokens) == 0 || tokens[0].Kind != String && tokens[0].Kind != rawText {
		m := diag.Errorf(argRange(tokens, d.name.Range), "%s needs a string", d.name.Text)
		if len(tokens) > 0 && tokens[0].Kind == Identifier {
			m.Notef("is %s meant as a macro? There is none of that name", tokens[0].describe())
		}
		p.report(m)
		return "", nil, false
	}
	if tokens[0].Kind == rawText {
		return tokens[0].Text, tokens[1:], true
	}
	return unquote(tokens[0].Text), tokens[1:], true
}

// defineTokens obeys %deftok: a string becomes the tokens that it spells.
func (p *preprocessor) defineTokens(d *command, fold bool) {
	name, ok := d.macroName()
	if !ok {
		return
	}
	tokens := p.expand(d.args)
	s, rest, ok := p.str(d, tokens)
	if !ok {
		return
	}
	d.args = rest
	d.end()
	p.defineAs(name, fold, p.relex(s, tokens[0].Range, false))
}

// strlen obeys %strlen.
func (p *preprocessor) strlen(d *command, fold bool) {
	name, ok := d.macroName()
	if !ok {
		return
	}
	if s, rest, ok := p.str(d, p.expand(d.args)); ok {
		d.args = rest
		d.end()
		p.defineAs(name, fold, numberTokens(int64(len(s)), name.Range))
	}
}

// strcat obeys %strcat.
func (p *preprocessor) strcat(d *command, fold bool) {
	name, ok := d.macroName()
	if !ok {
		return
	}
	var b strings.Builder
	for tokens := p.expand(d.args); len(tokens) > 0; {
		if tokens[0].is(",") {
			tokens = tokens[1:]
			continue
		}
		s, rest, ok := p.str(d, tokens)
		if !ok {
			return
		}
		b.WriteString(s)
		tokens = rest
	}
	p.defineTextAs(name, fold, b.String())
}

// substr obeys %substr name string start[,count]. Places count from 1; a
// negative count is counted from the end of the string.
func (p *preprocessor) substr(d *command, fold bool) {
	name, ok := d.macroName()
	if !ok {
		return
	}
	s, tokens, ok := p.str(d, p.expand(d.args))
	if !ok {
		return
	}
	if len(tokens) > 0 && tokens[0].is(",") {
		tokens = tokens[1:]
	}
	start, tokens, ok := p.evaluateFirst(tokens, d.name.Text, d.name.Range)
	if !ok {
		return
	}
	count := int64(1)
	if len(tokens) > 1 {
		// As in nasm, any single token separates the numbers.
		if count, ok = p.evaluate(tokens[1:], d.name.Text, d.name.Range); !ok {
			return
		}
	}
	p.defineTextAs(name, fold, substring(s, start, count))
}

// substring is what %substr means by its numbers. A start before the string is
// its first byte.
func substring(s string, start, count int64) string {
	n := int64(len(s))
	start = max(start, 1)
	if start > n {
		return ""
	}
	start--
	if count < 0 {
		if count < -n {
			return ""
		}
		count += n + 1 - start
	}
	if count < 0 {
		return ""
	}
	return s[start:min(start+min(count, n), n)]
}
