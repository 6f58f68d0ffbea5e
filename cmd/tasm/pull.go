package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"tasm/diag"
	"tasm/oci/content"
	"tasm/oci/registry"
)

// pull is the verb that fetches an image from a registry.
type pull struct {
	sourceOptions
	output, platform string
	insecure         bool
}

func pullCommand() *command {
	p := &pull{}
	c := &command{
		args:    "REF",
		summary: "fetch an image from a registry into an archive or a folder",
		about: []string{
			"Fetches the image that REF names, [host/]name[:tag] or [host/]name@sha256:..., compares every part with its digest, and writes it as it is: to an archive if the output's name ends in .tar, to a folder with an OCI image layout if it ends in a slash or is a folder. Prints what the image is called by digest.",
			"An index, which has an image for each of several platforms, is fetched with all of them unless --platform says which.",
		},
		examples: []example{
			{"tasm pull registry.example/team/hello -o image.tar", "an archive that 'docker load' reads"},
			{"tasm pull busybox --platform linux/386 -o busybox/", "one platform's image as a layout folder"},
		},
		run: p.run,
	}
	simple := c.group("Options")
	simple.StringVarP(&p.output, "output", "o", "", "write to `FILE`, or to a folder; - is an archive on standard output")
	simple.StringVar(&p.platform, "platform", "", "fetch the image for one `PLATFORM`, such as linux/386")
	simple.BoolVar(&p.insecure, "insecure", false, insecureUsage)
	return c
}

func (p *pull) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give the name of one image, not %d", len(args))
	}
	ref, err := registry.Parse(args[0])
	if err != nil {
		return usagef("%s", err)
	}
	toFolder := isFolder(p.output)
	switch {
	case p.output == "":
		return usagef("say where the image goes with -o, for example: -o image.tar")
	case !toFolder && p.output != "-" && !strings.HasSuffix(p.output, ".tar"):
		return usagef("'%s' is neither an archive (.tar) nor a folder (with a slash at its end)", p.output)
	}
	c, progress := client(sys, p.insecure)
	err = p.fetch(sys, c, ref, toFolder)
	progress.clear()
	if err != nil {
		return p.failTransfer(sys, err)
	}
	return nil
}

// isFolder reports whether an output is a folder: it is one, or ends as one.
func isFolder(output string) bool {
	info, err := os.Stat(output)
	return strings.HasSuffix(output, "/") || err == nil && info.IsDir()
}

func (p *pull) fetch(sys *system, c *registry.Client, ref registry.Reference, toFolder bool) error {
	a, err := c.Pull(transfers, ref)
	if err != nil {
		return err
	}
	if p.platform != "" {
		img, err := content.SelectNamed(a, p.platform)
		if err != nil {
			return fmt.Errorf("can't pull %s: %w", registry.Name(ref), err)
		}
		a = img
	}
	digest, err := a.Digest()
	if err != nil {
		return err
	}
	if toFolder {
		err = writeLayout(p.output, a, registry.TagOf(ref))
	} else {
		err = writeStream(sys, p.output, false, func(w io.Writer) error { return content.WriteArchive(w, a, registry.TagOf(ref)) })
	}
	if err != nil || p.output == "-" {
		return err
	}
	return writeOutput(sys, "-", []byte(registry.ByDigest(ref, digest)+"\n"), false)
}

// writeLayout writes a layout folder, whole or not at all.
func writeLayout(dir string, a content.Artifact, names []string) error {
	replacing.Lock()
	defer replacing.Unlock()
	if err := content.WriteLayout(dir, a, names); err != nil {
		return fmt.Errorf("can't write '%s': %s", dir, diag.Reason(err))
	}
	return nil
}
