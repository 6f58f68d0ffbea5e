package layout

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
	"tasm/program"
)

// assembled assembles a source, whose instructions are kept.
func assembled(t testing.TB, source string) *program.Program {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("source", []byte(source)), assembler.Options{Instructions: true})
	if p == nil || said.Errors() > 0 {
		t.Fatal(said.Messages())
	}
	return p
}

// TestFallBack golfs programs that can't be, or only in part: the report says
// which layout came of it, and why.
func TestFallBack(t *testing.T) {
	const head = "target linux/386\nentry _start\nsection .text\n_start:\n"
	for name, c := range map[string]struct{ source, layout, reason string }{
		"another process": {head + "sys vfork\ntest eax, eax\njz .child\nsys exit, 1\n.child: sys exit, 2",
			"pack", "what the program does can't be established: it calls vfork"},
		"an exception": {head + "sys getpid\nmov ebx, [0]\nsys exit, ebx",
			"golf", "not written anew: the program reads at 0x0"},
		"vectors": {head + "pxor xmm0, xmm0\nmovd ebx, xmm0\nsys exit, ebx",
			"golf", "not written anew: the program computes with what it is told"},
		"unmasked exceptions": {head + "ldmxcsr [.mode]\nsys exit, 0\n.mode: dd 0x1F00",
			"pack", "uses ldmxcsr, whose effect is not modelled"},
		"a computed jump": {head + "pop ecx\nand ecx, 1\njmp [.table + 4 * ecx]\n.even: sys exit, 1\n.odd: sys exit, 2\n.table: dd .even, .odd",
			"golf", "not written anew: the program reads at an address that is not known"},
		"much data": {head + "sys write, 1, much, 2000000\nsys exit, 0\nsection .rodata\nmuch: times 2000000 db 1",
			"plain", "the program is larger than 1048576 bytes"},
		"some data": {head + "sys write, 1, some, 300\nsys exit, 0\nsection .rodata\nsome: times 300 db 'a'",
			"golf", "not written anew: that is done for programs below 304 bytes"},
		"addresses in memory": {head + "sys socketcall, 3, .args\nsys exit, 0\n.args: dd 0, .to, 16\n.to: times 16 db 0",
			"pack", "it passes addresses in memory for args, which are not followed; use a call that takes them in registers, if there is one"},
		"many calls": {head + "mov esi, 60\n.next: sys write, 1, .dot, 1\ndec esi\njnz .next\nsys exit, 0\n.dot: db '.'",
			"golf", "no code written anew is smaller: it would call the kernel 61 times"},
		"much code": {programs.Long(rand.New(rand.NewPCG(1, 1)), "linux/386", 2500),
			"golf", "of those with more than 8192, blocks are rewritten each by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			file, said := Golf(assembled(t, c.source), Options{Effort: -8})
			if file == nil {
				t.Fatal(said.Messages())
			}
			if r := file.Report; r.Layout != c.layout || !strings.Contains(strings.Join(r.Reasons, "\n"), c.reason) {
				t.Errorf("%s, %s: %q", r.Layout, r.Method, r.Reasons)
			}
		})
	}
}

// TestBoundOfComputed golfs a program that prints zeros, which it computes: the bound
// of files in which its data lie whole is none of it.
func TestBoundOfComputed(t *testing.T) {
	p := assembled(t, "target linux/386\nentry _start\nsection .text\n_start: mov ecx, 80\n.more: dec ecx\nmov byte [text + ecx], '0'\njnz .more\nsys write, 1, text, 80\nsys exit, 0\nsection .bss\ntext: resb 80")
	file, said := Golf(p, Options{Effort: -8})
	if file == nil {
		t.Fatal(said.Messages())
	}
	if r := file.Report; len(file.Bytes) >= 46+80 || r.Bound != 45 || r.Optimal(int64(len(file.Bytes))) {
		t.Errorf("%d bytes, bound %d of %s", len(file.Bytes), r.Bound, r.Space)
	}
}

// TestBoundOfData bounds a program with branches by the data that it was seen to write.
func TestBoundOfData(t *testing.T) {
	file, said := Golf(assembled(t, `target linux/386
_start: pop eax
	dec eax
	jz .last
	sys write, 1, first, 14
.last:	sys write, 1, last, 15
	sys exit, 0
first:	db "Hello, world!", 10
last:	db "And so it goes", 10
`), Options{Effort: -8})
	if file == nil {
		t.Fatal(said.Messages())
	}
	if r := file.Report; r.Bound != 46+14+15 || int64(len(file.Bytes)) < r.Bound || !strings.Contains(r.Space, "data of 29 B") {
		t.Errorf("%d bytes, bound %d of %s", len(file.Bytes), r.Bound, r.Space)
	}
}

