package main

import "github.com/spf13/pflag"

// command is one verb. Help, the reference in docs/cli.md and the completion
// of shells are made from it.
type command struct {
	name     string   // as in verbs
	args     string   // what follows the options in the usage line
	summary  string   // one line
	about    []string // paragraphs: what it does and when to use it
	groups   []flagGroup
	examples []example
	run      func(sys *system, args []string) error
	raw      bool // run reads the options itself

	// passesArgs says that options end with the first argument: what follows it
	// is for a program that is started.
	passesArgs bool

	// complete lists what the first argument can be; nil: files.
	complete func() []string
}

// flagGroup is options under one heading.
type flagGroup struct {
	title string
	set   *pflag.FlagSet
}

type example struct{ line, does string }

// verb is a command that is made when it is needed: the options of all take time.
type verb struct {
	name string
	make func() *command
}

// verbs lists the commands in the order in which help does.
func verbs() []verb {
	return []verb{
		{"build", buildCommand},
		{"nasm", nasmCommand},
		{"image", imageCommand},
		{"push", pushCommand},
		{"pull", pullCommand},
		{"inspect", inspectCommand},
		{"load", loadCommand},
		{"run", runCommand},
		{"test", testCommand},
		{"learn", learnCommand},
		{"explain", explainCommand},
		{"disasm", disasmCommand},
		{"size", sizeCommand},
		{"prove", proveCommand},
		{"ladder", ladderCommand},
		{"step", stepCommand},
		{"trace", traceCommand},
		{"fmt", fmtCommand},
		{"lsp", lspCommand},
		{"play", playCommand},
		{"version", versionCommand},
		{"help", helpCommand},
		{"completion", completionCommand},
	}
}

// command returns the verb with its options.
func (v verb) command() *command {
	c := v.make()
	c.name = v.name
	return c
}

// commands returns all verbs, in the order in which help lists them.
func commands() []*command {
	var all []*command
	for _, v := range verbs() {
		all = append(all, v.command())
	}
	return all
}

// findCommand returns the verb called name, or nil.
func findCommand(name string) *command {
	for _, v := range verbs() {
		if v.name == name {
			return v.command()
		}
	}
	return nil
}

// group adds a heading for options.
func (c *command) group(title string) *pflag.FlagSet {
	set := newFlagSet(title)
	c.groups = append(c.groups, flagGroup{title, set})
	return set
}

// flags returns the options of all groups.
func (c *command) flags() *pflag.FlagSet {
	all := newFlagSet(c.name)
	for _, g := range c.groups {
		all.AddFlagSet(g.set)
	}
	return all
}

func newFlagSet(name string) *pflag.FlagSet {
	set := pflag.NewFlagSet(name, pflag.ContinueOnError)
	set.SortFlags = false
	set.Usage = func() {}
	return set
}
