package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tasm/assembler"
	"tasm/diag"
	"tasm/lessons"
	"tasm/spec"
	"tasm/spec/report"
)

// learner is the verb of the lessons.
type learner struct {
	sourceOptions
	raw bool
}

func learnCommand() *command {
	l := &learner{}
	c := &command{
		args:    "[LESSON | start LESSON [FOLDER] | check [FILE...]]",
		summary: "learn assembly in twelve lessons, with exercises that are checked",
		about: []string{
			"Without arguments, lists the lessons and which exercises are done. With the number of a lesson, shows it. 'start' makes a folder with the exercises and examples of a lesson; files that are there stay as they are. 'check' runs the tests of the exercises on the files of a folder (this one, unless another is given) and notes what passes, in the folder tasm below XDG_STATE_HOME, which is ~/.local/state otherwise.",
		},
		examples: []example{
			{"tasm learn", "what there is"},
			{"tasm learn 1", "the first lesson"},
			{"tasm learn start 1", "its exercises, in the folder lesson-1"},
			{"tasm learn check lesson-1", "are they done?"},
		},
		run: l.run,
		complete: func() []string {
			words := []string{"start", "check"}
			for _, lesson := range lessons.All() {
				words = append(words, strconv.Itoa(lesson.Number))
			}
			return words
		},
	}
	simple := c.group("Options")
	simple.BoolVar(&l.raw, "markdown", false, "show a lesson as it is written, in Markdown")
	l.style, l.maxErrors = "human", 50
	simple.Var(newChoice(&l.color, "auto", "auto", "always", "never"), "color", "when the text is coloured; auto is on a terminal, unless NO_COLOR is set")
	return c
}

func (l *learner) run(sys *system, args []string) error {
	switch {
	case len(args) == 0:
		return l.list(sys)
	case args[0] == "start":
		return l.start(sys, args[1:])
	case args[0] == "check":
		return l.check(sys, args[1:])
	case len(args) > 1:
		return usagef("give one lesson, not %d", len(args))
	}
	lesson, err := findLesson(args[0])
	if err != nil {
		return err
	}
	if l.raw {
		_, err = io.WriteString(sys.stdout, lesson.Page)
		return err
	}
	return writePage(sys.stdout, lesson.Page, l.useColor(sys, sys.stdout))
}

// findLesson returns the lesson with a number or name.
func findLesson(word string) (*lessons.Lesson, error) {
	all := lessons.All()
	if n, err := strconv.Atoi(word); err == nil {
		if n < 1 || n > len(all) {
			return nil, usagef("there is no lesson %d: there are %d lessons", n, len(all))
		}
		return all[n-1], nil
	}
	words := []string{"start", "check"}
	for _, l := range all {
		if l.Name == word {
			return l, nil
		}
		words = append(words, l.Name)
	}
	if near := diag.Nearest(word, words); near != "" {
		return nil, usagef("'%s' is no lesson; did you mean '%s'?", word, near)
	}
	return nil, usagef("'%s' is no lesson: give its number, from 1 to %d", word, len(all))
}

// list shows the lessons and how far each is done.
func (l *learner) list(sys *system) error {
	done := readProgress(sys)
	var b strings.Builder
	next := 0
	for _, lesson := range lessons.All() {
		n := 0
		for _, e := range lesson.Exercises {
			if done.has(e.Name) {
				n++
			}
		}
		state := fmt.Sprintf("%d of %d done", n, len(lesson.Exercises))
		if n == len(lesson.Exercises) {
			state = "done"
		} else if next == 0 {
			next = lesson.Number
		}
		fmt.Fprintf(&b, "%3d  %-32s %s\n", lesson.Number, lesson.Title, state)
	}
	if next > 0 {
		fmt.Fprintf(&b, "\nNext: tasm learn %d, and for its exercises: tasm learn start %d\n", next, next)
	} else {
		b.WriteString("\nAll done. The last exercise has no end: who needs fewer bytes?\n")
	}
	_, err := io.WriteString(sys.stdout, b.String())
	return err
}

// start makes a folder with the files of a lesson.
func (l *learner) start(sys *system, args []string) error {
	if len(args) == 0 || len(args) > 2 {
		return usagef("say which lesson, for example: tasm learn start 1")
	}
	lesson, err := findLesson(args[0])
	if err != nil {
		return err
	}
	dir := fmt.Sprintf("lesson-%d", lesson.Number)
	if len(args) > 1 {
		dir = args[1]
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return l.fail(sys, &diag.Files{}, fmt.Errorf("can't make the folder '%s': %s", dir, diag.Reason(err)))
	}
	all := slices.Clone(lesson.Examples)
	for _, e := range lesson.Exercises {
		all = append(all, e.Start)
	}
	kept := 0
	for _, f := range all {
		name := filepath.Join(dir, f.Name)
		if _, err := os.Lstat(name); err == nil {
			kept++
			continue
		}
		if err := writeOutput(sys, name, []byte(f.Text), false); err != nil {
			return l.fail(sys, &diag.Files{}, err)
		}
	}
	fmt.Fprintf(sys.stdout, "%s has %s and %s of lesson %d, %s\n", dir,
		plural(int64(len(lesson.Examples)), "example"), plural(int64(len(lesson.Exercises)), "exercise"), lesson.Number, lesson.Title)
	if kept > 0 {
		fmt.Fprintf(sys.stdout, "%s there already: kept as before\n", plural(int64(kept), "file"))
	}
	for _, e := range lesson.Exercises {
		fmt.Fprintf(sys.stdout, "  edit %s\n", filepath.Join(dir, e.Start.Name))
	}
	fmt.Fprintf(sys.stdout, "then: tasm learn check %s\n", dir)
	return nil
}

