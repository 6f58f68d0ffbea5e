package synth

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"tasm/codegen/x86"
	"tasm/machine"
)

// The search carries out what package machine has lifted, on values that are known in
// part. This test holds it against package machine on numbers, which is held against real
// processors: on random bytes the search may know less, and must not know anything else.

const (
	testFile    = 0x400000 // where the file lies
	testFileLen = 4096
	testEntrySP = 0x7ff01000 // the stack pointer at entry
)

var tries = flag.Int("tries", 100_000, "random instructions that TestStepAsMachine tries in each mode")

// twin is a state of the search and the same in numbers.
type twin struct {
	bits   int
	words  [stackBelow + stackWords + 1]uint64 // of the stack, from the lowest slot up, and one that the last may reach into
	file   [testFileLen]byte
	random *rand.Rand
}

func (w *twin) value(v val) uint64 {
	n := uint64(v.n())
	switch v.kind() {
	case file:
		n += testFile
	case stack:
		n += testEntrySP
	case word:
		n = w.words[stackBelow+v.n()]
	}
	return n & mask(w.bits/8)
}

func (w *twin) val() val {
	r := w.random
	switch r.IntN(6) {
	case 0:
		return of(file, int64(r.IntN(80)))
	case 1:
		return of(stack, int64(r.IntN(12)-6)*int64(w.bits/8))
	case 2:
		return of(word, int64(r.IntN(stackAbove)))
	case 3:
		return num(uint64(r.IntN(256)), w.bits/8)
	case 4:
		return num(-uint64(r.IntN(256)), w.bits/8)
	}
	return num(r.Uint64(), w.bits/8)
}

// states makes a state of the search and that of the machine.
func (w *twin) states(ip uint64) (state, *machine.State) {
	r, ptr := w.random, w.bits/8
	for i := range w.words {
		w.words[i] = r.Uint64() & mask(ptr)
	}
	s := initial(nil, ptr)
	for i := range s.slot {
		if v := w.val(); v.kind() != word && v.kind() != junk {
			s.slot[i], w.words[i] = v, w.value(v)
		}
	}
	s.known, s.flags = allFlags, x86.FlagSet(r.IntN(int(allFlags)+1))
	m := machine.NewState(machine.NewTerms(), w.bits)
	for i := range w.bits / 4 {
		if i != sp || r.IntN(4) == 0 {
			s.reg[i] = w.val()
		}
		if s.reg[i].kind() == junk {
			s.reg[i] = of(number, 0)
		}
		m.Registers[i] = machine.Number(w.bits, w.value(s.reg[i]))
	}
	flags := uint64(0)
	for at, flag := range testFlags {
		if s.flags&flag != 0 {
			flags |= 1 << at
		}
	}
	m.SetFlags(x86.CF|x86.PF|x86.ZF|x86.SF|x86.OF|x86.AF|x86.DF, machine.Number(64, flags))
	m.IP = machine.Number(w.bits, ip)
	base := machine.Number(w.bits, 0)
	m.Memory.Map(&machine.Segment{Name: "file", Base: base, Low: testFile, High: testFile + testFileLen, Read: true, Execute: true,
		Initial: func(at int64) machine.Byte { return machine.Const(w.file[at-testFile]) }})
	low := testEntrySP - int64(stackBelow*ptr)
	m.Memory.Map(&machine.Segment{Name: "stack", Base: base, Low: low, High: low + int64(len(w.words)*ptr), Read: true, Write: true,
		Initial: func(at int64) machine.Byte {
			k := at - low
			return machine.Const(byte(w.words[k/int64(ptr)] >> (8 * (k % int64(ptr)))))
		}})
	return s, m
}

// testFlags are the flags by their place in EFLAGS.
var testFlags = map[int]x86.FlagSet{0: x86.CF, 2: x86.PF, 4: x86.AF, 6: x86.ZF, 7: x86.SF, 10: x86.DF, 11: x86.OF}

