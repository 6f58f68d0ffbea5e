package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// badDeadline and badMemory bound what a malformed source of testdata/bad may
// take, whatever it asks for.
const (
	badDeadline = 30 * time.Second
	badMemory   = 1 << 20 // KiB at the peak
)

// TestBadSources builds the malformed sources of testdata/bad and compares
// what is said of them with the files beside them. NAME.image.tasm is built as
// an image, others as flat binaries if they have no target, else as executables;
// in NAME.werror.tasm warnings count as errors.
func TestBadSources(t *testing.T) {
	sources, err := filepath.Glob("testdata/bad/*.tasm")
	if err != nil || len(sources) < 30 {
		t.Fatalf("%d sources: %v", len(sources), err)
	}
	for _, source := range sources {
		name := strings.TrimSuffix(filepath.Base(source), ".tasm")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"build", "-f", "bin"}
			switch {
			case strings.HasSuffix(name, ".image"):
				args = []string{"build", "-f", "image"}
			case strings.HasSuffix(name, ".werror"):
				args = append(args, "-Werror")
			case strings.Contains(string(text), "target "):
				args = []string{"build", "-f", "elf", "--layout", "plain"}
			}
			out := filepath.Join(t.TempDir(), "out")
			build := func(style string) string {
				t.Helper()
				cmd := startTasm(t, append(args, "-X", style, "-o", out, source)...)
				var stdout, stderr bytes.Buffer
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				started := time.Now()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				deadline := time.AfterFunc(badDeadline, func() { cmd.Process.Kill() })
				cmd.Wait()
				deadline.Stop()
				if cmd.ProcessState.ExitCode() != exitError || stdout.Len() > 0 {
					t.Errorf("after %v: %v, printed %.100q, said %.1000q", time.Since(started), cmd.ProcessState, stdout.String(), stderr.String())
				}
				if peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss; peak > badMemory {
					t.Errorf("took %d MB", peak>>10)
				}
				if _, err := os.Lstat(out); !os.IsNotExist(err) {
					t.Errorf("there is an output: %v", err)
				}
				return stderr.String()
			}
			golden(t, strings.TrimSuffix(source, ".tasm")+".txt", []byte(build("human")))
			messages := build("json")
			golden(t, strings.TrimSuffix(source, ".tasm")+".json", []byte(messages))
			checkPlaces(t, messages)
		})
	}
}

// TestGoldenMessagesHaveSources finds expectations whose source is gone.
func TestGoldenMessagesHaveSources(t *testing.T) {
	files, err := os.ReadDir("testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		base := strings.TrimSuffix(f.Name(), filepath.Ext(f.Name()))
		if _, err := os.Stat("testdata/bad/" + base + ".tasm"); err != nil && !f.IsDir() {
			t.Errorf("%s belongs to no source", f.Name())
		}
	}
}

// checkPlaces checks that every message says where, and lies within its line.
func checkPlaces(t *testing.T, messages string) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(messages))
	for {
		var m struct {
			Severity, File, Message                  string
			Line, Column, EndLine, EndColumn, Length int
		}
		err := decoder.Decode(&m)
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.Message == "" || m.Severity != "error" && m.Severity != "warning" {
			t.Errorf("%+v", m)
		}
		if m.File == "" {
			if !strings.HasPrefix(m.Message, "... and ") {
				t.Errorf("%q has no place", m.Message)
			}
			continue
		}
		if m.Line < 1 || m.Column < 1 || m.EndLine < m.Line || m.EndLine == m.Line && m.EndColumn < m.Column {
			t.Errorf("%q is at %d:%d to %d:%d", m.Message, m.Line, m.Column, m.EndLine, m.EndColumn)
		}
	}
}

// TestTenMistakes checks that no mistake hides another.
func TestTenMistakes(t *testing.T) {
	r := runTasm("", "build", "-X", "short", "-f", "bin", "-o", "-", "testdata/bad/ten-mistakes.tasm")
	if n := strings.Count(r.stderr, ": error: "); n != 10 {
		t.Errorf("%d errors are reported, want 10:\n%s", n, r.stderr)
	}
}
