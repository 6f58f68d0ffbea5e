package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tasm"
	"tasm/diag"
	"tasm/layout/elf"
	"tasm/listing"
	"tasm/manual"
	"tasm/origin"
	"tasm/symbols"
)

// explainer is the verb that shows a file byte by byte.
type explainer struct {
	sourceOptions
	searchOptions
	format, output string
	flat, json     bool
}

// listingFormats are the ways to show a listing.
var listingFormats = []struct {
	name  string
	write func(*listing.Listing, io.Writer) error
}{
	{"text", (*listing.Listing).Text},
	{"json", (*listing.Listing).JSON},
	{"svg", (*listing.Listing).SVG},
	{"html", (*listing.Listing).HTML},
}

func explainCommand() *command {
	e := &explainer{}
	c := &command{
		args:    "FILE|WORD",
		summary: "show what every byte of an executable is for, or what a word means",
		about: []string{
			"WORD is an instruction, a register, a flag, a directive, a word of the preprocessor, a field of the ELF headers, a system call, an error number or a signal: what it does is told from the tables that tasm itself works with, for instructions with their forms, encodings and flags and a short run in the virtual machine. A word that is also the name of a file is the file.",
			"Lists the bytes of an executable with the fields of the headers, the instructions as the processor reads them, the data and the lines of the source that each byte belongs to, and with what the loader lets it be: fixed by which rule, tied to which other bytes, bounded, or free. A byte that serves several purposes shows all of them.",
			"FILE is a source, which is built as 'tasm build' does with the same options, or an ELF executable from anywhere, or an image (an archive or a layout folder), of which the program is meant that it starts. Of such a file the code is found from its first instruction on.",
			"Below the table the text tells what the first instructions do when the program runs, what the fields of the headers are, and what each rule is for. In the table, a number behind a sign leads to the reason below the table, and a mark \" before an instruction says that it began on a line above.",
		},
		examples: []example{
			{"tasm explain hello.tasm", "the listing as a table"},
			{"tasm explain --layout plain hello.tasm", "that of the program as it is written"},
			{"tasm explain --flat teensy.tasm", "that of a source which writes its headers itself"},
			{"tasm explain ./hello", "that of an executable"},
			{"tasm explain adc", "what the instruction does, its forms, flags and an example"},
			{"tasm explain e_phoff", "who reads the field, and what it may be"},
			{"tasm explain write", "the system call: numbers, arguments, errors"},
			{"tasm explain -o hello.html hello.tasm", "a page for the browser, in one file"},
		},
		run: e.run,
	}
	var words []string
	for _, f := range listingFormats {
		words = append(words, f.name)
	}
	simple, layouts, advanced := c.group("Options"), c.group("Layout options"), c.group("Advanced options")
	simple.Var(newChoice(&e.format, "", words...), "format", "how the listing looks; json is for programs, svg a picture, html a page. The default is text, or what the name of the output ends with")
	simple.BoolVar(&e.json, "json", false, "the same as --format json")
	simple.StringVarP(&e.output, "output", "o", "-", "write to `FILE`; - is standard output")
	simple.BoolVar(&e.flat, "flat", false, "build the source as a flat binary; when that begins with ELF headers of its own, they are listed as such")
	e.sourceOptions.register(simple, advanced)
	e.searchOptions.register(layouts)
	return c
}

func (e *explainer) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give one source, executable or word, not %d", len(args))
	}
	e.chooseFormat()
	if word := args[0]; word != "-" && !exists(word) && isWord(word) {
		return e.word(sys, word)
	}
	if err := cmp.Or(e.sourceOptions.check(), e.searchOptions.check()); err != nil {
		return err
	}
	data, name, err := programOfImage(args[0])
	if err == nil && data == nil {
		name = args[0]
		data, err = readInput(sys, name)
	}
	if err == nil && !listing.IsELF(data) {
		err = checkSource(name, data)
	}
	if err != nil {
		return e.fail(sys, &diag.Files{}, err)
	}
	l, files, messages := e.list(sys, name, data)
	if e.report(sys, files, messages) > 0 {
		return errReported
	}
	if err := e.checkSize(args[0], len(l.Bytes)); err != nil {
		return e.fail(sys, files, err)
	}
	var out bytes.Buffer
	for _, f := range listingFormats {
		if f.name == e.format {
			err = f.write(l, &out)
		}
	}
	if err == nil {
		err = writeOutput(sys, e.output, out.Bytes(), false)
	}
	if err != nil {
		return e.fail(sys, files, err)
	}
	return nil
}

