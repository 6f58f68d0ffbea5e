package linux

import (
	_ "embed" // the tables
	"fmt"
	"strconv"
	"sync"
)

// Code is a number that Linux gives a name.
type Code struct {
	Number int
	Name   string
	Text   string // for people
}

// Codes is a table of codes, sorted by number.
type Codes []Code

// ByNumber returns the code with the given number.
func (c Codes) ByNumber(n int) (Code, bool) {
	for _, code := range c {
		if code.Number == n {
			return code, true
		}
	}
	return Code{}, false
}

// ByName returns the code with the given name, such as "ENOENT" or "SIGINT".
func (c Codes) ByName(name string) (Code, bool) {
	for _, code := range c {
		if code.Name == name {
			return code, true
		}
	}
	return Code{}, false
}

//go:embed errno.tsv
var errnoTSV string

//go:embed signals.tsv
var signalsTSV string

//go:embed auxv.tsv
var auxvTSV string

// Errnos returns the error numbers (uapi asm-generic/errno.h). A failed call
// returns the negated number. The caller must not change the table.
var Errnos = codes("errno.tsv", &errnoTSV)

// Signals returns the signals that have names of their own (uapi asm/signal.h),
// the text saying what one does by default. The caller must not change the
// table.
var Signals = codes("signals.tsv", &signalsTSV)

// AuxTypes returns the types of the auxiliary vector's entries (uapi
// linux/auxvec.h and asm/auxvec.h). The caller must not change the table.
var AuxTypes = codes("auxv.tsv", &auxvTSV)

// codes returns a function that parses the table at its first call.
func codes(file string, tsv *string) func() Codes {
	return sync.OnceValue(func() Codes {
		var table Codes
		for _, row := range rows(*tsv) {
			n, err := strconv.Atoi(row.fields[0])
			if err != nil || len(row.fields) != 3 {
				panic(fmt.Sprintf("linux: %s:%d: not number, name and text", file, row.line))
			}
			table = append(table, Code{n, row.fields[1], row.fields[2]})
		}
		return table
	})
}
