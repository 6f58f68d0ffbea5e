package layout

import (
	"encoding/binary"
	"fmt"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// addresses knows where everything of a program has gone.
type addresses struct {
	program *program.Program
	segment map[lang.SegmentID]uint64
}

// value returns what v is worth now that segments have addresses. Arithmetic
// wraps at 64 bits.
func (a *addresses) value(v *lang.Value, at diag.Range) (uint64, *diag.Message) {
	if v.Wrt != 0 {
		return 0, diag.Errorf(at, "WRT has no meaning here: nothing is left for a linker to do")
	}
	sum := uint64(v.N)
	for _, t := range v.Terms() {
		switch t.Kind {
		case lang.SegmentTerm:
			base, ok := a.segment[lang.SegmentID(t.ID)]
			if !ok {
				return 0, a.unplaced(lang.SegmentID(t.ID), at)
			}
			sum += uint64(t.Coef) * base
		case lang.SelectorTerm:
			return 0, noSelectors(at)
		default:
			return 0, diag.Errorf(at, "the value of a register is not known before the program runs")
		}
	}
	return sum, nil
}

func noSelectors(at diag.Range) *diag.Message {
	return diag.Errorf(at, "a section has no segment selector of its own here").
		Notef("this kind of file has no relocations; write the selector as a number")
}

// linking is how an object for so many bits is made and linked.
func linking(bits int) string {
	if bits == 64 {
		return "tasm build -f elf64 x.tasm -o x.o && ld x.o -o x (gcc instead of ld where it is a function of C)"
	}
	return "tasm build -f elf32 x.tasm -o x.o && ld -m elf_i386 x.o -o x (gcc -m32 instead of ld where it is a function of C)"
}

// unplaced says why a segment has no address.
func (a *addresses) unplaced(id lang.SegmentID, at diag.Range) *diag.Message {
	for _, x := range a.program.Externs {
		if s, ok := x.Value.Segment(); ok && s == id {
			return diag.Errorf(at, "'%s' is not defined", x.Name).
				NoteAt(x.Range, "declared here as external, and no source of this build defines it").
				Notef("name the source that defines it as well: tasm build x.tasm y.tasm").
				Notef("to link it, make an object: %s", linking(a.program.Bits))
		}
	}
	if s := a.program.Section(id); s != nil {
		return diag.Errorf(at, "section %s has no address: it is not loaded into memory", s.Name)
	}
	return diag.Errorf(at, "this refers to a section that does not exist")
}

// field returns what belongs in fixup f, of which the low f.Size bytes count.
// end is the address of the end of f's instruction.
func (a *addresses) field(f *program.Fixup, end uint64) (uint64, *diag.Message) {
	if f.Kind == x86.Selector {
		return 0, noSelectors(f.Range)
	}
	v, m := a.value(&f.Value, f.Range)
	if f.Kind == x86.Relative {
		v -= end
	}
	return v, m
}

// fitLinked reports whether the program reads back v from the bytes of f, as
// linkers judge it for the relocation that belongs to each kind of field:
// R_386_32, R_386_PC32, R_X86_64_32, R_X86_64_32S and their like (System V ABI,
// processor supplements, "Relocation Types"). Addresses have width bits and
// wrap, so a field as wide as they are holds them all.
func fitLinked(f *program.Fixup, v uint64, width int) *diag.Message {
	n := int(f.Size) * 8
	if n >= width {
		return nil
	}
	value := int64(v<<(64-width)) >> (64 - width)
	low, high := -int64(1)<<(n-1), int64(1)<<n-1 // read with or without sign
	switch {
	case f.Kind == x86.Relative || f.SignExtended:
		high = int64(1)<<(n-1) - 1
	case n == 32 && isAddress(&f.Value):
		low = 0
	}
	if value >= low && value <= high {
		return nil
	}
	return diag.Errorf(f.Range, "%s, %s, does not fit in %s", describe(f), hex(value), bytesOf(int64(f.Size))).
		Notef("the field holds %s to %s", hex(low), hex(high))
}

// fitFlat warns where a field of a flat binary loses bits of v. It is no error:
// code for a segment wraps at the segment's end, and boot code often wants the
// low bits of an address. nasm cuts such values without a word.
func fitFlat(f *program.Fixup, v uint64) *diag.Message {
	n := int(f.Size) * 8
	if n >= 64 {
		return nil
	}
	low, high := -int64(1)<<(n-1), int64(1)<<n-1
	switch {
	case f.Kind == x86.Relative && n == 8:
		high = int64(1)<<(n-1) - 1
	case f.Kind == x86.Relative:
		low = -high // the instruction pointer wraps
	}
	if value := int64(v); value < low || value > high {
		return diag.Warningf("number-overflow", f.Range, "%s, %s, does not fit in %s and is cut to %s",
			describe(f), hex(value), bytesOf(int64(f.Size)), hex(int64(v&(1<<n-1))))
	}
	return nil
}

// describe names what f holds.
func describe(f *program.Fixup) string {
	switch {
	case f.Kind == x86.Relative:
		return "the distance to the target"
	case isAddress(&f.Value):
		return "the address"
	}
	return "the value"
}

// isAddress reports whether v moves when the whole program moves; the
// difference of two addresses does not.
func isAddress(v *lang.Value) bool {
	var sum int64
	for _, t := range v.Terms() {
		sum += t.Coef
	}
	return sum != 0
}

func hex(n int64) string {
	if n < 0 {
		return fmt.Sprintf("-%#x", -uint64(n))
	}
	return fmt.Sprintf("%#x", n)
}

// bytesOf says a number of bytes for people.
func bytesOf(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// putField writes the low bytes of v.
func putField(field []byte, v uint64) {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], v)
	copy(field, word[:])
}
