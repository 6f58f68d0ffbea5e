package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A trial starts a program to see what it does. Programs may run for ever and
// write without end, so both are bounded; what was seen up to there counts.

// outputLimit is how much of what a program writes is looked at, in bytes.
const outputLimit = 1 << 20

// trial is what was seen of a program.
type trial struct {
	output []byte
	ended  bool // by itself; else it ran or wrote for too long
	status syscall.WaitStatus
}

func (t *trial) String() string {
	switch {
	case !t.ended && len(t.output) == outputLimit:
		return "writes on"
	case !t.ended:
		return "runs on"
	case t.status.Signaled():
		return "died: " + t.status.Signal().String()
	}
	return fmt.Sprintf("exit %d", t.status.ExitStatus())
}

// same reports whether two programs were seen to do the same. Of programs that
// were stopped, one may have come further than the other.
func (t *trial) same(other *trial) bool {
	if t.ended != other.ended {
		return false
	}
	if t.ended {
		return t.status == other.status && bytes.Equal(t.output, other.output)
	}
	n := min(len(t.output), len(other.output))
	return bytes.Equal(t.output[:n], other.output[:n])
}

// try runs a program in a folder of its own, without arguments, environment and
// input, for at most limit.
func try(program []byte, limit time.Duration) (*trial, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "386" {
		return nil, errors.New("this system is no Linux on x86")
	}
	dir, err := os.MkdirTemp("", "tasm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "program"))
	cmd.Dir, cmd.Env = dir, []string{}
	ownGroup(cmd) // which takes in what the program starts in turn
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := trials.start(cmd, program); err != nil {
		return nil, fmt.Errorf("this system does not start it: %w", err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		awaitEnd(cmd.Process.Pid)
		killGroup(cmd.Process.Pid) // what it has left behind
	}()
	// The output ends with the program, unless that has started others in
	// groups of their own, which are not waited for.
	late := time.AfterFunc(limit+time.Second, func() { out.Close() })
	defer late.Stop()
	t := &trial{}
	t.output, _ = io.ReadAll(io.LimitReader(out, outputLimit))
	if len(t.output) == outputLimit {
		cancel()
	}
	<-gone
	err = trials.wait(cmd)
	t.ended = ctx.Err() == nil
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && t.ended {
		return nil, err
	}
	t.status, _ = cmd.ProcessState.Sys().(syscall.WaitStatus)
	return t, nil
}

// trials are the programs that run just now.
var trials = &programs{dirs: map[int]string{}}

// programs is a set of programs that run, by their process groups.
type programs struct {
	lock sync.Mutex
	dirs map[int]string // where each runs
}

// start writes a program and starts it. Only one at a time: a process that is
// just being made holds all our files open for a moment, and a program that is
// open for writing can't be started.
func (p *programs) start(cmd *exec.Cmd, program []byte) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	if err := os.WriteFile(cmd.Path, program, 0o700); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.dirs[cmd.Process.Pid] = cmd.Dir
	return nil
}

// wait waits for a program that has ended.
func (p *programs) wait(cmd *exec.Cmd) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	delete(p.dirs, cmd.Process.Pid)
	return cmd.Wait()
}

// end kills all programs and removes their folders. No others will be started.
func (p *programs) end() {
	p.lock.Lock()
	for pid, dir := range p.dirs {
		killGroup(pid)
		os.RemoveAll(dir)
	}
}
