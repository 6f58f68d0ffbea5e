package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/lessons"
	"tasm/spec"
)

const lessonsDir = "../../lessons/"

// lessonPart matches what a test makes in a page: what is to be made, and what is there.
var lessonPart = regexp.MustCompile(`(?s)<!-- begin (show|run) (.*?) -->\n(.*?)<!-- end -->\n`)

// TestLessonPages keeps the sources that lessons show and the output of the commands
// that they run, and what they say of sizes.
func TestLessonPages(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	pages, err := filepath.Glob(lessonsDir + "*/lesson.md")
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]string{"../../docs/teaching.md": "testdata/teaching"}
	for _, page := range pages {
		folders[page] = filepath.Dir(page)
	}
	for page, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			all := t.TempDir() // with the other lessons beside it
			if err := os.CopyFS(all, os.DirFS(filepath.Dir(folder))); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(all, filepath.Base(folder))
			text := lessonPart.ReplaceAllStringFunc(readText(t, page), func(part string) string {
				m := lessonPart.FindStringSubmatch(part)
				made := ""
				if m[1] == "show" {
					made = "```nasm\n" + readText(t, filepath.Join(dir, m[2])) + "```\n"
				} else {
					made = "```\n" + shell(t, dir, strings.Split(m[2], " ;; ")) + "```\n"
				}
				return "<!-- begin " + m[1] + " " + m[2] + " -->\n" + made + "<!-- end -->\n"
			})
			golden(t, page, []byte(text))
			tests, _ := filepath.Glob(filepath.Join(dir, "*.test"))
			var bounds strings.Builder
			for _, name := range tests {
				bounds.WriteString(readText(t, name))
			}
			checkSizes(t, text, bounds.String())
			for _, m := range lookUp.FindAllStringSubmatch(text, -1) {
				mustRun(t, "explain", m[1])
			}
		})
	}
}

