package machine

import (
	"fmt"
	"strings"
)

// opNames are what the operations are called where people see them.
var opNames = [...]string{
	OpMul: "mul", OpMulHigh: "mulhigh", OpMulHighSigned: "imulhigh",
	OpQuotient: "div", OpRemainder: "mod", OpQuotientSigned: "idiv", OpRemainderSigned: "imod",
	OpAnd: "and", OpOr: "or", OpXor: "xor", OpExtract: "bits", OpConcat: "join", OpSignExtend: "sx",
	OpIf: "if", OpEqual: "equal", OpBelow: "below", OpLess: "less",
	OpCountOnes: "popcnt", OpLowest: "bsf", OpHighest: "bsr", OpSum: "sum",
}

// Printer writes terms as text. A part that was written before is referred to
// by its number, so the text is no longer than the terms have parts; two
// sequences of terms give the same text if they are the same but for the
// unknowns' names.
type Printer struct {
	// Name names an unknown.
	Name func(Unknown) string

	text strings.Builder
	seen map[*node]int
}

// Write appends a term.
func (p *Printer) Write(x Term) {
	if x.node == nil {
		fmt.Fprintf(&p.text, "%#x", x.value)
		return
	}
	if x.value != 0 {
		fmt.Fprintf(&p.text, "%+d+", signed(x.value, x.width))
	}
	n := x.node
	if i, ok := p.seen[n]; ok {
		fmt.Fprintf(&p.text, "$%d", i)
		return
	}
	if p.seen == nil {
		p.seen = map[*node]int{}
	}
	if n.op == OpUnknown {
		p.text.WriteString(p.Name(*n.unknown))
	} else {
		fmt.Fprintf(&p.text, "%s.%d(", opNames[n.op], n.width)
		if n.op == OpExtract {
			fmt.Fprintf(&p.text, "%d ", n.low)
		}
		if n.op == OpSum {
			fmt.Fprintf(&p.text, "%d*", signed(n.coefficient, n.width))
		}
		for i, a := range []Term{n.a, n.b, n.c} {
			if a.width > 0 && (n.op != OpSum || i == 0 || a.node != nil) {
				if i > 0 {
					p.text.WriteByte(' ')
				}
				p.Write(a)
			}
		}
		p.text.WriteByte(')')
	}
	p.seen[n] = len(p.seen)
}

// WriteString appends text.
func (p *Printer) WriteString(s string) { p.text.WriteString(s) }

// String returns what was written so far.
func (p *Printer) String() string { return p.text.String() }

// String describes an unknown for people.
func (u Unknown) String() string {
	switch u.Origin {
	case Undefined:
		return "something undefined"
	case StackPointer:
		return "the initial stack pointer"
	case ImageBase:
		return "the load address"
	case EntryWord:
		if u.Index == 0 {
			return "argc"
		}
		return fmt.Sprintf("word %d of the initial stack", u.Index)
	case BelowStack:
		return fmt.Sprintf("byte %d below the initial stack pointer", -u.Index)
	case StringByte:
		return fmt.Sprintf("byte %d behind %v", u.Index, u.Of)
	case Result:
		return fmt.Sprintf("the result of call %d", u.Call+1)
	case InitialByte:
		return fmt.Sprintf("byte %v%+d of the memory at first", u.Of, u.Index)
	case KernelByte, KernelWrote:
		return fmt.Sprintf("byte %d that call %d wrote", u.Index, u.Call+1)
	}
	if u.Origin == Opaque {
		return fmt.Sprintf("value %d of other registers at %d", u.Index, u.Call)
	}
	if u.Origin == Processor {
		return fmt.Sprintf("value %d that the processor told", u.Index)
	}
	return fmt.Sprintf("input %d", u.Index)
}

// String describes a term for people.
func (x Term) String() string {
	p := Printer{Name: Unknown.String}
	p.Write(x)
	return p.String()
}
