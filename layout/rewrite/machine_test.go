package rewrite

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/linux"
	"tasm/machine"
)

var tries = flag.Int("tries", 60_000, "random instructions that TestAnalysisAsMachine tries in each mode")

// The analysis knows instructions by what is written here and in package flow. This
// test holds both against package machine, which is held against real processors:
// what they say of an instruction has to hold for each state that it can begin in.

const (
	testCode    = 0x400000
	testEntrySP = 0x7ff01000
)

// trial is an instruction with a state of the analysis and one in numbers.
type trial struct {
	t      *testing.T
	bits   int
	random *rand.Rand
	a      *analysis
	g      *flow.Graph
	in     x86.Decoded
	inst   flow.Inst
	s      state
	values map[int32]uint64 // of the unknowns
	before *machine.State
}

func (x *trial) mask() uint64 { return x.a.t.mask() }

// value makes a value of the analysis and of that a number.
func (x *trial) value(register int) value {
	r := x.random
	if register == sp || r.IntN(8) == 0 {
		v := x.a.t.make(unknownKey{kind: stackStart}, unknown{pointer: true})
		x.values[v.unknown] = testEntrySP
		return x.a.t.add(v, uint64(int64(r.IntN(16)-8)*int64(x.bits/8)))
	}
	if r.IntN(3) == 0 {
		return number(x.word() & x.mask())
	}
	f := unknown{}
	n := x.word()
	switch r.IntN(4) {
	case 0:
		f.zeros = r.Uint64() & r.Uint64() & ^n
	case 1:
		f.zeros = zerosUpTo(n)
	case 2:
		f.few = fewOf(n&x.mask(), r.Uint64N(4))
		f.zeros = ^(f.few.numbers[0] | f.few.numbers[1])
	}
	v := x.a.t.make(unknownKey{joinedAt, 1, register}, f)
	x.values[v.unknown] = n & x.mask()
	if f.few.count == 0 && r.IntN(3) == 0 {
		return x.a.t.add(v, r.Uint64N(40)-20)
	}
	return v
}

func (x *trial) word() uint64 {
	r := x.random
	switch r.IntN(5) {
	case 0:
		return r.Uint64N(64)
	case 1:
		return -r.Uint64N(64)
	case 2:
		return 1 << r.IntN(64)
	}
	return r.Uint64() >> r.IntN(40)
}

// number returns the number that a value is in this trial.
func (x *trial) number(v value) uint64 { return (x.values[v.unknown] + v.offset) & x.mask() }

// memory maps all of it.
func (x *trial) memory(m *machine.State) {
	m.Memory.Map(&machine.Segment{Name: "memory", Base: machine.Number(x.bits, 0), Low: 0, High: 1<<min(x.bits, 47) - 1, Read: true, Write: true,
		Initial: func(at int64) machine.Byte {
			if at >= testEntrySP && at < testEntrySP+int64(x.bits/8) {
				return machine.Const([8]byte{3}[at-testEntrySP]) // argc
			}
			return machine.Const(byte(uint64(at) * 0x9e3779b97f4a7c15 >> 56))
		}})
}

// fits reports whether numbers are what the analysis takes for granted: what was not
// made of the stack pointer is no address there.
func (x *trial) fits() bool {
	for r := range x.bits / 4 {
		if x.a.t.facts(x.s.r[r]).pointer {
			continue
		}
		if n := x.number(x.s.r[r]); n > testEntrySP-1<<20 && n < testEntrySP+1<<20 {
			return false
		}
	}
	return true
}

// begin makes an instruction and a state that the machine carries it out in.
func (x *trial) begin() bool {
	var code [16]byte
	for i := range code {
		code[i] = byte(x.random.Uint32())
		if x.random.IntN(3) == 0 {
			code[i] = [...]byte{0, 1, 4, 7, 8, 0x0f, 0x20, 0x24, 0x48, 0x66, 0x80, 0xba, 0xc0, 0xf0, 0xf7, 0xff}[x.random.IntN(16)]
		}
	}
	if !x86.Decode(x.bits, code[:], testCode, &x.in) || x.in.Form.Flow() != x86.Next || x.in.Form.Privileged() {
		return false
	}
	x.inst = flow.Inst{Instruction: x.in.Instruction, Form: x.in.Form}
	x.a = &analysis{s: &shortener{bits: x.bits, caches: newCaches(), g: x.g}, t: newTable(x.bits), escaped: farAbove}
	x.values = map[int32]uint64{}
	x.s = state{reached: true, forward: true}
	for r := range x.bits / 4 {
		x.s.r[r] = x.value(r)
	}
	if !x.fits() {
		return false
	}
	x.before = machine.NewState(machine.NewTerms(), x.bits)
	x.before.IP = machine.Number(x.bits, testCode)
	for r := range x.bits / 4 {
		x.before.Registers[r] = machine.Number(x.bits, x.number(x.s.r[r]))
	}
	x.before.SetFlags(allTested|x86.DF, machine.Number(64, x.random.Uint64()&0x8d5))
	x.memory(x.before)
	return true
}

