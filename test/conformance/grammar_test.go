package conformance

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	sentencesFlag = flag.Int("sentences", 80, "how many sources of each grammar to compare with nasm")
	grammarFlag   = flag.String("grammar", "*", "which grammars of testdata/grammar")
)

// TestGrammars compares sources that the grammars of testdata/grammar make with nasm:
// what it takes, tasm must take and make the same bytes of. A source that differs is
// shown with all the lines taken away that don't matter. make differential runs tens of thousands.
func TestGrammars(t *testing.T) {
	paths, err := filepath.Glob("testdata/grammar/" + *grammarFlag + ".txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no grammars: %v", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			rules := readGrammar(t, path)
			accepted := make([]bool, *sentencesFlag)
			t.Run("seed", func(t *testing.T) {
				for i := range *sentencesFlag {
					seed := *firstSeed + uint64(i)
					t.Run(fmt.Sprint(seed), func(t *testing.T) {
						t.Parallel()
						accepted[i] = compareSentence(t, rules.sentence(seed))
					})
				}
			})
			expectAccepted(t, accepted, len(accepted)/8)
		})
	}
}

// compareSentence compares one source and reports whether nasm accepts it.
func compareSentence(t *testing.T, source string) bool {
	t.Helper()
	lines := strings.Split(source, "\n")
	ours, theirs := both(t, lines)
	if !theirs.accepted && theirs.messages == "" {
		return false // nasm goes on for ever, or crashes
	}
	if ours.accepted && !theirs.accepted {
		t.Logf("taken, but not by nasm:\n%s\n%s", source, theirs.messages)
		return false
	}
	if !same(ours, theirs) {
		lines = minimize(t, lines, ours.accepted, theirs.accepted)
		x, y := both(t, lines)
		dir := t.TempDir()
		writeLines(t, filepath.Join(dir, "p.asm"), lines)
		t.Errorf("%s", strings.Join(lines, "\n"))
		compare(t, dir, "p.asm", x, y)
	}
	return theirs.accepted
}

// grammar is, for each name, what may stand for it: text with <names> in it. ⏎ ends a
// line, <#> is a number that the source has not had yet.
type grammar map[string][]string

// maxNesting is how deep names stand in each other before the first text, which has
// none, is taken for all of them.
const maxNesting = 12

// readGrammar reads a file in which a name at the margin stands above its texts, each
// on a line that begins with a tab. A line that begins with ; says something.
func readGrammar(t *testing.T, path string) grammar {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, name := grammar{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch alternative, isText := strings.CutPrefix(line, "\t"); {
		case isText:
			g[name] = append(g[name], alternative)
		case line != "" && line[0] != ';':
			name = line
		}
	}
	for name, texts := range g {
		for _, text := range texts {
			for _, part := range strings.Split(text, "<")[1:] {
				if ref, _, ok := strings.Cut(part, ">"); ok && ref != "#" && isRule(ref) && g[ref] == nil {
					t.Fatalf("%s: %s names <%s>, which is not there", path, name, ref)
				}
			}
		}
	}
	return g
}

// isRule reports whether a text between angle brackets is the name of a rule and not
// between operators.
func isRule(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") == ""
}

// sentence makes the source that seed stands for.
func (g grammar) sentence(seed uint64) string {
	r, fresh := rand.New(rand.NewPCG(seed, 99)), 0
	var out strings.Builder
	var expand func(text string, depth int)
	expand = func(text string, depth int) {
		for {
			before, rest, found := strings.Cut(text, "<")
			out.WriteString(before)
			if !found {
				return
			}
			name, after, found := strings.Cut(rest, ">")
			switch {
			case found && name == "#":
				fresh++
				fmt.Fprint(&out, fresh)
			case found && isRule(name):
				texts := g[name]
				n := r.IntN(len(texts))
				if depth > maxNesting {
					n = 0
				}
				expand(texts[n], depth+1)
			default:
				out.WriteString("<")
				text = rest
				continue
			}
			text = after
		}
	}
	expand("<source>", 0)
	return strings.ReplaceAll(out.String(), "⏎", "\n")
}
