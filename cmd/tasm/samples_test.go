package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var grow = flag.Bool("grow", false, "with -update: accept products that have become larger")

const (
	samplesDir  = "../../samples"
	expectFile  = samplesDir + "/expect.json"
	runDeadline = 20 * time.Second
)

// sample is what samples/expect.json says of one source.
type sample struct {
	Source string `json:"source"`
	// Runs are ways to start the program, natively and in a container.
	Runs []sampleRun `json:"runs,omitempty"`
	// Boots is what a boot sector prints, on a machine of its own.
	Boots    string          `json:"boots,omitempty"`
	Products []sampleProduct `json:"products"`
}

// sampleRun is one start of a program and what must come of it.
type sampleRun struct {
	Args   []string `json:"args,omitempty"`
	Stdin  string   `json:"stdin,omitempty"`
	Stdout string   `json:"stdout"`
	Stderr string   `json:"stderr,omitempty"`
	Status int      `json:"status"`
	// Read is how many bytes of standard output are read before it is closed;
	// 0 reads all.
	Read int `json:"read,omitempty"`
	// Signal is sent to the program, and must end it.
	Signal syscall.Signal `json:"signal,omitempty"`
	// Repeat says how many copies of Stdin and Stdout are meant; 0 is one.
	Repeat int `json:"repeat,omitempty"`
	// AtLeast is how long the program must run, in milliseconds.
	AtLeast int `json:"atLeast,omitempty"`
}

func (r *sampleRun) repeated(s string) string { return strings.Repeat(s, max(1, r.Repeat)) }

