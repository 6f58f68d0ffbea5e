package flow

import (
	"fmt"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/linux"
	"tasm/machine"
	"tasm/program"
)

// place is a byte of a section.
type place struct {
	segment lang.SegmentID
	offset  int64
}

// Build makes the Graph of a program that was assembled with its instructions
// kept, for a target that has a system call convention.
//
// It follows control from the entry point, statement by statement. What it
// comes across is code; whatever else the instructions refer to is data, and
// data that stands together stays together, because a program can reach from
// one label to the next. Code that control never reaches is left out.
func Build(p *program.Program) *Graph {
	b := &builder{
		graph: &Graph{Program: p, Bits: p.Bits},
		index: map[place]*unit{}, blocks: map[*unit]*Block{}, objects: map[*run]*Object{},
	}
	b.graph.ABI, _ = linux.ABIFor(p.Target)
	for _, x := range p.Externs {
		b.doubt(x.Range, isExternal, x.Name)
	}
	b.list()
	entry := b.entry()
	if entry == nil {
		return b.graph
	}
	b.follow(entry)
	b.checkReturns()
	b.findRuns()
	b.assemble(entry)
	b.findCalls()
	return b.graph
}

// unit is one repetition of a fragment of code.
type unit struct {
	place
	*program.Fragment
	next     *unit // behind it in the section, if that is code too
	leader   bool  // control comes here from elsewhere
	reached  bool
	ends     bool // control does not go on behind it
	target   *unit
	computed bool // goes to a computed address
	// number is what the register for the number of a system call holds before it.
	number machine.Term
}

// run is data without code between.
type run struct {
	section    *program.Section
	start, end int64
	fragments  []*program.Fragment
}

type builder struct {
	graph   *Graph
	units   []*unit
	index   map[place]*unit
	runs    []*run
	blocks  map[*unit]*Block
	objects map[*run]*Object
	leaders int
	taken   map[*unit]bool // whose addresses are held somewhere, if control goes to such
	goesBy  *Block         // by way of which it does
	hidden  bool           // some doubt is about which code there is
}

// doubt notes what can't be seen through; args are put into its text.
func (b *builder) doubt(at diag.Range, kind doubtKind, args ...any) {
	text := fmt.Sprintf(kind.text, args...)
	b.hidden = b.hidden || !slices.Contains(seen, kind)
	for _, d := range b.graph.Doubts {
		if d.Text == text {
			return
		}
	}
	b.graph.Doubts = append(b.graph.Doubts, Doubt{at, text, kind.advice, slices.Contains(leaving, kind)})
}

// list lists the instructions of all sections.
func (b *builder) list() {
	for _, s := range b.graph.Program.Sections {
		if s.Flags&program.Alloc == 0 {
			continue
		}
		var last *unit
		for i := range s.Fragments {
			f := &s.Fragments[i]
			if f.Kind != program.Code {
				if f.Kind != program.Padding || f.Size*f.Repeat > 0 {
					last = nil
				}
				continue
			}
			if int64(len(b.units))+f.Repeat > maxUnits {
				b.doubt(f.Source.Range, tooLong)
				return
			}
			for n := range f.Repeat {
				u := &unit{place: place{s.ID, f.Offset + n*f.Size}, Fragment: f}
				if last != nil {
					last.next = u
				}
				b.units = append(b.units, u)
				b.index[u.place] = u
				last = u
			}
		}
	}
}

// entry finds the first instruction: the symbol that the source names, else
// _start, else start, else the beginning of .text, else of the first section.
func (b *builder) entry() *unit {
	p := b.graph.Program
	symbol := p.Entry
	for _, name := range []string{"_start", "start"} {
		for _, s := range p.Symbols {
			if symbol == nil && s.Name == name {
				symbol = s
			}
		}
	}
	if symbol != nil {
		if at, ok := symbol.Value.Segment(); ok {
			if u := b.index[place{at, symbol.Value.N}]; u != nil {
				return u
			}
		}
		b.doubt(symbol.Range, startsInside, symbol.Name)
		return nil
	}
	for _, name := range []string{".text", ""} {
		for _, s := range p.Sections {
			if s.Flags&program.Alloc != 0 && s.Size > 0 && (name == "" || s.Name == name) {
				if u := b.index[place{s.ID, 0}]; u != nil {
					return u
				}
			}
		}
	}
	b.doubt(diag.Range{}, startsNowhere)
	return nil
}

