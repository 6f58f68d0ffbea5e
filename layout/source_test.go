package layout

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/program"
)

// assemble assembles a source; the program is nil when it has errors.
func assemble(t *testing.T, source string, flat bool) (*program.Program, string) {
	t.Helper()
	files := &diag.Files{}
	id := files.Add("a.asm", []byte(source))
	p, bag := assembler.Assemble(files, id, assembler.Options{Flat: flat, ReadFile: os.ReadFile})
	var said strings.Builder
	for _, m := range bag.Messages() {
		fmt.Fprintf(&said, "%v: %s\n", m.Severity, m.Text)
	}
	return p, said.String()
}

// nasmFlat returns what nasm makes of a source, nil for an error.
func nasmFlat(t *testing.T, source string) ([]byte, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.asm"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	// Some circles of sections send nasm into one.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nasm", "-f", "bin", "-o", "a.bin", "a.asm")
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if err != nil {
		return nil, string(said)
	}
	file, err := os.ReadFile(filepath.Join(dir, "a.bin"))
	if err != nil {
		t.Fatal(err)
	}
	return file, string(said)
}

// randomSource makes a flat source with sections in all kinds of order. At most
// one section follows another: where several do, nasm now and then moves one
// along with another and forgets where it belongs.
func randomSource(r *rand.Rand) string {
	var out strings.Builder
	names := []string{".text", ".data", ".bss", "one", "two", "three"}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:1+r.IntN(len(names))]
	if r.IntN(2) == 0 {
		fmt.Fprintf(&out, "org %d\n", r.IntN(300))
	}
	followed := false
	for i, name := range names {
		nobits := name == ".bss"
		fmt.Fprintf(&out, "section %s", name)
		if name[0] != '.' && r.IntN(4) == 0 {
			out.WriteString(" nobits")
			nobits = true
		}
		switch r.IntN(10) {
		case 0:
			fmt.Fprintf(&out, " start=%d", r.IntN(400))
		case 1:
			if other := names[r.IntN(len(names))]; !followed && other != name {
				fmt.Fprintf(&out, " follows=%s", other)
				followed = true
			}
		case 2, 3:
			fmt.Fprintf(&out, " align=%d", 1<<r.IntN(6))
		}
		if !nobits {
			switch r.IntN(10) {
			case 0:
				fmt.Fprintf(&out, " vstart=%d", r.IntN(4000))
			case 1:
				fmt.Fprintf(&out, " vfollows=%s", names[r.IntN(len(names))])
			case 2:
				fmt.Fprintf(&out, " valign=%d", 1<<r.IntN(6))
			}
		}
		fmt.Fprintf(&out, "\nL%d:\n", i)
		for range r.IntN(4) {
			other := r.IntN(len(names))
			switch {
			case nobits:
				fmt.Fprintf(&out, "resb %d\n", r.IntN(20))
			case r.IntN(3) == 0:
				fmt.Fprintf(&out, "times %d db %d\n", r.IntN(20), r.IntN(256))
			case r.IntN(3) == 0:
				fmt.Fprintf(&out, "mov ax, [L%d+%d]\n", other, r.IntN(100))
			case r.IntN(3) == 0:
				fmt.Fprintf(&out, "jmp L%d\n", other)
			default:
				fmt.Fprintf(&out, "dd L%d, %d\n", other, r.IntN(1000))
			}
		}
	}
	return out.String()
}

// TestRandomFlat compares whole sources with nasm.
func TestRandomFlat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	good := 0
	for range 200 {
		source := randomSource(r)
		want, nasmSaid := nasmFlat(t, source)
		var have []byte
		p, said := assemble(t, source, true)
		if p != nil {
			file, bag := Flat(p, Options{})
			for _, m := range bag.Messages() {
				said += m.Text + "\n"
			}
			if file != nil {
				have = append([]byte{}, file.Bytes...)
			}
		}
		if (have == nil) != (want == nil) || !bytes.Equal(have, want) {
			t.Errorf("source:\n%s\ntasm: % x\n%s\nnasm: % x\n%s", source, have, said, want, nasmSaid)
		}
		if want != nil {
			good++
		}
	}
	if good < 100 {
		t.Errorf("only %d sources were right: the test shows little", good)
	}
	t.Logf("%d sources without errors", good)
}

// TestPlainFromSource runs the sources of the cases that are built by hand
// elsewhere.
func TestPlainFromSource(t *testing.T) {
	for _, c := range linkCases {
		t.Run(c.name, func(t *testing.T) {
			target := c.build().Target
			p, said := assemble(t, "target "+target+"\n"+c.source, false)
			if p == nil {
				t.Fatal(said)
			}
			file, bag := Plain(p, Options{})
			if file == nil {
				t.Fatal(texts(bag))
			}
			checkParts(t, file)
			if out, status := run(t, file.Bytes); out != c.out || status != c.status {
				t.Errorf("wrote %q and exited with %d, want %q and %d", out, status, c.out, c.status)
			}
		})
	}
}

// BenchmarkPlain lays out a program of 200,000 statements.
func BenchmarkPlain(b *testing.B) {
	p := build("linux/386", 32)
	p.section(".text", text, 16)
	p.symbol("_start", 1, 0)
	for range 100_000 {
		p.code(32, "\xb9\x00\x00\x00\x00", abs(1, 4, 1, 100))
		p.code(32, "\x40")
	}
	b.ReportAllocs()
	for b.Loop() {
		if file, _ := Plain(&p.Program, Options{}); file == nil {
			b.Fatal("no file")
		}
	}
}

// TestCallsInMessages: a message about a field that a macro made names the call.
func TestCallsInMessages(t *testing.T) {
	p, said := assemble(t, "target linux/386\n%macro half 0\ndw _start\n%endmacro\n_start: nop\nhalf\n", false)
	if p == nil {
		t.Fatal(said)
	}
	_, bag := Plain(p, Options{})
	messages := bag.Messages()
	if len(messages) != 1 {
		t.Fatalf("%d messages", len(messages))
	}
	for _, n := range messages[0].Notes {
		if n.Text == "in macro 'half', called here" {
			return
		}
	}
	t.Errorf("the call is missing in %+v", messages[0])
}

// TestWarnedOnce: what assembling has warned of, layout does not.
func TestWarnedOnce(t *testing.T) {
	for _, flat := range []bool{true, false} {
		p, said := assemble(t, "target linux/386\n_start: nop\nresb 3\ndb 1\n", flat)
		if p == nil || strings.Count(said, "\n") != 1 || !strings.Contains(said, "stored as zeros") {
			t.Fatalf("flat %v: %s", flat, said)
		}
		lay := Plain
		if flat {
			lay = Flat
		}
		if _, bag := lay(p, Options{}); bag.Len() != 0 {
			t.Errorf("flat %v: %s", flat, bag.Messages()[0].Text)
		}
	}
}
