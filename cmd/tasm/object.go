package main

import (
	"path/filepath"
	"strings"

	"tasm/object"
)

// debugInformation describes the debug information of a format called name, ""
// for the usual one, in the object that output names. The directory is that of the
// source, as in nasm.
func debugInformation(name, source, output, producer string) *object.Debug {
	path := realPath(source)
	directory := strings.TrimSuffix(filepath.Dir(path), "/") + "/"
	return &object.Debug{
		Source: filepath.Base(path), Format: strings.ToLower(name), Directory: directory, Producer: producer,
		Path: realPath, Output: filepath.Join(realPath(filepath.Dir(output)), filepath.Base(output)),
	}
}

// realPath is the path of a file from the root on, without symbolic links where
// the file is there.
func realPath(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return path
}
