package listing

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"tasm/layout/elf"
)

// textWidth is how many columns the text has at most, perLine how many bytes a
// line shows.
const textWidth, perLine = 120, 8

// signs stand for what the loader lets a byte be.
var signs = [...]string{elf.Free: ".", elf.Bounded: "<", elf.Tied: "=", elf.Fixed: "#"}

// sign returns the sign of a row's bytes, "" outside of the headers.
func (m *May) sign() string {
	if !m.Known {
		return ""
	}
	return signs[m.Kind]
}

// legend explains the signs.
var legend = []struct {
	kind elf.Kind
	text string
}{
	{elf.Fixed, "fixed: the loader takes only this value"},
	{elf.Tied, "tied: equal to bits of other bytes"},
	{elf.Bounded, "bounded: the loader takes some of the values"},
	{elf.Free, "free: any value will do for the loader"},
}

// heading describes the file in a few lines.
func (l *Listing) heading() []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if l.Class == 0 {
		add("%s: %d bytes, a flat binary", l.Name, len(l.Bytes))
	} else {
		add("%s: %d bytes, %v, entry %#x, headers judged by the rules of %s", l.Name, len(l.Bytes), l.Class, l.Entry, l.Loader)
	}
	if r := l.Report; r != nil {
		add("layout %s, %s; %v", r.Layout, r.Method, r.Placement)
		if r.Optimal(int64(len(l.Bytes))) {
			add("optimal: there is no smaller one among %s", r.Space)
		} else if r.Space != "" {
			add("no file is smaller than %d bytes among %s", r.Bound, r.Space)
		}
		if r.CodeBound > r.Bound {
			add("no layout of these instructions is smaller than %d bytes", r.CodeBound)
		}
		if r.Checked != "" {
			add("compared with the program as written: %s", r.Checked)
		}
		for _, reason := range r.Reasons {
			add("%s", reason)
		}
	}
	return append(lines, l.Remarks...)
}

// line is a row of the table in the text.
type line [numColumns]string

const (
	offsetColumn = iota
	bytesColumn
	fileColumn
	programColumn
	codeColumn
	dataColumn
	sourceColumn
	whyColumn
	numColumns
)

var titles = line{"offset", "bytes", "ELF header", "program", "instruction", "data", "source", "why"}

// widest are the widths of columns that can be cut.
var widest = map[int]int{codeColumn: 28, dataColumn: 10, whyColumn: 12}

// Text writes the listing as a table for terminals, what happens when the program runs,
// and what the fields and the rules are.
func (l *Listing) Text(out io.Writer) error {
	w := bufio.NewWriter(out)
	l.writeMap(w)
	l.writeStory(w)
	l.writeFields(w)
	l.writeRules(w)
	return w.Flush()
}

// Map writes the table alone.
func (l *Listing) Map(out io.Writer) error {
	w := bufio.NewWriter(out)
	l.writeMap(w)
	return w.Flush()
}

// writeMap writes the table. Reasons are numbered, and follow it.
func (l *Listing) writeMap(w *bufio.Writer) {
	for _, s := range l.heading() {
		wrap(w, s, "")
	}
	w.WriteByte('\n')

	notes, lines := &notes{number: map[string]int{}, told: map[string]bool{}}, []line{titles}
	for i := range l.Rows {
		lines = append(lines, l.lines(i, notes)...)
	}
	var width [numColumns]int
	for i := range lines {
		for c, s := range lines[i] {
			n := utf8.RuneCountInString(s)
			if limit := widest[c]; limit > 0 {
				n = min(n, limit)
			}
			width[c] = max(width[c], n)
		}
	}
	left := textWidth
	for c, n := range width {
		if c != sourceColumn {
			left -= n + 1
		}
	}
	width[sourceColumn] = max(0, min(width[sourceColumn], left))
	for i := range lines {
		var b strings.Builder
		for c, s := range lines[i] {
			fmt.Fprintf(&b, "%-*s ", width[c], cut(s, width[c]))
		}
		w.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	}

	w.WriteByte('\n')
	for _, e := range legend {
		if notes.used[e.kind] {
			fmt.Fprintf(w, "%s %s\n", signs[e.kind], e.text)
		}
	}
	for i, text := range notes.list {
		wrap(w, fmt.Sprintf("%d  %s", i+1, text), "   ")
	}
}

