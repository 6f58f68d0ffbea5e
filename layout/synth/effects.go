package synth

import "slices"

// effects tries the instructions that lead to something useful and fit into the
// open bytes.
func (t *task) effects(room int) {
	c, s, u := t.goal.cpu, t.s, &t.missing
	if c.long {
		t.offer(0x0f, 0x05)
	} else {
		t.offer(0xcd, 0x80)
	}
	t.stackEffects(u)
	count := 8
	if c.long {
		count = 11
	}
	for r := range count {
		if r == sp {
			continue
		}
		t.registerEffects(byte(r), u)
	}
	if room >= 2 {
		for a := range count {
			for b := range count {
				if a != sp && b != sp && a != b {
					t.pairEffects(byte(a), byte(b), u)
				}
			}
		}
		for _, target := range t.targets {
			if t.open(target) {
				t.jump(target)
			}
		}
	}
	if len(t.goal.idle) > 0 {
		t.products(count)
	}
	// What follows from eax alone.
	if v := s.reg[ax]; v.kind() == number && s.reg[dx] != of(number, 0) && v.n()>>31&1 == 0 {
		t.offer(0x99)
	}
}

// products offers multiplications by a number that is decided later: now they give
// 0, but the program may come by again.
func (t *task) products(count int) {
	if t.room < 3 || t.prefix != nil {
		return
	}
	for r := range count {
		for f := range count {
			if r == sp || f == sp || t.s.reg[f] != of(number, 0) || !t.goal.varies(t.k, r) || !t.goal.varies(t.k, f) {
				continue
			}
			code := append(t.rex(false, byte(r), byte(f)), 0x6b, 0xc0|byte(r&7)<<3|byte(f&7), 0)
			var in inst
			if decode(t.goal.cpu.long, code, &in) == complete && in.length <= t.room {
				t.consider(code, 1<<in.immAt, -1, &in)
			}
		}
	}
}

// rex returns the REX prefix for registers in the fields reg and rm; empty where
// none is needed.
func (t *task) rex(wide bool, reg, rm byte) []byte {
	p := byte(0x40)
	if wide {
		p |= 8
	}
	p |= reg >> 3 << 2
	p |= rm >> 3
	if p == 0x40 {
		return nil
	}
	return []byte{p}
}

// modrm offers an instruction with two registers.
func (t *task) modrm(opcode, reg, rm byte, more ...byte) {
	code := append(t.rex(false, reg, rm), opcode, 0xc0|reg&7<<3|rm&7)
	t.offer(append(code, more...)...)
}

// withReg offers an instruction with a register in its opcode.
func (t *task) withReg(opcode, reg byte, more ...byte) {
	code := append(t.rex(false, 0, reg), opcode|reg&7)
	t.offer(append(code, more...)...)
}

// stackEffects tries pushes and pops, and loads from the stack.
func (t *task) stackEffects(u *useful) {
	top := t.s.reg[sp]
	if top.kind() != stack {
		return
	}
	t.pushAndPop(u, top)
	for _, v := range u.worthMaking() {
		t.pushValue(v)
	}
	// Words of the stack that a call wants, or that were kept there.
	for _, v := range u.values[:u.wanted] {
		if v.kind() == word {
			t.loadWord(v.n()*int64(t.goal.cpu.ptr)-top.n(), v)
		}
	}
}

// pushAndPop tries to push and pop registers.
func (t *task) pushAndPop(u *useful, top val) {
	c, s := t.goal.cpu, t.s
	i, _ := slotAt(top.n(), c.ptr)
	deeper := false
	for d := range 8 {
		v, ok := s.load(i + d)
		if ok && d > 0 && u.has(v) {
			deeper = true
		}
	}
	v, ok := s.load(i)
	worth := ok && (u.has(v) || deeper || t.goal.crowded(s, t.k))
	var pushed [8]val
	for r := range byte(8) {
		if worth && r != sp && s.reg[r] != v {
			t.withReg(0x58, r)
		}
		if x := s.reg[r]; slices.Contains(u.worthMaking(), x) && !slices.Contains(pushed[:r], x) {
			pushed[r] = x
			t.withReg(0x50, r)
		}
	}
	if c.long && worth {
		for r := byte(8); r < 11; r++ {
			t.withReg(0x58, r)
		}
	}
	if !c.long {
		t.offer(0x60)
		if top.n() <= -32 {
			t.offer(0x61)
		}
	}
}

