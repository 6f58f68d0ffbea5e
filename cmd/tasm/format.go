package main

import (
	"path/filepath"
	"strings"

	"tasm"
	"tasm/object"
)

// format is a kind of output.
type format struct {
	name       string
	extensions []string // of output files; the first is given to derived names
	executable bool
	about      string
	kind       tasm.Format    // of the program
	object     *object.Format // nil for what needs no linker
}

var (
	elfFormat   = &format{name: "elf", extensions: []string{"", ".elf"}, executable: true, about: "an ELF executable"}
	flatFormat  = &format{name: "bin", extensions: []string{".bin"}, kind: tasm.FlatBinary, about: "a flat binary: the assembled bytes and nothing else"}
	imageFormat = &format{name: "image", extensions: []string{".tar"}, about: "a container image, an archive that 'docker load' reads"}
	// objectFormat is an object of the format that belongs to the target.
	objectFormat = &format{name: "object", extensions: []string{".o"}, kind: tasm.Object, about: "a relocatable object of the target's format"}
)

var formats = makeFormats()

func makeFormats() []*format {
	list := []*format{elfFormat, flatFormat, imageFormat, objectFormat}
	for _, o := range object.Formats {
		f := &format{name: o.Name, extensions: []string{".o"}, kind: tasm.Object, about: "a relocatable object: " + o.Summary, object: o}
		if o == object.Trace {
			f.extensions, f.about = []string{o.Extension}, "a trace of what the source says to its format, for people who write output formats"
		}
		list = append(list, f)
	}
	return list
}

func formatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// chooseFormat returns the format called name, or, if that is empty, the one
// that the output's extension stands for.
func chooseFormat(name, output string) (*format, error) {
	if ext := strings.ToLower(filepath.Ext(output)); name == elfFormat.name && (ext == ".o" || ext == ".obj") {
		return nil, usagef("-f elf is an executable here, unlike in nasm; for the object '%s' say -f elf32 or -f elf64, or nothing", output)
	}
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
	}
	if output == "-" {
		return elfFormat, nil
	}
	if strings.HasSuffix(output, "/") {
		return imageFormat, nil
	}
	extension := strings.ToLower(filepath.Ext(output))
	for _, f := range formats {
		for _, e := range f.extensions {
			if e == extension {
				return f, nil
			}
		}
	}
	return nil, usagef("the extension %s of '%s' stands for no kind of output; say which with -f %s", extension, output, strings.Join(formatNames(), "|"))
}

// deriveOutput returns the name of the output where none was given: the
// source's, with the extension of the format instead of its own.
func deriveOutput(source string, f *format) (string, error) {
	if source == "-" {
		return "", usagef("say where the output goes with -o when the source is standard input")
	}
	base := filepath.Base(source)
	output := strings.TrimSuffix(base, filepath.Ext(base)) + f.extensions[0]
	if output == base || output == "" {
		return "", usagef("say where the output goes with -o: '%s' would be named like its source", base)
	}
	return output, nil
}
