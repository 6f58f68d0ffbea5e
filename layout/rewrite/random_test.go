package rewrite

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"tasm/flow"
)

// generator writes random programs that end. They read 64 bytes, compute with
// them in all kinds of ways, and write what the registers and the memory hold
// from time to time.
type generator struct {
	*rand.Rand
	b      strings.Builder
	bits   int
	labels int
	depth  int // of loops, branches and subroutines that surround the place
	pushed int // words on the stack that the place may use
	subs   int // subroutines that may be called from here
	fixed  map[string]bool
}

func (g *generator) f(format string, args ...any) {
	fmt.Fprintf(&g.b, "\t"+format+"\n", args...)
}

func (g *generator) label() string {
	g.labels++
	return "L" + strconv.Itoa(g.labels)
}

func one[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

var families = [][4]string{
	{"al", "ax", "eax", "rax"}, {"bl", "bx", "ebx", "rbx"}, {"cl", "cx", "ecx", "rcx"}, {"dl", "dx", "edx", "rdx"},
	{"sil", "si", "esi", "rsi"}, {"dil", "di", "edi", "rdi"}, {"bpl", "bp", "ebp", "rbp"}, {"r8b", "r8w", "r8d", "r8"}, {"r12b", "r12w", "r12d", "r12"},
}

// reg returns a register of size 2^k bytes that may be changed.
func (g *generator) reg(k int) string {
	for {
		n := 7
		if g.bits == 64 {
			n = 9
		} else if k == 0 {
			n = 4
		}
		f := families[g.IntN(n)]
		if !g.fixed[f[2]] {
			if k == 0 && g.bits == 32 && g.IntN(5) == 0 {
				return f[1][:1] + "h"
			}
			return f[k]
		}
	}
}

func (g *generator) size() int {
	if g.bits == 64 {
		return one(g, 0, 1, 2, 2, 2, 3, 3, 3)
	}
	return one(g, 0, 0, 1, 2, 2, 2, 2)
}

var sizes = []string{"byte", "word", "dword", "qword"}

func (g *generator) number(k int) int64 {
	n := one(g, 0, 1, 2, 3, 4, 5, 8, 10, 15, 16, 60, 127, 128, 129, 255, 256, 1000, 4096, 65535, 0x12345678, -1, -2, -128, -129, g.Int64N(256), g.Int64N(65536))
	switch k {
	case 0:
		return int64(int8(n))
	case 1:
		return int64(int16(n))
	}
	return n
}

// memory returns a place in memory of size 2^k bytes.
func (g *generator) memory(k int) string {
	switch {
	case g.pushed > 0 && g.IntN(4) == 0:
		sp := "esp"
		if g.bits == 64 {
			sp = "rsp"
		}
		return fmt.Sprintf("%s [%s+%d]", sizes[k], sp, g.IntN(g.pushed)*g.bits/8)
	case g.fixed["esi"] && g.IntN(3) == 0:
		return fmt.Sprintf("%s [%s]", sizes[k], families[4][2+g.bits/64])
	}
	return fmt.Sprintf("%s [buffer+%d]", sizes[k], g.IntN(60))
}

func (g *generator) source(k int) string {
	switch g.IntN(5) {
	case 0:
		return g.memory(k)
	case 1, 2:
		return strconv.FormatInt(g.number(k), 10)
	}
	return g.reg(k)
}

// plain writes an instruction that sets no undefined flags that are read.
func (g *generator) plain() {
	k := g.size()
	wide := g.bits/64 + 2
	switch g.IntN(22) {
	case 0, 1, 2, 3:
		if g.IntN(2) == 0 {
			g.f("mov %s, %s", g.reg(2), strconv.FormatInt(int64(uint32(g.number(2))), 10))
			return
		}
		g.f("mov %s, %s", g.reg(k), g.source(k))
	case 4, 5, 6:
		g.f("%s %s, %s", one(g, "add", "sub", "and", "or", "xor"), g.reg(k), g.source(k))
	case 7:
		g.f("%s %s", one(g, "inc", "dec", "not", "neg"), g.reg(k))
	case 8:
		if g.bits == 32 || g.IntN(2) == 0 {
			g.f("movzx %s, byte [buffer+%d]", g.reg(2), g.IntN(60))
		} else {
			g.f("movzx %s, %s", g.reg(3), one(g, "al", "bl", "cx", "r8b"))
		}
	case 9:
		g.f("%s %s, %s", one(g, "movzx", "movsx"), g.reg(2), one(g, "al", "bl", "cl", "dl"))
	case 10:
		g.f("%s %s, %d", one(g, "shl", "shr", "sar", "rol", "ror"), g.reg(k), 1+g.IntN(7))
	case 11:
		g.f("lea %s, [%s+%s*%d+%d]", g.reg(2), g.reg(wide), g.reg(wide), one(g, 1, 2, 4, 8), one(g, 0, 1, -1, 100))
	case 12:
		g.f("lea %s, [%s+%d]", g.reg(wide), g.reg(wide), one(g, 0, 1, -1, 4, 1000))
	case 13:
		g.f("xchg %s, %s", g.reg(2), g.reg(2))
	case 14:
		g.f("imul %s, %s, %d", g.reg(2), g.reg(2), one(g, 1, 2, 3, 4, 8, 10, 64, 100, 1024))
	case 15:
		g.f("mov %s, %s", g.memory(k), one(g, g.reg(k), strconv.FormatInt(g.number(min(k, 2)), 10)))
	case 16:
		r := g.reg(2)
		g.f("xor %s, %s", r, r)
	case 17:
		if !g.fixed["edx"] {
			g.f("cdq")
		}
	case 18:
		g.f("push %s", one(g, g.reg(wide), strconv.FormatInt(g.number(2), 10)))
		g.pushed++
		for range g.IntN(3) {
			g.plain()
		}
		g.f("pop %s", g.reg(wide))
		g.pushed--
	case 19:
		r := g.reg(2)
		g.f("mov %s, %d", r, g.number(2)&0xff)
		g.f("mov %s, %s", g.reg(2), r)
	case 20:
		if !g.fixed["esi"] && !g.fixed["eax"] {
			g.f("mov esi, buffer+%d", g.IntN(50))
			g.fixed["esi"] = true
			for range 1 + g.IntN(3) {
				g.f("%s", one(g, "mov al, [REG]", "mov eax, [REG]", "movzx eax, byte [REG]", "mov ax, [REG]"))
				g.f("%s", one(g, "inc REG", "add REG, 4", "add REG, 1", "add REG, 2"))
				g.plain()
			}
			g.fixed["esi"] = false
		}
	case 21:
		if !g.fixed["edi"] && !g.fixed["eax"] {
			g.f("mov edi, buffer+%d", g.IntN(40))
			g.f("%s", one(g, "mov [RDI], al", "mov [RDI], eax", "mov [RDI], ax"))
			g.f("%s", one(g, "inc RDI", "add RDI, 4", "add RDI, 1"))
		}
	}
}

// setter writes an instruction after which the flags that the conditions it
// returns test are defined.
func (g *generator) setter() []string {
	k := g.size()
	every := []string{"e", "ne", "b", "ae", "be", "a", "s", "ns", "l", "ge", "le", "g", "o", "no", "p", "np"}
	switch g.IntN(6) {
	case 0:
		g.f("%s %s", one(g, "inc", "dec"), g.reg(k))
		return []string{"e", "ne", "s", "ns", "l", "ge", "le", "g", "o"}
	case 1:
		r := g.reg(k)
		g.f("test %s, %s", r, one(g, r, r, strconv.FormatInt(g.number(min(k, 2)), 10)))
	case 2:
		g.f("%s %s, %s", one(g, "add", "sub", "and", "or", "xor"), g.reg(k), g.source(k))
	case 3:
		g.f("cmp %s, %d", g.reg(k), one(g, 0, 0, 1, -1, 5, 100))
	default:
		g.f("cmp %s, %s", g.reg(k), g.source(k))
	}
	return every
}

func (g *generator) quiet() {
	for range g.IntN(2) {
		k := g.size()
		g.f("mov %s, %s", g.reg(k), g.source(k))
	}
}

func (g *generator) show() {
	if g.bits == 32 {
		n := g.IntN(6)
		for i, r := range []string{"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"} {
			if (n == 0 || g.IntN(3) == 0) && !(r == "ebp" && g.fixed[r]) {
				g.f("mov [shown+%d], %s", 4*i, r)
			}
		}
	} else {
		for i, r := range []string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r12"} {
			if g.IntN(3) == 0 && !(r == "rbp" && g.fixed["ebp"]) {
				g.f("mov [shown+%d], %s", 8*i, r)
			}
		}
	}
	save := g.IntN(2) == 0
	regs := []string{"eax", "ebx", "ecx", "edx"}
	if g.bits == 64 {
		regs = []string{"rax", "rdi", "rsi", "rdx", "rcx", "r11"}
	}
	for r := range g.fixed {
		if g.fixed[r] {
			save = true
		}
	}
	if save {
		for _, r := range regs {
			g.f("push %s", r)
		}
	}
	g.f("sys write, 1, shown, 72")
	if g.IntN(2) == 0 {
		g.f("sys write, 1, buffer, 72")
	}
	if save {
		for i := range regs {
			g.f("pop %s", regs[len(regs)-1-i])
		}
	} else {
		// What the kernel leaves there differs between processors.
		if g.bits == 64 {
			g.f("xor ecx, ecx")
		}
	}
}

