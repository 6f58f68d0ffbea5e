package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tasm/internal/samples"
	"tasm/layout"
	"tasm/spec"
)

var grow = flag.Bool("grow", false, "with -update: accept products that have become larger")

const (
	samplesDir   = "../../samples"
	productsFile = "testdata/products.tsv"
)

func readSamples(t *testing.T) []samples.Sample {
	t.Helper()
	list, err := samples.Read(samplesDir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// sampleProduct is one thing that a sample is built into, a row of productsFile.
type sampleProduct struct {
	source, format string
	target         string // "-" for a flat binary
	size           int    // bytes
	sha256         string
}

func (p sampleProduct) key() string { return p.source + " " + p.format + " " + p.target }

func (p sampleProduct) String() string {
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%s", p.source, p.format, p.target, p.size, p.sha256)
}

// readProducts reads the sizes and digests that the products of the samples had.
func readProducts(t *testing.T) (list []sampleProduct) {
	t.Helper()
	for line := range strings.Lines(readText(t, productsFile)) {
		var p sampleProduct
		if _, err := fmt.Sscan(line, &p.source, &p.format, &p.target, &p.size, &p.sha256); err != nil {
			t.Fatalf("%s: %q: %v", productsFile, line, err)
		}
		list = append(list, p)
	}
	return list
}

// productsOf lists what a sample is built into.
func productsOf(s *samples.Sample) (list []sampleProduct) {
	for _, target := range s.Targets {
		list = append(list, sampleProduct{source: s.Source, format: "elf", target: target}, sampleProduct{source: s.Source, format: "image", target: target})
	}
	if len(list) == 0 {
		list = append(list, sampleProduct{source: s.Source, format: "bin", target: "-"})
	}
	return list
}

// buildSample makes a product.
func buildSample(t *testing.T, p sampleProduct) []byte {
	t.Helper()
	args := []string{"-f", p.format, filepath.Join(samplesDir, p.source)}
	if p.target != "-" {
		args = append(args, "--target", p.target)
	}
	return mustBuild(t, args...)
}

// TestSampleProducts compares every product with the size and digest that it had, and
// with the size that the sample's own tests allow. A product that grows fails even with
// -update, unless -grow says it is meant.
func TestSampleProducts(t *testing.T) {
	old := map[string]sampleProduct{}
	for _, p := range readProducts(t) {
		old[p.key()] = p
	}
	var table strings.Builder
	for _, s := range readSamples(t) {
		for _, p := range productsOf(&s) {
			data := buildSample(t, p)
			sum := sha256.Sum256(data)
			p.size, p.sha256 = len(data), hex.EncodeToString(sum[:])
			was := old[p.key()]
			if p.size > was.size && was.size > 0 && !(*update && *grow) {
				t.Errorf("%s grew from %d to %d bytes", p.key(), was.size, p.size)
				p = was
			}
			fmt.Fprintln(&table, p)
			if most := s.MostBytes(strings.TrimPrefix(p.target, "-")); p.format != "image" && most != int64(p.size) {
				t.Errorf("%s has %d bytes, and its test allows %d", p.key(), p.size, most)
			}
		}
	}
	golden(t, productsFile, []byte(table.String()))
}

// programOf returns the program of a product that the kernel can run, out of an image
// too.
func programOf(t *testing.T, p sampleProduct) []byte {
	data := buildSample(t, p)
	if p.format != "image" {
		return data
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	writeText(t, archive, string(data))
	program, _, err := programOfImage(archive)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// TestSamplesRun starts every product that the kernel can run, as 'tasm test --on kernel'
// does.
func TestSamplesRun(t *testing.T) {
	ran := 0
	for _, s := range readSamples(t) {
		for _, p := range productsOf(&s) {
			t.Run(p.key(), func(t *testing.T) {
				built := &spec.Built{File: &layout.File{Bytes: programOf(t, p)}}
				limits := spec.Defaults
				limits.Time = samples.Deadline
				for _, c := range s.Runs(strings.TrimPrefix(p.target, "-")) {
					o, err := testOnKernel(t.Context(), built, c, limits)
					if err == nil {
						err = samples.Wrong(c, o)
					}
					if err != nil {
						t.Error(err)
					}
					ran++
				}
			})
		}
	}
	if ran < 30 {
		t.Errorf("only %d runs", ran)
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
		for _, p := range productsOf(&s) {
			if p.format != "bin" {
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
			if got := buildSample(t, p); !bytes.Equal(got, want) {
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
	for name, boots := range map[string]string{"boot.tasm": "Hi IDBS Engineering! RE\r\n"} {
		disk := filepath.Join(t.TempDir(), "disk")
		if err := os.WriteFile(disk, buildSample(t, sampleProduct{source: name, format: "bin", target: "-"}), 0o644); err != nil {
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
		deadline := time.AfterFunc(samples.Deadline, func() { cmd.Process.Kill() })
		var printed bytes.Buffer
		chunk := make([]byte, 4096)
		for !strings.Contains(printed.String(), boots) {
			n, err := screen.Read(chunk)
			printed.Write(chunk[:n])
			if err != nil {
				t.Errorf("%s printed %q, want %q", name, printed.String(), boots)
				break
			}
		}
		deadline.Stop()
		cmd.Process.Kill()
		cmd.Wait()
	}
}