const allTested = x86.CF | x86.PF | x86.AF | x86.ZF | x86.SF | x86.OF

// run carries the instruction out from a state, and all rounds of it.
func (x *trial) run(from *machine.State) (*machine.State, bool) {
	m := from.Fork()
	for range 80 {
		if m.Step(&x.in).Kind != machine.Done {
			return nil, false
		}
		if m.IP != from.IP {
			return m, true
		}
	}
	return nil, false
}

func (x *trial) fail(format string, args ...any) {
	regs := ""
	for r := range x.bits / 4 {
		regs += fmt.Sprintf(" %x", x.number(x.s.r[r]))
	}
	x.t.Errorf("%d bits, %s, from%s: %s", x.bits, x.in.Text(nil), regs, fmt.Sprintf(format, args...))
}

func numeral(term machine.Term) (uint64, bool) { return term.Constant() }

func TestAnalysisAsMachine(t *testing.T) {
	for _, bits := range []int{32, 64} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			abi := linux.I386
			if bits == 64 {
				abi = linux.X8664
			}
			x := &trial{t: t, bits: bits, random: rand.New(rand.NewPCG(uint64(bits), 7)), g: &flow.Graph{Bits: bits, ABI: abi}}
			seen := map[string]bool{}
			for n := 0; n < *tries && !t.Failed(); n++ {
				if !x.begin() {
					continue
				}
				after, ok := x.run(x.before)
				if !ok {
					continue
				}
				seen[x86.MnemonicName(x.in.Form.Mnemonic())] = true
				x.facts(after)
				x.effect(after)
				x.evaluated(after)
			}
			if len(seen) < 90 {
				t.Errorf("only %d instructions were tried", len(seen))
			}
		})
	}
}

// facts checks package flow.
func (x *trial) facts(after *machine.State) {
	f := x.g.FactsOf(&x.inst)
	for r := range x.bits / 4 {
		if after.Registers[r] != x.before.Registers[r] && !f.Changes.Has(r) {
			x.fail("flow: register %d changes", r)
		}
	}
	// What is not read does not matter.
	var unread parts
	for r := range x.bits / 4 {
		if !f.Reads.Has(r) {
			unread |= whole(r)
		}
	}
	var changed parts
	for r := range x.bits / 4 {
		if f.Changes.Has(r) {
			changed |= whole(r)
		}
	}
	x.independent("flow", after, unread, changed, f.Flags.Read)
}

// effect checks what is read and written.
func (x *trial) effect(after *machine.State) {
	e := x.a.s.effect(&x.inst)
	if e.odd {
		return
	}
	for r := range x.bits / 4 {
		b, _ := numeral(x.before.Registers[r])
		n, ok := numeral(after.Registers[r])
		if !ok && e.writes.of(r) == 0 {
			x.fail("effect: register %d becomes undefined", r)
		}
		for k, m := range partMasks {
			if ok && (b^n)&m != 0 && e.writes.of(r)>>k&1 == 0 {
				x.fail("effect: part %d of register %d changes", k, r)
			}
		}
	}
	for _, flag := range []x86.FlagSet{x86.CF, x86.PF, x86.ZF, x86.SF, x86.OF} {
		if after.Flag(flag) != x.before.Flag(flag) && e.flagsWritten&flag == 0 {
			x.fail("effect: %s changes", flag)
		}
	}
	x.independent("effect", after, ^e.reads, e.writes, e.flagsRead)
}

var partMasks = [4]uint64{0xFF, 0xFF00, 0xFFFF0000, 0xFFFFFFFF << 32}

