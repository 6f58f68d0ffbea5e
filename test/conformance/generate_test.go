package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/layout"
)

var (
	programs  = flag.Int("programs", 250, "how many random programs to compare with nasm")
	firstSeed = flag.Uint64("seed", 1, "seed of the first random program")
)

// TestRandomPrograms compares programs that nobody would write with nasm. A
// program that differs is shown with all the lines taken away that don't matter.
func TestRandomPrograms(t *testing.T) {
	accepted := 0
	t.Run("seed", func(t *testing.T) {
		results := make([]bool, *programs)
		t.Cleanup(func() {
			for _, ok := range results {
				if ok {
					accepted++
				}
			}
		})
		for i := range *programs {
			seed := *firstSeed + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				lines := randomProgram(seed)
				ours, theirs := both(t, lines)
				results[i] = theirs.accepted
				if same(ours, theirs) {
					return
				}
				lines = minimize(t, lines, ours.accepted, theirs.accepted)
				ours, theirs = both(t, lines)
				t.Errorf("seed %d:\n%s", seed, strings.Join(lines, "\n"))
				dir := t.TempDir()
				writeLines(t, filepath.Join(dir, "p.asm"), lines)
				compare(t, dir, "p.asm", ours, theirs)
			})
		}
	})
	t.Logf("nasm accepts %d of %d", accepted, *programs)
	if accepted < *programs*9/10 {
		t.Errorf("nasm accepts only %d of %d random programs", accepted, *programs)
	}
}

func writeLines(t *testing.T, path string, lines []string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
}

// both assembles lines with tasm and nasm.
func both(t *testing.T, lines []string) (ours, theirs product) {
	t.Helper()
	dir := t.TempDir()
	writeLines(t, filepath.Join(dir, "p.asm"), lines)
	ours = tasm(t, dir, "p.asm", assembler.Options{Flat: true}, layout.Flat)
	return ours, nasm(t, dir, "p.asm", "bin")
}

func same(ours, theirs product) bool {
	return ours.accepted == theirs.accepted && bytes.Equal(ours.bytes, theirs.bytes)
}

// minimize takes lines away, in runs that get shorter, as long as the products
// differ in the same way.
func minimize(t *testing.T, lines []string, ours, theirs bool) []string {
	t.Helper()
	for run := len(lines) / 2; run >= 1; run /= 2 {
		for at := 0; at+run <= len(lines); {
			fewer := append(append([]string{}, lines[:at]...), lines[at+run:]...)
			if x, y := both(t, fewer); !same(x, y) && x.accepted == ours && y.accepted == theirs {
				lines = fewer
			} else {
				at += run
			}
		}
	}
	return lines
}

// generator writes a random program.
type generator struct {
	*rand.Rand
	lines  []string
	bits   int
	labels int // L0 to L(labels-1) stand somewhere in the code
	placed int
	equs   int // E0 to E(equs-1) have values
	regs   registers
}

// registers are the names that fit a mode.
type registers struct {
	byteRegs, wordRegs, dwordRegs, qwordRegs []string
	addresses                                []string // effective addresses without a label
	labelled                                 []string // registers to add to a label
}

