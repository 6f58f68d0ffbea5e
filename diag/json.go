package diag

import (
	"bufio"
	"encoding/json"
	"io"
)

// jsonPlace is a range in JSON. Lines and columns count from 1, columns in
// characters; offset and length are bytes. The end is the place after the last
// character. A message about no source has no place: the fields are left out.
type jsonPlace struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Offset    int    `json:"offset"`
	Length    int    `json:"length"`
}

type jsonMessage struct {
	Severity string `json:"severity"` // error or warning
	Code     string `json:"code,omitempty"`
	*jsonPlace
	Message string     `json:"message"`
	Notes   []jsonNote `json:"notes"`
	Fixes   []jsonFix  `json:"fixes"`
}

type jsonNote struct {
	*jsonPlace
	Message string `json:"message"`
}

// jsonFix replaces the text at its place by Text.
type jsonFix struct {
	*jsonPlace
	Text string `json:"text"`
}

// JSON writes each message as one JSON object on one line. The names of the
// fields are stable; fields may be added.
func JSON(w io.Writer, files *Files, messages []*Message) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, m := range messages {
		j := jsonMessage{
			Severity:  m.Severity.String(),
			Code:      m.Code,
			jsonPlace: files.json(m.Range),
			Message:   m.Text,
			Notes:     []jsonNote{},
			Fixes:     []jsonFix{},
		}
		for _, n := range m.Notes {
			j.Notes = append(j.Notes, jsonNote{files.json(n.Range), n.Text})
		}
		for _, f := range m.Fixes {
			j.Fixes = append(j.Fixes, jsonFix{files.json(f.Range), f.Text})
		}
		if err := enc.Encode(j); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (fs *Files) json(r Range) *jsonPlace {
	if r.IsZero() {
		return nil
	}
	start := fs.Position(r)
	end := fs.Position(Range{File: r.File, Start: max(r.Start, r.End)})
	return &jsonPlace{
		File:      start.File,
		Line:      start.Line,
		Column:    start.Column,
		EndLine:   end.Line,
		EndColumn: end.Column,
		Offset:    start.Offset,
		Length:    end.Offset - start.Offset,
	}
}
