package diag

import (
	"fmt"
	"slices"
	"strings"
)

// WarningClass is a kind of warning that can be switched off, or made an
// error, by its name.
type WarningClass struct {
	Name  string
	About string
}

// WarningClasses are all classes, by name. Where nasm has the same warning it
// has the same name there.
var WarningClasses = []WarningClass{
	{"label-redef", "a label is defined again with the value that it has"},
	{"number-overflow", "a number loses its upper bits because it does not fit"},
	{"other", "anything that has no class of its own"},
	{"zeroing", "reserved space is stored as zeros, in a section that has contents"},
}

// Warnings says what becomes of warnings. The zero value shows all of them.
type Warnings struct {
	hidden, promoted map[string]bool // by class
}

// Set changes what becomes of a class of warnings, in the spelling of nasm's
// -w and -W options: +class or class shows it, -class or no-class hides it,
// error=class makes it an error, no-error=class does not. The class all stands
// for every class; error alone is error=all.
func (w *Warnings) Set(option string) error {
	rest, hide := strings.CutPrefix(option, "no-")
	if !hide {
		if rest, hide = strings.CutPrefix(option, "-"); !hide {
			rest = strings.TrimPrefix(option, "+")
		}
	}
	set := &w.hidden
	class, promote := strings.CutPrefix(rest, "error")
	switch {
	case !promote:
		class = rest
	case class == "":
		class = "all"
	default:
		class = strings.TrimPrefix(class, "=")
	}
	value := hide
	if promote {
		set, value = &w.promoted, !hide
	}

	var names []string
	for _, c := range WarningClasses {
		names = append(names, c.Name)
	}
	if class != "all" {
		if !slices.Contains(names, class) {
			if near := Nearest(class, names); near != "" {
				return fmt.Errorf("there is no class of warnings '%s'; did you mean '%s'?", class, near)
			}
			return fmt.Errorf("there is no class of warnings '%s'; there are %s and all", class, strings.Join(names, ", "))
		}
		names = []string{class}
	}
	if *set == nil {
		*set = map[string]bool{}
	}
	for _, n := range names {
		(*set)[n] = value
	}
	return nil
}

// Apply returns the messages without hidden warnings, and with warnings that
// were made errors as errors.
func (w *Warnings) Apply(messages []*Message) []*Message {
	var out []*Message
	for _, m := range messages {
		switch {
		case m.Severity != Warning:
		case w.hidden[m.Code]:
			continue
		case w.promoted[m.Code]:
			asError := *m
			asError.Severity = Error
			m = &asError
		}
		out = append(out, m)
	}
	return out
}
