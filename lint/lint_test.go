package lint

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
)

// check returns the classes of the warnings about a source, with their lines.
func check(t *testing.T, source, target string) string {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("source", []byte(source)), assembler.Options{Target: target, Instructions: true, ReadFile: os.ReadFile})
	if p == nil {
		t.Fatalf("%v\n%s", said.Messages(), source)
	}
	var list []string
	for _, m := range (&diag.Warnings{}).Apply(Check(p, files).Messages()) {
		list = append(list, fmt.Sprintf("%d %s", files.Position(m.Range).Line, strings.TrimPrefix(m.Code, "run-")))
	}
	return strings.Join(list, ", ")
}

// TestQuiet makes sure that nothing is said of programs that are right.
func TestQuiet(t *testing.T) {
	sources := map[string]string{}
	for _, pattern := range []string{"../samples/*.tasm", "../lessons/*/solutions/*.tasm"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			sources[path] = read(t, path)
		}
	}
	for _, program := range strings.Split(read(t, "testdata/right.txt"), "\n=== ")[1:] {
		name, text, _ := strings.Cut(program, "\n")
		sources[name] = text
	}
	if len(sources) < 120 {
		t.Fatalf("%d programs", len(sources))
	}
	for name, text := range sources {
		_, line, _ := strings.Cut(text, "target ")
		line, _, _ = strings.Cut(line, "\n")
		for _, target := range []string{"linux/386", "linux/amd64"} {
			if !strings.Contains(line, target) {
				continue
			}
			if got := check(t, text, target); got != "" {
				t.Errorf("%s for %s: %s", name, target, got)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGenerated does the same with programs that are made at random and end well.
// Lengths beyond a label and comparisons that say nothing are made there on purpose.
func TestGenerated(t *testing.T) {
	for seed := range uint64(60) {
		for _, target := range []string{"linux/386", "linux/amd64"} {
			for _, generate := range []func(*rand.Rand, string) string{programs.Random, programs.Mixed} {
				source := generate(rand.New(rand.NewPCG(seed, 1)), target)
				if got := check(t, source, target); got != "" && !strings.HasSuffix(got, "overrun") && !strings.HasSuffix(got, "flags") {
					t.Errorf("seed %d: %s\n%s", seed, got, source)
				}
			}
		}
	}
}

// TestKinds has what each kind of warning begins and ends at.
func TestKinds(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		// Ends.
		{"nop", "2 past-end"},
		{"sys exit, 0", ""},
		{"sys exit_group, 0", ""},
		{"sys getpid\nret", "3 return"},
		{"call f\nsys exit, 0\nf: ret", ""},
		{"call f\nsys exit, 0\nf: push eax\nret", "5 return"},
		{"call f\nsys exit, 0\nf: push eax\npop ecx\nret", ""},
		{"push done\nret\ndone: sys exit, 0", ""},
		{"jmp $", "2 endless"},
		{"nop\nl: sys pause\njmp l", ""},
		{"sys pause", ""}, // only a signal's handler comes back from it
		{"sys execve, p, 0, 0\nsection .rodata\np: db '/bin/sh', 0", ""},
		{"mov ecx, 9\nl: dec ecx\njnz l\nsys exit, 0", ""},
		{"nop\nl: mov ecx, 9\ndec ecx\njnz l\nsys exit, 0", "5 endless"},
		{"db 0xb8, 1, 0, 0, 0, 0xcd, 0x80", ""}, // code as data, which ends the program
		{"sys read, 0, b, 1\ncmp byte [b], 'q'\nje q\nsys exit, 0\nq: nop\nsection .bss\nb: resb 1", "6 past-end"},
		// Arithmetic.
		{"mov eax, 7\nxor edx, edx\nmov ecx, 2\ndiv ecx\nsys exit, eax", ""},
		{"mov eax, 7\nxor ecx, ecx\ndiv ecx\nsys exit, eax", "4 division"},
		{"sys read, 0, b, 1\nmovzx ecx, byte [b]\nmov eax, 7\nxor edx, edx\ndiv ecx\nsys exit, eax\nsection .bss\nb: resb 1", ""},
		// Memory.
		{"mov [m], eax\nsys exit, 0\nsection .data\nm: dd 0", ""},
		{"mov [m], eax\nsys exit, 0\nsection .rodata\nm: dd 0", "2 read-only"},
		{"mov eax, [4]\nsys exit, 0", "2 memory"},
		{"pop eax\npop esi\nmov al, [esi]\nsys exit, 0", ""},
		{"mov eax, [m+8]\nsys exit, 0\nsection .data\nm: dd 0, 0", "2 memory"},
		{"mov eax, [m+4]\nsys exit, 0\nsection .data\nm: dd 0, 0", ""},
		{"lea eax, [e]\nsys exit, 0\nsection .data\nm: dd 0, 0\ne:", ""},
		{"mov esi, m\nmov al, [esi+6]\nsys exit, 0\nsection .data\nm: db 'abcdef'", "3 memory"},
		{"mov esi, m\nmov al, [esi+5]\nsys exit, 0\nsection .data\nm: db 'abcdef'", ""},
		// What comes behind a mistake.
		{"mov esi, m\nmov al, [esi+40]\nmov [r], al\nnop\nsection .data\nm: db 'abcdef'\nsection .rodata\nr: db 0", "3 memory, 4 read-only, 5 past-end"},
		{"mov eax, [0]\nsys write, m, 1, 6\nret\nsection .rodata\nm: db 'abcdef'", "2 memory, 3 arguments, 4 return"},
		{"xor ecx, ecx\ndiv ecx\nmov [r], al\nsys exit, 0\nsection .rodata\nr: db 0", "3 division, 4 read-only"},
		{"nop\nl: dec byte [r]\njnz l\nsys exit, 0\nsection .rodata\nr: db 9", "3 read-only"},
		{"nop\nl: inc byte [r]\ncmp byte [r], 9\njne l\nsys exit, 0\nsection .rodata\nr: db 0", "3 read-only"},
		{"pop dword [r]\nnop\nsection .rodata\nr: dd 0", "2 read-only"}, // the stack is not known behind it
		{"hlt\nnop", "2 instruction"},
		{"xor edi, edi\nl: mov al, [edi]\ninc edi\ntest al, al\njnz l\nmov [r], al\nsys exit, 0\nsection .rodata\nr: db 0", "3 memory, 7 read-only"}, // behind a loop of mistakes
		// Calls.
		{"sys write, 1, m, 7\nsys exit, 0\nsection .data\nm: db 'abcdef'\nn: db 'ghi'", "2 overrun"},
		{"sys write, 1, m, 9\nsys exit, 0\nsection .data\nm: db 'abcdef'\nn: db 'ghi'", ""},
		{"sys write, 1, m, 6\nsys exit, 0\nsection .data\nm: db 'abcdef'\nn: db 'ghi'", ""},
		{"sys write, 1, m+2, 4\nsys exit, 0\nsection .data\nm: db 'abcdef'\nn: db 'ghi'", ""},
		{"sys read, 0, b, 100\nsys exit, 0\nsection .bss\nb: resb 10", "2 overrun"},
		{"sys write, m, 1, 6\nsys exit, 0\nsection .data\nm: db 'abcdef'", "2 arguments"},
		{"sys write, 1, 65, 1\nsys exit, 0", "2 arguments"},
		{"sys write, 1, m, n\nsys exit, 0\nsection .data\nm: db 'abcdef'\nn: dd 6", "2 arguments"},
		{"sys write, 1, m, 6\nsys exit\nsection .data\nm: db 'abcdef'", "3 arguments"},
		{"sys write, 1, m, 6\nxor ebx, ebx\nsys exit\nsection .data\nm: db 'abcdef'", ""},
		{"sys exit", ""},
		{"mov eax, 9999\nint 0x80\nsys exit, 0", "3 abi"},
		{"int 0x21\nsys exit, 0", "2 interrupt"},
		{"mov eax, 3\nint 0x80\nsys exit, 0", "3 arguments"}, // nothing was set
		{"sys time, 0\nsys exit, 0", ""},
		{"sys exit, 300", "2 arguments"},
		{"sys exit, -1", ""},
		{"sys open, n, 0\nsys exit, 0\nsection .data\nn: db 'file'", "2 overrun"},
		{"sys open, n, 0\nsys exit, 0\nsection .data\nn: db 'file', 0", ""},
		{"mov byte [n+4], 0\nsys open, n, 0\nsys exit, 0\nsection .data\nn: db 'file/'", ""},
		{"mov eax, 1\nsyscall", "3 abi"},
		{"int3\nsys exit, 0", ""},
		// Flags.
		{"sys getpid\njs x\nx: sys exit, 0", "3 flags"},
		{"sys getpid\ntest eax, eax\njs x\nx: sys exit, 0", ""},
		{"sys getpid\ncmp eax, 0\njb x\nx: sys exit, 0", "4 flags"},
		{"sys getpid\ncmp eax, 5\njb x\nx: sys exit, 0", ""},
		{"sys getpid\ncmp eax, 0\njl x\nx: sys exit, 0", ""},
		{"sys getpid\njecxz x\nx: sys exit, 0", ""},
		{"sys brk, 0\ntest eax, eax\njs x\nx: sys exit, 0", "4 flags"},
	} {
		if got := check(t, "target linux/386\n_start: "+c.source+"\n", ""); got != c.want {
			t.Errorf("%q: %q, want %q", c.source, got, c.want)
		}
	}
	for _, c := range []struct{ source, want string }{
		{"mov eax, 1\nint 0x80", "3 abi"},
		{"mov eax, 4\nmov edi, 1\nmov esi, m\nmov edx, 3\nsyscall\nsys exit, 0\nsection .data\nm: db 'abc'", "6 abi"},
		{"mov eax, 1\nmov edi, 1\nmov esi, m\nmov edx, 3\nsyscall\nsys exit, 0\nsection .data\nm: db 'abc'", ""},
		{"mov ecx, 3\nl: sys getpid\nmov edx, 1\nloop l\nsys exit, 0", "5 registers"},
		{"mov r12d, 3\nl: sys getpid\nxor ecx, ecx\ndec r12d\njnz l\nsys exit, rcx", ""},
		{"push rcx\nsys getpid\npop rcx\nsys exit, rcx", ""},
		{"mov eax, 1\nmov ebx, 1\nmov ecx, m\nmov edx, 3\nsyscall\nsys exit, 0\nsection .data\nm: db 'abc'", "6 arguments"},
		{"lea rsi, [rel m]\nsys write, 1, rsi, 3\nsys exit, 0\nsection .data\nm: db 'abc'", ""},
		{"sys getpid\njs x\nx: sys exit, 0", "3 flags"},
	} {
		if got := check(t, "target linux/amd64\n_start: "+c.source+"\n", ""); got != c.want {
			t.Errorf("64 bits: %q: %q, want %q", c.source, got, c.want)
		}
	}
}

// TestIgnored asks for the warning that is hidden else.
func TestIgnored(t *testing.T) {
	for source, want := range map[string]int{
		"sys write, 1, m, 1\nsys exit, 0":                                                           2,
		"sys write, 1, m, 1\ntest eax, eax\njs x\nx: sys exit, 0":                                   0,
		"sys write, 1, m, 1\nmov ebx, eax\nsys exit, ebx":                                           0,
		"mov eax, 4\nmov ebx, 1\nmov ecx, m\nmov edx, 1\nint 0x80\nxor eax, eax\ninc eax\nint 0x80": 6,
		"sys read, 0, r, 1\nsys exit, 0":                                                            0,
		"sys write, 1, m, 1\njmp x\nx: sys exit, 0":                                                 0,
	} {
		files := &diag.Files{}
		p, _ := assembler.Assemble(files, files.Add("source", []byte("target linux/386\n"+source+"\nsection .data\nm: db 1\nsection .bss\nr: resb 1\n")), assembler.Options{Instructions: true})
		var w diag.Warnings
		if err := w.Set("+run-ignored"); err != nil {
			t.Fatal(err)
		}
		line := 0
		for _, m := range w.Apply(Check(p, files).Messages()) {
			if m.Code == "run-ignored" {
				line = files.Position(m.Range).Line
			}
		}
		if line != want {
			t.Errorf("%q: line %d, not %d", source, line, want)
		}
	}
}
