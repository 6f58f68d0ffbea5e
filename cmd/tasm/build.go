package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tasm"
	"tasm/diag"
	"tasm/object/objfile"
	"tasm/oci/content"
)

// build is the verb that makes outputs from sources.
type build struct {
	imageOptions
	output, format string
	verbose        bool
}

func buildCommand() *command {
	b := &build{}
	c := &command{
		args:    "FILE ...",
		summary: "assemble a source into an executable, a flat binary or an image",
		about: []string{
			"Assembles FILE and writes one output. The output's name says what it is: .tar is a container image, a slash at its end a folder with one, .bin a flat binary, .o a relocatable object for a linker, no extension or .elf an executable (-f elf is the executable too; nasm's elf is elf32 here). Without -o the output is named after the source: hello.tasm becomes hello, hello.bin or hello.tar in the current directory. FILE can be - for standard input.",
			"Of several sources each is assembled by itself, and all become one executable or image, named after the first: what one declares EXTERN is what another declares GLOBAL. ELF objects and static archives (.o, .a) may stand among them. No linker is needed.",
			"An output is written whole or not at all. What is wrong with the source goes to standard error, and the summary of a build too, where that is a terminal.",
			"An image describes itself in the source, with the lines that begin with 'image'. It has no time of creation, unless the environment variable SOURCE_DATE_EPOCH says one, in seconds since 1970. Where the source gives no path and no command, the program has a name of one letter, and what nothing depends on is chosen so that the image is smallest.",
		},
		examples: []example{
			{"tasm build hello.tasm", "an executable named hello"},
			{"tasm build hello.tasm -o image.tar", "a container image; next: docker load -i image.tar"},
			{"tasm build hello.tasm -o hello.o", "an object of the target's format; next: ld hello.o -o hello"},
			{"tasm build boot.tasm -o boot.bin", "a flat binary, such as a boot sector"},
			{"tasm build main.tasm print.tasm -o hello", "an executable from two sources, without a linker"},
			{"tasm build -f image -o - hello.tasm | docker load", "an image straight into Docker"},
			{"tasm build --target linux/amd64 hello.tasm", "for another target that the source names"},
			{"tasm build -D debug=1 -I lib hello.tasm", "with a macro defined, and files from lib included"},
			{"tasm build --message-format json hello.tasm", "one JSON object for each message, for programs"},
		},
		run: b.run,
	}

	simple, images, layouts, advanced := c.group("Options"), c.group("Image options"), c.group("Layout options"), c.group("Advanced options")
	simple.StringVarP(&b.output, "output", "o", "", "write to `FILE`, or an image to a folder with an OCI image layout if a slash is at its end; - is standard output. {arch} in the name of an image makes one file for each platform")
	simple.VarP(newChoice(&b.format, "", formatNames()...), "format", "f", "kind of output, whatever its name is: elf, bin, image, object, or the `FORMAT` of an object by the name that it has in nasm: elf64, win64, macho64 and others")
	b.registerIn(simple, images, layouts, advanced)
	simple.BoolVar(&b.insecure, "insecure", false, insecureUsage)
	simple.BoolVarP(&b.debug, "debug", "g", false, "add symbols and line numbers for debuggers, to objects and to executables as --layout plain lays them out; for another --layout they go into a file beside the executable, NAME.debug")
	registerWatch(simple)
	simple.BoolVarP(&b.verbose, "verbose", "v", false, "print the summary even where standard error is no terminal")
	return c
}

// product is what a build has made, but for images.
type product struct {
	sidecar    []byte // what debuggers read, where it has a file of its own
	data       []byte
	executable bool
	summary    string
	hosts      string // who can run the program, and what it asks of them
}

func (b *build) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give a source file")
	}
	b.told = b.verbose || isTerminal(sys.stderr)
	source := args[0]
	format, err := chooseFormat(b.format, b.output)
	if err != nil {
		return err
	}
	text, err := readPart(sys, source)
	if err != nil {
		return b.fail(sys, &diag.Files{}, err)
	}
	output := b.output
	if output == "" {
		if output, err = deriveOutput(source, format); err != nil {
			return err
		}
	}
	for _, name := range args {
		if err := b.checkUsage(name, output, format); err != nil {
			return err
		}
	}
	if err := b.readOthers(sys, args, text, format); err != nil {
		return err
	}

	if format == imageFormat {
		return b.images(sys, source, text, output)
	}
	made, files, messages := b.make(sys, source, text, format)
	if b.report(sys, files, messages) > 0 {
		return errReported
	}
	if err := b.checkSize(source, len(made.data)); err != nil {
		return b.fail(sys, files, err)
	}
	if err := writeOutput(sys, output, made.data, made.executable); err != nil {
		return b.failTransfer(sys, err)
	}
	if made.sidecar != nil && output != "-" {
		if err := writeOutput(sys, output+".debug", made.sidecar, false); err != nil {
			return b.failTransfer(sys, err)
		}
	}
	b.tell(sys, output, made.summary, made.hosts)
	return nil
}

// readOthers reads the sources and objects behind the first, whose text is given.
func (b *build) readOthers(sys *system, args []string, first []byte, f *format) error {
	if (len(args) > 1 || objfile.Is(first)) && f.kind != tasm.Executable {
		return usagef("several sources or objects make an executable or an image, and '%s' is %s; assemble them one by one", cmp.Or(b.output, "-f "+f.name), f.about)
	}
	b.others = nil
	for i, name := range args[1:] {
		if slices.Contains(args[:i+1], name) {
			return usagef("'%s' is given twice", name)
		}
		text, err := readPart(sys, name)
		if err != nil {
			return b.fail(sys, &diag.Files{}, err)
		}
		b.others = append(b.others, newSource(name, text))
	}
	return nil
}

