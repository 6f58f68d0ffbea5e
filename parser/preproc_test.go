package parser

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
				t.Text = quote(unquote(t.Text))
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
