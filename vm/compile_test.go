package vm

import (
	"math"
	"math/rand/v2"
	"testing"

	"tasm/internal/programs"
	"tasm/layout"
)

// TestCompiled runs programs whose instructions are compiled at once beside the same
// ones without: every state is the same, on the way there and back.
func TestCompiled(t *testing.T) {
	steps := 0
	for seed := range uint64(4) {
		for _, target := range []string{"linux/386", "linux/amd64"} {
			random := rand.New(rand.NewPCG(seed, 5))
			for _, source := range []string{programs.Random(random, target), programs.Mixed(random, target)} {
				for _, strategy := range layout.Strategies[:2] {
					file := build(t, source, target, strategy.Layout)
					var both [2]*VM
					for i, after := range []int{0, math.MaxInt} {
						v, err := New(file, Options{Args: []string{"program", "x"}, Record: 8 << 20, MaxSteps: 1500})
						if err != nil {
							t.Fatal(err)
						}
						v.compileAfter = after
						both[i] = v
					}
					same := func() {
						t.Helper()
						if a, b := both[0].snapshot(), both[1].snapshot(); a != b {
							t.Fatalf("seed %d %s: compiled\n%+v\nnot\n%+v\n%s", seed, target, a, b, source)
						}
					}
					for both[1].Step() {
						if !both[0].Step() {
							t.Fatalf("compiled: %+v\n%s", both[0].Stop(), source)
						}
						steps++
						same()
					}
					if both[0].Step() || both[0].Stop().Reason != both[1].Stop().Reason {
						t.Fatalf("compiled: %+v, not: %+v\n%s", both[0].Stop(), both[1].Stop(), source)
					}
					for both[1].Back() {
						both[0].Back()
						same()
					}
				}
			}
		}
	}
	if steps < 1000 {
		t.Errorf("only %d steps were compared", steps)
	}
}