// pushValue offers to push a value that is no register's.
func (t *task) pushValue(v val) {
	long := t.goal.cpu.long
	switch n := v.n(); {
	case v.kind() == file && !long:
		t.address(0x68, v)
	case v.kind() == piece:
		if n >= 0 {
			t.pushPiece(v)
		}
	case v.kind() != number:
	case n >= -128 && n < 128 || !long && n >= 1<<32-128:
		t.offer(0x6a, byte(n))
	default:
		t.offer(append([]byte{0x68}, little(n, 4)...)...)
	}
}

// loadWord offers to load v, which lies d bytes above the stack pointer.
func (t *task) loadWord(d int64, v val) {
	if d < 0 || d > 127 {
		return
	}
	for r := range byte(8) {
		if r == sp || t.s.reg[r] == v {
			continue
		}
		wide := []byte{}
		if t.goal.cpu.long {
			wide = []byte{0x48}
		}
		if d == 0 {
			t.offer(append(wide, 0x8b, r<<3|4, 0x24)...)
		} else {
			t.offer(append(wide, 0x8b, 0x44|r<<3, 0x24, byte(d))...)
		}
	}
}

// pushPiece offers to push a piece of a blob that lies in the file.
func (t *task) pushPiece(v val) {
	for r, x := range t.s.reg[:8] {
		if d := v.n() - x.n(); x.kind() == file && r != sp && d >= -128 && d <= 127 {
			t.offer(0xff, 0x70|byte(r), byte(d))
		}
	}
	const length = 6
	t.offer(append([]byte{0xff, 0x35}, little(v.n()-int64(t.ip+len(t.prefix)+length), 4)...)...)
}

// address offers an instruction whose immediate is an address in the file.
func (t *task) address(opcode byte, v val) {
	if t.dyn {
		return
	}
	var in inst
	code := append(slices.Clone(t.prefix), opcode)
	if decode(t.goal.cpu.long, code, &in) != complete || in.length > t.room {
		return
	}
	in.imm = v
	t.consider(code, 0, int(v.n()), &in)
}

// registerEffects tries the instructions on one register.
func (t *task) registerEffects(r byte, u *useful) {
	c, s := t.goal.cpu, t.s
	cur := s.reg[r]
	if cur.kind() == number || cur.kind() == file {
		for digit, d := range [...]int64{1, -1} {
			after := plus(cur, d)
			if cur.kind() == number {
				after = num(uint64(after.n()), 4)
			}
			if u.has(after) {
				t.increment(r, byte(digit))
			}
		}
	}
	if r < 8 && r != ax && (u.has(cur) || u.has(s.reg[ax])) && cur != s.reg[ax] {
		t.withReg(0x90, r)
		if c.long {
			t.offer(0x48, 0x90|r)
		}
	}
	for _, v := range u.worthMaking() {
		if v == cur {
			continue
		}
		t.setRegister(r, v)
		if v.kind() == number && v.n() != 0 && t.goal.asks(t.k, r, v) {
			t.computed(r, v)
		}
	}
	t.clearRegister(r, u)
	if cur.kind() == number && r < 8 {
		t.changeNumber(r, uint64(cur.n()), u)
	}
}

// setRegister offers to put a value into a register by MOV or LEA.
func (t *task) setRegister(r byte, v val) {
	cur := t.s.reg[r]
	isNumber := cur.kind() == number
	n := cur.n()
	switch {
	case v.kind() == number && isNumber && uint64(n^v.n())>>8 == 0:
		if r == ax || t.goal.asks(t.k, r, v) {
			t.lowByte(r, byte(v.n()))
		}
	case v.kind() == number && isNumber && uint64(n^v.n())&^0xff00 == 0 && r < 4:
		t.offer(0xb4|r, byte(v.n()>>8))
	case v.kind() == file && cur.kind() == file && (n^v.n())>>8 == 0:
		t.lowByte(r, byte(v.n()))
	case v.kind() == file:
		t.address(0xb8|r&7, v)
		if t.goal.cpu.long && r < 8 {
			t.relative(r, v)
		}
	case v.kind() == number && (!isNumber || v.n()>>8 != 0):
		if v.n()>>32 == 0 {
			t.withReg(0xb8, r, little(v.n(), 4)...)
		}
	}
}

