package main

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"tasm"
	"tasm/diag"
	"tasm/linux"
)

// sourceOptions are the options of all verbs that assemble a source: what it is
// read with, and how its mistakes are shown.
type sourceOptions struct {
	target          string
	include, define []string
	warnings        diag.Warnings
	style, color    string
	maxErrors       int
	others          []tasm.Source // that the program is made of as well
}

// register adds the options to a command, those that few need to advanced.
func (o *sourceOptions) register(simple, advanced *pflag.FlagSet) {
	simple.Var(newChoice(&o.target, "", targetNames()...), "target", "system to build for; the default is the first one that the source names")
	advanced.VarP(list{&o.include, "DIR"}, "include", "I", "look for included files in `DIR` too; may be repeated")
	advanced.VarP(list{&o.define, "NAME[=VALUE]"}, "define", "D", "define a macro before the source is read; may be repeated")
	advanced.VarP(warningOption{&o.warnings}, "warning", "w", "show (+CLASS), hide (-CLASS) or make errors of (error=CLASS) a class of warnings; each warning ends with its class, and all is every class")
	advanced.VarP(warningOption{&o.warnings}, "Warning", "W", "the same as -w, in the other spelling of nasm: CLASS, no-CLASS, error=CLASS")
	advanced.VarP(newChoice(&o.style, "human", "human", "short", "gnu", "json"), "message-format", "X", "how messages look; short (also called gnu) is one line each")
	advanced.Var(newChoice(&o.color, "auto", "auto", "always", "never"), "color", "when messages are coloured; auto is on a terminal, unless NO_COLOR is set")
	advanced.IntVar(&o.maxErrors, "max-errors", 50, fmt.Sprintf("show `N` errors at most; 0 is all. Assembly ends after %d, or N where that is more", diag.MaxErrors))
}

func targetNames() []string {
	var names []string
	for _, t := range linux.Targets() {
		names = append(names, t.String())
	}
	return names
}

// warningOption is the value of -w and -W.
type warningOption struct{ warnings *diag.Warnings }

func (warningOption) String() string       { return "" }
func (warningOption) Type() string         { return "CLASS" }
func (o warningOption) Set(s string) error { return o.warnings.Set(s) }

var _ pflag.Value = warningOption{}

// check finds options that make no sense.
func (o *sourceOptions) check() error {
	if o.maxErrors < 0 {
		return usagef("--max-errors is %d: it can't be negative", o.maxErrors)
	}
	return nil
}

// newSource is a source of the command line.
func newSource(name string, text []byte) tasm.Source {
	return tasm.Source{Name: name, Text: text, ReadFile: readFile}
}

// options are those of a build that concern the source.
func (o *sourceOptions) options() tasm.Options {
	return tasm.Options{Target: o.target, IncludeDirs: o.include, Defines: o.define, Others: o.others, MaxErrors: o.keptErrors()}
}

// keptErrors is how many errors are kept: more than are shown, which are the first ones
// by their places.
func (o *sourceOptions) keptErrors() int {
	if o.maxErrors == 0 {
		return -1
	}
	return max(o.maxErrors, diag.MaxErrors)
}

// assemble assembles a source for an executable.
func (o *sourceOptions) assemble(name string, text []byte) (*tasm.Result, *diag.Bag) {
	opts := o.options()
	opts.Instructions = true
	return tasm.Assemble(newSource(name, text), opts)
}

// assembleFile reads a source and assembles it for an executable. It has told
// of mistakes when it fails.
func (o *sourceOptions) assembleFile(sys *system, name string) (*tasm.Result, *diag.Bag, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	text, err := readSource(sys, name)
	if err != nil {
		return nil, nil, o.fail(sys, &diag.Files{}, err)
	}
	r, messages := o.assemble(name, text)
	if r.Program == nil {
		o.report(sys, r.Files, messages)
		return nil, nil, errReported
	}
	return r, messages, nil
}

// fail shows an error that is about no place in a source.
func (o *sourceOptions) fail(sys *system, files *diag.Files, err error) error {
	messages := &diag.Bag{}
	messages.Add(diag.Errorf(diag.Range{}, "%s", err))
	o.report(sys, files, messages)
	return errReported
}

// report shows messages and returns how many of them are errors.
func (o *sourceOptions) report(sys *system, files *diag.Files, messages *diag.Bag) int {
	all := toShow(&o.warnings, messages)
	errors := 0
	for _, m := range all {
		if m.Severity == diag.Error {
			errors++
		}
	}
	shown := diag.Limit(all, o.maxErrors)
	switch o.style {
	case "json":
		diag.JSON(sys.stderr, files, shown)
	case "short", "gnu":
		diag.Short(sys.stderr, files, shown)
	default:
		diag.Human(sys.stderr, files, shown, o.useColor(sys, sys.stderr))
	}
	return errors
}

// toShow returns the messages that w leaves, and tells how to see those for which the
// assembly has ended too early.
func toShow(w *diag.Warnings, messages *diag.Bag) []*diag.Message {
	all := w.Apply(messages.Messages())
	if n := len(all); n > 0 && all[n-1].Stop {
		stop := *all[n-1]
		stop.Text += " (--max-errors 0 shows all)"
		all[n-1] = &stop
	}
	return all
}

// useColor reports whether what goes to w is coloured.
func (o *sourceOptions) useColor(sys *system, w io.Writer) bool {
	switch o.color {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(w) && sys.getenv("NO_COLOR") == "" && sys.getenv("TERM") != "dumb"
}
