package elf

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKnownFiles judges files that people have run on the loaders named.
func TestKnownFiles(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		what    string
		file    string
		good    []*Loader
		bad     []*Loader
		because string // a rule that each of bad must name
	}{
		{"24-byte message behind 46 bytes", "7f454c46 01000000 c00f0000 c00f9335 02000300 4060b218 14009335 04000000 b92e009335 cd80 61 cd80 20000100" + strings.Repeat("41", 24),
			[]*Loader{Linux}, []*Loader{qemu, valgrind, gabi}, ""},
		{"the same cut by the byte that e_phnum needs", "7f454c46 01000000 c00f0000 c00f9335 02000300 4060b218 14009335 04000000 b92e009335 cd80 61 cd80 2000",
			nil, []*Loader{Linux}, "some headers"},
		{"e_phoff 32, kernel and qemu", "7f454c460101014060b20e930404eb2902000300000000700700200020000000010000003400000034002000010061cd801000008010000005b942002000cd80ebec48656c6c6f2c20776f726c64210a",
			[]*Loader{Linux, QEMU}, []*Loader{Portable, Strict}, "binfmt: padding"},
		// qemu runs it only where the processor has no protection keys.
		{"e_phoff 12, kernel and gVisor", "7f454c460201015f5758eb300100000003003e000c000000000000000c0000000c00000000000000000000005b000000000000004000380001000000ff351f000000b20eeb0300ebbeff350a000000545e0f0531ffb03c0f0548656c6c6f2c20776f726c64210a",
			[]*Loader{Linux.WithCharge(5 * gib), gvisor}, []*Loader{Linux}, "charge of writable memory"},
		{"the same, where qemu can't read its code", "7f454c460201015f5758eb300100000003003e000c000000000000000c0000000c00000000000000000000005b000000000000004000380001000000ff351f000000b20eeb0300ebbeff350a000000545e0f0531ffb03c0f0548656c6c6f2c20776f726c64210a",
			nil, []*Loader{qemu}, "qemu: readable"},
	} {
		file, err := hex.DecodeString(strings.ReplaceAll(c.file, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range c.good {
			if v := Check(l, file); len(v) > 0 {
				t.Errorf("%s: %s should take it: %v", c.what, l.Name, v)
			}
		}
		for _, l := range c.bad {
			v := Check(l, file)
			named := c.because == "" && len(v) > 0
			for _, x := range v {
				named = named || x.Rule.Name == c.because
			}
			if !named {
				t.Errorf("%s: %s should refuse it for %q: %v", c.what, l.Name, c.because, v)
			}
		}
	}
}

// TestCheckAnything makes sure that no bytes are too odd to be judged.
func FuzzCheck(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x7fELF"))
	f.Add(append(bytes.Repeat([]byte{0}, 18), 62, 0))
	for _, p := range []Placement{
		{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1},
		{Class: Class64, Type: TypeDyn, Phoff: 64, Phnum: 3},
	} {
		c, _ := solve(p, Linux)
		if c == nil {
			f.Fatal(p)
		}
		headers, _ := c.Model().Example()
		f.Add(headers)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, l := range Profiles {
			for _, v := range Check(l, file) {
				if v.String() == "" {
					t.Error("a violation without words")
				}
			}
		}
	})
}

// runUnder runs a file under an emulator and returns its exit status, -1 for a
// signal or a refusal.
func runUnder(t *testing.T, dir, emulator string, file []byte) (int, string) {
	t.Helper()
	path := filepath.Join(dir, "program")
	os.Remove(path)
	if err := os.WriteFile(path, file, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, emulator, path)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// samples makes a file that exits with 42 for every step-th placement in which a
// loader allows code behind the headers.
func samples(r *rand.Rand, l *Loader, size int64, step int, f func(Placement, []byte)) int {
	n := 0
	possible := 0
	for _, k := range knownPlacements {
		for _, typ := range k.types {
			for phoff := k.from; phoff <= k.to; phoff++ {
				p := Placement{Class: k.class, Type: uint64(typ - '0'), Phoff: phoff, Phnum: k.phnum, Size: size}
				classes, _ := solve(p, l)
				if classes == nil {
					continue
				}
				m := classes.Model()
				entry := m.Len() + 4
				if !m.SetEntry(int64(entry)) || !m.Feasible() {
					continue
				}
				if possible++; possible%step != 0 {
					continue
				}
				file, _ := program(p.Class, sample(r, m), int(size), entry)
				f(p, file)
				n++
			}
		}
	}
	return n
}

// TestAcceptedByQEMU runs files of the qemu profile in qemu and on the kernel.
func TestAcceptedByQEMU(t *testing.T) {
	dir := worldReadable(t)
	r := rand.New(rand.NewPCG(5, 6))
	n := samples(r, QEMU, 200, 5, func(p Placement, file []byte) {
		emulator := map[Class]string{Class32: "qemu-i386", Class64: "qemu-x86_64"}[p.Class]
		if status, out := runUnder(t, dir, emulator, file); status != 42 {
			t.Errorf("%v: %s: status %d %s\n%x", p, emulator, status, out, file)
		}
		if o, how := execute(t, dir, file); o != ran {
			t.Errorf("%v: kernel: %v %s\n%x", p, o, how, file)
		}
	})
	if n < 20 {
		t.Errorf("only %d files: the test shows little", n)
	}
	t.Logf("%d files", n)
}

// TestStrictIsReadable shows files of the strict profile to the GNU tools.
func TestStrictIsReadable(t *testing.T) {
	dir := worldReadable(t)
	r := rand.New(rand.NewPCG(7, 8))
	n := samples(r, Strict, 400, 1, func(p Placement, file []byte) {
		for _, tool := range [][]string{{"readelf", "-hlW"}, {"objdump", "-f"}} {
			path := filepath.Join(dir, "program")
			if err := os.WriteFile(path, file, 0o755); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(tool[0], append(tool[1:], path)...).CombinedOutput()
			if err != nil || bytes.Contains(bytes.ToLower(out), []byte("warning")) || bytes.Contains(out, []byte("rror:")) {
				t.Errorf("%v: %s: %v %s", p, tool[0], err, out)
			}
		}
		if o, how := execute(t, dir, file); o != ran {
			t.Errorf("%v: kernel: %v %s\n%x", p, o, how, file)
		}
	})
	if n < 5 {
		t.Errorf("only %d files: the test shows little", n)
	}
	t.Logf("%d files", n)
}

// TestAcceptedByValgrind runs files of the portable profile in valgrind.
func TestAcceptedByValgrind(t *testing.T) {
	dir := worldReadable(t)
	r := rand.New(rand.NewPCG(9, 10))
	valgrind := filepath.Join(dir, "valgrind")
	if err := os.WriteFile(valgrind, []byte("#!/bin/sh\nexec valgrind -q --tool=none \"$1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	n := samples(r, Portable, 200, 8, func(p Placement, file []byte) {
		if status, out := runUnder(t, dir, valgrind, file); status != 42 {
			t.Errorf("%v: status %d %s\n%x", p, status, out, file)
		}
	})
	if n < 4 {
		t.Errorf("only %d files: the test shows little", n)
	}
	t.Logf("%d files", n)
}