// clearRegister offers XOR of a register with itself, and MUL, which clears ax and dx
// where one of the factors is zero.
func (t *task) clearRegister(r byte, u *useful) {
	s, nothing := t.s, of(number, 0)
	if cur := s.reg[r]; cur != nothing {
		t.modrm(0x31, r, r)
		if !t.goal.cpu.long && u.has(nothing) && r != ax && s.reg[ax] == nothing {
			t.offer(0xf7, 0xe0|r)
		}
	} else if s.reg[ax] != cur || s.reg[dx] != cur {
		t.offer(0xf7, 0xe0|r)
	}
}

// changeNumber offers to shift a number by one bit, to negate and to invert it.
func (t *task) changeNumber(r byte, n uint64, u *useful) {
	if n != 0 {
		if u.has(num(n<<1, 4)) {
			t.offer(0xd1, 0xe0|r)
		}
		if u.has(num(n>>1, 4)) {
			t.offer(0xd1, 0xe8|r)
		}
		if u.has(num(-n, 4)) {
			t.offer(0xf7, 0xd8|r)
		}
	}
	if u.has(num(^n, 4)) {
		t.offer(0xf7, 0xd0|r)
	}
}

// relative offers lea with an address relative to the instruction.
func (t *task) relative(r byte, v val) {
	if t.far() {
		d := v.n() - int64(t.ip) - 7
		t.offer(append([]byte{0x48, 0x8d, r<<3 | 5}, little(d, 4)...)...)
		return
	}
	d := v.n() - int64(t.ip) - 6
	t.offer(append([]byte{0x8d, r<<3 | 5}, little(d, 4)...)...)
}

// computed offers ways to make a number from one in another register, 3 bytes
// long.
func (t *task) computed(r byte, v val) {
	var seen [8]val
	for b := range byte(8) {
		x := t.s.reg[b]
		if x.kind() != number && b != r || b == sp || slices.Contains(seen[:b], x) {
			continue
		}
		seen[b] = x
		if d := v.n() - x.n(); x.kind() == number && d >= -128 && d <= 127 && t.s.reg[r] != v {
			if b == bp || d != 0 {
				t.offer(0x8d, 0x40|r&7<<3|b, byte(d))
			}
		}
	}
}

// increment offers inc or dec.
func (t *task) increment(r, digit byte) {
	if t.goal.cpu.long {
		t.offer(append(t.rex(false, 0, r), 0xff, 0xc0|digit<<3|r&7)...)
		return
	}
	t.offer(0x40 | digit<<3 | r)
}

// lowByte offers mov into the low byte of a register.
func (t *task) lowByte(r, v byte) {
	switch {
	case r < 4:
		t.offer(0xb0|r, v)
	case t.goal.cpu.long:
		t.offer(0x40|r>>3, 0xb0|r&7, v)
	default:
		// esi, edi and ebp have no byte of their own.
		t.offer(0x83, 0xf0|r, byte(t.s.reg[r].n())^v)
	}
}

func (t *task) far() bool { return t.goal.cpu.far() }

// pairEffects tries the instructions on two registers.
func (t *task) pairEffects(a, b byte, u *useful) {
	s := t.s
	x, y := s.reg[a], s.reg[b]
	if x == y {
		return
	}
	if u.has(y) {
		if t.goal.cpu.long && y.kind() != number && (y.kind() != file || t.far()) {
			t.offer(append(t.rex(true, b, a), 0x89, 0xc0|b&7<<3|a&7)...)
		} else {
			t.modrm(0x89, b, a)
		}
		if u.has(x) && a < b && a != ax {
			t.modrm(0x87, b, a)
		}
	}
	if x.kind() != number || y.kind() != number {
		return
	}
	m, n := uint64(x.n()), uint64(y.n())
	for i, z := range [...]uint64{m + n, m - n, m | n, m ^ n, m & n} {
		if r := num(z, 4); r != x && r != y && u.has(r) {
			t.modrm([...]byte{0x01, 0x29, 0x09, 0x31, 0x21}[i], b, a)
		}
	}
	if (m^n)>>8 != 0 && a < 4 && b < 4 {
		if r := num(m&^0xff|n&0xff, 8); u.has(r) && r != x {
			t.modrm(0x88, b, a)
		}
	}
}
