package parser

import (
	"tasm/diag"
	"tasm/lang"
)

// maxExpansionNotes bounds how many calls a message lists.
const maxExpansionNotes = 8

// noteExpansion adds to m the calls that its line comes from, the innermost
// first.
func noteExpansion(m *diag.Message, e *lang.Expansion) *diag.Message {
	if m == nil {
		return nil
	}
	for n := 0; e != nil; e = e.Parent {
		if n++; n > maxExpansionNotes {
			return m.Notef("and so on")
		}
		m.NoteAt(e.Call, "in %s, called here", e.What)
	}
	return m
}
