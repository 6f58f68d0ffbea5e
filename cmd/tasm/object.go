package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"tasm/assembler"
	"tasm/diag"
	"tasm/lang"
	"tasm/layout"
	"tasm/linux"
	"tasm/object"
	"tasm/object/elf"
	"tasm/object/write"
	"tasm/program"
)

// makeObject assembles a source into an object of format f, nil for that of
// the target.
func (b *build) makeObject(files *diag.Files, source diag.FileID, f *object.Format, messages *diag.Bag) *product {
	chosen := f
	if chosen == nil {
		chosen = objectFormatOf(b.target)
	}
	said := &diag.Bag{}
	p := b.assembleWith(files, source, assembler.Options{Object: chosen, Lines: b.debug}, said)
	if p != nil && f == nil && objectFormatOf(p.Target) != chosen {
		// The source has named a target for which the format is another.
		chosen, said = objectFormatOf(p.Target), &diag.Bag{}
		p = b.assembleWith(files, source, assembler.Options{Object: chosen, Lines: b.debug}, said)
	}
	messages.Append(said)
	if p == nil {
		return nil
	}
	var debug *elf.Debug
	if b.debug {
		debug = debugInformation("dwarf", files, files.Name(source), "tasm "+version())
	}
	data, said := writeObject(p, chosen, files.Name(source), debug)
	messages.Append(said)
	if data == nil {
		return nil
	}
	return &product{data: data, size: len(data), summary: fmt.Sprintf("%d B  %s", len(data), chosen.Name)}
}

// objectFormatOf returns the format of objects for a target; ELF64 where there
// is none.
func objectFormatOf(target string) *object.Format {
	if target == linux.I386.Target {
		return object.ELF32
	}
	return object.ELF64
}

// writeObject makes the file; debug is nil for no debug information.
func writeObject(p *program.Program, f *object.Format, source string, debug *elf.Debug) ([]byte, *diag.Bag) {
	return write.Object(p, write.Options{Format: f, Source: source, Debug: debug})
}

// attachDebug returns an executable with what debuggers read behind it.
func attachDebug(p *program.Program, file *layout.File, files *diag.Files, source string) []byte {
	placed := map[lang.SegmentID]elf.Placed{}
	for _, s := range file.Sections {
		placed[s.Section.ID] = elf.Placed{Address: s.Address, Offset: int64(len(file.Bytes))}
	}
	for i := len(file.Parts) - 1; i >= 0; i-- { // the first part of a section counts
		if part := &file.Parts[i]; part.Kind == layout.FragmentPart {
			at := placed[part.Section.ID]
			at.Offset = part.Offset - part.Fragment.Offset
			placed[part.Section.ID] = at
		}
	}
	opts := elf.Options{Format: objectFormatOf(p.Target), Source: source, Debug: debugInformation("dwarf", files, source, "tasm "+version())}
	return elf.Attach(file.Bytes, p, opts, placed)
}

// debugInformation describes the debug information of a format called name, ""
// for the usual one. The directory is that of the source, as in nasm.
func debugInformation(name string, files *diag.Files, source, producer string) *elf.Debug {
	path := source
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	directory := strings.TrimSuffix(filepath.Dir(path), "/") + "/"
	return &elf.Debug{Format: strings.ToLower(name), Files: files, Directory: directory, Producer: producer}
}
