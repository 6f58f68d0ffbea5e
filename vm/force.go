package vm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tasm/linux"
)

// Force is an answer of the kernel that the user wants instead of its own.
type Force struct {
	Call string // name of the system call
	Nth  int    // which call of it, from 1; 0 is every one
	// Error is the name of the error that it fails with, "" for none.
	Error string
	// Short is how many bytes a transfer makes at most, where Error is "".
	Short int64
}

// Forced looks for what is forced upon the nth call, from 1, of a name: the error that it
// fails with, "" for none, and how many bytes it transfers at most, -1 for any number.
func Forced(list []Force, call string, nth int) (fails string, most int64) {
	most = -1
	for _, f := range list {
		switch {
		case f.Call != call || f.Nth != 0 && f.Nth != nth:
		case f.Error != "":
			return f.Error, -1
		case most < 0 || f.Short < most:
			most = f.Short
		}
	}
	return "", most
}

// TransferSize is the argument that says how many bytes a call transfers; -1 where none
// does.
func TransferSize(call *linux.Syscall, abi *linux.ABI) int {
	if call.Result != linux.Part {
		return -1
	}
	return slices.IndexFunc(call.Args(abi), func(a linux.Arg) bool { return a.Kind == linux.Size })
}

// CheckForce complains of a Force that no run could follow.
func CheckForce(f Force) error {
	call, ok := linux.Lookup(f.Call)
	if !ok {
		return fmt.Errorf("there is no system call '%s' in Linux", f.Call)
	}
	if f.Error == "" && max(TransferSize(call, linux.X8664), TransferSize(call, linux.I386)) < 0 {
		return fmt.Errorf("'%s' takes no count of bytes that could be made short", f.Call)
	}
	if _, ok := linux.Errnos().ByName(f.Error); f.Error != "" && !ok {
		return fmt.Errorf("there is no error '%s'", f.Error)
	}
	return nil
}

// ParseForce reads an answer of the kernel as users write it: CALL=ERROR for every
// call, CALL@N=ERROR for the Nth, and short:BYTES instead of an error for a transfer of
// no more than that. "write@2=EINTR", "read=short:3".
func ParseForce(text string) (Force, error) {
	call, answer, ok := strings.Cut(text, "=")
	if !ok || answer == "" {
		return Force{}, fmt.Errorf("'%s' has no answer behind =", text)
	}
	name, nth, counted := strings.Cut(call, "@")
	f := Force{Call: name}
	if counted {
		n, err := strconv.Atoi(nth)
		if err != nil || n < 1 {
			return Force{}, fmt.Errorf("'%s' is no number of a call: they count from 1", nth)
		}
		f.Nth = n
	}
	if bytes, short := strings.CutPrefix(answer, "short:"); short {
		n, err := strconv.ParseInt(bytes, 10, 32)
		if err != nil || n < 0 {
			return Force{}, fmt.Errorf("'%s' is no count of bytes", bytes)
		}
		f.Short = n
	} else {
		f.Error = answer
	}
	return f, CheckForce(f)
}
