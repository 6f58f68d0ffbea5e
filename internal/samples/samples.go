// Package samples reads what the files beside the sample programs say of them (package
// spec), starts built samples, and compares what comes of it. It serves tests on this
// machine and in others.
package samples

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tasm/diag"
	"tasm/spec"
	"tasm/vm"
)

// Sample is what is said of one source.
type Sample struct {
	Source  string   // the file's name
	Text    string   // the notation of its tests
	Targets []string // systems that it is for; none if it is a flat binary
	Cases   []*spec.Case
}

// Deadline is how long a sample may run.
const Deadline = 20 * time.Second

// Read reads the samples of a folder, by name.
func Read(folder string) ([]Sample, error) {
	sources, err := filepath.Glob(filepath.Join(folder, "*.tasm"))
	if err != nil {
		return nil, err
	}
	var list []Sample
	for _, source := range sources {
		text, err := os.ReadFile(strings.TrimSuffix(source, ".tasm") + ".test")
		if err != nil {
			return nil, err
		}
		s := Sample{Source: filepath.Base(source), Text: string(text)}
		if s.Cases, err = Parse(s.Text); err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		for _, c := range s.Cases {
			for _, t := range c.Targets {
				if !slices.Contains(s.Targets, t) {
					s.Targets = append(s.Targets, t)
				}
			}
			if len(c.Targets) == 0 && !c.Flat {
				return nil, fmt.Errorf("%s: test %q names no target", source, c.Name)
			}
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no samples", folder)
	}
	return list, nil
}

// Parse reads cases.
func Parse(text string) ([]*spec.Case, error) {
	files := &diag.Files{}
	suite, said := spec.ParseFile(files, files.Add("test", []byte(text)))
	if said.Errors() > 0 {
		var b strings.Builder
		diag.Short(&b, files, said.Messages())
		return nil, errors.New(b.String())
	}
	return suite.Cases, nil
}

// Runs returns the cases that start the program for a target ("" is a flat binary).
func (s *Sample) Runs(target string) []*spec.Case { return Runs(s.Cases, target) }

// Runs returns those of the cases that start the program for a target.
func Runs(cases []*spec.Case, target string) (list []*spec.Case) {
	for _, c := range cases {
		if !c.NoRun && (target == "" || slices.Contains(c.Targets, target)) {
			list = append(list, c)
		}
	}
	return list
}

// MostBytes returns how large the smallest executable for a target may be, 0 if
// nothing is said of it.
func (s *Sample) MostBytes(target string) int64 {
	for _, c := range s.Cases {
		if c.MostBytes > 0 && (target == "" || c.Layout == "golf" && slices.Contains(c.Targets, target)) {
			return c.MostBytes
		}
	}
	return 0
}

// Check starts cmd, which runs the program with the arguments of the case, and returns
// how what comes of it differs from what the case expects.
func Check(c *spec.Case, cmd *exec.Cmd) error {
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(c.Stdin), &stderr
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
	if c.Signal != 0 {
		if err := cmd.Process.Signal(syscall.Signal(c.Signal)); err != nil {
			return err
		}
	}
	limit := c.CloseAfter
	if limit < 0 {
		limit = 1 << 20
	}
	o := &spec.Outcome{}
	if o.Stdout, err = io.ReadAll(io.LimitReader(stdout, limit)); err != nil {
		return err
	}
	stdout.Close()
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	if !deadline.Stop() {
		return fmt.Errorf("%q still ran after %v", c.Args, Deadline)
	}
	o.Stderr, o.Elapsed = stderr.Bytes(), time.Since(started)
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	o.Kind, o.Status = vm.Exited, status.ExitStatus()
	if status.Signaled() {
		o.Kind, o.Status = vm.Killed, int(status.Signal())
	}
	return Wrong(c, o)
}

// Wrong returns how an outcome differs from what a case expects.
func Wrong(c *spec.Case, o *spec.Outcome) error {
	var wrong []error
	for _, f := range c.Judge(o) {
		wrong = append(wrong, fmt.Errorf("%q: %s\n%s", c.Name, f.Message.Text, f.Diff))
	}
	return errors.Join(wrong...)
}
