package symbols

import (
	"testing"

	"tasm/diag"
)

// TestReadRefuses reads what holds nothing for debuggers.
func TestReadRefuses(t *testing.T) {
	for _, data := range []string{"", "\x7fELF", "\x7fELF\x01\x01\x01"} {
		if table, err := Read([]byte(data), &diag.Files{}, func(string) []byte { return nil }); err == nil {
			t.Errorf("%q: %+v", data, table)
		}
	}
}

// FuzzRead reads anything: it ends with a table or an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte("\x7fELF\x01\x01\x01"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		Read(data, &diag.Files{}, func(string) []byte { return []byte("a\nb\n") })
	})
}
