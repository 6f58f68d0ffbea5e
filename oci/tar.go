package oci

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tarFormat is a way to write a tar file. In all of them a number that is zero
// is an empty field, which every reader takes as zero.
type tarFormat struct {
	magic    string
	regular  byte // type flag of a regular file
	prefix   bool // a long path may be cut in two (POSIX 1003.1-1988)
	fill     bool // the last block of the last file is filled up
	endBlock bool // two blocks of zeros at the end
}

var (
	// ustar is the format of POSIX 1003.1-1988. All tar programs read it, and
	// none of them asks for the version after the magic number, which is left
	// out: its two zeros cost three bytes compressed.
	ustar = tarFormat{magic: "ustar", regular: '0', prefix: true, fill: true, endBlock: true}

	// truncatedV7 is the format of Unix Version 7, which has no magic number,
	// and ends with the last byte of the last file.
	truncatedV7 = tarFormat{}
)

// tarEntry is a file in a tar file, or a folder if its name ends in a slash.
type tarEntry struct {
	name  string // relative
	mode  int64
	mtime time.Time
	data  []byte
}

const tarBlock = 512

// The fields of a tar header, in its order.
var (
	tarName     = tarField{0, 100}
	tarMode     = tarField{100, 8}
	tarSize     = tarField{124, 12}
	tarMtime    = tarField{136, 12}
	tarChecksum = tarField{148, 8}
	tarTypeflag = tarField{156, 1}
	tarMagic    = tarField{257, 6}
	tarPrefix   = tarField{345, 155}
)

type tarField struct{ offset, size int }

func (f tarField) put(header []byte, s string) { copy(header[f.offset:f.offset+f.size], s) }

// write returns a tar file of the entries.
func (f tarFormat) write(entries []tarEntry) ([]byte, error) {
	var out []byte
	for _, e := range entries {
		h, err := f.header(e)
		if err != nil {
			return nil, err
		}
		out = append(fillBlock(out), h...)
		out = append(out, e.data...)
	}
	if f.fill {
		out = fillBlock(out)
	}
	if f.endBlock {
		out = append(out, make([]byte, 2*tarBlock)...)
	}
	return out, nil
}

func fillBlock(b []byte) []byte {
	return append(b, make([]byte, -len(b)&(tarBlock-1))...)
}

func (f tarFormat) header(e tarEntry) ([]byte, error) {
	prefix, name, ok := f.cut(e.name)
	if !ok {
		return nil, fmt.Errorf("%q is too long for a tar file: %d bytes is the most for this name", e.name, f.longest())
	}
	h := make([]byte, tarBlock)
	typeflag := f.regular
	if strings.HasSuffix(e.name, "/") {
		typeflag = '5'
	}
	tarName.put(h, name)
	tarMode.put(h, octal(e.mode))
	tarSize.put(h, octal(int64(len(e.data))))
	tarMtime.put(h, octal(e.mtime.Unix()))
	tarTypeflag.put(h, string(rune(typeflag)))
	tarMagic.put(h, f.magic)
	tarPrefix.put(h, prefix)

	// The checksum is the sum of all bytes, its own field taken as spaces.
	sum := int64(tarChecksum.size * ' ')
	for _, b := range h {
		sum += int64(b)
	}
	tarChecksum.put(h, octal(sum))
	return h, nil
}

// octal writes n without leading zeros; the field's next byte, zero, ends it.
func octal(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 8)
}

func (f tarFormat) longest() int {
	if f.prefix {
		return tarPrefix.size + 1 + tarName.size
	}
	return tarName.size
}

// cut divides a path for the prefix and name fields, at a slash.
func (f tarFormat) cut(p string) (prefix, name string, ok bool) {
	if len(p) <= tarName.size {
		return "", p, true
	}
	if !f.prefix || len(p) > f.longest() {
		return "", "", false
	}
	// The last slash that leaves a prefix short enough gives the shortest name.
	i := strings.LastIndexByte(p[:min(len(p)-1, tarPrefix.size+1)], '/')
	if i <= 0 || len(p)-i-1 > tarName.size {
		return "", "", false
	}
	return p[:i], p[i+1:], true
}

// programEntries are the tar entries for a program at an absolute path: the
// folders on the way, which engines would create with rights of their own
// choice, and the file.
func programEntries(p string, mode int64, mtime time.Time, program []byte) []tarEntry {
	var entries []tarEntry
	for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
		entries = append(entries, tarEntry{name: dir[1:] + "/", mode: 0o755, mtime: mtime})
	}
	slices.Reverse(entries)
	return append(entries, tarEntry{name: p[1:], mode: mode, mtime: mtime, data: program})
}
