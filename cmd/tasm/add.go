package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"tasm/oci"
)

// addition is the value of --add: SRC:DST[:MODE[:UID[:GID]]].
type addition struct {
	source, target string
	mode           int64 // 0 where none is given
	uid, gid       int
}

// parseAddition reads the value of --add, or a string of 'image add'. DST begins at the first slash after a
// colon, so that a SRC may have colons.
func parseAddition(text string) (addition, error) {
	bad := func(format string, args ...any) (addition, error) {
		return addition{}, fmt.Errorf(format, args...)
	}
	source, rest, found := strings.Cut(text, ":/")
	if !found {
		return bad("write SRC:DST, where DST is the path in the image and begins with a slash")
	}
	a := addition{source: source}
	fields := strings.Split("/"+rest, ":")
	a.target = fields[0]
	if len(fields) > 4 {
		return bad("behind DST stand at most a mode, a user and a group")
	}
	var err error
	if len(fields) > 1 && fields[1] != "" {
		if a.mode, err = oci.ParseMode(fields[1]); err != nil {
			return bad("%s", err)
		}
		if a.mode == 0 {
			return bad("with mode 0 nobody could read it")
		}
	}
	for i, field := range fields[min(2, len(fields)):] {
		id, err := strconv.ParseUint(field, 10, 31)
		if err != nil {
			return bad("%q is no owner: write numbers, as in 1000 or 1000:1000", field)
		}
		a.gid = int(id)
		if i == 0 {
			a.uid = int(id)
		}
	}
	return a, nil
}

// mostAdded are the most files that are added, and the most bytes of all.
const mostAdded, mostAddedBytes = 1 << 17, 1 << 30

// adder collects files for an image.
type adder struct {
	files []oci.File
	bytes int64
}

// collect reads what one value names.
func (c *adder) collect(text string) error {
	a, err := parseAddition(text)
	if err != nil {
		return err
	}
	return c.add(a)
}

func (c *adder) add(a addition) error {
	target := strings.TrimSuffix(a.target, "/")
	if a.source == "" {
		c.put(a, oci.File{Path: path.Clean(a.target), Kind: oci.Folder, Mode: a.mode})
		return nil
	}
	info, err := os.Stat(a.source)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return c.folder(a, target)
	case target == "" || target != a.target: // /, or a slash at the end
		target += "/" + filepath.Base(a.source)
	}
	return c.file(a, a.source, target, a.mode)
}

// folder adds what a folder holds, and the folder itself unless it is the root.
// Symbolic links stay links.
func (c *adder) folder(a addition, target string) error {
	root := filepath.Clean(a.source) + string(filepath.Separator) // of a link: what it leads to
	return filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		to := path.Join("/", target, filepath.ToSlash(rel))
		switch kind := entry.Type(); {
		case rel == "." && target == "":
			return nil
		case rel == ".":
			c.put(a, oci.File{Path: to, Kind: oci.Folder, Mode: a.mode})
		case kind.IsDir():
			c.put(a, oci.File{Path: to, Kind: oci.Folder})
		case kind&fs.ModeSymlink != 0:
			link, err := os.Readlink(name)
			if err != nil {
				return err
			}
			c.put(a, oci.File{Path: to, Kind: oci.Symlink, Link: filepath.ToSlash(link)})
		default:
			return c.file(a, name, to, 0)
		}
		return c.limit()
	})
}

// file adds a regular file. Of its permissions only that it may be run is kept, as
// the others depend on who has made it.
func (c *adder) file(a addition, name, target string, mode int64) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("'%s' is no file, folder or symbolic link", name)
	}
	if mode == 0 {
		mode = 0o644
		if info.Mode().Perm()&0o100 != 0 {
			mode = 0o755
		}
	}
	if c.bytes += info.Size(); c.bytes <= mostAddedBytes {
		data, err := readFile(name)
		if err != nil {
			return err
		}
		c.put(a, oci.File{Path: target, Mode: mode, Data: data})
	}
	return c.limit()
}

func (c *adder) put(a addition, f oci.File) {
	f.UID, f.GID = a.uid, a.gid
	c.files = append(c.files, f)
}

func (c *adder) limit() error {
	switch {
	case c.bytes > mostAddedBytes:
		return fmt.Errorf("more than %d MiB are added", mostAddedBytes>>20)
	case len(c.files) > mostAdded:
		return errors.New("more than " + strconv.Itoa(mostAdded) + " files are added")
	}
	return nil
}
