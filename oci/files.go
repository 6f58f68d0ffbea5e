package oci

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"tasm/oci/rootfs"
)

// Kind is what a File is.
type Kind uint8

const (
	Regular Kind = iota
	Folder
	Symlink
)

// File is something in the image besides the program.
type File struct {
	Path     string // absolute
	Kind     Kind
	Mode     int64 // permissions; 0 of a folder: 0755, or as the base image has it
	UID, GID int
	Data     []byte // of a regular file
	Link     string // what a symbolic link leads to
}

const folderMode = 0o755

// entry returns the file as it stands in a layer.
func (f File) entry(s *resolved) tarEntry {
	e := tarEntry{name: f.Path[1:], mode: f.Mode, uid: int64(f.UID), gid: int64(f.GID), mtime: s.Created, typeflag: typeRegular, data: f.Data}
	switch f.Kind {
	case Folder:
		e.name, e.typeflag, e.data = e.name+"/", typeFolder, nil
		if e.mode == 0 {
			e.mode = folderMode
		}
	case Symlink:
		e.typeflag, e.link, e.data, e.mode = typeLink, f.Link, nil, 0o777
	}
	return e
}

// Put adds the file to those of an image.
func (f File) Put(tree *rootfs.Tree) {
	n := rootfs.Node{Path: f.Path, Mode: fs.FileMode(f.Mode) & fs.ModePerm, UID: f.UID, GID: f.GID, Link: f.Link}
	switch f.Kind {
	case Folder:
		n.Mode = fs.ModeDir | fs.FileMode(cmp.Or(f.Mode, folderMode))&fs.ModePerm
	case Symlink:
		n.Mode = fs.ModeSymlink | 0o777
	}
	tree.Put(n, f.Data)
}

// mostID is the largest user or group that Linux takes: -1 stands for none, and
// engines keep numbers above to themselves.
const mostID = 1<<31 - 1

// files checks Files. Folders may be given several times: the last mode counts.
func (c *checker) files(files []File) {
	seen := map[string]Kind{}
	for i, f := range files {
		before := len(c.errs)
		c.filePath("Files", i, f.Path)
		if f.Kind == Regular {
			c.notAbove("Files", i, f.Path)
		}
		if len(c.errs) > before {
			continue
		}
		old, again := seen[f.Path]
		switch {
		case again && (old != Folder || f.Kind != Folder):
			c.failf("Files", i, "%q is added twice", f.Path)
		case f.UID < 0 || f.GID < 0 || f.UID > mostID || f.GID > mostID:
			c.failf("Files", i, "the owner %d:%d of %q is out of range: numbers go from 0 to %d", f.UID, f.GID, f.Path, mostID)
		case f.Kind == Symlink && f.Link == "":
			c.failf("Files", i, "the symbolic link %q leads nowhere", f.Path)
		case f.Kind == Symlink:
			c.text("Files", i, f.Link)
		}
		seen[f.Path] = f.Kind
	}
	for i, f := range files {
		for dir := path.Dir(f.Path); dir != "/" && dir != "."; dir = path.Dir(dir) {
			if kind, ok := seen[dir]; ok && kind != Folder {
				c.failf("Files", i, "%q can't be in %q, which is added as a file", f.Path, dir)
				break
			}
		}
	}
}

// distinct are Files with each folder once: as the last one says that has a mode or
// an owner.
func (s *resolved) distinct() []File {
	at := map[string]int{}
	var out []File
	for _, f := range s.Files {
		i, again := at[f.Path]
		switch {
		case !again:
			at[f.Path] = len(out)
			out = append(out, f)
		case f.Mode != 0 || f.UID != 0 || f.GID != 0:
			out[i] = f
		}
	}
	return out
}

// besideProgram checks that no file takes the place of the program.
func (c *checker) besideProgram(r *resolved) {
	for i, f := range r.Files {
		switch {
		case f.Path == r.Path && r.Path != "":
			c.failf("Files", i, "%q is where the program is", f.Path)
		case f.Kind != Folder && strings.HasPrefix(r.Path, f.Path+"/"):
			c.failf("Files", i, "%q is on the way to the program, %q", f.Path, r.Path)
		case r.Path != "" && strings.HasPrefix(f.Path, r.Path+"/"):
			c.failf("Files", i, "%q can't be in %q, which is the program", f.Path, r.Path)
		}
	}
}

// taken reports whether a path is one of Files.
func (s *resolved) taken(p string) bool {
	return slices.ContainsFunc(s.Files, func(f File) bool { return f.Path == p })
}

// occupied reports whether a path is one of Files or a folder on the way to one.
func (s *resolved) occupied(p string) bool {
	return slices.ContainsFunc(s.Files, func(f File) bool { return f.Path == p || strings.HasPrefix(f.Path, p+"/") })
}

// entriesOf lists the entries of a layer: those given by path, with folders on the
// way to each, sorted, so that a folder stands before what it holds.
func entriesOf(s *resolved, entries []tarEntry) []tarEntry {
	byPath := map[string]tarEntry{}
	for _, e := range entries {
		byPath["/"+strings.TrimSuffix(e.name, "/")] = e
	}
	for _, e := range entries {
		for _, f := range foldersOn("/"+strings.TrimSuffix(e.name, "/"), s.Created) {
			p := "/" + strings.TrimSuffix(f.name, "/")
			if _, ok := byPath[p]; !ok {
				byPath[p] = f
			}
		}
	}
	paths := make([]string, 0, len(byPath))
	for p := range byPath {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	var out []tarEntry
	for _, p := range paths {
		out = append(out, byPath[p])
	}
	return out
}

// sizeOf returns the bytes of all files.
func (s Spec) sizeOf() (n int) {
	for _, f := range s.Files {
		n += len(f.Data)
	}
	return n
}

// checkSize bounds the memory that an image takes while it is built.
func (s Spec) checkSize(program int) *SpecError {
	switch n := program + s.sizeOf(); {
	case program == 0:
		return &SpecError{"Program", -1, "the program is empty; an image needs one to run"}
	case n > maxContent:
		return &SpecError{"Program", -1, fmt.Sprintf("the program and the files have %d bytes; %d are the most that an image can hold", n, maxContent)}
	}
	return nil
}
