package linux

import "fmt"

// Kind says what an argument or result of a system call is. The comment at the
// head of syscalls.tsv defines every kind.
type Kind uint8

// The kinds of arguments and results, in the order of syscalls.tsv.
const (
	Int Kind = iota
	Cmd
	Flags
	Mode
	Size
	Offset
	Low
	High
	Seconds
	Pointer
	FD
	DirFD
	PID
	UID
	GID
	Signal
	Status
	Clock
	Device
	ID
	Unused

	In
	Out
	InOut
	CString
	Strings
	Gather
	Scatter
	Map
	Opaque

	Part
	Zero
	Error
	Never
	Jump
	Twice
	Copy
)

// kinds holds the facts about each kind, and its name in syscalls.tsv.
var kinds = [...]struct {
	name          string
	reads, writes bool // the kernel reads or writes memory through it
	length        bool // has a length behind it in parentheses
	result        bool // only a result can be of it
}{
	Int: {name: "int"}, Cmd: {name: "cmd"}, Flags: {name: "flags"},
	Mode: {name: "mode"}, Size: {name: "size"}, Offset: {name: "offset"},
	Low: {name: "lo"}, High: {name: "hi"}, Seconds: {name: "seconds"},
	Pointer: {name: "ptr"}, FD: {name: "fd"}, DirFD: {name: "dirfd"},
	PID: {name: "pid"}, UID: {name: "uid"}, GID: {name: "gid"},
	Signal: {name: "signal"}, Status: {name: "status"},
	Clock: {name: "clock"}, Device: {name: "dev"}, ID: {name: "id"},
	Unused: {name: "unused"},

	In:      {name: "in", reads: true, length: true},
	Out:     {name: "out", writes: true, length: true},
	InOut:   {name: "inout", reads: true, writes: true, length: true},
	CString: {name: "cstr", reads: true},
	Strings: {name: "strings", reads: true},
	Gather:  {name: "gather", reads: true, length: true},
	Scatter: {name: "scatter", reads: true, writes: true, length: true},
	Map:     {name: "map", reads: true, writes: true, length: true},
	Opaque:  {name: "opaque", reads: true, writes: true},

	Part: {name: "part", result: true},
	Zero: {name: "zero", result: true}, Error: {name: "error", result: true},
	Never: {name: "never", result: true}, Jump: {name: "jump", result: true},
	Twice: {name: "twice", result: true}, Copy: {name: "copy", result: true},
}

// String returns the kind's name in syscalls.tsv.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k].name
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Reads reports whether the kernel may read memory through an argument of this
// kind.
func (k Kind) Reads() bool { return kinds[k].reads }

// Writes reports whether the kernel may change memory through an argument of
// this kind.
func (k Kind) Writes() bool { return kinds[k].writes }

// Memory reports whether an argument of this kind may be used as an address.
func (k Kind) Memory() bool { return kinds[k].reads || kinds[k].writes }

var kindNamed = func() map[string]Kind {
	m := make(map[string]Kind, len(kinds))
	for k := range kinds {
		m[kinds[k].name] = Kind(k)
	}
	return m
}()
