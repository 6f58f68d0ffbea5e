package rewrite

import (
	"os"
	"strings"
	"testing"

	"tasm/flow"
)

// ruleTable has for each rule a program, and the change that the rule makes of
// it. Programs end in a call of the kernel whose arguments are what is computed:
// wcall stands for "mov eax, 4; mov ebx, 1; int 0x80".
var ruleTable = []struct {
	rule   string
	bits   int // 32 where it is 0
	source string
	change string // as Change.Text
	saved  int    // bytes, by this change
}{
	{rule: "dead code", source: "pop edi; neg edi; pop ecx; pop edx; wcall", change: "neg edi is not needed", saved: 2},
	{rule: "constants", source: "mov ecx, 1; mov edx, 1; wcall", change: "mov ecx, 1; mov edx, 1; mov eax, 4; mov ebx, 1 became mov al, 4; inc ecx; inc edx; inc ebx", saved: 15},
	{rule: "constants", source: "wcall; mov eax, 162; mov ebx, x; xor ecx, ecx; int 0x80|section .data; x: dd 5, 6", change: "mov eax, 0xa2; mov ebx, x; xor ecx, ecx became xchg eax, edi; mov al, 0xa2; mov ebx, x", saved: 4},
	{rule: "known flags", source: "rcall; and eax, 7; test eax, eax; jz x; mov ecx, 77; x: mov edx, eax; wcall", change: "test eax, eax is in the flags already", saved: 2},
	{rule: "short operations", source: "rcall; mov edx, eax; and edx, 0xffff; wcall", change: "and edx, 0xffff became movzx edx, dx", saved: 3},
	{rule: "zero test", source: "rcall; mov edx, eax; cmp edx, 0; jl x; inc ecx; x: wcall", change: "cmp edx, 0 became test edx, edx", saved: 1},
	{rule: "compare by counting", source: "pop ecx; cmp ecx, 2; jne x; mov edx, 9; x: xor ecx, ecx; wcall", change: "cmp ecx, 2 became dec ecx; dec ecx", saved: 1},
	{rule: "counting", source: "pop edx; pop ecx; add dl, 1; wcall", change: "add dl, 1 became inc dl", saved: 1},
	{rule: "numbers in registers", source: "rcall; mov ecx, 5000; cmp eax, 5000; jb x; inc edx; x: wcall", change: "cmp eax, 0x1388 became cmp eax, ecx", saved: 3},
	{rule: "narrowing to bytes", source: "rcall; test eax, 0x40; jz x; inc ecx; x: mov edx, ecx; wcall", change: "test eax, 0x40 became test al, 0x40", saved: 3},
	{rule: "numbers in registers", source: "pop edx; pop esi; cmp byte [esi], 0; jne x; inc ecx; x: wcall", change: "cmp byte [esi], 0 became cmp [esi], al", saved: 1},
	{rule: "zero extension", source: "pop esi; pop esi; xor ecx, ecx; movzx ecx, byte [esi]; wcall", change: "movzx ecx, byte [esi] became mov cl, [esi]", saved: 1},
	{rule: "narrowing", bits: 64, source: "pop rdx; mov rsi, rdx; shr rsi, 2; mov eax, 1; mov edi, 1; syscall", change: "shr rsi, 2 became shr esi, 2", saved: 1},
	{rule: "numbers in registers", source: "rcall; mov edx, 8; mov dword [x], 0; mov ecx, x; wcall|section .data; x: dd 5, 6", change: "mov dword [ebp], 0 became mov [ebp], ecx", saved: 4},
	{rule: "numbers in registers", source: "mov ecx, x; mov edx, 4; wcall; push x; mov ecx, esp; wcall|section .data; x: dd 5, 6", change: "push x became push ecx", saved: 4},
	{rule: "string instructions", source: "pop esi; pop esi; xor eax, eax; mov al, [esi]; inc esi; mov edx, eax; mov ecx, esi; wcall", change: "mov al, [esi]; inc esi became lodsb", saved: 2},
	{rule: "string instructions", source: "rcall; mov edi, x; mov [edi], al; inc edi; mov ecx, edi; mov edx, 1; wcall|section .data; x: db 5, 6", change: "mov [edi], al; inc edi became stosb", saved: 2},
	{rule: "sums", source: "pop esi; pop edx; mov ecx, esi; add ecx, edx; add edx, esi; wcall", change: "mov ecx, esi; add ecx, edx became lea ecx, [esi+edx]", saved: 1},
	{rule: "loop", source: "pop ecx; pop edx; x: inc edx; dec ecx; jnz x; wcall", change: "dec ecx; jnz x became loop x", saved: 1},
	{rule: "branch on zero", source: "pop ecx; pop ecx; test ecx, ecx; jz x; inc edx; x: wcall", change: "test ecx, ecx; jz x became jecxz x", saved: 2},
	{rule: "drop words", source: "pop ecx; add esp, 4; pop edx; wcall", change: "add esp, 4 became pop eax", saved: 2},
	{rule: "near addresses", source: "mov ecx, x; mov edx, [x+4]; wcall|section .data; x: dd 5, 6", change: "mov edx, [x+4] became mov edx, [ecx+4]", saved: 3},
	{rule: "stack pointer", source: "mov ebp, esp; pop ecx; pop edx; mov esp, ebp; pop esi; add edx, esi; wcall", change: "mov esp, ebp; pop ebp became leave", saved: 2},
	{rule: "needless branches", source: "pop edx; test edx, edx; jz x; x: wcall", change: "jz x goes where control goes in any case", saved: 2},
	{rule: "unreached code", source: "pop ecx; pop edx; xor esi, esi; push esi; test edx, edx; jz x; inc ecx; x: pop eax; inc eax; int 0x80; mov edx, 5; wcall; jmp _start", change: "mov edx, 5; mov eax, 4; mov ebx, 1; int 0x80 is never reached", saved: 17},
	{rule: "decided branches", source: "xor eax, eax; test eax, eax; jnz x; mov edx, 5; x: wcall", change: "jnz x is decided", saved: 2},
	{rule: "equal blocks", source: "pop edx; test edx, edx; jz x; mov ebx, 7; mov eax, 1; int 0x80; x: mov ebx, 7; mov eax, 1; int 0x80", change: "inc eax; mov bl, 7; int 0x80 is there already", saved: 5},
	{rule: "tail merging", source: "rcall; mov ecx, eax; rcall; test eax, eax; jz x; mov edx, 5; mov eax, 4; mov ebx, 7; int 0x80; mov eax, 6; int 0x80; jmp _start; x: mov ecx, 9; mov edx, 8; mov eax, 4; mov ebx, 7; int 0x80; mov eax, 6; int 0x80; jmp _start", change: "mov bl, 7; int 0x80; push 6; pop eax; int 0x80 is shared", saved: 7},
	{rule: "inlining", source: "call x; mov eax, 1; int 0x80; x: mov edx, 5; wcall; ret", change: "call x is put where it is called", saved: 5},
	{rule: "needless saves", source: "pop edx; x: call y; call y; dec edx; jnz x; mov ebx, 5; mov eax, 1; int 0x80; y: push esi; mov esi, 77; mov ecx, esi; mov ebx, 7; mov eax, 4; int 0x80; pop esi; ret", change: "push esi and what takes it back are not needed", saved: 2},
	{rule: "inverted branches", source: "pop esi; pop esi; m: inc esi; cmp byte [esi], 7; je x; jmp m; x: mov ecx, esi; mov edx, 1; wcall; jmp _start", change: "je x is turned over", saved: 2},
	{rule: "data pointer", source: "rcall; mov ecx, [x]; add ecx, [x+4]; add ecx, [x+8]; add ecx, eax; mov edx, [x+12]; sub edx, [x+16]; wcall|section .data; x: dd 5, 6, 7, 8, 9", change: "ebp holds an address of x", saved: -5},
	{rule: "exchange", source: "pop edi; pop edi; xor eax, eax; mov al, [edi]; inc edi; add ecx, eax; mov al, [edi]; inc edi; add ecx, eax; wcall", change: "esi and edi exchange their parts", saved: 0},
	{rule: "webs", source: "pop esi; pop esi; m: inc esi; mov ecx, esi; mov edx, 1; wcall; test eax, eax; jns m; mov eax, 1; int 0x80", change: "esi is kept in ecx for a while", saved: 0},
	{rule: "early numbers", source: "pop edx; pop ecx; test ecx, ecx; jz x; mov ebx, 1; mov eax, 4; int 0x80; x: mov ebx, 1; mov eax, 6; int 0x80; jmp _start", change: "mov ebx, 1 is done before", saved: -1},
	{rule: "words on the stack", source: "mov eax, 162; mov ebx, x; mov ecx, 0; int 0x80; mov ecx, y; mov edx, 4; wcall; mov eax, 1; int 0x80|section .rodata; x: dd 1, 0; y: db `text`", change: "x is pushed", saved: 0},
	{rule: "buffers on the stack", source: "mov eax, 3; mov ecx, x; mov edx, 4096; int 0x80; mov edx, eax; wcall; mov eax, 1; int 0x80|section .bss; x: resb 4096", change: "x lies on the stack", saved: 0},
	{rule: "early numbers", source: "m: pop esi; test esi, esi; jz x; mov edi, 5000; jmp y; x: mov edi, 5001; y: mov edx, edi; mov ecx, 7; wcall; jmp m", change: "mov edi, 0x1388 is done before", saved: -1},
	{rule: "detours", source: "pop esi; pop esi; m: xor eax, eax; mov al, [esi]; inc esi; cmp al, 9; ja x; add edx, eax; jmp m; x: mov ecx, esi; wcall", change: "add edx, eax is gone through where it changes nothing", saved: 0},
	{rule: "zero as carry", source: "pop ecx; pop edx; m: pop esi; test esi, esi; jz x; lea ecx, [ecx+1]; lea edx, [edx+1]; x: jz y; wcall; y: wcall; jmp m", change: "test esi, esi became cmp esi, 1", saved: -1},
	{rule: "shared calls", source: "pop edi; m: pop esi; test esi, esi; jz x; mov ecx, y; mov edx, 5; wcall; jmp m; x: mov ecx, y+7; mov edx, 5; wcall; mov eax, 1; int 0x80|section .data; y: dd 5, 6, 7", change: "int 0x80 makes two calls", saved: -17},
	{rule: "shared calls", source: "rcall; test eax, eax; jz x; mov ecx, 5000; wcall; mov ebx, 3; mov eax, 1; int 0x80; x: mov eax, 6; int 0x80; mov ebx, 0; mov eax, 1; int 0x80", change: "int 0x80 makes two calls", saved: -3},
	{rule: "early numbers", source: "m: rcall; test eax, eax; js x; mov edx, eax; wcall; test eax, eax; jns m; x: mov ebx, eax; mov eax, 1; int 0x80", change: "mov ebx, 0 is done before", saved: -3},
	{rule: "computed numbers", source: "rcall; test eax, eax; js x; mov eax, 1; mov ebx, 0; int 0x80; x: mov eax, 1; mov ebx, 1; int 0x80", change: "shr eax, 0x1f; mov ebx, eax is done instead of a branch", saved: 0},
	{rule: "computed numbers", bits: 64, source: "m: mov eax, 1; mov edi, 1; mov rsi, x; mov edx, 2; syscall; test rax, rax; jns m; mov eax, 60; mov edi, 1; syscall|section .data; x: db 5, 6", change: "cqo; and rdx, 0x3b; lea rax, [rdx+1] is done instead of a branch", saved: 0},
	{rule: "loop rotation", source: "pop ecx; pop ecx; xor edx, edx; m: cmp byte [ecx+edx], 7; je x; inc edx; jmp m; x: wcall", change: "inc edx is done at the beginning of the loop", saved: 0},
}

