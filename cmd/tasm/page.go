package main

import (
	"io"
	"regexp"
	"strings"
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
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		item := items.FindString(line)
		switch {
		case strings.HasPrefix(line, "```"):
			flush()
			code = !code
		case code, strings.HasPrefix(line, "|"), strings.HasPrefix(line, "    "):
			flush()
			b.WriteString("    " + strings.TrimPrefix(line, "    ") + "\n")
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
	_, err := io.WriteString(w, b.String())
	return err
}

// links and the beginnings of items of lists.
var (
	links = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	items = regexp.MustCompile(`^(-|\d+\.) `)
)
