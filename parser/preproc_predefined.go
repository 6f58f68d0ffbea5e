package parser

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"tasm/diag"
)

// predefinedNames says what the macros stand for that exist from the start
// (nasm manual, 5.1 ff. "Standard Macros"). tasm answers as nasm 2.16.01.
var predefinedNames map[string]func(p *preprocessor, call Token) []Token

func init() {
	number := func(n int64) func(*preprocessor, Token) []Token {
		return func(p *preprocessor, call Token) []Token { return numberTokens(n, call.Range) }
	}
	// moment shows the time of the run, which is fixed for equal output.
	moment := func(layout string, kind Kind) func(*preprocessor, Token) []Token {
		return func(p *preprocessor, call Token) []Token {
			text := time.Unix(p.host.now(), 0).UTC().Format(layout)
			if kind == String {
				return []Token{{Kind: String, Text: `"` + text + `"`, Range: call.Range}} // in nasm's quotes
			}
			return []Token{{Kind: Number, Text: text, Range: call.Range}}
		}
	}
	words := func(text string) func(p *preprocessor, call Token) []Token {
		return func(p *preprocessor, call Token) []Token { return p.relex(text, call.Range, call.Space) }
	}
	predefinedNames = map[string]func(p *preprocessor, call Token) []Token{
		"__?NASM_MAJOR?__":      number(2),
		"__?NASM_MINOR?__":      number(16),
		"__?NASM_SUBMINOR?__":   number(1),
		"__?NASM_PATCHLEVEL?__": number(0),
		"__?NASM_VERSION_ID?__": func(p *preprocessor, call Token) []Token {
			return []Token{{Kind: Number, Text: "002100100h", Range: call.Range}}
		},
		"__?NASM_VER?__": func(p *preprocessor, call Token) []Token {
			return []Token{{Kind: String, Text: `"2.16.01"`, Range: call.Range}}
		},
		"__?FILE?__": func(p *preprocessor, call Token) []Token {
			return []Token{stringToken(p.currentFile(), call.Range)}
		},
		"__?LINE?__": func(p *preprocessor, call Token) []Token {
			return numberTokens(int64(p.lineNumber()), call.Range)
		},
		"__?BITS?__": func(p *preprocessor, call Token) []Token {
			n := 0
			if e, ok := p.env.Env.(interface{ Bits() int }); ok {
				n = e.Bits()
			}
			return numberTokens(int64(n), call.Range)
		},
		"__?PTR?__": func(p *preprocessor, call Token) []Token {
			name := "word"
			if e, ok := p.env.Env.(interface{ Bits() int }); ok {
				name = map[int]string{32: "dword", 64: "qword"}[e.Bits()]
			}
			return []Token{{Kind: Identifier, Text: cmp.Or(name, "word"), Range: call.Range}}
		},
		"__?FLOAT?__":                           words("__?FLOAT_DAZ?__,__?FLOAT_ROUND?__"),
		"__?FLOAT_DAZ?__":                       words("nodaz"),
		"__?FLOAT_ROUND?__":                     words("near"),
		"__?SECTALIGN_ALIGN_UPDATES_SECTION?__": words("1"),
		"__?PASS?__": func(p *preprocessor, call Token) []Token {
			p.env.asked = true
			if p.alone {
				return numberTokens(0, call.Range)
			}
			return numberTokens(int64(min(p.pass, 2)), call.Range)
		},
		"__?OUTPUT_FORMAT?__": func(p *preprocessor, call Token) []Token {
			return []Token{{Kind: Identifier, Text: p.host.format(), Range: call.Range}}
		},
		"__?DEBUG_FORMAT?__": func(p *preprocessor, call Token) []Token {
			return []Token{{Kind: Identifier, Text: p.host.debugFormat(), Range: call.Range}}
		},
		"__?SECT?__":         words("[section .text]"),
		"__?DATE?__":         moment("2006-01-02", String),
		"__?TIME?__":         moment("15:04:05", String),
		"__?DATE_NUM?__":     moment("20060102", Number),
		"__?TIME_NUM?__":     moment("150405", Number),
		"__?UTC_DATE?__":     moment("2006-01-02", String),
		"__?UTC_TIME?__":     moment("15:04:05", String),
		"__?UTC_DATE_NUM?__": moment("20060102", Number),
		"__?UTC_TIME_NUM?__": moment("150405", Number),
		"__?POSIX_TIME?__": func(p *preprocessor, call Token) []Token {
			return []Token{{Kind: Number, Text: strconv.FormatInt(p.host.now(), 10), Range: call.Range}}
		},
	}
}

// respelled are the words that are no macros but also have an old spelling,
// __name__ for __?name?__.
var respelled = map[string]bool{
	"Infinity": true, "NaN": true, "QNaN": true, "SNaN": true,
	"float8": true, "float16": true, "bfloat16": true, "float32": true, "float64": true,
	"float80m": true, "float80e": true, "float128l": true, "float128h": true,
	"ilog2e": true, "ilog2w": true, "ilog2f": true, "ilog2c": true,
	"utf16": true, "utf16le": true, "utf16be": true, "utf32": true, "utf32le": true, "utf32be": true,
}

// oldSpelling returns __?NAME?__ for __NAME__, the form that older sources have,
// or "" if name is no such word.
func oldSpelling(name string) string {
	if len(name) < 5 || name[:2] != "__" || name[2] == '?' || !strings.HasSuffix(name, "__") {
		return ""
	}
	inner := name[2 : len(name)-2]
	full := "__?" + inner + "?__"
	if predefinedNames[full] != nil || respelled[inner] {
		return full
	}
	return ""
}

// predefined returns the macro of that name which exists from the start, as a
// list for findSingle.
func (p *preprocessor) predefined(name string) []*singleMacro {
	if len(name) < 3 || name[0] != '_' && name[0] != '%' {
		return nil
	}
	if list, ok := p.magic[name]; ok {
		if p.hidden[name] || list[0].alias && p.noAliases {
			return nil
		}
		return list
	}
	var m *singleMacro
	if build := predefinedNames[name]; build != nil {
		m = &singleMacro{name: name, builtin: func(p *preprocessor, call Token, args [][]Token) []Token {
			return build(p, call)
		}}
	} else if full := oldSpelling(name); full != "" {
		if predefinedNames[full] == nil {
			full = strings.ToLower(full) // as nasm -E shows it
		}
		m = &singleMacro{name: name, alias: true, body: []bodyToken{{Token: Token{Kind: Identifier, Text: full}}}}
	} else if f := findFunction(strings.ToLower(name)); f != nil {
		m = &singleMacro{name: name, parens: true, function: f}
	} else {
		return nil
	}
	if p.hidden[name] || m.alias && p.noAliases {
		return nil
	}
	if p.magic == nil {
		p.magic = make(map[string][]*singleMacro)
	}
	list := []*singleMacro{m}
	p.magic[name] = list
	return list
}

func (p *Parser) ignoresLine() bool { return p.cfg.IgnoreLine }

func (p *Parser) defines() []string { return p.cfg.Defines }

func (p *Parser) lister() Lister { return p.cfg.Lister }

func (p *Parser) preludeFile() diag.FileID { return p.prelude }
