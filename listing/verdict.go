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
	var runs []string
	refused := map[string][]string{} // the loaders by the reason
	var reasons []string
	for _, part := range loader.Parts() {
		if !part.Runs(class) {
			continue
		}
		broken := elf.Refusals(part, file)
		if len(broken) == 0 {
			runs = append(runs, part.Name)
		}
		for _, v := range broken {
			reason := v.String()
			if refused[reason] == nil {
				reasons = append(reasons, reason)
			}
			refused[reason] = append(refused[reason], part.Name)
		}
	}
	var lines []string
	switch {
	case len(runs) == 0 && len(reasons) == 0:
		lines = append(lines, fmt.Sprintf("%s does not run files of %v", loader.Name, class))
	case len(reasons) == 0:
		lines = append(lines, "runs on "+loader.Summary)
	case len(runs) > 0:
		lines = append(lines, "runs on "+strings.Join(runs, ", "))
	}
	for _, reason := range reasons {
		lines = append(lines, fmt.Sprintf("does not run on %s: %s", strings.Join(refused[reason], ", "), reason))
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
