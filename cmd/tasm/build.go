package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tasm"
	"tasm/diag"
	"tasm/lint"
	"tasm/oci"
	"tasm/oci/content"
)

// build is the verb that makes outputs from sources.
type build struct {
	sourceOptions
	searchOptions
	output, format string
	tags           []string
	base           baseOption
	imageSize      string
	verbose, debug bool
}

func buildCommand() *command {
	b := &build{}
	c := &command{
		name:    "build",
		args:    "FILE",
		summary: "assemble a source into an executable, a flat binary or an image",
		about: []string{
			"Assembles FILE and writes one output. The output's name says what it is: .tar is a container image, .bin a flat binary, .o a relocatable object for a linker, no extension or .elf an executable (-f elf is the executable too; nasm's elf is elf32 here). Without -o the output is named after the source: hello.tasm becomes hello, hello.bin or hello.tar in the current directory. FILE can be - for standard input.",
			"An output is written whole or not at all. What is wrong with the source goes to standard error, and the summary of a build too, where that is a terminal.",
			"An image describes itself in the source, with the lines that begin with 'image'. It has no time of creation, unless the environment variable SOURCE_DATE_EPOCH says one, in seconds since 1970. Where the source gives no path and no command, the program has a name of one letter, and what nothing depends on is chosen so that the image is smallest.",
		},
		examples: []example{
			{"tasm build hello.tasm", "an executable named hello"},
			{"tasm build hello.tasm -o image.tar", "a container image; next: docker load -i image.tar"},
			{"tasm build hello.tasm -o hello.o", "an object of the target's format; next: ld hello.o -o hello"},
			{"tasm build boot.tasm -o boot.bin", "a flat binary, such as a boot sector"},
			{"tasm build -f image -o - hello.tasm | docker load", "an image straight into Docker"},
			{"tasm build --target linux/amd64 hello.tasm", "for another target that the source names"},
			{"tasm build -D debug=1 -I lib hello.tasm", "with a macro defined, and files from lib included"},
			{"tasm build --message-format json hello.tasm", "one JSON object for each message, for programs"},
		},
		run: b.run,
	}

	simple, layouts, advanced := c.group("Options"), c.group("Layout options"), c.group("Advanced options")
	simple.StringVarP(&b.output, "output", "o", "", "write to `FILE`; - is standard output")
	simple.VarP(newChoice(&b.format, "", formatNames()...), "format", "f", "kind of output, whatever its name is: elf, bin, image, object, or the `FORMAT` of an object by the name that it has in nasm: elf64, win64, macho64 and others")
	b.sourceOptions.register(simple, advanced)
	b.base.register(simple)
	advanced.Var(newChoice(&b.imageSize, oci.Portable.Name, profileNames()...), "image-size", "how much an image leaves out: portable is the smallest that every tool takes; "+profileSummaries())
	simple.Var(list{&b.tags, "NAME"}, "tag", "name of the image, instead of those in the source; may be repeated")
	simple.BoolVarP(&b.debug, "debug", "g", false, "add symbols and line numbers for debuggers, to objects and to executables as --layout plain lays them out")
	simple.BoolVarP(&b.verbose, "verbose", "v", false, "print the summary even where standard error is no terminal")
	b.searchOptions.register(layouts)
	return c
}

// product is what a build has made.
type product struct {
	data       []byte
	executable bool
	size       int // of the program, in bytes
	summary    string
	hosts      string        // who can run the program, and what it asks of them
	image      *content.File // instead of data, for an image on a base
}

func (b *build) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give one source file, not %d", len(args))
	}
	source := args[0]
	format, err := chooseFormat(b.format, b.output)
	if err != nil {
		return err
	}
	text, err := readSource(sys, source)
	if err != nil {
		return b.fail(sys, &diag.Files{}, err)
	}
	output := b.output
	if output == "" {
		if output, err = deriveOutput(source, format); err != nil {
			return err
		}
	}
	if err := b.checkUsage(source, output, format); err != nil {
		return err
	}

	made, files, messages := b.make(sys, source, text, output, format)
	if b.report(sys, files, messages) > 0 {
		return errReported
	}
	if err := b.checkSize(source, made.size); err != nil {
		return b.fail(sys, files, err)
	}
	if made.image != nil {
		defer made.image.Close()
		err = writeStream(sys, output, false, func(w io.Writer) error {
			return content.WriteArchive(w, made.image.Entries[0].Artifact, made.image.Entries[0].Names)
		})
	} else {
		err = writeOutput(sys, output, made.data, made.executable)
	}
	if err != nil {
		return b.failTransfer(sys, err)
	}
	if b.verbose || isTerminal(sys.stderr) {
		fmt.Fprintf(sys.stderr, "%s  %s\n", output, made.summary)
		if made.hosts != "" {
			fmt.Fprintf(sys.stderr, "  %s\n", made.hosts)
		}
	}
	return nil
}

