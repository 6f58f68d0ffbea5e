package elf

import "slices"

// Sources of rules.
const (
	loadBinary  = "fs/binfmt_elf.c load_elf_binary"
	loadHeaders = "fs/binfmt_elf.c load_elf_phdrs"
	mapSegment  = "fs/binfmt_elf.c elf_load, elf_map"
	clearTail   = "fs/binfmt_elf.c elf_load, padzero"
	commit      = "mm/util.c __vm_enough_memory"
	gabiHeader  = "gABI, ELF Header"
	gabiIdent   = "gABI, ELF Identification"
	gabiProgram = "gABI, Program Header"
	qemuLoad    = "qemu 7.2 linux-user/elfload.c load_elf_image"
	gvisorLoad  = "gVisor pkg/sentry/loader/elf.go"
	valgrindELF = "valgrind 3.19 coregrind/m_ume/elf.c, coregrind/launcher-linux.c"
	bfdObject   = "binutils 2.40 bfd/elfcode.h elf_object_p"
	binfmtMasks = "qemu scripts/qemu-binfmt-conf.sh, i386 and x86_64"
)

// readOnly holds for segments that the process can't write.
var readOnly = Masked{PFlags, FlagW, 0}

// kernelRules are what every Linux from 5.10 on asks.
var kernelRules = []*Rule{
	{Name: "magic", Scope: PerFile, Must: Is{EIMag, Magic}, Else: Refused, Source: loadBinary},
	{Name: "type", Scope: PerFile, Must: OneOf{EType, []uint64{TypeExec, TypeDyn}}, Else: Refused, Source: loadBinary},
	{Name: "machine 386", Scope: PerFile, Class: Class32, Must: OneOf{EMachine, []uint64{Machine386, Machine486}}, Else: Refused, Source: "arch/x86/include/asm/elf.h elf_check_arch"},
	{Name: "machine x86-64", Scope: PerFile, Class: Class64, Must: Is{EMachine, MachineX86_64}, Else: Refused, Source: "arch/x86/include/asm/elf.h elf_check_arch"},
	{Name: "entry size 32", Scope: PerFile, Class: Class32, Must: Is{EPhentsize, 32}, Else: Refused, Source: loadHeaders},
	{Name: "entry size 64", Scope: PerFile, Class: Class64, Must: Is{EPhentsize, 56}, Else: Refused, Source: loadHeaders},
	{Name: "some headers", Scope: PerFile, Must: AtMost{Sum{Number(1)}, Sum{EPhnum}}, Else: Refused, Source: loadHeaders},
	{Name: "few headers", Scope: PerFile, Must: AtMost{Sum{EPhnum}, Sum{MaxHeaders}}, Else: Refused, Source: loadHeaders},
	{Name: "table in file 32", Scope: PerFile, Class: Class32, Must: AtMost{Sum{EPhoff, Times{EPhnum, 32}}, Sum{FileSize}}, Else: Refused, Source: loadHeaders},
	{Name: "table in file 64", Scope: PerFile, Class: Class64, Must: AtMost{Sum{EPhoff, Times{EPhnum, 56}}, Sum{FileSize}}, Else: Refused, Source: loadHeaders},
	// An interpreter would be another file. The other two exist, but change how
	// memory is protected, which nothing here reckons with.
	{Name: "other segments", Scope: PerOther, Must: NoneOf{PType, []uint64{SegmentLoad, SegmentInterp, SegmentStack, SegmentProperty}}, Else: Misloaded, Source: loadBinary, Own: true},
	{Name: "load", Scope: PerLoad, Must: Is{PType, SegmentLoad}, Else: Misloaded, Source: loadBinary},
	{Name: "sizes in order", Scope: PerLoad, Must: AtMost{Sum{PFilesz}, Sum{PMemsz}}, Else: Killed, Source: loadBinary},
	{Name: "offset agrees", Scope: PerLoad, Must: AnyOf{Congruent{POffset, PVaddr, PageSize}, Is{PFilesz, 0}}, Else: Killed, Source: mapSegment},
	{Name: "address space", Scope: PerLoad, Must: AtMost{Sum{PVaddr, PMemsz}, Sum{TaskSize}}, Else: Killed, Source: loadBinary},
	{Name: "lowest address", Scope: PerLoad, Type: TypeExec, Must: AtMost{Sum{MinAddress}, Sum{PVaddr}}, Else: Killed, Source: "security/min_addr.c, mm/mmap.c"},
	{Name: "below the stack", Scope: PerLoad, Type: TypeExec, Must: AtMost{Sum{PVaddr, PFilesz}, Sum{StackFloor}}, Else: Killed, Source: mapSegment},
	// Zeros laid over the stack take the place of the arguments.
	{Name: "zeros below the stack", Scope: PerLoad, Type: TypeExec, Must: AtMost{Sum{PVaddr, PMemsz}, Sum{StackFloor}}, Else: Misloaded, Source: mapSegment},
	{Name: "room", Scope: PerLoad, Type: TypeDyn, Must: AtMost{Sum{PMemsz}, Sum{DynRoom}}, Else: Killed, Source: mapSegment},
	{Name: "mapped memory", Scope: PerLoad, Must: AtMost{Sum{PMemsz}, Sum{FileSize, Mapped}}, Else: Killed, Source: "mm/mmap.c may_expand_vm"},
	{Name: "charge", Scope: PerLoad, Must: AtMost{Sum{PMemsz}, Sum{PFilesz, Charge}}, Else: Killed, Source: commit},
	{Name: "charge of writable memory", Scope: PerLoad, Must: AnyOf{readOnly, AtMost{Sum{PMemsz}, Sum{Charge}}}, Else: Killed, Source: commit},

	{Name: "code's offset agrees", Scope: PerEntry, Must: Congruent{POffset, PVaddr, PageSize}, Else: Killed, Source: mapSegment},
	{Name: "first page", Scope: PerEntry, OnePage: true, Must: Masked{POffset, ^uint64(PageSize - 1), 0}, Else: Faults, Source: "mm/filemap.c filemap_fault"},
	{Name: "entry in the page", Scope: PerEntry, OnePage: true, Must: SameBlock{EEntry, PVaddr, PageSize}, Else: Faults, Source: loadBinary},
	{Name: "entry not before the segment", Scope: PerEntry, Must: AnyOf{SameBlock{EEntry, PVaddr, PageSize}, AtMost{Sum{PVaddr}, Sum{EEntry}}}, Else: Faults, Source: loadBinary},
	{Name: "entry not behind the segment", Scope: PerEntry, Must: AnyOf{SameBlock{EEntry, PVaddr, PageSize}, AtMost{Sum{EEntry, Number(1)}, Sum{PVaddr, PFilesz}}}, Else: Faults, Source: loadBinary},
	{Name: "entry in the file", Scope: PerEntry, Must: AtMost{Sum{EEntry, POffset, Number(1)}, Sum{PVaddr, FileSize}}, Else: Faults, Source: loadBinary},
	{Name: "executable 32", Scope: PerEntry, Class: Class32, Must: AnyBit{PFlags, FlagX | FlagR}, Else: Faults, Source: "arch/x86/include/asm/elf.h elf_read_implies_exec"},
	{Name: "executable 64", Scope: PerEntry, Class: Class64, Must: AnyBit{PFlags, FlagX}, Else: Faults, Source: "arch/x86/include/asm/elf.h elf_read_implies_exec"},
	// The rest of a writable page behind p_filesz is zeroed, code or not.
	{Name: "file survives", Scope: PerEntry, Must: AnyOf{Equal{PFilesz, PMemsz}, readOnly, Aligned{Sum{PVaddr, PFilesz}, PageSize}, AtMost{Sum{FileSize}, Sum{POffset, PFilesz}}}, Else: Misloaded, Source: clearTail},
}

