package layout

import (
	"bytes"
	"fmt"
	"slices"

	"tasm/layout/equiv"
	"tasm/layout/synth"
	"tasm/linux"
)

// planOf makes a plan for synth of the system calls that a program makes, or
// says why that can't be: a clause with the program as its subject.
func planOf(t *equiv.Trace) (*synth.Plan, string) {
	p := &synth.Plan{ABI: t.ABI}
	for i := range t.Calls {
		c := &t.Calls[i]
		if c.Syscall == nil {
			return nil, fmt.Sprintf("makes system call %d, which is not known", c.Number)
		}
		call := synth.Call{Number: uint64(c.Number)}
		for j := range c.Args {
			v, reason := plannedValue(p, &c.Args[j])
			if reason != "" {
				return nil, fmt.Sprintf("%s, in its call of %s", reason, c.Syscall.Name)
			}
			call.Args = append(call.Args, v)
		}
		p.Calls = append(p.Calls, call)
	}
	return p, ""
}

// plannedValue says what a register has to hold for a.
func plannedValue(p *synth.Plan, a *equiv.Argument) (synth.Value, string) {
	switch {
	case a.Kind == linux.Unused:
		return synth.Value{}, ""
	case len(a.Reads) > 1, len(a.Reads) == 1 && a.Reads[0].At.Term != a.Value.Term:
		return synth.Value{}, "has the kernel follow addresses in memory"
	case len(a.Reads) == 1 && a.Room == 0 && (a.Value.Form == equiv.Image || a.Value.Form == equiv.Stack):
		// Whatever holds the same bytes will do.
		content := a.Reads[0]
		if content.Cut || content.Bytes == nil {
			return synth.Value{}, "has the kernel read memory whose bytes are not known"
		}
		i := slices.IndexFunc(p.Blobs, func(b []byte) bool { return bytes.Equal(b, content.Bytes) })
		if i < 0 {
			i = len(p.Blobs)
			p.Blobs = append(p.Blobs, content.Bytes)
		}
		return synth.AddressOf(i), ""
	}
	v := a.Value
	switch {
	case v.Form == equiv.Number:
		return synth.Const(v.Number), ""
	case v.Form == equiv.Image && a.Kind.Memory():
		return synth.Value{}, "has the kernel write to its data"
	case v.Form == equiv.Image:
		return synth.Const(v.Number), ""
	case v.Form == equiv.Stack:
		return synth.Value{Kind: synth.StackAddr, Number: v.Number}, ""
	case v.Form == equiv.Word && v.Number == 0:
		return synth.Value{Kind: synth.StackWord, Index: v.Index}, ""
	case v.Form == equiv.Result && v.Number == 0:
		return synth.Value{Kind: synth.ResultOf, Index: v.Index}, ""
	}
	return synth.Value{}, "computes with what it is told"
}

// plannedIdle makes a call of one that does nothing; ok tells whether the ABI has
// it.
func plannedIdle(abi *linux.ABI, idle *equiv.Idle) (call synth.Call, ok bool) {
	s, ok := linux.Lookup(idle.Name)
	if !ok {
		return call, false
	}
	number, ok := s.Number(abi)
	if !ok {
		return call, false
	}
	call.Number = uint64(number)
	for _, a := range s.Args(abi) {
		v := synth.Value{}
		if n, asked := idle.Args[a.Name]; asked {
			v = synth.Const(int64(n))
		}
		call.Args = append(call.Args, v)
	}
	return call, true
}
