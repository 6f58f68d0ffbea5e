package golf

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tasm"
	"tasm/internal/programs"
	"tasm/layout"
)

var (
	every  = flag.Int("every", 29, "compare one of so many rows of testdata/frozen.tsv")
	freeze = flag.String("freeze", "", "write testdata/frozen.tsv anew; what is larger than before has to be named here, with commas between, or \"all\"")
)

// frozen is a program and what the layouts made of it when the table was written.
type frozen struct {
	name, target string
	source       []byte
	effort       int
	sizes        []int  // in bytes, in the order of layout.Strategies
	checked      string // how golf's result was compared with the program as written
	seconds      float64
}

const frozenTable = "testdata/frozen.tsv"

// TestFrozen holds the size of many programs against a table: nothing is larger than
// it was, nor compared in a weaker way. CI compares a sample, "make frozen" all rows,
// and says how much time the processor took beside what it took for the table.
func TestFrozen(t *testing.T) {
	want := readFrozen(t)
	var got []*frozen
	took, took0 := 0.0, 0.0
	for i, p := range frozenPrograms(t) {
		if want[p.key()] == nil && *freeze == "" {
			t.Errorf("%s is not in the table", p.key())
			continue
		}
		if *freeze == "" && (i + i / *every)%*every != 0 {
			continue
		}
		p.build(t)
		if *freeze != "" {
			t.Logf("%s: %v, %s, %.1f s", p.key(), p.sizes, p.checked, p.seconds)
		}
		got = append(got, p)
		old := want[p.key()]
		if old == nil {
			continue
		}
		took, took0 = took+p.seconds, took0+old.seconds
		allowed := *freeze == "all" || slices.Contains(strings.Split(*freeze, ","), p.name)
		for k, s := range layout.Strategies {
			switch {
			case p.sizes[k] > old.sizes[k] && !allowed:
				t.Errorf("%s: %s makes %d bytes, and made %d", p.key(), s.Name, p.sizes[k], old.sizes[k])
			case p.sizes[k] < old.sizes[k]:
				t.Logf("%s: %s makes %d bytes, and made %d", p.key(), s.Name, p.sizes[k], old.sizes[k])
			}
		}
		if strings.HasPrefix(old.checked, "proved") && !strings.HasPrefix(p.checked, "proved") && !allowed {
			t.Errorf("%s: %s, and was %s", p.key(), p.checked, old.checked)
		}
	}
	t.Logf("%d programs took %.1f s, and %.1f s when the table was written", len(got), took, took0)
	if *freeze != "" && !t.Failed() {
		writeFrozen(t, got)
	}
}

func (p *frozen) key() string { return p.name + " " + p.target }

var counts = regexp.MustCompile(` over [0-9]+ blocks?| on [0-9]+ generated runs`)

func (p *frozen) build(t *testing.T) {
	t.Helper()
	r, said := tasm.Assemble(tasm.Source{Name: p.name, Text: p.source}, tasm.Options{Target: p.target, Instructions: true})
	if r.Program == nil {
		t.Fatalf("%s: %s", p.key(), said.Messages()[0].Text)
	}
	begin := processorTime(t)
	for _, s := range layout.Strategies {
		file, said := r.LayOut(s.Name, layout.Options{Effort: p.effort, Context: context.Background()})
		if file == nil {
			t.Fatalf("%s: %s", p.key(), said.Messages()[0].Text)
		}
		p.sizes = append(p.sizes, len(file.Bytes))
		p.checked = counts.ReplaceAllString(file.Report.Checked, "")
		for _, reason := range file.Report.Reasons {
			if strings.Contains(reason, "internal error") {
				t.Errorf("%s: %s", p.key(), reason)
			}
		}
	}
	p.seconds = (processorTime(t) - begin).Seconds()
}

// generated is how many programs of all kinds of instructions the table holds for each
// target.
const generated = 20

// frozenPrograms lists what the table holds: the samples, the programs of these tests
// and of those of rewriting, and generated ones.
func frozenPrograms(t *testing.T) []*frozen {
	var list []*frozen
	for _, pattern := range []string{"../../samples/*.tasm", "testdata/*.tasm", "programs/*.tasm", "../../layout/rewrite/testdata/*.tasm"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatal("no programs: ", pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range targets(text) {
				list = append(list, &frozen{name: strings.TrimPrefix(name, "../../"), target: target, source: text, effort: -4})
			}
		}
	}
	for seed := range uint64(generated) {
		for _, target := range []string{"linux/386", "linux/amd64"} {
			source := programs.Mixed(rand.New(rand.NewPCG(seed, 23)), target)
			list = append(list, &frozen{name: fmt.Sprintf("generated-%02d", seed), target: target, source: []byte(source), effort: -8})
		}
	}
	return list
}

var targetStatement = regexp.MustCompile(`(?m)^target\s+(.*?)\s*(;.*)?$`)

// targets lists the targets of a source that has executables; none of a flat one.
func targets(text []byte) []string {
	if m := targetStatement.FindSubmatch(text); m != nil {
		return regexp.MustCompile(`[\s,]+`).Split(string(m[1]), -1)
	}
	return nil
}

func readFrozen(t *testing.T) map[string]*frozen {
	file, err := os.Open(frozenTable)
	if err != nil {
		if *freeze == "all" {
			return nil
		}
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.Comma, r.Comment = '\t', '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]*frozen{}
	for _, row := range rows {
		p := &frozen{name: row[0], target: row[1], checked: row[5]}
		for _, n := range row[2:5] {
			size, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			p.sizes = append(p.sizes, size)
		}
		if p.seconds, err = strconv.ParseFloat(row[6], 64); err != nil {
			t.Fatal(err)
		}
		table[p.key()] = p
	}
	return table
}

func writeFrozen(t *testing.T, list []*frozen) {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by: go test ./test/golf -run Frozen -freeze NAMES, on %s.\n", time.Now().UTC().Format("2006-01-02"))
	b.WriteString("# Program, target, bytes in plain, pack and golf, how golf was compared, seconds of a processor.\n")
	for _, p := range list {
		fmt.Fprintf(&b, "%s\t%s\t%d\t%d\t%d\t%s\t%.1f\n", p.name, p.target, p.sizes[0], p.sizes[1], p.sizes[2], p.checked, p.seconds)
	}
	if err := os.WriteFile(frozenTable, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