// endInFile holds for segments whose last page from the file exists, so that
// its rest can be zeroed.
var endInFile = AtMost{Sum{POffset, PFilesz}, Sum{FilePages}}

// Rules in which kernel versions differ.
var (
	// Until 6.7 the kernel insisted on zeroing the rest of the last page, which
	// it can't when that is read-only. Since then it insists only where the page
	// is writable; 6.1.140 and 6.6.92 took over the first half of that change
	// and ignore every failure.
	oldTail = &Rule{Name: "tail can be zeroed", Scope: PerLoad, Must: AnyOf{
		Equal{PFilesz, PMemsz}, Aligned{Sum{PVaddr, PFilesz}, PageSize},
		AllOf{AnyBit{PFlags, FlagW}, endInFile},
	}, Else: Killed, Source: "fs/binfmt_elf.c set_brk, padzero"}
	newTail = &Rule{Name: "writable tail can be zeroed", Scope: PerLoad, Must: AnyOf{
		Equal{PFilesz, PMemsz}, Aligned{Sum{PVaddr, PFilesz}, PageSize}, readOnly, endInFile,
	}, Else: Killed, Source: clearTail}
	// What lies in front of p_vaddr in its page is mapped too, and until 6.7
	// without anything behind it.
	oldCode = &Rule{Name: "code comes from the page", Scope: PerEntry, Must: AnyOf{AtMost{Sum{Number(1)}, Sum{PFilesz}}, AnyBit{PVaddr, PageSize - 1}}, Else: Faults, Source: mapSegment}
	newCode = &Rule{Name: "code comes from the file", Scope: PerEntry, Must: AtMost{Sum{Number(1)}, Sum{PFilesz}}, Else: Faults, Source: mapSegment}
	// From 6.11 on (6.6.92, 6.1.140) p_align moves a file of type ET_DYN down.
	aligned32 = &Rule{Name: "aligned room 32", Scope: PerLoad, Class: Class32, Type: TypeDyn, Must: AnyOf{NoneOf{PAlign, powers(13, 31)}, AtMost{Sum{PMemsz}, Sum{AlignRoom}}}, Else: Killed, Source: "fs/binfmt_elf.c maximum_alignment"}
	aligned64 = &Rule{Name: "aligned room 64", Scope: PerLoad, Class: Class64, Type: TypeDyn, Must: AnyOf{NoneOf{PAlign, powers(13, 46)}, AtMost{Sum{PMemsz}, Sum{AlignRoom}}}, Else: Killed, Source: "fs/binfmt_elf.c maximum_alignment"}
	alignable = &Rule{Name: "alignment in the address space", Scope: PerLoad, Class: Class64, Type: TypeDyn, Must: NoneOf{PAlign, powers(47, 63)}, Else: Killed, Source: "fs/binfmt_elf.c maximum_alignment"}
)