// writeRules says in words what the rules are that reasons name.
func (l *Listing) writeRules(w *bufio.Writer) {
	if len(l.Rules) > 0 {
		w.WriteString("\nrules:\n")
	}
	for _, r := range l.Rules {
		text := r.Name + ": " + r.Text
		if r.Words != "" {
			text = r.Name + ": " + r.Words + ": " + r.Text
		}
		if r.Source != "" {
			text += " [" + r.Source + "]"
		}
		wrap(w, text, "   ")
	}
}

// writeStory tells what happens when the program runs.
func (l *Listing) writeStory(w *bufio.Writer) {
	if len(l.Story) == 0 {
		return
	}
	w.WriteString("\nwhat happens, in the virtual machine:\n")
	wrap(w, l.Start, "   ")
	last := ""
	for i := range l.Story {
		s := &l.Story[i]
		const indent = 15
		line := strings.TrimRight(fmt.Sprintf("%-12s %-*s  %s", fmt.Sprintf("%#x", s.Address), widest[codeColumn], cut(s.Text, widest[codeColumn]), s.Does), " ")
		after := "then " + s.After
		switch room := textWidth - utf8.RuneCountInString(line) - 3; {
		case s.After == last || s.After == "" || s.After == strings.ReplaceAll(s.Does, " = ", " "):
			after = ""
		case room >= utf8.RuneCountInString(after):
			line, after = line+" | "+after, ""
		}
		last = s.After
		wrap(w, line, strings.Repeat(" ", widest[codeColumn]+indent))
		if after != "" {
			margin := strings.Repeat(" ", widest[codeColumn]+indent)
			wrap(w, margin+"| "+after, margin+"  ")
		}
	}
	if l.End != "" {
		wrap(w, l.End, "   ")
	}
}

// writeFields says what the fields of the headers are for.
func (l *Listing) writeFields(w *bufio.Writer) {
	seen := map[string]bool{}
	for i := range l.Owners {
		o := &l.Owners[i]
		if o.Kind != Header || o.Remark == "" || seen[o.Text] {
			continue
		}
		if len(seen) == 0 {
			w.WriteString("\nfields:\n")
		}
		seen[o.Text] = true
		value := ""
		if b := l.Bytes[o.Offset:min(o.Offset+o.Size, int64(len(l.Bytes)))]; len(b) <= 8 {
			var word [8]byte
			copy(word[:], b)
			value = fmt.Sprintf(" = %#x", binary.LittleEndian.Uint64(word[:]))
		}
		wrap(w, o.Text+value+": "+o.Remark, "   ")
	}
}

// notes are the reasons in the order in which they are first given.
type notes struct {
	list   []string
	number map[string]int
	told   map[string]bool // rules, by name
	used   [len(signs)]bool
}

func (n *notes) add(text string) string {
	return n.addAs(text, func() string { return text })
}

// addAs adds what text returns, once for each key.
func (n *notes) addAs(key string, text func() string) string {
	if n.number[key] == 0 {
		n.list = append(n.list, text())
		n.number[key] = len(n.list)
	}
	return fmt.Sprint(n.number[key])
}

// lines makes lines of a row, with a few bytes in each. A long run of the same
// byte takes one.
func (l *Listing) lines(row int, n *notes) []line {
	r := &l.Rows[row]
	why := r.May.sign()
	if r.May.Known {
		n.used[r.May.Kind] = true
		if r.May.Kind != elf.Free || len(r.May.Because) > 0 {
			may := l.run(row)
			why += n.addAs(l.because(&may, nil), func() string { return l.because(&may, n.told) })
		}
	}
	for _, remark := range l.remarksOf(r) {
		why += " " + n.add(remark)
	}
	var list []line
	rest := *r
	for first := true; rest.Size > 0; first = false {
		part := rest
		b := l.Bytes[part.Offset:][:part.Size]
		var x line
		if part.Size > 2*perLine && alike(b) {
			x[bytesColumn] = fmt.Sprintf("%02x × %d", b[0], part.Size)
		} else {
			part.Size = min(part.Size, perLine)
			x[bytesColumn] = fmt.Sprintf("% x", b[:part.Size])
		}
		x[offsetColumn] = fmt.Sprintf("%04x", part.Offset)
		x[dataColumn] = l.column(&part, Data, false)
		if first {
			x[fileColumn] = l.column(&part, Header, false)
			x[programColumn] = l.column(&part, Header, true)
			x[codeColumn] = l.codeOf(&part)
			x[sourceColumn] = l.sourceOf(r)
			x[whyColumn] = strings.TrimSpace(why)
		}
		list = append(list, x)
		rest.Offset, rest.Size = rest.Offset+part.Size, rest.Size-part.Size
	}
	return list
}

