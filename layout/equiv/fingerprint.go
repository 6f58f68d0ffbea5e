package equiv

import (
	"fmt"

	"tasm/codegen/x86"
	"tasm/machine"
)

// fingerprint describes all that decides on what the pair does from here on.
// Two pairs with the same fingerprint do the same: they are equal but for the
// numbers of the system calls that gave them their unknowns, and unknowns of
// different calls have nothing to do with each other beyond the facts.
func (p *pair) fingerprint() string {
	names := map[machine.Unknown]string{}
	calls := map[int]int{}
	printer := machine.Printer{Name: func(u machine.Unknown) string {
		switch u.Origin {
		case machine.Undefined:
			if _, ok := names[u]; !ok {
				names[u] = fmt.Sprintf("u%d", len(names))
			}
			return names[u]
		case machine.Result, machine.KernelByte, machine.KernelWrote:
			if _, ok := calls[u.Call]; !ok {
				calls[u.Call] = len(calls)
			}
			name := fmt.Sprintf("c%d.%d.%d.%d", calls[u.Call], u.Origin, u.Argument, u.Index)
			if u.Of.Width() > 0 {
				name += "(" + u.Of.String() + ")"
			}
			return name
		}
		return u.String()
	}}
	for _, process := range []*process{p.original, p.result} {
		printer.WriteString("\n")
		for _, x := range append(process.Registers[:], process.IP, process.Other) {
			printer.Write(x)
			printer.WriteString(" ")
		}
		for _, f := range []x86.FlagSet{x86.CF, x86.PF, x86.AF, x86.ZF, x86.SF, x86.OF, x86.DF} {
			printer.Write(process.Flag(f))
			printer.WriteString(" ")
		}
		for _, g := range process.gifts {
			printer.WriteString(fmt.Sprintf(" %d ", g.size))
			printer.Write(g.address)
		}
		printer.WriteString(fmt.Sprintf(" %v %d ", process.maps, process.heap.size))
		if start := process.heap.start; start.Width() > 0 {
			printer.Write(start)
		}
		for _, s := range process.Memory.Segments() {
			if s.Name == granted || s.Name == notGranted {
				printer.WriteString(fmt.Sprintf(" %s %d %d %v %v ", s.Name, s.Low, s.High, s.Read, s.Write))
				printer.Write(s.Base)
			}
		}
		for _, c := range process.Memory.Changes() {
			printer.WriteString(fmt.Sprintf("\n%d ", c.Offset))
			printer.Write(c.Base)
			if c.Size > 0 {
				if _, ok := calls[c.Call]; !ok {
					calls[c.Call] = len(calls)
				}
				printer.WriteString(fmt.Sprintf(" c%d.%d %d %v", calls[c.Call], c.Arg, c.Size, c.Full))
				continue
			}
			printer.WriteString(fmt.Sprintf(" %d ", c.Byte.Index))
			printer.Write(c.Byte.Of)
		}
	}
	p.facts.Each(func(about machine.Term, ranges [][2]uint64) {
		matters := false
		p.terms.Unknowns(about, func(u machine.Unknown) {
			switch u.Origin {
			case machine.Result, machine.KernelByte, machine.KernelWrote:
				_, ok := calls[u.Call]
				matters = matters || ok
			case machine.Undefined:
				_, ok := names[u]
				matters = matters || ok
			default:
				matters = true
			}
		})
		if matters {
			printer.WriteString("\n")
			printer.Write(about)
			printer.WriteString(fmt.Sprint(ranges))
		}
	})
	return printer.String()
}
