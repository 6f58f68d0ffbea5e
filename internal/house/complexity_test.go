package house

import (
	"go/ast"
	"go/token"
	"path"
	"testing"
)

// maxComplexity bounds the ways through a function (McCabe, A Complexity Measure, 1976):
// what has more is to be taken apart into pieces with names of their own, or to become a
// table.
const maxComplexity = 30

func TestFunctionsAreSimple(t *testing.T) {
	functions := 0
	for _, s := range sources(t) {
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			functions++
			if n := complexity(f); n > maxComplexity && !s.isTest() {
				t.Errorf("%s: %s has a cyclomatic complexity of %d, more than %d", path.Join(s.dir, s.name), f.Name.Name, n, maxComplexity)
			}
		}
	}
	if functions < 1000 {
		t.Errorf("only %d functions were found", functions)
	}
}

// complexity counts the ways through a function, with those of the functions that it
// holds: one, and one more for each condition.
func complexity(f *ast.FuncDecl) int {
	n := 1
	ast.Inspect(f, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if x.List != nil {
				n++
			}
		case *ast.CommClause:
			if x.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}
