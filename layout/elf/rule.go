package elf

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"tasm/linux"
)

// Rule is one thing that a loader asks of a file.
type Rule struct {
	Name  string // unique among all rules
	Scope Scope
	// Class and Type restrict the rule to files of one class or e_type; 0
	// stands for all.
	Class Class
	Type  uint64
	// OnePage restricts the rule to files of at most a page. It marks what
	// follows from other rules there and makes reasoning shorter.
	OnePage bool
	Must    Constraint
	Else    Failure
	Source  string // where it is written: file and function, or section of a specification
	// Own is set for what the loader does not ask: files that break the rule are loaded,
	// but with more than is reckoned with here.
	Own bool
}

// Scope says of which header a rule speaks.
type Scope uint8

const (
	PerFile  Scope = iota // the ELF header
	PerLoad               // every program header of type PT_LOAD
	PerOther              // every program header of another type
	PerEntry              // one program header: the PT_LOAD that maps the first instruction
)

// Failure says what happens to a file that breaks a rule.
type Failure uint8

const (
	Refused   Failure = iota // not taken for an executable: ENOEXEC, or a tool's complaint
	Killed                   // the process dies while the file is loaded
	Faults                   // the process dies at its first instruction
	Misloaded                // the process runs, but not with the memory that was meant
)

func (f Failure) String() string {
	return [...]string{"refused", "killed while loading", "faults at its first instruction", "loaded otherwise than meant"}[f]
}

// Constraint is a statement about fields. The same value serves to judge a
// finished header and to reason about one of which only some bits are known.
type Constraint interface {
	fmt.Stringer
	// truth judges the constraint by the bits known to v.
	truth(v *view) truth
	// assert makes those bits known to v's model that follow from the
	// constraint. It reports false when that is impossible.
	assert(v *view) bool
	// pick returns a bit that could decide the constraint, and the value that
	// would rather make it true. It is called while the truth is unknown.
	pick(v *view) (bit, uint8)
	// mentions calls f for each field that the constraint is about, with a mask
	// of the bits that matter.
	mentions(f func(id FieldID, mask uint64))
}

// truth is the value of a constraint when not all bits are known.
type truth uint8

const (
	unknown truth = iota
	holds
	broken
)

// Is says that a field has a value.
type Is struct {
	Field FieldID
	Value uint64
}

// OneOf says that a field has one of some values.
type OneOf struct {
	Field  FieldID
	Values []uint64
}

// NoneOf says that a field has none of some values.
type NoneOf struct {
	Field  FieldID
	Values []uint64
}

// Masked says that the bits of a field under Mask are those of Value.
type Masked struct {
	Field       FieldID
	Mask, Value uint64
}

// AnyBit says that at least one of the bits under Mask is set.
type AnyBit struct {
	Field FieldID
	Mask  uint64
}

// Equal says that two fields have the same value.
type Equal struct{ A, B FieldID }

// Congruent says that two fields are equal modulo a power of two.
type Congruent struct {
	A, B    FieldID
	Modulus uint64
}

// SameBlock says that two fields point into the same aligned block of Size
// bytes, a power of two.
type SameBlock struct {
	A, B FieldID
	Size uint64
}

// AtMost says that the sum of Low is no larger than the sum of High. Sums do
// not wrap.
type AtMost struct{ Low, High Sum }

// Aligned says that a sum is a multiple of Unit, a power of two.
type Aligned struct {
	Sum  Sum
	Unit uint64
}

// AnyOf says that at least one of some constraints holds.
type AnyOf []Constraint

// AllOf says that all of some constraints hold.
type AllOf []Constraint

// Sum is a sum of terms.
type Sum []Term

// Term is a FieldID, a Number, a Param or a Times.
type Term interface {
	fmt.Stringer
	add(v *view, sign int64, sum *linear)
}

// Number is a plain number.
type Number uint64

// Times is a multiple of a field.
type Times struct {
	Field FieldID
	By    uint64
}

// Param is a number that the file or the loader decides.
type Param uint8

const (
	FileSize   Param = iota // of the file, in bytes
	FilePages               // FileSize rounded up to pages
	TaskSize                // end of the addresses that a program can use
	StackFloor              // lowest address at which the stack may lie
	DynRoom                 // bytes that a file of type ET_DYN can occupy in one piece
	AlignRoom               // the same when p_align moves it
	MinAddress              // lowest address at which a page can be mapped
	MaxHeaders              // largest e_phnum
	Charge                  // bytes of memory that the loader may commit for the file
	Mapped                  // bytes of addresses that a segment may occupy beyond the file's size
	numParams
)

