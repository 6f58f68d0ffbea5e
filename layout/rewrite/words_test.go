package rewrite

import "testing"

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
		"half a word":      {"mov edx, 6; mov ecx, x; wcall; " + end, false},
		"words of a text":  {"mov edx, 8; mov ecx, x; wcall; " + end, true},
	} {
		g := graph(t, ruleSource(32, c.source))
		pushed := false
		for _, v := range newShortener(g, low, newCaches(), newBudget(low)).words() {
			sh := newShortener(g, low, newCaches(), newBudget(low))
			// The text may be pushed in any case, and is what is left where x is.
			if v(sh) && len(sh.g.Objects) == 1 && string(sh.g.Objects[0].Bytes) == "text" {
				pushed = true
			}
		}
		if pushed != c.pushed {
			t.Errorf("%s: pushed: %v", name, pushed)
		}
	}
}
