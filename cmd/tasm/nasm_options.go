package main

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/parser"
	"tasm/program"
)

// nasmOptions is what a command line of nasm asks for (nasm manual, 2.1).
type nasmOptions struct {
	input, output, format, listing string
	debug                          bool
	debugFormat                    string
	include, prelude               []string
	warnings                       diag.Warnings
	style                          string // of messages: gnu or vc
	messagesTo                     string // file, or "-" for standard output, or ""
	preprocess, depend, keep       bool
	reproducible                   bool // the same on every version
	optimize                       x86.Optimization
	countPasses                    bool   // say how many passes there were
	list                           string // letters of what else a listing shows
	plain                          bool   // the source is not preprocessed
	turbo                          bool   // some words of Turbo Assembler
	limits                         map[string]int64
	maxErrors                      int  // behind which assembly ends, as in a diag.Bag
	noLine                         bool // %line does nothing
	amd64                          bool // yasm's -m amd64
	dependencies                   dependencyOptions
	names                          program.Affixes

	doubts []string // warnings about the command line
	errors []string // it goes on to look at the rest
}

// nasmFatal ends a run of nasm at once.
type nasmFatal struct {
	file, text string
	hint       bool // say where help is
}

func (e nasmFatal) Error() string { return e.text }

// nasmOption is an option of nasm, or of yasm where nasm has none of that name.
type nasmOption struct {
	name  string
	value valueKind
	set   func(o *nasmOptions, value string) error
}

// valueKind says whether an option has a value.
type valueKind uint8

const (
	noValue     valueKind = iota
	needsValue            // behind it, or in the next argument
	joinedValue           // behind it only, and may be missing
)

// nasmLetters are the options of one letter. What follows one without a value is
// not looked at, as in nasm.
var nasmLetters = []nasmOption{
	{"f", needsValue, func(o *nasmOptions, v string) error { o.format = v; return nil }},
	{"o", needsValue, func(o *nasmOptions, v string) error { return o.once(&o.output, v, "output") }},
	{"l", needsValue, func(o *nasmOptions, v string) error { return o.once(&o.listing, v, "listing") }},
	{"L", needsValue, func(o *nasmOptions, v string) error { o.list += v; return nil }},
	{"D", needsValue, (*nasmOptions).define},
	{"d", needsValue, (*nasmOptions).define},
	{"U", needsValue, (*nasmOptions).undefine},
	{"u", needsValue, (*nasmOptions).undefine},
	{"I", needsValue, (*nasmOptions).addInclude},
	{"i", needsValue, (*nasmOptions).addInclude},
	{"P", needsValue, (*nasmOptions).preInclude},
	{"p", needsValue, (*nasmOptions).preInclude},
	{"E", noValue, func(o *nasmOptions, _ string) error { o.preprocess = true; return nil }},
	{"e", noValue, func(o *nasmOptions, _ string) error { o.preprocess = true; return nil }},
	{"a", joinedValue, func(o *nasmOptions, v string) error { o.plain = o.plain || v == ""; return nil }}, // yasm's names an architecture
	{"O", needsValue, (*nasmOptions).setOptimize},
	{"g", joinedValue, func(o *nasmOptions, v string) error {
		o.debug, o.debugFormat = true, cmp.Or(v, o.debugFormat)
		return nil
	}},
	{"F", needsValue, func(o *nasmOptions, v string) error { o.debug, o.debugFormat = true, v; return nil }},
	{"w", needsValue, (*nasmOptions).warn},
	{"W", needsValue, (*nasmOptions).warn},
	{"X", needsValue, (*nasmOptions).setStyle},
	{"Z", needsValue, func(o *nasmOptions, v string) error { return o.once(&o.messagesTo, v, "error") }},
	{"s", noValue, func(o *nasmOptions, _ string) error { o.messagesTo = "-"; return nil }},
	{"t", noValue, func(o *nasmOptions, _ string) error { o.turbo = true; return nil }},
	{"v", noValue, func(o *nasmOptions, _ string) error { return errVersion }},
	{"h", noValue, func(o *nasmOptions, _ string) error { return errHelp }},
	{"y", noValue, func(o *nasmOptions, _ string) error { return errDebugFormats }},
	// yasm's: the machine, and which parser reads the source.
	{"m", needsValue, func(o *nasmOptions, v string) error { return o.setMachine(v) }},
	{"r", needsValue, func(*nasmOptions, string) error { return nil }},
}

