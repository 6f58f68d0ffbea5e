package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/layout"
	"tasm/lint"
	"tasm/listing"
	"tasm/program"
)

// size is the verb that tells where the bytes of an executable went.
type size struct {
	sourceOptions
	searchOptions
	json bool
}

func sizeCommand() *command {
	s := &size{}
	c := &command{
		args:    "FILE",
		summary: "tell where the bytes of an executable went",
		about: []string{
			"Builds FILE as 'tasm build' would, writes nothing, and tells what the bytes are for: headers, code, data and padding. A byte with several purposes counts once, as code before data before header. Then come the smallest size that is possible as far as tasm knows (the bound), what was changed and what that saved, what the file asks of the system that loads it, and how it was compared with the program as written.",
			"FILE can also be an ELF executable for x86, or an image (an archive or a layout folder), of which the program is meant that it starts: then its headers are told apart from the rest, and for each profile of loaders it is said which of their rules the file breaks.",
		},
		examples: []example{
			{"tasm size --layout golf hello.tasm", "the account of the smallest executable"},
			{"tasm size --json hello.tasm", "the same for programs"},
			{"tasm size --max-size 70 hello.tasm", "fails when the executable is larger than 70 bytes"},
			{"tasm size hello", "of an executable, whoever made it"},
		},
		run: s.run,
	}
	simple, layouts, advanced := c.group("Options"), c.group("Layout options"), c.group("Advanced options")
	s.sourceOptions.register(simple, advanced)
	simple.BoolVar(&s.json, "json", false, "print one JSON object, with names that stay the same")
	s.searchOptions.register(layouts)
	return c
}

func (s *size) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give one source or executable, not %d", len(args))
	}
	if err := cmp.Or(s.sourceOptions.check(), s.searchOptions.check()); err != nil {
		return err
	}
	file, label, err := programOfImage(args[0])
	if err != nil {
		return s.fail(sys, &diag.Files{}, err)
	}
	if file == nil {
		file, label = readExecutable(args[0]), args[0]
	}
	if file != nil {
		return s.finish(sys, measureExecutable(label, file), len(file))
	}
	built, messages, err := s.assembleFile(sys, args[0])
	if err != nil {
		return err
	}
	messages.Append(lint.Check(built.Program, built.Files))
	made, early := s.searchOptions.run(sys, built, messages)
	if s.report(sys, built.Files, messages) > 0 || made == nil {
		return errReported
	}
	return s.finish(sys, measure(args[0], built.Files, built.Program, made, early), len(made.Bytes))
}

// measurement is what the verb prints.
type measurement interface{ writeText(w io.Writer) }

// finish prints a measurement, and fails for a file that is too large.
func (s *size) finish(sys *system, m measurement, n int) error {
	var out bytes.Buffer
	if s.json {
		if err := writeJSON(&out, m); err != nil {
			return err
		}
	} else {
		m.writeText(&out)
	}
	if _, err := sys.stdout.Write(out.Bytes()); err != nil {
		return fmt.Errorf("can't write to standard output: %s", diag.Reason(err))
	}
	name := ""
	switch m := m.(type) {
	case *sourceSize:
		name = m.Source
	case *executableSize:
		name = m.Executable
	}
	if err := s.checkSize(name, n); err != nil {
		return s.fail(sys, &diag.Files{}, err)
	}
	return nil
}

// writeJSON writes v for programs to read.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// sourceSize is the account of a source's executable.
type sourceSize struct {
	Version int    `json:"version"`
	Source  string `json:"source"`
	Target  string `json:"target"`
	Size    int64  `json:"size"`
	// CodeBound is the least size of any layout of the file's instructions, 0 where it is
	// not known.
	CodeBound int64 `json:"codeBound"`
	// Bound is the least size possible in Space, 0 where none is known.
	Bound   int64  `json:"bound"`
	Space   string `json:"space"`
	Optimal bool   `json:"optimal"`
	Layout  string `json:"layout"`
	Method  string `json:"method"`

	Loader      string            `json:"loader"`
	Placement   listing.Placement `json:"placement"`
	Charge      uint64            `json:"charge"`
	Mapped      uint64            `json:"mapped"`
	Hosts       string            `json:"hosts"`
	Assumptions []string          `json:"assumptions"`
	Checked     string            `json:"checked"`
	Reasons     []string          `json:"reasons"`
	EndedEarly  bool              `json:"endedEarly"`
	Bytes       account           `json:"bytes"`
	Rewrites    []jsonRewrite     `json:"rewrites"`
	Parts       []jsonPart        `json:"parts"`
}

// jsonVersion is that of the objects of size and ladder: members may be added within one,
// and none is changed.
const jsonVersion = 1

// jsonRewrite is a change; File and Line are empty where it is about no single
// place.
type jsonRewrite struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Text  string `json:"text"`
	Saved int    `json:"saved"`
}

type jsonPart struct {
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	Kind   string `json:"kind"`  // header, code, data or padding
	Field  string `json:"field"` // of a header
	Line   int    `json:"line"`  // of the statement in the source; 0 where there is none
	Why    string `json:"why"`
}

