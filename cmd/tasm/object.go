package main

import (
	"path/filepath"
	"strings"

	"tasm/object"
)

// debugInformation describes the debug information of a format called name, ""
// for the usual one. The directory is that of the source, as in nasm.
func debugInformation(name, source, producer string) *object.Debug {
	path := source
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	directory := strings.TrimSuffix(filepath.Dir(path), "/") + "/"
	return &object.Debug{Source: filepath.Base(path), Format: strings.ToLower(name), Directory: directory, Producer: producer}
}
