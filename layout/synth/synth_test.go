package synth

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tasm/internal/programs"
	"tasm/layout/elf"
	"tasm/linux"
)

func message(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = "Hi IDBS Engineering! RE, and all who read these lines of text. "[i%63]
	}
	b[n-1] = '\n'
	return b
}

func call386(number int64, args ...Value) Call { return Call{Number: uint64(number), Args: args} }

// hello writes each of the messages and exits.
func hello(status int64, messages ...[]byte) *Plan {
	p := &Plan{ABI: linux.I386, Blobs: messages}
	for i, m := range messages {
		p.Calls = append(p.Calls, call386(4, Const(1), AddressOf(i), Const(int64(len(m)))))
	}
	p.Calls = append(p.Calls, call386(1, Const(status)))
	return p
}

func show(t *testing.T, r *Result) {
	t.Logf("%d bytes, bound %d, %v, entry %d, charge %d, %d nodes\n%x", len(r.Bytes), r.Bound, r.Placement, r.Entry, r.Charge, r.Nodes, r.Bytes)
	for _, s := range r.Steps {
		t.Logf("%4d % x %s", s.Offset, r.Bytes[s.Offset:min(s.Offset+s.Length, len(r.Bytes))], s.Remark)
	}
}

// run runs a file.
func run(t *testing.T, file []byte, closed bool, args ...string) (string, int) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := programs.Store(name, file); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(name, args...)
	if closed {
		c = exec.Command("sh", append([]string{"-c", `exec "$@" >&-`, "sh", name}, args...)...)
	}
	var out bytes.Buffer
	c.Stdout = &out
	err := c.Run()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), c.ProcessState.ExitCode()
}

func find(t *testing.T, p *Plan, o Options) *Result {
	t.Helper()
	start := time.Now()
	o.Progress = func(best, bound int64, doing string) {
		t.Logf("%v: %d %d %s", time.Since(start), best, bound, doing)
	}
	r, err := Search(p, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", time.Since(start))
	show(t, r)
	if broken := elf.Check(elf.Linux.WithCharge(max(o.MaxCharge, elf.DefaultCharge)), r.Bytes); len(broken) > 0 {
		t.Errorf("%v", broken)
	}
	return r
}

func amd64(number int64, args ...Value) *Plan {
	return &Plan{ABI: linux.X8664, Calls: []Call{call386(number, args...)}}
}

// TestSizes holds what is found against the sizes that are known, and runs it.
func TestSizes(t *testing.T) {
	m := message(24)
	argument := &Plan{ABI: linux.I386, Calls: []Call{
		call386(4, Const(1), Value{Kind: StackWord, Index: 2}, Const(24)), call386(1, Const(0)),
	}}
	for _, c := range []struct {
		name   string
		plan   *Plan
		charge uint64
		size   int
		bound  int64
		output string
		status int
	}{
		{"true", hello(0), 0, 45, 45, "", 0},
		{"false", hello(1), 0, 45, 45, "", 1},
		{"exit 42", hello(42), 0, 45, 45, "", 42},
		{"hello", hello(0, m), 0, 70, 70, string(m), 0},
		{"argument", argument, 0, 45, 45, string(m), 0},
		{"exit 42 on amd64", amd64(60, Const(42)), 0, 80, 80, "", 42},
		{"exit 42 on amd64, more memory", amd64(60, Const(42)), 5 << 30, 73, 68, "", 42},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := find(t, c.plan, Options{MaxCharge: c.charge})
			if len(r.Bytes) != c.size || r.Bound != c.bound {
				t.Errorf("%d bytes, bound %d; want %d, %d", len(r.Bytes), r.Bound, c.size, c.bound)
			}
			for _, closed := range []bool{false, true} {
				out, status := run(t, r.Bytes, closed, string(m))
				if !closed && out != c.output || status != c.status {
					t.Errorf("with standard output closed %v: printed %q with status %d", closed, out, status)
				}
			}
		})
	}
}

// TestDeterminism compares two searches that run on two threads.
func TestDeterminism(t *testing.T) {
	a, b := find(t, hello(0, message(24)), Options{}), find(t, hello(0, message(24)), Options{})
	if !bytes.Equal(a.Bytes, b.Bytes) || a.Nodes != b.Nodes {
		t.Errorf("%x in %d steps, then %x in %d", a.Bytes, a.Nodes, b.Bytes, b.Nodes)
	}
}

// TestUpper asks for a file smaller than there is.
func TestUpper(t *testing.T) {
	if _, err := Search(hello(0, message(24)), Options{Upper: 70}); err != ErrNone {
		t.Errorf("got %v", err)
	}
}

// TestFarAddress cuts an address in the file to 32 bits, which leaves the address
// only where the file lies low enough.
func TestFarAddress(t *testing.T) {
	for _, far := range []bool{false, true} {
		c := &cpu{long: true, ptr: 8, far: func() bool { return far }}
		for code, short := range map[string]bool{"\x8d\x35\x10\x00\x00\x00": true, "\x48\x8d\x35\x10\x00\x00\x00": false} {
			var in inst
			if decode(true, []byte(code), &in) != complete {
				t.Fatalf("%x is not understood", code)
			}
			in.disp = 16
			s := initial(nil, 8)
			want := of(file, int64(100+len(code)+16))
			if short && far {
				want = of(junk, 0)
			}
			if e, _ := c.step(&s, &in, 100); e != goesOn || s.reg[si] != want {
				t.Errorf("far %v: % x leaves %v, want %v", far, code, s.reg[si], want)
			}
		}
	}
}

