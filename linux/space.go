package linux

import (
	_ "embed" // the table
	"fmt"
	"slices"
	"strings"
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

// spaceNamed are the names in space.tsv and commands.tsv.
var spaceNamed = map[string]Space{"-": NoSpace, "pages": SpacePages, "file": SpaceFile}

// spaces parses space.tsv when it is first needed.
var spaces = sync.OnceValue(func() map[string]Space {
	list := map[string]Space{}
	for _, row := range rows(spaceTSV) {
		space, ok := spaceNamed[row.fields[1]]
		if len(row.fields) != 3 || !ok || space == NoSpace {
			panic(fmt.Sprintf("linux: space.tsv:%d: not name, what stays, and why", row.line))
		}
		list[row.fields[0]] = space
	}
	return list
})

// Space returns how far the call sees the address space (space.tsv, commands.tsv).
func (s *Syscall) Space() Space {
	if s.command != "" {
		return s.space
	}
	return spaces()[s.Name]
}

// ShowsProcess reports whether a file name may lead below /proc to what shows a
// process's memory. Files there that tell of the system as a whole do not.
// What leads back up from there does, since links lead there: /dev/fd, /proc/net.
func ShowsProcess(name string) bool {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
	for i, part := range parts {
		rest := parts[i+1:]
		if (part == "proc" || part == "dev" && len(rest) > 0 && rest[0] == "fd") && slices.Contains(rest, "..") {
			return true
		}
		if part != "proc" {
			continue
		}
		if i+1 == len(parts) {
			return true // a directory to look for others in
		}
		switch next := parts[i+1]; {
		case next == "." || next == "self" || next == "thread-self" || next[0] >= '0' && next[0] <= '9':
			return true
		}
	}
	return false
}