// follow marks what control can reach from the entry. What is known of a
// number ends where control comes in from elsewhere, so it goes over the
// program until no more such places are found.
func (b *builder) follow(entry *unit) {
	for {
		before, doubts := b.leaders, len(b.graph.Doubts)
		for _, u := range b.units {
			u.reached, u.ends, u.target, u.computed = false, false, nil, false
		}
		b.trace(entry)
		b.traceTaken()
		if b.leaders == before {
			return
		}
		b.graph.Doubts = b.graph.Doubts[:doubts]
	}
}

// traceTaken follows control to all code whose address is held somewhere, if it may
// go to computed addresses.
func (b *builder) traceTaken() {
	computed := func(u *unit) bool { return u.reached && u.computed }
	b.taken = map[*unit]bool{}
	for slices.ContainsFunc(b.units, computed) {
		var more []*unit
		for _, u := range b.held() {
			if !b.taken[u] {
				more = append(more, u)
			}
		}
		if len(more) == 0 {
			break
		}
		for _, u := range more {
			b.taken[u] = true
			if !u.leader {
				u.leader = true
				b.leaders++
			}
			b.trace(u)
		}
	}
	if len(b.taken) == 0 {
		for _, u := range b.units {
			if computed(u) {
				b.doubt(u.Source.Range, goesAnywhere)
			}
		}
	}
}

// held lists the code whose addresses stand in data, or in instructions that don't go
// there.
func (b *builder) held() []*unit {
	var list []*unit
	hold := func(v *lang.Value) {
		if s, ok := v.Segment(); ok {
			if u := b.index[place{s, v.N}]; u != nil {
				list = append(list, u)
			}
		}
	}
	for _, u := range b.units {
		if u.reached && u.target == nil && u.Instruction != nil {
			for i := range u.Instruction.Operands {
				hold(&u.Instruction.Operands[i].Value)
			}
		}
	}
	for _, s := range b.graph.Program.Sections {
		for i := range s.Fragments {
			if f := &s.Fragments[i]; f.Kind != program.Code {
				for k := range f.Fixups {
					hold(&f.Fixups[k].Value)
				}
			}
		}
	}
	return list
}

func (b *builder) trace(entry *unit) {
	work := []*unit{entry}
	for len(work) > 0 {
		u := work[len(work)-1]
		work = work[:len(work)-1]
		s := newStraight(b.graph, u == entry && !u.leader)
		for u != nil && !u.reached {
			u.reached = true
			u.number = s.number()
			b.step(u)
			if t := u.target; t != nil {
				if !t.leader {
					t.leader = true
					b.leaders++
				}
				work = append(work, t)
			}
			if u.ends {
				break
			}
			s.step(u)
			if u.next == nil {
				// A call at the end of the code is taken to be the last one, unless
				// it is known to come back, to what stands there.
				if f := u.Form; f == nil || f.Flow() != x86.SystemCall && f.Flow() != x86.Interrupt || u.number.IsNumber() && b.goesOn(u) {
					b.doubt(u.Source.Range, runsOut)
				}
				u.ends = true
				break
			}
			u = u.next
			if u.leader {
				s = newStraight(b.graph, false)
			}
		}
	}
}

// goesOn reports whether something stands behind a unit in its section.
func (b *builder) goesOn(u *unit) bool {
	return slices.ContainsFunc(b.graph.Program.Sections, func(s *program.Section) bool {
		return s.ID == u.segment && s.Size > u.offset+u.Size
	})
}

func isMemory(o x86.Operand) bool { return o.Kind == x86.MemoryOperand }

// step finds out where control goes from u.
func (b *builder) step(u *unit) {
	if u.Instruction == nil || u.Form == nil {
		b.doubt(u.Source.Range, unknownInstruction)
		u.ends = true
		return
	}
	if u.Instruction.Bits != b.graph.Bits {
		b.doubt(u.Source.Range, changesMode)
	}
	if u.Form.Aligned() && slices.ContainsFunc(u.Instruction.Operands, isMemory) {
		b.doubt(u.Source.Range, needsAlignment, x86.MnemonicName(u.Instruction.Mnemonic))
	}
	switch flow := u.Form.Flow(); flow {
	case x86.Next:
	case x86.Jump, x86.Branch, x86.Call:
		u.ends = flow == x86.Jump
		if u.target = b.targetOf(u); u.target != nil {
			break
		}
		if o := u.Form.Operands(); flow != x86.Branch && u.Instruction.Operands[0].Kind != x86.ImmediateOperand && len(o) == 1 && o[0].Size == b.graph.Bits/8 {
			u.computed = true
			break
		}
		b.doubt(u.Source.Range, goesComputed)
		u.ends = true
	case x86.Return, x86.Stop:
		u.ends = true
	case x86.SystemCall, x86.Interrupt:
		call := b.graph.ABI.Instruction
		if x86.MnemonicName(u.Form.Mnemonic()) != call.Mnemonic || len(call.Immediate) != len(u.Instruction.Operands) ||
			len(call.Immediate) > 0 && call.Immediate[0] != u.Instruction.Operands[0].Value.N {
			b.doubt(u.Source.Range, otherInterrupt, b.graph.ABI.Target)
			break
		}
		if n, known := u.number.Constant(); known {
			if s, ok := linux.ByNumber(b.graph.ABI, int(n)); ok && s.NoReturn() {
				u.ends = true
			}
		}
	default:
		b.doubt(u.Source.Range, usesInstruction, strings.ToUpper(x86.MnemonicName(u.Form.Mnemonic())))
	}
}

