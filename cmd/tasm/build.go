package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/linux"
	"tasm/program"
)

// build is the verb that makes outputs from sources.
type build struct {
	output, format, layout, target string
	tags                           []string
	include, define                []string
	warnings                       diag.Warnings
	style, color                   string
	maxErrors                      int
	verbose                        bool
}

func buildCommand() *command {
	b := &build{}
	c := &command{
		name:    "build",
		args:    "FILE",
		summary: "assemble a source into an executable, a flat binary or an image",
		about: []string{
			"Assembles FILE and writes one output. The output's name says what it is: .tar is a container image, .bin a flat binary, no extension or .elf an executable. Without -o the output is named after the source: hello.tasm becomes hello, hello.bin or hello.tar in the current directory. FILE can be - for standard input.",
			"An output is written whole or not at all. What is wrong with the source goes to standard error, and the summary of a build too, where that is a terminal.",
			"An image describes itself in the source, with the lines that begin with 'image'. Its time of creation is 1970-01-01, or what the environment variable SOURCE_DATE_EPOCH says, in seconds since then.",
		},
		examples: []example{
			{"tasm build hello.tasm", "an executable named hello"},
			{"tasm build hello.tasm -o image.tar", "a container image; next: docker load -i image.tar"},
			{"tasm build boot.tasm -o boot.bin", "a flat binary, such as a boot sector"},
			{"tasm build -f image -o - hello.tasm | docker load", "an image straight into Docker"},
			{"tasm build --target linux/amd64 hello.tasm", "for another target that the source names"},
			{"tasm build -D debug=1 -I lib hello.tasm", "with a macro defined, and files from lib included"},
			{"tasm build --message-format json hello.tasm", "one JSON object for each message, for programs"},
		},
		run: b.run,
	}

	simple := c.group("Options")
	simple.StringVarP(&b.output, "output", "o", "", "write to `FILE`; - is standard output")
	simple.VarP(newChoice(&b.format, "", formatNames()...), "format", "f", "kind of output, whatever its name is")
	simple.Var(newChoice(&b.target, "", targetNames()...), "target", "system to build for; the default is the first one that the source names")
	simple.Var(list{&b.tags, "NAME"}, "tag", "name of the image, instead of those in the source; may be repeated")
	simple.BoolVarP(&b.verbose, "verbose", "v", false, "print the summary even where standard error is no terminal")

	advanced := c.group("Advanced options")
	advanced.Var(layoutOption{newChoice(&b.layout, layout.Strategies[0].Name, layoutNames()...)}, "layout", "how an executable is laid out: "+layoutSummaries())
	advanced.VarP(list{&b.include, "DIR"}, "include", "I", "look for included files in `DIR` too; may be repeated")
	advanced.VarP(list{&b.define, "NAME[=VALUE]"}, "define", "D", "define a macro before the source is read; may be repeated")
	advanced.VarP(warningOption{&b.warnings}, "warning", "w", "show (+CLASS), hide (-CLASS) or make errors of (error=CLASS) a class of warnings; each warning ends with its class, and all is every class")
	advanced.VarP(warningOption{&b.warnings}, "Warning", "W", "the same as -w, in the other spelling of nasm: CLASS, no-CLASS, error=CLASS")
	advanced.VarP(newChoice(&b.style, "human", "human", "short", "gnu", "json"), "message-format", "X", "how messages look; short (also called gnu) is one line each")
	advanced.Var(newChoice(&b.color, "auto", "auto", "always", "never"), "color", "when messages are coloured; auto is on a terminal, unless NO_COLOR is set")
	advanced.IntVar(&b.maxErrors, "max-errors", 50, "show `N` errors at most; 0 is all")
	return c
}

func targetNames() []string {
	var names []string
	for _, t := range linux.Targets() {
		names = append(names, t.String())
	}
	return names
}

func layoutNames() []string {
	var names []string
	for _, s := range layout.Strategies {
		names = append(names, s.Name)
	}
	return names
}

func layoutSummaries() string {
	var all []string
	for _, s := range layout.Strategies {
		all = append(all, s.Name+" is "+s.Summary)
	}
	return strings.Join(all, "; ")
}

// laterLayouts are names that are taken for layouts of later versions.
var laterLayouts = []string{}

// layoutOption is the value of --layout.
type layoutOption struct{ *choice }

