package conformance

import (
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/object"
	"tasm/object/elf"
	"tasm/program"
)

// TestObjects compares every source of testdata that is not for flat binaries,
// assembled for every format of objects, with nasm's object byte for byte.
func TestObjects(t *testing.T) {
	var sources []string
	for _, pattern := range []string{"objects", "elf32", "elf64"} {
		paths, err := filepath.Glob("testdata/" + pattern + "/*.asm")
		if err != nil || len(paths) == 0 {
			t.Fatalf("there are no sources in %s: %v", pattern, err)
		}
		sources = append(sources, paths...)
	}
	for _, format := range object.Formats {
		accepted := 0
		t.Run(format.Name, func(t *testing.T) {
			for _, path := range sources {
				dir, name := filepath.Split(path)
				t.Run(strings.TrimSuffix(name, ".asm"), func(t *testing.T) {
					ours := tasm(t, dir, name, assembler.Options{Object: format}, objectOf(format, name))
					theirs := nasm(t, dir, name, format.Name)
					if theirs.accepted {
						accepted++
					}
					compare(t, dir, name, ours, theirs)
				})
			}
		})
		if accepted < len(sources)/2 {
			t.Errorf("%s: nasm accepts only %d of %d sources", format.Name, accepted, len(sources))
		}
	}
}

// objectOf makes an object in place of an executable.
func objectOf(f *object.Format, name string) layout.Strategy {
	return func(p *program.Program, _ layout.Options) (*layout.File, *diag.Bag) {
		data, messages := elf.Write(p, elf.Options{Format: f, Source: name})
		if data == nil {
			return nil, messages
		}
		return &layout.File{Bytes: data}, messages
	}
}
