package machine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"tasm/codegen/x86"
	"tasm/lang"
	"tasm/layout/elf"
	"tasm/linux"
)

// The addresses of a test program: its code, the memory that a trial may touch,
// what that memory holds at first, and where a trial's results go.
const (
	codeAt     = 0x400000
	scratchAt  = 0x10000000
	scratchLen = 512
	templateAt = scratchAt + 0x1000
	resultAt   = scratchAt + 0x2000
	restAt     = scratchAt + 0x3000 // a stack for between the trials
)

// trial is a short sequence of instructions with a state to begin with and the
// state that Step arrives at.
type trial struct {
	registers [16]uint64
	flags     uint64
	code      []byte
	listing   []string
	end       *State
}

// testedFlags are those that a trial begins and ends with.
const testedFlags = 0xcd5

// trialMaker makes trials that touch nothing but the scratch memory: an
// instruction that would do otherwise is not taken.
type trialMaker struct {
	bits     int
	random   *rand.Rand
	template [scratchLen]byte
	seen     map[string]int
}

func (m *trialMaker) word() uint64 {
	r := m.random
	v := r.Uint64()
	switch r.IntN(6) {
	case 0:
		v = scratchAt + r.Uint64N(scratchLen)
	case 1:
		v = r.Uint64N(64)
	case 2:
		v = -r.Uint64N(64)
	case 3:
		v = 1 << r.IntN(64)
	case 4:
		v = 1<<r.IntN(64) - 1
	}
	if m.bits == 32 {
		v &= 0xffffffff
	}
	return v
}

// state makes the state that a trial begins with.
func (m *trialMaker) state(t *trial, at uint64) *State {
	s := NewState(NewTerms(), m.bits)
	for i := range m.bits / 4 {
		s.Registers[i] = Number(m.bits, t.registers[i])
	}
	s.SetFlags(status|x86.DF, Number(64, t.flags))
	s.IP = Number(m.bits, at)
	s.Memory.Map(&Segment{Name: "scratch", Base: Number(m.bits, 0), Low: scratchAt, High: scratchAt + scratchLen, Read: true, Write: true,
		Initial: func(offset int64) Byte { return Const(m.template[offset-scratchAt]) }})
	return s
}

// instruction appends a random instruction that leads to the one behind it.
func (m *trialMaker) instruction(t *trial, at uint64) bool {
	var code [x86.MaxLength]byte
	for i := range code {
		code[i] = byte(m.random.Uint32())
		if m.random.IntN(3) == 0 {
			code[i] = [...]byte{0, 1, 4, 7, 8, 0x20, 0x40, 0xf8, 0xff}[m.random.IntN(9)]
		}
	}
	n := 0
	prefix := func(chance int, bytes ...byte) {
		if m.random.IntN(chance) == 0 {
			code[n] = bytes[m.random.IntN(len(bytes))]
			n++
		}
	}
	prefix(6, 0x66)
	prefix(12, 0xf2, 0xf3, 0xf0, 0x67, 0x3e)
	if m.bits == 64 {
		prefix(3, 0x40, 0x41, 0x42, 0x44, 0x48, 0x49, 0x4c)
	}
	prefix(4, 0x0f)
	var in x86.Decoded
	address := at + uint64(len(t.code))
	if !x86.Decode(m.bits, code[:], int64(address), &in) {
		return false
	}
	s := t.end.Fork()
	for range 100 {
		if e := s.Step(&in); e.Kind != Done {
			return false
		}
		if s.IP != t.end.IP {
			break
		}
	}
	if s.IP != t.end.IP.plus(uint64(in.Length)) {
		return false
	}
	t.end = s
	t.code = append(t.code, code[:in.Length]...)
	t.listing = append(t.listing, fmt.Sprintf("% x  %s", code[:in.Length], in.Form.Syntax()))
	m.seen[in.Form.ID()]++
	return true
}

func (m *trialMaker) trial(at uint64) *trial {
	t := &trial{flags: always | m.random.Uint64()&testedFlags}
	for i := range t.registers {
		t.registers[i] = m.word()
	}
	t.registers[SP] = scratchAt + uint64(m.random.IntN(scratchLen))
	t.end = m.state(t, at)
	for want := 1 + m.random.IntN(4); len(t.listing) < want; {
		m.instruction(t, at)
	}
	return t
}

