package x86

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"tasm/lang"
)

// String writes the instruction in nasm's syntax, with numbers where the source
// may have had names. Assembling it gives the same instruction, in nasm's choice
// of encoding.
func (in *Instruction) String() string { return in.Text(formatNumber) }

// Text is String with addresses in the instruction's own segment, which is
// where branches go and what is relative to the instruction pointer, written by
// place.
func (in *Instruction) Text(place func(address int64) string) string {
	var b strings.Builder
	for _, p := range in.Prefixes {
		b.WriteString(PrefixName(p))
		b.WriteByte(' ')
	}
	b.WriteString(MnemonicName(in.Mnemonic))
	for i := range in.Operands {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte(' ')
		if i == 0 && in.APX && TakesDefaultFlags(in.Mnemonic) {
			b.WriteString(DefaultFlags(in.Operands[0].Value.N))
			continue
		}
		b.WriteString(in.Operands[i].format(in.sizeIsPlain(i), place))
	}
	return b.String()
}

// sizeIsPlain reports whether the instruction is the same when the size of
// operand i is left out.
func (in *Instruction) sizeIsPlain(i int) bool {
	if in.Operands[i].Size == 0 {
		return true
	}
	short := *in
	short.Operands = slices.Clone(in.Operands)
	short.Operands[i].Size = 0
	var with, without Encoding
	return Encode(in, &with) == nil && with.Form.tags&vexWritten == 0 && Encode(&short, &without) == nil && bytes.Equal(with.Code(), without.Code())
}

// sizeKeywords are nasm's names of sizes in bytes.
var sizeKeywords = map[int]string{1: "byte", 2: "word", 4: "dword", 8: "qword", 10: "tword", 16: "oword", 32: "yword", 64: "zword"}

// braces is what stands in braces right after the operand, and its rounding.
func (o *Operand) braces() string {
	var b strings.Builder
	if o.Group != 0 {
		fmt.Fprintf(&b, "+%d", o.Group)
	}
	if o.Mask != 0 {
		fmt.Fprintf(&b, "{k%d}", o.Mask)
	}
	if o.Zero {
		b.WriteString("{z}")
	}
	if o.Broadcast != 0 {
		fmt.Fprintf(&b, "{1to%d}", o.Broadcast)
	}
	if o.Rounding != NoRounding {
		b.WriteString(", {" + roundingNames[o.Rounding] + "}")
	}
	return b.String()
}

func (o *Operand) format(sizeIsPlain bool, place func(int64) string) string {
	return o.plain(sizeIsPlain, place) + o.braces()
}

func (o *Operand) plain(sizeIsPlain bool, place func(int64) string) string {
	number := formatNumber
	if _, ok := o.Value.Segment(); ok {
		number = place
	}
	switch o.Kind {
	case RegisterOperand:
		return RegisterName(o.Register)
	case FarOperand:
		return strings.TrimLeft(sizeKeywords[o.Size]+" ", " ") + formatNumber(o.Segment.N) + ":" + formatNumber(o.Value.N)
	case ImmediateOperand:
		text := distanceWord(o.Distance)
		if o.Strict {
			text += "strict "
		}
		if o.Size != 0 && !sizeIsPlain {
			text += sizeKeywords[o.Size] + " "
		}
		return text + number(o.Value.N)
	}
	var b strings.Builder
	if o.Distance == lang.Far {
		b.WriteString("far ")
	}
	if word := sizeKeywords[o.Size]; word != "" && !sizeIsPlain {
		b.WriteString(word + " ")
	}
	b.WriteByte('[')
	if size := o.Memory.AddressSize; size != 0 {
		fmt.Fprintf(&b, "a%d ", size*8)
	}
	if size := o.Memory.DispSize; size != 0 {
		b.WriteString(sizeKeywords[size] + " ")
	}
	if o.Memory.NoSplit {
		b.WriteString("nosplit ")
	}
	if o.Memory.Rel {
		b.WriteString("rel ")
	}
	if isRegister(o.Memory.Segment) {
		b.WriteString(RegisterName(o.Memory.Segment) + ":")
	}
	terms := 0
	for _, t := range o.Value.Terms() {
		if t.Kind != lang.RegisterTerm {
			continue
		}
		if terms++; terms > 1 {
			b.WriteByte('+')
		}
		b.WriteString(RegisterName(lang.RegisterID(t.ID)))
		if t.Coef != 1 {
			fmt.Fprintf(&b, "*%d", t.Coef)
		}
	}
	switch n := o.Value.N; {
	case terms == 0:
		b.WriteString(number(n))
	case n < 0:
		b.WriteString("-" + formatNumber(-n))
	case n > 0:
		b.WriteString("+" + formatNumber(n))
	}
	b.WriteByte(']')
	return b.String()
}

// formatNumber writes small numbers in decimal, others in hexadecimal.
func formatNumber(n int64) string {
	switch {
	case n < 0 && n > -256:
		return fmt.Sprint(n)
	case n >= 0 && n < 10:
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%#x", uint64(n))
}
