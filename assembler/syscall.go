package assembler

import (
	"fmt"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/linux"
)

// move is one register that a system call wants loaded.
type move struct {
	to    lang.RegisterID // the widest register of its kind, as in reads
	from  *lang.Operand
	reads []lang.RegisterID // registers whose values from needs
}

// syscall handles SYS: it loads the registers that the target's ABI names and
// makes the call. A register that an argument still has to be read from is
// loaded only after that; otherwise the number comes first and the arguments
// follow in order, as one would write them by hand.
func (a *assembler) syscall(l *line, body *lang.Syscall, times int64) {
	if a.abi == nil {
		a.fail(a.errorf(body.Range, "SYS needs a target to know the numbers of its system calls").
			Notef("write 'target linux/386' at the top, or build with --target"))
		return
	}
	if a.bits != a.abi.Bits {
		a.fail(a.errorf(body.Range, "SYS makes %d-bit code for %s, and this code is %d bits wide", a.abi.Bits, a.target, a.bits))
		return
	}
	moves, ok := a.syscallMoves(body)
	if !ok {
		return
	}
	ordered, ok := a.orderMoves(body, moves)
	if !ok {
		return
	}
	call := instruction(a.abi.Instruction.Mnemonic, body.Range)
	for _, n := range a.abi.Instruction.Immediate {
		call.Operands = append(call.Operands, number(body.Range, n))
	}
	// The line stands for several fragments, made anew in every pass.
	a.asked = true
	for ; times > 0; times-- {
		for _, in := range append(ordered, call) {
			a.instruction(l, in, 1)
			if a.failed {
				return
			}
		}
	}
}

func number(at diag.Range, n int64) lang.Operand {
	return lang.Operand{Range: at, Value: &lang.Number{Range: at, N: n}}
}

// syscallMoves says which registers the call wants and what they should hold.
func (a *assembler) syscallMoves(body *lang.Syscall) ([]move, bool) {
	call, known := linux.Lookup(body.Name.Text)
	nr := 0
	if known {
		nr, known = call.Number(a.abi)
	}
	if !known {
		m := diag.Errorf(body.Name.Range, "%s has no system call '%s'", a.target, body.Name.Text)
		if call != nil {
			m.Notef("the call exists on other targets only")
		} else if near := diag.Nearest(body.Name.Text, linux.Names(a.abi)); near != "" {
			m.Notef("did you mean '%s'?", near).Suggest(body.Name.Range, near)
		}
		a.fail(m)
		return nil, false
	}
	params := call.Args(a.abi)
	if len(body.Args) > len(params) {
		names := make([]string, len(params))
		for i, p := range params {
			names[i] = ", " + p.Name
		}
		a.fail(a.errorf(body.Args[len(params)].Range, "%s takes %s, not %d", call.Name, countOf(len(params), "argument"), len(body.Args)).
			Notef("write: sys %s%s", call.Name, strings.Join(names, "")))
		return nil, false
	}
	count := number(body.Name.Range, int64(nr))
	moves := []move{{to: x86.Widest(register(a.abi.Number)), from: &count}}
	for i := range body.Args {
		arg := &body.Args[i]
		to := register(a.abi.Args[i])
		if !a.checkArgument(arg, to) {
			return nil, false
		}
		if r, ok := arg.Value.(*lang.Register); ok && arg.Memory == nil && r.ID == to {
			continue // it is there already
		}
		moves = append(moves, move{to: x86.Widest(to), from: arg, reads: registersIn(arg)})
	}
	return moves, true
}

func countOf(n int, what string) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// checkArgument rejects operands that a MOV into a full register can't take.
func (a *assembler) checkArgument(arg *lang.Operand, to lang.RegisterID) bool {
	size := int(arg.Size)
	if r, ok := arg.Value.(*lang.Register); ok && arg.Memory == nil {
		if x86.RegisterInfo(r.ID).Class != x86.General {
			a.fail(a.errorf(arg.Range, "an argument of a system call is a number, an address, memory or a general-purpose register"))
			return false
		}
		size = int(x86.RegisterInfo(r.ID).Size)
	}
	if arg.Segment != nil {
		a.fail(a.errorf(arg.Range, "a far pointer can't be an argument of a system call"))
		return false
	}
	if size != 0 && size != a.abi.PointerSize && size != 4 {
		a.fail(a.errorf(arg.Range, "an argument fills the register %s, and this is only %d bytes wide", x86.RegisterName(to), size).
			Notef("extend it first, for example: movzx %s, ...", x86.RegisterName(sized(to, 4))))
		return false
	}
	return true
}

