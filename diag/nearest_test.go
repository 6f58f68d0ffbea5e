package diag

import (
	"os"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"mov", "add", "adc", "movzx", "start", "_start", "jmp", "eax", "msg", "message"}
	for _, c := range []struct{ name, want string }{
		{"mvo", "mov"},
		{"MVO", "mov"},
		{"strat", "start"},
		{"_strat", "_start"},
		{"movxz", "movzx"},
		{"adb", "add"},
		{"mesage", "message"},
		{"jump", "jmp"},
		{"mov", ""}, // the name itself is no help
		{"q", ""},   // everything is one change from a letter
		{"xyzzy", ""},
		{"", ""},
		{strings.Repeat("m", 1000), ""},
	} {
		if got := Nearest(c.name, words); got != c.want {
			t.Errorf("Nearest(%.20q) = %q, want %q", c.name, got, c.want)
		}
	}
	long := strings.Repeat("a", maxNear)
	if got := Nearest(long, []string{long + "b"}); got != long+"b" {
		t.Errorf("long names: %q", got)
	}
}

func TestDistanceIsSymmetric(t *testing.T) {
	words := []string{"", "a", "ab", "ba", "abc", "acb", "kitten", "sitting", "mov", "mvo"}
	for _, a := range words {
		for _, b := range words {
			if d, e := distance(a, b, 99), distance(b, a, 99); d != e {
				t.Errorf("%q, %q: %d and %d", a, b, d, e)
			}
		}
	}
	if d := distance("kitten", "sitting", 99); d != 3 {
		t.Errorf("kitten, sitting: %d, want 3", d)
	}
}

func TestReason(t *testing.T) {
	_, err := os.ReadFile("testdata/no such file")
	if got := Reason(err); got != "no such file or directory" {
		t.Errorf("open: %q", got)
	}
	if got := Reason(os.Rename("testdata/no such file", "x")); got != "no such file or directory" {
		t.Errorf("rename: %q", got)
	}
}
