package console

import (
	"fmt"
	"strings"

	"tasm/debugger"
)

// What is shown of the state, a line each. A * marks what the last step changed.

// mark returns the sign for what has changed.
func mark(changed bool) string {
	if changed {
		return "*"
	}
	return " "
}

// RegisterLines shows the registers: as hexadecimal, signed and unsigned numbers, the
// low byte as a character, and what they point at.
func (c *Console) RegisterLines() []string {
	var list []string
	digits := c.Bits() / 4
	for _, r := range c.Registers() {
		text := fmt.Sprintf("%s%-3s %0*x %d", mark(r.Changed), r.Name, digits, r.Value, r.Signed)
		if r.Signed < 0 {
			text += fmt.Sprintf(" %d", r.Value)
		}
		for _, more := range []string{r.Char, r.Points} {
			if more != "" {
				text += " " + more
			}
		}
		list = append(list, text)
	}
	return list
}

// FlagLines shows the flags in words.
func (c *Console) FlagLines() []string {
	var list []string
	for _, f := range c.FlagStates() {
		value := 0
		if f.Set {
			value = 1
		}
		list = append(list, fmt.Sprintf("%s%s %d %s: %s", mark(f.Changed), f.Name, value, f.Title, f.Words))
	}
	return list
}

// StackLines shows words of the stack. A > marks the stack pointer.
func (c *Console) StackLines(count int) []string {
	var list []string
	for _, w := range c.Stack(count) {
		sign := " "
		if w.Top {
			sign = ">"
		}
		about := w.Role
		if about == "" || w.Points != "" && !strings.HasPrefix(about, "return") {
			about = strings.TrimSpace(about + " " + w.Points)
		}
		list = append(list, strings.TrimRight(fmt.Sprintf("%s%x %0*x %s", sign, w.Address, c.Bits()/4, w.Value, about), " "))
	}
	return list
}

// CallLines shows the last system calls.
func (c *Console) CallLines(count int) []string {
	var list []string
	for _, m := range c.SystemCalls(count) {
		list = append(list, fmt.Sprintf("step %d%s: %s", m.Step, lineOf(m.Line), m.Text))
	}
	return list
}

// FrameLines shows the subroutines that the program is in.
func (c *Console) FrameLines() []string {
	var list []string
	for _, f := range c.Frames() {
		list = append(list, fmt.Sprintf("%s, at %s", f.Routine, f.At))
	}
	return list
}

// MemoryLines shows memory from c.Memory on.
func (c *Console) MemoryLines(rows, width int) []string {
	var list []string
	for _, r := range c.MemoryRows(c.Memory, rows, width) {
		if len(r.Bytes) == 0 {
			list = append(list, fmt.Sprintf("%x  no memory", r.Address))
			break
		}
		var b strings.Builder
		for i, x := range r.Bytes {
			fmt.Fprintf(&b, "%s%02x", mark(r.Changed[i]), x)
		}
		list = append(list, fmt.Sprintf("%x %-*s  %s  %s", r.Address, 3*width, b.String(), r.Text, r.Name))
	}
	return list
}

// ChangeLines tells what the last step changed.
func (c *Console) ChangeLines() []string {
	change, known := c.Last()
	if !known {
		return nil
	}
	var list []string
	if change.Call != nil {
		list = append(list, debugger.CallText(change.Call, c.Table))
	}
	for _, r := range c.Registers() {
		if r.Changed {
			list = append(list, strings.TrimRight(fmt.Sprintf("%s = %#x, was %#x  %d %s %s", r.Name, r.Value, r.Old, r.Signed, r.Char, r.Points), " "))
		}
	}
	for _, f := range c.FlagStates() {
		if f.Changed {
			list = append(list, fmt.Sprintf("%s = %d, %s: %s", f.Name, map[bool]int{true: 1}[f.Set], f.Title, f.Words))
		}
	}
	const most = 16
	for _, m := range append(change.Memory, change.KernelChanges...) {
		name := c.Name(m.Address)
		if name == "" {
			name = fmt.Sprintf("%#x", m.Address)
		}
		list = append(list, fmt.Sprintf("%s: % x, was % x", name, m.New[:min(len(m.New), most)], m.Old[:min(len(m.Old), most)]))
	}
	return list
}

// SourceText shows a line of the source: > marks the next instruction, o a
// breakpoint.
func SourceText(l *debugger.SourceLine) string {
	sign := " "
	if l.Current {
		sign = ">"
	}
	point := " "
	if l.Break {
		point = "o"
	}
	return strings.TrimRight(fmt.Sprintf("%s%s%4d  %s", sign, point, l.Number, strings.ReplaceAll(l.Text, "\t", "        ")), " ")
}

// MapLines shows the bytes of the file with the instructions and fields that they
// belong to, in narrow columns if asked for. A > marks the next instruction.
func (c *Console) MapLines(narrow bool) []string {
	most, form := 8, "%s%04x %-27s %-28s %s"
	if narrow {
		most, form = 4, "%s%04x %-11s %-16s %s"
	}
	var list []string
	for _, r := range c.Map() {
		sign := " "
		if r.Current {
			sign = ">"
		}
		bytes := fmt.Sprintf("% x", r.Bytes[:min(len(r.Bytes), most)])
		if len(r.Bytes) > most {
			bytes += " .."
		}
		about := r.Code
		if r.Data {
			about = append(about, "data")
		}
		list = append(list, strings.TrimRight(fmt.Sprintf(form, sign, r.Offset, bytes, strings.Join(about, ", "), strings.Join(r.Fields, " ")), " "))
	}
	return list
}
