package x86

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tasm/lang"
)

// record is how many bytes each test line takes in nasm's output: the
// instruction, a byte with its length, and zeros.
const record = 32

// nasmBytes assembles lines with nasm, each at offset i*record, and returns
// their bytes, nil for those that nasm refuses.
func nasmBytes(t testing.TB, dir, preamble string, list []line) ([][]byte, []string) {
	t.Helper()
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Fatal("nasm is needed for this test (package nasm): ", err)
	}
	refused := make([]string, len(list))
	source, output := filepath.Join(dir, "lines.asm"), filepath.Join(dir, "lines.bin")
	first := strings.Count(preamble, "\n") + 2 // source line of the first instruction; each takes four
	for round := 0; ; round++ {
		var b bytes.Buffer
		b.WriteString(preamble + "\n")
		for i, l := range list {
			text := l.text
			if refused[i] != "" {
				text = ""
			}
			fmt.Fprintf(&b, "%s\ndb ($-$$)-%d\ntimes %d-($-$$) db 0\n\n", text, i*record, (i+1)*record)
		}
		if err := os.WriteFile(source, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		os.Remove(output)
		cmd := exec.Command(nasm, "-w-all", "-f", "bin", "-o", output, source)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := cmd.Run()
		if err == nil {
			break
		}
		before := 0
		for message := range strings.Lines(stderr.String()) {
			_, rest, ok := strings.Cut(message, source+":")
			if !ok {
				continue
			}
			number, text, _ := strings.Cut(rest, ":")
			n, err := strconv.Atoi(number)
			if err != nil || (n-first)%4 != 0 {
				continue
			}
			refused[(n-first)/4] = strings.TrimSpace(text)
			before++
		}
		if before == 0 || round == 9 {
			t.Fatalf("nasm: %v\n%.2000s", err, stderr.String())
		}
	}
	data, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) != record*len(list) {
		t.Fatalf("nasm wrote %d bytes, not %d", len(data), record*len(list))
	}
	result := make([][]byte, len(list))
	for i := range list {
		if refused[i] != "" {
			continue
		}
		r := data[i*record : (i+1)*record]
		end := bytes.TrimRight(r, "\x00")
		if len(end) == 0 {
			result[i] = []byte{}
			continue
		}
		result[i] = r[:end[len(end)-1]]
	}
	return result, refused
}

// resolve fills in the fixups of an instruction that stands at offset at of a
// flat file that is loaded at 0.
func resolve(e *Encoding, at int64) []byte {
	code := bytes.Clone(e.Code())
	for _, f := range e.Fixups() {
		n := f.Value.N
		for _, term := range f.Value.Terms() {
			_ = term // segment 1 starts at 0
		}
		if f.Kind == Relative {
			n -= at + int64(e.Length)
		}
		for k := range f.Size {
			code[f.Offset+k] = byte(n >> (8 * k))
		}
	}
	return code
}

// place moves the instruction to its offset and gives $ its value there.
func (l *line) place(at int64) {
	l.in.Segment, l.in.Offset = ownSegment, at
	for i := range l.in.Operands {
		v := &l.in.Operands[i].Value
		for _, term := range v.Terms() {
			if term.Kind == lang.SegmentTerm {
				v.N += at
			}
		}
	}
}

func TestAgainstNASM(t *testing.T) {
	known := readDifferences(t)
	t.Cleanup(func() {
		for _, d := range known.list {
			if !d.used && !t.Failed() {
				t.Errorf("differences.txt: %s %s is not needed", d.outcome, d.pattern)
			}
		}
	})
	for _, bits := range []int{16, 32, 64} {
		t.Run(strconv.Itoa(bits), func(t *testing.T) {
			t.Parallel()
			list := lines(bits)
			compare(t, fmt.Sprintf("bits %d", bits), list, known)
			t.Logf("%d lines", len(list))
		})
	}
	t.Run("default rel", func(t *testing.T) {
		var list []line
		for _, a := range addresses[64] {
			for _, text := range []string{"mov", "lea", "add", "call"} {
				in := Instruction{Mnemonic: LookupMnemonic(text), Bits: 64, DefaultRel: true}
				ops := []string{"rcx", "[" + a + "]"}
				switch text {
				case "call":
					ops = ops[1:]
				case "mov":
					ops[0] = "eax"
				}
				for _, o := range ops {
					in.Operands = append(in.Operands, operand(o).op)
				}
				list = append(list, line{text + " " + strings.Join(ops, ", "), in})
			}
		}
		list = append(list, line{"lea rax, $", Instruction{Mnemonic: LookupMnemonic("lea"), Bits: 64, DefaultRel: true, Operands: []Operand{operand("rax").op, operand("$").op}}})
		compare(t, "bits 64\ndefault rel", list, known)
	})
}

// compare assembles lines with nasm and with Encode.
func compare(t *testing.T, preamble string, list []line, known *differences) {
	t.Helper()
	want, refused := nasmBytes(t, t.TempDir(), preamble, list)
	failures, limit := 0, 60
	if os.Getenv("ALL") != "" {
		limit = 1 << 30
	}
	for i := range list {
		l := &list[i]
		at := int64(i) * record
		l.place(at)
		var e Encoding
		m := Encode(&l.in, &e)
		var message, outcome string
		switch {
		case m != nil && refused[i] != "":
			continue
		case m != nil:
			outcome = "accepts"
			message = fmt.Sprintf("% x, but Encode says: %s", want[i], m.Error())
		case refused[i] != "":
			outcome = "refuses"
			message = fmt.Sprintf("refused (%s), but Encode gives % x (%s)", refused[i], resolve(&e, at), e.Form.ID())
		default:
			got := resolve(&e, at)
			if bytes.Equal(got, want[i]) {
				continue
			}
			outcome = "differs"
			message = fmt.Sprintf("% x, Encode % x (%s)", want[i], got, e.Form.ID())
		}
		if known.cover(l, outcome) {
			continue
		}
		if failures++; failures <= limit {
			t.Errorf("bits %d: %s: nasm %s", l.in.Bits, l.text, message)
		}
	}
	if failures > limit {
		t.Errorf("and %d more of %d", failures-limit, len(list))
	}
}

// differences is the list of deliberate differences from nasm, in
// testdata/differences.txt.
type differences struct {
	sync.Mutex
	list []*difference
}

type difference struct {
	outcome string // what nasm does where Encode doesn't: refuses, accepts or differs
	pattern *regexp.Regexp
	used    bool
}

func readDifferences(t testing.TB) *differences {
	t.Helper()
	data, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	var d differences
	for text := range strings.Lines(string(data)) {
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		parts := strings.Split(text, " :: ")
		if len(parts) != 3 {
			t.Fatalf("differences.txt: %q has no three columns", text)
		}
		pattern, err := regexp.Compile("^(?:" + parts[1] + ")$")
		if err != nil {
			t.Fatal(err)
		}
		d.list = append(d.list, &difference{outcome: parts[0], pattern: pattern})
	}
	return &d
}

// cover reports whether the list names the difference.
func (d *differences) cover(l *line, outcome string) bool {
	text := fmt.Sprintf("%d: %s", l.in.Bits, l.text)
	d.Lock()
	defer d.Unlock()
	for _, x := range d.list {
		if x.outcome == outcome && x.pattern.MatchString(text) {
			x.used = true
			return true
		}
	}
	return false
}