// transports are what skopeo, podman and buildah write before the name of an image to
// say where it is (containers-transports(5)).
var transports = []string{"oci", "oci-archive", "docker", "docker-archive", "docker-daemon", "dir", "containers-storage", "ostree"}

// checkUsage finds options that contradict each other.
func (b *build) checkUsage(source, output string, f *format) error {
	if err := cmp.Or(b.sourceOptions.check(), b.searchOptions.check()); err != nil {
		return err
	}
	if b.base.from != "" && f != imageFormat {
		return usagef("--from is for images, and '%s' is %s; say -f image", output, f.about)
	}
	if b.debug && f == flatFormat {
		return usagef("-g is for executables and objects; a flat binary has no room for what it adds")
	}
	if len(b.tags) > 0 && f != imageFormat {
		return usagef("--tag names an image, and '%s' is %s; say -f image", output, f.about)
	}
	if prefix, rest, found := strings.Cut(output, ":"); found && slices.Contains(transports, prefix) {
		return usagef("'%s' names a file here, with no '%s:' before it: for an image write -o image.tar, and for a registry 'tasm push %s %s'", output, prefix, source, cmp.Or(strings.TrimLeft(rest, "/"), "NAME"))
	}
	in, err := os.Stat(source)
	if err != nil || !in.Mode().IsRegular() {
		return nil
	}
	if out, err := os.Stat(output); err == nil && os.SameFile(in, out) {
		return usagef("'%s' is the source itself; give the output another name", output)
	}
	return nil
}

// maxLooked is the largest source, in bytes, whose program is looked at for what it
// would do wrong.
const maxLooked = 1 << 18

// make builds the source and gives the result its format. There is no product
// where the messages hold an error.
func (b *build) make(sys *system, name string, text []byte, output string, f *format) (*product, *diag.Files, *diag.Bag) {
	opts := b.sourceOptions.options()
	opts.Format, opts.ObjectFormat = f.kind, f.object
	if b.debug {
		b.layout = plainLayout
		opts.Debug = debugInformation("dwarf", name, "tasm "+version())
	}
	looked := f.kind == tasm.Executable && len(text) <= maxLooked
	opts.Instructions = opts.Instructions || looked
	built, messages, early := b.searchOptions.build(sys, source(name, text), opts)
	if built.Bytes == nil {
		return nil, built.Files, messages
	}
	if looked {
		messages.Append(lint.Check(built.Program, built.Files))
	}
	summary := b.summary(built)
	if early {
		summary += "  ended early"
	}
	made := &product{data: built.Bytes, executable: f.executable, size: len(built.Bytes), summary: summary}
	if f.kind == tasm.Executable {
		made.hosts = asks(built.File)
	}
	if f == imageFormat {
		if name == "-" {
			name = output
		}
		made = b.makeImage(sys, built, name, made, messages)
	}
	return made, built.Files, messages
}

// makeImage makes the image of a program. It puts mistakes into messages.
func (b *build) makeImage(sys *system, built *tasm.Result, name string, of *product, messages *diag.Bag) *product {
	spec, said := describeImage(built.Program, name, b.tags, sys.getenv)
	messages.Append(said)
	if said.Errors() > 0 {
		return nil
	}
	made := &product{size: of.size, hosts: of.hosts, summary: strings.Join(spec.Tags, " ") + "  program " + of.summary}
	if b.base.from != "" {
		made.image = b.onBase(sys, spec, built.Bytes, messages)
		return made
	}
	for _, p := range oci.Profiles {
		if p.Name == b.imageSize {
			spec.profile = p
		}
	}
	img, archive, said := spec.build(built.Bytes)
	messages.Append(said)
	if img == nil {
		return nil
	}
	made.data = archive
	if digest, err := img.Digest(); err == nil {
		made.summary += fmt.Sprintf("  wire %d B  %s", img.Sizes().Wire(), digest)
	}
	return made
}

// onBase makes the image of a program on the base that --from names.
func (b *build) onBase(sys *system, spec *imageSpec, program []byte, messages *diag.Bag) *content.File {
	base, closer, err := b.base.open(sys, false)
	if err != nil {
		messages.Add(diag.Errorf(diag.Range{}, "%s", err))
		return nil
	}
	img, said := spec.pack(base, closer, program)
	messages.Append(said)
	return img
}

// summary says for people what was built.
func (b *build) summary(built *tasm.Result) string {
	size := int64(len(built.Bytes))
	switch {
	case built.File == nil:
		return fmt.Sprintf("%d B  %s", size, built.ObjectFormat.Name)
	case built.File.Report == nil:
		return fmt.Sprintf("%d B  flat", size)
	}
	known, program := "", int64(len(built.File.Bytes))
	switch r := built.File.Report; {
	case r.Optimal(program):
		known = "  optimal"
	case r.Space != "":
		known = fmt.Sprintf("  bound %d B", r.Bound)
	}
	return fmt.Sprintf("%d B  %s  %s%s", size, built.Program.Target, built.File.Report.Layout, known)
}

// isTerminal reports whether w is a terminal, or another device that is read
// as it is written.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
