package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"tasm"
	"tasm/diag"
	"tasm/layout"
	"tasm/lint"
	"tasm/linux"
	"tasm/oci"
	"tasm/oci/content"
	"tasm/oci/launch"
)

// The image of a source is for one platform, or an index with an image for each of
// several. The program of an image is the one for its platform, or, where the
// source is not for that one, a program that such systems run too.

// builtImage is an image or index that was built of a source.
type builtImage struct {
	artifact content.Artifact
	single   *oci.Image // the artifact, where it is an image of the program alone
	names    []string
	closer   io.Closer // ends the reading of a base
	summary  string
	hosts    []string // who can run the programs
}

// variant is one image that is to be built.
type variant struct {
	platform oci.Platform
	target   string // of the program; "" is the first that the source names
}

// allTargets is the value of --platform for all that the source names.
const allTargets = "all"

// variants returns the images that --platform asks for.
func (o *imageOptions) variants(name string, text []byte) ([]variant, error) {
	if o.platform == "" {
		return []variant{{target: o.target}}, nil
	}
	if o.target != "" {
		return nil, usagef("--platform and --target both say what to build for; give one of them")
	}
	r, _ := tasm.Assemble(newSource(name, text), o.options())
	if r.Program == nil {
		return []variant{{}}, nil // the build tells of the mistakes
	}
	wanted := strings.Split(o.platform, ",")
	if o.platform == allTargets {
		wanted = r.Program.Targets
	}
	var out []variant
	for _, w := range wanted {
		v, err := chooseVariant(w, r.Program.Targets)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, v) {
			return nil, usagef("--platform names %s twice", w)
		}
		out = append(out, v)
	}
	return out, nil
}

// chooseVariant finds the program for a platform among those that the source is for.
func chooseVariant(platform string, targets []string) (variant, error) {
	p, err := oci.ParsePlatform(platform)
	if err != nil {
		return variant{}, usagef("--platform %s: %s", platform, err)
	}
	for _, exact := range []bool{true, false} {
		for _, name := range targets {
			t, _ := linux.TargetFor(name)
			if t.OS == p.OS && (t.Arch == p.Architecture || !exact && launch.Runs(p.Architecture, t.Arch)) {
				return variant{p, name}, nil
			}
		}
	}
	return variant{}, usagef("--platform %s: the source is for %s, which is not run there", platform, strings.Join(targets, ", "))
}

// program is a built program of an image, with what is told of it.
type builtProgram struct {
	*tasm.Result
	early bool
}

// sidecar reports whether debug information has to go into a file of its own, as the
// user wants a layout that has no room for it.
func (o *imageOptions) sidecar() bool {
	return o.debug && o.layoutSet() && o.layout != plainLayout
}

// buildProgram builds the program of a source. It reports whether the search for a
// smaller one was ended early.
func (o *imageOptions) buildProgram(sys *system, name string, text []byte, opts tasm.Options) (*tasm.Result, *diag.Bag, bool) {
	if o.debug && !o.sidecar() {
		o.layout = plainLayout
		opts.Debug = debugInformation("", name, strings.TrimSuffix(name, filepath.Ext(name))+".o", "tasm "+version())
	}
	looked := opts.Format == tasm.Executable && len(text) <= lint.MaxSource
	opts.Instructions = opts.Instructions || looked
	built, messages, early := o.searchOptions.build(sys, newSource(name, text), opts)
	if looked && built.Bytes != nil {
		messages.Append(lint.Check(built.Program, built.Files))
	}
	return built, messages, early
}

// buildImage builds a source and makes its image. shown is what the image is named
// after where the source has no name for it. It has told of mistakes when it fails.
func (o *imageOptions) buildImage(sys *system, name string, text []byte, shown string) (*builtImage, error) {
	variants, err := o.variants(name, text)
	if err != nil {
		return nil, err
	}
	base, closer, err := o.base.open(sys, o.insecure)
	if err != nil {
		return nil, o.failTransfer(sys, err)
	}
	c := &composition{imageOptions: o, sys: sys, base: base, built: map[string]builtProgram{}, out: &builtImage{closer: closer}}
	for _, v := range variants {
		if err := c.add(v, name, text, shown); err != nil {
			closer.Close()
			return nil, err
		}
	}
	if err := c.finish(); err != nil {
		closer.Close()
		return nil, o.fail(sys, &diag.Files{}, err)
	}
	return c.out, nil
}

// composition is an image or index that is being made.
type composition struct {
	*imageOptions
	sys      *system
	base     content.Artifact
	built    map[string]builtProgram // by target
	spec     *imageSpec              // of the last image
	told     []diag.Message
	children []oci.Child
	tags     []string // as the source or the command line has them
	parts    []string // of the summary
	out      *builtImage
}

