package elf

import (
	"cmp"
	"sort"
)

// Finished is an executable with one program header that maps all of it.
type Finished struct {
	Bytes     []byte
	Placement Placement
	Address   uint64 // of the file's first byte
	Entry     int64  // file offset of the first instruction
	Ask
}

// Ask is what a file asks of a host.
type Ask struct {
	Charge uint64 // memory that the loader commits beyond the file, in bytes
	Mapped uint64 // bytes of addresses that the file occupies
}

// Finish tells what finished bytes ask for, and where they lie in memory.
func Finish(p Placement, entry int, file []byte) Finished {
	return Finished{file, p, Base(p, file), int64(entry), Asks(file)}
}

// Base returns the address of a file's first byte.
func Base(p Placement, file []byte) uint64 {
	header := file[p.Phoff:]
	return Get(p.Class, header, PVaddr) - Get(p.Class, header, POffset)
}

// Asks returns what a file asks of a host; nothing if it can't be loaded.
func Asks(file []byte) Ask {
	im, err := Map(file)
	if err != nil {
		return Ask{}
	}
	occupied, _ := im.Size()
	return Ask{im.charge, occupied}
}

// Compare puts less first: less memory, then fewer addresses.
func (a Ask) Compare(b Ask) int {
	return cmp.Or(cmp.Compare(a.Charge, b.Charge), cmp.Compare(a.Mapped, b.Mapped))
}

// addressBits is how many bits an address has at most.
const addressBits = 47

// Cheapest makes a file, or its headers, that asks as little as possible of the host: it
// commits the least memory, in pages, as the kernel counts it, and then, to a power of two,
// occupies the fewest addresses.
// try makes it within the limits of the loader that it is given, or returns nil.
func Cheapest(l *Loader, c Class, try func(*Loader) []byte) []byte {
	best := try(l)
	if best == nil {
		return nil
	}
	most := min(l.Limit(c, Charge), 1<<addressBits)
	committing := func(pages int) *Loader { return l.WithCharge(min(uint64(pages)*PageSize, most)) }
	l = committing(sort.Search(int((most+PageSize-1)/PageSize), func(pages int) bool {
		r := try(committing(pages))
		if r != nil {
			best = r
		}
		return r != nil
	}))
	sort.Search(addressBits, func(bits int) bool {
		r := try(l.WithMapped(min(1<<bits, l.Limit(c, Mapped))))
		if r != nil {
			best = r
		}
		return r != nil
	})
	return best
}
