package listing

import (
	"bufio"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// page is the HTML around the picture. It needs nothing from elsewhere.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Name}}</title>
<style>
body { font: 14px/1.4 sans-serif; color: #111; background: #fff; margin: 1.5em; max-width: 75em }
table { border-collapse: collapse; margin: 1em 0 }
th, td { text-align: left; vertical-align: top; border: 1px solid #bbb; padding: .15em .5em }
td, code { font-family: monospace; font-size: 12px }
.legend span { display: inline-block; border: 1px solid #888; width: 1.6em; text-align: center; font-weight: bold }
.picture { overflow-x: auto }
</style>
<h1>{{.Name}}</h1>
{{range .Heading}}<p>{{.}}</p>
{{end}}<h2>Bytes</h2>
<ul class="legend">
{{range .Legend}}<li><span style="background: {{.Colour}}">{{.Sign}}</span> {{.Text}}</li>
{{end}}<li><span>&nbsp;</span> outside of the headers: the loader does not look at it</li>
</ul>
<p>Below the bytes lie the fields, instructions and data that they belong to. A mark " says that one began on the line above. What is cut short is told in full where the pointer rests on it, and in the table.</p>
<div class="picture">
{{.Picture}}</div>
<h2>Table</h2>
<table>
<tr><th>offset<th>bytes<th>ELF header<th>program header<th>instruction<th>data<th>source<th>may be<th>remarks
{{range .Rows}}<tr style="background: {{.Colour}}"><td>{{.Offset}}<td>{{.Bytes}}<td>{{.File}}<td>{{.Program}}<td>{{.Code}}<td>{{.Data}}<td>{{.Source}}<td>{{.Sign}} {{.May}}<td>{{.Remarks}}
{{end}}</table>
{{if .Rules}}<h2>Rules of {{.Loader}}</h2>
<table>
<tr><th>rule<th>what it asks for<th>where it is written
{{range .Rules}}<tr><td>{{.Name}}<td>{{.Text}}<td>{{.Source}}
{{end}}</table>
{{end}}</html>
`))

type (
	pageRow struct {
		Offset, Bytes, File, Program, Code, Data, Source, Sign, May, Remarks string
		Colour                                                               template.CSS
	}
	pageSign struct {
		Sign, Text string
		Colour     template.CSS
	}
)

// HTML writes the listing as a page with the picture, a table and the rules.
func (l *Listing) HTML(out io.Writer) error {
	if len(l.Bytes) > MaxPicture {
		return errLarge
	}
	var picture strings.Builder
	l.draw(&picture, false)
	var legends []pageSign
	for _, e := range legend {
		legends = append(legends, pageSign{signs[e.kind], e.text, template.CSS(mayColours[e.kind])})
	}
	var rows []pageRow
	for i := range l.Rows {
		r := &l.Rows[i]
		bytes := fmt.Sprintf("% x", l.Bytes[r.Offset:][:r.Size])
		if r.Size > 2*perLine && alike(l.Bytes[r.Offset:][:r.Size]) {
			bytes = fmt.Sprintf("%02x × %d", l.Bytes[r.Offset], r.Size)
		}
		row := pageRow{
			Offset: fmt.Sprintf("%04x", r.Offset), Bytes: bytes, File: l.column(r, Header, false), Program: l.column(r, Header, true),
			Code: l.codeOf(r), Data: l.column(r, Data, false), Source: l.sourceOf(r), Sign: r.May.sign(), May: r.May.String(),
			Remarks: strings.Join(l.remarksOf(r), "; "), Colour: "#ffffff",
		}
		if r.May.Known {
			row.Colour = template.CSS(mayColours[r.May.Kind])
		}
		rows = append(rows, row)
	}
	w := bufio.NewWriter(out)
	err := page.Execute(w, map[string]any{
		"Name": l.Name, "Heading": l.heading(), "Legend": legends, "Picture": template.HTML(picture.String()),
		"Rows": rows, "Rules": l.Rules, "Loader": l.Loader,
	})
	if err != nil {
		return err
	}
	return w.Flush()
}
