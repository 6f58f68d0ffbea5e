package diag

import "testing"

// TestBagKeepsFew fills a bag with errors and warnings beyond what it keeps of each, and puts it
// into another.
func TestBagKeepsFew(t *testing.T) {
	fill := func(b *Bag, errors, warnings int) {
		for i := range errors {
			b.Add(Errorf(Range{File: 1, Start: int32(i), End: int32(i + 1)}, "wrong"))
		}
		for i := range warnings {
			b.Add(Warningf("other", Range{File: 1, Start: int32(i)}, "doubtful"))
		}
	}
	for _, c := range []struct {
		max, errors, warnings int
		kept                  int
		tail                  []string
	}{
		{0, MaxErrors, maxWarnings, MaxErrors, nil},
		{0, MaxErrors + 25, maxWarnings + 1, MaxErrors, []string{"... and 1 more warning", "too many errors: stopped after 1000"}},
		{2, 3, 1, 2, []string{"too many errors: stopped after 2"}},
		{-1, 5 * MaxErrors, 2, 5 * MaxErrors, nil},
	} {
		b := Bag{MaxErrors: c.max}
		fill(&b, c.errors, c.warnings)
		b.Add(Errorf(Range{File: 1, Start: 0, End: 1}, "wrong")) // as said before
		all := Bag{MaxErrors: c.max}
		all.Append(&b)
		for _, bag := range []*Bag{&b, &all} {
			messages := bag.Messages()
			if bag.Errors() != c.kept || bag.Full(Error) != (c.errors > c.kept) || len(messages) != c.kept+min(c.warnings, maxWarnings)+len(c.tail) {
				t.Errorf("%+v: %d errors, %d messages", c, bag.Errors(), len(messages))
				continue
			}
			for i, want := range c.tail {
				if m := messages[len(messages)-len(c.tail)+i]; m.Text != want {
					t.Errorf("%+v: %q, not %q", c, m.Text, want)
				}
			}
		}
		shown := Limit(b.Messages(), 1)
		if last := shown[len(shown)-1]; b.Full(Error) != last.Stop {
			t.Errorf("%+v: the last of those shown is %q", c, last.Text)
		}
	}
}
