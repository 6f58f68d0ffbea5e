package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tasm/internal/dockertest"
	"tasm/internal/samples"
)

// TestSamplesInContainers takes every sample through a real container engine:
// built as an image, loaded, run, pushed to a registry, pulled back and run again.
func TestSamplesInContainers(t *testing.T) {
	engine := dockertest.New(t)
	for _, s := range readSamples(t) {
		for _, p := range s.Products {
			if p.Format != "image" {
				continue
			}
			t.Run(s.Source+" "+p.Target, func(t *testing.T) {
				source := filepath.Join(samplesDir, s.Source)
				local := fmt.Sprintf("tasm-e2e-%s:%s", defaultTag(s.Source), strings.ReplaceAll(p.Target, "/", "-"))
				archive := filepath.Join(t.TempDir(), "image.tar")
				if r := runTasm("", "build", source, "--target", p.Target, "--tag", local, "-o", archive); r.status != exitOK {
					t.Fatal(r.stderr)
				}
				if err := engine.Load(archive); err != nil {
					t.Fatal(err)
				}

				program := mustBuild(t, source, "--target", p.Target, "-f", "elf")
				if size, err := engine.ImageSize(local); err != nil || size != dockerSize(len(program)) {
					t.Errorf("docker images shows %s (%v), the program has %d bytes", size, err, len(program))
				}
				for i := range s.Runs {
					inContainer(t, &s.Runs[i], engine, local)
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
				inContainer(t, &s.Runs[0], engine, remote)
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
func inContainer(t *testing.T, r *samples.Run, engine *dockertest.Engine, image string) {
	t.Helper()
	if r.Signal != 0 || r.Read != 0 {
		untilKilled(t, r, engine, image)
		return
	}
	got, err := engine.RunWith(nil, strings.NewReader(r.Input()), image, r.Args...)
	want := dockertest.Result{Stdout: r.Output(), Stderr: r.Stderr, ExitStatus: r.Status}
	if err != nil || got != want {
		t.Errorf("docker run %s %q: %v\n got %+v\nwant %+v", image, r.Args, err, got, want)
	}
}

// untilKilled runs a program that does not end by itself.
func untilKilled(t *testing.T, r *samples.Run, engine *dockertest.Engine, image string) {
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
	var out string
	for range 20 {
		if out, err = engine.Docker("logs", "--tail", "10", container); err != nil || strings.HasPrefix(out, strings.TrimSpace(r.Stdout)) {
			break
		}
		time.Sleep(300 * time.Millisecond)
	}
	if err != nil || !strings.HasPrefix(out, strings.TrimSpace(r.Stdout)) {
		t.Errorf("%s printed %.100q (%v), want %q first", image, out, err, r.Stdout)
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
