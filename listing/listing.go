// Package listing shows an executable byte by byte: which field, instruction,
// datum and line of the source each byte belongs to, and what else it could be.
//
// In a small executable a byte often serves several purposes: a field of the
// ELF header, one of the program header laid over it, part of an instruction.
// New collects all these owners, from the layout that made the file or, for
// a file from elsewhere, from its headers and its code. Text, JSON, SVG and
// HTML show the result.
package listing

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/program"
	"tasm/symbols"
)

// Kind says what an Owner is.
type Kind uint8

const (
	Header  Kind = iota // a field of the ELF header or of a program header
	Code                // an instruction, as the processor reads it
	Data                // bytes that the program or the kernel reads
	Padding             // bytes that nothing reads
)

func (k Kind) String() string { return [...]string{"field", "instruction", "data", "padding"}[k] }

// Owner is a purpose that a run of bytes serves.
type Owner struct {
	Kind         Kind
	Offset, Size int64  // in the file, in bytes
	Address      uint64 // of the first byte when the program runs
	// Text is the field's name, or the instruction in nasm's syntax.
	Text string
	// Program is the index of the program header that a field is of, and -1
	// for the ELF header.
	Program int
	// Remark tells what is worth knowing: the meaning of a field, what padding
	// is for, which fields an instruction runs through.
	Remark string
	Source *Source // nil where no line of a source asked for it
	// Also are further lines, or those that code written anew has a part in.
	Also []Source
}

// Source is a line of a source.
type Source struct {
	File string
	Line int
	Text string // with its label, without its comment
}

// Row is a run of bytes with the same owners, for the same reasons.
type Row struct {
	Offset, Size int64
	Owners       []int // indices in Listing.Owners
	May          May
}

// May says what the loader lets the bytes of a Row be.
type May struct {
	Known   bool // false outside of the headers, where it has no say
	Kind    elf.Kind
	Because []string // the names of the rules that say so
	TiedTo  []int64  // offsets of the bytes that share bits with these
}

// Rule is something that a loader asks of the headers.
type Rule struct {
	Name   string
	Text   string // "e_type is one of 2, 3"
	Here   string // what of it holds, with the values of this file: "e_type 0x2 is one of 2, 3"; "" where Text has none
	Words  string // what it is for, "" where Text says all
	Source string // where it is written
}

// Listing is a file with what is known about each of its bytes.
type Listing struct {
	Name   string
	Bytes  []byte
	Class  elf.Class // 0 for a file that is no executable
	Entry  uint64    // address of the first instruction
	Loader string    // by whose rules the bytes of headers are judged
	Report *layout.Report
	// Remarks are sentences about the file as a whole.
	Remarks []string
	Rules   []Rule  // that Rows speak of, in the order in which they first do
	Owners  []Owner // in order of Offset
	Rows    []Row   // in order of Offset, without gaps

	// Start and End are sentences about what the program finds, and about where the
	// Story stops; both are empty where there is none.
	Start, End string
	Story      []Step

	labels map[uint64]string // by address
}

// New lists a file. table knows its labels and the sources of its parts. loader is by
// whose rules headers are judged. bits is the mode of code of which the
// source does not tell it.
// A file without headers of its own making that is an ELF executable all the
// same is read as one.
func New(name string, f *layout.File, table *symbols.Table, loader *elf.Loader, bits int) *Listing {
	l := &Listing{Name: name, Bytes: f.Bytes, Class: f.Class, Entry: f.Entry, Loader: loader.Name, Report: f.Report, labels: map[uint64]string{}}
	for _, label := range table.Labels() {
		if l.labels[label.Address] == "" {
			l.labels[label.Address] = label.Name
		}
	}
	c := &collector{listing: l, files: table.Files(), bits: bits, code: map[int64]int{}}
	traced := false
	for i := range f.Parts {
		p := &f.Parts[i]
		c.part(p)
		traced = traced || p.Kind == layout.CodePart
	}
	if im := readImage(f.Bytes); im != nil {
		l.Class, l.Entry = im.class, im.entry
		c.bits = im.class.Bits()
		if f.Class == 0 {
			c.headers(im)
		}
		foreign := im.foreign()
		if foreign != "" {
			l.Remarks = append(l.Remarks, foreign)
		} else if !traced {
			c.walk(im)
		}
		l.rows(c.judge(im, loader))
		if foreign == "" {
			l.tell()
		}
	} else {
		l.rows(make([]May, len(f.Bytes)))
	}
	return l
}

// collector gathers the owners of a file's bytes.
type collector struct {
	listing *Listing
	files   *diag.Files
	bits    int
	code    map[int64]int // instructions by offset: indices of owners
}

func (c *collector) add(o Owner) { c.listing.Owners = append(c.listing.Owners, o) }

// part adds what a layout says of a part of the file.
func (c *collector) part(p *layout.Part) {
	o := Owner{Offset: p.Offset, Size: p.Size, Address: p.Address, Program: -1, Remark: p.Why, Source: c.source(p.Source)}
	for _, s := range p.Also {
		if x := c.source(s); x != nil {
			o.Also = append(o.Also, *x)
		}
	}
	switch p.Kind {
	case layout.HeaderPart:
		o.Kind, o.Text, o.Remark = Header, p.Field.Name, p.Field.Meaning
		if p.Field.Header == elf.ProgramHeader {
			o.Program = p.Index
		}
		c.add(o)
	case layout.CodePart:
		c.instructions(o, c.bits)
	case layout.DataPart:
		o.Kind = Data
		c.add(o)
	case layout.PaddingPart:
		o.Kind = Padding
		c.add(o)
	case layout.FragmentPart:
		if o.Source == nil {
			o.Source = c.source(p.Fragment.Source)
		}
		switch p.Fragment.Kind {
		case program.Code:
			bits := c.bits
			if p.Fragment.Instruction != nil {
				bits = p.Fragment.Instruction.Bits
			}
			c.instructions(o, bits)
		case program.Data:
			o.Kind = Data
			c.add(o)
		case program.Space, program.Padding:
			o.Kind, o.Remark = Padding, cmp.Or(o.Remark, "space")
			c.add(o)
		}
	}
}

