package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/lint"
	"tasm/spec"
	"tasm/spec/report"
)

// tester is the verb that holds programs against what is said of them.
type tester struct {
	sourceOptions
	searchOptions
	spec, format, on string
	specText         []byte // the file that spec names
	brief            bool
	limits           spec.Limits
	outputLimit      uint64
	memoryLimit      uint64
}

// testFormats are the forms of what 'tasm test' prints.
var testFormats = map[string]func(io.Writer, []*report.Source) error{
	"tap": report.TAP, "junit": report.JUnit, "json": report.JSON, "table": report.Table,
}

func testCommand() *command {
	t := &tester{limits: spec.Defaults}
	c := &command{
		args:    "FILE...",
		summary: "check that programs do what their sources, or a file, say they must",
		about: []string{
			"Builds each FILE, runs every test that is written for it, and tells what is not as expected, with a difference of the outputs and the line at which a program died. A FILE that is a folder stands for the sources in it and below (.tasm, .asm, .nasm).",
			"Tests stand in comments of the source that begin with two semicolons, in a file beside it with the ending .test, or in a file for all sources, which --spec names: arguments and input, then what is expected of the output, the exit status, files, system calls, instructions, steps and size. docs/test.md has the notation.",
			"Programs run in the virtual machine, with bounds for time, steps, memory and output: nothing that they do reaches this system, so sources of strangers can be tested. With --spec, a source can include files of its own folder and of --include folders only. With --on kernel programs run on this system, without that protection.",
		},
		examples: []example{
			{"tasm test hello.tasm", "the tests in a source"},
			{"tasm test --spec task.test solutions/", "a table of all solutions in a folder"},
			{"tasm test --format junit samples > report.xml", "for a server that shows JUnit's reports"},
			{"tasm test --on kernel --layout golf hello.tasm", "the smallest executable, on this kernel"},
		},
		run: t.run,
	}
	simple, layouts, advanced := c.group("Options"), c.group("Layout options"), c.group("Advanced options")
	simple.StringVar(&t.spec, "spec", "", "hold every source against the tests in `FILE` instead of its own")
	simple.Var(newChoice(&t.format, "", "text", "table", "tap", "junit", "json"), "format", "form of the result; the default is text, or with --spec and several sources a table and the failures below it")
	simple.Var(newChoice(&t.on, "vm", "vm", "kernel"), "on", "where programs run: in the virtual machine, or on the kernel of this system; what only the virtual machine counts (steps, calls) is looked at there all the same")
	registerWatch(simple)
	simple.BoolVarP(&t.brief, "brief", "q", false, "show only what is not as expected")
	t.sourceOptions.register(simple, advanced)
	t.searchOptions.register(layouts)
	t.searchOptions.showDefault("what a test says, or plain")
	advanced.Var(duration{&t.limits.Time}, "limit-time", "end a program after `DURATION`")
	advanced.Int64Var(&t.limits.Steps, "limit-steps", t.limits.Steps, "end a program after `N` instructions")
	t.outputLimit, t.memoryLimit = uint64(t.limits.Output), uint64(t.limits.Memory)
	advanced.Var(byteSize{&t.outputLimit}, "limit-output", "end a program that writes more than `SIZE`")
	advanced.Var(byteSize{&t.memoryLimit}, "limit-memory", "end a program that touches more than `SIZE` of memory")
	return c
}