var modes = map[int]registers{
	16: {
		byteRegs:  strings.Fields("al cl dl bl ah ch dh bh"),
		wordRegs:  strings.Fields("ax cx dx bx sp bp si di"),
		dwordRegs: strings.Fields("eax ecx edx ebx esp ebp esi edi"),
		addresses: strings.Fields("bx+si bp+di si bp bx di+2 bx+si-128 bp+300 0x1234 ebx eax+ecx*4"),
		labelled:  strings.Fields("bx si bp+di bx+si ebx"),
	},
	32: {
		byteRegs:  strings.Fields("al cl dl bl ah ch dh bh"),
		wordRegs:  strings.Fields("ax cx dx bx sp bp si di"),
		dwordRegs: strings.Fields("eax ecx edx ebx esp ebp esi edi"),
		addresses: strings.Fields("eax ebp esp ebx+ecx ecx+ebp*2 eax*2 ecx*5 4+esp ebx-128 ebp+128 0x1234 edx*8+12 bx+si ecx+ecx"),
		labelled:  strings.Fields("ebx ecx*4 esp eax+ebp*8 ebp"),
	},
	64: {
		byteRegs:  strings.Fields("al cl dl bl spl sil r8b r15b"),
		wordRegs:  strings.Fields("ax cx dx bx sp bp r9w r13w"),
		dwordRegs: strings.Fields("eax ecx edx ebx esp ebp r10d r12d"),
		qwordRegs: strings.Fields("rax rcx rdx rbx rsp rbp rsi r8 r12 r13"),
		addresses: strings.Fields("rax rbp rsp r12 r13 rbx+rcx r13+r12*8 rcx*2 r9*5 rbx-129 0x1234 ebx+4 r8d"),
		labelled:  strings.Fields("rbx rcx*4 r12 r13+rax*2 rsp"),
	},
}

func randomProgram(seed uint64) []string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0x7461736d))}
	g.labels = 4 + g.IntN(20)
	g.mode()
	if g.one(2) {
		g.add("	org %#x", g.IntN(0x8000))
	}
	for range 60 + g.IntN(60) {
		if g.placed < g.labels && g.one(5) {
			g.label()
		}
		g.statement()
	}
	for g.placed < g.labels {
		g.label()
		g.instruction()
	}
	return g.lines
}

// one is true one time in n.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

func (g *generator) pick(list []string) string { return list[g.IntN(len(list))] }

func (g *generator) add(format string, args ...any) {
	g.lines = append(g.lines, fmt.Sprintf(format, args...))
}

func (g *generator) mode() {
	g.bits = []int{16, 32, 32, 64}[g.IntN(4)]
	g.regs = modes[g.bits]
	g.add("	bits %d", g.bits)
}

func (g *generator) label() {
	g.add("L%d:", g.placed)
	g.placed++
	if g.one(3) {
		g.add(".local:	nop")
		g.add("	jmp .local")
	}
}

// anyLabel names a label, which may stand further down.
func (g *generator) anyLabel() string { return fmt.Sprintf("L%d", g.IntN(g.labels)) }

// knownLabel names a label that stands above.
func (g *generator) knownLabel() (string, bool) {
	if g.placed == 0 {
		return "", false
	}
	return fmt.Sprintf("L%d", g.IntN(g.placed)), true
}

var edges = []int64{0, 1, -1, 2, 5, 127, 128, -128, -129, 255, 256, 0x7fff, 0x8000, 0xffff, 0x12345, 0x7fffffff, -0x80000000}

// number is a plain number as an expression.
func (g *generator) number(depth int) string {
	switch n := g.IntN(8); {
	case depth > 2 || n < 4:
		v := edges[g.IntN(len(edges))]
		switch g.IntN(4) {
		case 0:
			return fmt.Sprintf("%#x", v)
		case 1:
			if v >= 0 {
				return fmt.Sprintf("0%xh", v)
			}
		}
		return fmt.Sprint(v)
	case n == 4 && g.equs > 0:
		return fmt.Sprintf("E%d", g.IntN(g.equs))
	case n == 5:
		return fmt.Sprintf("(%s %s %s)", g.number(depth+1), g.pick(strings.Fields("+ - * & | ^ && || < > = <= >= !=")), g.number(depth+1))
	case n == 6:
		return fmt.Sprintf("(%s %s %d)", g.number(depth+1), g.pick(strings.Fields("/ % // %% << >> >>>")), 1+g.IntN(20))
	default:
		return fmt.Sprintf("%s(%s)", g.pick(strings.Fields("- ~ ! +")), g.number(depth+1))
	}
}

