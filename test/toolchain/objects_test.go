package toolchain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sum = `extern int twice(int);
extern int count;
int table[4] = {1, 2, 3, 4};
int shared;
int *last = &table[3];
int add(int a, int b)
{
	count++;
	shared += 7;
	switch (a) {
	case 1: return 5;
	case 2: return 9;
	case 3: return 77;
	case 4: return 1;
	case 5: return a + b + twice(*last) + *last * *last;
	}
	return 0;
}
`

const caller64 = `target linux/amd64
extern add, table, shared, times2
global twice, count, _start
_start:	mov edi, 5
	mov esi, 6
	call add
	mov edi, eax
	call times2
	add eax, [table+4]
	add eax, [shared]
	add eax, [count]
	sys exit, eax
twice:	lea eax, [rdi+rdi]
	ret
section .data
count:	dd 1
`

const caller32 = `target linux/386
extern add, table, shared, times2
global twice, count, _start
_start:	push 6
	push 5
	call add
	add esp, 8
	push eax
	call times2
	pop ecx
	add eax, [table+4]
	add eax, [shared]
	add eax, [count]
	sys exit, eax
twice:	mov eax, [esp+4]
	add eax, eax
	ret
section .data
count:	dd 1
`

// TestObjectsAmongSources joins sources with objects and an archive of gcc, and
// compares what the program does with what that of ld does.
func TestObjectsAmongSources(t *testing.T) {
	for _, gcc := range []string{"-m64 -O2", "-m64 -O0 -fno-pic", "-m64 -O2 -fPIC", "-m64 -Os -fcommon", "-m32 -O2 -fno-pic", "-m32 -Os -fcommon -fno-pie"} {
		caller, format, ld := caller64, "elf64", "ld"
		if strings.Contains(gcc, "-m32") {
			caller, format, ld = caller32, "elf32", "ld -m elf_i386"
		}
		dir := folder(t, map[string]string{
			"main.tasm": caller, "sum.c": sum, "times2.c": "int times2(int a) { return a * 2; }\n",
			"unused.c": "int nowhere(int);\nint unused(int a) { return nowhere(a); }\n",
			"status":   "\"$@\"; echo $?\n",
		})
		do(t, dir, "gcc -c "+gcc+" sum.c times2.c unused.c")
		do(t, dir, "ar rc lib.a times2.o unused.o")
		do(t, dir, "TASM build -f "+format+" main.tasm -o main.o")
		do(t, dir, ld+" -z noexecstack -o linked main.o sum.o lib.a")
		want := do(t, dir, "sh status ./linked")
		for _, layout := range []string{"plain", "pack", "golf"} {
			do(t, dir, "TASM build --layout "+layout+" main.tasm sum.o lib.a -o joined")
			if got := do(t, dir, "sh status ./joined"); got != want || want == "0\n" {
				t.Errorf("%s, %s: exit status %q, that of what ld has linked is %q", gcc, layout, got, want)
			}
		}
	}
}

// TestReaders shows objects of each format to llvm-readobj, which knows nothing of
// nasm, and asks it for what the source says.
func TestReaders(t *testing.T) {
	for _, c := range []struct {
		format, options string
		want            []string
	}{
		{"elf64", "-r -S --symbols", []string{"R_X86_64_PC32 other", "Name: main"}},
		{"elf32", "-r -S --symbols", []string{"R_386_PC32 other", "Name: main"}},
		{"elfx32", "-r -S --symbols", []string{"R_X86_64_PC32 other", "Name: main"}},
		{"win64", "-r -S --symbols --codeview", []string{"IMAGE_REL_AMD64_REL32 other", "Name: main", "ChecksumKind: MD5", "VersionName: The Netwide Assembler", "DisplayName: main", "LineNumberStart: 4"}},
		{"win32", "-r -S --symbols --codeview", []string{"IMAGE_REL_I386_REL32 other", "Name: main", "DisplayName: count"}},
		{"macho64", "-r -S --symbols", []string{"X86_64_RELOC_BRANCH", "Name: main"}},
		{"macho32", "-r -S --symbols", []string{"GENERIC_RELOC_VANILLA", "Name: main"}},
	} {
		dir := folder(t, map[string]string{"main.asm": "extern other\nglobal main\nsection .text\nmain:\tcall other\n\tret\nsection .data\ncount:\tdd 42\n"})
		do(t, dir, "NASM -f "+c.format+" -g main.asm -o main.o")
		out := do(t, dir, "llvm-readobj "+c.options+" main.o")
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: llvm-readobj does not say %q:\n%s", c.format, want, out)
			}
		}
	}
}

// TestStabs lets gdb break at lines by stabs, which as nasm writes them tell of no
// functions, without which gdb does not step.
func TestStabs(t *testing.T) {
	dir := folder(t, map[string]string{
		"main.asm": debugged, "part.inc": included,
		"script": "break _start.done\nbreak main.asm:10\nbreak part.inc:3\nrun\ncontinue\nprint $eax\ncontinue\nprint (int)count\nquit\n",
	})
	do(t, dir, "NASM -f elf32 -g -F stabs main.asm -o main.o")
	do(t, dir, "ld -m elf_i386 -o main main.o")
	out := do(t, dir, "gdb -q -nx -batch -x script main")
	for _, want := range []string{"file main.asm, line 10.", "file part.inc, line 3.", "$1 = 2", "in _start.done ()", "$2 = 42"} {
		if !strings.Contains(out, want) {
			t.Errorf("gdb does not say %q:\n%s", want, out)
		}
	}
}

// TestConfigure builds as autotools do: in a folder of its own, with a suffix rule,
// VPATH, an archive, and an assembler that a script has found and tried.
func TestConfigure(t *testing.T) {
	dir := folder(t, map[string]string{
		"src/main.c": callers, "src/part.asm": called64,
		"src/configure": `set -e
src=$(dirname "$0")
for NASM in nasm yasm; do command -v $NASM >/dev/null && break; done
echo 'section .text' >conftest.asm
case $($NASM -v) in "NASM version "[2-9]*) ;; *) echo "too old" >&2; exit 1;; esac
$NASM -f elf64 -o conftest.o conftest.asm
file=$(od -An -tx1 -N4 conftest.o)
test "$file" = " 7f 45 4c 46"
$NASM -f nosuch conftest.asm 2>/dev/null && exit 1
sed -e "s,@NASM@,$NASM,g" -e "s,@srcdir@,$src,g" "$src/Makefile.in" >Makefile
`,
		"src/Makefile.in": `NASM = @NASM@
NAFLAGS = -f elf64 -g -F dwarf
VPATH = @srcdir@
.SUFFIXES: .asm .lo
main: main.o libpart.a
	$(CC) -o $@ main.o -L. -lpart
libpart.a: part.o
	ar cru $@ part.o
	ranlib $@
.asm.o:
	$(NASM) $(NAFLAGS) -I$(VPATH)/ -Wno-orphan-labels -MD -MP -MF $*.d -MT $@ -l $*.lst -o $@ $<
-include part.d
`,
	})
	build := filepath.Join(dir, "build")
	if err := os.Mkdir(build, 0o777); err != nil {
		t.Fatal(err)
	}
	do(t, build, "sh ../src/configure")
	do(t, build, "make")
	if out := do(t, dir, "build/main"); !strings.HasPrefix(out, "hello C") {
		t.Errorf("the program prints %q", out)
	}
	for _, name := range []string{"part.d", "part.lst"} {
		if text, err := os.ReadFile(filepath.Join(dir, "build", name)); err != nil || !strings.Contains(string(text), "part") && name == "part.d" {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
