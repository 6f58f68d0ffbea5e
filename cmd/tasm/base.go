package main

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"tasm/oci/content"
	"tasm/oci/registry"
)

// baseOption is the option of verbs that make images: what the program is added
// to.
type baseOption struct {
	from string
}

func (o *baseOption) register(set *pflag.FlagSet) {
	set.StringVar(&o.from, "from", "", "add the program to the base image `REF`: a name in a registry, an archive or a layout folder. Its environment, user and the like are inherited as by a Dockerfile's FROM")
}

// open opens the base image; nil where there is none.
func (o *baseOption) open(sys *system, insecure bool) (content.Artifact, io.Closer, error) {
	if o.from == "" {
		return nil, io.NopCloser(nil), nil
	}
	fail := func(err error) (content.Artifact, io.Closer, error) {
		return nil, nil, fmt.Errorf("base image: %w", err)
	}
	if isFile(o.from) {
		f, err := openFile(o.from)
		if err != nil {
			return fail(err)
		}
		e, err := one(f, o.from)
		if err != nil {
			return fail(err)
		}
		return e.Artifact, f, nil
	}
	ref, err := registry.Parse(o.from)
	if err != nil {
		return nil, nil, usagef("--from: there is no such file, and as the name of an image: %s", err) // the name may hold a password
	}
	c, progress := client(sys, insecure)
	a, err := c.Pull(transfers, ref)
	progress.clear()
	if err != nil {
		return fail(err)
	}
	return a, io.NopCloser(nil), nil
}
