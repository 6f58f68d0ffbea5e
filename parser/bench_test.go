package parser

import (
	"fmt"
	"strings"
	"testing"

	"tasm/diag"
)

// largeSource returns a source of n ordinary lines.
func largeSource(n int) string {
	var b strings.Builder
	for i := 0; i < n; i++ {
		switch i % 10 {
		case 0:
			fmt.Fprintf(&b, "label%d:\n", i)
		case 1:
			fmt.Fprintf(&b, "\tmov eax, [ebx+ecx*4+%d]\n", i)
		case 2:
			fmt.Fprintf(&b, "\tadd eax, %d\n", i)
		case 3:
			fmt.Fprintf(&b, "\tjmp label%d\t; onwards\n", i-3)
		case 4:
			b.WriteString("\tpush ebp\n")
		case 5:
			fmt.Fprintf(&b, "\tdb 'text', 0x%x, 10\n", i&255)
		case 6:
			b.WriteString("\txor eax, eax\n")
		case 7:
			fmt.Fprintf(&b, ".local%d:\tinc dword [esi]\n", i)
		case 8:
			fmt.Fprintf(&b, "\tdd label%d - $$, 1 << 4\n", i-8)
		case 9:
			b.WriteString("\tret\n")
		}
	}
	return b.String()
}

func BenchmarkLex(b *testing.B) {
	const lines = 200_000
	source := largeSource(lines)
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		lx := newLexer(1, source)
		var line Line
		for lx.next(&line) {
		}
	}
	perLine(b, lines)
}

// BenchmarkParse lexes and parses, without the preprocessor between.
func BenchmarkParse(b *testing.B) {
	const lines = 200_000
	source := largeSource(lines)
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		lx := newLexer(1, source)
		g := newGrammar(testVocabulary{})
		var line Line
		for lx.next(&line) {
			if st, messages := g.parse(line); st == nil {
				b.Fatal(messages[0])
			}
		}
	}
	perLine(b, lines)
}

// BenchmarkPass is what the assembler sees.
func BenchmarkPass(b *testing.B) {
	const lines = 200_000
	source := largeSource(lines)
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		files := &diag.Files{}
		root := files.Add("large.asm", []byte(source))
		bag := &diag.Bag{}
		s := New(Config{Vocabulary: testVocabulary{}, Files: files}).Pass(root, nil, bag)
		for s.Next() != nil {
		}
		if bag.Len() > 0 {
			b.Fatal(bag.Messages()[0])
		}
	}
	perLine(b, lines)
}

// BenchmarkDirective is a line that participle itself parses.
func BenchmarkDirective(b *testing.B) {
	g := newGrammar(testVocabulary{})
	tokens := lexLine(nil, "align size, db 0", 1, 0)
	b.ReportAllocs()
	for b.Loop() {
		if st, messages := g.parse(Line{Tokens: tokens}); st == nil {
			b.Fatal(messages[0])
		}
	}
}

func perLine(b *testing.B, lines int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
}
