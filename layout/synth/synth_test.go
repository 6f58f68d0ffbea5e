package synth

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

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
	p := &Plan{ABI: linux.I386, Repeat: -1, Blobs: messages}
	for i, m := range messages {
		p.Calls = append(p.Calls, call386(4, Const(1), AddressOf(i), Const(int64(len(m)))))
	}
	p.Calls = append(p.Calls, call386(1, Const(status)))
	return p
}

func show(t *testing.T, r *Result) {
	t.Logf("%d bytes, bound %d, %v, entry %d, charge %d, %d nodes\n%x", len(r.Bytes), r.Bound, r.Placement, r.Entry, r.Charge, r.Nodes, r.Bytes)
	for _, s := range r.Steps {
		t.Logf("%4d %-40s %s", s.Offset, s.Text, s.Remark)
	}
}

// run runs a file.
func run(t *testing.T, file []byte, closed bool, args ...string) (string, int) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, file, 0o755); err != nil {
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

func expect(t *testing.T, r *Result, output string, status int) {
	t.Helper()
	if out, got := run(t, r.Bytes, false); out != output || got != status {
		t.Errorf("printed %q with status %d", out, got)
	}
	if _, got := run(t, r.Bytes, true); got != status {
		t.Errorf("status %d without standard output", got)
	}
}

func TestHello(t *testing.T) {
	m := message(24)
	r := find(t, hello(0, m), Options{})
	if len(r.Bytes) != 70 || r.Bound != 70 {
		t.Errorf("%d bytes, bound %d", len(r.Bytes), r.Bound)
	}
	expect(t, r, string(m), 0)
}

func TestExit(t *testing.T) {
	for _, status := range []int64{0, 1, 42} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			r := find(t, hello(status), Options{})
			if len(r.Bytes) != 45 || r.Bound != 45 {
				t.Errorf("%d bytes, bound %d", len(r.Bytes), r.Bound)
			}
			expect(t, r, "", int(status))
		})
	}
}
