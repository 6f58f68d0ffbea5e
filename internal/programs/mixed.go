package programs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Mixed returns the source of a random program for a target that reads up to 40 bytes
// and makes of them what all integer instructions can, in all sizes: with flags that
// live across blocks, high bytes, memory at addresses in registers, jump tables, calls
// by pointers, string instructions, a child process, and reads of which nobody looks how
// they went. It writes what it has computed from time to time. What processors leave
// undefined and where it lies, it does not show.
func Mixed(r *rand.Rand, target string) string {
	m := &mixer{generator: generator{r: r, wide: target == "linux/amd64"}}
	m.line("target %s", target)
	m.line("entry _start")
	m.line("section .text")
	m.line("_start:")
	if r.IntN(3) > 0 {
		m.read()
	}
	for range 2 + r.IntN(5) {
		if r.IntN(2) == 0 {
			m.line("mov %s, %d", m.pick(2), m.number())
		} else {
			m.line("mov %s, [input + %d]", m.pick(2), r.IntN(36))
		}
	}
	for range 2 + r.IntN(10) {
		m.part(2)
	}
	m.write()
	m.exit()
	for i := 0; i < m.routines; i++ {
		m.line("routine%d:", i)
		for range 1 + r.IntN(3) {
			m.operation()
		}
		m.line("ret")
	}
	m.line("section .rodata")
	m.line("bytes: db 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3")
	m.line("section .data")
	m.line("words: dd 7, -1, 300, %d, 0, 1, 65536, 12", m.number())
	for i, list := range m.tables {
		m.line("table%d: %s %s", i, map[bool]string{true: "dq", false: "dd"}[m.wide], strings.Join(list, ", "))
	}
	m.line("section .bss")
	m.line("input: resb 48")
	m.line("out: resb 128")
	m.line("pointer: resb 8")
	return m.text.String()
}

// mixer writes a program of Mixed.
type mixer struct {
	generator
	tables [][]string
	kept   []string // registers that must stay as they are, in 32 bits
	pushed int      // words on the stack that may be looked at
	inside bool     // a routine or a child: no more of these
}

// names of the general registers by size: 1, 2, 4 and 8 bytes.
var names = [][4]string{
	{"al", "ax", "eax", "rax"}, {"cl", "cx", "ecx", "rcx"}, {"dl", "dx", "edx", "rdx"}, {"bl", "bx", "ebx", "rbx"},
	{"sil", "si", "esi", "rsi"}, {"dil", "di", "edi", "rdi"}, {"bpl", "bp", "ebp", "rbp"},
	{"r8b", "r8w", "r8d", "r8"}, {"r9b", "r9w", "r9d", "r9"}, {"r10b", "r10w", "r10d", "r10"}, {"r12b", "r12w", "r12d", "r12"}, {"r13b", "r13w", "r13d", "r13"}, {"r15b", "r15w", "r15d", "r15"},
}

func (m *mixer) of(list ...string) string { return list[m.r.IntN(len(list))] }

// word is the size of a register that holds an address, as pick counts.
func (m *mixer) word() int {
	if m.wide {
		return 3
	}
	return 2
}

// size chooses a size.
func (m *mixer) size() int { return m.r.IntN(m.word() + 1) }

// pick chooses a register of 1<<size bytes that may change.
func (m *mixer) pick(size int) string {
	for {
		n := 7
		if m.wide {
			n = len(names)
		} else if size == 0 {
			n = 4
		}
		x := names[m.r.IntN(n)]
		if slices.Contains(m.kept, x[2]) {
			continue
		}
		if size == 0 && m.r.IntN(4) == 0 && slices.Contains([]string{"al", "cl", "dl", "bl"}, x[0]) {
			return x[0][:1] + "h"
		}
		return x[size]
	}
}

// high reports whether an operand is a high byte, which goes with no REX prefix.
func high(x string) bool { return len(x) == 2 && x[1] == 'h' }

// pair chooses two operands that go together, the second perhaps in memory or a
// number.
func (m *mixer) pair(size int) (a, b string) {
	a, b = m.pick(size), m.source(size)
	if m.wide && (high(a) || high(b)) {
		a, b = m.of("al", "bl"), m.of("ah", "ch", "3", "dl")
		for slices.Contains(m.kept, "e"+a[:1]+"x") {
			a = m.of("al", "bl", "cl", "dl")
		}
	}
	return a, b
}

var widths = []string{"byte", "word", "dword", "qword"}