func (g *generator) body(n int) {
	for range n {
		switch r := g.IntN(30); {
		case r < 20 || g.depth > 2:
			g.plain()
		case r < 22:
			conds := g.setter()
			g.quiet()
			to := g.label()
			g.f("j%s %s", one(g, conds...), to)
			g.depth++
			g.body(g.IntN(5))
			if g.IntN(2) == 0 {
				end := g.label()
				g.f("jmp %s", end)
				g.b.WriteString(to + ":\n")
				g.body(g.IntN(5))
				to = end
			}
			g.depth--
			g.b.WriteString(to + ":\n")
		case r < 23:
			conds := g.setter()
			g.quiet()
			g.f("set%s %s", one(g, conds...), g.reg(0))
		case r < 24:
			conds := g.setter()
			g.f("cmov%s %s, %s", one(g, conds...), g.reg(2), g.reg(2))
		case r < 26:
			if g.fixed["ecx"] {
				continue
			}
			g.f("mov ecx, %d", 1+g.IntN(3))
			to := g.label()
			g.b.WriteString(to + ":\n")
			g.fixed["ecx"] = true
			g.depth++
			g.body(1 + g.IntN(5))
			g.depth--
			g.fixed["ecx"] = false
			g.f("%s", one(g, "dec ecx", "sub ecx, 1"))
			g.f("jnz %s", to)
		case r < 27:
			g.show()
		case r < 29 && g.subs > 0:
			saved := g.fixed["ecx"]
			if saved {
				g.f("push %s", families[2][g.bits/64+2])
			}
			g.f("call sub%d", g.IntN(g.subs))
			if saved {
				g.f("pop %s", families[2][g.bits/64+2])
			}
		default:
			g.setter()
			k := g.size()
			g.f("%s %s, %s", one(g, "adc", "sbb"), g.reg(k), g.source(k))
		}
	}
}

