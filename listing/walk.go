package listing

import (
	delf "debug/elf"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"tasm/codegen/x86"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/layout/equiv"
	"tasm/symbols"
)

// image is an ELF executable as its headers describe it.
type image struct {
	bytes     []byte
	placement elf.Placement
	class     elf.Class
	entry     uint64
	loads     []load
	roles     []elf.Role
}

// load is a program header of type PT_LOAD.
type load struct{ address, offset, size uint64 } // p_vaddr, p_offset, p_filesz

// maxHeaders is how many program headers are looked at.
const maxHeaders = 64

// IsELF reports whether a file begins as an ELF file does.
func IsELF(file []byte) bool {
	return len(file) >= 4 && elf.Get(elf.Class32, file, elf.EIMag) == elf.Magic
}

// readImage reads the headers of a file; nil where they are not those of an
// executable whose program headers lie in the file.
func readImage(file []byte) *image {
	if !IsELF(file) {
		return nil
	}
	im := &image{bytes: file, class: elf.ClassOf(file)}
	get := func(id elf.FieldID) uint64 { return elf.Get(im.class, file, id) }
	size := uint64(im.class.Size(elf.ProgramHeader))
	start, count := get(elf.EPhoff), get(elf.EPhnum)
	if count == 0 || count > maxHeaders || start > uint64(len(file)) || count*size > uint64(len(file))-start {
		return nil
	}
	im.entry = get(elf.EEntry)
	im.placement = elf.Placement{Class: im.class, Type: get(elf.EType), Phoff: int64(start), Phnum: int(count), Size: int64(len(file))}
	found := false
	for i := range count {
		header := file[start+i*size:][:size]
		p := func(id elf.FieldID) uint64 { return elf.Get(im.class, header, id) }
		if p(elf.PType) != elf.SegmentLoad {
			im.roles = append(im.roles, elf.Other)
			continue
		}
		l := load{p(elf.PVaddr), p(elf.POffset), p(elf.PFilesz)}
		im.loads = append(im.loads, l)
		role := elf.Load
		if _, ok := l.at(im.entry); ok && !found {
			role, found = elf.Entry, true
		}
		im.roles = append(im.roles, role)
	}
	return im
}

// foreign says that a file is for another processor; "" where it is for x86.
func (im *image) foreign() string {
	switch m := elf.Get(im.class, im.bytes, elf.EMachine); m {
	case elf.Machine386, elf.Machine486, elf.MachineX86_64:
		return ""
	default:
		const prefix = "EM_"
		return fmt.Sprintf("It is for another processor, %s: its instructions are not shown.", strings.TrimPrefix(delf.Machine(m).String(), prefix))
	}
}

// at returns the file offset of an address. A segment is mapped in whole pages.
func (l load) at(address uint64) (offset uint64, ok bool) {
	low, high := l.address&^(elf.PageSize-1), (l.address+l.size+elf.PageSize-1)&^(elf.PageSize-1)
	return l.offset + address - l.address, address >= low && address < high
}

// offset returns where in the file an address lies.
func (im *image) offset(address uint64) (int64, bool) {
	for _, l := range im.loads {
		if at, ok := l.at(address); ok && at < uint64(len(im.bytes)) {
			return int64(at), true
		}
	}
	return 0, false
}

// address returns where a byte of the file is mapped; 0 if nowhere.
func (im *image) address(offset int64) uint64 {
	for _, l := range im.loads {
		address := l.address + uint64(offset) - l.offset
		if at, ok := l.at(address); ok && at == uint64(offset) {
			return address
		}
	}
	return 0
}

// headers adds the fields of the file's headers.
func (c *collector) headers(im *image) {
	add := func(kind elf.HeaderKind, at int64, index int) {
		for _, f := range im.class.Fields(kind) {
			offset, n := f.At(im.class)
			start := at + int64(offset)
			if size := min(int64(n), int64(len(im.bytes))-start); size > 0 {
				c.add(Owner{Kind: Header, Offset: start, Size: size, Address: im.address(start), Text: f.Name, Remark: f.Meaning, Program: index})
			}
		}
	}
	add(elf.FileHeader, 0, -1)
	for i := range im.placement.Phnum {
		add(elf.ProgramHeader, im.placement.Phoff+int64(i*im.class.Size(elf.ProgramHeader)), i)
	}
}

