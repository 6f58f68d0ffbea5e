package content

import (
	"strings"
	"testing"
)

// TestWrongName gives names that no registry has.
func TestWrongName(t *testing.T) {
	for _, good := range []string{"x", "hello:1.0", "team/hello", "host.example/x", "localhost/x:y", "host:5000/a/b_c:Z", "[::1]:5000/x", "10.0.0.1:65535/x", "HOST.example/x", "host:5000"} {
		if said := WrongName(good); said != "" {
			t.Errorf("%s: %s", good, said)
		}
	}
	for bad, want := range map[string]string{
		"": "empty", "host:99999/x": "from 1 to 65535, and not '99999'", "host:0/x": "'0'", "host:/x": "''", "host:+5/x": "'+5'", "host:99999999999999999999999/x": "a port",
		"a..b/x": "'a..b' is no host", "a_b.example/x": "no host", "host.:5000/x": "'host.' is no host", "-a.example/x": "no host", "[::g]:1/x": "no host",
		"x:..": "not a valid", "host.example/x//y": "not a valid", "host.example//x": "not a valid", "x/": "not a valid", "HOST/x": "capital",
		"x:" + strings.Repeat("a", 129): "129", strings.Repeat("a", 256): "256",
	} {
		if said := WrongName(bad); !strings.Contains(said, want) {
			t.Errorf("%q: %q, want %q", bad, said, want)
		}
	}
}
