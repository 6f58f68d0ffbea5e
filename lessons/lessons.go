// Package lessons holds twelve lessons about assembly: for each a page of Markdown,
// small complete programs that the page shows, and exercises with the tests (package
// spec) that a solution has to pass. They are part of the program, so that a terminal
// or a page in a browser needs no files.
//
// In a page, what stands between the comments "begin show FILE" or "begin run COMMANDS"
// and "end" is made by a test in cmd/tasm: the source of a program, or what commands
// really print. The folder solutions of a lesson is for that test only.
package lessons

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed */lesson.md */*.tasm */*.test
var files embed.FS

// Lesson is one of the lessons.
type Lesson struct {
	Number    int    // from 1
	Name      string // of its folder: "01-end"
	Title     string
	Page      string     // Markdown, without comments
	Examples  []File     // programs that the page shows
	Exercises []Exercise // in the order in which the page names them
}

// File is a source.
type File struct {
	Name string // without folders
	Text string
}

// Exercise is a program to be written.
type Exercise struct {
	Name  string // of the source, without its ending
	Start File   // what there is at the beginning, with the task in comments
	Tests string // the notation of package spec
}

// All returns the lessons in their order. The caller must not change them.
var All = sync.OnceValue(func() (list []*Lesson) {
	folders, err := files.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for i, d := range folders {
		list = append(list, read(i+1, d.Name()))
	}
	return list
})

// read reads a lesson. That its files are whole is a matter of the tests.
func read(number int, folder string) *Lesson {
	text := func(name string) string {
		data, err := files.ReadFile(path.Join(folder, name))
		if err != nil {
			panic(fmt.Sprintf("lessons: %v", err))
		}
		return string(data)
	}
	l := &Lesson{Number: number, Name: folder, Page: comments.ReplaceAllString(text("lesson.md"), "")}
	heading, _, _ := strings.Cut(l.Page, "\n")
	_, l.Title, _ = strings.Cut(heading, ". ")
	sources, _ := fs.Glob(files, folder+"/*.tasm")
	for _, source := range sources {
		name := path.Base(source)
		f := File{name, text(name)}
		bare := strings.TrimSuffix(name, ".tasm")
		if _, err := fs.Stat(files, path.Join(folder, bare+".test")); err != nil {
			l.Examples = append(l.Examples, f)
			continue
		}
		l.Exercises = append(l.Exercises, Exercise{bare, f, text(bare + ".test")})
	}
	place := func(e Exercise) int { return strings.Index(l.Page, "**"+e.Name+".tasm**") }
	slices.SortStableFunc(l.Exercises, func(a, b Exercise) int { return place(a) - place(b) })
	return l
}

// comments matches the lines of a page that only the tests look at.
var comments = regexp.MustCompile(`(?m)^<!--.*-->\n`)

// Find returns the exercise with a name and its lesson, nil if there is none.
func Find(name string) (*Lesson, *Exercise) {
	for _, l := range All() {
		for i := range l.Exercises {
			if l.Exercises[i].Name == name {
				return l, &l.Exercises[i]
			}
		}
	}
	return nil, nil
}