func (t *tester) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give the sources that are to be tested, or folders of them")
	}
	if err := errors.Join(t.sourceOptions.check(), t.searchOptions.check()); err != nil {
		return err
	}
	t.limits.Output, t.limits.Memory = int64(t.outputLimit), int64(t.memoryLimit)
	if t.on == "kernel" && !runsHere() {
		return t.fail(sys, &diag.Files{}, errors.New("this system is no Linux on x86: leave out --on kernel"))
	}
	names, err := sourcesIn(args)
	if err == nil {
		err = t.readSpec(sys)
	}
	if errors.Is(err, errReported) {
		return err
	}
	if err != nil {
		return t.fail(sys, &diag.Files{}, err)
	}
	tested, failures := t.testAll(sys, names)
	var all []*report.Source
	failed, untested := false, 0
	for i, name := range names {
		s, err := tested[i], failures[i]
		switch {
		case errors.Is(err, errNoTests) && len(names) == 1:
			return t.fail(sys, &diag.Files{}, fmt.Errorf("'%s' has no tests; one begins with a comment such as ;; test \"says hello\" ('tasm help test' tells more)", name))
		case errors.Is(err, errNoTests):
			untested++
			continue
		case err != nil && len(names) == 1:
			return t.fail(sys, &diag.Files{}, err)
		case err != nil:
			s = &report.Source{Name: name, Files: &diag.Files{}, Broken: []*diag.Message{diag.Errorf(diag.Range{}, "%s", err)}}
		}
		failed = failed || s.Failed()
		all = append(all, s)
	}
	if len(all) == 0 {
		return t.fail(sys, &diag.Files{}, fmt.Errorf("none of the %d sources has tests", len(names)))
	}
	if err := t.show(sys, all); err != nil {
		return t.fail(sys, &diag.Files{}, err)
	}
	if untested > 0 {
		out := sys.stdout
		if testFormats[t.format] != nil {
			out = sys.stderr // the result is for other programs
		}
		fmt.Fprintf(out, "%s without tests\n", plural(int64(untested), "source"))
	}
	if failed {
		return errReported
	}
	return nil
}

// show writes the results.
func (t *tester) show(sys *system, all []*report.Source) error {
	style := report.Style{Color: t.useColor(sys, sys.stdout), Brief: t.brief}
	if write := testFormats[t.format]; write != nil {
		return write(sys.stdout, all)
	}
	if t.format == "" && t.spec != "" && len(all) > 1 {
		if err := report.Table(sys.stdout, all); err != nil {
			return err
		}
		if !slices.ContainsFunc(all, (*report.Source).Failed) {
			return nil
		}
		fmt.Fprintln(sys.stdout)
		style.Brief = true
	}
	return report.Text(sys.stdout, all, style)
}

// errNoTests is a source of which nothing is said.
var errNoTests = errors.New("no tests")

// readSpec reads the tests for all sources, if --spec names some, and tells of mistakes.
func (t *tester) readSpec(sys *system) error {
	if t.spec == "" {
		return nil
	}
	text, err := readFile(t.spec)
	if err != nil {
		return fmt.Errorf("can't read '%s': %s", t.spec, diag.Reason(err))
	}
	t.specText = text
	files := &diag.Files{}
	suite, said := t.parseSpec(files)
	if said.Errors() > 0 {
		t.report(sys, files, said)
		return errReported
	}
	if len(suite.Cases) == 0 {
		return fmt.Errorf("'%s' has no tests", t.spec)
	}
	return nil
}

// parseSpec reads the text of --spec; each source has its own files.
func (t *tester) parseSpec(files *diag.Files) (*spec.Suite, *diag.Bag) {
	id := files.Add(t.spec, t.specText)
	if slices.Contains(sourceEndings, filepath.Ext(t.spec)) {
		return spec.ParseSource(files, id)
	}
	return spec.Parse(files, id)
}

// testAll tests sources, as many at a time as there are processors.
func (t *tester) testAll(sys *system, names []string) ([]*report.Source, []error) {
	search := t.searchOptions.begin(sys)
	defer search.end()
	search.Progress = nil // several would write over one another
	tested, failures := make([]*report.Source, len(names)), make([]error, len(names))
	var wait sync.WaitGroup
	free := make(chan bool, runtime.NumCPU())
	for i, name := range names {
		free <- true
		wait.Go(func() {
			tested[i], failures[i] = t.test(sys, name, search.Options)
			<-free
		})
	}
	wait.Wait()
	return tested, failures
}

// test tests a source.
func (t *tester) test(sys *system, name string, search layout.Options) (*report.Source, error) {
	text, err := readSource(sys, name)
	if err != nil {
		return nil, err
	}
	files := &diag.Files{}
	s := &report.Source{Name: name, Files: files}
	id := files.Add(name, text)
	suite, said, err := t.suite(files, id)
	if err != nil {
		return nil, err
	}
	if said.Errors() > 0 {
		s.Broken = said.Messages()
		return s, nil
	}
	if len(suite.Cases) == 0 {
		return nil, errNoTests
	}
	r := &spec.Runner{
		Program: &spec.Program{Files: files, ID: id, Layout: search, Assemble: assembler.Options{
			Target: t.target, IncludeDirs: t.include, Defines: t.define, ReadFile: t.reader(name),
		}},
		Limits: t.limits,
	}
	if t.layoutSet() {
		r.Choice = t.layout
	}
	if t.on == "kernel" {
		r.Kernel = testOnKernel
	}
	s = testSource(context.Background(), name, r, suite)
	s.Broken, s.Warnings = t.warnings.Apply(s.Broken), t.warnings.Apply(s.Warnings)
	return s, nil
}

