package place

import (
	"math"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/lang"
	"tasm/linux"
)

// Early pushes. A number that a register is to be given later can be pushed
// where there is room for that among the headers. Then a POP, which is short,
// gives it to the register.

// early are the constants, by index + 1, whose numbers lie on the stack; the last
// one's lies on top.
type early [maxEarly]int16

// top is the constant whose number lies on top; -1 if there is none.
func (e early) top() int {
	for _, k := range slices.Backward(e[:]) {
		if k > 0 {
			return int(k) - 1
		}
	}
	return -1
}

func (e early) has(k int) bool { return slices.Contains(e[:], int16(k+1)) }

// push adds a constant. Numbers are popped in the order of the constants, so it
// has to come before the others; ok is false where it does not.
func (e early) push(k int) (more early, ok bool) {
	if top := e.top(); top >= 0 && k >= top || k+1 > math.MaxInt16 {
		return e, false
	}
	if i := slices.Index(e[:], 0); i >= 0 {
		e[i] = int16(k + 1)
		return e, true
	}
	return e, false
}

// pop takes away the one on top.
func (e early) pop() early {
	for i := range slices.Backward(e[:]) {
		if e[i] > 0 {
			e[i] = 0
			break
		}
	}
	return e
}

// onStack reports whether an item has to do with the stack or with memory.
func (it *item) onStack() bool {
	return it.inst != nil && (it.facts.Memory || (it.facts.Reads | it.facts.Changes).Has(stackPointer))
}

// pushed is by how many words an item moves the stack down.
func (it *item) pushed() int {
	switch {
	case it.is("push"):
		return 1
	case it.is("pop"):
		return -1
	}
	return 0
}

// depth is how many words lie on the stack more than at the beginning of the
// block.
func (p progress) depth(items []*item) int {
	d := items[p.item].depth
	for k := p.item + 1; k < min(p.item+8, len(items)); k++ {
		if p.placed(k) {
			d += items[k].pushed()
		}
	}
	return d
}

// candidates lists the constants whose numbers may be pushed here.
func (t *text) candidates(n node, items []*item) []int {
	if t.known == nil || n.early[maxEarly-1] != 0 || n.onStackAhead(items) {
		return nil
	}
	var list []int
	block := items[n.item].block
	for k := n.item; k < len(items) && items[k].block == block && len(list) < maxAhead; k++ {
		it := items[k]
		if n.early.top() == k {
			break // what comes behind would have to be popped before
		}
		if it.constant.items > 0 && it.size > len(t.popped(it.constant).code) && !n.placed(k) && !n.placed(k+it.constant.items-1) && t.quiet(n.progress, items, k) {
			list = append(list, k)
		}
	}
	return list
}

// onStackAhead reports whether something that has to do with the stack was
// placed before others that come first.
func (p progress) onStackAhead(items []*item) bool {
	for k := p.item + 1; k < min(p.item+8, len(items)); k++ {
		if p.placed(k) && items[k].onStack() {
			return true
		}
	}
	return false
}

// quiet reports whether it makes no difference to what comes in front of item k
// that one word more lies on the stack: nothing looks at the words above, nor at
// memory below the stack pointer.
func (t *text) quiet(p progress, items []*item, k int) bool {
	w := word{text: t}
	for j := p.item; j < k; j++ {
		if !p.placed(j) && !w.unseen(items[j]) {
			return false
		}
	}
	return items[k].before.Below && w.depth == 0 && w.points&items[k].live.Registers == 0
}

// word is one that lies on the stack while items run that know nothing of it.
type word struct {
	text     *text
	depth    int      // words that were pushed since
	points   flow.Set // registers that point below it
	pointers [16]int  // how far below, in words
}

// unseen reports whether an item neither looks at the word nor can tell that it is there.
func (w *word) unseen(it *item) bool {
	switch {
	case !it.before.Below:
		return false
	case it.calls():
		if w.points != 0 && !w.text.within(it, w.points, &w.pointers) {
			return false
		}
	case it.fixed:
		return false
	case it.is("push") || it.is("pop"):
		if w.depth += it.pushed(); w.depth < 0 || it.inMemory() || it.is("push") && it.facts.Reads&w.points != 0 || w.text.isStackPointer(&it.inst.Operands[0]) {
			return false
		}
	case it.facts.Reads.Has(stackPointer):
		return w.point(it)
	case it.facts.Changes.Has(stackPointer) || it.reads()&w.points != 0 || it.facts.Memory && w.points != 0:
		return false
	}
	w.points &^= it.facts.Replaces
	return it.facts.Changes&w.points&^(1<<w.text.result()) == 0
}

// point notes that an item makes registers point where the stack pointer does; it is
// false where the item does something else with that.
func (w *word) point(it *item) bool {
	if !it.copiesStackPointer() {
		return false
	}
	for r := range w.pointers {
		if it.facts.Changes.Has(r) {
			w.points |= 1 << r
			w.pointers[r] = w.depth
		}
	}
	return true
}

// isStackPointer reports whether an operand is the stack pointer.
func (t *text) isStackPointer(o *x86.Operand) bool {
	return o.Kind == x86.RegisterOperand && x86.Widest(o.Register) == x86.GeneralRegister(stackPointer, t.graph.Bits/8)
}

