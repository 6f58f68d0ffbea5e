package equiv_test

import (
	"testing"

	"tasm/layout/equiv"
)

// TestNames proves nothing of programs that may compute the name of a file below /proc,
// and does of those that are told one.
func TestNames(t *testing.T) {
	const (
		read = "mov edx, 16\nmov ecx, b\nxor ebx, ebx\nmov eax, 3\nint 0x80\n"
		hash = "imul edx, [b], 0x1e3779b1\ncmp edx, 0x74392c5a\n"
		open = "mov ebx, b\nxor ecx, ecx\nmov eax, 5\nint 0x80\n"
		end  = ".end: xor ebx, ebx\nmov eax, 1\nint 0x80\n"
		data = "section .data\nname: db 117, 42, 40, 53, 57, 117, 41, 63, 54, 60, 117, 55, 59, 42, 41, 'a'\nsection .bss\nb: resb 32\n"
		copy = "mov esi, name\nmov edi, b\nmov ecx, 15\n.copy: lodsb\n"
		text = "stosb\nloop .copy\nmov [edi], cl\n"
		loop = "_start: " + read + "dec eax\njs .end\n" + hash + "jne _start\n"
		once = "_start: " + read + hash + "jne .end\n"
	)
	for name, c := range map[string]struct {
		source string
		want   string // "proved", "shown" or "open"
	}{
		"told":                  {once + open + end + data, "proved"},
		"told in a loop":        {loop + open + "jmp _start\n" + end + data, "proved"},
		"without an end, told":  {once + "mov byte [b + 8], 0\n" + open + end + data, "proved"},
		"computed":              {once + copy + "xor al, [b + 1]\n" + text + open + end + data, "open"},
		"computed in a loop":    {loop + copy + "xor al, [b + 1]\n" + text + open + "jmp _start\n" + end + data, "open"},
		"on the stack":          {once + "sub esp, 32\nmov edi, esp\nmov esi, name\nmov ecx, 15\n.copy: lodsb\nxor al, [b + 1]\n" + text + "mov ebx, esp\nxor ecx, ecx\nmov eax, 5\nint 0x80\n" + end + data, "open"},
		"decoded":               {once + copy + "xor al, 0x5a\n" + text + open + end + data, "shown"},
		"computed, another one": {once + "mov al, [b + 1]\nand al, 3\nadd al, '0'\nmov [b + 3], al\nmov dword [b + 4], 0\nmov word [b], 'fi'\nmov byte [b + 2], 'x'\n" + open + end + data, "proved"},
	} {
		t.Run(name, func(t *testing.T) {
			file := build(t, head386+c.source, "", false)
			v := equiv.Check(file, file, equiv.Options{Runs: 20})
			got := "open"
			switch {
			case v.Shown:
				got = "shown"
			case v.Proved:
				got = "proved"
			}
			if got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, v)
			}
		})
	}
}
