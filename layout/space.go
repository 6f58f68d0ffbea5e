package layout

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/layout/elf"
	"tasm/layout/equiv"
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
	placed bool   // the program may name ranges of addresses by where they lie
}

// binds reports whether a comparison leaves only the plain layout: the program was seen
// to look at what any other changes, or may do so where it can't be followed.
func (b *bound) binds(v equiv.Verdict) bool {
	return v.Shown || v.Outcome == equiv.Unclear && b.placed
}

// boundOf finds out what a program sees of its address space. Where it can't be told
// which calls the program makes, it may make any.
func boundOf(plain *File, g *flow.Graph, loader *elf.Loader) bound {
	space, why := linux.NoSpace, ""
	calls, all := rewrite.Calls(g, rewrite.Options{LowAddresses: true})
	if !all {
		calls, all = callsOf(plain)
	}
	if !all && g.Calls != nil {
		all = true
		for _, c := range g.Calls {
			calls = append(calls, rewrite.Made{Syscall: c, Placed: c.Space() != linux.NoSpace})
		}
	}
	placed := !all
	if !all {
		space, why = linux.SpacePages, "it makes system calls that are not known"
	}
	for _, c := range calls {
		placed = placed || c.Placed
		if s := c.Space(); s > space {
			space, why = s, "it calls "+c.Name
		}
	}
	for _, o := range g.Objects {
		if namesProcess(o) {
			space, why = linux.SpaceFile, "it names files below /proc"
		}
	}
	if name := storesAddress(g); name != "" {
		space, why = linux.SpaceFile, "it uses "+name+" and so stores addresses of instructions"
	}
	im, err := elf.Map(plain.Bytes)
	switch {
	case space == linux.NoSpace:
		return bound{loader: loader}
	case space == linux.SpaceFile || err != nil:
		return bound{loader, why + ", which show the file in memory: only the plain layout keeps that", true, placed}
	}
	run := im.Lowest()
	_, committed := im.Size()
	return bound{loader.Within(run.Low, run.High, committed), fmt.Sprintf("kept between %#x and %#x, since %s, which can show what is mapped", run.Low, run.High, why), false, placed}
}

// storing are the beginnings of the names of instructions that store the state of the x87
// unit, in which there is where its last instruction lies.
var storing = []string{"fstenv", "fnstenv", "fsave", "fnsave", "fxsave", "xsave"}

// storesAddress returns the name of an instruction of the program that stores the address
// of another one; "" if there is none.
func storesAddress(g *flow.Graph) string {
	for _, b := range g.Blocks {
		for i := range b.Code {
			name := x86.MnemonicName(b.Code[i].Mnemonic)
			if slices.ContainsFunc(storing, func(s string) bool { return strings.HasPrefix(name, s) }) {
				return strings.ToUpper(name)
			}
		}
	}
	return ""
}

// callsOf returns the system calls of a program that makes the same ones whatever it
// is told, and false where that is not so.
func callsOf(plain *File) (calls []rewrite.Made, all bool) {
	trace, _ := equiv.Run(plain.Bytes)
	if trace == nil {
		return nil, false
	}
	for _, c := range trace.Calls {
		if c.Syscall == nil {
			return nil, false
		}
		calls = append(calls, rewrite.Made{Syscall: c.Syscall})
	}
	return calls, true
}

// namesProcess reports whether an object may hold the name of a file below /proc that
// shows a process's memory.
func namesProcess(o *flow.Object) bool {
	for name := range bytes.SplitSeq(o.Bytes, []byte{0}) {
		if linux.ShowsProcess(string(name)) {
			return true
		}
		for i := range name {
			inside := bytes.HasPrefix(name[i:], []byte("/proc"))
			// What can be written may become another name, and one may begin anywhere.
			if inside && o.Write || (inside || bytes.HasPrefix(name[i:], []byte("proc/"))) && linux.ShowsProcess(string(name[i:])) {
				return true
			}
		}
	}
	return false
}
