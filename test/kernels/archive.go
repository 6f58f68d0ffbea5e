package main

import (
	"bytes"
	"fmt"
)

// archive is a cpio archive of the kind that Linux unpacks as its first file
// system (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	data    bytes.Buffer
	entries int
}

// Bits of a mode that say what kind of file it is.
const (
	modeFolder  = 0o040000
	modeRegular = 0o100000
)

func (a *archive) folder(name string, permissions int) { a.add(name, modeFolder|permissions, nil) }
func (a *archive) file(name string, permissions int, data []byte) {
	a.add(name, modeRegular|permissions, data)
}

func (a *archive) add(name string, mode int, data []byte) {
	a.entries++
	a.data.WriteString("070701")
	// ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor,
	// rdevmajor, rdevminor, namesize, check
	for _, field := range []int{a.entries, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0} {
		fmt.Fprintf(&a.data, "%08x", field)
	}
	a.data.WriteString(name + "\x00")
	a.align()
	a.data.Write(data)
	a.align()
}

func (a *archive) align() {
	for a.data.Len()%4 != 0 {
		a.data.WriteByte(0)
	}
}

// close returns the whole archive.
func (a *archive) close() []byte {
	a.add("TRAILER!!!", 0, nil)
	return a.data.Bytes()
}
