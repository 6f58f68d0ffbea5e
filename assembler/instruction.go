package assembler

import (
	"slices"
	"strconv"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// instruction handles a machine instruction.
func (a *assembler) instruction(l *line, body *lang.Instruction, times int64) {
	if x86.Mnemonic(body.ID) == x86.NoForms {
		a.fail(a.errorf(body.Range, "tasm does not know the instruction '%s' yet", body.Name))
		return
	}
	if !a.lower(body) {
		return
	}
	a.inst.Offset = a.current.size
	if !a.encode(body) {
		return
	}
	if times != 1 && a.asked {
		a.repeat(l, body, times)
		return
	}
	a.emit(l, a.fragment(l, body, times))
}

// repeat places an instruction that uses symbols several times: each copy
// stands somewhere else, so a relative branch differs from copy to copy.
func (a *assembler) repeat(l *line, body *lang.Instruction, times int64) {
	if times > MaxStatementSize {
		a.fail(a.errorf(l.statement.Range, "TIMES repeats this instruction more than %d times", MaxStatementSize))
		return
	}
	for ; times > 0; times-- {
		a.inst.Offset = a.current.size
		if !a.encode(body) {
			return
		}
		a.emit(l, a.fragment(l, body, 1))
		if a.failed {
			return
		}
	}
}

// fragment makes a fragment of the instruction just encoded.
func (a *assembler) fragment(l *line, body *lang.Instruction, times int64) program.Fragment {
	f := program.Fragment{
		Kind: program.Code, Repeat: times, Bytes: a.enc.Code(), Size: int64(a.enc.Length), Source: l.statement,
	}
	if !a.final && a.asked {
		return f // only its size counts
	}
	a.fixups = a.fixups[:0]
	for _, fix := range a.enc.Fixups() {
		a.fixups = append(a.fixups, program.Fixup{
			Offset: int32(fix.Offset), Size: fix.Size, Kind: fix.Kind,
			End: int32(a.enc.Length), SignExtended: fix.SignExtended,
			Value: fix.Value, Range: body.Operands[fix.Operand].Range,
		})
	}
	f.Fixups, f.Form = a.fixups, a.enc.Form
	if f.Form == nil && body.ID != 0 { // two instructions, see oldJump
		f.Kind = program.Data
	} else if a.opts.Instructions {
		in := a.inst
		in.Operands = slices.Clone(in.Operands)
		in.Prefixes = slices.Clone(in.Prefixes)
		f.Instruction = &in
	}
	return f
}

// need64 says once that the source is one for 64 bits.
func (a *assembler) need64(at diag.Range) {
	a.failed = true
	if a.told64 {
		return
	}
	a.told64 = true
	first := "bits 64"
	if !a.opts.Flat && a.opts.Object == nil {
		first = "target linux/amd64"
	}
	a.fail(a.errorf(at, "this is code for 64 bits: write '%s' before it", first).
		Notef("%d-bit code has neither 64-bit registers nor r8-r15, spl, bpl, sil and dil", a.bits))
}

// encode encodes a.inst into a.enc.
func (a *assembler) encode(body *lang.Instruction) bool {
	if a.said.often(body.Range) { // a loop: enough has been said of this place
		a.failed = true
		return false
	}
	switch mismatch := x86.Encode(&a.inst, &a.enc); {
	case mismatch == nil:
	case mismatch.Distance && !a.final:
		// Addresses are not final yet; the length is right all the same.
		a.asked = true
	default:
		elsewhere := a.said.count(body.Range)
		if mismatch.Needs64() && a.target == "" {
			a.need64(body.Range)
			return false
		}
		if !a.final {
			a.failed = true // the last pass says why
			if elsewhere && !a.asked {
				a.wrong++
			}
			return false
		}
		if a.messages.Full(diag.Error) {
			a.fail(a.errorf(body.Range, ""))
			return false
		}
		m := mismatch.Message(body.Range, operandRanges(body))
		if !a.inst.Terse && !mismatch.Fitting {
			m = a.cured(m, body, mismatch.SizeMissing)
		}
		a.fail(m)
		return false
	}
	if a.enc.Doubtful() {
		a.doubt(body)
	}
	a.resizes = a.resizes || a.enc.Provisional
	a.oldJump(body)
	return true
}

// doubt warns of the instruction just encoded, in the last pass. In a loop enough is
// said of it after a while.
func (a *assembler) doubt(body *lang.Instruction) {
	if !a.final || a.doubted.often(body.Range) {
		a.asked = true // as it is looked at again in the last pass
		return
	}
	for _, w := range a.enc.Warnings(&a.inst) {
		a.warn(w.Message(body.Range, operandRanges(body)))
		a.doubted.count(body.Range)
	}
}

// sayings counts messages about instructions by their place. Where the source goes on,
// as it does outside of macros and %rep, nothing needs to be kept.
type sayings struct {
	counts map[diag.Range]int
	last   diag.Range // the place that is furthest in its file
}

// often reports whether enough has been said of a place; the first time is not counted.
func (s *sayings) often(at diag.Range) bool { return s.counts[at] >= maxSaid-1 }

// count counts another message, and reports whether its place is surely no place of one before.
func (s *sayings) count(at diag.Range) bool {
	if s.last.IsZero() || at.File == s.last.File && at.Start > s.last.Start {
		s.last = at
		return true
	}
	if s.counts == nil {
		s.counts = map[diag.Range]int{}
	}
	s.counts[at]++
	return false
}

func operandRanges(body *lang.Instruction) []diag.Range {
	ranges := make([]diag.Range, len(body.Operands))
	for i := range body.Operands {
		ranges[i] = body.Operands[i].Range
	}
	return ranges
}

// lower evaluates the operands of body into a.inst.
func (a *assembler) lower(body *lang.Instruction) bool {
	in := &a.inst
	in.Mnemonic = x86.Mnemonic(body.ID)
	in.Bits = a.bits
	in.DefaultRel, in.DefaultBound = a.defaults.rel, a.defaults.bound
	in.NoVEX, in.NoEVEX, in.LateVEX = a.encodings&hasVEX == 0, a.encodings&hasEVEX == 0, a.encodings&lateVEX != 0
	in.Optimize = a.opts.Optimize
	in.CPU, in.APX = x86.Level(a.cpu), a.apx
	in.Segment = a.current.out.ID
	in.Terse = !a.final || a.messages.Errors() > maxExplained
	in.Prefixes = in.Prefixes[:0]
	for _, p := range body.Prefixes {
		in.Prefixes = append(in.Prefixes, x86.PrefixID(p.ID))
	}
	if cap(in.Operands) < x86.MaxOperands {
		in.Operands = make([]x86.Operand, 0, x86.MaxOperands)
	}
	in.Operands = in.Operands[:0]
	operands := body.Operands
	if len(operands) == 3 && x86.TakesIndex(in.Mnemonic) {
		operands = withIndex(operands)
	}
	for i := range operands {
		from := &operands[i]
		n := len(in.Operands)
		if from.Value == nil { // {rn-sae} belongs to the operand before it
			if n == 0 {
				a.fail(a.errorf(from.Range, "a rounding mode stands after a register"))
				return false
			}
			if !a.rounding(from, &in.Operands[n-1]) {
				return false
			}
			continue
		}
		if n == x86.MaxOperands {
			a.fail(a.errorf(from.Range, "no instruction takes %d operands", len(body.Operands)))
			return false
		}
		in.Operands = append(in.Operands, x86.Operand{})
		to := &in.Operands[n]
		if !a.operand(from, to) {
			return false
		}
		if to.Value.Hint == lang.NotBase && x86.TakesIndex(in.Mnemonic) {
			to.Memory.IndexAlone, to.Memory.NoSplit = true, true // [rbx*1] and [rbx*2] have no base
		}
		if from.Decorators != nil && !a.decorate(from, to) {
			return false
		}
	}
	return true
}

// rounding takes over {rn-sae} and the like, which stand as an operand of their own.
func (a *assembler) rounding(from *lang.Operand, to *x86.Operand) bool {
	for _, d := range from.Decorators {
		mode, ok := x86.LookupRounding(d.Text)
		if !ok {
			a.fail(a.errorf(d.Range, "{%s} stands right after an operand, without a comma", d.Text))
			return false
		}
		to.Rounding = mode
	}
	return true
}

// decorate takes over the decorators after an operand.
func (a *assembler) decorate(from *lang.Operand, to *x86.Operand) bool {
	for _, d := range from.Decorators {
		if _, ok := x86.LookupRounding(d.Text); ok {
			a.fail(a.errorf(d.Range, "a rounding mode is an operand of its own").
				Notef("write a comma before it: xmm3, {%s}", d.Text))
			return false
		}
		if n, ok := strings.CutPrefix(d.Text, "k"); ok && len(n) == 1 && n[0] >= '1' && n[0] <= '7' {
			if to.Mask != 0 {
				a.fail(a.errorf(d.Range, "this operand has a mask already"))
				return false
			}
			to.Mask = n[0] - '0'
			continue
		}
		if n, ok := strings.CutPrefix(d.Text, "1to"); ok && slices.Contains([]string{"2", "4", "8", "16", "32"}, n) {
			count, _ := strconv.Atoi(n)
			to.Broadcast = uint8(count)
			continue
		}
		if d.Text != "z" {
			a.fail(a.errorf(d.Range, "{%s} can't stand after an operand", d.Text).
				Notef("masks are {k1} to {k7}, {z} clears what is masked, {1to2} to {1to32} repeat a number in memory"))
			return false
		}
		to.Zero = true
	}
	return true
}

// operand evaluates one operand.
func (a *assembler) operand(from *lang.Operand, to *x86.Operand) bool {
	to.Size = int(from.Size)
	to.Strict = from.Strict
	to.To = from.To
	to.Distance = from.Distance
	if from.Memory == nil && from.Segment == nil {
		if r, ok := from.Value.(*lang.Register); ok {
			to.Kind, to.Register = x86.RegisterOperand, r.ID
			return true
		}
	}
	asked := a.asked
	a.asked = false
	if m := lang.Eval(from.Value, a, &to.Value); m != nil {
		a.fail(m)
		return false
	}
	if a.asked {
		if _, address := to.Value.Segment(); !address {
			a.resizes = true // a number made of symbols: its size may change
		}
	}
	a.asked = a.asked || asked
	switch {
	case from.Memory != nil:
		to.Kind = x86.MemoryOperand
		m := from.Memory
		to.Memory = x86.Memory{
			Segment: x86.NoRegister, DispSize: int(m.DispSize), AddressSize: int(m.AddressSize),
			NoSplit: m.NoSplit, Rel: m.Rel, Abs: m.Abs,
		}
		if m.Segment != nil {
			to.Memory.Segment = m.Segment.ID
		}
		if m.Index != nil {
			return a.splitAddress(m, to)
		}
	case from.Segment != nil:
		to.Kind = x86.FarOperand
		if m := lang.Eval(from.Segment, a, &to.Segment); m != nil {
			a.fail(m)
			return false
		}
	default:
		to.Kind = x86.ImmediateOperand
		if r, group, ok := registerGroup(from.Value, &to.Value); ok {
			*to = x86.Operand{Kind: x86.RegisterOperand, Size: to.Size, Strict: to.Strict, To: to.To, Register: r, Group: group}
			return true
		}
		for _, t := range to.Value.Terms() {
			if t.Kind == lang.RegisterTerm {
				a.fail(a.errorf(from.Range, "the assembler can't compute with a register's value").
					Notef("an address made of registers goes in brackets: [eax+4]; to compute it into a register use LEA"))
				return false
			}
		}
	}
	return true
}

// registerGroup takes zmm4+3 apart, which names zmm4 and the three registers after it.
func registerGroup(e lang.Expr, v *lang.Value) (r lang.RegisterID, more uint8, ok bool) {
	sum, isSum := e.(*lang.Binary)
	if !isSum {
		return 0, 0, false
	}
	if _, ok := sum.X.(*lang.Register); !ok {
		return 0, 0, false
	}
	terms := v.Terms()
	if len(terms) != 1 || terms[0].Kind != lang.RegisterTerm || terms[0].Coef != 1 || v.N != 0 && v.N != 1 && v.N != 3 {
		return 0, 0, false
	}
	return lang.RegisterID(terms[0].ID), uint8(v.N), true
}

// withIndex puts the index of an address that stands as an operand of its own, as in
// bndldx bnd0, [rax], rbx, into the address.
func withIndex(operands []lang.Operand) []lang.Operand {
	memory := slices.IndexFunc(operands, func(o lang.Operand) bool { return o.Memory != nil })
	if memory < 0 || memory+1 >= len(operands) || operands[memory].Memory.Index != nil {
		return operands
	}
	for i := memory + 1; i < len(operands); i++ {
		r, ok := operands[i].Value.(*lang.Register)
		if !ok || operands[i].Memory != nil || x86.RegisterInfo(r.ID).Class != x86.General {
			continue
		}
		o := operands[memory]
		parts := *o.Memory
		parts.Base, parts.Index = o.Value, r
		o.Memory, o.Value = &parts, &lang.Binary{Op: lang.OpAdd, At: operands[i].Range, X: o.Value, Y: r}
		list := slices.Delete(slices.Clone(operands), i, i+1)
		list[memory] = o
		return list
	}
	return operands
}

// splitAddress checks the parts of an address with a comma: a base with a
// displacement, and an index with a factor.
func (a *assembler) splitAddress(m *lang.Memory, to *x86.Operand) bool {
	registers := func(e lang.Expr) (n int, coef, number int64) {
		var v lang.Value
		if lang.Eval(e, a, &v) != nil {
			return 2, 0, 0
		}
		for _, t := range v.Terms() {
			if t.Kind == lang.RegisterTerm {
				n, coef = n+1, t.Coef
			} else {
				number = 1
			}
		}
		return n, coef, v.N | number
	}
	bases, coef, _ := registers(m.Base)
	if bases > 1 || bases == 1 && coef != 1 {
		a.fail(a.errorf(m.Base.Span(), "before the comma of an address stands one register, and what is added to it"))
		return false
	}
	n, _, rest := registers(m.Index)
	if n != 1 || rest != 0 {
		a.fail(a.errorf(m.Index.Span(), "after the comma of an address stands one register, with a factor").
			Notef("the parts of an address are added: [base + index*4 + offset]"))
		return false
	}
	to.Memory.IndexAlone = bases == 0
	return true
}
