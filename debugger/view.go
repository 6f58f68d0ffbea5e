package debugger

import (
	"fmt"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/listing"
	"tasm/machine"
	"tasm/vm"
)

// Place is an instruction in its file and its source.
type Place struct {
	Address uint64
	Bytes   []byte // of the instruction; none where there is no instruction
	Text    string // the instruction in nasm's syntax, "" where there is none
	Name    string // "loop+4"; "" where no label is near
	File    string
	Line    int    // 0 where no line of the source stands behind it
	Source  string // the line
	// Offset is where in the file the instruction lies, -1 where it does not.
	Offset int64
	// Fields are the fields of the headers that the instruction is in.
	Fields []string
}

// Here returns the place of the next instruction.
func (s *Session) Here() Place { return s.Place(s.IP()) }

// Place describes the instruction at an address.
func (s *Session) Place(address uint64) Place {
	p := Place{Address: address, Offset: -1, Name: s.Name(address)}
	var code [x86.MaxLength]byte
	var in x86.Decoded
	if n := s.Memory(address, code[:]); x86.Decode(s.Bits(), code[:n], int64(address), &in) {
		p.Bytes, p.Text = code[:in.Length], in.String()
	}
	if s.Table != nil {
		if at := s.Table.At(address); at != nil {
			p.File, p.Line, p.Source = at.File, at.Number, at.Text
		}
	}
	if offset, ok := s.FileOffset(address); ok {
		p.Offset = offset
		p.Fields = s.fields(offset, int64(max(1, len(p.Bytes))))
	}
	return p
}

// Name describes an address by a label, "" where none is near.
func (s *Session) Name(address uint64) string {
	if s.Table == nil {
		return ""
	}
	return s.Table.Name(address)
}

// FileOffset returns where in the file the byte comes from that an address held at
// first.
func (s *Session) FileOffset(address uint64) (int64, bool) {
	im, bias := s.Image()
	if im == nil {
		return 0, false
	}
	address -= bias
	for i := len(im.Segments) - 1; i >= 0; i-- {
		m := &im.Segments[i]
		if address >= m.Low && address < m.High {
			offset := m.Offset + address - m.Low
			return int64(offset), offset < m.End && offset < uint64(len(im.File))
		}
	}
	return 0, false
}

// fields names the fields of headers that bytes of the file belong to.
func (s *Session) fields(offset, size int64) []string {
	var list []string
	if s.Listing == nil {
		return nil
	}
	for i := range s.Listing.Owners {
		o := &s.Listing.Owners[i]
		if o.Kind == listing.Header && o.Offset < offset+size && offset < o.Offset+o.Size {
			list = append(list, o.Text)
		}
	}
	return list
}

// InHeader says in a sentence that an instruction is part of a header, "" where it is
// not: "this instruction is e_phoff and p_flags".
func (p *Place) InHeader() string {
	if len(p.Fields) == 0 {
		return ""
	}
	text := p.Fields[0]
	for i, f := range p.Fields[1:] {
		if i == len(p.Fields)-2 {
			text += " and " + f
		} else {
			text += ", " + f
		}
	}
	return "this instruction is " + text
}

// SourceLine is a line of the source with the bytes that were made of it.
type SourceLine struct {
	Number  int
	Text    string
	Address uint64 // of the first instruction; 0 where it has none
	Bytes   []byte // of its instructions, in order of address
	Current bool
	Break   bool // a breakpoint lies on it
}

// Source returns the lines of a file, nil if there is none of that name. "" is the
// file of the next instruction.
func (s *Session) Source(file string) (name string, lines []SourceLine) {
	if file == "" {
		file = s.mainFile()
	}
	if s.Table == nil || file == "" {
		return file, nil
	}
	texts := s.Table.Lines(file)
	lines = make([]SourceLine, len(texts))
	for i, text := range texts {
		lines[i] = SourceLine{Number: i + 1, Text: text}
	}
	for _, span := range s.Table.Spans(file) {
		l := &lines[span.Line.Number-1]
		if len(l.Bytes) == 0 {
			l.Address = span.Low
		}
		b := make([]byte, min(span.High-span.Low, maxLineBytes))
		l.Bytes = append(l.Bytes, b[:s.Memory(span.Low, b)]...)
		for _, p := range s.points {
			l.Break = l.Break || !p.Anywhere && p.Address >= span.Low && p.Address < span.High
		}
	}
	if here := s.line(); here.File == file {
		lines[here.Number-1].Current = true
	}
	return file, lines
}

