// Package programs makes random programs for Linux, for tests that compare what
// several ways to build a program make of it. They end, write to standard
// output and read no more than they are told, and what they do does not depend
// on where they lie.
package programs

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Random returns the source of a random program for a target, linux/386 or
// linux/amd64: straight runs of system calls, conditions, loops with counters,
// subroutines, the stack, and data that is read and written.
func Random(r *rand.Rand, target string) string { return Long(r, target, 1+r.IntN(5)) }

// Long is like Random, with a number of statements of which each takes 20 bytes
// of code or so.
func Long(r *rand.Rand, target string, statements int) string {
	g := &generator{r: r, wide: target == "linux/amd64"}
	g.line("target %s", target)
	g.line("entry _start")
	g.line("section .text")
	g.line("_start:")
	for range statements {
		g.statement(2)
	}
	g.exit()
	for i := 0; i < g.routines; i++ {
		g.line("routine%d:", i)
		for range 1 + r.IntN(3) {
			g.simple()
		}
		g.line("ret")
	}
	g.line("section .rodata")
	for i := 0; i < g.messages; i++ {
		g.line("m%d: db '%s', 10", i, strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(30)))
	}
	g.line("table: db 3, 1, 4, 1, 5, 9, 2, 6")
	if g.writes {
		g.line("section .bss")
		g.line("space: resb %d", 8+r.IntN(60))
	}
	return g.text.String()
}

// Straight returns the source of a program for a target that writes a number of
// lines, each by a system call of its own, and ends.
func Straight(target string, calls int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "target %s\nentry _start\nsection .text\n_start:\n", target)
	for i := range calls {
		fmt.Fprintf(&b, "sys write, 1, m%d, 8\n", i)
	}
	b.WriteString("sys exit, 0\nsection .rodata\n")
	for i := range calls {
		fmt.Fprintf(&b, "m%d: db 'line %02d', 10\n", i, i)
	}
	return b.String()
}

type generator struct {
	r                  *rand.Rand
	wide               bool
	text               strings.Builder
	labels             int
	messages, routines int
	writes             bool
}

func (g *generator) line(format string, args ...any) { fmt.Fprintf(&g.text, format+"\n", args...) }

func (g *generator) label() string {
	g.labels++
	return fmt.Sprintf("l%d", g.labels)
}

// scratch registers are those that statements may change; the counters of loops
// are kept on the stack.
var scratch = []string{"eax", "ecx", "edx", "esi", "edi", "ebx"}

func (g *generator) register() string { return scratch[g.r.IntN(len(scratch))] }

func (g *generator) full(r string) string {
	if g.wide {
		return "r" + r[1:]
	}
	return r
}

// low is the low byte of a register that has one in both modes.
func (g *generator) low() string { return []string{"al", "cl", "dl", "bl"}[g.r.IntN(4)] }

func (g *generator) number() int64 {
	switch g.r.IntN(4) {
	case 0:
		return int64(g.r.IntN(4))
	case 1:
		return int64(g.r.IntN(256)) - 128
	case 2:
		return int64(g.r.IntN(70000))
	}
	return int64(int32(g.r.Uint32()))
}