// writer assembles the code between the trials.
type asm struct {
	*testing.T
	bits int
	code []byte
}

func (a *asm) emit(mnemonic string, operands ...any) {
	in := x86.Instruction{Mnemonic: x86.LookupMnemonic(mnemonic), Bits: a.bits}
	if mnemonic == "movsb" {
		in.Prefixes = []x86.PrefixID{x86.Rep}
	}
	for _, o := range operands {
		switch o := o.(type) {
		case lang.RegisterID:
			in.Operands = append(in.Operands, x86.Operand{Kind: x86.RegisterOperand, Register: o})
		case uint64:
			in.Operands = append(in.Operands, x86.Operand{Kind: x86.ImmediateOperand, Value: lang.Number64(int64(o))})
		case []uint64:
			in.Operands = append(in.Operands, x86.Operand{Kind: x86.MemoryOperand, Size: a.bits / 8, Value: lang.Number64(int64(o[0]))})
		}
	}
	var out x86.Encoding
	if problem := x86.Encode(&in, &out); problem != nil {
		a.Fatalf("%s %v: %v", mnemonic, operands, problem)
	}
	a.code = append(a.code, out.Code()...)
}

func (a *asm) register(number int) lang.RegisterID { return x86.GeneralRegister(number, a.bits/8) }

func (a *asm) copyMemory(to, from, size uint64) {
	a.emit("cld")
	a.emit("mov", a.register(SI), from)
	a.emit("mov", a.register(DI), to)
	a.emit("mov", a.register(CX), size)
	a.emit("movsb")
}

func (a *asm) call(name string, args ...uint64) {
	abi := linux.I386
	if a.bits == 64 {
		abi = linux.X8664
	}
	call, _ := linux.Lookup(name)
	n, _ := call.Number(abi)
	a.emit("mov", x86.LookupRegister(abi.Number), uint64(n))
	for i, v := range args {
		a.emit("mov", x86.LookupRegister(abi.Args[i]), v)
	}
	if a.bits == 64 {
		a.emit("syscall")
	} else {
		a.emit("int", uint64(0x80))
	}
}

// runTrials makes a program of the trials, runs it, and returns what each left:
// registers, flags and scratch memory.
func (m *trialMaker) runTrials(t *testing.T, count int) (trials []*trial, results [][]byte) {
	a := &asm{T: t, bits: m.bits}
	word := uint64(m.bits / 8)
	registers := m.bits / 4
	size := word*uint64(registers+1) + scratchLen
	for range count {
		a.emit("mov", a.register(SP), uint64(restAt))
		a.copyMemory(scratchAt, templateAt, scratchLen)
		// The trial's code is made when its address is known, and what comes
		// before it is as long as it will be.
		prologue := func(x *trial) {
			a.emit("push", x.flags)
			if m.bits == 64 {
				a.emit("popfq")
			} else {
				a.emit("popf")
			}
			for i := range registers {
				a.emit("mov", a.register(i), x.registers[i])
			}
		}
		// Two rounds: the first finds the registers, the second the address.
		seed := m.random.Uint64()
		start := len(a.code)
		var x *trial
		for range 2 {
			at := uint64(codeAt + len(a.code))
			m.random = rand.New(rand.NewPCG(seed, 1))
			x = m.trial(at)
			a.code = a.code[:start]
			prologue(x)
			if uint64(codeAt+len(a.code)) != at {
				m.random = rand.New(rand.NewPCG(seed, 1))
				x = m.trial(uint64(codeAt + len(a.code)))
			}
		}
		a.code = append(a.code, x.code...)
		trials = append(trials, x)
		for i := range registers {
			a.emit("mov", []uint64{resultAt + uint64(i)*word}, a.register(i))
		}
		a.emit("mov", a.register(SP), uint64(restAt))
		if m.bits == 64 {
			a.emit("pushfq")
		} else {
			a.emit("pushf")
		}
		a.emit("pop", []uint64{resultAt + uint64(registers)*word})
		a.copyMemory(resultAt+size-scratchLen, scratchAt, scratchLen)
		a.call("write", 1, resultAt, size)
	}
	a.call("exit", 0)
	output := run(t, m.bits, a.code, m.template[:])
	for len(output) >= int(size) {
		results = append(results, output[:size])
		output = output[size:]
	}
	return trials, results
}

