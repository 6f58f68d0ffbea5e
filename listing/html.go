package listing

import (
	"bufio"
	"fmt"
	"html/template"
	"io"
	"path"
	"strings"
	"sync"
)

// page is the HTML around the picture. It needs nothing from elsewhere.
var page = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })

const pageText = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>
{{.Colours}}body { font: 14px/1.4 sans-serif; color: var(--ink); background: var(--ground); margin: 1.5em; max-width: 75em }
table { border-collapse: collapse; margin: 1em 0 }
th, td { text-align: left; vertical-align: top; border: 1px solid var(--line); padding: .15em .5em }
td, code { font-family: monospace; font-size: 12px }
.legend span { display: inline-block; border: 1px solid var(--line); width: 1.6em; text-align: center; font-weight: bold }
.wide { overflow-x: auto }
tr.lit td { outline: 2px solid var(--lit) }
p, li { overflow-wrap: anywhere }
#about { position: sticky; bottom: 0; margin: 0; padding: .3em; white-space: pre-line; max-height: 30vh; overflow-y: auto; background: var(--ground); border: 1px solid var(--lit) }
</style>
<main>
<h1>{{.Title}}</h1>
{{range .Heading}}<p>{{.}}</p>
{{end}}<h2>Bytes</h2>
<ul class="legend">
{{range .Legend}}<li><span class="{{.Class}}">{{.Sign}}</span> {{.Text}}</li>
{{end}}<li><span>&nbsp;</span> outside of the headers: the loader does not look at it</li>
</ul>
<p>Below the bytes lie the fields, instructions and data that they belong to. A mark " says that one began on the line above. A byte that is touched, pointed at or reached by the keyboard lights all that it belongs to, and is told of at the bottom. The Tab key goes to the bytes; arrows go from one to the next, Home and End to the first and last, Escape puts the light out.</p>
<div class="wide" role="region" aria-label="bytes">
{{.Picture}}</div>
{{if .Story}}<h2>What happens</h2>
<p>In the virtual machine; {{.Start}}. {{.End}}</p>
<div class="wide" role="region" aria-label="what happens" tabindex="0"><table>
<tr><th>address<th>instruction<th>what it does<th>registers afterwards
{{range .Story}}<tr><td>{{printf "%#x" .Address}}<td>{{.Text}}<td>{{.Does}}<td>{{.After}}
{{end}}</table></div>
{{end}}<h2>Table</h2>
<div class="wide" role="region" aria-label="table" tabindex="0"><table>
<tr><th>offset<th>bytes<th>ELF header<th>program header<th>instruction<th>data<th>source<th>may be<th>remarks
{{range .Rows}}<tr class="{{.Class}}" data-owners="{{.Owners}}"><td>{{.Offset}}<td>{{.Bytes}}<td>{{.File}}<td>{{.Program}}<td>{{.Code}}<td>{{.Data}}<td>{{.Source}}<td>{{.Sign}} {{.May}}<td>{{.Remarks}}
{{end}}</table></div>
{{if .Rules}}<h2>Rules of {{.Loader}}</h2>
<div class="wide" role="region" aria-label="rules" tabindex="0"><table>
<tr><th>rule<th>what it is for<th>what it asks for<th>where it is written
{{range .Rules}}<tr><td>{{.Name}}<td>{{.Words}}<td>{{.Text}}{{with .Here}}<br>here {{.}}{{end}}<td>{{.Source}}
{{end}}</table></div>
{{end}}<p id="about" role="status" hidden></p>
</main>
<script>
// Lights everything that shares an owner with what is pointed at or has the focus, and
// tells of it.
const all = [...document.querySelectorAll("[data-owners]")];
const parts = [...document.querySelectorAll("svg [data-owners]")];
const about = document.getElementById("about");
const owners = e => e.dataset.owners.split(" ").filter(x => x);
function light(e) {
  const wanted = e ? owners(e) : [];
  for (const x of all) x.classList.toggle("lit", owners(x).some(o => wanted.includes(o)));
  const title = e && e.querySelector("title");
  about.hidden = !title;
  about.textContent = title ? title.textContent : "";
}
for (const e of all) {
  for (const event of ["mouseenter", "focus", "click"]) e.addEventListener(event, () => light(e));
  for (const event of ["mouseleave", "blur"]) e.addEventListener(event, () => light(null));
}
// One stop of the Tab key for the picture: arrows go on from there.
function stop(e) {
  for (const x of parts) x.tabIndex = x === e ? 0 : -1;
}
stop(parts[0]);
// below finds the part that lies next to another in a direction, up or down.
function below(e, down) {
  const middle = r => (r.left + r.right) / 2;
  const from = e.getBoundingClientRect();
  let best, least = Infinity;
  for (const x of parts) {
    const r = x.getBoundingClientRect();
    const gap = down ? r.top - from.bottom : from.top - r.bottom;
    if (gap < -2 || x === e) continue;
    const aside = Math.max(r.left - middle(from), middle(from) - r.right, 0);
    const distance = gap + 4 * aside;
    if (distance < least) [best, least] = [x, distance];
  }
  return best;
}
for (const [i, e] of parts.entries()) e.addEventListener("keydown", event => {
  const to = {
    ArrowRight: () => parts[i + 1], ArrowLeft: () => parts[i - 1], ArrowDown: () => below(e, true), ArrowUp: () => below(e, false),
    Home: () => parts[0], End: () => parts[parts.length - 1], Escape: () => (light(null), e),
  }[event.key];
  if (!to || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const next = to();
  if (!next || next === e) return;
  stop(next);
  next.focus();
});
for (const e of parts) e.addEventListener("focus", () => stop(e));
</script>
</html>
`

type (
	pageRow struct {
		Offset, Bytes, File, Program, Code, Data, Source, Sign, May, Remarks string
		Class, Owners                                                        string
	}
	pageSign struct {
		Sign, Text, Class string
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
		legends = append(legends, pageSign{signs[e.kind], e.text, mayClasses[e.kind]})
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
			Code: l.codeOf(r), Data: l.column(r, Data, false), Source: l.sourceOf(r), Sign: r.May.sign(), May: l.because(&r.May, nil),
			Remarks: strings.Join(l.remarksOf(r), "; "), Class: outside, Owners: numbers(r.Owners),
		}
		if r.May.Known {
			row.Class = mayClasses[r.May.Kind]
		}
		rows = append(rows, row)
	}
	w := bufio.NewWriter(out)
	err := page().Execute(w, map[string]any{
		"Title": path.Base(l.Name), "Colours": template.CSS(colours), "Start": l.Start, "End": l.End, "Story": l.Story, "Heading": l.heading(), "Legend": legends, "Picture": template.HTML(picture.String()),
		"Rows": rows, "Rules": l.Rules, "Loader": l.Loader,
	})
	if err != nil {
		return err
	}
	return w.Flush()
}
