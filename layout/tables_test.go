package layout

import (
	"strings"
	"testing"
)

// TestTables proves of programs that jump through tables that their results do the
// same: each entry is a case.
func TestTables(t *testing.T) {
	for name, source := range map[string]string{
		"number of arguments": `target linux/386
_start: pop eax
 dec eax
 cmp eax, 2
 jbe .in
 mov eax, 2
.in: jmp [table + eax*4]
none: mov ebx, 7
 jmp exit
one: mov ebx, 9
 jmp exit
more: mov ebx, 40
exit: mov eax, 1
 int 0x80
section .rodata
table: dd none, one, more
`,
		"letters until the end": `target linux/amd64
_start: xor eax, eax
 xor edi, edi
 mov rsi, letter
 mov edx, 1
 syscall
 cmp rax, 1
 jne exit
 movzx eax, byte [letter]
 sub eax, 'p'
 cmp eax, 1
 ja _start
 jmp [table + rax*8]
print: mov eax, 1
 mov edi, 1
 mov rsi, text
 mov edx, 6
 syscall
 jmp _start
exit: mov eax, 60
 xor edi, edi
 syscall
section .rodata
table: dq print, exit
text: db "again", 10
section .bss
letter: resb 1
`,
	} {
		file, _ := Golf(assembled(t, source), Options{Effort: -8})
		if !strings.HasPrefix(file.Report.Checked, "proved") || file.Report.Layout != "golf" {
			t.Errorf("%s: %s, %q, because %v", name, file.Report.Layout, file.Report.Checked, file.Report.Reasons)
		}
	}
}
