package spec

import (
	"slices"

	"tasm/diag"
	"tasm/vm"
)

// Suite is what is said of a program.
type Suite struct {
	Cases []*Case
}

// Case is one start of a program, and what must come of it.
type Case struct {
	Name  string
	Range diag.Range // of the line that begins it

	// How the program is built.
	Targets []string // systems; none is the first that the source names
	Layout  string   // "" leaves the choice to the Runner
	Flat    bool     // it brings its headers itself, or none
	NoRun   bool     // it is built and measured only

	// What it is given.
	Args  []string // without the program's name
	Env   []string // NAME=VALUE
	Stdin []byte
	Files []File
	Force []vm.Force // answers of the kernel
	// Signal is sent to it when it waits for what never comes; 0 for none.
	Signal int
	// CloseAfter is how many bytes of standard output are read before whoever reads
	// it goes away; negative: all.
	CloseAfter int64

	Checks []Check

	// MostBytes and MostSteps are the bounds that a check sets; 0 where none does.
	MostBytes, MostSteps int64
}

// File is a file that a program finds or leaves behind.
type File struct {
	Name string
	Data []byte
}

// clone returns a copy that can be added to.
func (c *Case) clone() *Case {
	d := *c
	d.Targets, d.Args, d.Env = slices.Clone(c.Targets), slices.Clone(c.Args), slices.Clone(c.Env)
	d.Stdin, d.Files, d.Force = slices.Clone(c.Stdin), slices.Clone(c.Files), slices.Clone(c.Force)
	d.Checks = slices.Clone(c.Checks)
	return &d
}

// has reports whether one of the checks looks at an aspect of a run.
func (c *Case) has(a aspect) bool {
	return slices.ContainsFunc(c.Checks, func(k Check) bool { return k.aspect&a != 0 })
}
