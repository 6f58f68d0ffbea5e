package linux

import (
	_ "embed" // the tables
	"fmt"
	"strings"
	"sync"
)

// kindWords says what a value of each kind is, for people. The kinds of memory are
// completed by Arg.Words.
var kindWords = [...]string{
	Int: "a number", Cmd: "what to do", Flags: "flags", Mode: "permission bits", Size: "a count, mostly of bytes",
	Offset: "a position in a file", Low: "the low half of a 64-bit number", High: "the high half of a 64-bit number",
	Seconds: "a time in seconds", Pointer: "an address", FD: "an open file's number (0 input, 1 output, 2 errors)",
	DirFD: "a directory's number, or AT_FDCWD (-100)", PID: "the number of a process or thread", UID: "a user's number", GID: "a group's number",
	Signal: "a signal's number", Status: "the exit status, 0 to 255", Clock: "a clock's number", Device: "a device's number",
	ID: "the number of a key, timer or queue", Unused: "ignored",

	In: "the address of memory that is read", Out: "the address of memory that is written", InOut: "the address of memory that is read and written",
	CString: "the address of a text with a zero byte at its end", Strings: "the address of a list of addresses of texts, a zero at its end",
	Gather: "the address of a list of buffers that are read", Scatter: "the address of a list of buffers that are written",
	Map: "the address of a range", Opaque: "a number or an address, as the other arguments say",

	Part: "how many bytes were transferred; it may be fewer than asked for", Zero: "0", Error: "always an error", Never: "it does not return",
	Jump: "execution goes on elsewhere", Twice: "the new process's number, in that process 0", Copy: "the new process's number, in that process 0",
}

// Words says what a value of the kind is, for people.
func (k Kind) Words() string { return kindWords[k] }

// Words says what the argument is, for people. args are all of the call.
func (a *Arg) Words(args []Arg) string {
	text := a.Kind.Words()
	if n, ok := a.Length.Argument(); ok {
		text += fmt.Sprintf(", %s bytes", args[n].Name)
	} else if n, ok := a.Length.Const(); ok && a.Length != nil {
		text += fmt.Sprintf(", %d bytes", n)
	}
	if a.Optional {
		text += ", or 0 for none"
	}
	return text
}

//go:embed errors.tsv
var errorsTSV string

// Failure is an error that a system call is known for.
type Failure struct {
	Name string // of the error number
	Text string // when, for people
}

// knownErrors are the rows of errors.tsv by system call.
var knownErrors = sync.OnceValue(func() map[string][]Failure {
	known := map[string][]Failure{}
	for _, row := range rows(errorsTSV) {
		if len(row.fields) != 3 {
			panic(fmt.Sprintf("linux: errors.tsv:%d: not calls, error and text", row.line))
		}
		for name := range strings.FieldsSeq(row.fields[0]) {
			known[name] = append(known[name], Failure{row.fields[1], row.fields[2]})
		}
	}
	return known
})

// Errors returns the usual errors of a call: what follows from the kinds of its
// arguments, and what errors.tsv has besides.
func (s *Syscall) Errors() []Failure {
	if s.NoReturn() {
		return nil
	}
	var list []Failure
	add := func(name, text string) {
		for _, f := range list {
			if f.Name == name {
				return
			}
		}
		list = append(list, Failure{name, text})
	}
	if s.Result == Error {
		add("ENOSYS", "the call was removed from Linux")
		return list
	}
	args := s.forms[X8664.index].args
	if s.forms[X8664.index].number < 0 {
		args = s.forms[I386.index].args
	}
	for _, a := range args {
		switch k := a.Kind; {
		case k == FD || k == DirFD:
			add("EBADF", a.Name+" is no open file's number")
		case k == Map:
		case k == CString:
			add("EFAULT", a.Name+" is no address of a text")
		case k.Memory() && k != Opaque:
			add("EFAULT", a.Name+" does not lie in memory that the program has")
		}
	}
	for _, f := range knownErrors()[s.Name] {
		add(f.Name, f.Text)
	}
	return list
}
