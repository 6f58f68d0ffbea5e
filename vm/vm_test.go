package vm

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
	"tasm/layout"
)

// build makes an executable of a source, with a strategy that needs no search.
func build(t testing.TB, source, target string, strategy layout.Strategy) []byte {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("test.tasm", []byte(source)), assembler.Options{Target: target, Instructions: true})
	if p != nil {
		file, more := strategy(p, layout.Options{})
		if file != nil {
			return file.Bytes
		}
		said.Append(more)
	}
	var text strings.Builder
	diag.Short(&text, files, said.Messages())
	t.Fatalf("%s\n%s", text.String(), source)
	return nil
}

// run runs a program to its end.
func run(t testing.TB, file []byte, o Options) (*VM, string) {
	t.Helper()
	var out bytes.Buffer
	o.Stdout = &out
	if o.Args == nil {
		o.Args = []string{"program"}
	}
	v, err := New(file, o)
	if err != nil {
		t.Fatal(err)
	}
	for v.Step() {
	}
	return v, out.String()
}

// snapshot is all that Back has to bring back.
type snapshot struct {
	registers     [16]uint64
	ip            uint64
	bits, defined uint16
	memory        string // of the segments that the program can write, and some of the stack
	output        string
	steps         int64
}

func (v *VM) snapshot() snapshot {
	s := snapshot{ip: v.IP(), steps: v.steps, output: string(v.Output())}
	s.bits, s.defined = v.Flags()
	for i := range s.registers {
		s.registers[i] = v.Register(i)
	}
	for _, area := range v.state.Memory.Segments() {
		if !area.Write {
			continue
		}
		low, high := uint64(area.Low), uint64(area.High)
		if area.Name == "the stack" {
			low = high - 2048
		}
		b := make([]byte, min(high-low, 8192))
		v.Memory(low, b)
		s.memory += string(b)
	}
	return s
}

// TestBack runs random programs to their end and back to their beginning: every
// state on the way back is the one on the way there.
func TestBack(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	for seed := range uint64(seeds) {
		for _, target := range []string{"linux/386", "linux/amd64"} {
			source := programs.Random(rand.New(rand.NewPCG(seed, 1)), target)
			file := build(t, source, target, layout.Plain)
			v, err := New(file, Options{Args: []string{"program", "x"}, Record: 1 << 20, MaxSteps: 3000})
			if err != nil {
				t.Fatal(err)
			}
			states := []snapshot{v.snapshot()}
			for v.Step() {
				states = append(states, v.snapshot())
			}
			for i := len(states) - 2; i >= 0; i-- {
				if !v.Back() {
					t.Fatalf("seed %d %s: no way back from step %d", seed, target, i+1)
				}
				if got := v.snapshot(); got != states[i] {
					t.Fatalf("seed %d %s: back at step %d:\n%+v\nwas\n%+v\n%s", seed, target, i, got, states[i], source)
				}
			}
			if v.Back() {
				t.Errorf("seed %d %s: there is something before the beginning", seed, target)
			}
			for _, want := range states[1:] { // and there again
				v.Step()
				if got := v.snapshot(); got != want {
					t.Fatalf("seed %d %s: forward again at step %d:\n%+v\nwas\n%+v", seed, target, want.steps, got, want)
				}
			}
		}
	}
}

// TestForget goes through more steps than the recording holds.
func TestForget(t *testing.T) {
	file := build(t, "target linux/386\nmov ecx, 300000\n_start: push ecx\npop edx\nsys getpid\nloop _start\nsys exit, 0\n", "linux/386", layout.Plain)
	v, err := New(file, Options{Args: []string{"p"}, Record: 3 * blockSize, MaxSteps: 200000})
	if err != nil {
		t.Fatal(err)
	}
	for v.Step() {
	}
	back := 0
	for v.Back() {
		back++
	}
	if n := len(v.recording.blocks); back < 3000 || back >= 200000 || n != 0 || len(v.recording.calls) != 0 {
		t.Errorf("went back %d steps; %d blocks and %d calls are left", back, n, len(v.recording.calls))
	}
	for v.Step() {
	}
	if v.Steps() != 200000 {
		t.Errorf("stopped at step %d", v.Steps())
	}
}

