package main

import (
	"fmt"
	"io"
	"strings"
)

// shells have a completion script.
var shells = []struct {
	name  string
	write func(io.Writer, []*command) error
	setup string
}{
	{"bash", bashCompletion, "source <(tasm completion bash)"},
	{"zsh", zshCompletion, "source <(tasm completion zsh)"},
	{"fish", fishCompletion, "tasm completion fish | source"},
}

func completionCommand() *command {
	var names []string
	c := &command{
		args:     "SHELL",
		summary:  "print a script that completes commands and options in a shell",
		about:    []string{"Prints a script for bash, zsh or fish. Load it from the file that your shell reads when it starts, as the examples show."},
		complete: func() []string { return names },
	}
	for _, s := range shells {
		names = append(names, s.name)
		c.examples = append(c.examples, example{s.setup, "in " + s.name})
	}
	c.run = func(sys *system, args []string) error {
		if len(args) != 1 {
			return usagef("name the shell: %s", strings.Join(names, ", "))
		}
		for _, s := range shells {
			if s.name == args[0] {
				return s.write(sys.stdout, commands())
			}
		}
		return usagef("there is no completion for '%s', only for %s", args[0], strings.Join(names, ", "))
	}
	return c
}

func bashCompletion(w io.Writer, commands []*command) error {
	var b strings.Builder
	b.WriteString(`# bash completion for tasm

_tasm() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "` + strings.Join(namesOf(commands), " ") + `" -- "$word"))
        return
    fi
    case ${COMP_WORDS[1]} in
`)
	for _, c := range commands {
		fmt.Fprintf(&b, "    %s)\n        case $before in\n", c.name)
		var spellings []string
		for _, o := range c.options() {
			spellings = append(spellings, o.spellings()...)
			if reply := bashReply(o); reply != "" {
				fmt.Fprintf(&b, "        %s) %s; return ;;\n", strings.Join(o.spellings(), "|"), reply)
			}
		}
		b.WriteString("        esac\n")
		fmt.Fprintf(&b, "        case $word in\n        -*) COMPREPLY=($(compgen -W \"%s\" -- \"$word\")) ;;\n", strings.Join(spellings, " "))
		if c.complete != nil {
			fmt.Fprintf(&b, "        *) COMPREPLY=($(compgen -W \"%s\" -- \"$word\")) ;;\n", strings.Join(c.complete(), " "))
		} else if c.args != "" {
			b.WriteString("        *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n")
		}
		b.WriteString("        esac ;;\n")
	}
	b.WriteString("    esac\n}\ncomplete -o filenames -F _tasm tasm\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func bashReply(o option) string {
	switch {
	case o.words != nil:
		return fmt.Sprintf(`COMPREPLY=($(compgen -W "%s" -- "$word"))`, strings.Join(o.words, " "))
	case o.value == "FILE":
		return `COMPREPLY=($(compgen -f -- "$word"))`
	case o.value == "DIR":
		return `COMPREPLY=($(compgen -d -- "$word"))`
	case o.value != "":
		return ":"
	}
	return ""
}

func zshCompletion(w io.Writer, commands []*command) error {
	var b strings.Builder
	b.WriteString("#compdef tasm\n\n_tasm() {\n    local -a commands\n    commands=(\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "        %s\n", quote(c.name+":"+c.summary))
	}
	b.WriteString("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n")
	b.WriteString("    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command in\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "    %s)\n        _arguments", c.name)
		for _, o := range c.options() {
			for _, s := range o.spellings() {
				fmt.Fprintf(&b, " \\\n            %s", quote("*"+s+"["+zshText.Replace(o.usage)+"]"+zshAction(o)))
			}
		}
		if c.complete != nil {
			fmt.Fprintf(&b, " \\\n            %s", quote("1::("+strings.Join(c.complete(), " ")+")"))
		} else if c.args != "" {
			fmt.Fprintf(&b, " \\\n            %s", quote("*:file:_files"))
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("    esac\n}\ncompdef _tasm tasm\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// zshText guards what has a meaning in the specifications of _arguments.
var zshText = strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`)

func zshAction(o option) string {
	switch {
	case o.words != nil:
		return ":word:(" + strings.Join(o.words, " ") + ")"
	case o.value == "FILE":
		return ":file:_files"
	case o.value == "DIR":
		return ":directory:_files -/"
	case o.value != "":
		return ":value:"
	}
	return ""
}

func fishCompletion(w io.Writer, commands []*command) error {
	var b strings.Builder
	b.WriteString("# fish completion for tasm\n\ncomplete -c tasm -f\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "complete -c tasm -n __fish_use_subcommand -a %s -d %s\n", c.name, quote(c.summary))
		when := quote("__fish_seen_subcommand_from " + c.name)
		for _, o := range c.options() {
			fmt.Fprintf(&b, "complete -c tasm -n %s", when)
			if o.short != "" {
				fmt.Fprintf(&b, " -s %s", o.short)
			}
			fmt.Fprintf(&b, " -l %s%s -d %s\n", o.long, fishArgument(o), quote(o.usage))
		}
		if c.complete != nil {
			fmt.Fprintf(&b, "complete -c tasm -n %s -a %s\n", when, quote(strings.Join(c.complete(), " ")))
		} else if c.args != "" {
			fmt.Fprintf(&b, "complete -c tasm -n %s -F\n", when)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fishArgument(o option) string {
	switch {
	case o.words != nil:
		return " -x -a " + quote(strings.Join(o.words, " "))
	case o.value == "FILE":
		return " -r -F"
	case o.value == "DIR":
		return " -x -a '(__fish_complete_directories)'"
	case o.value != "":
		return " -x"
	}
	return ""
}

// quote quotes s for all three shells; no text of ours has a quote in it that
// would need more.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "’") + "'" }
