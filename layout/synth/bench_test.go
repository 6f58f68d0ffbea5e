package synth

import (
	"testing"

	"tasm/linux"
)

// BenchmarkSearch measures how many states a search looks at in a second of a
// processor: in 32-bit and 64-bit code, with messages in the file and on the stack.
func BenchmarkSearch(b *testing.B) {
	hello64 := &Plan{ABI: linux.X8664, Blobs: [][]byte{message(24)}, Calls: []Call{
		call386(1, Const(1), AddressOf(0), Const(24)), call386(60, Const(0)),
	}}
	for _, c := range []struct {
		name   string
		plan   *Plan
		effort int
	}{
		{"hello", hello(0, message(24)), 0},
		{"hello64", hello64, 0},
		{"short", hello(0, message(5)), -1},
		{"status7", hello(7, message(24)), 0},
		{"two", hello(0, message(14), message(9)), 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			nodes := int64(0)
			for b.Loop() {
				r, err := Search(c.plan, Options{Effort: c.effort})
				if err != nil {
					b.Fatal(err)
				}
				nodes += r.Nodes
			}
			b.ReportMetric(float64(nodes)/float64(b.N), "states/op")
		})
	}
}