// TestStops ends runs in every way.
func TestStops(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		o      Options
		kind   StopKind
		status int
		reason string
	}{
		"exit":         {"sys exit, 259", Options{}, Exited, 3, "ends with status 3"},
		"null":         {"mov [5], eax", Options{}, Killed, 11, "writes at 0x5"},
		"division":     {"div ecx", Options{}, Killed, 8, "divides by 0"},
		"privileged":   {"hlt", Options{}, Killed, 11, "reserved to the kernel"},
		"invalid":      {"ud2", Options{}, Killed, 4, "invalid opcode"},
		"breakpoint":   {"int3", Options{}, Killed, 5, "debug exception"},
		"jump":         {"jmp eax", Options{}, Killed, 11, "jumps to 0x0"},
		"code":         {"mov byte [$], 1", Options{}, Killed, 11, "may not be written"},
		"steps":        {"x: jmp x", Options{MaxSteps: 100}, Limited, 0, "100 instructions"},
		"output":       {"x: sys write, 1, x, 5\njmp x", Options{MaxOutput: 1000}, Limited, 0, "1000 bytes"},
		"memory":       {"sys mmap2, 0, 0x200000, 3, 34, -1, 0\nmov edi, eax\nmov ecx, 0x200000\nrep stosb", Options{MaxMemory: 1 << 18}, Limited, 0, "touched"},
		"fork":         {"sys fork", Options{}, Unmodelled, 0, "fork"},
		"pause":        {"sys pause", Options{}, Waiting, 0, "waits for a signal"},
		"alarm":        {"sys alarm, 3\nsys pause", Options{}, Killed, 14, "SIGALRM"},
		"kill":         {"sys getpid\nsys kill, eax, 15", Options{}, Killed, 15, "SIGTERM"},
		"forced":       {"sys write, 1, 0, 0\nneg eax\nsys exit, eax", Options{Force: []Force{{Call: "write", Error: "ENOSPC"}}}, Exited, 28, ""},
		"second":       {"sys getpid\nsys getpid\nneg eax\nsys exit, eax", Options{Force: []Force{{Call: "getpid", Nth: 2, Error: "EPERM"}}}, Exited, 1, ""},
		"short":        {"sys write, 1, $$, 9\nsys exit, eax", Options{Force: []Force{{Call: "write", Short: 4}}}, Exited, 4, ""},
		"short second": {"sys getrandom, x, 4, 0\nsys exit, eax\nsection .bss\nx: resd 1", Options{Force: []Force{{Call: "getrandom", Short: 3}}}, Exited, 3, ""},
		"no call":      {"mov eax, 9999\nint 0x80\nneg eax\nsys exit, eax", Options{}, Exited, 38, ""},
		"bad pointer":  {"sys write, 1, 16, 5\nneg eax\nsys exit, eax", Options{}, Exited, 14, ""},
		"no file":      {"sys open, n, 0, 0\nneg eax\nsys exit, eax\nn: db '/x', 0", Options{}, Exited, 2, ""},
		"file":         {"sys open, n, 0, 0\nsys read, eax, esp, 8\nmovzx eax, byte [esp+1]\nsys exit, eax\nn: db '/x', 0", Options{Files: map[string][]byte{"/x": []byte("ab")}}, Exited, 'b', ""},
		"no directory": {"sys creat, n, 0\nneg eax\nsys exit, eax\nn: db '/d/x', 0", Options{}, Exited, 2, ""},
		"written file": {"sys creat, n, 0\nsys write, eax, n, 4\nsys open, n, 0, 0\nsys read, eax, esp, 8\nsys exit, eax\nn: db '/new', 0", Options{}, Exited, 4, ""},
		"time":         {"sys time, 0\nsub eax, 946684800\nmov esi, eax\npush 0\npush 7\nsys nanosleep, esp, 0\nsys time, 0\nsub eax, 946684800\nsys exit, eax", Options{}, Exited, 7, ""},
		"mmap":         {"sys mmap2, 0, 5000, 3, 34, -1, 0\nmov byte [eax+8191], 5\nmovzx ebx, byte [eax+8191]\nsys exit, ebx", Options{}, Exited, 5, ""},
		"munmap":       {"sys mmap2, 0, 5000, 3, 34, -1, 0\nmov esi, eax\nsys munmap, esi, 4096\nmov [esi+4096], eax\nmov [esi], eax", Options{}, Killed, 11, "where there is no memory"},
		"mprotect":     {"sys mmap2, 0, 5000, 3, 34, -1, 0\nmov esi, eax\nmov byte [esi], 9\nsys mprotect, esi, 4096, 1\nmovzx edi, byte [esi]\nmov [esi], eax", Options{}, Killed, 11, "may not be written"},
		"fixed again":  {"sys mmap2, 0x10000, 4096, 3, 50, -1, 0\nmov byte [eax], 7\nsys mmap2, 0x10000, 4096, 3, 50, -1, 0\nmovzx eax, byte [eax]\nsys exit, eax", Options{}, Exited, 0, ""},
		"pipe":         {"sys pipe, esp\nmov esi, [esp+4]\nmov edi, [esp]\nsys write, esi, $$, 5\nsys read, edi, esp, 9\nsys exit, eax", Options{}, Exited, 5, ""},
		"undefined":    {"xor ecx, ecx\nmov eax, 5\nbsf eax, ecx\nmov [esp], eax\nmov ebx, [esp]\nsys exit, ebx", Options{}, Exited, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := build(t, "target linux/386\n"+c.source+"\n", "linux/386", layout.Plain)
			for _, record := range []int64{0, 1 << 20} {
				o := c.o
				o.Record = record
				v, _ := run(t, file, o)
				s := v.Stop()
				if s.Kind != c.kind || s.Status != c.status || !strings.Contains(s.Reason, c.reason) {
					t.Errorf("recording %d: %+v", record, s)
				}
			}
		})
	}
}

