package layout

import (
	"bytes"
	"fmt"
	"slices"

	"tasm/layout/elf"
	"tasm/layout/equiv"
	"tasm/layout/synth"
	"tasm/linux"
)

// floor returns a bound of the size of files, in bytes, and of which files it is one.
// The file is one of them. The bound comes from the data that the program's system
// calls were seen to read, as far as the file holds them in one piece.
func (g *golfer) floor(f *File) (bound int64, space string) {
	var data [][]byte
	if f.Report.Placement.Phnum == 1 {
		data = slices.DeleteFunc(equiv.Reads(g.plain.Bytes), func(b []byte) bool { return !bytes.Contains(f.Bytes, b) })
	}
	abi := linux.I386
	if g.plain.Class == elf.Class64 {
		abi = linux.X8664
	}
	bound = synth.Floor(abi, data, synth.Options{Loader: g.loader, MaxCharge: g.opts.MaxCharge})
	if len(data) == 0 {
		return bound, "executables that " + g.loader.Name + " loads"
	}
	size := 0
	for _, b := range data {
		size += len(b)
	}
	return bound, fmt.Sprintf("files with one program header in which data of %d B that system calls read lie in one piece each, whatever the code", size)
}
