package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// assembler is a script that runs 'tasm nasm' under the name of nasm.
var assembler string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "toolchain")
	if err != nil {
		panic(err)
	}
	tasm := filepath.Join(dir, "tasm")
	if out, err := exec.Command("go", "build", "-o", tasm, "tasm/cmd/tasm").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		os.Exit(1)
	}
	assembler = filepath.Join(dir, "nasm")
	script := "#!/bin/sh\necho \"$@\" >>\"$0.log\"\nexec '" + tasm + "' nasm \"$@\"\n"
	if err := os.WriteFile(assembler, []byte(script), 0o755); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// folder is a directory with files in it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// do runs a command line in dir and returns what it prints. NASM in it stands
// for tasm nasm, TASM for tasm.
func do(t *testing.T, dir, line string) string {
	t.Helper()
	args := strings.Fields(strings.NewReplacer("NASM", assembler, "TASM", filepath.Join(filepath.Dir(assembler), "tasm")).Replace(line))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(assembler)+":"+os.Getenv("PATH"), "LD_LIBRARY_PATH="+dir, "HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

const hello64 = `section .data
msg	db "Hi IDBS Engineering! RE", 10
len	equ $ - msg
section .text
	global _start
_start:	mov rax, 1
	mov rdi, 1
	mov rsi, msg
	mov rdx, len
	syscall
	mov rax, 60
	xor rdi, rdi
	syscall
`

const hello32 = `section .data
msg	db "Hi IDBS Engineering! RE", 10
len	equ $ - msg
section .text
	global _start
_start:	mov eax, 4
	mov ebx, 1
	mov ecx, msg
	mov edx, len
	int 0x80
	mov eax, 1
	xor ebx, ebx
	int 0x80
`

// TestLadder builds the rungs of the well-known way down to a small program
// with nasm and with tasm in its place. Debug information holds the name of the
// directory: the first size is that of names of 6 to 12 letters.
func TestLadder(t *testing.T) {
	for _, rung := range []struct {
		assemble, link string
		size           int64
	}{
		{"-f elf64 -F dwarf -g hello.asm", "ld -m elf_x86_64", 9416},
		{"-f elf64 -F dwarf -g hello.asm", "ld -s", 8496},
		{"-f elf64 hello.asm", "ld -N -s --no-warn-rwx-segments", 472},
		{"-f elf -Ox hello32.asm", "ld -m elf_i386 -N -s -x -nostdlib --no-warn-rwx-segments", 336},
	} {
		for _, nasm := range []string{"/usr/bin/nasm", "NASM"} {
			dir := shortFolder(t)
			for name, text := range map[string]string{"hello.asm": hello64, "hello32.asm": hello32} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			do(t, dir, nasm+" "+rung.assemble+" -o hello.o")
			do(t, dir, rung.link+" -o hello hello.o")
			if out := do(t, dir, "./hello"); out != "Hi IDBS Engineering! RE\n" {
				t.Errorf("%s: prints %q", rung.link, out)
			}
			info, err := os.Stat(filepath.Join(dir, "hello"))
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() != rung.size {
				t.Errorf("%s %s, %s: %d bytes, want %d", nasm, rung.assemble, rung.link, info.Size(), rung.size)
			}
		}
	}
}

// shortFolder is a directory with a name of 12 letters.
func shortFolder(t *testing.T) string {
	t.Helper()
	dir := fmt.Sprintf("/tmp/%07d", os.Getpid())
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestLinkers gives the same object to every linker.
func TestLinkers(t *testing.T) {
	for _, link := range []string{"ld", "ld.gold", "ld.lld"} {
		dir := folder(t, map[string]string{"hello64.asm": hello64, "hello32.asm": hello32})
		do(t, dir, "NASM -f elf64 -g hello64.asm -o a.o")
		do(t, dir, "NASM -f elf32 -g hello32.asm -o b.o")
		do(t, dir, link+" -o a a.o")
		do(t, dir, link+" -m elf_i386 -o b b.o")
		if out := do(t, dir, "./a") + do(t, dir, "./b"); strings.Count(out, "Hi IDBS") != 2 {
			t.Errorf("%s: the programs print %q", link, out)
		}
	}
}

const callers = `#include <stdio.h>
extern int add(int, int);
extern int table[];
extern void greet(const char *);
int twice(int n) { return 2 * n; }
int shared = 7;
int main(void) {
	greet("C");
	printf("%d %d\n", add(3, 4), table[1]);
	return 0;
}
`

const called64 = `	default rel
	extern printf, twice, shared
	global add:function (add.end-add), table:data 12, greet:function
section .text
add:	push rbx
	lea ebx, [rdi+rsi]
	mov edi, ebx
	call twice wrt ..plt
	mov rcx, [shared wrt ..got]
	add eax, [rcx]
	pop rbx
	ret
.end:
greet:	push rbp
	mov rsi, rdi
	lea rdi, [text]
	xor eax, eax
	call printf wrt ..plt
	pop rbp
	ret
section .rodata
text:	db "hello %s from assembly", 10, 0
section .data
table:	dd 1, 2, 3
section .note.GNU-stack noalloc noexec nowrite progbits
`

const called32 = `	extern printf, twice, shared, _GLOBAL_OFFSET_TABLE_
	global add:function (add.end-add), table:data 12, greet:function
section .text
add:	push ebx
	call .here
.here:	pop ebx
	add ebx, _GLOBAL_OFFSET_TABLE_+$$-.here wrt ..gotpc
	sub esp, 20
	mov eax, [esp+28]
	add eax, [esp+32]
	mov [esp], eax
	call twice wrt ..plt
	mov ecx, [ebx+shared wrt ..got]
	add eax, [ecx]
	add esp, 20
	pop ebx
	ret
.end:
greet:	push ebx
	call .here
.here:	pop ebx
	add ebx, _GLOBAL_OFFSET_TABLE_+$$-.here wrt ..gotpc
	sub esp, 8
	push dword [esp+16]
	lea eax, [ebx+text wrt ..gotoff]
	push eax
	call printf wrt ..plt
	add esp, 16
	pop ebx
	ret
section .rodata
text:	db "hello %s from assembly", 10, 0
section .data
table:	dd 1, 2, 3
section .note.GNU-stack noalloc noexec nowrite progbits
`

// TestC links C that calls assembly that calls C.
func TestC(t *testing.T) {
	const want = "hello C from assembly\n21 2\n"
	for _, c := range []struct{ format, gcc string }{
		{"elf64", "gcc -m64 -no-pie"}, {"elf64", "gcc -m64 -pie"}, {"elf64", "gcc -m64 -static"},
		{"elf32", "gcc -m32 -no-pie"}, {"elf32", "gcc -m32 -pie"}, {"elf32", "gcc -m32 -static"},
	} {
		dir := folder(t, map[string]string{"main.c": callers, "elf64.asm": called64, "elf32.asm": called32})
		do(t, dir, "NASM -f "+c.format+" -g "+c.format+".asm -o part.o")
		out := do(t, dir, c.gcc+" -Wl,--fatal-warnings -o main main.c part.o")
		if got := do(t, dir, "./main"); got != want {
			t.Errorf("%s: the program prints %q\n%s", c.gcc, got, out)
		}
	}
}

// TestSharedObjects puts the assembly into a shared object.
func TestSharedObjects(t *testing.T) {
	const want = "hello C from assembly\n21 2\n"
	for format, m := range map[string]string{"elf64": "-m64", "elf32": "-m32"} {
		dir := folder(t, map[string]string{"main.c": callers, "elf64.asm": called64, "elf32.asm": called32})
		do(t, dir, "NASM -f "+format+" "+format+".asm -o part.o")
		do(t, dir, "gcc "+m+" -shared -Wl,--fatal-warnings -Wl,-z,text -o libpart.so part.o")
		do(t, dir, "gcc "+m+" -rdynamic -o main main.c -L. -lpart")
		if got := do(t, dir, "./main"); got != want {
			t.Errorf("%s: the program prints %q", format, got)
		}
	}
}

const debugged = `%include "part.inc"
%macro pair 2
	mov eax, %1
	mov ebx, %2
%endmacro
section .data
count:	dd 42
section .text
	global _start
_start:	nop
	pair 1, 2
	helper
.done:	mov ebx, [count]
	mov eax, 1
	int 0x80
`

const included = `%macro helper 0
	inc eax
	dec ebx
%endmacro
`

// TestDebugger lets gdb step through the source: across macros and an included
// file, with breakpoints on labels and lines, and a variable of the right size.
func TestDebugger(t *testing.T) {
	for format, link := range map[string]string{"elf64": "ld", "elf32": "ld -m elf_i386"} {
		dir := folder(t, map[string]string{
			"main.asm": debugged, "part.inc": included,
			"script": "break _start.done\nbreak main.asm:10\nrun\nstep\nstep\nstep\nprint $ebx-1\nstep\nstep\nprint (int)count\nstep\nprint $ebx\nquit\n",
		})
		do(t, dir, "NASM -f "+format+" -g -F dwarf main.asm -o main.o")
		do(t, dir, link+" -o main main.o")
		out := do(t, dir, "gdb -q -nx -batch -x script main")
		for _, want := range []string{
			"10\t_start:\tnop", "3\t\tmov eax, %1", "4\t\tmov ebx, %2", "2\t\tinc eax", "3\t\tdec ebx",
			"$1 = 1", "13\t.done:\tmov ebx, [count]", "$2 = 42", "$3 = 42",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: gdb does not say %q:\n%s", format, want, out)
				break
			}
		}
	}
}

const plain = `target linux/amd64, linux/386
section .data
count:	dd 42
section .bss
room:	resb 16
section .text
_start:	nop
	mov ebx, [count]
	mov [room], ebx
.end:	sys exit, 0
`

// TestPlainExecutables looks at executables that no linker has made with the
// tools that need symbols, section headers and line numbers.
func TestPlainExecutables(t *testing.T) {
	for _, target := range []string{"linux/amd64", "linux/386"} {
		dir := folder(t, map[string]string{
			"plain.tasm": plain,
			"script":     "break _start.end\nbreak plain.tasm:8\nrun\nstep\nstep\nprint (int)room\nquit\n",
		})
		do(t, dir, "TASM build -g --target "+target+" plain.tasm -o plain")
		do(t, dir, "./plain")
		out := do(t, dir, "nm plain") + do(t, dir, "objdump -d plain") + do(t, dir, "gdb -q -nx -batch -x script plain")
		for _, want := range []string{" d count\n", " b room\n", " t _start.end\n", "<_start>:", "8\t\tmov ebx, [count]", "10\t.end:\tsys exit, 0", "$1 = 42"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: nobody says %q:\n%s", target, want, out)
			}
		}
		do(t, dir, "TASM build -g --target "+target+" plain.tasm -o plain.o")
		if out := do(t, dir, "readelf -W --debug-dump=line plain.o"); !strings.Contains(out, "plain.tasm") {
			t.Errorf("%s: an object without line numbers:\n%s", target, out)
		}
	}
}

