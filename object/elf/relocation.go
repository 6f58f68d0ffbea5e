package elf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"maps"

	"tasm/diag"
	"tasm/object"
)

// relocation is an entry of a relocation table.
type relocation struct {
	offset int64
	symbol int
	kind   uint32
	addend int64
}

// kinds are the relocation types for one name behind WRT: those of absolute
// fields by their size in bytes, those of fields that are sign-extended where
// they differ, and those of fields relative to their own place. 0 is none.
type kinds struct {
	absolute, signed, relative [9]uint32
	// symbol asks for a relocation to the global symbol itself and not to its
	// section; exact for one to the symbol without any distance from it.
	symbol, exact bool
	// table is set where the value is one of the global offset table, relative
	// to the field; the source gives it relative to the section's start.
	table bool
}

// amd64 and i386 say which relocations there are (processor supplements,
// "Relocation Types"; nasm manual, 8.9.3 "Position-Independent Code").
var (
	amd64 = map[string]kinds{
		"": {
			absolute: bySize(elf.R_X86_64_8, elf.R_X86_64_16, elf.R_X86_64_32, elf.R_X86_64_64),
			signed:   bySize(elf.R_X86_64_8, elf.R_X86_64_16, elf.R_X86_64_32S, elf.R_X86_64_64),
			relative: bySize(elf.R_X86_64_PC8, elf.R_X86_64_PC16, elf.R_X86_64_PC32, elf.R_X86_64_PC64),
		},
		"..sym": {
			absolute: bySize(elf.R_X86_64_8, elf.R_X86_64_16, elf.R_X86_64_32, elf.R_X86_64_64),
			signed:   bySize(elf.R_X86_64_8, elf.R_X86_64_16, elf.R_X86_64_32S, elf.R_X86_64_64),
			symbol:   true,
		},
		"..plt": {
			relative: bySize(0, 0, elf.R_X86_64_PLT32, 0),
			symbol:   true, exact: true,
		},
		"..got": {
			absolute: bySize(0, 0, elf.R_X86_64_GOT32, elf.R_X86_64_GOT64),
			signed:   bySize(0, 0, elf.R_X86_64_GOT32, elf.R_X86_64_GOT64),
			relative: bySize(0, 0, elf.R_X86_64_GOTPCREL, elf.R_X86_64_GOTPCREL64),
			symbol:   true, exact: true,
		},
		"..gotpc": {
			absolute: bySize(0, 0, elf.R_X86_64_GOTPC32, elf.R_X86_64_GOTPC64),
			signed:   bySize(0, 0, elf.R_X86_64_GOTPC32, elf.R_X86_64_GOTPC64),
			relative: bySize(0, 0, elf.R_X86_64_GOTPCREL, elf.R_X86_64_GOTPCREL64),
			symbol:   true, exact: true, table: true,
		},
		"..gotoff": {
			absolute: bySize(0, 0, 0, elf.R_X86_64_GOTOFF64),
			signed:   bySize(0, 0, 0, elf.R_X86_64_GOTOFF64),
		},
		"..gottpoff": {
			relative: bySize(0, 0, elf.R_X86_64_GOTTPOFF, 0),
			symbol:   true, exact: true,
		},
	}
	i386 = map[string]kinds{
		"": {
			absolute: bySize(elf.R_386_8, elf.R_386_16, elf.R_386_32, 0),
			relative: bySize(elf.R_386_PC8, elf.R_386_PC16, elf.R_386_PC32, 0),
		},
		"..sym": {
			absolute: bySize(elf.R_386_8, elf.R_386_16, elf.R_386_32, 0),
			symbol:   true,
		},
		"..plt":    {relative: bySize(0, 0, elf.R_386_PLT32, 0)},
		"..got":    {absolute: bySize(0, 0, elf.R_386_GOT32, 0), symbol: true, exact: true},
		"..gotpc":  {absolute: bySize(0, 0, elf.R_386_GOTPC, 0), table: true},
		"..gotoff": {absolute: bySize(0, 0, elf.R_386_GOTOFF, 0)},
		"..tlsie":  {absolute: bySize(0, 0, elf.R_386_TLS_IE, 0), symbol: true, exact: true},
	}
)

// narrowed returns the relocations of x32, whose addresses have 32 bits: those of
// x86-64 but for distances in 64 bits and offsets from the global offset table.
func narrowed(wide map[string]kinds) map[string]kinds {
	narrow := maps.Clone(wide)
	for name, k := range narrow {
		k.relative[8] = 0
		narrow[name] = k
	}
	delete(narrow, "..gotoff")
	return narrow
}

// bySize makes a table of relocations for fields of 1, 2, 4 and 8 bytes.
func bySize[T elf.R_X86_64 | elf.R_386](n1, n2, n4, n8 T) [9]uint32 {
	return [9]uint32{1: uint32(n1), 2: uint32(n2), 4: uint32(n4), 8: uint32(n8)}
}

