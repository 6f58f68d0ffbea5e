package layout

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tasm/program"
)

// at returns a pointer to n, for the attributes of sections.
func at(n int64) *int64 { return &n }

// flat starts a program for a flat binary at an origin.
func flatAt(origin int64) *builder {
	b := build("", 16)
	b.Origin, b.OriginSet = origin, b.place()
	return b
}

// flatCases are programs built by hand beside the same in nasm's words. A build
// is wrong when its bytes are not those of nasm.
var flatCases = []struct {
	name   string
	source string
	build  func() *builder
}{
	{"boot", `
		org 0x7c00
		mov si, msg
		hang: jmp hang
		msg: db "hi", 0
		times 510-($-$$) db 0
		dw 0xaa55`, func() *builder {
		b := flatAt(0x7c00)
		b.section(".text", text, 0)
		b.code(16, "\xbe\x00\x00", abs(1, 2, 1, 5))
		b.code(16, "\xeb\xfe")
		b.data("hi\x00")
		b.times(510-8, "\x00")
		b.data("\x55\xaa")
		return b
	}},
	{"fields", `
		org 0x11223344
		db x-0x11223300
		dw x-0x11220000
		dd x
		dq x
		dd x - $
		x:`, func() *builder {
		b := flatAt(0x11223344)
		b.section(".text", text, 0)
		b.data("\x00", abs(0, 1, 1, 19-0x11223300))
		b.data("\x00\x00", abs(0, 2, 1, 19-0x11220000))
		b.data("\x00\x00\x00\x00", abs(0, 4, 1, 19))
		b.data("\x00\x00\x00\x00\x00\x00\x00\x00", abs(0, 8, 1, 19))
		b.data("\x04\x00\x00\x00")
		return b
	}},
	{"default alignment", `
		org 0x101
		section .data
		db 1
		section .text
		db 2
		section .bss
		x: resb 3
		section .foo
		dw x, y
		section .baz nobits
		y: resb 1`, func() *builder {
		b := flatAt(0x101)
		b.section(".data", data, 0)
		b.data("\x01")
		b.section(".text", text, 0)
		b.data("\x02")
		b.section(".bss", bss, 0)
		b.space(3)
		b.section(".foo", rodata, 0)
		b.data("\x00\x00", abs(0, 2, 3, 0))
		b.data("\x00\x00", abs(0, 2, 5, 0))
		b.section(".baz", bss, 0)
		b.space(1)
		return b
	}},
	{"no code", `
		org 0x101
		section .data
		db 1`, func() *builder {
		b := flatAt(0x101)
		b.section(".text", text, 0)
		b.section(".data", data, 0)
		b.data("\x01")
		return b
	}},
	{"aligned text", `
		org 0x101
		section .text align=16
		db 1
		section .data align=64
		db 2`, func() *builder {
		b := flatAt(0x101)
		b.section(".text", text, 16)
		b.data("\x01")
		b.section(".data", data, 64)
		b.data("\x02")
		return b
	}},
	{"start", `
		section b start=0x30
		b: db 2
		section c align=1
		c: db 3
		section a start=0x10
		a: db 1
		section .text
		dw b, c, a`, func() *builder {
		b := build("", 16)
		b.section("b", rodata, 0).Flat.Start = at(0x30)
		b.data("\x02")
		b.section("c", rodata, 1)
		b.data("\x03")
		b.section("a", rodata, 0).Flat.Start = at(0x10)
		b.data("\x01")
		b.section(".text", text, 0)
		b.data("\x00\x00", abs(0, 2, 1, 0))
		b.data("\x00\x00", abs(0, 2, 2, 0))
		b.data("\x00\x00", abs(0, 2, 3, 0))
		return b
	}},
	{"text with start", `
		section .text start=0x100
		dw x
		section .data
		x: db 1`, func() *builder {
		b := build("", 16)
		b.section(".text", text, 0).Flat.Start = at(0x100)
		b.data("\x00\x00", abs(0, 2, 2, 0))
		b.section(".data", data, 0)
		b.data("\x01")
		return b
	}},
	{"follows", `
		section .text
		db 1
		section one follows=three align=1
		db 2
		section two align=1
		db 3
		section three align=1
		db 4
		section four align=1 follows=.text
		db 5
		section five align=1
		db 6`, func() *builder {
		b := build("", 16)
		b.section(".text", text, 0)
		b.data("\x01")
		b.section("one", rodata, 1).Flat.Follows = "three"
		b.data("\x02")
		b.section("two", rodata, 1)
		b.data("\x03")
		b.section("three", rodata, 1)
		b.data("\x04")
		b.section("four", rodata, 1).Flat.Follows = ".text"
		b.data("\x05")
		b.section("five", rodata, 1)
		b.data("\x06")
		return b
	}},
	{"vstart", `
		org 0x100
		section .text
		dw a, b, c, d, section.a.start, section.a.vstart
		section a vstart=0x1234
		a: db 1
		section b
		b: db 2
		section c vfollows=a
		c: db 3
		section d valign=32
		d: db 4`, func() *builder {
		b := flatAt(0x100)
		b.section(".text", text, 0)
		for i := range 4 {
			b.data("\x00\x00", abs(0, 2, id(i+2), 0))
		}
		b.data("\x00\x00", abs(0, 2, 10, 0))
		b.data("\x00\x00", abs(0, 2, 11, 0))
		b.extern("section.a.start", 10)
		b.extern("section.a.vstart", 11)
		b.section("a", rodata, 0).Flat.VStart = at(0x1234)
		b.data("\x01")
		b.section("b", rodata, 0)
		b.data("\x02")
		b.section("c", rodata, 0).Flat.VFollows = "a"
		b.data("\x03")
		d := b.section("d", rodata, 0)
		d.Flat.VAlign, d.Flat.VAlignSet = 32, true
		b.data("\x04")
		return b
	}},
	{"nobits", `
		org 0x100
		section .text
		dw a, b, c
		section x
		db 1
		section a nobits start=0x500
		a: resb 3
		section b nobits align=16
		b: resb 3
		section c nobits follows=x
		c: resb 3`, func() *builder {
		b := flatAt(0x100)
		b.section(".text", text, 0)
		for i := range 3 {
			b.data("\x00\x00", abs(0, 2, id(i+3), 0))
		}
		b.section("x", rodata, 0)
		b.data("\x01")
		b.section("a", bss, 0).Flat.Start = at(0x500)
		b.space(3)
		b.section("b", bss, 16)
		b.space(3)
		b.section("c", bss, 0).Flat.Follows = "x"
		b.space(3)
		return b
	}},
	{"calls across sections", `
		org 0x200
		bits 32
		call far1
		jmp short $+2
		section .data align=1
		times 2 dd far1
		section code2 vstart=0x1000
		far1: call .next
		.next: jmp near 0`, func() *builder {
		b := flatAt(0x200)
		b.section(".text", text, 0)
		b.code(32, "\xe8\x00\x00\x00\x00", rel(1, 4, 3, 0))
		b.code(32, "\xeb\x00")
		b.section(".data", data, 1)
		b.times(2, "\x00\x00\x00\x00", abs(0, 4, 3, 0))
		b.section("code2", text, 0).Flat.VStart = at(0x1000)
		b.code(32, "\xe8\x00\x00\x00\x00")
		zero := rel(1, 4, 1, 0)
		zero.Value.N -= 0x200 // .text is at its origin, so this is address 0
		b.code(32, "\xe9\x00\x00\x00\x00", zero)
		return b
	}},
	{"overflow", `
		org 0x12345
		db x
		dw x
		x:`, func() *builder {
		b := flatAt(0x12345)
		b.section(".text", text, 0)
		b.data("\x00", abs(0, 1, 1, 3))
		b.data("\x00\x00", abs(0, 2, 1, 3))
		return b
	}},
	{"space", `
		db 1
		resb 5
		db 2`, func() *builder {
		b := build("", 16)
		b.section(".text", text, 0)
		b.data("\x01")
		b.space(5)
		b.data("\x02")
		return b
	}},
	{"empty", ``, func() *builder {
		b := build("", 16)
		b.section(".text", text, 0)
		return b
	}},
	{"negative origin", `
		org -16
		dw $$, x
		times 32 db 0
		x:`, func() *builder {
		b := flatAt(-16)
		b.section(".text", text, 0)
		b.data("\x00\x00", abs(0, 2, 1, 0))
		b.data("\x00\x00", abs(0, 2, 1, 36))
		b.times(32, "\x00")
		return b
	}},
}

