package layout

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
)

// TestSections packs programs that can't be taken apart, and holds what they do against
// what they do as written.
func TestSections(t *testing.T) {
	for name, source := range map[string]string{
		"handler": `target linux/386
section .rodata
said: db 'signal', 10
section .text
_start: mov eax, 48
 mov ebx, 10
 mov ecx, handler
 int 0x80
 mov eax, 20
 int 0x80
 mov ebx, eax
 mov eax, 37
 mov ecx, 10
 int 0x80
 mov eax, 1
 mov ebx, 7
 int 0x80
handler: mov eax, 4
 mov ebx, 1
 mov ecx, said
 mov edx, 7
 int 0x80
 ret`,
		"writes itself": `target linux/amd64
section .text write exec alloc progbits
_start: mov ecx, 5
.next: inc byte [rel .change + 2]
.change: add edi, 1
 loop .next
 mov eax, 60
 syscall`,
		"on the stack": `target linux/386
_start: push 0x80cd9090
 mov eax, 1
 mov ebx, 42
 jmp esp`,
		"behind zeros": `target linux/386
section .data
hook: dd handler
section .bss
align 64
zeros: resb 100
section .text
_start: mov ebx, handler - _start
 add ebx, [zeros + 8]
 cmp byte [_start], 0xbb
 jne handler
 mov eax, 1
 int 0x80
handler: ud2`,
	} {
		files := &diag.Files{}
		p, said := assembler.Assemble(files, files.Add(name, []byte(source)), assembler.Options{Instructions: true})
		if p == nil {
			t.Fatal(name, said.Messages()[0].Text)
		}
		var want string
		size := 0
		for _, s := range Strategies {
			file, said := s.Layout(p, Options{Effort: -8})
			if file == nil {
				t.Fatal(name, said.Messages()[0].Text)
			}
			path := filepath.Join(t.TempDir(), "program")
			if err := programs.Store(path, file.Bytes); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			run := exec.Command(path)
			run.Stdout = &out
			run.Run()
			did := out.String() + run.ProcessState.String()
			switch {
			case s.Name == "plain":
				want, size = did, len(file.Bytes)
			case did != want:
				t.Errorf("%s, %s: %q, not %q", name, s.Name, did, want)
			case len(file.Bytes) >= size || s.Name == "pack" && file.Report.Method != SectionsAsWritten:
				t.Errorf("%s, %s: %d bytes, %s", name, s.Name, len(file.Bytes), file.Report.Method)
			}
		}
	}
}
