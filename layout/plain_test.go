package layout

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tasm/lang"
	"tasm/layout/elf"
	"tasm/program"
)

const greeting = "hello, world\n"

// A case is a program built by hand and the same in nasm's words.
type linkCase struct {
	name   string
	build  func() *builder
	source string
	out    string
	status int
}

var linkCases = []linkCase{
	{"exit42/386", func() *builder {
		b := build("linux/386", 32)
		b.section(".text", text, 16)
		b.symbol("_start", 1, 0)
		b.code(32, "\x31\xc0")
		b.code(32, "\x40")
		b.code(32, "\xb3\x2a")
		b.code(32, "\xcd\x80")
		return b
	}, `
		section .text
		global _start
		_start: xor eax, eax
		inc eax
		mov bl, 42
		int 0x80`, "", 42},
	{"exit42/amd64", func() *builder {
		b := build("linux/amd64", 64)
		b.section(".text", text, 1)
		b.symbol("start", 1, 0)
		b.code(64, "\xb8\x3c\x00\x00\x00")
		b.code(64, "\xbf\x2a\x00\x00\x00")
		b.code(64, "\x0f\x05")
		return b
	}, `
		section .text align=1
		global _start
		_start: mov eax, 60
		mov edi, 42
		syscall`, "", 42},
	{"hello/386", func() *builder {
		b := build("linux/386", 32)
		b.section(".text", text, 16)
		b.section(".rodata", rodata, 4)
		b.data(greeting)
		b.current = b.Sections[0]
		b.code(32, "\xb8\x04\x00\x00\x00")
		b.code(32, "\xbb\x01\x00\x00\x00")
		b.code(32, "\xb9\x00\x00\x00\x00", abs(1, 4, 2, 0))
		b.code(32, "\xba\x0d\x00\x00\x00")
		b.code(32, "\xcd\x80")
		b.code(32, "\x31\xdb")
		b.code(32, "\xb8\x01\x00\x00\x00")
		b.code(32, "\xcd\x80")
		b.Entry = b.symbol("go", 1, 0)
		return b
	}, `
		section .text
		global _start
		_start: mov eax, 4
		mov ebx, 1
		mov ecx, msg
		mov edx, 13
		int 0x80
		xor ebx, ebx
		mov eax, 1
		int 0x80
		section .rodata align=4
		msg: db "hello, world", 10`, greeting, 0},
	// Everything at once: constants, data that points at code and at itself,
	// memory without contents, calls across sections, repetition. The program
	// copies a pointer through .bss and exits with 7 when all is where it should be.
	{"sections/386", func() *builder {
		b := build("linux/386", 32)
		b.section(".text", text, 16)
		b.section(".data", data, 8)
		b.section(".bss", bss, 32)
		b.section("other", program.Alloc|program.Write|program.Exec, 4)
		b.current = b.Sections[0]
		b.symbol("_start", 1, 0)
		b.code(32, "\xa1\x00\x00\x00\x00", abs(1, 4, 2, 8))     // mov eax, [ptr]
		b.code(32, "\xa3\x00\x00\x00\x00", abs(1, 4, 3, 4))     // mov [cell], eax
		b.code(32, "\xe8\x00\x00\x00\x00", rel(1, 4, 4, 0))     // call sub
		b.code(32, "\x0f\xb6\x18")                              // movzx ebx, byte [eax]
		b.code(32, "\x31\xc0")                                  // xor eax, eax
		b.code(32, "\x03\x05\x00\x00\x00\x00", abs(2, 4, 3, 0)) // add eax, [zero]
		b.code(32, "\x40")                                      // inc eax
		b.code(32, "\xcd\x80")
		b.current = b.Sections[1]
		b.data("\x07")
		b.times(7, "\x05")
		b.data("\x00\x00\x00\x00", abs(0, 4, 2, 0))
		b.times(3, "\x00\x00\x00\x00\x11", abs(0, 4, 1, 3))
		b.current = b.Sections[2]
		b.space(4)
		b.space(10000)
		b.current = b.Sections[3]
		b.code(32, "\xa1\x00\x00\x00\x00", abs(1, 4, 3, 4)) // mov eax, [cell]
		b.code(32, "\xc3")
		return b
	}, `
		section .text
		global _start
		_start: mov eax, [ptr]
		mov [cell], eax
		call sub
		movzx ebx, byte [eax]
		xor eax, eax
		add eax, [zero]
		inc eax
		int 0x80
		section .data align=8
		val: db 7
		times 7 db 5
		ptr: dd val
		%rep 3
		dd _start+3
		db 0x11
		%endrep
		section .bss align=32
		zero: resb 4
		cell: resb 10000
		section other progbits alloc write exec align=4
		sub: mov eax, [cell]
		ret`, "", 7},
	{"sections/amd64", func() *builder {
		b := build("linux/amd64", 64)
		b.section(".text", text, 16)
		b.section(".data", data, 8)
		b.section(".bss", bss, 64)
		b.current = b.Sections[0]
		b.symbol("_start", 1, 0)
		signed := abs(4, 4, 2, 0)
		signed.SignExtended = true
		b.code(64, "\x48\x8b\x04\x25\x00\x00\x00\x00", signed)                  // mov rax, [abs ptr]
		b.code(64, "\x48\x89\x05\x00\x00\x00\x00", rel(3, 4, 3, 0))             // mov [rel cell], rax
		b.code(64, "\xbe\x00\x00\x00\x00", abs(1, 4, 3, 0))                     // mov esi, cell
		b.code(64, "\x48\xbf\x00\x00\x00\x00\x00\x00\x00\x00", abs(2, 8, 2, 8)) // mov rdi, value
		b.code(64, "\x48\x8b\x3e")                                              // mov rdi, [rsi]
		b.code(64, "\x0f\xb6\x3f")                                              // movzx edi, byte [rdi]
		b.code(64, "\xb8\x3c\x00\x00\x00")
		b.code(64, "\x0f\x05")
		b.current = b.Sections[1]
		b.data("\x00\x00\x00\x00\x00\x00\x00\x00", abs(0, 8, 2, 8))
		b.data("\x2b")
		b.current = b.Sections[2]
		b.space(8)
		return b
	}, `
		bits 64
		section .text
		global _start
		_start: mov rax, [abs ptr]
		mov [rel cell], rax
		mov esi, cell
		mov rdi, qword value
		mov rdi, [rsi]
		movzx edi, byte [rdi]
		mov eax, 60
		syscall
		section .data align=8
		ptr: dq value
		value: db 43
		section .bss align=64
		cell: resb 8`, "", 43},
	// Only code and memory without contents.
	{"bss/386", func() *builder {
		b := build("linux/386", 32)
		b.section(".text", text, 16)
		b.section(".bss", bss, 4)
		b.space(5000)
		b.current = b.Sections[0]
		b.symbol("_start", 1, 0)
		b.code(32, "\xc6\x05\x00\x00\x00\x00\x08", abs(2, 4, 2, 4999)) // mov byte [cell+4999], 8
		b.code(32, "\x8b\x1d\x00\x00\x00\x00", abs(2, 4, 2, 4996))     // mov ebx, [cell+4996]
		b.code(32, "\xc1\xeb\x18")                                     // shr ebx, 24
		b.code(32, "\x31\xc0")
		b.code(32, "\x40")
		b.code(32, "\xcd\x80")
		return b
	}, `
		section .text
		global _start
		_start: mov byte [cell+4999], 8
		mov ebx, [cell+4996]
		shr ebx, 24
		xor eax, eax
		inc eax
		int 0x80
		section .bss
		cell: resb 5000`, "", 8},
}

