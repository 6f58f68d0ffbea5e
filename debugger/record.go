package debugger

import (
	"fmt"
	"strings"

	"tasm/codegen/x86"
	"tasm/symbols"
	"tasm/vm"
)

// Record is a step as 'tasm trace' shows it; docs/trace.md describes the JSON.
type Record struct {
	Version   int              `json:"version,omitempty"` // of this form, in the first record
	Step      int64            `json:"step"`              // from 1
	Address   string           `json:"address"`
	File      string           `json:"file,omitempty"`
	Line      int              `json:"line,omitempty"`
	Text      string           `json:"text"` // the instruction
	Registers []RegisterRecord `json:"registers,omitempty"`
	Flags     *string          `json:"flags,omitempty"` // those that are set, where any changed
	Memory    []MemoryRecord   `json:"memory,omitempty"`
	Call      string           `json:"call,omitempty"`
}

// RecordVersion is that of the form: members may be added within one, and none is changed.
const RecordVersion = 1

// RegisterRecord is a register that a step changed.
type RegisterRecord struct {
	Name string `json:"name"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// MemoryRecord is memory that a step wrote.
type MemoryRecord struct {
	Address string `json:"address"`
	Name    string `json:"name,omitempty"`
	Old     string `json:"old"` // in hexadecimal, the byte at the lowest address first
	New     string `json:"new"`
	Size    int    `json:"size"` // in bytes; old and new show the first 16 at most
}

// Describe makes the record of the step that a machine has just made: of the
// instruction in, with what it changed. The table may be nil.
func Describe(m Machine, table *symbols.Table, in *x86.Decoded, c *vm.Change) *Record {
	r := &Record{Step: m.Steps(), Address: fmt.Sprintf("%#x", c.IP), Text: in.String()}
	name := func(uint64) string { return "" }
	if table != nil {
		if at := table.At(c.IP); at != nil {
			r.File, r.Line = at.File, at.Number
		}
		name = table.Name
	}
	for _, x := range c.Registers {
		register := x86.RegisterName(x86.GeneralRegister(x.Number, m.Bits()/8))
		r.Registers = append(r.Registers, RegisterRecord{register, fmt.Sprintf("%#x", x.Old), fmt.Sprintf("%#x", x.New)})
	}
	if c.FlagsTouched {
		set := FlagNames(m)
		r.Flags = &set
	}
	for _, x := range append(c.Memory, c.KernelChanges...) {
		r.Memory = append(r.Memory, MemoryRecord{fmt.Sprintf("%#x", x.Address), name(x.Address), hex(x.Old), hex(x.New), len(x.New)})
	}
	if c.Call != nil {
		r.Call = CallText(c.Call, table)
	}
	return r
}

// hex writes the first 16 bytes in hexadecimal.
func hex(b []byte) string { return fmt.Sprintf("% x", b[:min(len(b), 16)]) }

// FlagNames lists the flags that are set, in order of their bits: "CF ZF".
func FlagNames(m Machine) string {
	bits, _ := m.Flags()
	var set []string
	for bit := range 16 {
		for _, f := range flagTable {
			if f.bit == bit && bits>>bit&1 != 0 {
				set = append(set, strings.ToUpper(f.name))
			}
		}
	}
	return strings.Join(set, " ")
}

// String writes the record as a line for people.
func (r *Record) String() string {
	where := ""
	if r.Line > 0 {
		where = fmt.Sprintf("%s:%d", r.File, r.Line)
	}
	var changes []string
	for _, x := range r.Registers {
		changes = append(changes, x.Name+"="+x.New)
	}
	if r.Flags != nil {
		changes = append(changes, "["+*r.Flags+"]")
	}
	for _, x := range r.Memory {
		name := x.Name
		if name == "" {
			name = x.Address
		}
		changes = append(changes, name+": "+x.New)
	}
	if r.Call != "" {
		changes = []string{r.Call}
	}
	return strings.TrimRight(fmt.Sprintf("%-10s  %-18s  %-28s  %s", r.Address, where, r.Text, strings.Join(changes, " ")), " ")
}
