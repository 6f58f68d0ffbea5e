//go:build linux && amd64

package vm

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"tasm/internal/programs"
	"tasm/layout"
	"tasm/machine"
)

// state is what the processor shows of a process.
type state struct {
	general [16]uint64 // by their numbers in instructions
	ip      uint64
	flags   uint16
}

// state reads the registers. Those of a 32-bit process come in the layout of i386
// (arch/x86/include/asm/user_32.h).
func (p *traced) state(t *testing.T, bits int) state {
	t.Helper()
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(p.pid, &r); err != nil {
		t.Fatal(err)
	}
	if bits == 64 {
		return state{[16]uint64{r.Rax, r.Rcx, r.Rdx, r.Rbx, r.Rsp, r.Rbp, r.Rsi, r.Rdi, r.R8, r.R9, r.R10, r.R11, r.R12, r.R13, r.R14, r.R15}, r.Rip, uint16(r.Eflags)}
	}
	w := (*[17]uint32)(unsafe.Pointer(&r))
	const bx, cx, dx, si, di, bp, ax, ip, flags, sp = 0, 1, 2, 3, 4, 5, 6, 12, 14, 15
	s := state{ip: uint64(w[ip]), flags: uint16(w[flags])}
	for i, from := range []int{ax, cx, dx, bx, sp, bp, si, di} {
		s.general[i] = uint64(w[from])
	}
	return s
}

// traced is a process of the real kernel that goes on one instruction at a time.
type traced struct {
	pid int
	cmd *exec.Cmd
}

// trace starts a program and stops it at its first instruction. The caller has
// locked its thread: only that one may trace.
func trace(t *testing.T, file []byte) *traced {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := programs.Store(path, file); err != nil {
		t.Fatal(err)
	}
	p := &traced{cmd: exec.Command(path)}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd.Args, p.cmd.Env, p.cmd.Stdout = []string{"program"}, []string{}, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = p.cmd.Process.Pid
	p.wait(t)
	return p
}

func (p *traced) wait(t *testing.T) syscall.WaitStatus {
	t.Helper()
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.pid, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	return status
}

// TestAgainstProcessor runs random programs in the virtual machine and, step by step
// by ptrace, on the processor: after every instruction all registers and all defined
// flags are the same. Addresses on the stack count from where it began.
func TestAgainstProcessor(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	seeds := 12
	if testing.Short() {
		seeds = 4
	}
	steps := 0
	for seed := range uint64(seeds) {
		for _, target := range []string{"linux/386", "linux/amd64"} {
			source := programs.Random(rand.New(rand.NewPCG(seed, 3)), target)
			for _, strategy := range layout.Strategies[:2] {
				steps += compareRuns(t, source, build(t, source, target, strategy.Layout))
			}
		}
	}
	if steps < 60*seeds {
		t.Errorf("only %d steps were compared", steps)
	}
}

// compareRuns compares up to 2000 steps of a program and returns how many.
func compareRuns(t *testing.T, source string, file []byte) int {
	v, err := New(file, Options{Args: []string{"program"}})
	if err != nil {
		t.Fatal(err)
	}
	p := trace(t, file)
	defer func() {
		syscall.Kill(p.pid, syscall.SIGKILL)
		p.cmd.Wait()
	}()
	start, virtual := uint64(0), v.Register(machine.SP)
	for n := range 2000 {
		real := p.state(t, v.Bits())
		if n == 0 {
			start = real.general[machine.SP]
		}
		same := func(real, ours uint64) bool { return real == ours || real-start == ours-virtual }
		if v.Bits() == 32 {
			same = func(real, ours uint64) bool {
				return uint32(real) == uint32(ours) || uint32(real-start) == uint32(ours-virtual)
			}
		}
		// SYSCALL leaves the flags there: those that are undefined, and the one by which
		// it is stepped, differ.
		const r11 = 11
		v.SetRegister(r11, real.general[r11])
		bits, defined := v.Flags()
		wrong := real.ip != v.IP() || real.flags&defined != bits
		for i := range 16 {
			wrong = wrong || (v.Bits() == 64 || i < 8) && !same(real.general[i], v.Register(i))
		}
		if wrong {
			var ours [16]uint64
			for i := range ours {
				ours[i] = v.Register(i)
			}
			t.Fatalf("step %d: processor %#x %x flags %#x, virtual machine %#x %x flags %#x of %#x\n%s", n, real.ip, real.general, real.flags, v.IP(), ours, bits, defined, source)
		}
		if !v.Step() {
			return n
		}
		if err := syscall.PtraceSingleStep(p.pid); err != nil {
			t.Fatal(err)
		}
		if status := p.wait(t); !status.Stopped() || status.StopSignal() != syscall.SIGTRAP {
			t.Fatalf("step %d: the processor's process %v, the virtual machine goes on\n%s", n, status, source)
		}
	}
	return 2000
}