// nasmDependencies are the options that begin with M, by the letter behind it.
var nasmDependencies = []nasmOption{
	{"", noValue, func(o *nasmOptions, _ string) error { o.depend = true; return nil }},
	{"G", noValue, func(o *nasmOptions, _ string) error { o.depend, o.dependencies.missing = true, true; return nil }},
	{"P", noValue, func(o *nasmOptions, _ string) error { o.dependencies.phony = true; return nil }},
	{"D", needsValue, func(o *nasmOptions, v string) error {
		o.dependencies.also = true
		o.dependencies.file = cmp.Or(v, o.dependencies.file)
		return nil
	}},
	{"F", needsValue, func(o *nasmOptions, v string) error { o.dependencies.file = v; return nil }},
	{"T", needsValue, func(o *nasmOptions, v string) error {
		o.dependencies.target, o.dependencies.quoted = v, false
		return nil
	}},
	{"Q", needsValue, func(o *nasmOptions, v string) error {
		o.dependencies.target, o.dependencies.quoted = v, true
		return nil
	}},
	{"W", noValue, func(o *nasmOptions, _ string) error { o.dependencies.watcom = true; return nil }},
}

// What is asked for instead of work ends the reading of options.
var (
	errVersion      = errors.New("the version is asked for")
	errHelp         = errors.New("help is asked for")
	errDebugFormats = errors.New("the debug formats are asked for")
)

// nasmWords are the options of two dashes.
var nasmWords = []nasmOption{
	{"v", noValue, func(o *nasmOptions, _ string) error { return errVersion }},
	{"version", noValue, func(o *nasmOptions, _ string) error { return errVersion }},
	{"help", noValue, func(o *nasmOptions, _ string) error { return errHelp }},
	{"prefix", needsValue, func(o *nasmOptions, v string) error { o.names.Prefix = v; return nil }},
	{"gprefix", needsValue, func(o *nasmOptions, v string) error { o.names.Prefix = v; return nil }},
	{"suffix", needsValue, func(o *nasmOptions, v string) error { o.names.Suffix = v; return nil }},
	{"postfix", needsValue, func(o *nasmOptions, v string) error { o.names.Suffix = v; return nil }},
	{"gpostfix", needsValue, func(o *nasmOptions, v string) error { o.names.Suffix = v; return nil }},
	{"lprefix", needsValue, func(o *nasmOptions, v string) error { o.names.LocalPrefix = v; return nil }},
	{"lpostfix", needsValue, func(o *nasmOptions, v string) error { o.names.LocalSuffix = v; return nil }},
	{"include", needsValue, (*nasmOptions).preInclude},
	{"pragma", needsValue, func(o *nasmOptions, v string) error { o.prelude = append(o.prelude, "%pragma "+v); return nil }},
	{"before", needsValue, func(o *nasmOptions, v string) error { o.prelude = append(o.prelude, v); return nil }},
	{"debug", joinedValue, func(*nasmOptions, string) error { return nil }}, // of nasm itself
	{"abort-on-panic", noValue, func(*nasmOptions, string) error { return nil }},
	{"keep-all", noValue, func(o *nasmOptions, _ string) error { o.keep = true; return nil }},
	{"no-line", noValue, func(o *nasmOptions, _ string) error { o.noLine = true; return nil }},
	{"reproducible", noValue, func(o *nasmOptions, _ string) error { o.reproducible = true; return nil }},
	// tasm's own.
	{"max-errors", needsValue, (*nasmOptions).setMaxErrors},
	// yasm's.
	{"oformat", needsValue, func(o *nasmOptions, v string) error { o.format = v; return nil }},
	{"objfile", needsValue, func(o *nasmOptions, v string) error { o.output = v; return nil }},
	{"machine", needsValue, (*nasmOptions).setMachine},
	{"dformat", needsValue, func(o *nasmOptions, v string) error { o.debug, o.debugFormat = true, v; return nil }},
	{"list", needsValue, func(o *nasmOptions, v string) error { o.listing = v; return nil }},
	{"parser", needsValue, func(*nasmOptions, string) error { return nil }},
	{"preproc", needsValue, func(*nasmOptions, string) error { return nil }},
	{"lformat", needsValue, func(*nasmOptions, string) error { return nil }},
	{"arch", needsValue, func(*nasmOptions, string) error { return nil }},
	{"preproc-only", noValue, func(o *nasmOptions, _ string) error { o.preprocess = true; return nil }},
	{"force-strict", noValue, func(o *nasmOptions, _ string) error {
		o.doubts = append(o.doubts, "--force-strict is ignored: write STRICT where a size must stay")
		return nil
	}},
}

func (o *nasmOptions) define(v string) error {
	name, value, _ := strings.Cut(v, "=")
	o.prelude = append(o.prelude, strings.TrimRight("%define "+name+" "+value, " "))
	return nil
}

