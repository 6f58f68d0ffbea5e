// Package cache is a folder of results that take long to find, by keys that say all
// that they depend on. Several processes may use it at once. Losing an entry, or all,
// costs time and nothing else: what can't be read or written is as if it was not there.
package cache

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Folder is a cache. The zero value holds nothing.
type Folder struct {
	// Dir is where the entries are, one file each. It is made when it is needed.
	Dir string
	// Limit is how many bytes all entries may have: of more, those that were not used
	// for the longest time go. 0 is DefaultLimit.
	Limit int64
}

// DefaultLimit is the size in bytes of a cache of which nothing else is said; no entry
// has more than a sixteenth of it.
const DefaultLimit = 32 << 20

// used is how old the time of an entry is when it is set anew: that it was used this
// day or the last makes no difference.
const used = time.Hour

// temporary is how the names of files begin that are being written, abandoned the age
// at which one is taken for left behind.
const (
	temporary = ".new-"
	abandoned = time.Hour
)

// isKey reports whether a name in the folder is one of an entry.
func isKey(s string) bool {
	return 16 <= len(s) && len(s) <= 128 && strings.Trim(s, "0123456789abcdef") == ""
}

func (f Folder) limit() int64 {
	if f.Limit <= 0 {
		return DefaultLimit
	}
	return f.Limit
}

func (f Folder) path(key string) (string, bool) {
	return filepath.Join(f.Dir, key), f.Dir != "" && isKey(key)
}

// Get returns what was put under a key; nil where there is nothing, or nothing whole.
func (f Folder) Get(key string) []byte {
	name, ok := f.path(key)
	if !ok {
		return nil
	}
	data, info := f.read(name)
	sum, rest := data[:min(len(data), sha256.Size)], data[min(len(data), sha256.Size):]
	if want := sha256.Sum256(rest); !bytes.Equal(sum, want[:]) {
		if info != nil {
			os.Remove(name)
		}
		return nil
	}
	if now := time.Now(); now.Sub(info.ModTime()) > used {
		_ = os.Chtimes(name, now, now) // else it counts as older than it is
	}
	return rest
}

// read returns a regular file of bounded size.
func (f Folder) read(name string) ([]byte, os.FileInfo) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, nil
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, f.limit()/16+1))
	if err != nil {
		return nil, nil
	}
	return data, info
}

// Put keeps data under a key. Who reads it at the same time gets all of it or nothing.
func (f Folder) Put(key string, data []byte) {
	name, ok := f.path(key)
	if !ok || int64(len(data)+sha256.Size) > f.limit()/16 || os.MkdirAll(f.Dir, 0o700) != nil {
		return
	}
	file, err := os.CreateTemp(f.Dir, temporary)
	if err != nil {
		return
	}
	sum := sha256.Sum256(data)
	_, err = file.Write(append(sum[:], data...))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		os.Remove(file.Name())
		return
	}
	f.trim()
}

// trim removes the oldest entries of a cache that is above its limit, until a quarter
// of it is free, and what other processes have left behind.
func (f Folder) trim() {
	list, err := os.ReadDir(f.Dir)
	if err != nil {
		return
	}
	var entries []os.FileInfo
	var size int64
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			continue // another process has removed it
		}
		switch {
		case strings.HasPrefix(e.Name(), temporary) && time.Since(info.ModTime()) > abandoned:
			os.Remove(filepath.Join(f.Dir, e.Name()))
		case isKey(e.Name()):
			entries = append(entries, info)
			size += info.Size()
		}
	}
	if size <= f.limit() {
		return
	}
	slices.SortFunc(entries, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, e := range entries {
		if size <= f.limit()/4*3 {
			return
		}
		if os.Remove(filepath.Join(f.Dir, e.Name())) == nil {
			size -= e.Size()
		}
	}
}
