package equiv_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"tasm/layout/equiv"
)

var (
	mutants = flag.Int("mutants", 80, "mutants to hold against proofs by induction")
	runs    = flag.Int("runs", 300, "generated runs of each mutant that was found to be equal")
)

// TestMutants changes a byte of the code of programs with loops, and tries to prove by
// induction that they still do the same. Where that succeeds, generated runs must not
// tell them apart: the byte made no difference.
func TestMutants(t *testing.T) {
	type program struct {
		file []byte
		code []int
	}
	var programs []program
	for _, name := range []string{"cat", "echo", "sleep", "wc", "yes", "calc", "primes", "hexdump"} {
		file := build(t, sample(t, name), "linux/386", false)
		if _, reason := equiv.Induct(file, file); reason != "" {
			t.Errorf("%s is not proved to be equal to itself: %s", name, reason)
			continue
		}
		programs = append(programs, program{file, equiv.Code(file)})
	}
	r := rand.New(rand.NewPCG(11, 3))
	refused, equal, undecided := 0, 0, 0
	for range *mutants {
		p := programs[r.IntN(len(programs))]
		mutant := append([]byte(nil), p.file...)
		at := p.code[r.IntN(len(p.code))]
		if r.IntN(2) == 0 {
			mutant[at] ^= 1 << r.IntN(8)
		} else {
			mutant[at] = byte(r.Uint32())
		}
		if mutant[at] == p.file[at] {
			continue
		}
		_, reason := equiv.Induct(p.file, mutant)
		if reason != "" {
			refused++
			continue
		}
		switch difference, ok := equiv.Simulate(p.file, mutant, *runs); {
		case difference != "":
			t.Errorf("byte %#x changed from %#x to %#x is proved to make no difference, but it %s", at, p.file[at], mutant[at], difference)
		case !ok:
			undecided++
		default:
			equal++
			t.Logf("byte %#x of %d changed from %#x to %#x makes no difference", at, len(p.file), p.file[at], mutant[at])
		}
	}
	t.Logf("%d refused, %d equal, %d equal where the runs have no meaning", refused, equal, undecided)
	if refused < *mutants/2 {
		t.Errorf("only %d of %d mutants are refused", refused, *mutants)
	}
}
