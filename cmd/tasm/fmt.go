package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"tasm/assembler"
	style "tasm/format"
)

// formatting is the verb that lays out sources.
type formatting struct {
	write, diff, list bool
	include, define   []string
}

func fmtCommand() *command {
	f := &formatting{}
	c := &command{
		args:    "[FILE...]",
		summary: "lay out sources in one style",
		about: []string{
			"Prints sources with labels at the margin, instructions, operands and comments in columns. Without FILE, or for -, standard input is read; of a folder all its sources.",
			"Only white space changes, no line moves to another, and what is formatted already stays as it is. Each source is assembled before and after: where the outcome would be another, nothing is written. -l and -d only report, and as with gofmt the exit status does not depend on what they find.",
		},
		examples: []example{
			{"tasm fmt -w hello.tasm", "format a file in place"},
			{"tasm fmt -d .", "show what would change in all sources here"},
			{"test -z \"$(tasm fmt -l .)\"", "fail where a source is not formatted, in CI"},
		},
		run: f.run,
	}
	set := c.group("Options")
	set.BoolVarP(&f.write, "write", "w", false, "write the result to the file, not to standard output")
	set.BoolVarP(&f.diff, "diff", "d", false, "print what would change, as a diff")
	set.BoolVarP(&f.list, "list", "l", false, "print the names of files that would change")
	set.VarP(list{&f.include, "DIR"}, "include", "I", "look for included files in `DIR` too; may be repeated")
	set.VarP(list{&f.define, "NAME[=VALUE]"}, "define", "D", "define a macro before the source is read; may be repeated")
	return c
}

func (f *formatting) run(sys *system, args []string) error {
	if len(args) == 0 {
		args = []string{"-"}
	}
	if f.write && slices.Contains(args, "-") {
		return usagef("-w needs a file: standard input can't be written to")
	}
	names, err := sourcesIn(args)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range names {
		if err := f.file(sys, name); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == 1 {
		return failed[0]
	}
	for _, err := range failed {
		fmt.Fprintf(sys.stderr, "tasm: error: %s\n", err)
	}
	if len(failed) > 0 {
		return errReported
	}
	return nil
}

// file formats one file.
func (f *formatting) file(sys *system, name string) error {
	data, err := readSource(sys, name)
	if err != nil {
		return err
	}
	text := string(data)
	out, err := style.Checked(name, text, assembler.Options{IncludeDirs: f.include, Defines: f.define, ReadFile: readFile})
	if err != nil {
		return fmt.Errorf("can't format '%s': %w", name, err)
	}
	if f.list && out != text {
		fmt.Fprintln(sys.stdout, name)
	}
	if f.write && out != text {
		if err := writeOutput(sys, name, []byte(out), false); err != nil {
			return err
		}
	}
	switch {
	case f.diff:
		_, err = io.WriteString(sys.stdout, style.Diff(filepath.ToSlash(name), text, out))
	case !f.list && !f.write:
		_, err = io.WriteString(sys.stdout, out)
	}
	return err
}
