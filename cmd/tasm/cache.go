package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"sync"

	"tasm"
	"tasm/cache"
)

// cacheDir returns the folder in which layouts are kept between builds: "tasm" in the
// user's own cache folder, or "" where there is none.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	if _, err := os.Stat(filepath.Dir(dir)); err != nil {
		return "" // a user without a home
	}
	return filepath.Join(dir, "tasm")
}

// cache returns where the file of a program is kept, nil for nowhere.
func (o *searchOptions) cache(sys *system) *tasm.Cache {
	if o.noCache || sys.cacheDir == "" || o.layout == plainLayout || buildID() == "" {
		return nil
	}
	return &tasm.Cache{Store: cache.Folder{Dir: sys.cacheDir}, Maker: buildID()}
}

// buildID returns what the linker of Go wrote into this program, which depends on all
// of its code; "" where there is no such note, as in files that are no ELF files.
var buildID = sync.OnceValue(func() string {
	name, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := elf.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	note := f.Section(".note.go.buildid")
	if note == nil {
		return ""
	}
	data, err := note.Data()
	if err != nil {
		return ""
	}
	return string(data) // with the note's header
})