// Listed returns the instructions around an address, decoded one after the other, for
// programs without source.
func (s *Session) Listed(address uint64, count int) []Place {
	var list []Place
	for range count {
		p := s.Place(address)
		if p.Text == "" {
			break
		}
		list = append(list, p)
		address += uint64(len(p.Bytes))
	}
	return list
}

// Register is a general register.
type Register struct {
	Number  int
	Name    string
	Value   uint64
	Signed  int64
	Char    string // the low byte as a character, "" where it is none that prints
	Points  string // what lies at the address that it holds, "" if it holds none
	Changed bool   // by the last step
	Old     uint64 // before it
}

// registers returns how many general registers there are.
func (s *Session) registers() int {
	if s.Bits() == 64 {
		return 16
	}
	return 8
}

func (s *Session) registerName(n int) string {
	return x86.RegisterName(x86.GeneralRegister(n, s.Bits()/8))
}

// Registers returns the general registers in the order of their numbers.
func (s *Session) Registers() []Register {
	change, known := s.Last()
	var list []Register
	for n := range s.registers() {
		v := s.Register(n)
		r := Register{Number: n, Name: s.registerName(n), Value: v, Signed: extend(value{n: int64(v), width: s.Bits()}), Char: character(byte(v)), Points: s.Pointed(v)}
		if known {
			for _, c := range change.Registers {
				if c.Number == n {
					r.Changed, r.Old = c.Old != c.New, c.Old
				}
			}
		}
		list = append(list, r)
	}
	return list
}

func character(b byte) string {
	if b < ' ' || b > '~' {
		return ""
	}
	return "'" + string(rune(b)) + "'"
}

// Pointed says what lies at an address, "" where there is no memory: a label with the
// text or the number there, a return address, or the part of memory.
func (s *Session) Pointed(address uint64) string {
	segment := s.Segment(address)
	if segment == nil {
		return ""
	}
	name := s.Name(address)
	switch text := s.text(address); {
	case s.isCode(address):
		if at := s.lineAt(address); at.Number > 0 {
			return strings.TrimSpace(fmt.Sprintf("%s line %d", name, at.Number))
		}
		return name
	case name != "" && text != "":
		return name + " " + text
	case name != "":
		return name
	case text != "":
		return text
	}
	return segment.Name
}

// isCode reports whether the source has an instruction at an address.
func (s *Session) isCode(address uint64) bool { return s.Table != nil && s.Table.IsCode(address) }

// text returns the characters at an address in quotes; "" unless some print.
func (s *Session) text(address uint64) string {
	const least = 2
	b := make([]byte, maxShown+1)
	b = b[:s.Memory(address, b)]
	n := 0
	for n < len(b) && n < maxShown && b[n] >= ' ' && b[n] <= '~' {
		n++
	}
	if n < least && !(n == 1 && len(b) > 1 && b[1] == 0) {
		return ""
	}
	text := "'" + string(b[:n]) + "'"
	if n == maxShown {
		text += "..."
	}
	return text
}

// Flag is a flag of the flags register.
type Flag struct {
	Name    string // "zf"
	Title   string // "zero"
	Set     bool
	Defined bool
	Changed bool   // by the last step
	Words   string // what its value says
}

// flagTable holds the flags, their bits in the flags register, and what they say where
// they are set and where not (manual, volume 1, 3.4.3.1).
var flagTable = []struct {
	name       string
	bit        int
	title      string
	set, clear string
}{
	{"zf", 6, "zero", "the result was 0", "the result was not 0"},
	{"sf", 7, "sign", "the result was negative", "the result was not negative"},
	{"cf", 0, "carry", "an unsigned result did not fit", "an unsigned result fitted"},
	{"of", 11, "overflow", "a signed result did not fit", "a signed result fitted"},
	{"pf", 2, "parity", "its low byte has an even number of ones", "its low byte has an odd number of ones"},
	{"af", 4, "adjust", "a carry out of the low 4 bits", "no carry out of the low 4 bits"},
	{"df", 10, "direction", "string instructions go down", "string instructions go up"},
}

