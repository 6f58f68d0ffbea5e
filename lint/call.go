package lint

import (
	"fmt"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/layout/equiv"
	"tasm/linux"
)

// call holds a system call against the table of calls.
func (c *checker) call(at diag.Range, t *equiv.Trouble) {
	switch {
	case t.ABI != c.abi:
		name := ""
		if t.Call != nil {
			name = t.Call.Name
			if s, ok := linux.Lookup(name); ok {
				if n, ok := s.Number(c.abi); ok {
					name = fmt.Sprintf("%s, which is number %d for %s", name, n, c.abi.Instruction.Mnemonic)
				}
			}
		}
		if name == "" {
			name = fmt.Sprint(t.Number)
		}
		c.warn(at, "run-abi", fmt.Sprintf("use %s with the number in %s and arguments in %s, %s, %s; this call is %s", c.abi.Instruction.Mnemonic, c.abi.Number, c.abi.Args[0], c.abi.Args[1], c.abi.Args[2], name),
			"int 0x80 in 64-bit code is the 32-bit way: it cuts addresses and results to 32 bits, and its numbers are others")
	case t.Call == nil:
		cure := fmt.Sprintf("the number of the call goes into %s; 'tasm explain write' shows numbers", c.abi.Number)
		if other := c.other(t.Number); other != "" {
			cure = other
		}
		c.warn(at, "run-abi", cure, "%s has no system call %d", c.program.Target, t.Number)
	default:
		c.arguments(at, t)
		c.buffers(at, t)
		if t.Endless != "" {
			c.warn(at, "run-overrun", "a text for the kernel ends with a byte 0: db \"...\", 0", "%s gets a text without a zero behind it as %s", t.Call.Name, t.Endless)
		}
	}
}

// other says what a number is called with the other ABI, and what number the call
// has here; "" if that is nothing.
func (c *checker) other(number int) string {
	for _, target := range linux.Targets() {
		if target.ABI == c.abi {
			continue
		}
		s, ok := linux.ByNumber(target.ABI, number)
		if !ok {
			continue
		}
		if n, ok := s.Number(c.abi); ok {
			return fmt.Sprintf("number %d is %s for %s; here %s is %d", number, s.Name, target, s.Name, n)
		}
	}
	return ""
}

// What a value looks like, and what a kind of argument wants.
func isAddress(v equiv.Value) bool { return v.Form == equiv.Image || v.Form == equiv.Stack }

// small is below all addresses, and above what is taken for an open file's number.
const small = 1 << 16

func isSmall(v equiv.Value) bool {
	return v.Form == equiv.Number && v.Number >= 0 && v.Number < small
}

// misfit reports whether a value can't be what an argument wants.
func misfit(a *linux.Arg, v equiv.Value) bool {
	switch k := a.Kind; {
	case k == linux.Map || k == linux.Opaque || k == linux.Unused:
		return false
	case k.Memory():
		return isSmall(v) && !(a.Optional && v.Number == 0)
	case k == linux.Status && v.Form == equiv.Number && v.Number > 255:
		return v.Number < small // others are negative, or texts
	case k == linux.FD || k == linux.DirFD || k == linux.Size || k == linux.PID || k == linux.Signal || k == linux.Status:
		return isAddress(v)
	}
	return false
}

// misfits lists the arguments of a call that can't be meant.
func misfits(s *linux.Syscall, abi *linux.ABI, values []equiv.Value) []int {
	var list []int
	args := s.Args(abi)
	for i := range args {
		if misfit(&args[i], values[i]) {
			list = append(list, i)
		}
	}
	return list
}

// fits reports whether values look made for a call: an address for each that is one,
// output's number for an open file's, a count for a length.
func fits(s *linux.Syscall, abi *linux.ABI, values []equiv.Value) bool {
	args := s.Args(abi)
	for i := range args {
		v, k := values[i], args[i].Kind
		switch number := v.Form == equiv.Number; {
		case k.Memory() && v.Form != equiv.Image,
			k == linux.FD && !(number && (v.Number == 1 || v.Number == 2)),
			k == linux.Size && !(number && v.Number > 0):
			return false
		}
	}
	return len(args) > 1
}

// arguments warns of values that an argument can't have: swapped ones, and those of
// the call that the number stands for in the other ABI.
func (c *checker) arguments(at diag.Range, t *equiv.Trouble) {
	wrong := misfits(t.Call, c.abi, t.Values)
	if len(wrong) == 0 && !c.surplus(t) {
		return
	}
	args := t.Call.Args(c.abi)
	for _, target := range linux.Targets() {
		if s, ok := linux.ByNumber(target.ABI, t.Number); target.ABI != c.abi && ok && s != t.Call && fits(s, target.ABI, t.Values) {
			if n, ok := s.Number(c.abi); ok {
				c.warn(at, "run-abi", fmt.Sprintf("%s is number %d here", s.Name, n), "system call %d is %s here; it is %s for %s", t.Number, t.Call.Name, s.Name, target)
				return
			}
		}
	}
	if len(wrong) == 0 {
		return
	}
	usage := "sys " + t.Call.Name
	for i := range args {
		usage += ", " + args[i].Name
	}
	i := wrong[0]
	given := "an address"
	if args[i].Kind.Memory() || args[i].Kind == linux.Status && !isAddress(t.Values[i]) {
		given = fmt.Sprintf("the number %d", t.Values[i].Number)
	}
	what := fmt.Sprintf("%s is given %s as %s (%s), which is to be %s", t.Call.Name, given, args[i].Name, c.abi.Args[i], args[i].Words(args))
	c.warn(at, "run-arguments", c.argumentCure(at, t, wrong)+"write: "+usage+c.argumentHint(t, i)+c.exitMeant(t), "%s", what)
}

