// Package report shows what came of tests: for people, as a table of many
// solutions, and as TAP, JUnit XML and JSON for programs.
package report

import (
	"fmt"
	"io"
	"strings"

	"tasm/diag"
	"tasm/spec"
)

// Source is one tested source and what came of its cases.
type Source struct {
	Name    string // as the user gave it
	Files   *diag.Files
	Results []*spec.Result
	// Broken are errors of the source or of what is said of it, which kept the cases
	// from being run.
	Broken []*diag.Message
	// Warnings may tell why a test failed.
	Warnings []*diag.Message
}

// Failed reports whether anything is not as expected.
func (s *Source) Failed() bool { return len(s.Broken) > 0 || s.passed() < len(s.Results) }

func (s *Source) passed() (n int) {
	for _, r := range s.Results {
		if r.Passed() {
			n++
		}
	}
	return n
}

// title names a result among those of its source.
func title(r *spec.Result) string {
	if len(r.Case.Targets) > 1 {
		return fmt.Sprintf("%s (%s)", r.Case.Name, r.Target)
	}
	return r.Case.Name
}

// Style says how text for people looks.
type Style struct {
	Color bool
	// Brief leaves out what was as expected.
	Brief bool
}

// Text writes the results of each source for people, case by case.
func Text(w io.Writer, sources []*Source, style Style) error {
	out := &printer{w: w}
	for _, s := range sources {
		if style.Brief && !s.Failed() {
			continue
		}
		out.printf("%s\n", s.Name)
		if len(s.Broken) > 0 {
			out.messages(s.Files, s.Broken, style.Color)
		}
		width := 0
		for _, r := range s.Results {
			width = max(width, len([]rune(title(r))))
		}
		for _, r := range s.Results {
			if r.Passed() && style.Brief {
				continue
			}
			out.printf("  %s  %-*s%s\n", word(r.Passed(), style.Color), width, title(r), measures(r))
			for _, f := range r.Failures {
				out.messages(s.Files, []*diag.Message{f.Message}, style.Color)
				out.diff(f.Diff, style.Color)
			}
		}
		out.messages(s.Files, s.Warnings, style.Color)
	}
	out.printf("%s\n", Summary(sources))
	return out.err
}

// word says whether a test passed: in the same width, and not by colour alone.
func word(passed, color bool) string {
	switch {
	case passed && color:
		return "\x1b[32mok  \x1b[0m"
	case passed:
		return "ok  "
	case color:
		return "\x1b[1;31mFAIL\x1b[0m"
	}
	return "FAIL"
}

// measures tells the size of what was built and how many steps it took.
func measures(r *spec.Result) string {
	var list []string
	if r.Steps > 0 {
		list = append(list, plural(r.Steps, "step"))
	}
	if r.Size > 0 {
		list = append(list, plural(int64(r.Size), "byte"))
	}
	if r.Where == "kernel" {
		list = append(list, "on the kernel")
	}
	if len(list) == 0 {
		return ""
	}
	return "  " + strings.Join(list, ", ")
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Summary counts in a line.
func Summary(sources []*Source) string {
	tests, failed, broken := 0, 0, 0
	for _, s := range sources {
		tests += len(s.Results)
		failed += len(s.Results) - s.passed()
		if len(s.Broken) > 0 {
			broken++
		}
	}
	var list []string
	switch {
	case failed > 0:
		list = append(list, fmt.Sprintf("%d of %s failed", failed, plural(int64(tests), "test")))
	case tests > 0:
		list = append(list, plural(int64(tests), "test")+" passed")
	}
	if broken > 0 {
		list = append(list, plural(int64(broken), "source")+" could not be tested")
	}
	return strings.Join(list, ", ")
}

// printer writes until something goes wrong.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) messages(files *diag.Files, list []*diag.Message, color bool) {
	if p.err == nil {
		p.err = diag.Human(p.w, files, list, color)
	}
}

// diff writes a difference: - is expected, + is what came.
func (p *printer) diff(text string, color bool) {
	if text == "" {
		return
	}
	if strings.HasPrefix(text, "-") || strings.Contains(text, "\n-") {
		p.printf("      - expected, + came:\n")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case color && strings.HasPrefix(line, "-"):
			line = "\x1b[32m" + line + "\x1b[0m"
		case color && strings.HasPrefix(line, "+"):
			line = "\x1b[31m" + line + "\x1b[0m"
		}
		p.printf("      %s\n", line)
	}
}

// Table writes a row for each source and a column for each case, for sources that
// were held against the same cases.
func Table(w io.Writer, sources []*Source) error {
	out := &printer{w: w}
	var cases []string // in order of appearance
	for _, s := range sources {
		for _, r := range s.Results {
			if t := title(r); !contains(cases, t) {
				cases = append(cases, t)
			}
		}
	}
	width := len("solution")
	for _, s := range sources {
		width = max(width, len([]rune(s.Name)))
	}
	for i, name := range cases {
		out.printf("%*d  %s\n", 3, i+1, name)
	}
	out.printf("\n%-*s", width, "solution")
	for i := range cases {
		out.printf("  %4d", i+1)
	}
	out.printf("  passed   bytes     steps\n")
	for _, s := range sources {
		out.printf("%-*s", width, s.Name)
		if len(s.Broken) > 0 {
			out.printf("  can't be tested: %s\n", firstLine(s))
			continue
		}
		var size, steps int64
		for _, name := range cases {
			cell := "-"
			for _, r := range s.Results {
				if title(r) != name {
					continue
				}
				if cell = "FAIL"; r.Passed() {
					cell = "ok"
				}
				size, steps = max(size, int64(r.Size)), steps+r.Steps
			}
			out.printf("  %4s", cell)
		}
		out.printf("  %3d/%-3d %6s %9s\n", s.passed(), len(s.Results), orDash(size), orDash(steps))
	}
	whole := 0
	for _, s := range sources {
		if !s.Failed() {
			whole++
		}
	}
	out.printf("\n%s, %d of them pass all tests\n", plural(int64(len(sources)), "solution"), whole)
	return out.err
}

func orDash(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// firstLine is the first error of a source that can't be tested, with its line.
func firstLine(s *Source) string {
	m := s.Broken[0]
	if m.Range.IsZero() {
		return m.Text
	}
	return fmt.Sprintf("line %d: %s", s.Files.Position(m.Range).Line, m.Text)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
