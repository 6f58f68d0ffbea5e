package lsp

import (
	"strings"

	"tasm/parser"
)

var (
	tokenTypes     = []string{"keyword", "function", "variable", "number", "string", "comment", "operator", "macro", "parameter", "enumMember", "type"}
	tokenModifiers = []string{"definition", "readonly"}
)

// Indices in tokenTypes.
const (
	keywordToken = iota
	functionToken
	variableToken
	numberToken
	stringToken
	commentToken
	operatorToken
	macroToken
	parameterToken
	constantToken
	typeToken
)

// wordTokens are the types of reserved words.
var wordTokens = map[parser.WordKind]int{
	parser.RegisterWord: variableToken, parser.MnemonicWord: keywordToken, parser.PrefixWord: keywordToken,
	parser.SizeWord: typeToken, parser.OperatorWord: operatorToken, parser.DataWord: typeToken,
	parser.EquWord: keywordToken, parser.TimesWord: keywordToken, parser.DirectiveWord: keywordToken, parser.OwnWord: keywordToken,
}

// semanticTokens answers with the type of every token, as five numbers each.
func (s *Server) semanticTokens(d *document, _ *textRange) any {
	data := []int{}
	var last position
	put := func(start, end, kind, modifiers int) {
		at := d.text.position(start)
		if to := d.text.position(end); to.Line == at.Line && to.Character > at.Character {
			from := at.Character
			if at.Line == last.Line {
				from -= last.Character
			}
			data = append(data, at.Line-last.Line, from, to.Character-at.Character, kind, modifiers)
			last = at
		}
	}
	names := d.names
	for _, line := range d.lines {
		for _, t := range line.Tokens {
			start, end := int(t.Range.Start), int(t.Range.End)
			for len(names) > 0 && names[0].end < end {
				names = names[1:]
			}
			if len(names) > 0 && names[0].end == end && names[0].start >= start {
				kind, modifiers := nameToken(names[0])
				put(start, end, kind, modifiers)
				continue
			}
			if kind, ok := tokenType(t); ok {
				put(start, end, kind, 0)
			}
		}
		put(int(line.Comment.Start), int(line.Comment.Start)+len(strings.TrimRight(d.text.body[line.Comment.Start:line.Comment.End], "\r")), commentToken, 0)
	}
	return map[string]any{"data": data}
}

func nameToken(n name) (kind, modifiers int) {
	kind = functionToken
	switch n.kind {
	case macroName, constantName:
		kind = macroToken
	case equName:
		kind, modifiers = constantToken, 2
	}
	if n.defines {
		modifiers |= 1
	}
	return kind, modifiers
}

func tokenType(t parser.Token) (int, bool) {
	switch t.Kind {
	case parser.Number, parser.Float:
		return numberToken, true
	case parser.String:
		return stringToken, true
	case parser.Directive:
		if parser.PreprocessorWord(t) != "" {
			return macroToken, true
		}
		return parameterToken, true
	case parser.Punctuation:
		return operatorToken, !strings.Contains(",:[](){}", t.Text)
	case parser.Identifier:
		kind, ok := wordTokens[lexicon.Kind(t.Text)]
		return kind, ok
	}
	return 0, false
}
