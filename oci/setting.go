package oci

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Shape says what values a Setting takes.
type Shape uint8

const (
	One   Shape = iota // one value, given once
	Words              // several values that are one whole, given once
	Each               // values that add up, however often they are given
)

// Setting is one thing that can be said of an image, in a source ("image user
// "1000"") and on a command line ("--user 1000").
type Setting struct {
	Name    string
	Field   string // of Spec
	Shape   Shape
	Named   bool   // each value is NAME=VALUE
	Value   string // what a value is called
	Usage   string // what it does
	Example string // its values in a source

	set func(*Spec, []string) *SpecError
}

// Settings are all of them, in the order in which they are told of.
var Settings = []Setting{
	{Name: "tag", Field: "Tags", Shape: Each, Value: "NAME", Usage: "name of the image", Example: `"hello:1.0"`,
		set: texted(func(s *Spec, v []string) { s.Tags = v })},
	{Name: "path", Field: "Path", Value: "PATH", Usage: "where the program is in the image", Example: `"/hello"`,
		set: texted(func(s *Spec, v []string) { s.Path = v[0] })},
	{Name: "mode", Field: "Mode", Value: "MODE", Usage: "the program's permissions, octal", Example: `"0755"`, set: setMode},
	{Name: "entrypoint", Field: "Entrypoint", Shape: Words, Value: "COMMAND", Usage: "the command, one word or a JSON list of words; the default is the program", Example: `"/hello", "-v"`,
		set: texted(func(s *Spec, v []string) { s.Entrypoint = v })},
	{Name: "cmd", Field: "Cmd", Shape: Words, Value: "ARGUMENTS", Usage: "arguments that those of 'docker run' replace, one word or a JSON list of words", Example: `"one", "two"`,
		set: texted(func(s *Spec, v []string) { s.Cmd = v })},
	{Name: "env", Field: "Env", Shape: Each, Named: true, Value: "NAME=VALUE", Usage: "a variable of the environment", Example: `"NAME=value"`,
		set: texted(func(s *Spec, v []string) { s.Env = v })},
	{Name: "workdir", Field: "WorkingDir", Value: "PATH", Usage: "the folder in which the program starts", Example: `"/data"`,
		set: texted(func(s *Spec, v []string) { s.WorkingDir = v[0] })},
	{Name: "user", Field: "User", Value: "UID[:GID]", Usage: "who the program runs as; " + otherUser + " is the usual number of nobody in particular", Example: `"` + otherUser + `"`,
		set: texted(func(s *Spec, v []string) { s.User = v[0] })},
	{Name: "expose", Field: "Ports", Shape: Each, Value: "PORT[/PROTOCOL]", Usage: "a port, or ports from-to, on which the program listens", Example: `"80", "53/udp"`,
		set: texted(func(s *Spec, v []string) { s.Ports = v })},
	{Name: "volume", Field: "Volumes", Shape: Each, Value: "PATH", Usage: "a folder whose contents outlive the container", Example: `"/data"`,
		set: texted(func(s *Spec, v []string) { s.Volumes = v })},
	{Name: "stopsignal", Field: "StopSignal", Value: "SIGNAL", Usage: "the signal that asks the program to end", Example: `"SIGINT"`,
		set: texted(func(s *Spec, v []string) { s.StopSignal = v[0] })},
	{Name: "healthcheck", Field: "Healthcheck", Shape: Words, Value: "COMMAND", Usage: "a command that tells whether the program is well, one word or a JSON list of words, after --interval=30s, --timeout=, --start-period=, --start-interval= or --retries=3; or NONE", Example: `"--interval=30s", "/hello", "-check"`,
		set: setHealthcheck},
	{Name: "label", Field: "Labels", Shape: Each, Named: true, Value: "NAME=VALUE", Usage: "a label", Example: `"name=value"`,
		set: texted(func(s *Spec, v []string) { s.Labels = labelsOf(v) })},
	{Name: "annotation", Field: "Annotations", Shape: Each, Named: true, Value: "NAME=VALUE", Usage: "an annotation of the manifest", Example: `"org.opencontainers.image.source=https://example.org"`,
		set: texted(func(s *Spec, v []string) { s.Annotations = labelsOf(v) })},
	{Name: "author", Field: "Author", Value: "TEXT", Usage: "who has made the image", Example: `"A. N. Other <other@example.org>"`,
		set: texted(func(s *Spec, v []string) { s.Author = v[0] })},
	{Name: "history", Field: "History", Value: "TEXT", Usage: "what 'docker history' tells of the program's layer; without it there is no history", Example: `"built from hello.tasm"`,
		set: texted(func(s *Spec, v []string) { s.History = v[0] })},
}

