package equiv

import (
	"fmt"
	"strconv"

	"tasm/linux"
	"tasm/machine"
)

// difference is how the result differs from the original, or may differ.
type difference struct {
	// text is a clause with the result as its subject: "gives exit the status
	// 5, not 0".
	text string
	// definite tells that values were found that do differ, not only terms
	// that look different.
	definite bool
	// concrete tells that values differ in which nothing is unknown: they do if control
	// comes there.
	concrete bool
	// original tells that it is the original that has no meaning here.
	original bool
}

// judge tells whether two values, of the original and of the result, are equal.
// It returns nil if they are, and otherwise a difference whose text is to be
// filled in.
type judge func(x, y machine.Term) *difference

// compare compares the call that the original makes as its call number index,
// counted from 0, with that of the result.
func compare(index int, original, result callView, equal judge) *difference {
	say := func(d *difference, format string, args ...any) *difference {
		d.text = fmt.Sprintf(format, args...)
		if d.original {
			d.text = "passes to the kernel what the processor leaves undefined"
		}
		return d
	}
	if original.ABI != result.ABI {
		return say(&difference{definite: true}, "calls the kernel in another way at call %d", index+1)
	}
	if d := equal(original.Number, result.Number); d != nil {
		return say(d, "calls %s where the original calls %s, at call %d", result.name(), original.name(), index+1)
	}
	subject := func(i int) string {
		return fmt.Sprintf("%s of call %d (%s)", original.args[i].Name, index+1, original.name())
	}
	for i := range original.args {
		a, b := &original.args[i], &result.args[i]
		if a.comparesAsValue(b) {
			if d := equal(a.value, b.value); d != nil {
				return say(d, "has %s = %s, not %s", subject(i), figure(b.value), figure(a.value))
			}
		}
	}
	for i := range original.args {
		a, b := &original.args[i], &result.args[i]
		if !a.Kind.Memory() {
			continue
		}
		if len(a.reads) != len(b.reads) || len(a.writes) != len(b.writes) {
			return say(&difference{definite: true}, "passes %d buffers, not %d, as %s", len(b.reads)+len(b.writes), len(a.reads)+len(a.writes), subject(i))
		}
		for k, x := range a.reads {
			y := b.reads[k]
			for n := range min(len(x.bytes), len(y.bytes)) {
				same := equal
				if x.within != nil && x.bytes[n] != y.bytes[n] {
					same = func(x, y machine.Term) *difference { return original.args[i].reads[k].within(n, x, y) }
				}
				if d := same(x.bytes[n], y.bytes[n]); d != nil {
					return say(d, "has byte %d behind %s = %s, not %s", n, subject(i), figure(y.bytes[n]), figure(x.bytes[n]))
				}
			}
			// Beyond the object anything may lie.
			if !(x.beyond && len(y.bytes) >= len(x.bytes)) && (len(x.bytes) != len(y.bytes) || x.cut != y.cut) {
				return say(&difference{definite: !x.open && !y.open}, "has %d bytes of memory behind %s, not %d", len(y.bytes), subject(i), len(x.bytes))
			}
		}
		for k, x := range a.writes {
			y := b.writes[k]
			if x.size != y.size || y.usable < x.usable || x.usable != y.usable && !x.beyond {
				return say(&difference{definite: true}, "has room for %d bytes behind %s, not %d", y.usable, subject(i), x.usable)
			}
		}
	}
	return nil
}

// sees returns the difference that lies in a call which sees what is mapped, where
// the result occupies pages that were free in the original; nil if there is none.
func sees(call *linux.Syscall, original, result *image) *difference {
	if call == nil || call.Space() == linux.NoSpace {
		return nil
	}
	_, was := original.Size()
	_, is := result.Size()
	switch {
	case is > was:
		return &difference{text: "has the kernel commit more memory than the original, and calls " + call.Name + ", which sees that", definite: true}
	case result.Within(original.Image):
		return nil
	}
	return &difference{text: "occupies addresses that the original leaves free, and calls " + call.Name + ", which sees that", definite: true}
}

// comparesAsValue reports whether an argument has to be the same number in both
// programs: that is so unless it is only used as an address.
func (a *passed) comparesAsValue(b *passed) bool {
	switch a.Kind {
	case linux.Unused:
		return false
	case linux.Opaque, linux.Map:
		return true
	}
	return !a.Kind.Memory() || isNull(a.value) || isNull(b.value) || a.foreign || b.foreign
}

func isNull(x machine.Term) bool {
	n, ok := x.Constant()
	return ok && n == 0
}

// figure writes a value for people.
func figure(x machine.Term) string {
	n, ok := x.Constant()
	switch {
	case !ok:
		return "(" + x.String() + ")"
	case n > 1<<(x.Width()-1) && x.Width() > 8:
		return fmt.Sprint(int64(n<<(64-x.Width())) >> (64 - x.Width()))
	case n < 1<<16:
		return strconv.FormatUint(n, 10)
	}
	return fmt.Sprintf("%#x", n)
}

// undefined reports whether a value depends on what the processor leaves
// undefined.
func undefined(x machine.Term) bool { return x.DependsOn(machine.Undefined) }
