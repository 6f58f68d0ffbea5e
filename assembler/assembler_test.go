package assembler

import (
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// assemble assembles a source that stands in a file of its own.
func assemble(t *testing.T, source string, opts Options) (*program.Program, []*diag.Message) {
	t.Helper()
	var files diag.Files
	if opts.ReadFile == nil {
		opts.ReadFile = func(name string) ([]byte, error) {
			return nil, &os.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
		}
	}
	p, messages := Assemble(&files, files.Add("test.tasm", []byte(source)), opts)
	return p, messages.Messages()
}

// contents spells out a section's bytes in hexadecimal, with the bytes of
// fields that layout fills in as zeros and room without contents as dots.
func contents(p *program.Program, name string) string {
	var out strings.Builder
	for _, s := range p.Sections {
		if s.Name != name {
			continue
		}
		for i := range s.Fragments {
			f := &s.Fragments[i]
			for range f.Repeat {
				if f.Kind == program.Space {
					out.WriteString(strings.Repeat(".", int(f.Size)))
				} else {
					out.WriteString(hex.EncodeToString(f.Bytes))
				}
			}
		}
	}
	return out.String()
}

func texts(messages []*diag.Message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Severity.String()+": "+m.Text)
	}
	return strings.Join(all, "\n")
}

func TestContents(t *testing.T) {
	flat32 := "bits 32\n"
	for _, test := range []struct{ name, source, want string }{
		{"labels before and after", flat32 + "a: jmp b\nnop\nb: jmp a", "eb0190ebfb"},
		{"a jump grows when it must", flat32 + "jmp away\ntimes 128 nop\naway:", "e980000000" + strings.Repeat("90", 128)},
		{"one that just fits stays short", flat32 + "jmp away\ntimes 127 nop\naway:", "eb7f" + strings.Repeat("90", 127)},
		{"growing one jump makes another grow",
			flat32 + "jmp x\ntimes 124 nop\njmp y\nx:\ntimes 128 nop\ny:",
			"e981000000" + strings.Repeat("90", 124) + "e980000000" + strings.Repeat("90", 128)},
		{"a byte order mark", "\ufeff" + flat32 + "inc eax", "40"},
		{"local labels", flat32 + "a:\n.x: jmp .x\nb:\n.x: jmp .x\njmp a.x", "ebfeebfeebfa"},
		{"special labels leave the scope alone", flat32 + "a:\n.x: nop\n..@s:\njmp .x", "90ebfd"},
		{"equ leaves the scope alone", flat32 + "a:\n.x: nop\nn equ 5\njmp .x", "90ebfd"},
		{"forward equ", flat32 + "mov al, n\nn equ m+1\nm equ 6", "b007"},
		{"a small forward immediate", flat32 + "add ebx, n\nn equ 5", "83c305"},
		{"a large forward immediate", flat32 + "add ebx, n\nn equ 500", "81c3f4010000"},
		{"times up to a size", "times 4-($-$$) db 7\ndb 1", "0707070701"},
		{"times of a branch", flat32 + "x: times 2 jmp x", "ebfeebfc"},
		{"times counts what is before", "db 1,2\ntimes 6-($-$$) db 0\ndw 0xaa55", "01020000000055aa"},
		{"align pads with nop", "db 1\nalign 4\ndb 2", "0190909002"},
		{"align with a fill", "db 1\nalign 4, db 7\ndb 2", "0107070702"},
		{"alignb reserves", "db 1\nalignb 4\ndb 2", "01...02"},
		{"strings fill up items", "dw 'abc'\ndd 'a'", "6162630061000000"},
		{"character constants", "dw 'a'+1", "6200"},
		{"dup", "db 3 dup (1, 2)", "010201020102"},
		{"uninitialised items", "db ?\nresw 2", "....."},
		{"floats", "dd 1.5\ndq -2.0", "0000c03f00000000000000c0"},
		{"labels are fields", "dw x\nx: dd x", "000000000000"},
		{"differences are numbers", "a: dw b-a\nb:", "0200"},
		{"bits change on the way", "bits 16\nmov ax, 1\nbits 32\nmov ax, 1\nbits 64\nmov rax, 1", "b80100" + "66b80100" + "b801000000"},
		{"absolute space", "absolute 100h\na: resb 4\nb: resb 1\nsection .text\ndw a, b, b-a", "000104010400"},
		{"conditions ask for labels", "a: times 3 db 1\n%if $ - a = 3\ndb 0xee\n%endif", "010101ee"},
		{"conditions settle over passes",
			flat32 + "jmp x\nb:\n%if b - $$ = 2\ntimes 128 nop\n%else\ntimes 130 nop\n%endif\nx: ret",
			"e982000000" + strings.Repeat("90", 130) + "c3"},
		{"sections fill in turns", "db 1\nsection .data\ndb 9\nsection .text\ndb 2", "0102"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, messages := assemble(t, test.source, Options{Flat: true})
			if p == nil {
				t.Fatalf("not assembled:\n%s", texts(messages))
			}
			if got := contents(p, ".text"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"undefined", "jmp nowhere", "error: 'nowhere' is not defined"},
		{"undefined everywhere it is used", "jmp a\njmp b", "error: 'a' is not defined\nerror: 'b' is not defined"},
		{"twice", "a: nop\na: nop", "error: 'a' is defined twice"},
		{"twice the same", "a equ 1\na equ 1", "warning: 'a' is defined a second time, with the same value"},
		{"negative times", "times -1 db 0", "error: TIMES can't repeat something -1 times"},
		{"an address as count", "a: times a db 0", "error: TIMES needs a plain number, and this is an address that only layout knows"},
		{"bits", "bits 8", "error: code is 16, 32 or 64 bits wide, not 8"},
		{"overflow", "db 256", "warning: 256 does not fit in a byte and loses its upper bits"},
		{"too large", "resb 1<<41", "error: this makes the section larger than 1099511627776 bytes"},
		{"too much spelt out", "db 1<<40 dup (0)", "error: this statement spells out more than 268435456 bytes"},
		{"values in a circle", "a equ b\nb equ a", "error: the value of 'a' depends on itself\nerror: the value of 'b' depends on itself"},
		{"a label of a wrong line", "bits 32\na: mvo eax, 4\njmp a", "error: unknown instruction 'mvo'"},
		{"alignment", "align 3", "error: an alignment must be a power of two, not 3"},
		{"contents in bss", "section .bss\ndb 1", "warning: section '.bss' has no contents: what is stored here is lost"},
		{"contents in absolute space", "absolute 5\ndb 1", "error: nothing can be stored in ABSOLUTE space"},
		{"origin twice", "org 1\norg 2", "error: the origin is set twice"},
		{"branch out of range", "bits 32\njmp short x\ntimes 200 nop\nx:", "error: "},
		{"missing file", "incbin 'missing'", "error: can't include 'missing': no such file or directory"},
		{"sys without target", "target linux/386\nbits 16\nsys exit, 0", "error: SYS makes 32-bit code for linux/386, and this code is 16 bits wide"},
		{"unknown call", "target linux/386\nsys wirte, 1", "error: linux/386 has no system call 'wirte'"},
		{"too many arguments", "target linux/386\nsys exit, 0, 1", "error: exit takes one argument, not 2"},
		{"unknown target", "target linux/arm", "error: there is no target 'linux/arm'"},
		{"sizes that contradict themselves", "a: times 1-(x-a) nop\nx:", "error: the sizes don't settle: 'x' still changes after 1000 passes"},
		{"entry twice", "target linux/386\nentry a\nentry b\na: nop\nb: nop", "error: the entry point is given twice"},
		{"entry that is not there", "target linux/386\nentry start\nnop", "error: 'start' is not defined"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, messages := assemble(t, test.source, Options{Flat: true})
			if got := texts(messages); !strings.HasPrefix(got, test.want) || test.want == "" {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestSyscall checks that SYS reads every argument before it overwrites it.
func TestSyscall(t *testing.T) {
	for _, test := range []struct{ name, target, source, want string }{
		{"in order", "linux/386", "sys write, 1, 2, 3", "mov eax,4 mov ebx,1 mov ecx,2 mov edx,3 int 128"},
		{"number last when it is still read", "linux/386", "sys exit, eax", "mov ebx,eax mov eax,1 int 128"},
		{"what is there stays", "linux/386", "sys exit, ebx", "mov eax,1 int 128"},
		{"chain", "linux/386", "sys write, ecx, edx, esi", "mov eax,4 mov ebx,ecx mov ecx,edx mov edx,esi int 128"},
		{"chain backwards", "linux/386", "sys write, 1, ebx, ecx", "mov eax,4 mov edx,ecx mov ecx,ebx mov ebx,1 int 128"},
		{"exchange", "linux/386", "sys write, ecx, ebx, 3", "mov eax,4 mov edx,3 xchg ebx,ecx int 128"},
		{"memory", "linux/386", "sys write, 1, [ebx], [ebx+4]", "mov eax,4 mov ecx,[ebx] mov edx,[ebx+4] mov ebx,1 int 128"},
		{"64 bits", "linux/amd64", "sys write, 1, rsi, rax", "mov rdi,1 mov rdx,rax mov rax,1 syscall"},
		{"a lower half", "linux/amd64", "sys exit, ecx", "mov rax,60 mov edi,ecx syscall"},
		{"an address", "linux/amd64", "x: sys unlink, x", "mov rax,87 mov edi,x syscall"},
	} {
		t.Run(test.name, func(t *testing.T) {
			long := "target " + test.target + "\n" + strings.NewReplacer(" ", "\n", ",", ", ").Replace(test.want)
			long = strings.NewReplacer("mov\n", "mov ", "int\n", "int ", "xchg\n", "xchg ").Replace(long)
			if strings.HasPrefix(test.source, "x: ") {
				long = strings.Replace(long, "\nmov", "\nx: mov", 1)
			}
			byHand, messages := assemble(t, long, Options{})
			if byHand == nil {
				t.Fatalf("%s\n%s", long, texts(messages))
			}
			p, messages := assemble(t, "target "+test.target+"\n"+test.source, Options{})
			if p == nil {
				t.Fatalf("%s", texts(messages))
			}
			if got, want := contents(p, ".text"), contents(byHand, ".text"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestCallsInMessages: a message about a line that a macro made names the calls.
func TestCallsInMessages(t *testing.T) {
	for _, line := range []string{"mov eax, bl", "dd nosuch", "add al, 3000", "sys nosuch", "times -1 nop", "x: nop", "mvo eax"} {
		source := "target linux/386\nx: nop\n%macro inner 0\n" + line + "\n%endmacro\n%macro outer 0\ninner\n%endmacro\nouter\n"
		_, messages := assemble(t, source, Options{})
		if len(messages) != 1 {
			t.Errorf("%s: %d messages\n%s", line, len(messages), texts(messages))
			continue
		}
		var calls []string
		for _, n := range messages[0].Notes {
			if strings.HasSuffix(n.Text, "called here") {
				calls = append(calls, n.Text)
			}
		}
		if got, want := strings.Join(calls, "; "), "in macro 'inner', called here; in macro 'outer', called here"; got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	both := "target linux/386, linux/amd64\nsys exit, 0"
	for _, test := range []struct{ source, ask, want string }{
		{both, "", "linux/386"},
		{both, "linux/amd64", "linux/amd64"},
		{"target linux/386\nnop", "linux/amd64", ""},
		{"nop", "", "linux/386"},
		{"bits 64\nnop", "", "linux/amd64"},
		{"mov rax, 1", "linux/amd64", "linux/amd64"},
	} {
		p, messages := assemble(t, test.source, Options{Target: test.ask})
		switch {
		case p == nil && test.want != "":
			t.Errorf("%q for %q: %s", test.source, test.ask, texts(messages))
		case p != nil && p.Target != test.want:
			t.Errorf("%q for %q is for %q, want %q", test.source, test.ask, p.Target, test.want)
		}
	}
}

// TestWordsOfOurOwn checks that without a target the words of tasm's own
// directives are ordinary names, as they are in nasm.
func TestWordsOfOurOwn(t *testing.T) {
	p, messages := assemble(t, "sys pause\nentry: nop\nimage db 1\ntarget equ 5\ndb target", Options{Flat: true})
	if p == nil {
		t.Fatal(texts(messages))
	}
	if got, want := contents(p, ".text"), "f390"+"90"+"01"+"05"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestProgram(t *testing.T) {
	p, messages := assemble(t, `target linux/386
entry start
image tag "a", "b"
section .data align=8
x: dd y
section .text
start: mov ecx, x
global start
.in: jmp start
section .bss
y: resd 4
n equ 7
`, Options{Instructions: true})
	if p == nil {
		t.Fatal(texts(messages))
	}
	if p.Entry == nil || p.Entry.Name != "start" || !p.Entry.Global {
		t.Errorf("entry is %+v", p.Entry)
	}
	if len(p.Image) != 1 || p.Image[0].Key.Text != "tag" || len(p.Image[0].Args) != 2 {
		t.Errorf("image is %+v", p.Image)
	}
	var names []string
	for _, s := range p.Sections {
		names = append(names, s.Name)
		for i, offset := 0, int64(0); i < len(s.Fragments); i++ {
			if f := &s.Fragments[i]; f.Offset != offset {
				t.Errorf("%s: fragment %d at %d, want %d", s.Name, i, f.Offset, offset)
			} else {
				offset += f.Size * f.Repeat
			}
		}
	}
	if got := strings.Join(names, " "); got != ".text .data .bss" {
		t.Errorf("sections %s", got)
	}
	data := p.Sections[1]
	if data.Align != 8 || data.Flags != program.Alloc|program.Write || data.Size != 4 {
		t.Errorf(".data is %+v", data)
	}
	fix := data.Fragments[0].Fixups
	if s, ok := fix[0].Value.Segment(); len(fix) != 1 || !ok || s != p.Sections[2].ID || fix[0].Size != 4 {
		t.Errorf("field of x is %+v", fix)
	}
	code := p.Sections[0].Fragments
	if len(code) != 2 || code[0].Instruction == nil || len(code[0].Instruction.Operands) != 2 || code[1].Instruction.Operands[0].Value.N != 0 {
		t.Errorf("code is %+v", code)
	}
	symbols := map[string]lang.Value{}
	for _, s := range p.Symbols {
		symbols[s.Name] = s.Value
	}
	if v := symbols["n"]; !v.IsNumber() || v.N != 7 {
		t.Errorf("n is %+v", v)
	}
	if v := symbols["start.in"]; v.N != 5 {
		t.Errorf("start.in is %+v", v)
	}
}

// TestMode tells the mode in which the kernel starts a program, whatever mode the
// source ends in, and where code for 16 bits stands.
func TestMode(t *testing.T) {
	files := &diag.Files{}
	p, _ := Assemble(files, files.Add("a.tasm", []byte("target linux/386\nsection .text\nnop\nbits 16\nnop\nbits 64\nnop\n")), Options{})
	if p == nil || p.Bits != 32 || int(p.Code16.Start) != len("target linux/386\nsection .text\nnop\nbits 16\n") {
		t.Errorf("%+v", p)
	}
}

// TestUnreadMessages holds what messages cost that nobody will see: those of other passes
// than the last, and those behind the many that are kept.
func TestUnreadMessages(t *testing.T) {
	const lines = 50_000
	for _, line := range []string{"same:\n", "mov al, bx\n", "times -1 nop\n", "dd nowhere\n", "db 300\n"} {
		source := strings.Repeat(line, lines)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, messages := assemble(t, source, Options{Flat: true})
		runtime.ReadMemStats(&after)
		want := 1001
		if messages[0].Severity == diag.Warning {
			want = 10_001
		}
		if len(messages) != want {
			t.Errorf("%q: %d messages", line, len(messages))
		}
		if n := float64(after.Mallocs-before.Mallocs) / lines; n > 5 {
			t.Errorf("%q: %.1f allocations for each line", line, n)
		}
	}
}

// TestOneSymbol mentions symbols in all the ways in which their names may be written, and from
// places that know more or less of them.
func TestOneSymbol(t *testing.T) {
	long := strings.Repeat("long", 20)
	for _, source := range []string{
		"$foo: dd foo, $foo",
		"dd foo, $foo\nfoo:",
		"$eax: dd $eax",
		"mov: dd mov, $mov",
		"a:\n.x: dd .x, a.x",
		"dd a.x\na:\n.x:",
		"a.b: dd a.b\na:\n.b2: dd a.b2",
		long + ": dd " + long,
		"global foo\ndd foo\nfoo:",
		"global eax2, $eax\n$eax: dd $eax, eax2\neax2:",
		"r16: dd r16, $r16\ncpu apx\ndd $r16",
		"global r16\ncpu apx\n$r16: dd $r16\ncpu 386\ndd r16",
		"..@a: dd ..@a",
		"%if 0\n%endif\nfoo equ 5\n%if foo == 5\ndd foo\n%else\n%error\n%endif",
	} {
		p, messages := assemble(t, source, Options{Flat: true})
		if p == nil {
			t.Errorf("%q: %v", source, messages)
			continue
		}
		for i, s := range p.Symbols {
			if slices.ContainsFunc(p.Symbols[:i], func(other *program.Symbol) bool { return other.Name == s.Name }) {
				t.Errorf("%q: there are two '%s'", source, s.Name)
			}
		}
	}
}

// TestManyErrors holds where an assembly ends that has more errors than are kept: what stands
// behind them is not read.
func TestManyErrors(t *testing.T) {
	lines := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+"\n", i)
		}
		return b.String()
	}
	const end = "too many errors: stopped after "
	for _, c := range []struct {
		name, source string
		most, kept   int
		last         string
	}{
		{"as many as are kept", lines("mov eax, u%d", diag.MaxErrors), 0, diag.MaxErrors, "'u999' is not defined"},
		{"one more", lines("mov eax, u%d", diag.MaxErrors+1), 0, diag.MaxErrors, end + "1000"},
		{"of grammar", lines("mov ) ; %d", 3000) + "%warning not read\n", 0, diag.MaxErrors, end + "1000"},
		{"of the preprocessor", lines("%%foo ; %d", 3000) + "%warning not read\n", 0, diag.MaxErrors, end + "1000"},
		{"of instructions", "jmp later\n" + lines("mov al, bx ; %d", 3000) + "later: jmp )\n%warning not read\n", 0, diag.MaxErrors, end + "1000"},
		{"of instructions and grammar", "jmp later\n" + lines("mov al, bx ; %d\njmp )", 600) + "later:\n%warning not read\n", 0, diag.MaxErrors, end + "1000"},
		{"of instructions, all", "jmp later\n" + lines("mov al, bx ; %d", 3000) + "jmp nowhere\n", -1, 3002, "'nowhere' is not defined"},
		{"of one instruction", "%rep 3000\nmov al, bx\n%endrep\n", 0, 1, "mov takes no 16-bit register with an 8-bit register"},
		{"of both", "mov )\nmov eax, u\n" + lines("mov eax, u%d", 5), 3, 3, end + "3"},
		{"all", lines("mov ) ; %d", 2000) + lines("mov eax, u%d", 3000), -1, 5000, "'u2999' is not defined"},
		// A condition asked for a label: the errors of the first pass need not be those of the last.
		{"that vanish", "bits 32\na: jmp c\nb:\n%if b-a < 5\n" + lines("mov ) ; %d", 3000) + "%endif\ntimes 200 nop\nc: mov eax, u\n", 0, 1, ""},
	} {
		files := &diag.Files{}
		p, bag := Assemble(files, files.Add("x", []byte(c.source)), Options{Flat: true, MaxErrors: c.most})
		messages := bag.Messages()
		if last := messages[len(messages)-1].Text; p != nil || bag.Errors() != c.kept || c.last != "" && last != c.last {
			t.Errorf("%s: %d errors, the last is %q", c.name, bag.Errors(), last)
		}
		for _, m := range messages {
			if m.Severity == diag.Warning || m.Text == "'later' is not defined" && c.most == 0 {
				t.Errorf("%s: %s", c.name, m.Text)
			}
		}
	}
}

// A source that can't be read is not gone over until its sizes settle: a chain of EQU that
// goes forwards takes as many passes as it has lines.
func TestMisreadPasses(t *testing.T) {
	var src strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&src, "a_%d equ a_%d + 1\n", i, i+1)
	}
	src.WriteString("jmp )\n")
	files := &diag.Files{}
	_, messages := Assemble(files, files.Add("x", []byte(src.String())), Options{Flat: true})
	if said := messages.Messages(); len(said) != 2 || said[0].Text != "'a_3000' is not defined" {
		t.Errorf("%d messages: %v", len(said), said)
	}
}
