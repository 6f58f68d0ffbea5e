package x86

import (
	"bytes"
	"regexp"
	"testing"
)

// reused are instructions whose bytes later processors read as another one.
var reused = regexp.MustCompile(`^(pop cs|umonitor|xchg eax, eax)\b`)

// TestDecode decodes every encoding of an instruction of each form. What is
// found must have an encoding that is the bytes again.
func TestDecode(t *testing.T) {
	failures, total := 0, 0
	for _, bits := range []int{16, 32, 64} {
		for _, l := range fewLines(bits) {
			for _, e := range Encodings(&l.in) {
				if e.Form.opcode.wait {
					continue // two instructions for the processor
				}
				total++
				code := e.Code()
				var d Decoded
				problem := ""
				switch {
				case !Decode(bits, code, 0, &d):
					problem = "not decoded"
				case d.Length != len(code):
					problem = "wrong length"
				case !encodesTo(&d.Instruction, code):
					problem = "another instruction: " + d.String()
				}
				if problem != "" && e.Form.tags&superseded == 0 && !reused.MatchString(l.text) {
					if failures++; failures < 40 {
						t.Errorf("%d bits: %s: % x (%s): %s", bits, l.text, code, e.Form.ID(), problem)
					}
				}
			}
		}
	}
	if total < 50000 {
		t.Errorf("only %d encodings were read", total)
	}
}

// encodesTo reports whether one encoding of in, with its distances filled in,
// is code.
func encodesTo(in *Instruction, code []byte) bool {
	for _, e := range Encodings(in) {
		for _, f := range e.Fixups() {
			n := f.Value.N - in.Offset - int64(e.Length)
			for i := range f.Size {
				e.Bytes[f.Offset+i] = byte(n >> (8 * i))
			}
		}
		if bytes.Equal(e.Code(), code) {
			return true
		}
	}
	return false
}

// FuzzDecode decodes arbitrary bytes: it must not fail, nor read beyond them.
func FuzzDecode(f *testing.F) {
	f.Add(32, []byte{0x7f, 'E', 'L', 'F', 1, 1, 1})
	f.Add(64, []byte{0x62, 0xfc, 0x14, 0x1c, 0x01, 0x4c, 0x24, 0x08})
	f.Add(64, []byte{0x66, 0xd5, 0xd9, 0x6f, 0x08})
	f.Add(64, []byte{0x45, 0x4c, 0x46, 0xff, 0xc0})
	f.Fuzz(func(t *testing.T, bits int, code []byte) {
		if bits != 16 && bits != 32 && bits != 64 {
			return
		}
		var d Decoded
		if !Decode(bits, code, 0x1000, &d) {
			return
		}
		if d.Length < 1 || d.Length > min(len(code), MaxLength) {
			t.Fatalf("% x: length %d", code, d.Length)
		}
		if d.String() == "" {
			t.Fatalf("% x: no text", code)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	code := []byte{0x8b, 0x4c, 0x24, 0x28, 0xcd, 0x80, 0xb9, 0x2e, 0, 0x93, 0x35, 0x61, 0x90, 0x90, 0x90, 0x90}
	var d Decoded
	for b.Loop() {
		for at := 0; at < 10; at += d.Length {
			if !Decode(32, code[at:], 0, &d) {
				b.Fatal(at)
			}
		}
	}
}
