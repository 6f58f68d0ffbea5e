package rewrite

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// Rules about memory, the stack and loops.

// stringOps turns a load of the accumulator from [si] and a step of si into LODS, and
// a store to [di] and a step of di into STOS.
func stringOps(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	op, pointer, accumulator, memory := "lods", si, at(in, 0), at(in, 1)
	if accumulator.memory() {
		op, pointer, accumulator, memory = "stos", di, memory, accumulator
	}
	extends := name(in) == "movzx"
	x, isReg := accumulator.register()
	if name(in) != "mov" && !extends || !isReg || x.number != ax || x.high || !plain(in) || !memory.memory() || !c.s.forward {
		return 0, nil
	}
	a := memory.address(c.bits())
	if !a.plain || a.base != pointer || a.index >= 0 || a.disp != 0 || !a.ref.IsZero() {
		return 0, nil
	}
	size := x.size
	if extends {
		size = memory.Size
	}
	j := c.step(i, pointer, size)
	if j < 0 {
		return 0, nil
	}
	m := c.make(i)
	var code []flow.Inst
	if rest := c.zeros(ax) | ^masks(c.needed(i, ax)) | limit(size) | ^c.a.t.mask(); extends && rest != all {
		if !c.dead(i, arithmeticFlags) {
			return 0, nil
		}
		code = m.one("xor", reg(ax, 4), reg(ax, 4))
	}
	letter := map[int]string{1: "b", 2: "w", 4: "d", 8: "q"}[size]
	code = append(code, m.one(op+letter)...)
	return j - i + 1, append(code, c.code[i+1:j]...)
}

// step finds, behind instruction i, the one that adds size to pointer register
// r, where nothing between looks at r or at the flags that it sets. It is -1
// where there is none.
func (c *cursor) step(i, r, size int) int {
	for j := i + 1; j < len(c.code); j++ {
		in := &c.code[j]
		if isSystemCall(in) || in.Target != nil {
			return -1
		}
		x, isReg := at(in, 0).register()
		n, isNumber := at(in, 1).number()
		if isReg && plain(in) && x.number == r && x.size*8 == c.bits() &&
			(name(in) == "inc" && size == 1 || name(in) == "add" && isNumber && n == int64(size)) {
			if c.dead(j, arithmeticFlags) {
				return j
			}
			return -1
		}
		e := c.effect(in)
		if (e.reads|e.writes).of(r) != 0 || e.odd || e.flow != x86.Next {
			return -1
		}
	}
	return -1
}

// loops turns DEC ecx and JNZ to the same block into LOOP, which has a short
// reach only: a block that is its own target is near enough.
func loops(c *cursor, i int) (int, []flow.Inst) {
	if i+2 != len(c.code) {
		return 0, nil
	}
	in, next := &c.code[i], &c.code[i+1]
	x, ok := at(in, 0).register()
	if name(in) != "dec" || !ok || x.number != cx || x.size*8 != c.bits() || next.Target != c.b || c.b.Next == nil || sizeOf(c.code) > maxLoop {
		return 0, nil
	}
	if cond, ok := conditionOf(next); !ok || cond != x86.IfEqual|1 {
		return 0, nil
	}
	if (c.l.in[c.b].flags|c.l.in[c.b.Next].flags)&arithmeticFlags != 0 {
		return 0, nil
	}
	l := *next
	l.Mnemonic = x86.LookupMnemonic("loop")
	l.Form = x86.Forms(l.Mnemonic)[0]
	l.Operands = slices.Clone(next.Operands)
	return 2, []flow.Inst{l}
}

// countZero turns TEST and JZ into JECXZ, where ecx holds what is tested. It has a
// short reach only.
func countZero(c *cursor, i int) (int, []flow.Inst) {
	if i+2 != len(c.code) || c.b.Next == nil {
		return 0, nil
	}
	in, next := &c.code[i], &c.code[i+1]
	x, ok1 := at(in, 0).register()
	y, ok2 := at(in, 1).register()
	if name(in) != "test" || !ok1 || !ok2 || x != y || c.s.r[x.number] != c.s.r[cx] || x.high || !plain(in) || next.Target == nil {
		return 0, nil
	}
	full := x.size*8 == c.bits() || x.size == 4 && c.a.t.facts(c.s.r[cx]).zeros|limit(4) == all
	if cond, ok := conditionOf(next); !ok || cond != x86.IfEqual || !full || c.sh.total() > maxReach {
		return 0, nil
	}
	if (c.l.in[next.Target].flags|c.l.in[c.b.Next].flags)&arithmeticFlags != 0 {
		return 0, nil
	}
	j := *next
	j.Mnemonic = x86.LookupMnemonic(map[int]string{32: "jecxz", 64: "jrcxz"}[c.bits()])
	j.Form = x86.Forms(j.Mnemonic)[0]
	j.Operands = slices.Clone(next.Operands)
	return 2, []flow.Inst{j}
}

// stackBytes drops words from the stack by POP.
func stackBytes(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, ok := at(in, 0).register()
	n, isNumber := at(in, 1).number()
	word := c.bits() / 8
	if name(in) != "add" || !ok || x.number != sp || x.size != word || !isNumber || !c.dead(i, arithmeticFlags) || !plain(in) {
		return 0, nil
	}
	if n != int64(word) && n != 2*int64(word) || !c.a.t.facts(c.s.r[sp]).pointer {
		return 0, nil
	}
	for r := range 8 {
		if r != sp && c.needed(i, r) == 0 {
			code := c.make(i).one("pop", reg(r, word))
			if n > int64(word) {
				code = append(code, code...)
			}
			return 1, code
		}
	}
	return 0, nil
}