// SettingFor returns the setting of a name.
func SettingFor(name string) (*Setting, bool) {
	i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return nil, false
	}
	return &Settings[i], true
}

// Apply puts all values of the setting into a Spec; there must be one.
func (s *Setting) Apply(spec *Spec, values []string) *SpecError {
	if s.Shape == One && len(values) != 1 {
		return &SpecError{s.Field, -1, fmt.Sprintf("image %s takes one string", s.Name)}
	}
	for i, v := range values {
		if s.Named && !strings.Contains(v, "=") {
			return &SpecError{s.Field, i, fmt.Sprintf("%q has no name and value; write NAME=value", v)}
		}
	}
	return s.set(spec, values)
}

// NameOf returns the name in a value NAME=VALUE of the setting, or what stands for
// it where another value of the same name takes its place.
func (s *Setting) NameOf(value string) string {
	if !s.Named {
		return value
	}
	name, _, _ := strings.Cut(value, "=")
	return name
}

// texted makes a setting of a function that can't fail.
func texted(set func(*Spec, []string)) func(*Spec, []string) *SpecError {
	return func(s *Spec, v []string) *SpecError {
		set(s, v)
		return nil
	}
}

func labelsOf(values []string) []Label {
	var out []Label
	for _, l := range values {
		name, value, _ := strings.Cut(l, "=")
		out = append(out, Label{Name: name, Value: value})
	}
	return out
}

// maxMode are all permissions that a file can have: those of owner, group and
// others, setuid, setgid and sticky.
const maxMode = 0o7777

// ParseMode reads permissions in octal digits.
func ParseMode(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 8, 64)
	if err != nil || n < 0 || n > maxMode {
		return 0, fmt.Errorf("%q is no mode: write octal digits, such as 0755", s)
	}
	return n, nil
}

func setMode(s *Spec, v []string) *SpecError {
	mode, err := ParseMode(v[0])
	switch {
	case err != nil:
		return &SpecError{"Mode", 0, err.Error()}
	case mode&0o111 == 0:
		return &SpecError{"Mode", 0, fmt.Sprintf("with mode %q nobody may run the program: write 0755, or 0555, or 0111", v[0])}
	}
	s.Mode = mode
	return nil
}

// Healthcheck is how an engine learns whether a container is well (Docker's
// HEALTHCHECK; it has no place in the OCI specification, and engines that do not
// know it ignore it). Times that are zero are left to the engine.
type Healthcheck struct {
	Test                                          []string // in Docker's form: "CMD" and the words of a command, or "NONE"
	Interval, Timeout, StartPeriod, StartInterval time.Duration
	Retries                                       int
}

func setHealthcheck(s *Spec, values []string) *SpecError {
	h := &Healthcheck{}
	times := map[string]*time.Duration{
		"interval": &h.Interval, "timeout": &h.Timeout, "start-period": &h.StartPeriod, "start-interval": &h.StartInterval,
	}
	i := 0
	for ; i < len(values) && strings.HasPrefix(values[i], "--"); i++ {
		name, text, _ := strings.Cut(values[i][2:], "=")
		var err error
		switch target := times[name]; {
		case target != nil:
			if *target, err = time.ParseDuration(text); err != nil || *target < time.Millisecond {
				return &SpecError{"Healthcheck", i, fmt.Sprintf("%q is no time: write it as in --%s=30s, at least 1ms", text, name)}
			}
		case name == "retries":
			if h.Retries, err = strconv.Atoi(text); err != nil || h.Retries < 1 {
				return &SpecError{"Healthcheck", i, fmt.Sprintf("%q is no number of retries: write it as in --retries=3", text)}
			}
		default:
			return &SpecError{"Healthcheck", i, fmt.Sprintf("a health check has no option --%s: it has --interval, --timeout, --start-period, --start-interval and --retries", name)}
		}
	}
	rest := values[i:]
	switch {
	case len(rest) == 0:
		return &SpecError{"Healthcheck", -1, "the health check has no command"}
	case len(rest) == 1 && rest[0] == "NONE":
		h.Test = rest
	case rest[0] == "CMD":
		h.Test = rest
	default:
		h.Test = append([]string{"CMD"}, rest...)
	}
	s.Healthcheck = h
	return nil
}
