package main

import (
	"bytes"
	"cmp"
	delf "debug/elf"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"tasm/crash"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/lint"
	"tasm/listing"
	"tasm/oci/launch"
	"tasm/origin"
	"tasm/symbols"
	"tasm/vm"
)

// session is a program that was built to be run here, or one that was there already.
type session struct {
	*sourceOptions
	sys   *system
	name  string // of the source or the executable
	files *diag.Files
	file  *layout.File
	table *symbols.Table // nil where nothing is known of the source
	list  *listing.Listing
}

// executable makes a session of an executable, with what it or NAME.debug beside it
// tells of its source.
func (o *programOptions) executable(sys *system, name string, file []byte) (*session, error) {
	s := &session{sourceOptions: &o.sourceOptions, sys: sys, name: name, files: &diag.Files{}, file: &layout.File{Bytes: file}}
	if why, cure := notForX86(file); why != "" {
		messages := &diag.Bag{}
		messages.Add(diag.Errorf(diag.Range{}, "can't run '%s': %s", name, why).Notef("%s", cure))
		o.report(sys, s.files, messages)
		return nil, errReported
	}
	loader, _ := elf.ByName(o.loader)
	var err error
	if s.list, err = listing.Read(name, file, loader); err != nil {
		return nil, o.fail(sys, s.files, fmt.Errorf("can't run '%s': %w", name, err))
	}
	source := func(path string) []byte {
		if !filepath.IsAbs(path) && !exists(path) {
			path = filepath.Join(filepath.Dir(name), path)
		}
		text, _ := readFile(path)
		return text
	}
	if s.table, err = symbols.Read(file, s.files, source); err != nil {
		if beside, _ := readFile(name + ".debug"); beside != nil {
			s.table, _ = symbols.Read(beside, s.files, source)
		}
	}
	return s, nil
}

// notForX86 returns why neither Linux on x86 nor the virtual machine can start an ELF
// file, and what to do; "" if they may. Damaged headers are left to them: some start.
func notForX86(file []byte) (why, cure string) {
	p := launch.Read(file)
	class := elf.ClassOf(file)
	machine, kind := delf.Machine(elf.Get(class, file, elf.EMachine)), delf.Type(elf.Get(class, file, elf.EType))
	switch {
	case p.Arch != "" && !launch.Runs("amd64", p.Arch):
		return "it is a program for linux/" + p.Arch + ", and tasm runs those for x86", "build it for linux/amd64 or linux/386, or run it on a machine or an emulator for " + p.Arch
	case machine != delf.EM_386 && machine != delf.EM_486 && machine != delf.EM_X86_64:
		return "it is a program for another processor, " + strings.TrimPrefix(machine.String(), "EM_") + ", and tasm runs those for x86", "build it for linux/amd64 or linux/386"
	case kind == delf.ET_REL || kind == delf.ET_CORE:
		return p.Wrong, p.Cure
	}
	return "", ""
}

// prepare takes an executable as it is. Of a source it builds one, as plain unless
// another layout was asked for: then every line of the source has its instructions in
// the file.
func (o *programOptions) prepare(sys *system, name string) (*session, error) {
	if file := readExecutable(name); file != nil {
		return o.executable(sys, name, file)
	}
	return o.fromSource(sys, name)
}

// fromSource builds a source.
func (o *programOptions) fromSource(sys *system, name string) (*session, error) {
	if err := o.searchOptions.check(); err != nil {
		return nil, err
	}
	built, messages, err := o.assembleFile(sys, name)
	if err != nil {
		return nil, err
	}
	if o.warns {
		messages.Append(lint.Check(built.Program, built.Files))
	}
	if !o.layoutSet() {
		o.searchOptions.layout = plainLayout
	}
	file, _ := o.searchOptions.run(sys, built, messages)
	if o.report(sys, built.Files, messages) > 0 || file == nil {
		return nil, errReported
	}
	loader, _ := elf.ByName(o.loader)
	file = origin.Complete(file, built.Program)
	table := symbols.New(file, built.Program, built.Files)
	return &session{&o.sourceOptions, sys, name, built.Files, file, table, listing.New(name, file, table, loader, built.Program.Bits)}, nil
}

