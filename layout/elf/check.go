package elf

import (
	"fmt"
	"slices"
)

// Violation is a rule that a file breaks.
type Violation struct {
	Applied
	values string
}

func (v Violation) String() string {
	where := "ELF header"
	if v.Header >= 0 {
		where = fmt.Sprintf("program header %d", v.Header)
	}
	return fmt.Sprintf("%s: must be %v, but %s: %v [%s]", where, v.Rule.Must, v.values, v.Rule.Else, v.Rule.Source)
}

// Rules that are broken where there is nothing that the other rules could speak of.
var (
	otherClass = [2]*Rule{
		{Name: "class 32", Must: Is{EMachine, MachineX86_64}, Else: Refused},
		{Name: "class 64", Must: Is{EMachine, Machine386}, Else: Refused},
	}
	someLoad = &Rule{Name: "some load", Scope: PerOther, Must: Is{PType, SegmentLoad}, Else: Faults, Source: loadBinary}
)

// ClassOf returns the class that Linux takes a file for: the machine decides,
// not EI_CLASS.
func ClassOf(file []byte) Class {
	switch Get(Class32, file, EMachine) {
	case MachineX86_64:
		return Class64
	case Machine386, Machine486:
		return Class32
	}
	if Get(Class32, file, EIClass) == uint64(Class64) {
		return Class64
	}
	return Class32
}

// Check returns the rules of l that a file breaks; none means that l loads and
// starts it.
func Check(l *Loader, file []byte) []Violation {
	class := ClassOf(file)
	c := checker{loader: l, typ: Get(class, file, EType), view: view{class: class, size: int64(len(file)), file: file}}
	if !l.Runs(class) {
		c.violate(otherClass[class-1], -1)
		return c.violations
	}
	c.view.limits = l.limits[class-1]
	if c.check(-1, PerFile) {
		c.segments()
	}
	return c.violations
}

// Refusals returns what Check does, without what the loader itself does not ask.
func Refusals(l *Loader, file []byte) []Violation {
	return slices.DeleteFunc(Check(l, file), func(v Violation) bool { return v.Rule.Own })
}

// Refusal is why some loaders of a combination do not start a file.
type Refusal struct {
	Reason string
	By     []string // the loaders' names
}

// Judge returns which of the loaders in a combination start a file, and why others that
// start files of its class don't.
func (l *Loader) Judge(file []byte) (runs []string, refusals []Refusal) {
	for _, part := range l.Parts() {
		if !part.Runs(ClassOf(file)) {
			continue
		}
		broken := Refusals(part, file)
		if len(broken) == 0 {
			runs = append(runs, part.Name)
		}
		for _, v := range broken {
			i := slices.IndexFunc(refusals, func(r Refusal) bool { return r.Reason == v.String() })
			if i < 0 {
				i = len(refusals)
				refusals = append(refusals, Refusal{Reason: v.String()})
			}
			refusals[i].By = append(refusals[i].By, part.Name)
		}
	}
	return runs, refusals
}

// Holding returns what of a rule holds in a file, about the program header with a number:
// of alternatives the first that does.
func (r *Rule) Holding(l *Loader, file []byte, header int) Constraint {
	class := ClassOf(file)
	v := &view{class: class, size: int64(len(file)), file: file, limits: l.limits[class-1]}
	v.header = int64(Get(class, file, EPhoff)) + int64(max(0, header)*class.Size(ProgramHeader))
	return holding(r.Must, v)
}

func holding(c Constraint, v *view) Constraint {
	switch c := c.(type) {
	case AnyOf:
		for _, x := range c {
			if x.truth(v) == holds {
				return holding(x, v)
			}
		}
	case AllOf:
		var all AllOf
		for _, x := range c {
			all = append(all, holding(x, v))
		}
		return all
	}
	return c
}

type checker struct {
	loader     *Loader
	typ        uint64
	view       view
	violations []Violation
}

// check checks the rules of a scope. It reports whether a loader would go on
// and read what follows.
func (c *checker) check(header int, scope Scope) bool {
	readable := true
	for _, r := range c.loader.Rules {
		if r.Scope == scope && r.applies(c.view.class, c.typ, c.view.size) && r.Must.truth(&c.view) != holds {
			c.violate(r, header)
			readable = readable && r.Else != Refused
		}
	}
	return readable
}

func (c *checker) violate(r *Rule, header int) {
	c.violations = append(c.violations, Violation{Applied{r, header}, c.values(r)})
}

// values says what the fields are that a rule is about.
func (c *checker) values(r *Rule) string {
	var seen []FieldID
	text := ""
	r.Must.mentions(func(id FieldID, _ uint64) {
		if slices.Contains(seen, id) {
			return
		}
		if len(seen) > 0 {
			text += ", "
		}
		seen = append(seen, id)
		text += fmt.Sprintf("%s = %#x", id, c.view.word(id).value)
	})
	return text
}

// segments checks the program headers. Of the rules about the entry, those
// count that are broken by the segment which breaks the fewest.
func (c *checker) segments() {
	start := int64(Get(c.view.class, c.view.file, EPhoff))
	count := int(Get(c.view.class, c.view.file, EPhnum))
	size := int64(c.view.class.Size(ProgramHeader))
	var entry []Violation
	found := false
	for i := range count {
		c.view.header = start + int64(i)*size
		if c.view.word(PType).value != SegmentLoad {
			c.check(i, PerOther)
			continue
		}
		c.check(i, PerLoad)
		before := c.violations
		c.violations = nil
		c.check(i, PerEntry)
		if !found || len(c.violations) < len(entry) {
			entry, found = c.violations, true
		}
		c.violations = before
	}
	if !found {
		c.view.header = start
		c.violate(someLoad, 0)
	}
	c.violations = append(c.violations, entry...)
}
