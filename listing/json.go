package listing

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"tasm/layout/elf"
)

// The form of the JSON. Offsets and sizes are in bytes; addresses are numbers.
type (
	jsonListing struct {
		Version int         `json:"version"`
		Name    string      `json:"name"`
		Size    int         `json:"size"`
		Class   string      `json:"class,omitempty"`
		Entry   uint64      `json:"entry"`
		Loader  string      `json:"loader"`
		Report  *jsonReport `json:"report,omitempty"`
		Remarks []string    `json:"remarks"`
		Rules   []jsonRule  `json:"rules"`
		Owners  []jsonOwner `json:"owners"`
		Rows    []jsonRow   `json:"rows"`
		Story   []jsonStep  `json:"story"` // the first instructions that run
	}
	jsonStep struct {
		Address uint64 `json:"address"`
		Text    string `json:"text"`
		Does    string `json:"does"`
		After   string `json:"after,omitempty"` // the registers afterwards that are not 0
	}
	jsonReport struct {
		Layout      string    `json:"layout"`
		Method      string    `json:"method"`
		Placement   Placement `json:"placement"`
		Bound       int64     `json:"bound"`
		CodeBound   int64     `json:"codeBound"`
		Space       string    `json:"space"`
		Optimal     bool      `json:"optimal"`
		Charge      uint64    `json:"charge"`
		Assumptions []string  `json:"assumptions"`
		Checked     string    `json:"checked"`
		Reasons     []string  `json:"reasons"`
	}
	jsonRule struct {
		Name   string `json:"name"`
		Text   string `json:"text"`
		Here   string `json:"here,omitempty"`  // with the values of this file
		Words  string `json:"words,omitempty"` // what it is for
		Source string `json:"source"`
	}
	jsonOwner struct {
		Kind    string      `json:"kind"`
		Offset  int64       `json:"offset"`
		Size    int64       `json:"size"`
		Address uint64      `json:"address"`
		Text    string      `json:"text,omitempty"`
		Program *int        `json:"programHeader,omitempty"` // of fields of program headers
		Remark  string      `json:"remark,omitempty"`
		Source  *jsonSource `json:"source,omitempty"`
		// Also are further lines, or those that code written anew has a part in.
		Also []jsonSource `json:"also,omitempty"`
	}
	jsonSource struct {
		File string `json:"file"`
		Line int    `json:"line"`
		Text string `json:"text"`
	}
	jsonRow struct {
		Offset int64    `json:"offset"`
		Bytes  string   `json:"bytes"`  // in hexadecimal
		Owners []int    `json:"owners"` // indices
		May    *jsonMay `json:"may,omitempty"`
	}
	jsonMay struct {
		Kind    string   `json:"kind"`    // fixed, tied, bounded or free
		Because []string `json:"because"` // names of rules
		TiedTo  []int64  `json:"tiedTo"`
	}
)

// jsonVersion is that of the form: members may be added within one, and none is changed.
const jsonVersion = 2

// Placement is where the headers lie, for programs: 'size' and 'explain' spell it alike.
type Placement struct {
	Bits  int    `json:"bits"` // 32 or 64
	Type  string `json:"type"` // ET_EXEC or ET_DYN
	Phoff int64  `json:"phoff"`
	Phnum int    `json:"phnum"`
}

// PlacementOf returns it.
func PlacementOf(p elf.Placement) Placement {
	typ := "ET_EXEC"
	if p.Type == elf.TypeDyn {
		typ = "ET_DYN"
	}
	return Placement{p.Class.Bits(), typ, p.Phoff, p.Phnum}
}

func (p Placement) String() string {
	return fmt.Sprintf("ELF%d, %s, e_phoff %d, e_phnum %d", p.Bits, p.Type, p.Phoff, p.Phnum)
}

// JSON writes the listing as one JSON object.
func (l *Listing) JSON(out io.Writer) error {
	j := jsonListing{
		Version: jsonVersion, Name: l.Name, Size: len(l.Bytes), Entry: l.Entry, Loader: l.Loader,
		Remarks: list(l.Remarks), Rules: []jsonRule{}, Owners: []jsonOwner{}, Rows: []jsonRow{}, Story: []jsonStep{},
	}
	if l.Class != 0 {
		j.Class = l.Class.String()
	}
	if r := l.Report; r != nil {
		j.Report = &jsonReport{
			r.Layout, r.Method.String(), PlacementOf(r.Placement), r.Bound, r.CodeBound, r.Space, r.Optimal(int64(len(l.Bytes))), r.Charge,
			list(r.Assumptions), r.Checked, list(r.Reasons),
		}
	}
	for i := range l.Owners {
		o := &l.Owners[i]
		x := jsonOwner{o.Kind.String(), o.Offset, o.Size, o.Address, o.Text, nil, o.Remark, (*jsonSource)(o.Source), nil}
		for _, s := range o.Also {
			x.Also = append(x.Also, jsonSource(s))
		}
		if o.Program >= 0 {
			x.Program = &o.Program
		}
		j.Owners = append(j.Owners, x)
	}
	for i := range l.Rows {
		r := &l.Rows[i]
		x := jsonRow{r.Offset, hex.EncodeToString(l.Bytes[r.Offset:][:r.Size]), list(r.Owners), nil}
		if r.May.Known {
			x.May = &jsonMay{r.May.Kind.String(), list(r.May.Because), list(r.May.TiedTo)}
		}
		j.Rows = append(j.Rows, x)
	}
	for _, r := range l.Rules {
		j.Rules = append(j.Rules, jsonRule(r))
	}
	for _, s := range l.Story {
		j.Story = append(j.Story, jsonStep(s))
	}
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(j)
}

// list returns s, or an empty list for none: JSON's null is no list.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
