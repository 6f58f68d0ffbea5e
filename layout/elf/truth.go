package elf

import "math/bits"

// view is what is known of a file, as a constraint sees it: with the ELF header
// and one of the program headers in place.
type view struct {
	class  Class
	limits *Limits
	size   int64 // of the file
	header int64 // offset of the program header
	// One of these is set: a finished file, or the knowledge about one.
	file  []byte
	model *Model
}

// bit names a bit of a file whose value is not known: 8 times its byte's offset
// plus its number there, or that of another bit which has the same value.
type bit int32

// known stands for a bit whose value is known.
const known bit = -1

// place returns where a field lies in the file, in bits.
func (v *view) place(id FieldID) (start int64, width int) {
	offset, size := Fields[id].At(v.class)
	if Fields[id].Header == ProgramHeader {
		return (v.header + int64(offset)) * 8, size * 8
	}
	return int64(offset) * 8, size * 8
}

// at returns the value of the bit at a position, or which unknown bit it is.
func (v *view) at(position int64) (bit, uint8) {
	if v.model != nil {
		return v.model.at(bit(position))
	}
	if i := position / 8; i < int64(len(v.file)) {
		return known, v.file[i] >> (position % 8) & 1
	}
	return known, 0
}

// word is a field of which the bits under mask are known.
type word struct {
	mask, value uint64
	width       int
}

func (v *view) word(id FieldID) word {
	start, width := v.place(id)
	w := word{width: width}
	first, n := start/8, int64(width/8)
	if v.model != nil {
		for i := n - 1; i >= 0; i-- {
			w.mask = w.mask<<8 | uint64(v.model.known[first+i])
			w.value = w.value<<8 | uint64(v.model.value[first+i])
		}
		return w
	}
	w.mask = w.full()
	for i := n - 1; i >= 0; i-- {
		w.value <<= 8
		if k := first + i; k < int64(len(v.file)) {
			w.value |= uint64(v.file[k])
		}
	}
	return w
}

// full is the mask of all bits of the word.
func (w word) full() uint64 { return ^uint64(0) >> (64 - w.width) }

// matches says whether the word has value under mask. Bits beyond the word are
// zero.
func (w word) matches(mask, value uint64) truth {
	mask, beyond := mask&w.full(), value&mask&^w.full()
	switch {
	case beyond != 0 || (w.value^value)&mask&w.mask != 0:
		return broken
	case mask&^w.mask != 0:
		return unknown
	}
	return holds
}

// set makes the bits of a field under mask those of value.
func (v *view) set(id FieldID, mask, value uint64) bool {
	start, width := v.place(id)
	if width < 64 && value&mask>>width != 0 {
		return false
	}
	w := v.word(id)
	if (w.value^value)&mask&w.mask != 0 {
		return false
	}
	for left := mask &^ w.mask & w.full(); left != 0; left &= left - 1 {
		i := bits.TrailingZeros64(left)
		if !v.model.set(bit(start)+bit(i), uint8(value>>i&1)) {
			return false
		}
	}
	return true
}

// firstUnknown returns the lowest unknown bit of a field under mask.
func (v *view) firstUnknown(id FieldID, mask uint64) (bit, bool) {
	w := v.word(id)
	left := mask &^ w.mask & w.full()
	if left == 0 {
		return known, false
	}
	start, _ := v.place(id)
	b, _ := v.at(start + int64(bits.TrailingZeros64(left)))
	return b, true
}

func (c Is) truth(v *view) truth { return v.word(c.Field).matches(everyBit, c.Value) }
func (c Is) assert(v *view) bool { return v.set(c.Field, everyBit, c.Value) }
func (c Is) pick(v *view) (bit, uint8) {
	return Masked{c.Field, everyBit, c.Value}.pick(v)
}

func (c Masked) truth(v *view) truth { return v.word(c.Field).matches(c.Mask, c.Value) }
func (c Masked) assert(v *view) bool { return v.set(c.Field, c.Mask, c.Value) }
func (c Masked) pick(v *view) (bit, uint8) {
	b, _ := v.firstUnknown(c.Field, c.Mask)
	start, _ := v.place(c.Field)
	for i := range 64 {
		if c.Mask>>i&1 != 0 {
			if x, _ := v.at(start + int64(i)); x == b {
				return b, uint8(c.Value >> i & 1)
			}
		}
	}
	return b, 0
}

