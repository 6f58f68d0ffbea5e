package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"tasm/diag"
)

// How an output is written depends on what is there already:
//
//   - nothing or a file: the bytes go to a temporary file beside it, which then
//     takes its name. Whatever goes wrong before, the old file stays whole and
//     nothing new stays behind. A symbolic link stays, and what it leads to is
//     replaced or created.
//   - a device, pipe or anything else: the bytes are written into it. To give
//     its name to a new file would destroy it.
//   - a directory: an error.
//
// A library for this exists (renameio), but it replaces symbolic links and
// devices, and waits for the disk to have the bytes (fsync), which takes longer
// than all the rest of a build and protects what can be built again.

// replacing is held from the creation of a temporary file to its end, so that
// a signal can wait for it.
var replacing sync.Mutex

// writeOutput writes data to the file name, with execute permission if asked;
// "-" is standard output.
func writeOutput(sys *system, name string, data []byte, executable bool) error {
	return writeStream(sys, name, executable, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// writeStream is writeOutput for what write writes, piece by piece.
func writeStream(sys *system, name string, executable bool, write func(io.Writer) error) error {
	if err := output(sys, name, write, executable); err != nil {
		shown := "'" + name + "'"
		if name == "-" {
			shown = "to standard output"
		}
		return fmt.Errorf("can't write %s: %s", shown, diag.Reason(err))
	}
	return nil
}

func output(sys *system, name string, write func(io.Writer) error, executable bool) error {
	if name == "-" {
		return write(sys.stdout)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return replace(name, write, nil, executable)
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a directory; give the name of a file")
	case isStdout(sys.stdout, info):
		return write(sys.stdout)
	case !info.Mode().IsRegular():
		return writeInto(name, write)
	}
	return replace(name, write, info, executable)
}

// isStdout reports whether info is of the file that is standard output:
// /dev/stdout leads to it, and the process that reads it expects the bytes there.
func isStdout(stdout io.Writer, info fs.FileInfo) bool {
	f, ok := stdout.(*os.File)
	if !ok {
		return false
	}
	own, err := f.Stat()
	return err == nil && os.SameFile(own, info)
}

// writeInto writes into what name is.
func writeInto(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// replace makes what write writes the contents of the file name; info is of the
// file that it replaces, or nil.
func replace(name string, write func(io.Writer) error, info fs.FileInfo, executable bool) error {
	mode := fs.FileMode(0o666) // the umask takes from it
	if executable {
		mode = 0o777
	}
	if info != nil {
		if err := mayWrite(name); err != nil {
			return err
		}
	}
	target, err := followLinks(name)
	if err != nil {
		return err
	}

	replacing.Lock()
	defer replacing.Unlock()
	temp := filepath.Join(filepath.Dir(target), ".tasm-"+rand.Text())
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil && info != nil {
		err = f.Chmod(keepMode(info.Mode().Perm(), executable))
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp, target)
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// keepMode returns the permissions of a file that replaces one with perm.
// Whoever may read an executable may also run it.
func keepMode(perm fs.FileMode, executable bool) fs.FileMode {
	if executable {
		perm |= (perm & 0o444) >> 2
	}
	return perm
}

// mayWrite fails for a file that is protected against writing. Its directory
// may allow to replace it all the same, but its owner did not mean that.
func mayWrite(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrPermission):
		return err
	}
	return nil // such as a program that runs: it can't be written, but replaced
}

// maxLinks is how many symbolic links are followed, as in Linux.
const maxLinks = 40

// followLinks returns the name of the file that name leads to, which need not
// exist.
func followLinks(name string) (string, error) {
	for range maxLinks {
		link, err := os.Readlink(name)
		if err != nil {
			return name, nil // no link, or nothing there
		}
		if !filepath.IsAbs(link) {
			link = strings.TrimSuffix(name, filepath.Base(name)) + link
		}
		name = link
	}
	return "", errors.New("too many levels of symbolic links")
}
