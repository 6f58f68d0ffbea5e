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

// shell runs commands in a shell and returns what a terminal would show.
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
		cmd.Dir = dir
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
