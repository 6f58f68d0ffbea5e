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
	seen     map[said]bool
	kept     [2]int // how many messages there are, by severity
	left     [2]int // and how many were left out
	asked    *Warnings
}

// maxKept is how many errors, and how many warnings, a Bag keeps. What comes after them is
// only counted: nobody reads as many, and each takes more memory than a line of source.
const maxKept = 10_000

// said is what makes two messages the same.
type said struct {
	at       Range
	severity Severity
	text     string
}

// Full reports whether messages of a severity are only counted from here on.
func (b *Bag) Full(s Severity) bool { return b.kept[s] >= maxKept }

// Add puts m into the bag. A nil message is ignored, and so is one that says at
// its place what another has said there: a loop in a macro says it only once.
func (b *Bag) Add(m *Message) {
	if m == nil {
		return
	}
	if b.Full(m.Severity) {
		b.Leave(m.Severity, 1)
		return
	}
	what := said{m.Range, m.Severity, m.Text}
	if b.seen[what] {
		return
	}
	if b.seen == nil {
		b.seen = map[said]bool{}
	}
	b.seen[what] = true
	b.kept[m.Severity]++
	if m.Severity == Error {
		b.errors++
	}
	if b.asked != nil && m.asked == nil {
		m.asked = b.asked
	}
	b.messages = append(b.messages, m)
}

// Under says what the source asks of the warnings that are added from here on.
func (b *Bag) Under(s *SourceWarnings) { b.asked = s.now }

// Leave counts n messages that are left out.
func (b *Bag) Leave(severity Severity, n int) {
	b.left[severity] += n
	if severity == Error {
		b.errors += n
	}
}

// Append adds all messages of other.
func (b *Bag) Append(other *Bag) {
	for _, m := range other.messages {
		b.Add(m)
	}
	for severity, n := range other.left {
		b.Leave(Severity(severity), n)
	}
}

// Errors returns how many messages are errors.
func (b *Bag) Errors() int { return b.errors }

// Len returns how many messages there are.
func (b *Bag) Len() int { return len(b.messages) }

// Messages returns the messages in the order of their places, and behind them one
// that counts those that were left out.
func (b *Bag) Messages() []*Message {
	sorted := slices.Clone(b.messages)
	slices.SortStableFunc(sorted, func(x, y *Message) int {
		return cmp.Or(cmp.Compare(x.Range.File, y.Range.File), cmp.Compare(x.Range.Start, y.Range.Start))
	})
	if more := leftOut(b.left); more != nil {
		sorted = append(sorted, more)
	}
	return sorted
}
