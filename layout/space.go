package layout

import (
	"bytes"
	"fmt"

	"tasm/flow"
	"tasm/layout/elf"
	"tasm/layout/rewrite"
	"tasm/linux"
)

// The address space that a program sees.
//
// Where a file lies, how many pages it occupies and how much memory it commits are
// the optimiser's choice, and most programs can't tell. Those that can make a call of
// linux/space.tsv, such as mmap, or open a file below /proc. They get files that
// occupy only pages which the program as written occupies too: then every range of
// addresses that was free is still free, every call that finds room finds it, and
// every limit that was kept is still kept. Programs that can read their own file from
// memory are left as they are.

// bound is what the rest of a layout has to keep to for a program's view of its
// address space.
type bound struct {
	loader *elf.Loader
	reason string // why; "" where nothing is to be kept
	asIs   bool   // only the plain layout will do
}

// boundOf finds out what a program sees of its address space. Where it can't be told
// which calls the program makes, it may make any.
func boundOf(plain *File, g *flow.Graph, loader *elf.Loader) bound {
	space, why := linux.NoSpace, ""
	calls, all := rewrite.Calls(g, rewrite.Options{LowAddresses: true})
	if !all {
		space, why = linux.SpacePages, "it makes system calls that are not known"
	}
	for _, c := range calls {
		if s := c.Space(); s > space {
			space, why = s, "it calls "+c.Name
		}
	}
	const proc = "/proc"
	for _, o := range g.Objects {
		if bytes.Contains(o.Bytes, []byte(proc)) {
			space, why = linux.SpaceFile, "it names files below "+proc
		}
	}
	im, err := elf.Map(plain.Bytes)
	switch {
	case space == linux.NoSpace:
		return bound{loader: loader}
	case space == linux.SpaceFile || err != nil:
		return bound{loader, why + ", which show the file in memory: only the plain layout keeps that", true}
	}
	run := im.Lowest()
	return bound{loader.Within(run.Low, run.High), fmt.Sprintf("kept between %#x and %#x, since %s, which can show what is mapped", run.Low, run.High, why), false}
}
