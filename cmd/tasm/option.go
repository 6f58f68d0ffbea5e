package main

import (
	"strings"

	"github.com/spf13/pflag"

	"tasm/diag"
)

// option is what help and completion tell of an option.
type option struct {
	short, long string // without dashes; short may be empty
	usage       string
	value       string   // what its value is called, "" if it takes none
	words       []string // that the value can be, or nil
}

// options lists the options of all groups.
func (c *command) options() []option {
	var out []option
	for _, g := range c.groups {
		out = append(out, optionsOf(g.set)...)
	}
	return append(out, option{short: "h", long: "help", usage: "show this help"})
}

func optionsOf(set *pflag.FlagSet) []option {
	var out []option
	set.VisitAll(func(f *pflag.Flag) {
		o := option{short: f.Shorthand, long: f.Name}
		o.value, o.usage = pflag.UnquoteUsage(f)
		if c, ok := f.Value.(interface{ choices() []string }); ok {
			o.words = c.choices()
		}
		if f.NoOptDefVal != "" {
			o.value = ""
		}
		if f.DefValue != "" && o.value != "" {
			o.usage += " (default " + f.DefValue + ")"
		}
		out = append(out, o)
	})
	return out
}

// spellings returns the option as it is written: -o, --output.
func (o *option) spellings() []string {
	if o.short == "" {
		return []string{"--" + o.long}
	}
	return []string{"-" + o.short, "--" + o.long}
}

// synopsis returns the option with its value: -o, --output FILE.
func (o *option) synopsis() string {
	return strings.TrimSpace(strings.Join(o.spellings(), ", ") + " " + o.value)
}

// choice is the value of an option that takes one word of a list.
type choice struct {
	value *string
	words []string
}

// newChoice makes an option's value; its default is initial.
func newChoice(value *string, initial string, words ...string) *choice {
	*value = initial
	return &choice{value, words}
}

func (c *choice) String() string    { return *c.value }
func (c *choice) Type() string      { return strings.Join(c.words, "|") }
func (c *choice) choices() []string { return c.words }

func (c *choice) Set(s string) error {
	for _, w := range c.words {
		if s == w {
			*c.value = s
			return nil
		}
	}
	if near := diag.Nearest(s, c.words); near != "" {
		return usagef("did you mean '%s'?", near)
	}
	return usagef("it can be %s", strings.Join(c.words, ", "))
}

// list is the value of an option that adds to a list each time it is given.
type list struct {
	values *[]string
	kind   string
}

func (l list) String() string     { return strings.Join(*l.values, ",") }
func (l list) Type() string       { return l.kind }
func (l list) Set(s string) error { *l.values = append(*l.values, s); return nil }