// walk adds the instructions that run: from the entry on, and where direct
// branches lead. Where the program's system calls can be told without running
// it, only what it executes counts, and what they read is data; else the code
// may seem to go on behind a call that does not return, unless the source has
// data there.
func (c *collector) walk(im *image) {
	trace, reason := equiv.Run(im.bytes)
	if trace == nil {
		c.listing.Remarks = append(c.listing.Remarks,
			"The instructions are those found by following the code and its direct branches from the entry. What stands behind a system call that ends the program may be shown as code: which call that is can't be told, as the program "+reason+".")
	} else {
		c.read(im, trace)
	}
	runs := func(address uint64) bool {
		return trace == nil || slices.ContainsFunc(trace.Uses.Runs, func(r equiv.Range) bool { return address >= r.Low && address < r.High })
	}
	seen := map[uint64]bool{}
	for todo := []uint64{im.entry}; len(todo) > 0; {
		address := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for !seen[address] && runs(address) {
			seen[address] = true
			at, ok := im.offset(address)
			var d x86.Decoded
			if !ok || !x86.Decode(c.bits, im.bytes[at:], int64(address), &d) {
				break
			}
			if i, known := c.code[at]; !known || c.listing.Owners[i].Size != int64(d.Length) {
				c.code[at] = len(c.listing.Owners)
				c.add(Owner{Kind: Code, Offset: at, Size: int64(d.Length), Address: address, Text: c.listing.named(d.String()), Program: -1})
			}
			flow := d.Form.Flow()
			if trace == nil && (flow == x86.SystemCall || flow == x86.Interrupt) && c.isSourceData(at+int64(d.Length)) {
				break
			}
			if target, direct := branchTarget(&d); direct {
				todo = append(todo, target)
			}
			if flow == x86.Jump || flow == x86.Return || flow == x86.Stop {
				break
			}
			address += uint64(d.Length)
		}
	}
}

// isSourceData reports whether the source has data and no code at an offset.
func (c *collector) isSourceData(at int64) bool {
	data := false
	for i := range c.listing.Owners {
		if o := &c.listing.Owners[i]; o.Source != nil && o.Offset <= at && at < o.Offset+o.Size {
			if o.Kind == Code {
				return false
			}
			data = data || o.Kind == Data
		}
	}
	return data
}

// branchTarget returns where a branch with its target in the instruction goes.
func branchTarget(d *x86.Decoded) (uint64, bool) {
	switch d.Form.Flow() {
	case x86.Jump, x86.Branch, x86.Call:
		for i := range d.Operands {
			if o := &d.Operands[i]; o.Kind == x86.ImmediateOperand {
				return uint64(o.Value.N), true
			}
		}
	}
	return 0, false
}

// read adds what the kernel reads for the system calls.
func (c *collector) read(im *image, trace *equiv.Trace) {
	if slices.ContainsFunc(c.listing.Owners, func(o Owner) bool { return o.Source != nil }) {
		return // the source says what is data
	}
	for _, call := range trace.Calls {
		if call.Syscall == nil {
			continue
		}
		for _, a := range call.Args {
			for _, r := range a.Reads {
				at, ok := im.offset(uint64(r.At.Number))
				size := min(int64(len(r.Terms)), int64(len(im.bytes))-at)
				if o := (Owner{Kind: Data, Offset: at, Size: size, Address: uint64(r.At.Number), Program: -1, Remark: "read by " + call.Syscall.Name}); r.At.Form == equiv.Image && ok && size > 0 && !slices.ContainsFunc(c.listing.Owners, o.same) {
					c.add(o)
				}
			}
		}
	}
}

// same reports whether another owner is the same bytes for the same reason.
func (o *Owner) same(x Owner) bool {
	return o.Kind == x.Kind && o.Offset == x.Offset && o.Size == x.Size && o.Address == x.Address && o.Remark == x.Remark
}

// ruleWords are what the text of a rule has values for: fields, and what is no matter of
// the headers.
var ruleWords = sync.OnceValue(func() *regexp.Regexp {
	words := `EI_[A-Z]+|[ep]_[a-z]+`
	for p := elf.FileSize; p <= elf.Mapped; p++ {
		words += "|" + p.String()
	}
	return regexp.MustCompile(`\b(` + words + `)\b`)
})

