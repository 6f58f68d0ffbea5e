package equiv_test

import (
	"math/rand/v2"
	"testing"

	"tasm/layout/equiv"
)

// seeds are files to begin with.
func seeds(t testing.TB) [][]byte {
	return [][]byte{
		build(t, sample(t, "hello"), "linux/386", false), build(t, sample(t, "hello64"), "", false),
		build(t, sample(t, "cat"), "", false), build(t, sample(t, "echo"), "", false), flat(t, sample(t, "teensy")),
	}
}

// checkFile runs and checks an arbitrary file: none may crash the checker or
// keep it busy, and none that has a meaning may differ from itself.
func checkFile(t *testing.T, file []byte) {
	trace, reason := equiv.Run(file)
	if (trace == nil) == (reason == "") {
		t.Errorf("%x: a trace or a reason, not %v and %q", file, trace, reason)
	}
	if v := equiv.Check(file, file, equiv.Options{Runs: 3}); v.Outcome == equiv.Different || v.Outcome == equiv.Unclear && v.Reason == "" {
		t.Errorf("%x: %+v", file, v)
	}
}

func FuzzFiles(f *testing.F) {
	for _, file := range seeds(f) {
		f.Add(file)
	}
	f.Fuzz(checkFile)
}

// TestMutatedFiles checks files in which a few bytes are random.
func TestMutatedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	list := seeds(t)
	for range 150 {
		file := append([]byte(nil), list[r.IntN(len(list))]...)
		for range 1 + r.IntN(4) {
			file[r.IntN(len(file))] = byte(r.Uint32())
		}
		checkFile(t, file)
	}
}
