package parser

import (
	"math"
	"slices"
	"strings"
)

// Limit is one that a source or a command line may set (nasm manual, "--limit-X").
type Limit struct {
	Name, About string
	Most        int64 // unless set, in nasm
}

// Limits are those of nasm. The passes are bounded by the assembler.
var Limits = []Limit{
	{"passes", "total number of passes", math.MaxInt64 >> 1},
	{"stalled-passes", "passes in a row that bring no progress", 1000},
	{"macro-levels", "depth of macros inside one another", 10_000},
	{"macro-tokens", "words that single-line macros make of a line", 10_000_000},
	{"mmacros", "calls of multi-line macros inside one call", 100_000},
	{"rep", "count of one %rep", 1_000_000},
	{"eval", "depth of an expression", 8192},
	{"lines", "lines of source", 2_000_000_000},
}

// KnownLimit reports whether there is a limit of that name.
func KnownLimit(name string) bool {
	return slices.ContainsFunc(Limits, func(l Limit) bool { return l.Name == name })
}

// LimitValue reads the value of a limit: a number that is not negative, or the word
// unlimited.
func LimitValue(text string) (int64, bool) {
	if strings.EqualFold(text, "unlimited") {
		return math.MaxInt64 >> 1, true
	}
	n, wide, bad := parseNumber(text)
	return min(int64(n), math.MaxInt64>>1), bad < 0 && !wide && int64(n) >= 0
}

// set changes a limit of the preprocessor by nasm's name for it.
func (l *limits) set(name string, most int64) {
	if field := map[string]*int{
		"macro-levels": &l.depth, "macro-tokens": &l.expanded, "mmacros": &l.calls, "lines": &l.taken,
	}[name]; field != nil {
		*field = int(most)
	}
	if name == "rep" {
		l.reps = most
	}
}