func (o *nasmOptions) undefine(v string) error {
	o.prelude = append(o.prelude, "%undef "+v)
	return nil
}

func (o *nasmOptions) addInclude(v string) error {
	o.include = append(o.include, v)
	return nil
}

func (o *nasmOptions) preInclude(v string) error {
	if v == "nasm" || v == "gas" || v == "tasm" { // yasm's -p names the parser
		return nil
	}
	o.prelude = append(o.prelude, "%include \""+v+"\"")
	return nil
}

func (o *nasmOptions) setOptimize(v string) error {
	for len(v) > 0 {
		digits := len(v) - len(strings.TrimLeft(v, "0123456789"))
		switch {
		case digits > 0:
			level := strings.TrimLeft(v[:digits], "0")
			o.optimize = map[string]x86.Optimization{"": x86.OptimizeConditions, "1": x86.OptimizeNumbers}[level]
			v = v[digits:]
			continue
		case v[0] == 'v' || v[0] == '+':
			o.countPasses = true
		case v[0] == 'x':
			o.optimize = x86.OptimizeFully
		default:
			return nasmFatal{text: "unknown optimization option -O" + v[:1] + "\n"}
		}
		v = v[1:]
	}
	return nil
}

// once notes the name of a file that can only be given once.
func (o *nasmOptions) once(name *string, v, what string) error {
	if *name != "" && *name != "-" {
		return nasmFatal{file: o.output, text: "more than one " + what + " file specified: " + v + "\n"}
	}
	*name = v
	return nil
}

// setLimit obeys --limit-NAME.
func (o *nasmOptions) setLimit(name, v string) {
	name = strings.ToLower(name)
	if !parser.KnownLimit(name) {
		o.doubts = append(o.doubts, "unknown limit: `"+name+"'")
		return
	}
	most, ok := parser.LimitValue(v)
	if !ok {
		o.doubts = append(o.doubts, "invalid limit value: `"+v+"'")
		return
	}
	if o.limits == nil {
		o.limits = map[string]int64{}
	}
	o.limits[name] = most
}

// setMaxErrors obeys --max-errors; 0 is no limit.
func (o *nasmOptions) setMaxErrors(v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return nasmFatal{text: "--max-errors takes a number, not `" + v + "'", hint: true}
	}
	if o.maxErrors = n; n == 0 {
		o.maxErrors = -1
	}
	return nil
}

func (o *nasmOptions) warn(v string) error {
	// Classes that tasm does not have are none of its warnings.
	o.warnings.Set(v)
	return nil
}

func (o *nasmOptions) setStyle(v string) error {
	switch strings.ToLower(v) {
	case "gnu", "gcc":
		o.style = "gnu"
	case "vc", "msvc", "ms":
		o.style = "vc"
	default:
		return nasmFatal{text: "unrecognized error reporting format `" + v + "'", hint: true}
	}
	return nil
}

// setMachine obeys yasm's -m.
func (o *nasmOptions) setMachine(v string) error {
	if v != "amd64" && v != "x86" {
		return nasmFatal{text: "unrecognised machine `" + v + "'"}
	}
	o.amd64 = v == "amd64"
	return nil
}

// settleFormat reads the format as yasm does: with -m amd64, in front or behind, elf is
// elf64.
func (o *nasmOptions) settleFormat() {
	switch {
	case o.format == "x64":
		o.format = "win64"
	case o.amd64 && o.format == "":
		o.format = "elf64"
	case o.amd64 && (o.format == "elf" || o.format == "macho" || o.format == "win"):
		o.format += "64"
	}
}

// yasmDebugFormats may stand behind a blank after -g in yasm. To nasm they would be names
// of a second source.
var yasmDebugFormats = []string{"dwarf2", "stabs", "cv8", "null"}

// parse reads arguments. What is wrong with one of them is noted and the next
// is looked at, unless it is fatal.
func (o *nasmOptions) parse(args []string, read func(string) (string, error)) error {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case strings.HasPrefix(arg, "@") && len(arg) > 1:
			var text string
			if text, err = read(arg[1:]); err != nil {
				return nasmFatal{text: "unable to open response file `" + arg[1:] + "'"}
			}
			var more []string
			for line := range strings.Lines(text) {
				more = append(more, splitEnvironment(strings.TrimRight(line, "\r\n"))...)
			}
			args = append(more, args...)
		case len(arg) < 2 || arg[0] != '-':
			err = o.addInput(arg)
		case strings.HasPrefix(arg, "-@"):
			name := strings.TrimLeft(arg[2:], " ")
			if name == "" && len(args) > 0 {
				name, args = args[0], args[1:]
			}
			if name == "" {
				o.errors = append(o.errors, "option `-@' requires an argument")
				break
			}
			text, err := read(name)
			if err != nil {
				o.errors = append(o.errors, "unable to open response file `"+name+"'")
			}
			args = append(responseLines(text), args...)
		case arg == "--":
			for _, name := range args {
				if err = o.addInput(name); err != nil {
					break
				}
			}
			args = nil
		case strings.HasPrefix(arg, "--"):
			args, err = o.word(arg, args)
		default:
			args, err = o.letter(arg, args)
		}
		if err != nil {
			return err
		}
	}
	o.settleFormat()
	return nil
}