// TestAssumptions grants that argc is 1 and that syscall leaves its return
// address, which is what the search is then to count on.
func TestAssumptions(t *testing.T) {
	c := &cpu{long: true, ptr: 8, entry: initial(map[int]uint64{0: 1, 2: 0}, 8), keepsReturn: true}
	task := &task{goal: &goal{cpu: c, wants: make([][]want, 2), holds: make([][]hold, 2)}}
	s := c.entry
	for index, want := range []val{of(number, 1), of(word, 1), of(number, 0), of(word, 3)} {
		if v, ok := s.pop(8); !ok || v != want {
			t.Errorf("word %d is %v, want %v", index, v, want)
		}
	}
	if _, k, ok := task.run(&s, &inst{op: opSyscall, length: 2}, 10, 0); !ok || k != 1 || s.reg[cx] != of(file, 12) {
		t.Errorf("call %d is next, rcx is %v", k, s.reg[cx])
	}
}

// TestIdle makes a call that does nothing where no other call is due.
func TestIdle(t *testing.T) {
	c := &cpu{long: true, ptr: 8, entry: initial(nil, 8), keepsReturn: true}
	p := &Plan{ABI: linux.X8664, Calls: []Call{call386(60, Const(7))}, Idle: []Call{call386(0, Const(0), Value{}, Const(0))}}
	task := &task{goal: newGoal(p, c, nil, nil)}
	s := c.entry
	s.reg[si] = of(junk, 0)
	if _, k, ok := task.run(&s, &inst{op: opSyscall, length: 2}, 10, 0); !ok || k != 0 || s.reg[ax] != of(number, 0) || s.reg[cx] != of(file, 12) {
		t.Errorf("call %d is next, rax is %v, rcx %v", k, s.reg[ax], s.reg[cx])
	}
	s.reg[dx] = of(number, 1)
	if _, _, ok := task.run(&s, &inst{op: opSyscall, length: 2}, 10, 0); ok {
		t.Error("a call with other arguments is made")
	}
}

// TestBuilds puts messages together on the stack: one byte, which lies in a PUSH,
// four, whose address is taken before a word is popped to make room, and five, which
// lie in two.
func TestBuilds(t *testing.T) {
	for _, c := range []struct {
		loader       string
		length, size int
		effort       int
	}{{"linux", 1, 45, -3}, {"linux", 4, 49, 0}, {"linux-6.7", 4, 48, 0}, {"linux", 5, 50, -1}} {
		loader, known := elf.ByName(c.loader)
		if !known {
			t.Fatal(c.loader)
		}
		r, err := Search(hello(0, message(c.length)), Options{Loader: loader, Effort: c.effort})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Bytes) != c.size || r.Bound != 45 || len(r.Data) != 0 {
			show(t, r)
			t.Errorf("%d bytes for %s: %d, data at %v", c.length, c.loader, len(r.Bytes), r.Data)
		}
		for _, closed := range []bool{false, true} {
			want := string(message(c.length))
			if closed {
				want = ""
			}
			if out, status := run(t, r.Bytes, closed); out != want || status != 0 {
				t.Errorf("%d bytes for %s: wrote %q, status %d", c.length, c.loader, out, status)
			}
		}
	}
}

// TestBuildsAtEnd prepares tasks of files that end with a byte of data, behind a byte
// in which a PUSH of that number may begin.
func TestBuildsAtEnd(t *testing.T) {
	p := hello(0, []byte("a\n"), []byte("a"))
	s := newSearch(p, Options{Loader: elf.Linux, MaxCharge: elf.DefaultCharge})
	s.builds = true
	const size = 62
	site := s.site(elf.Placement{Class: elf.Class32, Type: elf.TypeExec, Phoff: 4, Phnum: 1, Size: size})
	if site == nil {
		t.Fatal("there is no such file")
	}
	builds, _, _ := site.builds(p, 0, size, false)
	if len(builds) == 0 || newTask(site, p, size, 20, []int{0, size - 1}, builds[0]) == nil {
		t.Error("there is no such task")
	}
}

