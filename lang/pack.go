package lang

import (
	"encoding/binary"
	"unsafe"

	"tasm/diag"
)

// A packed statement is its syntax tree as a string of bytes, a tenth as large as the
// nodes: labels, instructions, data and EQU with the expressions that most of them have.
// Numbers are varints, places are counted from the place before, names stand in full.

// AppendPacked appends st to b without its Expansion. It reports false for statements
// that can't be packed; what has been appended then means nothing.
func AppendPacked(b []byte, st *Statement) ([]byte, bool) {
	p := packer{bytes: b}
	p.place(st.Range)
	p.flag(st.Label != nil)
	if l := st.Label; l != nil {
		p.place(l.Range)
		p.number(int64(l.ID))
		p.text(l.Name)
		p.flag(l.Colon)
	}
	p.expr(st.Times)
	p.body(st.Body)
	return p.bytes, !p.failed
}

// Unpack makes a statement of what AppendPacked has made. Names in it are parts of b,
// which must not change.
func (n *Nodes) Unpack(b []byte) *Statement {
	u := unpacker{bytes: b, Nodes: n}
	st := n.Statements.Node()
	st.Range = u.place()
	if u.flag() {
		l := n.Labels.Node()
		l.Range, l.ID, l.Name, l.Colon = u.place(), int32(u.number()), u.text(), u.flag()
		st.Label = l
	}
	st.Times = u.expr()
	st.Body = u.body()
	return st
}

// tag says which type of node follows.
type tag = byte

const (
	noNode tag = iota
	instructionTag
	dataTag
	reserveTag
	equTag
	numberTag
	wideTag // a Number that does not fit
	stringTag
	symbolTag
	registerTag
	hereTag
	startTag // a Here with Section set
	unaryTag
	binaryTag
)

type packer struct {
	bytes  []byte
	at     diag.Range // the place before
	failed bool
}

func (p *packer) tag(t tag) { p.bytes = append(p.bytes, t) }

func (p *packer) number(n int64) { p.bytes = binary.AppendVarint(p.bytes, n) }

func (p *packer) text(s string) {
	p.number(int64(len(s)))
	p.bytes = append(p.bytes, s...)
}

func (p *packer) flag(b bool) { p.flags(b) }

// flags packs up to eight of them.
func (p *packer) flags(list ...bool) {
	var bits byte
	for i, b := range list {
		if b {
			bits |= 1 << i
		}
	}
	p.bytes = append(p.bytes, bits)
}

func (p *packer) place(r diag.Range) {
	p.number(int64(r.Start) - int64(p.at.Start))
	p.number((int64(r.End)-int64(r.Start))<<1 | truth(r.File != p.at.File))
	if r.File != p.at.File {
		p.number(int64(r.File))
	}
	p.at = r
}

func (p *packer) body(body Body) {
	switch b := body.(type) {
	case nil:
		p.tag(noNode)
	case *Instruction:
		p.tag(instructionTag)
		p.place(b.Range)
		p.text(b.Name)
		p.number(int64(b.ID))
		p.number(int64(len(b.Prefixes)))
		for i := range b.Prefixes {
			x := &b.Prefixes[i]
			p.place(x.Range)
			p.text(x.Name)
			p.number(int64(x.ID))
		}
		p.number(int64(len(b.Operands)))
		for i := range b.Operands {
			p.operand(&b.Operands[i])
		}
	case *Data:
		p.tag(dataTag)
		p.place(b.Range)
		p.number(int64(b.Width))
		p.number(int64(len(b.Items)))
		for i := range b.Items {
			p.item(&b.Items[i])
		}
	case *Reserve:
		p.tag(reserveTag)
		p.place(b.Range)
		p.number(int64(b.Width))
		p.expr(b.Count)
	case *Equ:
		p.tag(equTag)
		p.place(b.Range)
		p.expr(b.Segment)
		p.expr(b.Value)
	default:
		p.failed = true
	}
}

func (p *packer) item(d *DataItem) {
	p.place(d.Range)
	p.number(int64(d.Width))
	p.flag(d.Uninitialised)
	p.expr(d.Value)
	p.failed = p.failed || d.Count != nil || d.Group != nil
}

func (p *packer) operand(o *Operand) {
	p.place(o.Range)
	p.flags(o.Strict, o.To, o.Memory != nil)
	p.number(int64(o.Size))
	p.number(int64(o.Distance))
	p.expr(o.Segment)
	p.expr(o.Value)
	if m := o.Memory; m != nil {
		p.flags(m.NoSplit, m.Rel, m.Abs, m.Segment != nil)
		p.number(int64(m.DispSize))
		p.number(int64(m.AddressSize))
		if m.Segment != nil {
			p.place(m.Segment.Range)
			p.number(int64(m.Segment.ID))
		}
		p.expr(m.Base)
		p.expr(m.Index)
	}
	p.failed = p.failed || o.Decorators != nil
}

