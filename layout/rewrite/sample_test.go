package rewrite

import (
	"os"
	"testing"
)

// TestSamples shortens the samples and runs both versions.
func TestSamples(t *testing.T) {
	for _, x := range []struct {
		name  string
		stdin string
		args  []string
		most  int // bytes of code
	}{
		{"hello", "", nil, 17}, {"hello64", "", nil, 20}, {"echo", "", []string{"a", "", "bcd"}, 66}, {"cat", "some text\n", nil, 61},
		{"sleep", "", []string{"0"}, 70}, {"sleep", "", nil, 70}, {"sleep", "", []string{"x"}, 70}, {"exit42", "", nil, 5}, {"false", "", nil, 4}, {"true", "", nil, 3},
	} {
		source, err := os.ReadFile("../../samples/" + x.name + ".tasm")
		if err != nil {
			t.Fatal(err)
		}
		g := graph(t, string(source))
		s, changes := Shorten(g, low)
		before, after := layOut(t, g), layOut(t, s)
		t.Logf("%s: %d became %d\n%s", x.name, before.code, after.code, listing(s))
		for _, c := range changes {
			t.Logf("%+v", c)
		}
		if after.code > x.most {
			t.Errorf("%s takes %d bytes of code, more than %d", x.name, after.code, x.most)
		}
		want, got := run(t, before.file, x.stdin, x.args...), run(t, after.file, x.stdin, x.args...)
		if want != got {
			t.Errorf("%s %q: %+v became %+v\n%s", x.name, x.args, want, got, listing(s))
		}
	}
}

// TestPrograms shortens programs in ordinary style by a good part, and runs both
// versions.
func TestPrograms(t *testing.T) {
	for _, x := range []struct {
		name  string
		stdin string
		args  []string
		most  int // bytes of code
	}{
		{"fizzbuzz", "", nil, 145}, {"wc", "two words\nand three more\n\n", nil, 233}, {"wc", "", nil, 233}, {"primes", "", nil, 107},
		{"hexdump", "some text, and more\n\x00\xff", nil, 152},
		{"tr", "Some Text [az@`{]\n", []string{"upper"}, 314}, {"tr", "Some Text [az@`{]\n", []string{"lower"}, 314},
		{"tr", "Some Text [az@`{] nmNM\n", []string{"rot13"}, 314}, {"tr", "", []string{"rot14"}, 314}, {"tr", "", nil, 314},
	} {
		source, err := os.ReadFile("testdata/" + x.name + ".tasm")
		if err != nil {
			t.Fatal(err)
		}
		g := graph(t, string(source))
		s, changes := Shorten(g, low)
		before, after := layOut(t, g), layOut(t, s)
		t.Logf("%s: %d became %d\n%s", x.name, before.code, after.code, listing(s))
		for _, c := range changes {
			t.Logf("%+v", c)
		}
		if after.code > x.most {
			t.Errorf("%s takes %d bytes of code, more than %d", x.name, after.code, x.most)
		}
		want, got := run(t, before.file, x.stdin, x.args...), run(t, after.file, x.stdin, x.args...)
		if want != got || len(g.Doubts) > 0 {
			t.Errorf("%s %q: %+v became %+v\n%s%v", x.name, x.args, want, got, listing(s), g.Doubts)
		}
	}
}
