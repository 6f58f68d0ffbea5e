// Package write makes the file of a relocatable object, whatever its format.
package write

import (
	"tasm/diag"
	"tasm/object"
	"tasm/object/aout"
	"tasm/object/as86"
	"tasm/object/coff"
	"tasm/object/dbg"
	"tasm/object/elf"
	"tasm/object/ieee"
	"tasm/object/macho"
	"tasm/object/omf"
	"tasm/program"
)

// Options are what an object depends on besides the program.
type Options struct {
	Format *object.Format
	// Source is the name of the source file, and Output that of the object where the
	// format says it.
	Source, Output string
	// Reproducible leaves the name of the source out of COFF, as nasm's option does.
	Reproducible bool
	// Producer is who made the file, where the format says that.
	Producer string
	// Debug asks for debug information, where the format has some; nil for none.
	Debug *object.Debug
}

// Object makes the file. It is nil when the messages hold an error.
func Object(p *program.Program, opts Options) ([]byte, *diag.Bag) {
	if m := object.TooLarge(p); m != nil {
		messages := &diag.Bag{}
		messages.Add(m)
		return nil, messages
	}
	switch opts.Format.Family {
	case "coff":
		source := opts.Source
		if opts.Reproducible {
			source = ""
		}
		return coff.Write(p, opts.Format, source, opts.Debug)
	case "aout":
		return aout.Write(p, opts.Format)
	case "as86":
		return as86.Write(p, opts.Source)
	case "omf":
		return omf.Write(p, opts.Source, opts.Producer, opts.Debug)
	case "dbg":
		return dbg.Write(p, opts.Source, opts.Output, opts.Debug), &diag.Bag{}
	case "ieee":
		return ieee.Write(p, opts.Source, opts.Producer, opts.Debug)
	case "macho":
		return macho.Write(p, opts.Format, opts.Debug)
	default:
		return elf.Write(p, elf.Options{Format: opts.Format, Source: opts.Source, Debug: opts.Debug})
	}
}
