package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tasm/internal/dockertest"
	"tasm/internal/samples"
	"tasm/spec"
	"tasm/vm"
)

// TestSamplesInContainers takes every sample through a real container engine:
// built as an image, loaded, run, pushed to a registry, pulled back and run again.
func TestSamplesInContainers(t *testing.T) {
	engine := dockertest.New(t)
	for _, s := range readSamples(t) {
		for _, target := range s.Targets {
			t.Run(s.Source+" "+target, func(t *testing.T) {
				source := filepath.Join(samplesDir, s.Source)
				local := fmt.Sprintf("tasm-e2e-%s:%s", defaultTag(s.Source), strings.ReplaceAll(target, "/", "-"))
				archive := filepath.Join(t.TempDir(), "image.tar")
				if r := runTasm("", "build", source, "--target", target, "--tag", local, "-o", archive); r.status != exitOK {
					t.Fatal(r.stderr)
				}
				if err := engine.Load(archive); err != nil {
					t.Fatal(err)
				}

				program := mustBuild(t, source, "--target", target, "-f", "elf")
				if size, err := engine.ImageSize(local); err != nil || size != dockerSize(len(program)) {
					t.Errorf("docker images shows %s (%v), the program has %d bytes", size, err, len(program))
				}
				runs := s.Runs(target)
				for _, c := range runs {
					inContainer(t, c, engine, local)
				}

				remote := engine.Registry() + "/" + local
				id, err := engine.ID(local)
				for _, step := range []func() error{
					func() error { return err },
					func() error { return engine.Tag(local, remote) },
					func() error { return engine.Push(remote) },
					func() error { return engine.Remove(remote) },
					func() error { return engine.Remove(local) },
					func() error { _, err := engine.Pull(remote); return err },
				} {
					if err := step(); err != nil {
						t.Fatal(err)
					}
				}
				if back, err := engine.ID(remote); err != nil || back != id {
					t.Errorf("the image went as %s and came back as %s (%v)", id, back, err)
				}
				inContainer(t, runs[0], engine, remote)
				if err := engine.Remove(remote); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestImageNamedInSource loads an image under the tag that its source names.
func TestImageNamedInSource(t *testing.T) {
	engine := dockertest.New(t)
	dir := t.TempDir()
	source, archive := filepath.Join(dir, "other.tasm"), filepath.Join(dir, "image.tar")
	text := `target linux/386
entry _start
image tag "tasm-e2e/named:1.5", "tasm-e2e/named:latest"
image path "/bin/named"
image cmd "one", "two"
image env "GREETING=hi"
image label "purpose=test"
image workdir "/bin"
image user "65534:65534"
_start: pop ebx
        sys exit
`
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := runTasm("", "build", source, "-o", archive); r.status != exitOK {
		t.Fatal(r.stderr)
	}
	if err := engine.Load(archive); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"tasm-e2e/named:1.5", "tasm-e2e/named:latest"} {
		r, err := engine.Run(tag)
		if err != nil || r.ExitStatus != 3 {
			t.Errorf("%s: %v, exit status %d, want 3, the number of arguments", tag, err, r.ExitStatus)
		}
	}
	got, err := engine.Docker("image", "inspect", "--format",
		"{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .Config.Env}} {{json .Config.Labels}} {{.Config.WorkingDir}} {{.Config.User}} {{.Os}}/{{.Architecture}}",
		"tasm-e2e/named:1.5")
	want := `["/bin/named"] ["one","two"] ["GREETING=hi"] {"purpose":"test"} /bin 65534:65534 linux/386`
	if err != nil || got != want {
		t.Errorf("docker image inspect: %v\n got %s\nwant %s", err, got, want)
	}
}

// inContainer starts the program of an image and compares what comes of it.
func inContainer(t *testing.T, c *spec.Case, engine *dockertest.Engine, image string) {
	t.Helper()
	if c.Signal != 0 || c.CloseAfter >= 0 {
		untilKilled(t, c, engine, image)
		return
	}
	started := time.Now()
	got, err := engine.RunWith(nil, bytes.NewReader(c.Stdin), image, c.Args...)
	if err != nil {
		t.Errorf("docker run %s %q: %v", image, c.Args, err)
		return
	}
	o := &spec.Outcome{Stdout: []byte(got.Stdout), Stderr: []byte(got.Stderr), Kind: vm.Exited, Status: got.ExitStatus, Elapsed: time.Since(started)}
	if err := samples.Wrong(c, o); err != nil {
		t.Errorf("docker run %s %q: %v", image, c.Args, err)
	}
}

// untilKilled runs a program that does not end by itself, and looks at the beginning of
// its output.
func untilKilled(t *testing.T, c *spec.Case, engine *dockertest.Engine, image string) {
	t.Helper()
	container, err := engine.Docker("run", "-d", "--network", "none", "--log-opt", "max-size=1m", image)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	running, err := engine.Docker("inspect", "--format", "{{.State.Running}}", container)
	if err != nil || running != "true" {
		t.Errorf("%s runs: %s (%v)", image, running, err)
	}
	// On a busy machine it takes a while for the output to come through.
	end := spec.Outcome{Kind: vm.Killed, Status: int(syscall.SIGPIPE)} // as a closed pipe would have ended it
	if c.Signal != 0 {
		end.Status = c.Signal
	}
	var wrong error
	for range 20 {
		out, err := engine.Docker("logs", "--tail", "10", container)
		if out += "\n"; c.CloseAfter < 0 {
			out = strings.TrimSpace(out)
		}
		end.Stdout = []byte(out[:min(int64(len(out)), max(0, c.CloseAfter))])
		if wrong = errors.Join(err, samples.Wrong(c, &end)); wrong == nil {
			break
		}
		time.Sleep(300 * time.Millisecond)
	}
	if wrong != nil {
		t.Errorf("%s: %v", image, wrong)
	}
	if _, err := engine.Docker("rm", "-f", container); err != nil {
		t.Error(err)
	}
}

// dockerSize writes a size as "docker images" does: three digits, decimal units.
func dockerSize(n int) string {
	if n < 1000 {
		return fmt.Sprintf("%dB", n)
	}
	return fmt.Sprintf("%.3gkB", float64(n)/1000)
}
