package listing

import (
	"bufio"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"tasm/layout/elf"
)

// The picture is a grid of bytes. Below each line of bytes lie lanes of bars:
// the fields, instructions and data that the bytes belong to, each as long as
// its bytes. Colours only repeat what signs and the names of lanes say.

// Measures of the picture, in pixels.
const (
	margin    = 64 // left of the bytes, for offsets and names of lanes
	cellWidth = 104
	cellTop   = 30 // height of a byte
	laneTop   = 17 // height of a lane
	charWidth = 6.7
	gap       = 12 // between lines

	// headingWidth is in characters.
	headingWidth = (margin + perLine*cellWidth) * 10 / 67
)

// MaxPicture is the largest file of which a picture is drawn, in bytes.
const MaxPicture = 64 << 10

var errLarge = errors.New("the file is too large for a picture; use the text or JSON")

// Classes of bytes by what the loader lets them be, and of lanes.
var (
	mayClasses  = [...]string{elf.Free: "free", elf.Bounded: "bounded", elf.Tied: "tied", elf.Fixed: "fixed"}
	kindClasses = [...]string{Header: "header", Code: "code", Data: "data", Padding: "padding"}
)

// outside is the class of what no loader looks at.
const outside = "padding"

// colours are the colours of the classes, on a light and on a dark ground. The page
// has them too.
const colours = `:root { color-scheme: light dark; --ground: #fff; --ink: #111; --faint: #555; --line: #888; --lit: #d6006c;
  --free: #cdeec4; --bounded: #cfe0fb; --tied: #f8e3a1; --fixed: #f3beb8; --header: #e6e6e6; --code: #d3e9ee; --data: #fbe3cc; --padding: #fff }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --ink: #eee; --faint: #aaa; --line: #777; --lit: #ff7ab8;
  --free: #1f4a1c; --bounded: #1d3a66; --tied: #5c4a0c; --fixed: #672a24; --header: #3a3d40; --code: #1d4650; --data: #59391a; --padding: #14171a } }
.free { fill: var(--free); background: var(--free) } .bounded { fill: var(--bounded); background: var(--bounded) }
.tied { fill: var(--tied); background: var(--tied) } .fixed { fill: var(--fixed); background: var(--fixed) }
.header { fill: var(--header) } .code { fill: var(--code) } .data { fill: var(--data) } .padding { fill: var(--padding) }
`

// lane is a row of bars that do not overlap.
type lane struct {
	name string
	bars []bar
}

// bar is the part of an owner that lies in a line.
type bar struct {
	from, to int64 // offsets; to is behind the bar
	owner    *Owner
	index    int // of the owner
}

// numbers writes indices with blanks between them.
func numbers(list []int) string { return strings.Trim(fmt.Sprint(list), "[]") }

// SVG draws the listing.
func (l *Listing) SVG(out io.Writer) error {
	if len(l.Bytes) > MaxPicture {
		return errLarge
	}
	w := bufio.NewWriter(out)
	l.draw(w, true)
	return w.Flush()
}

