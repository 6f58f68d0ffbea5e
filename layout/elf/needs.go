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

// charges are the amounts of memory, in bytes, that a file may commit, and of
// addresses that it may occupy: the first that does is taken.
var charges = []uint64{0, 1 << 12, 1 << 16, 1 << 20, 1 << 24, 1 << 26, 1 << 27, 1 << 28, 1 << 29, DefaultCharge}

// Cheapest makes something for a loader that asks as little as possible of the host:
// it commits the least memory, and then occupies the fewest addresses. good makes it
// within the bounds of the loader that it is given, or returns nil.
func Cheapest[T any](l *Loader, c Class, good func(*Loader) *T) *T {
	for _, charge := range charges {
		bounded := l.WithCharge(charge)
		r := good(bounded)
		if r == nil {
			continue
		}
		for _, m := range charges {
			if better := good(bounded.WithMapped(min(m, l.Limit(c, Mapped)))); better != nil {
				return better
			}
		}
		return r
	}
	return good(l)
}
