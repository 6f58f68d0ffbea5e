package main

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"strings"
)

// dockerfile returns the Dockerfile of a rung.
func (r *rung) dockerfile() string {
	path := r.path
	if path == "" {
		path = "/program"
	}
	command, err := json.Marshal(append([]string{path}, r.args...))
	if err != nil {
		panic(err) // strings always have a form in JSON
	}
	return fmt.Sprintf("FROM scratch\nCOPY program %s\nENTRYPOINT %s\n", path, command)
}

// decimal writes a size as engines do.
func decimal(n int64) string {
	if n == 0 {
		return ""
	}
	v, i := float64(n), 0
	for v >= 1000 && i < 3 {
		v, i = v/1000, i+1
	}
	return fmt.Sprintf("%.3g %s", v, [...]string{"B", "kB", "MB", "GB"}[i])
}

// group writes a number with its thousands apart; 0 is nothing.
func group(n int64) string {
	if n == 0 {
		return ""
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// markdown writes the table.
func markdown(results []*result) string {
	var b strings.Builder
	b.WriteString("| how | in the story | program | image | on the wire | run |\n|---|--:|--:|--:|--:|---|\n")
	for _, r := range results {
		end := "prints the line"
		switch {
		case r.script == "":
			end = "not rebuilt"
		case !r.ran:
			end = "fails: " + r.said
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.how, decimal(r.told), group(r.program), group(r.image), group(r.wire), end)
	}
	return b.String()
}

// The marks in README.md between which the table stands.
const begin, end = "<!-- begin ladder -->\n", "<!-- end -->\n"

// writePart puts the table into a file.
func writePart(path, table string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the table: a line %q and a line %q", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(path, []byte(before+begin+table+end+after), 0o644)
}

// Measures of the picture, in pixels.
const (
	labelWidth = 330
	barWidth   = 470
	rowHeight  = 24
	barHeight  = 15
	margin     = 16
	axisHeight = 26
)

// The axis goes from 10 bytes to 100 MB, by powers of ten.
const least, most = 1, 8

// across returns how far to the right a size lies.
func across(n int64) float64 {
	return labelWidth + (math.Log10(float64(max(n, 10)))-least)/(most-least)*barWidth
}

var unmarked = strings.NewReplacer("`", "", "**", "", "[teensy](samples/teensy.tasm)", "teensy")

// draw makes a picture of the table: a bar for what "docker images" shows, on a
// logarithmic scale, hollow for what was not rebuilt, with a tick for what goes
// over the wire.
func draw(results []*result) string {
	width, height := labelWidth+barWidth+110, 2*margin+axisHeight+rowHeight*len(results)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	b.WriteString("<title>Sizes of images that print one line, on a logarithmic scale</title>\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	bottom := height - margin - axisHeight
	for power := least; power <= most; power++ {
		n := int64(math.Pow10(power))
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle" fill="#555">%s</text>`+"\n",
			across(n), margin, bottom, across(n), bottom+18, decimal(n))
	}
	for i, r := range results {
		y := margin + i*rowHeight
		size, style := r.image, `fill="#9db4c8"`
		switch {
		case r.script == "":
			size, style = r.told, `fill="none" stroke="#9db4c8" stroke-dasharray="3 2"`
		case r.said != "":
			style = `fill="#e3b7b0"`
		case r.ours:
			style = `fill="#2f6f4f"`
		}
		text := decimal(size)
		if r.said != "" {
			text += ", does not start"
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, labelWidth-8, y+12, html.EscapeString(unmarked.Replace(r.how)))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" %s/>`, labelWidth, y, across(size)-labelWidth, barHeight, style)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%s`, across(size)+6, y+12, text)
		if r.wire > 0 && r.wire <= size { // the tick lies on the bar
			fmt.Fprintf(&b, ` <tspan fill="#c0392b">%s</tspan>`, decimal(r.wire))
		}
		b.WriteString("</text>")
		if r.wire > 0 {
			fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#c0392b" stroke-width="2"/>`, across(r.wire), y-1, y+barHeight+1)
		}
		if r.wire > size {
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" fill="#c0392b">%s</text>`, across(r.wire)+6, y+12, decimal(r.wire))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#c0392b">| on the wire</text>`+"\n", labelWidth-30, bottom+18)
	b.WriteString("</svg>\n")
	return b.String()
}
