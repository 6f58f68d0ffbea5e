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