// sampleProduct is one thing that the source is built into.
type sampleProduct struct {
	Format string `json:"format"`
	Target string `json:"target,omitempty"`
	Size   int    `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

func readSamples(t *testing.T) []sample {
	t.Helper()
	data, err := os.ReadFile(expectFile)
	if err != nil {
		t.Fatal(err)
	}
	var samples []sample
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&samples); err != nil {
		t.Fatalf("%s: %v", expectFile, err)
	}
	return samples
}

// build makes the product of s.
func (p *sampleProduct) build(t *testing.T, s *sample) []byte {
	t.Helper()
	args := []string{"-f", p.Format, filepath.Join(samplesDir, s.Source)}
	if p.Target != "" {
		args = append(args, "--target", p.Target)
	}
	return mustBuild(t, args...)
}

// TestSamplesAreListed finds sources without expectations.
func TestSamplesAreListed(t *testing.T) {
	var listed []string
	for _, s := range readSamples(t) {
		listed = append(listed, s.Source)
	}
	found, err := filepath.Glob(samplesDir + "/*.tasm")
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	slices.Sort(listed)
	if !slices.Equal(found, listed) {
		t.Errorf("%s lists\n%v\nand the folder holds\n%v", expectFile, listed, found)
	}
}

// TestSampleProducts compares every product with its golden size and digest.
// A product that grows fails even with -update, unless -grow says it is meant.
func TestSampleProducts(t *testing.T) {
	samples := readSamples(t)
	for i := range samples {
		s := &samples[i]
		for j := range s.Products {
			p := &s.Products[j]
			data := p.build(t, s)
			sum := sha256.Sum256(data)
			got := sampleProduct{p.Format, p.Target, len(data), hex.EncodeToString(sum[:])}
			switch {
			case got == *p:
			case got.Size > p.Size && p.Size > 0 && !(*update && *grow):
				t.Errorf("%s as %s grew from %d to %d bytes", s.Source, p.Format, p.Size, got.Size)
			case *update:
				*p = got
			default:
				t.Errorf("%s as %s:\n got %+v\nwant %+v", s.Source, p.Format, got, *p)
			}
		}
	}
	if *update {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(samples); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(expectFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSamplesRun starts every product that the kernel can run.
func TestSamplesRun(t *testing.T) {
	for _, s := range readSamples(t) {
		for _, p := range s.Products {
			if p.Format == "image" || len(s.Runs) == 0 {
				continue
			}
			t.Run(s.Source+" "+p.Target, func(t *testing.T) {
				program := filepath.Join(t.TempDir(), "program")
				if err := os.WriteFile(program, p.build(t, &s), 0o755); err != nil {
					t.Fatal(err)
				}
				for _, r := range s.Runs {
					r.check(t, exec.Command(program, r.Args...))
				}
			})
		}
	}
}

// check starts cmd, and compares what comes of it with r.
func (r *sampleRun) check(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(r.repeated(r.Stdin)), &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.AfterFunc(runDeadline, func() { cmd.Process.Kill() })
	defer deadline.Stop()
	if r.Signal != 0 {
		if err := cmd.Process.Signal(r.Signal); err != nil {
			t.Fatal(err)
		}
	}
	limit := int64(r.Read)
	if limit == 0 {
		limit = 1 << 20
	}
	got, err := io.ReadAll(io.LimitReader(stdout, limit))
	if err != nil {
		t.Fatal(err)
	}
	stdout.Close()
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if !deadline.Stop() {
		t.Fatalf("%q still ran after %v", r.Args, runDeadline)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	endedBy := r.Signal
	if r.Read != 0 {
		endedBy = syscall.SIGPIPE
	}
	if endedBy != 0 {
		if !status.Signaled() || status.Signal() != endedBy {
			t.Errorf("%q: %v, want the signal %v", r.Args, cmd.ProcessState, endedBy)
		}
	} else if status.Signaled() || status.ExitStatus() != r.Status {
		t.Errorf("%q: %v, want exit status %d", r.Args, cmd.ProcessState, r.Status)
	}
	if want := r.repeated(r.Stdout); string(got) != want {
		t.Errorf("%q printed %.100q, want %.100q", r.Args, got, want)
	}
	if stderr.String() != r.Stderr {
		t.Errorf("%q said %.100q, want %.100q", r.Args, stderr.String(), r.Stderr)
	}
	if took := time.Since(started); took < time.Duration(r.AtLeast)*time.Millisecond {
		t.Errorf("%q took %v, less than %d ms", r.Args, took, r.AtLeast)
	}
}

// TestPlainSamplesEqualNasm assembles the samples that are nasm sources with
// nasm too.
func TestPlainSamplesEqualNasm(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Fatal("nasm is needed (package nasm): ", err)
	}
	compared := 0
	for _, s := range readSamples(t) {
		for _, p := range s.Products {
			if p.Format != "bin" {
				continue
			}
			out := filepath.Join(t.TempDir(), "out")
			cmd := exec.Command(nasm, "-f", "bin", "-o", out, s.Source)
			cmd.Dir = samplesDir
			if said, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("nasm: %v\n%s", err, said)
			}
			want, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.build(t, &s); !bytes.Equal(got, want) {
				t.Errorf("%s:\n got %x\nnasm %x", s.Source, got, want)
			}
			compared++
		}
	}
	if compared == 0 {
		t.Error("there was nothing to compare")
	}
}

// TestSamplesBoot starts boot sectors in an emulated PC, whose firmware copies
// to the serial line what it prints on the screen.
func TestSamplesBoot(t *testing.T) {
	const emulator = "qemu-system-i386"
	if _, err := exec.LookPath(emulator); err != nil {
		t.Fatal(emulator+" is needed (package qemu-system-x86): ", err)
	}
	booted := 0
	for _, s := range readSamples(t) {
		if s.Boots == "" {
			continue
		}
		booted++
		disk := filepath.Join(t.TempDir(), "disk")
		if err := os.WriteFile(disk, s.Products[0].build(t, &s), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(emulator, "-nographic", "-net", "none", "-no-reboot",
			"-drive", "format=raw,if=floppy,file="+disk, "-boot", "a")
		screen, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		deadline := time.AfterFunc(runDeadline, func() { cmd.Process.Kill() })
		var printed bytes.Buffer
		chunk := make([]byte, 4096)
		for !strings.Contains(printed.String(), s.Boots) {
			n, err := screen.Read(chunk)
			printed.Write(chunk[:n])
			if err != nil {
				t.Errorf("%s printed %q, want %q", s.Source, printed.String(), s.Boots)
				break
			}
		}
		deadline.Stop()
		cmd.Process.Kill()
		cmd.Wait()
	}
	if booted == 0 {
		t.Error("there was nothing to boot")
	}
}