func (o *nasmOptions) addInput(name string) error {
	if o.input != "" {
		return nasmFatal{file: o.input, text: "more than one input file specified: " + name + "\n"}
	}
	o.input = name
	return nil
}

// word obeys an option of two dashes.
func (o *nasmOptions) word(arg string, args []string) ([]string, error) {
	name, value, given := strings.Cut(arg[2:], "=")
	limit, isLimit := cutPrefixFold(name, "limit-")
	i := slices.IndexFunc(nasmWords, func(w nasmOption) bool { return strings.EqualFold(w.name, name) })
	if i < 0 && !isLimit {
		o.errors = append(o.errors, "unrecognized option `"+arg+"'")
		return args, nil
	}
	switch kind := needsValue; {
	case !isLimit && nasmWords[i].value != kind:
		if given && nasmWords[i].value == noValue {
			o.errors = append(o.errors, "option `--"+name+"' does not take an argument")
			return args, nil
		}
	case !given && len(args) == 0:
		o.errors = append(o.errors, "option `--"+name+"' requires an argument")
		return nil, nil
	case !given:
		value, args = args[0], args[1:]
	}
	if isLimit {
		o.setLimit(limit, value)
		return args, nil
	}
	return args, nasmWords[i].set(o, value)
}

// cutPrefixFold is strings.CutPrefix for any case of letters.
func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// letter obeys an option of one dash.
func (o *nasmOptions) letter(arg string, args []string) ([]string, error) {
	if arg[1] == 'M' {
		return o.dependency(arg, args)
	}
	i := slices.IndexFunc(nasmLetters, func(l nasmOption) bool { return l.name == arg[1:2] })
	if i < 0 {
		o.errors = append(o.errors, "unrecognised option `"+arg[:2]+"'")
		return args, nil
	}
	option := &nasmLetters[i]
	value := strings.TrimLeft(arg[2:], " \t")
	if option.value == needsValue && arg[2:] == "" {
		if len(args) == 0 || args[0] == "" {
			o.errors = append(o.errors, "option `"+arg[:2]+"' requires an argument")
			return args, nil
		}
		value, args = args[0], args[1:]
	}
	if option.name == "g" && value == "" && len(args) > 0 && slices.Contains(yasmDebugFormats, args[0]) {
		if value, args = args[0], args[1:]; value == "null" {
			return args, nil
		}
	}
	return args, option.set(o, value)
}

// dependency obeys an option that begins with M. The value of -MD may be missing,
// where another option follows.
func (o *nasmOptions) dependency(arg string, args []string) ([]string, error) {
	name := arg[2:min(3, len(arg))]
	i := slices.IndexFunc(nasmDependencies, func(d nasmOption) bool { return d.name == name })
	if i < 0 {
		o.errors = append(o.errors, "unknown dependency option `-M"+name+"'")
		return args, nil
	}
	value := ""
	if option := &nasmDependencies[i]; option.value == needsValue {
		switch {
		case len(args) == 0 || args[0] == "":
			o.errors = append(o.errors, "option `-M"+name+"' requires a parameter")
			return args, nil
		case name == "D" && args[0] != "-" && args[0][0] == '-':
		default:
			value, args = args[0], args[1:]
		}
	}
	return args, nasmDependencies[i].set(o, value)
}

// splitEnvironment takes apart the options in NASMENV: words between white space,
// or, where the first character is no dash, between that character.
func splitEnvironment(text string) []string {
	if text == "" || text[0] == '-' {
		return strings.Fields(text)
	}
	var out []string
	for _, word := range strings.Split(text[1:], text[:1]) {
		if word != "" {
			out = append(out, word)
		}
	}
	return out
}

// responseLines are the options in a response file, one a line; an option's
// value may follow it behind white space.
func responseLines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if name, value, ok := strings.Cut(line, " "); ok && line[0] == '-' {
			out = append(out, name, strings.TrimSpace(value))
			continue
		}
		out = append(out, line)
	}
	return out
}
