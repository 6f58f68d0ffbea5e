package lsp

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"tasm/linux"
	"tasm/parser"
)

// signatureHelp shows the arguments of the system call or macro at hand.
func (s *Server) signatureHelp(d *document, offset int) any {
	i := d.lineAt(offset)
	if i < 0 {
		return nil
	}
	words, _ := before(d.lines[i], offset)
	if len(words) == 0 || parser.PreprocessorWord(words[0]) != "" {
		return nil
	}
	if m, active, ok := d.openCall(words); ok {
		return m.signature(active)
	}
	for k, w := range words {
		if strings.EqualFold(w.Text, "sys") && len(words) > k+1 {
			call, ok := linux.Lookup(strings.ToLower(words[k+1].Text))
			if commas := separators(words[k:]); ok && commas > 0 {
				return d.callSignature(call, commas-1)
			}
			return nil
		}
		if m, ok := d.macros[strings.ToLower(w.Text)]; ok && m.kind == macroName {
			return m.signature(separators(words[k:]))
		}
	}
	return nil
}

func (d *document) callSignature(call *linux.Syscall, active int) any {
	abi := d.abi()
	sig := signature{Label: "sys " + signatureOf(call, abi), Documentation: call.Summary, Parameters: []parameter{}}
	args := call.Args(abi)
	for i := range args {
		sig.Parameters = append(sig.Parameters, parameter{args[i].Name, args[i].Words(args)})
	}
	return signatureHelp{Signatures: []signature{sig}, ActiveParameter: active}
}

// separators counts the commas outside of braces, which divide the parameters of a
// macro, and of parentheses, which belong to macros of %define for the most part.
func separators(words []parser.Token) int {
	commas, depth := 0, 0
	for _, t := range words {
		if t.Kind != parser.Punctuation {
			continue
		}
		switch t.Text {
		case "{", "(":
			depth++
		case "}", ")":
			depth--
		case ",":
			if depth <= 0 {
				commas++
			}
		}
	}
	return commas
}

// openCall returns the macro of %define whose parenthesis is open at the end of words,
// and how many commas stand behind it.
func (d *document) openCall(words []parser.Token) (m macro, active int, ok bool) {
	depth := 0
	for k := len(words) - 1; k > 0; k-- {
		t := words[k]
		if t.Kind != parser.Punctuation {
			continue
		}
		switch {
		case t.Text == ")":
			depth++
		case t.Text == "(" && depth > 0:
			depth--
		case t.Text == "(":
			m, ok = d.macros[strings.ToLower(words[k-1].Text)]
			if ok && m.kind == constantName && len(m.parameters()) > 0 {
				return m, active, true
			}
			active = 0
		case t.Text == "," && depth == 0:
			active++
		}
	}
	return macro{}, 0, false
}

// signature shows the parameters of a macro.
func (m macro) signature(active int) any {
	list := m.parameters()
	var label strings.Builder
	label.WriteString(m.name)
	open, shut := " ", ""
	if m.kind == constantName {
		open, shut = "(", ")"
	}
	for i, p := range list {
		if i == 0 {
			label.WriteString(open)
		} else {
			label.WriteString(", ")
		}
		label.WriteString(p.Label)
	}
	label.WriteString(shut)
	if len(list) == 0 {
		return signatureHelp{Signatures: []signature{{Label: m.name + " (no parameters)", Documentation: m.about, Parameters: []parameter{}}}}
	}
	if last := list[len(list)-1]; strings.HasSuffix(last.Label, "...") {
		active = min(active, len(list)-1)
	}
	return signatureHelp{Signatures: []signature{{Label: label.String(), Documentation: m.about, Parameters: list}}, ActiveParameter: active}
}

// parameters are those of a macro: of %define by the names that they have there, of
// %macro by names from its comment, where that has as many, else by their numbers.
func (m macro) parameters() []parameter {
	out := []parameter{}
	var tokens []parser.Token
	for line := range parser.Lines(0, m.params) {
		tokens = line.Tokens
		break
	}
	if m.kind == constantName {
		for _, t := range tokens {
			if t.Kind == parser.Identifier {
				out = append(out, parameter{Label: t.Text})
			}
		}
		return out
	}
	least, most, rest := countOf(tokens)
	greedy := len(rest) > 0 && rest[0].Text == "+"
	if greedy {
		rest = rest[1:]
	}
	if len(rest) > 0 && strings.EqualFold(rest[0].Text, ".nolist") {
		rest = rest[1:]
	}
	defaults := m.defaults(rest)
	shown := min(most, max(least, 1)+len(defaults), mostParameters)
	if most != math.MaxInt {
		shown = min(most, mostParameters)
	}
	names := m.names(shown)
	for i := range shown {
		p := parameter{Label: "%" + strconv.Itoa(i+1)}
		if names != nil {
			p = parameter{Label: names[i], Documentation: "%" + strconv.Itoa(i+1)}
		}
		says := func(text string) { p.Documentation = strings.TrimPrefix(p.Documentation+", "+text, ", ") }
		if i >= least {
			if k := i - least; k < len(defaults) {
				p.Label += " = " + defaults[k]
			}
			says("may be left out")
		}
		if i+1 == shown && (greedy || most > shown) {
			p.Label += "..."
			if greedy {
				says("takes the rest of the line, commas included")
			} else {
				says("as many as there are")
			}
		}
		out = append(out, p)
	}
	return out
}

// mostParameters bounds how many parameters are shown.
const mostParameters = 32

// countOf reads how many parameters a macro takes, as %macro has it: 2, 1-3 or 1-*.
func countOf(tokens []parser.Token) (least, most int, rest []parser.Token) {
	if len(tokens) == 0 {
		return 0, 0, nil
	}
	least, _ = strconv.Atoi(tokens[0].Text)
	least = min(max(least, 0), mostParameters)
	most, rest = least, tokens[1:]
	if len(rest) > 1 && rest[0].Text == "-" {
		most = math.MaxInt
		if rest[1].Text != "*" {
			most, _ = strconv.Atoi(rest[1].Text)
		}
		most, rest = max(most, least), rest[2:]
	}
	return least, most, rest
}

// defaults are what parameters that are left out stand for.
func (m macro) defaults(tokens []parser.Token) []string {
	var out []string
	depth, first := 0, 0
	cut := func(end int) {
		if first < end {
			out = append(out, m.params[tokens[first].Range.Start:tokens[end-1].Range.End])
		}
		first = end + 1
	}
	for i, t := range tokens {
		switch {
		case t.Kind != parser.Punctuation:
		case t.Text == "{":
			depth++
		case t.Text == "}":
			depth--
		case t.Text == "," && depth == 0:
			cut(i)
		}
	}
	cut(len(tokens))
	return out
}

// names are the names of n parameters, if a line of the comment consists of as many,
// with commas between them, behind the macro's own or alone.
func (m macro) names(n int) []string {
	for line := range strings.SplitSeq(m.about, "\n") {
		line = strings.TrimSpace(line)
		if len(line) > len(m.name) && strings.EqualFold(line[:len(m.name)], m.name) && strings.IndexByte(" \t:(", line[len(m.name)]) >= 0 {
			line = strings.TrimSuffix(strings.TrimLeft(line[len(m.name):], " \t:("), ")")
		}
		list := strings.Split(line, ",")
		if len(list) != n {
			continue
		}
		for i := range list {
			list[i] = strings.Trim(strings.TrimSpace(list[i]), "[]")
		}
		if !slices.ContainsFunc(list, func(s string) bool { return s == "" || strings.ContainsAny(s, " \t.") }) {
			return list
		}
	}
	return nil
}
