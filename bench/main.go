// Command bench times tasm beside other tools, in one run on one machine:
//
//   - from a source to a finished container image, beside "docker build" of the
//     same executable FROM scratch;
//   - with -packers, from the executable to an archive and to a registry, beside
//     crane, umoci, buildah and docker, which must be there;
//   - the assembly of a large generated source to a flat binary, beside nasm and
//     yasm, which must give the same bytes.
//
// Each time is the median of several runs of the whole process, the tools taking
// turns. It needs root, for the container engine.
//
// With -kinds it instead times assemblers, with fasm among them, on large sources of
// several kinds: plain, macros, SSE and AVX, data, errors. It needs no engine then.
//
// With -matrix it instead hands tasm's images to every tool that it knows of, and
// prints the table of docs/images.md.
//
// With -golf it instead measures how the time and memory of layout golf grow, with
// the length of a program and with the number of its system calls, and prints the
// tables of docs/layout.md.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"tasm/internal/dockertest"
)

var (
	runs  = flag.Int("n", 9, "`runs` of each tool")
	asm   = flag.Bool("kinds", false, "time assemblers on kinds of sources instead")
	golf  = flag.Bool("golf", false, "measure layout golf instead")
	pack  = flag.Bool("packers", false, "time the tools that make images of executables instead")
	takes = flag.Bool("matrix", false, "print which tools take tasm's images instead")
	lines = flag.Int("lines", 200_000, "`lines` of the generated source")
)

func main() {
	flag.Parse()
	if err := bench(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// contestant is one tool and how it does the task.
type contestant struct {
	name string
	run  func() error
	// Of its runs:
	times []time.Duration
	work  []time.Duration // of the processors, where it is known
	peak  int64           // of memory, in KiB; 0 if it is not known
}

// command makes a contestant of a command line, whose memory is known.
func command(name string, line ...string) *contestant {
	c := &contestant{name: name}
	c.run = func() error {
		forgetPeak()
		cmd := exec.Command(line[0], line[1:]...)
		said, err := cmd.CombinedOutput()
		if state := cmd.ProcessState; state != nil {
			c.work = append(c.work, state.UserTime()+state.SystemTime())
			c.peak = max(c.peak, state.SysUsage().(*syscall.Rusage).Maxrss)
		}
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(line, " "), err, said)
		}
		return nil
	}
	return c
}

// forgetPeak makes this process small: the kernel counts what it has had in memory to
// what the processes had that it starts.
func forgetPeak() {
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // proc_pid_clear_refs(5): the peak is what there is now
}

// race lets the contestants take turns and prints a line for each. Ratios are
// to the first.
func race(title string, contestants ...*contestant) error {
	fmt.Printf("\n%s (median of %d)\n", title, *runs)
	for range *runs {
		for _, c := range contestants {
			started := time.Now()
			if err := c.run(); err != nil {
				return err
			}
			c.times = append(c.times, time.Since(started))
		}
	}
	for _, c := range contestants {
		memory := ""
		if len(c.work) > 0 {
			memory = fmt.Sprintf("%7.1f ms of CPU", milliseconds(median(c.work)))
		}
		if c.peak > 0 {
			memory += fmt.Sprintf(" %5d MB", c.peak>>10)
		}
		fmt.Printf("  %-30s %9.1f ms   x %-6.2f %s\n", c.name, milliseconds(median(c.times)),
			float64(median(c.times))/float64(median(contestants[0].times)), memory)
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

func bench() (err error) {
	dir, err := os.MkdirTemp("", "tasm-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tasm := filepath.Join(dir, "tasm")
	build := exec.Command("go", "build", "-o", tasm, "./cmd/tasm")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as in Makefile
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, said)
	}
	if *golf {
		return growth(dir, tasm)
	}
	if *asm {
		return kinds(dir, tasm)
	}
	engine, err := dockertest.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Stop()) }()

	fmt.Printf("%s %s/%s, %d CPUs\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, line := range [][]string{{"nasm", "-v"}, {"yasm", "--version"}} {
		out, err := exec.Command(line[0], line[1:]...).Output()
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(string(out), "\n")
		fmt.Println(first)
	}
	docker, err := engine.Docker("version", "--format", "Docker {{.Server.Version}}")
	if err != nil {
		return err
	}
	fmt.Println(docker)

	if *takes {
		return matrix(dir, tasm, engine)
	}
	if *pack {
		return packers(dir, tasm, engine)
	}
	if err := images(dir, tasm, engine); err != nil {
		return err
	}
	return assemblers(dir, tasm)
}