// draw writes the picture, with a heading and the legend where it stands alone.
func (l *Listing) draw(w io.Writer, alone bool) {
	var body strings.Builder
	y := gap
	text := func(x, y int, class, s string) {
		fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, html.EscapeString(s))
	}
	if alone {
		for _, s := range l.heading() {
			text(gap, y+12, "heading", cut(s, headingWidth))
			y += laneTop
		}
		for _, e := range legend {
			fmt.Fprintf(&body, "<rect x=\"%d\" y=\"%d\" width=\"20\" height=\"14\" class=\"%s\"/>\n", gap, y, mayClasses[e.kind])
			text(gap+6, y+11, "sign", signs[e.kind])
			text(gap+28, y+11, "label", e.text)
			y += laneTop
		}
		y += gap
	}
	row := 0
	for at := int64(0); at < int64(len(l.Bytes)); {
		for l.Rows[row].Offset+l.Rows[row].Size <= at {
			row++
		}
		if n := l.repeated(&l.Rows[row], at); n > 0 {
			text(margin, y+12, "label", fmt.Sprintf("%d more bytes %02x, for the same reasons", n, l.Bytes[at]))
			y += laneTop + gap
			at += n
			continue
		}
		end := min(at+perLine, int64(len(l.Bytes)))
		y = l.drawLine(&body, row, at, end, y, text) + gap
		at = end
	}
	width := margin + perLine*cellWidth + gap
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="group" aria-label="the bytes of the file, and what they belong to">
<style>
%stext { font-family: monospace; font-size: 11px; fill: var(--ink) }
.byte { font-size: 15px; font-weight: bold }
.sign { font-weight: bold }
.lane { fill: var(--faint) }
rect { stroke: var(--line); stroke-width: .6 }
.lit rect, g:focus rect { stroke: var(--lit); stroke-width: 3 }
g:focus { outline: none }
</style>
<rect width="100%%" height="100%%" style="fill: var(--ground); stroke: none"/>
%s</svg>
`, width, y, width, y, colours, body.String())
}

// repeated returns how many bytes from at on a picture can leave out: whole
// lines in the midst of a row that look like the one before.
func (l *Listing) repeated(r *Row, at int64) int64 {
	if at < r.Offset+perLine {
		return 0
	}
	n := int64(0)
	for at+n+perLine <= r.Offset+r.Size && alike(l.Bytes[at+n-perLine:][:2*perLine]) {
		n += perLine
	}
	if n < 2*perLine {
		return 0
	}
	return n
}

// drawLine draws the bytes from at to end and their lanes, of which row is the
// first one's. It returns where it ends.
func (l *Listing) drawLine(body *strings.Builder, row int, at, end int64, y int, text func(x, y int, class, s string)) int {
	x := func(offset int64) int { return margin + int(offset-at)*cellWidth }
	text(gap, y+20, "byte", fmt.Sprintf("%04x", at))
	var owners []int
	for i := at; i < end; i++ {
		if l.Rows[row].Offset+l.Rows[row].Size <= i {
			row++
		}
		r := &l.Rows[row]
		for _, o := range r.Owners {
			if !slices.Contains(owners, o) {
				owners = append(owners, o)
			}
		}
		class := outside
		if r.May.Known {
			class = mayClasses[r.May.Kind]
		}
		fmt.Fprintf(body, "<g role=\"img\" tabindex=\"0\" data-owners=\"%s\"><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\"/>", numbers(r.Owners), html.EscapeString(l.describe(r, i)), x(i), y, cellWidth, cellTop, class)
		text(x(i)+8, y+20, "byte", fmt.Sprintf("%02x", l.Bytes[i]))
		if c := l.Bytes[i]; c >= ' ' && c <= '~' { // others have no sign, which may look like that of free bytes
			text(x(i)+44, y+20, "label", quote(l.Bytes[i:i+1]))
		}
		text(x(i)+cellWidth-16, y+20, "sign", r.May.sign())
		body.WriteString("</g>\n")
	}
	y += cellTop
	for _, lane := range l.lanes(owners, at, end) {
		text(gap, y+12, "lane", lane.name)
		for _, b := range lane.bars {
			label := l.label(b.owner, b.from > b.owner.Offset)
			fmt.Fprintf(body, "<g role=\"img\" tabindex=\"0\" data-owners=\"%d\"><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\"/>",
				b.index, html.EscapeString(b.owner.describe()), x(b.from), y, x(b.to)-x(b.from), laneTop, kindClasses[b.owner.Kind])
			text(x(b.from)+4, y+12, "label", cut(label, int(float64(x(b.to)-x(b.from)-6)/charWidth)))
			body.WriteString("</g>\n")
		}
		y += laneTop
	}
	return y
}

// lanes sorts owners into lanes by what they are; those that overlap lie in
// several.
func (l *Listing) lanes(owners []int, at, end int64) []lane {
	var lanes []lane
	for _, group := range []struct {
		name string
		has  func(o *Owner) bool
	}{
		{"ELF", func(o *Owner) bool { return o.Kind == Header && o.Program < 0 }},
		{"program", func(o *Owner) bool { return o.Kind == Header && o.Program >= 0 }},
		{"code", func(o *Owner) bool { return o.Kind == Code }},
		{"data", func(o *Owner) bool { return o.Kind == Data }},
		{"unused", func(o *Owner) bool { return o.Kind == Padding }},
	} {
		first := len(lanes)
		for _, i := range owners {
			o := &l.Owners[i]
			if !group.has(o) {
				continue
			}
			b := bar{max(o.Offset, at), min(o.Offset+o.Size, end), o, i}
			n := slices.IndexFunc(lanes[first:], func(x lane) bool { return x.bars[len(x.bars)-1].to <= b.from })
			if n < 0 {
				n = len(lanes) - first
				lanes = append(lanes, lane{name: group.name})
			}
			lanes[first+n].bars = append(lanes[first+n].bars, b)
		}
	}
	return lanes
}

// label is what a bar says; one that goes on from an earlier line says so.
func (l *Listing) label(o *Owner, goesOn bool) string {
	label := o.Text
	switch {
	case o.Kind == Data && o.Source != nil:
		label = o.Source.Text
	case o.Kind == Data || o.Kind == Padding:
		label = o.Remark
	case o.Program > 0:
		label += fmt.Sprintf("#%d", o.Program)
	}
	if goesOn {
		return "\" " + label
	}
	return label
}

// describe tells all of an owner.
func (o *Owner) describe() string {
	s := o.Kind.String()
	if o.Program >= 0 {
		s += fmt.Sprintf(" of program header %d", o.Program)
	}
	if o.Text != "" {
		s += " " + o.Text
	}
	bytes := "bytes"
	if o.Size == 1 {
		bytes = "byte"
	}
	s += fmt.Sprintf(", offset %#x, %d %s, address %#x", o.Offset, o.Size, bytes, o.Address)
	if o.Remark != "" {
		s += ": " + o.Remark
	}
	for _, x := range o.lines() {
		s += fmt.Sprintf("\n%s:%d: %s", x.File, x.Line, x.Text)
	}
	return s
}

// describe tells all of a byte of a row.
func (l *Listing) describe(r *Row, at int64) string {
	parts := []string{fmt.Sprintf("byte %#x: %02x", at, l.Bytes[at])}
	for _, i := range r.Owners {
		parts = append(parts, l.Owners[i].describe())
	}
	if r.May.Known {
		parts = append(parts, l.because(&r.May, nil))
	}
	return strings.Join(parts, "\n")
}
