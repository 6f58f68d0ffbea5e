package main

import (
	"tasm/layout"
	"tasm/program"
)

// account says where the bytes of an executable went. Each byte counts once,
// for the first of these that it is part of: code, data, header, padding.
type account struct {
	Header  int64 `json:"header"`  // of fields that do nothing else
	Code    int64 `json:"code"`    // run as instructions
	Data    int64 `json:"data"`    // read or written by the program, or by the kernel for it
	Padding int64 `json:"padding"` // read by nobody
	Shared  int64 `json:"shared"`  // of all these: bytes with more than one purpose
}

// accountFor counts the bytes of a file.
func accountFor(file *layout.File) account {
	kinds := make([]uint8, len(file.Bytes)) // bit set of partKind
	owners := make([]uint8, len(file.Bytes))
	for i := range file.Parts {
		p := &file.Parts[i]
		kind := kindOf(p)
		for at := p.Offset; at < p.Offset+p.Size; at++ {
			kinds[at] |= 1 << kind
			if kind != paddingKind && owners[at] < 2 {
				owners[at]++
			}
		}
	}
	var a account
	for at, kind := range kinds {
		switch {
		case kind&(1<<codeKind) != 0:
			a.Code++
		case kind&(1<<dataKind) != 0:
			a.Data++
		case kind&(1<<headerKind) != 0:
			a.Header++
		default:
			a.Padding++
		}
		if owners[at] > 1 {
			a.Shared++
		}
	}
	return a
}

// partKind is what a part of a file is for, whatever layout has made it.
type partKind uint8

const (
	headerKind partKind = iota
	codeKind
	dataKind
	paddingKind
)

func (k partKind) String() string { return [...]string{"header", "code", "data", "padding"}[k] }

func kindOf(p *layout.Part) partKind {
	switch p.Kind {
	case layout.HeaderPart:
		return headerKind
	case layout.CodePart:
		return codeKind
	case layout.DataPart:
		return dataKind
	case layout.FragmentPart:
		switch p.Fragment.Kind {
		case program.Code:
			return codeKind
		case program.Data, program.Space:
			return dataKind
		}
	}
	return paddingKind
}
