package diag

import "testing"

// TestBagKeepsFew fills a bag with errors and warnings beyond what it keeps of each, and puts it
// into another.
func TestBagKeepsFew(t *testing.T) {
	var b, all Bag
	for i := range maxKept + 25 {
		b.Add(Errorf(Range{File: 1, Start: int32(i), End: int32(i + 1)}, "wrong"))
	}
	for i := range maxKept + 1 {
		b.Add(Warningf("other", Range{File: 1, Start: int32(i)}, "doubtful"))
	}
	all.Add(Errorf(Range{File: 2}, "first"))
	all.Append(&b)
	for _, c := range []struct {
		bag    *Bag
		errors int
		last   string
	}{
		{&b, maxKept + 25, "... and 25 more errors and 1 more warning"},
		{&all, maxKept + 26, "... and 26 more errors and 1 more warning"},
	} {
		messages := c.bag.Messages()
		last := messages[len(messages)-1]
		if len(messages) != 2*maxKept+1 || c.bag.Errors() != c.errors || last.Text != c.last || last.Severity != Error {
			t.Errorf("%d messages, %d errors, the last is %q", len(messages), c.bag.Errors(), last.Text)
		}
	}
}