// endless is input without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestHostile runs programs that would take all there is, with a recording and
// without: they end at their limits, and the recording stays within its bound.
func TestHostile(t *testing.T) {
	const record = 4 << 20
	for name, c := range map[string]struct {
		source string
		o      Options
		reason string
	}{
		"output":    {"x: sys write, 1, x, 1024\njmp x", Options{MaxOutput: 1 << 19}, "has written"},
		"memory":    {"x: sys mmap2, 0, 0x100000, 3, 34, -1, 0\nmov edi, eax\nmov ecx, 0x100000\nrep stosb\njmp x", Options{MaxMemory: 1 << 18}, "touched"},
		"maps":      {"x: sys mmap2, 0, 4096, 3, 34, -1, 0\njmp x", Options{MaxSteps: 4000}, "4000 instructions"},
		"calls":     {"x: sys getpid\njmp x", Options{MaxSteps: 40000}, "40000 instructions"},
		"files":     {"x: sys creat, n, 0\nsys close, eax\njmp x\nn: db '/x', 0", Options{MaxSteps: 8000}, "8000 instructions"},
		"input":     {"x: sys read, 0, room, 0x100000\njmp x\nsection .bss\nroom: resb 0x100000", Options{Stdin: endless{}, MaxMemory: 2 << 20}, "has read more"},
		"time":      {"x: jmp x", Options{Expired: func() bool { return true }}, "used up its time"},
		"writes":    {"sys mprotect, $$ - 0x54, 4096, 7\nx: mov byte [y], 0x40\ny: nop\ncmp eax, 5\njne z\nmov byte [x], 0xeb\nmov byte [x + 1], 0xfe\nz: inc eax\njmp x", Options{MaxSteps: 100000}, "100000 instructions"},
		"recursion": {"x: call x", Options{MaxSteps: 100000}, "100000 instructions"},
	} {
		for _, bytes := range []int64{0, record} {
			o := c.o
			o.Record, o.Args = bytes, []string{"p"}
			if o.MaxSteps == 0 {
				o.MaxSteps = 5_000_000
			}
			v, err := New(build(t, "target linux/386\n"+c.source+"\n", "linux/386", layout.Plain), o)
			if err != nil {
				t.Fatal(err)
			}
			for v.Step() {
			}
			if stop := v.Stop(); !strings.Contains(stop.Reason, c.reason) {
				t.Errorf("%s: %+v", name, stop)
			}
			if v.Recorded() > record+4*blockSize {
				t.Errorf("%s: the recording takes %d bytes", name, v.Recorded())
			}
		}
	}
}

