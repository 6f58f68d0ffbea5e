package diag

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// excerpt is one source line ready for the screen, with a range marked in it.
type excerpt struct {
	line   int    // counted from 1
	text   string // the line, or the part of it around the range
	column int    // of the mark in text, in screen columns from 0
	width  int    // of the mark, in screen columns, at least 1
}

// maxExcerpt is the most of a line that is shown, contextBefore the most that
// stands before the mark in a longer line; both in screen columns.
const (
	maxExcerpt    = 120
	contextBefore = 40
	ellipsis      = "…"
)

// excerpt shows the line on which r starts. A range that goes on to other
// lines is marked up to the end of its first one.
func (fs *Files) excerpt(r Range) excerpt {
	p := fs.Position(r)
	line := []byte(p.Text)
	lineStart := bytes.LastIndexByte(fs.Text(r.File)[:p.Offset], '\n') + 1
	start := min(p.Offset-lineStart, len(line))
	end := max(start, min(int(r.End)-lineStart, len(line)))

	e := excerpt{line: p.Line, column: -1}
	var b strings.Builder
	column, i := 0, cutFrom(line, start)
	if i > 0 {
		b.WriteString(ellipsis)
		column = 1
	}
	for i < len(line) {
		c := nextCell(line[i:], column)
		if column+c.width >= maxExcerpt {
			b.WriteString(ellipsis)
			break
		}
		if e.column < 0 && i+c.size > start {
			e.column = column
		}
		b.WriteString(c.text)
		column += c.width
		if e.column >= 0 && i < end {
			e.width = column - e.column
		}
		i += c.size
	}
	if e.column < 0 {
		e.column = column // the end of the line
	}
	e.width = max(1, e.width)
	e.text = b.String()
	return e
}

// cutFrom returns the offset from which line is shown, so that byte start is
// in sight: 0 where all of it fits.
func cutFrom(line []byte, start int) int {
	if len(line) < tabStop*maxExcerpt && screenWidth(line) < maxExcerpt {
		return 0
	}
	from := max(0, start-contextBefore)
	for from > 0 && !utf8.RuneStart(line[from]) && start-from < contextBefore+utf8.UTFMax {
		from--
	}
	for screenWidth(line[from:start]) > contextBefore {
		from += nextCell(line[from:], 0).size
	}
	return from
}

// screenWidth returns how many columns line takes.
func screenWidth(line []byte) int {
	column := 0
	for len(line) > 0 {
		c := nextCell(line, column)
		column += c.width
		line = line[c.size:]
	}
	return column
}
