package objfile

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tasm/diag"
)

// compile makes an object of a source in C.
func compile(t testing.TB, options, text string) []byte {
	t.Helper()
	dir := t.TempDir()
	source, out := filepath.Join(dir, "x.c"), filepath.Join(dir, "x.o")
	if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	args := append(strings.Fields(options), "-c", "-o", out, source)
	if said, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, said)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// archive puts members into an archive as ar does.
func archive(names []string, members ...[]byte) []byte {
	var b bytes.Buffer
	b.WriteString(archiveMagic)
	for i, m := range members {
		header := []byte(strings.Repeat(" ", 60))
		copy(header, names[i])
		copy(header[48:], number(len(m)))
		copy(header[58:], "`\n")
		b.Write(header)
		b.Write(m)
		if len(m)%2 != 0 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func number(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return number(n/10) + number(n%10)
}

// TestRefused says what needs a linker or is no object.
func TestRefused(t *testing.T) {
	good := compile(t, "-O1", "int f(int x) { return x + 1; }\n")
	shared := bytes.Clone(good)
	shared[16] = 3 // ET_DYN
	for want, data := range map[string][]byte{
		"of each thread":           compile(t, "-O1 -fno-pic", "__thread int x = 5; int f(void) { return x; }\n"),
		"call at the start":        compile(t, "-O1", "int x; __attribute__((constructor)) void f(void) { x = 1; }\n"),
		"needs a linker: R_386_":   compile(t, "-m32 -O1 -fPIC", "extern int x; int f(void) { return x; }\n"),
		"no relocatable object":    shared,
		"this is no ELF object":    good[:100],
		"needs a linker and a C":   compile(t, "-O1", "static int g(void) { return 1; } static void *r(void) { return g; } int f(void) __attribute__((ifunc(\"r\")));\n"),
		"is for another machine: ": append(append(bytes.Clone(good[:18]), 40, 0), good[20:]...),
	} {
		if p, m := Object(data, diag.Range{}, Groups{}); p != nil || m == nil || !strings.Contains(m.Text, want) {
			t.Errorf("want %q, and Object says %v", want, m)
		}
	}
}

// TestGroups takes a COMDAT group from the first object only.
func TestGroups(t *testing.T) {
	text := "__attribute__((weak)) int x;\n"
	one := compile(t, "-m32 -O1 -fPIC", text)
	asm := compile(t, "-O1", "__asm__(\".section .text.g,\\\"axG\\\",@progbits,g,comdat\\n.weak g\\ng: ret\\n.text\\n\");\n")
	if _, m := Object(one, diag.Range{}, Groups{}); m != nil {
		t.Fatal(m.Text)
	}
	groups := Groups{}
	for _, want := range []int{1, 0} {
		p, m := Object(asm, diag.Range{}, groups)
		if m != nil {
			t.Fatal(m.Text)
		}
		found := 0
		for _, s := range p.Sections {
			if s.Name == ".text.g" {
				found++
			}
		}
		if found != want {
			t.Errorf("%d sections .text.g, want %d", found, want)
		}
	}
}

// TestArchive reads members with short names, long ones, and none that are objects.
func TestArchive(t *testing.T) {
	object := compile(t, "-O1", "int f(void) { return 1; }\n")
	data := archive([]string{"/", "//", "short.o/", "/0", "text/"}, []byte("index"), []byte("a_name_of_more_than_16.o/\nx/\n"), object, object, []byte("text"))
	list, err := Archive(data)
	if err != nil || len(list) != 2 || list[0].Name != "short.o" || list[1].Name != "a_name_of_more_than_16.o" {
		t.Fatalf("%v: %v", err, list)
	}
	if got := Defines(list[0].Data); len(got) != 1 || got[0] != "f" {
		t.Errorf("it defines %v", got)
	}
	for _, cut := range []int{len(data) - 10, len(archiveMagic) + 20} {
		if _, err := Archive(data[:cut]); err == nil {
			t.Errorf("an archive of %d bytes is read", cut)
		}
	}
}

// FuzzObject looks for objects that make the reader panic or run away.
func FuzzObject(f *testing.F) {
	f.Add(compile(f, "-O1", "int t[3]; extern int e; int g(int x) { return t[x] + e; }\n"))
	f.Add(compile(f, "-m32 -O1 -fno-pic -fcommon", "int t[3]; extern int e; int g(int x) { return t[x] + e; }\n"))
	f.Add([]byte(archiveMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		Object(data, diag.Range{}, Groups{})
		Defines(data)
		Archive(data)
	})
}
