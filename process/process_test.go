//go:build linux && amd64

package process

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
	"tasm/layout"
	"tasm/machine"
	"tasm/vm"
)

// many is how many generated programs are compared; 'make differential' takes thousands.
var many = flag.Uint64("programs", 6, "compare `N` generated programs for each target")

func build(t *testing.T, source, target string, strategy layout.Strategy) []byte {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("test.tasm", []byte(source)), assembler.Options{Target: target, Instructions: true})
	if p != nil {
		if file, _ := strategy(p, layout.Options{}); file != nil {
			return file.Bytes
		}
	}
	t.Fatalf("%v\n%s", said.Messages(), source)
	return nil
}

// pair is a program in both machines.
type pair struct {
	*testing.T
	source  string
	real    *Process
	virtual *vm.VM
	apart   [2]uint64 // addresses on the stack, and of the strings on it
}

// same reports whether a value is the same in both, but for how far addresses on the
// stack are apart: the kernel puts more above it.
func (p *pair) same(real, virtual uint64) bool {
	width := p.virtual.Bits()
	for _, d := range []uint64{0, p.apart[0], p.apart[1]} {
		if (real-virtual-d)<<(64-width) == 0 {
			return true
		}
	}
	return false
}

// sameRegister is like same, for a register. SYSCALL leaves the flags in r11, also those
// that are undefined.
func (p *pair) sameRegister(i int) bool {
	const r11, status = 11, 0x8d5
	a, b := p.real.Register(i), p.virtual.Register(i)
	return p.same(a, b) || i == r11 && (a^b)&^status == 0
}

func (p *pair) compare() {
	p.Helper()
	r, v := p.real, p.virtual
	bits, defined := v.Flags()
	flags, _ := r.Flags()
	// PF and AF tell of the low bits of a result, which may be an address.
	const ofLowBits = 1<<2 | 1<<4
	a, _ := r.Last()
	b, _ := v.Last()
	// Between two rounds of REP some processors leave the flags as they were.
	kept := b.IP == v.IP() && !a.FlagsTouched
	ok := p.same(r.IP(), v.IP()) && (kept || (flags&defined^bits)&^ofLowBits == 0) && r.Steps() == v.Steps() && bytes.Equal(r.Output(), v.Output())
	for i := range v.Bits() / 4 {
		ok = ok && p.sameRegister(i)
	}
	if !ok || !p.sameMemory(a.Memory, b.Memory) || (a.Call == nil) != (b.Call == nil) {
		p.Fatalf("step %d: real %#x %x flags %#x %+v\nvirtual %#x flags %#x of %#x %+v %x\n%s", v.Steps(), r.IP(), r.now.general, flags, a, v.IP(), bits, defined, b, v.Register(0), p.source)
	}
}

func (p *pair) sameMemory(real, virtual []vm.MemoryChange) bool {
	if len(real) != len(virtual) {
		return false
	}
	for i, a := range real {
		b := virtual[i]
		if !p.same(a.Address, b.Address) || len(a.New) != len(b.New) || !bytes.Equal(a.New, b.New) && !p.same(little(a.New), little(b.New)) {
			return false
		}
	}
	return true
}