// tell prints the summary of a build.
func (b *build) tell(sys *system, output, summary string, hosts ...string) {
	if !b.told { // nothing is to be told
		return
	}
	fmt.Fprintf(sys.stderr, "%s  %s\n", output, summary)
	for _, h := range hosts {
		if h != "" {
			fmt.Fprintf(sys.stderr, "  %s\n", h)
		}
	}
}

// archPlace is what stands for the architecture in the name of an output that is to
// be one file for each platform.
const archPlace = "{arch}"

// images builds an image or an index, or several images in files of their own.
func (b *build) images(sys *system, source string, text []byte, output string) error {
	if !strings.Contains(output, archPlace) {
		return b.image(sys, source, text, output)
	}
	if b.platform == "" {
		b.platform = allTargets
	}
	variants, err := b.variants(source, text)
	if err != nil {
		return err
	}
	for _, v := range variants {
		b.platform = v.platform.String()
		if v.platform.OS == "" { // the source has mistakes
			b.platform = ""
		}
		if err := b.image(sys, source, text, strings.ReplaceAll(output, archPlace, v.platform.Architecture)); err != nil {
			return err
		}
	}
	return nil
}

// image builds an image or an index into one file or folder.
func (b *build) image(sys *system, source string, text []byte, output string) error {
	shown := source
	if source == "-" {
		shown = strings.TrimRight(output, "/")
	}
	made, err := b.buildImage(sys, source, text, shown)
	if err != nil {
		return err
	}
	defer made.closer.Close()
	if err := writeImage(sys, output, made); err != nil {
		return b.failTransfer(sys, err)
	}
	b.tell(sys, output, made.summary, made.hosts...)
	return nil
}

// writeImage writes an image to an archive or a layout folder.
func writeImage(sys *system, output string, made *builtImage) error {
	if isFolder(output) {
		return writeLayout(output, made.artifact, made.names)
	}
	return writeStream(sys, output, false, func(w io.Writer) error {
		if made.single != nil {
			return made.single.WriteArchive(w)
		}
		return content.WriteArchive(w, made.artifact, made.names)
	})
}

// transports are what skopeo, podman and buildah write before the name of an image to
// say where it is (containers-transports(5)).
var transports = []string{"oci", "oci-archive", "docker", "docker-archive", "docker-daemon", "dir", "containers-storage", "ostree"}

// imageOption returns the name of an option that only an image can follow, "" if none
// was given.
func (b *build) imageOption() string {
	switch {
	case b.base.from != "":
		return "from"
	case b.platform != "":
		return "platform"
	}
	return b.given()
}

// checkOutputName refuses names that other tools take for those of images: a colon makes
// one, unless it is behind the letter of a drive or a folder is named before it.
func checkOutputName(source, output string) error {
	prefix, rest, found := strings.Cut(output, ":")
	switch {
	case !found || len(prefix) < 2 || filepath.IsAbs(output) || strings.HasPrefix(output, "."):
		return nil
	case slices.Contains(transports, prefix):
		return usagef("'%s' names a file here, with no '%s:' before it: for an image write -o image.tar, and for a registry 'tasm push %s %s'", output, prefix, source, cmp.Or(strings.TrimLeft(rest, "/"), "NAME"))
	case strings.HasPrefix(rest, "//"):
		return usagef("'%s' is an address, and -o names a file: for an image write -o image.tar, and for a registry 'tasm push %s %s'", output, source, cmp.Or(strings.TrimLeft(rest, "/"), "NAME"))
	}
	return usagef("'%s' is the name of an image to most tools, and -o names a file: for a registry write 'tasm push %s %s', and for a file of that name -o './%s'", output, source, output, output)
}

// checkUsage finds options that contradict each other.
func (b *build) checkUsage(source, output string, f *format) error {
	if err := cmp.Or(b.sourceOptions.check(), b.searchOptions.check()); err != nil {
		return err
	}
	if option := b.imageOption(); option != "" && f != imageFormat {
		return usagef("--%s is for images, and '%s' is %s; say -f image", option, output, f.about)
	}
	if b.debug && f == flatFormat {
		return usagef("-g is for executables and objects; a flat binary has no room for what it adds")
	}
	if err := checkOutputName(source, output); err != nil {
		return err
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

// make builds the source and gives the result its format. There is no product
// where the messages hold an error.
func (b *build) make(sys *system, name string, text []byte, f *format) (*product, *diag.Files, *diag.Bag) {
	opts := b.sourceOptions.options()
	opts.Format, opts.ObjectFormat = f.kind, f.object
	built, messages, early := b.buildProgram(sys, name, text, opts)
	if built.Bytes == nil {
		return nil, built.Files, messages
	}
	made := &product{data: built.Bytes, executable: f.executable, summary: summary(built)}
	if early {
		made.summary += "  ended early"
	}
	if f.kind == tasm.Executable {
		made.hosts = asks(built.File, b.findCure(sys, built).cost(built.File, 0))
		if b.sidecar() {
			made.sidecar = built.Sidecar(name, debugInformation("dwarf", name, "", "tasm "+version()))
			if made.sidecar == nil {
				messages.Add(diag.Warningf("other", diag.Range{}, "there is nothing for debuggers: the layout has written the program anew, so no byte of it comes from a line of the source").
					Notef("layout pack keeps the instructions as they are written"))
			}
		}
	}
	return made, built.Files, messages
}

// summary says for people what was built.
func summary(built *tasm.Result) string {
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
	if built.Cached {
		known += "  cached"
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
