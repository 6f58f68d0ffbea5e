// Package golf builds a table of programs in layout golf, runs what comes out,
// and holds its size against what it was before and against the smallest files
// that were ever made by hand.
package golf

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
	"tasm/layout"
	"tasm/layout/elf"
)

// row is a program and what is expected of it. The sources are in testdata.
type row struct {
	source, target string
	loader         string
	charge         uint64
	assume         string // with commas between
	wish           int    // known to be possible, in bytes; 0 where nothing is known
	size           int    // today's, in bytes; a change has to be noted here
	optimal        bool
	args           []string
	stdout         string
	status         int
	signal         syscall.Signal // that ends the program by itself
	interrupt      bool           // the program waits: a signal has to end it
}

const (
	line  = "Hi IDBS Engineering! RE\n"
	world = "Hello, world!\n"
)

// The rows are in the order in which they are easy. A wish says how small a
// program is known to be possible: where size is more, that is still to be reached.
var table = []row{
	{source: "exit42", wish: 45, size: 45, optimal: true, status: 42},
	{source: "pause", wish: 45, size: 45, optimal: true, interrupt: true},
	{source: "alarm", wish: 45, size: 45, optimal: true, signal: syscall.SIGALRM},
	{source: "argument", wish: 45, size: 45, optimal: true, args: []string{line}, stdout: line},
	{source: "hello", wish: 70, size: 70, optimal: true, stdout: line},
	{source: "hello-push", wish: 70, size: 70, optimal: true, stdout: line},
	{source: "hello-sys", wish: 70, size: 70, optimal: true, stdout: line},
	{source: "hello-order", wish: 70, size: 70, optimal: true, stdout: line},
	{source: "hello-print", wish: 70, size: 70, optimal: true, stdout: line},
	{source: "world", wish: 60, size: 60, optimal: true, stdout: world},
	{source: "exit42", target: "linux/amd64", wish: 80, size: 80, optimal: true, status: 42},
	{source: "exit42", target: "linux/amd64", charge: 5 << 30, wish: 73, size: 73, status: 42},
	{source: "hello-both", target: "linux/amd64", wish: 96, size: 96, optimal: true, stdout: line},
	{source: "world-both", target: "linux/amd64", wish: 86, size: 86, optimal: true, stdout: world},
	{source: "world-both", target: "linux/amd64", charge: 5 << 30, assume: "argc=1,stdin-readable,rcx-after-syscall", wish: 81, size: 81, stdout: world},
	{source: "world", loader: "qemu", wish: 71, size: 71, stdout: world},
	{source: "hello-status", wish: 72, size: 72, stdout: line, status: 7},
	{source: "world", loader: "portable", wish: 80, size: 79, stdout: world},
	{source: "world-both", target: "linux/amd64", loader: "portable", wish: 103, size: 111, stdout: world},
	{source: "short", size: 52, stdout: "Hello\n"},
}

func (r *row) String() string {
	return strings.TrimSpace(strings.Join([]string{r.source, r.target, r.loader, r.assume}, " "))
}

func build(t *testing.T, r *row) *layout.File {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", r.source+".tasm"))
	if err != nil {
		t.Fatal(err)
	}
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add(r.source, text), assembler.Options{Target: r.target, Instructions: true})
	if p == nil || said.Errors() > 0 {
		t.Fatal(said.Messages())
	}
	start := time.Now()
	file, said := layout.Golf(p, layout.Options{Loader: r.loader, MaxCharge: r.charge, Assume: strings.FieldsFunc(r.assume, func(c rune) bool { return c == ',' })})
	if file == nil {
		t.Fatal(said.Messages())
	}
	t.Logf("%-24s %4d B  bound %d  charge %d  %.1f s  %s; %s", r, len(file.Bytes), file.Report.Bound, file.Report.Charge, time.Since(start).Seconds(), file.Report.Method, file.Report.Checked)
	return file
}

// run runs a file and compares what comes of it; closed says that nothing can be
// written.
func run(t *testing.T, r *row, file []byte, closed bool) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := programs.Store(name, file); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, name, r.args...)
	want := r.stdout
	if closed {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer write.Close()
		defer read.Close()
		// The wrong end of a pipe takes no bytes.
		cmd.Stdout, want = read, ""
	} else {
		cmd.Stdout = &out
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: %v", r, err)
	}
	signal := r.signal
	if r.interrupt {
		time.Sleep(200 * time.Millisecond)
		signal = syscall.SIGTERM
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatalf("%v did not wait: %v", r, err)
		}
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if out.String() != want || signal == 0 && (!status.Exited() || status.ExitStatus() != r.status) || signal != 0 && status.Signal() != signal {
		t.Errorf("%v: wrote %q, %v", r, out.String(), cmd.ProcessState)
	}
}

func TestTable(t *testing.T) {
	for i := range table {
		r := &table[i]
		file := build(t, r)
		size := len(file.Bytes)
		switch {
		case size != r.size:
			t.Errorf("%v: %d bytes, and the table says %d", r, size, r.size)
		case r.wish > 0 && size > r.wish:
			t.Logf("%v: %d bytes, while %d are possible", r, size, r.wish)
		case r.optimal && !file.Report.Optimal(int64(size)):
			t.Errorf("%v: %d bytes are not proven to be the least: the bound is %d", r, size, file.Report.Bound)
		}
		loader, ok := elf.ByName(r.loader)
		if !ok {
			t.Fatal(r.loader)
		}
		if r.charge > 0 {
			loader = loader.WithCharge(r.charge)
		}
		if broken := elf.Check(loader, file.Bytes); len(broken) > 0 {
			t.Errorf("%v: %v", r, broken)
		}
		run(t, r, file.Bytes, false)
		if r.stdout != "" {
			run(t, r, file.Bytes, true)
		}
	}
}
