package house

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/limits.md anew")

const limitsPage = root + "/docs/limits.md"

// isLimited tells the rooms whose limits are listed.
var isLimited = regexp.MustCompile(`^(parser|assembler|flow|machine|layout(/\w+)?|vm|debugger)$`)

// limit is a row of limits.go: a number, and of what it bounds how much there may be.
type limit struct{ name, value, of string }

// TestLimits holds docs/limits.md against the files limits.go of all rooms, in which
// each limit stands in a line of its own; no limit of these rooms stands elsewhere.
func TestLimits(t *testing.T) {
	var page strings.Builder
	page.WriteString(`# Limits

What a source may ask for, what the search for small files may take, and what a run and a session keep, room by room. They are constants in the
file ` + "`limits.go`" + ` of each room, from which this page is made
(` + "`go test ./internal/house -update`" + `). [layout.md](layout.md) tells what the rooms do, and
[language.md](language.md#limits) which limits of sources can be set.
`)
	list := sources(t)
	listed := map[string]bool{}
	for _, r := range rooms {
		for _, s := range list {
			if s.dir == r.dir && s.name == "limits.go" && isLimited.MatchString(s.dir) {
				listed[s.dir] = true
				fmt.Fprintf(&page, "\n## %s\n\n| limit | | of |\n|---|---|---|\n", s.dir)
				for _, l := range limits(t, s) {
					fmt.Fprintf(&page, "| `%s` | %s | %s |\n", l.name, l.value, l.of)
				}
			}
		}
	}
	if len(listed) < 12 {
		t.Errorf("only %d rooms have a file limits.go", len(listed))
	}
	isLimit := regexp.MustCompile(`^(max|most|least)[A-Z]`)
	for _, s := range list {
		if !listed[s.dir] || s.isTest() || s.name == "limits.go" {
			continue
		}
		for _, name := range constants(s) {
			if isLimit.MatchString(name) {
				t.Errorf("%s of %s/%s belongs into %s/limits.go", name, s.dir, s.name, s.dir)
			}
		}
	}
	if *update {
		if err := os.WriteFile(limitsPage, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(limitsPage); err != nil || string(got) != page.String() {
		t.Errorf("docs/limits.md is not as the files limits.go make it (%v); with -update it is written anew", err)
	}
}

// constants lists the names of a file's constants.
func constants(s source) []string {
	var names []string
	for _, d := range s.ast.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, spec := range g.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// limits lists the constants of a file limits.go.
func limits(t *testing.T, s source) []limit {
	var list []limit
	for _, d := range s.ast.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok == token.IMPORT {
			continue
		}
		for _, spec := range g.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || g.Tok != token.CONST || len(v.Names) != 1 || len(v.Values) != 1 || v.Comment == nil {
				t.Fatalf("%s/limits.go holds something else than constants, each with a comment behind it", s.dir)
			}
			list = append(list, limit{v.Names[0].Name, number(t, v.Values[0]), strings.TrimSpace(v.Comment.Text())})
		}
	}
	return list
}

// number writes the value of a constant with commas between thousands; what is another
// one's name stays as it is.
func number(t *testing.T, x ast.Expr) string {
	var text bytes.Buffer
	if err := printer.Fprint(&text, token.NewFileSet(), x); err != nil {
		t.Fatal(err)
	}
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text.String())
	if err != nil {
		return "`" + text.String() + "`"
	}
	digits := v.Value.ExactString()
	if _, err := strconv.Atoi(digits); err != nil {
		t.Fatalf("%s is no number", digits)
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