// add builds one image.
func (c *composition) add(v variant, name string, text []byte, shown string) error {
	built, again := c.built[v.target]
	messages := &diag.Bag{}
	if !again {
		opts := c.options()
		opts.Target = v.target
		built.Result, messages, built.early = c.buildProgram(c.sys, name, text, opts)
		c.built[v.target] = built
	}
	var img content.Artifact
	if built.Bytes != nil {
		img = c.image(v, built, shown, messages)
	}
	if c.report(c.sys, built.Files, c.news(messages)) > 0 || img == nil {
		return errReported
	}
	if err := c.checkSize(name, len(built.Bytes)); err != nil {
		return c.fail(c.sys, built.Files, err)
	}
	if !again {
		c.out.hosts = append(c.out.hosts, asks(built.File, c.cost(built.Result)))
	}
	return nil
}

// cost says what an image costs whose program runs everywhere.
func (c *composition) cost(built *tasm.Result) string {
	found := c.findCure(c.sys, built)
	if found == nil || c.spec == nil || c.base != nil {
		return found.cost(built.File, 0)
	}
	now, _ := c.spec.build(c.inImage(built, built.File))
	then, _ := c.spec.build(c.inImage(built, found.file))
	if now == nil || then == nil {
		return found.cost(built.File, 0)
	}
	return found.cost(built.File, then.Sizes().Wire()-now.Sizes().Wire())
}

// inImage returns the bytes of a file of the program that stand in an image: where they
// were made for debuggers, as these read them.
func (c *composition) inImage(built *tasm.Result, file *layout.File) []byte {
	if c.debug {
		return built.Bytes
	}
	return built.ForImage(file, c.limits())
}

// news leaves out what an image before this one was told of too.
func (c *composition) news(messages *diag.Bag) *diag.Bag {
	out := &diag.Bag{MaxErrors: -1} // has been cut already
	for _, m := range messages.Messages() {
		if !slices.ContainsFunc(c.told, func(old diag.Message) bool { return old.Range == m.Range && old.Text == m.Text }) {
			c.told = append(c.told, *m)
			out.Add(m)
		}
	}
	return out
}

// image makes an image of a program and adds it to the index.
func (c *composition) image(v variant, built builtProgram, shown string, messages *diag.Bag) content.Artifact {
	spec, said := c.describe(built.Program, shown, c.sys.getenv)
	messages.Append(said)
	if said.Errors() > 0 {
		return nil
	}
	if v.platform.OS != "" {
		spec.Platform = v.platform
	}
	c.spec = spec
	var child oci.Child
	if c.base == nil {
		img, said := spec.build(c.inImage(built.Result, built.File))
		messages.Append(said)
		if img == nil {
			return nil
		}
		c.out.single, child.Artifact, c.out.names = img, img, img.Tags()
	} else {
		img, said := spec.buildOn(c.base, c.inImage(built.Result, built.File))
		messages.Append(said)
		if img == nil {
			return nil
		}
		child.Artifact, c.out.names = img, img.Tags
	}
	child.Platform, c.tags = spec.Platform, spec.Tags
	c.children = append(c.children, child)
	part := "program " + summary(built.Result)
	if built.early {
		part += "  ended early"
	}
	if child.Platform.String() != built.Program.Target {
		part += "  for " + child.Platform.String()
	}
	if n, err := oci.WireSize(child.Artifact); err == nil {
		part += fmt.Sprintf("  wire %d B", n)
	}
	c.parts = append(c.parts, part)
	return child.Artifact
}

// warnedOf386 tells of engines that take a 32-bit image on a 64-bit machine for a mistake.
const warnedOf386 = "podman and buildah warn of linux/386 on 64-bit machines: --platform linux/amd64 (+2 B on the wire)"

// finish makes what is built of the images: the only one, or an index of all.
func (c *composition) finish() error {
	separator := "  "
	c.out.artifact = c.children[0].Artifact
	if len(c.children) > 1 {
		index, err := c.profile().Index(c.children)
		if err != nil {
			return err
		}
		size, err := index.Size()
		if err != nil {
			return err
		}
		c.out.artifact, c.out.single, separator = index, nil, "\n  "
		c.parts = append(c.parts, fmt.Sprintf("index of %d platforms  %d B", len(c.children), size))
	}
	digest, err := c.out.artifact.Digest()
	if err != nil {
		return err
	}
	if c.base == nil && !slices.ContainsFunc(c.children, func(child oci.Child) bool { return child.Platform.Architecture != "386" }) {
		c.out.hosts = append(c.out.hosts, warnedOf386)
	}
	c.out.summary = strings.Join(c.tags, " ")
	c.out.summary += separator + strings.Join(c.parts, separator) + "  " + digest.String()
	return nil
}
