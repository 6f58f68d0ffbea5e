package main

import (
	"fmt"
	"io"
	"strings"

	"tasm/diag"
	"tasm/oci"
	"tasm/oci/content"
	"tasm/oci/launch"
	"tasm/oci/rootfs"
)

// packager is the verb that makes an image of a program that exists.
type packager struct {
	sourceOptions
	base                                  baseOption
	output, path, user, workdir, platform string
	tags, env, labels                     []string
	insecure, verbose                     bool
}

func imageCommand() *command {
	p := &packager{}
	c := &command{
		name:    "image",
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
	simple.Var(list{&p.tags, "NAME"}, "tag", "name of the image; the default is the program's; may be repeated")
	simple.StringVar(&p.path, "path", "", "the program's `PATH` in the image; the default is /NAME, after the tag")
	simple.Var(list{&p.env, "NAME=VALUE"}, "env", "set a variable of the environment; may be repeated")
	simple.Var(list{&p.labels, "NAME=VALUE"}, "label", "set a label; may be repeated")
	simple.StringVar(&p.user, "user", "", "run as `UID[:GID]`")
	simple.StringVar(&p.workdir, "workdir", "", "run in the folder `PATH`")
	simple.StringVar(&p.platform, "platform", "", "choose a base image for `PLATFORM`, where the program is a script")
	simple.BoolVar(&p.insecure, "insecure", false, insecureUsage)
	simple.BoolVarP(&p.verbose, "verbose", "v", false, "print the summary even where standard error is no terminal")
	return c
}

func (p *packager) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give a program, for example: tasm image -o image.tar ./program")
	}
	if p.output == "" {
		return usagef("say where the image goes with -o, for example: tasm image %s -o image.tar", args[0])
	}
	toFolder := isFolder(p.output)
	if !toFolder && p.output != "-" && !strings.HasSuffix(p.output, ".tar") {
		return usagef("'%s' is neither an archive (.tar) nor a folder (with a slash at its end)", p.output)
	}
	for _, l := range p.labels {
		if !strings.Contains(l, "=") {
			return usagef("--label %s: a label has a name and a value, NAME=VALUE", l)
		}
	}
	files := &diag.Files{}
	program, err := readInput(sys, args[0])
	if err != nil {
		return p.fail(sys, files, err)
	}
	spec, err := p.describe(sys, args, program)
	if err != nil {
		return err
	}
	base, closer, err := p.base.open(sys, p.insecure)
	if err != nil {
		return p.failTransfer(sys, err)
	}
	defer closer.Close()
	img, names, messages := p.make(spec, base, program)
	if p.report(sys, files, messages) > 0 {
		return errReported
	}
	if toFolder {
		err = writeLayout(p.output, img, names)
	} else {
		err = writeStream(sys, p.output, false, func(w io.Writer) error { return content.WriteArchive(w, img, names) })
	}
	if err != nil {
		return p.failTransfer(sys, err)
	}
	if digest, err := img.Digest(); err == nil && (p.verbose || isTerminal(sys.stderr)) {
		fmt.Fprintf(sys.stderr, "%s  %s  program %s B  %s\n", p.output, strings.Join(names, " "), fmt.Sprint(len(program)), digest)
	}
	return nil
}

// describe makes the description of the image.
func (p *packager) describe(sys *system, args []string, program []byte) (*imageSpec, error) {
	s := &imageSpec{profile: oci.Portable}
	s.Tags, s.Path, s.User, s.WorkingDir, s.Env, s.Cmd = p.tags, p.path, p.user, p.workdir, p.env, args[1:]
	if len(s.Tags) == 0 {
		s.Tags = []string{defaultTag(args[0])}
	}
	if s.Path == "" {
		s.Path = s.NamedPath()
	}
	addLabels(&s.Spec, p.labels)
	var err error
	if s.Created, err = oci.CreatedFromEnv(sys.getenv); err != nil {
		return nil, p.fail(sys, &diag.Files{}, err)
	}
	arch := launch.Read(program).Arch
	s.Platform = oci.Platform{OS: "linux", Architecture: arch}
	if arch == "" {
		s.Platform.Architecture = "amd64"
		if p.platform != "" {
			system, machine, _ := strings.Cut(p.platform, "/")
			s.Platform = oci.Platform{OS: system, Architecture: machine}
		}
	}
	return s, nil
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
	img, err := oci.Build(s.Spec, program)
	if err != nil {
		return nil, nil, s.mistakes(err)
	}
	tree := rootfs.New()
	tree.Put(img.Path(), 0o755, program)
	said, err := obstacles(tree, img)
	if err != nil {
		return nil, nil, s.mistakes(err)
	}
	return img, img.Tags(), said
}
