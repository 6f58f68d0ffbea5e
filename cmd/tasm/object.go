package main

import (
	"path/filepath"
	"strings"

	"tasm/object/elf"
)

// debugInformation describes the debug information of a format called name, ""
// for the usual one. The directory is that of the source, as in nasm.
func debugInformation(name, source, producer string) *elf.Debug {
	path := source
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	directory := strings.TrimSuffix(filepath.Dir(path), "/") + "/"
	return &elf.Debug{Format: strings.ToLower(name), Directory: directory, Producer: producer}
}
