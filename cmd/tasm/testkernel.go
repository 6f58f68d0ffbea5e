package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"tasm/diag"
	"tasm/linux"
	"tasm/spec"
	"tasm/vm"
)

// kernelProgram is the program in its folder: a name that no case can give to a file.
const kernelProgram = "..program"

// testOnKernel runs a case on this kernel, in a folder of its own that holds the files
// of the case. Time and output are bounded, and what the program starts in turn is
// ended with it; nothing else keeps it from this system.
func testOnKernel(ctx context.Context, b *spec.Built, c *spec.Case, limits spec.Limits) (*spec.Outcome, error) {
	dir, err := os.MkdirTemp("", "tasm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	files, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	if err := grant(files, c.Files); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, kernelProgram), c.Args...)
	cmd.Args[0], cmd.Dir, cmd.Stdin = "program", dir, bytes.NewReader(c.Stdin)
	if cmd.Env = c.Env; cmd.Env == nil {
		cmd.Env = []string{}
	}
	cmd.WaitDelay = time.Second // for input that nobody reads
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	var stderr bytes.Buffer
	full := &bounded{&stderr, limits.Output, cancel}
	cmd.Stderr = full
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started := time.Now()
	if err := trials.start(cmd, b.File.Bytes); err != nil {
		return nil, fmt.Errorf("this system does not start the program: %s", diag.Reason(err))
	}
	if c.Signal != 0 {
		go signalWhenWaiting(ctx, cmd.Process, syscall.Signal(c.Signal))
	}
	most := limits.Output
	if c.CloseAfter >= 0 {
		most = c.CloseAfter
	}
	o := &spec.Outcome{Built: b}
	o.Stdout, _ = io.ReadAll(io.LimitReader(stdout, most))
	if int64(len(o.Stdout)) == most && c.CloseAfter < 0 {
		cancel()
	}
	stdout.Close()
	err = trials.wait(cmd)
	killGroup(cmd.Process.Pid) // what it has left behind
	o.Elapsed, o.Stderr = time.Since(started), stderr.Bytes()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && cmd.ProcessState == nil {
		return nil, err
	}
	left := leftFiles(files, limits.Memory)
	o.File = func(name string) ([]byte, bool) {
		data, ok := left[name]
		return data, ok
	}
	o.Kind, o.Status, o.Reason = ended(cmd.ProcessState.Sys(), ctx.Err() != nil, limits)
	return o, nil
}

// grant writes the files of a case.
func grant(dir *os.Root, files []spec.File) error {
	for _, f := range files {
		if path.IsAbs(f.Name) {
			return fmt.Errorf("the file '%s' can only be given in the virtual machine: on the kernel a program gets a folder of its own", f.Name)
		}
		if err := dir.MkdirAll(path.Dir(f.Name), 0o700); err != nil {
			return err
		}
		if err := dir.WriteFile(f.Name, f.Data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// leftFiles reads the files that a program has left in its folder, up to so many bytes.
func leftFiles(dir *os.Root, most int64) map[string][]byte {
	left := map[string][]byte{}
	fs.WalkDir(dir.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // what can't be read was not left for anybody
		}
		if info, err := d.Info(); err != nil || info.Size() > most {
			return nil
		}
		if data, err := dir.ReadFile(name); err == nil {
			left[name] = data
			most -= int64(len(data))
		}
		return nil
	})
	return left
}

// ended says how a process ended.
func ended(state any, stopped bool, limits spec.Limits) (kind vm.StopKind, status int, reason string) {
	wait, _ := state.(syscall.WaitStatus)
	switch {
	case stopped:
		return vm.Limited, 0, fmt.Sprintf("ran for more than %v or wrote more than %d bytes", limits.Time, limits.Output)
	case wait.Signaled():
		code, _ := linux.Signals().ByNumber(int(wait.Signal()))
		return vm.Killed, int(wait.Signal()), "is ended by " + code.Name
	}
	return vm.Exited, wait.ExitStatus(), fmt.Sprintf("exits with status %d", wait.ExitStatus())
}

// bounded keeps so many bytes; then it ends the program.
type bounded struct {
	buffer *bytes.Buffer
	most   int64
	end    func()
}

func (b *bounded) Write(p []byte) (int, error) {
	left := b.most - int64(b.buffer.Len())
	b.buffer.Write(p[:min(int64(len(p)), left)])
	if int64(len(p)) >= left {
		b.end()
	}
	return len(p), nil
}

// signalWhenWaiting sends a signal to a process once it has slept for a moment.
func signalWhenWaiting(ctx context.Context, p *os.Process, signal syscall.Signal) {
	const moment = 10 * time.Millisecond
	asleep := 0
	for asleep < 3 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(moment):
		}
		state, err := os.ReadFile("/proc/" + strconv.Itoa(p.Pid) + "/stat")
		// The state is the letter behind the name in parentheses (man 5 proc).
		if i := bytes.LastIndexByte(state, ')'); err == nil && i >= 0 && bytes.HasPrefix(state[i+1:], []byte(" S")) {
			asleep++
			continue
		}
		asleep = 0
	}
	p.Signal(signal)
}