// TestPlainUnits steps through an executable of two sources, between whose code data
// stands: the unit of debug information reaches to the end of the last.
func TestPlainUnits(t *testing.T) {
	dir := folder(t, map[string]string{
		"main.tasm": "target linux/amd64\nextern f\n_start:\tcall f\n\tmov edi, eax\n\tsys exit, edi\nsection .rodata\n\tdb \"a long text between the two\"\n",
		"f.tasm":    "target linux/amd64\nglobal f\nf:\tmov eax, 5\n\tinc eax\n\tinc eax\n.end:\tret\n",
		"script":    "set exec-wrapper sh -c 'exec ./main'\nbreak f\nrun\nstep\nstep\nstep\nbacktrace\n",
	})
	for layout, file := range map[string]string{"plain": "main", "pack": "main.debug"} {
		do(t, dir, "TASM build -g --layout "+layout+" main.tasm f.tasm -o main")
		out := do(t, dir, "gdb -q -nx -batch -x script "+file)
		for _, want := range []string{"f () at f.tasm:3", "4\t\tinc eax", "5\t\tinc eax", "6\t.end:\tret", "in _start () at main.tasm:"} {
			if !strings.Contains(out, want) || strings.Contains(out, "rror") {
				t.Errorf("%s: gdb does not say %q:\n%s", layout, want, out)
			}
		}
	}
}

