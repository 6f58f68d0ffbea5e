package object

import (
	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// Debug is what a debugger needs to find its way from code to source.
type Debug struct {
	// Format is the kind of debug information: "dwarf", "stabs", "cv8".
	Format string
	Files  *diag.Files
	// Source is the name of the source file in the directory where it is.
	Source string
	// Directory is where the source was assembled, and Producer who did.
	Directory, Producer string
	// Output is the path of the object, and Path that of a file of the source, from
	// the root on; CodeView wants both.
	Output string
	Path   func(name string) string
}

// Text returns the text of a file of the source, nil where there is none of that
// name but in %line.
func (d *Debug) Text(name string) []byte {
	if id, ok := d.Files.Find(name); ok {
		return d.Files.Text(id)
	}
	return nil
}

// Place is a line of the source and where what it made begins.
type Place struct {
	Section *program.Section
	Offset  int64
	File    string
	Line    int
	// Fresh is set where the line or the section is another than that of the place before.
	Fresh bool
}

// SourceNames lists the files that made anything, in ABSOLUTE space as well, in the order
// in which they began to.
func (d *Debug) SourceNames(p *program.Program) []string {
	var list []string
	known := map[string]bool{}
	for i := range p.Lines {
		if name, _ := d.Files.Origin(p.Lines[i].Source.Place()); !known[name] {
			known[name] = true
			list = append(list, name)
		}
	}
	return list
}

// Places lists what the source put into the sections that wanted accepts, in its
// order.
func (d *Debug) Places(p *program.Program, wanted func(*program.Section) bool) []Place {
	sections := map[lang.SegmentID]*program.Section{}
	for _, s := range p.Sections {
		if wanted(s) {
			sections[s.ID] = s
		}
	}
	var list []Place
	var file string
	var in lang.SegmentID
	line, fresh := 0, false
	for i := range p.Lines {
		l := &p.Lines[i]
		atFile, atLine := d.Files.Origin(l.Source.Place())
		if atLine != line || atFile != file || l.Section != in {
			file, line, in, fresh = atFile, atLine, l.Section, true
		}
		if s := sections[l.Section]; s != nil {
			list = append(list, Place{s, l.Offset, file, line, fresh})
			fresh = false
		}
	}
	return list
}
