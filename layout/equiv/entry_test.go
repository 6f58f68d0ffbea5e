package equiv_test

import (
	"strings"
	"testing"

	"tasm/layout/equiv"
)

// environment writes the variables of the environment.
const environment = head386 + `_start: mov eax, [esp]
        lea esi, [esp + eax*4 + 8]
.next:  mov ecx, [esi]
        jecxz .done
        add esi, 4
        mov edx, -1
.size:  inc edx
        cmp byte [ecx + edx], 0
        jne .size
        mov ebx, 1
        mov eax, 4
        int 0x80
        jmp .next
.done:  mov eax, 1
        xor ebx, ebx
        int 0x80
`

// TestEntryWords proves that programs do the same that go through the words of the initial
// stack, unless they do not, or have written there.
func TestEntryWords(t *testing.T) {
	edit := func(old, replacement string) []byte {
		if !strings.Contains(environment, old) {
			t.Fatal(old)
		}
		return build(t, strings.Replace(environment, old, replacement, 1), "", false)
	}
	original := build(t, environment, "", false)
	auxiliary := edit(".done:  mov eax, 1\n        xor ebx, ebx", ".done: mov ebx, [esi + 8]\nmov eax, 1")
	seldom := edit(".done:  mov eax, 1\n        xor ebx, ebx", ".done:  xor ebx, ebx\ncmp dword [esp], 1000\njne .quit\nmov ebx, [esi + 8]\n.quit: mov eax, 1")
	for name, c := range map[string]struct {
		original, result []byte
		proved           bool
	}{
		"itself":         {original, original, true},
		"other code":     {original, edit("add esi, 4", "lea esi, [esi + 3]\ninc esi"), true},
		"other register": {original, build(t, strings.ReplaceAll(environment, "esi", "edi"), "", false), true},
		"every other":    {original, edit("add esi, 4", "add esi, 8"), false},
		"from the next":  {original, edit("eax*4 + 8", "eax*4 + 12"), false},
		"arguments":      {original, edit("eax*4 + 8", "4"), false},
		"longer":         {original, edit("mov ebx, 1", "inc edx\nmov ebx, 1"), false},
		"written":        {edit(".next:", "mov [esp + 40], eax\n.next:"), edit(".next:", "mov [esp + 40], eax\n.next:"), false},
		"written later":  {edit("jmp .next", "mov [esp + 16], eax\njmp .next"), edit("jmp .next", "mov [esp + 16], eax\njmp .next"), false},
		"auxiliary":      {auxiliary, auxiliary, false},
		"seldom":         {seldom, seldom, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, reason := equiv.Induct(c.original, c.result)
			if (reason == "") != c.proved {
				t.Errorf("proved: %v, %s", reason == "", reason)
			}
			if v := equiv.Check(c.original, c.result, equiv.Options{Runs: 40}); v.Proved != c.proved {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestBehindStrings reads a word of a short string: behind the last one lie the name of
// the file and a zero.
func TestBehindStrings(t *testing.T) {
	file := build(t, head386+"_start: mov eax, [esp]\nlea esi, [esp + eax*4 + 8]\n.next: lodsd\ntest eax, eax\njz .done\n"+
		"cmp dword [eax], 'HOME'\njne .next\n.done: xor ebx, ebx\nmov eax, 1\nint 0x80\n", "", false)
	if v := equiv.Check(file, file, equiv.Options{Runs: 60}); v.Outcome != equiv.Same || len(v.Findings) > 0 {
		t.Errorf("%+v", v)
	}
}
