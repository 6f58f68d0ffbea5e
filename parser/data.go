package parser

import (
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// data parses the items of DB and its sisters; t is the word itself.
func (g *grammar) data(t *Token, w *word) *lang.Data {
	d := g.Datas.Node()
	d.Range, d.Width = t.Range, int(w.width)
	if g.pos == len(g.tokens) {
		g.warn(diag.Warningf("db-empty", t.Range, "%s without a value stores nothing", w.name))
		return d
	}
	var ok bool
	if d.Items, ok = g.dataItems(); !ok {
		return nil
	}
	return d
}

// dataItems parses items up to the end of the line or a closing parenthesis. A
// comma after the last is allowed, as in nasm.
func (g *grammar) dataItems() ([]lang.DataItem, bool) {
	// Items inside of items use the room above.
	base := len(g.itemList)
	defer func() { g.itemList = g.itemList[:base] }()
	for {
		t := g.peek()
		if t.Kind == EndOfLine || t.is(")") {
			break
		}
		var item lang.DataItem
		if !g.dataItem(&item) {
			return nil, false
		}
		g.itemList = append(g.itemList, item)
		if !g.peek().is(",") {
			break
		}
		g.pos++
	}
	return g.Items.List(g.itemList[base:]), true
}

// dataItem parses one item: what stands before it (a count with DUP, a size),
// then a value, a question mark or a list in parentheses.
func (g *grammar) dataItem(item *lang.DataItem) bool {
	first := g.peek()
	group := false // a list in parentheses may follow
	for {
		t := g.peek()
		switch {
		case t.Kind == Identifier && g.look(t.Text).kind == sizeWord:
			item.Width = g.look(t.Text).width
			group = true
			g.pos++
			continue
		case t.is("%") && g.peekAt(1).is("("):
			group = true
			g.pos++
			continue
		case group && t.is("("):
			if !g.dataGroup(item) {
				return false
			}
		case t.is("?"):
			item.Uninitialised = true
			g.pos++
		default:
			e := g.dataValue()
			if e == nil {
				return false
			}
			if next := g.peek(); next.Kind == Identifier && lower(next.Text) == "dup" {
				g.pos++
				if item.Count != nil {
					// N dup M dup (...): the inner one is a group of one item.
					inner := lang.DataItem{Count: e}
					if !g.dataRest(&inner, first) {
						return false
					}
					item.Group = g.Items.List([]lang.DataItem{inner})
					break
				}
				item.Count = e
				group = true
				continue
			}
			item.Value = e
		}
		item.Range = g.from(first.Range)
		return true
	}
}

// dataRest parses what follows the DUP of a nested item.
func (g *grammar) dataRest(item *lang.DataItem, first *Token) bool {
	if !g.enter(first) {
		return false
	}
	defer g.leave()
	if t := g.peek(); t.is("(") {
		if !g.dataGroup(item) {
			return false
		}
	} else {
		var inner lang.DataItem
		if !g.dataItem(&inner) {
			return false
		}
		item.Group = g.Items.List([]lang.DataItem{inner})
	}
	item.Range = g.from(first.Range)
	return true
}

// dataGroup parses a list in parentheses.
func (g *grammar) dataGroup(item *lang.DataItem) bool {
	open := g.peek()
	if !g.enter(open) {
		return false
	}
	defer g.leave()
	g.pos++
	items, ok := g.dataItems()
	if !ok {
		return false
	}
	if t := g.peek(); !t.is(")") {
		g.fail(g.mismatch(t, "')'").NoteAt(open.Range, "it closes this parenthesis"))
		return false
	}
	g.pos++
	if items == nil {
		items = []lang.DataItem{}
	}
	item.Group = items
	return true
}

// dataValue parses a value. A string that stands alone is stored as it is; as
// part of an expression it is a number.
func (g *grammar) dataValue() lang.Expr {
	t := g.peek()
	if t.Kind == String {
		if next := g.peekAt(1); next.Kind == EndOfLine || next.is(",") || next.is(")") {
			g.pos++
			g.escaped(t)
			return g.string(t)
		}
	}
	e := g.expression()
	if call, ok := e.(*lang.Call); ok && t.is("(") {
		e = &lang.Unary{Range: t.Range, Op: lang.OpPlus, X: call} // in parentheses it is a number, as a string is
	}
	if e != nil && t.Kind == String && g.peek().Kind == String {
		g.fail(diag.Errorf(g.peek().Range, "expected a comma between two strings").
			Notef("a quote inside of a string: use the other kind of quote around it"))
		return nil
	}
	return e
}

// escaped warns of a string that ends in an escape of C, which only backquotes obey.
func (g *grammar) escaped(t *Token) {
	n := len(t.Text)
	if n < 4 || t.Text[0] == '`' || t.Text[n-3] != '\\' {
		return
	}
	meant := map[byte]string{'n': "10", 'r': "13", 't': "9", '0': "0"}[t.Text[n-2]]
	if meant == "" {
		return
	}
	quote := t.Text[:1]
	text := strings.TrimSuffix(t.Text[:n-3], `\r`) + quote
	g.warn(diag.Warningf("string-escape", t.Range, `\%c in these quotation marks is two characters`, t.Text[n-2]).
		Notef("write: %s, %s; or put the string into backquotes", text, meant))
}

// lower returns s with ASCII letters in lower case.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return string(appendLower(make([]byte, 0, len(s)), s))
		}
	}
	return s
}
