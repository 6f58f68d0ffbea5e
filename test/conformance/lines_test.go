package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLines compares single lines with nasm: each line of testdata/lines/*.txt
// is a source of its own, behind the lines before the file's first empty line.
// A ⏎ in a line ends a line of the source. Lines of the list of differences
// are named FILE.txt:LINE TEXT.
func TestLines(t *testing.T) {
	paths, err := filepath.Glob("testdata/lines/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no lines: %v", err)
	}
	different := differences(t)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := strings.Cut(string(text), "\n\n")
		for line := range strings.Lines(body) {
			line = strings.TrimRight(line, "\n")
			if line == "" {
				continue
			}
			key := filepath.Base(path) + ":" + line
			lines := strings.Split(head+"\n"+strings.ReplaceAll(line, "⏎", "\n"), "\n")
			d, isDifferent := different[key]
			delete(different, key)
			t.Run(filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				ours, theirs := both(t, lines)
				switch {
				case isDifferent:
					d.check(t, ours, theirs)
				case !same(ours, theirs):
					t.Errorf("%s\ntasm: % x %s\nnasm: % x %s", line, ours.bytes, ours.messages, theirs.bytes, theirs.messages)
				}
			})
		}
	}
	for key := range different {
		if strings.Contains(key, ".txt:") {
			t.Errorf("%s: there is no line '%s'", differencesFile, key)
		}
	}
}