func TestStepAsMachine(t *testing.T) {
	for _, bits := range []int{32, 64} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			w := &twin{bits: bits, random: rand.New(rand.NewPCG(uint64(bits), 1))}
			for i := range w.file {
				w.file[i] = byte(w.random.Uint32())
			}
			c := &cpu{long: bits == 64, ptr: bits / 8, entry: initial(nil, bits/8), far: func() bool { return false },
				isPiece: func(int64) bool { return false },
				readFile: func(at int64, size int) (n uint64, ok bool) {
					if at < 0 || at+int64(size) > testFileLen {
						return 0, false
					}
					for k := size - 1; k >= 0; k-- {
						n = n<<8 | uint64(w.file[at+int64(k)])
					}
					return n, true
				}}
			seen := map[string]int{}
			for n := 0; n < *tries && !t.Failed(); n++ {
				w.step(t, c, seen)
			}
			for name := range catalogue {
				only := map[string]int{"int": 32, "salc": 32, "pusha": 32, "popa": 32, "jecxz": 32, "syscall": 64, "cdqe": 64, "cqo": 64, "jrcxz": 64}[name]
				if seen[name] == 0 && (only == 0 || only == bits) {
					t.Errorf("%s was never tried", name)
				}
			}
		})
	}
}

// step tries one instruction.
func (w *twin) step(t *testing.T, c *cpu, seen map[string]int) {
	const ip = 64
	var code [16]byte
	for i := range code {
		code[i] = byte(w.random.Uint32())
		if w.random.IntN(3) == 0 {
			code[i] = [...]byte{0, 1, 4, 7, 8, 0x0f, 0x20, 0x24, 0x48, 0x80, 0xba, 0xc0, 0xf0, 0xf8, 0xff}[w.random.IntN(15)]
		}
	}
	var in inst
	if decode(c.long, code[:], &in) != complete {
		return
	}
	in.disp = signed(code[in.dispAt:], in.dispSize)
	in.imm = num(uint64(signed(code[in.immAt:], in.immSize)), 8)
	var real x86.Decoded
	if !x86.Decode(w.bits, code[:], testFile+ip, &real) || real.Length != in.length {
		t.Fatalf("% x: %d bytes, not %d", code[:], in.length, real.Length)
	}
	s, m := w.states(testFile + ip)
	before := s
	e, to := c.step(&s, &in, ip)
	if e == stops {
		return
	}
	seen[x86.MnemonicName(real.Form.Mnemonic())]++
	fail := func(format string, args ...any) {
		t.Errorf("%d bits, % x %s, from %v, flags %02x: %s", w.bits, code[:in.length], real.Text(nil), before.reg, before.flags, fmt.Sprintf(format, args...))
	}
	answer := m.Step(&real)
	if want := machine.Done; e == calls && answer.Kind != machine.SystemCall || e != calls && answer.Kind != want {
		fail("the machine answers with %v: %s", answer.Kind, answer.Reason)
		return
	}
	end := ip + in.length
	if e == jumps {
		end = to
	}
	if at, ok := m.IP.Constant(); !ok || at != (testFile+uint64(end))&mask(c.ptr) {
		fail("goes on at %#x, not %#x", testFile+uint64(end), at)
	}
	for r := range c.registers() {
		got, want := s.reg[r], m.Registers[r]
		if n, ok := want.Constant(); got.kind() != junk && (!ok || w.value(got) != n) {
			fail("register %d is %v = %#x, not %#x", r, got, w.value(got), n)
		}
	}
	for at, flag := range testFlags {
		n, ok := m.Flag(flag).Constant()
		if s.known&flag != 0 && (!ok || (n != 0) != (s.flags&flag != 0)) {
			fail("flag %d is %v, not %d", at, s.flags&flag != 0, n)
		}
	}
	for i := range s.slot {
		at := machine.Number(w.bits, uint64(testEntrySP+(i-stackBelow)*c.ptr))
		x, _ := m.Memory.PeekWord(at, c.ptr)
		if n, ok := x.Constant(); s.slot[i].kind() != junk && (!ok || w.value(s.slot[i]) != n) {
			fail("word %d of the stack is %v, not %#x", i-stackBelow, s.slot[i], n)
		}
	}
}
