package layout

import (
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
)

// probes look at their address space, and tell what they see by their output or exit
// status. Those without smaller are left as they are.
var probes = []struct {
	name, target, source string
	asIs                 bool
}{
	{"unmap", "linux/386", "sys munmap, 0x10000000, 0x70000000\nsys write, 1, ok, 3", false},
	{"map at a place", "linux/386", "sys mmap2, 0x10000000, 0x70000000, 3, 0x4032, -1, 0\nsys write, 1, ok, 3", false},
	{"map by a structure", "linux/386", "sys mmap, args\nsys write, 1, ok, 3\nsection .rodata\nargs: dd 0x20000000, 0x1000000, 7, 0x32, -1, 0", false},
	{"map 3 GB", "linux/386", "sys mmap2, 0, 0xc0000000, 3, 0x4022, -1, 0\nshr eax, 31\nmov ebx, eax\nmov eax, 1\nint 0x80", false},
	{"protect", "linux/386", "sys mprotect, 0x10000000, 0x1000, 0\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80", false},
	{"advise", "linux/386", "sys madvise, 0x10000000, 0x1000, 4\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80", false},
	{"ask for pages", "linux/386", "sys mincore, 0x10000000, 0x1000, room\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80\nsection .bss\nroom: resb 16", false},
	{"synchronise", "linux/386", "sys msync, 0x10000000, 0x1000, 4\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80", false},
	{"lock", "linux/386", "sys mlock, 0x10000000, 0x1000\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80", false},
	{"lock all", "linux/386", "sys mlockall, 1\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80", false},
	{"limit", "linux/386", "sys setrlimit, 9, limit\nsys mmap2, 0, 0x100000, 3, 0x22, -1, 0\nshr eax, 31\nmov ebx, eax\nmov eax, 1\nint 0x80\nsection .rodata\nlimit: dd 0x2000000, 0x2000000", false},
	{"heap", "linux/386", "sys brk, 0\nlea ebx, [eax+0x10000]\nmov esi, ebx\nmov eax, 45\nint 0x80\nxor ebx, ebx\ncmp eax, esi\nsetne bl\nmov eax, 1\nint 0x80", false},
	{"maps", "linux/386", "sys open, path, 0, 0\nsys read, eax, room, 8\nsys write, 1, room, 8\nsection .rodata\npath: db '/proc/self/maps', 0\nsection .bss\nroom: resb 8", true},
	{"read by address", "linux/386", "sys getpid\nsys process_vm_readv, eax, here, 1, there, 1, 0\nsys write, 1, room, 4\nsection .rodata\nhere: dd room, 4\nthere: dd 0x8048000, 4\nsection .bss\nroom: resb 4", true},
	{"maps by a name made on the stack", "linux/386", "push 0\npush 'maps'\npush 'elf/'\npush 'oc/s'\npush '//pr'\nmov eax, 5\nmov ebx, esp\nxor ecx, ecx\nint 0x80\nmov ebx, eax\nsub esp, 64\nmov ecx, esp\nmov edx, 18\nmov eax, 3\nint 0x80\nmov edx, eax\nmov eax, 4\nmov ebx, 1\nint 0x80", true},
	{"maps by a relative name", "linux/386", "sys chdir, root\nsys open, path, 0, 0\nsys read, eax, room, 18\nsys write, 1, room, 18\nsection .rodata\nroot: db '/', 0\npath: db 'proc/self/maps', 0\nsection .bss\nroom: resb 32", true},
	{"maps by way of its descriptors", "linux/386", "sys open, path, 0, 0\nsys read, eax, room, 18\nsys write, 1, room, 18\nsection .rodata\npath: db '/dev/fd/../maps', 0\nsection .bss\nroom: resb 32", true},
	{"maps by way of the network", "linux/386", "sys open, path, 0, 0\nsys read, eax, room, 18\nsys write, 1, room, 18\nsection .rodata\npath: db '/proc/net/../maps', 0\nsection .bss\nroom: resb 32", true},
	{"write to its constants seldom", "linux/386", "mov eax, 20\nint 0x80\ncmp eax, 123456\nje .end\nmov byte [c], 5\n.end: movzx ebx, byte [c]\nmov eax, 1\nint 0x80\nsection .rodata\nc: db 3", true},
	{"write to its constants in a loop", "linux/386", "next: mov eax, 20\nint 0x80\ncmp eax, 123456\nje next\nmov byte [c], 5\nmovzx ebx, byte [c]\nmov eax, 1\nint 0x80\nsection .rodata\nc: db 3", true},
	{"jump to its data seldom", "linux/amd64", "mov eax, 39\nsyscall\ncmp eax, 123456\nje .end\nmov rax, d\njmp rax\n.end: sys exit, 4\nsection .data\nd: db 0x90, 0xcc", true},
	{"jump to where it computes, seldom", "linux/386", "mov ebp, .one\nmov eax, 20\nint 0x80\nimul eax, eax, 0x1e3779b1\ncmp eax, 0x74392c5a\njne .go\nadd ebp, 7\n.go: jmp ebp\n.one: mov ebx, 1\njmp .out\n.two: mov ebx, 2\n.out: mov eax, 1\nint 0x80", true},
	{"low bits of an address, seldom", "linux/386", "next: mov eax, 20\nint 0x80\nimul eax, eax, 0x1e3779b1\ncmp eax, 0x74392c5a\njne .end\nmov ebx, d\nand ebx, 255\nmov eax, 1\nint 0x80\n.end: xor ebx, ebx\nmov eax, 1\nint 0x80\nsection .data\nd: db 3", true},
	{"have its constants written", "linux/386", "sys uname, c\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80\nsection .rodata\nc: times 390 db 3", true},
	{"write to its code", "linux/amd64", "mov byte [rel _start], 5\nsys exit, 3", true},
	{"address of its last x87 instruction", "linux/386", "fldz\nfnstenv [e]\nsys write, 1, e, 28\nsection .bss\ne: resb 28", true},
	{"address of its last x87 instruction", "linux/amd64", "fldz\nfxsave [e]\nsys write, 1, e, 24\nsection .bss\nalignb 16\ne: resb 512", true},
	{"other files below /proc", "linux/386", "sys open, path, 0, 0\nsys read, eax, room, 5\nsys write, 1, room, 5\nsection .rodata\npath: db '/proc/version', 0\nsection .bss\nroom: resb 5", false},
	{"map behind its own code", "linux/386", "mov dword [v], 5\nsys mmap2, 0x8049000, 0x1000, 3, 0x100022, -1, 0\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80\nsection .data\nv: dd 1", true},
	{"attach at its own place", "linux/386", "sys shmget, 0, 0x1000, 0x3ff\nsys shmat, eax, 0x8048000, 0\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80", true},
	{"write to the heap", "linux/386", "sys brk, 0\nmov esi, eax\nlea ebx, [eax+4096]\nmov eax, 45\nint 0x80\nmov dword [esi], 'heap'\nmov eax, 4\nmov ebx, 1\nmov ecx, esi\nmov edx, 4\nint 0x80", false},
	{"lock its data", "linux/386", "sys mlock, v, 4\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80\nsection .data\nv: dd 1", true},
	{"read its headers", "linux/386", "movzx ebx, byte [0x8048000]\nmov eax, 1\nint 0x80", true},
	{"read its headers seldom", "linux/386", "mov eax, 20\nint 0x80\ncmp eax, 123456\njne .end\nmovzx ebx, byte [0x8048010]\n.end: mov eax, 1\nint 0x80", true},
	{"write its headers seldom", "linux/386", "mov eax, 20\nint 0x80\ncmp eax, 123456\njne .end\nmov edx, 52\nmov ecx, 0x8048000\nmov ebx, 1\nmov eax, 4\nint 0x80\n.end: mov eax, 1\nint 0x80", true},
	{"read its headers in a loop", "linux/386", "next: mov eax, 20\nint 0x80\ncmp eax, 123456\njne next\nmovzx ebx, byte [0x8048010]\nmov eax, 1\nint 0x80", true},
	{"read its headers by AT_PHDR", "linux/386", "mov esi, esp\nlodsd\nlea esi, [esi+eax*4+4]\nenv: lodsd\ntest eax, eax\njnz env\naux: lodsd\nxchg eax, ecx\nlodsd\ncmp ecx, 3\njne aux\nmov ebx, [eax]\nmov eax, 1\nint 0x80", true},
	{"limit files", "linux/386", "sys setrlimit, 7, limit\nneg eax\nmov ebx, eax\nmov eax, 1\nint 0x80\nsection .rodata\nlimit: dd 64, 64", false},
	{"name itself", "linux/386", "sys prctl, 15, name, 0, 0, 0\nsys prctl, 16, room, 0, 0, 0\nsys write, 1, room, 5\nsection .rodata\nname: db 'small', 0\nsection .bss\nroom: resb 16", false},
	{"unmap", "linux/amd64", "sys munmap, 0x100000000, 0x600000000000\nsys write, 1, ok, 3", false},
	{"map at a place", "linux/amd64", "sys mmap, 0x100000000, 0x600000000000, 3, 0x4032, -1, 0\nsys write, 1, ok, 3", false},
	{"limit", "linux/amd64", "sys setrlimit, 9, limit\nsys mmap, 0, 0x100000, 3, 0x22, -1, 0\nshr rax, 63\nsys exit, rax\nsection .rodata\nlimit: dq 0x2000000, 0x2000000", false},
}

