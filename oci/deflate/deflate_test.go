package deflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
)

// inputs are the cases in which the encoder takes its different ways.
func inputs() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(n, alphabet int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.IntN(alphabet))
		}
		return b
	}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	mixed := bytes.Join([][]byte{
		bytes.Repeat([]byte("mov eax, 4\nmov ebx, 1\nint 0x80\n"), 500),
		noise(20000, 256),
		make([]byte, 30000),
		noise(40000, 4),
	}, nil)
	return map[string][]byte{
		"empty":            nil,
		"one byte":         {0},
		"two bytes":        {1, 1},
		"run of 3":         []byte("aaa"),
		"run of 258":       make([]byte, 258),
		"run of 259":       make([]byte, 259),
		"run":              make([]byte, 1<<13),
		"long run":         make([]byte, 1<<20),
		"all bytes":        all,
		"text":             []byte(strings.Repeat("Hi IDBS Engineering! RE\n", 9)),
		"noise":            noise(1000, 256),
		"noise, a chunk":   noise(maxStored, 256),
		"noise, chunk + 1": noise(maxStored+1, 256),
		"noise, 300 KiB":   noise(300<<10, 256),
		"two letters":      noise(5000, 2),
		"16 letters":       noise(100000, 16),
		"far match":        append(append(noise(windowSize, 256), noise(0, 1)...), noise(100, 3)...),
		"window":           bytes.Repeat(noise(windowSize, 256), 3),
		"window + 1":       bytes.Repeat(noise(windowSize+1, 256), 3),
		"mixed":            mixed,
		"mixed, large":     bytes.Repeat(mixed, 6),
	}
}

func inflate(t *testing.T, compressed []byte) []byte {
	t.Helper()
	r := bytes.NewReader(compressed)
	got, err := io.ReadAll(flate.NewReader(r))
	if err != nil {
		t.Fatalf("inflating: %v", err)
	}
	if r.Len() > 0 {
		t.Fatalf("%d bytes after the end of the stream", r.Len())
	}
	return got
}

// storedSize is the size of n bytes in stored blocks.
func storedSize(n int) int { return n + 5*max(1, (n+maxStored-1)/maxStored) }

func check(t *testing.T, src []byte) []byte {
	t.Helper()
	out := Compress(src)
	if !bytes.Equal(inflate(t, out), src) {
		t.Fatal("inflated bytes differ from the input")
	}
	if len(out) > storedSize(len(src)) {
		t.Fatalf("%d bytes, more than the %d of stored blocks", len(out), storedSize(len(src)))
	}
	return out
}

func TestCompress(t *testing.T) {
	for name, src := range inputs() {
		t.Run(name, func(t *testing.T) {
			out := check(t, src)
			if !bytes.Equal(out, Compress(src)) {
				t.Error("a second run gave other bytes")
			}
		})
	}
}

