package parser

import (
	"strconv"
	"strings"

	"tasm/diag"
)

// substitute replaces what a line says about the macro call that it is part of
// (%1, %{1:2}, %0, %00, %+1, %%label, %?) and what needs no macro: %[...] and
// %!VARIABLE. All other Directive tokens stay.
func (p *preprocessor) substitute(tokens []Token) []Token {
	first := -1
	for i := range tokens {
		if t := &tokens[i]; t.Kind == Directive && p.substitutable(t.Text) {
			first = i
			break
		}
	}
	if first < 0 {
		return tokens
	}
	buffer := p.scratch
	p.scratch = nil // %[...] below needs another
	out := append(buffer[:0], tokens[:first]...)
	space := false // stood before what has become nothing
	for _, t := range tokens[first:] {
		t.Space = t.Space || space
		space = false
		before := len(out)
		switch {
		case t.Kind != Directive:
			out = append(out, t)
			continue
		case t.Text[1] == '[':
			if p.nesting++; p.nesting > p.limits.nesting {
				p.giveUp(t.Range, "%s is nested more than %d deep", "%[", p.limits.nesting)
			} else {
				out = append(out, p.expand(p.substitute(p.indirect(t)))...)
			}
			p.nesting--
		default:
			out = p.replaceToken(out, t)
		}
		if len(out) > before {
			out[before].Space = t.Space
		} else {
			space = t.Space
		}
		if len(out) > p.limits.line {
			p.tooLong(t.Range)
		}
		if !p.charge(len(out)-before, t.Range) {
			return nil
		}
	}
	p.trailing = space && p.nesting == 0
	result, joined := p.join(out, false)
	if !joined {
		result = p.arena.copy(out)
	}
	p.scratch = out
	return result
}

// substitutable reports whether substitute has business with a Directive token.
func (p *preprocessor) substitutable(text string) bool {
	name := text[1:]
	if name == "" {
		return false
	}
	switch c := name[0]; {
	case c == '{', c == '[', c == '?', c == '%', '0' <= c && c <= '9':
		return true
	case c == '+' || c == '-':
		return len(name) > 1 && decimal(name[1])
	}
	return false
}

// decimal reports whether c is a decimal digit.
func decimal(c byte) bool { return '0' <= c && c <= '9' }

// indirect lexes what stands between the brackets of %[...].
func (p *preprocessor) indirect(t Token) []Token {
	inner := t.Text[2 : len(t.Text)-1]
	tokens := p.relex(inner, t.Range, t.Space)
	if int(t.Range.End-t.Range.Start) == len(t.Text) {
		// It stands in the file just so: point into it.
		at := t.Range.Start + 2
		for i := range tokens {
			k := int32(strings.Index(inner, tokens[i].Text))
			tokens[i].Range.Start = at + k
			at += k + int32(len(tokens[i].Text))
			tokens[i].Range.End = at
			inner = inner[k+int32(len(tokens[i].Text)):]
		}
	}
	return tokens
}

// replaceToken appends to out what the Directive token t stands for: itself if
// it stands for nothing here.
func (p *preprocessor) replaceToken(out []Token, t Token) []Token {
	name := bare(t.Text)
	if name == "" {
		return append(out, t)
	}
	switch c := name[0]; {
	case c == '%' && len(name) > 1:
		call := p.insideMacro(t)
		if call == nil {
			return out
		}
		t.Kind, t.Text = Identifier, call.localLabel(name[1:])
		return append(out, t)
	case c == '?':
		call := p.call()
		if call == nil || name != "?" && name != "??" {
			return append(out, t)
		}
		r := t.Range
		t = call.name
		t.Range = r
		if name == "??" {
			t.Text = call.macro.name
		}
		return append(out, t)
	case decimal(c):
		return p.parameter(out, t, name)
	case (c == '+' || c == '-') && len(name) > 1 && decimal(name[1]):
		if strings.ContainsRune(name, ':') {
			return p.parameter(out, t, name)
		}
		return p.condition(out, t, name)
	}
	if t.Text[1] == '{' && contextLevel(t.Text) == 0 {
		// %{word} is %word.
		t.Text = "%" + name
	}
	return append(out, t)
}

