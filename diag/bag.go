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
	// MaxErrors is how many errors are kept: 0 is the usual number, a negative one all.
	MaxErrors int

	messages []*Message
	seen     map[said]bool
	kept     [2]int // how many messages there are, by severity
	left     [2]int // and how many were left out
	asked    *Warnings
}

// How many messages a Bag keeps: nobody reads more, and each takes more memory than a line
// of source. Who reads a source ends at the first error that isn't kept; further warnings
// are counted.
const (
	MaxErrors   = 1000 // unless the Bag says something else
	maxWarnings = 10_000
)

// said is what makes two messages the same.
type said struct {
	at       Range
	severity Severity
	text     string
}

// Full reports whether a message of a severity has been left out: so will be those that follow.
func (b *Bag) Full(s Severity) bool { return b.left[s] > 0 }

// Holds reports whether n more errors would all be kept.
func (b *Bag) Holds(n int) bool {
	return b.MaxErrors < 0 || b.kept[Error]+n <= cmp.Or(b.MaxErrors, MaxErrors)
}

// room reports whether another message of a severity is kept.
func (b *Bag) room(s Severity) bool {
	if s == Error {
		return b.Holds(1)
	}
	return b.kept[s] < maxWarnings
}

// Add puts m into the bag. A nil message is ignored, and so is one that says at
// its place what another has said there: a loop in a macro says it only once.
func (b *Bag) Add(m *Message) {
	if m == nil {
		return
	}
	what := said{m.Range, m.Severity, m.Text}
	if b.seen[what] {
		return
	}
	if !b.room(m.Severity) {
		b.Leave(m.Severity, 1)
		return
	}
	if b.seen == nil {
		b.seen = map[said]bool{}
	}
	b.seen[what] = true
	b.kept[m.Severity]++
	if b.asked != nil && m.asked == nil {
		m.asked = b.asked
	}
	b.messages = append(b.messages, m)
}

// Under says what the source asks of the warnings that are added from here on.
func (b *Bag) Under(s *SourceWarnings) { b.asked = s.now }

// Leave counts n messages that are left out.
func (b *Bag) Leave(severity Severity, n int) { b.left[severity] += n }

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
func (b *Bag) Errors() int { return b.kept[Error] }

// Len returns how many messages there are.
func (b *Bag) Len() int { return len(b.messages) }

// Messages returns the messages in the order of their places, and behind them what is to
// be said of those that were left out.
func (b *Bag) Messages() []*Message {
	sorted := slices.Clone(b.messages)
	slices.SortStableFunc(sorted, func(x, y *Message) int {
		return cmp.Or(cmp.Compare(x.Range.File, y.Range.File), cmp.Compare(x.Range.Start, y.Range.Start))
	})
	if more := leftOut([2]int{Warning: b.left[Warning]}); more != nil {
		sorted = append(sorted, more)
	}
	if b.Full(Error) {
		stop := Errorf(Range{}, "too many errors: stopped after %d", b.kept[Error])
		stop.Stop = true
		sorted = append(sorted, stop)
	}
	return sorted
}
