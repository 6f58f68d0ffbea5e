package rewrite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tasm/flow"
)

// TestWords pushes no words of which more is asked than that the kernel reads
// them once.
func TestWords(t *testing.T) {
	const end = "mov ecx, y; mov edx, 4; wcall; mov eax, 1; int 0x80|section .rodata; x: dd 1, 0; y: db `text`"
	for name, c := range map[string]struct {
		source string
		pushed bool
	}{
		"read once":        {"mov eax, 162; mov ebx, x; mov ecx, 0; int 0x80; " + end, true},
		"read twice":       {"mov eax, 162; mov ebx, x; mov ecx, 0; int 0x80; mov eax, 162; mov ebx, x; int 0x80; " + end, false},
		"read in part":     {"mov eax, 162; mov ebx, x; mov ecx, 0; int 0x80; mov ecx, x + 4; mov edx, 4; wcall; " + end, false},
		"an address kept":  {"mov eax, 162; mov ebx, x; mov ecx, 0; int 0x80; mov ecx, ebx; mov edx, 4; wcall; " + end, false},
		"read by the code": {"mov eax, 162; mov ebx, x; mov ecx, 0; int 0x80; mov esi, x; mov ecx, [esi]; mov edx, 4; wcall; " + end, false},
		"an unknown call":  {"pop eax; mov ebx, x; mov ecx, 0; int 0x80; " + end, false},
		"an unknown size":  {"pop edx; mov ecx, x; wcall; " + end, false},
		"part of a word":   {"mov edx, 6; mov ecx, x; wcall; " + end, true},
		"words of a text":  {"mov edx, 8; mov ecx, x; wcall; " + end, true},
	} {
		g := graph(t, ruleSource(32, c.source))
		pushed := false
		for _, v := range newShortener(g, low, newCaches(), newBudget(low)).words(false) {
			sh := newShortener(g, low, newCaches(), newBudget(low))
			// The text may be pushed in any case.
			if v(sh) && sh.data() < len("text")+8 && !strings.Contains(listing(sh.g), "push 0x74786574") {
				pushed = true
			}
		}
		if pushed != c.pushed {
			t.Errorf("%s: pushed: %v", name, pushed)
		}
	}
}

// TestPushable holds that what is pushed begins as it should, whatever the don't-care
// bytes are.
func TestPushable(t *testing.T) {
	for text, dontCare := range map[string]int{
		"a": 3, "\x80": 3, "ab": 2, "abc": 1, "abcd": 0, "\xff\xff\xff\xff": 0, "abcd\x00": 0, "abcde": -1, "abcd\xff": -1,
		"abc\xfe\xff": 0, "abcd\x00\x00\x00\x00": 0, "abcdefgh": -1,
	} {
		n, got := pushable([]byte(text))
		if got != dontCare {
			t.Errorf("%q: %d don't-care bytes, not %d", text, got, dontCare)
		}
		if b := binary.LittleEndian.AppendUint64(nil, uint64(n)); dontCare >= 0 && !bytes.HasPrefix(b, []byte(text)) {
			t.Errorf("%q: %x", text, b)
		}
	}
}

// TestDontCare pushes a part of a word in a loop. It is dropped in front of the call only
// where nobody else uses the stack.
func TestDontCare(t *testing.T) {
	const loop = "m: mov ecx, x; mov edx, 2; wcall; test eax, eax; jns m; mov eax, 1; int 0x80|section .rodata; x: db 5, 6"
	for name, c := range map[string]struct {
		source      string
		late, early bool
	}{
		"a loop":      {loop, true, true},
		"a handler":   {"mov eax, 48; mov ebx, 1; mov ecx, 0; int 0x80; " + loop, true, false},
		"any call":    {"pop eax; int 0x80; " + loop, false, false},
		"another one": {"mov eax, 190; int 0x80; " + loop, false, false},
		"a copy":      {"mov eax, 2; int 0x80; " + loop, true, true},
	} {
		var late, early bool
		o := low
		o.Step = func(g *flow.Graph, _ []Change) {
			_, code, pushed := strings.Cut(listing(g), "push 0x605")
			late = late || pushed && strings.Index(code, "int 0x80") < strings.Index(code, "pop ")
			early = early || pushed && strings.Index(code, "int 0x80") > strings.Index(code, "pop ")
		}
		Shorten(graph(t, ruleSource(32, c.source)), o)
		if late != c.late || early != c.early {
			t.Errorf("%s: dropped late: %v, early: %v", name, late, early)
		}
	}
}

