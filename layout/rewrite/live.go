package rewrite

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// The backward analysis: which parts of the registers and which flags matter at
// each point of the program, because something that is done later may depend on
// them. What does not matter may be changed.

// need is what matters at a point.
type need struct {
	parts parts
	flags x86.FlagSet
}

func (n need) union(o need) need { return need{n.parts | o.parts, n.flags | o.flags} }

// liveness is the result of the backward analysis.
type liveness struct {
	s     *shortener
	a     *analysis
	in    map[*flow.Block]need
	exits map[*flow.Block]need // what matters behind the RETs of the subroutine that begins here
	reads map[*flow.Block]need // what a subroutine reads at all
	body  map[*flow.Block][]*flow.Block
	calls map[*flow.Block][]need // by block: what its system calls read, in order
	grown []exit                 // what exits were before they became more
}

// exit is what matters behind the RETs of the subroutine that begins at a block.
type exit struct {
	entry *flow.Block
	need  need
}

// undo takes back by what exits have grown.
func (l *liveness) undo() {
	for _, x := range slices.Backward(l.grown) {
		l.exits[x.entry] = x.need
	}
	l.grown = nil
}

// liveness computes what matters, given what the forward analysis found out.
func (s *shortener) liveness(a *analysis) *liveness {
	l := &liveness{
		s: s, a: a, in: map[*flow.Block]need{}, exits: map[*flow.Block]need{},
		reads: map[*flow.Block]need{}, body: map[*flow.Block][]*flow.Block{}, calls: map[*flow.Block][]need{},
	}
	for _, b := range s.g.Blocks {
		l.calls[b] = l.systemCalls(b)
	}
	for _, f := range a.subroutines {
		l.body[f.entry] = reachable(f.entry)
	}
	l.compute()
	return l
}

// again computes what matters after the code of some block has changed, with as
// many calls of the kernel as before.
func (l *liveness) again() *liveness {
	n := &liveness{s: l.s, a: l.a, in: map[*flow.Block]need{}, exits: map[*flow.Block]need{}, reads: map[*flow.Block]need{}, body: l.body, calls: l.calls}
	n.compute()
	return n
}

func (l *liveness) compute() {
	if !l.a.local {
		l.readAtAll()
	}
	for changed := true; changed; {
		changed, l.grown = false, nil
		for i := len(l.s.g.Blocks) - 1; i >= 0; i-- {
			b := l.s.g.Blocks[i]
			if n := l.through(b, nil); n != l.in[b] {
				l.in[b] = n
				changed = true
			}
		}
		changed = changed || len(l.grown) > 0
	}
}

// systemCalls lists what the system calls of a block read.
func (l *liveness) systemCalls(b *flow.Block) []need {
	var list []need
	walk(l.a, b, func(i int, in *flow.Inst, s *state) {
		if isSystemCall(in) {
			n := need{parts: whole(sp)}
			if s.reached {
				n.parts |= l.s.kernelReads(l.a.callsOf(s.r[ax]))
			}
			list = append(list, n)
		}
	})
	return list
}

// walk goes through a block with the state in front of each instruction.
func walk(a *analysis, b *flow.Block, visit func(i int, in *flow.Inst, s *state)) {
	s := *a.in[b]
	for i := range b.Code {
		in := &b.Code[i]
		visit(i, in, &s)
		a.advance(&s, in, a.index[b]+i)
	}
}

// advance carries a state over an instruction of the program as it was analysed.
func (a *analysis) advance(s *state, in *flow.Inst, index int) {
	switch {
	case !s.reached:
	case isCall(in) && a.local:
		a.stale(s, index)
		*s = a.nothing(returnedIn, index, s.forward)
	case isCall(in):
		a.stale(s, index)
		a.call(s, in, index)
	case isBranch(in):
		a.stale(s, index)
		a.edge(s, in, false, index)
	case in.Form.Flow() == x86.Return:
	default:
		a.stale(s, index)
		a.step(s, in, index)
	}
}

// reachable lists the blocks that control comes to from b without a call.
func reachable(b *flow.Block) []*flow.Block {
	seen := map[*flow.Block]bool{b: true}
	list := []*flow.Block{b}
	for i := 0; i < len(list); i++ {
		for _, n := range successors(list[i]) {
			if !seen[n] {
				seen[n] = true
				list = append(list, n)
			}
		}
	}
	return list
}

// successors lists where control goes from a block.
func successors(b *flow.Block) []*flow.Block {
	var list []*flow.Block
	for i := range b.Code {
		if in := &b.Code[i]; isBranch(in) {
			list = append(list, in.Target)
		}
	}
	if b.Next != nil {
		list = append(list, b.Next)
	}
	return list
}

// readAtAll finds what each subroutine, with those that it calls, reads.
func (l *liveness) readAtAll() {
	for changed := true; changed; {
		changed = false
		for _, f := range l.a.subroutines {
			n := l.reads[f.entry]
			for _, b := range l.body[f.entry] {
				call := 0
				for i := range b.Code {
					in := &b.Code[i]
					switch {
					case isSystemCall(in):
						n = n.union(l.calls[b][call])
						call++
					case isCall(in):
						n = n.union(l.reads[in.Target])
					default:
						e := l.s.effect(in)
						n = n.union(need{e.reads, e.flagsRead})
					}
				}
			}
			if n != l.reads[f.entry] {
				l.reads[f.entry] = n
				changed = true
			}
		}
	}
}

