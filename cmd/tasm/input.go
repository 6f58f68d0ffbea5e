package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"tasm/diag"
)

// maxInput is the largest file that is read, in bytes. It keeps an endless
// device from taking all memory.
const maxInput = 256 << 20

var errTooLarge = errors.New("it is larger than 256 MiB")

// readFile returns the contents of a file, which may be a pipe or a device.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := int64(0)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return readAll(f, name, size)
}

// readAll reads r to its end; size is what it will probably give.
func readAll(r io.Reader, name string, size int64) ([]byte, error) {
	if size > maxInput {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errTooLarge}
	}
	var b bytes.Buffer
	b.Grow(int(size) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(r, maxInput+1)); err != nil {
		return nil, err
	}
	if b.Len() > maxInput {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errTooLarge}
	}
	return b.Bytes(), nil
}

// readSource reads the file to assemble; "-" is standard input.
func readSource(sys *system, name string) (text []byte, err error) {
	if name == "-" {
		text, err = readAll(sys.stdin, name, 0)
	} else {
		text, err = readFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("can't read '%s': %s", name, diag.Reason(err))
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return nil, fmt.Errorf("'%s' is not a source file: it has a zero byte at offset %d", name, i)
	}
	return text, nil
}