// check runs the tests of exercises and notes what passes.
func (l *learner) check(sys *system, args []string) error {
	if len(args) == 0 {
		args = []string{"."}
	}
	names, err := exerciseFiles(args)
	if err != nil {
		return l.fail(sys, &diag.Files{}, err)
	}
	progress := readProgress(sys)
	var all []*report.Source
	failed, passed := false, 0
	for _, name := range names {
		s, err := l.checkOne(sys, name)
		if err != nil {
			return l.fail(sys, &diag.Files{}, err)
		}
		all = append(all, s)
		if failed = failed || s.Failed(); !s.Failed() {
			passed++
			progress.add(exerciseName(name))
		}
	}
	if err := report.Text(sys.stdout, all, report.Style{Color: l.useColor(sys, sys.stdout)}); err != nil {
		return err
	}
	fmt.Fprintf(sys.stdout, "%s done, %d to do\n", plural(int64(passed), "exercise"), len(names)-passed)
	if err := progress.write(sys); err != nil {
		return l.fail(sys, &diag.Files{}, err)
	}
	if failed {
		return errReported
	}
	return nil
}

// exerciseName is the name of the exercise that a file is a solution of.
func exerciseName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".tasm") }

// exerciseFiles returns the files that are solutions of exercises.
func exerciseFiles(args []string) (names []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("can't read '%s': %s", arg, diag.Reason(err))
		}
		if !info.IsDir() {
			if _, e := lessons.Find(exerciseName(arg)); e == nil {
				return nil, fmt.Errorf("'%s' is no exercise of the lessons: a solution keeps the name that 'tasm learn start' gave it", arg)
			}
			names = append(names, arg)
			continue
		}
		before := len(names)
		found, _ := filepath.Glob(filepath.Join(arg, "*.tasm"))
		for _, name := range found {
			if _, e := lessons.Find(exerciseName(name)); e != nil {
				names = append(names, name)
			}
		}
		if len(names) == before {
			return nil, fmt.Errorf("the folder '%s' holds no exercise of the lessons; make one with: tasm learn start 1", arg)
		}
	}
	return names, nil
}

// checkOne holds a file against the tests of its exercise.
func (l *learner) checkOne(sys *system, name string) (*report.Source, error) {
	_, e := lessons.Find(exerciseName(name))
	text, err := readSource(sys, name)
	if err != nil {
		return nil, err
	}
	files := &diag.Files{}
	p := &spec.Program{Files: files, ID: files.Add(name, text), Assemble: assembler.Options{ReadFile: readFile}}
	suite, said := spec.ParseFile(files, files.Add(e.Name+".test", []byte(e.Tests)))
	if said.Errors() > 0 {
		return &report.Source{Name: name, Files: files, Broken: said.Messages()}, nil
	}
	return testSource(context.Background(), name, &spec.Runner{Program: p, Limits: spec.Defaults}, suite), nil
}

// studentRecord is which exercises are done, version 1 of the file.
type studentRecord struct {
	Version int      `json:"version"`
	Done    []string `json:"done"` // names of exercises, sorted
}

func (p *studentRecord) has(name string) bool { return slices.Contains(p.Done, name) }

func (p *studentRecord) add(name string) {
	if !p.has(name) {
		p.Done = append(p.Done, name)
		slices.Sort(p.Done)
	}
}

// progressFile is where progress is kept (XDG Base Directory Specification, 0.8).
func progressFile(sys *system) (string, error) {
	base := sys.getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) {
		home := sys.getenv("HOME")
		if home == "" {
			return "", errors.New("neither XDG_STATE_HOME nor HOME says where progress can be kept")
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "tasm", "learn.json"), nil
}

// readProgress reads what was done. Where that can't be read nothing was.
func readProgress(sys *system) *studentRecord {
	p := &studentRecord{Version: 1}
	if name, err := progressFile(sys); err == nil {
		if text, err := readFile(name); err == nil && json.Unmarshal(text, p) != nil {
			return &studentRecord{Version: 1}
		}
	}
	return p
}

// write keeps what was done.
func (p *studentRecord) write(sys *system) error {
	name, err := progressFile(sys)
	if err != nil {
		return err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("can't keep what is done: %s", diag.Reason(err))
	}
	return writeOutput(sys, name, append(text, '\n'), false)
}
