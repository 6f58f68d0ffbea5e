package main

import (
	"fmt"
	"io"
	"strings"
)

// writeManual writes the manual page tasm(1), for man (man-pages(7), groff_man(7)).
func writeManual(w io.Writer) error {
	var b strings.Builder
	b.WriteString(".TH TASM 1 \"\" \"tasm\" \"User Commands\"\n.SH NAME\ntasm \\- assemble sources into small executables and container images\n" +
		".SH SYNOPSIS\n.B tasm\n.I COMMAND\n.RI [ options ]\n.RI [ arguments ]\n.SH DESCRIPTION\n")
	fmt.Fprintf(&b, "%s\n", roff(purpose))
	b.WriteString(".SH COMMANDS\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, ".SS \"%s\"\n%s.\n", roff(c.usageLine()), roff(strings.ToUpper(c.summary[:1])+c.summary[1:]))
		for _, paragraph := range c.about {
			fmt.Fprintf(&b, ".PP\n%s\n", roff(paragraph))
		}
		for _, g := range c.groups {
			fmt.Fprintf(&b, ".PP\n%s:\n", roff(g.title))
			for _, o := range optionsOf(g.set) {
				fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(o.synopsis()), roff(o.usage))
			}
		}
		for i, e := range c.examples {
			if i == 0 {
				b.WriteString(".PP\nExamples:\n")
			}
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(e.line), roff(e.does))
		}
	}
	b.WriteString(".SH EXIT STATUS\n")
	for _, e := range exitStatuses {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(e.line), roff(e.does))
	}
	b.WriteString(".SH ENVIRONMENT\n.TP\n.B SOURCE_DATE_EPOCH\nthe time of an image and of predefined macros, in seconds since 1970\n.TP\n.B NO_COLOR\nkeeps messages from being coloured\n" +
		".SH SEE ALSO\n.BR nasm (1),\n.BR docker (1),\n.BR elf (5),\n.BR syscalls (2)\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// roff keeps text from being taken for requests and escapes.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
