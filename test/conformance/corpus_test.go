package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	rejectFolder    = "reject"
	differencesFile = "testdata/differences.tsv"
)

// TestCorpus compares every source of testdata with nasm's flat binary of it.
func TestCorpus(t *testing.T) {
	sources := corpus(t)
	if len(sources) < 60 {
		t.Errorf("only %d sources", len(sources))
	}
	different := differences(t)
	for _, source := range sources {
		t.Run(strings.TrimSuffix(source, ".asm"), func(t *testing.T) {
			t.Parallel()
			dir, name := filepath.Split(filepath.Join("testdata", source))
			ours, theirs := flat(t, dir, name), nasm(t, dir, name, "bin")
			if d, ok := different[source]; ok {
				d.check(t, ours, theirs)
				return
			}
			if reject := strings.HasPrefix(source, rejectFolder+"/"); theirs.accepted == reject {
				t.Fatalf("the source is in the wrong folder; nasm says:\n%s", theirs.messages)
			}
			compare(t, dir, name, ours, theirs)
		})
	}
	for source := range different {
		if strings.Contains(source, ".txt:") {
			continue // see TestLines
		}
		if _, err := os.Stat(filepath.Join("testdata", source)); err != nil {
			t.Errorf("%s: %v", differencesFile, err)
		}
	}
}

// corpus lists the sources for flat binaries, as paths below testdata.
func corpus(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/*.asm")
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, path := range paths {
		source, _ := filepath.Rel("testdata", path)
		if folder := filepath.Dir(source); !strings.HasPrefix(folder, "elf") && folder != "objects" && folder != "coff" && folder != "macho" && folder != "omf" && folder != "ieee" && folder != "aout" && folder != "dbg" {
			sources = append(sources, source)
		}
	}
	return sources
}

// difference is one place where tasm and nasm differ on purpose.
type difference struct {
	kind   string // of differenceKinds
	reason string
}

// differenceKinds say which of tasm and nasm accepts the source.
var differenceKinds = map[string]struct{ ours, theirs bool }{
	"tasm accepts": {true, false},
	"tasm rejects": {false, true},
	"other bytes":  {true, true},
}

func (d difference) check(t *testing.T, ours, theirs product) {
	t.Helper()
	want := differenceKinds[d.kind]
	if ours.accepted != want.ours || theirs.accepted != want.theirs ||
		ours.accepted && theirs.accepted && bytes.Equal(ours.bytes, theirs.bytes) {
		t.Errorf("the difference '%s' is none (any more): tasm accepts: %v, nasm accepts: %v\n%s%s",
			d.kind, ours.accepted, theirs.accepted, ours.messages, theirs.messages)
	}
}

// differences reads the list of deliberate differences: source, kind, reason.
func differences(t *testing.T) map[string]difference {
	t.Helper()
	text, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]difference{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 || fields[2] == "" {
			t.Fatalf("%s: '%s' is not source, kind and reason", differencesFile, line)
		}
		if _, known := differenceKinds[fields[1]]; !known {
			t.Fatalf("%s: there is no kind of difference '%s'", differencesFile, fields[1])
		}
		all[fields[0]] = difference{kind: fields[1], reason: fields[2]}
	}
	return all
}