// run runs a program of two segments on the processor and returns what it
// prints.
func run(t *testing.T, bits int, code, template []byte) []byte {
	class, machine := elf.Class32, uint64(elf.Machine386)
	if bits == 64 {
		class, machine = elf.Class64, elf.MachineX86_64
	}
	data := make([]byte, 0x4000)
	copy(data[templateAt-scratchAt:], template)
	const page = 4096
	codeOffset := uint64(page)
	dataOffset := (codeOffset + uint64(len(code)) + page - 1) &^ (page - 1)
	head := elf.Values{elf.EIMag: elf.Magic, elf.EType: elf.TypeExec, elf.EMachine: machine, elf.EEntry: codeAt,
		elf.EPhoff: uint64(class.Size(elf.FileHeader)), elf.EPhentsize: uint64(class.Size(elf.ProgramHeader)), elf.EPhnum: 2}
	file := elf.Encode(class, elf.FileHeader, &head)
	for _, s := range []struct {
		offset, address uint64
		content         []byte
		flags           uint64
	}{{codeOffset, codeAt, code, elf.FlagR | elf.FlagX}, {dataOffset, scratchAt, data, elf.FlagR | elf.FlagW}} {
		file = append(file, elf.Encode(class, elf.ProgramHeader, &elf.Values{elf.PType: elf.SegmentLoad, elf.POffset: s.offset, elf.PVaddr: s.address,
			elf.PFilesz: uint64(len(s.content)), elf.PMemsz: uint64(len(s.content)), elf.PFlags: s.flags})...)
	}
	file = append(file, make([]byte, dataOffset-uint64(len(file)))...)
	copy(file[codeOffset:], code)
	file = append(file, data...)
	path := filepath.Join(t.TempDir(), "trials")
	if err := os.WriteFile(path, file, 0o755); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := osexec.Command(path)
	cmd.Stdout = &out
	var exit *osexec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestProcessor runs random instructions on random states, on the processor
// and by Step with numbers, and compares everything that is defined.
func TestProcessor(t *testing.T) {
	for _, bits := range []int{32, 64} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			m := &trialMaker{bits: bits, seen: map[string]int{}}
			for seed := range uint64(2) {
				m.random = rand.New(rand.NewPCG(uint64(bits), seed))
				for i := range m.template {
					m.template[i] = byte(m.random.Uint32())
				}
				trials, results := m.runTrials(t, 1000)
				for i, r := range results {
					m.compare(t, trials[i], r)
				}
				if len(results) < len(trials) {
					x := trials[len(results)]
					t.Fatalf("the processor does not get through %q with %x flags %x", x.listing, x.registers, x.flags)
				}
			}
			// Enough of the table was met for the comparison to mean something.
			if len(m.seen) < 300 {
				t.Errorf("only %d forms were tried", len(m.seen))
			}
		})
	}
}

func (m *trialMaker) compare(t *testing.T, x *trial, got []byte) {
	word := m.bits / 8
	value := func(i int) uint64 {
		var w [8]byte
		copy(w[:], got[i*word:(i+1)*word])
		return binary.LittleEndian.Uint64(w[:])
	}
	fail := func(what string, got, want uint64) {
		t.Errorf("%q with %x flags %x: %s is %#x, not %#x", x.listing, x.registers[:m.bits/4], x.flags, what, got, want)
	}
	for i := range m.bits / 4 {
		if want, ok := x.end.Registers[i].Constant(); ok && want != value(i) {
			fail(x86.RegisterName(x86.GeneralRegister(i, word)), value(i), want)
		}
	}
	for _, k := range kept {
		if want, ok := x.end.Flag(k.flag).Constant(); ok && want != value(m.bits/4)>>k.bit&1 {
			fail(k.flag.String(), value(m.bits/4)>>k.bit&1, want)
		}
	}
	memory := got[len(got)-scratchLen:]
	for i, b := range memory {
		address := Number(m.bits, scratchAt+uint64(i))
		c, _ := x.end.Memory.Peek(address)
		if want, ok := c.Constant(); ok && want != uint64(b) {
			fail(fmt.Sprintf("the byte at scratch + %d", i), uint64(b), want)
		}
	}
}
