package parser

import (
	"strings"
	"testing"

	"tasm/diag"
)

// TestLex gives the tokens of a line as kind:text, with _ for a space before.
func TestLex(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"  ; only a comment", ""},
		{"mov eax,1", "I:mov _I:eax P:, N:1"},
		{".x ..@y _z ?q @r a$#@~.?b", "I:.x _I:..@y _I:_z _I:?q _I:@r _I:a$#@~.?b"},
		{"$eax $ $$ $+1 $0f $a", "I:$eax _P:$ _P:$$ _P:$ P:+ N:1 _N:$0f _I:$a"},
		{"a ? b : c", "I:a _P:? _I:b _P:: _I:c"},
		{"1 1.5 1. 1.e5 1e5 1e 0x1e+5 0x1.8p-3 1e-5 10h 0ffh", "N:1 _F:1.5 _F:1. _F:1.e5 _F:1e5 _F:1e _N:0x1e P:+ N:5 _F:0x1.8p-3 _F:1e-5 _N:10h _N:0ffh"},
		{"1.nolist 1.x 123p 0p12", "N:1 I:.nolist _N:1 I:.x _F:123p _F:0p12"},
		{"1_000 1_.5 12xyz", "N:1_000 _F:1_.5 _N:12xyz"},
		{`'a;b' "c'd" ` + "`e\\`f`", `S:'a;b' _S:"c'd" _S:` + "`e\\`f`"},
		{`'abc`, "!:'abc"},
		{"`abc\\`", "!:`abc\\`"},
		{`"" ''`, `S:"" _S:''`},
		{"<<<>>><=>>=<= <><<>>==!=&&||^^//", "P:<<< P:>>> P:<=> P:>= P:<= _P:<> P:<< P:>> P:== P:!= P:&& P:|| P:^^ P://"},
		{"+-*/|&^~!()[]{},:<>=", "P:+ P:- P:* P:/ P:| P:& P:^ P:~ P:! P:( P:) P:[ P:] P:{ P:} P:, P:: P:<> P:="},
		{"%define %1 %0 %%x %{1} %{x:y} %$x %$$x %!ENV %+ %? %?? %*? %*?? %-1 %+1 %,", "D:%define _D:%1 _D:%0 _D:%%x _D:%{1} _D:%{x:y} _D:%$x _D:%$$x _D:%!ENV _D:%+ _D:%? _D:%?? _D:%*? _D:%*?? _D:%-1 _D:%+1 _D:%,"},
		{"%!'a b' %[a%[b]c']'] d", "D:%!'a b' _D:%[a%[b]c']'] _I:d"},
		{"10 % 3 %% 4 %(", "N:10 _P:% _N:3 _P:%% _N:4 _P:% P:("},
		{"%{1 x", "!:%{1 x"},
		{"%[1 x", "!:%[1 x"},
		{"a # \\ b", "I:a _!:# _!:\\ _I:b"},
		{"\tü\u00a0x", "_I:ü\u00a0x"},
	} {
		if got := showTokens(lexLine(nil, c.text, 1, 0)); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func showTokens(tokens []Token) string {
	letters := map[Kind]string{Identifier: "I", Number: "N", Float: "F", String: "S", Punctuation: "P", Directive: "D", Invalid: "!"}
	var out []string
	for _, t := range tokens {
		s := letters[t.Kind] + ":" + t.Text
		if t.Space {
			s = "_" + s
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// TestLines checks where logical lines end and that ranges lead back to the source.
func TestLines(t *testing.T) {
	const text = "one\r\n\r\n; two\ntwo a, \\\n  b ; c \\\n d\nth\\\r\nree `x\\\ny`\n\nx\\\n,y\nlast\\"
	want := []string{"one", "two a, b", "three `xy`", "x,y", "last"}
	places := [][]string{{"one"}, {"two", "a", ",", "b"}, {"th\\\r\nree", "`x\\\ny`"}, {"x", ",", "y"}, {"last"}}
	lx := newLexer(7, text)
	var line Line
	for i := 0; lx.next(&line); i++ {
		if i >= len(want) {
			t.Fatalf("more than %d lines", len(want))
		}
		var words []string
		for k, tok := range line.Tokens {
			s := tok.Text
			if tok.Space {
				s = " " + s
			}
			words = append(words, s)
			if r := tok.Range; r.File != 7 || text[r.Start:r.End] != places[i][k] {
				t.Errorf("line %d token %d: range gives %q, want %q", i, k, text[r.Start:r.End], places[i][k])
			}
		}
		if got := strings.Join(words, ""); got != want[i] {
			t.Errorf("line %d: %q, want %q", i, got, want[i])
		}
	}
}

// checkTokens makes sure that tokens lie in order within a source of n bytes.
func checkTokens(t *testing.T, tokens []Token, n int) {
	last := int32(0)
	for _, tok := range tokens {
		r := tok.Range
		if r.Start < last || r.End <= r.Start || int(r.End) > n || tok.Text == "" {
			t.Fatalf("token %+v after %d in a source of %d bytes", tok, last, n)
		}
		last = r.End
	}
}

func FuzzLex(f *testing.F) {
	f.Add("mov eax, [ebx+4*ecx] ; comment\n.x: db 'a', `\\x41`, 0x1.8p3 \\\n, %[%{1}] %!'x'")
	f.Add("1.e+$0f%%%$$x\\\r\n'")
	f.Fuzz(func(t *testing.T, text string) {
		lx := newLexer(1, text)
		var line Line
		last := int32(0)
		for lx.next(&line) {
			checkTokens(t, line.Tokens, len(text))
			if line.Range.Start < last || int(line.Range.End) > len(text) {
				t.Fatalf("line %+v after %d", line.Range, last)
			}
			last = line.Range.End
			for _, tok := range line.Tokens {
				switch tok.Kind {
				case String:
					unquote(tok.Text)
				case Number:
					if _, _, bad := parseNumber(tok.Text); bad >= len(tok.Text) {
						t.Fatalf("%q is wrong at %d", tok.Text, bad)
					}
				}
			}
		}
		lexText(text, diag.Range{File: 1})
	})
}
