package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/listing"
	"tasm/object"
	"tasm/object/write"
	"tasm/parser"
	"tasm/program"
)

// nasmVersion is the nasm whose sources, options and files tasm answers as.
const nasmVersion = "2.16.01"

func nasmCommand() *command {
	return &command{
		args:    "NASM-OPTIONS FILE",
		summary: "take nasm's own command line, for Makefiles and build tools",
		about: []string{
			"Reads the command line, the environment variable NASMENV and response files as nasm " + nasmVersion + " does, writes its kinds of files and speaks in its format, so that 'NASM = tasm nasm' is all that a Makefile needs. 'tasm nasm -h' lists the options.",
			"As for nasm, -f elf is a relocatable object for a linker, and without -f the output is a flat binary. An executable without a linker is made by 'tasm build'.",
		},
		examples: []example{
			{"tasm nasm -f elf64 -g -F dwarf hello.asm -o hello.o", "an object; next: ld hello.o -o hello"},
			{"tasm nasm -f bin boot.asm -l boot.lst -o boot.bin", "a flat binary with a listing"},
			{"make NASM='tasm nasm'", "in a project that has a Makefile"},
			{"cmake -DCMAKE_ASM_NASM_COMPILER=tasm-nasm ...", "where tasm-nasm is a script: exec tasm nasm \"$@\""},
		},
		raw: true,
		run: func(sys *system, args []string) error { return (&nasm{sys: sys}).run(args) },
	}
}

// nasm is one run of nasm's command line.
type nasm struct {
	nasmOptions
	sys   *system
	out   io.Writer // for messages
	files *diag.Files
	deps  dependencies
}

// run obeys the command line. All that goes wrong has exit status 1, as in nasm.
func (n *nasm) run(args []string) error {
	n.files, n.out, n.style = &diag.Files{}, n.sys.stderr, "gnu"
	args = append(splitEnvironment(n.sys.getenv("NASMENV")), args...)
	err := n.nasmOptions.parse(args, func(name string) (string, error) {
		text, err := readFile(name)
		return string(text), err
	})
	switch {
	case errors.Is(err, errVersion):
		_, err = fmt.Fprintf(n.sys.stdout, "NASM version %s\n", nasmVersion)
		return err
	case errors.Is(err, errHelp):
		_, err = io.WriteString(n.sys.stdout, nasmHelp())
		return err
	case errors.Is(err, errDebugFormats):
		_, err = io.WriteString(n.sys.stdout, debugFormatList())
		return err
	}
	var collected bytes.Buffer
	switch n.messagesTo {
	case "":
	case "-":
		n.out = n.sys.stdout
	default:
		n.out = &collected
	}
	if err == nil {
		err = n.work()
	}
	if fatal := (nasmFatal{}); errors.As(err, &fatal) {
		fmt.Fprintf(n.out, "%s: fatal: %s\n", cmp.Or(fatal.file, "nasm"), fatal.text)
		if fatal.hint {
			fmt.Fprintln(n.out, "Type nasm -h for help.")
		}
		err = errReported
	} else if err != nil && !errors.Is(err, errReported) {
		fmt.Fprintf(n.out, "%s: fatal: %v\n", cmp.Or(n.input, "nasm"), err)
		err = errReported
	}
	if n.messagesTo != "" && n.messagesTo != "-" {
		if writeErr := writeOutput(n.sys, n.messagesTo, collected.Bytes(), false); writeErr != nil && err == nil {
			return writeErr
		}
	}
	return err
}

