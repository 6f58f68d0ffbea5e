package layout

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tasm/flow"
	"tasm/layout/elf"
	"tasm/layout/equiv"
	"tasm/layout/place"
	"tasm/layout/rewrite"
)

// settings makes a program that gives registers numbers, most of all, between
// system calls and in loops.
func settings(r *rand.Rand) string {
	var lines []string
	emit := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	registers := []string{"eax", "eax", "ecx", "edx", "ebx", "esi", "edi", "ebp"}
	pick := func() string { return registers[r.IntN(len(registers))] }
	number := func() int { return []int{0, 1, 2, 3, 4, 5, 19, 20, 21, 32, 0x10020, 0x10021}[r.IntN(12)] }
	body := func(n int) {
		for range n {
			switch r.IntN(10) {
			case 0, 1:
				emit("mov %s, %d", pick(), number())
			case 2:
				emit("push %d\npop %s", number()&63, pick())
			case 3:
				emit("%s %s", []string{"inc", "dec", "not"}[r.IntN(3)], pick())
			case 4:
				emit("%s %s, %s", []string{"add", "xor", "mov", "sub"}[r.IntN(4)], pick(), pick())
			case 5:
				emit("lea %s, [%s + %d]", pick(), pick(), number()&63)
			case 6:
				emit("mov %s, %d", []string{"al", "bl", "cl", "dl", "ah"}[r.IntN(5)], number()&63)
			case 7:
				// The kernel reads words from the stack, perhaps one more than
				// lies there.
				emit("push %s\npush %s\nmov ecx, esp\nmov edx, %d\nmov ebx, 1\nmov eax, 4\nint 0x80\npop %s\npop %s", pick(), pick(), 4*(1+r.IntN(3)), pick(), pick())
			default:
				emit("mov eax, %d\nint 0x80", []int{20, 20, 4, 24}[r.IntN(4)])
			}
		}
	}
	emit("_start:")
	body(r.IntN(3))
	for label := range r.IntN(3) {
		emit(".l%d:", label)
		body(2 + r.IntN(5))
		if r.IntN(2) == 0 {
			emit("%s %s, %s", []string{"test", "cmp", "add"}[r.IntN(3)], pick(), pick())
		}
		emit("%s .l%d", []string{"jz", "jns", "jc", "jnz"}[r.IntN(4)], r.IntN(label+1))
	}
	body(1 + r.IntN(6))
	emit("mov eax, 1\nint 0x80")
	return "target linux/386\nentry _start\nsection .text\n" + strings.Join(lines, "\n") + "\n"
}

// TestSettings places random programs where what instructions give registers may
// come about in other ways, by what bridges leave in them. They must do the same.
func TestSettings(t *testing.T) {
	same, smaller := 0, 0
	for seed := range uint64(80) {
		source := settings(rand.New(rand.NewPCG(seed, 11)))
		p := assembled(t, source)
		plain, _ := Plain(p, Options{})
		graph := flow.Build(p)
		if seed%2 == 0 {
			graph, _ = rewrite.Shorten(graph, rewrite.Options{Effort: -10})
		}
		known := rewrite.Facts(graph, rewrite.Options{})
		without, err := place.Place(context.Background(), graph, elf.Linux, place.Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		with, err := place.Place(context.Background(), graph, elf.Linux, place.Options{Known: known})
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		if len(with.Bytes) > len(without.Bytes) {
			t.Errorf("seed %d: %d bytes became %d\n%s", seed, len(without.Bytes), len(with.Bytes), source)
		}
		if len(with.Bytes) < len(without.Bytes) {
			smaller++
		}
		switch v := equiv.Check(plain.Bytes, with.Bytes, equiv.Options{Loader: elf.Linux}); v.Outcome {
		case equiv.Different:
			if equiv.Check(plain.Bytes, without.Bytes, equiv.Options{Loader: elf.Linux}).Outcome == equiv.Different {
				continue // it shows where it lies in memory
			}
			t.Errorf("seed %d: the result %s\n%s", seed, v.Reason, source)
		case equiv.Same:
			same++
		}
	}
	t.Logf("%d are the same, %d smaller", same, smaller)
	if same < 60 || smaller < 30 {
		t.Errorf("only %d could be compared, and %d became smaller", same, smaller)
	}
}