// subroutine writes the inside of a subroutine, with registers saved and a stack
// frame now and then.
func (g *generator) subroutine() {
	wide := g.bits/64 + 2
	bp, sp := families[6][wide], families[6][wide][:1]+"sp"
	frame := g.IntN(3) == 0
	if frame {
		g.f("push %s", bp)
		g.f("mov %s, %s", bp, sp)
		g.fixed["ebp"] = true // an address of the stack, which nothing must show
		g.subs = 0
	}
	var saved []string
	for range g.IntN(3) {
		saved = append(saved, g.reg(wide))
		g.f("push %s", saved[len(saved)-1])
	}
	g.body(1 + g.IntN(6))
	for i := range saved {
		if frame && i == len(saved)-1 && g.IntN(2) == 0 {
			continue
		}
		g.f("pop %s", saved[len(saved)-1-i])
	}
	if frame {
		g.f("mov %s, %s", sp, bp)
		g.f("pop %s", bp)
		g.fixed["ebp"] = false
	}
	g.f("ret")
}

func randomProgram(seed uint64, bits int) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), bits: bits, fixed: map[string]bool{}}
	target := "386"
	if bits == 64 {
		target = "amd64"
	}
	fmt.Fprintf(&g.b, "target linux/%s\nentry main\nsection .bss\nbuffer: resb 128\nshown: resb 80\nsection .text\n", target)
	g.b.WriteString("main:\n")
	g.body(g.IntN(4))
	g.f("sys read, 0, buffer, 64")
	if bits == 64 {
		g.f("xor ecx, ecx")
	}
	g.subs = 3
	g.body(3 + g.IntN(12))
	g.show()
	g.f("sys write, 1, shown, 72")
	g.f("sys write, 1, buffer, 72")
	g.f("sys exit, %d", g.IntN(3))
	for i := range 3 {
		// A subroutine calls only those before it.
		g.subs, g.depth = i, 1
		fmt.Fprintf(&g.b, "sub%d:\n", i)
		g.subroutine()
	}
	si, di := "esi", "edi"
	if bits == 64 {
		si, di = "rsi", "rdi"
	}
	return strings.NewReplacer("REG", si, "RDI", di).Replace(g.b.String())
}

