package equiv_test

import (
	"strings"
	"testing"

	"tasm/layout/elf"
	"tasm/layout/equiv"
)

// TestMeaning checks programs that leave their objects: from there on the result may
// do what it likes, and up to there nothing else.
func TestMeaning(t *testing.T) {
	const read = "_start: mov eax, 3\nmov ebx, 0\nmov ecx, space\nmov edx, 8\nint 0x80\n"
	const write = "mov ebx, 1\nmov ecx, space\nmov eax, 4\nint 0x80\n"
	const exit = "mov eax, 1\nmov ebx, 0\nint 0x80\n"
	const bss = "\nsection .bss\nspace: resb 8\n"
	for name, c := range map[string]struct{ original, result, finding, reason string }{
		"length": {
			read + "mov edx, eax\n" + write + exit, read + "test eax, eax\njs .end\nmov edx, eax\n" + write + ".end: " + exit,
			"if read fails, write gets a length of -14, and buf has 8 bytes", ""},
		"length, another text": {
			read + "mov edx, eax\n" + write + exit, read + "mov edx, eax\nmov byte [space], 0\n" + write + exit, "", "behind buf of call 2"},
		"checked": {
			read + "test eax, eax\njs .end\nmov edx, eax\n" + write + ".end: " + exit, read + "mov edx, eax\n" + write + exit, "", "calls write where the original calls exit"},
		"long": {
			"_start: mov edx, 9\n" + write + exit, "_start: hlt", "write gets a length of 9, and buf has 8 bytes", ""},
		"room": {
			strings.Replace(read, "edx, 8", "edx, 100", 1) + exit, strings.Replace(read, "edx, 8", "edx, 100", 1) + "nop\n" + exit,
			"read gets a length of 100, and buf has 8 bytes", ""},
		"no zero": {
			"_start: mov dword [space], 'abcd'\nmov dword [space+4], 'abcd'\nmov eax, 10\nmov ebx, space\nint 0x80\n" + exit, "_start: hlt",
			"unlink gets a text without a zero behind it, path", ""},
		"index": {
			read + "mov al, [space+8]\n" + exit, read + "hlt", "if read fails, this reads what lies outside its data", ""},
		"constant": {
			"_start: mov byte [space+8], 1\n" + exit, "_start: hlt", "this writes to what lies outside its data", ""},
		"division": {
			"_start: mov eax, [esp]\nxor edx, edx\nmov ecx, eax\ndec ecx\ndiv ecx\n" + exit,
			"_start: mov eax, [esp]\nxor edx, edx\nlea ecx, [eax-1]\ndiv ecx\nnop\n" + exit, "", ""},
		"no division": {
			"_start: mov eax, [esp]\nxor edx, edx\nmov ecx, eax\ndec ecx\ndiv ecx\n" + exit, "_start:" + exit, "", "goes on after 0 system calls"},
		"another exception": {"_start: ud2", "_start: hlt", "", "reserved to the kernel"},
	} {
		t.Run(name, func(t *testing.T) {
			original, result := build(t, head386+c.original+bss, "", false), build(t, head386+c.result+bss, "", false)
			at := elf.Get(elf.Class32, original[52+32:], elf.PVaddr) // of .bss
			v := equiv.Check(original, result, equiv.Options{Objects: []equiv.Range{{Low: at, High: at + 8}}})
			if c.reason != "" {
				if v.Outcome != equiv.Different || !strings.Contains(v.Reason, c.reason) {
					t.Fatalf("%+v", v)
				}
				return
			}
			if v.Outcome != equiv.Same || !v.Proved || len(v.Findings) > 1 {
				t.Fatalf("%+v", v)
			}
			text := ""
			for _, f := range v.Findings {
				text = f.Text
			}
			if text != c.finding && !(c.finding != "" && strings.HasPrefix(text, c.finding)) {
				t.Errorf("%q, not %q", text, c.finding)
			}
		})
	}
}
