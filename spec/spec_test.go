package spec_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/spec"
)

// runCases runs the cases in a text on a program and returns what is wrong, a line
// each.
func runCases(t *testing.T, source, text string) []string {
	t.Helper()
	files := &diag.Files{}
	id := files.Add("program.tasm", []byte(source))
	suite, said := spec.ParseFile(files, files.Add("program.test", []byte(text)))
	if said.Errors() > 0 {
		var b strings.Builder
		diag.Human(&b, files, said.Messages(), false)
		t.Fatal(b.String())
	}
	limits := spec.Defaults
	limits.Steps, limits.Time = 1_000_000, time.Minute
	r := &spec.Runner{Program: &spec.Program{Files: files, ID: id, Assemble: assembler.Options{ReadFile: os.ReadFile}}, Limits: limits}
	var wrong []string
	for _, c := range suite.Cases {
		for _, result := range r.Run(context.Background(), c) {
			for _, f := range result.Failures {
				wrong = append(wrong, f.Message.Text+f.Diff)
			}
		}
	}
	return wrong
}

// copies is a program that copies its input to standard output and then to a file.
const copies = `target linux/386
entry _start
section .bss
buffer: resb 100
section .rodata
name: db "copy", 0
section .text
_start: sys read, 0, buffer, 100
        test eax, eax
        jz .end
        js .bad
        mov esi, eax
        sys write, 1, buffer, esi
        cmp eax, esi
        jne .bad
        sys creat, name, 420
        mov edi, eax
        sys write, edi, buffer, esi
.end:   sys exit, 0
.bad:   sys write, 2, name, 4
        sys exit, 3
`

// TestStatements holds programs against cases that fit and that do not. Every
// statement that expects something has to be seen to fail.
func TestStatements(t *testing.T) {
	tests := []struct {
		lines string
		wrong string // contained in what is wrong; "" where nothing is
	}{
		{`stdin "ab\n"` + "\n" + `expect stdout "ab\n"`, ""},
		{`stdin "ab\n"` + "\n" + `expect stdout "abc\n"`, "standard output differs in line 1-abc\n+ab\n"},
		{"stdin\n| one\n| two\nexpect stdout\n| one\n| two", ""},
		{"stdin\n| one\n| two\nexpect stdout\n| one\n| two\n| three", "standard output ends after line 2 of 3"},
		{"stdin\n| one\n| two\nexpect stdout\n| one", "standard output goes on after line 1"},
		{`stdin "a  \nb"` + "\n" + `expect stdout lines "a\nb\n\n"`, ""},
		{`stdin "a  \nb"` + "\n" + `expect stdout lines "a\nc"`, "standard output differs in line 2"},
		{`stdin "a "` + "\n" + `expect stdout "a"`, `+a·`},
		{`stdin "xyz"` + "\n" + `expect stdout contains "y"` + "\n" + `expect stdout contains "z"`, ""},
		{`stdin "xyz"` + "\n" + `expect stdout contains "y"` + "\n" + `expect stdout contains "a"`, `does not contain "a"`},
		{`stdin "12\n"` + "\n" + `expect stdout matches /^[0-9]+\n$/`, ""},
		{`stdin "1b\n"` + "\n" + `expect stdout matches /^[0-9]+\n$/`, "does not match"},
		{`stdin "a/b"` + "\n" + `expect stdout matches /a\/b/`, ""},
		{`stdin "ab" times 30` + "\n" + `expect stdout "ab" "ab" times 15`, ""},
		{`expect stdout ""` + "\n" + `expect stderr ""`, ""},
		{"fail read=EIO\nexpect status 3\n" + `expect stderr "copy"`, ""},
		{"fail read=EIO\nexpect status 3\n" + `expect stderr ""`, "standard error"},
		{"fail read=EIO\nexpect status 3\n" + `expect stderr lines "copy\n"` + "\n" + `expect stderr contains "op"`, ""},
		{"fail read=EIO\nexpect status 3\nexpect stderr matches /^cop$/", "does not match /^cop$/"},
		{"fail read=EIO", "exits with status 3, where exit status 0"},
		{`stdin "abc"` + "\nfail write@1=short:2\nexpect status 3\n" + `expect stdout "ab"`, ""},
		{`stdin "abc"` + "\nfail write@2=short:2\n" + `expect file copy "ab"`, ""},
		{`stdin "abc"` + "\n" + `expect file copy contains "b"`, ""},
		{`stdin "abc"` + "\n" + `expect file copy "ab"`, "the file 'copy' differs"},
		{`stdin "abc"` + "\n" + `expect file other "ab"`, "the file 'other' is not there"},
		{`stdin "abc"` + "\nexpect no file other", ""},
		{`stdin "abc"` + "\nexpect no file copy", "the file 'copy' is there"},
		{`file copy "old"` + "\n" + `expect file copy "old"`, ""},
		{"expect call read exit", ""},
		{"expect call write", "does not make the call write"},
		{"expect no call write", ""},
		{`stdin "a"` + "\nexpect no call write", "makes the call write"},
		{"expect instruction je", ""}, // jz in the source
		{"expect instruction jne", "never carries out jne"},
		{"expect instruction JE", ""},
		{"expect no instruction mul", ""},
		{"expect no instruction nop", ""},
		{"expect no instruction jnz", "the source uses jnz"}, // jne in the source
		{"expect at most 40 steps\nexpect at least 5 steps", ""},
		{"expect at most 5 steps", "takes 6 steps, 1 more than allowed"},
		{"expect at least 50 steps", "less than 50"},
		{"expect at most 400 bytes", ""},
		{"expect at most 40 bytes", "more than allowed"},
		{"layout pack\nexpect at least 45 bytes", ""},
		{"expect at most 2 calls", ""},
		{"expect at most 1 calls", "makes 2 system calls"},
		{"expect at most 10 ms", ""},
		{"no run\nexpect at most 400 bytes", ""},
		{"no run\nexpect at most 40 bytes", "more than allowed"},
		{"close stdout after 1\nstdin \"ab\"", "exits with status 0, where an end by SIGPIPE"},
		{"target linux/amd64 linux/386\n" + `stdin "x"` + "\n" + `expect stdout "x"`, "can't be built"},
		{"flat\nno run\nexpect at most 200 bytes", ""},
	}
	for _, test := range tests {
		got := strings.Join(runCases(t, copies, "test \"one\"\n"+test.lines), "\n")
		if test.wrong == "" && got != "" || !strings.Contains(got, test.wrong) {
			t.Errorf("%s:\n got %q\nwant %q", test.lines, got, test.wrong)
		}
	}
}

