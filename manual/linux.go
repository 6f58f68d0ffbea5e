package manual

import (
	"fmt"
	"strings"

	"tasm/lang"
	"tasm/linux"
)

type registerID = lang.RegisterID

// systemCall finds system calls by name.
func systemCall(word string) (Entry, bool) {
	s, ok := linux.Lookup(word)
	if !ok {
		return Entry{}, false
	}
	e := Entry{Word: s.Name, Kind: "system call", Summary: s.Summary + "."}
	for _, t := range linux.Targets() {
		n, ok := s.Number(t.ABI)
		if !ok {
			e.Sections = append(e.Sections, Section{Title: t.String(), Notes: []string{"This system has no such call."}})
			continue
		}
		rows := [][]string{{t.ABI.Number, fmt.Sprint(n), "the number of the call"}}
		for i, a := range s.Args(t.ABI) {
			rows = append(rows, []string{t.ABI.Args[i], a.Name, a.Words(s.Args(t.ABI))})
		}
		if !s.NoReturn() {
			rows = append(rows, []string{"-> " + t.ABI.Result, "", s.Result.Words()})
		}
		instruction := t.ABI.Instruction.Mnemonic
		for _, n := range t.ABI.Instruction.Immediate {
			instruction += fmt.Sprintf(" %#x", n)
		}
		e.Sections = append(e.Sections, Section{Title: fmt.Sprintf("%s, by %s", t, instruction), Rows: rows})
	}
	if errors := s.Errors(); len(errors) > 0 {
		var rows [][]string
		for _, x := range errors {
			code, _ := linux.Errnos().ByName(x.Name)
			rows = append(rows, []string{fmt.Sprint(-code.Number), x.Name, x.Text})
		}
		e.Sections = append(e.Sections, Section{Title: "Errors", Rows: rows, Notes: []string{"A call that fails returns the negated number; these are the usual ones."}})
	}
	names := []string{s.Name}
	for _, a := range s.Args(argsABI(s)) {
		names = append(names, strings.ToUpper(a.Name))
	}
	e.Sections = append(e.Sections, Section{Title: "In a source with a target", Code: []string{"sys " + strings.Join(names, ", ")}})
	return e, true
}

// argsABI is the ABI whose arguments are shown: the first that has the call.
func argsABI(s *linux.Syscall) *linux.ABI {
	for _, t := range linux.Targets() {
		if _, ok := s.Number(t.ABI); ok {
			return t.ABI
		}
	}
	return linux.I386
}

// errorNumber finds error numbers by name.
func errorNumber(word string) (Entry, bool) {
	c, ok := linux.Errnos().ByName(strings.ToUpper(word))
	if !ok {
		return Entry{}, false
	}
	e := Entry{Word: c.Name, Kind: "error number", Title: c.Text,
		Summary: fmt.Sprintf("Error %d. A system call that fails for this reason returns %d, which is %#x in 32 bits.", c.Number, -c.Number, uint32(-c.Number))}
	rows := [][]string{}
	for _, name := range commonCalls {
		s, _ := linux.Lookup(name)
		for _, x := range s.Errors() {
			if x.Name == c.Name {
				rows = append(rows, []string{name, x.Text})
			}
		}
	}
	if len(rows) > 0 {
		e.Sections = append(e.Sections, Section{Title: "For example", Rows: rows})
	}
	return e, true
}

// commonCalls are those that error numbers are shown with.
var commonCalls = []string{"read", "write", "open", "close", "lseek", "mmap", "execve", "kill", "socket", "connect", "nanosleep", "pipe"}

// signal finds signals by name.
func signalEntry(word string) (Entry, bool) {
	c, ok := linux.Signals().ByName(strings.ToUpper(word))
	if !ok {
		return Entry{}, false
	}
	does, when, _ := strings.Cut(c.Text, ": ")
	if when == "" {
		does, when = c.Text, c.Text
	}
	return Entry{Word: c.Name, Kind: "signal", Title: when,
		Summary: fmt.Sprintf("Signal %d. To a process that has not said otherwise: %s. A shell then shows exit status %d.", c.Number, does, 128+c.Number)}, true
}
