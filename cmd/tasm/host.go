package main

import (
	"fmt"
	"strings"

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

// asks says in a line what a file asks of the host, and who can run it.
func asks(file *layout.File) string {
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
		if len(elf.Check(elf.Portable.WithCharge(1<<63), file.Bytes)) > 0 && file.Report.Layout != plainLayout {
			text += ": --loader portable"
		}
	}
	return text + fmt.Sprintf("; commits %s, maps %s", about(file.Report.Charge), about(file.Report.Mapped))
}
