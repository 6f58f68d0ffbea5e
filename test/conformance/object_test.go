package conformance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/object"
	"tasm/object/write"
	"tasm/program"
)

// objectSources are the folders of testdata with sources for each family of formats.
var objectSources = map[string][]string{
	"elf":   {"objects", "elf32", "elf64", "elf"},
	"coff":  {"objects", "elf32", "elf64", "coff"},
	"macho": {"objects", "elf32", "elf64", "macho"},
	"omf":   {"objects", "elf32", "omf"},
	"aout":  {"objects", "elf32", "aout"},
	"as86":  {"objects", "elf32", "aout"},
	"ieee":  {"objects", "elf32", "omf", "ieee"},
}

// leftToChance are sources with labels behind which nothing is stored: nasm leaves
// their types in Borland's debug information to what its memory held before.
var leftToChance = []string{"align.asm", "padded.asm", "smartalign.asm", "types.asm"}

// TestObjects compares the objects of sources with nasm's, byte for byte.
func TestObjects(t *testing.T) {
	for _, format := range object.Formats {
		if format == object.Trace {
			continue // TestTrace
		}
		var sources []string
		for _, folder := range objectSources[format.Family] {
			paths, err := filepath.Glob("testdata/" + folder + "/*.asm")
			if err != nil || len(paths) == 0 {
				t.Fatalf("there are no sources in %s: %v", folder, err)
			}
			sources = append(sources, paths...)
		}
		for _, debug := range append([]string{""}, format.Debug...) {
			accepted := 0
			t.Run(format.Name+debug, func(t *testing.T) {
				for _, path := range sources {
					dir, name := filepath.Split(path)
					t.Run(strings.TrimSuffix(filepath.ToSlash(path)[len("testdata/"):], ".asm"), func(t *testing.T) {
						if format.Family == "ieee" {
							dir = startedSource(t, path)
						}
						if compareObjects(t, dir, name, format, debug) {
							accepted++
						}
					})
				}
			})
			if accepted < 7 {
				t.Errorf("%s: nasm accepts only %d of %d sources", format.Name, accepted, len(sources))
			}
		}
	}
}

// compareObjects compares one object with nasm's; debug is the kind of debug
// information. It reports whether nasm accepts the source.
func compareObjects(t *testing.T, dir, name string, format *object.Format, debug string) bool {
	t.Helper()
	options := []string{"--reproducible"}
	if debug != "" {
		options = append(options, "-g", "-F", debug)
	}
	if debug == "borland" && slices.Contains(leftToChance, name) {
		return false
	}
	var files *diag.Files
	theirs := nasm(t, dir, name, format.Name, options...)
	lay := func(p *program.Program, _ layout.Options) (*layout.File, *diag.Bag) {
		opts := write.Options{Format: format, Source: name, Reproducible: true, Producer: "The Netwide Assembler"}
		if debug != "" {
			absolute, err := filepath.Abs(dir)
			if err != nil {
				t.Fatal(err)
			}
			opts.Debug = &object.Debug{
				Format: debug, Files: files, Source: name, Directory: absolute + "/", Producer: "NASM",
				Output: theirs.path, Path: func(name string) string { return filepath.Join(absolute, name) },
			}
			if format.Family == "coff" {
				opts.Debug.Producer = "The Netwide Assembler 2.16.01" // with --reproducible too
			}
		}
		data, messages := write.Object(p, opts)
		if data == nil {
			return nil, messages
		}
		return &layout.File{Bytes: data}, messages
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	files = &diag.Files{}
	ours := assembleText(files, name, text, dir, assembler.Options{Object: format, Lines: debug != "", IncludeAsNasm: true}, lay)
	if strings.HasPrefix(theirs.messages, "panic:") {
		return false // which says nothing of the source
	}
	if format.Family == "ieee" {
		if theirs.messages == "" && !theirs.accepted || slices.Contains(ieeeFaults, name) {
			return false // nasm has crashed, or reads beside its buffers
		}
		ours.bytes, theirs.bytes = withoutChance(ours.bytes, theirs.bytes)
	}
	compare(t, dir, name, ours, theirs)
	return theirs.accepted
}

// startedSource copies a source and returns the folder of the copy, in which a label
// says where the program starts: without one nasm stops with a panic in IEEE-695.
func startedSource(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Dir(path))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("\n..start:")) {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), append(text, "\n..start:\n"...), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ieeeFaults are sources of which nasm makes objects in IEEE-695 whose contents are
// partly those of memory beside its buffers, or lie in the table of lines.
var ieeeFaults = []string{"continued.asm", "sections.asm"}

