package layout

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// tool runs a program that the test can't do without, in dir.
func tool(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String() + errs.String()
}

// writeFile writes a file into dir and returns its path.
func writeFile(t *testing.T, dir, name string, contents []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, contents, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a program that a test has made and returns what it wrote and its
// exit status.
func run(t *testing.T, file []byte) (string, int) {
	t.Helper()
	path := writeFile(t, t.TempDir(), "program", file, 0o755)
	cmd := exec.Command(path)
	cmd.WaitDelay = time.Second
	timer := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() < 0 {
		t.Fatalf("the program died: %v", cmd.ProcessState)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// builder makes programs by hand.
type builder struct {
	program.Program
	current *program.Section
	line    int32
}

func build(target string, bits int) *builder {
	return &builder{Program: program.Program{Target: target, Bits: bits}}
}

// place makes up a range, so that every statement has its own.
func (b *builder) place() diag.Range {
	b.line++
	return diag.Range{File: 1, Start: b.line * 10, End: b.line*10 + 5}
}

// id is the segment of the section that is opened as number n, from 1 on.
func id(n int) lang.SegmentID { return lang.SegmentID(n) }

func (b *builder) section(name string, flags program.Flags, align int64) *program.Section {
	b.current = &program.Section{
		ID: id(len(b.Sections) + 1), Name: name, Range: b.place(), Flags: flags, Align: align,
		Flat: program.FlatPlacement{AlignSet: align > 0},
	}
	b.current.Align = max(align, 1)
	b.Sections = append(b.Sections, b.current)
	return b.current
}

const (
	text   = program.Alloc | program.Exec
	rodata = program.Alloc
	data   = program.Alloc | program.Write
	bss    = program.Alloc | program.Write | program.NoBits
)

func (b *builder) add(f program.Fragment) {
	f.Offset = b.current.Size
	if f.Repeat == 0 {
		f.Repeat = 1
	}
	if f.Size == 0 {
		f.Size = int64(len(f.Bytes))
	}
	f.Source = &lang.Statement{Range: b.place()}
	b.current.Size += f.Size * f.Repeat
	b.current.Fragments = append(b.current.Fragments, f)
}

// code adds an instruction. Fixups without a Range get one, their End is the
// instruction's end.
func (b *builder) code(bits int, code string, fixups ...program.Fixup) {
	for i := range fixups {
		fixups[i].Range = b.place()
		fixups[i].End = int32(len(code))
	}
	if bits == 16 && b.Code16.IsZero() {
		b.Code16 = b.place()
	}
	b.add(program.Fragment{Kind: program.Code, Bytes: []byte(code), Fixups: fixups, Instruction: &x86.Instruction{Bits: bits}})
}

func (b *builder) data(bytes string, fixups ...program.Fixup) {
	for i := range fixups {
		fixups[i].Range = b.place()
	}
	b.add(program.Fragment{Kind: program.Data, Bytes: []byte(bytes), Fixups: fixups})
}

func (b *builder) times(n int64, bytes string, fixups ...program.Fixup) {
	b.add(program.Fragment{Kind: program.Data, Bytes: []byte(bytes), Repeat: n, Fixups: fixups})
}

func (b *builder) space(n int64) {
	b.add(program.Fragment{Kind: program.Space, Size: n})
}

func (b *builder) symbol(name string, segment lang.SegmentID, offset int64) *program.Symbol {
	s := &program.Symbol{Name: name, Range: b.place(), Value: lang.InSegment(segment, offset)}
	b.Symbols = append(b.Symbols, s)
	return s
}

func (b *builder) extern(name string, segment lang.SegmentID) {
	b.Externs = append(b.Externs, &program.Symbol{Name: name, Range: b.place(), Extern: true, Value: lang.InSegment(segment, 0)})
}

// abs is a field with the address offset bytes into a segment.
func abs(at int32, size uint8, segment lang.SegmentID, offset int64) program.Fixup {
	return program.Fixup{Offset: at, Size: size, Value: lang.InSegment(segment, offset)}
}

// rel is a field with the distance to that address.
func rel(at int32, size uint8, segment lang.SegmentID, offset int64) program.Fixup {
	return program.Fixup{Offset: at, Size: size, Kind: x86.Relative, SignExtended: true, Value: lang.InSegment(segment, offset)}
}

// texts returns what the messages say, one on each line.
func texts(bag *diag.Bag) string {
	var out strings.Builder
	for _, m := range bag.Messages() {
		out.WriteString(m.Severity.String() + ": " + m.Text + "\n")
	}
	return out.String()
}

// checkParts makes sure that the parts explain every byte of the file once.
func checkParts(t *testing.T, f *File) {
	t.Helper()
	var end int64
	for i, p := range f.Parts {
		if p.Offset != end || p.Size <= 0 {
			t.Errorf("part %d (kind %d) covers %d bytes from %d on, want from %d on", i, p.Kind, p.Size, p.Offset, end)
		}
		end = p.Offset + p.Size
	}
	if end != int64(len(f.Bytes)) {
		t.Errorf("parts end at %d, the file at %d", end, len(f.Bytes))
	}
}