func TestPlainRuns(t *testing.T) {
	for _, c := range linkCases {
		t.Run(c.name, func(t *testing.T) {
			file, bag := Plain(&c.build().Program, Options{})
			if bag.Len() > 0 {
				t.Fatalf("unexpected messages:\n%s", texts(bag))
			}
			checkParts(t, file)
			if out, status := run(t, file.Bytes); out != c.out || status != c.status {
				t.Errorf("wrote %q and exited with %d, want %q and %d", out, status, c.out, c.status)
			}
		})
	}
}

// TestPlainAgainstLinker lets ld put nasm's sections at the addresses that
// Plain has chosen. Then all their bytes must agree.
func TestPlainAgainstLinker(t *testing.T) {
	for _, c := range linkCases {
		t.Run(c.name, func(t *testing.T) {
			b := c.build()
			file, _ := Plain(&b.Program, Options{})
			if file == nil {
				t.Fatal("no file")
			}
			dir := t.TempDir()
			writeFile(t, dir, "a.asm", []byte(c.source), 0o644)
			format, emulation := "elf32", "elf_i386"
			if file.Class == elf.Class64 {
				format, emulation = "elf64", "elf_x86_64"
			}
			tool(t, dir, "nasm", "-f", format, "-o", "a.o", "a.asm")
			link := []string{"ld", "-m", emulation, "-o", "a.out", "a.o"}
			sections := map[string][]byte{}
			for _, s := range b.Sections {
				for i := range file.Parts {
					if p := &file.Parts[i]; p.Section == s {
						if sections[s.Name] == nil {
							link = append(link, fmt.Sprintf("--section-start=%s=%#x", s.Name, p.Address))
						}
						sections[s.Name] = append(sections[s.Name], file.Bytes[p.Offset:p.Offset+p.Size]...)
					}
				}
				if s.Flags&program.NoBits != 0 {
					link = append(link, fmt.Sprintf("--section-start=%s=%#x", s.Name, bssAddress(t, file, b)))
				}
			}
			tool(t, dir, link...)
			for name, contents := range sections {
				tool(t, dir, "objcopy", "--dump-section", name+"=dump", "a.out", "copy")
				want, err := os.ReadFile(filepath.Join(dir, "dump"))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(contents, want) {
					t.Errorf("%s:\n have % x\nld has % x", name, contents, want)
				}
			}
		})
	}
}

