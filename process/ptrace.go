//go:build linux && amd64

package process

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"tasm/layout/elf"
	"tasm/machine"
	"tasm/vm"
)

// tracee is a process that is stopped by ptrace. Only the thread that started it may
// speak to it: do runs what is to be done there.
type tracee struct {
	cmd    *exec.Cmd
	pid    int
	bits   int
	ended  *syscall.WaitStatus // of a process that is no more
	memory *os.File
	calls  chan func()
}

// noRandomAddresses is ADDR_NO_RANDOMIZE (uapi linux/personality.h): the same program
// has the same addresses each time.
const noRandomAddresses = 0x0040000

// start starts a program, which stops before its first instruction.
func start(path string, bits int, o *Options) (*tracee, error) {
	t := &tracee{bits: bits, calls: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for f := range t.calls {
			f()
		}
	}()
	var err error
	t.do(func() { err = t.begin(path, o) })
	if err != nil {
		close(t.calls)
		return nil, fmt.Errorf("can't start the program: %w", err)
	}
	return t, nil
}

// do runs a function on the thread that traces.
func (t *tracee) do(f func()) {
	done := make(chan struct{})
	t.calls <- func() { f(); close(done) }
	<-done
}

func (t *tracee) begin(path string, o *Options) error {
	t.cmd = exec.Command(path)
	t.cmd.Args, t.cmd.Env = o.Args, o.Env
	if o.Env == nil {
		t.cmd.Env = []string{}
	}
	t.cmd.Stdout, t.cmd.Stderr = o.Stdout, o.Stderr
	if o.Stdin != nil {
		t.cmd.Stdin = o.Stdin
	}
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	const ask = 0xffffffff
	if old, _, errno := syscall.RawSyscall(syscall.SYS_PERSONALITY, ask, 0, 0); errno == 0 {
		syscall.RawSyscall(syscall.SYS_PERSONALITY, old|noRandomAddresses, 0, 0)
		defer syscall.RawSyscall(syscall.SYS_PERSONALITY, old, 0, 0)
	}
	if err := t.cmd.Start(); err != nil {
		return err
	}
	t.pid = t.cmd.Process.Pid
	if _, err := t.wait(); err != nil {
		return err
	}
	if err := cmp.Or(syscall.PtraceSetOptions(t.pid, options), t.bound()); err != nil {
		t.cmd.Process.Kill()
		t.cmd.Wait()
		return err
	}
	var err error
	if t.memory, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", t.pid), os.O_RDWR, 0); err != nil {
		t.cmd.Process.Kill()
		t.cmd.Wait()
	}
	return err
}

// wait waits until the process has stopped, and returns the signal.
func (t *tracee) wait() (int, error) {
	var status syscall.WaitStatus
	for {
		switch _, err := syscall.Wait4(t.pid, &status, 0, nil); {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return 0, err
		case !status.Stopped():
			t.ended = &status
			return 0, errEnded
		case status.TrapCause() > 0:
			return 0, t.refuse()
		}
		return int(status.StopSignal()), nil
	}
}

// options let ptrace(2) stop a process that starts another, in whatever way it does so,
// and both end when this one does.
const options = syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK | syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEEXEC | 1<<20 // PTRACE_O_EXITKILL

// refuse ends a process that has just been started by this one.
func (t *tracee) refuse() error {
	if pid, err := syscall.PtraceGetEventMsg(t.pid); err == nil && int(pid) != t.pid {
		syscall.Kill(int(pid), syscall.SIGKILL)
		syscall.Wait4(int(pid), nil, syscall.WALL, nil)
	}
	return errAnother
}

var errAnother = errors.New("starts another process or program, which is not followed here: a session is about one process")

// gone says how a run ends after which the process can't be asked any more.
func (t *tracee) gone(err error) *vm.Stop {
	switch {
	case t.ended != nil && t.ended.Exited(): // by a call that nobody saw coming
		status := t.ended.ExitStatus()
		return &vm.Stop{Kind: vm.Exited, Status: status, Reason: fmt.Sprintf("ends with status %d", status)}
	case errors.Is(err, errAnother):
		return &vm.Stop{Kind: vm.Unmodelled, Reason: err.Error()}
	}
	return &vm.Stop{Kind: vm.Limited, Reason: err.Error()}
}

// mostMapped is how many bytes of addresses a process may map beyond those of its start:
// a single call can make the kernel fill them.
const mostMapped = 1 << 30