func ruleSource(bits int, source string) string {
	target := "linux/386"
	if bits == 64 {
		target = "linux/amd64"
	}
	code, data, _ := strings.Cut(source, "|")
	code = strings.NewReplacer("; ", "\n", "wcall", "mov eax, 4\n mov ebx, 1\n int 0x80", "rcall", "mov eax, 3\n xor ebx, ebx\n int 0x80").Replace(code)
	return "target " + target + "\nentry _start\nsection .text\n_start:\n" + code + "\n" + strings.ReplaceAll(data, "; ", "\n") + "\n"
}

func TestRules(t *testing.T) {
	rows := map[string]int{}
	for _, x := range ruleTable {
		g := graph(t, ruleSource(x.bits, x.source))
		short, changes := Shorten(g, low)
		found := false
		for _, c := range changes {
			if c.Rule == x.rule && c.Text == x.change {
				found = true
				if c.Saved != x.saved {
					t.Errorf("%s: %s saved %d bytes, not %d", x.rule, c.Text, c.Saved, x.saved)
				}
			}
		}
		if !found {
			t.Errorf("%s: %q is not among the changes:", x.rule, x.change)
			for _, c := range changes {
				t.Logf("\t%s: %q, %d", c.Rule, c.Text, c.Saved)
			}
			t.Log(listing(short))
		}
		rows[x.rule]++
	}
	for _, r := range rules {
		if rows[r.name] == 0 {
			t.Errorf("rule %q has no row", r.name)
		}
	}
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for name := range rows {
		if !strings.Contains(string(text), "\n//	"+name+" ") {
			t.Errorf("doc.go does not list %q", name)
		}
	}
}

// TestStep is told of ever shorter graphs on the way to the result.
func TestStep(t *testing.T) {
	source := "pop esi; pop esi; m: inc esi; mov ecx, esi; mov edx, 1; wcall; test eax, eax; jns m; mov eax, 1; int 0x80"
	var sizes []int
	o := low
	o.Step = func(g *flow.Graph, changes []Change) {
		if len(changes) == 0 {
			t.Error("a graph on the way has no changes")
		}
		sizes = append(sizes, (&shortener{g: g, budget: newBudget(o)}).total())
	}
	last, _ := Shorten(graph(t, ruleSource(32, source)), o)
	sizes = append(sizes, (&shortener{g: last, budget: newBudget(o)}).total())
	for i := range len(sizes) - 1 {
		if sizes[i+1] >= sizes[i] {
			t.Errorf("the sizes on the way are %v", sizes)
		}
	}
	if len(sizes) < 2 {
		t.Errorf("there was no way: %v", sizes)
	}
}
