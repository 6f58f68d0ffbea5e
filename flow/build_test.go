package flow

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
)

func build(t *testing.T, source string) *Graph {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("a.tasm", []byte(source)), assembler.Options{Instructions: true, ReadFile: os.ReadFile})
	if p == nil || said.Errors() > 0 {
		t.Fatal(said.Messages())
	}
	return Build(p)
}

// String shows a graph, a line for each instruction.
func dump(g *Graph) string {
	var b strings.Builder
	name := func(x *Block) string {
		if x == nil {
			return "end"
		}
		return x.Name
	}
	for _, x := range g.Blocks {
		fmt.Fprintf(&b, "%s:\n", x.Name)
		for i := range x.Code {
			in := &x.Code[i]
			fmt.Fprintf(&b, "\t%s", in.Instruction.String())
			if in.Target != nil {
				fmt.Fprintf(&b, " -> %s", name(in.Target))
			}
			for _, r := range in.Refs {
				if r.Object != nil {
					fmt.Fprintf(&b, " {%s+%d}", r.Object.Name, r.Offset)
				}
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "\t=> %s\n", name(x.Next))
	}
	for _, o := range g.Objects {
		fmt.Fprintf(&b, "%s: %d bytes\n", o.Name, o.Size)
	}
	for _, d := range g.Doubts {
		fmt.Fprintf(&b, "doubt: %s\n", d.Text)
	}
	return b.String()
}

// TestSamples finds no doubt in the samples for Linux.
func TestSamples(t *testing.T) {
	list, err := filepath.Glob("../samples/*.tasm")
	if err != nil || len(list) == 0 {
		t.Fatal("no samples: ", err)
	}
	for _, name := range list {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\ntarget ") {
			continue
		}
		g := build(t, string(text))
		if len(g.Doubts) > 0 || g.Entry == nil {
			t.Errorf("%s:\n%s", name, dump(g))
		}
	}
}

// TestBuild compares graphs with what is expected of them.
func TestBuild(t *testing.T) {
	const head = "target linux/386\nentry _start\n"
	for _, c := range []struct{ name, source, want string }{
		{"jumps and branches", `
_start: jmp     b
a:      int     0x80
b:      inc     eax
        jz      a
        js      a
        mov     eax, 1
        int     0x80
        db      1, 2, 3`, `
_start:
	=> b
a:
	int 0x80
	=> b
b:
	inc eax
	jz 0 -> a
	=> .text+0x7
.text+0x7:
	js 0 -> a
	=> .text+0x9
.text+0x9:
	mov eax, 1
	int 0x80
	=> end
`},
		{"data", `
_start: mov     ecx, text + 1
        mov     al, [table + ebx*4]
        push    dword [table + 4]
        mov     eax, 1
        int     0x80
text:   db      "abc"
section .data
        dd      0
table:  dd      text, 7
section .bss
        resb    8`, `
_start:
	mov ecx, 0 {text+1}
	mov al, [ebx*4] {.data+0x0+4}
	push dword [0] {.data+0x0+8}
	mov eax, 1
	int 0x80
	=> end
text: 3 bytes
.data+0x0: 12 bytes
`},
		{"a number comes in from elsewhere", `
_start: jecxz   c
        mov     eax, 1
a:      int     0x80
        inc     eax
        jmp     a
c:      mov     eax, 4
        jmp     a`, `
_start:
	jecxz 0 -> c
	=> .text+0x2
.text+0x2:
	mov eax, 1
	=> a
a:
	int 0x80
	inc eax
	=> a
c:
	mov eax, 4
	=> a
`},
		{"computed addresses", `
_start: mov     esi, b
        jmp     [table + eax*4]
        nop
a:      call    esi
        mov     eax, 1
        int     0x80
b:      ret
table:  dd      a, text
text:   db      "x"`, `
_start:
	mov esi, 0
	jmp [eax*4] {table+0}
	=> computed
a:
	call esi -> computed
	mov eax, 1
	int 0x80
	=> end
b:
	ret
	=> end
computed:
	jmp 0 -> a
	jmp 0 -> b
	=> b
table: 9 bytes
`},
		{"changes itself", `
_start: inc     byte [_start.a + 1]
.a:     mov     bl, 6
        mov     eax, 1
        int     0x80
data:   db      0`, `
_start:
	inc byte [0] {data+-8}
	mov bl, 6
	mov eax, 1
	int 0x80
	=> end
data: 1 bytes
doubt: uses the address of code
`},
		{"in front of data", `
_start: mov     al, [data + ecx - 1]
        mov     edi, data - 1
        mov     eax, 1
        int     0x80
data:   db      0`, `
_start:
	mov al, [ecx] {data+-1}
	mov edi, 0 {data+-1}
	mov eax, 1
	int 0x80
	=> end
data: 1 bytes
`},
		{"doubts", `
_start: mov     eax, [_start]
        jmp     eax
        jmp     [eax]`, `
_start:
	mov eax, [0]
	jmp eax
	=> computed
computed:
	jmp 0 -> _start
	=> _start
doubt: uses the address of code
`},
		{"a distance to code", `
_start: mov     eax, a
        add     ecx, b
        jmp     eax
a:      jmp     ecx
b:      mov     eax, 1
        int     0x80`, `
_start:
	mov eax, 0
	add ecx, 0
	jmp eax
	=> computed
a:
	jmp ecx
	=> computed
b:
	mov eax, 1
	int 0x80
	=> end
computed:
	jmp 0 -> a
	jmp 0 -> b
	=> b
doubt: goes to a computed address
`},
		{"a call that comes back to data", `
_start: mov     eax, 20
        int     0x80
        db      0x90`, `
_start:
	mov eax, 0x14
	int 0x80
	=> end
doubt: runs on into what is not code
`},
		{"nowhere", `
_start: jmp     eax`, `
_start:
	jmp eax
	=> end
doubt: goes to a computed address, and holds none of code
`},
		{"code as data", `
_start: mov     byte [_start], 0x90
        nop
        push    a
        ret
a:      nop
        int     0x21
        db      0`, `
_start:
	mov byte [0], 0x90
	nop
	push 0 {a+0}
	ret
	=> end
a: 4 bytes
doubt: returns, although nothing is called
doubt: uses the address of code
`},
	} {
		got := dump(build(t, head+c.source))
		want := strings.TrimPrefix(c.want, "\n")
		for _, line := range strings.Split(want, "\n") {
			if !strings.Contains(got, line) {
				t.Errorf("%s: %q is missing in\n%s", c.name, line, got)
				break
			}
		}
		if strings.Count(got, "\n") != strings.Count(want, "\n") {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, want)
		}
	}
}