// outside returns what a loader's limit, or the size of the file, is that a rule calls by
// a word; ok is false where there is none.
func (im *image) outside(word string, loader *elf.Loader) (value uint64, ok bool) {
	for p := elf.FileSize; p <= elf.Mapped; p++ {
		switch {
		case p.String() != word:
		case p == elf.FileSize:
			return uint64(len(im.bytes)), true
		case p == elf.FilePages:
			return (uint64(len(im.bytes)) + elf.PageSize - 1) &^ (elf.PageSize - 1), true
		default:
			const unlimited = 1 << 63
			value = loader.Limit(im.class, p)
			return value, value < unlimited
		}
	}
	return 0, false
}

// here puts the values of a file and the limits of a loader into the text of a rule, which
// is about the program header with a number.
func (im *image) here(text string, loader *elf.Loader, header int) string {
	at := im.placement.Phoff + int64(max(0, header)*im.class.Size(elf.ProgramHeader))
	if at < 0 || at > int64(len(im.bytes)) {
		return ""
	}
	with := ruleWords().ReplaceAllStringFunc(text, func(word string) string {
		for i := range elf.Fields {
			switch f := &elf.Fields[i]; {
			case f.Name != word:
			case f.Header == elf.ProgramHeader:
				return fmt.Sprintf("%s %#x", word, elf.Get(im.class, im.bytes[at:], elf.FieldID(i)))
			default:
				return fmt.Sprintf("%s %#x", word, elf.Get(im.class, im.bytes, elf.FieldID(i)))
			}
		}
		if value, ok := im.outside(word, loader); ok {
			return fmt.Sprintf("%s %#x", word, value)
		}
		return word
	})
	if with == text {
		return ""
	}
	return with
}

// judge says of each byte of the headers what the loader lets it be.
func (c *collector) judge(im *image, loader *elf.Loader) []May {
	l := c.listing
	l.Remarks = append(l.Remarks, verdict(loader, im.bytes)...)
	classes, ok := elf.Classify(im.placement, loader, im.roles)
	if !ok {
		l.Remarks = append(l.Remarks, fmt.Sprintf("what the bytes of the headers may be is not known: the rules of %s, taken together, have no file with %v", loader.Name, im.placement))
		return nil
	}
	named := map[elf.Applied]string{}
	name := func(a elf.Applied) string {
		if named[a] == "" {
			named[a] = a.Rule.Name
			if a.Header > 0 {
				named[a] += fmt.Sprintf(" #%d", a.Header)
			}
			text := a.Rule.Must.String()
			l.Rules = append(l.Rules, Rule{named[a], text, im.here(a.Rule.Holding(loader, im.bytes, a.Header).String(), loader, a.Header), a.Rule.Words(), a.Rule.Source})
		}
		return named[a]
	}
	may := make([]May, min(len(classes.Bytes), len(im.bytes)))
	reasons := classes.Reasons(loader)
	for i := range may {
		m := &may[i]
		if len(im.placement.OwnersOf(int64(i))) == 0 {
			continue // between the headers
		}
		m.Known, m.Kind = true, classes.Bytes[i].Kind()
		for _, r := range reasons[i] {
			m.Because = append(m.Because, name(r))
		}
		for n := range 8 {
			if classes.Bytes[i].Tied>>n&1 == 0 {
				continue
			}
			for _, b := range classes.TiedTo(i, n) {
				if at := int64(b / 8); at != int64(i) && !slices.Contains(m.TiedTo, at) {
					m.TiedTo = append(m.TiedTo, at)
				}
			}
		}
		slices.Sort(m.TiedTo)
	}
	return may
}

// Read lists an ELF executable from elsewhere.
func Read(name string, file []byte, loader *elf.Loader) (*Listing, error) {
	if readImage(file) == nil {
		return nil, fmt.Errorf("it has no program headers, from 1 to %d, that lie in the file", maxHeaders)
	}
	return New(name, &layout.File{Bytes: file}, &symbols.Table{}, loader, 0), nil
}