// TestEnds holds ends of programs against cases.
func TestEnds(t *testing.T) {
	program := func(code string) string { return "target linux/386\n_start: " + code + "\n" }
	tests := []struct{ code, lines, wrong string }{
		{"sys exit, 7", "expect status 7", ""},
		{"db 0x90\nsys exit, 0", "expect no instruction nop", "though its source does not name it"},
		{"rep movsb\nsys exit, 0", "expect no instruction rep", "the source uses rep"},
		{"repe cmpsb\nsys exit, 0", "expect no instruction rep", "the source uses rep"}, // the same byte
		{"repe cmpsb\nsys exit, 0", "expect no instruction repne lock\nexpect instruction rep cmpsb", ""},
		{"movsd\nsys exit, 0", "expect instruction rep\nexpect signal SIGSEGV", "never carries out rep"},
		{"db 0xf3, 0xa4\nsys exit, 0", "expect no instruction rep", "though its source does not name it"},
		{"sys exit, 0", "expect no instruction sys", "the source uses sys"},
		{"mov eax, 1\nint 0x80", "expect no instruction sys", ""},
		{"sys exit, 7", "expect signal SIGSEGV", "exits with status 7, where an end by SIGSEGV"},
		{"mov [0], eax", "expect signal SIGSEGV", ""},
		{"mov [0], eax", "expect signal SIGFPE", "is ended by SIGSEGV, where an end by SIGFPE"},
		{"mov [0], eax", "", "where no memory is"},
		{"sys pause", "send SIGTERM", ""},
		{"sys pause", "send SIGTERM\nexpect status 0", "is ended by SIGTERM"},
		{"sys pause", "", "waits for a signal"},
		{"jmp $", "", "carried out 1000000 instructions"},
		{"jmp $", "expect at most 100 steps", "takes 101 steps"},
		{"sys write, 1, $$, 9\njmp _start", "close stdout after 20", ""},
		{"sys write, 1, $$, 9\njmp _start", "close stdout after 20\nexpect at most 5 calls", ""},
		{"pop eax\npop eax\npop ecx\nsys write, 1, ecx, 3\nsys exit, 0", "args abc \"d e\"\nexpect stdout \"abc\"", ""},
		{"mov ecx, [esp+12]\nsys write, 1, ecx, 3\nsys exit, 0", "env \"A=b\"\nexpect stdout \"A=b\"", ""},
	}
	for _, test := range tests {
		got := strings.Join(runCases(t, program(test.code), "test \"one\"\n"+test.lines), "\n")
		if test.wrong == "" && got != "" || !strings.Contains(got, test.wrong) {
			t.Errorf("%s with %s:\n got %q\nwant %q", test.code, test.lines, got, test.wrong)
		}
	}
}

// TestForAll tells what holds for all tests from what one says for itself.
func TestForAll(t *testing.T) {
	got := runCases(t, copies, `
tests
  stdin "ab"
  expect stdout "ab"
test "as all"
test "with more input"
  stdin "c"
  expect stdout "abc"
test "wrong"
  stdin "d"
`)
	if len(got) != 1 || !strings.Contains(got[0], "+abd") {
		t.Errorf("got %q", got)
	}
}