// work assembles, preprocesses or lists dependencies.
func (n *nasm) work() error {
	for _, text := range n.errors {
		fmt.Fprintf(n.out, "nasm: error: %s\n", text)
	}
	if len(n.errors) > 0 {
		return errReported
	}
	for _, text := range n.doubts {
		fmt.Fprintf(n.out, "nasm: warning: %s [-w+other]\n", text)
	}
	kind, err := nasmFormat(n.format)
	if err != nil {
		return err
	}
	if n.debugFormat != "" && n.debug && !kind.hasDebug(n.debugFormat) {
		return nasmFatal{text: fmt.Sprintf("unrecognized debug format `%s' for output format `%s'", n.debugFormat, kind.name), hint: true}
	}
	if n.debug && kind.object != nil && kind.debug == nil {
		fmt.Fprintf(n.out, "nasm: warning: -g is ignored: tasm has no debug information for %s [-w+other]\n", kind.name)
	}
	if n.input == "" {
		return nasmFatal{text: "no input file specified", hint: true}
	}
	text, err := n.read(n.input)
	if err != nil {
		return nasmFatal{text: fmt.Sprintf("unable to open input file `%s' %s", n.input, systemReason(err))}
	}
	if err := checkSource(n.input, text); err != nil {
		return err
	}
	output := n.output
	if output == "" {
		output = nasmOutput(n.input, kind)
	}
	if output == n.input && !n.preprocess && !n.depend {
		return nasmFatal{file: n.input, text: "will not overwrite input file", hint: true}
	}
	root := n.files.Add(n.input, text)
	opts := n.options(kind)
	switch {
	case n.depend:
		return n.writeDependencies(root, output, opts)
	case n.preprocess:
		return n.writePreprocessed(root, opts)
	}
	if err := n.assemble(root, output, kind, opts); err != nil {
		if n.keep && errors.Is(err, errReported) {
			if writeErr := writeOutput(n.sys, output, nil, false); writeErr != nil {
				return writeErr
			}
		}
		return err
	}
	if n.dependencies.also {
		if n.dependencies.file == "" {
			n.dependencies.file = strings.TrimSuffix(n.input, filepath.Ext(n.input)) + ".d"
			if n.output != "" {
				n.dependencies.file = n.output + ".d"
			}
		}
		return n.deps.write(n.sys, n.input, output, &n.dependencies)
	}
	return nil
}

func (n *nasm) read(name string) ([]byte, error) {
	if name == "-" {
		return readAll(n.sys.stdin, name, 0, maxStream)
	}
	return readFile(name)
}

// nasmMaxLines is how many lines macros may make. Those of public projects make far
// more than ten million (ipfilter8.asm of x265).
const nasmMaxLines = 400_000_000

// options are what the assembly depends on.
func (n *nasm) options(kind *nasmKind) assembler.Options {
	n.deps.dirs = n.include
	return assembler.Options{
		Flat:          kind.object == nil,
		FormatName:    kind.name,
		Object:        kind.object,
		DebugFormat:   n.debugName(kind),
		IncludeDirs:   n.include,
		IncludeAsNasm: true,
		IgnoreLine:    n.noLine,
		Prelude:       n.prelude,
		Affixes:       n.names,
		Optimize:      n.optimize,
		Lines:         n.debug,
		ReadFile:      n.deps.reader(n.depend),
		Environ: func(name string) (string, bool) {
			value := n.sys.getenv(name)
			return value, value != ""
		},
		Now:       time.Now().Unix(),
		MaxErrors: n.maxErrors,
		MaxLines:  nasmMaxLines,
		Limits:    n.limits,
		Plain:     n.plain,
		Turbo:     n.turbo,
	}
}

// debugName is the kind of debug information that is made, "" for none.
func (n *nasm) debugName(kind *nasmKind) string {
	name := strings.ToLower(n.debugFormat)
	switch {
	case !n.debug || len(kind.debug) == 0 || name == "null":
		return ""
	case slices.Contains(kind.debug, name):
		return name
	}
	return kind.debug[0]
}

// assemble makes the output.
func (n *nasm) assemble(root diag.FileID, output string, kind *nasmKind, opts assembler.Options) error {
	var list *listing.Nasm
	if n.listing != "" {
		list = n.newListing(root)
		opts.Listing, opts.ListAlways = list, strings.ContainsAny(n.list, "p+")
	}
	p, messages := assembler.Assemble(n.files, root, opts)
	var data []byte
	if p != nil {
		var said *diag.Bag
		data, said = n.make(p, output, kind)
		messages.Append(said)
	}
	errorCount := n.report(messages)
	if list != nil && list.Begun() {
		if err := writeOutput(n.sys, n.listing, []byte(list.Text(toShow(&n.warnings, messages), messageText)), false); err != nil {
			return err
		}
	}
	if errorCount > 0 || data == nil {
		return errReported
	}
	if n.countPasses {
		fmt.Fprintf(n.out, "%s: info: assembly required %d passes\n", n.input, p.Passes)
	}
	return writeOutput(n.sys, output, data, false)
}

// report writes messages as nasm does and returns how many are errors.
func (n *nasm) report(messages *diag.Bag) int {
	errorCount := 0
	out := bufio.NewWriter(n.out)
	defer out.Flush()
	for _, m := range toShow(&n.warnings, messages) {
		if m.Severity == diag.Error {
			errorCount++
		}
		n.message(out, m.Range, messageText(m))
		for _, note := range m.Notes {
			at := note.Range
			if at.IsZero() {
				at = m.Range
			}
			n.message(out, at, "note: "+note.Text)
		}
	}
	return errorCount
}

