package assembler

import (
	"strings"
	"testing"
)

// TestAPXWords: the words of APX are names before CPU APX and after another processor, in
// every pass, in whatever case.
func TestAPXWords(t *testing.T) {
	p, messages := assemble(t, `bits 64
first:
%if $ - first ; so that the source is read again
%endif
r16 equ 5
	mov eax, r16
setzuz: mov eax, R17
cpu apx
	mov R17, r16
	{nf} add r16, rax, [r17+r18*4]
	add{nf} rax, rbx
	ccmpz {dfv=of,cf} rax, r20
	ctestt 3, al, bl
	{zu} setz r16b
	setzuz R16B
	push2p r16, rax
	cpu noevex
	{rex2} nop
cpu any
	mov eax, r16
R17 equ 6
later equ $ - $$
cpu apx
`, Options{})
	if len(messages) > 0 {
		t.Fatal(texts(messages))
	}
	want := "b805000000" + "b806000000" + "d55889c1" + "62fcf814030491" + "62f4fc0c01d8" + "62e4cc0439e0" + "62f41c0a84d8" +
		"62fc7f1844c0" + "62fc7f1844c0" + "62f4fc10fff0" + "d50090" + "b805000000"
	if got := contents(p, ".text"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestAPXMistakes: words of APX without it are answered with CPU APX.
func TestAPXMistakes(t *testing.T) {
	for source, want := range map[string]string{
		"mov rax, r16":                       "'r16' is not defined|the register came with APX: write 'cpu apx' first",
		"{nf} add rax, rbx":                  "add cannot be encoded with {nf}|the prefix came with APX: write 'cpu apx' first",
		"{rex2} nop":                         "nop cannot be encoded with {rex2}|the prefix came with APX: write 'cpu apx' first",
		"pushp rax":                          "unknown instruction 'pushp'|pushp came with APX: write 'cpu apx' before it",
		"ccmpz {dfv=of} rax, rbx":            "{dfv=...} came with APX: write 'cpu apx' first",
		"cpu apx\nsha1msg1 xmm0, [r16]":      "sha1msg1 with these operands can't name r16 to r31",
		"cpu apx\nxsave [r16]":               "xsave with these operands can't name r16 to r31",
		"cpu apx\nvtestps xmm0, [r16]":       "vtestps with these operands can't name r16 to r31",
		"cpu apx\n{nf} not rax":              "not cannot be encoded with {nf}",
		"cpu apx\n{zu} add ax, bx":           "add cannot be encoded with {zu}",
		"cpu apx\n{rex2} crc32 eax, bl":      "crc32 cannot be encoded with {rex2}",
		"cpu apx\nmov r16b, ah":              "ah, bh, ch and dh can't be used in an instruction that needs a REX or VEX prefix (r8-r15, spl, bpl, sil, dil, 64-bit operands)",
		"cpu apx\nccmpz {dfv=of,x} rax, rbx": "expected of, sf, zf or cf, not 'x'",
		"cpu apx\nccmpz rax, rbx":            "ccmpz takes three operands, not 2",
		"cpu apx\nccmpz 16, rax, rbx":        "the flags are a number from 0 to 15: OF is 8, SF 4, ZF 2, CF 1",
	} {
		_, messages := assemble(t, "bits 64\n"+source, Options{})
		var all []string
		for _, m := range messages {
			all = append(all, m.Text)
			for _, n := range m.Notes {
				all = append(all, n.Text)
			}
		}
		if got := strings.Join(all, "|"); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s, want %s", source, got, want)
		}
	}
}
