package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tasm/assembler"
	"tasm/diag"
	"tasm/lang"
)

// dependencyOptions are nasm's options that begin with -M.
type dependencyOptions struct {
	also    bool // -MD: beside the output
	missing bool // -MG: files that are not there will be made
	phony   bool // -MP: a rule without prerequisites for each file
	quoted  bool // -MQ: the target is a file's name
	watcom  bool // -MW: for Watcom's make
	file    string
	target  string
}

// dependencies are the files that a source reads.
type dependencies struct {
	dirs  []string // that are searched
	files []string
	known map[string]bool // the same files
}

// reader reads files and remembers them. With only set, what is asked for is
// not their contents' meaning: files that can't be found are empty.
func (d *dependencies) reader(only bool) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, err := readFile(name)
		switch {
		case err == nil:
			d.add(name)
		case only && !d.elsewhere(name):
			d.add(name)
			return nil, nil
		}
		return text, err
	}
}

// elsewhere reports whether the file is in one of the directories; its name may have
// another of them in front already.
func (d *dependencies) elsewhere(name string) bool {
	return slices.ContainsFunc(d.dirs, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		rest, tried := strings.CutPrefix(name, dir)
		return err == nil || tried && dir != "" && d.elsewhere(rest)
	})
}

func (d *dependencies) add(name string) {
	if d.known == nil {
		d.known = map[string]bool{}
	}
	if !d.known[name] {
		d.known[name] = true
		d.files = append(d.files, name)
	}
}

// writeDependencies reads the source for the files that it names alone.
func (n *nasm) writeDependencies(root diag.FileID, output string, opts assembler.Options) error {
	p := assembler.NewParser(n.files, opts)
	stream := p.Pass(root, nowhere{}, &diag.Bag{MaxErrors: -1}) // it is read to its end
	for s := stream.Next(); s != nil; s = stream.Next() {
		if b, ok := s.Body.(*lang.Incbin); ok {
			p.ReadIncluded(b.Path, n.files.Name(b.Range.File))
		}
	}
	return n.deps.write(n.sys, n.input, output, &n.dependencies)
}

// nowhere is an environment in which no symbol has a value.
type nowhere struct{}

func (nowhere) Symbol(s *lang.Symbol) (lang.Value, *diag.Message) {
	return lang.Value{}, diag.Errorf(s.Range, "'%s' has no value yet: the preprocessor works alone here", s.Name)
}
func (nowhere) Here() lang.Value         { return lang.Value{Unknown: true} }
func (nowhere) SectionStart() lang.Value { return lang.Value{Unknown: true} }

// Bits is 0 as __?BITS?__ is then, whatever BITS says.
func (nowhere) Bits() int { return 0 }

// write writes the rule for make.
func (d *dependencies) write(sys *system, input, output string, o *dependencyOptions) error {
	quote, wrap, recipe := quoteForMake, " \\\n ", ""
	if o.watcom {
		quote, wrap, recipe = quoteForWatcom, " &\n ", "\t%null\n"
	}
	target := o.target
	if target == "" || o.quoted {
		target = quote(cmp.Or(target, output))
	}
	files := []string{input}
	for _, f := range d.files {
		if f != input {
			files = append(files, f)
		}
	}
	var b strings.Builder
	column := len(target) + 2
	b.WriteString(target + " :")
	for _, f := range files {
		f = quote(f)
		if column+len(f) > 62 {
			b.WriteString(wrap)
			column = 1
		}
		b.WriteString(" " + f)
		column += len(f) + 1
	}
	b.WriteString("\n\n")
	if o.phony {
		for _, f := range files {
			b.WriteString(quote(f) + " :\n" + recipe + "\n")
		}
	}
	file := o.file
	if file == "" {
		file = "-"
	}
	return writeOutput(sys, file, []byte(b.String()), false)
}

// quoteForMake writes a name as make wants it.
func quoteForMake(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; c {
		case ' ', '\t', '#':
			b.WriteByte('\\')
		case '$':
			b.WriteByte('$')
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// quoteForWatcom writes a name as Watcom's make wants it.
func quoteForWatcom(name string) string {
	quoted := strings.NewReplacer("$", "$$", "#", "$#", `"`, `""`).Replace(name)
	if strings.ContainsAny(name, " \t&\"") {
		return `"` + quoted + `"`
	}
	return quoted
}
