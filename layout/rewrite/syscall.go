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

// callOf returns the system call that is made when the accumulator holds v, or
// nil where it is not known.
func (s *shortener) callOf(v value) *linux.Syscall {
	n, ok := v.number()
	if !ok {
		return nil
	}
	call, _ := linux.ByNumber(s.abi, int(uint32(n)))
	return call
}

// kernelReads returns the registers that a system call reads: call is nil where
// it is not known which one it is.
func (s *shortener) kernelReads(call *linux.Syscall) parts {
	p := partLong << (4 * ax)
	if call == nil || call.Result == linux.Jump || call.Result == linux.Twice {
		for _, n := range s.arguments {
			p |= whole(n)
		}
	} else {
		for i, a := range call.Args(s.abi) {
			if a.Kind != linux.Unused {
				p |= whole(s.arguments[i])
			}
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
