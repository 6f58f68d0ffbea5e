package debugger

import (
	"fmt"
	"strings"

	"tasm/codegen/x86"
)

// Assign changes a register or a part of one, a flag, the instruction pointer, or
// memory ("byte [msg]") to the value of an expression. It is taken back by Back.
func (s *Session) Assign(place, text string) error {
	n, err := s.Evaluate(text)
	if err != nil {
		return err
	}
	lower := strings.ToLower(place)
	if bit, ok := FlagBit(lower); ok {
		if n != 0 && n != 1 {
			return fmt.Errorf("a flag is 0 or 1")
		}
		bits, _ := s.Flags()
		s.edited(func() { s.SetFlags(bits&^(1<<bit) | uint16(n)<<bit) })
		return nil
	}
	if lower == "eip" || lower == "rip" || lower == "ip" {
		s.edited(func() { s.SetIP(uint64(n)) })
		return nil
	}
	if r := x86.RegisterInfo(x86.LookupRegister(lower)); r != nil && r.Class == x86.General {
		return s.assignRegister(place, r, n)
	}
	return s.assignMemory(place, lower, n)
}

func (s *Session) assignRegister(place string, r *x86.Register, n int64) error {
	if _, err := s.Parse(place); err != nil { // not in this mode
		return err
	}
	number, shift, width := int(r.Number), 0, 8*int(r.Size)
	if r.High {
		number, shift = number-4, 8
	}
	if !fits(n, width) {
		return fmt.Errorf("%#x does not fit %s, which has %d bits", uint64(n), r.Name, width)
	}
	old := s.Register(number)
	mask := uint64(cut(-1, width)) << shift
	if width == 32 { // the upper half becomes 0, as in the processor
		old = 0
	}
	s.EditRegister(number, old&^mask|uint64(n)<<shift&mask)
	return nil
}

// fits reports whether a number can be written in so many bits, signed or not.
func fits(n int64, width int) bool {
	return width == 64 || n>>width == 0 || n>>(width-1) == -1
}

func (s *Session) assignMemory(place, lower string, n int64) error {
	word, address, ok := strings.Cut(lower, "[")
	size := sizeWords[strings.TrimSpace(word)]
	if !ok || size == 0 || !strings.HasSuffix(address, "]") {
		return fmt.Errorf("'%s' can't be changed: give a register, a flag or memory, such as byte [msg]", place)
	}
	at := strings.TrimSuffix(place[strings.IndexByte(place, '[')+1:], "]")
	where, err := s.Evaluate(at)
	if err != nil {
		return err
	}
	if !fits(n, 8*size) {
		return fmt.Errorf("%#x does not fit %d bytes", uint64(n), size)
	}
	b := make([]byte, size)
	if s.Memory(uint64(where), b) < size {
		return fmt.Errorf("there is no memory at %#x", uint64(where))
	}
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	s.EditMemory(uint64(where), b)
	return nil
}
