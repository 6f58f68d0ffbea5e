package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tasm/diag"
)

// root is the module's folder, module its path.
const (
	root   = "../.."
	module = "tasm"
)

// rooms are the packages in the order of the data's flow. A package imports
// only packages of rows above its own, and outside of the module only the
// libraries in its row. Tests are free to import more.
var rooms = []struct{ dir, libraries string }{
	{"diag", ""},
	{"lang", ""},
	{"parser", "github.com/alecthomas/participle/v2"},
	{"codegen/x86", ""},
	{"linux", ""},
	{"program", ""},
	{"object", ""},
	{"assembler", ""},
	{"object/dwarf", ""},
	{"object/elf", ""},
	{"object/macho", ""},
	{"object/omf", ""},
	{"object/ieee", ""},
	{"object/objfile", ""},
	{"object/aout", ""},
	{"object/as86", ""},
	{"object/dbg", ""},
	{"object/coff", ""},
	{"object/write", ""},
	{"machine", ""},
	{"flow", ""},
	{"layout/elf", ""},
	{"layout/equiv", ""},
	{"layout/place", ""},
	{"layout/rewrite", ""},
	{"layout/synth", ""},
	{"layout", ""},
	{"layout/record", ""},
	{"cache", ""},
	{"vm", ""},
	{"process", ""},
	{"origin", ""},
	{"symbols", ""},
	{"crash", ""},
	{"lint", ""},
	{"oci/deflate", ""},
	{"oci/fill", ""},
	{".", ""},
	{"spec", "github.com/aymanbagabas/go-udiff"},
	{"spec/report", ""},
	{"format", "github.com/aymanbagabas/go-udiff"},
	{"lessons", ""},
	{"listing", ""},
	{"disasm", ""},
	{"manual", ""},
	{"lsp", ""},
	{"lsp/stream", "github.com/sourcegraph/jsonrpc2"},
	{"debugger", ""},
	{"debugger/console", ""},
	{"debugger/screen", "charm.land/bubbletea/v2"},
	{"site/engine", ""},
	{"site/wasm", ""},
	{"site", ""},
	{"oci/content", "github.com/google/go-containerregistry"},
	{"oci/registry", "github.com/google/go-containerregistry"},
	{"oci/rootfs", "github.com/google/go-containerregistry"},
	{"oci/launch", "github.com/google/go-containerregistry"},
	{"oci", "github.com/google/go-containerregistry"},
	{"site/container", ""},
	{"site/wasm/container", ""},
	{"cmd/tasm", "github.com/spf13/pflag"},
}

// helpers are folders of tests and tools; nothing imports them but tests.
var helpers = []string{"internal/", "test/", "bench", "samples"}

// source is a parsed Go file.
type source struct {
	dir  string // below root, with slashes
	name string
	ast  *ast.File
}

func (s *source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// sources parses all Go files of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return cmpErr(err, filepath.SkipDir)
		}
		if filepath.Ext(p) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(p))
		out = append(out, source{filepath.ToSlash(dir), d.Name(), file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// room returns the index in rooms of the package that dir belongs to, or -1.
// A package's own internal folders are part of it.
func room(dir string) int {
	dir, _, _ = strings.Cut(dir, "/internal")
	return slices.IndexFunc(rooms, func(r struct{ dir, libraries string }) bool { return r.dir == dir })
}

func isHelper(dir string) bool {
	return slices.ContainsFunc(helpers, func(h string) bool { return strings.HasPrefix(dir+"/", h) })
}

// isStandard reports whether a path is one of the standard library: its first
// part has no dot.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func TestImportsGoOneWay(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || isHelper(s.dir) {
			continue
		}
		own := room(s.dir)
		if own < 0 {
			t.Errorf("%s is in no row of the table", s.dir)
			continue
		}
		for _, spec := range s.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if imported == module {
				imported += "/."
			}
			if dir, ours := strings.CutPrefix(imported, module+"/"); ours {
				if other := room(dir); other < 0 || other > own {
					t.Errorf("%s imports %s, which stands below it", path.Join(s.dir, s.name), imported)
				}
				continue
			}
			library := rooms[own].libraries
			if !isStandard(imported) && (library == "" || imported != library && !strings.HasPrefix(imported, library+"/")) {
				t.Errorf("%s imports %s, which is not in its row of the table", path.Join(s.dir, s.name), imported)
			}
		}
	}
}

func TestPackagesSayTheirJob(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if !s.isTest() {
			documented[s.dir] = documented[s.dir] || len(s.ast.Doc.Text()) > 40
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment that says its job", dir)
		}
	}
}

// computedClasses are classes of warnings that the code does not write out
// where it gives the warning: those of a table in codegen/x86, and those of
// lang that end with what is wrong with a floating-point constant.
var computedClasses = []string{
	"prefix-seg", "prefix-opsize", "prefix-lock", "prefix-bnd", "prefix-hle", "ea-absolute", "ea-dispsize",
	"float-overflow", "float-underflow", "float-denorm",
}

// TestWarningClasses compares the table of classes with the warnings that the
// code can give.
func TestWarningClasses(t *testing.T) {
	given := map[string]bool{}
	for _, class := range computedClasses {
		given[class] = true
	}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			name := ""
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				name = f.Sel.Name
			case *ast.Ident:
				name = f.Name
			}
			at := 0
			switch {
			case strings.EqualFold(name, "Warningf"):
			case name == "warn" && s.dir == "lint" && len(call.Args) > 1:
				at = 1 // behind the place
			default:
				return true
			}
			class, ok := call.Args[at].(*ast.BasicLit)
			if !ok {
				return true
			}
			text, err := strconv.Unquote(class.Value)
			if err != nil {
				t.Fatal(err)
			}
			given[text] = true
			return true
		})
	}
	var listed []string
	for _, c := range diag.WarningClasses {
		listed = append(listed, c.Name)
		if c.About == "" {
			t.Errorf("class %s is not explained", c.Name)
		}
	}
	slices.Sort(listed)
	if got := slices.Sorted(maps.Keys(given)); !slices.Equal(got, listed) {
		t.Errorf("the code gives warnings of the classes\n%v\nand diag.WarningClasses lists\n%v", got, listed)
	}
}

// TestLanguageIsDocumented looks in docs/language.md for every directive in the
// tables of the parser and for every class of warnings.
func TestLanguageIsDocumented(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, s := range sources(t) {
		if s.dir != "parser" || s.isTest() {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			assign, ok := n.(*ast.AssignStmt)
			if !ok || len(assign.Lhs) != 1 {
				return true
			}
			table, ok := assign.Lhs[0].(*ast.Ident)
			if !ok || !slices.Contains([]string{"rules", "primitives", "ownRules", "directives"}, table.Name) {
				return true
			}
			literal, ok := assign.Rhs[0].(*ast.CompositeLit)
			if !ok {
				return true
			}
			tables++
			for _, e := range literal.Elts {
				name, err := strconv.Unquote(e.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				if !regexp.MustCompile("`(" + `[^` + "`]*[ |\\[])?" + regexp.QuoteMeta(name) + "[ |`]").Match(text) {
					t.Errorf("docs/language.md does not tell of %s", name)
				}
			}
			return true
		})
	}
	if tables < 3 {
		t.Errorf("only %d tables of directives were found", tables)
	}
	for _, c := range diag.WarningClasses {
		row := "| `" + c.Name + "` | " + c.About + " |"
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/language.md lacks the row %s", row)
		}
	}
}
