package rewrite

import (
	"os"
	"strings"
	"testing"
)

// start is how a program is run.
type start struct {
	stdin string
	args  []string
}

// TestSamples shortens the samples and runs both versions.
func TestSamples(t *testing.T) {
	for _, x := range []struct {
		name   string
		most   int // bytes of code
		starts []start
	}{
		{"hello", 17, []start{{}}}, {"hello64", 20, []start{{}}}, {"echo", 66, []start{{args: []string{"a", "", "bcd"}}}},
		{"cat", 61, []start{{stdin: "some text\n"}}},
		{"sleep", 70, []start{{args: []string{"0"}}, {}, {args: []string{"x"}}}},
		{"exit42", 5, []start{{}}}, {"false", 4, []start{{}}}, {"true", 3, []start{{}}},
	} {
		shortened(t, "../../samples/"+x.name+".tasm", x.most, x.starts)
	}
}

// TestPrograms shortens programs in ordinary style by a good part, and runs both
// versions.
func TestPrograms(t *testing.T) {
	for _, x := range []struct {
		name   string
		most   int
		starts []start
	}{
		{"fizzbuzz", 145, []start{{}}}, {"wc", 233, []start{{stdin: "two words\nand three more\n\n"}, {}}}, {"primes", 107, []start{{}}},
		{"hexdump", 152, []start{{stdin: "some text, and more\n\x00\xff"}}},
		{"tr", 314, []start{{"Some Text [az@`{]\n", []string{"upper"}}, {"Some Text [az@`{]\n", []string{"lower"}},
			{"Some Text [az@`{] nmNM\n", []string{"rot13"}}, {"", []string{"rot14"}}, {}}},
	} {
		shortened(t, "testdata/"+x.name+".tasm", x.most, x.starts)
	}
}

// shortened shortens a program to at most so many bytes of code, and runs it as it was
// and as it is.
func shortened(t *testing.T, file string, most int, starts []start) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g := graph(t, string(source))
	s, changes := Shorten(g, low)
	before, after := layOut(t, g), layOut(t, s)
	t.Logf("%s: %d became %d\n%s", file, before.code, after.code, listing(s))
	for _, c := range changes {
		t.Logf("%+v", c)
	}
	if after.code > most || len(g.Doubts) > 0 {
		t.Errorf("%s takes %d bytes of code, more than %d; %v", file, after.code, most, g.Doubts)
	}
	for _, x := range starts {
		want, got := run(t, before.file, x.stdin, x.args...), run(t, after.file, x.stdin, x.args...)
		if want != got {
			t.Errorf("%s %s: %+v became %+v\n%s", file, strings.Join(x.args, " "), want, got, listing(s))
		}
	}
}
