// Command ladder rebuilds the competition for the smallest image that prints one
// line: every rung that can be had, from a base image with a shell down to the
// line in the image's command and 45 bytes that print it. Each program is built
// with its own tools, put into an image ("docker build" FROM scratch, or tasm),
// loaded into a real engine, run there, and pushed to a real registry.
//
// It prints a table, writes it into README.md between its marks, and draws it. It
// needs root, for the engine; scripts/ladder.sh fetches the tools.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"tasm/internal/dockertest"
	"tasm/oci/content"
	"tasm/oci/registry"
)

var (
	sources = flag.String("sources", "bench/ladder/src", "`folder` with the sources of the rungs")
	samples = flag.String("samples", "samples", "`folder` with tasm's samples")
	busybox = flag.String("busybox", "busybox", "`file` with a static busybox")
	readme  = flag.String("readme", "README.md", "`file` to write the table into")
	picture = flag.String("picture", "docs/ladder.svg", "`file` to draw")
)

func main() {
	flag.Parse()
	if err := ladder(); err != nil {
		fmt.Fprintln(os.Stderr, "ladder:", err)
		os.Exit(1)
	}
}

// result is what was measured of a rung; in bytes.
type result struct {
	*rung
	program int64 // the file that is started
	image   int64 // as "docker images" has it
	wire    int64 // manifest, config and layers in a registry
	ran     bool  // and printed the line
	said    string
}

func ladder() (err error) {
	work, err := os.MkdirTemp("", "ladder")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	tasm := filepath.Join(work, "tasm")
	if out, err := exec.Command("go", "build", "-o", tasm, "./cmd/tasm").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	engine, err := dockertest.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Stop()) }()
	var results []*result
	for i, r := range rungs {
		fmt.Fprintf(os.Stderr, "%d of %d: %s\n", i+1, len(rungs), r.how)
		m := &result{rung: r}
		if r.script != "" {
			if m, err = measure(engine, r, filepath.Join(work, strconv.Itoa(i)), tasm); err != nil {
				return fmt.Errorf("%s: %w", r.how, err)
			}
		}
		results = append(results, m)
	}
	table := markdown(results)
	fmt.Print(table)
	if err := writePart(*readme, table); err != nil {
		return err
	}
	return os.WriteFile(*picture, []byte(draw(results)), 0o644)
}

// build runs the script of a rung in a folder of its own.
func (r *rung) build(dir, tasm string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	src, err := filepath.Abs(*sources)
	if err != nil {
		return err
	}
	own, err := filepath.Abs(*samples)
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-euc", r.script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SRC="+src, "SAMPLES="+own, "TASM="+tasm, "BUSYBOX="+*busybox, "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// measure builds a rung, makes its image, loads, runs and pushes it.
func measure(engine *dockertest.Engine, r *rung, dir, tasm string) (*result, error) {
	if err := r.build(dir, tasm); err != nil {
		return nil, err
	}
	m := &result{rung: r}
	info, err := os.Stat(filepath.Join(dir, "program"))
	if err != nil {
		return nil, err
	}
	m.program = info.Size()
	ref := engine.Registry() + "/ladder:" + filepath.Base(dir)
	if err := m.ship(engine, dir, tasm, ref); err != nil {
		return nil, err
	}
	size, err := engine.Docker("image", "inspect", "--format", "{{.Size}}", ref)
	if err != nil {
		return nil, err
	}
	if m.image, err = strconv.ParseInt(size, 10, 64); err != nil {
		return nil, err
	}
	if m.wire, err = wireSize(ref); err != nil {
		return nil, err
	}
	run, err := engine.Run(ref)
	switch {
	case r.fails != "":
		if said := fmt.Sprint(run.Stderr, err); run.ExitStatus == 0 || !strings.Contains(said, r.fails) {
			return nil, fmt.Errorf("it should fail with %q: %+v, %v", r.fails, run, err)
		}
		m.said = r.fails
	case err != nil:
		return nil, err
	case run.Stdout != line || run.ExitStatus != 0:
		return nil, fmt.Errorf("it printed %q and ended with status %d", run.Stdout, run.ExitStatus)
	default:
		m.ran = true
	}
	return m, nil
}

// ship brings the image into engine and registry: those of tasm as they are, the
// others by "docker build" and "docker push".
func (m *result) ship(engine *dockertest.Engine, dir, tasm, ref string) error {
	if !m.ours {
		if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(m.dockerfile()), 0o644); err != nil {
			return err
		}
		if err := engine.BuildImage(dir, ref); err != nil {
			return err
		}
		return engine.Push(ref)
	}
	out, err := exec.Command(tasm, "push", filepath.Join(dir, "image.tar"), ref).CombinedOutput()
	if err != nil {
		return fmt.Errorf("tasm push: %w\n%s", err, out)
	}
	_, err = engine.Pull(ref)
	return err
}

// wireSize asks the registry for the size of an image's blobs.
func wireSize(s string) (int64, error) {
	ref, err := registry.Parse(s)
	if err != nil {
		return 0, err
	}
	a, err := (&registry.Client{}).Pull(context.Background(), ref)
	if err != nil {
		return 0, err
	}
	img, err := content.Select(a)
	if err != nil {
		return 0, err
	}
	m, err := img.Manifest()
	if err != nil {
		return 0, err
	}
	wire, err := img.Size()
	if err != nil {
		return 0, err
	}
	wire += m.Config.Size
	for _, l := range m.Layers {
		wire += l.Size
	}
	return wire, nil
}
