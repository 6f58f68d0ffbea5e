package conformance

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/layout"
)

var sourcesFlag = flag.Int("sources", 60, "how many random sources of directives to compare with nasm")

// TestRandomDirectives compares sources made of directives and words of the
// preprocessor with nasm: macros of both kinds, conditions, loops, contexts,
// functions, sections. make differential runs tens of thousands.
func TestRandomDirectives(t *testing.T) {
	accepted := make([]bool, *sourcesFlag)
	t.Run("seed", func(t *testing.T) {
		for i := range *sourcesFlag {
			seed := *firstSeed + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				lines := randomDirectives(seed)
				ours, theirs := both(t, lines)
				accepted[i] = theirs.accepted
				if same(ours, theirs) {
					return
				}
				lines = minimize(t, lines, ours.accepted, theirs.accepted)
				ours, theirs = both(t, lines)
				t.Errorf("seed %d:\n%s", seed, strings.Join(lines, "\n"))
				dir := t.TempDir()
				writeLines(t, filepath.Join(dir, "p.asm"), lines)
				compare(t, dir, "p.asm", ours, theirs)
			})
		}
	})
	expectAccepted(t, accepted, len(accepted)/3)
}

// expectAccepted reports of how many sources nasm has accepted, and fails below a number.
func expectAccepted(t *testing.T, accepted []bool, least int) {
	t.Helper()
	n := 0
	for _, ok := range accepted {
		if ok {
			n++
		}
	}
	t.Logf("nasm accepts %d of %d", n, len(accepted))
	if n < least {
		t.Errorf("nasm accepts only %d of %d random sources", n, len(accepted))
	}
}

// directives makes lines of directives.
type directives struct {
	*rand.Rand
	inMacro bool
}

// randomDirectives makes a source in which every name that is used has a value.
func randomDirectives(seed uint64) []string {
	g := &directives{Rand: rand.New(rand.NewPCG(seed, 14))}
	var lines []string
	for i, name := range []string{"foo", "bar", "k", "x1"} {
		lines = append(lines, fmt.Sprintf("%%define %s %d", name, i+1), fmt.Sprintf("%%define %sf(a,b) a-b", name))
	}
	lines = append(lines, "%macro m1 0-*", "db %0", "%endmacro", "%macro m2 1", "db 7", "%endmacro")
	for range 3 + g.IntN(9) {
		lines = append(lines, g.lines(0)...)
	}
	return lines
}

func (g *directives) one(of ...string) string { return of[g.IntN(len(of))] }

func (g *directives) number() string {
	return g.one("0", "1", "2", "3", "5", "7", "8", "10", "255", "-1")
}

func (g *directives) name() string { return g.one("foo", "bar", "k", "x1") }

func (g *directives) expr(depth int) string {
	switch n := g.IntN(9); {
	case n < 4 || depth > 2:
		return g.number()
	case n == 4:
		return "(" + g.expr(depth+1) + g.one("+", "-", "*", "|", "&", "^") + g.expr(depth+1) + ")"
	case n == 5:
		return g.name()
	case n == 6:
		return "%[" + g.name() + "]"
	case n == 7:
		return g.one("%eval(", "%abs(") + g.expr(depth+1) + ")"
	}
	return "%cond(" + g.expr(depth+1) + "," + g.number() + "," + g.number() + ")"
}

func (g *directives) words() string {
	var words []string
	for range g.IntN(4) {
		w := []string{g.number(), g.name(), "(1)", "+ 2"}
		if g.inMacro {
			w = append(w, "%1", "%0")
		}
		words = append(words, g.one(w...))
	}
	return strings.Join(words, " ")
}

func (g *directives) arguments() string {
	var list []string
	for range g.IntN(4) {
		list = append(list, g.one(g.number(), g.name(), "{1,2}", "", "'t'"))
	}
	return strings.Join(list, ",")
}

// block is some lines between the directives that open and close it.
func (g *directives) block(depth int, open, end string) []string {
	lines := []string{open}
	for range 1 + g.IntN(4) {
		if depth > 3 {
			lines = append(lines, "nop")
			break
		}
		lines = append(lines, g.lines(depth+1)...)
	}
	return append(lines, end)
}

