package place

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/lang"
	"tasm/machine"
)

// text is the program as code to be laid out: chains of instructions.
type text struct {
	graph      *flow.Graph
	chains     []*chain
	live       map[*flow.Block][]flow.Live
	known      Facts // nil where instructions have to stay
	size       int64 // of all of it, about, in bytes
	least      int   // of the code in its shortest encodings, in bytes
	own        int   // bytes that the code has to itself in every layout
	write      bool  // some object is written to
	reads      bool  // some object is read
	absolute   bool  // an address stands in a field of less than 64 bits
	zeros      int64 // bytes that start as zero and take no room in the file
	steps      map[[x86.MaxLength]byte]step
	terms      *machine.Terms
	crossed    map[crossing]content
	contains   []machine.Term // what registers are known to hold
	numbers    map[machine.Term]content
	made       map[making][]way
	pops       map[int][]way // by register
	earlyNodes int           // how many nodes with early pushes may still be looked at
}

// chain is blocks that follow one another.
type chain struct {
	blocks []*flow.Block
	items  []*item
}

// item is an instruction, or the jump that ends a chain.
type item struct {
	inst   *flow.Inst // nil for a jump that the layout adds
	block  *flow.Block
	index  int // in the block; 0 marks the block's beginning
	target *flow.Block
	ways   []way     // encodings, shortest first; of a jump: short, near
	near   bool      // the target is too far away for the short one
	live   flow.Live // in front of it
	after  flow.Live // behind inst
	// flagsAsEntry says that the carry flag is still clear as at entry.
	flagsAsEntry bool
	facts        flow.Facts // of inst
	// What is known in front of it and behind inst; nil where nothing is.
	before, behind *flow.Known
	constant       constant
	size           int      // of the constant, in bytes
	later          flow.Set // the registers of which it matters, here or later, what they hold
	depth          int      // words on the stack more than at the beginning of the block
	fixed          bool     // it may not change its place among the others
	ordered        bool     // the order of those that set flags matters here
}

// way is one encoding.
type way struct {
	code     []byte
	dontCare int // how many bytes at its end may hold anything
	fixups   []x86.Fixup
	flags    x86.FlagSet // that it changes where the program's instruction may not
}

// objectSegment is where an object's addresses are in values; number 0 is that
// of the code.
func objectSegment(o *flow.Object) lang.SegmentID { return lang.SegmentID(o.ID + 1) }

func newProgram(g *flow.Graph, known Facts, order [][]*flow.Block) *text {
	p := &text{graph: g, known: known, steps: map[[x86.MaxLength]byte]step{}, terms: machine.NewTerms(), crossed: map[crossing]content{}, numbers: map[machine.Term]content{}, made: map[making][]way{}, pops: map[int][]way{}, earlyNodes: maxEarlyNodes}
	if known == nil {
		p.live = g.LiveBefore()
	} else {
		p.live = known.live()
	}
	for _, blocks := range order {
		c := &chain{blocks: blocks}
		p.fill(c, blocks[len(blocks)-1].Onward())
		p.chains = append(p.chains, c)
	}
	for _, c := range p.chains {
		p.own += ownBytes(c.items)
		for _, it := range c.items {
			p.size += int64(len(it.way().code))
			p.least += len(it.ways[0].code)
			for _, w := range it.ways {
				for _, x := range w.fixups {
					p.absolute = p.absolute || x.Kind == x86.Absolute && x.Size < 8
				}
			}
		}
	}
	for _, o := range g.Objects {
		p.reads = true
		p.write = p.write || o.Write
		if o.Bytes == nil {
			p.zeros += o.Size + o.Align
		} else {
			p.size += o.Size
		}
	}
	return p
}