// findCalls lists the system calls of a program that can't be taken apart. Code whose
// address is held somewhere may run too, as a handler of signals does.
func (b *builder) findCalls() {
	g := b.graph
	hidden := func() bool {
		return b.hidden || slices.ContainsFunc(g.Program.Sections, func(s *program.Section) bool {
			return s.Size > 0 && s.Flags&program.Write != 0 && s.Flags&program.Exec != 0
		})
	}
	doubts := g.Doubts
	if len(doubts) == 0 || hidden() {
		return
	}
	for more := true; more; {
		more = false
		for _, u := range b.held() {
			if !u.reached {
				more, u.leader = true, true
				b.trace(u)
			}
		}
	}
	g.Doubts = doubts
	var calls []*linux.Syscall
	for _, u := range b.units {
		if !u.reached || u.Form == nil || u.Form.Flow() != x86.SystemCall && u.Form.Flow() != x86.Interrupt {
			continue
		}
		n, known := u.number.Constant()
		s, ok := linux.ByNumber(g.ABI, int(n))
		if !known || !ok {
			return
		}
		calls = append(calls, s)
	}
	if !hidden() {
		g.Calls = calls
	}
}

// checkReturns doubts a RET where nothing is called: it jumps.
func (b *builder) checkReturns() {
	var ret *unit
	for _, u := range b.units {
		if u.reached && u.Form != nil {
			switch u.Form.Flow() {
			case x86.Call:
				return
			case x86.Return:
				ret = u
			}
		}
	}
	if ret != nil {
		b.doubt(ret.Source.Range, returnsNowhere)
	}
}

// targetOf returns where a direct jump, branch or call goes, or nil.
func (b *builder) targetOf(u *unit) *unit {
	for i := range u.Instruction.Operands {
		if o := &u.Instruction.Operands[i]; o.Kind == x86.ImmediateOperand {
			if s, ok := o.Value.Segment(); ok {
				return b.index[place{s, o.Value.N}]
			}
		}
	}
	return nil
}

// findRuns lists the data of all sections: fragments that are no code, and code
// that is never reached but may be read.
func (b *builder) findRuns() {
	reached := map[*program.Fragment]bool{}
	for _, u := range b.units {
		if u.reached {
			reached[u.Fragment] = true
		}
	}
	for _, s := range b.graph.Program.Sections {
		if s.Flags&program.Alloc == 0 {
			continue
		}
		var r *run
		for i := range s.Fragments {
			f := &s.Fragments[i]
			if reached[f] {
				r = nil
				continue
			}
			if r == nil {
				r = &run{section: s, start: f.Offset}
				b.runs = append(b.runs, r)
			}
			r.end = f.Offset + f.Size*f.Repeat
			r.fragments = append(r.fragments, f)
		}
	}
}

// assemble makes the blocks and the objects that they refer to.
func (b *builder) assemble(entry *unit) {
	start := map[*unit]bool{entry: true}
	for _, u := range b.units {
		if u.reached && !u.ends && u.Form != nil && u.Form.Flow() == x86.Branch {
			start[u.next] = true
		}
	}
	for _, u := range b.units {
		if u.reached && (u.leader || start[u]) {
			b.blocks[u] = &Block{ID: len(b.graph.Blocks), Name: b.name(u.place), Section: b.graph.Program.Section(u.segment), Offset: u.offset}
			b.graph.Blocks = append(b.graph.Blocks, b.blocks[u])
		}
	}
	b.graph.Entry = b.blocks[entry]
	b.computed()
	for _, u := range b.units {
		if block := b.blocks[u]; block != nil {
			b.fill(block, u)
		}
	}
	slices.SortFunc(b.graph.Objects, func(x, y *Object) int { return x.ID - y.ID })
}