// memory chooses a place in memory of 1<<size bytes.
func (m *mixer) memory(size int) string {
	if m.pushed > 0 && m.r.IntN(4) == 0 {
		return fmt.Sprintf("%s [%s + %d]", widths[size], m.full("esp"), m.r.IntN(m.pushed)*(4<<(m.word()-2)))
	}
	return fmt.Sprintf("%s [%s + %d]", widths[size], m.of("input", "words", "words", "out"), m.r.IntN(24))
}

// source chooses what is read.
func (m *mixer) source(size int) string {
	switch m.r.IntN(4) {
	case 0:
		return m.memory(size)
	case 1:
		n := m.number()
		if size < 2 {
			n = int64(int8(n))
		}
		return fmt.Sprint(n)
	}
	return m.pick(size)
}

// neutral writes instructions that leave the flags alone.
func (m *mixer) neutral() {
	size := m.size()
	switch m.r.IntN(8) {
	case 0, 1:
		a, b := m.pair(size)
		m.line("mov %s, %s", a, b)
	case 2:
		m.line("mov %s, %s", m.memory(2), m.pick(2))
	case 3:
		m.line("lea %s, [%s + %s*%d + %d]", m.pick(2), names[m.r.IntN(4)][m.word()], names[m.r.IntN(4)][m.word()], 1<<m.r.IntN(4), m.r.IntN(300)-150)
	case 4:
		m.line("%s %s, %s", m.of("movzx", "movsx"), m.pick(2), m.of("al", "cl", "dl", "bl", "ax", "dx", "byte [bytes + 5]", "word [words + 2]"))
	case 5:
		m.line("push %s", m.of(m.pick(m.word()), fmt.Sprint(m.number())))
		m.pushed++
		if m.r.IntN(2) == 0 {
			m.line("mov %s, %s", m.pick(2), m.memory(2))
		}
		m.pushed--
		m.line("pop %s", m.pick(m.word()))
	case 6:
		m.line("xchg %s, %s", m.pick(2), m.of(m.pick(2), m.memory(2)))
	default:
		m.line("not %s", m.pick(size))
	}
}

// setter writes an instruction behind which all flags that conditions ask for are
// defined, and returns such conditions.
func (m *mixer) setter() string {
	size := m.size()
	a, b := m.pair(size)
	switch m.r.IntN(6) {
	case 0:
		m.line("test %s, %s", a, a)
	case 1:
		m.line("neg %s", m.pick(size))
	case 2:
		m.line("%s %s", m.of("inc", "dec"), m.pick(size))
		return m.of("e", "ne", "s", "ns", "l", "ge", "le", "g", "o", "no", "p")
	case 3:
		m.line("%s %s, %s", m.of("cmp", "sub", "add"), m.memory(size), m.of("1", "-1", "100"))
	default:
		m.line("%s %s, %s", m.of("cmp", "cmp", "add", "sub", "and", "or", "xor"), a, b)
	}
	return m.of("e", "ne", "b", "ae", "be", "a", "s", "ns", "l", "ge", "le", "g", "o", "no", "p", "np")
}

// asked sets flags, does something else, perhaps in another block, and returns a
// condition.
func (m *mixer) asked() string {
	c := m.setter()
	for range m.r.IntN(3) {
		m.neutral()
	}
	if m.r.IntN(4) == 0 {
		l := m.label()
		m.line("jmp %s", l)
		m.line("%s:", l)
	}
	return c
}

