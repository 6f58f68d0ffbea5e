package x86

import (
	"slices"

	"tasm/diag"
)

// Encode finds the encoding of in that nasm -Ox chooses and stores it in out.
// It returns nil, or a Mismatch that explains why there is none. It doesn't
// keep in, and doesn't allocate unless there is something to explain.
func Encode(in *Instruction, out *Encoding) *Mismatch {
	var c context
	if problem := c.analyze(in); problem != nil {
		return problem
	}
	if in.Mnemonic == 0 && len(in.Operands) == 0 {
		return c.emit(&prefixesAlone, out)
	}
	form, verdict := c.choose()
	if form == nil {
		return c.explain(verdict)
	}
	return c.emit(form, out)
}

// prefixesAlone is the form of a line that has prefixes but no instruction.
var prefixesAlone = Form{row: &row{summary: "Prefixes alone"}, modes: Mode16 | Mode32 | Mode64, tags: bounded}

// Encodings returns every legal encoding of in, shortest first: each form that
// admits the operands, in both directions and with every length of immediate
// and displacement that holds the value. What Encode chooses is one of them,
// and the first among those of its length. Prefixes beyond those that in asks
// for are not added. The result is empty where Encode finds a Mismatch.
func Encodings(in *Instruction) []Encoding {
	var first Encoding
	if Encode(in, &first) != nil {
		return nil
	}
	var c context
	c.analyze(in)
	list := append(make([]Encoding, 0, 8), first)
	c.enumerate(func(e *Encoding) {
		for i := range list {
			if slices.Equal(list[i].Code(), e.Code()) {
				return
			}
		}
		list = append(list, *e)
	})
	slices.SortStableFunc(list, func(a, b Encoding) int { return int(a.Length) - int(b.Length) })
	return list
}

// Warning is a doubt about an instruction that has an encoding all the same.
type Warning struct {
	Code    string // the class of the warning, as in diag.Message
	Operand int    // index of the operand it is about, -1 for the instruction
	Text    string
}

// Message makes a message of w for an instruction at the range at whose
// operands stand at the ranges operands.
func (w *Warning) Message(at diag.Range, operands []diag.Range) *diag.Message {
	if w.Operand >= 0 && w.Operand < len(operands) {
		at = operands[w.Operand]
	}
	return diag.Warningf(w.Code, at, "%s", w.Text)
}