func (c OneOf) truth(v *view) truth {
	w := v.word(c.Field)
	best := broken
	for _, value := range c.Values {
		switch w.matches(everyBit, value) {
		case holds:
			return holds
		case unknown:
			best = unknown
		}
	}
	return best
}

// assert makes those bits known that all values still possible agree in.
func (c OneOf) assert(v *view) bool {
	w := v.word(c.Field)
	ones, zeros, some := everyBit, everyBit, false
	for _, value := range c.Values {
		if w.matches(everyBit, value) != broken {
			ones, zeros, some = ones&value, zeros&^value, true
		}
	}
	return some && v.set(c.Field, (ones|zeros)&w.full(), ones)
}

func (c OneOf) pick(v *view) (bit, uint8) {
	w := v.word(c.Field)
	for _, value := range c.Values {
		if w.matches(everyBit, value) != broken {
			return Is{c.Field, value}.pick(v)
		}
	}
	return v.someBit(c.Field)
}

func (v *view) someBit(id FieldID) (bit, uint8) {
	b, _ := v.firstUnknown(id, everyBit)
	return b, 0
}

func (c NoneOf) truth(v *view) truth {
	w := v.word(c.Field)
	result := holds
	for _, value := range c.Values {
		switch w.matches(everyBit, value) {
		case holds:
			return broken
		case unknown:
			result = unknown
		}
	}
	return result
}

func (c NoneOf) assert(*view) bool { return true }

func (c NoneOf) pick(v *view) (bit, uint8) {
	w := v.word(c.Field)
	for _, value := range c.Values {
		if w.matches(everyBit, value) == unknown {
			b, like := Is{c.Field, value}.pick(v)
			return b, 1 - like
		}
	}
	return v.someBit(c.Field)
}

func (c AnyBit) truth(v *view) truth {
	w := v.word(c.Field)
	switch {
	case w.value&c.Mask != 0:
		return holds
	case c.Mask&^w.mask&w.full() != 0:
		return unknown
	}
	return broken
}

func (c AnyBit) assert(v *view) bool {
	w := v.word(c.Field)
	candidates := c.Mask &^ w.mask & w.full()
	switch {
	case w.value&c.Mask != 0:
		return true
	case bits.OnesCount64(candidates) == 1:
		return v.set(c.Field, candidates, candidates)
	}
	return candidates != 0
}

func (c AnyBit) pick(v *view) (bit, uint8) {
	b, _ := v.firstUnknown(c.Field, c.Mask)
	return b, 1
}

// compare judges whether the bits low to high of two fields are the same.
func (v *view) compare(x, y FieldID, low, high int) truth {
	startX, width := v.place(x)
	startY, _ := v.place(y)
	result := holds
	for i := low; i < min(width, high); i++ {
		bx, vx := v.at(startX + int64(i))
		by, vy := v.at(startY + int64(i))
		switch {
		case bx != by:
			result = unknown
		case bx == known && vx != vy:
			return broken
		}
	}
	return result
}

// unite makes the bits low to high of two fields the same.
func (v *view) unite(x, y FieldID, low, high int) bool {
	startX, width := v.place(x)
	startY, _ := v.place(y)
	for i := low; i < min(width, high); i++ {
		if !v.model.unite(bit(startX)+bit(i), bit(startY)+bit(i)) {
			return false
		}
	}
	return true
}

// pickDifferent returns a bit in which two fields may differ, and the value
// that makes them equal, if there is one.
func (v *view) pickDifferent(x, y FieldID, low, high int) (bit, uint8) {
	startX, width := v.place(x)
	startY, _ := v.place(y)
	for i := low; i < min(width, high); i++ {
		bx, vx := v.at(startX + int64(i))
		by, vy := v.at(startY + int64(i))
		switch {
		case bx == by:
		case bx == known:
			return by, vx
		default:
			return bx, vy
		}
	}
	return v.someBit(x)
}

func log2(n uint64) int { return bits.TrailingZeros64(n) }

func (c Equal) truth(v *view) truth       { return v.compare(c.A, c.B, 0, 64) }
func (c Equal) assert(v *view) bool       { return v.unite(c.A, c.B, 0, 64) }
func (c Equal) pick(v *view) (bit, uint8) { return v.pickDifferent(c.A, c.B, 0, 64) }
func (c Congruent) truth(v *view) truth   { return v.compare(c.A, c.B, 0, log2(c.Modulus)) }
func (c Congruent) assert(v *view) bool   { return v.unite(c.A, c.B, 0, log2(c.Modulus)) }
func (c SameBlock) truth(v *view) truth   { return v.compare(c.A, c.B, log2(c.Size), 64) }
func (c SameBlock) assert(v *view) bool   { return v.unite(c.A, c.B, log2(c.Size), 64) }
func (c Congruent) pick(v *view) (bit, uint8) {
	return v.pickDifferent(c.A, c.B, 0, log2(c.Modulus))
}
func (c SameBlock) pick(v *view) (bit, uint8) {
	return v.pickDifferent(c.A, c.B, log2(c.Size), 64)
}

