package layout

import (
	"fmt"
	"strings"
)

// stretch is part of a flat binary at an address.
type stretch struct {
	address int64
	data    []byte
}

// runs takes a flat binary apart into its sections, in order of the file. What
// lies between them is left out.
func runs(file *File, origin int64) []stretch {
	var list []stretch
	var last *Part
	for i := range file.Parts {
		p := &file.Parts[i]
		if p.Kind != FragmentPart || p.Size == 0 {
			continue
		}
		data := file.Bytes[p.Offset : p.Offset+p.Size]
		if last != nil && last.Section == p.Section {
			list[len(list)-1].data = append(list[len(list)-1].data, data...)
		} else {
			list = append(list, stretch{origin + p.Offset, append([]byte(nil), data...)})
		}
		last = p
	}
	return list
}

// recordSize is how many bytes a record holds; none crosses a multiple of it.
const recordSize = 32

// records calls write for each piece of the runs that makes one record.
func records(list []stretch, write func(address int64, data []byte)) {
	for _, r := range list {
		for len(r.data) > 0 {
			n := min(int64(len(r.data)), recordSize-r.address&(recordSize-1))
			write(r.address, r.data[:n])
			r.address, r.data = r.address+n, r.data[n:]
		}
	}
}

// IntelHex writes a flat binary as text in the Intel HEX format, as nasm's
// format ith does (Intel, "Hexadecimal Object File Format Specification").
// origin is the address of the file's first byte.
func IntelHex(file *File, origin int64) []byte {
	var b strings.Builder
	record := func(kind byte, address int64, data []byte) {
		sum := byte(len(data)) + byte(address>>8) + byte(address) + kind
		fmt.Fprintf(&b, ":%02X%04X%02X", len(data), uint16(address), kind)
		for _, c := range data {
			fmt.Fprintf(&b, "%02X", c)
			sum += c
		}
		fmt.Fprintf(&b, "%02X\n", -sum)
	}
	const data, end, extendedLinearAddress = 0, 1, 4
	upper := int64(0)
	records(runs(file, origin), func(address int64, bytes []byte) {
		if address>>16 != upper {
			upper = address >> 16
			record(extendedLinearAddress, 0, []byte{byte(upper >> 8), byte(upper)})
		}
		record(data, address, bytes)
	})
	record(end, 0, nil)
	return []byte(b.String())
}

// SRecords writes a flat binary as text in Motorola's S-record format, as nasm's
// format srec does. Addresses are as wide as the highest one needs.
func SRecords(file *File, origin int64) []byte {
	list := runs(file, origin)
	width, kind, end := 2, byte('1'), byte('9')
	for _, r := range list {
		switch last := uint64(r.address + int64(len(r.data)) - 1); {
		case last > 0xffffff:
			width, kind, end = 4, '3', '7'
		case last > 0xffff && width < 3:
			width, kind, end = 3, '2', '8'
		}
	}
	var b strings.Builder
	record := func(kind byte, width int, address int64, data []byte) {
		count := byte(width + len(data) + 1)
		sum := count
		fmt.Fprintf(&b, "S%c%02X%0*X", kind, count, 2*width, uint64(address)&(1<<(8*width)-1))
		for k := range width {
			sum += byte(address >> (8 * k))
		}
		for _, c := range data {
			fmt.Fprintf(&b, "%02X", c)
			sum += c
		}
		fmt.Fprintf(&b, "%02X\n", ^sum)
	}
	record('0', 2, 0, nil)
	records(list, func(address int64, data []byte) { record(kind, width, address, data) })
	record(end, width, 0, nil)
	return []byte(b.String())
}