// simple writes an instruction or a few that change registers.
func (g *generator) simple() {
	a, b := g.register(), g.register()
	switch g.r.IntN(14) {
	case 0, 1:
		g.line("mov %s, %d", a, g.number())
	case 2:
		g.line("mov %s, %s", a, b)
	case 3:
		g.line("%s %s, %s", []string{"add", "sub", "xor", "or", "and"}[g.r.IntN(5)], a, b)
	case 4:
		g.line("%s %s, %d", []string{"add", "sub", "xor", "or", "and", "cmp"}[g.r.IntN(6)], a, g.number())
	case 5:
		g.line("%s %s", []string{"inc", "dec", "not", "neg"}[g.r.IntN(4)], a)
	case 6:
		g.line("%s %s, %d", []string{"shl", "shr", "sar", "rol"}[g.r.IntN(4)], a, 1+g.r.IntN(30))
	case 7:
		g.line("push %s", g.full(a))
		g.line("pop %s", g.full(b))
	case 8:
		g.line("mov %s, %d", g.low(), g.r.IntN(256))
	case 9:
		g.line("and %s, 7", a)
		g.line("movzx %s, byte [table + %s]", b, g.full(a))
	case 10:
		g.line("xchg %s, %s", a, b)
	case 11:
		g.line("lea %s, [%s + %d]", a, g.full(b), g.r.IntN(100)-50)
	case 12:
		g.line("imul %s, %s, %d", a, b, g.r.IntN(40))
	case 13:
		g.line("test %s, %s", a, b)
	}
}

// statement writes something of several instructions.
func (g *generator) statement(depth int) {
	switch n := g.r.IntN(10); {
	case n < 3 || depth == 0 && n < 8:
		for range 1 + g.r.IntN(4) {
			g.simple()
		}
	case n < 5:
		g.write(fmt.Sprintf("m%d", g.messages), 1+g.r.IntN(4))
		g.messages++
	case n == 5:
		g.show()
	case n == 6:
		skip := g.label()
		g.line("cmp %s, %d", g.register(), g.r.IntN(10))
		g.line("j%s %s", []string{"e", "ne", "b", "a", "l", "ge", "s"}[g.r.IntN(7)], skip)
		g.statement(depth - 1)
		g.line("%s:", skip)
	case n == 7:
		again := g.label()
		g.line("push %d", 1+g.r.IntN(3))
		g.line("%s:", again)
		g.statement(depth - 1)
		g.line("pop %s", g.full("ecx"))
		g.line("dec ecx")
		g.line("push %s", g.full("ecx"))
		g.line("jnz %s", again)
		g.line("pop %s", g.full("ecx"))
	case n == 8:
		g.line("call routine%d", g.routines)
		g.routines++
	default:
		g.writes = true
		g.line("mov %s, [space + %d]", g.low(), g.r.IntN(8))
		g.line("mov [space + %d], %s", g.r.IntN(8), g.low())
		g.write("space", 8)
	}
}

// write writes bytes from a label.
func (g *generator) write(label string, n int) {
	defer g.forget()
	if g.r.IntN(2) == 0 {
		g.line("sys write, 1, %s, %d", label, n)
		return
	}
	number, first, second, third, call := 4, "ebx", "ecx", "edx", "int 0x80"
	if g.wide {
		number, first, second, third, call = 1, "edi", "rsi", "edx", "syscall"
	}
	set := []string{
		fmt.Sprintf("mov eax, %d", number), fmt.Sprintf("mov %s, 1", first),
		fmt.Sprintf("mov %s, %s", second, label), fmt.Sprintf("mov %s, %d", third, n),
	}
	g.r.Shuffle(len(set), func(i, j int) { set[i], set[j] = set[j], set[i] })
	for _, s := range set {
		g.line("%s", s)
	}
	g.line("%s", call)
}

// forget takes addresses out of the registers: what the program does must not
// depend on where it lies.
func (g *generator) forget() {
	if g.wide {
		g.line("mov esi, %d", g.r.IntN(300))
	}
	g.line("mov ecx, %d", g.r.IntN(300))
}

// show writes a register's low byte, through the stack.
func (g *generator) show() {
	g.line("push %s", g.full(g.register()))
	g.line("sys write, 1, %s, 1", g.full("esp"))
	g.forget()
	g.line("pop %s", g.full(g.register()))
}

// exit ends the program with a number or what a register holds.
func (g *generator) exit() {
	if g.r.IntN(3) == 0 {
		a := g.register()
		g.line("and %s, 63", a)
		g.line("sys exit, %s", a)
		return
	}
	g.line("sys exit, %d", g.r.IntN(64))
}