// compared are what flags say behind CMP.
var compared = map[string][2]string{
	"zf": {"the two were equal", "the two were different"},
	"cf": {"the first was below the second, unsigned", "the first was not below the second, unsigned"},
	"of": {"their difference did not fit, signed", "their difference fitted, signed"},
	"sf": {"their difference was negative", "their difference was not negative"},
}

// FlagStates returns the flags, the ones that matter most first.
func (s *Session) FlagStates() []Flag {
	bits, defined := s.Flags()
	change, known := s.Last()
	comparison := known && s.mnemonic(change.IP) == "cmp"
	var list []Flag
	for _, row := range flagTable {
		f := Flag{Name: row.name, Title: row.title, Set: bits>>row.bit&1 != 0, Defined: defined>>row.bit&1 != 0}
		f.Changed = known && change.FlagsTouched && (bits^change.Flags)>>row.bit&1 != 0
		f.Words = map[bool]string{true: row.set, false: row.clear}[f.Set]
		if words, ok := compared[row.name]; ok && comparison {
			f.Words = words[map[bool]int{true: 0, false: 1}[f.Set]]
		}
		if !f.Defined {
			f.Words = "left undefined by the instruction"
		}
		list = append(list, f)
	}
	return list
}

// mnemonic returns that of the instruction at an address.
func (s *Session) mnemonic(address uint64) string {
	var code [x86.MaxLength]byte
	var in x86.Decoded
	if n := s.Memory(address, code[:]); x86.Decode(s.Bits(), code[:n], int64(address), &in) {
		return x86.MnemonicName(in.Form.Mnemonic())
	}
	return ""
}

// FlagBit returns the bit of a flag in the flags register, by its name.
func FlagBit(name string) (bit int, ok bool) {
	for _, row := range flagTable {
		if row.name == strings.ToLower(name) {
			return row.bit, true
		}
	}
	return 0, false
}

// StackWord is a word on the stack.
type StackWord struct {
	Address uint64
	Value   uint64
	// Role tells what is known of it: a return address, what the kernel put there at
	// the start, "" for anything else.
	Role   string
	Points string // what lies at the address that it holds
	Top    bool   // the stack pointer points to it
}

// Stack returns the words at the stack pointer and above it, at most count.
func (s *Session) Stack(count int) []StackWord {
	size := uint64(s.Bits() / 8)
	var list []StackWord
	at := s.Register(machine.SP)
	for i := range count {
		b := make([]byte, size)
		if s.Memory(at, b) < len(b) {
			break
		}
		w := StackWord{Address: at, Value: little(b), Top: i == 0}
		w.Points = s.Pointed(w.Value)
		w.Role = s.role(at, &w)
		list = append(list, w)
		at += size
	}
	return list
}

// role tells what a word of the stack is for.
func (s *Session) role(at uint64, w *StackWord) string {
	for _, c := range s.history.open {
		if c.slot == at && c.back == w.Value {
			return "return to " + s.where(c.back) + ", from " + s.where(c.to)
		}
	}
	size := uint64(s.Bits() / 8)
	if at < s.sp || (at-s.sp)%size != 0 {
		return ""
	}
	// linux.ABI.Entry: argc, the arguments, 0, the environment, 0.
	index, argc := (at-s.sp)/size, s.word(s.sp)
	switch {
	case index == 0:
		return "argc, the number of arguments"
	case index <= argc:
		return fmt.Sprintf("argv[%d]", index-1)
	case index == argc+1:
		return "the end of argv"
	}
	return ""
}

// where names an address of code: by its line, or else its label, or as a number.
func (s *Session) where(address uint64) string {
	name := s.Name(address)
	at := s.lineAt(address)
	switch {
	case at.Number > 0 && name != "":
		return fmt.Sprintf("%s (line %d)", name, at.Number)
	case at.Number > 0:
		return fmt.Sprintf("line %d", at.Number)
	case name != "":
		return name
	}
	return fmt.Sprintf("%#x", address)
}

// word reads a word of memory, 0 where there is none.
func (s *Session) word(address uint64) uint64 {
	b := make([]byte, s.Bits()/8)
	if s.Memory(address, b) < len(b) {
		return 0
	}
	return little(b)
}

// Frame is a subroutine that the program is in.
type Frame struct {
	Routine string // what was called
	At      string // where in it the program is
	Address uint64 // the same as a number
}