// codeOf returns the instructions of a row, or that it is of no use.
func (l *Listing) codeOf(r *Row) string {
	code, padding := l.column(r, Code, false), l.column(r, Padding, false)
	switch {
	case code != "":
		return code
	case padding == "" && r.May.Known && r.May.Kind == elf.Free && l.column(r, Data, false) == "":
		return "(free)"
	}
	return padding
}

// run returns what the bytes of a row may be, taken together with those of its neighbours
// that are tied by the same rules.
func (l *Listing) run(row int) May {
	m := l.Rows[row].May
	m.TiedTo = slices.Clone(m.TiedTo)
	alike := func(i int) bool {
		x := &l.Rows[i].May
		return x.Known && x.Kind == m.Kind && len(x.TiedTo) > 0 && slices.Equal(x.Because, m.Because)
	}
	if !alike(row) {
		return m
	}
	for i := row - 1; i >= 0 && alike(i); i-- {
		m.TiedTo = append(m.TiedTo, l.Rows[i].May.TiedTo...)
	}
	for i := row + 1; i < len(l.Rows) && alike(i); i++ {
		m.TiedTo = append(m.TiedTo, l.Rows[i].May.TiedTo...)
	}
	slices.Sort(m.TiedTo)
	m.TiedTo = slices.Compact(m.TiedTo)
	return m
}

// because says for people what bytes may be and why: what each rule asks of this file, and
// the rule's name behind it. Of rules that were told, which it notes, only the names are
// given; told may be nil.
func (l *Listing) because(m *May, told map[string]bool) string {
	named := May{Known: m.Known, Kind: m.Kind, TiedTo: m.TiedTo}
	var parts, again []string
	for _, name := range m.Because {
		n := slices.IndexFunc(l.Rules, func(r Rule) bool { return r.Name == name })
		switch {
		case n < 0 || l.Rules[n].Here == "":
			parts = append(parts, name)
		case told[name]:
			again = append(again, name)
		default:
			parts = append(parts, fmt.Sprintf("%s [%s]", l.Rules[n].Here, name))
		}
		if told != nil {
			told[name] = true
		}
	}
	text, between := named.String(), ": "
	if len(parts) > 0 {
		text, between = text+between+strings.Join(parts, "; "), "; "
	}
	if len(again) > 0 {
		text += strings.Replace(between, ":", ",", 1) + "as above: " + strings.Join(again, ", ")
	}
	return text
}

// remarksOf returns what is remarkable about the code and data of a row.
func (l *Listing) remarksOf(r *Row) []string {
	var list []string
	for _, i := range r.Owners {
		if o := &l.Owners[i]; o.Remark != "" && (o.Kind == Code || o.Kind == Data) {
			list = append(list, o.Remark)
		}
	}
	return list
}

// sourceOf returns the lines that asked for the owners that begin in a row.
func (l *Listing) sourceOf(r *Row) string {
	var parts []string
	for _, i := range r.Owners {
		o := &l.Owners[i]
		if o.Offset < r.Offset {
			continue
		}
		for _, s := range o.lines() {
			parts = append(parts, fmt.Sprintf("%d  %s", s.Line, s.Text))
		}
	}
	return strings.Join(parts, " / ")
}

// lines returns the lines of the source that an owner stands for.
func (o *Owner) lines() []Source {
	if o.Source == nil {
		return o.Also
	}
	return append([]Source{*o.Source}, o.Also...)
}

func alike(b []byte) bool {
	for _, c := range b {
		if c != b[0] {
			return false
		}
	}
	return true
}

// cut shortens s to a width in characters.
func cut(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:max(0, width-1)]) + "…"
	}
	return s
}

// wrap writes a paragraph; its second line and those behind begin with indent.
func wrap(w io.Writer, s, indent string) {
	column := 0
	for i, word := range strings.Split(s, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i > 0 && column+1+n > textWidth:
			io.WriteString(w, "\n"+indent)
			column = len(indent)
		case i > 0:
			io.WriteString(w, " ")
			column++
		}
		io.WriteString(w, word)
		column += n
	}
	io.WriteString(w, "\n")
}