// lines makes a line, or a block of them.
func (g *directives) lines(depth int) []string {
	n := g.name()
	switch g.IntN(12) {
	case 0:
		return g.block(depth, g.one("%if "+g.expr(0), "%ifdef "+n, "%ifndef "+n+"q", "%ifempty "+n, "%ifid "+n, "%ifnum "+n,
			"%ifidn "+n+","+g.name(), "%ifmacro "+g.one("m1", "m2 1", "m3 0-1", "align", "zz"), "%ifctx ctx"), "%endif")
	case 1:
		return g.block(depth, fmt.Sprintf("%%rep %d", g.IntN(4)), "%endrep")
	case 2:
		if depth > 0 || g.inMacro {
			return []string{"nop"}
		}
		g.inMacro = true
		defer func() { g.inMacro = false }()
		return g.block(depth, "%macro "+g.one("m1", "m2", "m3")+" "+g.one("0", "1", "1-2", "0-1", "1+", "2", "1-*", "0-*", "1-2+", "0-1 4"), "%endmacro")
	case 3:
		return g.block(depth, g.one("%push", "%push ctx"), "%pop")
	case 4, 5:
		return []string{g.one("m1", "m2", "m3") + " " + g.arguments()}
	case 6:
		return []string{g.one("%assign ", "%xdefine ", "%define ") + n + " " + g.expr(0)}
	}
	line := g.one(
		"%defstr "+n+" "+g.words(),
		"%strlen "+n+" 'abc'",
		fmt.Sprintf("%%substr %s 'abcdef' %d,%d", n, g.IntN(7), g.IntN(8)-3),
		"%deftok "+n+" '"+g.one("1", "1+2", "k")+"'",
		"align "+g.one("1", "2", "4", "8")+g.one("", ", db 0"),
		"section "+g.one(".text", ".data", "s2", ".bss")+g.one("", " align=8", " align=2"),
		fmt.Sprintf("times %d db %s", g.IntN(4), g.number()),
		"db %num("+g.expr(0)+","+g.number()+")",
		"db %str("+n+")",
		"db %sel("+g.one("1", "2")+","+g.number()+","+g.number()+")",
		"db "+n+"f("+g.expr(0)+","+g.expr(0)+")",
		g.one("%iassign ", "%idefine ", "%ixdefine ")+strings.ToUpper(n)+" "+g.number(),
		"dw __?LINE?__",
		"db "+g.expr(0)+","+g.expr(0),
		"%defalias "+n+"z "+n,
	)
	if g.inMacro && g.IntN(6) == 0 {
		line = g.one("%rotate 1", "%%l: db 1", "db %0", "dw %%l")
	}
	return []string{line}
}

// TestWarningDirective compares what a source makes of warnings: only those that it
// makes errors are seen here.
func TestWarningDirective(t *testing.T) {
	for _, source := range []string{
		"[warning +error]⏎db 300",
		"[warning +error=number-overflow]⏎db 300",
		"[warning error=number-overflow]⏎[warning *all]⏎db 300",
		"[warning error=number-overflow]⏎[warning *error=number-overflow]⏎db 300",
		"[warning error]⏎[warning *error]⏎db 300",
		"[warning push]⏎[warning error]⏎[warning pop]⏎db 300",
		"[warning error]⏎[warning push]⏎[warning -all]⏎[warning pop]⏎db 300",
		"[warning error]⏎[warning -number-overflow]⏎db 300",
		"db 300⏎[warning error]",
		"[warning error]⏎foo",
		"[warning error]⏎%warning x",
		"[warning error]⏎[warning no-error=user]⏎%warning x",
		"[warning nonsense]⏎db 300",
		"[warning -all]⏎[warning error]⏎db 300",
		"[WARNING ERROR]⏎db 300",
	} {
		t.Run(source, func(t *testing.T) {
			dir := t.TempDir()
			writeLines(t, filepath.Join(dir, "p.asm"), strings.Split(source, "⏎"))
			ours := tasm(t, dir, "p.asm", assembler.Options{Flat: true}, layout.Flat)
			theirs := nasm(t, dir, "p.asm", "bin", "-w+number-overflow", "-w+label-orphan", "-w+user")
			if !same(ours, theirs) {
				t.Errorf("tasm: % x %s\nnasm: % x %s", ours.bytes, ours.messages, theirs.bytes, theirs.messages)
			}
		})
	}
}