// exitMeant says that the number of a call that is given nothing but a status is how
// programs end with the other ABI; "" if it is not.
func (c *checker) exitMeant(t *equiv.Trouble) string {
	if slices.ContainsFunc(t.Values[1:], func(v equiv.Value) bool { return v.Form != equiv.Number || v.Number != 0 }) {
		return ""
	}
	for _, target := range linux.Targets() {
		if s, ok := linux.ByNumber(target.ABI, t.Number); ok && target.ABI != c.abi && s.NoReturn() {
			return "; " + c.other(t.Number)
		}
	}
	return ""
}

// argumentCure is what was probably done wrong in giving a call its arguments, as the
// beginning of a sentence; "" if it is not clear.
func (c *checker) argumentCure(at diag.Range, t *equiv.Trouble, wrong []int) string {
	args := t.Call.Args(c.abi)
	switch n, sys := c.given[at]; {
	case sys && n < len(args):
		return "an argument is missing; "
	case slices.ContainsFunc(wrong, func(j int) bool { return args[j].Kind.Memory() != args[wrong[0]].Kind.Memory() }):
		return "the arguments are swapped; "
	}
	return ""
}

// argumentHint is what else there is to say about an argument that can't be meant.
func (c *checker) argumentHint(t *equiv.Trouble, i int) string {
	a := &t.Call.Args(c.abi)[i]
	switch {
	case a.Kind.Memory() && t.Values[i].Number == 0:
		return fmt.Sprintf("; arguments go into %s, in this order: was %s set?", strings.Join(c.abi.Args[:len(t.Call.Args(c.abi))], ", "), c.abi.Args[i])
	case a.Kind.Memory():
		return "; a label without brackets is its address, with brackets what lies there; a number is printed by making digits of it in memory, for one digit by adding '0'"
	case a.Kind == linux.Size:
		return "; a length is LABEL equ $ - START, or is read with brackets: mov " + c.abi.Args[i] + ", [length]"
	case a.Kind == linux.Status && !isAddress(t.Values[i]):
		return fmt.Sprintf("; of %d only the lower 8 bits are passed on, %d", t.Values[i].Number, t.Values[i].Number&255)
	}
	return ""
}

// surplus reports whether a program's first call was given an address that the call
// does not take: before it there is no other that could have left it there.
func (c *checker) surplus(t *equiv.Trouble) bool {
	taken := len(t.Call.Args(c.abi))
	return t.Before == 0 && slices.ContainsFunc(t.Values[min(taken, len(t.Values)):], func(v equiv.Value) bool { return v.Form == equiv.Image })
}

// buffers warns of lengths that are more than what a label stands for.
func (c *checker) buffers(at diag.Range, t *equiv.Trouble) {
	args := t.Call.Args(c.abi)
	for i := range args {
		n, ok := args[i].Length.Argument()
		if v := t.Values[i]; !ok || v.Form != equiv.Image || args[i].Kind == linux.Map || t.Values[n].Form != equiv.Number || t.Values[n].Number <= 0 {
			continue
		}
		name, room, more := c.room(uint64(t.Values[i].Number), t.Values[n].Number)
		if name == "" || !more {
			continue
		}
		verb := "reads"
		if args[i].Kind.Writes() {
			verb = "writes up to"
		}
		c.warn(at, "run-overrun", fmt.Sprintf("give %s the length of %s: NAME equ $ - %s behind it", args[n].Name, name, name),
			"%s %s %d bytes at %s, which has %d: what lies behind it is %s too", t.Call.Name, verb, t.Values[n].Number, name, room, map[bool]string{true: "overwritten", false: "used"}[args[i].Kind.Writes()])
	}
}

// room returns the label at or before an address in data, how many bytes there are
// up to the next label or the end of the section, and whether length is more: an
// end that falls on another label, or on the end, is taken for meant.
func (c *checker) room(address uint64, length int64) (name string, room int64, more bool) {
	section := c.table.Section(address)
	if section == nil {
		return "", 0, false
	}
	low, high := c.table.Extent(address)
	end := uint64(0)
	meant := false
	for _, l := range c.table.Labels() {
		switch {
		case l.Address < low || l.Address >= high:
		case l.Address <= address:
			name = l.Name
		default:
			if end == 0 {
				end = l.Address
			}
			meant = meant || l.Address == address+uint64(length)
		}
	}
	if end == 0 {
		end = high
	}
	room = int64(end - address)
	meant = meant || address+uint64(length) == high
	return name, room, length > room && !meant
}