// TestAddressSpace runs programs that see what is mapped, in all layouts.
func TestAddressSpace(t *testing.T) {
	for _, p := range probes {
		source := "target " + p.target + "\nsection .text\n_start:\n" + strings.Replace(p.source+"\n", "\nsection", "\nsys exit, 0\nsection", 1)
		if !strings.Contains(p.source, "\nsection") {
			source += "sys exit, 0\n"
		}
		if strings.Contains(source, "ok, 3") {
			source += "section .rodata\nok: db 'ok', 10\n"
		}
		files := &diag.Files{}
		program, said := assembler.Assemble(files, files.Add(p.name, []byte(source)), assembler.Options{Instructions: true})
		if said.Errors() > 0 {
			t.Fatalf("%s: %s\n%s", p.name, said.Messages()[0].Text, source)
		}
		plain, want := 0, ""
		for _, s := range Strategies {
			file, said := s.Layout(program, Options{Effort: -8})
			if file == nil {
				t.Fatalf("%s %s: %s", p.name, s.Name, said.Messages()[0].Text)
			}
			got := runBytes(t, file.Bytes, "")
			switch {
			case s.Name == "plain":
				plain, want = len(file.Bytes), got
			case got != want:
				t.Errorf("%s, %s, %s: %s, as written %s", p.name, p.target, s.Name, got, want)
			case p.asIs != (len(file.Bytes) == plain):
				t.Errorf("%s, %s, %s: %d bytes, as written %d; because %v", p.name, p.target, s.Name, len(file.Bytes), plain, file.Report.Reasons)
			}
		}
	}
}

