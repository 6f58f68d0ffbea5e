package diag

// maxSearches bounds how many names a Near looks for, so that a source of which
// every line is wrong costs little more than others.
const maxSearches = 200

// Near finds the candidates that names may be slips of, and remembers them.
type Near struct {
	Candidates []string
	found      map[string]string
}

// To is Nearest among the candidates, or "" after many other names.
func (n *Near) To(name string) string {
	if best, known := n.found[name]; known || len(n.found) >= maxSearches {
		return best
	}
	if n.found == nil {
		n.found = map[string]string{}
	}
	best := Nearest(name, n.Candidates)
	n.found[name] = best
	return best
}
