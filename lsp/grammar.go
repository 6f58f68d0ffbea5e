package lsp

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/parser"
)

// Grammar returns a TextMate grammar of the language, for editors that colour
// sources before, or without, a language server. All words come from the tables of
// the parser and of the instruction set.
func Grammar() []byte {
	type pattern struct {
		Name  string `json:"name"`
		Match string `json:"match"`
	}
	words := func(scope string, names ...string) pattern {
		slices.Sort(names)
		for i := range names {
			names[i] = regexp.QuoteMeta(names[i])
		}
		return pattern{scope, `(?i)(?<![\w.$?@#~])(?:` + strings.Join(slices.Compact(names), "|") + `)(?![\w.$?@#~])`}
	}
	var percent []string
	for _, name := range parser.Preprocessor() {
		percent = append(percent, name[1:])
	}
	var plain []string
	for _, m := range x86.Mnemonics() {
		if !strings.HasPrefix(m, "{") {
			plain = append(plain, m)
		}
	}
	b, err := json.MarshalIndent(map[string]any{
		"name":      "tasm",
		"scopeName": "source.tasm",
		"patterns": []pattern{
			{"comment.line.semicolon.tasm", ";.*$"},
			{"string.quoted.double.tasm", `"[^"]*"?`},
			{"string.quoted.single.tasm", `'[^']*'?`},
			{"string.quoted.other.tasm", "`(?:\\\\.|[^`\\\\])*`?"},
			{"keyword.control.preprocessor.tasm", `(?i)%(?:` + strings.Join(percent, "|") + `)\b`},
			{"variable.parameter.tasm", `%(?:%?[\w.$?@#~]+|\{[^}]*\}|\[[^\]]*\]|[-+]?\d+)`},
			{"entity.name.function.tasm", `^\s*[\w.$?@#~]+(?=\s*:)`},
			{"constant.numeric.tasm", `(?<![\w.$?@#~])(?:\$?\d[\w.]*)`},
			words("variable.language.register.tasm", x86.Registers()...),
			words("storage.type.tasm", lexicon.Keywords(parser.DataWord, parser.SizeWord)...),
			words("keyword.operator.word.tasm", lexicon.Keywords(parser.OperatorWord)...),
			words("keyword.control.directive.tasm", lexicon.Keywords(parser.EquWord, parser.TimesWord, parser.DirectiveWord, parser.OwnWord)...),
			words("keyword.mnemonic.tasm", append(plain, x86.Prefixes()...)...),
		},
	}, "", "\t")
	if err != nil {
		panic(err) // strings can always be marshalled
	}
	return append(b, '\n')
}