// copiesStackPointer reports whether an item gives another register what the stack
// pointer holds, and does nothing else.
func (it *item) copiesStackPointer() bool {
	return it.is("mov") && !it.facts.Memory && it.facts.Replaces == it.facts.Changes && !it.facts.Changes.Has(stackPointer)
}

// result is the register in which the kernel answers.
func (t *text) result() int {
	return int(x86.RegisterInfo(x86.LookupRegister(t.graph.ABI.Result)).Number)
}

// within reports whether a system call looks at no more than the words between
// what registers point at and the word that is not to be looked at.
func (t *text) within(it *item, points flow.Set, pointers *[16]int) bool {
	abi := t.graph.ABI
	register := func(name string) int { return int(x86.RegisterInfo(x86.LookupRegister(name)).Number) }
	number := register(abi.Number)
	if !it.before.Numbers.Has(number) || points.Has(number) {
		return false
	}
	call, known := linux.ByNumber(abi, int(uint32(it.before.Number[number])))
	if !known || call.Result == linux.Jump || call.Result == linux.Twice {
		return false
	}
	for i, a := range call.Args(abi) {
		r := register(abi.Args[i])
		if !points.Has(r) || a.Kind == linux.Unused {
			continue
		}
		n, known := a.Length.Bytes(abi, func(arg int, deref bool) (uint64, bool) {
			q := register(abi.Args[arg])
			return it.before.Number[q], !deref && it.before.Numbers.Has(q)
		})
		if !a.Kind.Memory() || a.Indirect || a.Length == nil || !known || n > uint64(pointers[r]*abi.PointerSize) {
			return false
		}
	}
	return true
}

// pushes lists the ways to push the number of a constant.
func (t *text) pushes(n node, items []*item, k int) []way {
	bits := t.graph.Bits
	v := items[k].constant.value
	var list []way
	for r := range bits / 4 {
		holds, known := n.holds(items, r)
		if n.deviation.known.Has(r) {
			holds, known = t.number(n.deviation.content)
		} else if n.deviation.registers.Has(r) || !items[n.item].later.Has(r) {
			known = false
		}
		if known && holds == v && r != stackPointer {
			list = append(list, t.encode("push", x86.Operand{Kind: x86.RegisterOperand, Register: x86.GeneralRegister(r, bits/8)})...)
		}
	}
	signed := int64(v)
	if bits == 32 {
		signed = int64(int32(v))
	}
	if signed >= math.MinInt8 && signed <= math.MaxInt8 {
		list = append(list, t.encode("push", x86.Operand{Kind: x86.ImmediateOperand, Value: lang.Number64(signed)})...)
	}
	return list
}

// popped is how a constant comes about whose number lies on the stack.
func (t *text) popped(s constant) *way {
	w, known := t.pops[s.register]
	if !known {
		w = t.encode("pop", x86.Operand{Kind: x86.RegisterOperand, Register: x86.GeneralRegister(s.register, t.graph.Bits/8)})
		t.pops[s.register] = w
	}
	return &w[0]
}

// encode lists the shortest encoding of an instruction, if it has one.
func (t *text) encode(name string, operands ...x86.Operand) []way {
	in := x86.Instruction{Mnemonic: x86.LookupMnemonic(name), Bits: t.graph.Bits, Operands: operands}
	var e x86.Encoding
	if x86.Encode(&in, &e) != nil {
		return nil
	}
	return []way{{code: slices.Clone(e.Code()), flags: e.Form.Flags().Changed()}}
}

// lengths are how many bytes the items from each one on take, and none.
func lengths(items []*item) []int {
	list := make([]int, len(items)+1)
	for k := len(items) - 1; k >= 0; k-- {
		list[k] = list[k+1] + len(items[k].way().code)
	}
	return list
}

// leastLengths are how many bytes the items from each one on take at least, and none: a
// constant may come about by the way.
func leastLengths(items []*item) []int {
	list := make([]int, len(items)+1)
	constants := 0 // items that belong to the last constant
	for k, it := range items {
		if constants = max(constants-1, it.constant.items); constants == 0 {
			list[k] = len(it.ways[0].code)
		}
	}
	for k := len(items) - 1; k >= 0; k-- {
		list[k] += list[k+1]
	}
	return list
}

// ownBytes are how many bytes of its own the code has in every layout: of a constant none,
// since a bridge may leave it in its register, nor of a jump that another order of the blocks
// may save; of other instructions those of the shortest encoding that hold something.
func ownBytes(items []*item) int {
	size, constants := 0, 0 // items that belong to the last constant
	for _, it := range items {
		if constants = max(constants-1, it.constant.items); constants > 0 || it.inst == nil {
			continue
		}
		least := math.MaxInt
		for _, w := range it.ways {
			least = min(least, len(w.code)-w.dontCare)
		}
		size += least
	}
	return size
}

// unplaced is how many bytes the items that are not placed take, given how many those
// from each one on take.
func (p progress) unplaced(items []*item, lengths []int) int {
	size := lengths[p.item]
	for k := p.item + 1; p.done>>(k-p.item) != 0; k++ {
		if p.placed(k) {
			size -= lengths[k] - lengths[k+1]
		}
	}
	return size
}

// length is how many bytes the items that are not placed take.
func (n node) length(t *text, items []*item, lengths []int) int {
	size := n.unplaced(items, lengths)
	for _, k := range n.early {
		if k > 0 {
			size -= items[k-1].size - len(t.popped(items[k-1].constant).code)
		}
	}
	return size
}
