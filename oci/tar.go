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
	prefix   bool // a long path may be cut in two (POSIX 1003.1-1988)
	fill     bool // the last block of the last file is filled up
	endBlock bool // two blocks of zeros at the end
}

// ustar is the format of POSIX 1003.1-1988. All tar programs read it, and
// none of them asks for the version after the magic number, which is left
// out: its two zeros cost three bytes compressed.
var ustar = tarFormat{magic: "ustar", prefix: true, fill: true, endBlock: true}

// tarEntry is a file in a tar file, or a folder if its name ends in a slash.
type tarEntry struct {
	name     string // relative
	link     string // what a symbolic link leads to
	mode     int64
	uid, gid int64
	mtime    time.Time
	typeflag byte // typeRegular and the like, NUL for a regular file too
	size     int  // of data, where that is not at hand
	data     []byte
}

// Type flags of entries.
const (
	typeRegular = '0'
	typeLink    = '2'
	typeFolder  = '5'
	typePAX     = 'x' // a file of records about the next entry (POSIX 1003.1-2001)
)

const tarBlock = 512

// The fields of a tar header, in its order.
var (
	tarName     = tarField{0, 100}
	tarMode     = tarField{100, 8}
	tarUID      = tarField{108, 8}
	tarGID      = tarField{116, 8}
	tarSize     = tarField{124, 12}
	tarMtime    = tarField{136, 12}
	tarChecksum = tarField{148, 8}
	tarTypeflag = tarField{156, 1}
	tarLinkname = tarField{157, 100}
	tarMagic    = tarField{257, 6}
	tarPrefix   = tarField{345, 155}
)

type tarField struct{ offset, size int }

func (f tarField) put(header []byte, s string) { copy(header[f.offset:f.offset+f.size], s) }

// write returns a tar file of the entries.
func (f tarFormat) write(entries []tarEntry) ([]byte, error) {
	var out []byte
	for _, e := range entries {
		if records := f.records(e); records != "" {
			extra := tarEntry{name: "PaxHeaders", typeflag: typePAX, mode: 0o644, mtime: e.mtime, data: []byte(records)}
			h, err := f.header(extra)
			if err != nil {
				return nil, err
			}
			out = append(append(fillBlock(out), h...), records...)
			e.name, e.link = e.name[len(e.name)-min(len(e.name), tarName.size):], e.link[:min(len(e.link), tarLinkname.size)]
			e.uid, e.gid = e.uid&maxID, e.gid&maxID
		}
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
	tarName.put(h, name)
	tarMode.put(h, octal(e.mode))
	tarUID.put(h, octal(e.uid))
	tarGID.put(h, octal(e.gid))
	tarSize.put(h, octal(int64(max(len(e.data), e.size))))
	tarMtime.put(h, octal(e.mtime.Unix()))
	tarTypeflag.put(h, string(rune(e.typeflag)))
	tarLinkname.put(h, e.link)
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

// maxID is the largest user or group that a header can hold: 7 octal digits.
const maxID = 1<<21 - 1

// records are the PAX records of what does not fit in an entry's header.
func (f tarFormat) records(e tarEntry) string {
	var out string
	if _, _, ok := f.cut(e.name); !ok {
		out += paxRecord("path", e.name)
	}
	if len(e.link) > tarLinkname.size {
		out += paxRecord("linkpath", e.link)
	}
	if e.uid > maxID {
		out += paxRecord("uid", strconv.FormatInt(e.uid, 10))
	}
	if e.gid > maxID {
		out += paxRecord("gid", strconv.FormatInt(e.gid, 10))
	}
	return out
}

// paxRecord writes "LENGTH KEY=VALUE\n", where the length counts itself.
func paxRecord(key, value string) string {
	rest := " " + key + "=" + value + "\n"
	n := len(rest)
	for n != len(rest)+len(strconv.Itoa(n)) {
		n = len(rest) + len(strconv.Itoa(n))
	}
	return strconv.Itoa(n) + rest
}

func folderEntry(name string, mtime time.Time) tarEntry {
	return tarEntry{name: name + "/", mode: 0o755, typeflag: typeFolder, mtime: mtime}
}

// foldersOn are the entries of the folders on the way to an absolute path, which
// engines would create with rights of their own choice.
func foldersOn(p string, mtime time.Time) []tarEntry {
	var entries []tarEntry
	for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
		entries = append(entries, folderEntry(dir[1:], mtime))
	}
	slices.Reverse(entries)
	return entries
}