// randomChoices writes a program that decides by what it reads what it writes and
// with which status it ends.
func randomChoices(seed uint64, bits int) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 9)), bits: bits, fixed: map[string]bool{}}
	target, wide := "386", 2
	if bits == 64 {
		target, wide = "amd64", 3
	}
	fmt.Fprintf(&g.b, "target linux/%s\nentry main\nsection .bss\nbuffer: resb 128\nsection .data\ntext: db '0123456789'\nsection .text\nmain:\n", target)
	g.f("sys read, 0, buffer, 64")
	number := func() int { return one(g, 0, 0, 1, 1, 1, 2, 3, 4, 7) }
	r := one(g, families[0], families[1], families[5], families[6])[wide]
	for range 1 + g.IntN(3) {
		negative, other := g.label(), g.label()
		if g.IntN(2) == 0 {
			g.f("sys write, 1, text, %d", number())
		}
		if r[len(r)-2:] == "ax" && g.IntN(2) == 0 {
			g.f("mov %s, [buffer+%d]", r, g.IntN(48))
		} else {
			g.f("mov %s, %d", r, number())
			g.f("sub %s, [buffer+%d]", r, g.IntN(48))
		}
		if g.IntN(4) != 0 {
			g.f("%s", one(g, fmt.Sprintf("test %s, %s", r, r), fmt.Sprintf("cmp %s, 0", r)))
		}
		if g.IntN(2) == 0 {
			g.f("j%s %s", one(g, "z", "nz", "le", "g", "s", "be", "c"), other)
		}
		g.f("j%s %s", one(g, "s", "s", "ns", "l", "ge", "z", "le", "g", "nz"), one(g, negative, negative, other))
		kind := g.IntN(8)
		way := func() {
			switch cmp.Or(kind/2, g.IntN(4)) {
			case 0:
				g.f("sys write, 1, text, %d", number())
			case 1:
				g.f("sys write, %d, text, 1", number())
			default:
				g.f("sys exit, %d", number())
			}
		}
		way()
		g.b.WriteString(negative + ":\n")
		way()
		g.b.WriteString(other + ":\n")
		way()
	}
	g.f("sys exit, 0")
	return g.b.String()
}

// TestRandomPrograms runs random programs as they are and shortened, on the
// processor and with several inputs.
func TestRandomPrograms(t *testing.T) {
	// Each of these found a mistake once.
	checkRandom(t, randomProgram, Shorten, 25, 1746, 1872, 5118, 200149)
}

// TestRandomChoices does the same for programs that decide.
func TestRandomChoices(t *testing.T) { checkRandom(t, randomChoices, Shorten, 6) }

func checkRandom(t *testing.T, random func(seed uint64, bits int) string, shorten func(*flow.Graph, Options) (*flow.Graph, []Change), n int, seeds ...uint64) {
	t.Helper()
	start := uint64(0)
	if s := os.Getenv("REWRITE_SEEDS"); s != "" {
		fmt.Sscanf(s, "%d-%d", &start, &n)
	}
	for i := range uint64(n) {
		seeds = append(seeds, start+i)
	}
	before, after, untouched := 0, 0, 0
	used := map[string]int{}
	for _, seed := range seeds {
		for _, bits := range []int{32, 64} {
			source := random(seed, bits)
			g := graph(t, source)
			if len(g.Doubts) != 0 {
				t.Fatalf("seed %d: %v\n%s", seed, g.Doubts, source)
			}
			short, changes := shorten(g, quick)
			if len(changes) == 0 {
				untouched++
			}
			for _, c := range changes {
				used[c.Rule]++
			}
			x, y := layOut(t, g), layOut(t, short)
			before += x.code
			after += y.code
			if y.code > x.code {
				t.Errorf("seed %d, %d bits: %d bytes of code became %d", seed, bits, x.code, y.code)
			}
			for input := range 2 {
				r := rand.New(rand.NewPCG(seed, uint64(input)))
				stdin := make([]byte, 64)
				for i := range stdin {
					stdin[i] = one(&generator{Rand: r}, 0, 1, 127, 128, 255, byte(r.Uint32()))
				}
				want, got := run(t, x.file, string(stdin)), run(t, y.file, string(stdin))
				if want != got {
					t.Errorf("seed %d, %d bits, input %d: %q became %q", seed, bits, input, want, got)
					if s := os.Getenv("REWRITE_SEEDS"); s != "" {
						t.Logf("%s\n%s\n%s", source, listing(g), listing(short))
						for _, c := range changes {
							t.Log(c.Text, c.Saved)
						}
					}
					break
				}
			}
		}
	}
	t.Logf("%d bytes of code became %d; %d programs stayed as they were; %v", before, after, untouched, used)
	if untouched*5 > n {
		t.Error("too many programs stayed as they were")
	}
}
