package layout

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout/elf"
	"tasm/program"
)

// samplePrograms assembles every sample for Linux, for each of its targets.
func samplePrograms(t *testing.T) map[string]*program.Program {
	t.Helper()
	list, err := filepath.Glob("../samples/*.tasm")
	if err != nil || len(list) == 0 {
		t.Fatal("no samples: ", err)
	}
	programs := map[string]*program.Program{}
	for _, name := range list {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"linux/386", "linux/amd64"} {
			if !strings.Contains(string(text), target) {
				continue
			}
			files := &diag.Files{}
			p, said := assembler.Assemble(files, files.Add(name, text), assembler.Options{Target: target, Instructions: true, ReadFile: os.ReadFile})
			if p == nil {
				t.Fatal(said.Messages())
			}
			programs[filepath.Base(name)+" "+target] = p
		}
	}
	return programs
}

// TestPack packs the samples for Linux and one more profile, each for another one (all
// of them with more -programs): no file is larger than the plain one, and the profile's
// loaders take it.
func TestPack(t *testing.T) {
	samples := samplePrograms(t)
	for i, name := range slices.Sorted(maps.Keys(samples)) {
		p := samples[name]
		for k, loader := range elf.Profiles {
			if k != i%len(elf.Profiles) && loader != elf.Linux && *randomPrograms == fewPrograms {
				continue
			}
			plain, said := Plain(p, Options{Loader: loader.Name})
			if plain == nil {
				t.Fatalf("%s: %v", name, said.Messages())
			}
			packed, said := Pack(p, Options{Loader: loader.Name})
			switch {
			case packed == nil:
				t.Errorf("%s: %v", name, said.Messages())
			case len(packed.Bytes) > len(plain.Bytes):
				t.Errorf("%s for %s: %d bytes, plain only %d", name, loader.Name, len(packed.Bytes), len(plain.Bytes))
			case packed.Report.CodeBound > int64(len(packed.Bytes)):
				t.Errorf("%s for %s: %d bytes are below the bound of %d", name, loader.Name, len(packed.Bytes), packed.Report.CodeBound)
			case packed.Report.Layout == "pack" && len(elf.Check(loader, packed.Bytes)) > 0:
				t.Errorf("%s for %s: %v", name, loader.Name, elf.Check(loader, packed.Bytes))
			case loader == elf.Linux && packed.Report.Layout != "pack":
				t.Errorf("%s is not packed: %v", name, packed.Report.Reasons)
			}
		}
	}
}

// TestAsksLeast packs a program of which code fits into p_memsz, or as well
// elsewhere. Of files of one size the one counts that occupies the fewest addresses.
func TestAsksLeast(t *testing.T) {
	p := assembled(t, `
target linux/amd64
entry _start
_start: pop     rax
        mov     rcx, 0x123456789
        mul     rcx
        imul    rax, rcx
        shr     rax, 33
        xor     rdx, rax
        movzx   edi, dl
        mov     eax, 60
        syscall
`)
	f, messages := Pack(p, Options{})
	if f == nil {
		t.Fatal(messages)
	}
	if len(f.Bytes) != 112 || f.Report.Mapped > elf.PageSize {
		t.Errorf("%d bytes, which occupy %d bytes of addresses", len(f.Bytes), f.Report.Mapped)
	}
}
