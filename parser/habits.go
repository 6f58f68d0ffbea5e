package parser

import (
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// What people write who have learnt another assembler, or another language, and
// what nasm has for it. Only lines that are wrong are looked at.

// masmWords are statements of Microsoft's and Borland's assemblers.
var masmWords = map[string]string{
	".model":  "a nasm source has no memory model: leave the line out",
	".stack":  "Linux gives every program a stack: leave the line out",
	".data":   "write: section .data",
	".code":   "write: section .text",
	".data?":  "write: section .bss",
	".386":    "write 'bits 32' if need be, or leave the line out",
	"assume":  "nasm takes segment registers as they are written: leave the line out",
	"proc":    "a procedure is a label: write 'main:' alone",
	"endp":    "a procedure ends where its code ends: leave the line out",
	"end":     "a source ends where the file ends: leave the line out",
	"ends":    "a section ends where the next begins: leave the line out",
	"extrn":   "write: extern NAME",
	"public":  "write: global NAME",
	"invoke":  "pass the arguments yourself, then: call NAME",
	"include": "write: %include \"FILE\"",
	"title":   "leave the line out",
	".if":     "compare, and jump where the condition does not hold: cmp eax, 5, then jne past",
	".while":  "a loop is a label, and a conditional jump back to it",
	".repeat": "a loop is a label, and a conditional jump back to it",
}

// attDirectives are statements of the GNU assembler.
var attDirectives = map[string]string{
	".globl": "global NAME", ".global": "global NAME", ".section": "section NAME", ".ascii": "db 'text'",
	".asciz": "db 'text', 0", ".string": "db 'text', 0", ".byte": "db VALUE", ".word": "dw VALUE", ".short": "dw VALUE",
	".long": "dd VALUE", ".int": "dd VALUE", ".quad": "dq VALUE", ".skip": "resb COUNT", ".space": "resb COUNT",
	".zero": "times COUNT db 0", ".align": "align BOUNDARY", ".equ": "NAME equ VALUE", ".set": "NAME equ VALUE",
	".code32": "bits 32", ".code64": "bits 64", ".code16": "bits 16",
}

// behindLabel returns the tokens of a line without its label, if a colon ends that.
func (g *grammar) behindLabel() []Token {
	if len(g.tokens) > 2 && g.tokens[1].is(":") {
		return g.tokens[2:]
	}
	return g.tokens
}

// habit is the message about a line of another assembler, or nil.
func (g *grammar) habit() *diag.Message {
	tokens := g.behindLabel()
	if m := cHabit(tokens); m != nil {
		return m
	}
	for i := range min(2, len(tokens)) {
		t := &tokens[i]
		if t.Kind != Identifier {
			break
		}
		name := lower(t.Text)
		if advice := masmWords[name]; advice != "" {
			return diag.Errorf(t.Range, "%s is a word of MASM and Turbo Assembler", strings.ToUpper(name)).Notef("%s", advice)
		}
		if i == 0 && g.look(name).kind == registerWord && len(tokens) > 1 && tokens[1].is("=") {
			return diag.Errorf(tokens[1].Range, "a register gets a value by an instruction").
				Notef("write: mov %s, %s", t.Text, detokenize(tokens[2:]))
		}
		if i == 0 && len(tokens) > 1 && g.look(name).kind == mnemonicWord && tokens[1].Kind == Identifier && g.defines(tokens[1].Text) {
			behind := diag.Range{File: t.Range.File, Start: t.Range.End, End: t.Range.End}
			return diag.Errorf(t.Range, "'%s' is an instruction, and a label only with a colon behind it", t.Text).Suggest(behind, ":")
		}
		if m := otherWord(t); m != nil && i == 0 && !tokens[min(1, len(tokens)-1)].is(":") && g.look(name).kind == plainWord {
			return m
		}
		if advice := attDirectives[name]; advice != "" && i == 0 {
			return diag.Errorf(t.Range, "%s is a directive of the GNU assembler", name).Notef("write: %s", advice)
		}
	}
	for i := 1; i < len(tokens); i++ {
		if tokens[i-1].is("/") && tokens[i].is("*") {
			return diag.Errorf(tokens[i-1].Range.To(tokens[i].Range), "a comment begins with ';', and ends with the line")
		}
	}
	return g.attLine()
}

// cHabit is the message about a line of C that gives a name a value or includes a
// file, or nil.
func cHabit(tokens []Token) *diag.Message {
	if len(tokens) < 3 {
		return nil
	}
	switch {
	case tokens[0].Text == "#" && tokens[1].Text == "define":
		value := "VALUE"
		if len(tokens) > 3 {
			value = detokenize(tokens[3:])
		}
		return diag.Errorf(tokens[0].Range.To(tokens[1].Range), "#define is a word of C").
			Notef("write: %s equ %s, or %%define %s %s", tokens[2].Text, value, tokens[2].Text, value)
	case tokens[0].Text == "#" && tokens[1].Text == "include":
		return diag.Errorf(tokens[0].Range.To(tokens[1].Range), "#include is a word of C").
			Notef("write: %s 'FILE', a source for nasm", "%include")
	case tokens[0].Text == "const" && tokens[1].Kind == Identifier && tokens[2].Kind == Number:
		return diag.Errorf(tokens[0].Range, "there is no word 'const'").
			Notef("write: %s equ %s", tokens[1].Text, detokenize(tokens[2:]))
	}
	return nil
}

// defines reports whether a word stores or reserves data, or gives a name a value.
func (g *grammar) defines(word string) bool {
	switch g.look(lower(word)).kind {
	case dataWord, reserveWord, equWord:
		return true
	}
	return false
}

// attLine recognises an instruction in AT&T syntax and writes it as nasm does.
func (g *grammar) attLine() *diag.Message {
	first := len(g.tokens) - len(g.behindLabel())
	if first >= len(g.tokens) || g.tokens[first].Kind != Identifier {
		return nil
	}
	registers := 0
	for i := first + 1; i < len(g.tokens); i++ {
		if t := &g.tokens[i]; t.Kind == Directive && g.look(lower(bare(t.Text))).kind == registerWord {
			registers++
		}
	}
	name := lower(g.tokens[first].Text)
	suffixed := g.look(name).kind != mnemonicWord
	if suffixed && len(name) > 1 && strings.IndexByte("bwlq", name[len(name)-1]) >= 0 && g.look(name[:len(name)-1]).kind == mnemonicWord {
		name = name[:len(name)-1]
	} else if suffixed {
		return nil
	}
	if registers == 0 {
		if !suffixed || first+1 == len(g.tokens) {
			return nil
		}
		return diag.Errorf(g.tokens[first].Range, "unknown instruction '%s'", g.tokens[first].Text).
			Notef("nasm writes the size before memory, as in %s dword [x], and no suffix: %s", name, name)
	}
	var operands []string
	depth, start := 0, first+1
	for i := start; i <= len(g.tokens); i++ {
		switch {
		case i == len(g.tokens) || depth == 0 && g.tokens[i].is(","):
			operands = append([]string{g.attOperand(g.tokens[start:i])}, operands...)
			start = i + 1
		case g.tokens[i].is("("):
			depth++
		case g.tokens[i].is(")"):
			depth--
		}
	}
	return diag.Errorf(g.tokens[first].Range.To(g.tokens[len(g.tokens)-1].Range), "this is AT&T syntax").
		Notef("nasm writes the destination first, and no %s and $: %s", "%", name+" "+strings.Join(operands, ", "))
}

// attOperand writes one operand as nasm does.
func (g *grammar) attOperand(tokens []Token) string {
	open := -1
	for i := range tokens {
		if tokens[i].is("(") {
			open = i
			break
		}
	}
	text := func(tokens []Token) string { return strings.ReplaceAll(detokenize(tokens), "%", "") }
	switch {
	case len(tokens) == 0:
		return ""
	case open >= 0:
		parts := strings.Split(strings.Trim(text(tokens[open:]), "()"), ",")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		if len(parts) > 2 {
			parts[1] += "*" + parts[2]
			parts = parts[:2]
		}
		if open > 0 {
			parts = append(parts, text(tokens[:open]))
		}
		if parts[0] == "" {
			parts = parts[1:]
		}
		return "[" + strings.Join(parts, " + ") + "]"
	case strings.HasPrefix(tokens[0].Text, "$"):
		return strings.TrimPrefix(text(tokens), "$")
	}
	return text(tokens)
}

// otherWords are what other languages say where assembly has instructions.
var otherWords = map[string]string{
	"if":     "compare, and jump where the condition does not hold: cmp eax, 5, then jne past",
	"else":   "jump past what is left out: jmp past, then a label",
	"while":  "a loop is a label, and a conditional jump back to it",
	"for":    "a loop is a label, and a conditional jump back to it",
	"goto":   "write: jmp LABEL",
	"return": "write: ret; a result is returned in eax",
	"print":  "write: sys write, 1, msg, LENGTH (after a TARGET statement)",
	"printf": "write: sys write, 1, msg, LENGTH (after a TARGET statement)",
	"puts":   "write: sys write, 1, msg, LENGTH (after a TARGET statement)",
	"exit":   "write: sys exit, 0 (after a TARGET statement)",
	"var":    "write: NAME: dd VALUE, in section .data",
	"char":   "write: NAME: db VALUE, in section .data",
	"let":    "write: NAME: dd VALUE, in section .data",
}

// otherWord answers a line that begins with a word of another language.
func otherWord(t *Token) *diag.Message {
	advice := otherWords[lower(t.Text)]
	if advice == "" {
		return nil
	}
	return diag.Errorf(t.Range, "there is no instruction '%s'", t.Text).Notef("%s", advice)
}

// pointerSign answers the signs that C puts before a name: its address, and what is
// in memory there.
func (g *grammar) pointerSign(t *Token) *diag.Message {
	next := g.peekAt(1)
	if next.Kind != Identifier || next.Space {
		return nil
	}
	both := t.Range.To(next.Range)
	switch {
	case t.is("&"):
		return diag.Errorf(t.Range, "a name alone is its address, without '&'").Suggest(both, next.Text)
	case t.is("*"):
		return diag.Errorf(t.Range, "what is in memory at an address stands in brackets, without '*'").Suggest(both, "["+next.Text+"]")
	}
	return nil
}

// assigned reports an operand like "eax = 5", which is a comparison.
func (g *grammar) assigned(e lang.Expr) bool {
	b, ok := e.(*lang.Binary)
	if !ok || b.Op != lang.OpEq {
		return false
	}
	_, ok = b.X.(*lang.Register)
	if ok {
		g.fail(diag.Errorf(b.At, "a comma stands between operands, not '='").Suggest(b.At, ","))
	}
	return ok
}
