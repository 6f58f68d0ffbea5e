package equiv_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"tasm/assembler"
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/equiv"
)

var (
	mutants = flag.Int("mutants", 45, "mutants to hold against proofs by induction")
	runs    = flag.Int("runs", 300, "generated runs of each mutant that was found to be equal")
)

// golfed builds a source in layout golf.
func golfed(t *testing.T, source, target string) []byte {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("a.tasm", []byte(source)), assembler.Options{Target: target, Instructions: true})
	if p == nil {
		t.Fatal(said.Messages())
	}
	file, said := layout.Golf(p, layout.Options{Effort: -8})
	if file == nil {
		t.Fatal(said.Messages())
	}
	return file.Bytes
}

// mutation is a way to change a byte of code.
type mutation struct {
	name   string
	change func(r *rand.Rand, code []byte) (at int, b byte)
}

// mutations change code that begins with an instruction.
var mutations = []mutation{
	{"bit", func(r *rand.Rand, code []byte) (int, byte) {
		at := r.IntN(len(code))
		return at, code[at] ^ 1<<r.IntN(8)
	}},
	{"byte", func(r *rand.Rand, code []byte) (int, byte) { return r.IntN(len(code)), byte(r.Uint32()) }},
	{"register", otherRegister},
}

// otherRegister has an instruction use another register, as where one is kept too few:
// what it held is lost.
func otherRegister(r *rand.Rand, code []byte) (int, byte) {
	var was, is x86.Decoded
	if !x86.Decode(32, code, 0, &was) {
		return 0, code[0]
	}
	for range 64 {
		at, b := r.IntN(len(code)), byte(0)
		b = code[at] ^ byte(1+r.IntN(7))<<(3*r.IntN(2))
		mutant := append([]byte(nil), code...)
		mutant[at] = b
		if !x86.Decode(32, mutant, 0, &is) || is.Mnemonic != was.Mnemonic || is.Length != was.Length || len(is.Operands) != len(was.Operands) {
			continue
		}
		for i, o := range is.Operands {
			if w := was.Operands[i]; o.Kind == x86.RegisterOperand && w.Kind == o.Kind && o.Register != w.Register {
				return at, b
			}
		}
	}
	return 0, code[0]
}

// TestMutants changes a byte of the code of programs with loops, as written and golfed,
// and tries to prove by induction that they still do what was written. Where that
// succeeds, generated runs must not tell them apart: the byte made no difference.
func TestMutants(t *testing.T) {
	type program struct {
		written, file []byte
		code          map[int]*x86.Decoded
		offsets       []int
	}
	var programs []program
	add := func(name string, written, file []byte) {
		if _, reason := equiv.Induct(written, file); reason != "" {
			t.Errorf("%s is not proved to be equal: %s", name, reason)
			return
		}
		code, offsets := equiv.Code(file)
		programs = append(programs, program{written, file, code, offsets})
	}
	for i, name := range []string{"cat", "echo", "wc", "calc", "sleep", "yes", "primes", "hexdump"} {
		written := build(t, sample(t, name), "linux/386", false)
		add(name, written, written)
		if i < 2 { // the smallest: golf takes its time
			add("golfed "+name, written, golfed(t, sample(t, name), "linux/386"))
		}
	}
	r := rand.New(rand.NewPCG(11, 3))
	var tried, refused [3]int
	equal, undecided := 0, 0
	for i := range *mutants {
		kind := i % len(mutations)
		p := programs[r.IntN(len(programs))]
		mutant := append([]byte(nil), p.file...)
		start := p.offsets[r.IntN(len(p.offsets))]
		at, b := mutations[kind].change(r, p.file[start:][:p.code[start].Length])
		if at += start; b == p.file[at] {
			continue
		}
		mutant[at] = b
		tried[kind]++
		_, reason := equiv.Induct(p.written, mutant)
		if reason != "" {
			refused[kind]++
			continue
		}
		switch difference, ok := equiv.Simulate(p.written, mutant, *runs); {
		case difference != "":
			t.Errorf("byte %#x changed from %#x to %#x is proved to make no difference, but it %s", at, p.file[at], b, difference)
		case !ok:
			undecided++
		default:
			equal++
			t.Logf("byte %#x of %d changed from %#x to %#x makes no difference", at, len(p.file), p.file[at], b)
		}
	}
	for i, m := range mutations {
		t.Logf("%s: %d of %d refused", m.name, refused[i], tried[i])
		if refused[i] < tried[i]/2 {
			t.Errorf("%s: only %d of %d mutants are refused", m.name, refused[i], tried[i])
		}
	}
	t.Logf("%d equal, %d equal where the runs have no meaning", equal, undecided)
}