// refer adds the relocation for r, a field of s, and returns what stands in
// the field.
func (w *writer) refer(s *section, r *object.Reference) (int64, *diag.Message) {
	special := w.program.Specials[r.Value.Wrt]
	k, known := w.relocations[special]
	switch {
	case r.Selector:
		return 0, diag.Errorf(r.Range, "ELF has no segments, so a symbol has no segment selector")
	case r.Segment == 0 && !w.implicit:
		return r.Addend, nil // a distance to an absolute address, as nasm leaves it
	case r.Value.Wrt != 0 && !known:
		return 0, diag.Errorf(r.Range, "%s has no relocation for this use of WRT", w.opts.Format.Name)
	}
	out := relocation{offset: r.Offset, addend: r.Addend}
	switch {
	case r.Relative:
		out.kind = k.relative[r.Size]
	case r.SignExtended && !w.implicit:
		out.kind = k.signed[r.Size]
	default:
		out.kind = k.absolute[r.Size]
		if k.table {
			out.addend += r.Offset
		}
	}
	var doubt *diag.Message
	if out.kind == 0 && w.implicit && !r.Relative && r.Size == 8 && k.absolute[4] != 0 {
		out.kind = k.absolute[4]
		doubt = diag.Warningf("zext-reloc", r.Range, "the linker fills in 32 of these 64 bits; the others are zero")
	}
	if out.kind == 0 {
		return 0, w.noRelocation(special, r)
	}
	if m := w.target(&out, &k, r); m != nil {
		return 0, m
	}
	s.relocations = append(s.relocations, out)
	switch {
	case doubt != nil:
		return int64(uint32(out.addend)), doubt
	case w.implicit:
		return out.addend, nil
	}
	return 0, nil
}

// noRelocation says that there is no relocation for such a field.
func (w *writer) noRelocation(special string, r *object.Reference) *diag.Message {
	what := "an address"
	if r.Relative {
		what = "a distance"
	}
	if special != "" {
		what += " WRT " + special
	}
	m := diag.Errorf(r.Range, "%s has no relocation for %s in %d bits", w.opts.Format.Name, what, int(r.Size)*8)
	switch {
	case special == "..plt" && !r.Relative:
		m.Notef("the procedure linkage table is for CALL and JMP: call f wrt ..plt")
	case special == "..gotoff" && w.wide:
		m.Notef("it has one for 64 bits: mov rax, x wrt ..gotoff")
	}
	return m
}

// target finds the symbol that a relocation refers to.
func (w *writer) target(out *relocation, k *kinds, r *object.Reference) *diag.Message {
	in := w.byID[r.Segment]
	switch x := w.symbols[r.Segment]; {
	case x != nil:
		if k.exact && r.Value.N != 0 && !(k.table && !r.Relative) {
			return diag.Errorf(r.Range, "this relocation takes an external symbol as it is, without an offset")
		}
		out.symbol = x.index
	case in == nil && r.Segment != 0:
		return diag.Errorf(r.Range, "this refers to something that is in no section of the object")
	case in == nil:
	case !k.symbol:
		out.symbol = in.index + 1 // behind the empty symbol and the file
	default:
		s := in.symbolBefore(r.Value.N)
		if s == nil || k.exact && s.value != uint64(r.Value.N) {
			return diag.Errorf(r.Range, "there is no global symbol here for the linker to refer to").
				Notef("declare it GLOBAL")
		}
		out.symbol = s.index
		out.addend -= int64(s.value)
	}
	return nil
}

// symbolBefore finds the global symbol at offset, or the nearest before it.
func (s *section) symbolBefore(offset int64) *symbol {
	var best *symbol
	for _, g := range s.globals {
		if int64(g.value) <= offset && (best == nil || g.value > best.value) {
			best = g
		}
	}
	return best
}

// relocationTable returns the section that holds relocations for the section
// called name, whose index is target.
func (w *writer) relocationTable(name string, target int, list []relocation) *header {
	var table bytes.Buffer
	for _, r := range list {
		switch {
		case w.implicit:
			put(&table, elf.Rel32{Off: uint32(r.offset), Info: elf.R_INFO32(uint32(r.symbol), r.kind)})
		case w.wide:
			put(&table, elf.Rela64{Off: uint64(r.offset), Info: elf.R_INFO(uint32(r.symbol), r.kind), Addend: r.addend})
		default:
			put(&table, elf.Rela32{Off: uint32(r.offset), Info: elf.R_INFO32(uint32(r.symbol), r.kind), Addend: int32(r.addend)})
		}
	}
	h := &header{name: ".rela" + name, kind: elf.SHT_RELA, data: table.Bytes(), stored: true, info: target, align: w.addressSize(), toSymbols: true}
	switch {
	case w.implicit:
		h.name, h.kind, h.entry = ".rel"+name, elf.SHT_REL, binary.Size(elf.Rel32{})
	case w.wide:
		h.entry = binary.Size(elf.Rela64{})
	default:
		h.entry = binary.Size(elf.Rela32{})
	}
	return h
}