// insideMacro returns the call at hand, which t is about; that there is none
// is an error.
func (p *preprocessor) insideMacro(t Token) *macroCall {
	call := p.call()
	if call == nil {
		p.report(diag.Errorf(t.Range, "'%s' has no meaning outside a macro", shown(t.Text)).
			Notef("it refers to the call of a macro defined with %s", "%macro"))
	}
	return call
}

// parameter appends what %N or %{N:M} stands for.
func (p *preprocessor) parameter(out []Token, t Token, name string) []Token {
	call := p.insideMacro(t)
	if call == nil {
		return out
	}
	if name == "0" {
		return append(out, Token{Kind: Number, Text: strconv.Itoa(len(call.args)), Range: t.Range})
	}
	if name == "00" {
		return append(out, call.label...)
	}
	if from, to, ok := strings.Cut(name, ":"); ok {
		return p.parameterRange(out, t, call, from, to)
	}
	n, err := strconv.Atoi(name)
	if err != nil {
		p.errorf(t.Range, "'%s' is no parameter", shown(t.Text))
		return out
	}
	return append(out, call.arg(n)...)
}

// parameterRange appends the parameters from one to another with commas
// between them, backwards if the second number is lower. Negative numbers
// count from the last parameter.
func (p *preprocessor) parameterRange(out []Token, t Token, call *macroCall, from, to string) []Token {
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || first == 0 || last == 0 {
		p.report(diag.Errorf(t.Range, "'%s' is no range of parameters", shown(t.Text)).
			Notef("write '%s' for the second to the last parameter", "%{2:-1}"))
		return out
	}
	n := len(call.args)
	if first < 0 {
		first += n + 1
	}
	if last < 0 {
		last += n + 1
	}
	if min(first, last) < 1 || max(first, last) > n {
		p.report(diag.Errorf(t.Range, "'%s' goes beyond the %s of this call", shown(t.Text), plural(n, "argument")))
		return out
	}
	step := 1
	if last < first {
		step = -1
	}
	for i := first; ; i += step {
		start := len(out)
		if out = append(out, call.arg(i)...); len(out) > start {
			out[start].Space = false
		}
		if i == last {
			return out
		}
		out = append(out, Token{Kind: Punctuation, Text: ",", Range: t.Range})
	}
}

// condition appends a parameter that is a condition code, as it is (%+1) or
// inverted (%-1).
func (p *preprocessor) condition(out []Token, t Token, name string) []Token {
	call := p.insideMacro(t)
	if call == nil {
		return out
	}
	n, err := strconv.Atoi(name[1:])
	if err != nil {
		return out
	}
	arg := call.arg(n)
	code := strings.ToLower(detokenize(arg))
	inverse, ok := conditionCodes[code]
	switch {
	case !ok:
		p.report(diag.Errorf(t.Range, "parameter '%s' is %s, which is no condition code", shown(t.Text), described(arg)).
			Notef("condition codes are e, ne, l, ge, c and so on: the letters after j in a conditional jump"))
		return out
	case name[0] == '+':
		return append(out, arg...)
	case inverse == "":
		p.errorf(t.Range, "condition code '%s' has no opposite", code)
		return out
	}
	return append(out, Token{Kind: Identifier, Text: inverse, Range: arg[0].Range})
}

// described shows tokens in a message.
func described(tokens []Token) string {
	if len(tokens) == 0 {
		return "empty"
	}
	return "'" + shown(detokenize(tokens)) + "'"
}

// conditionCodes gives each condition code of a conditional jump its opposite
// (Intel SDM vol. 2, Jcc).
var conditionCodes = map[string]string{
	"a": "na", "na": "a", "ae": "nae", "nae": "ae", "b": "nb", "nb": "b", "be": "nbe", "nbe": "be",
	"c": "nc", "nc": "c", "e": "ne", "ne": "e", "z": "nz", "nz": "z",
	"g": "ng", "ng": "g", "ge": "nge", "nge": "ge", "l": "nl", "nl": "l", "le": "nle", "nle": "le",
	"o": "no", "no": "o", "s": "ns", "ns": "s",
	"p": "np", "np": "p", "pe": "po", "po": "pe",
	"cxz": "", "ecxz": "", "rcxz": "",
}