// bssAddress works out where the last section without contents is: at the end
// of the memory of the first writable segment.
func bssAddress(t *testing.T, f *File, b *builder) uint64 {
	for _, ph := range programHeaders(f) {
		if ph[elf.PFlags] == elf.FlagR|elf.FlagW {
			for _, s := range b.Sections {
				if s.Flags&program.NoBits != 0 {
					return ph[elf.PVaddr] + ph[elf.PMemsz] - uint64(s.Size)
				}
			}
		}
	}
	t.Fatal("no segment for .bss")
	return 0
}

func programHeaders(f *File) []elf.Values {
	var list []elf.Values
	size := f.Class.Size(elf.ProgramHeader)
	at := int(elf.Get(f.Class, f.Bytes, elf.EPhoff))
	for range elf.Get(f.Class, f.Bytes, elf.EPhnum) {
		var v elf.Values
		for _, field := range f.Class.Fields(elf.ProgramHeader) {
			v[field.ID] = elf.Get(f.Class, f.Bytes[at:at+size], field.ID)
		}
		list = append(list, v)
		at += size
	}
	return list
}

// TestPlainConforms checks what the gABI says of loadable segments, and that
// the usual readers of ELF files have nothing to say.
func TestPlainConforms(t *testing.T) {
	cases := append(linkCases[:len(linkCases):len(linkCases)],
		linkCase{name: "aligned", build: func() *builder {
			b := build("linux/amd64", 64)
			b.section(".text", text, 16)
			b.code(64, "\xb8\x3c\x00\x00\x00")
			b.code(64, "\x31\xff")
			b.code(64, "\x0f\x05")
			b.symbol("_start", 1, 0)
			b.section(".data", data, 1<<16)
			b.data("x")
			b.section("late", data, 1<<13)
			b.data("y")
			b.section("empty", data, 64)
			return b
		}})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := c.build()
			file, bag := Plain(&b.Program, Options{})
			if file == nil {
				t.Fatal(texts(bag))
			}
			checkParts(t, file)
			var end uint64
			for _, ph := range programHeaders(file) {
				if ph[elf.PVaddr]/elf.PageSize*elf.PageSize < end {
					t.Errorf("segment at %#x shares a page with the one before, which ends at %#x", ph[elf.PVaddr], end)
				}
				end = ph[elf.PVaddr] + ph[elf.PMemsz]
				if (ph[elf.POffset]-ph[elf.PVaddr])%ph[elf.PAlign] != 0 {
					t.Errorf("offset %#x and address %#x differ modulo %#x", ph[elf.POffset], ph[elf.PVaddr], ph[elf.PAlign])
				}
				if ph[elf.POffset]+ph[elf.PFilesz] > uint64(len(file.Bytes)) || ph[elf.PFilesz] > ph[elf.PMemsz] {
					t.Errorf("the segment does not lie in the file: %#x", ph)
				}
				if ph[elf.PFlags]&elf.FlagW == 0 && ph[elf.PFilesz] != ph[elf.PMemsz] {
					t.Errorf("zeros behind a segment that can't be written: %#x", ph)
				}
			}
			for _, p := range file.Parts {
				if p.Section != nil && p.Fragment.Offset == 0 && p.Address%uint64(p.Section.Align) != 0 {
					t.Errorf("section %s is at %#x, not aligned to %d", p.Section.Name, p.Address, p.Section.Align)
				}
			}
			for _, v := range elf.Check(elf.Strict, file.Bytes) {
				t.Error(v)
			}
			dir := t.TempDir()
			writeFile(t, dir, "a", file.Bytes, 0o755)
			if out := tool(t, dir, "readelf", "-lhW", "a"); strings.Contains(strings.ToLower(out), "warning") || strings.Contains(out, "rror:") {
				t.Errorf("readelf: %s", out)
			}
			if out := tool(t, dir, "objdump", "-f", "a"); !strings.Contains(out, fmt.Sprintf("start address 0x%0*x", file.Class.Bits()/4, file.Entry)) {
				t.Errorf("objdump: %s", out)
			}
			out := tool(t, dir, "gdb", "-nx", "-batch", "-ex", "starti", "-ex", "print/x $pc", "-ex", "kill", "./a")
			if !strings.Contains(out, fmt.Sprintf("$1 = %#x\n", file.Entry)) {
				t.Errorf("gdb: %s", out)
			}
		})
	}
}

