package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"tasm/spec"
)

// TestReference keeps docs/cli.md, which is made of the same tables as help.
func TestReference(t *testing.T) {
	golden(t, "../../docs/cli.md", []byte(reference()))
}

// readmeParts are the parts of README.md that are made of other files, between
// the comments "begin NAME" and "end".
var readmeParts = map[string]func(t *testing.T) string{
	"hello": func(t *testing.T) string {
		return "```nasm\n" + readText(t, samplesDir+"/hello.tasm") + "```\n"
	},
	"mistakes": func(t *testing.T) string {
		const source = "wrong.tasm"
		t.Chdir("testdata/readme")
		r := runTasm("", "build", source)
		return "```\n$ cat " + source + "\n" + readText(t, source) + "$ tasm build " + source + "\n" + r.stderr + "```\n"
	},
	"sizes": func(t *testing.T) string {
		var b strings.Builder
		b.WriteString("| sample | linux/386 | linux/amd64 | flat |\n|---|--:|--:|--:|\n")
		products := readProducts(t)
		for i, p := range products {
			if i > 0 && products[i-1].source == p.source {
				continue
			}
			size := map[string]string{}
			for _, other := range products {
				if other.source == p.source && other.format != "image" {
					size[other.target] = strconv.Itoa(other.size)
				}
			}
			fmt.Fprintf(&b, "| [%s](samples/%s) | %s | %s | %s |\n", strings.TrimSuffix(p.source, ".tasm"), p.source,
				size["linux/386"], size["linux/amd64"], size["-"])
		}
		return b.String()
	},
}

// TestReadme keeps what README.md tells of the samples and messages.
func TestReadme(t *testing.T) {
	text := fillParts(t, "../../README.md", readmeParts)
	for _, p := range readProducts(t) {
		if claim := fmt.Sprintf("The image above is %d bytes", p.size); p.source == "hello.tasm" && p.format == "elf" && !strings.Contains(strings.ReplaceAll(text, "\n", " "), claim) {
			t.Errorf("README.md does not say %q", claim)
		}
	}
}

// fillParts compares a page whose parts between the comments "begin NAME" and "end" are
// made by functions with its file, or rewrites that, and returns its text.
func fillParts(t *testing.T, path string, parts map[string]func(t *testing.T) string) string {
	t.Helper()
	text := readText(t, path)
	for name, part := range parts {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end -->\n"
		before, rest, ok := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no part %q", path, name)
		}
		t.Run(name, func(t *testing.T) { text = before + begin + part(t) + end + after })
	}
	golden(t, path, []byte(text))
	return text
}

// testParts are the parts of docs/test.md that are made of other files.
var testParts = map[string]func(t *testing.T) string{
	"sum": func(t *testing.T) string {
		t.Chdir("testdata/readme")
		return "```nasm\n" + readText(t, "sum.tasm") + "```\n\n" + indent("$ tasm test sum.tasm\n"+runTasm("", "test", "sum.tasm").stdout)
	},
	"copy": func(t *testing.T) string {
		t.Chdir("testdata/readme")
		return "```nasm\n" + readText(t, "copy.tasm") + "```\n\n" + indent("$ tasm test copy.tasm\n"+runTasm("", "test", "copy.tasm").stdout)
	},
	"forms": func(t *testing.T) string {
		var b strings.Builder
		b.WriteString("| line | meaning |\n|---|---|\n")
		for _, f := range spec.Forms() {
			fmt.Fprintf(&b, "| `%s` | %s |\n", cell(f.Form), cell(f.Does))
		}
		return b.String()
	},
}

// TestTestPage keeps what docs/test.md shows.
func TestTestPage(t *testing.T) { fillParts(t, "../../docs/test.md", testParts) }

// indent makes text of a page stand as it is.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
	}
	return b.String()
}

// TestPicture keeps the map of hello.tasm that README.md shows.
func TestPicture(t *testing.T) {
	t.Chdir("../..")
	golden(t, "docs/hello.svg", []byte(mustRun(t, "explain", "--format", "svg", "samples/hello.tasm")))
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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
