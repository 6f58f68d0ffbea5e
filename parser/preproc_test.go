package parser

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tasm/diag"
	"tasm/lang"
)

// section is a part of a text file of tests: what stands below "-- name --".
type section struct{ name, text string }

// sections reads a file of sections; what stands before the first is comment.
func sections(t testing.TB, path string) []section {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []section
	for _, line := range strings.SplitAfter(string(data), "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(name, " --") {
			out = append(out, section{name: strings.TrimSuffix(name, " --")})
		} else if len(out) > 0 {
			out[len(out)-1].text += line
		}
	}
	return out
}

// valueEnv is an Env with the given values.
type valueEnv struct {
	values map[string]lang.Value
	here   int64
}

func (e *valueEnv) Symbol(s *lang.Symbol) (lang.Value, *diag.Message) {
	if v, ok := e.values[s.Name]; ok {
		return v, nil
	}
	return lang.Value{}, diag.Errorf(s.Range, "'%s' is not defined", s.Name)
}
func (e *valueEnv) Here() lang.Value         { return lang.InSegment(1, e.here) }
func (e *valueEnv) SectionStart() lang.Value { return lang.InSegment(1, 0) }
func (e *valueEnv) Bits() int                { return 0 }

// reading is one run of the preprocessor over a source.
type reading struct {
	*preprocessor
	files diag.Files
	bag   diag.Bag
}

func read(name, source string, env lang.Env, cfg Config) *reading {
	r := &reading{}
	id := r.files.Add(name, []byte(source))
	cfg.Files = &r.files
	cfg.Vocabulary = testVocabulary{}
	if cfg.Format == "" {
		cfg.Format = "bin"
	}
	r.preprocessor = newPreprocessor(New(cfg), &r.files, &r.bag, env, 1, id)
	return r
}

// lines returns all lines that the grammar would see.
func (r *reading) text() string {
	var b strings.Builder
	for {
		line, _, ok := r.nextLine()
		if !ok {
			return b.String()
		}
		b.WriteString(detokenize(line.Tokens))
		b.WriteByte('\n')
	}
}

func (r *reading) messages() string {
	var b bytes.Buffer
	if err := diag.Short(&b, &r.files, r.bag.Messages()); err != nil {
		return err.Error()
	}
	return b.String()
}

// normalize writes expanded lines in one way: a blank between tokens, strings
// in the quotes that we choose, no %line and no pragma. nasm passes a section
// on in its primitive form, which for us is the grammar's business.
func normalize(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		tokens := lexLine(nil, strings.TrimSuffix(line, "\n"), 1, 0)
		if len(tokens) == 0 || tokens[0].Text == "%line" {
			continue
		}
		if tokens[0].Text == "[" && len(tokens) > 2 {
			switch tokens[1].Text {
			case "pragma":
				continue
			case "section", "segment", "absolute":
				tokens = tokens[1 : len(tokens)-1]
			}
		}
		for i, t := range tokens {
			if i > 0 {
				b.WriteByte(' ')
			}
			switch {
			case t.Kind == String:
				t.Text = Quote(unquote(t.Text))
			case t.Kind == Identifier && (i == 0 || strings.HasPrefix(t.Text, "__?")):
				t.Text = strings.ToLower(t.Text)
			}
			b.WriteString(t.Text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestLikeNasm expands every case with tasm and with nasm -E.
func TestLikeNasm(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Fatal("this test needs nasm: ", err)
	}
	files, err := filepath.Glob("testdata/preproc/nasm/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases: ", err)
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "case.asm")
	for _, file := range files {
		topic := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, c := range sections(t, file) {
			t.Run(topic+"/"+c.name, func(t *testing.T) {
				if err := os.WriteFile(source, []byte(c.text), 0o644); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(nasm, "-E", "case.asm")
				cmd.Dir = dir
				var complaints bytes.Buffer
				cmd.Stderr = &complaints
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("nasm: %v\n%s", err, &complaints)
				}
				r := read("case.asm", c.text, &valueEnv{}, Config{Environ: os.LookupEnv})
				got, want := normalize(r.text()), normalize(string(out))
				if got != want {
					t.Errorf("got:\n%s\nnasm:\n%s\nnasm's messages:\n%s\nours:\n%s", got, want, &complaints, r.messages())
				}
				if r.bag.Errors() > 0 {
					t.Errorf("messages where nasm has none:\n%s", r.messages())
				}
				// Both warn, or neither; the words are ours.
				if theirs, ours := complaints.Len() > 0, r.bag.Len() > 0; theirs != ours {
					t.Errorf("nasm's messages:\n%s\nours:\n%s", &complaints, r.messages())
				}
			})
		}
	}
}

