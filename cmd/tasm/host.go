package main

import (
	"fmt"
	"strings"

	"tasm"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/elf"
)

// hosts are the systems that people start programs on, and what they are called.
var hosts = []struct {
	loader *elf.Loader
	name   string
}{
	{elf.Linux, "Linux on x86"},
	{elf.QEMU, "qemu-user (engines on arm64 machines)"},
	{elf.GVisor, "gVisor"},
}

// asks says in a line what a file asks of the host, and who can run it. cost is what
// is known of a file that runs everywhere, "" for nothing.
func asks(file *layout.File, cost string) string {
	var can, not []string
	for _, h := range hosts {
		// A charge is a matter of the host's size, and told as such.
		if !h.loader.Runs(file.Class) {
			continue // nothing would help
		}
		if len(elf.Check(h.loader.WithCharge(1<<63), file.Bytes)) == 0 {
			can = append(can, h.name)
		} else {
			not = append(not, h.name)
		}
	}
	if len(can) == 0 {
		can = []string{file.Report.Loader}
	}
	text := "runs on " + strings.Join(can, ", ")
	if len(not) > 0 {
		text += "; not on " + strings.Join(not, ", ")
		if curable(file) {
			text += ": --loader portable" + cost
		}
	}
	return text + fmt.Sprintf("; commits %s, maps %s", about(file.Report.Charge), about(file.Report.Mapped))
}

// curable reports whether a file could run on more systems if it was laid out for them.
func curable(file *layout.File) bool {
	return file.Report.Layout != plainLayout && len(elf.Check(elf.Portable.WithCharge(1<<63), file.Bytes)) > 0
}

// cure is what a file that runs everywhere costs.
type cure struct {
	file  *layout.File
	exact bool // otherwise a search with little effort has found it
}

// findCure looks for a file that runs everywhere: the one of the cache, where it was
// built before, or what is found soon. It is nil where none is needed or known.
func (o *searchOptions) findCure(sys *system, built *tasm.Result) *cure {
	if !o.told || o.timeLimit > 0 || built.File == nil || !curable(built.File) {
		return nil
	}
	portable := *o
	portable.loader, portable.anywhere = elf.Portable.Name, true
	result := *built
	result.Cache = portable.cache(sys)
	if file := result.Remembered(portable.layout, portable.limits()); file != nil {
		return &cure{file, true}
	}
	portable.effort = minEffort
	file, _ := portable.run(sys, &result, &diag.Bag{})
	if file == nil {
		return nil
	}
	return &cure{file, false}
}

// cost says how many bytes more than file the cure takes, and its image.
func (c *cure) cost(file *layout.File, image int) string {
	if c == nil {
		return ""
	}
	text := fmt.Sprintf("%+d B", len(c.file.Bytes)-len(file.Bytes))
	if image != 0 {
		text += fmt.Sprintf(", %+d B on the wire", image)
	}
	if !c.exact {
		text = "at most " + text
	}
	return " (" + text + ")"
}
