package format

import (
	"errors"
	"fmt"
	"slices"

	"tasm/assembler"
	"tasm/diag"
	"tasm/object"
	"tasm/program"
)

// ErrDiffers says that a source can't be formatted without changing what it means.
var ErrDiffers = errors.New("formatted, it would no longer assemble to the same bytes: white space has a meaning in it that only its author can see")

// Checked formats a source and assembles it before and after: what comes of it
// must be the same, mistakes included. Where it is not, the space between
// operands is left alone; where even that changes something, which takes a macro
// that looks at its own spelling, the error is ErrDiffers.
//
// opts are for the assembly; what it is for (an executable, a flat binary, an
// object) is tried in turn until the source has no mistakes.
func Checked(name, text string, opts assembler.Options) (string, error) {
	formatted := Text(text)
	if formatted == text {
		return text, nil
	}
	before, opts := settle(name, text, opts)
	for _, inner := range []bool{true, false} {
		if !inner {
			formatted = layOut(text, false)
		}
		if before.same(assemble(name, formatted, opts)) {
			return formatted, nil
		}
	}
	return text, ErrDiffers
}

// outcome is what comes of a source.
type outcome struct {
	program  *program.Program
	messages []string
}

// hopeless is how many mistakes a source may have, the same ones for two kinds of output,
// before it is tried for others.
const hopeless = 20

// settle assembles a source for the first kind of output for which it has no
// mistakes, otherwise for the first one.
func settle(name, text string, opts assembler.Options) (outcome, assembler.Options) {
	var first outcome
	var firstOpts assembler.Options
	for i, kind := range []func(*assembler.Options){
		func(*assembler.Options) {},
		func(o *assembler.Options) { o.Object = object.ByName("elf64") },
		func(o *assembler.Options) { o.Flat = true },
		func(o *assembler.Options) { o.Object = object.ByName("elf32") },
		func(o *assembler.Options) { o.Object = object.ByName("win64") },
	} {
		own := opts
		kind(&own)
		out := assemble(name, text, own)
		if out.program != nil {
			return out, own
		}
		switch {
		case i == 0:
			first, firstOpts = out, own
		case len(out.messages) > hopeless && slices.Equal(out.messages, first.messages):
			return first, firstOpts
		}
	}
	return first, firstOpts
}

func assemble(name, text string, opts assembler.Options) outcome {
	files := &diag.Files{}
	p, bag := assembler.Assemble(files, files.Add(name, []byte(text)), opts)
	out := outcome{program: p}
	for _, m := range bag.Messages() {
		if m.Range.IsZero() {
			out.messages = append(out.messages, m.Text)
			continue
		}
		at := files.Position(m.Range)
		out.messages = append(out.messages, fmt.Sprintf("%s:%d: %s", at.File, at.Line, m.Text))
	}
	slices.Sort(out.messages) // the order in a line may be that of columns
	return out
}

// same reports whether two sources came to the same.
func (o outcome) same(other outcome) bool {
	a, b := o.program, other.program
	if !slices.Equal(o.messages, other.messages) || (a == nil) != (b == nil) {
		return false
	}
	if a == nil {
		return true
	}
	return a.Target == b.Target && a.Bits == b.Bits && a.Origin == b.Origin &&
		slices.EqualFunc(a.Sections, b.Sections, sameSection) &&
		slices.EqualFunc(a.Table, b.Table, sameSymbol) &&
		(a.Entry == nil) == (b.Entry == nil) && (a.Entry == nil || sameSymbol(a.Entry, b.Entry)) &&
		slices.EqualFunc(a.Image, b.Image, sameImage)
}