// list makes the listing of a source or executable; it is nil where the messages
// hold an error.
func (e *explainer) list(sys *system, name string, data []byte) (*listing.Listing, *diag.Files, *diag.Bag) {
	loader, _ := elf.ByName(e.loader)
	loader = loader.WithCharge(e.maxCharge)
	if listing.IsELF(data) {
		l, err := listing.Read(name, data, loader)
		messages := &diag.Bag{}
		if err != nil {
			messages.Add(diag.Errorf(diag.Range{}, "can't explain '%s': %s", name, err))
		}
		return l, &diag.Files{}, messages
	}
	built, messages, early := e.build(sys, name, data)
	if early {
		fmt.Fprintln(sys.stderr, "the search was ended early")
	}
	if built.File == nil {
		return nil, built.Files, messages
	}
	if r := built.File.Report; r != nil { // the source may have asked for another one
		if l, ok := elf.ByName(r.Loader); ok {
			loader = l.WithCharge(e.maxCharge)
		}
	}
	file := origin.Complete(built.File, built.Program)
	return listing.New(name, file, symbols.New(file, built.Program, built.Files), loader, built.Program.Bits), built.Files, messages
}

// build makes the file to be explained, and reports whether the search for it was
// ended early.
func (e *explainer) build(sys *system, name string, text []byte) (*tasm.Result, *diag.Bag, bool) {
	opts := e.sourceOptions.options()
	opts.Instructions = true
	if e.flat {
		opts.Format = tasm.FlatBinary
	}
	return e.searchOptions.build(sys, newSource(name, text), opts)
}

// chooseFormat takes the format from the name of the output where none was given.
func (e *explainer) chooseFormat() {
	if e.json {
		e.format = "json"
	}
	if e.format != "" {
		return
	}
	e.format = listingFormats[0].name
	extension := strings.ToLower(strings.TrimPrefix(filepath.Ext(e.output), "."))
	if extension == "htm" {
		extension = "html"
	}
	for _, f := range listingFormats {
		if f.name == extension {
			e.format = f.name
		}
	}
}

// exists reports whether there is a file of that name.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// isWord reports whether a name is rather that of a word than that of a file.
func isWord(name string) bool {
	return !strings.ContainsAny(name, "/\\") && (!strings.Contains(name, ".") || len(manual.All(name)) > 0)
}

// word explains a word.
func (e *explainer) word(sys *system, word string) error {
	entries := manual.All(word)
	if len(entries) == 0 {
		m := fmt.Errorf("there is neither a file nor a word '%s'", word)
		if near := manual.Nearest(word); near != "" {
			m = fmt.Errorf("%w; did you mean '%s'?", m, near)
		}
		return e.fail(sys, &diag.Files{}, m)
	}
	var out bytes.Buffer
	switch e.format {
	case "text":
		for i := range entries {
			if i > 0 {
				out.WriteByte('\n')
			}
			out.WriteString(entries[i].Text())
		}
	case "json":
		enc := json.NewEncoder(&out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(entries); err != nil {
			return e.fail(sys, &diag.Files{}, err)
		}
	default:
		return usagef("a word is explained as text or json, not as %s", e.format)
	}
	if err := writeOutput(sys, e.output, out.Bytes(), false); err != nil {
		return e.fail(sys, &diag.Files{}, err)
	}
	return nil
}
