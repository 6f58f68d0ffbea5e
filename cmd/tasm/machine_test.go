package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
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
	if r := runTasm("", "run", "--on", "vm", vector); !strings.Contains(r.stderr, "--on cpu runs it on this machine's processor") {
		t.Errorf("%+v", r)
	}
	if r := runTasm("", "trace", "--on", "cpu", vector); !strings.Contains(r.stdout, "b: 68 69 0a") {
		t.Errorf("%+v", r)
	}
	plain := writeSource(t, "target linux/386\nsys write, 1, m, 3\nsys exit, eax\nsection .rodata\nm: db 'hi', 10\n")
	for _, on := range []string{"vm", "cpu"} {
		if r := runTasm("", "run", "--on", on, "--fail", "write=short:1", plain); r.stdout != "h" || r.status != 1 {
			t.Errorf("%s: %+v", on, r)
		}
	}
	bad := writeSource(t, "target linux/386\nmov byte [m], 65\nsys exit, 0\nsection .rodata\nm: db 0\n")
	if r := runTasm("", "run", "--on", "cpu", bad); r.status != 128+11 || !strings.Contains(r.stderr, "put m into section .data") {
		t.Errorf("%+v", r)
	}
	careless := writeSource(t, "target linux/386\nmov eax, 20\nint 0x80\n")
	for _, args := range [][]string{{"build", "-o", filepath.Join(t.TempDir(), "x")}, {"run"}} {
		if r := runTasm("", append(args, careless)...); !strings.Contains(r.stderr, "[-w+run-past-end]") {
			t.Errorf("tasm %s: %+v", args, r)
		}
	}
	// The numbers of the other ABI, and then off the end into what is no instruction.
	other := writeSource(t, "target linux/amd64\nmov eax, 4\nmov edi, 1\nmov rsi, m\nmov edx, 3\nsyscall\nmov eax, 1\nmov edi, 0\nsyscall\nsection .data\nm: db \"ab\", 10\n")
	for _, on := range []string{"kernel", "vm"} {
		if r := runTasm("", "run", "-w-all", "--on", on, other); !strings.Contains(r.stderr, "runs past its last instruction") || !strings.Contains(r.stderr, "number 4 is stat in the ABI of this call, x86-64, and write in the other one") {
			t.Errorf("%s: %+v", on, r)
		}
	}
	round := writeSource(t, "target linux/386\nagain: mov eax, 5\ntest eax, eax\njnz again\nsys exit, 0\n")
	if r := runTasm("", "run", "-w-all", "--limit-time", "200ms", round); !strings.Contains(r.stderr, "run for 200ms") || !strings.Contains(r.stderr, "jnz in line 4 jumps each time") && !strings.Contains(r.stderr, "jne in line 4 jumps each time") {
		t.Errorf("%+v", r)
	}
	for _, args := range []string{"run --on moon", "step --plain --on kernel", "trace --on cpu --grant go.mod", "run --on kernel --fail write=EPIPE"} {
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

// TestBuilt traces and steps executables that were built before, with the file for
// debuggers beside them and without, and one that is golfed.
func TestBuilt(t *testing.T) {
	dir := t.TempDir()
	traced := func(args ...string) string {
		t.Helper()
		r := runTasm("", args...)
		if r.status != 0 {
			t.Fatalf("%+v", r)
		}
		return regexp.MustCompile(`\S*samples/|esp=\S*| eax=0xff\S*`).ReplaceAllString(r.stdout, "")
	}
	packed := filepath.Join(dir, "hello")
	mustRun(t, "build", "-g", "-f", "elf", "--layout", "pack", samplesDir+"/echo.tasm", "-o", packed)
	source := traced("trace", "--layout", "pack", samplesDir+"/echo.tasm")
	if got := traced("trace", packed); got != source {
		t.Errorf("traced from the file:\n%s\nfrom its source:\n%s", got, source)
	}
	if got := traced("trace", "--profile", packed); !strings.Contains(got, "echo.tasm:") {
		t.Error(got)
	}
	if err := os.Remove(packed + ".debug"); err != nil {
		t.Fatal(err)
	}
	if got := traced("trace", packed); strings.Contains(got, "echo.tasm") || strings.Count(got, "\n") != strings.Count(source, "\n") {
		t.Errorf("without lines:\n%s", got)
	}
	if r := runTasm("", "trace", "--profile", packed); r.status != exitError || !strings.Contains(r.stderr, "build it with -g") {
		t.Errorf("%+v", r)
	}
	// The file runs through its own header.
	golfed := filepath.Join(dir, "golfed")
	mustRun(t, "build", "-f", "elf", "--layout", "golf", samplesDir+"/exit42.tasm", "-o", golfed)
	r := runTasm("map\nstep\n", "step", "--plain", golfed)
	if r.status != 0 || !strings.Contains(r.stdout, "this instruction is e_") || !strings.Contains(r.stdout, "\n>00") {
		t.Errorf("%+v", r)
	}
	if r := runTasm("", "trace", "/bin/true"); r.status != exitError || !strings.Contains(r.stderr, "--on cpu") {
		t.Errorf("%+v", r)
	}
}

// TestWatch builds again when the source changes.
func TestWatch(t *testing.T) {
	source := writeSource(t, "target linux/386\n_start: sys exit, 1\n")
	out := filepath.Join(filepath.Dir(source), "out")
	cmd := startTasm(t, "build", "--watch", "-f", "elf", "--layout", "plain", source, "-o", out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	wait := func(status byte) {
		t.Helper()
		for range 600 {
			// mov ebx, status
			if file, _ := os.ReadFile(out); strings.Contains(string(file), "\xbb"+string(rune(status))+"\x00\x00\x00") {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Fatalf("no program that ends with %d", status)
	}
	wait(1)
	if err := os.WriteFile(source, []byte("target linux/386\n_start: sys exit, 23\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	wait(23)
}

// TestGrant lets a program read a file, which it does not find otherwise.
func TestGrant(t *testing.T) {
	source := writeSource(t, `target linux/386
_start: sys open, name, 0, 0
        test eax, eax
        js   .none
        sys read, eax, room, 10
        sys write, 1, room, eax
        sys exit, 0
.none:  sys exit, 2
section .rodata
name:   db "note", 0
section .bss
room:   resb 10
`)
	note := filepath.Join(filepath.Dir(source), "text")
	if err := os.WriteFile(note, []byte("found\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := runTasm("", "run", "--on", "vm", source); r.status != 2 {
		t.Errorf("%+v", r)
	}
	if r := runTasm("", "run", "--on", "vm", "--grant", "note="+note, source); r.status != 0 || r.stdout != "found\n" {
		t.Errorf("%+v", r)
	}
	if r := runTasm("", "trace", "--calls", "--grant", "/note="+note, source); !strings.Contains(r.stdout, "found") {
		t.Errorf("%+v", r)
	}
	if r := runTasm("", "trace", "--grant", note+"x", source); r.status != exitUsage {
		t.Errorf("%+v", r)
	}
}

// TestRunForeign starts files that neither the kernel nor the virtual machine can run.
func TestRunForeign(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "program")
	if r := runTasm("", "build", "--layout", "plain", "-o", path, samplesDir+"/hello.tasm"); r.status != 0 {
		t.Fatal(r)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at    int // offset in the ELF header
		value byte
		want  string
	}{
		{18, 40, "it is a program for linux/arm, and tasm runs those for x86\n      = note: build it for linux/amd64 or linux/386, or run it"},
		{18, 2, "it is a program for another processor, SPARC, and tasm runs those for x86\n      = note: build it"},
		{16, 1, "it is an object file\n      = note: link it"},
	} {
		patched := slices.Clone(file)
		patched[c.at] = c.value
		if err := os.WriteFile(path, patched, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"run"}, {"run", "--vm"}, {"run", "--on", "cpu"}, {"trace"}} {
			if r := runTasm("", append(args, path)...); r.status != 1 || r.stdout != "" || !strings.HasPrefix(r.stderr, "tasm: error: can't run '"+path+"': "+c.want) {
				t.Errorf("tasm %v: %+v, want %q", args, r, c.want)
			}
		}
	}
}