// run goes through a program in both machines to its end, on the processor back to its
// beginning, and there again.
func run(t *testing.T, source string, file, input []byte) int {
	t.Helper()
	const most = 1500
	in, err := os.Create(filepath.Join(t.TempDir(), "input"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	in.Write(input)
	in.Seek(0, 0)
	args := []string{"program", "one", "two"}
	r, err := New(file, Options{Args: args, Stdin: in, MaxSteps: most})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	v, err := vm.New(file, vm.Options{Args: args, Stdin: bytes.NewReader(input), MaxSteps: most, Record: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{T: t, source: source, real: r, virtual: v}
	var names [2]uint64
	for i, m := range []interface{ Memory(uint64, []byte) int }{r, v} {
		b := make([]byte, v.Bits()/8)
		m.Memory([]uint64{r.Register(machine.SP), v.Register(machine.SP)}[i]+uint64(len(b)), b)
		names[i] = little(b)
	}
	p.apart = [2]uint64{r.Register(machine.SP) - v.Register(machine.SP), names[0] - names[1]}
	p.compare()
	for v.Step() {
		if !r.Step() {
			if r.Stop().Kind == vm.Unmodelled {
				return int(r.Steps())
			}
			t.Fatalf("the process stops: %+v\n%s", r.Stop(), source)
		}
		p.compare()
	}
	if k := v.Stop().Kind; k == vm.Unmodelled || k == vm.Waiting {
		return int(v.Steps())
	}
	if r.Step() || r.Stop().Kind != v.Stop().Kind || r.Stop().Status != v.Stop().Status || r.Stop().IP != v.Stop().IP {
		t.Fatalf("the end is %+v, not %+v\n%s", r.Stop(), v.Stop(), source)
	}
	steps := int(v.Steps())
	for v.Back() {
		if !r.Back() {
			t.Fatalf("no way back from step %d", v.Steps()+1)
		}
		p.compare()
	}
	if r.Back() {
		t.Fatal("there is something before the beginning")
	}
	for range steps {
		r.Step()
		v.Step()
		p.compare()
	}
	return steps
}

// TestSamples compares the samples.
func TestSamples(t *testing.T) {
	list, err := filepath.Glob("../samples/*.tasm")
	if err != nil || len(list) < 10 {
		t.Fatal(list, err)
	}
	for _, path := range list {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(source), "target linux") {
			continue
		}
		for _, strategy := range layout.Strategies[:2] {
			if n := run(t, path, build(t, string(source), "", strategy.Layout), []byte("3 4 +\nabc\n")); n < 1 {
				t.Errorf("%s: %d steps", path, n)
			}
		}
	}
}

// TestGenerated compares generated programs.
func TestGenerated(t *testing.T) {
	steps := 0
	for seed := range *many {
		for _, target := range []string{"linux/386", "linux/amd64"} {
			random := rand.New(rand.NewPCG(seed, 11))
			for _, source := range []string{programs.Random(random, target), programs.Mixed(random, target)} {
				steps += run(t, source, build(t, source, target, layout.Strategies[seed%2].Layout), []byte("some input\n"))
			}
		}
	}
	if steps < 50*int(*many) {
		t.Errorf("only %d steps were compared", steps)
	}
}

// TestUndefined compares what the manuals leave open, or tell differently, and processors
// do alike.
func TestUndefined(t *testing.T) {
	for _, code := range []string{
		"mov rbx, -1\nmov eax, 5\nmov ecx, 7\ncmpxchg ebx, ecx", // unequal
		"mov rbx, -1\nmov rax, rbx\nmov ecx, 7\ncmpxchg ebx, ecx",
		"mov rbx, -1\nmov eax, 5\ncmpxchg bx, cx\ncmpxchg [rsp], ebx",
	} {
		source := "_start:\n" + code + "\nmov eax, 60\nmov edi, 0\nsyscall\n"
		run(t, source, build(t, source, "linux/amd64", layout.Plain), nil)
	}
}

// TestEdit changes a register in the past: the future is another one.
func TestEdit(t *testing.T) {
	const source = "target linux/386\n_start: mov ebx, 1\nmov ecx, 5\nadd ebx, ecx\nmov [x], ebx\nmov eax, 1\nint 0x80\nsection .bss\nx: resd 1\n"
	p, err := New(build(t, source, "", layout.Plain), Options{Args: []string{"p"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for p.Step() {
	}
	if p.Stop().Status != 6 {
		t.Fatalf("%+v", p.Stop())
	}
	for range 3 {
		p.Back()
	}
	p.SetRegister(machine.CX, 40)
	for p.Step() {
	}
	if p.Stop().Status != 41 {
		t.Errorf("%+v", p.Stop())
	}
	for p.Back() {
	}
	if p.Register(machine.BX) != 0 || p.Steps() != 0 {
		t.Errorf("ebx %d at step %d", p.Register(machine.BX), p.Steps())
	}
}

// TestStops ends programs in ways that no other test has.
func TestStops(t *testing.T) {
	for source, want := range map[string]vm.Stop{
		"int3":                  {Kind: vm.Killed, Status: 5},
		"ud2":                   {Kind: vm.Killed, Status: 4},
		"xor ecx, ecx\ndiv ecx": {Kind: vm.Killed, Status: 8},
		"mov [0], eax":          {Kind: vm.Killed, Status: 11},
		"movups [0], xmm0":      {Kind: vm.Killed, Status: 11},
		"jmp 5":                 {Kind: vm.Killed, Status: 11},
		"hlt":                   {Kind: vm.Killed, Status: 11},
		"mov eax, 2\nint 0x80":  {Kind: vm.Unmodelled},
		"jmp _start":            {Kind: vm.Limited},
		"movups [s], xmm0\nmov eax, 1\nint 0x80\nsection .bss\ns: resb 16": {Kind: vm.Exited},
	} {
		p, err := New(build(t, "target linux/386\n_start:\n"+source+"\n", "", layout.Plain), Options{Args: []string{"p"}, MaxSteps: 500})
		if err != nil {
			t.Fatal(err)
		}
		for p.Step() {
		}
		if stop := p.Stop(); stop.Kind != want.Kind || stop.Status != want.Status {
			t.Errorf("%s: %+v", source, stop)
		}
		p.Close()
	}
}

// TestForced gives programs answers that the kernel did not give: in both machines they do
// the same then, and what was forced comes again where a call is made again.
func TestForced(t *testing.T) {
	const print = "\n_start: sys write, 1, s, 5\nsys write, 1, s, 5\nsys getrandom, s, 5, 0\nsys fork\nsys exit, 3\nsection .data\ns: db 'hello'\n"
	force := []vm.Force{{Call: "write", Short: 4}, {Call: "write", Nth: 2, Error: "EPIPE"}, {Call: "getrandom", Short: 2}, {Call: "fork", Error: "EAGAIN"}}
	for _, target := range []string{"linux/386", "linux/amd64"} {
		file := build(t, "target "+target+print, "", layout.Plain)
		r, err := New(file, Options{Args: []string{"p"}, Force: force})
		if err != nil {
			t.Fatal(err)
		}
		v, err := vm.New(file, vm.Options{Args: []string{"p"}, Force: force, Record: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		p := &pair{T: t, source: print, real: r, virtual: v}
		p.apart[0] = r.Register(machine.SP) - v.Register(machine.SP)
		var results [2][]int64
		for v.Step() {
			r.Step()
			for i, m := range []interface{ Last() (vm.Change, bool) }{r, v} {
				if c, _ := m.Last(); c.Call != nil {
					results[i] = append(results[i], c.Call.Result)
				}
			}
			if c, _ := v.Last(); c.Call == nil || c.Call.Syscall.Name != "getrandom" {
				p.compare()
			}
		}
		if want := []int64{4, -32, 2, -11}; !slices.Equal(results[0], want) || !slices.Equal(results[1], want) {
			t.Errorf("%s: the calls returned %v and %v", target, results[0], results[1])
		}
		r.Step()
		if s := r.Stop(); s == nil || s.Status != 3 || string(r.Output()) != "hell" {
			t.Errorf("%s: %+v with output %q", target, s, r.Output())
		}
		for r.Back() {
		}
		r.SetRegister(machine.BX, 7)
		for r.Step() {
		}
		if string(r.Output()) != "hell" || len(r.calls) != 3 || r.calls["write"] != 2 {
			t.Errorf("%s: anew it writes %q and has made %v", target, r.Output(), r.calls)
		}
		r.Close()
	}
}

// otherMode goes on in 32-bit code, where call 2 is another one than it seems.
const otherMode = "target linux/amd64\n_start: mov eax, 2\npush 0x23\npush code\ndb 0x48\nretf\ncode: mov esp, stack\nsyscall\njmp code\nsection .bss\nresb 64\nstack: resb 64"

// TestHostile ends programs at their limits that know none: in bounded memory, and without
// processes that nobody looks after.
func TestHostile(t *testing.T) {
	const most = 1 << 20
	for name, test := range map[string]struct {
		source string
		kind   vm.StopKind
		reason string
	}{
		"steps":           {"target linux/386\n_start: jmp _start", vm.Limited, "instructions"},
		"output":          {"target linux/amd64\n_start: sys write, 1, x, 100000\njmp _start\nsection .bss\nx: resb 100000", vm.Limited, "written more than 1048576 bytes"},
		"much output":     {"target linux/amd64\n_start: sys write, 1, x, 100000000\nsys exit, 0\nsection .bss\nx: resb 100000000", vm.Limited, "written more than 1048576 bytes"},
		"vectors":         {"target linux/386\n_start: sys writev, 1, v, 1\nsys exit, 0\nsection .data\nv: dd x, 20000000\nsection .bss\nx: resb 20000000", vm.Limited, "written more than 1048576 bytes"},
		"memory":          {"target linux/amd64\n_start: sys mmap, 0, 1<<28, 3, 0x8022, -1, 0\njmp _start", vm.Limited, "touched"},
		"stack":           {"target linux/386\n_start: sub esp, 4096\npush eax\njmp _start", vm.Limited, "touched"},
		"much memory":     {"target linux/amd64\n_start: sys mmap, 0, 1<<40, 3, 0x8022, -1, 0\nneg eax\nsys exit, eax", vm.Exited, "status 12"},
		"over itself":     {"target linux/386\nsection .text write\n_start: mov ecx, _start\nmov edi, x\nx: rep stosb\njmp x", vm.Killed, "memory"},
		"fork":            {"target linux/386\n_start: sys fork\njmp _start", vm.Unmodelled, "fork"},
		"another ABI":     {"target linux/amd64\n_start: mov eax, 2\nint 0x80\njmp _start", vm.Unmodelled, "fork"},
		"x32":             {"target linux/amd64\n_start: mov eax, 0x40000000+57\nsyscall\njmp _start", vm.Unmodelled, "x32"},
		"sysenter":        {"target linux/386\n_start: mov eax, 2\nsysenter", vm.Unmodelled, "fork"},
		"other mode":      {otherMode, vm.Unmodelled, "another process"},
		"another program": {"target linux/amd64\n_start: sys execve, 0, 0, 0\njmp _start", vm.Unmodelled, "execve"},
	} {
		p, err := New(build(t, test.source+"\n", "", layout.Plain), Options{Args: []string{"p"}, MaxSteps: 40000, MaxOutput: most, MaxMemory: 4 * most, Record: most})
		if err != nil {
			t.Fatal(err)
		}
		for p.Step() {
		}
		const illegal = 4 // SIGILL: processors of Intel don't know SYSCALL there
		if s := p.Stop(); test.source == otherMode && s.Kind == vm.Killed && s.Status == illegal {
			continue
		} else if s.Kind != test.kind || !strings.Contains(s.Reason, test.reason) {
			t.Errorf("%s: kind %d, the program %s", name, s.Kind, s.Reason)
		}
		if len(p.output) > most+1<<15 || p.cost > 2*most || p.tracee.resident() > 1<<30 {
			t.Errorf("%s: %d bytes of output are kept, %d of the recording, and %d of the process", name, len(p.output), p.cost, p.tracee.resident())
		}
		p.Close()
	}
}

// TestExpired ends a program that waits.
func TestExpired(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	asked := 0
	p, err := New(build(t, "target linux/386\n_start: sys read, 0, x, 1\nsys exit, 0\nsection .bss\nx: resb 1\n", "", layout.Plain),
		Options{Args: []string{"p"}, Stdin: r, Expired: func() bool { asked++; return asked > 8 }})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for p.Step() {
	}
	if p.Stop().Kind != vm.Limited {
		t.Errorf("%+v", p.Stop())
	}
}
