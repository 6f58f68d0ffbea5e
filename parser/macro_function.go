package parser

import (
	"slices"
	"strconv"
	"strings"

	"tasm/diag"
)

// function is a macro that computes something of its arguments: %eval(...).
type function struct {
	min, max int  // how many arguments; no upper bound if max is -1
	greedy   bool // apply gets them as one, with their commas
	apply    func(p *preprocessor, call Token, args [][]Token) []Token
}

// functions are nasm's preprocessor functions (manual, 4.4 "Preprocessor
// Functions"), besides %is...(), which are the conditions of %if.
var functions map[string]*function

func init() {
	functions = map[string]*function{
		"%eval":   {1, -1, false, (*preprocessor).applyEval},
		"%abs":    {1, 1, false, (*preprocessor).applyAbs},
		"%num":    {1, 3, false, (*preprocessor).applyNum},
		"%count":  {0, -1, false, (*preprocessor).applyCount},
		"%cond":   {2, 3, false, (*preprocessor).applyCond},
		"%sel":    {2, -1, false, (*preprocessor).applySel},
		"%str":    {1, -1, true, (*preprocessor).applyStr},
		"%strcat": {1, -1, false, (*preprocessor).applyStrcat},
		"%strlen": {1, 1, false, (*preprocessor).applyStrlen},
		"%substr": {2, 3, false, (*preprocessor).applySubstr},
		"%tok":    {1, 1, false, (*preprocessor).applyTok},
	}
}

// findFunction looks up a function by its name in lower case.
func findFunction(name string) *function {
	if f := functions[name]; f != nil {
		return f
	}
	if word, ok := strings.CutPrefix(name, "%is"); ok {
		if test := findCondition(word); test != nil {
			return isFunction(test)
		}
	}
	return nil
}

// isFunction makes a function of a condition: 1 if it holds, else 0.
func isFunction(test condition) *function {
	return &function{0, -1, true, func(p *preprocessor, call Token, args [][]Token) []Token {
		d := &command{name: call, args: args[0], p: p}
		holds, ok := test(p, d)
		n := int64(0)
		if ok && holds {
			n = 1
		}
		return numberTokens(n, call.Range)
	}}
}

// commaJoined writes arguments as one list.
func commaJoined(args [][]Token, r diag.Range) []Token {
	var out []Token
	for i, a := range args {
		if i > 0 {
			out = append(out, Token{Kind: Punctuation, Text: ",", Range: r})
		}
		out = append(out, a...)
	}
	return out
}

// number is the value of an argument of a function.
func (p *preprocessor) number(call Token, arg []Token) (int64, bool) {
	return p.argument(p.expand(arg), call.Text, call.Range)
}

// text is the string that an argument of a function is: a string constant, or
// else the argument as it is written.
func (p *preprocessor) text(arg []Token) string {
	text, constant := p.spelled(arg)
	if constant {
		return unquote(text)
	}
	return text
}

func (p *preprocessor) applyEval(call Token, args [][]Token) []Token {
	values := make([][]Token, len(args))
	for i, a := range args {
		if n, ok := p.number(call, a); ok {
			values[i] = numberTokens(n, call.Range)
		}
	}
	return commaJoined(values, call.Range)
}

func (p *preprocessor) applyAbs(call Token, args [][]Token) []Token {
	n, ok := p.number(call, args[0])
	if !ok {
		return nil
	}
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	return []Token{{Kind: Number, Text: strconv.FormatUint(u, 10), Range: call.Range}}
}

// applyNum writes a number as a string: %num(value, digits, base). A negative
// number of digits is the least number of them.
func (p *preprocessor) applyNum(call Token, args [][]Token) []Token {
	values := [3]int64{0, -1, 10}
	for i, a := range args {
		if i > 0 && len(a) == 0 {
			continue
		}
		n, ok := p.number(call, a)
		if !ok {
			return nil
		}
		values[i] = n
	}
	digits, base := values[1], values[2]
	if base < 2 || base > int64(len(numerals)) {
		p.errorf(call.Range, "%s: base %d is not one from 2 to %d", call.Text, base, len(numerals))
		return nil
	}
	if digits < -maxDigits || digits > maxDigits {
		p.errorf(call.Range, "%s can't write %d digits, only up to %d", call.Text, digits, maxDigits)
		return nil
	}
	return []Token{stringToken(numeral(uint64(values[0]), int(digits), uint64(base)), call.Range)}
}

// numerals are the digits of %num.
const numerals = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_"

// numeral writes n with just so many digits; with at least so many if digits is
// negative, and with as many as there are, none for zero, if it is 0.
func numeral(n uint64, digits int, base uint64) string {
	var s []byte
	for ; n > 0 && (digits <= 0 || len(s) < digits); n /= base {
		s = append(s, numerals[n%base])
	}
	for len(s) < max(digits, -digits) {
		s = append(s, '0')
	}
	slices.Reverse(s)
	return string(s)
}

func (p *preprocessor) applyCount(call Token, args [][]Token) []Token {
	return numberTokens(int64(len(args)), call.Range)
}

func (p *preprocessor) applyCond(call Token, args [][]Token) []Token {
	n, ok := p.number(call, args[0])
	switch {
	case ok && n != 0:
		return args[1]
	case ok && len(args) > 2:
		return args[2]
	}
	return nil
}

// applySel chooses an argument. As in nasm 2.16 they are numbers; after TARGET they
// are what its manual says, any text.
func (p *preprocessor) applySel(call Token, args [][]Token) []Token {
	if !p.host.ownLanguage() {
		for i, a := range args {
			n, ok := p.number(call, a)
			if !ok {
				return nil
			}
			args[i] = numberTokens(n, call.Range)
		}
	}
	n, ok := p.number(call, args[0])
	if !ok {
		return nil
	}
	if n < 1 || n >= int64(len(args)) {
		p.report(diag.Warningf("pp-sel-range", call.Range, "%s: there is no argument %d to choose", call.Text, n))
		return nil
	}
	return args[n]
}

func (p *preprocessor) applyStr(call Token, args [][]Token) []Token {
	text, _ := p.spelled(args[0])
	return []Token{stringToken(text, call.Range)}
}

func (p *preprocessor) applyStrcat(call Token, args [][]Token) []Token {
	var b strings.Builder
	for _, a := range args {
		b.WriteString(p.text(a))
	}
	return []Token{stringToken(b.String(), call.Range)}
}

func (p *preprocessor) applyStrlen(call Token, args [][]Token) []Token {
	return numberTokens(int64(len(p.text(args[0]))), call.Range)
}

// applySubstr is %substr(string, start, count): from start to the end if there
// is no count.
func (p *preprocessor) applySubstr(call Token, args [][]Token) []Token {
	s := p.text(args[0])
	start, ok := p.number(call, args[1])
	if !ok {
		return nil
	}
	count := int64(-1)
	if len(args) > 2 {
		if count, ok = p.number(call, args[2]); !ok {
			return nil
		}
	}
	return []Token{stringToken(substring(s, start, count), call.Range)}
}

func (p *preprocessor) applyTok(call Token, args [][]Token) []Token {
	return p.relex(p.text(args[0]), call.Range, false)
}
