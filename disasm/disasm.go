// Package disasm writes machine code as instructions: flat files, as nasm's
// ndisasm does, and ELF files. What it writes assembles back to the same bytes:
// an instruction that can't be written so is written as data.
package disasm

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"tasm/codegen/x86"
)

// Options say how a run of bytes is read.
type Options struct {
	Bits   int    // 16, 32 or 64: the mode of the processor
	Origin uint64 // the address of the first byte
	Skip   int    // bytes at the start of the file that are no code, a header
	// Data are ranges of addresses that are not read as instructions.
	Data []Range
	// Sync are addresses at which an instruction begins.
	Sync []uint64
	// Auto also takes the targets of branches forward as such addresses.
	Auto bool
	// Source writes a source to assemble, instead of columns to read.
	Source bool
	// APX writes the instructions of APX as such, for a source with CPU APX, and not as data.
	APX bool
	// Labels are the names of addresses.
	Labels map[uint64][]string
}

// Range is a range of addresses.
type Range struct {
	Start, Length uint64
}

// Flat disassembles the bytes of a file.
func Flat(w io.Writer, data []byte, o Options) error {
	p := printer{w: bufio.NewWriter(w), Options: o}
	if o.Source {
		fmt.Fprintf(p.w, "\tbits %d\n", o.Bits)
		if o.APX {
			fmt.Fprintln(p.w, "\tcpu apx")
		}
		if o.Origin != 0 {
			fmt.Fprintf(p.w, "\torg %#x\n", o.Origin)
		}
	}
	p.run(data[min(o.Skip, len(data)):])
	return p.w.Flush()
}

// printer is a run in progress.
type printer struct {
	Options
	w    *bufio.Writer
	sync []uint64 // sorted, those ahead
}

// run disassembles bytes that stand at the origin.
func (p *printer) run(code []byte) {
	p.sync = slices.Sorted(slices.Values(slices.Concat(p.Sync, slices.Collect(maps.Keys(p.Labels)))))
	var d x86.Decoded
	for at := 0; at < len(code); {
		address := p.Origin + uint64(at)
		p.label(address)
		if n := p.dataAt(address); n > 0 {
			n = min(n, len(code)-at)
			p.skipped(address, code[at:at+n])
			at += n
			continue
		}
		limit := min(len(code)-at, x86.MaxLength, p.room(address))
		bytes := code[at : at+limit]
		n, text := 1, ""
		if x86.Decode(p.Bits, bytes, int64(address), &d) {
			n = d.Length
			text = p.text(&d, bytes[:n], address)
		} else if p.resized(&d, bytes, address) {
			n = d.Length
			text = p.text(&d, bytes[:n], address)
		}
		if text == "" {
			text = data(bytes[:1])
		}
		p.line(address, bytes[:n], text)
		at += n
	}
}

// resized decodes an instruction of which package x86 does not know what it does with
// the other operand size, such as O32 in front of PUSH ES in 16-bit code or O16 in front
// of jumps, and reports whether it is written with that prefix.
func (p *printer) resized(d *x86.Decoded, code []byte, address uint64) bool {
	const operandSize = 0x66
	if len(code) < 2 || code[0] != operandSize || !x86.Decode(p.Bits, code[1:], int64(address)+1, d) {
		return false
	}
	switch d.Form.Flow() {
	case x86.Jump, x86.Branch, x86.Call:
	default:
		if !slices.Contains([]string{"push", "pop", "enter", "leave"}, x86.MnemonicName(d.Mnemonic)) {
			return false
		}
	}
	prefix := x86.O16
	if p.Bits == 16 {
		prefix = x86.O32
	}
	d.Prefixes = append(slices.Clone(d.Prefixes), prefix)
	d.Length++
	d.Offset--
	again := *d
	return again.Exact(code[:d.Length])
}

// text writes an instruction, as data where it can't be written so that it
// gives the same bytes. Then what the processor reads follows as a comment.
func (p *printer) text(d *x86.Decoded, code []byte, address uint64) string {
	if d.APX && !p.APX || !d.Exact(code) {
		return data(code) + " ; " + d.Instruction.Text(plain)
	}
	if p.Auto {
		p.follow(d, address)
	}
	if !p.Source {
		return d.Instruction.Text(plain)
	}
	// In a source, addresses are told from where the instruction stands: a plain
	// number would be an address that is relative to nothing.
	return d.Instruction.Text(func(to int64) string {
		switch distance := to - int64(address); {
		case distance == 0:
			return "$"
		case distance > 0:
			return fmt.Sprintf("$+%#x", uint64(distance))
		default:
			return fmt.Sprintf("$-%#x", uint64(-distance))
		}
	})
}

// plain writes an address.
func plain(address int64) string { return fmt.Sprintf("%#x", uint64(address)) }

// follow makes the target of a branch forward a place where an instruction begins.
func (p *printer) follow(d *x86.Decoded, address uint64) {
	switch d.Form.Flow() {
	case x86.Jump, x86.Branch, x86.Call:
	default:
		return
	}
	for i := range d.Operands {
		if _, ok := d.Operands[i].Value.Segment(); !ok {
			continue
		}
		if to := uint64(d.Operands[i].Value.N); to > address {
			if k, found := slices.BinarySearch(p.sync, to); !found {
				p.sync = slices.Insert(p.sync, k, to)
			}
		}
	}
}

// room is how many bytes there are up to the next place where an instruction
// or data begins.
func (p *printer) room(address uint64) int {
	for len(p.sync) > 0 && p.sync[0] <= address {
		p.sync = p.sync[1:]
	}
	room := uint64(x86.MaxLength)
	if len(p.sync) > 0 {
		room = min(room, p.sync[0]-address)
	}
	for _, r := range p.Data {
		if r.Start > address {
			room = min(room, r.Start-address)
		}
	}
	return int(room)
}

// dataAt is how many bytes from address on are no code.
func (p *printer) dataAt(address uint64) int {
	for _, r := range p.Data {
		if address >= r.Start && address-r.Start < r.Length {
			return int(min(r.Length-(address-r.Start), 1<<30))
		}
	}
	return 0
}

// data writes bytes as a DB.
func data(code []byte) string {
	list := make([]string, len(code))
	for i, b := range code {
		list[i] = fmt.Sprintf("0x%02x", b)
	}
	return "db " + strings.Join(list, ", ")
}

// label writes the names of an address.
func (p *printer) label(address uint64) {
	for _, name := range p.Labels[address] {
		fmt.Fprintf(p.w, "%s:\n", name)
	}
}

// perLine is how many bytes stand in one line.
const perLine = 8

// line writes one instruction; its bytes go on in more lines if need be.
func (p *printer) line(address uint64, code []byte, text string) {
	if p.Source {
		fmt.Fprintf(p.w, "\t%s\n", text)
		return
	}
	fmt.Fprintf(p.w, "%08X  %-16X  %s\n", address, code[:min(perLine, len(code))], text)
	for at := perLine; at < len(code); at += perLine {
		fmt.Fprintf(p.w, "         -%X\n", code[at:min(at+perLine, len(code))])
	}
}

// skipped writes bytes that are no code.
func (p *printer) skipped(address uint64, code []byte) {
	if !p.Source {
		fmt.Fprintf(p.w, "%08X  skipping %#x bytes\n", address, len(code))
		return
	}
	for at := 0; at < len(code); at += 2 * perLine {
		fmt.Fprintf(p.w, "\t%s\n", data(code[at:min(at+2*perLine, len(code))]))
	}
}