func benchmark(b *testing.B, record int64) {
	file := build(b, "target linux/386\n_start: mov ecx, 1000000000\nmov edi, t\nx: mov eax, [edi]\nadd eax, ecx\nxor eax, 0x55\nmov [edi+4], eax\ncmp eax, edx\njb y\ninc edx\ny: dec ecx\njnz x\nsection .bss\nt: resd 2\n", "linux/386", layout.Plain)
	v, err := New(file, Options{Args: []string{"p"}, Record: record})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		v.Step()
	}
	b.ReportMetric(float64(v.Steps())/b.Elapsed().Seconds()/1e6, "Msteps/s")
}

func BenchmarkStep(b *testing.B)   { benchmark(b, 0) }
func BenchmarkRecord(b *testing.B) { benchmark(b, 64<<20) }

// TestParseForce reads answers as users write them.
func TestParseForce(t *testing.T) {
	for text, want := range map[string]Force{
		"write=EPIPE":     {Call: "write", Error: "EPIPE"},
		"write@2=short:3": {Call: "write", Nth: 2, Short: 3},
		"read=short:0":    {Call: "read"},
	} {
		if got, err := ParseForce(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "write", "write=", "=EPIPE", "wriet=EPIPE", "write=EPIP", "write@0=EPIPE", "write@x=EPIPE", "write=short:", "exit=short:1", "writev=short:1", "write=short:-1", "write=short:99999999999"} {
		if f, err := ParseForce(text); err == nil {
			t.Errorf("%s: %+v", text, f)
		}
	}
}

// TestDeliver sends signals to a program that waits.
func TestDeliver(t *testing.T) {
	const wait = "sys pause\nsys exit, 1"
	for _, test := range []struct {
		code string
		kind StopKind
	}{{wait, Killed}, {"sys signal, 15, 1\n" + wait, Waiting}} {
		v, _ := run(t, build(t, "target linux/386\n_start: "+test.code, "", layout.Plain), Options{})
		if v.Stop().Kind != Waiting {
			t.Fatalf("%+v", v.Stop())
		}
		if v.Deliver(15); v.Stop().Kind != test.kind {
			t.Errorf("%s: %+v", test.code, v.Stop())
		}
	}
}

// TestFilesAreBounded makes files until there is no room for more: together they take
// no more than memory may.
func TestFilesAreBounded(t *testing.T) {
	const source = `target linux/386
entry x
section .data
f:      db "a", 0
section .text
x:      sys creat, f, 511
        cmp eax, 0
        jl  .end
        mov ebx, eax
        sys ftruncate, ebx, 100000
        cmp eax, 0
        jl  .end
        inc byte [f]
        jmp x
.end:   neg eax
        sys exit, eax
`
	v, _ := run(t, build(t, source, "", layout.Plain), Options{MaxMemory: 1 << 20, MaxSteps: 10_000})
	const noSpace = 28 // ENOSPC
	if stop := v.Stop(); stop.Kind != Exited || stop.Status != noSpace {
		t.Errorf("%+v", stop)
	}
	total := 0
	for c := byte('a'); c <= 'z'; c++ {
		data, _ := v.File(string(c))
		total += len(data)
	}
	if total < 900_000 || total > 1<<20 {
		t.Errorf("the files hold %d bytes", total)
	}
}