func (o layoutOption) Set(s string) error {
	if slices.Contains(laterLayouts, s) {
		return fmt.Errorf("this version of tasm has no layout '%s' yet, only %s", s, strings.Join(layoutNames(), ", "))
	}
	return o.choice.Set(s)
}

// warningOption is the value of -w and -W.
type warningOption struct{ warnings *diag.Warnings }

func (warningOption) String() string       { return "" }
func (warningOption) Type() string         { return "CLASS" }
func (o warningOption) Set(s string) error { return o.warnings.Set(s) }

var _ pflag.Value = warningOption{}

// product is what a build has made.
type product struct {
	data       []byte
	executable bool
	summary    string
}

func (b *build) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give one source file, not %d", len(args))
	}
	files, messages := &diag.Files{}, &diag.Bag{}
	source := args[0]
	format, err := chooseFormat(b.format, b.output)
	if err != nil {
		return err
	}
	text, err := readSource(sys, source)
	if err != nil {
		return b.fail(sys, files, err)
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

	made := b.make(sys, files, files.Add(source, text), output, format, messages)
	if b.report(sys, files, messages) > 0 {
		return errReported
	}
	if err := writeOutput(sys, output, made.data, made.executable); err != nil {
		return b.fail(sys, files, err)
	}
	if b.verbose || isTerminal(sys.stderr) {
		fmt.Fprintf(sys.stderr, "%s  %s\n", output, made.summary)
	}
	return nil
}

// checkUsage finds options that contradict each other.
func (b *build) checkUsage(source, output string, f *format) error {
	if b.maxErrors < 0 {
		return usagef("--max-errors is %d: it can't be negative", b.maxErrors)
	}
	if len(b.tags) > 0 && f != imageFormat {
		return usagef("--tag names an image, and '%s' is %s; say -f image", output, f.about)
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

// make assembles the source and gives the result its format. It puts mistakes
// into messages.
func (b *build) make(sys *system, files *diag.Files, source diag.FileID, output string, f *format, messages *diag.Bag) *product {
	p, said := assembler.Assemble(files, source, assembler.Options{
		Target:       b.target,
		Flat:         f == flatFormat,
		Instructions: f != flatFormat && b.layout != "plain",
		IncludeDirs:  b.include,
		Defines:      b.define,
		ReadFile:     readFile,
	})
	messages.Append(said)
	if p == nil {
		return nil
	}
	place, _ := layout.ByName(b.layout)
	if f == flatFormat {
		place = layout.Flat
	}
	file, said := place(p, layout.Options{})
	messages.Append(said)
	if file == nil {
		return nil
	}
	if f != imageFormat {
		return &product{file.Bytes, f.executable, b.summary(p, f, file)}
	}

	name := files.Name(source)
	if name == "-" {
		name = output
	}
	spec, said := describeImage(p, name, b.tags, sys.getenv)
	messages.Append(said)
	if said.Errors() > 0 {
		return nil
	}
	img, archive, said := spec.build(file.Bytes)
	messages.Append(said)
	if img == nil {
		return nil
	}
	return &product{archive, false, strings.Join(spec.Tags, " ") + "  program " + b.summary(p, f, file)}
}

// fail shows an error that is about no place in a source.
func (b *build) fail(sys *system, files *diag.Files, err error) error {
	messages := &diag.Bag{}
	messages.Add(diag.Errorf(diag.Range{}, "%s", err))
	b.report(sys, files, messages)
	return errReported
}

// report shows messages and returns how many of them are errors.
func (b *build) report(sys *system, files *diag.Files, messages *diag.Bag) int {
	all := b.warnings.Apply(messages.Messages())
	errors := 0
	for _, m := range all {
		if m.Severity == diag.Error {
			errors++
		}
	}
	shown := diag.Limit(all, b.maxErrors)
	switch b.style {
	case "json":
		diag.JSON(sys.stderr, files, shown)
	case "short", "gnu":
		diag.Short(sys.stderr, files, shown)
	default:
		diag.Human(sys.stderr, files, shown, b.useColor(sys))
	}
	return errors
}

func (b *build) useColor(sys *system) bool {
	switch b.color {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(sys.stderr) && sys.getenv("NO_COLOR") == "" && sys.getenv("TERM") != "dumb"
}

// summary says for people what was built.
func (b *build) summary(p *program.Program, f *format, file *layout.File) string {
	if f == flatFormat {
		return fmt.Sprintf("%d B  flat", len(file.Bytes))
	}
	return fmt.Sprintf("%d B  %s  %s", len(file.Bytes), p.Target, b.layout)
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
