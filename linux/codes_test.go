package linux

import (
	"maps"
	"slices"
	"testing"
)

func TestCodesAgainstKernelHeaders(t *testing.T) {
	for _, test := range []struct {
		name    string
		codes   Codes
		headers []string
		prefix  string
		ignore  []string // other things than codes, or second names
	}{
		{"errno", Errnos(), []string{"asm-generic/errno-base.h", "asm-generic/errno.h"}, "E", nil},
		{"signals", Signals(), []string{"asm/signal.h"}, "SIG", []string{"IOT", "LOST", "RTMIN", "STKSZ", "UNUSED"}},
		{"auxv", AuxTypes(), []string{"linux/auxvec.h", "asm/auxvec.h"}, "AT_", []string{"VECTOR_SIZE_ARCH"}},
	} {
		want := map[string]int{}
		for _, name := range test.headers {
			maps.Copy(want, defines(t, header(t, name), test.prefix))
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			code, ok := test.codes.ByName(test.prefix + name)
			if (!ok || code.Number != want[name]) && !slices.Contains(test.ignore, name) {
				t.Errorf("%s: the table has %v, the header %s%s = %d", test.name, code, test.prefix, name, want[name])
			}
		}
		last := -1
		for _, code := range test.codes {
			if _, ok := want[code.Name[len(test.prefix):]]; !ok && newerCodes[code.Name] == "" {
				t.Errorf("%s: the headers lack %s", test.name, code.Name)
			}
			if by, ok := test.codes.ByNumber(code.Number); !ok || by != code || code.Number <= last || code.Text == "" {
				t.Errorf("%s: %v is not in order, or has no text", test.name, code)
			}
			last = code.Number
		}
		if _, ok := test.codes.ByNumber(999); ok {
			t.Errorf("%s: 999 has a name", test.name)
		}
	}
}

// newerCodes may be missing from the headers of Linux 6.1.
var newerCodes = map[string]string{
	"AT_RSEQ_FEATURE_SIZE": "Linux 6.3",
	"AT_RSEQ_ALIGN":        "Linux 6.3",
}
