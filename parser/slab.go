package parser

// A slab hands out the nodes of the syntax tree from chunks, which costs a
// fraction of allocating each. A chunk lives as long as any of its nodes.
type slab[T any] struct {
	chunk []T
	used  int // of chunk
}

const slabChunk = 256

// node returns a zero node.
func (s *slab[T]) node() *T {
	if s.used == len(s.chunk) {
		s.chunk, s.used = make([]T, slabChunk), 0
	}
	p := &s.chunk[s.used]
	s.used++
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
	case n > len(s.chunk)-s.used:
		s.chunk, s.used = make([]T, slabChunk), 0
	}
	out := s.chunk[s.used : s.used+n : s.used+n]
	s.used += n
	copy(out, nodes)
	return out
}

// release gives back all nodes that have been handed out since s was as in mark.
func (s *slab[T]) release(mark *slab[T]) {
	if len(s.chunk) > 0 && (len(mark.chunk) == 0 || &s.chunk[0] != &mark.chunk[0]) {
		s.used = 0 // all of a chunk begun since
		return
	}
	s.used = mark.used
}
