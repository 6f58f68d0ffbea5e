package conformance

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var mutantsFlag = flag.Int("mutants", 300, "how many changed lines to compare with nasm")

// TestMutatedLines compares what becomes of the sources of testdata/lines when words
// in them are exchanged, left out and doubled, and two sources are put together. Most
// mean nothing, and then the two may differ in what they refuse. Where both take a
// source they must make the same bytes of it. make differential runs tens of thousands.
func TestMutatedLines(t *testing.T) {
	pool := newLinePool(t)
	t.Run("seed", func(t *testing.T) {
		for i := range *mutantsFlag {
			seed := *firstSeed + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				source := pool.mutant(rand.New(rand.NewPCG(seed, 41)))
				if knownDifferent.MatchString(source) {
					return
				}
				lines := strings.Split(source, "\n")
				ours, theirs := both(t, lines)
				switch {
				case ours.accepted && theirs.accepted && !same(ours, theirs):
					t.Errorf("seed %d:\n%s\ntasm: % x\nnasm: % x", seed, source, ours.bytes, theirs.bytes)
				case theirs.accepted && !ours.accepted:
					t.Logf("refused:\n%s\n%s", source, ours.messages)
				}
			})
		}
	})
}

// knownDifferent are the words of sources for which nasm-compatibility.md names a
// difference of bytes, and of those that depend on the day or never end.
var knownDifferent = regexp.MustCompile(`<=>|o16|o32|\[[^\]]*-[ ]*[a-z$]|[+-] *'|%require|%clear|DATE|TIME|%rep +[0-9]{4}|times +[0-9]{6}|dup|rmacro|p6|xbegin`)

// linePool are sources, and the words in them.
type linePool struct {
	heads, bodies []string
	words         []string
}

// word is what is exchanged.
var word = regexp.MustCompile("[%.$@_?A-Za-z0-9]+|[-+*/<>=!&|^~]+|'[^']*'|\"[^\"]*\"|`[^`]*`|[^ \t]")

func newLinePool(t *testing.T) *linePool {
	t.Helper()
	paths, err := filepath.Glob("testdata/lines/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no lines: %v", err)
	}
	p := &linePool{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := strings.Cut(string(text), "\n\n")
		for line := range strings.Lines(body) {
			p.heads = append(p.heads, head)
			p.bodies = append(p.bodies, strings.ReplaceAll(strings.TrimRight(line, "\n"), "⏎", "\n"))
			p.words = append(p.words, word.FindAllString(line, -1)...)
		}
	}
	return p
}

// mutant is a source with some words changed.
func (p *linePool) mutant(r *rand.Rand) string {
	n := r.IntN(len(p.bodies))
	source := p.bodies[n]
	if r.IntN(3) == 0 {
		source += "\n" + p.bodies[r.IntN(len(p.bodies))]
	}
	for range 1 + r.IntN(3) {
		places := word.FindAllStringIndex(source, -1)
		if len(places) == 0 {
			break
		}
		at := places[r.IntN(len(places))]
		with := p.words[r.IntN(len(p.words))]
		switch r.IntN(6) {
		case 0:
			with = ""
		case 1:
			with = source[at[0]:at[1]] + with
		case 2:
			other := places[r.IntN(len(places))]
			with = source[other[0]:other[1]]
		case 3:
			with = source[at[0]:at[1]] + " " + with
		}
		source = source[:at[0]] + with + source[at[1]:]
	}
	return p.heads[n] + "\n" + source
}