// message writes one line: file:line: error: text, or file(line) : error: text.
func (n *nasm) message(out io.Writer, at diag.Range, text string) {
	place := "nasm"
	if !at.IsZero() {
		file, line := n.files.Origin(at)
		if n.style == "vc" {
			fmt.Fprintf(out, "%s(%d) : %s\n", file, line, text)
			return
		}
		place = fmt.Sprintf("%s:%d", file, line)
	}
	fmt.Fprintf(out, "%s: %s\n", place, text)
}

// messageText is a message with its severity and its class.
func messageText(m *diag.Message) string {
	text := m.Severity.String() + ": " + m.Text
	switch {
	case m.Severity == diag.Error && m.Code != "":
		text += " [-w+error=" + m.Code + "]"
	case m.Code != "":
		text += " [-w+" + m.Code + "]"
	}
	return text
}

// newListing makes a listing that shows what -L asks for.
func (n *nasm) newListing(root diag.FileID) *listing.Nasm {
	asked := func(letter string) bool { return strings.Contains(n.list, letter) || strings.Contains(n.list, "+") }
	return &listing.Nasm{Files: n.files, Root: root, Decimal: asked("d"), Show: parser.Shown{
		Expanded: asked("e"), Calls: asked("m"), Definitions: asked("s"), Hidden: asked("f"),
	}}
}

// nasmKind is an output format of nasm.
type nasmKind struct {
	name, summary string
	extension     string // of the output where -o says nothing
	debug         []string
	object        *object.Format                   // nil for flat binaries
	records       func(*layout.File, int64) []byte // a flat binary as text, or nil
}

// nasmKinds are the formats in nasm's order.
func nasmKinds() []nasmKind {
	kinds := []nasmKind{{name: "bin", summary: "Flat raw binary (MS-DOS, embedded, ...) [default]"},
		{name: "ith", summary: "Intel Hex encoded flat binary", extension: ".ith", records: layout.IntelHex},
		{name: "srec", summary: "Motorola S-records encoded flat binary", extension: ".srec", records: layout.SRecords},
	}
	for _, f := range object.Formats {
		kinds = append(kinds, nasmKind{name: f.Name, summary: f.Summary, extension: f.Extension, debug: f.Debug, object: f})
	}
	return kinds
}

// nasmFormat finds the format that -f names.
func nasmFormat(name string) (*nasmKind, error) {
	if name == "" {
		name = "bin"
	}
	wanted := strings.ToLower(name)
	if f := object.ByName(wanted); f != nil {
		wanted = f.Name
	}
	for _, k := range nasmKinds() {
		if k.name == wanted {
			return &k, nil
		}
	}
	return nil, nasmFatal{text: "unrecognised output format `" + name + "' - use -hf for a list", hint: true}
}

// hasDebug reports whether the format has debug information of that name.
func (k *nasmKind) hasDebug(name string) bool {
	if name == "null" {
		return k.debug == nil || k.object.Segments != nil
	}
	for _, d := range k.debug {
		if strings.EqualFold(d, name) || name == "dwarf2" && d == "dwarf" {
			return true
		}
	}
	return false
}

// make makes the file's bytes.
func (n *nasm) make(p *program.Program, output string, kind *nasmKind) ([]byte, *diag.Bag) {
	if kind.object != nil {
		var debug *object.Debug
		producer := "The Netwide Assembler " + nasmVersion
		if n.reproducible {
			producer = "The Netwide Assembler"
		}
		if n.debug && n.debugFormat != "null" {
			producer := "NASM " + nasmVersion
			if n.reproducible {
				producer = "NASM"
			}
			if kind.object.Family == "coff" {
				producer = "The Netwide Assembler " + nasmVersion // whatever is asked for, as in nasm
			}
			debug = debugInformation(n.debugFormat, n.input, output, producer)
			debug.Files = n.files
		}
		return write.Object(p, write.Options{Format: kind.object, Source: n.input, Output: output, Reproducible: n.reproducible, Producer: producer, Debug: debug})
	}
	file, messages := layout.Flat(p, layout.Options{})
	if file == nil {
		return nil, messages
	}
	if kind.records != nil {
		return kind.records(file, p.Origin), messages
	}
	return file.Bytes, messages
}

// nasmOutput returns the name of the output where none is given.
func nasmOutput(input string, kind *nasmKind) string {
	base := filepath.Clean(input)
	output := strings.TrimSuffix(base, filepath.Ext(base)) + kind.extension
	if input == "-" || output == base {
		return "nasm.out"
	}
	return output
}
