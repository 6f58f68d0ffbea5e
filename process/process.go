//go:build linux && amd64

package process

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/linux"
	"tasm/machine"
	"tasm/vm"
)

// Options are what a program is given, and what it may use.
type Options struct {
	Args, Env []string // Args begins with the program's name
	Stdin     *os.File // nil is empty
	// Stdout and Stderr receive what the program writes; nil ones receive nothing.
	Stdout, Stderr io.Writer
	Force          []vm.Force // replaces answers of the kernel
	MaxSteps       int64      // instructions; 0 is no limit
	MaxOutput      int64      // bytes to both streams; 0 is vm.DefaultOutput
	MaxMemory      int64      // bytes that the program touches; 0 is vm.DefaultMemory
	Record         int64      // bytes of the recording
	// Expired is asked from time to time whether the run has taken too long; nil is no
	// limit.
	Expired func() bool
}

// Process is a program on the processor, at some step of its recording.
type Process struct {
	options Options
	tracee  *tracee
	dir     string // where the program lies
	image   *elf.Image
	abi     *linux.ABI
	bias    uint64

	resident int64 // bytes of memory that it had at its start
	segments []*machine.Segment
	state    *machine.State // foretells steps

	now  registers
	log  []entry
	at   int   // entries of the log that are done
	cost int64 // of the log, in bytes
	// steps counts the instructions that are carried out at this step.
	steps int64
	// moved tells that the registers of the process are not those of now.
	moved  bool
	stop   *vm.Stop // of this step
	final  *vm.Stop // behind the last entry
	output []byte
	calls  map[string]int // how often each was made up to the last entry
}

// registers are what the processor shows of a process.
type registers struct {
	general [16]uint64 // by their numbers in instructions
	ip      uint64
	flags   uint16
}

// entry is a step, or a change from outside.
type entry struct {
	change vm.Change
	ip     uint64 // afterwards
	flags  uint16
	output int // bytes, afterwards
	edit   bool
}

// size estimates what an entry takes, in bytes.
func (e *entry) size() int64 {
	const fixed, each = 280, 72
	c := &e.change
	n := int64(fixed + 24*len(c.Registers))
	for _, m := range slices.Concat(c.Memory, c.KernelChanges) {
		n += int64(each + len(m.Old) + len(m.New))
	}
	if c.Call != nil {
		n += int64(each + 8*len(c.Call.Args) + len(c.Call.Data))
	}
	return n
}

// flagMask are the flags that a session shows: CF, PF, AF, ZF, SF, DF and OF.
const flagMask = 0xcd5

// trapFlag is by what the processor is stepped; a program is not to see it.
const trapFlag = 0x100