// testSource runs all cases on a source.
func testSource(ctx context.Context, name string, r *spec.Runner, suite *spec.Suite) *report.Source {
	s := &report.Source{Name: name, Files: r.Files}
	told := map[*diag.Bag]bool{}
	for _, c := range suite.Cases {
		for _, result := range r.Run(ctx, c) {
			if b := result.Built; b.File != nil {
				s.Results = append(s.Results, result)
			} else if !told[b.Messages] {
				told[b.Messages] = true
				s.Broken = append(s.Broken, b.Messages.Messages()...)
			}
		}
	}
	s.Warnings = clues(r, s)
	return s
}

// clues are warnings about a program that does something else than it must, and of which
// nothing else says why.
func clues(r *spec.Runner, s *report.Source) []*diag.Message {
	for _, result := range s.Results {
		if b := result.Built; !result.Passed() && !result.Explained() && b.Layout != "" {
			messages := &diag.Bag{}
			messages.Append(b.Messages)
			messages.Append(lint.Check(b.Program, r.Files))
			return messages.Messages()
		}
	}
	return nil
}

// suite reads the tests of a source: those of --spec, or its own and those beside it.
func (t *tester) suite(files *diag.Files, id diag.FileID) (*spec.Suite, *diag.Bag, error) {
	if t.spec != "" {
		suite, said := t.parseSpec(files)
		return suite, said, nil
	}
	suite, said := spec.ParseSource(files, id)
	name := files.Name(id)
	beside := strings.TrimSuffix(name, filepath.Ext(name)) + ".test"
	text, err := readFile(beside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return suite, said, nil
	case err != nil:
		return nil, nil, fmt.Errorf("can't read '%s': %s", beside, diag.Reason(err))
	}
	more, also := spec.ParseFile(files, files.Add(beside, text))
	suite.Cases = append(suite.Cases, more.Cases...)
	said.Append(also)
	return suite, said, nil
}

// reader returns what reads the files that a source includes. Of sources that are held
// against somebody else's tests nothing is known, so they get what lies in their own
// folder and in those that the user names, and no devices.
func (t *tester) reader(source string) func(string) ([]byte, error) {
	if t.spec == "" {
		return readFile
	}
	dirs := append([]string{filepath.Dir(source)}, t.include...)
	return func(name string) ([]byte, error) {
		for _, dir := range dirs {
			rel, err := filepath.Rel(dir, name)
			if err != nil || !filepath.IsLocal(rel) {
				continue
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				return nil, err
			}
			defer root.Close()
			info, err := root.Stat(rel)
			if err == nil && !info.Mode().IsRegular() {
				err = &fs.PathError{Op: "read", Path: name, Err: errors.New("it is no regular file")}
			}
			if err != nil {
				return nil, err
			}
			return root.ReadFile(rel)
		}
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("with --spec only files of the source's own folder are read, and of --include folders")}
	}
}

// sourceEndings are the endings of sources in folders.
var sourceEndings = []string{".tasm", ".asm", ".nasm"}

// sourcesIn returns the files that arguments name, with the sources of folders instead
// of these.
func sourcesIn(args []string) (names []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			names = append(names, arg) // reading it tells what is wrong
			continue
		}
		before := len(names)
		err = filepath.WalkDir(arg, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && slices.Contains(sourceEndings, filepath.Ext(name)) {
				names = append(names, name)
			}
			return err
		})
		switch {
		case err != nil:
			return nil, fmt.Errorf("can't read the folder '%s': %s", arg, diag.Reason(err))
		case len(names) == before:
			return nil, fmt.Errorf("the folder '%s' holds no sources: no files that end in %s", arg, strings.Join(sourceEndings, ", "))
		}
	}
	return names, nil
}
