package conformance

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/program"
)

// TestExecutables compares what tasm's executables of testdata/elf32 and elf64
// put into memory with what GNU ld makes of nasm's object file of the same
// source, told to place the sections at the same addresses.
func TestExecutables(t *testing.T) {
	for _, class := range []struct{ format, target, emulation string }{
		{"elf32", "linux/386", "elf_i386"},
		{"elf64", "linux/amd64", "elf_x86_64"},
	} {
		paths, err := filepath.Glob("testdata/" + class.format + "/*.asm")
		if err != nil || len(paths) == 0 {
			t.Fatalf("there are no sources for %s: %v", class.format, err)
		}
		for _, path := range paths {
			dir, name := filepath.Split(path)
			t.Run(class.format+"/"+strings.TrimSuffix(name, ".asm"), func(t *testing.T) {
				t.Parallel()
				var parts []layout.Part
				ours := tasm(t, dir, name, assembler.Options{Target: class.target}, keepParts(layout.Plain, &parts))
				object := nasm(t, dir, name, class.format)
				if !ours.accepted || !object.accepted {
					t.Fatalf("tasm: %s\nnasm: %s", ours.messages, object.messages)
				}
				compareMemory(t, ours.bytes, link(t, object.bytes, class.emulation, ours.bytes, parts))
			})
		}
	}
}

// keepParts is lay, which also stores the parts of the file.
func keepParts(lay layout.Strategy, parts *[]layout.Part) layout.Strategy {
	return func(p *program.Program, opts layout.Options) (*layout.File, *diag.Bag) {
		file, messages := lay(p, opts)
		if file != nil {
			*parts = file.Parts
		}
		return file, messages
	}
}

// link links object with its sections at the addresses that parts of the file
// ours give them.
func link(t *testing.T, object []byte, emulation string, ours []byte, parts []layout.Part) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.o"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, object, 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"-m", emulation, "-N", "-o", out}
	seen := map[string]bool{}
	for _, p := range parts {
		if p.Section != nil && !seen[p.Section.Name] {
			seen[p.Section.Name] = true
			args = append(args, fmt.Sprintf("--section-start=%s=%#x", p.Section.Name, p.Address))
		}
	}
	for _, s := range parse(t, ours).Progs {
		if s.Type == elf.PT_LOAD && s.Memsz > s.Filesz && !seen[".bss"] {
			args = append(args, fmt.Sprintf("-Tbss=%#x", s.Vaddr+s.Filesz))
		}
	}
	if words, err := exec.Command(tool(t, "ld"), append(args, in)...).CombinedOutput(); err != nil {
		t.Fatalf("ld %s: %v\n%s", strings.Join(args, " "), err, words)
	}
	linked, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return linked
}

func parse(t *testing.T, file []byte) *elf.File {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// compareMemory holds every section that is in the linked file against the
// memory that ours is loaded to.
func compareMemory(t *testing.T, ours, linked []byte) {
	t.Helper()
	f, l := parse(t, ours), parse(t, linked)
	if f.Entry != l.Entry {
		t.Errorf("entry %#x, ld makes %#x", f.Entry, l.Entry)
	}
	compared := 0
	for _, s := range l.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 || s.Size == 0 {
			continue
		}
		want := make([]byte, s.Size)
		if s.Type != elf.SHT_NOBITS {
			var err error
			if want, err = s.Data(); err != nil {
				t.Fatal(err)
			}
		}
		got := memory(f, s.Addr, s.Size)
		if !bytes.Equal(got, want) {
			at := firstDifference(got, want)
			t.Errorf("%s at %#x: %d of %d bytes are loaded; they differ from offset %#x on\ntasm: % x\nld:   % x",
				s.Name, s.Addr, len(got), s.Size, at, around(got, at), around(want, at))
		}
		compared++
	}
	if compared == 0 {
		t.Error("the linked file has no section to compare")
	}
}

// memory returns size bytes from address on as the file f fills them when it
// is loaded, nil where they are not all in one segment.
func memory(f *elf.File, address, size uint64) []byte {
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || address < p.Vaddr || address+size > p.Vaddr+p.Memsz {
			continue
		}
		image := make([]byte, p.Memsz)
		if _, err := p.ReadAt(image[:p.Filesz], 0); err != nil {
			return nil
		}
		return image[address-p.Vaddr:][:size]
	}
	return nil
}