// fill lists the items of a chain that goes on at next.
func (p *text) fill(c *chain, next *flow.Block) {
	asEntry := c.blocks[0] == p.graph.Entry && !p.entered(p.graph.Entry)
	for k, b := range c.blocks {
		asEntry = asEntry && k == 0
		for i := range b.Code {
			in := &b.Code[i]
			it := &item{inst: in, block: b, index: i, live: p.live[b][i], after: p.live[b][i+1], flagsAsEntry: asEntry}
			if in.Direct() {
				it.target = in.Target
			}
			it.ways = encodings(in)
			if f := p.graph.FactsOf(in); f.Flags.Changed()&x86.CF != 0 || f.Reads == ^flow.Set(0) {
				asEntry = false
			}
			it.facts = p.graph.FactsOf(in)
			it.fixed = in.Target != nil || in.Form == nil || in.Form.Flow() != x86.Next || len(in.Prefixes) > 0
			it.before, it.behind = p.knownAt(b, i), p.knownAt(b, i+1)
			c.items = append(c.items, it)
		}
		items := c.items[len(c.items)-len(b.Code):]
		p.order(items, p.live[b][len(b.Code)])
		findConstants(items)
		for i := 1; i < len(items); i++ {
			items[i].depth = items[i-1].depth + items[i-1].pushed()
		}
		if len(b.Code) == 0 {
			// A block without code still is a place to come to.
			c.items = append(c.items, &item{block: b, live: p.live[b][0], ways: []way{{}}, flagsAsEntry: asEntry, before: p.knownAt(b, 0)})
		}
	}
	if last := c.blocks[len(c.blocks)-1]; next != nil {
		live := p.live[last][len(last.Code)]
		c.items = append(c.items, &item{block: last, index: -1, target: next, live: live, ways: jumps(p.graph.Bits), before: p.knownAt(last, len(last.Code))})
	}
	later := flow.Set(0)
	for _, it := range slices.Backward(c.items) {
		if it.constant.items > 0 {
			later |= 1 << it.constant.register
		}
		if !it.calls() {
			later |= it.facts.Reads
		}
		it.later = later
	}
}

// entered reports whether control comes to a block from within the program.
func (p *text) entered(b *flow.Block) bool {
	return slices.ContainsFunc(p.graph.Blocks, func(from *flow.Block) bool {
		return from.Next == b || slices.ContainsFunc(from.Code, func(in flow.Inst) bool { return in.Target == b })
	})
}

// knownAt is what is known in front of instruction i of a block; nil where
// instructions have to stay as they are.
func (p *text) knownAt(b *flow.Block, i int) *flow.Known {
	if p.known == nil {
		return nil
	}
	return &p.known[b][i]
}

// way is the encoding that is used where nothing speaks for another one.
func (it *item) way() *way {
	if it.near && len(it.ways) > 1 {
		return &it.ways[1]
	}
	return &it.ways[0]
}

// here is where instructions are encoded; fields that depend on it are fixups
// anyway, or filled in at the end.
const here = 0

// encodings lists the encodings of an instruction: of a branch the short and
// the near one, of others all of them.
func encodings(in *flow.Inst) []way {
	instruction := in.Instruction
	instruction.Operands = slices.Clone(in.Operands)
	instruction.Segment, instruction.Offset = 0, here
	for i := range instruction.Operands {
		o := &instruction.Operands[i]
		switch ref := in.Refs[i]; {
		case in.Direct() && o.Kind == x86.ImmediateOperand:
			// A target in another segment, as far as the encoder knows: the
			// distance is left to be filled in.
			o.Value, o.Distance = lang.InSegment(codeSegment, 0), lang.AnyDistance
			return branches(&instruction, i)
		case !ref.IsZero():
			v := lang.InSegment(segmentOf(ref), ref.Offset)
			for _, t := range o.Value.Terms() {
				v.AddRegister(lang.RegisterID(t.ID), t.Coef)
			}
			v.Hint, v.HintReg = o.Value.Hint, o.Value.HintReg
			o.Value = v
			shorten(&instruction, i)
		}
	}
	list := x86.Encodings(&instruction)
	if fromHere(&instruction, in.Refs[:]) {
		list = append(list, x86.Encodings(&instruction)...)
		slices.SortStableFunc(list, func(a, b x86.Encoding) int { return int(a.Length) - int(b.Length) })
	}
	ways := make([]way, 0, len(list))
	for _, e := range list {
		w := way{code: slices.Clone(e.Code()), fixups: slices.Clone(e.Fixups())}
		if len(w.code) > dontCareSize {
			w.dontCare = in.DontCare
		}
		ways = append(ways, w)
	}
	return ways
}

