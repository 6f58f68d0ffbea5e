package machine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tasm/codegen/x86"
)

// numbers returns a state like another one whose memory is in one layer, and false
// where not all of it is numbers.
func (m *trialMaker) numbers(t *trial, from *State) (*State, bool) {
	s := m.state(t, from.IP.value)
	s.Registers, s.flags = from.Registers, from.flags
	for _, x := range slices.Concat(s.Registers[:], s.flags.term[:], []Term{s.flags.x, s.flags.y, s.flags.in, s.flags.total}) {
		if x.node != nil {
			return nil, false
		}
	}
	var content [scratchLen]byte
	if from.Memory.Bytes(scratchAt, content[:]) < scratchLen {
		return nil, false
	}
	s.Memory.SetBytes(scratchAt, content[:])
	return s, true
}

// TestCompile carries random instructions out on numbers, as Step does and as Quick
// does: both leave the same registers, flags, memory and address, and Quick tells what
// was there before.
func TestCompile(t *testing.T) {
	forms := map[string]bool{}
	for _, bits := range []int{32, 64} {
		m := &trialMaker{bits: bits, seen: map[string]int{}, random: rand.New(rand.NewPCG(7, uint64(bits)))}
		for i := range m.template {
			m.template[i] = byte(m.random.Uint32())
		}
		for range 2000 {
			x := m.trial(codeAt)
			before := m.state(x, codeAt)
			at := uint64(codeAt)
			for len(x.code) > 0 {
				var in x86.Decoded
				if !x86.Decode(bits, x.code, int64(at), &in) {
					t.Fatalf("% x", x.code)
				}
				before.IP = Number(bits, at)
				stepped, ok := m.numbers(x, before)
				if !ok {
					break
				}
				quick, _ := m.numbers(x, before)
				p := Prepare(&in, bits)
				e := stepped.Step(&in)
				log := &Changes{}
				if quick.Quick(&p, log) {
					forms[in.Form.ID()] = true
					if e.Kind != Done {
						t.Fatalf("%s: %+v, and Quick does it", in.String(), e)
					}
					m.sameQuick(t, in.String(), before, stepped, quick, log)
				}
				at += uint64(in.Length)
				x.code = x.code[in.Length:]
				before = stepped
			}
		}
	}
	if len(forms) < 300 {
		t.Errorf("only %d forms were compiled", len(forms))
	}
}

func (m *trialMaker) sameQuick(t *testing.T, what string, before, stepped, quick *State, log *Changes) {
	t.Helper()
	show := func(s *State) string {
		var b [scratchLen]byte
		n := s.Memory.Bytes(scratchAt, b[:])
		bits, defined := s.FlagBits()
		return fmt.Sprintf("ip %x %v flags %#x of %#x memory %x", s.IP.value, s.Registers, bits, defined, b[:n])
	}
	if a, b := show(stepped), show(quick); a != b {
		t.Fatalf("%s from %s\n%s\nQuick:\n%s", what, show(before), a, b)
	}
	for _, r := range log.Registers {
		quick.Registers[r.Number].value = r.Value
	}
	if log.Stored {
		quick.Memory.SetBytes(log.Address, binaryBytes(log.Old, log.Size))
	}
	bits, defined := quick.FlagBits()
	oldBits, oldDefined := before.FlagBits()
	if !log.Flags && (bits != oldBits || defined != oldDefined) {
		t.Fatalf("%s: the flags have changed, and Quick does not say so", what)
	}
	quick.flags, quick.IP = before.flags, before.IP
	if a, b := show(before), show(quick); a != b {
		t.Fatalf("%s: before\n%s\ntaken back\n%s", what, a, b)
	}
}

func binaryBytes(n uint64, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	return b
}
