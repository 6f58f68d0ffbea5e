package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"tasm/internal/programs"
)

// lengths are how many bytes of code the programs have at least, and calls how
// many lines those write that do nothing else.
var (
	lengths = []int{50, 100, 200, 400, 700, 1000, 2000, 4000, 16000, 64000, 256000}
	calls   = []int{1, 2, 3, 4, 6, 8, 12}
)

// bytesPerStatement is about what a statement of programs.Long takes.
const bytesPerStatement = 24

// growth prints how layout golf does with more and more code, and with more and
// more system calls.
func growth(dir, tasm string) error {
	m := &measurer{file: filepath.Join(dir, "program.tasm"), tasm: tasm}
	fmt.Println("| code, bytes | as written | golf | time | memory | how it was found | how it was compared |\n|--:|--:|--:|--:|--:|---|---|")
	for _, n := range lengths {
		source := func(statements int) string {
			return programs.Long(rand.New(rand.NewPCG(1, 1)), "linux/386", statements)
		}
		statements := max(1, n/bytesPerStatement)
		for ; ; statements += 1 + statements/20 {
			plain, err := m.measure(source(statements), "plain")
			if err != nil {
				return err
			}
			if plain.Bytes.Code >= n {
				break
			}
		}
		if err := m.row(source(statements), func(plain *measured) int { return plain.Bytes.Code }); err != nil {
			return err
		}
	}
	fmt.Println("\n| calls | as written | golf | time | memory | how it was found | how it was compared |\n|--:|--:|--:|--:|--:|---|---|")
	for _, n := range calls {
		if err := m.row(programs.Straight("linux/386", n), func(*measured) int { return n + 1 }); err != nil {
			return err
		}
	}
	return nil
}

type measurer struct{ file, tasm string }

// measured is what tasm says of a program, and what that took.
type measured struct {
	Size    int
	Bytes   struct{ Code int }
	Method  string
	Checked string

	time time.Duration
	peak int64 // of memory, in KiB
}

// row prints a line about a program.
func (m *measurer) row(source string, what func(plain *measured) int) error {
	plain, err := m.measure(source, "plain")
	if err != nil {
		return err
	}
	golf, err := m.measure(source, "golf")
	if err != nil {
		return err
	}
	// Unless told otherwise tasm collects garbage only where it has much of it.
	frugal, err := m.measure(source, "golf", "GOGC=100")
	if err != nil {
		return err
	}
	method, _, _ := strings.Cut(golf.Method, ",")
	checked, _, _ := strings.Cut(golf.Checked, ",")
	fmt.Printf("| %d | %d | %d | %.2f s | %d MB | %s | %s |\n", what(plain), plain.Size, golf.Size,
		golf.time.Seconds(), frugal.peak>>10, method, checked)
	return nil
}

// measure has tasm lay a program out.
func (m *measurer) measure(source, layout string, env ...string) (*measured, error) {
	if err := os.WriteFile(m.file, []byte(source), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.Command(m.tasm, "size", "--no-cache", "--json", "--layout", layout, m.file)
	cmd.Env = append(os.Environ(), env...)
	started := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("tasm size: %w", err)
	}
	r := &measured{time: time.Since(started), peak: cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, err
	}
	return r, nil
}