// independent carries the instruction out with other numbers in what it does not
// read: what it writes has to be the same.
func (x *trial) independent(who string, after *machine.State, unread, written parts, flagsRead x86.FlagSet) {
	m := x.before.Fork()
	for r := range x.bits / 4 {
		if r == sp {
			continue
		}
		n, _ := numeral(m.Registers[r])
		for k, mask := range partMasks {
			if unread.of(r)>>k&1 != 0 {
				n ^= x.random.Uint64() & mask
			}
		}
		m.Registers[r] = machine.Number(x.bits, n)
	}
	bits := x.random.Uint64() & 0x8d5
	for at, flag := range map[int]x86.FlagSet{0: x86.CF, 2: x86.PF, 4: x86.AF, 6: x86.ZF, 7: x86.SF, 11: x86.OF} {
		if flagsRead&flag == 0 {
			m.SetFlag(flag, machine.Number(1, bits>>at&1))
		}
	}
	other, ok := x.run(m)
	if !ok {
		x.fail("%s: it faults when what it does not read is another", who)
		return
	}
	for r := range x.bits / 4 {
		a, ok1 := numeral(after.Registers[r])
		b, ok2 := numeral(other.Registers[r])
		for k, mask := range partMasks {
			if written.of(r)>>k&1 != 0 && unread.of(r)>>k&1 == 0 && ok1 && ok2 && (a^b)&mask != 0 {
				x.fail("%s: part %d of register %d depends on what it does not read", who, k, r)
			}
		}
	}
}

// evaluated checks the state of the analysis behind the instruction.
func (x *trial) evaluated(after *machine.State) {
	s := x.s
	x.a.step(&s, &x.inst, 5)
	if x.a.unclear {
		return
	}
	got := map[value]uint64{}
	for r := range x.bits / 4 {
		n, ok := numeral(after.Registers[r])
		if !ok {
			continue
		}
		v := s.r[r]
		if other, again := got[v]; again && other != n {
			x.fail("register %d is said to be the same as another: %#x and %#x", r, n, other)
		}
		got[v] = n
		x.known(fmt.Sprintf("register %d", r), v, n)
	}
	x.flags(s.flags, after)
	for _, slot := range s.slots {
		at, known := x.certain(slot.address)
		content, known2 := x.certain(slot.content)
		if word, ok := after.Memory.PeekWord(machine.Number(x.bits, at), x.bits/8); known && known2 && ok {
			if n, ok := word.Constant(); ok && n != content {
				x.fail("the word at %#x is %#x, not %#x", at, n, content)
			}
		}
	}
}

// certain returns the number that a value is, if it is one of the beginning.
func (x *trial) certain(v value) (uint64, bool) {
	_, there := x.values[v.unknown]
	return x.number(v), there || v.unknown == 0
}

// known checks what is known of a value that is the number n.
func (x *trial) known(what string, v value, n uint64) {
	if want, ok := x.certain(v); ok && want != n {
		x.fail("%s is %#x, not %#x", what, n, want)
	}
	f := x.a.t.facts(v)
	if v.unknown < 0 {
		return
	}
	if bad := n & f.zeros; bad != 0 {
		x.fail("%s is %#x, of which bits %#x are said to be 0", what, n, bad)
	}
	if f.few.count > 0 && n != f.few.numbers[0] && n != f.few.numbers[f.few.count-1] {
		x.fail("%s is %#x, and said to be one of %x", what, n, f.few.list())
	}
	if d := x.a.t.signed((n - testEntrySP) & x.mask()); f.pointer && (d < f.low && f.low > farBelow || d > f.high && f.high < farAbove) {
		x.fail("%s is %d bytes from the stack pointer at entry, not from %d to %d", what, d, f.low, f.high)
	}
}

// flags checks what the flags are said to tell.
func (x *trial) flags(f flagFact, after *machine.State) {
	n, known := x.certain(f.v)
	if !known {
		for r := range x.bits / 4 {
			if s, ok := numeral(after.Registers[r]); ok && f.v.unknown > 0 && x.result(r) == f.v {
				n, known = s, true
			}
		}
	}
	if f.kind == flagsUnknown || !known {
		return
	}
	l := limit(f.size)
	compared := uint64(0)
	if f.kind == flagsCompare {
		compared = f.with & l
	}
	difference := (n - compared) & l
	top := l>>1 + 1
	check := func(flag x86.FlagSet, want bool) {
		if v, ok := after.Flag(flag).Constant(); !ok || (v != 0) != want {
			x.fail("%s is not %v, as the flags are said to tell of %#x with %#x", flag, want, n, compared)
		}
	}
	check(x86.ZF, difference == 0)
	check(x86.SF, difference&top != 0)
	switch {
	case f.kind == flagsCompare:
		check(x86.CF, n&l < compared)
		check(x86.OF, (n^compared)&(n^difference)&top != 0)
	case f.carryClear:
		check(x86.CF, false)
	}
	if f.kind == flagsResult && f.overflowClear {
		check(x86.OF, false)
	}
}

// result returns what the analysis says of a register behind the instruction.
func (x *trial) result(r int) value {
	s := x.s
	x.a.step(&s, &x.inst, 5)
	return s.r[r]
}