// native runs the program on this kernel, with the streams of this process, and
// explains its end where a signal ended it.
func (s *session) native(args []string, l *limits) error {
	dir, err := os.MkdirTemp("", "tasm-")
	if err != nil {
		return s.fail(s.sys, s.files, err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "program")
	if err := os.WriteFile(path, s.file.Bytes, 0o700); err != nil {
		return s.fail(s.sys, s.files, err)
	}
	cmd := exec.Command(path, args...)
	cmd.Args[0] = s.name
	var input bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.sys.stdin, s.sys.stdout, s.sys.stderr
	if _, isFile := s.sys.stdin.(*os.File); isFile && !isTerminal(s.sys.stdin) {
		// What the program reads is kept, so that its end can be looked at again.
		cmd.Stdin = io.TeeReader(s.sys.stdin, &limited{&input, mostReplayed})
		cmd.WaitDelay = 100 * time.Millisecond // for input that never ends
	}
	ended := s.bound(cmd, l)
	err = cmd.Run()
	if reason := ended(); reason != "" {
		fmt.Fprintf(s.sys.stderr, "tasm: the program was stopped at a limit: %s\n", reason)
		s.explainLoop(args, &input)
		return errReported
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
	case err != nil && cmd.ProcessState == nil:
		return s.fail(s.sys, s.files, fmt.Errorf("can't start the program: %s", diag.Reason(err)))
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() {
		if n := status.ExitStatus(); n != 0 {
			return exitStatus(n)
		}
		return nil
	}
	s.explainEnd(args, &input, int(status.Signal()))
	const signalled = 128 // as shells count
	return exitStatus(signalled + int(status.Signal()))
}

// bound lets a program be killed that goes beyond limits. The function that it returns
// is called when the program has ended, and tells which limit ended it.
func (s *session) bound(cmd *exec.Cmd, l *limits) (ended func() string) {
	var reason atomic.Pointer[string]
	kill := func(why string) {
		if reason.CompareAndSwap(nil, &why) && cmd.Process != nil {
			cmd.Process.Kill()
		}
	}
	if l.output > 0 {
		left := &atomic.Int64{}
		left.Store(int64(l.output))
		over := func() { kill("it has written more than " + formatSize(l.output)) }
		cmd.Stdout, cmd.Stderr = &capped{cmd.Stdout, left, over}, &capped{cmd.Stderr, left, over}
	}
	timer := time.AfterFunc(cmp.Or(l.time, math.MaxInt64), func() { kill("it has run for " + l.time.String()) })
	return func() string {
		timer.Stop()
		if why := reason.Load(); why != nil {
			return *why
		}
		return ""
	}
}

// capped passes on what is written as long as there is some left of a limit.
type capped struct {
	w    io.Writer
	left *atomic.Int64
	over func()
}

func (c *capped) Write(p []byte) (int, error) {
	if left := c.left.Add(-int64(len(p))); left < 0 {
		c.w.Write(p[:max(0, int64(len(p))+left)])
		c.over()
		return len(p), nil
	}
	return c.w.Write(p)
}

// mostReplayed bounds the input that is kept of a program, in bytes.
const mostReplayed = 1 << 20

// limited keeps the first bytes that are written to it.
type limited struct {
	buffer *bytes.Buffer
	most   int
}

func (l *limited) Write(p []byte) (int, error) {
	l.buffer.Write(p[:min(len(p), max(0, l.most-l.buffer.Len()))])
	return len(p), nil
}

// Limits of a run whose end is to be explained.
const (
	mostSteps     = 50_000_000
	lastSteps     = 1 << 20 // bytes of a recording of the last steps
	explainOutput = 1 << 24
)

// explainEnd runs the program again in the virtual machine, which leads to the same
// end where nothing from outside decides, and tells why it ended.
func (s *session) explainEnd(args []string, input io.Reader, signal int) {
	var failed crash.Misnumbered
	v, err := vm.New(s.file.Bytes, vm.Options{Args: append([]string{s.name}, args...), Stdin: input, MaxSteps: mostSteps, MaxOutput: explainOutput, Record: lastSteps, Called: failed.Note})
	if err != nil {
		return
	}
	for v.Step() {
	}
	const illegal = 4 // SIGILL: bytes that are no instruction here are none there
	stop := v.Stop()
	if stop.Kind == vm.Unmodelled && stop.Call == nil && signal == illegal && v.Instruction() == nil {
		stop.Kind, stop.Status = vm.Killed, signal
	}
	if in := v.Instruction(); signal == illegal && in != nil && in.UsesAPX(in.Form) {
		fmt.Fprintf(s.sys.stderr, "tasm: the program was ended by SIGILL: this machine's processor has no APX, and so no %s\n", in.String())
		return
	}
	if stop.Kind != vm.Killed || stop.Status != signal {
		fmt.Fprintf(s.sys.stderr, "tasm: the program was ended by signal %d; the virtual machine does not come to the same end, and can't explain it\n", signal)
		return
	}
	s.tell(v, &failed)
}

// loopSteps is after how many instructions without an end a loop is looked for.
const loopSteps = 5_000_000

// explainLoop runs a program again that was stopped at a limit, and tells which lines it
// goes round.
func (s *session) explainLoop(args []string, input io.Reader) {
	v, err := vm.New(s.file.Bytes, vm.Options{Args: append([]string{s.name}, args...), Stdin: input, MaxSteps: loopSteps, MaxOutput: explainOutput, Record: lastSteps})
	if err != nil {
		return
	}
	for v.Step() {
	}
	if v.Steps() == loopSteps {
		s.tell(v, &crash.Misnumbered{})
	}
}

// explain says why a run ended, and how to go on where only the virtual machine's
// knowledge ended.
func (s *session) explain(v crash.Machine) *diag.Message {
	m := crash.Explain(v, s.table)
	_, virtual := v.(*vm.VM)
	if stop := v.Stop(); virtual && stop != nil && stop.Kind == vm.Unmodelled && runsHere() {
		m.Notef("--on cpu runs it on this machine's processor")
	}
	return m
}

// tell shows why a run ended, and which call failed before.
func (s *session) tell(v crash.Machine, failed *crash.Misnumbered) {
	messages := &diag.Bag{}
	m := s.explain(v)
	failed.Tell(m, s.table)
	messages.Add(m)
	s.report(s.sys, s.files, messages)
}

// virtual runs the program in the virtual machine.
func (s *session) virtual(args []string, l *limits) error {
	var failed crash.Misnumbered
	v, err := vm.New(s.file.Bytes, l.apply(vm.Options{
		Called: failed.Note,
		Args:   append([]string{s.name}, args...), Stdin: s.sys.stdin, Stdout: s.sys.stdout, Stderr: s.sys.stderr,
		Terminal: isTerminal(s.sys.stdout), Record: lastSteps,
	}))
	if err != nil {
		return s.fail(s.sys, s.files, err)
	}
	return s.toEnd(v, &failed, func() {})
}

// stepped runs the program on the processor step by step, and explains its end by what
// happened there.
func (s *session) stepped(args []string, l *limits) error {
	on := machineOption{name: onCPU}
	p, end, err := on.begin(s, l, vm.Options{Args: args, Stdin: s.sys.stdin, Stdout: s.sys.stdout, Stderr: s.sys.stderr, Record: lastSteps})
	if err != nil {
		return s.fail(s.sys, s.files, err)
	}
	return s.toEnd(p, &crash.Misnumbered{}, end)
}

// toEnd carries a run out, closes it, and returns how it ended.
func (s *session) toEnd(v stepping, failed *crash.Misnumbered, end func()) error {
	for v.Step() {
	}
	messages, stop := &diag.Bag{}, v.Stop()
	if stop.Kind != vm.Exited {
		m := s.explain(v) // which may go on a little
		failed.Tell(m, s.table)
		messages.Add(m)
	}
	end() // all that the program wrote is out now
	s.report(s.sys, s.files, messages)
	switch stop.Kind {
	case vm.Exited:
		if stop.Status != 0 {
			return exitStatus(stop.Status)
		}
		return nil
	case vm.Killed:
		return exitStatus(128 + stop.Status)
	}
	return errReported
}

// runsHere reports whether this system runs programs for Linux on x86.
func runsHere() bool {
	return runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "386")
}