// images times the way from a source to an image.
func images(dir, tasm string, engine *dockertest.Engine) error {
	const source = "samples/hello.tasm"
	context := filepath.Join(dir, "context")
	if err := os.Mkdir(context, 0o755); err != nil {
		return err
	}
	program := command("", tasm, "build", "--layout", "plain", source, "-o", filepath.Join(context, "hello"))
	if err := program.run(); err != nil {
		return err
	}
	dockerfile := "FROM scratch\nCOPY hello /hello\nENTRYPOINT [\"/hello\"]\n"
	if err := os.WriteFile(filepath.Join(context, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return err
	}
	archive := filepath.Join(dir, "image.tar")
	build := command("tasm build --layout plain", tasm, "build", "--layout", "plain", source, "-o", archive)
	golf := func(name string, options ...string) *contestant { // has no counterpart elsewhere
		return command(name, slices.Concat([]string{tasm, "build"}, options, []string{source, "-o", filepath.Join(dir, "golfed.tar")})...)
	}
	searched, kept := golf("tasm build, golf, --no-cache", "--no-cache"), golf("tasm build, golf, again")
	if err := kept.run(); err != nil { // so that there is a file to keep
		return err
	}
	bare := command("no image, --layout plain", tasm, "build", "--layout", "plain", source, "-o", filepath.Join(dir, "bare"))
	load := &contestant{name: "the same, docker load", run: func() error {
		return errors.Join(build.run(), engine.Load(archive))
	}}
	docker := &contestant{name: "docker build", run: func() error { return engine.BuildImage(context, "bench") }}
	if err := race("From samples/hello.tasm to an image; docker build only packs the finished executable", build, bare, searched, kept, load, docker); err != nil {
		return err
	}
	for _, image := range []string{"hello", "bench"} {
		if r, err := engine.Run(image); err != nil || r.ExitStatus != 0 {
			return fmt.Errorf("docker run %s: exit status %d (%w)", image, r.ExitStatus, err)
		}
	}
	return nil
}

// assemblers times the assembly of a large source.
func assemblers(dir, tasm string) error {
	source := filepath.Join(dir, "large.asm")
	var text bytes.Buffer
	if err := writeSource(&text, *lines); err != nil {
		return err
	}
	if err := os.WriteFile(source, text.Bytes(), 0o644); err != nil {
		return err
	}
	output := func(name string) string { return filepath.Join(dir, name+".bin") }
	err := race(fmt.Sprintf("Assembly of %d generated lines, %d bytes, to a flat binary", *lines, text.Len()),
		command("tasm", tasm, "build", "-f", "bin", "-o", output("tasm"), source),
		command("nasm", "nasm", "-f", "bin", "-o", output("nasm"), source),
		command("yasm", "yasm", "-f", "bin", "-o", output("yasm"), source),
	)
	if err != nil {
		return err
	}
	var results [][]byte
	for _, name := range []string{"tasm", "nasm", "yasm"} {
		data, err := os.ReadFile(output(name))
		if err != nil {
			return err
		}
		results = append(results, data)
	}
	fmt.Printf("  %d bytes; the same as nasm's: %t, as yasm's: %t\n",
		len(results[0]), bytes.Equal(results[0], results[1]), bytes.Equal(results[0], results[2]))
	return nil
}