var paramNames = [numParams]string{
	"file size", "file pages", "task size", "lowest stack", "room for ET_DYN", "room for aligned ET_DYN",
	"lowest address", "most headers", "largest charge", "most addresses",
}

func (p Param) String() string { return paramNames[p] }

// Limits are the values of a loader's params for one class. FileSize and
// FilePages are not used.
type Limits [numParams]uint64

func (n Number) String() string {
	if n < 10 {
		return fmt.Sprintf("%d", uint64(n))
	}
	return fmt.Sprintf("%#x", uint64(n))
}
func (t Times) String() string { return fmt.Sprintf("%d·%s", t.By, t.Field) }

func (s Sum) String() string { return join(s, " + ") }

func hexes(values []uint64) string {
	numbers := make([]Number, len(values))
	for i, v := range values {
		numbers[i] = Number(v)
	}
	return join(numbers, ", ")
}

func (c Is) String() string     { return fmt.Sprintf("%s = %v", c.Field, Number(c.Value)) }
func (c OneOf) String() string  { return fmt.Sprintf("%s is one of %s", c.Field, hexes(c.Values)) }
func (c NoneOf) String() string { return fmt.Sprintf("%s is none of %s", c.Field, hexes(c.Values)) }
func (c Masked) String() string {
	if lowest := c.Mask & -c.Mask; c.Value == 0 && c.Mask == -lowest {
		return fmt.Sprintf("%s < %v", c.Field, Number(lowest))
	}
	return fmt.Sprintf("%s & %v = %v", c.Field, Number(c.Mask), Number(c.Value))
}
func (c AnyBit) String() string { return fmt.Sprintf("%s & %v ≠ 0", c.Field, Number(c.Mask)) }
func (c Equal) String() string  { return fmt.Sprintf("%s = %s", c.A, c.B) }
func (c Congruent) String() string {
	return fmt.Sprintf("%s and %s divided by %v leave the same remainder", c.A, c.B, Number(c.Modulus))
}
func (c SameBlock) String() string {
	return fmt.Sprintf("%s and %s are in the same %v bytes", c.A, c.B, Number(c.Size))
}
func (c AtMost) String() string  { return fmt.Sprintf("%v ≤ %v", c.Low, c.High) }
func (c Aligned) String() string { return fmt.Sprintf("%v is a multiple of %v", c.Sum, Number(c.Unit)) }
func (c AnyOf) String() string   { return join(c, ", or ") }
func (c AllOf) String() string   { return join(c, " and ") }

func join[T fmt.Stringer](list []T, between string) string {
	var parts []string
	for _, x := range list {
		parts = append(parts, x.String())
	}
	return strings.Join(parts, between)
}

type mention = func(id FieldID, mask uint64)

const everyBit = ^uint64(0)

func (c Is) mentions(f mention)     { f(c.Field, everyBit) }
func (c OneOf) mentions(f mention)  { f(c.Field, everyBit) }
func (c NoneOf) mentions(f mention) { f(c.Field, everyBit) }
func (c Masked) mentions(f mention) { f(c.Field, c.Mask) }
func (c AnyBit) mentions(f mention) { f(c.Field, c.Mask) }
func (c Equal) mentions(f mention) {
	f(c.A, everyBit)
	f(c.B, everyBit)
}
func (c Congruent) mentions(f mention) {
	f(c.A, c.Modulus-1)
	f(c.B, c.Modulus-1)
}
func (c SameBlock) mentions(f mention) {
	f(c.A, -c.Size)
	f(c.B, -c.Size)
}
func (c AtMost) mentions(f mention) {
	c.Low.mentions(f, everyBit)
	c.High.mentions(f, everyBit)
}
func (c Aligned) mentions(f mention) { c.Sum.mentions(f, c.Unit-1) }
func (c AllOf) mentions(f mention)   { AnyOf(c).mentions(f) }
func (c AnyOf) mentions(f mention) {
	for _, x := range c {
		x.mentions(f)
	}
}

func (s Sum) mentions(f mention, mask uint64) {
	for _, t := range s {
		switch t := t.(type) {
		case FieldID:
			f(t, mask)
		case Times:
			f(t.Field, mask)
		}
	}
}

// applies reports whether r speaks of files of this class, type and size.
func (r *Rule) applies(c Class, typ uint64, size int64) bool {
	return (r.Class == 0 || r.Class == c) && (r.Type == 0 || r.Type == typ) && (!r.OnePage || size <= PageSize)
}

// About reports whether the rule speaks of a field.
func (r *Rule) About(id FieldID) bool {
	found := false
	r.Must.mentions(func(f FieldID, _ uint64) { found = found || f == id })
	return found
}

// PageSize is the unit of memory mapping on x86, in bytes.
const PageSize = linux.PageSize