// bound bounds the memory that the kernel gives to the process.
func (t *tracee) bound() error {
	mapped, _ := t.pages()
	limit := syscall.Rlimit{Cur: uint64(mapped + mostMapped), Max: uint64(mapped + mostMapped)}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(t.pid), syscall.RLIMIT_AS, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// resident returns how many bytes of memory the process takes; 0 for one that is no more.
func (t *tracee) resident() int64 {
	_, n := t.pages()
	return n
}

// pages reads how many bytes of addresses and of memory the process has (proc(5), statm).
func (t *tracee) pages() (mapped, resident int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", t.pid))
	fmt.Sscan(string(text), &mapped, &resident)
	return mapped * elf.PageSize, resident * elf.PageSize
}

var errEnded = errors.New("was ended from outside")

// step makes one step. It returns the signal at which it stopped.
func (t *tracee) step(expired func() bool) (signal int, err error) {
	ended := t.watch(expired)
	t.do(func() {
		if err = syscall.PtraceSingleStep(t.pid); err == nil {
			signal, err = t.wait()
		}
	})
	if ended() {
		return 0, errors.New("has used up its time")
	}
	return signal, err
}

// watch ends the process when its time is over while it waits for something. The
// function that it returns tells whether that was so.
func (t *tracee) watch(expired func() bool) func() bool {
	if expired == nil {
		return func() bool { return false }
	}
	const often = 20 * time.Millisecond
	late := make(chan bool, 1)
	var timer *time.Timer
	timer = time.AfterFunc(often, func() {
		if expired() {
			late <- true
			syscall.Kill(t.pid, syscall.SIGKILL)
			return
		}
		timer.Reset(often)
	})
	return func() bool {
		timer.Stop()
		select {
		case <-late:
			return true
		default:
			return false
		}
	}
}

// order is where the general registers lie in struct user_regs_struct.
func order(r *syscall.PtraceRegs) [16]*uint64 {
	return [16]*uint64{&r.Rax, &r.Rcx, &r.Rdx, &r.Rbx, &r.Rsp, &r.Rbp, &r.Rsi, &r.Rdi, &r.R8, &r.R9, &r.R10, &r.R11, &r.R12, &r.R13, &r.R14, &r.R15}
}

// Requests of ptrace(2) whose layout is that of x86-64 also for programs of 32 bits.
const getRegisters, setRegisters = 12, 13

func (t *tracee) request(request uintptr, r *syscall.PtraceRegs) error {
	var errno syscall.Errno
	t.do(func() {
		_, _, errno = syscall.RawSyscall6(syscall.SYS_PTRACE, request, uintptr(t.pid), 0, uintptr(unsafe.Pointer(r)), 0, 0)
	})
	if errno != 0 {
		return errno
	}
	return nil
}

func (t *tracee) registers() (registers, error) {
	var r syscall.PtraceRegs
	if err := t.request(getRegisters, &r); err != nil {
		return registers{}, err
	}
	out := registers{ip: r.Rip, flags: uint16(r.Eflags) & flagMask}
	for i, from := range order(&r) {
		if t.bits == 64 || i < 8 {
			out.general[i] = *from & (^uint64(0) >> (64 - t.bits))
		}
	}
	return out, nil
}

func (t *tracee) setRegisters(to registers) error {
	var r syscall.PtraceRegs
	if err := t.request(getRegisters, &r); err != nil {
		return err
	}
	for i, at := range order(&r) {
		if t.bits == 64 || i < 8 {
			*at = to.general[i]
		}
	}
	r.Rip, r.Eflags = to.ip, r.Eflags&^flagMask|uint64(to.flags)
	r.Orig_rax = ^uint64(0) // no system call is to be begun again
	return t.request(setRegisters, &r)
}

// read reads memory and returns how many bytes there are.
func (t *tracee) read(address uint64, out []byte) int {
	if int64(address) < 0 {
		return 0
	}
	n, _ := t.memory.ReadAt(out, int64(address))
	return max(0, n)
}

// write changes memory whatever its permissions; where there is none, nothing is.
func (t *tracee) write(address uint64, content []byte) {
	if int64(address) >= 0 {
		t.memory.WriteAt(content, int64(address))
	}
}

// close ends the process.
func (t *tracee) close() {
	t.do(func() {
		t.cmd.Process.Kill()
		t.cmd.Wait()
	})
	t.memory.Close()
	close(t.calls)
}

// maps returns the memory of the process, the lowest addresses first (proc(5)).
func (t *tracee) maps() ([]*machine.Segment, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", t.pid))
	if err != nil {
		return nil, err
	}
	var list []*machine.Segment
	for line := range bytes.Lines(text) {
		var low, high uint64
		var permissions, offset, device, inode, name string
		fmt.Sscanf(string(line), "%x-%x %s %s %s %s %s", &low, &high, &permissions, &offset, &device, &inode, &name)
		if high == 0 || high > 1<<47 || len(permissions) < 4 {
			continue // vsyscall
		}
		s := &machine.Segment{Low: int64(low), High: int64(high), Read: permissions[0] == 'r', Write: permissions[1] == 'w', Execute: permissions[2] == 'x'}
		switch {
		case name == "[stack]":
			const limit = 8 << 20 // it grows down to
			s.Name, s.Low = "the stack", int64(high)-limit
		case strings.HasPrefix(name, "["):
			s.Name = strings.Trim(name, "[]")
		default:
			s.Name = cmp.Or(map[bool]string{true: fmt.Sprintf("the segment at %#x", low)}[filepath.Base(name) == "program"], fmt.Sprintf("the memory at %#x", low))
		}
		list = append(list, s)
	}
	return list, nil
}