// powers returns the powers of two from 2^low to 2^high.
func powers(low, high int) []uint64 {
	var list []uint64
	for i := low; i <= high; i++ {
		list = append(list, 1<<i)
	}
	return list
}

// Readable asks that the process can read the segment that holds its code. A
// program that reads nothing but its instructions does without. Processors with
// protection keys (PKU) refuse to read what is mapped for execution alone
// (mm/mmap.c do_mmap, execute_only_pkey).
var Readable = &Rule{Name: "readable", Scope: PerEntry, Must: AnyBit{PFlags, FlagR | FlagW}, Else: Misloaded, Source: "mm/mmap.c do_mmap"}

// DefaultCharge is the most memory that a loader may commit for a file beyond
// what the file holds, in bytes, unless someone says otherwise (WithCharge).
const DefaultCharge = 1 << 30

// AnyMapped is no limit to the addresses that a file occupies.
const AnyMapped = 1 << 62

// Address spaces. The stack's lowest place allows for its randomisation and for
// the largest usual ulimit; room for ET_DYN for the randomisation of mmap.
var (
	compat = &Limits{TaskSize: 0xffffe000, StackFloor: 0xff000000, DynRoom: 0xef000000, AlignRoom: 0x60000000,
		MinAddress: 0x10000, MaxHeaders: PageSize / 32, Charge: DefaultCharge, Mapped: AnyMapped}
	native = &Limits{TaskSize: 0xc0000000, StackFloor: 0xbf000000, DynRoom: 0xaf000000, AlignRoom: 0x20000000,
		MinAddress: 0x10000, MaxHeaders: PageSize / 32, Charge: DefaultCharge, Mapped: AnyMapped}
	long = &Limits{TaskSize: 0x7ffffffff000, StackFloor: 0x7ff100000000, DynRoom: 0x7e0000000000, AlignRoom: 0x300000000000,
		MinAddress: 0x10000, MaxHeaders: PageSize / 56, Charge: DefaultCharge, Mapped: AnyMapped}
	// qemu has to find room for all of a 32-bit address space in its own; seen to
	// fail now and then for 2.6 GB in one piece.
	emulated = &Limits{TaskSize: 1<<32 - 1, StackFloor: 1<<32 - 1, DynRoom: 1 << 31, AlignRoom: 1 << 31,
		MaxHeaders: 1<<16 - 1, Charge: 1<<64 - 1, Mapped: AnyMapped}
	unlimited = &Limits{TaskSize: 1<<64 - 1, StackFloor: 1<<64 - 1, DynRoom: 1<<64 - 1, AlignRoom: 1<<64 - 1,
		MaxHeaders: 1<<16 - 1, Charge: 1<<64 - 1, Mapped: AnyMapped}
)