// difference is the distance of two labels of the code.
func (g *generator) difference() string {
	x, y := g.anyLabel(), g.anyLabel()
	switch g.IntN(4) {
	case 0:
		return fmt.Sprintf("%s - %s", x, y)
	case 1:
		return fmt.Sprintf("(%s - %s) * %d", x, y, g.IntN(9)-4)
	case 2:
		return fmt.Sprintf("%s - $$ + %d", x, g.IntN(300)-150)
	}
	return fmt.Sprintf("$ - %s", x)
}

// immediate is a number, a difference or (where it has room) an address.
func (g *generator) immediate(address bool) string {
	switch n := g.IntN(6); {
	case n == 0:
		return g.difference()
	case n == 1 && address:
		return g.anyLabel()
	case n == 2 && address:
		return fmt.Sprintf("%s + %s", g.anyLabel(), g.number(2))
	}
	return g.number(0)
}

func (g *generator) memory() string {
	inside := g.pick(g.regs.addresses)
	switch g.IntN(6) {
	case 0:
		inside = g.anyLabel()
	case 1:
		inside = fmt.Sprintf("%s + %s", g.pick(g.regs.labelled), g.anyLabel())
	case 2:
		inside = fmt.Sprintf("%s + %s", g.pick(g.regs.labelled), g.difference())
	case 3:
		inside = fmt.Sprintf("%d + %s", g.IntN(400)-200, inside)
	}
	if g.one(10) {
		inside = g.pick(strings.Fields("es: fs: gs: cs:")) + inside
	}
	return "[" + inside + "]"
}

// width is one operand size with its registers.
func (g *generator) width() (size string, names []string) {
	n := 3
	if g.bits == 64 {
		n = 4
	}
	switch g.IntN(n) {
	case 0:
		return "byte", g.regs.byteRegs
	case 1:
		return "word", g.regs.wordRegs
	case 2:
		return "dword", g.regs.dwordRegs
	}
	return "qword", g.regs.qwordRegs
}

func (g *generator) instruction() {
	g.add("	%s", g.instructionText())
}

func (g *generator) instructionText() string {
	size, names := g.width()
	arithmetic := g.pick(strings.Fields("add or adc sbb and sub xor cmp mov test"))
	wide := size != "byte" && (size == "dword" || size == "word" && g.bits == 16 || size == "qword")
	switch g.IntN(22) {
	case 0, 1:
		return fmt.Sprintf("%s %s, %s", arithmetic, g.pick(names), g.pick(names))
	case 2, 3:
		return fmt.Sprintf("%s %s, %s", arithmetic, g.pick(names), g.memory())
	case 4:
		return fmt.Sprintf("%s %s, %s", arithmetic, g.memory(), g.pick(names))
	case 5, 6:
		return fmt.Sprintf("%s %s, %s", arithmetic, g.pick(names), g.immediate(wide))
	case 7:
		return fmt.Sprintf("%s %s %s, %s", arithmetic, size, g.memory(), g.immediate(wide))
	case 8:
		return fmt.Sprintf("%s %s %s", g.pick(strings.Fields("inc dec not neg mul div")), size, g.memory())
	case 9:
		return fmt.Sprintf("%s %s, %s", g.pick(strings.Fields("shl shr sar rol rcr")), g.pick(names), g.pick([]string{"1", "cl", "4", "31"}))
	case 10:
		return "push " + g.immediate(g.bits != 64)
	case 11:
		return g.pick([]string{"nop", "ret", "leave", "cdq", "rep movsb", "lodsd", "int 0x80", "cld", "rep stosw", "lock inc dword [" + g.pick(g.regs.addresses) + "]"})
	case 12:
		return fmt.Sprintf("lea %s, %s", g.pick(g.regs.dwordRegs), g.memory())
	case 13:
		return fmt.Sprintf("imul %s, %s, %s", g.pick(g.regs.dwordRegs), g.pick(g.regs.dwordRegs), g.immediate(false))
	case 14:
		return fmt.Sprintf("add %s, strict dword %s", g.pick(g.regs.dwordRegs), g.immediate(true))
	case 15:
		return fmt.Sprintf("loop $ - %d", g.IntN(100))
	}
	return g.jump()
}

