package parser

// A slab hands out the nodes of the syntax tree from chunks, which costs a
// fraction of allocating each. A chunk lives as long as any of its nodes.
type slab[T any] struct{ free []T }

const slabChunk = 256

// node returns a zero node.
func (s *slab[T]) node() *T {
	if len(s.free) == 0 {
		s.free = make([]T, slabChunk)
	}
	p := &s.free[0]
	s.free = s.free[1:]
	var zero T
	*p = zero // it may have been released
	return p
}

// list returns a copy of nodes that nothing else appends to.
func (s *slab[T]) list(nodes []T) []T {
	n := len(nodes)
	switch {
	case n == 0:
		return nil
	case n > slabChunk/4:
		return append(make([]T, 0, n), nodes...)
	case n > len(s.free):
		s.free = make([]T, slabChunk)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	copy(out, nodes)
	return out
}
