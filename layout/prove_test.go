package layout

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// statusSeven prints a line and ends with status 7: it fits into 72 bytes.
const statusSeven = "target linux/386\nentry s\ns: sys write, 1, m, 24\n sys exit, 7\nm: db 'A line of 23 characters', 10\n"

// fewStates is how many states a task may look at in these tests.
const fewStates = 1 << 11

func prover(t *testing.T, source string, size int64, margin int) *Prover {
	t.Helper()
	p, said := NewProver(assembled(t, source), Options{}, size, margin)
	if p == nil {
		t.Fatal(said.Messages())
	}
	return p
}

func runTasks(t *testing.T, p *Prover, s Shard) *Certificate {
	t.Helper()
	if err := p.Run(context.Background(), p.Left(s), fewStates, func(*Certificate) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return &p.Certificate
}

func jsonOf(t *testing.T, c *Certificate) string {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestShards merges certificates of three shards: they are that of one run.
func TestShards(t *testing.T) {
	whole := runTasks(t, prover(t, statusSeven, 70, 0), Shard{})
	if len(whole.Tried) < whole.Tasks*9/10 || whole.States() == 0 || !whole.Whole || whole.Found() != nil {
		t.Fatalf("%d of %d tasks, %d states", len(whole.Tried), whole.Tasks, whole.States())
	}
	var parts []*Certificate
	for i := range 3 {
		c, err := ReadCertificate([]byte(jsonOf(t, runTasks(t, prover(t, statusSeven, 70, 0), Shard{i + 1, 3}))))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, c)
	}
	merged, err := Merge(parts)
	if err != nil || jsonOf(t, merged) != jsonOf(t, whole) {
		t.Errorf("%v: merged %v, in one run %v", err, merged, whole)
	}
	again := prover(t, statusSeven, 70, 0)
	if err := again.Resume(parts[1]); err != nil || len(again.Left(Shard{2, 3}))+len(parts[1].Tried) != len(prover(t, statusSeven, 70, 0).Left(Shard{2, 3})) {
		t.Error(err, "what a part has done is run again")
	}

	p := prover(t, statusSeven, 70, 0)
	if n, err := p.Check(context.Background(), merged, 20); n != 20 || err != nil {
		t.Error(n, err)
	}
	for i := range merged.Tried {
		if merged.Tried[i].States > 0 {
			merged.Tried[i].States--
		}
	}
	if _, err := p.Check(context.Background(), merged, 0); err == nil {
		t.Error("a certificate with other numbers of states holds")
	}
	parts[0].Tried[0].Digest = "0"
	if _, err := Merge([]*Certificate{whole, parts[0]}); err == nil {
		t.Error("certificates that contradict each other are merged")
	}
	if _, err := Merge([]*Certificate{whole, &prover(t, statusSeven, 71, 0).Certificate}); err == nil {
		t.Error("certificates of different sizes are merged")
	}
}

// TestProved holds what a certificate says against sizes of which more is known.
func TestProved(t *testing.T) {
	below := runTasks(t, prover(t, statusSeven, 69, 0), Shard{})
	if below.Tasks != 0 || !below.Complete() || !strings.HasPrefix(below.String(), "proved: ") {
		t.Error(below)
	}
	there := runTasks(t, prover(t, "target linux/386\nentry s\ns: sys exit, 42\n", 45, 0), Shard{})
	if there.Found() == nil || there.Found().File == "" || there.Complete() && !strings.HasPrefix(there.String(), "there is a file") {
		t.Error(there)
	}
	if p, said := NewProver(assembled(t, "target linux/386\nentry s\ns: sys getpid\n test eax, eax\n jz s\n sys exit, 0\n"), Options{}, 45, 0); p != nil || said.Errors() == 0 {
		t.Error("a program with a loop has a certificate")
	}
}

// TestReadCertificate refuses what is no certificate.
func TestReadCertificate(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", `{"version":2}`, `{"version":1,"tasks":1,"tried":[{"task":1}]}`, `{"version":1,"tasks":2,"tried":[{"task":1},{"task":1}]}`, `{"version":1,"tasks":2,"tried":[{"task":-1}]}`, `{"version":1,"tasks":1,"tried":[{"outcome":"open"}]}`, `{"version":1,"tasks":1,"tried":[{"outcome":"x"}]}`} {
		if c, err := ReadCertificate([]byte(text)); err == nil {
			t.Errorf("%q is %+v", text, c)
		}
	}
}