// New starts a program and stops it before its first instruction.
func New(file []byte, o Options) (*Process, error) {
	im, err := elf.Map(file)
	if err != nil {
		return nil, fmt.Errorf("the program %w", err)
	}
	p := &Process{options: o, image: im, abi: linux.I386, calls: map[string]int{}}
	if im.Class == elf.Class64 {
		p.abi = linux.X8664
	}
	if p.options.MaxOutput == 0 {
		p.options.MaxOutput = vm.DefaultOutput
	}
	if p.options.MaxMemory == 0 {
		p.options.MaxMemory = vm.DefaultMemory
	}
	if p.dir, err = os.MkdirTemp("", "tasm-"); err != nil {
		return nil, err
	}
	path := filepath.Join(p.dir, "program")
	if err := os.WriteFile(path, file, 0o700); err != nil {
		os.RemoveAll(p.dir)
		return nil, err
	}
	if p.tracee, err = start(path, p.abi.Bits, &p.options); err != nil {
		os.RemoveAll(p.dir)
		return nil, err
	}
	if p.now, err = p.tracee.registers(); err == nil {
		p.bias = p.now.ip - im.Entry
		if im.Fixed || im.Interpreter { // whose first instruction is not the program's
			p.bias = 0
		}
		p.resident = p.tracee.resident()
		p.state = machine.NewState(machine.NewTerms(), p.abi.Bits)
		err = p.map_()
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close ends the process.
func (p *Process) Close() {
	p.tracee.close()
	os.RemoveAll(p.dir)
}

// map_ reads what memory the process has.
func (p *Process) map_() error {
	list, err := p.tracee.maps()
	if err != nil {
		return err
	}
	p.segments = list
	for _, s := range list {
		s.Base = machine.Number(p.abi.Bits, 0)
		s.Initial = func(at int64) machine.Byte {
			var b [1]byte
			p.tracee.read(uint64(at), b[:])
			return machine.Const(b[0])
		}
	}
	return nil
}

// IP returns the address of the next instruction.
func (p *Process) IP() uint64 { return p.now.ip }

// Register returns a general register by its number in instructions.
func (p *Process) Register(n int) uint64 { return p.now.general[n] }

// Flags returns the flags as bits of the flags register; all are defined.
func (p *Process) Flags() (bits, defined uint16) { return p.now.flags, flagMask }

// Memory reads memory and returns how many bytes there are.
func (p *Process) Memory(address uint64, out []byte) int { return p.tracee.read(address, out) }

// Segment returns the part of memory that holds an address, nil if none does.
func (p *Process) Segment(address uint64) *machine.Segment {
	for _, s := range p.segments {
		if int64(address) >= s.Low && int64(address) < s.High {
			return s
		}
	}
	return nil
}

// Bits returns the mode of the code, 32 or 64.
func (p *Process) Bits() int { return p.abi.Bits }

// ABI returns the convention of the program's kind.
func (p *Process) ABI() *linux.ABI { return p.abi }

// Image returns the file as it was mapped, and what was added to its addresses.
func (p *Process) Image() (im *elf.Image, bias uint64) { return p.image, p.bias }

// Output returns what the program has written to its output and errors so far.
func (p *Process) Output() []byte {
	if p.at == 0 {
		return nil
	}
	return p.output[:p.log[p.at-1].output]
}

// Steps returns how many instructions have been carried out.
func (p *Process) Steps() int64 { return p.steps }

// Stop returns how the run ended; nil while it goes on.
func (p *Process) Stop() *vm.Stop { return p.stop }

// Last returns what the last step changed, and false where nothing is recorded.
func (p *Process) Last() (vm.Change, bool) {
	if p.at == 0 {
		return vm.Change{}, false
	}
	return p.log[p.at-1].change, true
}

// Instruction returns the next instruction, nil where there is none.
func (p *Process) Instruction() *x86.Decoded {
	s := p.Segment(p.now.ip)
	if s == nil || !s.Execute {
		return nil
	}
	var code [x86.MaxLength]byte
	n := p.tracee.read(p.now.ip, code[:])
	in := new(x86.Decoded)
	if !x86.Decode(p.abi.Bits, code[:n], int64(p.now.ip), in) {
		return nil
	}
	return in
}

// Restart says that a process can't be begun again: what it did would be done twice.
func (p *Process) Restart() error {
	if p.steps == 0 {
		return nil
	}
	return fmt.Errorf("a run on the processor can't be begun again")
}

// Back takes the last step back, or a change that was made from outside since then.
// It returns false where the recording begins.
func (p *Process) Back() bool {
	if p.at == 0 {
		return false
	}
	p.at--
	e := &p.log[p.at]
	p.apply(e, false)
	if e.edit {
		p.cut()
	} else {
		p.steps--
	}
	return true
}

// apply puts the state behind an entry in place, or the one before it.
func (p *Process) apply(e *entry, forwards bool) {
	memory := slices.Concat(e.change.Memory, e.change.KernelChanges)
	if forwards {
		p.now.ip, p.now.flags = e.ip, e.flags
		for _, r := range e.change.Registers {
			p.now.general[r.Number] = r.New
		}
		for _, m := range memory {
			p.tracee.write(m.Address, m.New)
		}
	} else {
		p.now.ip, p.now.flags = e.change.IP, e.change.Flags
		for _, r := range e.change.Registers {
			p.now.general[r.Number] = r.Old
		}
		for _, m := range slices.Backward(memory) {
			p.tracee.write(m.Address, m.Old)
		}
	}
	p.moved, p.stop = true, nil
}

// cut forgets what was recorded behind this step: the future is another one now.
func (p *Process) cut() {
	for i := range p.log[p.at:] {
		e := &p.log[p.at+i]
		p.cost -= e.size()
		if made := e.change.Call; made != nil && made.Syscall != nil {
			p.calls[made.Syscall.Name]--
		}
	}
	p.log = p.log[:p.at]
	p.final = nil
	p.output = slices.Clone(p.Output())
}

// add appends an entry. Where the recording is full the oldest are forgotten.
func (p *Process) add(e entry) {
	p.cost += e.size()
	p.log = append(p.log, e)
	p.at++
	if !e.edit {
		p.steps++
	}
	if p.options.Record > 0 && p.cost > p.options.Record && len(p.log) > 1 {
		half := len(p.log) / 2
		for i := range p.log[:half] {
			p.cost -= p.log[i].size()
		}
		p.log = slices.Clone(p.log[half:])
		p.at -= half
	}
}

// edit makes a change from outside, which Back takes back like a step.
func (p *Process) edit(change func(*entry)) {
	p.cut()
	e := entry{edit: true, ip: p.now.ip, flags: p.now.flags, output: len(p.output)}
	e.change = vm.Change{Edit: true, IP: p.now.ip, Flags: p.now.flags, Defined: flagMask}
	change(&e)
	p.add(e)
	p.apply(&p.log[p.at-1], true)
}

// SetRegister changes a general register.
func (p *Process) SetRegister(n int, value uint64) {
	p.edit(func(e *entry) {
		e.change.Registers = []vm.RegisterChange{{Number: n, Old: p.now.general[n], New: value & (^uint64(0) >> (64 - p.abi.Bits))}}
	})
}

// SetFlags changes the flags, given as bits of the flags register.
func (p *Process) SetFlags(bits uint16) {
	p.edit(func(e *entry) { e.flags, e.change.FlagsTouched = bits&flagMask, true })
}

// SetIP changes the address of the next instruction.
func (p *Process) SetIP(address uint64) { p.edit(func(e *entry) { e.ip = address }) }

// SetMemory changes memory whatever its permissions.
func (p *Process) SetMemory(address uint64, content []byte) {
	p.edit(func(e *entry) {
		old := make([]byte, len(content))
		n := p.tracee.read(address, old)
		e.change.Memory = []vm.MemoryChange{{Address: address, Old: old[:n], New: slices.Clone(content[:n])}}
	})
}