func TestFlatAgainstNasm(t *testing.T) {
	for _, c := range flatCases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "a.asm", []byte(c.source), 0o644)
			tool(t, dir, "nasm", "-f", "bin", "-o", "a.bin", "a.asm")
			want, err := os.ReadFile(filepath.Join(dir, "a.bin"))
			if err != nil {
				t.Fatal(err)
			}
			file, bag := Flat(&c.build().Program, Options{})
			if file == nil {
				t.Fatal(texts(bag))
			}
			if !bytes.Equal(file.Bytes, want) {
				t.Errorf("\n have % x\nnasm has % x", file.Bytes, want)
			}
			checkParts(t, file)
		})
	}
}

// TestFlatMessages also checks that nasm refuses what Flat refuses.
func TestFlatMessages(t *testing.T) {
	for _, c := range []struct {
		name, source, want string
		build              func() *builder
	}{
		{"overlap", "section .text\n times 20 db 1\nsection a start=10\n db 1",
			"error: section a, which starts at 0xa, overlaps what comes before it up to 0x14", func() *builder {
				b := build("", 16)
				b.section(".text", text, 0)
				b.times(20, "\x01")
				b.section("a", rodata, 0).Flat.Start = at(10)
				b.data("\x01")
				return b
			}},
		{"before the origin", "org 0x100\nsection a start=10\n db 1\nsection .text\n db 1",
			"error: section a starts at 0xa, before the origin of the file, 0x100", func() *builder {
				b := flatAt(0x100)
				b.section(".text", text, 0)
				b.data("\x01")
				b.section("a", rodata, 0).Flat.Start = at(10)
				b.data("\x01")
				return b
			}},
		{"unknown section", "section a follows=b\n db 1",
			"error: section a follows b, which is no section with contents", func() *builder {
				b := build("", 16)
				b.section(".text", text, 0)
				b.section("a", rodata, 0).Flat.Follows = "b"
				b.data("\x01")
				return b
			}},
		{"two followers", "db 1\nsection a follows=.text\n db 1\nsection c\n db 2\nsection b follows=.text\n db 1",
			"error: sections b and a can't both follow .text", func() *builder {
				b := build("", 16)
				b.section(".text", text, 0)
				b.section("a", rodata, 0).Flat.Follows = ".text"
				b.section("c", rodata, 0)
				b.section("b", rodata, 0).Flat.Follows = ".text"
				return b
			}},
		{"virtual circle", "section a vfollows=b\n db 1\nsection b vfollows=a\n db 1",
			"error: sections follow one another in a circle: a", func() *builder {
				b := build("", 16)
				b.section(".text", text, 0)
				b.section("a", rodata, 0).Flat.VFollows = "b"
				b.section("b", rodata, 0).Flat.VFollows = "a"
				return b
			}},
		{"real circle", "",
			"error: sections follow one another in a circle", func() *builder {
				b := build("", 16)
				b.section(".text", text, 0)
				b.section("a", rodata, 0).Flat.Follows = "b"
				b.section("b", rodata, 0).Flat.Follows = "a"
				return b
			}},
		{"two kinds", "section a nobits start=16 vstart=32\n resb 1",
			"error: section a has no contents, so start= and vstart=, align= and valign=, follows= and vfollows= mean the same: use one kind", func() *builder {
				b := build("", 16)
				b.section(".text", text, 0)
				a := b.section("a", bss, 0)
				a.Flat.Start, a.Flat.VStart = at(16), at(32)
				return b
			}},
		{"undefined", "extern x\n dw x",
			"error: 'x' is not defined", func() *builder {
				b := build("", 16)
				b.section(".text", text, 0)
				b.extern("x", 7)
				b.data("\x00\x00", abs(0, 2, 7, 0))
				return b
			}},
		{"relative wrap", "org 1<<62\n",
			"warning: the distance to the target, -0x4000000000000005, does not fit in 4 bytes and is cut to 0xfffffffb", func() *builder {
				b := flatAt(1 << 62)
				b.section(".text", text, 0)
				f := rel(1, 4, 1, 0)
				f.Value.N -= 1 << 62
				b.code(32, "\xe8\x00\x00\x00\x00", f)
				return b
			}},
		{"byte", "org 0x100\n db x\n x:",
			"warning: the address, 0x101, does not fit in 1 byte and is cut to 0x1", func() *builder {
				b := flatAt(0x100)
				b.section(".text", text, 0)
				b.data("\x00", abs(0, 1, 1, 1))
				return b
			}},
		{"far end", "",
			"error: section a ends beyond all addresses", func() *builder {
				b := build("", 16)
				b.section(".text", text, 0)
				b.section("a", rodata, 0).Flat.Start = at(1<<63 - 5)
				b.times(10, "\x01")
				return b
			}},
		{"wide gap", "",
			"error: the file would be 1099511627777 bytes large, which is more than 1073741824 bytes", func() *builder {
				b := flatAt(0)
				b.section(".text", text, 0)
				b.section("a", rodata, 0).Flat.Start = at(1 << 40)
				b.data("\x01")
				return b
			}},
		{"wider than 63 bits", "",
			"error: the file would be larger than 1073741824 bytes", func() *builder {
				b := flatAt(-1 << 62)
				b.section(".text", text, 0)
				b.section("a", rodata, 0).Flat.Start = at(1 << 62)
				b.data("\x01")
				return b
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, bag := Flat(&c.build().Program, Options{})
			if have := strings.TrimSpace(texts(bag)); have != c.want {
				t.Errorf("have:\n%s\nwant:\n%s", have, c.want)
			}
			if (file == nil) != (bag.Errors() > 0) {
				t.Errorf("file: %v, but %d errors", file != nil, bag.Errors())
			}
			if c.source == "" {
				return
			}
			dir := t.TempDir()
			writeFile(t, dir, "a.asm", []byte(c.source), 0o644)
			nasm := exec.Command("nasm", "-f", "bin", "-o", "a.bin", "a.asm")
			nasm.Dir = dir
			if out, err := nasm.CombinedOutput(); (err != nil) != (bag.Errors() > 0) {
				t.Errorf("nasm: %v\n%s", err, out)
			}
		})
	}
}

func TestFlatKeepsProgram(t *testing.T) {
	b := flatCases[2].build()
	before := make([]program.Section, len(b.Sections))
	for i, s := range b.Sections {
		before[i] = *s
	}
	Flat(&b.Program, Options{})
	for i, s := range b.Sections {
		if s.Name != before[i].Name || s.Align != before[i].Align || s.Flat != before[i].Flat {
			t.Errorf("section %s was changed", s.Name)
		}
	}
}
