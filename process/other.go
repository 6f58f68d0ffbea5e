//go:build !linux || !amd64

package process

import (
	"errors"
	"io"
	"os"

	"tasm/vm"
)

// Options are what a program is given.
type Options struct {
	Path      string
	Args, Env []string
	Stdin     *os.File // nil is empty
	// Stdout and Stderr receive what the program writes; nil ones receive nothing.
	Stdout, Stderr io.Writer
	Force          []vm.Force
	MaxSteps       int64
	MaxOutput      int64
	MaxMemory      int64
	Record         int64
	Expired        func() bool
}

// Process is a program on the processor: there is none on this system.
type Process struct{ *vm.VM }

// New says that this system can't.
func New([]byte, Options) (*Process, error) {
	return nil, errors.New("can't be run on the processor here: that needs Linux on x86-64")
}

// Close ends the process.
func (*Process) Close() {}