// out is what matters behind the last instruction of a block.
func (l *liveness) out(b *flow.Block) need {
	if b.Next == nil {
		// It ends in a RET or a call that does not return, or where nothing is
		// known to come behind.
		return need{}
	}
	return l.in[b.Next]
}

// through carries what matters from the end of a block to its beginning. after,
// if it is not nil, receives what matters behind each instruction.
func (l *liveness) through(b *flow.Block, after []need) need {
	l.s.budget.left -= int64(len(b.Code))
	n := l.out(b)
	if b.Computed && l.a.local {
		n = n.union(l.exits[nil])
	}
	call := len(l.calls[b])
	for i := len(b.Code) - 1; i >= 0; i-- {
		in := &b.Code[i]
		if after != nil {
			after[i] = n
		}
		switch {
		case isSystemCall(in):
			call--
			n.parts &^= l.s.kernelWrites()
			n = n.union(l.calls[b][call])
		case isCall(in) && l.a.local:
			n = l.calling(in, n)
		case isCall(in):
			f := in.Target
			if more := l.exits[f].union(n); more != l.exits[f] {
				l.grown = append(l.grown, exit{f, l.exits[f]})
				l.exits[f] = more
			}
			// What matters only behind the subroutine and is not read there
			// matters here only if it does behind this call.
			inside := l.in[f]
			read := l.reads[f]
			n = need{inside.parts & (read.parts | n.parts), inside.flags & (read.flags | n.flags)}
			if !in.Direct() {
				n.parts |= l.s.effect(in).reads
			}
		case in.Form.Flow() == x86.Return && l.a.local:
			n = l.returning()
		case in.Form.Flow() == x86.Return:
			n = need{}
			for _, f := range l.a.subroutines {
				for _, x := range l.body[f.entry] {
					if x == b {
						n = n.union(l.exits[f.entry])
					}
				}
			}
		case isBranch(in):
			e := l.s.effect(in)
			n.parts &^= e.kills
			n.flags &^= e.flagsKilled
			n = n.union(l.in[in.Target])
			// The target's need of what the branch itself writes (LOOP) is met
			// by it.
			n.parts |= e.reads
			n.flags |= e.flagsRead
		default:
			n = l.s.before(in, n)
		}
		n.parts |= whole(sp)
		if l.s.bits == 32 {
			n.parts &= lowParts
		}
	}
	return n
}

// before returns what matters in front of an instruction, given what matters
// behind it.
func (s *shortener) before(in *flow.Inst, n need) need {
	e := s.effect(in)
	reads := e.reads
	if n.flags&e.flagsWritten == 0 && !e.odd {
		if p, ok := s.partial(in, &e, n); ok {
			reads = p
		}
	}
	n.parts = n.parts&^e.kills | reads
	n.flags = n.flags&^e.flagsKilled | e.flagsRead
	return n
}

// upTo returns all parts of a register up to the highest of those given, of
// which sums and products depend.
func upTo(p parts) parts {
	switch {
	case p&8 != 0:
		return 15
	case p&4 != 0:
		return 7
	case p&2 != 0:
		return 3
	}
	return p
}

// partial returns what an instruction reads when its flags do not matter and
// only some parts of its result do. It knows registers; ok is false for others.
func (s *shortener) partial(in *flow.Inst, e *effect, n need) (reads parts, ok bool) {
	x, isReg := at(in, 0).register()
	y := at(in, 1)
	q, second := y.register()
	if e.store || e.stack || len(in.Prefixes) != 0 || !isReg || x.high || second && q.high {
		return 0, false
	}
	wanted := n.parts.of(x.number) & (s.written(x) >> (4 * x.number)) & (x.parts() >> (4 * x.number))
	switch name(in) {
	case "xchg":
		other := n.parts.of(q.number) & (q.parts() >> (4 * q.number))
		return wanted<<(4*q.number) | other<<(4*x.number), second
	case "mov":
		return wanted << (4 * q.number), second
	case "movzx":
		return wanted << (4 * q.number) & q.parts(), second
	case "lea":
		return s.addressParts(y, upTo(wanted)), y.address(s.bits).plain
	case "add", "sub", "imul", "inc", "dec", "neg":
		wanted = upTo(wanted)
	case "and", "or", "xor", "not":
	default:
		return 0, false
	}
	if len(in.Operands) == 3 || name(in) == "imul" && len(in.Operands) == 1 {
		return 0, false
	}
	if e.reads == 0 {
		return 0, true
	}
	reads = wanted << (4 * x.number)
	switch {
	case second:
		reads |= wanted << (4 * q.number)
	case y.memory():
		reads |= s.addressParts(y, whole(0))
	}
	return reads, true
}

// addressParts returns such parts of the registers of an address.
func (s *shortener) addressParts(o operand, p parts) (reads parts) {
	a := o.address(s.bits)
	for _, r := range []int{a.base, a.index} {
		if r >= 0 {
			reads |= p << (4 * r)
		}
	}
	return reads
}