// orderMoves turns the moves into MOV instructions such that each source is
// read before something else overwrites it.
func (a *assembler) orderMoves(body *lang.Syscall, moves []move) ([]*lang.Instruction, bool) {
	var out []*lang.Instruction
	for len(moves) > 0 {
		next := -1
		for i := range moves {
			if !readByOthers(moves, i) {
				next = i
				break
			}
		}
		if next >= 0 {
			out = append(out, a.moveInstruction(body, moves[next]))
			moves = append(moves[:next], moves[next+1:]...)
			continue
		}
		// Every register is still wanted: a ring, turned by an exchange.
		i := a.exchangeable(moves)
		if i < 0 {
			a.fail(a.errorf(body.Range, "the arguments need each other's registers in a circle").
				Notef("load one of them into another register before the call"))
			return nil, false
		}
		to, from := moves[i].to, moves[i].reads[0]
		out = append(out, instruction("xchg", body.Range, a.fullRegister(body.Range, to), a.fullRegister(body.Range, from)))
		moves = append(moves[:i], moves[i+1:]...)
		for j := range moves {
			moves[j].renamed(to, from)
		}
		moves = slices.DeleteFunc(moves, func(m move) bool { return plainRegister(m.from) && m.reads[0] == m.to })
	}
	return out, true
}

// readByOthers reports whether a move other than i still reads i's target.
func readByOthers(moves []move, i int) bool {
	for j := range moves {
		if j != i && slices.Contains(moves[j].reads, moves[i].to) {
			return true
		}
	}
	return false
}

// plainRegister reports whether o is a register by itself.
func plainRegister(o *lang.Operand) bool {
	_, ok := o.Value.(*lang.Register)
	return ok && o.Memory == nil
}

// exchangeable finds a move that XCHG can stand for, or -1: all moves must be
// from plain registers, since after the exchange their sources change places.
func (a *assembler) exchangeable(moves []move) int {
	for i := range moves {
		if !plainRegister(moves[i].from) {
			return -1
		}
	}
	return slices.IndexFunc(moves, func(m move) bool {
		return int(x86.RegisterInfo(m.from.Value.(*lang.Register).ID).Size) == a.abi.PointerSize
	})
}

// renamed tells m, a move from a plain register, that two registers have
// changed places.
func (m *move) renamed(x, y lang.RegisterID) {
	other := y
	switch m.reads[0] {
	case x:
	case y:
		other = x
	default:
		return
	}
	reg := m.from.Value.(*lang.Register)
	from := *m.from
	from.Value = &lang.Register{Range: reg.Range, ID: sized(other, int(x86.RegisterInfo(reg.ID).Size))}
	m.from, m.reads = &from, []lang.RegisterID{other}
}

// moveInstruction makes the MOV for m. In 64-bit code a 32-bit source, a small
// number and an address load the lower half, which clears the upper one: plain
// executables stand in the lowest 2 GiB.
func (a *assembler) moveInstruction(body *lang.Syscall, m move) *lang.Instruction {
	size := a.abi.PointerSize
	switch {
	case plainRegister(m.from):
		size = int(x86.RegisterInfo(m.from.Value.(*lang.Register).ID).Size)
	case m.from.Memory != nil && m.from.Size != 0:
		size = int(m.from.Size)
	case m.from.Memory == nil && a.isAddress(m.from.Value):
		size = 4
	}
	return instruction("mov", body.Range, registerOperand(m.from.Range, sized(m.to, size)), *m.from)
}

// sized returns the part of a general-purpose register that is size bytes wide.
func sized(id lang.RegisterID, size int) lang.RegisterID {
	return x86.GeneralRegister(int(x86.RegisterInfo(id).Number), size)
}

// fullRegister makes an operand of a register in the target's full width.
func (a *assembler) fullRegister(at diag.Range, id lang.RegisterID) lang.Operand {
	return registerOperand(at, sized(id, a.abi.PointerSize))
}

// isAddress reports whether e is an address in the program as far as is known
// in this pass.
func (a *assembler) isAddress(e lang.Expr) bool {
	var v lang.Value
	if m := lang.Eval(e, a, &v); m != nil {
		return false // the instruction will report it
	}
	_, address := v.Segment()
	return address || v.Unknown
}

func instruction(mnemonic string, at diag.Range, operands ...lang.Operand) *lang.Instruction {
	return &lang.Instruction{Range: at, Name: mnemonic, ID: int32(x86.LookupMnemonic(mnemonic)), Operands: operands}
}

func registerOperand(at diag.Range, id lang.RegisterID) lang.Operand {
	return lang.Operand{Range: at, Value: &lang.Register{Range: at, ID: id}}
}

// register finds a register that one of our own tables names.
func register(name string) lang.RegisterID {
	id := x86.LookupRegister(name)
	if id == x86.NoRegister {
		panic(fmt.Sprintf("the table of ABIs names '%s', which is no register", name))
	}
	return id
}

// registersIn lists the general-purpose registers that an operand reads, each
// as its full-width register.
func registersIn(o *lang.Operand) []lang.RegisterID {
	var ids []lang.RegisterID
	lang.Walk(o.Value, func(e lang.Expr) {
		if r, ok := e.(*lang.Register); ok && x86.RegisterInfo(r.ID).Class == x86.General {
			ids = append(ids, x86.Widest(r.ID))
		}
	})
	return ids
}
