package manual

import (
	"fmt"
	"slices"
	"strings"

	"tasm/layout/elf"
)

// field finds fields of the ELF headers by name.
func field(word string) (Entry, bool) {
	i := slices.IndexFunc(elf.Fields[:], func(f elf.Field) bool { return strings.EqualFold(f.Name, word) })
	if i < 0 {
		return Entry{}, false
	}
	f := &elf.Fields[i]
	e := Entry{Word: f.Name, Kind: "field of the " + f.Header.String(), Summary: strings.ToUpper(f.Meaning[:1]) + f.Meaning[1:] + "."}
	place := Section{Title: "Place", Head: true, Rows: [][]string{{"class", "offset", "bytes"}}}
	for _, c := range []elf.Class{elf.Class32, elf.Class64} {
		offset, size := f.At(c)
		place.Rows = append(place.Rows, []string{c.String(), fmt.Sprint(offset), fmt.Sprint(size)})
	}
	e.Sections = append(e.Sections, place, whoReads(f.ID))
	return e, true
}

// whoReads lists the rules about a field with the loaders that have them.
func whoReads(id elf.FieldID) Section {
	s := Section{Title: "Who reads it"}
	type reader struct {
		rule    *elf.Rule
		loaders []string
	}
	var readers []reader
	linux := false
	for _, l := range elf.Loaders {
		for _, r := range l.Rules {
			if !r.About(id) {
				continue
			}
			linux = linux || strings.HasPrefix(l.Name, "linux")
			if i := slices.IndexFunc(readers, func(x reader) bool { return x.rule == r }); i >= 0 {
				readers[i].loaders = append(readers[i].loaders, l.Name)
			} else {
				readers = append(readers, reader{r, []string{l.Name}})
			}
		}
	}
	if !linux {
		s.Notes = append(s.Notes, "No Linux reads it: with --loader linux its bytes are free, and may hold code or data.")
	}
	for _, r := range readers {
		text := fmt.Sprintf("%s; else the file is %s (%s)", r.rule.Must, r.rule.Else, r.rule.Source)
		if r.rule.Class != 0 {
			text = fmt.Sprintf("%s: %s", r.rule.Class, text)
		}
		s.Rows = append(s.Rows, []string{loaderNames(r.loaders), text})
	}
	return s
}

// loaderNames shortens a list of loaders: all Linux is "Linux".
func loaderNames(names []string) string {
	var out []string
	kernels := 0
	for _, n := range names {
		if strings.HasPrefix(n, "linux") {
			kernels++
		}
	}
	all := 0
	for _, l := range elf.Loaders {
		if strings.HasPrefix(l.Name, "linux") {
			all++
		}
	}
	if kernels == all {
		out = append(out, "every Linux")
	}
	for _, n := range names {
		if kernels < all || !strings.HasPrefix(n, "linux") {
			out = append(out, n)
		}
	}
	return strings.Join(out, ", ")
}
