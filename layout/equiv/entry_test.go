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
	// The word where the loop ends is read once more, or another one behind it.
	farther := edit(".done:", ".done:  mov ebx, 0\ncmp dword [esp], 1000\njne .all\nmov ebx, 3*4\n.all: mov ebx, [esi + ebx]\n")
	last := edit(".done:", ".done:  mov ebx, [esi]\n")
	// value goes through the auxiliary vector and ends with the value of a type.
	value := func(kind string) []byte {
		return edit(".done:  mov eax, 1\n        xor ebx, ebx", ".done:  lodsd\n.type: lodsd\ntest eax, eax\njz .end\ncmp eax, "+kind+"\nlodsd\njne .type\n.end: mov ebx, eax\nmov eax, 1")
	}
	for name, c := range map[string]struct {
		original, result []byte
		proved           bool
	}{
		"farther":         {farther, farther, false},
		"last":            {last, last, true},
		"page size":       {value("6"), value("6"), true},
		"user":            {value("11"), value("11"), true},
		"entry":           {value("9"), value("9"), false},
		"program headers": {value("3"), value("3"), false},
		"itself":          {original, original, true},
		"other code":      {original, edit("add esi, 4", "lea esi, [esi + 3]\ninc esi"), true},
		"other register":  {original, build(t, strings.ReplaceAll(environment, "esi", "edi"), "", false), true},
		"every other":     {original, edit("add esi, 4", "add esi, 8"), false},
		"from the next":   {original, edit("eax*4 + 8", "eax*4 + 12"), false},
		"arguments":       {original, edit("eax*4 + 8", "4"), false},
		"longer":          {original, edit("mov ebx, 1", "inc edx\nmov ebx, 1"), false},
		"written":         {edit(".next:", "mov [esp + 40], eax\n.next:"), edit(".next:", "mov [esp + 40], eax\n.next:"), false},
		"written later":   {edit("jmp .next", "mov [esp + 16], eax\njmp .next"), edit("jmp .next", "mov [esp + 16], eax\njmp .next"), false},
		"auxiliary":       {auxiliary, auxiliary, false},
		"seldom":          {seldom, seldom, false},
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

// TestAuxiliary proves nothing of programs for which auxiliary values decide, or that pass
// them on in any way, and proves it where they only read other words.
func TestAuxiliary(t *testing.T) {
	// Without arguments and environment word 4 is the first type.
	const known = "_start: cmp dword [esp], 1\njne .end\ncmp dword [esp + 12], 0\njne .end\nmov eax, [esp + 60]\n"
	const end = "\n.end: xor ebx, ebx\nmov eax, 1\nint 0x80\n"
	const drain = "_start: mov ecx, b\nxor ebx, ebx\nmov edx, 1\nmov eax, 3\nint 0x80\ndec eax\njz _start\n"
	const b = "section .bss\nb: resb 8\n"
	for name, c := range map[string]struct {
		source string
		proved bool
	}{
		"status":  {known + "mov ebx, eax\nmov eax, 1\nint 0x80" + end, false},
		"dropped": {known + "mov eax, 3" + end, true},
		"jump": {known + "and eax, 3\njmp [.t + eax*4]\n.a: mov ebx, 1\nmov eax, 1\nint 0x80" + end +
			"section .rodata\n_start.t: dd _start.a, _start.end, _start.a, _start.end\n", false},
		"asked":     {known + "cpuid\nmov ebx, eax\nmov eax, 1\nint 0x80" + end, false},
		"passed":    {drain + "mov ecx, esp\nmov edx, 96\nmov ebx, 1\nmov eax, 4\nint 0x80" + end + b, false},
		"arguments": {drain + "mov ecx, esp\nmov edx, 8\nmov ebx, 1\nmov eax, 4\nint 0x80" + end + b, true},
		"counted": {"_start: mov ebp, [esp]\nlea esi, [esp + 4]\n.next: lodsd\nmov ecx, eax\nmov edx, 1\nmov ebx, 1\nmov eax, 4\nint 0x80\n" +
			"dec ebp\njnz .next" + end, true},
		"indexed": {"_start: mov ebp, [esp]\nxor edi, edi\n.next: inc edi\nmov ecx, [esp + edi*4]\nmov edx, 1\nmov ebx, 1\nmov eax, 4\nint 0x80\n" +
			"cmp edi, ebp\njb .next" + end, true},
		"twice as far": {"_start: mov ebp, [esp]\nadd ebp, ebp\nlea esi, [esp + 4]\nxor ebx, ebx\n.next: lodsd\nadd ebx, eax\n" +
			"dec ebp\njnz .next\nmov eax, 1\nint 0x80\n" + end, false},
		"popped": {"_start: pop eax\n.next: pop ecx\njecxz .end\nmov edx, 1\nmov ebx, 1\nmov eax, 4\nint 0x80\njmp .next" + end, true},
		"random": {"_start: pop eax\n.a: pop eax\ntest eax, eax\njnz .a\n.e: pop eax\ntest eax, eax\njnz .e\n.t: pop eax\npop ebx\ncmp eax, 25\nje .f\n" +
			"test eax, eax\njnz .t\njmp .end\n.f: movzx ebx, byte [ebx]\nmov eax, 1\nint 0x80" + end, true},
		"popped all": {"_start: pop eax\n.next: pop ecx\nmov edx, 1\nmov ebx, 1\nmov eax, 4\nint 0x80\ndec eax\njz .next" + end, false},
		"in halves":  {"_start: lea esi, [esp + 2]\nxor ebx, ebx\n.next: lodsd\nadd ebx, eax\ntest eax, eax\njnz .next\nlodsd\nadd ebx, eax\nmov eax, 1\nint 0x80" + end, false},
	} {
		t.Run(name, func(t *testing.T) {
			file := build(t, head386+c.source, "", false)
			v := equiv.Check(file, file, equiv.Options{Runs: 40})
			if v.Proved != c.proved {
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
