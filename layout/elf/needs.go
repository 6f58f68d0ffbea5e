package elf

import "slices"

// Needs are what a program asks of the segment that holds all of it.
type Needs struct {
	Read, Write bool
	// Low tells that addresses stand in fields that hold 31 bits.
	Low bool
	// Zeros is how many bytes behind the file's end have to be zero, and Size about how
	// large the file is.
	Zeros, Size int64
}

// For adds what a program asks of its segment to what the loader asks.
func (l *Loader) For(n Needs) *Loader {
	out := *l
	out.Rules = slices.Clone(l.Rules)
	add := func(name string, must Constraint) {
		out.Rules = append(out.Rules, &Rule{Name: name, Scope: PerEntry, Must: must, Else: Misloaded})
	}
	if n.Read {
		out.Rules = append(out.Rules, Readable)
	}
	if n.Write {
		add("writable", AnyBit{PFlags, FlagW})
	}
	if n.Low {
		add("low addresses", AtMost{Sum{PVaddr, Number(n.Zeros), Number(MostNeeded)}, Sum{Number(1 << 31)}})
	}
	switch {
	case n.Zeros > 0:
		// What lies behind the file's end is zero up to p_memsz.
		add("zeros behind the file", Is{POffset, 0})
		add("zeros behind the file", AtMost{Sum{FileSize}, Sum{PFilesz}})
		add("zeros behind the file", AtMost{Sum{PFilesz}, Sum{FileSize}})
		add("zeros behind the file", AtMost{Sum{FileSize, Number(n.Zeros)}, Sum{PMemsz}})
	case n.Size > PageSize/2:
		add("whole file", AtMost{Sum{FileSize}, Sum{POffset, PFilesz}})
	}
	return &out
}
