package diag

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// source is a file for messages to point into.
type source struct {
	Files
	id FileID
}

func newSource(name, text string) *source {
	s := &source{}
	s.id = s.Add(name, []byte(text))
	return s
}

// at finds the n-th occurrence of part, counting from 0.
func (s *source) at(t *testing.T, part string, n int) Range {
	t.Helper()
	text, from := string(s.Text(s.id)), 0
	for ; ; n-- {
		i := strings.Index(text[from:], part)
		if i < 0 {
			t.Fatalf("%q is not in the source", part)
		}
		if n == 0 {
			return Range{s.id, int32(from + i), int32(from + i + len(part))}
		}
		from += i + 1
	}
}

// sample has a message for everything that renderers treat in a way of its own.
func sample(t *testing.T) (*Files, []*Message) {
	s := newSource("dir/hello.tasm", strings.Join([]string{
		"start:",
		"\tmvo eax, 4\t; a tab before",
		"        mov\teax, [rbx+rcx*3]",
		"msg:    db \"文字 and é\", 300  ; wide characters",
		"        db 'x\x1b]0;title\a', \x9c, '\u202e', 0",
		"start:  jmp strat\r",
		"        db " + strings.Repeat("1, ", 100) + "256, " + strings.Repeat("2, ", 100) + "3",
		"times 3,",
	}, "\n"))
	other := s.Add("lib.inc", []byte("%macro print 1\n    mov ecx, %1\n%endmacro\n"))
	end := int32(len(s.Text(s.id)))
	return &s.Files, []*Message{
		Errorf(s.at(t, "mvo", 0), "there is no instruction '%s'", "mvo").Suggest(s.at(t, "mvo", 0), "mov"),
		Errorf(s.at(t, "rcx*3", 0), "a register can be multiplied by 1, 2, 4 or 8, not 3").
			Notef("use lea to compute the address in steps").
			Suggest(s.at(t, "3]", 0), "2]"),
		Warningf("number-overflow", s.at(t, "300", 0), "300 does not fit in a byte"),
		Errorf(s.at(t, `"文字 and é"`, 0), "wide characters are marked in full"),
		Errorf(s.at(t, "\x1b]0;title", 0), "a hostile name: %s", "\x1b[2J\u202e"),
		Errorf(s.at(t, ", 0\n", 0), "a range that goes on to the next line").Suggest(s.at(t, ", 0", 0), ""),
		Errorf(s.at(t, "start:", 1), "label 'start' is defined twice").NoteAt(s.at(t, "start:", 0), "the first definition is here"),
		Errorf(s.at(t, "strat", 0), "there is no label 'strat'").Suggest(s.at(t, "strat", 0), "start"),
		Errorf(s.at(t, "256", 0), "256 in the middle of a long line"),
		Errorf(Range{s.id, end, end}, "the file ends in the middle of a statement").
			NoteAt(Range{other, 0, 14}, "in macro 'print', defined here").
			Suggest(s.at(t, "jmp", 0), "nop"),
		Errorf(Range{}, "a message without a place").Notef("and a note without one"),
	}
}

