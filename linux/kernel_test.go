package linux

import (
	"bytes"
	"encoding/binary"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// machineCode has the few instructions that the tests below run, by ABI.
type machineCode struct {
	order []string // general registers by encoding number, without the stack pointer's
	push  []byte   // pushes the stack pointer, the flags, then the registers in order
	write []byte   // write(1, sp, dumpWords words), exit(0)
}

// dumpWords is how much a probe writes: everything that push pushes, argc and
// argv[0].
func (m machineCode) dumpWords() int { return len(m.order) + 4 }

var machine = map[*ABI]machineCode{
	I386: {
		order: []string{"eax", "ecx", "edx", "ebx", "ebp", "esi", "edi"},
		push:  []byte{0x54, 0x9c, 0x50, 0x51, 0x52, 0x53, 0x55, 0x56, 0x57},
		write: []byte{
			0xb8, 4, 0, 0, 0, // mov eax, 4
			0xbb, 1, 0, 0, 0, // mov ebx, 1
			0x89, 0xe1, // mov ecx, esp
			0xba, 11 * 4, 0, 0, 0, // mov edx, 11 * 4
			0xcd, 0x80, // int 0x80
			0xb8, 1, 0, 0, 0, // mov eax, 1
			0x31, 0xdb, // xor ebx, ebx
			0xcd, 0x80, // int 0x80
		},
	},
	X8664: {
		order: []string{
			"rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi",
			"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		},
		push: []byte{
			0x54, 0x9c, 0x50, 0x51, 0x52, 0x53, 0x55, 0x56, 0x57,
			0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57,
		},
		write: []byte{
			0xb8, 1, 0, 0, 0, // mov eax, 1
			0xbf, 1, 0, 0, 0, // mov edi, 1
			0x48, 0x89, 0xe6, // mov rsi, rsp
			0xba, 19 * 8, 0, 0, 0, // mov edx, 19 * 8
			0x0f, 0x05, // syscall
			0xb8, 60, 0, 0, 0, // mov eax, 60
			0x31, 0xff, // xor edi, edi
			0x0f, 0x05, // syscall
		},
	},
}

// elfFile wraps code into the plainest executable: both headers, one segment.
func elfFile(t *testing.T, target Target, code []byte) string {
	t.Helper()
	const base = 0x400000
	var file bytes.Buffer
	put := func(fields ...any) {
		for _, field := range fields {
			if err := binary.Write(&file, binary.LittleEndian, field); err != nil {
				t.Fatal(err)
			}
		}
	}
	put([]byte{0x7f, 'E', 'L', 'F', target.Class, 1, 1, 15: 0}, uint16(2), target.Machine, uint32(1))
	if target.ABI == I386 {
		size := uint32(52 + 32 + len(code))
		put(uint32(base+52+32), uint32(52), uint32(0), uint32(0), []uint16{52, 32, 1, 0, 0, 0})
		put(uint32(1), uint32(0), uint32(base), uint32(base), size, size, uint32(5), uint32(0x1000))
	} else {
		size := uint64(64 + 56 + len(code))
		put(uint64(base+64+56), uint64(64), uint64(0), uint32(0), []uint16{64, 56, 1, 0, 0, 0})
		put(uint32(1), uint32(5), uint64(0), uint64(base), uint64(base), size, size, uint64(0x1000))
	}
	put(code)
	path := filepath.Join(t.TempDir(), "probe")
	if err := os.WriteFile(path, file.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// probe runs the code with some arguments and returns the registers behind it,
// and argc under the name "argc".
func probe(t *testing.T, target Target, code []byte, args ...string) map[string]uint64 {
	t.Helper()
	m := machine[target.ABI]
	path := elfFile(t, target, slices.Concat(code, m.push, m.write))
	out, err := exec.Command(path, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	size := target.ABI.PointerSize
	if len(out) != size*m.dumpWords() {
		t.Fatalf("%s: %d bytes", target, len(out))
	}
	names := slices.Concat([]string{"argv[0]", "argc", target.ABI.Entry().StackPointer, "flags"}, m.order)
	slices.Reverse(names)
	values := map[string]uint64{}
	for i, name := range names {
		if size == 4 {
			values[name] = uint64(binary.LittleEndian.Uint32(out[4*i:]))
		} else {
			values[name] = binary.LittleEndian.Uint64(out[8*i:])
		}
	}
	return values
}

func TestEntryOnThisKernel(t *testing.T) {
	for _, target := range Targets() {
		entry := target.ABI.Entry()
		got := probe(t, target, nil, "a", "b")
		if got["argc"] != 3 || got["argv[0]"] <= got[entry.StackPointer] {
			t.Errorf("%s: argc %d, argv[0] at %#x", target, got["argc"], got["argv[0]"])
		}
		if got[entry.StackPointer]%uint64(entry.StackAlign) != 0 {
			t.Errorf("%s: stack pointer %#x", target, got[entry.StackPointer])
		}
		checked := 0
		for _, r := range entry.Registers {
			name := r.Name
			if name == "eflags" || name == "rflags" {
				name = "flags"
			}
			if value, ok := got[name]; ok {
				checked++
				if value != r.Value {
					t.Errorf("%s: %s is %#x, not %#x", target, r.Name, value, r.Value)
				}
			}
		}
		if want := len(machine[target.ABI].order) + 1; checked != want {
			t.Errorf("%s: %d registers checked, not %d", target, checked, want)
		}
	}
}

// TestClobbersOnThisKernel fills the registers, calls getppid, and looks at
// what has changed.
func TestClobbersOnThisKernel(t *testing.T) {
	getppid, _ := Lookup("getppid")
	for _, target := range Targets() {
		abi := target.ABI
		number, _ := getppid.Number(abi)
		want := map[string]uint64{}
		var code []byte
		for i, name := range machine[abi].order {
			value := uint32(0x01010101 * (i + 1))
			if name == abi.Number {
				value = uint32(number)
			}
			want[name] = uint64(value)
			encoding := i
			if i >= 4 {
				encoding++ // 4 is the stack pointer
			}
			if abi == X8664 { // mov r/m64, imm32
				code = append(code, 0x48|byte(encoding>>3), 0xc7, 0xc0|byte(encoding&7))
			} else { // mov r32, imm32
				code = append(code, 0xb8|byte(encoding))
			}
			code = binary.LittleEndian.AppendUint32(code, value)
		}
		code = append(code, 0xf9, 0xfd) // stc, std
		const flags = 0x202 | 1 | 1<<10
		want["flags"] = flags
		switch abi {
		case I386:
			code = append(code, 0xcd, byte(abi.Instruction.Immediate[0]))
		case X8664:
			code = append(code, 0x0f, 0x05)
		}
		got := probe(t, target, code)
		if want := uint64(os.Getpid()); got[abi.Result] != want {
			t.Errorf("%s: getppid returned %d, not %d", target, got[abi.Result], want)
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if name != abi.Result && !slices.Contains(abi.Clobbers, name) && got[name] != want[name] {
				t.Errorf("%s: %s is %#x, was %#x", target, name, got[name], want[name])
			}
		}
	}
}

func TestFloatingPointEntryOnThisKernel(t *testing.T) {
	code := []byte{
		0x50, 0xd9, 0x3c, 0x24, 0x5b, // push rax; fnstcw [rsp]; pop rbx
		0x50, 0x0f, 0xae, 0x1c, 0x24, 0x59, // push rax; stmxcsr [rsp]; pop rcx
	}
	for _, target := range Targets() {
		got := probe(t, target, code)
		for i, name := range []string{"fcw", "mxcsr"} {
			registers := target.ABI.Entry().Registers
			at := slices.IndexFunc(registers, func(r EntryRegister) bool { return r.Name == name })
			holder := target.ABI.Number[:1] + []string{"bx", "cx"}[i]
			if got[holder] != registers[at].Value {
				t.Errorf("%s: %s is %#x, not %#x", target, name, got[holder], registers[at].Value)
			}
		}
	}
}

// TestUnimplementedOnThisKernel makes every call that the table says is not
// there.
func TestUnimplementedOnThisKernel(t *testing.T) {
	enosys, _ := Errnos().ByName("ENOSYS")
	tried := 0
	for _, target := range Targets() {
		abi := target.ABI
		for _, name := range Names(abi) {
			s, _ := Lookup(name)
			if !strings.HasSuffix(s.Summary, "always ENOSYS") {
				continue
			}
			tried++
			number, _ := s.Number(abi)
			code := binary.LittleEndian.AppendUint32([]byte{0xb8}, uint32(number)) // mov eax, number
			code = append(code, map[*ABI][]byte{I386: {0xcd, 0x80}, X8664: {0x0f, 0x05}}[abi]...)
			got := probe(t, target, code)[abi.Result]
			if abi.PointerSize == 4 {
				got = uint64(int32(got))
			}
			if int64(got) != -int64(enosys.Number) {
				t.Errorf("%s: %s returned %d", target, name, int64(got))
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d calls tried", tried)
	}
}
