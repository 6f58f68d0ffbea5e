package main

import (
	"fmt"
	"io"
	"strings"
)

const purpose = "tasm assembles nasm-like sources into small executables, flat binaries and container images. An image needs no Docker to build and no base image to run."

func helpCommand() *command {
	man := false
	c := &command{
		args:     "[COMMAND]",
		summary:  "explain tasm or one of its commands",
		about:    []string{"Explains how tasm, or one of its commands, is used. What a word of the language means tells 'tasm explain WORD'."},
		examples: []example{{"tasm help build", "a command with its options"}, {"tasm help --man | man -l -", "all of them, as a manual page"}},
		complete: commandNames,
		run: func(sys *system, args []string) error {
			switch {
			case man && len(args) == 0:
				return writeManual(sys.stdout)
			case man:
				return usagef("--man is about all commands, and takes none")
			}
			switch len(args) {
			case 0:
				return writeOverview(sys.stdout)
			case 1:
				c := findCommand(args[0])
				if c == nil {
					return unknownCommand(args[0])
				}
				return c.writeHelp(sys.stdout)
			}
			return usagef("help takes one command")
		},
	}
	c.group("Options").BoolVar(&man, "man", false, "write the manual page tasm(1), for man")
	return c
}

// commandNames returns the names of all commands.
func commandNames() []string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return names
}

func namesOf(commands []*command) []string {
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	return names
}

// exitStatuses are the same for all commands.
var exitStatuses = []example{
	{"0", "done"},
	{"1", "a mistake in the source, or a file that can't be read or written; nothing is written"},
	{"2", "a mistake in the command line"},
}

// writeOverview explains tasm as a whole.
func writeOverview(w io.Writer) error {
	var b strings.Builder
	writeWrapped(&b, "", purpose)
	b.WriteString("\nUsage: tasm COMMAND [options] [arguments]\n\nCommands:\n")
	var rows []example
	all := commands()
	for _, c := range all {
		rows = append(rows, example{c.name, c.summary})
	}
	writeColumns(&b, rows)
	b.WriteString("\nExamples:\n")
	writeItems(&b, all[0].examples[:3])
	b.WriteString("\n'tasm help COMMAND' explains a command and its options.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// writeHelp explains the command.
func (c *command) writeHelp(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "tasm %s: %s\n\nUsage: %s\n", c.name, c.summary, c.usageLine())
	for _, paragraph := range c.about {
		b.WriteByte('\n')
		writeWrapped(&b, "", paragraph)
	}
	for _, g := range c.groups {
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		for _, o := range optionsOf(g.set) {
			writeItems(&b, []example{{o.synopsis(), o.usage}})
		}
	}
	if len(c.examples) > 0 {
		b.WriteString("\nExamples:\n")
		writeItems(&b, c.examples)
	}
	b.WriteString("\nExit status:\n")
	writeItems(&b, exitStatuses)
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *command) usageLine() string {
	line := "tasm " + c.name
	if len(c.groups) > 0 {
		line += " [options]"
	}
	if c.args != "" {
		line += " " + c.args
	}
	return line
}

// writeItems writes each item with what it does below it.
func writeItems(b *strings.Builder, items []example) {
	for _, e := range items {
		fmt.Fprintf(b, "  %s\n", e.line)
		writeWrapped(b, "        ", e.does)
	}
}

// helpWidth is how wide help is, in columns.
const helpWidth = 80

// writeWrapped writes text in lines of at most helpWidth columns.
func writeWrapped(b *strings.Builder, indent, text string) {
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column == 0:
			b.WriteString(indent)
			column = len(indent)
		case column+1+len(word) > helpWidth:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	b.WriteByte('\n')
}

// writeColumns writes rows with what they do in a column of its own.
func writeColumns(b *strings.Builder, rows []example) {
	width := 0
	for _, r := range rows {
		width = max(width, len(r.line))
	}
	for _, r := range rows {
		fmt.Fprintf(b, "  %-*s   %s\n", width, r.line, r.does)
	}
}