// TestByteOfChosen gives a register whose rest is zero on the only way that asks for
// it no more than a byte.
func TestByteOfChosen(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		byte   bool
	}{
		"the other ends":   {"m: mov ecx, x; mov edx, 2; wcall; test eax, eax; jns m; mov eax, 1; int 0x80|section .rodata; x: db 5, 6", true},
		"the other asks":   {"m: mov ecx, x; mov edx, 2; wcall; n: test eax, eax; jns m; mov eax, 3; mov ebx, 1; mov ecx, x; mov edx, 2; int 0x80; jmp n|section .data; x: db 5, 6", false},
		"more than a byte": {"m: mov ecx, x; mov edx, 258; wcall; test eax, eax; jns m; mov eax, 1; int 0x80|section .rodata; x: times 258 db 5", false},
	} {
		g, _ := Shorten(graph(t, ruleSource(32, c.source)), low)
		code := listing(g)
		if strings.Contains(code, "mov dl, 2") != c.byte || !strings.Contains(code, "cdq") {
			t.Errorf("%s:\n%s", name, code)
		}
	}
}

// TestRandomWords runs random programs that write texts in loops, as they are and with
// parts of words pushed, whose other bytes hold something.
func TestRandomWords(t *testing.T) {
	made := 0
	for seed := range uint64(10) {
		for _, bits := range []int{32, 64} {
			source := randomTexts(rand.New(rand.NewPCG(seed, 5)), bits)
			g := graph(t, source)
			want := run(t, layOut(t, g).file, "")
			o := quick
			o.Step = func(short *flow.Graph, _ []Change) {
				if (&shortener{g: short}).dontCare() == 0 {
					return
				}
				made++
				if got := run(t, layOut(t, short).file, ""); got != want {
					t.Errorf("seed %d, %d bits: %q became %q\n%s\n%s", seed, bits, want, got, source, listing(short))
				}
			}
			Shorten(g, o)
		}
	}
	if t.Logf("%d programs were made with don't-care bytes", made); made < 10 {
		t.Errorf("only %d programs were made with don't-care bytes", made)
	}
}

func randomTexts(r *rand.Rand, bits int) string {
	var code, data strings.Builder
	counter := map[int]string{32: "esi", 64: "rbx"}[bits]
	for i := range 1 + r.IntN(3) {
		n := 1 + r.IntN(9)
		fmt.Fprintf(&code, "mov %s, %d\nm%d:\n", counter, 1+r.IntN(3), i)
		switch r.IntN(3) {
		case 0:
			fmt.Fprintf(&code, "push %s\nsys write, 1, t%d, %d\npop %s\n", counter, i, n, counter)
		case 1:
			fmt.Fprintf(&code, "sys write, %d, t%d, %d\n", 1+r.IntN(2), i, n)
		default:
			fmt.Fprintf(&code, "push %d\nsys write, 1, t%d, %d\nsys write, 1, %s, %d\npop %s\n", r.IntN(300), i, n, map[int]string{32: "esp", 64: "rsp"}[bits], bits/8, map[int]string{32: "edi", 64: "rdi"}[bits])
		}
		fmt.Fprintf(&code, "dec %s\njnz m%d\n", counter, i)
		fmt.Fprintf(&data, "t%d: db `%s`\n", i, strings.Repeat("abcdefghi"[r.IntN(9):][:1], n))
	}
	return ruleSource(bits, code.String()+"sys exit, 0|section .rodata; "+strings.ReplaceAll(data.String(), "\n", "; "))
}

// TestSize counts an address in memory of 64-bit code as a distance from the instruction,
// which takes a byte less, but not where a register or a segment has to be added.
func TestSize(t *testing.T) {
	for source, want := range map[string]int{
		"mov ecx, [x]": 6, "mov byte [x], 1": 7, "mov ecx, [x + rax]": 6, "mov ecx, [fs:x]": 8, "mov rcx, [x]": 7, "mov ecx, x": 5,
	} {
		g := graph(t, ruleSource(64, source+"; mov eax, 60; syscall|section .data; x: dd 1, 2"))
		if got := size(&g.Blocks[0].Code[0]); got != want {
			t.Errorf("%s: %d bytes, not %d", source, got, want)
		}
	}
}
