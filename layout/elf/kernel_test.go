package elf

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// outcome is what the kernel did with a file.
type outcome uint8

const (
	refused   outcome = iota // execve failed
	killed                   // the process died before its first instruction
	faulted                  // the process died running
	ran                      // the process exited with status 42
	elsewhere                // the process did anything else
)

func (o outcome) String() string {
	return [...]string{"refused", "killed", "faulted", "ran", "elsewhere"}[o]
}

// exit42 is code that exits with status 42, by class. It works at any address
// and whatever the registers hold.
var exit42 = map[Class]string{
	Class32: "31c0" + "40" + "31db" + "b32a" + "cd80",
	Class64: "31c0" + "b03c" + "31ff" + "6683c72a" + "0f05",
}

func code(c Class) []byte {
	b, err := hex.DecodeString(exit42[c])
	if err != nil {
		panic(err)
	}
	return b
}

// execute runs a file as an unprivileged process under ptrace. A process that
// is traced stops with SIGTRAP when execve has succeeded and before its first
// instruction, so a death while the file is loaded is told from one later.
func execute(t *testing.T, dir string, file []byte) (outcome, string) {
	t.Helper()
	path := filepath.Join(dir, "program")
	os.Remove(path)
	if err := os.WriteFile(path, file, 0o755); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var pid int
	var err error
	for {
		attr := &syscall.ProcAttr{Dir: "/", Env: []string{}, Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}}
		if os.Geteuid() == 0 {
			attr.Sys.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		}
		pid, err = syscall.ForkExec(path, []string{"program"}, attr)
		// Another thread may have forked while the file was open for writing.
		if !errors.Is(err, syscall.ETXTBSY) {
			break
		}
	}
	switch {
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EPERM):
		t.Fatalf("can't run a test program: %v", err)
	case err != nil:
		return refused, err.Error()
	}
	var status syscall.WaitStatus
	// wait waits until something happens to the process, but no longer than d.
	wait := func(d time.Duration) bool {
		for start := time.Now(); ; {
			got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
			switch {
			case err != nil && !errors.Is(err, syscall.EINTR):
				t.Fatal(err)
			case got == pid:
				return true
			case time.Since(start) > d:
				return false
			case time.Since(start) > time.Millisecond:
				time.Sleep(50 * time.Microsecond)
			default:
				runtime.Gosched()
			}
		}
	}
	if !wait(time.Minute) {
		t.Fatal("execve takes more than a minute")
	}
	if !status.Stopped() {
		return killed, fmt.Sprint(status.Signal())
	}
	if signal := status.StopSignal(); signal != syscall.SIGTRAP {
		syscall.Kill(pid, syscall.SIGKILL)
		wait(time.Minute)
		return killed, fmt.Sprint(signal)
	}
	for range 1000 {
		if err := syscall.PtraceSyscall(pid, 0); err != nil {
			t.Fatal(err)
		}
		if !wait(2 * time.Second) {
			break
		}
		switch {
		case status.Exited() && status.ExitStatus() == 42:
			return ran, ""
		case status.Exited():
			return elsewhere, fmt.Sprintf("exit status %d", status.ExitStatus())
		case status.Signaled():
			return faulted, fmt.Sprint(status.Signal())
		case status.Stopped() && status.StopSignal() != syscall.SIGTRAP:
			signal := status.StopSignal()
			syscall.Kill(pid, syscall.SIGKILL)
			wait(time.Minute)
			return faulted, fmt.Sprint(signal)
		}
	}
	// The program went astray and runs for ever.
	syscall.Kill(pid, syscall.SIGKILL)
	wait(time.Minute)
	return elsewhere, "runs on"
}

var loaderFlag = flag.String("loader", "", "the `loader` that the running kernel is held against; by its version unless given")

// thisKernel describes the running kernel: by the loader of its version or the
// one asked for, with what /proc and uname say of its limits.
func thisKernel(t *testing.T) *Loader {
	t.Helper()
	var uname syscall.Utsname
	if err := syscall.Uname(&uname); err != nil {
		t.Fatal(err)
	}
	var l *Loader
	if *loaderFlag != "" {
		var ok bool
		if l, ok = ByName(*loaderFlag); !ok {
			t.Fatalf("no loader is called %s", *loaderFlag)
		}
	} else {
		l = byVersion(t, text(uname.Release))
	}
	if text(uname.Machine) != "x86_64" {
		only32 := *l
		only32.limits[Class64-1] = nil
		l = &only32
	}
	number := func(path, format string) (n uint64) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscanf(string(text), format, &n); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return n
	}
	l = with(l, MinAddress, number("/proc/sys/vm/mmap_min_addr", "%d"))
	return l.WithCharge(number("/proc/meminfo", "MemTotal: %d kB") * 1024)
}

