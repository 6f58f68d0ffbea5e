package equiv

import (
	"tasm/codegen/x86"
	"tasm/machine"
)

// jumpRuns is on how many generated runs it is looked where a program jumps.
const jumpRuns = 48

// Jump is a jump or call to a computed address that a program was seen to make: by the
// instruction at From, as addresses stand in the file.
type Jump struct{ From, To uint64 }

// Jumps lists jumps and calls to computed addresses that a program makes in generated
// runs, each once.
func Jumps(file []byte) []Jump {
	im, err := parse(file)
	if err != nil {
		return nil
	}
	var list []Jump
	seen := map[Jump]bool{}
	var numbers []uint64
	for n := range jumpRuns {
		s := newScript(n, numbers, im.abi, nil)
		p, err := s.launch(machine.NewTerms(), im)
		if err != nil {
			return list
		}
		s.walk(p, runSteps/2, runBytes, func(in *x86.Decoded) {
			if flow := in.Form.Flow(); flow != x86.Jump && flow != x86.Call || in.Operands[0].Kind == x86.ImmediateOperand {
				return
			}
			to, _ := p.image.inFile(addressOf(p.IP), p.bias)
			if j := (Jump{p.address(), to}); !seen[j] {
				seen[j] = true
				list = append(list, j)
			}
		}, func(callView) {})
		numbers = im.numbers()
	}
	return list
}

// walk runs a program for a number of instructions, with as many bytes in buffers, at
// most, and makes up the kernel's answers. It calls each behind every instruction, and
// made before every system call.
func (s *script) walk(p *process, steps, bytes int, each func(*x86.Decoded), made func(callView)) {
	facts := machine.NewFacts(p.Terms)
	for ; steps > 0 && bytes > 0; steps-- {
		in, _ := p.fetch()
		if in == nil {
			return
		}
		p.at = p.IP
		switch e := p.Step(in); e.Kind {
		case machine.Done:
			each(in)
		case machine.SystemCall:
			v := p.view(p.Call(e.ABI), facts)
			made(v)
			if v.unclear() != "" || v.Syscall != nil && v.Syscall.NoReturn() {
				return
			}
			bytes -= v.size()
			p.give(v, s.answer(v))
		default:
			return
		}
	}
}
