package disasm

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"tasm/codegen/x86"
	"testing"
)

// TestColumns holds the columns and the options against what ndisasm prints.
func TestColumns(t *testing.T) {
	code := []byte{0xEB, 0x02, 0x12, 0x34, 0x48, 0xB8, 1, 2, 3, 4, 5, 6, 7, 8, 0x66, 0xC5, 0xF8, 0x58, 0xC1, 0x0F}
	for _, c := range []struct {
		name    string
		options Options
		want    string
	}{
		{"plain", Options{Bits: 64, Origin: 0x100}, `
00000100  EB02              jmp 0x104
00000102  123448            adc dh, [rax+rcx*2]
00000105  B801020304        mov eax, 0x4030201
0000010A  0506070866        add eax, 0x66080706
0000010F  C5F858C1          vaddps xmm0, xmm0, xmm1
00000113  0F                db 0x0f
`},
		{"auto", Options{Bits: 64, Origin: 0x100, Auto: true}, `
00000100  EB02              jmp 0x104
00000102  12                db 0x12
00000103  34                db 0x34
00000104  48B8010203040506  mov rax, 0x807060504030201
         -0708
0000010E  66                db 0x66
0000010F  C5F858C1          vaddps xmm0, xmm0, xmm1
00000113  0F                db 0x0f
`},
		{"sync and data", Options{Bits: 64, Skip: 2, Sync: []uint64{2}, Data: []Range{{12, 1}}}, `
00000000  12                db 0x12
00000001  34                db 0x34
00000002  48B8010203040506  mov rax, 0x807060504030201
         -0708
0000000C  skipping 0x1 bytes
0000000D  C5F858C1          vaddps xmm0, xmm0, xmm1
00000011  0F                db 0x0f
`},
	} {
		var b bytes.Buffer
		if err := Flat(&b, code, c.options); err != nil {
			t.Fatal(err)
		}
		if got := "\n" + b.String(); got != c.want {
			t.Errorf("%s:%s", c.name, got)
		}
	}
}

// nasmDiffers are instructions for which nasm 2.16.01 writes other bytes than
// the processor reads, or none: codegen/x86/testdata lists them.
var nasmDiffers = regexp.MustCompile(`\b(v\w*(ph|sh|ph2\w+|sh2\w+|2ph|2sh|w|bf16ps|intersectd)|v4\w+|vpdp(bus|wss)ds?|rdpkru|wrpkru|enqcmds?|ptwrite|wrssd|o16|o32|osp)\b`)

// laterThanNasm reports whether a line has an instruction that nasm 2.16 lacks.
func laterThanNasm(line string) bool {
	return slices.ContainsFunc(strings.Fields(line), func(word string) bool {
		forms := x86.Forms(x86.LookupMnemonic(word))
		return len(forms) > 0 && !slices.ContainsFunc(forms, func(f *x86.Form) bool { return !f.Later() })
	})
}