// linear is a sum of known numbers and of unknown bits with weights.
type linear struct {
	constant wide
	bits     []bit
	weights  []wide
	// index finds a bit in bits: at index[bit]-1.
	index []bit
}

// reset empties the sum.
func (s *linear) reset() {
	for _, b := range s.bits {
		s.index[b] = 0
	}
	s.constant, s.bits, s.weights = wide{}, s.bits[:0], s.weights[:0]
}

func (s *linear) addBit(b bit, weight wide) {
	if i := s.index[b]; i > 0 {
		s.weights[i-1] = s.weights[i-1].plus(weight)
		return
	}
	s.bits = append(s.bits, b)
	s.weights = append(s.weights, weight)
	s.index[b] = bit(len(s.bits))
}

// addField adds a multiple of a field.
func (s *linear) addField(v *view, id FieldID, by uint64, sign int64) {
	w := v.word(id)
	if w.value != 0 {
		s.constant = s.constant.plus(times(by, w.value, sign))
	}
	start, _ := v.place(id)
	for left := w.full() &^ w.mask; left != 0; left &= left - 1 {
		i := bits.TrailingZeros64(left)
		s.addBit(v.model.root[bit(start)+bit(i)], times(by, 1<<i, sign))
	}
}

func (id FieldID) add(v *view, sign int64, s *linear) { s.addField(v, id, 1, sign) }
func (t Times) add(v *view, sign int64, s *linear)    { s.addField(v, t.Field, t.By, sign) }
func (n Number) add(_ *view, sign int64, s *linear) {
	s.constant = s.constant.plus(times(uint64(n), 1, sign))
}
func (p Param) add(v *view, sign int64, s *linear) { Number(v.param(p)).add(v, sign, s) }

func (v *view) param(p Param) uint64 {
	switch p {
	case FileSize:
		return uint64(v.size)
	case FilePages:
		return (uint64(v.size) + PageSize - 1) &^ (PageSize - 1)
	}
	return v.limits[p]
}

// slack returns High - Low, which must not be negative. Bits that both sides
// share cancel out. The sum is good until the next one is made.
func (c AtMost) slack(v *view) *linear {
	s := v.scratch()
	for _, t := range c.High {
		t.add(v, 1, s)
	}
	for _, t := range c.Low {
		t.add(v, -1, s)
	}
	return s
}

// scratch returns an empty sum. The model keeps one for all; a finished file has
// no unknown bits to remember.
func (v *view) scratch() *linear {
	if v.model == nil {
		return &linear{}
	}
	v.model.sum.reset()
	return &v.model.sum
}

// bounds returns the smallest and the largest value of the sum.
func (s *linear) bounds() (low, high wide) {
	low, high = s.constant, s.constant
	for _, w := range s.weights {
		if w.negative() {
			low = low.plus(w)
		} else {
			high = high.plus(w)
		}
	}
	return low, high
}

func (c AtMost) truth(v *view) truth {
	if t := c.apart(v); t != unknown {
		return t
	}
	t, _ := c.slack(v).judge()
	return t
}

// apart judges by what each field can be at least and at most, as if no bit stood in two of
// them: that is told faster.
func (c AtMost) apart(v *view) truth {
	least, most := c.Low.within(v)
	low, high := c.High.within(v)
	switch {
	case !low.less(most):
		return holds
	case high.less(least):
		return broken
	}
	return unknown
}

// within returns what a sum can be at least and at most, if its terms have no bit in common.
func (s Sum) within(v *view) (least, most wide) {
	for _, t := range s {
		var low, high wide
		switch t := t.(type) {
		case FieldID:
			low, high = v.word(t).within(1)
		case Times:
			low, high = v.word(t.Field).within(t.By)
		case Number:
			low = wide{lo: uint64(t)}
			high = low
		case Param:
			low = wide{lo: v.param(t)}
			high = low
		}
		least, most = least.plus(low), most.plus(high)
	}
	return least, most
}

