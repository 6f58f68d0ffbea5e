// Package samples reads what samples/expect.json says of the sample programs,
// starts them, and compares what comes of it. It serves tests on this machine
// and in others.
package samples

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Sample is what is said of one source.
type Sample struct {
	Source string `json:"source"`
	// Runs are ways to start the program, natively and in a container.
	Runs []Run `json:"runs,omitempty"`
	// Boots is what a boot sector prints, on a machine of its own.
	Boots    string    `json:"boots,omitempty"`
	Products []Product `json:"products"`
}

// Run is one start of a program and what must come of it.
type Run struct {
	Args   []string `json:"args,omitempty"`
	Stdin  string   `json:"stdin,omitempty"`
	Stdout string   `json:"stdout"`
	Stderr string   `json:"stderr,omitempty"`
	Status int      `json:"status"`
	// Read is how many bytes of standard output are read before it is closed;
	// 0 reads all.
	Read int `json:"read,omitempty"`
	// Signal is sent to the program, and must end it.
	Signal syscall.Signal `json:"signal,omitempty"`
	// Repeat says how many copies of Stdin and Stdout are meant; 0 is one.
	Repeat int `json:"repeat,omitempty"`
	// AtLeast is how long the program must run, in milliseconds.
	AtLeast int `json:"atLeast,omitempty"`
}

// Product is one thing that the source is built into.
type Product struct {
	Format string `json:"format"`
	Target string `json:"target,omitempty"`
	Size   int    `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Deadline is how long a sample may run.
const Deadline = 20 * time.Second

// Read reads a file of samples.
func Read(path string) ([]Sample, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []Sample
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}

// Input is what the program reads from standard input.
func (r *Run) Input() string { return strings.Repeat(r.Stdin, max(1, r.Repeat)) }

// Output is what it must print.
func (r *Run) Output() string { return strings.Repeat(r.Stdout, max(1, r.Repeat)) }

// Check starts cmd, which runs the program with r.Args, and returns how what
// comes of it differs from r.
func (r *Run) Check(cmd *exec.Cmd) error {
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(r.Input()), &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	deadline := time.AfterFunc(Deadline, func() { cmd.Process.Kill() })
	defer deadline.Stop()
	if r.Signal != 0 {
		if err := cmd.Process.Signal(r.Signal); err != nil {
			return err
		}
	}
	limit := int64(r.Read)
	if limit == 0 {
		limit = 1 << 20
	}
	got, err := io.ReadAll(io.LimitReader(stdout, limit))
	if err != nil {
		return err
	}
	stdout.Close()
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	if !deadline.Stop() {
		return fmt.Errorf("%q still ran after %v", r.Args, Deadline)
	}
	var wrong []error
	differ := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%q "+format, append([]any{r.Args}, args...)...))
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	endedBy := r.Signal
	if r.Read != 0 {
		endedBy = syscall.SIGPIPE
	}
	if endedBy != 0 {
		if !status.Signaled() || status.Signal() != endedBy {
			differ("ended with %v, want the signal %v", cmd.ProcessState, endedBy)
		}
	} else if status.Signaled() || status.ExitStatus() != r.Status {
		differ("ended with %v, want exit status %d", cmd.ProcessState, r.Status)
	}
	if want := r.Output(); string(got) != want {
		differ("printed %.100q, want %.100q", got, want)
	}
	if stderr.String() != r.Stderr {
		differ("said %.100q, want %.100q", stderr.String(), r.Stderr)
	}
	if took := time.Since(started); took < time.Duration(r.AtLeast)*time.Millisecond {
		differ("took %v, less than %d ms", took, r.AtLeast)
	}
	return errors.Join(wrong...)
}
