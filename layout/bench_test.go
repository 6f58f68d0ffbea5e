package layout

import (
	"os"
	"testing"
)

// BenchmarkFirst times the way from a source to the first layout that is no plain one, to the
// best of those, which a search goes on from, and to the end of its comparison.
func BenchmarkFirst(b *testing.B) {
	for _, name := range []string{"hello", "hello64", "primes", "calc"} {
		text, err := os.ReadFile("../samples/" + name + ".tasm")
		if err != nil {
			b.Fatal(err)
		}
		find := func(b *testing.B, better func(size int)) {
			p := assembled(b, string(text))
			plain, loader, _ := start(p, Options{})
			g := graphOf(p, plain)
			if packed(plain, p, g, boundOf(plain, g, loader), Options{}, better) == nil {
				b.Fatal(plain.Report.Reasons)
			}
		}
		b.Run(name+"/first", func(b *testing.B) {
			for range b.N {
				b.StartTimer()
				find(b, func(int) { b.StopTimer() })
			}
		})
		b.Run(name+"/best", func(b *testing.B) {
			for b.Loop() {
				find(b, nil)
			}
		})
		b.Run(name+"/compared", func(b *testing.B) {
			for b.Loop() {
				p := assembled(b, string(text))
				if file, said := Pack(p, Options{}); file == nil || file.Report.Layout != "pack" {
					b.Fatal(said.Messages())
				}
			}
		})
	}
}
