package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnCPU runs, traces and steps a program on the processor: the output is that of the
// virtual machine.
func TestOnCPU(t *testing.T) {
	source := samplesDir + "/hello.tasm"
	for _, args := range []string{"run", "trace --json", "trace --calls", "trace --profile", "trace --coverage", "step --plain"} {
		list := strings.Fields(args)
		const commands = "step\nstep 3\nback 2\nregisters\nset ecx 0\nback\ncontinue\nback\nflags\nquit\n"
		var results [2]result
		for i, machine := range []string{"vm", "cpu"} {
			results[i] = runTasm(commands, append(append(list[:len(list):len(list)], "--on", machine), source)...)
		}
		// The stack begins elsewhere.
		for i := range results {
			var kept []string
			for line := range strings.Lines(results[i].stdout) {
				if !strings.HasPrefix(line, " esp") {
					kept = append(kept, line)
				}
			}
			results[i].stdout = strings.Join(kept, "")
		}
		if results[0] != results[1] || results[0].stdout == "" {
			t.Errorf("tasm %s: in the virtual machine\n%+v\non the processor\n%+v", args, results[0], results[1])
		}
	}
	// What the virtual machine does not know.
	vector := writeSource(t, "target linux/386\nmovups xmm0, [a]\nmovups [b], xmm0\nsys write, 1, b, 3\nsys exit, 0\nsection .data\nalign 16\na: db \"hi\", 10\ntimes 13 db 0\nb: times 16 db 1\n")
	if r := runTasm("", "run", "--on", "cpu", vector); r.stdout != "hi\n" || r.status != 0 {
		t.Errorf("%+v", r)
	}
	if r := runTasm("", "trace", "--on", "cpu", vector); !strings.Contains(r.stdout, "b: 68 69 0a") {
		t.Errorf("%+v", r)
	}
	bad := writeSource(t, "target linux/386\nmov byte [m], 65\nsys exit, 0\nsection .rodata\nm: db 0\n")
	if r := runTasm("", "run", "--on", "cpu", bad); r.status != 128+11 || !strings.Contains(r.stderr, "put m into section .data") {
		t.Errorf("%+v", r)
	}
	for _, args := range []string{"run --on moon", "step --plain --on kernel", "trace --on cpu --fail write=EPIPE"} {
		if r := runTasm("", append(strings.Fields(args), source)...); r.status == 0 || r.stderr == "" {
			t.Errorf("tasm %s: %+v", args, r)
		}
	}
}

// writeSource writes a source into a folder of its own.
func writeSource(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.tasm")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
