package diag

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// WarningClass is a kind of warning that can be shown, hidden or made an error
// by its name. A name also stands for all that begin with it and a dash.
type WarningClass struct {
	Name  string
	Quiet bool // hidden unless asked for
	About string
}

// WarningClasses are all classes, by name. Where nasm has the same warning it
// has the same name and default there.
var WarningClasses = []WarningClass{
	{"db-empty", false, "a DB without a value"},
	{"ea-absolute", false, "a plain number that can't be relative to rip"},
	{"ea-dispsize", false, "a displacement's size that an absolute address can't have"},
	{"entry", false, "an entry point in a section that is not executable, or none at all"},
	{"float-denorm", true, "a floating-point constant loses precision because it is so small"},
	{"float-overflow", false, "a floating-point constant is too large and becomes infinite"},
	{"float-underflow", true, "a floating-point constant is so small that it becomes zero"},
	{"image-name", false, "an image that could not be named after its source"},
	{"image-size", false, "an image whose description is larger than tools take"},
	{"image-start", false, "something that may keep an image's command from starting"},
	{"label-orphan", false, "a name alone on its line, without a colon, which might be a slip"},
	{"label-redef", true, "a label is defined again with the value that it has"},
	{"nobits", false, "contents in a section that has none in the file"},
	{"number-overflow", false, "a number loses its upper bits because it does not fit"},
	{"other", false, "anything that has no class of its own"},
	{"pp-else-elif", false, "an %elif after %else"},
	{"pp-else-else", false, "an %else after %else"},
	{"pp-environment", false, "an environment variable that does not exist"},
	{"pp-macro-def-case-single", false, "a macro defined both with and without regard to case"},
	{"pp-macro-defaults", false, "more defaults than a macro has optional parameters"},
	{"pp-macro-params-legacy", false, "a macro call that old nasm understands in another way"},
	{"pp-macro-params-multi", false, "a multi-line macro called with a wrong number of parameters"},
	{"pp-macro-params-single", false, "a single-line macro called with a wrong number of parameters"},
	{"pp-macro-redef-multi", false, "a multi-line macro defined again"},
	{"pp-rep-negative", false, "a negative count after %rep"},
	{"pp-sel-range", false, "a %sel() of an argument that is not there"},
	{"pp-trailing", false, "text after a preprocessor directive that does not look at it"},
	{"pragma-unknown", true, "a %pragma that nobody here knows"},
	{"prefix-bnd", false, "a bnd prefix that the instruction can't have"},
	{"prefix-hle", false, "an xacquire or xrelease prefix that has no meaning"},
	{"prefix-lock", false, "a lock prefix that the instruction can't have"},
	{"prefix-opsize", false, "an operand size prefix that contradicts the operands"},
	{"prefix-seg", false, "a segment prefix that 64-bit mode ignores"},
	{"run-abi", false, "a system call in the way or with the number of another ABI"},
	{"run-arguments", false, "an argument of a system call that can't be meant: swapped, or missing"},
	{"run-division", false, "a division that ends the program"},
	{"run-endless", false, "a loop that never ends and calls nothing"},
	{"run-flags", false, "a conditional jump that asks for flags that say nothing"},
	{"run-ignored", true, "a result of write, or of a call like it, that nobody looks at"},
	{"run-instruction", false, "an instruction that programs may not use"},
	{"run-interrupt", false, "an interrupt that Linux does not serve"},
	{"run-memory", false, "a use of memory that the program does not have"},
	{"run-overrun", false, "a system call with a length that is more than the buffer, or a text without its end"},
	{"run-past-end", false, "code that runs on into what is none: no exit call"},
	{"run-read-only", false, "a write to read-only data"},
	{"run-registers", false, "a register that a system call has changed is used as if it had not"},
	{"run-return", false, "a RET or jump to where no code is"},
	{"string-escape", false, "a string in plain quotation marks that ends in an escape of C"},
	{"unchecked", false, "a use of memory, with what nobody has checked, that may leave the data"},
	{"unloaded", false, "a section that is not loaded, and left out of the file"},
	{"user", false, "a %warning of the source"},
	{"zeroing", false, "reserved space stored as zeros, in a section that has contents"},
	{"zext-reloc", false, "a field wider than what the linker fills in"},
}

// classesNamed returns the classes that name stands for.
func classesNamed(name string) []string {
	var names []string
	for _, c := range WarningClasses {
		if name == "all" || c.Name == name || strings.HasPrefix(c.Name, name+"-") {
			names = append(names, c.Name)
		}
	}
	return names
}

