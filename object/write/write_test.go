package write

import (
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/object"
)

// object assembles text into an object.
func makeObject(t testing.TB, text, format string) ([]byte, *diag.Bag) {
	t.Helper()
	f := object.ByName(format)
	if f == nil {
		t.Fatalf("there is no format %s", format)
	}
	files := &diag.Files{}
	p, messages := assembler.Assemble(files, files.Add("x.asm", []byte(text)), assembler.Options{Object: f})
	if p == nil {
		return nil, messages
	}
	data, said := Object(p, Options{Format: f, Source: "x.asm"})
	messages.Append(said)
	return data, messages
}

// TestErrors says what an object can't hold.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"elf64", "extern f\nmov rax, f wrt ..plt", "no relocation for an address WRT ..plt"},
		{"elf64", "extern f\ndd f wrt ..gotoff", "it has one for 64 bits"},
		{"elf64", "dd x wrt ..got\nx: dd 1", "no global symbol here"},
		{"elf64", "extern f\ncall f+1 wrt ..plt", "without an offset"},
		{"elf64", "extern f, g\ndd f-g", "can't compute this"},
		{"elf64", "extern f\ndd f-x\nsection .data\nx: dd 1", "can't compute this"},
		{"elf64", "extern f\nmov ax, seg f", "no segment selector"},
		{"elf64", "section .symtab\ndd 1", "every ELF object has"},
		{"elf64", "section .data align=3", "power of two"},
		{"elf64", "common x 4:3", "power of two"},
		{"elf32", "extern f\ndd f wrt ..gottpoff", "no relocation for this use of WRT"},
		{"elfx32", "extern f\ndq f-$", "no relocation for a distance in 64 bits"},
		{"win64", "extern f\ndw f", "no relocation for a field of 16 bits"},
		{"win64", "global f:function\nf: ret", "nothing of a symbol but its name"},
		{"win32", "call 5", "distance to an absolute address"},
		{"macho64", "extern f\nmov eax, f", "no relocation for an absolute address of 32 bits"},
		{"macho64", "extern f\ndd f-x\nsection .data\nx: dd 1", "can't compute this"},
		{"macho64", "extern f\nmov rax, qword f wrt ..gotpcrel", "no relocation for this use of WRT"},
		{"macho64", "nop\nsection .data\ndq $$", "no label here or before"},
		{"macho64", "default rel\nmov rax, [x wrt ..gotpcrel]\nsection .data\nx: dq 1", "no global symbol here"},
		{"macho64", "section mine", "no section called 'mine'"},
		{"macho64", "section .text data", "of another kind before"},
		{"macho64", "section .data what", "no section attribute 'what'"},
		{"macho64", "global f:function\nf: ret", "can't say 'function'"},
		{"macho32", "extern f\ncall 5", "distance to an absolute address"},
		{"macho64", "no_dead_strip f", "no label of this file"},
		{"macho64", "extern f\nx equ f+1", "and a number"},
		{"aout", "section .rodata", "no section called '.rodata'"},
		{"aout", "extern f\nmov eax, f wrt ..got", "not defined"},
		{"aoutb", "dd x wrt ..gotoff\nsection .data\nglobal x\nx: dd 1", "label in that section that is not global"},
		{"as86", "call 5", "distance to an absolute address"},
		{"as86", "x: dq x", "field of 64 bits"},
		{"obj", "segment x\ny: db y", "field of 8 bits"},
		{"obj", "call 5", "distance to an absolute address"},
		{"obj", "segment x\ngroup g x nosuch", "a segment 'nosuch' that is not defined"},
		{"obj", "segment x\ngroup g x\ngroup g x", "defined twice"},
		{"obj", "extern f:wrt nosuch\ndw f", "no segment or group 'nosuch'"},
		{"obj", "segment x align=3", "power of two up to 4096"},
		{"obj", "segment x absolute=0x40\ny: dw seg y", "selector of a segment that has its place"},
		{"obj", "import f", "needs more than this"},
		{"obj", "export f g what", "EXPORT has no 'what'"},
		{"obj", "global f:function\nf: ret", "nothing of a symbol but its name"},
		{"elf64", "[group g x]", "is for segmented memory"},
		{"ieee", "[group g x]", "IEEE-695 has no GROUP"},
		{"ieee", "segment x align=512", "power of two up to 256"},
		{"ieee", "segment x\ny: db y", "field of 8 bits"},
		{"ieee", "call 5", "distance to an absolute address"},
		{"ieee", "segment x\ndw y-$\nsegment z\ny:", "a distance in data"},
		{"ieee", "segment x absolute=0x40\ny: dw seg y", "selector of a segment that has its place"},
		{"ieee", "extern f:wrt x\nsegment x\ndw f", "nothing of a symbol but its name"},
		{"ieee", "extern f, g\nsegment x\ndw f wrt g", "WRT needs a segment here"},
		{"elf64", "times 2000000000 db 1", "larger than"},
		{"win64", "extern f\ntimes 1000000000 dd f", "larger than"},
	} {
		data, messages := makeObject(t, c.text+"\n", c.format)
		var said strings.Builder
		for _, m := range messages.Messages() {
			said.WriteString(m.Text + "\n")
			for _, n := range m.Notes {
				said.WriteString(n.Text + "\n")
			}
		}
		if data != nil || !strings.Contains(said.String(), c.want) {
			t.Errorf("%s: %q: an object of %d bytes, and %q; want %q", c.format, c.text, len(data), said.String(), c.want)
		}
	}
}

// FuzzObject looks for sources that make a writer of objects panic.
func FuzzObject(f *testing.F) {
	for _, text := range []string{
		"extern f\nglobal x:data hidden 4\nx: dd f, x wrt ..sym, $-x\ncall f wrt ..plt\n",
		"common c 8:4\nsection .bss\nresb 5\nsection .text\ntimes 3 dd c\nosabi 3\n",
		"section .a merge strings byte*2 align=8\ndb 1\nabsolute 5\nx: resb 1\ny equ x\n",
		"segment a use32 class=b align=8\n..start: dd a, seg x, x wrt g\nx: resb 9\ngroup g a\nextern f:wrt g\ncall far f\ncommon c 9:far 3\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1000 || strings.Contains(strings.ToLower(text), "times") {
			return // what is large is TestErrors' matter
		}
		for _, format := range object.Formats {
			makeObject(t, text, format.Name)
		}
	})
}
