package assembler

import (
	"strings"
	"testing"

	"tasm/diag"
)

// TestCures asks what is said first of mistakes that learners make.
func TestCures(t *testing.T) {
	const rest = "\nsection .data\ncount: dd 1\nsmall db 1\nwide: dq 2\nnaked:\n"
	for _, c := range []struct{ target, line, want string }{
		{"386", "mov [count], 5", "write: mov dword [count], 5, as 'dd' says"},
		{"386", "inc [small]", "write: inc byte [small], as 'db' says"},
		{"amd64", "add [wide + 8], 5", "write: add qword [wide + 8], 5, as 'dq' says"},
		{"386", "mov [naked], 5", "write byte, word or dword before the operand"},
		{"386", "mov [count], [small]", "write: mov eax, [small], then mov [count], eax: one operand can be in memory"},
		{"386", "cmp [small], [eax]", "write: mov cl, [small], then cmp cl, [eax]: one operand can be in memory"},
		{"386", "mov eax, bl", "write: movzx eax, bl (movsx for numbers with a sign)"},
		{"386", "mov eax, byte [count]", "write: movzx eax, byte [count] (movsx for numbers with a sign)"},
		{"amd64", "mov rax, ebx", "write: mov eax, ebx, which clears the rest of rax (movsxd rax, ebx for numbers with a sign)"},
		{"386", "add eax, bl", "write: movzx ebx, bl (movsx for numbers with a sign), then add eax, ebx"},
		{"386", "cpu 286\nmovzx eax, bl", "write 'cpu any' to allow all instructions"},
		{"386", "mov bl, eax", "write: mov bl, al: the low part of eax"},
		{"386", "mov bl, esi", "MOV r/m8, r8: takes r8 where esi stands"},
		{"386", "movzx eax, ebx", "write: mov eax, ebx"},
		{"386", "lea eax, ebx", "write: mov eax, ebx"},
		{"386", "mul ebx, 2", "write: imul ebx, 2"},
		{"386", "imul 5", "write: imul eax, 5"},
		{"386", "idiv ebx, 10", "write: mov eax, ebx, then mov ecx, 10, then cdq, then idiv ecx: it divides edx:eax, the result is in eax, the rest in edx"},
		{"386", "add count, 1", "write: add dword [count], 1: brackets stand for what is in memory there"},
		{"amd64", "extern f\ncall f wrt ..plt", "it asks a linker for something: make an object, tasm build -f elf64 x.tasm -o x.o (elf32 for 32 bits, which nasm calls elf too)"},
		{"386", "mov 5, eax", "write: mov eax, 5: what is changed stands first"},
		{"386", "cmp 5, eax", "write: cmp eax, 5: a number stands second"},
		{"386", "shl eax, dl", "write: mov cl, dl, then shl eax, cl: a count is a number or stands in cl"},
		{"386", "mov ds, 5", "write: mov ax, 5, then mov ds, ax"},
		{"386", "je eax", "write: jne past, then jmp eax, then past: a conditional jump goes to a label alone"},
		{"386", "inc eax, 1", "write: add eax, 1"},
		{"386", "sete ecx", "write: sete cl, then movzx ecx, cl: a condition is stored as a byte"},
		{"386", "ret ebx", "write: mov eax, ebx, then ret: what is returned is left in eax"},
		{"386", "xchg eax, 5", "write: mov eax, 5: a number can't take another value"},
		{"386", "mov xmm0, eax", "write: movd xmm0, eax"},
		{"386", "loop 5, eax", "LOOP rel8, CX: takes CX where eax stands"},
		{"386", "mov eax, [ebx-ecx]", "write: sub ebx, ecx, then use [ebx]: the registers of an address are only added"},
		{"386", "%macro m 2\nmov %1, %2\n%endmacro\nm 5, eax", "write: mov eax, 5: what is changed stands first"},
		{"386", "%macro m 1\nmov eax, %1\n%endmacro\nm bl", "write: movzx eax, bl (movsx for numbers with a sign)"},
		{"386", "#define X 5", "write: X equ 5, or %define X 5"},
		{"386", "#include <stdio.h>", "write: %include 'FILE', a source for nasm"},
		{"386", "const X 5", "write: X equ 5"},
		{"386", "pushl $count", "nasm writes the size before memory, as in push dword [x], and no suffix: push"},
		{"386", "pop 5", "write: pop eax, or add esp, 4 where the value is not needed"},
		{"amd64", "mov rax, rip", "to read it, write: lea rax, [rel $]; to change it: jmp PLACE"},
		{"386", "goto count", "write: jmp LABEL"},
		{"386", "db 'hello\\n'", "write: 'hello', 10; or put the string into backquotes"},
		{"386", "eax = 5 + 1", "write: mov eax, 5 + 1"},
	} {
		files := &diag.Files{}
		_, messages := Assemble(files, files.Add("a", []byte("target linux/"+c.target+"\n "+c.line+rest)), Options{})
		said := messages.Messages()
		if len(said) == 0 || len(said[0].Notes) == 0 || said[0].Notes[0].Text != c.want {
			var all []string
			for _, m := range said {
				all = append(all, m.Text)
				for _, n := range m.Notes {
					all = append(all, n.Text)
				}
			}
			t.Errorf("%s:\n%s\nwant %s", c.line, strings.Join(all, "\n"), c.want)
		}
	}
}
