package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"tasm/disasm"
	"tasm/listing"
)

// disassembler is the verb that writes machine code as instructions.
type disassembler struct {
	bits         int
	origin, skip string
	sync, data   []string
	auto, flat   bool
	source, apx  bool
}

func disasmCommand() *command {
	d := &disassembler{}
	c := &command{
		args:    "FILE",
		summary: "write machine code as instructions",
		about: []string{
			"Disassembles FILE. An ELF file is read by its sections and symbols, or from its entry on where it has none; any other file is code from its first byte on, as for ndisasm.",
			"What is printed assembles back to the same bytes: where no way to write an instruction gives them, they are printed as data, with the instruction behind them as a comment.",
		},
		examples: []example{
			{"tasm disasm hello", "the code of an executable"},
			{"tasm disasm -b 16 -o 0x7c00 boot.bin", "a boot sector, at the address where it runs"},
			{"tasm disasm -b 64 --source code.bin", "a source that assembles to the file"},
		},
		run: d.run,
	}
	set := c.group("Options")
	set.IntVarP(&d.bits, "bits", "b", 16, "the `MODE` of the processor: 16, 32 or 64; an ELF file says it itself")
	set.StringVarP(&d.origin, "origin", "o", "0", "the `ADDRESS` of the first byte of code")
	set.StringVarP(&d.skip, "skip", "e", "0", "`BYTES` of a header in front of the code")
	set.StringArrayVarP(&d.data, "data", "k", nil, "`ADDRESS,BYTES` that are not code; may be repeated")
	set.StringArrayVarP(&d.sync, "sync", "s", nil, "an `ADDRESS` at which an instruction begins; may be repeated")
	set.BoolVarP(&d.auto, "auto-sync", "i", false, "take what jumps and calls go to as such addresses")
	set.BoolVar(&d.flat, "flat", false, "read an ELF file from its first byte on too")
	set.BoolVar(&d.apx, "apx", false, "write instructions of APX as such, not as data: the source needs 'cpu apx'")
	set.BoolVar(&d.source, "source", false, "print a source, without addresses and bytes")
	return c
}

func (d *disassembler) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give one file, not %d", len(args))
	}
	o, err := d.options()
	if err != nil {
		return err
	}
	data, err := readInput(sys, args[0])
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if listing.IsELF(data) && !d.flat {
		err = disasm.ELF(&out, data, o)
	} else {
		err = disasm.Flat(&out, data, o)
	}
	if err != nil {
		return fmt.Errorf("can't disassemble '%s': %s", args[0], err)
	}
	_, err = sys.stdout.Write(out.Bytes())
	return err
}

// options reads the numbers.
func (d *disassembler) options() (disasm.Options, error) {
	o := disasm.Options{Bits: d.bits, Auto: d.auto, Source: d.source, APX: d.apx}
	if d.bits != 16 && d.bits != 32 && d.bits != 64 {
		return o, usagef("--bits %d: it can be 16, 32 or 64", d.bits)
	}
	var err error
	number := func(option, text string) uint64 {
		n, bad := address(text)
		if bad != nil && err == nil {
			err = usagef("--%s %s: give a number, like 0x100", option, text)
		}
		return n
	}
	o.Origin = number("origin", d.origin)
	o.Skip = int(min(number("skip", d.skip), 1<<40))
	for _, text := range d.sync {
		o.Sync = append(o.Sync, number("sync", text))
	}
	for _, text := range d.data {
		start, length, _ := strings.Cut(text, ",")
		o.Data = append(o.Data, disasm.Range{Start: number("data", start), Length: number("data", length)})
	}
	return o, err
}

// address reads a number as ndisasm does: 256, 0x100, 100h.
func address(text string) (uint64, error) {
	if digits, ok := strings.CutSuffix(strings.ToLower(text), "h"); ok {
		return strconv.ParseUint(digits, 16, 64)
	}
	return strconv.ParseUint(text, 0, 64)
}
