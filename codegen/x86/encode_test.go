package x86

import (
	"slices"
	"strings"
	"testing"

	"tasm/diag"
	"tasm/lang"
)

// instruction reads "prefix ... mnemonic operand, operand" in the small
// language of operand.
func instruction(bits int, text string) Instruction {
	in := Instruction{Bits: bits, Segment: ownSegment}
	for {
		word, rest, _ := strings.Cut(text, " ")
		if id := LookupMnemonic(word); id != 0 {
			in.Mnemonic = id
			if rest != "" {
				for o := range strings.SplitSeq(rest, ",") {
					in.Operands = append(in.Operands, operand(strings.TrimSpace(o)).op)
				}
			}
			return in
		}
		in.Prefixes = append(in.Prefixes, prefixID(word))
		if text = rest; text == "" {
			return in
		}
	}
}

func TestUnknownValues(t *testing.T) {
	// In the first pass nasm hopes that what it doesn't know is small, except
	// for displacements.
	unknown := lang.Value{Unknown: true}
	for _, c := range []struct {
		text   string
		bits   int
		strict bool
		want   string
	}{
		{"add eax, 0", 32, false, "83 c0 00"},
		{"add eax, 0", 32, true, "05 00 00 00 00"},
		{"push 0", 32, false, "6a 00"},
		{"mov rax, 0", 64, false, "b8 00 00 00 00"},
		{"shl eax, 0", 32, false, "d1 e0"},
		{"jmp $", 32, false, "eb 00"},
		{"jz $", 16, false, "74 00"},
		{"call $", 32, false, "e8 00 00 00 00"},
	} {
		in := instruction(c.bits, c.text)
		last := &in.Operands[len(in.Operands)-1]
		last.Value, last.Strict = unknown, c.strict
		var e Encoding
		if m := Encode(&in, &e); m != nil {
			t.Errorf("%s: %s", c.text, m.Error())
		} else if got := spaced(e.Code()); got != c.want {
			t.Errorf("%s with an unknown value: %s, want %s", c.text, got, c.want)
		} else if !e.Provisional {
			t.Errorf("%s with an unknown value is not provisional", c.text)
		}
	}
	in := instruction(32, "mov eax, [ebx+0]")
	in.Operands[1].Value.Unknown = true
	var e Encoding
	if m := Encode(&in, &e); m != nil || spaced(e.Code()) != "8b 83 00 00 00 00" {
		t.Errorf("unknown displacement: % x", e.Code())
	}
}

func spaced(b []byte) string {
	var list []string
	for _, x := range b {
		list = append(list, string("0123456789abcdef"[x>>4])+string("0123456789abcdef"[x&15]))
	}
	return strings.Join(list, " ")
}

func TestFixups(t *testing.T) {
	const other lang.SegmentID = 7
	far := lang.InSegment(other, 5)
	for _, c := range []struct {
		text   string
		bits   int
		change func(*Instruction)
		code   string
		offset uint8
		size   uint8
		kind   FixupKind
		signed bool
	}{
		{"mov eax, 0", 32, func(in *Instruction) { in.Operands[1].Value = far }, "b8 00 00 00 00", 1, 4, Absolute, false},
		{"mov rax, 0", 64, func(in *Instruction) { in.Operands[1].Value = far }, "48 b8 00 00 00 00 00 00 00 00", 2, 8, Absolute, false},
		{"add rax, 0", 64, func(in *Instruction) { in.Operands[1].Value = far }, "48 05 00 00 00 00", 2, 4, Absolute, true},
		{"mov eax, [0]", 64, func(in *Instruction) { in.Operands[1].Value = far }, "8b 04 25 00 00 00 00", 3, 4, Absolute, true},
		{"mov eax, [rel 0]", 64, func(in *Instruction) { in.Operands[1].Value = far }, "8b 05 00 00 00 00", 2, 4, Relative, true},
		{"call 0", 32, func(in *Instruction) { in.Operands[0].Value = far }, "e8 00 00 00 00", 1, 4, Relative, true},
		{"jmp 0", 16, func(in *Instruction) { in.Operands[0].Value = far }, "e9 00 00", 1, 2, Relative, true},
		{"jmp 0x1234", 32, func(*Instruction) {}, "e9 00 00 00 00", 1, 4, Relative, true},
		{"loop 0", 32, func(in *Instruction) { in.Operands[0].Value = far }, "e2 00", 1, 1, Relative, true},
		{"mov al, [0]", 32, func(in *Instruction) { in.Operands[1].Value = far }, "a0 00 00 00 00", 1, 4, Absolute, false},
	} {
		in := instruction(c.bits, c.text)
		c.change(&in)
		var e Encoding
		if m := Encode(&in, &e); m != nil {
			t.Errorf("%s: %s", c.text, m.Error())
			continue
		}
		if got := spaced(e.Code()); got != c.code || len(e.Fixups()) != 1 {
			t.Errorf("%s: %s with %d fixups, want %s with one", c.text, got, len(e.Fixups()), c.code)
			continue
		}
		f := e.Fixups()[0]
		if f.Offset != c.offset || f.Size != c.size || f.Kind != c.kind || f.SignExtended != c.signed {
			t.Errorf("%s: fixup %+v", c.text, f)
		}
	}
	in := instruction(32, "jmp far 0")
	in.Operands[0].Value = far
	var e Encoding
	if m := Encode(&in, &e); m != nil || len(e.Fixups()) != 2 || e.Fixups()[1].Kind != Selector {
		t.Errorf("jmp far label: %v %+v", m, e.Fixups())
	}
}

