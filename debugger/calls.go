package debugger

import (
	"fmt"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/linux"
	"tasm/machine"
	"tasm/symbols"
	"tasm/vm"
)

// call is a call of a subroutine that has not returned.
type call struct {
	from uint64 // address of the instruction
	to   uint64
	back uint64 // return address
	slot uint64 // where the return address lies on the stack
}

// turn is a subroutine called in a step, or one left.
type turn struct {
	step int64
	left bool
	call call
}

// madeCall is a system call that the program made in a step.
type madeCall struct {
	step int64
	ip   uint64
	call vm.Call
}

// history is what the steps up to now mean for calls of both kinds. It is taken back
// with the steps.
type history struct {
	open  []call // the innermost last
	turns []turn
	made  []madeCall
}

// note takes down what the step that was just made means for the calls.
func (s *Session) note(in *x86.Decoded, ip uint64) {
	h, now, sp := &s.history, s.Steps(), s.Register(machine.SP)
	// A return address below the stack pointer is gone.
	for n := len(h.open) - 1; n >= 0 && h.open[n].slot < sp; n-- {
		h.turns = append(bounded(h.turns), turn{now, true, h.open[n]})
		h.open = h.open[:n]
	}
	if in == nil {
		return
	}
	switch in.Form.Flow() {
	case x86.Call:
		c := call{ip, s.IP(), ip + uint64(in.Length), sp}
		h.turns = append(bounded(h.turns), turn{now, false, c})
		h.open = append(h.open, c)
	case x86.SystemCall, x86.Interrupt:
		if change, ok := s.Last(); ok && change.Call != nil {
			h.made = append(bounded(h.made), madeCall{now, ip, *change.Call})
		}
	}
}

// unnote takes back what was noted of steps after this one.
func (s *Session) unnote() {
	h, now := &s.history, s.Steps()
	for n := len(h.turns) - 1; n >= 0 && h.turns[n].step > now; n-- {
		switch t := &h.turns[n]; {
		case t.left:
			h.open = append(h.open, t.call)
		case len(h.open) > 0:
			h.open = h.open[:len(h.open)-1]
		}
		h.turns = h.turns[:n]
	}
	for n := len(h.made) - 1; n >= 0 && h.made[n].step > now; n-- {
		h.made = h.made[:n]
	}
}

// bounded drops the older half of a list that has become long.
func bounded[T any](list []T) []T {
	if len(list) < maxNoted {
		return list
	}
	return slices.Clone(list[maxNoted/2:])
}

// CallText writes a system call in words: write(1, msg, 24) = 24. The table may be
// nil.
func CallText(c *vm.Call, table *symbols.Table) string {
	if c.Syscall == nil {
		return fmt.Sprintf("call %d, which Linux does not have", c.Number)
	}
	var args []string
	kinds := c.Syscall.Args(c.ABI)
	for i, n := range c.Args {
		args = append(args, argumentText(kinds[i].Kind, n, table))
	}
	text := c.Syscall.Name + "(" + strings.Join(args, ", ") + ")"
	if c.Syscall.NoReturn() {
		return text
	}
	if code, ok := linux.Errnos().ByNumber(int(-c.Result)); ok && c.Result < 0 {
		text += fmt.Sprintf(" = -%s (%s)", code.Name, code.Text)
	} else {
		text += fmt.Sprintf(" = %d", c.Result)
	}
	if len(c.Data) > 0 {
		const shown = 48
		text += fmt.Sprintf("  %q", c.Data[:min(len(c.Data), shown)])
	}
	return text
}

func argumentText(kind linux.Kind, n uint64, table *symbols.Table) string {
	if kind.Memory() || kind == linux.Pointer {
		if table != nil {
			if name := table.Name(n); name != "" {
				return name
			}
		}
	}
	if kind.Memory() {
		return fmt.Sprintf("%#x", n)
	}
	return fmt.Sprint(int64(int32(n)))
}
