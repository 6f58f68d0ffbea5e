package equiv_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tasm/layout/equiv"
)

// randomProgram makes the lines of a program with system calls, conditions on
// their results, data and a loop.
func randomProgram(r *rand.Rand) []string {
	var lines []string
	emit := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	registers := []string{"ebx", "ecx", "edx", "esi", "edi", "ebp"}
	register := func() string { return registers[r.IntN(len(registers))] }
	label := 0
	var call func()
	body := func(n int) {
		for range n {
			switch r.IntN(12) {
			case 0, 1:
				emit("mov %s, %d", register(), r.IntN(5))
			case 2:
				emit("%s %s, %s", []string{"add", "sub", "xor", "and", "or", "mov"}[r.IntN(6)], register(), register())
			case 3:
				emit("%s %s, %d", []string{"add", "sub", "cmp", "test", "shl", "shr", "imul"}[r.IntN(7)], register(), r.IntN(4))
			case 4:
				emit("%s %s", []string{"inc", "dec", "neg", "not"}[r.IntN(4)], register())
			case 5:
				emit("mov [buffer + %d], %s", r.IntN(12), register())
			case 6:
				emit("mov %s, [buffer + %d]", register(), r.IntN(12))
			case 7:
				emit("movzx %s, byte [buffer + %d]", register(), r.IntN(12))
			case 8:
				emit("push %s\npop %s", register(), register())
			case 9:
				emit("set%s [buffer + %d]", []string{"z", "c", "s", "l", "be", "o"}[r.IntN(6)], r.IntN(12))
			default:
				call()
			}
		}
	}
	call = func() {
		switch r.IntN(4) {
		case 0:
			emit("mov eax, 20\nint 0x80\nmov %s, eax", register())
		case 1:
			emit("mov eax, 3\nmov ebx, 0\nmov ecx, buffer + %d\nmov edx, %d\nint 0x80\nmov %s, eax", r.IntN(4), r.IntN(8), register())
		default:
			emit("mov eax, 4\nmov ebx, 1\nmov ecx, buffer + %d\nmov edx, %d\nint 0x80", r.IntN(4), r.IntN(8))
		}
	}
	emit("_start:")
	body(2 + r.IntN(4))
	for range r.IntN(3) {
		label++
		emit("cmp eax, %d\nj%s .skip%d", r.IntN(3)-1, []string{"z", "nz", "s", "ns", "l", "g", "a", "b"}[r.IntN(8)], label)
		own := label
		body(1 + r.IntN(3))
		emit(".skip%d:", own)
	}
	if r.IntN(3) == 0 {
		emit("mov eax, 20\nint 0x80\ntest eax, eax\njs _start")
	}
	emit("mov eax, 1\nint 0x80")
	return lines
}

// TestProofsAgree holds proofs of random programs and their mutants against
// co-simulation, which must not find a difference where equality is proven.
func TestProofsAgree(t *testing.T) {
	source := func(lines []string) string {
		return head386 + strings.Join(lines, "\n") + "\nsection .data\nbuffer: db \"0123456789abcdef\"\n"
	}
	proofs, refutations := 0, 0
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 3))
		lines := randomProgram(r)
		mutant := append([]string(nil), lines...)
		switch i := 1 + r.IntN(len(lines)-1); r.IntN(3) {
		case 0:
			mutant[i] = "nop\n" + mutant[i]
		case 1:
			if !strings.Contains(mutant[i], ":") {
				mutant[i] = "nop"
			}
		case 2:
			if i+1 < len(mutant) {
				mutant[i], mutant[i+1] = mutant[i+1], mutant[i]
			}
		}
		a, b := build(t, source(lines), "", false), build(t, source(mutant), "", false)
		proof, decided, simulated := equiv.Both(a, b, 60)
		switch {
		case decided && proof == "" && simulated != "":
			t.Errorf("seed %d: proven to be equal, but %s\n%s\n\n%s", seed, simulated, strings.Join(lines, "\n"), strings.Join(mutant, "\n"))
		case decided && proof == "":
			proofs++
		case decided:
			refutations++
			if simulated == "" {
				t.Logf("seed %d: only the proof found that it %s", seed, proof)
			}
		}
		if proof, decided, simulated := equiv.Both(a, a, 5); proof != "" && decided || simulated != "" {
			t.Errorf("seed %d: differs from itself: %q %q\n%s", seed, proof, simulated, strings.Join(lines, "\n"))
		}
	}
	if proofs < 50 || refutations < 12 {
		t.Errorf("only %d proofs and %d refutations", proofs, refutations)
	}
}
