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

// assembled is what nasm made of a line.
type assembled struct {
	offset  int64
	code    []byte
	refused string // nasm's message, "" where there is code
}

// nasmBytes assembles lines with nasm, one after the other in a flat file.
// Which bytes belong to which line is taken from nasm's listing.
func nasmBytes(t testing.TB, dir, preamble string, list []line) []assembled {
	t.Helper()
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Fatal("nasm is needed for this test (package nasm): ", err)
	}
	result := make([]assembled, len(list))
	source, output, listing := filepath.Join(dir, "lines.asm"), filepath.Join(dir, "lines.bin"), filepath.Join(dir, "lines.lst")
	first := strings.Count(preamble, "\n") + 2 // source line of the first instruction
	for round := 0; ; round++ {
		var b bytes.Buffer
		b.WriteString(preamble + "\n")
		for i, l := range list {
			if result[i].refused == "" {
				b.WriteString(l.text)
			}
			b.WriteByte('\n')
		}
		if err := os.WriteFile(source, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		os.Remove(output)
		args := []string{"-w-all", "-f", "bin", "-o", output, source}
		if round > 0 {
			args = append([]string{"-l", listing}, args...)
		}
		cmd := exec.Command(nasm, args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := cmd.Run()
		if err == nil && round > 0 {
			break
		}
		found := err == nil
		for message := range strings.Lines(stderr.String()) {
			_, rest, ok := strings.Cut(message, source+":")
			if !ok {
				continue
			}
			number, text, _ := strings.Cut(rest, ":")
			n, err := strconv.Atoi(number)
			if err != nil || n < first {
				continue
			}
			result[n-first].refused = strings.TrimSpace(text)
			found = true
		}
		if !found || round == 9 {
			t.Fatalf("nasm: %v\n%.2000s", err, stderr.String())
		}
	}
	data, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(listing)
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for text := range strings.Lines(string(lines)) {
		// "     5 00000010 66B80500   mov ax, 5"; a long line goes on under the same number.
		if len(text) < 16 || text[7] == ' ' {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(text[:6]))
		offset, err2 := strconv.ParseInt(text[7:15], 16, 64)
		if err != nil || err2 != nil || n-first == last || n < first {
			continue
		}
		if last >= 0 {
			result[last].code = data[result[last].offset:offset]
		}
		last = n - first
		result[last].offset = offset
	}
	if last >= 0 {
		result[last].code = data[result[last].offset:]
	}
	return result
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
	known := readDifferences(t, "differences.txt")
	t.Cleanup(func() { known.checkUsed(t) })
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
	want := nasmBytes(t, t.TempDir(), preamble, list)
	failures, limit := 0, 60
	if os.Getenv("ALL") != "" {
		limit = 1 << 30
	}
	for i := range list {
		l := &list[i]
		at := want[i].offset
		l.place(at)
		var e Encoding
		m := Encode(&l.in, &e)
		var message, outcome string
		switch {
		case m != nil && want[i].refused != "":
			continue
		case m != nil:
			outcome = "accepts"
			message = fmt.Sprintf("% x, but Encode says: %s", want[i].code, m.Error())
		case want[i].refused != "":
			outcome = "refuses"
			message = fmt.Sprintf("refused (%s), but Encode gives % x (%s)", want[i].refused, resolve(&e, at), e.Form.ID())
		default:
			got := resolve(&e, at)
			if bytes.Equal(got, want[i].code) {
				continue
			}
			outcome = "differs"
			message = fmt.Sprintf("% x, Encode % x (%s)", want[i].code, got, e.Form.ID())
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

// checkUsed reports differences that no line needed.
func (d *differences) checkUsed(t *testing.T) {
	failed := t.Failed()
	for _, x := range d.list {
		if !x.used && !failed {
			t.Errorf("%s %s is not needed", x.outcome, x.pattern)
		}
	}
}

// differences is the list of deliberate differences from nasm, in a file of
// testdata.
type differences struct {
	sync.Mutex
	list []*difference
}

type difference struct {
	outcome string // what nasm does where Encode doesn't: refuses, accepts or differs
	pattern *regexp.Regexp
	used    bool
}

func readDifferences(t testing.TB, file string) *differences {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
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
			t.Fatalf("%s: %q has no three columns", file, text)
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
