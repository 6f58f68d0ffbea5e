package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tasm/internal/samples"
)

var grow = flag.Bool("grow", false, "with -update: accept products that have become larger")

const (
	samplesDir = "../../samples"
	expectFile = samplesDir + "/expect.json"
)

func readSamples(t *testing.T) []samples.Sample {
	t.Helper()
	list, err := samples.Read(expectFile)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// buildSample makes a product of s.
func buildSample(t *testing.T, s *samples.Sample, p *samples.Product) []byte {
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
	list := readSamples(t)
	for i := range list {
		s := &list[i]
		for j := range s.Products {
			p := &s.Products[j]
			data := buildSample(t, s, p)
			sum := sha256.Sum256(data)
			got := samples.Product{Format: p.Format, Target: p.Target, Size: len(data), SHA256: hex.EncodeToString(sum[:])}
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
		if err := encoder.Encode(list); err != nil {
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
				if err := os.WriteFile(program, buildSample(t, &s, &p), 0o755); err != nil {
					t.Fatal(err)
				}
				for _, r := range s.Runs {
					if err := r.Check(exec.Command(program, r.Args...)); err != nil {
						t.Error(err)
					}
				}
			})
		}
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
			if got := buildSample(t, &s, &p); !bytes.Equal(got, want) {
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
		if err := os.WriteFile(disk, buildSample(t, &s, &s.Products[0]), 0o644); err != nil {
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
