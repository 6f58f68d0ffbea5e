package diag

import (
	"slices"
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	messages := []*Message{
		Errorf(Range{}, "an error"),
		Warningf("zeroing", Range{}, "z"),
		Warningf("number-overflow", Range{}, "n"),
		Warningf("label-redef", Range{}, "quiet"),
	}
	for _, c := range []struct{ options, want string }{
		{"", "error:an error warning:z warning:n"},
		{"-zeroing", "error:an error warning:n"},
		{"no-zeroing", "error:an error warning:n"},
		{"-all", "error:an error"},
		{"+label-redef", "error:an error warning:z warning:n warning:quiet"},
		{"label", "error:an error warning:z warning:n warning:quiet"},
		{"error=label", "error:an error warning:z warning:n error:quiet"},
		{"label no-label-redef", "error:an error warning:z warning:n"},
		{"-number", "error:an error warning:z"},
		{"-all +zeroing", "error:an error warning:z"},
		{"-all zeroing", "error:an error warning:z"},
		{"error=zeroing", "error:an error error:z warning:n"},
		{"+error=zeroing", "error:an error error:z warning:n"},
		{"error", "error:an error error:z error:n"},
		{"error=all no-error=zeroing", "error:an error warning:z error:n"},
		{"error -zeroing", "error:an error error:n"},
	} {
		var w Warnings
		for option := range strings.FieldsSeq(c.options) {
			if err := w.Set(option); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, m := range w.Apply(messages) {
			got = append(got, m.Severity.String()+":"+m.Text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q: %s, want %s", c.options, s, c.want)
		}
	}
	if messages[1].Severity != Warning {
		t.Error("Apply changed a message")
	}
	for _, option := range []string{"", "+", "nonsense", "error=nonsense", "no-", "zeroin", "numb", "errors"} {
		if err := new(Warnings).Set(option); err == nil {
			t.Errorf("Set(%q) succeeded", option)
		}
	}
}

func TestWarningClassesAreSorted(t *testing.T) {
	if !slices.IsSortedFunc(WarningClasses, func(a, b WarningClass) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("they are not")
	}
}

// TestYields has a warning that gives way to others that say the same.
func TestYields(t *testing.T) {
	here, there := Range{File: 1, Start: 1, End: 2}, Range{File: 1, Start: 5, End: 6}
	m := func(at Range) *Message {
		w := Warningf("unchecked", at, "vague")
		w.Yields = []string{"run"}
		return w
	}
	exact := Warningf("run-memory", here, "exact")
	for _, c := range []struct {
		option string
		list   []*Message
		want   int
	}{
		{"", []*Message{m(here), exact}, 1},
		{"", []*Message{m(there), exact}, 2},
		{"", []*Message{m(Range{}), exact}, 1},
		{"", []*Message{m(here)}, 1},
		{"-run", []*Message{m(here), exact}, 1},
		{"error=run", []*Message{m(here), exact}, 1},
	} {
		var w Warnings
		if c.option != "" {
			if err := w.Set(c.option); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.Apply(c.list); len(got) != c.want {
			t.Errorf("%q: %v", c.option, got)
		}
	}
}

func TestSourceWarnings(t *testing.T) {
	for _, c := range []struct{ options, want string }{
		{"-zeroing", ""},
		{"-zeroing +ZEROING", "warning:z"},
		{"-zeroing *zeroing", "warning:z"},
		{"error", "error:z"},
		{"push error=zeroing pop", "warning:z"},
		{"error=zeroing *zeroing", "error:z"},
		{"error=zeroing *error=zeroing", "warning:z"},
		{"error *error", "warning:z"},
		{"error=zeroing push -all pop", "error:z"},
		{"push -zeroing pop pop pop nonsense", "warning:z"},
	} {
		var s SourceWarnings
		var b, all Bag
		b.Add(Warningf("zeroing", Range{}, "before"))
		for option := range strings.FieldsSeq(c.options) {
			s.Set(option)
			b.Under(&s)
		}
		b.Add(Warningf("zeroing", Range{}, "z"))
		all.Append(&b)
		var got []string
		for _, m := range new(Warnings).Apply(all.Messages()) {
			got = append(got, m.Severity.String()+":"+m.Text)
		}
		if text, want := strings.Join(got, " "), strings.TrimSpace("warning:before "+c.want); text != want {
			t.Errorf("%q: %s, want %s", c.options, text, want)
		}
	}
}