// computed makes the block that stands for all jumps and calls to computed addresses,
// if there are any.
func (b *builder) computed() {
	if len(b.taken) == 0 {
		return
	}
	c := &Block{ID: len(b.graph.Blocks), Name: "computed", Computed: true}
	jump := x86.Instruction{Mnemonic: x86.LookupMnemonic("jmp"), Bits: b.graph.Bits, Operands: []x86.Operand{{
		Kind: x86.ImmediateOperand, Value: lang.InSegment(1, 0),
	}}}
	var e x86.Encoding
	if x86.Encode(&jump, &e) != nil {
		panic("flow: there is no jump")
	}
	jump.Operands[0].Value = lang.Value{}
	for _, u := range b.units {
		if t := b.blocks[u]; b.taken[u] && t != nil {
			c.Code = append(c.Code, Inst{Instruction: jump, Form: e.Form, Target: t})
			c.Next = t
			b.graph.Taken = append(b.graph.Taken, t)
		}
	}
	b.graph.Blocks = append(b.graph.Blocks, c)
	b.goesBy = c
}

// fill puts the instructions from u on into a block.
func (b *builder) fill(block *Block, u *unit) {
	for {
		if u.Form != nil && u.Form.Flow() == x86.Jump && u.target != nil {
			block.Next = b.blocks[u.target]
			return
		}
		block.Code = append(block.Code, b.inst(u))
		if u.ends {
			if u.computed {
				block.Next = b.goesBy
			}
			return
		}
		u = u.next
		if next := b.blocks[u]; next != nil {
			block.Next = next
			return
		}
	}
}

// inst makes an instruction of the Graph.
func (b *builder) inst(u *unit) Inst {
	in := Inst{Form: u.Form, Source: u.Source}
	if u.Instruction == nil {
		return in
	}
	in.Instruction = *u.Instruction
	in.Operands = slices.Clone(u.Instruction.Operands)
	in.Segment, in.Offset = 0, 0
	if u.target != nil {
		in.Target = b.blocks[u.target]
		for i := range in.Operands {
			if in.Operands[i].Kind == x86.ImmediateOperand {
				in.Operands[i].Value = lang.Value{}
			}
		}
		return in
	}
	for i := range in.Operands {
		o := &in.Operands[i]
		if o.Kind == x86.RegisterOperand {
			continue
		}
		in.Refs[i] = b.reference(&o.Value, u.Source.Range, o.Kind == x86.MemoryOperand)
		if !in.Refs[i].IsZero() {
			o.Value = registersOf(&o.Value)
			// The address can be given in any way: as a number, or as a
			// distance from the instruction.
			o.Memory.Rel, o.Memory.Abs, o.Memory.DispSize = false, false, 0
		}
		switch {
		case in.Refs[i].Block == nil:
		case len(b.taken) == 0 || o.Kind != x86.ImmediateOperand:
			b.doubt(u.Source.Range, usesCodeAddress)
		case !slices.Contains(keeping, x86.MnemonicName(u.Instruction.Mnemonic)):
			b.doubt(u.Source.Range, goesComputed)
		}
	}
	if u.computed && u.Form.Flow() == x86.Call {
		in.Target = b.goesBy
	}
	return in
}

// keeping are the instructions that leave a number as it is, whatever it is.
var keeping = []string{"mov", "push", "cmp"}

// registersOf returns a value's registers alone.
func registersOf(v *lang.Value) lang.Value {
	out := lang.Value{Hint: v.Hint, HintReg: v.HintReg}
	for _, t := range v.Terms() {
		if t.Kind == lang.RegisterTerm {
			out.AddRegister(lang.RegisterID(t.ID), t.Coef)
		}
	}
	return out
}

