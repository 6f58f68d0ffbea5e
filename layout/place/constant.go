package place

import (
	"math/bits"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/lang"
	"tasm/machine"
)

// Constants. A bridge that changes a register may leave there what the program
// wants to have there soon, or nearly so. Then the instruction that would give
// the register that number is not needed, or a shorter one will do.

// constant is that an item, or a PUSH with the POP behind it, gives a register a
// known number and does nothing else that matters.
type constant struct {
	register int
	value    uint64
	items    int // 1 or 2; 0 of what is no constant
}

// findConstants finds the constants among the items of a block.
func findConstants(items []*item) {
	for i, it := range items {
		if it.before == nil || it.fixed {
			continue
		}
		end, changes := it, it.facts.Changes
		if i+1 < len(items) && it.is("push") && items[i+1].is("pop") && it.before.Below && !it.inMemory() {
			end = items[i+1]
			changes = end.facts.Changes &^ (1 << stackPointer)
		} else if it.facts.Memory {
			continue
		}
		for r := range 16 {
			if changes == 1<<r && r != stackPointer && end.behind.Numbers.Has(r) && end.after.Flags&it.facts.Flags.Changed() == 0 {
				it.constant, it.size = constant{r, end.behind.Number[r], 1}, len(it.way().code)
				if end != it {
					it.constant.items, it.size = 2, it.size+len(end.way().code)
				}
			}
		}
	}
}

// is reports whether an item is an instruction of a name.
func (it *item) is(name string) bool {
	return it.inst != nil && !it.fixed && x86.MnemonicName(it.inst.Mnemonic) == name
}

// inMemory reports whether an item has an operand in memory.
func (it *item) inMemory() bool {
	return slices.ContainsFunc(it.inst.Operands, func(o x86.Operand) bool { return o.Kind == x86.MemoryOperand })
}

// calls reports whether an item calls the kernel.
func (it *item) calls() bool {
	return it.inst != nil && it.inst.Form != nil && (it.inst.Form.Flow() == x86.SystemCall || it.inst.Form.Flow() == x86.Interrupt)
}

// reads are the registers on which what an item does depends.
func (it *item) reads() flow.Set { return it.facts.Reads & it.live.Registers }

// live is what facts say of it.
func (known Facts) live() map[*flow.Block][]flow.Live {
	live := map[*flow.Block][]flow.Live{}
	for b, list := range known {
		for i := range list {
			live[b] = append(live[b], list[i].Live)
		}
	}
	return live
}

// deviation is what registers hold other than what the program has there.
type deviation struct {
	registers flow.Set // that hold something else
	known     flow.Set // one of them, or none, of which it is known what
	content   content
}

// register is the number of the register that is known.
func (s deviation) register() int { return bits.TrailingZeros16(uint16(s.known)) }

// name is its name in a mode.
func (s deviation) name(bits int) string {
	return x86.RegisterName(x86.GeneralRegister(s.register(), bits/8))
}

// holds returns the number that the program has in a register where so many
// items are placed, if that is known.
func (p progress) holds(items []*item, register int) (uint64, bool) {
	for k := min(p.item+8, len(items)) - 1; k > p.item; k-- {
		if p.placed(k) && items[k].facts.Changes.Has(register) {
			return items[k].behind.Number[register], items[k].behind.Numbers.Has(register)
		}
	}
	b := items[p.item].before
	return b.Number[register], b.Numbers.Has(register)
}

// settled returns the item that will give a register a known number before any
// other one has to do with it; -1 if there is none.
func (p progress) settled(items []*item, register int) int {
	for k := p.item; k < min(p.item+window, len(items)); k++ {
		it := items[k]
		if p.placed(k) {
			continue
		}
		if it.fixed || it.inst == nil || it.block != items[p.item].block {
			break
		}
		if it.constant.items > 0 && it.constant.register == register && !p.placed(k+it.constant.items-1) {
			return k
		}
		if (it.facts.Reads | it.facts.Changes).Has(register) {
			break
		}
	}
	return -1
}

// through is what registers hold behind a bridge. It reports false where what
// is needed would be lost.
func (f *file) through(n node, items []*item, b *bridge) (deviation, bool) {
	t := f.space.text
	live, asEntry := n.live(items)
	s := n.deviation
	carry := !asEntry || n.dirty
	if b.flags&live.Flags != 0 || b.carry && carry {
		return s, false
	}
	if t.known == nil {
		return s, b.changes&live.Registers == 0
	}
	for r := range 16 {
		bit := flow.Set(1) << r
		if b.changes&bit == 0 {
			continue
		}
		s.registers |= bit
		if s.known == bit {
			s.known, s.content = 0, 0
		}
		k := -1
		if len(b.links) == 1 && !f.space.sized(b.links[0]) {
			k = n.settled(items, r)
		}
		if k < 0 {
			continue
		}
		content := t.cross(b.code, r, t.contents(n, items, b.reads), carry)
		number, constant := t.number(content)
		if want, known := n.holds(items, r); constant && known && number == want {
			s.registers &^= bit
		} else if (n.deviation.known|s.known)&^bit == 0 && f.gain(b.to, items[k], content) != 0 {
			s.known, s.content = bit, content
		}
	}
	if s.registers&live.Registers&^s.known != 0 {
		return s, false
	}
	s.registers &= items[n.item].later
	return s, true
}

