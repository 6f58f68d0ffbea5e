package x86

// paddings are the instructions that do nothing, of 1 byte, of 2 bytes and so
// on, by the alignment mode that nasm's package smartalign names and the bits of
// the code.
var paddings = map[string]map[int][]string{
	"nop": {16: oneByte, 32: oneByte, 64: oneByte},
	"generic": {
		16: {"\x90", "\x89\xF6", "\x8D\x74\x00", "\x8D\xB4\x00\x00", "\x8D\xB4\x00\x00\x90",
			"\x8D\xB4\x00\x00\x89\xFF", "\x8D\xB4\x00\x00\x8D\x7D\x00", "\x8D\xB4\x00\x00\x8D\xBD\x00\x00"},
		32: {"\x90", "\x89\xF6", "\x8D\x76\x00", "\x8D\x74\x26\x00", "\x90\x8D\x74\x26\x00",
			"\x8D\xB6\x00\x00\x00\x00", "\x8D\xB4\x26\x00\x00\x00\x00"},
		64: sizePrefixes,
	},
	"k7": {
		16: {"\x90", "\x66\x90", "\x66\x66\x90", "\x66\x66\x66\x90", "\x8D\xB4\x00\x00\x90",
			"\x8D\xB4\x00\x00\x89\xFF", "\x8D\xB4\x00\x00\x8D\x7D\x00", "\x8D\xB4\x00\x00\x8D\xBD\x00\x00"},
		32: {"\x90", "\x8B\xC0", "\x8D\x04\x20", "\x8D\x44\x20\x00", "\x8D\x44\x20\x00\x90",
			"\x8D\x80\x00\x00\x00\x00", "\x8D\x04\x05\x00\x00\x00\x00"},
		64: sizePrefixes,
	},
	"k8": {16: sizePrefixes, 32: sizePrefixes, 64: sizePrefixes},
	"p6": {16: longNops[:4], 32: longNops, 64: longNops},
}

var (
	oneByte      = []string{"\x90"}
	sizePrefixes = []string{"\x90", "\x66\x90", "\x66\x66\x90", "\x66\x66\x66\x90"}
	// longNops are the recommended ones (Intel SDM vol. 2, NOP).
	longNops = []string{"\x90", "\x66\x90", "\x0F\x1F\x00", "\x0F\x1F\x40\x00", "\x0F\x1F\x44\x00\x00",
		"\x66\x0F\x1F\x44\x00\x00", "\x0F\x1F\x80\x00\x00\x00\x00", "\x0F\x1F\x84\x00\x00\x00\x00\x00"}
)

// Repeated are bytes, a number of times.
type Repeated struct {
	Bytes []byte
	Times int
}

// Padding returns n bytes of code that do nothing, piece by piece. Where n is more
// than threshold, which is not negative, the code jumps over the rest of itself.
func Padding(mode string, bits, n, threshold int) []Repeated {
	list := paddings[mode][bits]
	one := []byte(oneByte[0])
	switch {
	case len(list) == 0:
		return []Repeated{{one, n}}
	case threshold >= 0 && n > threshold && n >= 2:
		jump := []byte{0xEB, byte(n - 2)}
		if n-2 > 127 {
			size := map[int]int{16: 2, 32: 4, 64: 4}[bits]
			jump = []byte{0xE9}
			for i := range size {
				jump = append(jump, byte((n-1-size)>>(8*i)))
			}
		}
		return []Repeated{{jump, 1}, {one, n - len(jump)}}
	}
	largest := len(list)
	pieces := []Repeated{{[]byte(list[largest-1]), n / largest}}
	if rest := n % largest; rest > 0 {
		pieces = append(pieces, Repeated{[]byte(list[rest-1]), 1})
	}
	return pieces
}
