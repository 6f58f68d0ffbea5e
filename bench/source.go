package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
)

// writeSource writes a 32-bit source of the given number of lines, the same
// ones every time: the mix of moves, arithmetic, memory operands, jumps to
// labels near and far, calls, data and comments of a hand-written program.
func writeSource(w io.Writer, lines int) error {
	g := &generator{random: rand.New(rand.NewPCG(1, 2)), lines: lines}
	g.emit("; generated")
	g.emit("        bits    32")
	g.emit("        org     0x100000")
	for g.written < lines {
		g.line()
	}
	_, err := w.Write(g.out.Bytes())
	return err
}

// labelEvery is how many lines stand between two global labels.
const labelEvery = 20

type generator struct {
	random  *rand.Rand
	out     bytes.Buffer
	lines   int // wanted
	written int
	labels  int
}

var (
	registers  = []string{"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"}
	operations = []string{"add", "sub", "and", "or", "xor", "cmp", "adc", "sbb"}
	conditions = []string{"z", "nz", "c", "nc", "s", "ns", "l", "g", "le", "ge", "a", "be"}
)

func (g *generator) emit(format string, args ...any) {
	fmt.Fprintf(&g.out, format+"\n", args...)
	g.written++
}

func (g *generator) pick(words []string) string { return words[g.random.IntN(len(words))] }

// label names a global label not far from here, before or after.
func (g *generator) label() string {
	last := (g.lines - 4) / labelEvery
	n := g.labels + g.random.IntN(21) - 10
	return fmt.Sprintf("label%d", max(1, min(n, g.labels+1, last)))
}

// memory makes an effective address.
func (g *generator) memory() string {
	switch g.random.IntN(5) {
	case 0:
		return fmt.Sprintf("[%s]", g.pick(registers))
	case 1:
		return fmt.Sprintf("[%s + %d]", g.pick(registers), g.random.IntN(400)-200)
	case 2:
		return fmt.Sprintf("[%s + %s*%d]", g.pick(registers), g.pick(registers), 1<<g.random.IntN(4))
	case 3:
		return fmt.Sprintf("[%s + %s*%d + 0x%x]", g.pick(registers), g.pick(registers), 1<<g.random.IntN(4), g.random.IntN(1<<16))
	}
	return fmt.Sprintf("[%s + %d]", g.label(), 4*g.random.IntN(4))
}

func (g *generator) line() {
	if g.written%labelEvery == 3 && g.labels < (g.lines-4)/labelEvery {
		g.labels++
		g.emit("label%d:", g.labels)
		return
	}
	switch n := g.random.IntN(100); {
	case n < 18:
		g.emit("        mov     %s, %s", g.pick(registers), g.pick(registers))
	case n < 28:
		g.emit("        mov     %s, %d", g.pick(registers), g.random.Int32N(1<<20))
	case n < 38:
		g.emit("        mov     %s, %s", g.pick(registers), g.memory())
	case n < 46:
		g.emit("        mov     %s, %s", g.memory(), g.pick(registers))
	case n < 58:
		g.emit("        %-7s %s, %s", g.pick(operations), g.pick(registers), g.pick(registers))
	case n < 68:
		g.emit("        %-7s %s, %d", g.pick(operations), g.pick(registers), g.random.IntN(600)-300)
	case n < 72:
		g.emit("        %-7s dword %s, %d", g.pick(operations), g.memory(), g.random.IntN(1000))
	case n < 80:
		g.emit("        j%-6s %s", g.pick(conditions), g.label())
	case n < 83:
		g.emit("        jmp     %s", g.label())
	case n < 86:
		g.emit("        call    %s", g.label())
	case n < 90:
		g.emit("        %-7s %s", g.pick([]string{"push", "pop", "inc", "dec", "neg", "not"}), g.pick(registers))
	case n < 92:
		g.emit("        shl     %s, %d        ; a comment", g.pick(registers), 1+g.random.IntN(31))
	case n < 94:
		g.emit("        lea     %s, %s", g.pick(registers), g.memory())
	case n < 97:
		g.emit("        db      \"text %d\", %d, 0x%02x", g.random.IntN(1000), g.random.IntN(256), g.random.IntN(256))
	case n < 99:
		g.emit("        dd      %d, label%d", g.random.Int32(), max(1, g.labels))
	default:
		g.emit("; a comment on a line of its own")
	}
}
