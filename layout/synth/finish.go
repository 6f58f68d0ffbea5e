package synth

import (
	"fmt"
	"slices"
	"strings"

	"tasm/layout/elf"
)

// result makes the file of the best solution.
func (s *search) result() (*Result, error) {
	if s.best == nil {
		return &Result{Bound: s.bound, Space: Whole, Nodes: s.nodes, Tried: s.tried, Chosen: s.chosen}, ErrNone
	}
	b := s.best
	p := b.site.Placement
	p.Size = int64(b.size)
	headers := elf.Cheapest(s.loader, p.Class, func(l *elf.Loader) []byte { return elf.Headers(p, l, b.entry, b.known, b.value) })
	if headers == nil {
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
		Finished: elf.Finish(p, b.entry, bytes), Data: b.data(s.plan), Bound: s.bound, Nodes: s.nodes, Tried: s.tried, Chosen: s.chosen,
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
		r.Steps = append(r.Steps, Step{Offset: v.ip, Length: v.in.length, Remark: remark(p, v.ip, v.in.length, b.site)})
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

// remark names the fields that an instruction runs through, where their bytes
// are not free.
func remark(p elf.Placement, at, length int, s *site) string {
	var names []string
	for i := at; i < at+length; i++ {
		if i >= len(s.classes.Bytes) || s.classes.Bytes[i].Kind() == elf.Free {
			continue
		}
		for _, o := range p.OwnersOf(int64(i)) {
			if name := o.Field.Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if names == nil {
		return ""
	}
	return "runs through " + strings.Join(names, ", ")
}
