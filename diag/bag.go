package diag

import (
	"cmp"
	"fmt"
	"slices"
)

func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Bag collects the messages of one run. The zero Bag is ready for use.
type Bag struct {
	messages []*Message
	errors   int
}

// Add puts m into the bag. A nil message is ignored.
func (b *Bag) Add(m *Message) {
	if m == nil {
		return
	}
	if m.Severity == Error {
		b.errors++
	}
	b.messages = append(b.messages, m)
}

// Append adds all messages of other.
func (b *Bag) Append(other *Bag) {
	for _, m := range other.messages {
		b.Add(m)
	}
}

// Errors returns how many messages are errors.
func (b *Bag) Errors() int { return b.errors }

// Len returns how many messages there are.
func (b *Bag) Len() int { return len(b.messages) }

// Messages returns the messages in the order of their places, without exact
// repetitions (a loop in a macro says the same thing only once).
func (b *Bag) Messages() []*Message {
	sorted := slices.Clone(b.messages)
	slices.SortStableFunc(sorted, func(x, y *Message) int {
		return cmp.Or(cmp.Compare(x.Range.File, y.Range.File), cmp.Compare(x.Range.Start, y.Range.Start))
	})
	return slices.CompactFunc(sorted, func(x, y *Message) bool {
		return x.Range == y.Range && x.Severity == y.Severity && x.Text == y.Text
	})
}