// TestTellsOfFile lays out a program that writes AT_ENTRY, which is another one in any other
// file. That is no mistake of the layout.
func TestTellsOfFile(t *testing.T) {
	p := assembled(t, "target linux/386\n_start: mov esi, esp\n.args: lodsd\ntest eax, eax\njnz .args\n.env: lodsd\ntest eax, eax\njnz .env\n"+
		".aux: lodsd\ncmp eax, 9\nje .found\nlodsd\njmp .aux\n.found: sys write, 1, esi, 4\nsys exit, 0\n")
	for _, s := range Strategies[1:] {
		file, _ := s.Layout(p, Options{Effort: -8})
		if reasons := strings.Join(file.Report.Reasons, "\n"); file.Report.Layout != "plain" || !strings.Contains(reasons, "such as AT_PHDR or AT_ENTRY") || strings.Contains(reasons, "internal error") {
			t.Errorf("%s: %s, because %s", s.Name, file.Report.Layout, reasons)
		}
	}
}

// TestAuxiliary makes programs of words of the stack at entry. Where such a word may
// tell of the file, no proof is claimed.
func TestAuxiliary(t *testing.T) {
	const exit = "mov eax, 1\nint 0x80\n"
	for _, c := range []struct {
		source string
		proved bool
	}{
		{"mov ebx, [esp]\n" + exit, true},
		{"mov ebx, [esp+8]\n" + exit, true},
		{"mov ebx, [esp+12]\n" + exit, true},
		{"mov ebx, [esp+16]\n" + exit, false},
		{"mov ebx, [esp+36]\n" + exit, false},
		{"mov ebx, [esp+68]\n" + exit, false},
		{"mov ebx, 1\ncmp dword [esp+36], 5\nje .yes\ninc ebx\n.yes: " + exit, false},
		// Behind two words that end no list.
		{"cmp dword [esp+8], 0\nje .no\ncmp dword [esp+12], 0\nje .no\nmov ebx, [esp+16]\n.no: " + exit, true},
	} {
		files := &diag.Files{}
		program, said := assembler.Assemble(files, files.Add("words", []byte("target linux/386\n_start: "+c.source)), assembler.Options{Instructions: true})
		if said.Errors() > 0 {
			t.Fatal(said.Messages()[0])
		}
		file, _ := Golf(program, Options{Effort: -8})
		if got := strings.HasPrefix(file.Report.Checked, "proved"); got != c.proved {
			t.Errorf("%s: %s %q, because %v", c.source, file.Report.Layout, file.Report.Checked, file.Report.Reasons)
		}
	}
}
