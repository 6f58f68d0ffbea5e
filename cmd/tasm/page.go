package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// writePage shows a page of Markdown in a terminal: paragraphs and items wrapped,
// blocks of code as they are, links as their text, headings bold where there is colour.
// It knows what the lessons use; a library for all of Markdown would weigh more than all
// lessons.
func writePage(w io.Writer, page string, color bool) error {
	var b strings.Builder
	var paragraph []string
	indent := ""
	flush := func() {
		if len(paragraph) > 0 {
			text := strings.Join(paragraph, " ")
			text = links.ReplaceAllString(text, "$1")
			text = strings.ReplaceAll(text, "**", "")
			writeWrapped(&b, indent, text)
		}
		paragraph, indent = nil, ""
	}
	code := false
	var table [][]string
	endTable := func() {
		writeTable(&b, table)
		table = nil
	}
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		item := items.FindString(line)
		if row, ok := strings.CutPrefix(line, "|"); ok && !code {
			flush()
			if cells := strings.Split(strings.TrimSuffix(row, "|"), "|"); strings.Trim(row, "|-: ") != "" {
				table = append(table, cells)
			}
			continue
		}
		endTable()
		switch {
		case strings.HasPrefix(line, "```"):
			flush()
			code = !code
		case code && line == "":
			b.WriteByte('\n')
		case code:
			b.WriteString("    " + line + "\n")
		case strings.HasPrefix(line, "    "):
			flush()
			b.WriteString(line + "\n")
		case strings.HasPrefix(line, "#"):
			flush()
			title := strings.TrimLeft(line, "# ")
			if color {
				title = "\x1b[1m" + title + "\x1b[0m"
			}
			b.WriteString(title + "\n")
		case line == "":
			flush()
			b.WriteByte('\n')
		case item != "":
			flush()
			indent, paragraph = "  ", []string{line}
		default:
			paragraph = append(paragraph, strings.TrimSpace(line))
		}
	}
	flush()
	endTable()
	_, err := io.WriteString(w, b.String())
	return err
}

// writeTable writes rows with their cells in columns.
func writeTable(b *strings.Builder, rows [][]string) {
	var widths []int
	for _, cells := range rows {
		for i, c := range cells {
			cells[i] = strings.TrimSpace(links.ReplaceAllString(c, "$1"))
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]))
		}
	}
	for _, cells := range rows {
		line := "   "
		for i, c := range cells {
			line += fmt.Sprintf(" %-*s ", widths[i], c)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// links and the beginnings of items of lists.
var (
	links = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	items = regexp.MustCompile(`^(-|\d+\.) `)
)