func (p *packer) expr(e Expr) {
	switch e := e.(type) {
	case nil:
		p.tag(noNode)
	case *Number:
		t := numberTag
		if e.Wide {
			t = wideTag
		}
		p.tag(t)
		p.place(e.Range)
		p.number(e.N)
	case *String:
		p.tag(stringTag)
		p.place(e.Range)
		p.text(e.Bytes)
	case *Symbol:
		p.tag(symbolTag)
		p.place(e.Range)
		p.number(int64(e.ID))
		p.text(e.Name)
	case *Register:
		p.tag(registerTag)
		p.place(e.Range)
		p.number(int64(e.ID))
	case *Here:
		t := hereTag
		if e.Section {
			t = startTag
		}
		p.tag(t)
		p.place(e.Range)
	case *Unary:
		p.tag(unaryTag)
		p.place(e.Range)
		p.tag(byte(e.Op))
		p.expr(e.X)
	case *Binary:
		p.tag(binaryTag)
		p.place(e.At)
		p.tag(byte(e.Op))
		p.expr(e.X)
		p.expr(e.Y)
	default:
		p.failed = true
	}
}

type unpacker struct {
	*Nodes
	bytes []byte
	at    diag.Range
}

func (u *unpacker) tag() tag {
	t := u.bytes[0]
	u.bytes = u.bytes[1:]
	return t
}

func (u *unpacker) number() int64 {
	if b := u.bytes[0]; b < 0x80 { // most are small
		u.bytes = u.bytes[1:]
		return int64(b>>1) ^ -int64(b&1)
	}
	n, size := binary.Varint(u.bytes)
	u.bytes = u.bytes[size:]
	return n
}

func (u *unpacker) text() string {
	n := int(u.number())
	s := unsafe.String(unsafe.SliceData(u.bytes), n)
	u.bytes = u.bytes[n:]
	return s
}

func (u *unpacker) flag() bool { return u.tag() != 0 }

func (u *unpacker) place() diag.Range {
	r := u.at
	r.Start += int32(u.number())
	size := u.number()
	r.End = r.Start + int32(size>>1)
	if size&1 != 0 {
		r.File = diag.FileID(u.number())
	}
	u.at = r
	return r
}

func (u *unpacker) body() Body {
	switch u.tag() {
	case instructionTag:
		b := u.Instructions.Node()
		b.Range, b.Name, b.ID = u.place(), u.text(), int32(u.number())
		b.Prefixes = u.Prefixes.New(int(u.number()))
		for i := range b.Prefixes {
			b.Prefixes[i] = Prefix{Range: u.place(), Name: u.text(), ID: int32(u.number())}
		}
		b.Operands = u.Operands.New(int(u.number()))
		for i := range b.Operands {
			u.operand(&b.Operands[i])
		}
		return b
	case dataTag:
		b := u.Datas.Node()
		b.Range, b.Width = u.place(), int(u.number())
		b.Items = u.Items.New(int(u.number()))
		for i := range b.Items {
			b.Items[i] = DataItem{Range: u.place(), Width: uint8(u.number()), Uninitialised: u.flag(), Value: u.expr()}
		}
		return b
	case reserveTag:
		b := u.Reserves.Node()
		b.Range, b.Width, b.Count = u.place(), int(u.number()), u.expr()
		return b
	case equTag:
		b := u.Equs.Node()
		b.Range, b.Segment, b.Value = u.place(), u.expr(), u.expr()
		return b
	}
	return nil
}

func (u *unpacker) operand(o *Operand) {
	o.Range = u.place()
	bits := u.tag()
	o.Strict, o.To = bits&1 != 0, bits&2 != 0
	o.Size, o.Distance = uint8(u.number()), Distance(u.number())
	o.Segment, o.Value = u.expr(), u.expr()
	if bits&4 == 0 {
		return
	}
	m := u.Memories.Node()
	o.Memory = m
	bits = u.tag()
	m.NoSplit, m.Rel, m.Abs = bits&1 != 0, bits&2 != 0, bits&4 != 0
	m.DispSize, m.AddressSize = uint8(u.number()), uint8(u.number())
	if bits&8 != 0 {
		m.Segment = u.register()
	}
	m.Base, m.Index = u.expr(), u.expr()
}

func (u *unpacker) register() *Register {
	r := u.Registers.Node()
	r.Range, r.ID = u.place(), RegisterID(u.number())
	return r
}

func (u *unpacker) expr() Expr {
	switch t := u.tag(); t {
	case numberTag, wideTag:
		e := u.Numbers.Node()
		e.Range, e.N, e.Wide = u.place(), u.number(), t == wideTag
		return e
	case stringTag:
		e := u.Strings.Node()
		e.Range, e.Bytes = u.place(), u.text()
		return e
	case symbolTag:
		e := u.Symbols.Node()
		e.Range, e.ID, e.Name = u.place(), int32(u.number()), u.text()
		return e
	case registerTag:
		return u.register()
	case hereTag, startTag:
		e := u.Heres.Node()
		e.Range, e.Section = u.place(), t == startTag
		return e
	case unaryTag:
		e := u.Unaries.Node()
		e.Range, e.Op, e.X = u.place(), Op(u.tag()), u.expr()
		return e
	case binaryTag:
		e := u.Binaries.Node()
		e.At, e.Op, e.X, e.Y = u.place(), Op(u.tag()), u.expr(), u.expr()
		return e
	}
	return nil
}
