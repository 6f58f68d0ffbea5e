package launch

import (
	"bytes"
	"debug/elf"
	"fmt"
	"strings"

	tiny "tasm/layout/elf"
)

// Format is what the kernel takes a file for.
type Format uint8

const (
	Unknown Format = iota // exec format error
	ELF
	Script
)

// Program is what can be told of a file that is to be started.
type Program struct {
	Format Format
	Arch   string // of an ELF file, in Go's words (GOARCH); "" if it has no name there

	// Interpreter is the file that the kernel starts instead: the dynamic linker
	// of an ELF file, or the shell of a script with its argument.
	Interpreter string
	Argument    string

	Libraries []string // that the dynamic linker looks for (DT_NEEDED)
	RunPath   []string // where it looks first (DT_RUNPATH, DT_RPATH)

	// Wrong says why no Linux starts the file, Doubt why some kernels don't, and Cure
	// what to do; all are empty for one that any kernel starts.
	Wrong, Doubt, Cure string
}

// machines are the names of processors (ELF's e_machine) in Go's words.
var machines = map[elf.Machine]string{
	elf.EM_386: "386", elf.EM_486: "386", elf.EM_X86_64: "amd64", elf.EM_ARM: "arm", elf.EM_AARCH64: "arm64", elf.EM_S390: "s390x",
	elf.EM_LOONGARCH: "loong64",
}

func archOf(f *elf.File) string {
	little := f.Data == elf.ELFDATA2LSB
	switch f.Machine {
	case elf.EM_RISCV:
		if f.Class == elf.ELFCLASS64 {
			return "riscv64"
		}
	case elf.EM_PPC64:
		return map[bool]string{true: "ppc64le", false: "ppc64"}[little]
	case elf.EM_MIPS:
		name := "mips"
		if f.Class == elf.ELFCLASS64 {
			name += "64"
		}
		return name + map[bool]string{true: "le"}[little]
	}
	return machines[f.Machine]
}

// others are beginnings of files that are programs elsewhere, or none.
var others = []struct{ magic, what, cure string }{
	{"MZ", "a program for Windows or DOS", "build it for Linux, for example with GOOS=linux"},
	{"\xcf\xfa\xed\xfe", "a program for macOS", "build it for Linux, for example with GOOS=linux"},
	{"\xce\xfa\xed\xfe", "a program for macOS", "build it for Linux, for example with GOOS=linux"},
	{"\xca\xfe\xba\xbe", "a Java class, or a program for macOS", "give a program that Linux starts"},
	{"!<arch>\n", "an archive of object files", "link it to a program"},
	{"PK\x03\x04", "a zip or jar file", "give the program that reads it"},
	{"\x1f\x8b", "compressed with gzip", "uncompress it first"},
	{"\x00asm", "WebAssembly", "give a program that Linux starts"},
}

// Read tells what a file is, from its bytes.
func Read(file []byte) Program {
	switch {
	case bytes.HasPrefix(file, []byte(elf.ELFMAG)):
		return readELF(file)
	case bytes.HasPrefix(file, []byte("#!")):
		return readScript(file)
	case len(file) == 0:
		return Program{Wrong: "it is empty", Cure: "give a program"}
	}
	for _, o := range others {
		if bytes.HasPrefix(file, []byte(o.magic)) {
			return Program{Wrong: "it is " + o.what, Cure: o.cure}
		}
	}
	if text := file[:min(len(file), 512)]; bytes.IndexByte(text, 0) < 0 {
		return Program{Wrong: "it is a text and does not say which program reads it", Cure: "begin it with a line such as #!/bin/sh"}
	}
	return Program{Wrong: "it begins like no program that Linux knows", Cure: "give an ELF executable, or a script that begins with #!"}
}

func readELF(file []byte) Program {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return readTiny(file)
	}
	defer f.Close()
	p := Program{Format: ELF, Arch: archOf(f)}
	switch f.Type {
	case elf.ET_REL:
		p.Wrong, p.Cure = "it is an object file", "link it, for example with ld or gcc"
		return p
	case elf.ET_CORE:
		p.Wrong, p.Cure = "it is the memory of a program that crashed", "give the program"
		return p
	}
	for _, s := range f.Progs {
		if s.Type == elf.PT_INTERP && s.Filesz < 4096 {
			text := make([]byte, s.Filesz)
			s.ReadAt(text, 0)
			p.Interpreter, _, _ = strings.Cut(string(text), "\x00")
		}
	}
	if f.Type == elf.ET_DYN && p.Interpreter == "" && f.Entry == 0 {
		p.Wrong, p.Cure = "it is a library", "give the program that uses it"
	}
	p.Libraries, _ = f.ImportedLibraries()
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		paths, _ := f.DynString(tag)
		for _, list := range paths {
			p.RunPath = append(p.RunPath, strings.Split(list, ":")...)
		}
	}
	return p
}

// readTiny reads an ELF file whose headers are only those that the kernel reads:
// x86 only.
func readTiny(file []byte) Program {
	p := Program{Format: ELF}
	class := tiny.ClassOf(file)
	switch tiny.Get(class, file, tiny.EMachine) {
	case tiny.Machine386, tiny.Machine486:
		p.Arch = "386"
	case tiny.MachineX86_64:
		p.Arch = "amd64"
	default:
		p.Wrong, p.Cure = "its ELF headers are damaged", "build it anew"
		return p
	}
	linux, _ := tiny.ByName("linux")
	runs, refusals := linux.WithCharge(1 << 63).Judge(file)
	switch {
	case len(refusals) > 0 && len(runs) == 0:
		p.Wrong, p.Cure = fmt.Sprintf("Linux does not load it: %s", refusals[0].Reason), "build it anew"
	case len(refusals) > 0:
		p.Doubt = fmt.Sprintf("%s: %s", strings.Join(refusals[0].By, ", "), refusals[0].Reason)
		p.Cure = "it starts on " + strings.Join(runs, ", ")
	}
	return p
}

// readScript reads the first line of a script (Linux, fs/binfmt_script.c).
func readScript(file []byte) Program {
	line, _, whole := bytes.Cut(file[:min(len(file), 256)], []byte("\n"))
	p := Program{Format: Script}
	text := strings.Trim(string(line[2:]), " \t")
	p.Interpreter = text
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		p.Interpreter, p.Argument = text[:i], strings.Trim(text[i:], " \t")
	}
	switch {
	case !whole && len(file) > 256:
		p.Wrong, p.Cure = "its first line is longer than the 255 bytes that Linux reads", "shorten it"
	case strings.HasSuffix(text, "\r"):
		p.Wrong = fmt.Sprintf("its lines end as on Windows, so that Linux looks for %q", text)
		p.Cure = "write it with line ends of Unix, for example with dos2unix"
	case p.Interpreter == "":
		p.Wrong, p.Cure = "its first line names no program after #!", "write one, such as #!/bin/sh"
	}
	return p
}

// Runs reports whether a machine of architecture host runs programs of
// architecture arch as they are, both in Go's words.
func Runs(host, arch string) bool {
	return host == arch || host == "amd64" && arch == "386" || host == "arm64" && arch == "arm"
}
