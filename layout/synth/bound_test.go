package synth

import (
	"testing"

	"tasm/linux"
)

// TestFloor holds the floor of data against what is known of it. Pieces that overlap
// count once, and those that the headers have room for count less.
func TestFloor(t *testing.T) {
	long := message(40)
	for _, c := range []struct {
		abi  *linux.ABI
		data []string
		size int64
	}{
		{linux.I386, nil, 45},
		{linux.I386, []string{"Hello, world\n"}, 46 + 13},
		{linux.I386, []string{"0123456789"}, 45},
		{linux.I386, []string{string(long), "another text of 24 bytes"}, 46 + 40 + 24},
		{linux.I386, []string{string(long), string(long[20:]) + "another"}, 46 + 40 + 7},
		{linux.X8664, []string{"Hello, world\n"}, 72 + 13},
		{linux.X8664, nil, 80},
		{linux.I386, []string{string(make([]byte, 8000)) + "end"}, 8003},
	} {
		var data [][]byte
		for _, text := range c.data {
			data = append(data, []byte(text))
		}
		if size := Floor(c.abi, data, Options{}); size != c.size {
			t.Errorf("%s, %.40q: %d, not %d", c.abi.Name, c.data, size, c.size)
		}
	}
}

// TestFloorManyPieces bounds files with more data than all ways to lay them out can be
// tried of.
func TestFloorManyPieces(t *testing.T) {
	var data [][]byte
	sum := 0
	for i := range 40 {
		text := append([]byte{byte('a' + i%26), byte('A' + i)}, message(20+i)...)
		data = append(data, text)
		sum += len(text)
	}
	if size := Floor(linux.I386, data, Options{}); size > int64(46+sum) || size < int64(46+sum-len(data)) {
		t.Errorf("%d for %d bytes in %d pieces", size, sum, len(data))
	}
}
