package parser

import (
	"fmt"
	"strconv"
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// dumper writes statements in a compact form for golden files.
type dumper struct{ files *diag.Files }

func (d dumper) statement(st *lang.Statement) string {
	var parts []string
	if st.Label != nil {
		colon := ""
		if st.Label.Colon {
			colon = ":"
		}
		parts = append(parts, "label "+st.Label.Name+colon)
	}
	if st.Times != nil {
		parts = append(parts, "times "+d.expr(st.Times))
	}
	if st.Body != nil {
		parts = append(parts, d.body(st.Body))
	}
	if st.Expansion != nil {
		parts = append(parts, "from "+st.Expansion.What)
	}
	return strings.Join(parts, "; ")
}

func (d dumper) body(b lang.Body) string {
	switch b := b.(type) {
	case *lang.Instruction:
		s := "instruction"
		for _, p := range b.Prefixes {
			s += fmt.Sprintf(" prefix(%s %d)", p.Name, p.ID)
		}
		return strings.TrimRight(s+" "+b.Name+" "+d.operands(b.Operands), " ")
	case *lang.Data:
		return strings.TrimRight(fmt.Sprintf("data/%d %s", b.Width, d.items(b.Items)), " ")
	case *lang.Reserve:
		return fmt.Sprintf("reserve/%d %s", b.Width, d.expr(b.Count))
	case *lang.Incbin:
		s := "incbin " + strconv.Quote(b.Path)
		if b.Skip != nil {
			s += " skip " + d.expr(b.Skip)
		}
		if b.Length != nil {
			s += " length " + d.expr(b.Length)
		}
		return s
	case *lang.Equ:
		if b.Segment != nil {
			return "equ " + d.expr(b.Segment) + " : " + d.expr(b.Value)
		}
		return "equ " + d.expr(b.Value)
	case *lang.Directive:
		return strings.TrimRight("directive "+b.Name+" "+d.args(b.Args), " ")
	case *lang.Section:
		return strings.TrimRight("section "+b.Name+" "+d.args(b.Attrs), " ")
	case *lang.Align:
		s := "align "
		if b.Reserve {
			s = "alignb "
		}
		s += d.expr(b.Boundary)
		if b.Fill != nil {
			s += " fill(" + d.body(b.Fill) + ")"
		}
		if b.Times != nil {
			s += " times " + d.expr(b.Times)
		}
		return s
	case *lang.Target:
		return "target " + names(b.Names)
	case *lang.Entry:
		return "entry " + b.Symbol.Name
	case *lang.Image:
		s := "image " + b.Key.Text
		for _, a := range b.Args {
			s += " " + strconv.Quote(a.Bytes)
		}
		return s
	case *lang.Syscall:
		return strings.TrimRight("sys "+b.Name.Text+" "+d.operands(b.Args), " ")
	}
	return fmt.Sprintf("%T", b)
}

func names(list []lang.Name) string {
	var texts []string
	for _, n := range list {
		texts = append(texts, n.Text)
	}
	return strings.Join(texts, ", ")
}

func (d dumper) args(args []lang.Arg) string {
	var texts []string
	for _, a := range args {
		s := a.Name
		if len(a.Words) > 0 {
			s += ":" + strings.Join(a.Words, " ")
		}
		if a.Value != nil {
			s += "=" + d.expr(a.Value)
		}
		texts = append(texts, s)
	}
	return strings.Join(texts, ", ")
}

func (d dumper) operands(list []lang.Operand) string {
	var texts []string
	for i := range list {
		texts = append(texts, d.operand(&list[i]))
	}
	return strings.Join(texts, ", ")
}

func (d dumper) operand(o *lang.Operand) string {
	var s string
	if o.Strict {
		s += "strict "
	}
	if o.To {
		s += "to "
	}
	s += []string{"", "short ", "near ", "far "}[o.Distance]
	if o.Size != 0 {
		s += fmt.Sprintf("size/%d ", o.Size)
	}
	switch m := o.Memory; {
	case m != nil:
		s += "["
		if m.Segment != nil {
			s += d.expr(m.Segment) + ": "
		}
		if m.DispSize != 0 {
			s += fmt.Sprintf("disp/%d ", m.DispSize)
		}
		if m.AddressSize != 0 {
			s += fmt.Sprintf("address/%d ", m.AddressSize)
		}
		if m.NoSplit {
			s += "nosplit "
		}
		if m.Rel {
			s += "rel "
		}
		if m.Abs {
			s += "abs "
		}
		s += d.expr(o.Value) + "]"
	case o.Segment != nil:
		s += d.expr(o.Segment) + " : " + d.expr(o.Value)
	case o.Value != nil:
		s += d.expr(o.Value)
	}
	for _, n := range o.Decorators {
		s += " {" + n.Text + "}"
	}
	return s
}

func (d dumper) items(items []lang.DataItem) string {
	var texts []string
	for _, it := range items {
		var s string
		if it.Count != nil {
			s += d.expr(it.Count) + " dup "
		}
		if it.Width != 0 {
			s += fmt.Sprintf("size/%d ", it.Width)
		}
		switch {
		case it.Group != nil:
			s += "{" + d.items(it.Group) + "}"
		case it.Uninitialised:
			s += "?"
		default:
			s += d.expr(it.Value)
		}
		texts = append(texts, s)
	}
	return strings.Join(texts, ", ")
}

func (d dumper) expr(e lang.Expr) string {
	switch e := e.(type) {
	case *lang.Number:
		return strconv.FormatInt(e.N, 10)
	case *lang.Float:
		return "float(" + e.Text + ")"
	case *lang.String:
		return strconv.QuoteToASCII(e.Bytes)
	case *lang.Symbol:
		return e.Name
	case *lang.Register:
		return testRegisters[e.ID-1]
	case *lang.Here:
		if e.Section {
			return "$$"
		}
		return "$"
	case *lang.Unary:
		return "(" + e.Op.String() + " " + d.expr(e.X) + ")"
	case *lang.Binary:
		return "(" + d.expr(e.X) + " " + e.Op.String() + " " + d.expr(e.Y) + ")"
	case *lang.Conditional:
		return "(" + d.expr(e.X) + " ? " + d.expr(e.Y) + " : " + d.expr(e.Z) + ")"
	case *lang.Call:
		return e.Name + "(" + d.expr(e.Arg) + ")"
	}
	return fmt.Sprintf("%T", e)
}

// message writes a message with its notes.
func (d dumper) message(m *diag.Message) string {
	var b strings.Builder
	place := func(r diag.Range) string {
		if r.IsZero() {
			return ""
		}
		p := d.files.Position(r)
		return fmt.Sprintf("%d:%d: ", p.Line, p.Column)
	}
	code := ""
	if m.Code != "" {
		code = " [" + m.Code + "]"
	}
	fmt.Fprintf(&b, "%s%s: %s%s\n", place(m.Range), m.Severity, m.Text, code)
	for _, n := range m.Notes {
		fmt.Fprintf(&b, "    %s%s\n", place(n.Range), n.Text)
	}
	for _, f := range m.Fixes {
		fmt.Fprintf(&b, "    %sfix: %q\n", place(f.Range), f.Text)
	}
	return b.String()
}
