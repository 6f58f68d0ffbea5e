package layout

import (
	"os"
	"testing"
)

// BenchmarkFirst times the way from a source to the first layout that is no
// plain one: what a search goes on from.
func BenchmarkFirst(b *testing.B) {
	for _, name := range []string{"hello", "hello64", "primes", "calc"} {
		text, err := os.ReadFile("../samples/" + name + ".tasm")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p := assembled(b, string(text))
				if file, said := Pack(p, Options{}); file == nil || file.Report.Layout != "pack" {
					b.Fatal(said.Messages())
				}
			}
		})
	}
}
