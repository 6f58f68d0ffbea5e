package lang

// Nodes is room for the nodes of syntax trees. Of each type it hands out one after the
// other from large pieces, which costs a fraction of allocating each, and uses those
// that are given back for the next statement.
type Nodes struct {
	Statements   Slab[Statement]
	Labels       Slab[Label]
	Instructions Slab[Instruction]
	Datas        Slab[Data]
	Reserves     Slab[Reserve]
	Equs         Slab[Equ]
	Operands     Slab[Operand]
	Memories     Slab[Memory]
	Prefixes     Slab[Prefix]
	Items        Slab[DataItem]
	Numbers      Slab[Number]
	Strings      Slab[String]
	Symbols      Slab[Symbol]
	Registers    Slab[Register]
	Heres        Slab[Here]
	Unaries      Slab[Unary]
	Binaries     Slab[Binary]
	Conditionals Slab[Conditional]
}

// Release takes back what has been handed out since Keep was called last.
func (n *Nodes) Release() { n.each(false) }

// Keep leaves to the caller for good what has been handed out until now.
func (n *Nodes) Keep() { n.each(true) }

func (n *Nodes) each(keep bool) {
	n.Statements.end(keep)
	n.Labels.end(keep)
	n.Instructions.end(keep)
	n.Datas.end(keep)
	n.Reserves.end(keep)
	n.Equs.end(keep)
	n.Operands.end(keep)
	n.Memories.end(keep)
	n.Prefixes.end(keep)
	n.Items.end(keep)
	n.Numbers.end(keep)
	n.Strings.end(keep)
	n.Symbols.end(keep)
	n.Registers.end(keep)
	n.Heres.end(keep)
	n.Unaries.end(keep)
	n.Binaries.end(keep)
	n.Conditionals.end(keep)
}

// A Slab is the room for the nodes of one type. A piece lives as long as any of its nodes.
type Slab[T any] struct {
	free []T // of the piece at hand
	used int // of free
}

const slabSize = 256

// Node returns a zero node.
func (s *Slab[T]) Node() *T {
	if s.used == len(s.free) {
		s.free, s.used = make([]T, slabSize), 0
	}
	p := &s.free[s.used]
	s.used++
	var zero T
	*p = zero // it may have been used before
	return p
}

// List returns a copy of nodes that nothing else appends to.
func (s *Slab[T]) List(nodes []T) []T {
	list := s.take(len(nodes))
	copy(list, nodes)
	return list
}

// New returns n zero nodes in a row.
func (s *Slab[T]) New(n int) []T {
	list := s.take(n)
	clear(list)
	return list
}

// take returns room for n nodes in a row.
func (s *Slab[T]) take(n int) []T {
	switch {
	case n == 0:
		return nil
	case n > slabSize/4:
		return make([]T, n)
	case n > len(s.free)-s.used:
		s.free, s.used = make([]T, slabSize), 0
	}
	list := s.free[s.used : s.used+n : s.used+n]
	s.used += n
	return list
}

// end gives the nodes that are in use away, or takes them back.
func (s *Slab[T]) end(keep bool) {
	if keep {
		s.free = s.free[s.used:]
	}
	s.used = 0
}
