package synth

import (
	"fmt"
	"sort"
	"strings"

	"tasm/codegen/x86"
	"tasm/layout/elf"
)

// result makes the file of the best solution.
func (s *search) result() (*Result, error) {
	if s.best == nil {
		return &Result{Bound: s.floor, Space: Whole, Nodes: s.nodes, Tried: s.tried, Chosen: s.chosen}, ErrNone
	}
	b := s.best
	p := b.site.placement
	p.Size = int64(b.size)
	headers, charge, ok := s.cheapest(b, p)
	if !ok {
		return nil, fmt.Errorf("internal error: %v was found possible and is not", p)
	}
	bytes := make([]byte, p.Size)
	copy(bytes, headers)
	for i := range bytes {
		switch {
		case b.base[i] != 0:
			k := b.site.vaddr + int(b.base[i]) - 1
			bytes[i] = bytes[k]&^b.known[i] | b.value[i]&b.known[i]
		case i >= len(headers):
			bytes[i] = b.value[i] & b.known[i]
		default:
			bytes[i] = bytes[i]&^b.known[i] | b.value[i]&b.known[i]
		}
	}
	if broken := elf.Check(s.loader, bytes); len(broken) > 0 {
		return nil, fmt.Errorf("internal error: %v", broken[0])
	}
	r := &Result{
		Bytes: bytes, Placement: p, Entry: b.entry, Data: b.data(s.plan), Charge: charge, Bound: s.floor, Nodes: s.nodes, Tried: s.tried, Chosen: s.chosen,
		Space: Whole,
	}
	// What an instruction is is decided when it runs for the last time.
	last := map[int]*visit{}
	for i := range b.path {
		last[b.path[i].ip] = &b.path[i]
	}
	for i := range b.path {
		v := last[b.path[i].ip]
		if v == nil {
			continue
		}
		delete(last, v.ip)
		r.Steps = append(r.Steps, Step{Offset: v.ip, Length: v.in.length, Text: text(&v.in, v.ip, s.plan.ABI.Bits == 64), Remark: remark(p, v.ip, v.in.length, b.site)})
	}
	return r, nil
}

// data lists where the blobs lie, and the pieces of the one that the program puts
// together.
func (b *solution) data(p *Plan) []Data {
	var list []Data
	add := func(bytes []byte, at int) {
		if n := min(len(bytes), b.size-at); n > 0 {
			list = append(list, Data{at, n})
		}
	}
	for i, at := range b.blobs {
		if b.build == nil || i != b.build.blob {
			add(p.Blobs[i], at)
		}
	}
	if b.build != nil {
		for i, c := range chunks(p.Blobs[b.build.blob], p.ABI.PointerSize) {
			if at := b.build.words[i]; at != immediate {
				add(c, at)
			}
		}
	}
	return list
}

// addressBits is how many bits an address has at most.
const addressBits = 47

// cheapest decides what is still open in the headers so that the loader commits
// as little memory as possible, and then, to a power of two, so that the file occupies
// as few addresses as possible.
func (s *search) cheapest(b *solution, p elf.Placement) (headers []byte, charge uint64, ok bool) {
	attempt := func(loader *elf.Loader) ([]byte, bool) {
		m, ok := elf.NewModel(p, loader, []elf.Role{elf.Entry})
		if !ok || !require(m, s.plan) || !m.SetEntry(int64(b.entry)) {
			return nil, false
		}
		if !m.SetBytes(b.known, b.value) {
			return nil, false
		}
		return m.Example()
	}
	low, high := uint64(0), s.options.MaxCharge
	if headers, ok = attempt(s.loader.WithCharge(high)); !ok {
		return nil, 0, false
	}
	for low < high {
		middle := low + (high-low)/2
		if h, ok := attempt(s.loader.WithCharge(middle)); ok {
			headers, high = h, middle
		} else {
			low = middle + 1
		}
	}
	loader := s.loader.WithCharge(high)
	least := sort.Search(addressBits, func(bits int) bool {
		_, ok := attempt(loader.WithMapped(1 << bits))
		return ok
	})
	if h, ok := attempt(loader.WithMapped(1 << least)); ok && least < addressBits {
		headers = h
	}
	return headers, high, true
}

// remark names the fields that an instruction runs through, where their bytes
// are not free.
func remark(p elf.Placement, at, length int, s *site) string {
	var names []string
	for i := at; i < at+length; i++ {
		if i >= len(s.classes.Bytes) || s.classes.Bytes[i].Kind() == elf.Free {
			continue
		}
		for _, o := range p.OwnersOf(int64(i)) {
			name := o.Field.Name
			if len(names) == 0 || names[len(names)-1] != name {
				if !contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	if names == nil {
		return ""
	}
	return "runs through " + strings.Join(names, ", ")
}

func contains(list []string, name string) bool {
	for _, x := range list {
		if x == name {
			return true
		}
	}
	return false
}

// text writes an instruction in nasm's notation, addresses in the file as file
// offsets.
func text(in *inst, ip int, long bool) string {
	name := mnemonics[in.op]
	if in.op == opJcc {
		name += x86.Condition(in.cond).String()
	}
	operand := func(o operand) string {
		switch o.where {
		case inReg:
			switch in.size {
			case 1:
				return names8[o.reg]
			case 8:
				return names64[o.reg]
			}
			return names32[o.reg]
		case inHigh:
			return namesHigh[o.reg]
		case inImm:
			switch in.imm.kind() {
			case file:
				return fmt.Sprintf("file+%d", in.imm.n())
			case number:
				return fmt.Sprint(in.imm.n())
			}
			return "?"
		case one:
			return "1"
		case inMem:
			names := names32
			if long {
				names = names64
			}
			var parts []string
			if in.rip {
				parts = append(parts, "rip")
			}
			if in.base != noReg {
				parts = append(parts, names[in.base])
			}
			if in.index != noReg {
				parts = append(parts, fmt.Sprintf("%s*%d", names[in.index], in.scale))
			}
			text := strings.Join(parts, "+")
			if in.disp != 0 || text == "" {
				text += fmt.Sprintf("%+d", in.disp)
			}
			return "[" + text + "]"
		}
		return ""
	}
	switch in.op {
	case opJmp, opJcc, opLoop, opJcxz, opCall:
		return fmt.Sprintf("%s %d", name, int64(ip+in.length)+in.imm.n())
	case opInt:
		return "int 0x80"
	}
	var list []string
	for _, o := range []string{operand(in.dst), operand(in.src)} {
		if o != "" {
			list = append(list, o)
		}
	}
	if in.third {
		list = append(list, operand(operandImm))
	}
	if len(list) == 0 {
		return name
	}
	return name + " " + strings.Join(list, ", ")
}

var operandImm = operand{where: inImm}
