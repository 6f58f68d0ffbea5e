package format

import "github.com/aymanbagabas/go-udiff"

// Diff returns what formatting changes, as a unified diff; "" for nothing.
func Diff(name, before, after string) string {
	return udiff.Unified(name+".orig", name, before, after)
}
