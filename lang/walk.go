package lang

// Walk calls visit for e and every expression inside it, an outer one before
// its parts. A nil expression has no parts.
func Walk(e Expr, visit func(Expr)) {
	if e == nil {
		return
	}
	visit(e)
	switch e := e.(type) {
	case *Unary:
		Walk(e.X, visit)
	case *Binary:
		Walk(e.X, visit)
		Walk(e.Y, visit)
	case *Conditional:
		Walk(e.X, visit)
		Walk(e.Y, visit)
		Walk(e.Z, visit)
	case *Call:
		Walk(e.Arg, visit)
	}
}