// instructions adds the instructions that o's bytes are.
func (c *collector) instructions(o Owner, bits int) {
	o.Kind = Code
	for end := o.Offset + o.Size; o.Offset < end; {
		var d x86.Decoded
		o.Size, o.Text = end-o.Offset, "not decoded"
		if x86.Decode(bits, c.listing.Bytes[o.Offset:end], int64(o.Address), &d) {
			o.Size, o.Text = int64(d.Length), c.listing.named(d.String())
		}
		c.code[o.Offset] = len(c.listing.Owners)
		c.add(o)
		o.Offset, o.Address = o.Offset+o.Size, o.Address+uint64(o.Size)
	}
}

// number is what may be an address in an instruction.
var number = regexp.MustCompile(`\b0x[0-9a-f]{4,16}\b`)

// named puts labels in place of their addresses.
func (l *Listing) named(text string) string {
	return number.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s, 0, 64)
		return cmp.Or(l.labels[n], s)
	})
}

// source returns the line of a statement.
func (c *collector) source(s *lang.Statement) *Source {
	if s == nil || s.Range.IsZero() {
		return nil
	}
	p := c.files.Position(s.Range)
	line := bytes.LastIndexByte(c.files.Text(s.Range.File)[:p.Offset], '\n') + 1
	// The statement with its label and without its comment.
	text := p.Text[:max(0, min(len(p.Text), int(s.Range.End)-line))]
	return &Source{File: p.File, Line: p.Line, Text: strings.Join(strings.Fields(text), " ")}
}

// rows divides the file into rows. may tells of each byte what it may be; what
// it does not reach is no header.
func (l *Listing) rows(may []May) {
	slices.SortStableFunc(l.Owners, func(a, b Owner) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Program, b.Program))
	})
	next, active := 0, []int{}
	for at := range int64(len(l.Bytes)) {
		changed := at == 0
		left := active[:0:0]
		for _, i := range active {
			if o := &l.Owners[i]; o.Offset+o.Size > at {
				left = append(left, i)
			}
		}
		changed = changed || len(left) < len(active)
		for ; next < len(l.Owners) && l.Owners[next].Offset <= at; next++ {
			if l.Owners[next].Size > 0 {
				left, changed = append(left, next), true
			}
		}
		active = left
		m := May{}
		if at < int64(len(may)) {
			m = may[at]
		}
		if !changed {
			row := &l.Rows[len(l.Rows)-1]
			if row.May.same(&m) {
				row.Size++
				for _, t := range m.TiedTo {
					if !slices.Contains(row.May.TiedTo, t) {
						row.May.TiedTo = append(row.May.TiedTo, t)
					}
				}
				continue
			}
		}
		m.TiedTo = slices.Clone(m.TiedTo)
		l.Rows = append(l.Rows, Row{Offset: at, Size: 1, Owners: slices.Clone(active), May: m})
	}
	for i := range l.Rows {
		slices.Sort(l.Rows[i].May.TiedTo)
	}
}

// same reports whether two bytes may be what they are for the same reasons.
func (m *May) same(o *May) bool {
	return m.Known == o.Known && m.Kind == o.Kind && slices.Equal(m.Because, o.Because) && (len(m.TiedTo) == 0) == (len(o.TiedTo) == 0)
}

// String says for people what the bytes may be: "fixed by e_type".
func (m *May) String() string {
	if !m.Known {
		return ""
	}
	text := m.Kind.String()
	if len(m.TiedTo) > 0 {
		text += " to " + ranges(m.TiedTo)
	}
	if len(m.Because) > 0 {
		text += " by " + strings.Join(m.Because, ", ")
	}
	return text
}

// ranges writes offsets with those in a row as one: "24-27, 40".
func ranges(list []int64) string {
	var parts []string
	for i := 0; i < len(list); {
		j := i + 1
		for j < len(list) && list[j] == list[j-1]+1 {
			j++
		}
		text := fmt.Sprintf("%#x", list[i])
		if j > i+1 {
			text += fmt.Sprintf("-%#x", list[j-1])
		}
		parts = append(parts, text)
		i = j
	}
	return strings.Join(parts, ", ")
}

// column joins the texts of those owners of a row that are of one kind; only
// names a program header's fields (true) or the ELF header's.
func (l *Listing) column(r *Row, kind Kind, program bool) string {
	var parts []string
	for _, i := range r.Owners {
		o := &l.Owners[i]
		if o.Kind != kind || kind == Header && program != (o.Program >= 0) {
			continue
		}
		switch {
		case kind == Data:
			parts = append(parts, quote(l.Bytes[r.Offset:r.Offset+r.Size]))
		case kind == Padding:
			parts = append(parts, "("+o.Remark+")")
		case o.Offset < r.Offset && kind == Code:
			parts = append(parts, "\" "+o.Text)
		case o.Program > 0:
			parts = append(parts, o.Text+"#"+strconv.Itoa(o.Program))
		default:
			parts = append(parts, o.Text)
		}
	}
	return strings.Join(slices.Compact(parts), " / ")
}

// quote shows bytes as characters, what can't be printed as a point.
func quote(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		if c < ' ' || c > '~' {
			s.WriteRune('·') // not the sign of free bytes
			continue
		}
		s.WriteByte(c)
	}
	return "'" + s.String() + "'"
}
