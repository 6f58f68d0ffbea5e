package rewrite

import "context"

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