// TestSmallerThanFlate compares with the standard library at its best level.
// Beyond one chunk, where each chunk has to bring its codes, 5 % are allowed.
func TestSmallerThanFlate(t *testing.T) {
	for name, src := range inputs() {
		var std bytes.Buffer
		w, err := flate.NewWriter(&std, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(src)
		w.Close()
		ours := len(Compress(src))
		t.Logf("%-18s %8d bytes: %7d, compress/flate %7d", name, len(src), ours, std.Len())
		if allowed := std.Len() * (100 + 5*min(1, len(src)/chunkSize)) / 100; ours > allowed {
			t.Errorf("%s: %d bytes, compress/flate needs %d", name, ours, std.Len())
		}
	}
}

func TestGzip(t *testing.T) {
	src := inputs()["mixed"]
	r, err := gzip.NewReader(bytes.NewReader(Gzip(src)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r) // checks the length and the CRC
	if err != nil || !bytes.Equal(got, src) {
		t.Fatalf("read back %d of %d bytes: %v", len(got), len(src), err)
	}
	if !r.ModTime.IsZero() || r.Name != "" || r.OS != 255 {
		t.Errorf("header %+v says more than it must", r.Header)
	}
}

// TestFixedParseIsOptimal compares the parser with an exhaustive search over
// short inputs under the fixed code.
func TestFixedParseIsOptimal(t *testing.T) {
	var p prices
	p.set(fixedBook)
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		src := make([]byte, 1+r.IntN(60))
		for i := range src {
			src[i] = byte(r.IntN(3)) * 100
		}
		e := newEncoder(src, effortFor(len(src)))
		e.findMatches(0, len(src))
		got := fixedBits(countTokens(e.parse(0, len(src), &p)))

		// best[i] is the cost of src[i:], every match tried at every length.
		best := make([]int, len(src)+1)
		for i := len(src) - 1; i >= 0; i-- {
			best[i] = int(p.literal[src[i]]) + best[i+1]
			for from := range i {
				for l := 1; i+l <= len(src) && src[from+l-1] == src[i+l-1]; l++ {
					if l >= minMatch {
						best[i] = min(best[i], int(p.length[l]+p.dist[distIndex(i-from)])+best[i+l])
					}
				}
			}
		}
		if want := typeBits + best[0] + int(fixedBook.litLen[endOfBlock]); got != want {
			t.Fatalf("%d bits for %v, %d are enough", got, src, want)
		}
	}
}

func TestCodeLengths(t *testing.T) {
	for _, tt := range []struct {
		name   string
		counts []uint32
		limit  int
		bits   int
	}{
		{"none", []uint32{0, 0, 0}, 15, 0},
		{"one", []uint32{0, 7, 0}, 15, 7},
		{"equal", []uint32{1, 1, 1, 1}, 15, 8},
		{"fibonacci", []uint32{1, 1, 2, 3, 5, 8, 13, 21}, 15, 1*7 + 1*7 + 2*6 + 3*5 + 5*4 + 8*3 + 13*2 + 21},
		{"fibonacci, limited", []uint32{1, 1, 2, 3, 5, 8, 13, 21}, 3, 3 * 54},
		{"fibonacci, 4 bits", []uint32{1, 1, 2, 3, 5, 8, 13, 21}, 4, 4*(1+1+2+3) + 4*0 + 3*0 + 3*(5+8) + 2*(13+21) + 4*0},
	} {
		lengths := codeLengths(tt.counts, tt.limit)
		bits, kraft := 0, 0
		for s, l := range lengths {
			if int(l) > tt.limit {
				t.Errorf("%s: length %d is over the limit %d", tt.name, l, tt.limit)
			}
			if l > 0 {
				kraft += 1 << (tt.limit - int(l))
			}
			bits += int(l) * int(tt.counts[s])
		}
		if kraft != 1<<tt.limit {
			t.Errorf("%s: lengths %v are no complete prefix code", tt.name, lengths)
		}
		if bits > tt.bits {
			t.Errorf("%s: %d bits with %v, want %d", tt.name, bits, lengths, tt.bits)
		}
	}
}

func TestSymbolTables(t *testing.T) {
	for dist := 1; dist <= windowSize; dist++ {
		r := distRuns[distIndex(dist)]
		if dist < r.base || dist >= r.base+1<<r.extra {
			t.Fatalf("distance %d is not in its code's range, which begins at %d", dist, r.base)
		}
	}
	for l := minMatch; l <= maxMatch; l++ {
		r := lengthRuns[lengthIndex[l]]
		if l < r.base || l >= r.base+1<<r.extra {
			t.Fatalf("length %d is not in its code's range, which begins at %d", l, r.base)
		}
	}
	if lengthIndex[maxMatch] != 28 {
		t.Error("length 258 must use its own code")
	}
}

func FuzzDeflate(f *testing.F) {
	for _, src := range inputs() {
		if len(src) < 1<<10 {
			f.Add(src, uint8(1))
		}
	}
	f.Add([]byte("abcabcabd"), uint8(15))
	f.Fuzz(func(t *testing.T, src []byte, times uint8) {
		check(t, bytes.Repeat(src, 1+int(times%16)))
	})
}

// BenchmarkCompress measures speed on a real executable and the sizes around
// the limits of effortFor.
func BenchmarkCompress(b *testing.B) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	data, err := os.ReadFile(exe)
	if err != nil {
		b.Fatal(err)
	}
	for _, bm := range []struct {
		name string
		src  []byte
	}{
		{"2KiB", data[:2<<10]},
		{"8KiB", data[:8<<10]},
		{"64KiB", data[:64<<10]},
		{"executable", data},
		{"zeros 8KiB", make([]byte, 8<<10)},
		{"zeros 4MiB", make([]byte, 4<<20)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(bm.src)))
			n := 0
			for b.Loop() {
				n = len(Compress(bm.src))
			}
			b.ReportMetric(float64(n)/float64(len(bm.src)), "ratio")
		})
	}
}

// TestManyProcessors compresses several chunks at a time and one after the other:
// the bytes are the same.
func TestManyProcessors(t *testing.T) {
	src := make([]byte, 3*chunkSize+1000)
	for i := range src {
		src[i] = byte(i * i >> 7 * (i >> 9))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	alone := Compress(src)
	runtime.GOMAXPROCS(4)
	if !bytes.Equal(Compress(src), alone) {
		t.Error("the number of processors changes the bytes")
	}
}

// mixed makes inputs of runs, repeats and noise, of which the search takes all its ways.
func mixed(r *rand.Rand) []byte {
	var src []byte
	for want := 20 + r.IntN(3000); len(src) < want; {
		switch r.IntN(4) {
		case 0:
			src = append(src, bytes.Repeat([]byte{byte(r.IntN(3))}, 1+r.IntN(1<<r.IntN(10)))...)
		case 1:
			for range r.IntN(30) {
				src = append(src, byte(r.IntN(3)))
			}
		case 2:
			src = append(src, byte(r.Uint32()))
		case 3:
			if len(src) > 0 {
				src = append(src, src[r.IntN(len(src)):]...)
			}
		}
	}
	return src
}

// TestBytesStay holds the output of many inputs: other bytes give every image another
// name. Whoever makes them smaller writes the new sum here, and an entry in CHANGELOG.md.
func TestBytesStay(t *testing.T) {
	r, sum := rand.New(rand.NewPCG(1, 2)), sha256.New()
	for range 150 {
		sum.Write(Compress(mixed(r)))
	}
	large := mixed(r)
	for len(large) < 300_000 {
		large = append(large, mixed(r)...)
	}
	sum.Write(Compress(large))
	if got, want := hex.EncodeToString(sum.Sum(nil)), "a667162aa681b9c659ebc85bdcf6733c0a8bb74c4c07550179937b2ff0c5a04f"; got != want {
		t.Errorf("the outputs have the sum %s, want %s", got, want)
	}
}