// moreHeaders returns limits with the longer table of Linux 6.17: 64 KiB.
func (l Limits) moreHeaders(size uint64) *Limits {
	l[MaxHeaders] = 1 << 16 / size
	return &l
}

// The loaders. A kernel's name is the first version that behaves like it; the
// same version has another address space on 32-bit machines. 6.1.140 stands for
// the stable versions from there and from 6.6.92 on.
var (
	linux510    = kernel("linux-5.10", compat, long, oldCode, oldTail)
	linux61     = kernel("linux-6.1.140", compat, long, newCode, aligned32, aligned64, alignable)
	linux67     = kernel("linux-6.7", compat, long, newCode, newTail)
	linux611    = kernel("linux-6.11", compat, long, newCode, newTail, aligned32, aligned64, alignable)
	linux617    = kernel("linux-6.17", compat.moreHeaders(32), long.moreHeaders(56), newCode, newTail, aligned32, aligned64, alignable)
	linux510x86 = kernel("linux-5.10-686", native, nil, oldCode, oldTail)
	linux61x86  = kernel("linux-6.1.140-686", native, nil, newCode, aligned32)
	linux67x86  = kernel("linux-6.7-686", native, nil, newCode, newTail)
	linux611x86 = kernel("linux-6.11-686", native, nil, newCode, newTail, aligned32)

	// qemu runs programs of one system on another processor. It does not make
	// readable memory executable, and it zeroes what lies behind p_filesz
	// without asking whether it may.
	qemu = &Loader{Name: "qemu-user", Summary: "qemu-i386 and qemu-x86_64", limits: [2]*Limits{emulated, unlimited}, Rules: []*Rule{
		{Name: "qemu: class 32", Scope: PerFile, Class: Class32, Must: Is{EIClass, 1}, Else: Refused, Source: qemuLoad},
		{Name: "qemu: class 64", Scope: PerFile, Class: Class64, Must: Is{EIClass, 2}, Else: Refused, Source: qemuLoad},
		{Name: "qemu: byte order", Scope: PerFile, Must: Is{EIData, DataLSB}, Else: Refused, Source: qemuLoad},
		{Name: "qemu: version", Scope: PerFile, Must: Is{EIVersion, VersionCurrent}, Else: Refused, Source: qemuLoad},
		{Name: "qemu: header size 32", Scope: PerFile, Class: Class32, Must: Is{EEhsize, 52}, Else: Refused, Source: qemuLoad},
		{Name: "qemu: header size 64", Scope: PerFile, Class: Class64, Must: Is{EEhsize, 64}, Else: Refused, Source: qemuLoad},
		{Name: "qemu: whole header 32", Scope: PerFile, Class: Class32, Must: AtMost{Sum{Number(52)}, Sum{FileSize}}, Else: Refused, Source: qemuLoad},
		{Name: "qemu: whole header 64", Scope: PerFile, Class: Class64, Must: AtMost{Sum{Number(64)}, Sum{FileSize}}, Else: Refused, Source: qemuLoad},
		{Name: "qemu: executable", Scope: PerEntry, Must: AnyBit{PFlags, FlagX}, Else: Faults, Source: qemuLoad},
		// It reads code as data, which it takes the right to write from: what is
		// left must not be for execution alone where there are protection keys.
		{Name: "qemu: readable", Scope: PerEntry, Must: AnyBit{PFlags, FlagR}, Else: Faults, Source: "qemu 7.2 accel/tcg/translate-all.c page_protect; mm/mmap.c do_mmap, execute_only_pkey"},
		{Name: "qemu: zeros", Scope: PerLoad, Must: AnyOf{
			Equal{PFilesz, PMemsz}, Aligned{Sum{PVaddr, PFilesz}, PageSize}, AnyBit{PFlags, FlagW},
		}, Else: Killed, Source: "qemu 7.2 linux-user/elfload.c zero_bss"},
		// It keeps a record of every page.
		{Name: "qemu: records of pages", Scope: PerLoad, Must: AtMost{Sum{PMemsz}, Sum{Number(1 << 33)}}, Else: Killed, Source: "qemu 7.2 accel/tcg/translate-all.c page_set_flags"},
	}}

	// gvisor runs 64-bit programs only.
	gvisor = &Loader{Name: "gvisor", Summary: "runsc, the kernel of gVisor", limits: [2]*Limits{nil, unlimited}, Rules: []*Rule{
		{Name: "gvisor: class", Scope: PerFile, Class: Class64, Must: Is{EIClass, 2}, Else: Refused, Source: gvisorLoad},
		{Name: "gvisor: byte order", Scope: PerFile, Class: Class64, Must: Is{EIData, DataLSB}, Else: Refused, Source: gvisorLoad},
		{Name: "gvisor: version", Scope: PerFile, Class: Class64, Must: Is{EIVersion, VersionCurrent}, Else: Refused, Source: gvisorLoad},
		{Name: "gvisor: whole header", Scope: PerFile, Class: Class64, Must: AtMost{Sum{Number(64)}, Sum{FileSize}}, Else: Refused, Source: gvisorLoad},
		{Name: "gvisor: segment in file", Scope: PerLoad, Class: Class64, Must: endInFile, Else: Killed, Source: gvisorLoad},
	}}

	// binfmt is how a kernel decides to hand a program to qemu or Rosetta: by
	// the first 20 bytes under a mask.
	binfmt = &Loader{Name: "binfmt", Summary: "the masks that Docker Desktop and distributions register", limits: [2]*Limits{unlimited, unlimited}, Rules: []*Rule{
		{Name: "binfmt: class 32", Scope: PerFile, Class: Class32, Must: Is{EIClass, 1}, Else: Refused, Source: binfmtMasks},
		{Name: "binfmt: class 64", Scope: PerFile, Class: Class64, Must: Is{EIClass, 2}, Else: Refused, Source: binfmtMasks},
		{Name: "binfmt: byte order", Scope: PerFile, Must: Masked{EIData, 0xfe, 0}, Else: Refused, Source: binfmtMasks},
		{Name: "binfmt: version", Scope: PerFile, Must: Masked{EIVersion, 0xfe, 0}, Else: Refused, Source: binfmtMasks},
		{Name: "binfmt: ABI version", Scope: PerFile, Must: Is{EIABIVersion, 0}, Else: Refused, Source: binfmtMasks},
		{Name: "binfmt: padding", Scope: PerFile, Must: Is{EIPad, 0}, Else: Refused, Source: binfmtMasks},
		{Name: "binfmt: machine", Scope: PerFile, Class: Class32, Must: Is{EMachine, Machine386}, Else: Refused, Source: binfmtMasks},
	}}

	valgrind = &Loader{Name: "valgrind", Summary: "valgrind's own loader", limits: [2]*Limits{unlimited, unlimited}, Rules: []*Rule{
		{Name: "valgrind: class 32", Scope: PerFile, Class: Class32, Must: Is{EIClass, 1}, Else: Refused, Source: valgrindELF},
		{Name: "valgrind: class 64", Scope: PerFile, Class: Class64, Must: Is{EIClass, 2}, Else: Refused, Source: valgrindELF},
		{Name: "valgrind: byte order", Scope: PerFile, Must: Is{EIData, DataLSB}, Else: Refused, Source: valgrindELF},
		{Name: "valgrind: machine", Scope: PerFile, Class: Class32, Must: Is{EMachine, Machine386}, Else: Refused, Source: valgrindELF},
		{Name: "valgrind: system", Scope: PerFile, Class: Class32, Must: OneOf{EIOSABI, []uint64{0, 3}}, Else: Refused, Source: valgrindELF},
		// It reads code as data.
		{Name: "valgrind: readable", Scope: PerEntry, Must: AnyBit{PFlags, FlagR | FlagW}, Else: Faults, Source: "mm/mmap.c do_mmap, execute_only_pkey"},
		// It keeps itself at 0x58000000, and what it needs behind that.
		{Name: "valgrind: room 32", Scope: PerLoad, Class: Class32, Must: AtMost{Sum{PVaddr, PMemsz}, Sum{Number(0x58000000)}}, Else: Killed, Source: valgrindELF},
		{Name: "valgrind: room 64", Scope: PerLoad, Class: Class64, Must: AnyOf{
			AtMost{Sum{PVaddr, PMemsz}, Sum{Number(0x58000000)}}, AtMost{Sum{Number(1 << 32)}, Sum{PVaddr}},
		}, Else: Killed, Source: valgrindELF},
		{Name: "valgrind: size 32", Scope: PerFile, Class: Class32, Must: AtMost{Sum{Number(53)}, Sum{FileSize}}, Else: Refused, Source: valgrindELF},
		{Name: "valgrind: size 64", Scope: PerFile, Class: Class64, Must: AtMost{Sum{Number(65)}, Sum{FileSize}}, Else: Refused, Source: valgrindELF},
	}}

	// gabi is the specification for an executable without section headers, and
	// what the GNU tools make of it. That the headers do not overlap and are
	// aligned is how it shows them.
	gabi = &Loader{Name: "gabi", Summary: "the System V ABI; readelf, objdump and gdb", limits: [2]*Limits{unlimited, unlimited}, Rules: []*Rule{
		{Name: "gabi: class 32", Scope: PerFile, Class: Class32, Must: Is{EIClass, 1}, Else: Refused, Source: gabiIdent},
		{Name: "gabi: class 64", Scope: PerFile, Class: Class64, Must: Is{EIClass, 2}, Else: Refused, Source: gabiIdent},
		{Name: "gabi: byte order", Scope: PerFile, Must: Is{EIData, DataLSB}, Else: Refused, Source: gabiIdent},
		{Name: "gabi: ident version", Scope: PerFile, Must: Is{EIVersion, VersionCurrent}, Else: Refused, Source: gabiIdent},
		{Name: "gabi: system", Scope: PerFile, Must: OneOf{EIOSABI, []uint64{0, 3}}, Else: Refused, Source: gabiIdent},
		{Name: "gabi: ABI version", Scope: PerFile, Must: Is{EIABIVersion, 0}, Else: Refused, Source: gabiIdent},
		{Name: "gabi: padding", Scope: PerFile, Must: Is{EIPad, 0}, Else: Refused, Source: gabiIdent},
		{Name: "gabi: machine", Scope: PerFile, Class: Class32, Must: Is{EMachine, Machine386}, Else: Refused, Source: gabiHeader},
		{Name: "gabi: version", Scope: PerFile, Must: Is{EVersion, VersionCurrent}, Else: Refused, Source: gabiHeader},
		{Name: "gabi: flags", Scope: PerFile, Must: Is{EFlags, 0}, Else: Refused, Source: gabiHeader},
		{Name: "gabi: header size 32", Scope: PerFile, Class: Class32, Must: Is{EEhsize, 52}, Else: Refused, Source: gabiHeader},
		{Name: "gabi: header size 64", Scope: PerFile, Class: Class64, Must: Is{EEhsize, 64}, Else: Refused, Source: gabiHeader},
		{Name: "gabi: no section headers", Scope: PerFile, Must: Is{EShoff, 0}, Else: Refused, Source: gabiHeader},
		{Name: "gabi: none counted", Scope: PerFile, Must: Is{EShnum, 0}, Else: Refused, Source: bfdObject},
		{Name: "gabi: no section names", Scope: PerFile, Must: Is{EShstrndx, 0}, Else: Refused, Source: bfdObject},
		{Name: "gabi: table behind header 32", Scope: PerFile, Class: Class32, Must: AtMost{Sum{Number(52)}, Sum{EPhoff}}, Else: Refused, Source: gabiHeader},
		{Name: "gabi: table behind header 64", Scope: PerFile, Class: Class64, Must: AtMost{Sum{Number(64)}, Sum{EPhoff}}, Else: Refused, Source: gabiHeader},
		{Name: "gabi: table aligned 32", Scope: PerFile, Class: Class32, Must: Aligned{Sum{EPhoff}, 4}, Else: Refused, Source: "gABI, Data Representation"},
		{Name: "gabi: table aligned 64", Scope: PerFile, Class: Class64, Must: Aligned{Sum{EPhoff}, 8}, Else: Refused, Source: "gABI, Data Representation"},
		{Name: "gabi: segment in file", Scope: PerLoad, Must: AtMost{Sum{POffset, PFilesz}, Sum{FileSize}}, Else: Refused, Source: gabiProgram},
		{Name: "gabi: permissions", Scope: PerLoad, Must: Masked{PFlags, ^uint64(FlagR | FlagW | FlagX), 0}, Else: Refused, Source: gabiProgram},
		{Name: "gabi: executable", Scope: PerEntry, Must: AnyBit{PFlags, FlagX}, Else: Faults, Source: gabiProgram},
		{Name: "gabi: zeros can be written", Scope: PerLoad, Must: AnyOf{Equal{PFilesz, PMemsz}, AnyBit{PFlags, FlagW}}, Else: Refused, Source: gabiProgram},
		// The page size of the x86 supplements; larger powers would ask more of
		// the offset than the loader does.
		{Name: "gabi: alignment", Scope: PerLoad, Must: OneOf{PAlign, []uint64{0, 1, PageSize}}, Else: Refused, Source: gabiProgram},
		{Name: "gabi: unused", Scope: PerOther, Must: Is{PType, 0}, Else: Refused, Source: gabiProgram},
	}}
)