func TestPrefixesAlone(t *testing.T) {
	var e Encoding
	in := Instruction{Bits: 32, Prefixes: []PrefixID{Lock, Rep, SegFS, O16}}
	if m := Encode(&in, &e); m != nil {
		t.Fatal(m.Error())
	}
	if got := spaced(e.Code()); got != "f3 f0 64 66" {
		t.Errorf("prefixes alone: %s", got)
	}
}

func TestEncodingsListed(t *testing.T) {
	for _, c := range []struct {
		bits int
		text string
		want string
	}{
		{32, "add eax, 5", "83c005 0505000000 81c005000000"},
		{32, "add ecx, eax", "01c1 03c8"},
		{32, "inc eax", "40 ffc0"},
		{64, "mov rax, 1", "b801000000 48c7c001000000 48b80100000000000000"},
		{32, "jmp $", "ebfe e9fbffffff"},
		{32, "mov eax, [ebx]", "8b03 8b0423 8b4300 8b442300 8b8300000000 8b842300000000 8b041d00000000"},
		{32, "xchg eax, ecx", "91 87c1 87c8"},
		{64, "andn rax, rbx, rcx", "c4e2e0f2c1"},
	} {
		in := instruction(c.bits, c.text)
		var got []string
		for _, e := range Encodings(&in) {
			got = append(got, strings.ReplaceAll(spaced(e.Code()), " ", ""))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.text, s, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		bits int
		text string
		code string
		want string // "" for no warning
	}{
		{32, "mov al, 300", "b0 2c", "value 300 does not fit in 8 bits (-128..255)"},
		{32, "mov al, 255", "b0 ff", ""},
		{32, "mov al, -128", "b0 80", ""},
		{32, "mov al, -129", "b0 7f", "value -129 does not fit"},
		{32, "add eax, byte 200", "83 c0 c8", "8 signed bits (-128..127)"},
		{64, "add rax, 0xffffffff", "48 83 c0 ff", "does not fit"},
		{64, "mov rax, 0x123456789a", "48 b8 9a 78 56 34 12 00 00 00", ""},
		{32, "lock nop", "f0 90", "lock is only legal"},
		{64, "es movsb", "26 a4", "ignores es"},
		{64, "mov eax, [rel 5]", "8b 04 25 05 00 00 00", "relative to rip"},
		{32, "lock add [eax], ecx", "f0 01 08", ""},
		{32, "bnd jmp $", "eb fe", "the prefix is dropped"},
	} {
		in := instruction(c.bits, c.text)
		var e Encoding
		if m := Encode(&in, &e); m != nil {
			t.Errorf("%s: %s", c.text, m.Error())
			continue
		}
		if got := spaced(e.Code()); got != c.code {
			t.Errorf("%s: %s, want %s", c.text, got, c.code)
		}
		list := e.Warnings(&in)
		switch {
		case c.want == "" && len(list) > 0:
			t.Errorf("%s: warning %q", c.text, list[0].Text)
		case c.want != "" && (len(list) != 1 || !strings.Contains(list[0].Text, c.want)):
			t.Errorf("%s: warnings %v, want %q", c.text, list, c.want)
		case c.want != "":
			if m := list[0].Message(diag.Range{}, nil); m.Severity != diag.Warning || m.Code == "" {
				t.Errorf("%s: not a warning with a class: %+v", c.text, m)
			}
		}
	}
}

func TestDistance(t *testing.T) {
	var e Encoding
	in := instruction(32, "loop $+200")
	m := Encode(&in, &e)
	if m == nil || !m.Distance || e.Length != 2 || !strings.Contains(m.Error(), "198 bytes away") {
		t.Errorf("loop out of reach: %v, length %d", m, e.Length)
	}
}

// FuzzEncode feeds Encode arbitrary instructions: no panic, no instruction
// longer than a processor takes, and Encode's choice is among Encodings.
func FuzzEncode(f *testing.F) {
	for _, bits := range []int{16, 32, 64} {
		for _, l := range fewLines(bits)[:50] {
			f.Add(int32(l.in.Mnemonic), uint8(bits/16), []byte{1, 2, 3, 4, 5, 6, 7, 8, 9})
		}
	}
	f.Fuzz(func(t *testing.T, mnemonic int32, mode uint8, data []byte) {
		next := func() int64 {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return int64(int8(b))
		}
		count := int32(len(instructionSet().mnemonics))
		in := Instruction{Mnemonic: Mnemonic((mnemonic%count + count) % count), Bits: []int{16, 32, 64}[mode%3], DefaultRel: mode&64 != 0, Segment: ownSegment, Offset: next()}
		for range next() & 3 {
			in.Prefixes = append(in.Prefixes, PrefixID(next()))
		}
		for range next() & 7 {
			o := Operand{Kind: OperandKind(next() & 7), Size: []int{0, 1, 2, 4, 8, 16, 3, -1}[next()&7], Strict: next()&7 == 0, Distance: lang.Distance(next() & 3), Register: lang.RegisterID(next() + 100)}
			switch next() & 3 {
			case 0:
				o.Value = lang.Number64(next() << (next() & 63))
			case 1:
				o.Value = lang.InSegment(lang.SegmentID(next()&3), next()*next())
			case 2:
				regs := []string{"eax", "ebp", "esp", "rbx", "r12", "bx", "si", "al", "xmm1", "ds"}
				pick := func() string { return regs[uint8(next())%uint8(len(regs))] }
				o.Value = evaluate(pick()+"*"+[]string{"1", "2", "3", "4", "9", "7"}[uint8(next())%6]+"+"+pick()+"+"+[]string{"0", "1", "0x1000", "$"}[next()&3], 0)
			case 3:
				o.Value.Unknown = true
			}
			o.Memory = Memory{Segment: lang.RegisterID(next() + 60), DispSize: []int{0, 0, 1, 2, 4, 8, 5, -3}[next()&7], AddressSize: []int{0, 0, 0, 2, 4, 8, 1, 9}[next()&7], NoSplit: next()&1 != 0, Rel: next()&1 != 0, Abs: next()&3 == 0}
			in.Operands = append(in.Operands, o)
		}
		var e Encoding
		m := Encode(&in, &e)
		list := Encodings(&in)
		if m != nil {
			if m.Error() == "" {
				t.Error("a mismatch without a text")
			}
			m.Message(diag.Range{}, nil)
			if len(list) != 0 && !m.Distance {
				t.Errorf("encodings of what Encode refuses: %s", m.Error())
			}
			return
		}
		e.Warnings(&in)
		if int(e.Length) > MaxLength {
			t.Errorf("%d bytes long", e.Length)
		}
		if !slices.ContainsFunc(list, func(o Encoding) bool { return slices.Equal(o.Code(), e.Code()) }) {
			t.Errorf("% x is not among the encodings", e.Code())
		}
		for _, fx := range e.Fixups() {
			if fx.Offset+fx.Size > e.Length {
				t.Errorf("fixup beyond the end: %+v", fx)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for _, c := range []struct {
		bits int
		text string
	}{
		{64, "mov rax, rbx"}, {64, "mov eax, 5"}, {64, "mov rcx, [rbp+rdi*4+8]"}, {64, "mov dword [rsp+8], 5"}, {64, "add eax, 1"}, {64, "lea rsi, [rel $+100]"}, {64, "jnz $-20"},
		{64, "push rbx"}, {64, "call $+1000"}, {64, "ret"}, {32, "int 0x80"}, {64, "xor edi, edi"},
	} {
		b.Run(strings.ReplaceAll(c.text, " ", "_"), func(b *testing.B) {
			in := instruction(c.bits, c.text)
			var e Encoding
			b.ReportAllocs()
			for b.Loop() {
				if m := Encode(&in, &e); m != nil {
					b.Fatal(m.Error())
				}
			}
		})
	}
}

func BenchmarkLoadTable(b *testing.B) {
	for b.Loop() {
		if _, err := loadTable(); err != nil {
			b.Fatal(err)
		}
	}
}
