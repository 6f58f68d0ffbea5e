package main

import (
	"slices"
	"strings"

	"tasm/diag"
	"tasm/oci/registry"
)

// push is the verb that sends an image to registries.
type push struct {
	imageOptions
	imageRefs string
}

func pushCommand() *command {
	p := &push{}
	c := &command{
		args:    "FILE REF...",
		summary: "send an image to a registry",
		about: []string{
			"Sends the image in FILE to the registries that the REFs name, [host/]name[:tag], and prints what it is called there by digest. " + imageFileAbout,
			"The digest is the one that the image was built with: manifest, config and layer go as they are. ('docker push', 'podman push' and 'crane push image.tar' make another manifest.) What a registry has is not sent again, and layers of a base image in the same registry are mounted.",
			"Logins are those of 'docker login'. The way to a registry is TLS; to this machine it may be plain http.",
		},
		examples: []example{
			{"tasm push hello.tasm registry.example/team/hello:1.0", "built and sent; prints registry.example/team/hello@sha256:..."},
			{"tasm push image.tar localhost:5000/hello", "of an archive, to a registry on this machine"},
			{"docker run --rm $(tasm push hello.tasm localhost:5000/hello)", "the printed name is all that others need"},
		},
		run: p.run,
	}
	simple := p.imageOptions.register(c)
	simple.BoolVar(&p.insecure, "insecure", false, insecureUsage)
	simple.StringVar(&p.imageRefs, "image-refs", "", "write what is printed to `FILE` too")
	return c
}

func (p *push) run(sys *system, args []string) error {
	if len(args) < 2 {
		return usagef("give a file and where to send it, for example: tasm push hello.tasm registry.example/team/hello")
	}
	var refs []registry.Reference
	for _, arg := range args[1:] {
		ref, err := registry.Parse(arg)
		if err != nil {
			return usagef("%s", err)
		}
		refs = append(refs, ref)
	}
	f, err := p.open(sys, args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	entry, err := one(f, args[0])
	if err != nil {
		return p.fail(sys, &diag.Files{}, err)
	}
	c, progress := client(sys, p.insecure)
	digest, err := c.Push(transfers, entry.Artifact, refs...)
	progress.clear()
	if err != nil {
		return p.failTransfer(sys, err)
	}
	var lines []string
	for _, ref := range refs {
		if line := registry.ByDigest(ref, digest) + "\n"; !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	out := []byte(strings.Join(lines, ""))
	if err := writeOutput(sys, "-", out, false); err != nil {
		return p.fail(sys, &diag.Files{}, err)
	}
	if p.imageRefs != "" {
		if err := writeOutput(sys, p.imageRefs, out, false); err != nil {
			return p.fail(sys, &diag.Files{}, err)
		}
	}
	return nil
}
