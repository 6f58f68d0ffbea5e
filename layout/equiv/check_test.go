package equiv_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"tasm/layout/elf"
	"tasm/layout/equiv"
)

const (
	head386 = "target linux/386\nentry _start\nsection .text\n"
	head64  = "target linux/amd64\nentry _start\nsection .text\n"
	line    = "\nsection .rodata\nmsg: db \"Hi IDBS Engineering! RE\", 10\n.len equ $ - msg\n"
)

func flat(t testing.TB, source string) []byte { return build(t, source, "", true) }

// TestSame checks programs against others that do the same.
func TestSame(t *testing.T) {
	hello := build(t, sample(t, "hello"), "linux/386", false)
	for name, c := range map[string]struct {
		original, result []byte
		how              string
	}{
		"itself": {hello, hello, "proved by symbolic run, 1 path"},
		"other instructions": {hello, build(t, head386+`
_start: push 4
	pop eax
	xor ebx, ebx
	inc ebx
	push 24
	pop edx
	lea ecx, [msg]
	int 0x80
	xor eax, eax
	inc eax
	xor ebx, ebx
	int 0x80`+line, "", false), "proved by symbolic run, 1 path"},
		"the 70-byte file": {hello, append([]byte("\x7fELF\x01\x00\x00\x00\xc0\x0f\x00\x00\xc0\x0f\x93\x35\x02\x00\x03\x00"+
			"\x40\x60\xb2\x18\x14\x00\x93\x35\x04\x00\x00\x00\xb9\x2e\x00\x93\x35\xcd\x80\x61\xcd\x80\x20\x00\x01\x00"), "Hi IDBS Engineering! RE\n"...),
			"proved by symbolic run, 1 path"},
		"yes": {build(t, sample(t, "yes"), "linux/386", false), build(t, head386+`
_start: mov ecx, line
	xor edx, edx
	inc edx
	inc edx
again:	xor ebx, ebx
	inc ebx
	push 4
	pop eax
	int 0x80
	cmp eax, 0
	jge again
	xor eax, eax
	inc eax
	int 0x80
line:	db "y", 10`, "", false), "proved by symbolic run, 3 paths"},
		"known zero": {build(t, head386+`
_start: mov eax, 20
	int 0x80
	test eax, eax
	jz zero
	mov ebx, 1
	jmp out
zero:	mov ebx, 0
out:	mov eax, 1
	int 0x80`, "", false), build(t, head386+`
_start: push 20
	pop eax
	int 0x80
	xchg eax, ebx
	test ebx, ebx
	jz out
	push 1
	pop ebx
out:	push 1
	pop eax
	int 0x80`, "", false), "proved by symbolic run, 2 paths"},
		"argv": {build(t, head386+"_start: pop eax\npop eax\npop ecx\nmov edx, 5\nmov ebx, 1\nmov eax, 4\nint 0x80\nmov eax, 1\nmov ebx, 0\nint 0x80", "", false),
			build(t, head386+"_start: mov ecx, [esp+8]\npush 5\npop edx\nmov bl, 1\nmov al, 4\nint 0x80\nxor eax, eax\ninc eax\nxor ebx, ebx\nint 0x80", "", false),
			"proved by symbolic run, 1 path"},
		"cat":   {build(t, sample(t, "cat"), "", false), build(t, strings.Replace(sample(t, "cat"), "sub     edi, eax\n", "neg eax\nadd edi, eax\n", 1), "", false), "proved by induction over 2 blocks"},
		"echo":  {build(t, sample(t, "echo"), "", false), build(t, strings.Replace(sample(t, "echo"), "xor     edx, edx", "push 0\npop edx", 1), "", false), "proved by induction over 4 blocks"},
		"sleep": {build(t, sample(t, "sleep"), "", false), build(t, strings.Replace(sample(t, "sleep"), "imul    ebx, ebx, 10", "lea ebx, [ebx+ebx*4]\nadd ebx, ebx", 1), "", false), "proved by induction over 3 blocks"},
		"long": {build(t, head386+"_start: mov ecx, 1000000\nxor ebx, ebx\n.l: add ebx, ecx\ndec ecx\njnz .l\nmov eax, 1\nint 0x80", "", false),
			build(t, head386+"_start: mov ecx, 1000000\n.l: add ebx, ecx\nloop .l\nmov al, 1\nint 0x80", "", false), "proved by induction over 1 block"},
		"pause": {build(t, sample(t, "pause"), "linux/amd64", false), build(t, sample(t, "pause"), "linux/amd64", false), "proved by symbolic run, 1 path"},
	} {
		t.Run(name, func(t *testing.T) {
			v := equiv.Check(c.original, c.result, equiv.Options{})
			if v.Outcome != equiv.Same || v.How != c.how {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestNamesBlock checks what is said where a proof by induction fails and runs do not
// show why: of 18273 bytes that were read the result leaves out the first.
func TestNamesBlock(t *testing.T) {
	original := build(t, sample(t, "cat"), "", false)
	result := build(t, strings.Replace(sample(t, "cat"), "mov     edi, eax ", "mov edx, eax\nxor edx, 0x5555\ncmp edx, 0x1234\njne .all\ninc esi\n.all: mov edi, eax\n", 1), "", false)
	v := equiv.Check(original, result, equiv.Options{})
	const want = "the proof by induction fails in the block that leads to 0x80480a5, in the result to 0x80480b6: " +
		"need not have the same memory behind buf of write"
	if v.Outcome != equiv.Same || v.Proved || v.Unproved != want {
		t.Errorf("%+v", v)
	}
}

// farHello is a 64-bit hello that lies above 4 GiB but puts only the lower half
// of its message's address into rsi: the kernel finds nothing there, and the
// program ends as if nothing had happened.
const farHello = "7f454c46b2188d354c000000ffc757bd02003e00580f05b801000000eb2a0000" +
	"180000000000000018000000eb2a000000000000000038000100000000000000" +
	"0100000000000000b03c21ef0f05000000000000000000004869204944425320" +
	"456e67696e656572696e67212052450a"

// TestDifferent checks programs against mutants.
func TestDifferent(t *testing.T) {
	hello := sample(t, "hello")
	edit := func(name, old, replacement string) string {
		source := sample(t, name)
		if !strings.Contains(source, old) {
			t.Fatalf("%s has no %q", name, old)
		}
		return strings.Replace(source, old, replacement, 1)
	}
	hello386 := build(t, hello, "linux/386", false)
	for name, c := range map[string]struct {
		original, result []byte
		want             string
	}{
		"status":  {hello386, build(t, edit("hello", "mov     ebx, 0 ", "mov     ebx, 1 "), "", false), "has status of call 2 (exit) = 1, not 0"},
		"length":  {hello386, build(t, edit("hello", "mov     edx, msg.len", "mov     edx, msg.len - 1"), "", false), "= 23, not 24"},
		"byte":    {hello386, build(t, edit("hello", "IDBS", "IDBs"), "", false), "has byte 6 behind buf of call 1 (write) = 115, not 83"},
		"file":    {hello386, build(t, edit("hello", "mov     ebx, 1 ", "mov     ebx, 2 "), "", false), "has fd of call 1 (write) = 2, not 1"},
		"call":    {hello386, build(t, edit("hello", "mov     eax, 4 ", "mov     eax, 3 "), "", false), "calls read where the original calls write"},
		"extra":   {hello386, build(t, edit("hello", "mov     eax, 1 ", "mov eax, 20\nint 0x80\nmov     eax, 1 "), "", false), "calls getpid where the original calls exit"},
		"unclean": {hello386, build(t, edit("hello", "mov     ebx, 0 ", "mov     ebx, eax"), "", false), "status of call 2 (exit)"},
		"teensy":  {hello386, flat(t, sample(t, "teensy")), "where the original calls exit"},
		"fault":   {hello386, build(t, edit("hello", "mov     eax, 1 ", "ud2"), "", false), "invalid opcode"},
		"flags":   {hello386, build(t, edit("hello", "mov     ebx, 0 ", "and ebx, 1\nlahf\nmov bl, ah\nand ebx, 16\nmov eax, 1"), "", false), "status of call 2"},
		"far":     {build(t, sample(t, "hello64"), "", false), unhex(t, farHello), "has 0 bytes of memory behind buf of call 1 (write)"},
		"other":   {hello386, build(t, sample(t, "hello64"), "", false), "is a program for x86-64"},
		"cat":     {build(t, sample(t, "cat"), "", false), build(t, edit("cat", "add     esi, eax", "add     esi, 1"), "", false), "call"},
		"cat2":    {build(t, sample(t, "cat"), "", false), build(t, edit("cat", "js      failed          ; below", "jz      failed          ; below"), "", false), "call"},
		"echo":    {build(t, sample(t, "echo"), "", false), build(t, edit("echo", "db      \" \"", "db \"_\""), "", false), "byte 0"},
		"sleep":   {build(t, sample(t, "sleep"), "", false), build(t, edit("sleep", "cmp     al, 9", "cmp     al, 8"), "", false), "call"},
		"yes":     {build(t, sample(t, "yes"), "linux/386", false), build(t, edit("yes", "jns", "jg"), "linux/386", false), "call"},
		"rare": {build(t, head386+"_start: mov eax, 20\nint 0x80\nmov ebx, 0\nmov eax, 1\nint 0x80", "", false),
			build(t, head386+"_start: mov eax, 20\nint 0x80\nmov ebx, 0\ncmp eax, 0x12345678\nsete bl\nmov eax, 1\nint 0x80", "", false), "status"},
	} {
		t.Run(name, func(t *testing.T) {
			v := equiv.Check(c.original, c.result, equiv.Options{})
			if v.Outcome != equiv.Different || !strings.Contains(v.Reason, c.want) {
				t.Errorf("%+v, not %q", v, c.want)
			}
		})
	}
}

// TestChangedCode checks programs that write over instructions which they have
// run before: by themselves, by the kernel, and where an instruction lies across
// two chunks of memory (see machine.Memory).
func TestChangedCode(t *testing.T) {
	const head = "target linux/386\nentry _start\nsection .text exec write align=64\n"
	exit := func(status int) []byte {
		return build(t, head386+fmt.Sprintf("_start: mov eax, 20\nint 0x80\nmov ebx, %d\nmov eax, 1\nint 0x80", status), "", false)
	}
	for name, source := range map[string]string{
		"by itself": `
_start: mov eax, 20
	int 0x80
	call two
	inc byte [two + 1]
	call two
	mov eax, 1
	int 0x80
two:	mov ebx, 2
	ret`,
		"across chunks": `
_start: mov eax, 20
	int 0x80
	call two
	inc byte [two + 1]
	call two
	mov eax, 1
	int 0x80
	times 64 - 1 - ($ - _start) nop
two:	mov ebx, 2
	ret`,
	} {
		t.Run(name, func(t *testing.T) {
			original := build(t, head+source, "", false)
			if proof, decided, simulated := equiv.Both(original, exit(3), 5); proof != "" || !decided || simulated != "" {
				t.Errorf("the same: %q %v %q", proof, decided, simulated)
			}
			if proof, decided, simulated := equiv.Both(original, exit(2), 5); proof == "" || !decided || simulated == "" {
				t.Errorf("not the same: %q %v %q", proof, decided, simulated)
			}
		})
	}
	// The kernel reads a byte into the instruction, or none where it fails.
	reads := build(t, head+`
_start: call two
	mov eax, 3
	mov ebx, 0
	mov ecx, two + 1
	mov edx, 1
	int 0x80
	call two
	mov eax, 1
	int 0x80
two:	mov ebx, 2
	ret`, "", false)
	same := build(t, head386+`
_start: mov byte [byte2], 2
	mov eax, 3
	mov ebx, 0
	mov ecx, byte2
	mov edx, 1
	int 0x80
	movzx ebx, byte [byte2]
	mov eax, 1
	int 0x80
section .bss
byte2:	resb 1`, "", false)
	if _, _, simulated := equiv.Both(reads, same, 100); simulated != "" {
		t.Errorf("read by the kernel: %q", simulated)
	}
	if proof, decided, _ := equiv.Both(reads, exit(2), 1); decided && proof == "" {
		t.Errorf("proof that what the kernel reads is what was there")
	}
}

// TestUnclear checks programs without a meaning that could be kept.
func TestUnclear(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"nowhere":   {head386 + "_start: jmp eax", "jumps to 0x0"},
		"undefined": {head386 + "_start: and eax, 1\nlahf\nmovzx ebx, ah\nmov eax, 1\nint 0x80", "undefined"},
		"rcx":       {head64 + "_start: mov eax, 39\nsyscall\nmov edi, ecx\nmov eax, 60\nsyscall", "undefined"},
		"vfork":     {head386 + "_start: mov eax, 190\nint 0x80\nmov eax, 1\nint 0x80", "another process"},
	} {
		t.Run(name, func(t *testing.T) {
			file := build(t, c.source, "", false)
			v := equiv.Check(file, file, equiv.Options{})
			if v.Outcome != equiv.Unclear || !strings.Contains(v.Reason, c.want) {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestAssumptions(t *testing.T) {
	// Only without arguments is the third word a zero.
	original := build(t, head386+"_start: mov ebx, [esp+8]\nmov eax, 1\nint 0x80", "", false)
	result := build(t, head386+"_start: mov al, 1\nint 0x80", "", false)
	if v := equiv.Check(original, result, equiv.Options{}); v.Outcome != equiv.Different {
		t.Errorf("%+v", v)
	}
	if v := equiv.Check(original, result, equiv.Options{Assume: []string{"argc=1"}}); !v.Proved {
		t.Errorf("%+v", v)
	}
	// The number of a system call may come from argc, too.
	original = build(t, head386+"_start: mov eax, 1\nmov ebx, 7\nint 0x80", "", false)
	result = build(t, head386+"_start: pop eax\nmov bl, 7\nint 0x80", "", false)
	if v := equiv.Check(original, result, equiv.Options{}); v.Outcome == equiv.Same {
		t.Errorf("%+v", v)
	}
	if v := equiv.Check(original, result, equiv.Options{Assume: []string{"argc=1"}}); !v.Proved {
		t.Errorf("%+v", v)
	}
	original = build(t, head64+"_start: mov eax, 39\nsyscall\nmov edi, 0\nmov eax, 60\nsyscall", "", false)
	result = build(t, head64+"_start: mov eax, 39\nsyscall\nback: sub rcx, back\nmov edi, ecx\nmov eax, 60\nsyscall", "", false)
	if v := equiv.Check(original, result, equiv.Options{}); v.Outcome != equiv.Different {
		t.Errorf("%+v", v)
	}
	if v := equiv.Check(original, result, equiv.Options{Assume: []string{"rcx-after-syscall"}}); !v.Proved {
		t.Errorf("%+v", v)
	}
	// Reading nothing does nothing, if there is something to read from.
	original = build(t, head64+"_start: mov edi, 5\nmov eax, 60\nsyscall", "", false)
	result = build(t, head64+"_start: syscall\nmov edi, 5\nmov eax, 60\nsyscall", "", false)
	if v := equiv.Check(original, result, equiv.Options{Assume: []string{"argc=1"}}); v.Outcome != equiv.Different {
		t.Errorf("%+v", v)
	}
	if v := equiv.Check(original, result, equiv.Options{Assume: []string{"stdin-readable"}}); !v.Proved {
		t.Errorf("%+v", v)
	}
	result = build(t, head64+"_start: mov dl, 1\nsyscall\nmov edi, 5\nmov eax, 60\nsyscall", "", false)
	if v := equiv.Check(original, result, equiv.Options{Assume: []string{"stdin-readable"}}); v.Outcome != equiv.Different {
		t.Errorf("%+v", v)
	}
	if v := equiv.Check(original, result, equiv.Options{Assume: []string{"luck"}}); v.Outcome != equiv.Unclear {
		t.Errorf("%+v", v)
	}
}

func TestLoaderRefuses(t *testing.T) {
	file := build(t, sample(t, "hello"), "linux/386", false)
	bad := append([]byte(nil), file...)
	bad[42] = 0 // e_phentsize
	if v := equiv.Check(file, bad, equiv.Options{Loader: elf.Linux}); v.Outcome != equiv.Different {
		t.Errorf("%+v", v)
	}
}

func unhex(t *testing.T, digits string) []byte {
	t.Helper()
	data, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
