package equiv

import (
	"bytes"
	"slices"

	"tasm/codegen/x86"
	"tasm/machine"
)

// Reads lists data of a file that its system calls read in generated runs, as it stands
// in the file. What is part of other data is left out, and zeros at an end.
func Reads(file []byte) [][]byte {
	im, err := parse(file)
	if err != nil {
		return nil
	}
	var list [][]byte
	var numbers []uint64
	for n := range readRuns {
		s := newScript(n, numbers, im.abi, nil)
		p, err := s.launch(machine.NewTerms(), im)
		if err != nil {
			break
		}
		s.walk(p, readSteps, runBytes, func(*x86.Decoded) {}, func(v callView) {
			for i := range v.args {
				for _, r := range v.args[i].reads {
					list = include(list, p.untouched(r))
				}
			}
		})
		numbers = im.numbers()
	}
	return list
}

// include adds data to a list unless it is part of what is there, and removes what is
// part of it.
func include(list [][]byte, data []byte) [][]byte {
	if len(data) == 0 || slices.ContainsFunc(list, func(b []byte) bool { return bytes.Contains(b, data) }) {
		return list
	}
	return append(slices.DeleteFunc(list, func(b []byte) bool { return bytes.Contains(data, b) }), data)
}

// untouched returns the bytes of a run of memory, without zeros at its end, if they are
// those that the file puts there; else nil.
func (p *process) untouched(r run) []byte {
	if !r.address.IsNumber() {
		return nil
	}
	var list []byte
	for i, x := range r.bytes {
		at, in := p.image.inFile(addressOf(r.address)+int64(i), p.bias)
		b, holds := p.image.initial(at)
		if n, known := x.Constant(); !in || !holds || !known || n != uint64(b) {
			return nil
		}
		list = append(list, b)
	}
	return bytes.TrimRight(list, "\x00")
}