// TestSidecar lets gdb run a packed program by the file beside it.
func TestSidecar(t *testing.T) {
	for _, target := range []string{"linux/amd64", "linux/386"} {
		dir := folder(t, map[string]string{
			"packed.tasm": "target linux/amd64, linux/386\n_start:\tsys write, 1, text, 6\n.end:\tsys exit, 7\ntext:\tdb \"hello\", 10\n",
			"script":      "set exec-wrapper sh -c 'exec ./packed'\nbreak _start.end\nrun\ninfo symbol $pc\ncontinue\n",
		})
		do(t, dir, "TASM build -g --layout pack --target "+target+" packed.tasm -o packed")
		out := do(t, dir, "nm packed.debug") + do(t, dir, "gdb -q -nx -batch -x script packed.debug")
		for _, want := range []string{"T _start.end", "A text", "hello\n\nBreakpoint 1", "3\t.end:\tsys exit, 7", "_start.end in section .text", "exited with code 07"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: nobody says %q:\n%s", target, want, out)
			}
		}
	}
}

// TestGolfedSidecar lets gdb break at a line of a golfed file, step to the next one and
// see how the program ends.
func TestGolfedSidecar(t *testing.T) {
	text, err := os.ReadFile("../../samples/cat.tasm")
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, map[string]string{
		"cat.tasm": string(text),
		"script":   "set exec-wrapper sh -c 'exec ./cat'\nbreak cat.tasm:18\nrun <script\nstep\nnext\nprint $eax > 0\ndelete\ncontinue\n",
	})
	if line := strings.Split(string(text), "\n")[17]; !strings.Contains(line, "test    eax, eax") {
		t.Fatalf("line 18 is %q", line)
	}
	do(t, dir, "TASM build -g --layout golf cat.tasm -o cat")
	out := do(t, dir, "gdb -q -nx -batch -x script cat.debug")
	for _, want := range []string{"cat.tasm, line 18.", "18\t        test    eax, eax", "19\t", "$1 = 1", "set exec-wrapper", "exited normally"} {
		if !strings.Contains(out, want) {
			t.Errorf("gdb does not say %q:\n%s", want, out)
		}
	}
}