// reference finds what a value is the address of; used tells that memory is read or
// written there.
func (b *builder) reference(v *lang.Value, at diag.Range, used bool) Ref {
	segment, indexed := lang.SegmentID(0), false
	for _, t := range v.Terms() {
		switch {
		case t.Kind == lang.RegisterTerm:
			indexed = true
		case t.Kind == lang.SegmentTerm && t.Coef == 1 && segment == 0:
			segment = lang.SegmentID(t.ID)
		default:
			b.doubt(at, computesAddresses)
			return Ref{}
		}
	}
	if segment == 0 {
		return Ref{}
	}
	if u := b.index[place{segment, v.N}]; u != nil && u.reached {
		if block := b.blocks[u]; block != nil {
			return Ref{Block: block}
		}
		b.doubt(at, usesCodeAddress)
		return Ref{Block: b.graph.Entry}
	}
	if b.index[place{segment, v.N}] != nil {
		b.doubt(at, usesCodeAddress)
	}
	if o, offset := b.object(segment, v.N); o != nil {
		return Ref{Object: o, Offset: offset}
	}
	if r := b.behind(segment, v.N); r != nil && b.index[place{segment, v.N}] == nil {
		if b.isCode(segment, v.N, r, indexed, used) {
			b.doubt(at, usesCodeAddress)
		}
		o, offset := b.object(segment, r.start)
		return Ref{Object: o, Offset: offset + v.N - r.start}
	}
	b.doubt(at, addressOfNothing)
	return Ref{}
}

// object returns the object that holds a byte of a section, or ends there.
func (b *builder) object(segment lang.SegmentID, offset int64) (*Object, int64) {
	var found *run
	for _, r := range b.runs {
		if r.section.ID == segment && offset >= r.start && offset <= r.end && (found == nil || offset == r.start) {
			found = r
		}
	}
	if found == nil {
		return nil, 0
	}
	o := b.objects[found]
	if o == nil {
		o = b.newObject(found)
	}
	return o, offset - found.start
}

// ahead is how far in front of data an address of it may be, as in [data + ecx - 1], in
// bytes.
const ahead = 64

// behind returns the data that begins shortly behind a byte of a section; nil if there is
// none.
func (b *builder) behind(segment lang.SegmentID, offset int64) *run {
	for _, r := range b.runs {
		if r.section.ID == segment && r.start > offset && r.start <= offset+ahead {
			return r
		}
	}
	return nil
}

// within returns the instruction that a byte is in the middle of; nil if there is none.
func (b *builder) within(segment lang.SegmentID, offset int64) *unit {
	for n := int64(1); n < x86.MaxLength; n++ {
		if u := b.index[place{segment, offset - n}]; u != nil {
			if u.reached && u.offset+int64(u.Size) > offset {
				return u
			}
			return nil
		}
	}
	return nil
}

// isCode reports whether an address shortly in front of data is one of code: it lies in an
// instruction, and not in the last one before the data, as those of [data + ecx - 1] and
// EDI = data - 1 may. What may be written is changed by programs that change themselves.
func (b *builder) isCode(segment lang.SegmentID, offset int64, data *run, indexed, used bool) bool {
	u := b.within(segment, offset)
	switch {
	case u == nil:
		return false
	case u.offset+int64(u.Size) != data.start:
		return true
	case indexed:
		return false
	}
	return used || data.section.Flags&program.Write != 0
}

func (b *builder) newObject(r *run) *Object {
	s := r.section
	o := &Object{
		ID: slices.Index(b.runs, r), Name: b.name(place{s.ID, r.start}), Section: s,
		Size: r.end - r.start, Align: s.Align, Write: s.Flags&program.Write != 0, Fragments: r.fragments,
	}
	b.objects[r] = o
	b.graph.Objects = append(b.graph.Objects, o)
	if s.Flags&program.NoBits != 0 || o.Size > maxObject {
		if s.Flags&program.NoBits == 0 {
			b.doubt(s.Range, tooMuchData)
		}
		return o
	}
	o.Bytes = make([]byte, o.Size)
	for _, f := range r.fragments {
		for n := range f.Repeat {
			at := f.Offset - r.start + n*f.Size
			copy(o.Bytes[at:], f.Bytes)
			for i := range f.Fixups {
				fix := &f.Fixups[i]
				if fix.Kind != x86.Absolute {
					b.doubt(fix.Range, holdsDistance)
					continue
				}
				v := fix.Value
				to := b.reference(&v, fix.Range, false)
				if to.Block != nil && len(b.taken) == 0 {
					b.doubt(fix.Range, holdsCodeAddress)
				}
				o.Refs = append(o.Refs, DataRef{At: at + int64(fix.Offset), Size: int(fix.Size), To: to})
			}
		}
	}
	return o
}

// name returns the label at a place, or where it is.
func (b *builder) name(at place) string {
	for _, s := range b.graph.Program.Symbols {
		if id, ok := s.Value.Segment(); ok && id == at.segment && s.Value.N == at.offset && !s.Equ {
			return s.Name
		}
	}
	if s := b.graph.Program.Section(at.segment); s != nil {
		return fmt.Sprintf("%s+%#x", s.Name, at.offset)
	}
	return ""
}
