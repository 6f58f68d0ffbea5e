package main

import (
	"fmt"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/oci"
	"tasm/oci/content"
	"tasm/oci/launch"
)

// packager is the verb that makes an image of a program that exists.
type packager struct {
	sourceOptions
	metadataOptions
	base              baseOption
	output, platform  string
	insecure, verbose bool
}

func imageCommand() *command {
	p := &packager{}
	c := &command{
		args:    "PROGRAM [-- ARGUMENT...]",
		summary: "make an image of a program that exists already",
		about: []string{
			"Puts PROGRAM, an ELF executable or a script, into an image, alone or on a base image, with the ARGUMENTs as those that it is started with unless 'docker run' gives others. The image is for the platform of the program.",
			"What would keep it from starting is said at once and not by an engine later: a dynamic linker, a library or a shell that is not in the image, a program for another processor or system, a file that is no program. It is an error where no engine could start it, and a warning where one may.",
		},
		examples: []example{
			{"tasm image ./server -o image.tar", "a static program, alone"},
			{"tasm image --from registry.example/debian ./server -o image.tar", "one that needs the libraries of a base image"},
			{"tasm image ./server -o image.tar -- --port 80", "with arguments for the program"},
		},
		run: p.run,
	}
	simple := c.group("Options")
	simple.StringVarP(&p.output, "output", "o", "", "write to `FILE`: an archive (.tar), or a folder with an OCI image layout; - is an archive on standard output")
	p.base.register(simple)
	simple.StringVar(&p.platform, "platform", "", "make the image for `PLATFORM` instead of the program's, which must run there (linux/amd64 runs linux/386 too), or an index for several, with commas between them; of a script, choose the base image")
	simple.BoolVar(&p.insecure, "insecure", false, insecureUsage)
	simple.BoolVarP(&p.verbose, "verbose", "v", false, "print the summary even where standard error is no terminal")
	p.metadataOptions.register(c.group("Image options"))
	return c
}

func (p *packager) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give a program, for example: tasm image -o image.tar ./program")
	}
	if p.output == "" {
		return usagef("say where the image goes with -o, for example: tasm image %s -o image.tar", args[0])
	}
	if !isFolder(p.output) && p.output != "-" && !strings.HasSuffix(p.output, ".tar") {
		return usagef("'%s' is neither an archive (.tar) nor a folder (with a slash at its end)", p.output)
	}
	files := &diag.Files{}
	program, err := readInput(sys, args[0])
	if err != nil {
		return p.fail(sys, files, err)
	}
	platforms, err := p.platforms(program)
	if err != nil {
		return err
	}
	base, closer, err := p.base.open(sys, p.insecure)
	if err != nil {
		return p.failTransfer(sys, err)
	}
	defer closer.Close()
	made := &builtImage{}
	var children []oci.Child
	for _, platform := range platforms {
		spec, messages := p.describe(sys, args, platform)
		var img content.Artifact
		if messages.Errors() == 0 {
			var said *diag.Bag
			img, made.names, said = p.make(spec, base, program)
			messages.Append(said)
		}
		if len(children) > 0 { // told with the first
			messages = errorsOf(messages)
		}
		if p.report(sys, files, messages) > 0 || img == nil {
			return errReported
		}
		made.artifact = img
		children = append(children, oci.Child{Artifact: img, Platform: platform})
	}
	if len(children) > 1 {
		if made.artifact, err = p.profile().Index(children); err != nil {
			return p.fail(sys, files, err)
		}
	}
	if err := writeImage(sys, p.output, made); err != nil {
		return p.failTransfer(sys, err)
	}
	if digest, err := made.artifact.Digest(); err == nil && (p.verbose || isTerminal(sys.stderr)) {
		fmt.Fprintf(sys.stderr, "%s  %s  program %d B  %s\n", p.output, strings.Join(made.names, " "), len(program), digest)
	}
	return nil
}

// errorsOf leaves the errors.
func errorsOf(messages *diag.Bag) *diag.Bag {
	out := &diag.Bag{}
	for _, m := range messages.Messages() {
		if m.Severity == diag.Error {
			out.Add(m)
		}
	}
	return out
}

// platforms returns those that the image is for: the program's, unless others were
// asked for on which it runs.
func (p *packager) platforms(program []byte) ([]oci.Platform, error) {
	arch := launch.Read(program).Arch
	if p.platform == "" {
		if arch == "" {
			arch = "amd64"
		}
		return []oci.Platform{{OS: "linux", Architecture: arch}}, nil
	}
	var out []oci.Platform
	for name := range strings.SplitSeq(p.platform, ",") {
		platform, err := oci.ParsePlatform(name)
		switch {
		case err != nil:
			return nil, usagef("--platform: %s", err)
		case arch != "" && (platform.OS != "linux" || !launch.Runs(platform.Architecture, arch)):
			return nil, usagef("--platform %s: the program is for linux/%s, which is not run there", name, arch)
		case slices.Contains(out, platform):
			return nil, usagef("--platform names %s twice", name)
		}
		out = append(out, platform)
	}
	return out, nil
}

// describe makes the description of the image.
func (p *packager) describe(sys *system, args []string, platform oci.Platform) (*imageSpec, *diag.Bag) {
	s := &imageSpec{profile: p.profile(), layers: &p.layers, arguments: map[string][]diag.Range{}}
	messages := s.fill(&p.metadataOptions, nil)
	if len(args) > 1 {
		s.Cmd = args[1:]
	}
	if len(s.Tags) == 0 {
		s.Tags = []string{defaultTag(args[0])}
	}
	if s.Path == "" {
		s.Path = s.NamedPath()
	}
	s.Platform = platform
	messages.Append(s.complete(&p.metadataOptions, sys.getenv))
	return s, messages
}

// make makes the image, alone or on a base, and says what keeps it from
// starting.
func (p *packager) make(s *imageSpec, base content.Artifact, program []byte) (content.Artifact, []string, *diag.Bag) {
	if read := launch.Read(program); read.Wrong != "" {
		messages := &diag.Bag{}
		messages.Add(diag.Errorf(diag.Range{}, "the program can't be started: %s", read.Wrong).Notef("%s", read.Cure))
		return nil, nil, messages
	}
	if base != nil {
		img, said := s.buildOn(base, program)
		if img == nil {
			return nil, nil, said
		}
		return img, img.Tags, said
	}
	img, said := s.buildChecked(program)
	if img == nil {
		return nil, nil, said
	}
	return img, img.Tags(), said
}
