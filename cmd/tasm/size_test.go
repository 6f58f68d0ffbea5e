package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"tasm/layout"
	"tasm/layout/elf"
	"tasm/program"
)

// TestAccount counts the bytes of a file with parts of all kinds, some of
// them over others.
func TestAccount(t *testing.T) {
	field := &elf.Fields[elf.EFlags]
	file := &layout.File{Bytes: make([]byte, 20), Parts: []layout.Part{
		{Offset: 0, Size: 8, Kind: layout.HeaderPart, Field: field},
		{Offset: 2, Size: 4, Kind: layout.HeaderPart, Field: field},
		{Offset: 4, Size: 6, Kind: layout.CodePart},
		{Offset: 9, Size: 3, Kind: layout.DataPart},
		{Offset: 6, Size: 1, Kind: layout.PaddingPart},
		{Offset: 12, Size: 2, Kind: layout.FragmentPart, Fragment: &program.Fragment{Kind: program.Code}},
		{Offset: 14, Size: 3, Kind: layout.FragmentPart, Fragment: &program.Fragment{Kind: program.Space}},
		{Offset: 17, Size: 1, Kind: layout.FragmentPart, Fragment: &program.Fragment{Kind: program.Padding}},
		{Offset: 18, Size: 2, Kind: layout.PaddingPart},
	}}
	// Shared: 2 to 7, where headers meet each other or code, and 9.
	if want, got := (account{Header: 4, Code: 8, Data: 5, Padding: 3, Shared: 7}), accountFor(file); got != want {
		t.Errorf("have %+v, want %+v", got, want)
	}
}

// TestSizesAddUp compares the accounts of samples with what is built.
func TestSizesAddUp(t *testing.T) {
	for _, name := range []string{"hello", "echo", "cat", "hello64"} {
		for _, layout := range []string{"plain", "pack"} {
			source := filepath.Join(samplesDir, name+".tasm")
			file := mustBuild(t, "-f", "elf", "--layout", layout, source)
			r := runTasm("", "size", "--json", "--layout", layout, source)
			var m sourceSize
			if err := json.Unmarshal([]byte(r.stdout), &m); err != nil || r.status != exitOK {
				t.Fatalf("%v\n%+v", err, r)
			}
			if a := m.Bytes; m.Size != int64(len(file)) || a.Header+a.Code+a.Data+a.Padding != m.Size || m.Layout != layout {
				t.Errorf("%s: %+v of %d bytes", source, m, len(file))
			}
		}
	}
}