// TestNoMistakes golfs random programs, among them some of which the comparison
// once had to refuse a result: one of three, or with more -programs all.
func TestNoMistakes(t *testing.T) {
	for i, statements := range []int{6, 10, 20} {
		for k, seed := range []uint64{3, 6, 7, 8, 10, 22} {
			if k%3 != i && *randomPrograms == fewPrograms {
				continue
			}
			for _, target := range []string{"linux/386", "linux/amd64"} {
				source := programs.Long(rand.New(rand.NewPCG(seed, 1)), target, statements)
				file, said := Golf(assembled(t, source), Options{Effort: -8})
				if file == nil {
					t.Fatal(said.Messages())
				}
				if reasons := strings.Join(file.Report.Reasons, "\n"); strings.Contains(reasons, "internal error") {
					t.Errorf("%s, %d statements, seed %d:\n%s", target, statements, seed, reasons)
				}
			}
		}
	}
}

// TestEndedEarly ends searches after more and more time, until something is gained.
// They end soon after, and what they answer with is a file that was compared, or what
// Pack makes.
func TestEndedEarly(t *testing.T) {
	primes, err := os.ReadFile("../samples/primes.tasm")
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{
		"primes": string(primes),
		"large":  programs.Long(rand.New(rand.NewPCG(1, 1)), "linux/386", 400),
		"text":   "target linux/386\n_start: sys write, 1, text, 200\nsys exit, 0\ntext: times 200 db 'a'\n",
	} {
		p := assembled(t, source)
		plain, _ := Plain(p, Options{})
		last := len(plain.Bytes)
		for _, limit := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, 10 * time.Second, time.Minute} {
			if limit >= 10*time.Second && last < len(plain.Bytes) {
				break // only a busy machine needs so long
			}
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			start := time.Now()
			file, said := Golf(p, Options{Context: ctx})
			took := time.Since(start)
			cancel()
			if file == nil {
				t.Fatal(said.Messages())
			}
			r := file.Report
			t.Logf("%s, %v: %d bytes after %v, %s, %s; %q", name, limit, len(file.Bytes), took, r.Method, r.Checked, r.Reasons)
			if took > limit+grace+5*time.Second {
				t.Errorf("%s: ended after %v, not %v", name, took, limit)
			}
			if r.Layout == "golf" && r.Checked == "" || len(file.Bytes) > len(plain.Bytes) {
				t.Errorf("%s: %d bytes, plain %d, %s, compared: %q", name, len(file.Bytes), len(plain.Bytes), r.Layout, r.Checked)
			}
			last = min(last, len(file.Bytes))
		}
		if last == len(plain.Bytes) {
			t.Errorf("%s: nothing was gained in any time", name)
		}
	}
}

// TestUnchecked warns of a program that has the kernel read beyond its buffer if a
// call fails.
func TestUnchecked(t *testing.T) {
	text, err := os.ReadFile("../test/golf/programs/echo-line.tasm")
	if err != nil {
		t.Fatal(err)
	}
	files := &diag.Files{}
	p, _ := assembler.Assemble(files, files.Add("source", text), assembler.Options{Instructions: true})
	_, said := Golf(p, Options{Effort: -8})
	list := said.Messages()
	if len(list) != 1 || list[0].Text != "if read fails, write gets a length of -14, and buf has 100 bytes" || list[0].Code != "unchecked" {
		t.Fatalf("%+v", list)
	}
	if line := strings.Count(string(text[:list[0].Range.Start]), "\n") + 1; line != 16 {
		t.Errorf("line %d", line)
	}
}

// TestTighterBounds bounds the memory that a file may ask for: a tighter bound gives no
// smaller file.
func TestTighterBounds(t *testing.T) {
	p := samplePrograms(t)["hello64.tasm linux/amd64"]
	last := 0
	for _, bound := range []uint64{1 << 20, 1 << 16} {
		file, said := Golf(p, Options{MaxCharge: bound})
		if file == nil {
			t.Fatal(said.Messages()[0].Text)
		}
		if size := len(file.Bytes); size < last {
			t.Errorf("%d bytes under a bound of %d, and %d under a wider one", size, bound, last)
		}
		last = len(file.Bytes)
	}
}