// Warnings says what becomes of warnings. The zero value shows all that are
// not quiet.
type Warnings struct {
	shown, promoted map[string]bool // by class
}

// Set changes what becomes of a class of warnings, in the spelling of nasm's
// -w and -W options: +class or class shows it, -class or no-class hides it,
// error=class makes it an error, no-error=class does not. The class all stands
// for every class; error alone is error=all.
func (w *Warnings) Set(option string) error {
	rest, off := strings.CutPrefix(option, "no-")
	if !off {
		if rest, off = strings.CutPrefix(option, "-"); !off {
			rest = strings.TrimPrefix(option, "+")
		}
	}
	set := &w.shown
	class, promote := promotion(rest)
	if promote {
		set = &w.promoted
	}
	names := classesNamed(class)
	if len(names) == 0 {
		if near := Nearest(class, classesNamed("all")); near != "" {
			return fmt.Errorf("there is no class of warnings '%s'; did you mean '%s'?", class, near)
		}
		return fmt.Errorf("there is no class of warnings '%s'", class)
	}
	switchAll(set, names, !off)
	if promote && !off && class != "all" {
		switchAll(&w.shown, names, true) // who wants the error wants to see it
	}
	return nil
}

// promotion reports whether an option is about errors, error or error=class, and of
// which class it is.
func promotion(option string) (class string, errors bool) {
	if option == "error" {
		return "all", true
	}
	return strings.CutPrefix(option, "error=")
}

func switchAll(set *map[string]bool, names []string, on bool) {
	if *set == nil {
		*set = map[string]bool{}
	}
	for _, n := range names {
		(*set)[n] = on
	}
}

// SourceWarnings is what a source says of warnings as it goes on, in [warning ...]
// (nasm manual, section 8.11). The zero value says nothing.
type SourceWarnings struct {
	now   *Warnings // never changed: messages point to it
	saved []*Warnings
}

// Set obeys the words of [warning ...]: push, pop, *class, which takes back what was
// said of it, or an option of Warnings.Set. Unknown classes are ignored, as in nasm.
func (s *SourceWarnings) Set(option string) {
	switch option = strings.ToLower(option); option {
	case "push":
		s.saved = append(s.saved, s.now)
		return
	case "pop":
		s.now = nil
		if n := len(s.saved); n > 0 {
			s.now, s.saved = s.saved[n-1], s.saved[:n-1]
		}
		return
	}
	next := &Warnings{}
	if s.now != nil {
		next.shown, next.promoted = maps.Clone(s.now.shown), maps.Clone(s.now.promoted)
	}
	if class, reset := strings.CutPrefix(option, "*"); reset {
		class, promote := promotion(class)
		for _, name := range classesNamed(class) {
			if promote {
				delete(next.promoted, name)
			} else {
				delete(next.shown, name)
			}
		}
	} else if next.Set(option) != nil {
		return
	}
	s.now = next
}

// Apply returns the messages without hidden warnings, and with warnings that
// were made errors as errors.
func (w *Warnings) Apply(messages []*Message) []*Message {
	var out []*Message
	for _, m := range messages {
		switch {
		case len(m.Yields) > 0 && w.yields(m, messages):
			continue
		case m.Severity != Warning:
		case !w.shows(m):
			continue
		case w.promotes(m):
			asError := *m
			asError.Severity = Error
			m = &asError
		}
		out = append(out, m)
	}
	return out
}

// yields reports whether another message that is shown says better what m says.
func (w *Warnings) yields(m *Message, messages []*Message) bool {
	return slices.ContainsFunc(messages, func(other *Message) bool {
		better := slices.ContainsFunc(m.Yields, func(name string) bool { return strings.HasPrefix(other.Code+"-", name+"-") })
		return better && w.shows(other) && (m.Range == Range{} || m.Range == other.Range)
	})
}

// shows reports whether m is to be seen: what the source said where m is from counts
// more than w.
func (w *Warnings) shows(m *Message) bool {
	for _, says := range []*Warnings{m.asked, w} {
		if says != nil {
			if asked, ok := says.shown[m.Code]; ok {
				return asked
			}
		}
	}
	i := slices.IndexFunc(WarningClasses, func(c WarningClass) bool { return c.Name == m.Code })
	return i < 0 || !WarningClasses[i].Quiet
}

// promotes reports whether m is to be an error.
func (w *Warnings) promotes(m *Message) bool {
	if m.asked != nil {
		if promoted, ok := m.asked.promoted[m.Code]; ok {
			return promoted
		}
	}
	return w.promoted[m.Code]
}
