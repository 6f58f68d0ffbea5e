package tasm

import (
	"slices"

	"tasm/assembler"
	"tasm/diag"
	"tasm/linux"
	"tasm/object/objfile"
	"tasm/program"
)

// assembleAll assembles the root and other sources, and makes one program of them
// and of what objects and archives among them hold.
func assembleAll(files *diag.Files, root diag.FileID, sources []Source, opts assembler.Options) (*program.Program, *diag.Bag) {
	if len(sources) == 1 && !objfile.Is(sources[0].Text) {
		return assembler.Assemble(files, root, opts)
	}
	opts.Joined = true
	roots := []diag.FileID{root}
	for _, src := range sources[1:] {
		roots = append(roots, files.Add(src.Name, src.source()))
	}
	for {
		messages := &diag.Bag{MaxErrors: opts.MaxErrors}
		loaded := &objects{files: files, messages: messages, groups: objfile.Groups{}}
		parts := loaded.parts(roots, sources, opts)
		target, whole := opts.Target, true
		for _, p := range parts {
			switch {
			case p == nil:
				whole = false
			case target == "" || p.Target == linux.X8664.Target:
				target = p.Target
			}
		}
		differs := func(p *program.Program) bool { return p == nil || p.Target != target }
		if opts.Target == "" && target != "" && slices.ContainsFunc(parts, differs) {
			opts.Target = target // a source that names none is for that of the others
			continue
		}
		if whole {
			parts = loaded.fromArchives(parts)
		}
		for _, p := range parts {
			if p != nil && p.Target != target {
				messages.Add(diag.Errorf(diag.Range{}, "one of the objects is for %s and the program for %s", p.Target, target))
				whole = false
			}
		}
		if !whole || messages.Errors() > 0 {
			return nil, messages
		}
		p, said := program.Join(parts)
		messages.Append(said)
		return p, messages
	}
}

// source is the text that messages quote: none of an object.
func (s *Source) source() []byte {
	if objfile.Is(s.Text) {
		return nil
	}
	return s.Text
}

// objects are the objects and archives of a build.
type objects struct {
	files    *diag.Files
	messages *diag.Bag
	groups   objfile.Groups
	members  []member
}

// member is an object in an archive that is read when something needs it.
type member struct {
	name    string
	data    []byte
	defines []string
}

// parts assembles the sources and reads the objects, nil for what has errors.
func (o *objects) parts(roots []diag.FileID, sources []Source, opts assembler.Options) (parts []*program.Program) {
	for i, root := range roots {
		switch src := &sources[i]; {
		case objfile.IsArchive(src.Text):
			o.archive(src)
		case objfile.IsObject(src.Text):
			parts = append(parts, o.read(src.Text, root))
		default:
			opts.ReadFile = src.ReadFile
			p, said := assembler.Assemble(o.files, root, opts)
			o.messages.Append(said)
			parts = append(parts, p)
		}
	}
	return parts
}

func (o *objects) read(data []byte, id diag.FileID) *program.Program {
	p, m := objfile.Object(data, diag.Range{File: id}, o.groups)
	if m != nil {
		o.messages.Add(m)
	}
	return p
}

func (o *objects) archive(src *Source) {
	list, err := objfile.Archive(src.Text)
	if err != nil {
		o.messages.Add(diag.Errorf(diag.Range{}, "'%s' can't be read: %v", src.Name, err))
	}
	for _, m := range list {
		o.members = append(o.members, member{src.Name + "(" + m.Name + ")", m.Data, objfile.Defines(m.Data)})
	}
}

// fromArchives adds the members of archives that define what the parts lack.
func (o *objects) fromArchives(parts []*program.Program) []*program.Program {
	missing, defined := map[string]bool{}, map[string]bool{}
	note := func(p *program.Program) {
		for _, s := range p.Symbols {
			defined[s.Name] = defined[s.Name] || s.Global
		}
		for _, s := range p.Externs {
			missing[s.Name] = missing[s.Name] || !s.Weak
		}
	}
	for _, p := range parts {
		note(p)
	}
	wanted := func(name string) bool { return missing[name] && !defined[name] }
	for changed := true; changed; {
		changed = false
		for i := range o.members {
			m := &o.members[i]
			if !slices.ContainsFunc(m.defines, wanted) {
				continue
			}
			m.defines, changed = nil, true
			if p := o.read(m.data, o.files.Add(m.name, nil)); p != nil {
				parts = append(parts, p)
				note(p)
			}
		}
	}
	return parts
}
