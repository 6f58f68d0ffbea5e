package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"

	"tasm/diag"
	"tasm/object/objfile"
)

// maxFile is the largest file that is read, maxStream the most that is read
// from a pipe or a device, of which some never end; in bytes.
const (
	maxFile   = 1 << 30
	maxStream = 64 << 20
)

// readFile returns the contents of a file, which may be a pipe or a device.
func readFile(name string) ([]byte, error) {
	noteRead(name)
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		return readAll(f, name, info.Size(), maxFile)
	}
	return readAll(f, name, 0, maxStream)
}

// readAll reads r to its end; size is what it will probably give, limit the
// most that it may.
func readAll(r io.Reader, name string, size, limit int64) ([]byte, error) {
	var b bytes.Buffer
	if size <= limit {
		b.Grow(int(size) + bytes.MinRead)
		if _, err := b.ReadFrom(io.LimitReader(r, limit+1)); err != nil {
			return nil, err
		}
	}
	if size > limit || int64(b.Len()) > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it is larger than %d MiB", limit>>20)}
	}
	return b.Bytes(), nil
}

// readInput reads a file that a command is about; "-" is standard input.
func readInput(sys *system, name string) (data []byte, err error) {
	if name == "-" {
		data, err = readAll(sys.stdin, name, 0, maxStream)
	} else {
		data, err = readFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("can't read '%s': %s", name, diag.Reason(err))
	}
	return data, nil
}

// readSource reads the file to assemble.
func readSource(sys *system, name string) ([]byte, error) {
	text, err := readInput(sys, name)
	if err != nil {
		return nil, err
	}
	return text, checkSource(name, text)
}

// readPart reads a file that a program is made of: a source, an object or an archive.
func readPart(sys *system, name string) ([]byte, error) {
	text, err := readInput(sys, name)
	if err != nil || objfile.Is(text) {
		return text, err
	}
	return text, checkSource(name, text)
}

// checkSource complains of what can't be a source.
func checkSource(name string, text []byte) error {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return fmt.Errorf("'%s' is not a source file: it has a zero byte at offset %d", name, i)
	}
	if line, _, _ := bytes.Cut(text, []byte("\n")); bytes.HasPrefix(line, []byte("#!")) {
		return fmt.Errorf("'%s' is not a source file: it is a script for %s", name, bytes.TrimSpace(line[2:]))
	}
	return nil
}