func (g *generator) jump() string {
	to := g.anyLabel()
	if g.one(8) {
		to += fmt.Sprintf(" + %d", g.IntN(20)-10)
	}
	switch g.IntN(6) {
	case 0:
		return "call " + to
	case 1:
		return "jmp near " + to
	case 2, 3:
		return "jmp " + to
	}
	return fmt.Sprintf("j%s %s", g.pick(strings.Fields("z nz c ae be g l s np o")), to)
}

func (g *generator) statement() {
	switch g.IntN(24) {
	case 0:
		g.data()
	case 1:
		g.add("	times %d %s", g.IntN(40), g.instructionText())
	case 2:
		g.add("	times %d nop", 100+g.IntN(40))
	case 3:
		g.add("	align %d%s", 1<<g.IntN(6), g.pick([]string{"", "", ", db 0", ", int3", ", db 0x90"}))
	case 4:
		g.equ()
	case 5:
		g.repeat()
	case 6:
		g.condition()
	case 7:
		g.padding()
	case 8:
		g.otherSection()
	case 9:
		if g.one(4) {
			g.mode()
		}
	default:
		g.instruction()
	}
}

func (g *generator) data() {
	var items []string
	for range 1 + g.IntN(5) {
		switch g.IntN(6) {
		case 0:
			items = append(items, "'text'")
		case 1:
			items = append(items, g.anyLabel())
		case 2:
			items = append(items, "$ - $$")
		default:
			items = append(items, g.immediate(true))
		}
	}
	g.add("	%s %s", g.pick(strings.Fields("dd dd dq")), strings.Join(items, ", "))
	if g.one(2) {
		g.add("	db %s, %d dup (%s), %s", g.number(1), g.IntN(5), g.number(2), g.difference())
	}
}

func (g *generator) equ() {
	value := g.number(0)
	switch x, ok := g.knownLabel(); {
	case g.equs > 0 && g.one(2):
		value = fmt.Sprintf("E%d + %s", g.IntN(g.equs), g.number(2))
	case ok && g.one(2):
		value = "$ - " + x
	}
	g.add("E%d	equ %s", g.equs, value)
	g.equs++
}

func (g *generator) repeat() {
	g.add("%%assign i %d", g.IntN(200)-100)
	g.add("%%rep %d", 1+g.IntN(12))
	g.add("	%s", g.instructionText())
	if g.one(2) {
		g.add("	mov %s, i * %d", g.pick(g.regs.dwordRegs), g.IntN(10))
	} else {
		g.add("	dw i & 0xff, $ - $$")
	}
	g.add("%%assign i i + %d", 1+g.IntN(30))
	g.add("%%endrep")
}

// condition makes code depend on a distance that is known above.
func (g *generator) condition() {
	x, ok := g.knownLabel()
	y, _ := g.knownLabel()
	if !ok {
		return
	}
	g.add("%%if %s - %s > %d", x, y, g.IntN(200))
	g.instruction()
	g.add("%%else")
	g.instruction()
	g.add("%%endif")
}

func (g *generator) padding() {
	x, ok := g.knownLabel()
	if !ok {
		return
	}
	g.add("	times (%d - ($ - %s) %% %d) db %d", 64, x, 1+g.IntN(64), g.IntN(256))
}

// otherSection adds something to a section behind the code and comes back.
func (g *generator) otherSection() {
	name := g.pick(strings.Fields(".data .rodata .extra"))
	g.add("	section %s", name)
	g.add("	dd %s, $, $$", g.anyLabel())
	if g.one(2) {
		g.add("	call %s", g.anyLabel())
	}
	g.add("	section .text")
}
