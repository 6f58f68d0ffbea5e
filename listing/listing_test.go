package listing

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/symbols"
)

const source = `target linux/386
entry _start
_start: mov     eax, 1
        mov     ebx, 42
        int     0x80
`

// TestFormats lists one program in every layout and format: each file is shown
// whole, and JSON and SVG are well formed.
func TestFormats(t *testing.T) {
	for _, s := range layout.Strategies {
		files := &diag.Files{}
		p, said := assembler.Assemble(files, files.Add("a.tasm", []byte(source)), assembler.Options{Instructions: true})
		if p == nil {
			t.Fatal(said.Messages())
		}
		file, said := s.Layout(p, layout.Options{})
		if file == nil {
			t.Fatal(said.Messages())
		}
		l := New("a.tasm", file, symbols.New(file, p, files), elf.Linux, p.Bits)
		if !bytes.Equal(l.Bytes, file.Bytes) {
			t.Errorf("%s: the listing is of other bytes", s.Name)
		}
		var text, data, svg, html strings.Builder
		for w, write := range map[*strings.Builder]func(io.Writer) error{&text: l.Text, &data: l.JSON, &svg: l.SVG, &html: l.HTML} {
			if err := write(w); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"EI_MAG", "p_type", "int 0x80", "7f 45 4c 46"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s: the text lacks %q:\n%s", s.Name, want, text.String())
			}
		}
		for line := range strings.Lines(text.String()) {
			if len([]rune(line)) > 121 {
				t.Errorf("%s: more than 120 columns: %s", s.Name, line)
			}
		}
		if !json.Valid([]byte(data.String())) {
			t.Errorf("%s: no JSON:\n%s", s.Name, data.String())
		}
		decoder := xml.NewDecoder(strings.NewReader(svg.String()))
		for {
			_, err := decoder.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Errorf("%s: no XML: %v", s.Name, err)
				break
			}
		}
		if !strings.Contains(html.String(), "EI_MAG") {
			t.Errorf("%s: the page lacks the fields", s.Name)
		}
	}
}

// TestReadAnything reads files that begin like ELF files and go on at random.
func TestReadAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		data := make([]byte, 4+r.IntN(200))
		for i := range data {
			data[i] = byte(r.Uint32() & r.Uint32())
		}
		copy(data, "\x7fELF")
		if len(data) > 52 {
			data[16], data[17], data[18], data[19] = 2, 0, 3, 0
			data[28], data[29], data[30], data[31] = byte(r.IntN(60)), 0, 0, 0
		}
		l, err := Read("x", data, elf.Linux)
		if err != nil {
			continue
		}
		if err := l.Text(io.Discard); err != nil {
			t.Fatal(err)
		}
	}
}

// TestForeign lists a file for another processor: it is no code of x86.
func TestForeign(t *testing.T) {
	const arm64 = 183
	header := elf.Encode(elf.Class64, elf.FileHeader, &elf.Values{
		elf.EIMag: elf.Magic, elf.EIClass: 2, elf.EType: 2, elf.EMachine: arm64, elf.EEntry: 0x400078, elf.EPhoff: 64, elf.EPhentsize: 56, elf.EPhnum: 1,
	})
	file := append(header, elf.Encode(elf.Class64, elf.ProgramHeader, &elf.Values{
		elf.PType: elf.SegmentLoad, elf.PFlags: 5, elf.PVaddr: 0x400000, elf.PFilesz: 0x80, elf.PMemsz: 0x80, elf.PAlign: 0x1000,
	})...)
	file = append(file, 0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2)
	l, err := Read("arm", file, elf.Linux)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Story) > 0 || slices.ContainsFunc(l.Owners, func(o Owner) bool { return o.Kind == Code }) || !strings.Contains(strings.Join(l.Remarks, " "), "AARCH64") {
		t.Errorf("%v, %v", l.Remarks, l.Story)
	}
}
