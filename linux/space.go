package linux

import (
	_ "embed" // the table
	"fmt"
	"sync"
)

// Space says how far a system call sees or changes the address space of its
// process, and so what has to stay where it is for the call to do the same.
type Space uint8

const (
	// NoSpace calls depend on the memory that their arguments point to, and on
	// nothing else in the address space.
	NoSpace Space = iota
	// SpacePages calls depend on which pages are mapped.
	SpacePages
	// SpaceFile calls depend on what lies at addresses of the program's choice.
	SpaceFile
)

//go:embed space.tsv
var spaceTSV string

// spaces parses space.tsv when it is first needed.
var spaces = sync.OnceValue(func() map[string]Space {
	named := map[string]Space{"pages": SpacePages, "file": SpaceFile}
	list := map[string]Space{}
	for _, row := range rows(spaceTSV) {
		space, ok := named[row.fields[1]]
		if len(row.fields) != 3 || !ok {
			panic(fmt.Sprintf("linux: space.tsv:%d: not name, what stays, and why", row.line))
		}
		list[row.fields[0]] = space
	}
	return list
})

// Space returns how far the call sees the address space (space.tsv).
func (s *Syscall) Space() Space { return spaces()[s.Name] }
