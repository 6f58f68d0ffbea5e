package disasm

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"

	layout "tasm/layout/elf"
)

// ELF disassembles the code of an ELF file: its executable sections with their
// symbols, or, where it has no sections that can be read, what the kernel makes
// executable, from the entry on.
func ELF(w io.Writer, data []byte, o Options) error {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return segments(w, data, o) // headers that hold code are no headers for a linker
	}
	switch f.Machine {
	case elf.EM_386:
		o.Bits = 32
	case elf.EM_X86_64:
		o.Bits = 64
	default:
		return fmt.Errorf("its code is for %v, not for x86", f.Machine)
	}
	found := false
	for i, s := range f.Sections {
		if s.Type != elf.SHT_PROGBITS || s.Flags&elf.SHF_EXECINSTR == 0 {
			continue
		}
		code, err := s.Data()
		if err != nil {
			return fmt.Errorf("section %s can't be read: %w", s.Name, err)
		}
		found = true
		fmt.Fprintf(w, "; section %s\n", s.Name)
		part := o
		part.Origin, part.Labels = s.Addr, labels(f, elf.SectionIndex(i))
		if err := Flat(w, code, part); err != nil {
			return err
		}
	}
	if found {
		return nil
	}
	return segments(w, data, o)
}

// labels are the symbols of a section, by address.
func labels(f *elf.File, section elf.SectionIndex) map[uint64][]string {
	symbols, err := f.Symbols()
	if err != nil {
		return nil // it has none
	}
	names := map[uint64][]string{}
	for _, s := range symbols {
		kind := elf.ST_TYPE(s.Info)
		if s.Section == section && s.Name != "" && (kind == elf.STT_NOTYPE || kind == elf.STT_FUNC || kind == elf.STT_OBJECT) {
			names[s.Value] = append(names[s.Value], s.Name)
		}
	}
	return names
}

// segments disassembles the pages of a file that are executable, as the kernel
// maps them; those with the entry from there on.
func segments(w io.Writer, data []byte, o Options) error {
	image, err := layout.Map(data)
	if err != nil {
		return fmt.Errorf("it %w", err)
	}
	o.Bits = image.Class.Bits()
	found := false
	for _, m := range image.Segments {
		entry := image.Entry >= m.Low && image.Entry < m.High
		if !m.Execute && !entry || m.Offset >= min(m.End, uint64(len(data))) {
			continue
		}
		found = true
		part, code := o, data[m.Offset:min(m.End, uint64(len(data)))]
		part.Origin = m.Low
		if skip := image.Entry - m.Low; entry && skip < uint64(len(code)) {
			part.Origin, code = image.Entry, code[skip:]
			part.Labels = map[uint64][]string{image.Entry: {"_start"}}
		}
		if err := Flat(w, code, part); err != nil {
			return err
		}
	}
	if !found {
		return errors.New("it has no code")
	}
	return nil
}
