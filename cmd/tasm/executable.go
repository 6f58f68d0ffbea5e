package main

import (
	"bytes"
	"fmt"
	"io"

	"tasm/layout/elf"
	"tasm/listing"
)

// executableSize is the account of an ELF executable that someone has made.
type executableSize struct {
	Version    int               `json:"version"`
	Executable string            `json:"executable"`
	Size       int64             `json:"size"`
	Placement  listing.Placement `json:"placement"`
	// Headers are the bytes of the ELF and program headers, Rest all others.
	Headers int64        `json:"headers"`
	Rest    int64        `json:"rest"`
	Loaders []loaderWord `json:"loaders"`
}

// loaderWord is what a profile of loaders says to a file.
type loaderWord struct {
	Name   string   `json:"name"`
	Obeys  bool     `json:"obeys"`
	Broken []string `json:"broken"` // the rules that the file breaks
}

// readExecutable returns the bytes of a file that is an ELF file, nil for any
// other.
func readExecutable(name string) []byte {
	if name == "-" {
		return nil
	}
	// What can't be read is not: the same will be said of it as a source.
	file, err := readFile(name)
	if err != nil || !bytes.HasPrefix(file, []byte("\x7fELF")) {
		return nil
	}
	return file
}

// measureExecutable tells what can be seen from an executable alone.
func measureExecutable(name string, file []byte) *executableSize {
	class := elf.ClassOf(file)
	get := func(id elf.FieldID) int64 { return int64(elf.Get(class, file, id)) }
	p := elf.Placement{Class: class, Type: uint64(get(elf.EType)), Phoff: get(elf.EPhoff), Phnum: int(get(elf.EPhnum)), Size: int64(len(file))}
	m := &executableSize{Version: jsonVersion, Executable: name, Size: p.Size, Placement: listing.PlacementOf(p)}

	ehdrEnd := min(p.Size, int64(class.Size(elf.FileHeader)))
	m.Headers = ehdrEnd
	if p.Phoff >= 0 && p.Phoff < p.Size {
		tableEnd := min(p.Size, p.Phoff+int64(p.Phnum)*int64(class.Size(elf.ProgramHeader)))
		m.Headers += max(0, tableEnd-max(p.Phoff, ehdrEnd))
	}
	m.Rest = p.Size - m.Headers
	for _, l := range elf.Profiles {
		said := loaderWord{Name: l.Name, Obeys: true, Broken: []string{}}
		// A charge is a matter of the host, not of the file.
		for _, v := range elf.Refusals(l.WithCharge(1<<63), file) {
			said.Obeys, said.Broken = false, append(said.Broken, v.String())
		}
		m.Loaders = append(m.Loaders, said)
	}
	return m
}

func (m *executableSize) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s  %d B\n\n", m.Executable, m.Size)
	writeRows(w, []row{
		{m.Headers, "headers", "the ELF header and the program headers"},
		{m.Rest, "the rest", ""},
	})
	fmt.Fprintln(w)
	writeFact(w, "placement", m.Placement.String())
	for _, l := range m.Loaders {
		text := "obeys its rules"
		if !l.Obeys {
			text = fmt.Sprintf("breaks %s of it, first: %s", plural(int64(len(l.Broken)), "rule"), l.Broken[0])
		}
		writeFact(w, l.Name, text)
	}
}