// Frames returns the subroutines that the program is in, the innermost first, and the
// program itself last.
func (s *Session) Frames() []Frame {
	at := s.IP()
	var list []Frame
	for i := len(s.history.open) - 1; i >= 0; i-- {
		c := &s.history.open[i]
		list = append(list, Frame{s.routine(c.to), s.where(at), at})
		at = c.from
	}
	im, bias := s.Image()
	return append(list, Frame{s.routine(im.Entry + bias), s.where(at), at})
}

func (s *Session) routine(address uint64) string {
	if name := s.Name(address); name != "" {
		return name
	}
	return fmt.Sprintf("%#x", address)
}

// MemoryRow is a row of memory.
type MemoryRow struct {
	Address uint64
	Name    string // of the label there
	Bytes   []byte // fewer than asked for where memory ends
	Text    string // the bytes as characters, a dot for one that does not print
	Changed []bool // by the last step, one for each byte
}

// AnyChanged reports whether the last step changed a byte of the row.
func (r *MemoryRow) AnyChanged() bool { return slices.Contains(r.Changed, true) }

// MemoryRows returns memory from an address on, in rows of so many bytes.
func (s *Session) MemoryRows(address uint64, rows, width int) []MemoryRow {
	changed := s.changedBytes()
	var list []MemoryRow
	for range rows {
		b := make([]byte, width)
		b = b[:s.Memory(address, b)]
		r := MemoryRow{Address: address, Bytes: b, Name: s.Name(address)}
		var text strings.Builder
		for i, c := range b {
			if c < ' ' || c > '~' {
				c = '.'
			}
			text.WriteByte(c)
			r.Changed = append(r.Changed, changed[address+uint64(i)])
		}
		r.Text = text.String()
		list = append(list, r)
		address += uint64(width)
	}
	return list
}

// changedBytes returns the addresses of the bytes that the last step wrote.
func (s *Session) changedBytes() map[uint64]bool {
	change, _ := s.Last()
	set := map[uint64]bool{}
	for _, m := range append(change.Memory, change.KernelChanges...) {
		for i := range m.New {
			set[m.Address+uint64(i)] = true
		}
	}
	return set
}

// SystemCall is a system call that the program has made.
type SystemCall struct {
	Step int64 // that made it
	Text string
	Line int // of the source, 0 for none
	Call vm.Call
}

// SystemCalls returns the last system calls, at most count, the latest last.
func (s *Session) SystemCalls(count int) []SystemCall {
	made := s.history.made
	made = made[max(0, len(made)-count):]
	var list []SystemCall
	for i := range made {
		m := &made[i]
		list = append(list, SystemCall{m.step, CallText(&m.call, s.Table), s.lineAt(m.ip).Number, m.call})
	}
	return list
}

// MapRow is a row of the file's map.
type MapRow struct {
	Offset  int64
	Bytes   []byte
	Fields  []string // of headers
	Code    []string // instructions that the bytes are part of
	Data    bool
	Current bool // the next instruction is in it
}

// Map returns the rows of the file, as listing divides it, and marks the next
// instruction; none without a listing.
func (s *Session) Map() []MapRow {
	l := s.Listing
	if l == nil {
		return nil
	}
	here := s.Here()
	low, high := here.Offset, here.Offset+int64(max(1, len(here.Bytes)))
	var rows []MapRow
	for i := range l.Rows {
		r := &l.Rows[i]
		row := MapRow{Offset: r.Offset, Bytes: l.Bytes[r.Offset:][:r.Size]}
		for _, n := range r.Owners {
			switch o := &l.Owners[n]; o.Kind {
			case listing.Header:
				row.Fields = append(row.Fields, o.Text)
			case listing.Code:
				row.Code = append(row.Code, o.Text)
			case listing.Data:
				row.Data = true
			}
		}
		row.Current = low >= 0 && r.Offset < high && low < r.Offset+r.Size
		rows = append(rows, row)
	}
	return rows
}

// ParseRegister returns the number of a register of the program's mode.
func (s *Session) ParseRegister(name string) (n int, ok bool) {
	for n := range s.registers() {
		if s.registerName(n) == strings.ToLower(name) {
			return n, true
		}
	}
	return 0, false
}
