package parser

import (
	"tasm/diag"
	"tasm/lang"
)

// value evaluates the expression at the start of tokens, which are expanded,
// and returns what follows it. Only symbols defined above have a value, as
// the outcome decides what is read below.
func (p *preprocessor) value(tokens []Token, who string, at diag.Range) (v lang.Value, rest []Token, ok bool) {
	if len(tokens) == 0 {
		p.report(diag.Errorf(at, "%s needs an expression", who))
		return v, nil, false
	}
	tokens = p.finish(tokens)
	x, rest, m := p.host.expression(tokens)
	if m == nil {
		m = lang.Eval(x, &p.env, &v)
	}
	if m != nil {
		p.report(m)
		return v, nil, false
	}
	if v.Unknown || v.Forward {
		p.report(diag.Errorf(x.Span(), "%s can use only what is defined above it", who).
			Notef("the value of this expression depends on a symbol that is defined further down, or nowhere"))
		return v, nil, false
	}
	return v, rest, true
}

// evaluate returns the number that tokens, an expression, are worth.
func (p *preprocessor) evaluate(tokens []Token, who string, at diag.Range) (int64, bool) {
	n, rest, ok := p.evaluateFirst(tokens, who, at)
	if ok && len(rest) > 0 {
		p.report(diag.Warningf("pp-trailing", argRange(rest, at), "%s does not look at what follows here", who))
	}
	return n, ok
}

// argument returns the number that tokens, the argument of a function or macro, are
// worth: nothing else may stand there.
func (p *preprocessor) argument(tokens []Token, who string, at diag.Range) (int64, bool) {
	n, rest, ok := p.evaluateFirst(tokens, who, at)
	if ok && len(rest) > 0 {
		p.report(diag.Errorf(argRange(rest, at), "an argument of %s is a number, and this follows one", who))
		return 0, false
	}
	return n, ok
}

// evaluateFirst evaluates the expression at the start of tokens.
func (p *preprocessor) evaluateFirst(tokens []Token, who string, at diag.Range) (int64, []Token, bool) {
	v, rest, ok := p.value(tokens, who, at)
	if !ok {
		return 0, nil, false
	}
	if !v.IsNumber() {
		p.report(diag.Errorf(argRange(tokens, at), "%s needs a number that is known now", who).
			Notef("an address is known only after layout; the difference of two addresses in a section is a number"))
		return 0, nil, false
	}
	return v.N, rest, true
}
