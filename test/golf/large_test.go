package golf

import (
	"syscall"
	"testing"
	"time"

	"tasm/layout"
	"tasm/program"
)

// large are programs in ordinary style, with loops, tables and calls.
var large = []struct {
	source, target string
	trial          trial
}{
	{"../../samples/wc", "", trial{stdin: "two words\nand three more\n\n"}},
	{"../../samples/calc", "", trial{stdin: "1 + 2 * 3\n(4 - 5) * 6\n7 / 0\n)\n"}},
	{"../../samples/hexdump", "", trial{stdin: "some text, and more\n\x00\xff"}},
	{"../../layout/rewrite/testdata/tr", "", trial{args: []string{"rot13"}, stdin: "Some Text [az@`{] nmNM\n"}},
	{"../../layout/rewrite/testdata/wc", "", trial{stdin: "two words\nand three more\n\n"}},
	{"testdata/stats", "", trial{stdin: "3 1 4 1 5 9 2 6 5 3 5\n27, 18; 28\n"}},
}

// least is how much of the code golf has to save, beyond what placing it into
// the headers saves, and limit the time that it may take.
const (
	leastPercent = 5
	limit        = 10 * time.Second
)

// TestLarge golfs programs of 200 to 2000 bytes.
func TestLarge(t *testing.T) {
	for _, x := range large {
		p := assemble(t, x.source+".tasm", x.target)
		code := 0
		for _, s := range p.Sections {
			if s.Flags&program.Exec != 0 {
				code += int(s.Size)
			}
		}
		plain, _ := layout.Plain(p, layout.Options{})
		pack, _ := layout.Pack(p, layout.Options{})
		start, busy := time.Now(), processorTime(t)
		golf, said := layout.Golf(p, layout.Options{})
		// On a machine that does other work too, the work counts.
		took := min(time.Since(start), processorTime(t)-busy)
		if plain == nil || pack == nil || golf == nil {
			t.Fatalf("%s: %v", x.source, said.Messages())
		}
		if n := len(plain.Bytes); n < 200 || n > 2000 {
			t.Errorf("%s: %d bytes are not what this is about", x.source, n)
		}
		saved := len(pack.Bytes) - len(golf.Bytes)
		t.Logf("%-36s plain %4d  pack %4d  golf %4d  code %4d  saved %3d  %.1f s  %s", x.source, len(plain.Bytes), len(pack.Bytes), len(golf.Bytes), code, saved, took.Seconds(), golf.Report.Checked)
		if saved*100 < code*leastPercent {
			t.Errorf("%s: %d of %d bytes of code saved", x.source, saved, code)
		}
		if took > limit {
			t.Errorf("%s took %v", x.source, took)
		}
		want := x.trial.run(t, plain.Bytes)
		if got := x.trial.run(t, golf.Bytes); got != want {
			t.Errorf("%s: %+v became %+v", x.source, want, got)
		}
	}
}

// processorTime is how long processors have worked for this process.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