// withoutChance leaves out the lines of objects in IEEE-695 that differ from one run of
// nasm to the next: the time, types of labels behind which nothing is stored, and
// the checksums of both.
func withoutChance(ours, theirs []byte) (a, b []byte) {
	x, y := bytes.Split(ours, []byte("\n")), bytes.Split(theirs, []byte("\n"))
	if len(x) != len(y) {
		return ours, theirs
	}
	untyped, summed := regexp.MustCompile(`^AT[IN][0-9A-F]+,0\.$`), false
	for i := range x {
		chance := untyped.Match(x[i]) || bytes.HasPrefix(x[i], []byte("DT"))
		sum := bytes.HasPrefix(x[i], []byte("CS"))
		if chance || sum && summed {
			x[i], y[i] = nil, nil
		}
		summed = (summed || chance) && !sum
	}
	return bytes.Join(x, []byte("\n")), bytes.Join(y, []byte("\n"))
}

// TestManySections needs the extended numbering of sections (System V ABI,
// e_shnum, e_shstrndx and SHT_SYMTAB_SHNDX).
func TestManySections(t *testing.T) {
	var lines []string
	for i := range 65_300 {
		lines = append(lines, fmt.Sprintf("section .s%d", i))
		if i%20_000 == 0 {
			lines = append(lines, fmt.Sprintf("l%d: dd l0", i))
		}
	}
	dir := t.TempDir()
	writeLines(t, filepath.Join(dir, "many.asm"), lines)
	compareObjects(t, dir, "many.asm", object.ELF64, "")
}

// TestTrace compares what nasm tells of passes and pieces, with debug information too.
func TestTrace(t *testing.T) {
	paths, err := filepath.Glob("testdata/*/*.asm")
	if err != nil || len(paths) == 0 {
		t.Fatal("there are no sources: ", err)
	}
	accepted := 0
	for _, path := range paths {
		dir, name := filepath.Split(path)
		for _, debug := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s debug %v", strings.TrimSuffix(filepath.ToSlash(path)[len("testdata/"):], ".asm"), debug), func(t *testing.T) {
				if slices.Contains([]string{"compare.asm", "add_labels.asm", "control_z.asm"}, name) {
					return // whose differences are in nasm-compatibility.md
				}
				if compareTraces(t, dir, name, debug) {
					accepted++
				}
			})
		}
	}
	if accepted < 250 {
		t.Errorf("nasm traces only %d of %d sources", accepted, 2*len(paths))
	}
}

// untold is what tasm does not tell of debug information.
var untold = regexp.MustCompile(`(?m)^dbg (typevalue|include|define).*\n|^dbg macros(.|\n)*end macro debug information\n`)

func compareTraces(t *testing.T, dir, name string, debug bool) bool {
	t.Helper()
	var options []string
	if debug {
		options = append(options, "-g")
	}
	theirs := nasm(t, dir, name, "dbg", options...)
	if !theirs.accepted {
		return false
	}
	theirs.bytes = untold.ReplaceAll(theirs.bytes, nil)
	files := &diag.Files{}
	lay := func(p *program.Program, _ layout.Options) (*layout.File, *diag.Bag) {
		opts := write.Options{Format: object.Trace, Source: name, Output: theirs.path}
		if debug {
			opts.Debug = &object.Debug{Files: files}
		}
		data, messages := write.Object(p, opts)
		return &layout.File{Bytes: data}, messages
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	ours := assembleText(files, name, text, dir, assembler.Options{Object: object.Trace, IncludeAsNasm: true}, lay)
	if !ours.accepted {
		t.Errorf("tasm rejects what nasm traces:\n%s", ours.messages)
		return true
	}
	x, y := strings.Split(string(ours.bytes), "\n"), strings.Split(string(theirs.bytes), "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			t.Errorf("line %d is %q, and nasm's %q", i+1, x[i], slices.Concat(y, make([]string, len(x)))[i])
			return true
		}
	}
	return true
}