// gain asks what can be made of what a register holds at a position.
type gain struct {
	item    *item // the constant that is to come
	at      int32
	content content
}

// gain is how many bytes fewer a constant takes at best when its register holds
// something, as it is or behind one more bridge from a position on.
func (f *file) gain(at int, it *item, content content) int32 {
	h := gain{it, int32(at), content}
	if saved, known := f.gains[h]; known {
		return saved
	}
	t := f.space.text
	saved := t.saved(it, content)
	r := it.constant.register
	for k := at; k < f.space.tail; k++ {
		for _, b := range f.bridgesFrom(k) {
			if len(b.links) != 1 || !b.changes.Has(r) || f.space.sized(b.links[0]) {
				continue
			}
			var unknown, given contents
			given[r] = content
			if s := t.saved(it, t.cross(b.code, r, given, true)); s > saved && t.saved(it, t.cross(b.code, r, unknown, true)) == 0 {
				saved = s
			}
		}
	}
	f.gains[h] = saved
	return saved
}

// saved is how many bytes fewer a constant takes when its register holds something.
func (t *text) saved(it *item, content content) int32 {
	saved := 0
	if holds, known := t.number(content); known {
		for _, w := range t.ways(it.constant, holds) {
			saved = max(saved, it.size-len(w.code))
		}
	}
	return int32(saved)
}

// keep is what is gained by what a register is known to hold. Where that is nothing it
// is forgotten; ok is false where the register is needed.
func (f *file) keep(n *node, items []*item) (gain int32, ok bool) {
	if n.deviation.known == 0 {
		return 0, true
	}
	if k := n.settled(items, n.deviation.register()); k >= 0 {
		gain = f.gain(n.at, items[k], n.deviation.content)
	}
	if gain != 0 {
		return gain, true
	}
	live, _ := n.live(items)
	lost := n.deviation.known & live.Registers
	n.deviation.known, n.deviation.content = 0, 0
	return 0, lost == 0
}

// stateKey is a point of the way with what is gained there by what a register holds. Of
// nodes that are alike in that one will do.
type stateKey struct {
	at, item, gain int32
	early          early
	done           uint8
	_              uint8
}

// content is what a register holds: the number of a term among those of the text.
// 0 stands for what nobody knows.
type content int32

// contentOf is the content that a term is.
func (t *text) contentOf(x machine.Term) content {
	c, known := t.numbers[x]
	if !known {
		t.contains = append(t.contains, x)
		c = content(len(t.contains))
		t.numbers[x] = c
	}
	return c
}

// number is what a content is as a number, if it is one.
func (t *text) number(c content) (uint64, bool) {
	if c == 0 {
		return 0, false
	}
	return t.contains[c-1].Constant()
}

// contents are what registers hold.
type contents [16]content

// contents are what some registers hold at a node.
func (t *text) contents(n node, items []*item, registers flow.Set) contents {
	var c contents
	for r := range c {
		if !registers.Has(r) || !items[n.item].later.Has(r) {
			continue
		}
		if n.deviation.known.Has(r) {
			c[r] = n.deviation.content
		} else if v, ok := n.holds(items, r); ok && !n.deviation.registers.Has(r) {
			c[r] = t.contentOf(machine.Number(t.graph.Bits, v))
		}
	}
	return c
}

// crossing is code run when registers hold something.
type crossing struct {
	code     string
	contents contents
	register int32 // that is asked for
	carry    bool  // may be set
}

// cross returns what a register holds behind some code.
func (t *text) cross(code string, register int, in contents, carry bool) content {
	key := crossing{code, in, int32(register), carry}
	if content, known := t.crossed[key]; known {
		return content
	}
	bits := t.graph.Bits
	s := machine.NewState(t.terms, bits)
	for r, c := range in {
		if s.Registers[r] = t.terms.Undefined(bits); c != 0 {
			s.Registers[r] = t.contains[c-1]
		}
	}
	for _, flag := range []x86.FlagSet{x86.CF, x86.PF, x86.AF, x86.ZF, x86.SF, x86.OF} {
		s.SetFlag(flag, t.terms.Undefined(1))
	}
	if !carry {
		s.SetFlag(x86.CF, machine.Number(1, 0))
	}
	bytes := append([]byte(code), make([]byte, x86.MaxLength)...)
	for at := 0; at < len(code); {
		var d x86.Decoded
		if !x86.Decode(bits, bytes[at:], 0, &d) || s.Step(&d).Kind != machine.Done {
			s.Registers[register] = t.terms.Undefined(bits)
			break
		}
		at += d.Length
	}
	content := t.contentOf(s.Registers[register])
	t.crossed[key] = content
	return content
}

