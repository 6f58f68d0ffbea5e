// Command kernels holds the loaders of layout/elf, and what tasm builds for
// them, against real kernels. It boots each kernel of kernels.txt in an emulated
// PC, with itself as the first process there (guest.go). That one runs
//
//   - the tests of layout/elf that compare the model of this kernel with the
//     kernel itself, file by file;
//   - files that the profile "linux" allows, which every kernel has to run;
//   - every sample in every layout, as built by cmd/tasm.
//
// scripts/kernels.sh fetches the kernels and starts it. It is slow, since the
// processor is emulated, and no part of "go test ./...".
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"tasm/internal/samples"
	"tasm/layout"
)

//go:embed kernels.txt
var kernelsText string

// kernel is a row of kernels.txt.
type kernel struct{ suite, arch, loader string }

func (k kernel) name() string { return k.suite + "-" + k.arch }

// machine is how an architecture of Debian is called elsewhere.
type machine struct {
	goarch, emulator string
	// memory has room for files of ELF64 with e_phoff 12, which have more than
	// 4 GiB reserved. A 32-bit kernel dies of so much.
	memory  string
	targets []string // that its kernels run
}

var machines = map[string]machine{
	"amd64": {"amd64", "qemu-system-x86_64", "6G", []string{"linux/386", "linux/amd64"}},
	"i386":  {"386", "qemu-system-i386", "2G", []string{"linux/386"}},
}

// plan is what the guest is told to do.
type plan struct {
	Loader   string
	Programs []program
}

// program is a built sample.
type program struct {
	Name   string
	Path   string // in the guest
	Tests  string // the notation of package spec
	Target string

	file []byte
}

// report is what the guest answers.
type report struct {
	Kernel                  string
	Compared, Disagreements int // files of the tests of layout/elf
	Programs                int // samples started, by layout and target
	Failures                []string
}

// reportMark begins the line on the console that holds the report.
const reportMark = "report: "

var (
	cache   = flag.String("cache", "", "`folder` of kernels, each as SUITE-ARCH/vmlinuz")
	only    = flag.String("only", "", "run only the `kernel` SUITE-ARCH")
	timeout = flag.Duration("timeout", 20*time.Minute, "`time` that a kernel may take")
	verbose = flag.Bool("v", false, "show what the guests print")
)

func main() {
	if os.Getpid() == 1 {
		guest()
	}
	flag.Parse()
	if err := host(); err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	}
}

func host() error {
	dir, err := os.MkdirTemp("", "tasm-kernels")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs, err := buildSamples(dir)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "kernel\tloader\tfiles\tdisagreements\tsamples\ttime")
	var wrong error
	ran := 0
	for _, k := range kernels() {
		if *only != "" && *only != k.name() {
			continue
		}
		ran++
		started := time.Now()
		r, err := boot(dir, k, programs)
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %w", k.name(), err))
			continue
		}
		for _, f := range r.Failures {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %s", k.name(), f))
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%.0f s\n", r.Kernel, k.loader, r.Compared, r.Disagreements, r.Programs, time.Since(started).Seconds())
	}
	if ran == 0 {
		return fmt.Errorf("kernels.txt has no kernel %q", *only)
	}
	return errors.Join(table.Flush(), wrong)
}

// kernels reads kernels.txt.
func kernels() []kernel {
	var list []kernel
	for line := range strings.Lines(kernelsText) {
		if f := strings.Fields(line); len(f) == 4 && f[0] != "#" {
			list = append(list, kernel{f[0], f[1], f[3]})
		}
	}
	return list
}

// buildSamples builds the executables of all samples in all layouts.
func buildSamples(dir string) ([]program, error) {
	tasm := filepath.Join(dir, "tasm")
	if err := run(nil, "go", "build", "-o", tasm, "./cmd/tasm"); err != nil {
		return nil, err
	}
	list, err := samples.Read("samples")
	if err != nil {
		return nil, err
	}
	var programs []program
	for _, s := range list {
		for _, target := range s.Targets {
			for _, l := range layout.Strategies {
				out := filepath.Join(dir, "sample")
				if err := run(nil, tasm, "build", "-f", "elf", "--target", target, "--layout", l.Name, "-o", out, filepath.Join("samples", s.Source)); err != nil {
					return nil, err
				}
				file, err := os.ReadFile(out)
				if err != nil {
					return nil, err
				}
				programs = append(programs, program{
					Name: fmt.Sprintf("%s, %s, layout %s", s.Source, target, l.Name),
					Path: fmt.Sprintf("/samples/%d", len(programs)), Tests: s.Text, Target: target, file: file,
				})
			}
		}
	}
	return programs, nil
}

// run runs a command, with variables added to its environment.
func run(environment []string, line ...string) error {
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(os.Environ(), environment...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(line, " "), err, said)
	}
	return nil
}

// boot boots a kernel and returns what its guest reports.
func boot(dir string, k kernel, programs []program) (*report, error) {
	m, ok := machines[k.arch]
	if !ok {
		return nil, fmt.Errorf("unknown architecture %s", k.arch)
	}
	initramfs, err := pack(dir, k, m, programs)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	// The emulator's usual 32-bit processor lets all memory be executed.
	cmd := exec.CommandContext(ctx, m.emulator, "-m", m.memory, "-net", "none", "-no-reboot", "-accel", "tcg", "-cpu", "max",
		"-display", "none", "-vga", "none", "-monitor", "none", "-serial", "stdio",
		"-kernel", filepath.Join(*cache, k.name(), "vmlinuz"), "-initrd", initramfs,
		"-append", "console=ttyS0 panic=-1 quiet loglevel=0")
	var console, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &console, &complaint
	if *verbose {
		cmd.Stdout = io.MultiWriter(&console, os.Stderr)
	}
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("took more than %v", *timeout)
	}
	for line := range strings.Lines(console.String()) {
		if answer, ok := strings.CutPrefix(line, reportMark); ok {
			r := &report{}
			return r, json.Unmarshal([]byte(answer), r)
		}
	}
	return nil, fmt.Errorf("no report (%w)\n%s%s", err, complaint.String(), console.String())
}

// pack writes the file system that a kernel starts with.
func pack(dir string, k kernel, m machine, programs []program) (string, error) {
	environment := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + m.goarch}
	first, tests := filepath.Join(dir, "init"), filepath.Join(dir, "elf.test")
	if err := errors.Join(
		run(environment, "go", "build", "-o", first, "./test/kernels"),
		run(environment, "go", "test", "-c", "-o", tests, "./layout/elf"),
	); err != nil {
		return "", err
	}
	a := &archive{}
	for _, name := range []string{"dev", "proc", "samples"} {
		a.folder(name, 0o755)
	}
	a.folder("tmp", 0o1777)
	for name, path := range map[string]string{"init": first, "elf.test": tests} {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		a.file(name, 0o755, data)
	}
	todo := plan{Loader: k.loader}
	for _, p := range programs {
		for _, target := range m.targets {
			if p.Target == target {
				todo.Programs = append(todo.Programs, p)
				a.file(p.Path[1:], 0o755, p.file)
			}
		}
	}
	text, err := json.Marshal(todo)
	if err != nil {
		return "", err
	}
	a.file("plan.json", 0o644, text)
	path := filepath.Join(dir, "initramfs")
	return path, os.WriteFile(path, a.close(), 0o644)
}
