package layout

import (
	"slices"

	"tasm/diag"
	"tasm/flow"
	"tasm/layout/elf"
	"tasm/layout/equiv"
	"tasm/layout/place"
	"tasm/program"
)

// Pack makes an ELF executable of the author's instructions, unchanged in kind
// and in the order of their effects, but placed into header bytes that loaders
// do not look at. Where what a program means can't be established from its
// blocks and the data that they refer to, it is laid out as written.
func Pack(p *program.Program, opts Options) (*File, *diag.Bag) {
	plain, loader, messages := start(p, opts)
	if loader == nil {
		return nil, messages
	}
	g := graphOf(p, plain)
	space := boundOf(plain, g, loader)
	if space.reason != "" {
		plain.Report.Reasons = append(plain.Report.Reasons, space.reason)
	}
	if space.asIs {
		return plain, messages
	}
	file := packed(plain, p, g, space, opts, nil)
	if file == nil {
		return plain, messages
	}
	if space.reason != "" {
		file.Report.Reasons = append(file.Report.Reasons, space.reason)
	}
	at := func(v equiv.Verdict) diag.Range { return sourceAt(plain, v.Address) }
	if file.Report.Method == SectionsAsWritten {
		// What is in the way is known already.
		plain.Report.note(g, nil)
		at = func(equiv.Verdict) diag.Range { return diag.Range{} }
	}
	v := equiv.Check(plain.Bytes, file.Bytes, equiv.Options{Loader: space.loader, Objects: Objects(plain, g), Context: opts.context()})
	switch {
	case v.Outcome == equiv.Same:
		file.Report.confirm(v)
		warn(messages, plain, v.Findings)
	case space.binds(v):
		plain.Report.block("not packed: only the plain layout is sure to keep what the program does, since it "+v.Reason, at(v), "")
		return plain, messages
	case v.Outcome == equiv.Different:
		plain.Report.Reasons = append(plain.Report.Reasons, "not packed: the result "+v.Reason)
		return plain, messages
	case v.Outcome == equiv.Unclear && opts.context().Err() == nil:
		file.Report.block("not compared: what the program does can't be established: it "+v.Reason, at(v), "")
	}
	return file, messages
}

// packed makes the file of Pack, which has still to be compared; nil where there is
// none that is smaller than the plain one, which is told why. better is told of the size of
// each file that is better than the one before.
func packed(plain *File, p *program.Program, g *flow.Graph, space bound, opts Options, better func(size int)) *File {
	var file *File
	placed, err := place.Place(opts.context(), g, space.loader, place.Options{Better: better})
	if err == nil {
		file = placedFile(placed)
		file.Report.Method = Placed
	} else {
		file = packSections(p, space.loader, opts)
	}
	switch {
	case file != nil && len(file.Bytes) < len(plain.Bytes):
		file.Report.Layout, file.Report.Loader = "pack", space.loader.Name
		if err != nil {
			file.Report.note(g, err)
		}
		return file
	case err != nil:
		plain.Report.note(g, err)
	default:
		plain.Report.Reasons = append(plain.Report.Reasons, "nothing could be gained by moving code into the headers")
	}
	return nil
}

// start makes the plain file that others are held against, and finds the loader
// that all are made for; that is nil when the messages hold an error.
func start(p *program.Program, opts Options) (*File, *elf.Loader, *diag.Bag) {
	plain, messages := Plain(p, opts)
	if plain == nil {
		return nil, nil, messages
	}
	loader, message := opts.loader()
	if message != nil {
		messages.Add(message)
	}
	return plain, loader, messages
}

// loader returns the loader that a file is made for.
func (o Options) loader() (*elf.Loader, *diag.Message) {
	l, ok := elf.ByName(o.Loader)
	if !ok {
		return nil, diag.Errorf(diag.Range{}, "there is no loader '%s'", o.Loader)
	}
	if o.MaxCharge == 0 {
		return l.WithCharge(elf.DefaultCharge), nil
	}
	if o.MaxCharge >= elf.DefaultCharge {
		return l.WithCharge(o.MaxCharge), nil
	}
	// Who asks for less means what the host is asked for, and some hosts count
	// addresses.
	return l.WithCharge(o.MaxCharge).WithMapped(o.MaxCharge), nil
}

// note notes why a program can't be taken apart, and where.
func (r *Report) note(g *flow.Graph, err error) {
	if len(g.Doubts) == 0 && err != nil {
		r.Reasons = append(r.Reasons, err.Error())
	}
	for _, d := range g.Doubts {
		r.block("the program "+d.Text, d.Range, d.Advice)
	}
}

// block notes a reason and the statement behind it, once.
func (r *Report) block(reason string, at diag.Range, advice string) {
	if slices.Contains(r.Reasons, reason) {
		return
	}
	r.Reasons = append(r.Reasons, reason)
	if !at.IsZero() {
		r.Obstacles = append(r.Obstacles, Obstacle{reason, at, advice})
	}
}

// finished makes a File of one that has one program header, of which the headers have
// been explained.
func finished(r *elf.Finished) *File {
	return &File{
		Bytes: r.Bytes, Class: r.Placement.Class, Entry: r.Address + uint64(r.Entry), Report: &Report{Placement: r.Placement, Ask: r.Ask},
		Parts: headerParts(r.Placement, len(r.Bytes), r.Address),
	}
}

// placedFile makes a File of what place has made.
func placedFile(r *place.Result) *File {
	f := finished(&r.Finished)
	f.Report.CodeBound = int64(r.Bound)
	for _, piece := range r.Pieces {
		part := Part{Offset: piece.Offset, Size: piece.Size, Address: r.Address + uint64(piece.Offset), Why: piece.Why}
		switch piece.Kind {
		case place.Code, place.Link:
			part.Kind = CodePart
			if piece.Inst != nil {
				part.Source = piece.Inst.Source
			}
		case place.Data:
			part.Kind, part.Section = DataPart, piece.Object.Section
			if len(piece.Object.Fragments) > 0 {
				part.Fragment = piece.Object.Fragments[0]
				part.Source = part.Fragment.Source
			}
		}
		f.Parts = append(f.Parts, part)
	}
	return f
}

// headerParts lists the fields of a file's headers as far as the file reaches.
func headerParts(p elf.Placement, size int, address uint64) []Part {
	var parts []Part
	add := func(kind elf.HeaderKind, at int64, index int) {
		for _, field := range p.Class.Fields(kind) {
			offset, n := field.At(p.Class)
			start := at + int64(offset)
			if n := min(int64(n), int64(size)-start); n > 0 {
				parts = append(parts, Part{Offset: start, Size: n, Address: address + uint64(start), Kind: HeaderPart, Field: field, Index: index})
			}
		}
	}
	add(elf.FileHeader, 0, 0)
	for i := range p.Phnum {
		add(elf.ProgramHeader, p.Phoff+int64(i*p.Class.Size(elf.ProgramHeader)), i)
	}
	return parts
}