// text returns what uname says, up to the first zero.
func text(field [65]int8) string {
	var b strings.Builder
	for _, c := range field {
		if c == 0 {
			break
		}
		b.WriteByte(byte(c))
	}
	return b.String()
}

// byVersion returns the loader that describes a release of Linux, if that is not
// one of the stable versions with later changes.
func byVersion(t *testing.T, release string) *Loader {
	t.Helper()
	var major, minor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		t.Fatalf("what kernel is %q?", release)
	}
	switch version := major*1000 + minor; {
	case version >= 6017:
		return linux617
	case version >= 6011:
		return linux611
	case version >= 6007:
		return linux67
	}
	return linux510
}

// tally counts what became of files.
type tally struct {
	outcomes     map[outcome]int
	disagreement int
}

// disagree reports a file with which the kernel does not do what the rules say.
func (c *tally) disagree(t *testing.T, format string, args ...any) {
	t.Helper()
	c.disagreement++
	t.Errorf(format, args...)
}

// log prints the counts; test/kernels reads them.
func (c *tally) log(t *testing.T, l *Loader) {
	t.Helper()
	files := 0
	for _, n := range c.outcomes {
		files += n
	}
	t.Logf("%s: %d files compared, %d disagreements: %v", l.Name, files, c.disagreement, c.outcomes)
}

// program makes a file of headers, with the code at the entry point if there is
// room for it behind the headers; it reports where the code is.
func program(class Class, headers []byte, size, entry int) ([]byte, bool) {
	file := make([]byte, size)
	copy(file, headers)
	body := code(class)
	if entry < len(headers) || entry+len(body) > size {
		return file, false
	}
	copy(file[entry:], body)
	return file, true
}

// sample fills in the bits that the classes leave open at random, by trying:
// every byte gets a random value that the model allows.
func sample(r *rand.Rand, m *Model) []byte {
	mark := m.Mark()
	defer m.Undo(mark)
	for _, offset := range r.Perm(m.Len()) {
		mask, value := m.Byte(offset)
		if mask == 0xff {
			continue
		}
		// Small numbers are the likely ones in the upper bytes of a field.
		for _, guess := range []byte{byte(r.Uint32()), byte(r.Uint32N(16)), 0} {
			try := m.Mark()
			if m.Set(offset, 0xff, value&mask|guess&^mask) && m.Feasible() {
				break
			}
			m.Undo(try)
		}
	}
	headers, ok := m.Example()
	if !ok {
		panic("a feasible model has no example")
	}
	return headers
}

// TestAcceptedByKernel makes random files of every placement, as the model
// allows them, and runs them.
func TestAcceptedByKernel(t *testing.T) {
	l := thisKernel(t)
	dir := worldReadable(t)
	const each = 2
	counts := tally{outcomes: map[outcome]int{}}
	r := rand.New(rand.NewPCG(1, 2))
	for _, k := range knownPlacements {
		if !l.Runs(k.class) {
			continue
		}
		for _, typ := range k.types {
			for phoff := k.from; phoff <= k.to; phoff++ {
				p := Placement{Class: k.class, Type: uint64(typ - '0'), Phoff: phoff, Phnum: k.phnum, Size: 400}
				classes, _ := solve(p, l)
				if classes == nil {
					t.Errorf("%v should be possible", p)
					continue
				}
				for range each {
					m := classes.Model()
					mark := m.Mark()
					// Code behind the headers, where that is possible.
					entry := m.Len() + r.IntN(100)
					mask, value := entryOffsetOf(classes)
					if uint64(entry)&mask != value {
						entry = 0
					} else if !m.SetEntry(int64(entry)) || !m.Feasible() {
						m.Undo(mark)
						entry = 0
					}
					headers := sample(r, m)
					m.Undo(mark)
					file, placed := program(p.Class, headers, int(p.Size), entry)
					if v := Check(l, file); len(v) > 0 {
						t.Errorf("%v: made a file that is wrong: %v\n%x", p, v, file)
						continue
					}
					o, how := execute(t, dir, file)
					counts.outcomes[o]++
					if o == refused || o == killed || placed && o != ran {
						counts.disagree(t, "%v: the kernel disagrees: %v (%s)\n%x", p, o, how, file)
					}
				}
			}
		}
	}
	counts.log(t, l)
}

// worldReadable returns a directory from which another user can run programs.
func worldReadable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "tasm-elf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// vague are the rules whose limits keep a distance from what chance may do to
// the address space: a file that breaks them may still load.
var vague = map[string]bool{
	"below the stack": true, "zeros below the stack": true, "room": true,
	"charge": true, "charge of writable memory": true, "aligned room 32": true, "aligned room 64": true,
}

