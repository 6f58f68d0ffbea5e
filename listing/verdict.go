package listing

import (
	"fmt"
	"slices"
	"strings"

	"tasm/layout/elf"
)

// segmentWords say what program headers are for of which the rules here know only
// that they exist.
var segmentWords = map[uint64]string{
	elf.SegmentInterp:   "PT_INTERP: the dynamic linker is loaded too, and runs first",
	elf.SegmentStack:    "PT_GNU_STACK: whether the stack is executable",
	elf.SegmentProperty: "PT_GNU_PROPERTY: protections that the program asks for",
}

// verdict says which of the loaders in a combination run a file, and why the others
// do not.
func verdict(loader *elf.Loader, file []byte) []string {
	class := elf.ClassOf(file)
	runs, refusals := loader.Judge(file)
	var lines []string
	switch {
	case len(runs) == 0 && len(refusals) == 0:
		lines = append(lines, fmt.Sprintf("%s does not run files of %v", loader.Name, class))
	case len(refusals) == 0:
		lines = append(lines, "runs on "+loader.Summary)
	case len(runs) > 0:
		lines = append(lines, "runs on "+strings.Join(runs, ", "))
	}
	for _, r := range refusals {
		lines = append(lines, fmt.Sprintf("does not run on %s: %s", strings.Join(r.By, ", "), r.Reason))
	}
	return append(lines, beyond(class, file)...)
}

// beyond lists the program headers that the rules reckon without.
func beyond(class elf.Class, file []byte) []string {
	var lines []string
	start, size := elf.Get(class, file, elf.EPhoff), uint64(class.Size(elf.ProgramHeader))
	for i := range elf.Get(class, file, elf.EPhnum) {
		at := start + i*size
		if at+size > uint64(len(file)) {
			break
		}
		if words := segmentWords[elf.Get(class, file[at:], elf.PType)]; words != "" && !slices.Contains(lines, words) {
			lines = append(lines, words)
		}
	}
	return lines
}