// within returns what a multiple of the word can be at least and at most.
func (w word) within(by uint64) (least, most wide) {
	return times(w.value, by, 1), times(w.value|w.full()&^w.mask, by, 1)
}

// judge tells whether the sum is not negative, and its largest value.
func (s *linear) judge() (t truth, high wide) {
	low, high := s.bounds()
	switch {
	case !low.negative():
		return holds, high
	case high.negative():
		return broken, high
	}
	return unknown, high
}

// assert makes every bit known that alone would break the constraint.
func (c AtMost) assert(v *view) bool { return c.conclude(v) != broken }

func (c AtMost) conclude(v *view) truth {
	if t := c.apart(v); t != unknown {
		return t
	}
	s := c.slack(v)
	t, high := s.judge()
	if t != unknown {
		return t
	}
	for i, b := range s.bits {
		if w := s.weights[i]; high.less(w.abs()) && !v.model.set(b, better(w)) {
			return broken
		}
	}
	return unknown
}

// better is the value of a bit that adds more to the slack.
func better(weight wide) uint8 {
	if weight.negative() {
		return 0
	}
	return 1
}

// pick returns the weightiest unknown bit.
func (c AtMost) pick(v *view) (bit, uint8) {
	s := c.slack(v)
	best, bestWeight := known, wide{}
	for i, b := range s.bits {
		if bestWeight.abs().less(s.weights[i].abs()) {
			best, bestWeight = b, s.weights[i]
		}
	}
	return best, better(bestWeight)
}

// add goes over the bits of the sum from the lowest on, as long as one unknown
// bit at most stands between it and the next. It returns whether the sum is aligned; where
// that is unknown, an unknown bit and the value that makes the sum's bit zero, if it is the
// only unknown one there.
func (c Aligned) add(v *view) (result truth, b bit, value uint8, only bool) {
	carry := uint64(0)
	for i := range log2(c.Unit) {
		total, unknowns := carry, 0
		b = known
		for _, t := range c.Sum {
			switch t := t.(type) {
			case FieldID:
				start, width := v.place(t)
				if i >= width {
					continue
				}
				x, bitValue := v.at(start + int64(i))
				if x == known {
					total += uint64(bitValue)
				} else {
					unknowns++
					b = x
				}
			case Number:
				total += uint64(t) >> i & 1
			}
		}
		if unknowns > 0 {
			if unknowns > 1 {
				return unknown, b, 0, false
			}
			return unknown, b, uint8(total & 1), true
		}
		if total&1 != 0 {
			return broken, known, 0, true
		}
		carry = total >> 1
	}
	return holds, known, 0, true
}

func (c Aligned) truth(v *view) truth {
	result, _, _, _ := c.add(v)
	return result
}

func (c Aligned) pick(v *view) (bit, uint8) {
	_, b, value, _ := c.add(v)
	return b, value
}

// assert makes the low bits known, each from those below it.
func (c Aligned) assert(v *view) bool {
	for {
		result, b, value, only := c.add(v)
		if result != unknown || !only {
			return result != broken
		}
		v.model.set(b, value)
	}
}

func (c AnyOf) truth(v *view) truth {
	result := broken
	for _, x := range c {
		switch x.truth(v) {
		case holds:
			return holds
		case unknown:
			result = unknown
		}
	}
	return result
}

// assert asserts the only alternative that is left, if there is just one.
func (c AnyOf) assert(v *view) bool { return c.conclude(v) != broken }

func (c AnyOf) conclude(v *view) truth {
	var last Constraint
	left := 0
	for _, x := range c {
		switch x.truth(v) {
		case holds:
			return holds
		case unknown:
			last = x
			left++
		}
	}
	switch left {
	case 0:
		return broken
	case 1:
		return conclude(last, v)
	}
	return unknown
}

func (c AnyOf) pick(v *view) (bit, uint8) {
	for _, x := range c {
		if x.truth(v) == unknown {
			return x.pick(v)
		}
	}
	return known, 0
}

func (c AllOf) truth(v *view) truth {
	result := holds
	for _, x := range c {
		switch x.truth(v) {
		case broken:
			return broken
		case unknown:
			result = unknown
		}
	}
	return result
}

func (c AllOf) assert(v *view) bool {
	for _, x := range c {
		if !x.assert(v) {
			return false
		}
	}
	return true
}

func (c AllOf) pick(v *view) (bit, uint8) { return AnyOf(c).pick(v) }
