package rewrite

import (
	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/linux"
)

// isSystemCall reports whether the instruction calls the kernel.
func isSystemCall(in *flow.Inst) bool {
	f := in.Form.Flow()
	return f == x86.SystemCall || f == x86.Interrupt
}

// isCall reports whether the instruction calls a subroutine.
func isCall(in *flow.Inst) bool { return in.Target != nil && in.Form.Flow() == x86.Call }

// isBranch reports whether the instruction may go to its Target, not to come
// back.
func isBranch(in *flow.Inst) bool { return in.Target != nil && in.Form.Flow() != x86.Call }

// numbers returns the register numbers of an ABI's register names.
func numbers(names []string) []int {
	list := make([]int, 0, len(names))
	for _, n := range names {
		r, _ := registerOf(x86.LookupRegister(n))
		list = append(list, r.number)
	}
	return list
}

// callsOf returns the system calls one of which is made when the accumulator
// holds v; none where they are not known.
func (a *analysis) callsOf(v value) []*linux.Syscall {
	var list []*linux.Syscall
	for _, n := range a.t.few(v) {
		call, ok := linux.ByNumber(a.s.abi, int(uint32(n)))
		if !ok {
			return nil
		}
		list = append(list, call)
	}
	return list
}

// command returns what a call is with the arguments that it has in a state.
func (a *analysis) command(s *state, call *linux.Syscall) *linux.Syscall {
	return call.Refine(a.s.abi, func(arg int) (uint64, bool) { return s.r[a.s.arguments[arg]].number() })
}

// kernelReads returns the registers that a system call reads, which is one of
// calls; there are none of these where it is not known which one it is.
func (s *shortener) kernelReads(calls []*linux.Syscall) parts {
	p := partLong << (4 * ax)
	for _, call := range calls {
		if call.Result == linux.Jump || call.Result == linux.Twice {
			calls = nil
			break
		}
		for i, a := range call.Args(s.abi) {
			if a.Kind != linux.Unused {
				p |= whole(s.arguments[i])
			}
		}
	}
	if calls == nil {
		for _, n := range s.arguments {
			p |= whole(n)
		}
	}
	if s.bits == 32 {
		p &= lowParts
	}
	return p
}

// kernelWrites returns the registers that a system call may change.
func (s *shortener) kernelWrites() parts {
	p := whole(ax)
	for _, n := range s.clobbers {
		p |= whole(n)
	}
	return p
}