// TestPieces pushes two pieces of a message that lie in the file.
func TestPieces(t *testing.T) {
	text := []byte("Hello, world!\n")
	p := &Plan{ABI: linux.X8664, Blobs: [][]byte{text}}
	c := &cpu{long: true, ptr: 8, entry: initial(nil, 8), isPiece: func(at int64) bool { return at == 4 || at == 40 }}
	p.Calls = []Call{call386(1, Const(1), AddressOf(0), Const(14))}
	b := &build{stack: -16, words: []int{4, 40}}
	g := newGoal(p, c, []int{0}, b)
	s := c.entry
	s.reg[ax], s.reg[di], s.reg[dx], s.reg[cx] = of(number, 1), of(number, 1), of(number, 14), of(file, 73)
	for _, code := range []string{"\xff\x71\xdf", "\xff\x71\xbb", "\x54", "\x5e"} {
		if g.met(&s, 0) {
			t.Fatalf("the call is possible before % x", code)
		}
		var in inst
		if decode(true, []byte(code), &in) != complete {
			t.Fatalf("% x is not understood", code)
		}
		in.disp = signed([]byte(code)[in.dispAt:], in.dispSize)
		if e, _ := c.step(&s, &in, 60); e != goesOn {
			t.Fatalf("% x does not go on", code)
		}
	}
	if !g.met(&s, 0) {
		t.Errorf("the call is not possible with rsi %v, stack %v", s.reg[si], s.slot[stackBelow-2:stackBelow])
	}
}

// TestChosen holds that a search which left out ways to arrange the data says so.
func TestChosen(t *testing.T) {
	for _, left := range []bool{false, true} {
		s := search{bound: 50, bestAt: 52, sizes: map[int64]*sizeTasks{50: {}, 51: {left: left, jobs: []*job{{done: true}}}}}
		if !s.exhausted() || s.chosen != left {
			t.Errorf("left out %v: exhausted %v, chosen %v", left, s.exhausted(), s.chosen)
		}
	}
}

// TestTried searches for what there is not with more and more effort. The last one
// doubts the estimates.
func TestTried(t *testing.T) {
	for effort, tried := range map[int]int{-10: -1, 0: 0, 3: 1} {
		r, err := Search(hello(0, message(10)), Options{Effort: effort})
		if err != nil || r.Tried < tried || effort < 3 && r.Tried > tried {
			t.Errorf("effort %d: %v, tried %d", effort, err, r.Tried)
		}
	}
}

// TestKnown follows files that were found by hand: each is among what the search would
// try with time enough. Of several instructions that come to the same in a place they
// have the one that is tried.
func TestKnown(t *testing.T) {
	for _, c := range []struct {
		name, file string
		loader     string
		plan       *Plan
	}{
		{"48 bytes for a message of 4", "7f454c46010000005402000054b2043d02000300595d43240cb0043d040000006861626364cd8096933d20000100cd80", "linux-6.7", hello(0, []byte("abcd"))},
	} {
		file, err := hex.DecodeString(c.file)
		loader, known := elf.ByName(c.loader)
		if err != nil || !known {
			t.Fatal(err, known)
		}
		s := newSearch(c.plan, Options{Loader: loader, MaxCharge: elf.DefaultCharge, Context: context.Background()})
		s.builds, s.all = true, true
		farthest, found := "", false
		for _, j := range s.at(int64(len(file))).jobs {
			task := newTask(j.site, c.plan, j.size, j.entry, j.blobs, j.build)
			if task == nil || j.site.Placement.Type != elf.TypeExec || j.entry != int(file[24]) {
				continue
			}
			way, ok := task.follow(file)
			if found = found || ok; len(way) > len(farthest) {
				farthest = way
			}
		}
		if !found {
			t.Errorf("%s is lost behind %s", c.name, farthest)
		}
	}
}

// follow looks only at instructions that stand in a file, and tells how far they are
// tried, and whether that leads to the end.
func (t *task) follow(file []byte) (way string, ok bool) {
	base, level := t.mark(), []int32{-1}
	for len(level) > 0 {
		var next []int32
		for _, i := range level {
			before := t.queue.count
			t.expand(i)
			t.undo(base)
			if t.found != nil {
				return "", true
			}
			ip, text := t.entry, ""
			for _, c := range t.queue.way(i) {
				text += fmt.Sprintf(" %x", c.code[:c.length])
				ip += int(c.length)
			}
			if len(text) > len(way) {
				way = text
			}
			for j := before; j < t.queue.count; j++ {
				if c := &t.queue.at(j).candidate; c.standsIn(file, ip) {
					next = append(next, j)
				}
			}
		}
		level = next
	}
	return way, false
}

// standsIn reports whether the decided bytes of a candidate stand in a file.
func (c *candidate) standsIn(file []byte, at int) bool {
	for i := range int(c.length) {
		if c.dontCare>>i&1 == 0 && (at+i >= len(file) || file[at+i] != c.code[i]) {
			return false
		}
	}
	return true
}

// TestCycles counts sets of registers that only have to change places.
func TestCycles(t *testing.T) {
	for _, c := range []struct {
		have, want string // a digit for each register from eax on
		cycles     int
	}{
		{"01", "10", 1}, {"0123", "1032", 2}, {"012", "120", 1}, {"01", "12", 0}, {"010", "101", 1}, {"0110", "1001", 2},
	} {
		var s state
		var wrong []want
		for r := range len(c.have) {
			s.reg[r] = num(uint64(c.have[r]-'0'), 4)
			wrong = append(wrong, want{uint8(r), num(uint64(c.want[r]-'0'), 4)})
		}
		if n := s.cycles(wrong); n != c.cycles {
			t.Errorf("%s that shall be %s: %d", c.have, c.want, n)
		}
	}
}
