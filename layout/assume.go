package layout

// Assumption is something that an author can grant beyond the contract of a
// Linux process (linux/entry.go), so that a smaller file can be made. None is
// made unasked, and a Report lists those that a file depends on.
type Assumption struct {
	Name    string
	Summary string // what is taken for granted
	Allows  string // what a layout may do then
}

// Assumptions lists what can be granted.
var Assumptions = []Assumption{
	{"argc=1", "the program is started without arguments",
		"the word at the stack pointer is a 1 that costs nothing to load, and the end of argv has a fixed place"},
	{"stdin-readable", "standard input is open for reading",
		"the number of the system call read, 0, can be called once too often without harm"},
	{"rcx-after-syscall", "syscall leaves its return address in rcx, which processors with FRED do not do",
		"an address in the program can be had from rcx for nothing"},
}
