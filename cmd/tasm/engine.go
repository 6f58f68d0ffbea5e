package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/pflag"

	"tasm/diag"
	"tasm/oci/content"
)

// engines are the container engines that load and run images, those that are
// looked for first before others. Both understand the same command lines.
var engines = []string{"docker", "podman"}

// engine is the command of a container engine.
type engine struct {
	sys  *system
	name string
}

// findEngine returns the engine called name, or the first that is installed.
func findEngine(sys *system, name string) (*engine, error) {
	look := engines
	if name != "" {
		look = []string{name}
	}
	for _, n := range look {
		if _, err := exec.LookPath(n); err == nil {
			return &engine{sys, n}, nil
		}
	}
	return nil, fmt.Errorf("there is no %s here; install it, or make an archive with 'tasm build -o image.tar'", strings.Join(look, " and no "))
}

// loadedLine is what engines print of each image that they have loaded.
var loadedLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^Loaded image(?: ID)?(?:\(s\))?: (.+)$`)
})

// load loads an image and returns what the engine calls it.
func (e *engine) load(a content.Artifact, names []string) ([]string, error) {
	cmd := exec.CommandContext(transfers, e.name, "load")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	writeErr := errors.Join(content.WriteArchive(in, a, names), in.Close())
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%s can't load the image: %s", e.name, e.reason(err, stderr.String()))
	}
	if writeErr != nil {
		return nil, fmt.Errorf("can't send the image to %s: %s", e.name, diag.Reason(writeErr))
	}
	var loaded []string
	for _, m := range loadedLine().FindAllStringSubmatch(stdout.String(), -1) {
		loaded = append(loaded, strings.Split(m[1], ",")...)
	}
	if len(loaded) == 0 {
		return nil, fmt.Errorf("%s does not say what it has loaded: %s", e.name, strings.TrimSpace(stdout.String()+stderr.String()))
	}
	return loaded, nil
}

// reason says why the engine failed, in its own words.
func (e *engine) reason(err error, stderr string) string {
	said := strings.TrimSpace(stderr)
	if said == "" {
		return err.Error()
	}
	return said
}

// engineRuns is true while an engine's command has the terminal: an interrupt is
// for that then, which gets it too.
var engineRuns atomic.Bool

// run runs a command of the engine with our own streams, and returns its exit
// status.
func (e *engine) run(args ...string) (int, error) {
	cmd := exec.CommandContext(context.Background(), e.name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.sys.stdin, e.sys.stdout, e.sys.stderr
	engineRuns.Store(true)
	defer engineRuns.Store(false)
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// registerEngine adds the option that names an engine.
func registerEngine(set *pflag.FlagSet, value *string) {
	set.Var(newChoice(value, "", engines...), "in", "the container engine; the default of 'tasm load' is the first of these that is installed")
}