// measure tells all about the file that was made of a program.
func measure(source string, files *diag.Files, p *program.Program, file *layout.File, early bool) *sourceSize {
	r, n := file.Report, int64(len(file.Bytes))
	m := &sourceSize{
		Version: jsonVersion, Source: source, Target: p.Target, Size: n, Space: r.Space, Optimal: r.Optimal(n),
		Layout: r.Layout, Method: r.Method.String(), Loader: r.Loader, Placement: listing.PlacementOf(r.Placement), Charge: r.Charge, Mapped: r.Mapped, Hosts: asks(file, ""),
		Assumptions: append([]string{}, r.Assumptions...), Checked: r.Checked, Reasons: reasonsOf(files, r),
		CodeBound: r.CodeBound, EndedEarly: early, Bytes: accountFor(file), Rewrites: []jsonRewrite{}, Parts: []jsonPart{},
	}
	if r.Space != "" {
		m.Bound = r.Bound
	}
	for _, w := range r.Rewrites {
		change := jsonRewrite{Text: w.Text, Saved: w.Saved}
		if !w.Range.IsZero() {
			at := files.Position(w.Range)
			change.File, change.Line = at.File, at.Line
		}
		m.Rewrites = append(m.Rewrites, change)
	}
	for i := range file.Parts {
		m.Parts = append(m.Parts, describePart(files, &file.Parts[i]))
	}
	return m
}

// reasonsOf lists the reasons of a report, with the statement behind each and what would
// help.
func reasonsOf(files *diag.Files, r *layout.Report) []string {
	list := append([]string{}, r.Reasons...)
	for _, o := range r.Obstacles {
		i := slices.Index(list, o.Reason)
		if i < 0 {
			continue
		}
		at := files.Position(o.Range)
		if list[i] = fmt.Sprintf("%s:%d: %s", at.File, at.Line, o.Reason); o.Advice != "" {
			list[i] += "; to have it golfed, " + o.Advice
		}
	}
	return list
}

func describePart(files *diag.Files, p *layout.Part) jsonPart {
	part := jsonPart{Offset: p.Offset, Size: p.Size, Kind: kindOf(p).String(), Why: p.Why}
	statement := p.Source
	if p.Fragment != nil && statement == nil {
		statement = p.Fragment.Source
	}
	if p.Field != nil {
		part.Field = p.Field.Name
	}
	if statement != nil && !statement.Range.IsZero() {
		part.Line = files.Position(statement.Range).Line
	}
	return part
}

func (m *sourceSize) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s  %d B  %s  %s\n\n", m.Source, m.Size, m.Target, m.Layout)
	rows := []row{
		{m.Bytes.Header, "headers", "fields that do nothing else"},
		{m.Bytes.Code, "code", ""},
		{m.Bytes.Data, "data", ""},
		{m.Bytes.Padding, "padding", "read by nobody"},
	}
	writeRows(w, rows)
	if m.Bytes.Shared > 0 {
		fmt.Fprintf(w, "\n%s of these serve more than one purpose.\n", plural(m.Bytes.Shared, "byte"))
	}
	fmt.Fprintln(w)
	writeFact(w, "best", fmt.Sprintf("%d B", m.Size))
	if m.EndedEarly {
		writeFact(w, "", "the search was ended early")
	}
	switch {
	case m.Optimal:
		writeFact(w, "bound", fmt.Sprintf("%d B: proven optimal", m.Bound))
	case m.Space != "":
		writeFact(w, "bound", fmt.Sprintf("%d B", m.Bound))
	default:
		writeFact(w, "bound", "unknown: only golf looks for one")
	}
	writeFact(w, "space", m.Space)
	if m.CodeBound > m.Bound {
		writeFact(w, "layouts", fmt.Sprintf("of these instructions none is smaller than %d B", m.CodeBound))
	}
	writeFact(w, "layout", m.Layout+": "+m.Method)
	writeFact(w, "loader", m.Loader)
	writeFact(w, "placement", m.Placement.String())
	writeFact(w, "charge", about(m.Charge)+" of memory beyond the file")
	writeFact(w, "hosts", m.Hosts)
	writeFact(w, "assuming", cmp.Or(strings.Join(m.Assumptions, ", "), "nothing beyond what every kernel promises"))
	writeFact(w, "checked", m.Checked)
	for i, reason := range m.Reasons {
		writeFact(w, [...]string{"because", ""}[min(i, 1)], reason)
	}
	if len(m.Rewrites) > 0 {
		fmt.Fprintln(w, "\nChanges, and what each saved:")
	}
	for _, r := range m.Rewrites {
		where := ""
		if r.Line > 0 {
			where = fmt.Sprintf("%s:%d: ", r.File, r.Line)
		}
		fmt.Fprintf(w, "%6d B  %s%s\n", r.Saved, where, r.Text)
	}
}

// row is a line of an account.
type row struct {
	bytes       int64
	name, about string
}

func writeRows(w io.Writer, rows []row) {
	for _, r := range rows {
		fmt.Fprintf(w, "%s\n", strings.TrimRight(fmt.Sprintf("%6d B  %-9s %s", r.bytes, r.name, r.about), " "))
	}
}

// writeFact writes one fact, if there is something to say.
func writeFact(w io.Writer, name, text string) {
	if text != "" {
		fmt.Fprintf(w, "%-10s %s\n", name, text)
	}
}

// plural counts things: 1 byte, 2 bytes.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
