package main

import (
	"fmt"
	"strings"

	"tasm/diag"
)

// load is the verb that puts an image into the local engine.
type load struct {
	imageOptions
	in string
}

func loadCommand() *command {
	l := &load{}
	c := &command{
		args:    "FILE",
		summary: "load an image into the local docker or podman",
		about: []string{
			"Loads the image in FILE into the container engine of this machine, and prints the names under which it has it. " + imageFileAbout,
		},
		examples: []example{
			{"tasm load hello.tasm", "built and loaded, under the name in its source"},
			{"docker run --rm $(tasm load hello.tasm)", "and started"},
			{"tasm load --in podman image.tar", "an archive, into podman"},
		},
		run: l.run,
	}
	simple := l.imageOptions.register(c)
	registerEngine(simple, &l.in)
	return c
}

func (l *load) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give one file, not %d", len(args))
	}
	e, err := findEngine(sys, l.in)
	if err != nil {
		return l.fail(sys, &diag.Files{}, err)
	}
	f, err := l.open(sys, args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	var out strings.Builder
	for _, entry := range f.Entries {
		names, err := e.load(entry.Artifact, entry.Names)
		if err != nil {
			return l.failTransfer(sys, err)
		}
		for _, n := range names {
			fmt.Fprintln(&out, strings.TrimSpace(n))
		}
	}
	if err := writeOutput(sys, "-", []byte(out.String()), false); err != nil {
		return l.fail(sys, &diag.Files{}, err)
	}
	return nil
}
