package conformance

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
)

// product is what an assembler makes of a source: bytes, or complaints.
type product struct {
	path     string // of the file that nasm was asked to write
	bytes    []byte
	accepted bool
	messages string
}

// tasm assembles the file name of folder dir by lay.
func tasm(t *testing.T, dir, name string, opts assembler.Options, lay layout.Strategy) product {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return tasmText(name, text, dir, opts, lay)
}

// tasmText assembles text, whose included files are in folder dir.
func tasmText(name string, text []byte, dir string, opts assembler.Options, lay layout.Strategy) (p product) {
	return assembleText(&diag.Files{}, name, text, dir, opts, lay)
}

// assembleText is tasmText with the files of the caller.
func assembleText(files *diag.Files, name string, text []byte, dir string, opts assembler.Options, lay layout.Strategy) (p product) {
	root := files.Add(name, text)
	opts.ReadFile = func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return os.ReadFile(name)
	}
	source, said := assembler.Assemble(files, root, opts)
	messages := &diag.Bag{}
	for _, m := range new(diag.Warnings).Apply(said.Messages()) { // as [warning ...] has it
		messages.Add(m)
	}
	if source != nil && messages.Errors() == 0 {
		file, more := lay(source, layout.Options{})
		messages.Append(more)
		if file != nil && messages.Errors() == 0 {
			p.bytes, p.accepted = file.Bytes, true
		}
	}
	var out strings.Builder
	if err := diag.Short(&out, files, messages.Messages()); err != nil {
		out.WriteString(err.Error())
	}
	p.messages = out.String()
	return p
}

// flat assembles to a flat binary.
func flat(t *testing.T, dir, name string) product {
	return tasm(t, dir, name, assembler.Options{Flat: true}, layout.Flat)
}

// nasmTime is how long nasm may take. Sources on which it never ends count as
// rejected.
const nasmTime = 30 * time.Second

// nasm runs the real nasm in folder dir.
func nasm(t *testing.T, dir, name, format string, options ...string) product {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithTimeout(context.Background(), nasmTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool(t, "nasm"), append([]string{"-w-all", "-f", format, "-o", out, name}, options...)...)
	cmd.Dir = dir
	words, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatalf("nasm: %v", err)
	}
	p := product{messages: string(words), path: out}
	if err == nil {
		if p.bytes, err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
		p.accepted = true
	}
	return p
}

// tool returns the path of a program that the tests can't do without.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("these tests need %s: %v", name, err)
	}
	return path
}

// compare reports in which way tasm's product is not nasm's, with the lines of
// nasm's listing around the first byte that differs.
func compare(t *testing.T, dir, name string, ours, theirs product) {
	t.Helper()
	switch {
	case ours.accepted && !theirs.accepted:
		t.Errorf("tasm accepts what nasm rejects:\n%s", theirs.messages)
	case !ours.accepted && theirs.accepted:
		t.Errorf("tasm rejects what nasm accepts:\n%s", ours.messages)
	case !bytes.Equal(ours.bytes, theirs.bytes):
		at := firstDifference(ours.bytes, theirs.bytes)
		t.Errorf("%d bytes, nasm makes %d; they differ from offset %#x on\ntasm: % x\nnasm: % x\n%s",
			len(ours.bytes), len(theirs.bytes), at,
			around(ours.bytes, at), around(theirs.bytes, at), listing(t, dir, name, at))
	}
}

func firstDifference(x, y []byte) int {
	n := min(len(x), len(y))
	for i := range n {
		if x[i] != y[i] {
			return i
		}
	}
	return n
}

func around(b []byte, at int) []byte {
	return b[max(0, at-8):min(len(b), at+16)]
}

// listing returns the lines of nasm's listing that end near the offset at of
// the output. Offsets of a listing count from the section's start, so lines of
// several sections may be shown.
func listing(t *testing.T, dir, name string, at int) string {
	t.Helper()
	temp := t.TempDir()
	list := filepath.Join(temp, "list")
	cmd := exec.Command(tool(t, "nasm"), "-w-all", "-f", "bin", "-l", list, "-o", filepath.Join(temp, "out"), name)
	cmd.Dir = dir
	if err := cmd.Run(); err != nil {
		return ""
	}
	text, err := os.ReadFile(list)
	if err != nil {
		return ""
	}
	var near []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || len(fields[1]) != 8 {
			continue
		}
		var offset int
		for _, digit := range fields[1] {
			offset = offset<<4 | strings.IndexRune("0123456789ABCDEF", digit)
		}
		if offset >= 0 && at-12 <= offset && offset <= at+2 && len(near) < 20 {
			near = append(near, line)
		}
	}
	return strings.Join(near, "")
}