// Loader is a program that loads ELF files, described by its rules; or several,
// whose rules all hold.
type Loader struct {
	Name    string
	Summary string
	Rules   []*Rule
	// limits by class; a loader that can't run a class has nil.
	limits [2]*Limits
	parts  []*Loader // of a combination
}

// Parts returns the single loaders of a combination, or the loader itself.
func (l *Loader) Parts() []*Loader {
	if l.parts == nil {
		return []*Loader{l}
	}
	var list []*Loader
	for _, part := range l.parts {
		list = append(list, part.Parts()...)
	}
	return list
}

// Runs reports whether the loader can run files of class c at all.
func (l *Loader) Runs(c Class) bool { return l.limits[c-1] != nil }

// Limit returns a limit for files of class c.
func (l *Loader) Limit(c Class, p Param) uint64 { return l.limits[c-1][p] }

// Digest identifies the rules and limits: it is a SHA-256 in hexadecimal.
func (l *Loader) Digest() string {
	h := sha256.New()
	for _, r := range l.Rules {
		fmt.Fprintln(h, r.Name, r.Scope, r.Class, r.Type, r.OnePage, r.Must)
	}
	for _, limits := range l.limits {
		if limits != nil {
			fmt.Fprintln(h, *limits)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// WithCharge returns a copy of l that lets a file commit up to bytes of memory
// that it does not use.
func (l *Loader) WithCharge(bytes uint64) *Loader { return l.with(Charge, bytes) }

// WithMapped returns a copy of l that lets each segment occupy up to bytes of
// addresses beyond the size of the file.
func (l *Loader) WithMapped(bytes uint64) *Loader { return l.with(Mapped, bytes) }

// with returns a copy of l with another limit.
func (l *Loader) with(p Param, value uint64) *Loader {
	out := *l
	out.parts = nil
	for _, part := range l.parts {
		out.parts = append(out.parts, part.with(p, value))
	}
	for i, limits := range l.limits {
		if limits != nil {
			changed := *limits
			changed[p] = value
			out.limits[i] = &changed
		}
	}
	return &out
}

// Within returns a copy of l that takes only files whose segments lie between two
// addresses and commit no more than some bytes of memory: for programs that see which
// pages are mapped.
func (l *Loader) Within(low, high, committed uint64) *Loader {
	const source = "the program's view of its address space (linux/space.tsv)"
	out := *l
	out.Rules = append(slices.Clone(l.Rules),
		&Rule{Name: "addresses of its own", Scope: PerFile, Must: Is{EType, TypeExec}, Else: Misloaded, Source: source},
		&Rule{Name: "not before the program as written", Scope: PerLoad, Must: AtMost{Sum{Number(low)}, Sum{PVaddr}}, Else: Misloaded, Source: source},
		&Rule{Name: "not behind the program as written", Scope: PerLoad, Must: AtMost{Sum{PVaddr, PMemsz}, Sum{Number(high)}}, Else: Misloaded, Source: source},
	)
	// All that may be written is committed.
	as := &Rule{Name: "not written, as the program", Scope: PerLoad, Must: readOnly, Else: Misloaded, Source: source}
	if committed > 0 {
		as = &Rule{Name: "no more written than of the program", Scope: PerLoad, Must: AnyOf{
			readOnly, AtMost{Sum{PVaddr, PMemsz}, Sum{Number(low + committed)}}, AtMost{Sum{Number(high - committed)}, Sum{PVaddr}},
			AtMost{Sum{Number(PageSize)}, Sum{FileSize}}, // whose size is not known yet, or that is compared
		}, Else: Misloaded, Source: source}
	}
	out.Rules = append(out.Rules, as)
	return &out
}

// Join describes a file that all of some loaders can run: it obeys the rules of
// each, under the tightest limits. A loader that can't run a class at all has no
// say about it.
func Join(name, summary string, loaders ...*Loader) *Loader {
	out := &Loader{Name: name, Summary: summary, parts: loaders}
	for _, l := range loaders {
		for _, r := range l.Rules {
			if !slices.Contains(out.Rules, r) {
				out.Rules = append(out.Rules, r)
			}
		}
		for i, limits := range l.limits {
			switch {
			case limits == nil:
			case out.limits[i] == nil:
				copied := *limits
				out.limits[i] = &copied
			default:
				out.limits[i].tighten(limits)
			}
		}
	}
	return out
}

// tighten makes every limit at least as tight as other's.
func (l *Limits) tighten(other *Limits) {
	for p := range l {
		if Param(p) == MinAddress {
			l[p] = max(l[p], other[p])
		} else {
			l[p] = min(l[p], other[p])
		}
	}
}
