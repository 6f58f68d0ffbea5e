package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestReference keeps docs/cli.md, which is made of the same tables as help.
func TestReference(t *testing.T) {
	golden(t, "../../docs/cli.md", []byte(reference()))
}

// reference writes the reference of all commands in Markdown.
func reference() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- Made by 'make update' from the tables in cmd/tasm; do not edit. -->\n\n# The command line\n\n%s\n", purpose)
	for _, c := range commands() {
		fmt.Fprintf(&b, "\n## tasm %s\n\n`%s`: %s.\n", c.name, c.usageLine(), c.summary)
		for _, paragraph := range c.about {
			fmt.Fprintf(&b, "\n%s\n", paragraph)
		}
		for _, g := range c.groups {
			fmt.Fprintf(&b, "\n**%s**\n\n| option | meaning |\n|---|---|\n", g.title)
			for _, o := range optionsOf(g.set) {
				fmt.Fprintf(&b, "| `%s` | %s |\n", cell(o.synopsis()), cell(o.usage))
			}
		}
		if len(c.examples) > 0 {
			b.WriteString("\n**Examples**\n\n| command | result |\n|---|---|\n")
			for _, e := range c.examples {
				fmt.Fprintf(&b, "| `%s` | %s |\n", cell(e.line), cell(e.does))
			}
		}
	}
	b.WriteString("\n## Exit status\n\n| status | meaning |\n|---|---|\n")
	for _, e := range exitStatuses {
		fmt.Fprintf(&b, "| %s | %s |\n", e.line, e.does)
	}
	return b.String()
}

// cell guards what would end a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
