package rewrite

import (
	"os"
	"testing"
)

// TestEqualEpilogues shortens two subroutines that end in equal blocks: were these merged
// at once, it could not be seen any more where either returns to.
func TestEqualEpilogues(t *testing.T) {
	source, err := os.ReadFile("../../test/golf/programs/two-sums.tasm")
	if err != nil {
		t.Fatal(err)
	}
	g := graph(t, string(source))
	short, changes := Shorten(g, Options{Effort: -4})
	if before, after := len(layOut(t, g).file), len(layOut(t, short).file); after > before-15 {
		t.Errorf("%d bytes became %d: %v", before, after, changes)
	}
}