func kernel(name string, limits32, limits64 *Limits, versions ...*Rule) *Loader {
	return &Loader{Name: name, Summary: "Linux from " + name[len("linux-"):] + " on", Rules: slices.Concat(kernelRules, versions),
		limits: [2]*Limits{limits32, limits64}}
}

// Loaders lists the single loaders, and Profiles the combinations that a file
// can be made for; the first is the default.
var (
	Loaders = []*Loader{
		linux510, linux61, linux67, linux611, linux617, linux510x86, linux61x86, linux67x86, linux611x86,
		qemu, gvisor, binfmt, valgrind, gabi,
	}
	Linux    = Join("linux", "every Linux from 5.10 on", linux510, linux61, linux67, linux611, linux617, linux510x86, linux61x86, linux67x86, linux611x86)
	QEMU     = Join("qemu", "Linux, and qemu's user-mode emulation", Linux, qemu)
	Portable = Join("portable", "Linux, qemu, gVisor, valgrind, and the masks of binfmt_misc", QEMU, gvisor, binfmt, valgrind)
	Strict   = Join("strict", "the specification", Portable, gabi)
	Profiles = []*Loader{Linux, QEMU, Portable, Strict}
	// GVisor is gVisor alone, which runs 64-bit programs.
	GVisor = gvisor
)

// ByName finds a profile or a single loader; "" is the default profile.
func ByName(name string) (*Loader, bool) {
	if name == "" {
		return Profiles[0], true
	}
	for _, l := range slices.Concat(Profiles, Loaders) {
		if l.Name == name {
			return l, true
		}
	}
	return nil, false
}
