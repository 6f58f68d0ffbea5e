package format

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/internal/programs"
	"tasm/parser"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden formats testdata/NAME.in to testdata/NAME.out.
func TestGolden(t *testing.T) {
	inputs, _ := filepath.Glob("testdata/*.in")
	if len(inputs) == 0 {
		t.Fatal("no inputs")
	}
	for _, in := range inputs {
		got := Text(read(t, in))
		golden := strings.TrimSuffix(in, ".in") + ".out"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := read(t, golden); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", in, got, want)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sources are all sources of the module.
func sources(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		switch filepath.Ext(path) {
		case ".tasm", ".asm", ".nasm", ".inc", ".mac", ".s", ".in":
			names = append(names, path)
		}
		return err
	})
	if err != nil || len(names) < 200 {
		t.Fatal(len(names), err)
	}
	return names
}

// TestSources formats every source here: what is assembled stays the same, and
// a second time changes nothing.
func TestSources(t *testing.T) {
	for _, name := range sources(t) {
		text := read(t, name)
		if len(text) > 1<<16 {
			continue // as repetitive as it is long
		}
		if dir := filepath.Base(filepath.Dir(name)); dir == "bad" || dir == "reject" {
			hold(t, name, text, Text(text)) // some are made to take long
			continue
		}
		out, err := Checked(name, text, assembler.Options{})
		if err != nil {
			t.Errorf("%s: %s", name, err)
			continue
		}
		hold(t, name, text, out)
	}
}

// TestGenerated does the same with random programs.
func TestGenerated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for seed := range 60 {
		target := []string{"linux/386", "linux/amd64"}[seed%2]
		text := programs.Random(r, target)
		if seed%3 == 0 {
			text = programs.Mixed(r, target)
		}
		out, err := Checked("random", text, assembler.Options{})
		if err != nil {
			t.Fatalf("%d: %s\n%s", seed, err, text)
		}
		hold(t, "random", text, out)
	}
}

// hold checks what is true of every formatted text.
func hold(t *testing.T, name, text, out string) {
	t.Helper()
	if again := Text(out); again != out {
		t.Errorf("%s: formatted twice it is another:\n%s", name, firstDifference(out, again))
	}
	if a, b := tokens(text), tokens(out); a != b {
		t.Errorf("%s: tokens or comments are others:\n%s", name, firstDifference(a, b))
	}
	if a, b := strings.Count(strings.TrimRight(text, "\n\r\t\v\f "), "\n"), strings.Count(strings.TrimRight(out, "\n\r\t\v\f "), "\n"); a != b {
		t.Errorf("%s: %d lines are %d", name, a, b)
	}
}

// tokens is a text without its white space.
func tokens(text string) string {
	var b strings.Builder
	for line := range parser.Lines(0, text) {
		for _, t := range line.Tokens {
			b.WriteString(strings.TrimRight(t.Text, "\r\t "))
			b.WriteByte(' ')
		}
		b.WriteString(strings.TrimRight(text[line.Comment.Start:line.Comment.End], " \t\r\v\f") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return "one is longer"
}

// TestStaysAsItWas has what may look like white space that can go.
func TestStaysAsItWas(t *testing.T) {
	for _, text := range []string{
		"%define a (1)\n", "%define a(x) x\n", "foo(1,2)\n", "foo (1,2)\n", "; c:\\ \n", "%if 0\n  don't   touch  this\n%endif\n",
		"%define long \\\n   two\n", "\ufeffa:\n", "\n\n\na:\n", ";\tx\ty\n", "db  'unclosed   \n", "a:\r\nb:\r\n", "cglobal foo,1,2\n",
	} {
		if got := Text(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, text := range []string{
		"a: mov eax,[ebx + 4] ; c\n", "\ufeff ", "%if 1\n%define x  2\n%endif\n", "\ufeff\ufeff a\\\r\n\\\n", "times 3 rep movsb;\\ ", "x equ 1\n.yy db `a\\`;",
		"foo mac, 1 % , 2 ]\n", "%macro m 1+\n%%l: db %1\n%endmacro\nm  a ,b\n",
	} {
		f.Add(text)
	}
	for _, name := range []string{"hello", "teensy", "wc"} {
		text, err := os.ReadFile("../samples/" + name + ".tasm")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		hold(t, "text", text, Text(text))
		if len(text) < 1000 && !strings.ContainsAny(text, "%") && !slow.MatchString(text) {
			if _, err := Checked("fuzz", text, assembler.Options{Flat: true, ReadFile: nothing}); err != nil {
				t.Error(err)
			}
		}
	})
}

// slow finds what may take long, or much memory, to assemble.
var slow = regexp.MustCompile(`(?i)times|res|align|dup|incbin|org`)

func nothing(name string) ([]byte, error) { return nil, os.ErrNotExist }
