package x86

import (
	"bytes"
	"slices"

	"tasm/lang"
)

// Exact changes a decoded instruction so that Encode makes exactly the bytes
// that it was read from: it writes sizes, distances and prefixes that Encode
// would have chosen otherwise. It reports false where no way to write the
// instruction gives these bytes.
func (d *Decoded) Exact(code []byte) bool {
	switch MnemonicName(d.Mnemonic) {
	case "fwait", "retw", "jmpe":
		// nasm writes other bytes: see testdata/differences.txt.
		if len(d.Prefixes)+len(d.Operands) > 0 {
			return false
		}
	}
	for i := range d.Form.opcode.nfields {
		if fd := &d.Form.opcode.fields[i]; fd.kind == relativeField {
			o := &d.Operands[fd.operand]
			o.Value = lang.InSegment(d.Segment, o.Value.N)
		}
	}
	x := exact{in: &d.Instruction, code: code}
	return x.matches() || x.distances() || x.prefixes()
}

// exact searches the way to write an instruction.
type exact struct {
	in   *Instruction
	code []byte
}

// matches reports whether Encode gives the bytes.
func (x *exact) matches() bool {
	var e Encoding
	return Encode(x.in, &e) == nil && len(e.Fixups()) == 0 && bytes.Equal(e.Code(), x.code)
}

// prefixes tries the prefixes that choose among encodings.
func (x *exact) prefixes() bool {
	own := x.in.Prefixes
	for _, p := range []PrefixID{ForceVEX3, ForceEVEX, ForceREX, ForceREX2} {
		x.in.Prefixes = append(slices.Clone(own), p)
		if x.matches() || x.distances() {
			return true
		}
	}
	x.in.Prefixes = own
	return false
}

// distances tries the lengths of branches, displacements and immediates.
func (x *exact) distances() bool {
	for i := range x.in.Operands {
		o := &x.in.Operands[i]
		was := *o
		switch o.Kind {
		case ImmediateOperand:
			if x.immediate(o) {
				return true
			}
		case MemoryOperand:
			for _, size := range []int{1, 2, 4, 8} {
				for _, nosplit := range []bool{false, true} {
					o.Memory.DispSize, o.Memory.NoSplit = size, nosplit
					if x.matches() {
						return true
					}
				}
			}
			o.Memory.DispSize, o.Memory.NoSplit = 0, true
			if x.matches() {
				return true
			}
		}
		*o = was
	}
	return false
}

// immediate tries the lengths of an immediate.
func (x *exact) immediate(o *Operand) bool {
	was := *o
	for _, d := range []lang.Distance{lang.Short, lang.Near} {
		o.Distance = d
		if x.matches() {
			return true
		}
	}
	if _, branch := o.Value.Segment(); branch {
		for _, size := range []int{2, 4} { // nasm wants NEAR before the size
			if o.Size = size; x.matches() {
				return true
			}
		}
		*o = was
		return false
	}
	o.Distance = was.Distance
	for _, size := range []int{0, 1, 2, 4, 8} {
		for _, strict := range []bool{false, true} {
			o.Size, o.Strict = size, strict
			if x.matches() {
				return true
			}
		}
	}
	*o = was
	return false
}