// fromHere lets an address in memory that is not counted from a register be given as a
// distance from the instruction, which 64-bit code does in a byte less. It reports whether
// there is one.
func fromHere(in *x86.Instruction, refs []flow.Ref) (found bool) {
	for i := range in.Operands {
		o := &in.Operands[i]
		if in.Bits != 64 || o.Kind != x86.MemoryOperand || refs[i].IsZero() || len(o.Value.Terms()) != 1 || x86.RegisterInfo(o.Memory.Segment) != nil {
			continue
		}
		o.Memory.Rel, found = true, true
	}
	return found
}

// dontCareSize is the size in bytes of the immediates of which bytes may be don't-care bytes.
const dontCareSize = 4

// codeSegment stands for the code in the values of branches; from the next number on
// each block has its own, for its address.
const codeSegment lang.SegmentID = 1 << 20

// segmentOf is the segment of what a Ref refers to.
func segmentOf(r flow.Ref) lang.SegmentID {
	if r.Object != nil {
		return objectSegment(r.Object)
	}
	return codeSegment + 1 + lang.SegmentID(r.Block.ID)
}

// shorten lets a 64-bit register take an address by its lower half: addresses
// in the files made here are below 2 GiB.
func shorten(in *x86.Instruction, i int) {
	if x86.MnemonicName(in.Mnemonic) != "mov" || i != 1 || in.Operands[1].Kind != x86.ImmediateOperand {
		return
	}
	if r := x86.RegisterInfo(in.Operands[0].Register); in.Operands[0].Kind == x86.RegisterOperand && r.Size == 8 {
		in.Operands[0].Register = x86.GeneralRegister(int(r.Number), 4)
		in.Operands[0].Size, in.Operands[1].Size, in.Operands[1].Strict = 0, 0, false
	}
}

// branches lists the short and the near encoding of a branch. Where there is no
// near one, a short branch goes to a near jump behind it.
func branches(in *x86.Instruction, i int) []way {
	var list []way
	for _, d := range []lang.Distance{lang.Short, lang.Near} {
		in.Operands[i].Distance = d
		var e x86.Encoding
		if x86.Encode(in, &e) == nil {
			list = append(list, way{code: slices.Clone(e.Code()), fixups: slices.Clone(e.Fixups())})
		}
	}
	if len(list) == 0 {
		in.Operands[i].Distance = lang.AnyDistance
		var e x86.Encoding
		if x86.Encode(in, &e) == nil {
			list = append(list, way{code: slices.Clone(e.Code()), fixups: slices.Clone(e.Fixups())})
		}
	}
	if len(list) == 1 && list[0].fixups[0].Size == 1 {
		list = append(list, trampoline(list[0], in.Operands[i].Value))
	}
	return list
}

// trampoline makes a near branch of a short one:
//
//	short over; jmp short past; over: jmp near target; past:
func trampoline(short way, target lang.Value) way {
	code := slices.Clone(short.code)
	code[len(code)-1] = 2
	code = append(code, jumpShort, 5, jumpNear, 0, 0, 0, 0)
	f := short.fixups[0]
	f.Offset, f.Size, f.Value = uint8(len(code)-4), 4, target
	return way{code: code, fixups: []x86.Fixup{f}}
}

// jumps lists the encodings of a jump that the layout adds.
func jumps(bits int) []way {
	return branches(&x86.Instruction{Mnemonic: x86.LookupMnemonic("jmp"), Bits: bits, Operands: []x86.Operand{{
		Kind: x86.ImmediateOperand, Value: lang.InSegment(codeSegment, 0),
	}}}, 0)
}
