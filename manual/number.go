package manual

import (
	"fmt"
	"strconv"

	"tasm/linux"
)

// numberEntry tells what a number that stands alone may mean: a system call of each system, an
// error, a signal, a character.
func numberEntry(word string) (Entry, bool) {
	n, err := strconv.ParseUint(word, 0, 16)
	if err != nil {
		return Entry{}, false
	}
	e := Entry{Word: word, Kind: "number", Summary: fmt.Sprintf("%d in decimal, %#[1]x in hexadecimal, %[1]b in binary.", n)}
	var rows [][]string
	for _, t := range linux.Targets() {
		if s, ok := linux.ByNumber(t.ABI, int(n)); ok {
			rows = append(rows, []string{"system call of " + t.String(), s.Name, s.Summary})
		}
	}
	if c, ok := linux.Errnos().ByNumber(int(n)); ok {
		rows = append(rows, []string{"error", c.Name, fmt.Sprintf("%s; a call that fails so returns -%d", c.Text, n)})
	}
	if c, ok := linux.Signals().ByNumber(int(n)); ok {
		rows = append(rows, []string{"signal", c.Name, fmt.Sprintf("%s; a shell shows the exit status %d", c.Text, 128+n)})
	}
	if n >= ' ' && n <= '~' {
		rows = append(rows, []string{"character", "'" + string(rune(n)) + "'", "in ASCII"})
	}
	e.Sections = append(e.Sections, Section{Title: "As a", Rows: rows})
	return e, len(rows) > 0
}
