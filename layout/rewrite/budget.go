package rewrite

import "context"

// Limits of the work on one program. Each change may make the analyses of the
// whole program necessary again, so that work grows with the square of its
// length.
const (
	// MaxInstructions is the length of the longest program that is rewritten.
	MaxInstructions = 1 << 13
	// MaxWork is how many instructions are looked at, by the analyses again and
	// again, or tried; it doubles with each unit of effort.
	MaxWork = 1 << 22
)

// budget is what is left of the work on a program.
type budget struct {
	ctx         context.Context
	limit, left int64
}

func newBudget(o Options) *budget {
	b := &budget{ctx: o.Context, limit: MaxWork}
	if b.ctx == nil {
		b.ctx = context.Background()
	}
	if e := o.Effort; e >= 0 {
		b.limit <<= min(e, 40)
	} else {
		b.limit >>= min(-e, 40)
	}
	b.left = b.limit
	return b
}

// over reports whether it is time to end, with what has been done so far.
func (b *budget) over() bool { return b.left <= 0 || b.ctx.Err() != nil }