func TestPlainMessages(t *testing.T) {
	exit := func(b *builder) { b.code(b.Bits, "\xcd\x80") }
	start := func(target string, bits int) *builder {
		b := build(target, bits)
		b.section(".text", text, 16)
		b.symbol("_start", 1, 0)
		return b
	}
	for _, c := range []struct {
		name  string
		build func() *builder
		want  string
	}{
		{"no target", func() *builder { return start("", 32) }, "error: an ELF executable needs a target, linux/386 or linux/amd64"},
		{"empty", func() *builder { return start("linux/386", 32) }, "error: the program is empty: there is no instruction to run"},
		{"only bss", func() *builder {
			b := start("linux/386", 32)
			b.section(".bss", bss, 4)
			b.space(4)
			return b
		}, "error: the program is empty: there is no instruction to run"},
		{"16 bits", func() *builder {
			b := start("linux/386", 32)
			exit(b)
			b.code(16, "\x40")
			return b
		}, "error: 16-bit code can't run in an ELF executable"},
		{"undefined", func() *builder {
			b := start("linux/386", 32)
			b.extern("puts", 9)
			b.code(32, "\xe8\x00\x00\x00\x00", rel(1, 4, 9, 0))
			b.code(32, "\xe8\x00\x00\x00\x00", rel(1, 4, 9, 2))
			return b
		}, "error: 'puts' is not defined\nerror: 'puts' is not defined"},
		{"unused external", func() *builder {
			b := start("linux/386", 32)
			b.extern("puts", 9)
			exit(b)
			return b
		}, ""},
		{"no entry", func() *builder {
			b := build("linux/386", 32)
			b.section(".text", text, 16)
			exit(b)
			return b
		}, "warning: there is no symbol '_start', so the program starts at the beginning of .text"},
		{"entry outside", func() *builder {
			b := start("linux/386", 32)
			exit(b)
			b.Entry = b.symbol("far", 1, 100000)
			return b
		}, "error: the entry point 'far', 0x8060700, is not in the program"},
		{"entry in data", func() *builder {
			b := start("linux/386", 32)
			exit(b)
			b.section(".data", data, 4)
			exit(b)
			b.Entry = b.symbol("here", 2, 0)
			return b
		}, "warning: the entry point 'here' is in a section that is not executable"},
		{"byte field", func() *builder {
			b := start("linux/386", 32)
			b.data("\x00", abs(0, 1, 1, 0))
			return b
		}, "error: the address, 0x8048060, does not fit in 1 byte"},
		{"word field", func() *builder {
			b := start("linux/386", 32)
			b.data("\x00\x00", abs(0, 2, 1, -0x8048060+65536))
			return b
		}, "error: the address, 0x10000, does not fit in 2 bytes"},
		{"word field, just", func() *builder {
			b := start("linux/386", 32)
			b.data("\x00\x00", abs(0, 2, 1, -0x8048060+65535))
			b.data("\x00\x00", abs(0, 2, 1, -0x8048060-32768))
			return b
		}, ""},
		{"sign-extended", func() *builder {
			b := start("linux/amd64", 64)
			f := abs(4, 4, 1, math.MaxInt32)
			f.SignExtended = true
			b.code(64, "\x48\x8b\x04\x25\x00\x00\x00\x00", f)
			return b
		}, "error: the address, 0x8040007f, does not fit in 4 bytes"},
		{"zero-extended", func() *builder {
			b := start("linux/amd64", 64)
			b.code(64, "\xb8\x00\x00\x00\x00", abs(1, 4, 1, math.MaxInt32))
			b.code(64, "\xb8\x00\x00\x00\x00", abs(1, 4, 1, -0x600000))
			return b
		}, "error: the address, -0x1fff80, does not fit in 4 bytes"},
		{"far away", func() *builder {
			b := start("linux/amd64", 64)
			b.code(64, "\xe8\x00\x00\x00\x00", rel(1, 4, 2, 0))
			b.section(".bss", bss, 1)
			b.space(1 << 33)
			b.current.Flags |= program.Exec
			b.section("behind", bss|program.Exec, 1)
			b.space(1)
			b.Sections[0].Fragments[0].Fixups[0].Value = lang.InSegment(3, 0)
			return b
		}, "error: the distance to the target, 0x200000f4b, does not fit in 4 bytes"},
		{"too much memory", func() *builder {
			b := start("linux/386", 32)
			exit(b)
			b.section(".bss", bss, 4)
			b.space(0xc0000000)
			return b
		}, "error: section .bss does not fit into the address space of linux/386"},
		{"huge alignment", func() *builder {
			b := start("linux/amd64", 64)
			exit(b)
			b.section(".data", data, 1<<62)
			b.data("x")
			return b
		}, "error: section .data does not fit into the address space of linux/amd64"},
		{"too large", func() *builder {
			b := start("linux/amd64", 64)
			b.times(1<<40, "\x00")
			return b
		}, "error: the file would be 1099511627904 bytes large, which is more than 1073741824 bytes"},
		{"selector", func() *builder {
			b := start("linux/386", 32)
			f := abs(5, 2, 1, 0)
			f.Kind = 2
			b.code(32, "\xea\x00\x00\x00\x00\x00\x00", f)
			return b
		}, "error: a section has no segment selector of its own here"},
		{"contents without space", func() *builder {
			b := start("linux/386", 32)
			exit(b)
			b.section(".bss", bss, 4)
			b.data("x")
			return b
		}, "warning: section .bss has no contents in the file: what is written here is ignored"},
		{"comment", func() *builder {
			b := start("linux/386", 32)
			b.code(32, "\xb8\x00\x00\x00\x00", abs(1, 4, 2, 0))
			b.section(".comment", 0, 1)
			b.data("x")
			return b
		}, "error: section .comment has no address: it is not loaded into memory\n" +
			"warning: section .comment is not loaded into memory, so it is left out of the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, bag := Plain(&c.build().Program, Options{})
			if have := strings.TrimSpace(texts(bag)); have != c.want {
				t.Errorf("have:\n%s\nwant:\n%s", have, c.want)
			}
			if (file == nil) != (bag.Errors() > 0) {
				t.Errorf("file: %v, but %d errors", file != nil, bag.Errors())
			}
			for _, m := range bag.Messages() {
				if m.Range.IsZero() && c.name != "no target" && !strings.Contains(m.Text, "empty") {
					t.Errorf("'%s' has no place", m.Text)
				}
			}
		})
	}
}

func TestMaxSize(t *testing.T) {
	b := build("linux/386", 32)
	b.section(".text", text, 1)
	b.symbol("_start", 1, 0)
	b.times(100, "\x90")
	const whole = 52 + 32 + 100
	if f, bag := Plain(&b.Program, Options{MaxSize: whole}); f == nil || len(f.Bytes) != whole {
		t.Errorf("%d bytes should be allowed:\n%s", whole, texts(bag))
	}
	if f, bag := Plain(&b.Program, Options{MaxSize: whole - 1}); f != nil || bag.Errors() != 1 {
		t.Errorf("%d bytes should be too many", whole)
	}
}