// TestBound spells F2 in front of a jump or call as an assembler takes it.
func TestBound(t *testing.T) {
	code := []byte{0xF2, 0x7A, 0x00, 0xF2, 0xC3, 0xF2, 0xFF, 0xD0, 0xF2, 0xEB, 0x00, 0xF2, 0xCB}
	var b bytes.Buffer
	if err := Flat(&b, code, Options{Bits: 32, Source: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bnd jp", "bnd ret", "bnd call eax", "repne jmp", "repne retf"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// TestResized spells the operand size of what uses the stack or jumps by itself.
func TestResized(t *testing.T) {
	for _, c := range []struct {
		bits int
		code []byte
		want string
	}{
		{16, []byte{0x66, 0x06}, "o32 push es"},
		{16, []byte{0x66, 0xC8, 0x45, 0x12, 0x23}, "o32 enter 0x1245, 0x23"},
		{32, []byte{0x66, 0xC9}, "o16 leave"},
		{64, []byte{0x66, 0x74, 0x45}, "o16 je 0x48"},
		{64, []byte{0x66, 0xC5, 0xF8, 0x58, 0xC1}, "db 0x66"},
	} {
		var b bytes.Buffer
		if err := Flat(&b, c.code, Options{Bits: c.bits}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), c.want+"\n") {
			t.Errorf("%d bits, % x: no %q in\n%s", c.bits, c.code, c.want, b.String())
		}
	}
}

// TestSource disassembles random bytes to a source, and assembles it with nasm.
func TestSource(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	starts := [][]byte{{0x0F}, {0x62, 0xF1, 0x7C}, {0x62, 0xF2, 0xFD}, {0xC4, 0xE2}, {0xC4, 0xE1}, {0xC4, 0xE3}, {0xC5}, {0x66}, {0x48}, {0xF3, 0x0F}, {0x8F, 0xE8}, {0xD9}, {0xF0}, {0x67}}
	for _, bits := range []int{16, 32, 64} {
		var code []byte
		for len(code) < 40000 {
			if random.Intn(2) == 0 {
				code = append(code, starts[random.Intn(len(starts))]...)
			}
			for range 1 + random.Intn(3) {
				code = append(code, byte(random.Intn(256)))
			}
		}
		assembled, source := roundTrip(t, bits, code)
		if !bytes.Equal(assembled, code) {
			t.Errorf("%d bits: another file: %s", bits, firstDifference(source, code, assembled))
		}
		if n := strings.Count(source, "\n"); n < 10000 || strings.Count(source, "\tdb ") > n/2 {
			t.Errorf("%d bits: %d lines, %d of them data", bits, n, strings.Count(source, "\tdb "))
		}
	}
}

// roundTrip assembles what code is disassembled to.
func roundTrip(t *testing.T, bits int, code []byte) (assembled []byte, source string) {
	t.Helper()
	var b bytes.Buffer
	if err := Flat(&b, code, Options{Bits: bits, Source: true}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		if nasmDiffers.MatchString(line) || laterThanNasm(line) {
			line = "\t; " + line // its bytes follow from what is around it
		}
		lines = append(lines, line)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "a.asm"), filepath.Join(dir, "a.bin")
	source = withBytes(t, bits, code, lines)
	if err := os.WriteFile(in, []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("nasm", "-w-all", "-f", "bin", "-o", out, in).CombinedOutput(); err != nil {
		t.Fatalf("nasm: %v\n%.1000s", err, said)
	}
	assembled, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return assembled, source
}

// withBytes puts the bytes of the instructions that nasm gets wrong as data
// where they were taken out.
func withBytes(t *testing.T, bits int, code []byte, lines []string) string {
	t.Helper()
	var columns bytes.Buffer
	if err := Flat(&columns, code, Options{Bits: bits}); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	i := 1
	b.WriteString(lines[0])
	var offset, length int
	for column := range strings.Lines(columns.String()) {
		if column[0] == ' ' {
			continue // more bytes of a long instruction
		}
		if length > 0 {
			fmt.Sscanf(column[:8], "%X", &offset)
			emit(&b, lines[i], code[length-1:offset])
			i++
		}
		fmt.Sscanf(column[:8], "%X", &length)
		length++
	}
	emit(&b, lines[i], code[length-1:])
	return b.String()
}

func emit(b *strings.Builder, line string, code []byte) {
	if strings.HasPrefix(line, "\t; ") {
		line = "\t" + data(code) + "\n"
	}
	b.WriteString(line)
}

func firstDifference(source string, want, got []byte) string {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("at %#x: % x, not % x", i, got[i:min(i+8, len(got))], want[max(0, i-8):min(i+8, len(want))])
		}
	}
	return fmt.Sprintf("%d bytes, not %d", len(got), len(want))
}

// FuzzFlat disassembles arbitrary bytes: no panic, and every byte is written.
func FuzzFlat(f *testing.F) {
	f.Add(1, []byte{0x62, 0xF1, 0x7C, 0x48, 0x58, 0xC1})
	f.Fuzz(func(t *testing.T, mode int, code []byte) {
		var b bytes.Buffer
		if err := Flat(&b, code, Options{Bits: []int{16, 32, 64}[uint(mode)%3], Auto: true}); err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(b.String()) {
			n += len(strings.Fields(strings.TrimLeft(line[9:], " -"))[0]) / 2
		}
		if n != len(code) {
			t.Errorf("%d bytes of %d are written", n, len(code))
		}
	})
}