// predict says what should become of a file: one of several outcomes.
func predict(violations []Violation) []outcome {
	best := []outcome{ran, faulted, elsewhere}
	for _, v := range violations {
		switch {
		case v.Rule.Else == Misloaded || vague[v.Rule.Name]:
			return []outcome{refused, killed, faulted, ran, elsewhere}
		case v.Rule.Else == Refused:
			return []outcome{refused}
		case v.Rule.Else == Killed:
			best = []outcome{killed}
		case v.Rule.Else == Faults && !slices.Equal(best, []outcome{killed}):
			// An entry point outside the address space is noticed while
			// loading; whether it is outside can depend on a random base.
			best = []outcome{faulted, elsewhere, killed}
		}
	}
	return best
}

// mutate changes a random field or bit of the headers.
func mutate(r *rand.Rand, p Placement, file []byte) {
	if r.IntN(3) == 0 {
		file[r.IntN(int(p.headersEnd()))] ^= 1 << r.IntN(8)
		return
	}
	header, f := file, &Fields[r.IntN(int(NumFields))]
	if f.Header == ProgramHeader {
		header = file[int(p.Phoff)+r.IntN(p.Phnum)*p.Class.Size(ProgramHeader):]
	}
	old := Get(p.Class, header, f.ID)
	_, width := f.At(p.Class)
	random := r.Uint64() >> (64 - 8*min(width, 8)) >> r.IntN(8*min(width, 8))
	values := []uint64{
		0, 1, 2, 3, 4, 5, 6, 7, 32, 56, 62, old + 1, old - 1, old + PageSize, old ^ PageSize, old << 1,
		random, random &^ (PageSize - 1), random&^(PageSize-1) | old&(PageSize-1), -random, uint64(len(file)),
		0x10000, 0xfff, 0xc0000000, 0xffffe000, 0x7ffffffff000, 1 << 47, SegmentLoad,
	}
	Put(p.Class, header, f.ID, values[r.IntN(len(values))])
}

// entryOffset returns the file offset of the first instruction, by the first
// segment that holds it.
func entryOffset(file []byte) (int64, bool) {
	class := ClassOf(file)
	at, size := int64(Get(class, file, EPhoff)), int64(class.Size(ProgramHeader))
	entry := Get(class, file, EEntry)
	for range Get(class, file, EPhnum) {
		header := file[at : at+size]
		if Get(class, header, PType) == SegmentLoad {
			return int64(entry - Get(class, header, PVaddr) + Get(class, header, POffset)), true
		}
		at += size
	}
	return 0, false
}

// TestMutantsOnKernel changes headers at random and compares what the rules say
// of them with what the kernel does.
func TestMutantsOnKernel(t *testing.T) {
	const files = 4000
	l := thisKernel(t)
	dir := worldReadable(t)
	r := rand.New(rand.NewPCG(3, 4))
	type seed struct {
		placement Placement
		file      []byte
		entry     int64
	}
	var seeds []seed
	for _, k := range knownPlacements {
		if !l.Runs(k.class) {
			continue
		}
		p := Placement{Class: k.class, Type: uint64(k.types[len(k.types)-1] - '0'), Phoff: k.from, Phnum: k.phnum, Size: 400}
		classes, _ := solve(p, l)
		if classes == nil {
			t.Fatalf("%v should be possible", p)
		}
		for range 3 {
			m := classes.Model()
			mark := m.Mark()
			entry := m.Len() + r.IntN(100)
			if !m.SetEntry(int64(entry)) || !m.Feasible() {
				m.Undo(mark)
			}
			file, _ := program(p.Class, sample(r, m), int(p.Size), entry)
			m.Undo(mark)
			seeds = append(seeds, seed{p, file, int64(entry)})
		}
	}
	counts := tally{outcomes: map[outcome]int{}}
	certain := 0
	for range files {
		s := seeds[r.IntN(len(seeds))]
		file := slices.Clone(s.file)
		for range 1 + r.IntN(3) {
			mutate(r, s.placement, file)
		}
		violations := Check(l, file)
		want := predict(violations)
		if len(violations) == 0 {
			if at, ok := entryOffset(file); ok && at == s.entry && strings.HasPrefix(string(file[at:]), string(code(ClassOf(file)))) {
				want = []outcome{ran}
			}
		}
		have, how := execute(t, dir, file)
		counts.outcomes[have]++
		if len(want) == 1 {
			certain++
		}
		if !slices.Contains(want, have) {
			counts.disagree(t, "%v mutated: the kernel says %v (%s), the rules say %v\n%x\n%v", s.placement, have, how, want, file[:s.placement.headersEnd()], violations)
		}
	}
	counts.log(t, l)
	t.Logf("%d predicted exactly", certain)
	for _, o := range []outcome{refused, killed, ran} {
		if counts.outcomes[o] < files/20 {
			t.Errorf("only %d files were %v: the test shows little", counts.outcomes[o], o)
		}
	}
}