// operation writes an instruction, or a few that belong together.
func (m *mixer) operation() {
	size := m.size()
	a, b := m.pair(size)
	wide := max(2, size)
	free := func(list ...string) bool {
		return !slices.ContainsFunc(list, func(x string) bool { return slices.Contains(m.kept, x) })
	}
	switch n := m.r.IntN(26); {
	case n < 5:
		m.neutral()
	case n < 8:
		m.line("%s %s, %s", m.of("add", "sub", "and", "or", "xor"), a, b)
	case n == 8:
		c := m.asked()
		m.line("set%s %s", c, m.of(m.pick(0), "byte [out + 3]"))
	case n == 9:
		c := m.asked()
		m.line("cmov%s %s, %s", c, m.pick(wide), m.of(m.pick(wide), m.memory(wide)))
	case n == 10:
		m.line("%s %s, %s", m.of("cmp", "add", "sub"), a, b)
		for range m.r.IntN(3) {
			m.neutral()
		}
		a, b := m.pair(size)
		m.line("%s %s, %s", m.of("adc", "sbb"), a, b)
	case n == 11:
		m.line("%s %s, %s", m.of("cmp", "add", "neg "+m.pick(size)+"\nsub"), a, b)
		m.line("%s %s, %d", m.of("rcl", "rcr"), m.pick(size), 1+m.r.IntN(7))
	case n == 12:
		m.line("%s %s, %d", m.of("shl", "shr", "sar", "rol", "ror"), m.of(m.pick(size), m.memory(size)), 1+m.r.IntN(7))
	case n == 13 && free("ecx"):
		m.line("and ecx, %d", 7)
		m.kept = append(m.kept, "ecx")
		m.line("%s %s, cl", m.of("shl", "shr", "sar", "rol", "ror"), m.pick(wide))
		m.kept = m.kept[:len(m.kept)-1]
	case n == 14:
		m.line("%s %s, %s, %d", m.of("shld", "shrd"), m.pick(wide), m.pick(wide), 1+m.r.IntN(30))
	case n == 15:
		m.line("imul %s, %s, %d", m.pick(wide), m.pick(wide), m.r.IntN(300)-100)
	case n == 16 && free("eax", "edx"):
		m.line("%s %s", m.of("mul", "imul"), m.of(names[m.r.IntN(7)][wide], m.memory(size)))
	case n == 17 && free("eax", "edx", "ecx"):
		m.line("mov ecx, %s", m.of("10", "60", "7", "1000", "3"))
		if m.r.IntN(2) == 0 {
			m.line("xor edx, edx")
			m.line("%s ecx", m.of("div", "idiv"))
		} else {
			m.line("cdq")
			m.line("idiv ecx")
		}
	case n == 18:
		m.line("%s %s, %d", m.of("bt", "bts", "btr", "btc"), m.pick(wide), m.r.IntN(32))
		c := m.of("c", "nc")
		m.line("set%s %s", c, m.pick(0))
	case n == 19:
		x := m.pick(wide)
		m.line("or %s, %d", x, 1<<m.r.IntN(20))
		m.line("%s %s, %s", m.of("bsf", "bsr"), m.pick(wide), x)
	case n == 20:
		m.line("%s", m.of("bswap "+m.pick(wide), "xadd "+m.pick(wide)+", "+m.pick(wide), "xadd "+m.memory(wide)+", "+m.pick(wide)))
	case n == 21 && free("eax"):
		m.line("%s %s, %s", "cmpxchg", m.of(m.pick(wide), m.memory(wide)), m.pick(wide))
		if m.r.IntN(2) == 0 {
			m.line("set%s %s", m.of("e", "ne"), m.pick(0))
		}
	case n == 22 && free("eax", "edx"):
		m.line("%s", m.of("cbw", "cwde", "cwd", "cdq", map[bool]string{true: "cdqe", false: "cwde"}[m.wide], map[bool]string{true: "cqo", false: "cdq"}[m.wide]))
	case n == 23 && free("eax"):
		m.line("cmp %s, %d", m.pick(2), m.r.IntN(9))
		m.line("lahf")
	case n == 24:
		m.line("and %s, 7", m.pick(2))
		i := names[m.r.IntN(4)]
		m.line("and %s, 7", i[2])
		if !slices.Contains(m.kept, i[2]) {
			m.line("mov %s, [words + %s*4]", m.pick(2), i[m.word()])
		}
	default:
		m.strings()
	}
}

// strings writes string instructions, and takes their addresses away.
func (m *mixer) strings() {
	if len(m.kept) > 0 {
		return
	}
	si, di := m.full("esi"), m.full("edi")
	m.line("mov %s, input + %d", si, m.r.IntN(8))
	m.line("mov %s, out + %d", di, m.r.IntN(8))
	switch m.r.IntN(4) {
	case 0:
		m.line("mov ecx, %d", m.r.IntN(6))
		m.line("rep %s", m.of("movsb", "movsd", "stosb", "stosd"))
	case 1:
		m.line("mov al, %d", m.r.IntN(256))
		m.line("mov ecx, 12")
		m.line("%s scasb", m.of("repne", "repe"))
		m.line("mov ebx, ecx")
	case 2:
		for range 1 + m.r.IntN(3) {
			m.line("lodsb")
			m.line("%s al, %d", m.of("add", "xor", "sub"), m.r.IntN(256))
			m.line("stosb")
		}
	case 3:
		m.line("mov ecx, 9")
		m.line("repe cmpsb")
		m.line("set%s bl", m.of("e", "b", "a"))
	}
	m.line("mov esi, %d", m.r.IntN(300))
	m.line("mov edi, %d", m.r.IntN(300))
}