// TestEveryStatementIsTested looks for each statement in this file.
func TestEveryStatementIsTested(t *testing.T) {
	text, err := os.ReadFile("spec_test.go")
	if err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../docs/test.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range spec.Forms() {
		if !strings.Contains(string(text), f.Name) {
			t.Errorf("no test uses %q", f.Name)
		}
		row := fmt.Sprintf("| `%s` | %s |", strings.ReplaceAll(f.Form, "|", `\|`), strings.ReplaceAll(f.Does, "|", `\|`))
		if !strings.Contains(string(manual), row) {
			t.Errorf("docs/test.md lacks the row\n%s", row)
		}
	}
}

// FuzzParse looks for texts at which the parser fails, and runs short ones.
func FuzzParse(f *testing.F) {
	f.Add("test \"a\"\nargs one \"two\\n\"\nexpect stdout \"x\" times 3\nexpect at most 3 steps")
	f.Add(";; test \"a\"\n;; stdin\n;; | one\n;; expect file f lines\n;; | two\n;; fail write@2=short:3")
	f.Add(";; tests\n;; target linux/386\n;; test \"\\x41\"\n;; expect stdout matches /a\\/b/\n;; expect no instruction mov\nmov")
	f.Fuzz(func(t *testing.T, text string) {
		files := &diag.Files{}
		id := files.Add("f", []byte(text))
		for _, parse := range []func(*diag.Files, diag.FileID) (*spec.Suite, *diag.Bag){spec.Parse, spec.ParseFile, spec.ParseSource} {
			suite, said := parse(files, id)
			for _, m := range said.Messages() {
				if m.Range.Start < 0 || m.Range.Start > m.Range.End || int(m.Range.End) > len(text) {
					t.Fatalf("%q at %+v", m.Text, m.Range)
				}
			}
			if said.Errors() > 0 || len(suite.Cases) > 3 {
				continue
			}
			limits := spec.Limits{Time: time.Second, Steps: 1000, Output: 1000, Memory: 1 << 20}
			program := files.Add("p", []byte(copies))
			r := &spec.Runner{Program: &spec.Program{Files: files, ID: program, Assemble: assembler.Options{ReadFile: os.ReadFile}}, Limits: limits}
			for _, c := range suite.Cases {
				if c.Layout != "golf" {
					r.Run(context.Background(), c)
				}
			}
		}
	})
}

// TestHostile runs programs that want all of something. Each has to end at a limit or
// with an error, soon and in little memory.
func TestHostile(t *testing.T) {
	for name, code := range map[string]string{
		"endless":     "jmp _start",
		"output":      "sys write, 1, $$, 80\njmp _start",
		"memory":      "section .bss\nb: resb 1000000000\nsection .text\nx: mov edi, b\n.n: mov byte [edi], 1\nadd edi, 4096\njmp .n",
		"break":       "mov esi, 0x10000000\nn: sys brk, esi\nadd esi, 0x100000\nmov byte [esi - 4], 1\njmp n",
		"mappings":    "sys mmap2, 0, 0x1000000, 3, 0x22, -1, 0\nmov edi, eax\nmov ecx, 0x400000\nrep stosd\njmp _start",
		"file":        "section .data\nf: db 'f', 0\nsection .bss\nb: resb 100000\nsection .text\nx: sys creat, f, 511\nmov esi, eax\n.n: sys write, esi, b, 100000\njmp .n",
		"large files": "section .data\nf: db 'f', 0, 0, 0, 0, 0\nsection .text\nx: sys creat, f, 511\nmov ebx, eax\nsys ftruncate, ebx, 100000\nsys close, ebx\ninc dword [f + 1]\nor dword [f + 1], 0x01010101\njmp x",
		"pipe":        "section .bss\np: resd 2\nb: resb 60000\nsection .text\nx: sys pipe, p\nn: sys write, [p + 4], b, 60000\njmp n",
		"its code":    "section .text write\nx: mov esi, x\n.n: inc byte [esi]\ninc esi\njmp .n",
		"stack":       "push eax\njmp _start",
		"recursion":   "call _start",
	} {
		files := &diag.Files{}
		start := "target linux/386\nentry _start\nsection .text\n_start: "
		if strings.HasPrefix(code, "section") {
			start += "jmp x\n"
		}
		if name == "its code" {
			start = "target linux/386\nentry x\n"
		}
		p := &spec.Program{Files: files, ID: files.Add(name, []byte(start+code+"\n"))}
		suite, _ := spec.ParseFile(files, files.Add("test", []byte("test \"ends well\"")))
		r := &spec.Runner{Program: p, Limits: spec.Limits{Time: time.Second, Steps: 50_000, Output: 10_000, Memory: 1 << 20}}
		began := time.Now()
		for _, result := range r.Run(context.Background(), suite.Cases[0]) {
			if result.Built.File == nil {
				t.Errorf("%s is not built: %s", name, result.Built.Messages.Messages()[0].Text)
			} else if result.Passed() || !strings.Contains(result.Failures[0].Message.Text, "where exit status 0 is expected") {
				t.Errorf("%s: %+v", name, result.Failures)
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}
