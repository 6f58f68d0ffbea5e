package program

import (
	"tasm/diag"
	"tasm/lang"
)

// Segmented is what a source tells a linker of segmented memory (nasm manual, 8.4).
type Segmented struct {
	Groups    []*Group
	Imports   []Import
	Exports   []Export
	Uppercase bool // all names of the file
}

// StartLabel is the name of the label at which a program begins, in the object
// formats that can say that.
const StartLabel = "..start"

// Start returns the symbol of that label, or nil.
func (p *Program) Start() *Symbol {
	for _, s := range p.Table {
		if s.Name == StartLabel {
			return s
		}
	}
	return nil
}

// Group is a list of segments that share a selector.
type Group struct {
	Name     string
	Range    diag.Range
	ID       lang.SegmentID
	Segments []lang.SegmentID
}

// Import is a symbol of a dynamic library, which knows it by Name (that of the
// symbol where it is empty) if ByName is set, else by Ordinal.
type Import struct {
	Symbol, Library, Name string
	Ordinal               uint16
	ByName                bool
}

// Export is a symbol that a dynamic library offers.
type Export struct {
	Name, Internal   string // Internal is empty where it is the same
	Ordinal          uint16
	HasOrdinal       bool
	Resident, NoData bool
	Parameters       uint8
}

// Combine is what a linker makes of segments of one name (TIS, "Relocatable Object
// Module Format", SEGDEF; the values are its own).
type Combine uint8

const (
	Private      Combine = 0
	Public       Combine = 2
	Stack        Combine = 5
	CommonMemory Combine = 6
)

// Segment is what a section has as a segment.
type Segment struct {
	// Base stands for its selector where the source names it: not that of its group.
	Base           lang.SegmentID
	Combine        Combine
	Wide           bool // USE32
	Class, Overlay string
	// Absolute is the selector that the source gives it, where Placed is set.
	Absolute int64
	Placed   bool
	Group    *Group // the first one that it is in, or nil
}
