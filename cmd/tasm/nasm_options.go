package main

import (
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
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
	noLine                         bool // %line does nothing
	dependencies                   dependencyOptions
	names                          program.Affixes
	// information asked for instead of work
	version, help, formats bool

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
	name string
	// value says whether there is a value: "" for none, "next" for one that may
	// follow in the next argument, "joined" for one that can only be joined.
	value string
	set   func(o *nasmOptions, value string) error
}

// nasmLetters are the options of one letter; the longest name that fits counts.
var nasmLetters = []nasmOption{
	{"MG", "", func(o *nasmOptions, _ string) error { o.depend, o.dependencies.missing = true, true; return nil }},
	{"MP", "", func(o *nasmOptions, _ string) error { o.dependencies.phony = true; return nil }},
	{"MD", "next", func(o *nasmOptions, v string) error { o.dependencies.also, o.dependencies.file = true, v; return nil }},
	{"MF", "next", func(o *nasmOptions, v string) error { o.dependencies.file = v; return nil }},
	{"MT", "next", func(o *nasmOptions, v string) error { o.dependencies.target = v; return nil }},
	{"MQ", "next", func(o *nasmOptions, v string) error { o.dependencies.target = quoteForMake(v); return nil }},
	{"MW", "", func(o *nasmOptions, _ string) error { return nil }},
	{"M", "", func(o *nasmOptions, _ string) error { o.depend = true; return nil }},
	{"f", "next", func(o *nasmOptions, v string) error { o.format = v; return nil }},
	{"o", "next", func(o *nasmOptions, v string) error { o.output = v; return nil }},
	{"l", "next", func(o *nasmOptions, v string) error { o.listing = v; return nil }},
	{"L", "joined", nil},
	{"D", "next", (*nasmOptions).define},
	{"d", "next", (*nasmOptions).define},
	{"U", "next", (*nasmOptions).undefine},
	{"u", "next", (*nasmOptions).undefine},
	{"I", "next", (*nasmOptions).addInclude},
	{"i", "next", (*nasmOptions).addInclude},
	{"P", "next", (*nasmOptions).preInclude},
	{"p", "next", (*nasmOptions).preInclude},
	{"E", "", func(o *nasmOptions, _ string) error { o.preprocess = true; return nil }},
	{"e", "", func(o *nasmOptions, _ string) error { o.preprocess = true; return nil }},
	{"a", "joined", (*nasmOptions).noPreprocessor},
	{"O", "next", (*nasmOptions).setOptimize},
	{"g", "joined", func(o *nasmOptions, v string) error {
		o.debug = true
		if v != "" {
			o.debugFormat = v
		}
		return nil
	}},
	{"F", "next", func(o *nasmOptions, v string) error { o.debugFormat = v; return nil }},
	{"w", "joined", (*nasmOptions).warn},
	{"W", "joined", (*nasmOptions).warn},
	{"X", "next", (*nasmOptions).setStyle},
	{"Z", "next", func(o *nasmOptions, v string) error { o.messagesTo = v; return nil }},
	{"s", "", func(o *nasmOptions, _ string) error { o.messagesTo = "-"; return nil }},
	{"t", "", func(o *nasmOptions, _ string) error {
		o.doubts = append(o.doubts, "-t is ignored: tasm has no mode for sources of Turbo Assembler")
		return nil
	}},
	{"v", "", func(o *nasmOptions, _ string) error { o.version = true; return nil }},
	{"hf", "", func(o *nasmOptions, _ string) error { o.help, o.formats = true, true; return nil }},
	{"h", "", func(o *nasmOptions, _ string) error { o.help = true; return nil }},
	{"y", "", func(o *nasmOptions, _ string) error { o.help, o.formats = true, true; return nil }},
	// yasm's: the machine, and which parser reads the source.
	{"m", "next", func(o *nasmOptions, v string) error { return o.setMachine(v) }},
	{"r", "next", func(*nasmOptions, string) error { return nil }},
}

