package layout

import (
	"bytes"
	"testing"
)

// TestFree changes the header bytes of packed files on which nothing depends.
func TestFree(t *testing.T) {
	for _, target := range []string{"linux/386", "linux/amd64"} {
		p := assembled(t, "target "+target+"\nentry _start\nsection .text\n_start: sys exit, 7")
		file, said := Pack(p, Options{})
		if file == nil {
			t.Fatal(said.Messages())
		}
		free := file.Free()
		if len(free) == 0 || !file.LoadsAs(file.Bytes) {
			t.Fatalf("%s: free bytes %v", target, free)
		}
		changed := bytes.Clone(file.Bytes)
		for _, i := range free {
			changed[i] ^= 0x41
			for _, part := range file.Parts {
				if part.Kind != HeaderPart && part.Offset <= int64(i) && int64(i) < part.Offset+part.Size {
					t.Errorf("%s: byte %#x is of a part of kind %d", target, i, part.Kind)
				}
			}
			if !file.LoadsAs(changed) {
				t.Errorf("%s: byte %#x is not free", target, i)
			}
			changed[i] = file.Bytes[i]
		}
		changed[free[0]] ^= 0x41
		if !file.Agrees(p, changed, Options{}) {
			t.Errorf("%s: with another byte %#x it is said to do something else", target, free[0])
		}
		changed[free[0]] = file.Bytes[free[0]]
		status := bytes.IndexByte(file.Bytes, 7)
		if changed[status] = 8; file.Agrees(p, changed, Options{}) {
			t.Errorf("%s: ending with status 8 it is said to do the same", target)
		}
		changed[status] = 7
		for _, i := range []int{0, 16, 18, 24} { // EI_MAG, e_type, e_machine, e_entry
			changed[i] ^= 4
			if file.LoadsAs(changed) {
				t.Errorf("%s: with another byte %#x it is the same", target, i)
			}
			changed[i] = file.Bytes[i]
		}
		if file.Report.Checked = ""; len(file.Free()) != 0 {
			t.Errorf("%s: headers of a file may be changed that was not compared", target)
		}
		if file, _ = Plain(p, Options{}); len(file.Free()) != 0 {
			t.Errorf("%s: plain headers may be changed", target)
		}
	}
}