// readFrom answers for files that are included.
func readFrom(files map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		if name == "." {
			return nil, &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
}

var lowLimits = limits{
	includes: 4,
	depth:    50,
	nesting:  8,
	reps:     1000,
	lines:    5000,
	emitted:  2000,
	tokens:   3000,
	stored:   1000,
	held:     800,
	line:     500,
	text:     1000,
	messages: 100,
	calls:    1000,
	expanded: 2000,
	taken:    5000,
}

// TestPreprocessorMessages compares what is said of wrong sources with golden texts: each
// case is followed by a section of its messages.
func TestPreprocessorMessages(t *testing.T) {
	files, err := filepath.Glob("testdata/preproc/messages/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases: ", err)
	}
	const suffix = ": messages"
	for _, file := range files {
		all := sections(t, file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		preamble, _, _ := strings.Cut(string(data), "-- ")
		golden := map[string]string{}
		for _, s := range all {
			if name, ok := strings.CutSuffix(s.name, suffix); ok {
				golden[name] = s.text
			}
		}
		var rewritten strings.Builder
		rewritten.WriteString(preamble)
		for _, c := range all {
			if strings.HasSuffix(c.name, suffix) {
				continue
			}
			r := read("case.asm", c.text, &valueEnv{}, Config{ReadFile: readFrom(map[string]string{
				"self.inc":  "dw 1\n%include 'self.inc'\n",
				"endif.inc": "%endif\n",
			})})
			if filepath.Base(file) == "limits.txt" {
				r.limits = lowLimits
			}
			r.text()
			got := r.messages()
			fmt.Fprintf(&rewritten, "-- %s --\n%s-- %s%s --\n%s", c.name, c.text, c.name, suffix, got)
			if want, ok := golden[c.name]; !*update && (!ok || got != want) {
				t.Errorf("%s: %s: got\n%s\nwant\n%s", file, c.name, got, want)
			}
			if got == "" {
				t.Errorf("%s: %s: no message", file, c.name)
			}
		}
		if *update {
			if err := os.WriteFile(file, []byte(rewritten.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestConditionsSeeSymbols: a condition sees the values of the moment, and the
// preprocessor remembers that it has asked.
func TestConditionsSeeSymbols(t *testing.T) {
	known := func() *valueEnv {
		return &valueEnv{here: 20, values: map[string]lang.Value{
			"five":  {N: 5},
			"start": lang.InSegment(1, 4),
			"end":   lang.InSegment(1, 12),
			"later": {Unknown: true},
			"below": {N: 3, Forward: true},
		}}
	}
	for _, c := range []struct {
		name, source, want string
		dependent          bool
		errors             int
	}{
		{name: "nothing asked", source: "%if 1 + 1 = 2\nyes\n%endif\nmov eax, five\n", want: "yes\nmov eax, five\n"},
		{name: "equ", source: "%if five > 4\nyes\n%endif\n", want: "yes\n", dependent: true},
		{name: "labels", source: "%assign n end - start\ndw n\n", want: "dw 8\n", dependent: true},
		{name: "here", source: "%rep ($ - $$) / 10\nx\n%endrep\n", want: "x\nx\n", dependent: true},
		{name: "a branch not taken asks nothing", source: "%if 0\n%if five\n%endif\n%elif 1\nx\n%elif five\n%endif\n", want: "x\n"},
		{name: "function", source: "dw %eval(five * 2)\n", want: "dw 10\n", dependent: true},
		{name: "pass", source: "dw __?PASS?__\n", want: "dw 1\n", dependent: true},
		{name: "address", source: "%assign n start\n", dependent: true, errors: 1},
		{name: "unknown yet", source: "%if later\nx\n%else\ny\n%endif\nz\n", want: "z\n", dependent: true, errors: 1},
		{name: "known from the pass before", source: "%if below\nx\n%endif\n", dependent: true, errors: 1},
		{name: "undefined", source: "%rep nothing\nx\n%endrep\n", dependent: true, errors: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := read("case.asm", c.source, known(), Config{})
			if got := r.text(); got != c.want {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
			}
			if r.dependent() != c.dependent {
				t.Errorf("dependent: %v", r.dependent())
			}
			if r.bag.Errors() != c.errors {
				t.Errorf("messages:\n%s", r.messages())
			}
		})
	}
}

// TestExpansionChain: a line knows the calls that it comes from, and its tokens
// stand where a reader finds them.
func TestExpansionChain(t *testing.T) {
	source := "%define reg eax\n%macro inner 1\nmov reg, %1\n%endmacro\n%macro outer 1\ninner %1\n%endmacro\nnop\nouter 5\n"
	r := read("case.asm", source, &valueEnv{}, Config{})
	line, expansion, _ := r.nextLine()
	if len(line.Tokens) != 1 || expansion != nil {
		t.Fatalf("first line: %v, %v", line, expansion)
	}
	line, expansion, ok := r.nextLine()
	if !ok {
		t.Fatal("no second line")
	}
	var calls []string
	for e := expansion; e != nil; e = e.Parent {
		calls = append(calls, fmt.Sprintf("%s at line %d", e.What, r.files.Position(e.Call).Line))
	}
	if got, want := strings.Join(calls, ", "), "macro 'inner' at line 6, macro 'outer' at line 9"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var places []string
	for _, tok := range line.Tokens {
		p := r.files.Position(tok.Range)
		places = append(places, fmt.Sprintf("%s %d:%d", tok.Text, p.Line, p.Column))
	}
	if got, want := strings.Join(places, "; "), "mov 3:1; eax 3:5; , 3:8; 5 9:7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestDefines: macros from outside the source.
func TestDefines(t *testing.T) {
	r := read("case.asm", "%ifdef DEBUG\ndw LEVEL\n%endif\n", &valueEnv{}, Config{Defines: []string{"DEBUG", "LEVEL=2 + 1"}})
	if got, want := r.text(), "dw 2 + 1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTimeMacros: the time is that of the configuration, in UTC.
func TestTimeMacros(t *testing.T) {
	r := read("case.asm", "db __DATE__, __?TIME?__, __UTC_DATE__\ndw __?DATE_NUM?__, __TIME_NUM__, __POSIX_TIME__\n", &valueEnv{}, Config{Now: 951827696})
	if got, want := r.text(), "db \"2000-02-29\", \"12:34:56\", \"2000-02-29\"\ndw 20000229, 123456, 951827696\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestUntouched: a line without a macro is not even copied.
func TestUntouched(t *testing.T) {
	r := read("case.asm", "%define foo 1\n%macro bar 0\n%endmacro\nlabel: mov eax, [ebx + label] ; comment\n", &valueEnv{}, Config{})
	line, _, _ := r.nextLine()
	if len(line.Tokens) == 0 || &line.Tokens[0] != &r.fileLine.Tokens[0] {
		t.Error("the tokens were copied")
	}
}

// TestInclude: an included file is searched beside the one that includes it,
// and %require reads it once.
func TestInclude(t *testing.T) {
	r := read("dir/case.asm", "%include 'sub/a.inc'\n%include \"sub/a.inc\"\n%require 'once.inc'\n%require 'once.inc'\n", &valueEnv{}, Config{
		ReadFile: readFrom(map[string]string{
			"dir/sub/a.inc": "a\n%include 'b.inc'\ndb __FILE__\n",
			"dir/sub/b.inc": "b\n",
			"dir/once.inc":  "once\n",
		}),
	})
	want := "a\nb\ndb 'dir/sub/a.inc'\na\nb\ndb 'dir/sub/a.inc'\nonce\n"
	if got := r.text(); got != want {
		t.Errorf("got:\n%swant:\n%s%s", got, want, r.messages())
	}
}

// FuzzPreprocess: no source makes the preprocessor panic, hang or fill memory.
func FuzzPreprocess(f *testing.F) {
	for _, pattern := range []string{"nasm", "messages"} {
		files, err := filepath.Glob("testdata/preproc/" + pattern + "/*.txt")
		if err != nil || len(files) == 0 {
			f.Fatal("no seeds: ", err)
		}
		for _, file := range files {
			for _, c := range sections(f, file) {
				f.Add(c.text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		env := &valueEnv{values: map[string]lang.Value{"a": {N: 5}, "b": lang.InSegment(1, 7), "c": {Unknown: true}}}
		r := read("case.asm", source, env, Config{
			Environ:  func(name string) (string, bool) { return "a 'b' ; " + name, len(name) < 5 },
			ReadFile: readFrom(map[string]string{"self.inc": source, "a": "%define a b\n"}),
		})
		r.limits = lowLimits
		lines := 0
		for {
			line, _, ok := r.nextLine()
			if !ok {
				break
			}
			if lines++; lines > len(source)*lowLimits.includes+lowLimits.lines {
				t.Fatal("more lines than the limits allow")
			}
			if len(line.Tokens) == 0 {
				t.Fatal("an empty line")
			}
			for _, tok := range line.Tokens {
				if tok.Text == "" || tok.Kind == rawText {
					t.Fatalf("token %+v", tok)
				}
			}
		}
		r.messages()
	})
}

func benchmark(b *testing.B, source string, lines int) {
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		r := read("case.asm", source, &valueEnv{}, Config{})
		n := 0
		for {
			if _, _, ok := r.nextLine(); !ok {
				break
			}
			n++
		}
		if n != lines || r.bag.Len() > 0 {
			b.Fatalf("%d lines instead of %d\n%s", n, lines, r.messages())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
}

// BenchmarkPreprocessPlain: a source without macros. BenchmarkLex of the same
// source is the part that is not the preprocessor's.
func BenchmarkPreprocessPlain(b *testing.B) {
	const lines = 200_000
	benchmark(b, largeSource(lines), lines)
}

// BenchmarkPreprocessDefined: the same after one %define, so that each name is
// looked up.
func BenchmarkPreprocessDefined(b *testing.B) {
	const lines = 200_000
	benchmark(b, "%define DEBUG 1\n"+largeSource(lines), lines)
}

// BenchmarkPreprocessCalls: calls of a macro with three lines.
func BenchmarkPreprocessCalls(b *testing.B) {
	const calls = 100_000
	head := "%macro call 2\nmov eax, %1\n%%l: add eax, %2\njnz %%l\n%endmacro\n"
	benchmark(b, head+strings.Repeat("call [ebx+4], 5\n", calls), 3*calls)
}

// BenchmarkPreprocessRep: a loop with a counter.
func BenchmarkPreprocessRep(b *testing.B) {
	const rounds = 100_000
	benchmark(b, fmt.Sprintf("%%assign i 0\n%%rep %d\n%%if i & 1\ndb i\n%%else\ndb -i\n%%endif\n%%assign i i+1\n%%endrep\n", rounds), rounds)
}