// nasmWords are the options of two dashes.
var nasmWords = []nasmOption{
	{"v", "", func(o *nasmOptions, _ string) error { o.version = true; return nil }},
	{"version", "", func(o *nasmOptions, _ string) error { o.version = true; return nil }},
	{"help", "", func(o *nasmOptions, _ string) error { o.help = true; return nil }},
	{"prefix", "next", func(o *nasmOptions, v string) error { o.names.Prefix = v; return nil }},
	{"gprefix", "next", func(o *nasmOptions, v string) error { o.names.Prefix = v; return nil }},
	{"suffix", "next", func(o *nasmOptions, v string) error { o.names.Suffix = v; return nil }},
	{"postfix", "next", func(o *nasmOptions, v string) error { o.names.Suffix = v; return nil }},
	{"gpostfix", "next", func(o *nasmOptions, v string) error { o.names.Suffix = v; return nil }},
	{"lprefix", "next", func(o *nasmOptions, v string) error { o.names.LocalPrefix = v; return nil }},
	{"lpostfix", "next", func(o *nasmOptions, v string) error { o.names.LocalSuffix = v; return nil }},
	{"include", "next", (*nasmOptions).preInclude},
	{"pragma", "next", func(o *nasmOptions, v string) error { o.prelude = append(o.prelude, "%pragma "+v); return nil }},
	{"before", "next", func(o *nasmOptions, v string) error { o.prelude = append(o.prelude, v); return nil }},
	{"keep-all", "", func(o *nasmOptions, _ string) error { o.keep = true; return nil }},
	{"no-line", "", func(o *nasmOptions, _ string) error { o.noLine = true; return nil }},
	{"reproducible", "", func(o *nasmOptions, _ string) error { o.reproducible = true; return nil }},
	// yasm's.
	{"oformat", "next", func(o *nasmOptions, v string) error { o.format = v; return nil }},
	{"objfile", "next", func(o *nasmOptions, v string) error { o.output = v; return nil }},
	{"machine", "next", (*nasmOptions).setMachine},
	{"dformat", "next", func(o *nasmOptions, v string) error { o.debug, o.debugFormat = true, v; return nil }},
	{"list", "next", func(o *nasmOptions, v string) error { o.listing = v; return nil }},
	{"parser", "next", func(*nasmOptions, string) error { return nil }},
	{"preproc", "next", func(*nasmOptions, string) error { return nil }},
	{"arch", "next", func(*nasmOptions, string) error { return nil }},
	{"preproc-only", "", func(o *nasmOptions, _ string) error { o.preprocess = true; return nil }},
	{"force-strict", "", func(o *nasmOptions, _ string) error {
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

func (o *nasmOptions) noPreprocessor(v string) error {
	if v == "" {
		o.doubts = append(o.doubts, "-a is ignored: the source is preprocessed")
	}
	return nil
}

func (o *nasmOptions) setOptimize(v string) error {
	if strings.Trim(v, "0123456789xv") != "" {
		return nasmFatal{text: "unknown optimization option -O" + v + "\n", hint: false}
	}
	if levels := strings.Trim(v, "xv"); levels != "" {
		o.optimize = map[string]x86.Optimization{"0": x86.OptimizeConditions, "1": x86.OptimizeNumbers}[levels]
	}
	if strings.Contains(v, "x") {
		o.optimize = x86.OptimizeFully
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
	case "gnu", "vc":
		o.style = strings.ToLower(v)
		return nil
	}
	return nasmFatal{text: "unrecognized error reporting format `" + v + "'", hint: true}
}

// setMachine obeys yasm's -m: with it -f elf means the machine's format.
func (o *nasmOptions) setMachine(v string) error {
	switch {
	case v == "amd64" && o.format == "elf", v == "amd64" && o.format == "":
		o.format = "elf64"
	case v == "amd64" && (o.format == "macho" || o.format == "win"):
		o.format += "64"
	case v == "amd64" || v == "x86":
	default:
		return nasmFatal{text: "unrecognised machine `" + v + "'"}
	}
	return nil
}

// parse reads arguments. What is wrong with one of them is noted and the next
// is looked at, unless it is fatal.
func (o *nasmOptions) parse(args []string, read func(string) ([]string, error)) error {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case len(arg) < 2 || arg[0] != '-':
			err = o.addInput(arg)
		case arg == "-@":
			if len(args) == 0 {
				o.errors = append(o.errors, "option `-@' requires an argument")
				break
			}
			var more []string
			if more, err = read(args[0]); err != nil {
				o.errors = append(o.errors, "unable to open response file `"+args[0]+"'")
				err = nil
			}
			args = append(more, args[1:]...)
		case arg == "--":
			for _, name := range args {
				if err = o.addInput(name); err != nil {
					break
				}
			}
			args = nil
		case strings.HasPrefix(arg, "--limit-"):
			if !strings.Contains(arg, "=") && len(args) > 0 {
				args = args[1:]
			}
		case strings.HasPrefix(arg, "--"):
			args, err = o.word(arg, args)
		default:
			args, err = o.letter(arg, args)
		}
		if err != nil {
			return err
		}
	}
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
	for _, w := range nasmWords {
		if w.name != name {
			continue
		}
		if w.value != "" && !given {
			if len(args) == 0 {
				o.errors = append(o.errors, "option `--"+name+"' requires an argument")
				return nil, nil
			}
			value, args = args[0], args[1:]
		}
		return args, w.set(o, value)
	}
	o.errors = append(o.errors, "unrecognized option `"+arg+"'")
	return args, nil
}

// letter obeys an option of one dash.
func (o *nasmOptions) letter(arg string, args []string) ([]string, error) {
	for _, l := range nasmLetters {
		value, fits := strings.CutPrefix(arg[1:], l.name)
		if !fits {
			continue
		}
		if l.value == "" && value != "" {
			if l.name == "M" || l.name == "h" {
				continue
			}
			if l.name != "v" && l.name != "E" && l.name != "e" && l.name != "s" && l.name != "t" {
				break
			}
		}
		if l.value == "next" {
			if value = strings.TrimLeft(value, " "); value == "" {
				if len(args) == 0 {
					o.errors = append(o.errors, "option `-"+l.name[:1]+"' requires an argument")
					return nil, nil
				}
				value, args = args[0], args[1:]
			}
		}
		if l.set == nil {
			return args, nil
		}
		return args, l.set(o, value)
	}
	o.errors = append(o.errors, "unrecognised option `-"+arg[1:2]+"'")
	return args, nil
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
