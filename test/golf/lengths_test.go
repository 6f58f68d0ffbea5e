package golf

import (
	"flag"
	"fmt"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
)

var allLengths = flag.Bool("lengths", false, "print the sizes for messages of every length up to the longest")

// longest is the length of the longest message that a number of one byte tells.
const longest = 255

// header is what the smallest 386 program takes besides a message of some
// length that does not fit into it, in bytes.
const header = 46

// TestLengths prints messages of several lengths with 32-bit programs. Where the
// code and a message do not fit into the header together, the smallest program
// takes 46 bytes more than the message.
func TestLengths(t *testing.T) {
	lengths := []int{1, 2, 3, 4, 5, 7, 11, 20, 37, 52, 53, 98, longest}
	if *allLengths {
		lengths = nil
		for n := range longest {
			lengths = append(lengths, n+1)
		}
	}
	for _, n := range lengths {
		message := make([]byte, n)
		for i := range message {
			message[i] = "Hi IDBS Engineering! RE, and all who read these lines of text. "[i%63]
		}
		message[n-1] = '\n'
		source := fmt.Sprintf("target linux/386\n_start: sys write, 1, m, %d\nsys exit, 0\nm: db `%s\\n`\n", n, message[:n-1])
		files := &diag.Files{}
		p, said := assembler.Assemble(files, files.Add("length", []byte(source)), assembler.Options{Instructions: true})
		if p == nil || said.Errors() > 0 {
			t.Fatal(said.Messages())
		}
		file, said := layout.Golf(p, layout.Options{})
		if file == nil {
			t.Fatal(said.Messages())
		}
		size := len(file.Bytes)
		t.Logf("%3d  %3d  %+d  bound %d", n, size, size-n, file.Report.Bound)
		switch {
		case n <= 3 && size != 45 || (n == 4 || n == 5 || n == 7) && size != n+header-1:
			t.Errorf("%d bytes for a message of %d", size, n)
		case size > n+header:
			t.Errorf("%d bytes for a message of %d", size, n)
		case n > 10 && file.Report.Bound != int64(n+header):
			t.Errorf("%d bytes for a message of %d, bound %d", size, n, file.Report.Bound)
		case n > 10 && !file.Report.Optimal(int64(size)):
			t.Errorf("%d bytes for a message of %d are not proven to be the least", size, n)
		}
		r := &row{source: "length", stdout: string(message)}
		run(t, r, file.Bytes, false)
		run(t, r, file.Bytes, true)
	}
}
