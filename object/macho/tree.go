package macho

// tree holds the symbols of a section by address, for "the symbol at or before an
// offset". Of several at one address the answer depends on the tree's shape, and
// the shape is nasm's: a left-leaning red-black tree that is balanced on the way
// down wherever one of two children is red. Any of those symbols would do for a
// linker.
type tree struct{ root *node }

type node struct {
	symbol      *symbol
	left, right *node
	black       bool
}

// red reports whether a node exists and is red.
func (n *node) red() bool { return n != nil && !n.black }

// add puts a symbol behind those of its address.
func (t *tree) add(s *symbol) { t.root = t.root.add(&node{symbol: s}) }

func (n *node) add(other *node) *node {
	if n == nil {
		return other
	}
	if n.left != nil && n.right != nil && (n.left.red() || n.right.red()) {
		for _, x := range []*node{n, n.left, n.right} {
			x.black = !x.black
		}
	}
	if other.symbol.value < n.symbol.value {
		n.left = n.left.add(other)
	} else {
		n.right = n.right.add(other)
	}
	if x := n.right; x.red() {
		n.right, x.left = x.left, n
		n, x.black, n.black = x, n.black, false
	}
	if x := n.left; x.red() && x.left.red() {
		n.left, x.right = x.right, n
		n, x.black, n.black = x, n.black, false
	}
	return n
}

// before finds a symbol at offset, or else one in front of it, nil if there is
// none. As in nasm, all are in front of a negative offset.
func (t *tree) before(offset int64) *symbol {
	var best *symbol
	for n := t.root; n != nil; {
		switch key := n.symbol.value; {
		case key > uint64(offset):
			n = n.left
		case key == uint64(offset):
			return n.symbol
		default:
			best, n = n.symbol, n.right
		}
	}
	return best
}