// TestMake builds with a Makefile that names nasm.
func TestMake(t *testing.T) {
	dir := folder(t, map[string]string{
		"hello.asm":    "%include \"text.inc\"\n" + hello64,
		"inc/text.inc": "%define unused\n",
		"Makefile":     "NASM ?= nasm\nhello: hello.o\n\tld -o $@ $<\n%.o: %.asm\n\t$(NASM) -f elf64 -Iinc/ -MD $*.d -o $@ $<\n-include hello.d\n",
	})
	do(t, dir, "make NASM="+assembler)
	if out := do(t, dir, "./hello"); !strings.HasPrefix(out, "Hi") {
		t.Errorf("the program prints %q", out)
	}
	if out := do(t, dir, "make -q"); out != "" {
		t.Errorf("make finds something to do: %s", out)
	}
	if err := os.Chtimes(filepath.Join(dir, "inc/text.inc"), time.Now().Add(time.Hour), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if out := do(t, dir, "make -n NASM="+assembler); !strings.Contains(out, "-f elf64") {
		t.Errorf("make does not know that the included file changed: %s", out)
	}
}

// TestCMake builds a project with enable_language(ASM_NASM).
func TestCMake(t *testing.T) {
	dir := folder(t, map[string]string{
		"main.c": callers, "part.asm": called64,
		"CMakeLists.txt": "cmake_minimum_required(VERSION 3.18)\nproject(p C)\nset(CMAKE_ASM_NASM_COMPILER " + assembler + ")\nenable_language(ASM_NASM)\nadd_executable(main main.c part.asm)\n",
	})
	do(t, dir, "cmake -S . -B build -DCMAKE_BUILD_TYPE=Debug")
	do(t, dir, "cmake --build build")
	if out := do(t, dir, "build/main"); !strings.HasPrefix(out, "hello C") {
		t.Errorf("the program prints %q", out)
	}
}

// TestMeson builds a project whose assembler is found under the name nasm.
func TestMeson(t *testing.T) {
	dir := folder(t, map[string]string{
		"main.c": callers, "part.asm": called64,
		"meson.build": "project('p', 'c', meson_version: '>=0.64')\nadd_languages('nasm')\nexecutable('main', 'main.c', 'part.asm')\n",
	})
	do(t, dir, "meson setup build")
	do(t, dir, "ninja -C build")
	if log, err := os.ReadFile(assembler + ".log"); err != nil || !bytes.Contains(log, []byte("../part.asm")) {
		t.Errorf("meson has used another assembler: %v\n%s", err, log)
	}
	if out := do(t, dir, "build/main"); !strings.HasPrefix(out, "hello C") {
		t.Errorf("the program prints %q", out)
	}
}