func TestRenderers(t *testing.T) {
	files, messages := sample(t)
	for name, render := range map[string]func(*bytes.Buffer) error{
		"human.txt":   func(b *bytes.Buffer) error { return Human(b, files, messages, false) },
		"color.txt":   func(b *bytes.Buffer) error { return Human(b, files, messages[:3], true) },
		"short.txt":   func(b *bytes.Buffer) error { return Short(b, files, messages) },
		"json.ndjson": func(b *bytes.Buffer) error { return JSON(b, files, messages) },
	} {
		var b bytes.Buffer
		if err := render(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

// TestNothingDrivesTheTerminal feeds every byte value and every kind of
// character through the renderers for people.
func TestNothingDrivesTheTerminal(t *testing.T) {
	var text []byte
	for c := range 256 {
		text = append(text, 'a', byte(c))
	}
	for _, r := range "\u200b\u202e\u2066\ufeff\u00a0\u2028\u0085\U000e0001" {
		text = utf8.AppendRune(text, r)
	}
	s := newSource(string(text), string(text))
	var messages []*Message
	for i := range int32(len(text)) {
		r := Range{s.id, i, i + 1}
		messages = append(messages, Errorf(r, "%s", text).NoteAt(r, "%s", text).Notef("%s", text).Suggest(r, string(text)))
	}
	var b bytes.Buffer
	if err := Human(&b, &s.Files, messages, false); err != nil {
		t.Fatal(err)
	}
	if err := Short(&b, &s.Files, messages); err != nil {
		t.Fatal(err)
	}
	for i, r := range b.String() {
		if r != '\n' && r != '…' && (r < ' ' || 0x7f <= r && r <= 0xa0 || r >= 0x2000) {
			t.Fatalf("%q is in the output at %d", r, i)
		}
	}
}

// TestExcerptMarks checks that the mark stands below what it marks, wherever
// in a line of any length that is.
func TestExcerptMarks(t *testing.T) {
	for _, before := range []string{"", "\t", "  \t ", "文字", "\x01", "é\u0301", strings.Repeat("x", 119), strings.Repeat("\t", 50),
		strings.Repeat("\U000e0001", 60), strings.Repeat("文", 3000), strings.Repeat("\x80", 500), strings.Repeat("a", 1<<20)} {
		for _, after := range []string{"", " ; end", strings.Repeat("文", 100), strings.Repeat("z", 1<<20)} {
			s := newSource("f", before+"@@@"+after)
			e := s.excerpt(s.at(t, "@@@", 0))
			if w := screenWidth([]byte(e.text)); w > maxExcerpt {
				t.Errorf("%.20q %.20q: %d columns", before, after, w)
			}
			column := screenWidth([]byte(e.text[:strings.Index(e.text, "@@@")]))
			if e.column != column || e.width != 3 {
				t.Errorf("%.20q %.20q: mark at %d, %d wide, want %d, 3", before, after, e.column, e.width, column)
			}
		}
	}
}

func TestJSONFieldsAreStable(t *testing.T) {
	files, messages := sample(t)
	var b bytes.Buffer
	if err := JSON(&b, files, messages[1:2]); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"severity", "file", "line", "column", "endLine", "endColumn", "offset", "length", "message", "notes", "fixes"} {
		if _, ok := got[field]; !ok {
			t.Errorf("field %q is missing", field)
		}
	}
}

func TestLimit(t *testing.T) {
	list := func(errors, warnings int) (out []*Message) {
		for i := range errors {
			out = append(out, Errorf(Range{}, "e%d", i))
		}
		for i := range warnings {
			out = append(out, Warningf("other", Range{}, "w%d", i))
		}
		return out
	}
	for _, c := range []struct {
		errors, warnings, max, want int
		last                        string
	}{
		{3, 2, 0, 5, "w1"},
		{3, 2, 3, 5, "w1"},
		{3, 2, 2, 5, "... and 1 more error"},
		{9, 1, 2, 4, "... and 7 more errors"},
		{9, 4, 2, 5, "... and 7 more errors and 2 more warnings"},
		{0, 4, 3, 4, "... and 1 more warning"},
	} {
		got := Limit(list(c.errors, c.warnings), c.max)
		if len(got) != c.want || got[len(got)-1].Text != c.last {
			t.Errorf("%+v: %d messages, last %q", c, len(got), got[len(got)-1].Text)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("mov eax, 1\n\tint 0x80"), int32(4), int32(7))
	f.Add([]byte("\xff\xfe文\n"), int32(1), int32(100))
	f.Fuzz(func(t *testing.T, text []byte, start, end int32) {
		if start < 0 || end < start {
			t.Skip()
		}
		s := newSource("f", string(text))
		m := []*Message{Errorf(Range{s.id, start, end}, "x").Suggest(Range{s.id, start, end}, "y")}
		var b bytes.Buffer
		for _, err := range []error{Human(&b, &s.Files, m, true), Short(&b, &s.Files, m), JSON(&b, &s.Files, m)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if e := s.excerpt(m[0].Range); screenWidth([]byte(e.text)) > maxExcerpt || e.column+e.width > maxExcerpt {
			t.Fatalf("excerpt too wide: %+v", e)
		}
	})
}