// shell runs commands in a shell and returns what a terminal would show. Layouts are not
// kept: what a command shows must not depend on what was built before.
func shell(t *testing.T, dir string, lines []string) string {
	t.Helper()
	var b strings.Builder
	status := "0"
	for _, line := range lines {
		b.WriteString("$ " + line + "\n")
		if line == "echo $?" {
			b.WriteString(status + "\n")
			continue
		}
		cmd := exec.Command("sh", "-c", line+" 2>&1")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(dir, "no", "cache"))
		out, err := cmd.Output()
		status = "0"
		if exit, ok := err.(*exec.ExitError); ok {
			status = exit.ProcessState.String()[len("exit status "):]
		} else if err != nil {
			t.Fatal(err)
		}
		b.Write(out)
		if len(out) > 0 && out[len(out)-1] != '\n' {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// lookUp matches words that a page tells readers to look up.
var lookUp = regexp.MustCompile("`tasm explain ([A-Za-z0-9_]+)`")

// A size in a page's own words, and numbers in what was made by tests.
var sizeInWords = regexp.MustCompile(`\b(\d+) bytes?\b`)

// checkSizes looks for sizes that a page tells of and neither shows nor has in its tests.
func checkSizes(t *testing.T, text, tests string) {
	t.Helper()
	shown := strings.Join(regexp.MustCompile("(?s)```.*?```").FindAllString(text, -1), "\n") + tests
	words := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, "")
	for _, m := range sizeInWords.FindAllStringSubmatch(words, -1) {
		if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(shown) {
			t.Errorf("the page says %q and shows it nowhere", m[0])
		}
	}
}

// TestLessonExercises holds the solution of every exercise against its tests, which the
// source that a student begins with must not pass.
func TestLessonExercises(t *testing.T) {
	if n := len(lessons.All()); n != 12 {
		t.Errorf("there are %d lessons", n)
	}
	names := map[string]bool{}
	for _, l := range lessons.All() {
		if len(l.Exercises) == 0 || l.Title == "" || len(l.Examples) == 0 {
			t.Errorf("%s has %d exercises, %d examples, title %q", l.Name, len(l.Exercises), len(l.Examples), l.Title)
		}
		for _, f := range l.Examples {
			if !strings.Contains(l.Page, f.Text) {
				t.Errorf("%s does not show %s", l.Name, f.Name)
			}
		}
		for _, e := range l.Exercises {
			if names[e.Name] {
				t.Errorf("there are two exercises %s", e.Name)
			}
			names[e.Name] = true
			if !strings.Contains(l.Page, "**"+e.Name+".tasm**") {
				t.Errorf("%s does not speak of %s.tasm", l.Name, e.Name)
			}
			solution := readText(t, lessonsDir+l.Name+"/solutions/"+e.Name+".tasm")
			if wrong := failures(t, e.Name, solution, e.Tests); len(wrong) > 0 {
				t.Errorf("the solution of %s, %s: %q", l.Name, e.Name, wrong)
			}
			if wrong := failures(t, e.Name, e.Start.Text, e.Tests); len(wrong) == 0 {
				t.Errorf("%s, %s: what is there at the beginning passes", l.Name, e.Name)
			}
		}
	}
}

// failures runs tests on a source and returns what is wrong.
func failures(t *testing.T, name, source, tests string) (wrong []string) {
	t.Helper()
	files := &diag.Files{}
	id := files.Add(name+".tasm", []byte(source))
	suite, said := spec.ParseFile(files, files.Add(name+".test", []byte(tests)))
	if said.Errors() > 0 {
		t.Fatalf("%s.test: %s", name, said.Messages()[0].Text)
	}
	r := &spec.Runner{Program: &spec.Program{Files: files, ID: id, Assemble: assembler.Options{ReadFile: os.ReadFile}}, Limits: spec.Defaults}
	for _, c := range suite.Cases {
		for _, result := range r.Run(context.Background(), c) {
			for _, f := range result.Failures {
				wrong = append(wrong, c.Name+": "+f.Message.Text+f.Diff)
			}
			if result.Built.File == nil {
				wrong = append(wrong, result.Built.Messages.Messages()[0].Text)
			}
		}
	}
	return wrong
}

// TestLessonAnswers holds other right answers than the solutions, and wrong ones that
// students give, against the tests of the exercises. An answer is the solution with one
// part replaced, or the whole of it where none is named.
func TestLessonAnswers(t *testing.T) {
	for _, c := range []struct {
		exercise string
		right    bool
		old, new string
	}{
		{"repair", true, "mov     eax, 1\n        mov     ebx, 1\n        int     0x80", "sys exit, 1"},
		{"repair", false, "int     0x80", "hlt"},
		{"repair", false, "mov     ebx, 1", "mov ebx, 0"},
		{"seven", true, "mov     ebx, 7", "mov bl, 6\n inc ebx"},
		{"seven", false, "mov     eax, 1", "mov eax, 7"},
		{"minutes", true, "imul    ebx, ebx, 60", "imul ebx, 60"},
		{"minutes", true, "add     ebx, 17", "mov ecx, 17\n add ebx, ecx"},
		{"minutes", false, "imul    ebx, ebx, 60", "mov ebx, 120"},
		{"minutes", false, "add     ebx, 17", "add ebx, 7"},
		{"rest", true, "mov     edx, 0", "xor edx, edx"},
		{"rest", false, "sys     exit, edx", "sys exit, eax"},
		{"rest", false, "        div     ecx\n        sys     exit, edx", " sys exit, 4"},
		{"name", true, "mov     byte [text], 'b'\n        mov     byte [text + 1], 'a'", "mov word [text], 'ba'"},
		{"name", true, "mov     byte [text + 1], 'a'", "mov esi, text\n mov byte [esi + 1], 97"},
		{"name", false, "\"cut\"", "\"bat\""},
		{"name", false, "mov     byte [text + 1], 'a'", "mov byte [text + 2], 'a'"},
		{"three", true, "add     ebx, [numbers + 8]", "mov esi, numbers\n add ebx, [esi + 8]"},
		{"three", false, "[numbers + 4]", "[numbers + 1]"},
		{"three", false, "        add     ebx, [numbers + 8]\n", ""},
		{"three", false, "mov     ebx, [numbers]\n        add     ebx, [numbers + 4]\n        add     ebx, [numbers + 8]", "mov ebx, 120\n add ebx, 3"},
		{"three", false, "add     ebx, [numbers + 4]", "add bl, [numbers + 4]\n add bl, [numbers + 5]"},
		{"even", true, "        test    ebx, 1\n        jz      even\n        sys     exit, 1\neven:   sys     exit, 0", " and ebx, 1\n sys exit, ebx"},
		{"even", false, "jz", "jnz"},
		{"even", false, "test    ebx, 1", "cmp ebx, 2"},
		{"smallest", true, "jl      notecx", "jle notecx"},
		{"smallest", false, "jl      notecx", "jb notecx"},
		{"smallest", false, "cmp     ecx, edx\n        jl      second", "cmp ecx, edx\n jb second"},
		{"smallest", false, "sys     exit, 1\n", "jmp second\n"}, // forgets ebx
		{"alphabet", true, "jbe     _start", "jle _start"},
		{"alphabet", false, "jbe     _start", "jb _start"},
		{"alphabet", false, "", "target linux/386\nsection .text\n sys write, 1, a, 27\n sys exit, 0\nsection .data\na: db \"abcdefghijklmnopqrstuvwxyz\", 10\n"},
		{"factorial", true, "dec     ecx\n        jnz     again", "loop again"},
		{"factorial", true, "mov     ebx, 1\n        mov     ecx, 5\nagain:  imul    ebx, ecx\n        dec     ecx\n        jnz     again", "mov ebx, 5\n mov ecx, 4\nagain: imul ebx, ecx\n loop again"},
		{"factorial", true, "mov     ecx, 5\nagain:  imul    ebx, ecx\n        dec     ecx\n        jnz     again", "mov ecx, 1\nagain: imul ebx, ecx\n inc ecx\n cmp ecx, 6\n jne again"},
		{"factorial", false, "again:  imul    ebx, ecx\n        dec     ecx\n        jnz     again", " imul ebx, 2\n imul ebx, 3\n imul ebx, 4\n imul ebx, 5"},
		{"factorial", false, "", "target linux/386\n sys exit, 120\n"},
		{"triangle", true, "cmp     esi, 5\n        jbe     line", "cmp esi, 6\n jne line"},
		{"triangle", false, "cmp     esi, 5", "cmp esi, 4"},
		{"triangle", false, "", "target linux/386\nsection .text\n sys write, 1, a, 20\n sys exit, 0\nsection .data\na: db \"*\", 10, \"**\", 10, \"***\", 10, \"****\", 10, \"*****\", 10\n"},
		{"exchange", true, "        push    eax\n        push    ebx\n        pop     eax\n        pop     ebx", " push ebx\n push eax\n pop ebx\n pop eax"},
		{"exchange", false, "        pop     eax\n        pop     ebx", " pop ebx\n pop eax"},
		{"exchange", false, "        push    eax\n        push    ebx\n        pop     eax\n        pop     ebx", " push eax\n pop ebx"},
		{"exchange", false, "        push    eax\n        push    ebx\n        pop     eax\n        pop     ebx", " xchg eax, ebx"},
		{"initials", true, "cmp     ecx, 0\n        je      done", "test ecx, ecx\n jz done"},
		{"initials", true, "pop     ecx\nagain:", "mov esi, eax\n pop ecx\nagain:"},
		{"initials", false, "pop     eax\n        pop     ecx\n", "pop eax\n"},
		{"initials", false, "sys     write, 1, end, 1\n", ""},
		{"decimal", true, "mov     edx, 0", "xor edx, edx"},
		{"decimal", false, "cmp     eax, 0\n        jne     .next", "cmp eax, 9\n ja .next"},
		{"decimal", false, "div     ecx", "cdq\n idiv ecx"},
		{"hex", true, "cmp     edi, buffer + 8\n        jne     .next", "cmp edi, buffer + 8\n jb .next"},
		{"hex", false, "rol     eax, 4", "ror eax, 4"},
		{"hex", false, "and     ecx, 15", "and ecx, 7"},
		{"max", true, "cmp     eax, ebx\n        jge     .end\n        mov     eax, ebx\n.end:   ret", "cmp eax, ebx\n cmovl eax, ebx\n ret"},
		{"max", false, "jge", "jae"},
		{"max", false, "jge     .end\n        mov     eax, ebx", "jge .end\n xchg eax, ebx"},
		{"max", false, "max:    cmp     eax, ebx", "max: mov ecx, ebx\n cmp eax, ecx"},
		{"all", true, "cmp     edi, 0\n        jle     done", "test edi, edi\n jz done"},
		{"all", false, "add     esi, eax\n", ""},
		{"all", false, "jmp     more", ""},
		{"careful", true, "cmp     eax, 0\n        jl      unread", "test eax, eax\n js unread"},
		{"careful", true, "cmp     eax, 0\n        jl      unread", "cmp eax, 0\n je quit\n jl unread"},
		{"careful", false, "sys     exit, 2", "sys exit, 3"},
		{"careful", false, "        cmp     eax, 0\n        jl      unwritten\n", ""},
		{"complain", true, "db      \"no\", 10", "db `no\\n`"},
		{"complain", false, "write, 2", "write, 1"},
		{"complain", false, "exit, 1", "exit, 0"},
		{"count", true, "lodsb\n", "mov al, [esi]\n inc esi\n"},
		{"count", false, "jmp     more", ""},
		{"count", false, "cmp     al, 'e'", "or al, 32\n cmp al, 'e'"},
		{"count", false, "mov     ecx, eax", "mov ecx, buffer.size"},
		{"number", true, "imul    ebx, ebx, 10\n        add     ebx, eax", "lea ebx, [ebx + ebx*4]\n lea ebx, [eax + ebx*2]"},
		{"number", false, "ja      end", "jg end"},
		{"number", false, "sys     exit, 255", "sys exit, 0"},
		{"rot13", true, "cmp     ah, 'n'\n        jae     back\n        add     al, 26\nback:   sub     al, 13", "cmp ah, 'm'\n ja back\n add al, 13\n jmp put\nback: sub al, 13\nput:"},
		{"rot13", false, "ja      keep", "jae keep"},
		{"rot13", false, "or      ah, 32", "or al, 32\n mov ah, al"},
		{"rot13", false, "jmp     _start", ""},
		{"port", true, "mov     rax, 1\n        mov     rdi, 1", "mov eax, 1\n mov edi, eax"},
		{"port", false, "mov     rax, 60", "mov rax, 1"},
		{"port", false, "        mov     rax, 60\n        mov     rdi, 6\n        syscall", " sys exit, 6"},
		{"port", false, "        syscall\n        mov     rax, 60\n        mov     rdi, 6\n        syscall", " syscall\n mov eax, 1\n mov ebx, 6\n int 0x80"},
		{"sum64", true, "mov     rdx, 0", "cqo"},
		{"sum64", false, "mov     rax, [numbers]", "mov eax, [numbers]"},
		{"sum64", false, "[numbers + 8]", "[numbers + 4]"},
		{"entry", true, "dd      5  ", "dd      7  "},
		{"entry", false, "dw      1 ", "dw      0 "},
		{"entry", false, "dd      code ", "dd      file "},
		{"overlap", true, "inc     eax\n        int     0x80\n        db      0, ", "mov al, 1\n int 0x80\n db "},
		{"overlap", false, "mov     bl, 42", "mov bl, 41"},
		{"overlap", false, "end:", "        dd 0\nend:"},
		{"beat", true, "", "target linux/386\nsection .text\n mov eax, 4\n mov ebx, 1\n mov ecx, text\n mov edx, 11\n int 0x80\n mov eax, 1\n mov ebx, 0\n int 0x80\nsection .rodata\ntext: db \"0123456789\", 10\n"},
		{"beat", false, "\"0123456789\", 10", "\"0123456789\""},
		{"shorter", true, "mov     al, 1\n        dec     ebx", "dec ebx\n mov al, 1"},
		{"shorter", false, "mov     al, 4 ", "mov eax, 4 "},
		{"shorter", false, "inc     ebx\n", "\n"},
	} {
		l, e := lessons.Find(c.exercise)
		if e == nil {
			t.Fatalf("there is no exercise %s", c.exercise)
		}
		answer := c.new
		if solution := readText(t, lessonsDir+l.Name+"/solutions/"+e.Name+".tasm"); c.old != "" {
			if answer = strings.Replace(solution, c.old, c.new, 1); answer == solution {
				t.Errorf("%s has no %q", c.exercise, c.old)
				continue
			}
		}
		if c.exercise == "careful" {
			answer = strings.Replace(answer, "        sys     exit, 0", "quit: sys exit, 0", 1)
		}
		if wrong := failures(t, e.Name, answer, e.Tests); (len(wrong) == 0) != c.right {
			t.Errorf("%s with %q: right is %v, and the tests say %q", c.exercise, c.new, c.right, wrong)
		}
	}
}

// TestLearn goes through the commands of 'tasm learn'.
func TestLearn(t *testing.T) {
	state, work := t.TempDir(), t.TempDir()
	t.Chdir(work)
	learn := func(args ...string) result {
		var out, complaint strings.Builder
		status := run(append([]string{"learn"}, args...), &system{
			stdin: strings.NewReader(""), stdout: &out, stderr: &complaint,
			getenv: func(name string) string { return map[string]string{"XDG_STATE_HOME": state}[name] },
		})
		return result{status, out.String(), complaint.String()}
	}
	expect := func(r result, status int, says ...string) {
		t.Helper()
		for _, s := range says {
			if !strings.Contains(r.stdout+r.stderr, s) {
				t.Errorf("it does not say %q", s)
			}
		}
		if r.status != status {
			t.Errorf("exit status %d, want %d", r.status, status)
		}
		if t.Failed() {
			t.Fatalf("%+v", r)
		}
	}
	first := lessons.All()[0]
	expect(learn(), exitOK, first.Title, "0 of")
	expect(learn("1"), exitOK, first.Title)
	expect(learn("start", "1", "work"), exitOK, "work")
	mine := filepath.Join("work", first.Exercises[0].Name+".tasm")
	if readText(t, mine) != first.Exercises[0].Start.Text {
		t.Error("the exercise is not what it was")
	}
	expect(learn("check", "work"), exitError, "FAIL")
	writeText(t, mine, readText(t, filepath.Join(testFolder(t), lessonsDir, first.Name, "solutions", first.Exercises[0].Name+".tasm")))
	expect(learn("check", mine), exitOK, "1 exercise done")
	expect(learn(), exitOK, "1 of")
	expect(learn("start", "1", "work"), exitOK, "kept") // what the student wrote
	if readText(t, mine) == first.Exercises[0].Start.Text {
		t.Error("the student's solution is gone")
	}
	expect(learn("13"), exitUsage, "12 lessons")
	expect(learn("start"), exitUsage, "lesson")
	expect(learn("chekc"), exitUsage, "check")
	expect(learn("check", "none"), exitError, "none")
	writeText(t, "other.tasm", "target linux/386\n")
	expect(learn("check", "other.tasm"), exitError, "no exercise")
	writeText(t, filepath.Join(state, "tasm", "learn.json"), "{")
	expect(learn(), exitOK, "0 of")
}

// testFolder is where the test began.
func testFolder(t *testing.T) string {
	t.Helper()
	return startFolder
}

var startFolder, _ = os.Getwd()

// TestLessonOrder keeps the number in a page's title that of its folder.
func TestLessonOrder(t *testing.T) {
	var names []string
	for _, l := range lessons.All() {
		names = append(names, l.Name)
		if !strings.HasPrefix(l.Page, "# "+strings.TrimLeft(l.Name[:2], "0")+". ") {
			t.Errorf("%s begins with %q", l.Name, l.Page[:20])
		}
	}
	index := readText(t, lessonsDir+"README.md")
	for _, l := range lessons.All() {
		if !strings.Contains(index, fmt.Sprintf("%d. [%s](%s/lesson.md): ", l.Number, l.Title, l.Name)) {
			t.Errorf("lessons/README.md does not list %s", l.Name)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("%v", names)
	}
}

// TestPage keeps how a page of Markdown looks in a terminal.
func TestPage(t *testing.T) {
	var b strings.Builder
	if err := writePage(&b, readText(t, "testdata/page/page.md"), false); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/page/page.txt", []byte(b.String()))
}