// part writes something of several instructions.
func (m *mixer) part(depth int) {
	n := m.r.IntN(20)
	if depth == 0 || len(m.kept) > 0 && n > 12 {
		n = 0
	}
	switch {
	case n < 9:
		for range 1 + m.r.IntN(4) {
			m.operation()
		}
	case n < 12:
		skip := m.label()
		c := m.asked()
		m.line("j%s %s", c, skip)
		m.part(depth - 1)
		if m.r.IntN(2) == 0 {
			end := m.label()
			m.line("jmp %s", end)
			m.line("%s:", skip)
			m.part(depth - 1)
			skip = end
		}
		m.line("%s:", skip)
	case n == 12:
		if len(m.kept) > 0 {
			return
		}
		again, counter := m.label(), m.of("ecx", "ebx", "ebp")
		m.line("mov %s, %d", counter, 1+m.r.IntN(4))
		m.line("%s:", again)
		m.kept = append(m.kept, counter)
		m.part(depth - 1)
		m.kept = m.kept[:0]
		if counter == "ecx" && m.r.IntN(2) == 0 {
			out := m.label()
			m.line("jecxz %s", out)
			m.line("dec ecx")
			m.line("jmp %s", again)
			m.line("%s:", out)
		} else {
			m.line("%s", m.of("dec "+counter, "sub "+counter+", 1"))
			m.line("jnz %s", again)
		}
	case n == 13:
		m.line("call routine%d", m.routines)
		m.routines++
	case n == 14:
		m.switching(depth)
	case n == 15:
		m.pointer()
	case n == 16 && !m.inside:
		m.child()
	case n == 17:
		m.read()
		m.write()
	default:
		m.write()
	}
}

// switching jumps through a table.
func (m *mixer) switching(depth int) {
	count, table, end := 2+m.r.IntN(3), len(m.tables), m.label()
	m.tables = append(m.tables, nil)
	m.line("mov eax, %s", m.of("[input + 1]", "ebx", "edx", "[words + 8]"))
	m.line("and eax, 3")
	m.line("cmp eax, %d", count)
	m.line("jae %s", end)
	m.line("jmp [table%d + %s*%d]", table, m.full("eax"), 4<<(m.word()-2))
	var list []string
	for range count {
		l := m.label()
		list = append(list, l)
		m.line("%s:", l)
		m.part(depth - 1)
		if m.r.IntN(3) > 0 {
			m.line("jmp %s", end)
		}
	}
	m.line("%s:", end)
	m.tables[table] = list
}

// pointer calls one of two routines by a pointer, which nothing else reads.
func (m *mixer) pointer() {
	other := m.label()
	width := widths[m.word()]
	m.line("mov %s [pointer], routine%d", width, m.routines)
	c := m.of("e", "ne", "s", "b")
	m.line("cmp byte [input + %d], %d", m.r.IntN(40), m.r.IntN(256))
	m.line("j%s %s", c, other)
	m.line("mov %s [pointer], routine%d", width, m.routines+1)
	m.line("%s:", other)
	m.line("call [pointer]")
	m.routines += 2
}

// child makes a process that does something and ends, and waits for it.
func (m *mixer) child() {
	m.inside = true
	parent := m.label()
	m.line("sys fork")
	m.line("test eax, eax")
	m.line("jnz %s", parent)
	m.settle()
	m.part(0)
	m.write()
	m.exit()
	m.line("%s:", parent)
	m.line("sys wait4, -1, out + 96, 0, 0")
	m.settle()
	m.inside = false
}

// read reads what there is, and does not look how that went.
func (m *mixer) read() {
	m.line("sys read, 0, input, 40")
	if m.r.IntN(2) == 0 {
		if m.wide {
			m.line("mov edx, eax")
			m.line("mov eax, 1")
			m.line("mov edi, 1")
			m.line("mov rsi, input")
			m.line("syscall")
		} else {
			m.line("sys write, 1, input, eax")
		}
	}
	m.settle()
}

// settle gives the registers that a call or its arguments have changed other values.
func (m *mixer) settle() {
	list := []string{"eax", "ebx", "ecx", "edx", "esi"}
	if m.wide {
		list = []string{"eax", "ecx", "edx", "esi", "edi", "r10d", "r11d"}
	}
	for _, x := range list {
		if x == "r11d" || !slices.Contains(m.kept, x) {
			m.line("mov %s, %d", x, m.number())
		}
	}
}

// write writes what some registers and the memory hold.
func (m *mixer) write() {
	for range 1 + m.r.IntN(5) {
		x := names[m.r.IntN(7)]
		m.line("mov [out + %d], %s", 8*m.r.IntN(12), x[m.word()])
	}
	kept := slices.Clone(m.kept)
	for _, x := range kept {
		m.line("push %s", m.full(x))
	}
	m.line("sys write, 1, out, %d", 1+m.r.IntN(96))
	slices.Reverse(kept)
	for _, x := range kept {
		m.line("pop %s", m.full(x))
	}
	m.settle()
}
