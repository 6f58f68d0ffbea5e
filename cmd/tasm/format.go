package main

import (
	"path/filepath"
	"strings"
)

// format is a kind of output.
type format struct {
	name       string
	extensions []string // of output files; the first is given to derived names
	executable bool
	about      string
}

var (
	elfFormat   = &format{"elf", []string{"", ".elf"}, true, "an ELF executable"}
	flatFormat  = &format{"bin", []string{".bin"}, false, "a flat binary: the assembled bytes and nothing else"}
	imageFormat = &format{"image", []string{".tar"}, false, "a container image, an archive that 'docker load' reads"}
)

var formats = []*format{elfFormat, flatFormat, imageFormat}

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
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
	}
	if output == "-" {
		return elfFormat, nil
	}
	extension := strings.ToLower(filepath.Ext(output))
	for _, f := range formats {
		for _, e := range f.extensions {
			if e == extension {
				return f, nil
			}
		}
	}
	if extension == ".o" || extension == ".obj" {
		return nil, usagef("'%s' would be an object file, which tasm does not write; it writes executables without a linker", output)
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