// place is where a node comes by placing an item in a way that takes n bytes;
// it reports false where the item needs what a register does not hold.
func (n node) place(items []*item, k int, size int) (node, bool) {
	it := items[k]
	if it.reads()&n.deviation.registers != 0 {
		return n, false
	}
	n.at += size
	if it.calls() || it.facts.Reads&n.deviation.registers == 0 {
		n.deviation.drop(it.facts.Replaces, it.facts.Changes)
	} else {
		// What it makes of them is not needed either.
		n.deviation.registers |= it.facts.Changes
		n.deviation.drop(0, it.facts.Changes)
	}
	return n.pass(items, k)
}

// drop forgets registers that are replaced or changed.
func (s *deviation) drop(replaced, changed flow.Set) {
	s.registers &^= replaced
	if s.known &= s.registers &^ changed; s.known == 0 {
		s.content = 0
	}
}

// pass is the node behind an item that is done with. From another block on,
// which may be entered in other ways, nothing is known any more.
func (n node) pass(items []*item, k int) (node, bool) {
	block := items[n.item].block
	n.progress = n.after(k)
	if n.item < len(items) && items[n.item].block != block {
		if n.deviation.registers&items[n.item].live.Registers != 0 {
			return n, false
		}
		n.deviation.known, n.deviation.content = 0, 0
	}
	return n, true
}

// materialise is the node behind a constant that is made in another way.
func (n node) materialise(items []*item, k int, w *way) (node, bool) {
	s := items[k].constant
	bit := flow.Set(1) << s.register
	n.at += len(w.code)
	n.deviation.drop(bit, bit)
	ok := true
	for i := range s.items {
		if i > 0 && !slices.Contains(n.next(items), k+i) {
			return n, false
		}
		if n, ok = n.pass(items, k+i); !ok {
			return n, false
		}
	}
	n.dirty = n.dirty || w.flags&x86.CF != 0
	if w.flags == 0 || n.item == len(items) {
		return n, true
	}
	live, _ := n.live(items)
	return n, live.Flags&w.flags == 0
}

// owes reports whether something that is needed is not as the program has it.
func (n node) owes(items []*item) bool {
	live, _ := n.live(items)
	return n.deviation.registers&live.Registers != 0
}

// materialise lists the ways to give a register the number that item k gives it, from
// what it holds.
func (t *text) materialise(n node, items []*item, k int) []way {
	s := items[k].constant
	if n.deviation.known.Has(s.register) {
		if holds, known := t.number(n.deviation.content); known {
			return t.ways(s, holds)
		}
	} else if !n.deviation.registers.Has(s.register) {
		if holds, known := n.holds(items, s.register); known {
			return t.ways(s, holds)
		}
	}
	return nil
}

// ways lists the ways to make a constant when its register holds a number. One
// takes no bytes where that is the right one.
func (t *text) ways(s constant, holds uint64) []way {
	m := making{s.register, holds, s.value}
	list, known := t.made[m]
	if !known {
		list = t.make(m)
		t.made[m] = list
	}
	return list
}

// making is to make one number of another in a register.
type making struct {
	register int
	from, to uint64
}

// make lists the ways to make one number of another.
func (t *text) make(m making) []way {
	if m.from == m.to {
		return []way{{}}
	}
	var list []way
	bits := t.graph.Bits
	add := func(name string, size int, immediate ...int64) {
		operands := []x86.Operand{{Kind: x86.RegisterOperand, Register: x86.GeneralRegister(m.register, size)}}
		for _, v := range immediate {
			operands = append(operands, x86.Operand{Kind: x86.ImmediateOperand, Value: lang.Number64(v)})
		}
		list = append(list, t.encode(name, operands...)...)
	}
	mask := ^uint64(0) >> (64 - bits)
	if (m.from+1)&mask == m.to {
		add("inc", bits/8)
	}
	if (m.from-1)&mask == m.to {
		add("dec", bits/8)
	}
	if (m.from^m.to)&^0xff == 0 && (bits == 64 || m.register < 4) {
		add("mov", 1, int64(m.to&0xff))
	}
	return list
}
