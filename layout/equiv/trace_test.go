package equiv_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/equiv"
)

const samples = "../../samples/"

// sample returns the source of a sample.
func sample(t testing.TB, name string) string {
	t.Helper()
	source, err := os.ReadFile(samples + name + ".tasm")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// build builds a source as a plain executable, or, if flat, as a flat binary.
func build(t testing.TB, source, target string, flat bool) []byte {
	t.Helper()
	files := &diag.Files{}
	id := files.Add("a.tasm", []byte(source))
	p, bag := assembler.Assemble(files, id, assembler.Options{Target: target, Flat: flat})
	place := layout.Plain
	if flat {
		place = layout.Flat
	}
	var file *layout.File
	if p != nil {
		var said *diag.Bag
		file, said = place(p, layout.Options{})
		bag.Append(said)
	}
	if file == nil {
		t.Fatalf("%v\n%s", bag.Messages(), source)
	}
	return file.Bytes
}

// show writes a trace as text.
func show(trace *equiv.Trace) string {
	var b strings.Builder
	for _, c := range trace.Calls {
		fmt.Fprintf(&b, "%s(", c.Syscall.Name)
		for i, a := range c.Args {
			if i > 0 {
				b.WriteString(", ")
			}
			v := a.Value
			switch v.Form {
			case equiv.Number:
				fmt.Fprintf(&b, "%d", v.Number)
			case equiv.Image:
				b.WriteString("image")
			case equiv.Stack:
				fmt.Fprintf(&b, "sp%+d", v.Number)
			case equiv.Word:
				fmt.Fprintf(&b, "word%d%+d", v.Index, v.Number)
			case equiv.Result:
				fmt.Fprintf(&b, "result%d%+d", v.Index, v.Number)
			default:
				b.WriteString("?")
			}
			for _, r := range a.Reads {
				fmt.Fprintf(&b, " %q", r.Bytes)
			}
			if a.Room > 0 {
				fmt.Fprintf(&b, " room %d", a.Room)
			}
		}
		b.WriteString(")\n")
	}
	return b.String()
}

func TestRun(t *testing.T) {
	const head = "target linux/386, linux/amd64\nentry _start\nsection .text\n_start:\n"
	for name, c := range map[string]struct {
		source, target string
		flat           bool
		want           string
	}{
		"hello":   {sample(t, "hello"), "linux/386", false, `write(1, image "Hi IDBS Engineering! RE\n", 24)` + "\nexit(0)\n"},
		"hello64": {sample(t, "hello64"), "linux/amd64", false, `write(1, image "Hi IDBS Engineering! RE\n", 24)` + "\nexit(0)\n"},
		"both":    {sample(t, "hello-both"), "linux/amd64", false, `write(1, image "Hi IDBS Engineering! RE\n", 24)` + "\nexit(0)\n"},
		"exit42":  {sample(t, "exit42"), "linux/386", false, "exit(42)\n"},
		"argv": {head + "mov ecx, [esp+8]\nmov ebx, 1\nmov edx, 3\nmov eax, 4\nint 0x80\nmov ebx, eax\nmov eax, 1\nint 0x80", "linux/386", false,
			`write(1, word2+0 "", 3)` + "\nexit(result0+0)\n"},
		"stack": {head + "push 0\npush 7\nmov ebx, esp\nxor ecx, ecx\nmov eax, 162\nint 0x80\npop ebx\ninc ebx\nmov eax, 1\nint 0x80", "linux/386", false,
			`nanosleep(sp-8 "\a\x00\x00\x00\x00\x00\x00\x00", 0)` + "\nexit(8)\n"},
		"read": {head + "sub rsp, 16\nxor eax, eax\nxor edi, edi\nmov rsi, rsp\nmov edx, 16\nsyscall\nmovzx edi, byte [rsp+3]\nmov eax, 60\nsyscall", "linux/amd64", false,
			"read(0, sp-16 room 16, 16)\nexit(?)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			trace, reason := equiv.Run(build(t, c.source, c.target, c.flat))
			if trace == nil {
				t.Fatal(reason)
			}
			if got := show(trace); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	const head = "target linux/386\nentry _start\nsection .text\n_start:\n"
	for name, c := range map[string]struct {
		source string
		flat   bool
		want   string
	}{
		"cat":     {sample(t, "cat"), false, "decides on something"},
		"loop":    {head + "jmp _start", false, "runs for too long"},
		"nowhere": {head + "jmp eax", false, "jumps to 0x0"},
		"no end":  {head + "db 0x0f, 0x04, 0x77", false, "runs into"},
		"fault":   {head + "mov eax, [0]", false, "reads at 0x0"},
		"number":  {head + "pop eax\nint 0x80", false, "number is not known"},
		// Its exit keeps three bytes of what write returned.
		"teensy": {sample(t, "teensy"), true, "number is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			trace, reason := equiv.Run(build(t, c.source, "", c.flat))
			if trace != nil || !strings.Contains(reason, c.want) {
				t.Errorf("got %v %q, not %q", trace, reason, c.want)
			}
		})
	}
}
