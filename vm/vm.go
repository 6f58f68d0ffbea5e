package vm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/linux"
	"tasm/machine"
)

// Options are what a program is given, and what it may use.
type Options struct {
	Args, Env []string // Args begins with the program's name
	Stdin     io.Reader
	// Stdout and Stderr receive what the program writes, each byte once, however
	// often its writing is taken back and done again. Nil ones receive nothing.
	Stdout, Stderr io.Writer
	// Terminal tells that the streams are a terminal, as ioctl TCGETS asks.
	Terminal bool
	// Files are the files that the program finds, by absolute path. What it writes
	// to them stays inside of the machine.
	Files map[string][]byte
	// Force replaces answers of the kernel.
	Force []Force
	// Called is told of every system call when it is over; nil wants to know of none.
	Called func(ip uint64, c *Call)
	// Seed makes the random numbers that the program is told.
	Seed uint64

	MaxSteps  int64 // instructions; 0 is no limit
	MaxOutput int64 // bytes to both streams; 0 is DefaultOutput
	MaxMemory int64 // bytes that the program touches, and that it reads; 0 is DefaultMemory
	// Expired is asked from time to time whether the run has taken too long; nil is no
	// limit.
	Expired func() bool
	// Record bounds the recording in bytes; 0 records nothing, and then there is
	// no way back.
	Record int64
}

// VM is a process in its virtual machine.
type VM struct {
	options Options
	image   *elf.Image
	abi     *linux.ABI
	bias    uint64 // added to the addresses of the file
	state   *machine.State
	decoded map[uint64]*fetched
	recent  [recentSize]*fetched // by the low bits of the address
	steps   int64
	stop    *Stop

	kernel *kernel
	// input is what was read from Stdin so far, output what the program wrote; of
	// both the kernel says how much counts at this step.
	input    []byte
	inputEnd bool
	output   []write
	emitted  int // writes that were passed on

	recording recording
	// compileAfter is how often an instruction runs before it is compiled.
	compileAfter int
}

// fetched is a decoded instruction.
type fetched struct {
	machine.Prepared
	address uint64
	runs    int
	// changesFlags tells that the flags have to be recorded.
	changesFlags bool
}

// StopKind says why a run ended.
type StopKind uint8

const (
	// Exited is the end that the program asked for.
	Exited StopKind = iota
	// Killed is the end by a signal.
	Killed
	// Unmodelled is an instruction or a system call that the machine does not know.
	Unmodelled
	// Limited is a bound of Options that was reached.
	Limited
	// Waiting is a call that nothing would ever answer.
	Waiting
)

// Stop is the end of a run.
type Stop struct {
	Kind StopKind
	// Status is the exit status of Exited, the number of the signal of Killed.
	Status int
	// Reason is a clause without subject: "reads at 0x0, where there is no memory".
	Reason string
	// IP is the address of the instruction at which the run ended.
	IP uint64
	// Event is the exception of an instruction, where that is why.
	Event machine.Event
	// Call is the system call at which the run ended, nil for any other end.
	Call *Call
}

// Where images without addresses of their own are put, and where the stack begins:
// places that Linux chooses too when it chooses nothing at random.
const (
	bias32, bias64 = 0x56555000, 0x555555554000
	top32, top64   = 0xffffd000, 0x7ffffffff000
)

// New returns a process of a file, about to run its first instruction.
func New(file []byte, o Options) (*VM, error) {
	im, err := elf.Map(file)
	if err != nil {
		return nil, fmt.Errorf("the program %w", err)
	}
	if im.Interpreter {
		return nil, errors.New("the program asks for a dynamic linker, which the virtual machine has not; --on cpu runs it on the processor")
	}
	v := &VM{options: o, image: im, abi: linux.I386, compileAfter: runsToCompile}
	if im.Class == elf.Class64 {
		v.abi = linux.X8664
	}
	if !im.Fixed {
		v.bias = bias32
		if im.Class == elf.Class64 {
			v.bias = bias64
		}
	}
	if v.options.MaxOutput == 0 {
		v.options.MaxOutput = DefaultOutput
	}
	if v.options.MaxMemory == 0 {
		v.options.MaxMemory = DefaultMemory
	}
	if err := v.Restart(); err != nil {
		return nil, err
	}
	return v, nil
}

// Restart begins the run anew: the process is about to run its first instruction.
// It reads the same input again, and what it wrote before is not passed on again.
func (v *VM) Restart() error {
	top := uint64(top32)
	if v.abi.Bits == 64 {
		top = top64
	}
	state, err := machine.StartWith(machine.NewTerms(), v.abi, machine.Process{
		Args: v.options.Args, Env: v.options.Env, StackTop: top, Auxiliary: v.auxiliary(),
	})
	if err != nil {
		return err
	}
	v.state, v.stop, v.steps = state, nil, 0
	v.state.KeepsReturn, v.state.LeavesUnequal, v.state.EndsAtZero = true, true, true
	v.state.Known = func(c machine.Term) (bool, bool) {
		n, ok := v.number(c).Constant()
		return n != 0, ok
	}
	v.state.IP = machine.Number(v.abi.Bits, v.bias+v.image.Entry)
	v.kernel = v.boot()
	v.recording = recording{limit: v.options.Record}
	v.state.Memory.Watch = v.watch
	v.forgetCode()
	return nil
}

// auxiliary returns the auxiliary vector (fs/binfmt_elf.c create_elf_tables).
func (v *VM) auxiliary() [][2]uint64 {
	get := func(id elf.FieldID) uint64 { return elf.Get(v.image.Class, v.image.File, id) }
	const user, ticks = 1000, 100
	return [][2]uint64{
		{6, elf.PageSize}, {17, ticks}, {3, v.bias + get(elf.EPhoff)}, {4, get(elf.EPhentsize)}, {5, get(elf.EPhnum)},
		{7, 0}, {8, 0}, {9, v.bias + v.image.Entry}, {11, user}, {12, user}, {13, user}, {14, user}, {23, 0},
	}
}

// number returns a term with all that the manuals leave undefined taken as 0.
func (v *VM) number(x machine.Term) machine.Term {
	if x.IsNumber() {
		return x
	}
	return v.state.Terms.Substitute(x, func(u machine.Term) (machine.Term, bool) {
		_, _, ok := u.AsUnknown()
		return machine.Number(u.Width(), 0), ok
	}, map[machine.Term]machine.Term{})
}

// IP returns the address of the next instruction.
func (v *VM) IP() uint64 { return constant(v.state.IP) }

// Register returns a general register by its number in instructions.
func (v *VM) Register(n int) uint64 { return constant(v.state.Registers[n]) }

// Flags returns the flags as bits of the flags register, and which of them are
// defined.
func (v *VM) Flags() (bits, defined uint16) { return v.state.FlagBits() }

// Memory reads memory whatever its permissions, and returns how many bytes there
// are.
func (v *VM) Memory(address uint64, out []byte) int { return v.state.Memory.Bytes(address, out) }

// Segment returns the part of memory that holds an address, nil if none does.
func (v *VM) Segment(address uint64) *machine.Segment {
	s, _ := v.state.Memory.Find(machine.Number(v.abi.Bits, address))
	return s
}

// Bits returns the mode of the code, 32 or 64.
func (v *VM) Bits() int { return v.abi.Bits }

// ABI returns the convention of the program's kind.
func (v *VM) ABI() *linux.ABI { return v.abi }

// Image returns the file as it was mapped, and what was added to its addresses.
func (v *VM) Image() (im *elf.Image, bias uint64) { return v.image, v.bias }

// Steps returns how many instructions have been carried out.
func (v *VM) Steps() int64 { return v.steps }

// Recorded returns how much memory the recording takes, in bytes: no more than
// Options.Record, but for the block of the last steps.
func (v *VM) Recorded() int64 { return v.recording.Size() }

// Stop returns how the run ended; nil while it goes on.
func (v *VM) Stop() *Stop { return v.stop }

func constant(x machine.Term) uint64 {
	n, _ := x.Constant()
	return n
}

// Instruction returns the next instruction, nil where there is none.
func (v *VM) Instruction() *x86.Decoded {
	if f, _ := v.fetch(); f != nil {
		return f.Decoded
	}
	return nil
}

// Step carries out one instruction; a repeated string instruction takes a step for
// each repetition. It returns false when the run has ended.
func (v *VM) Step() bool {
	if v.stop != nil {
		return false
	}
	if v.options.MaxSteps > 0 && v.steps >= v.options.MaxSteps {
		return v.end(&Stop{Kind: Limited, Reason: fmt.Sprintf("has carried out %d instructions", v.steps)})
	}
	f, stop := v.fetch()
	if f == nil {
		return v.end(stop)
	}
	if f.runs++; f.runs > v.compileAfter && v.quick(f) {
		v.steps++
		return v.steps%stepsToLook != 0 || v.within()
	}
	here := v.state.IP
	v.recording.begin(v.state)
	switch e := v.state.StepPrepared(f.Prepared); e.Kind {
	case machine.Done:
		v.settle()
		v.recording.commit(v.state, f.changesFlags)
		v.steps++
	case machine.SystemCall:
		return v.call(e.ABI)
	default:
		v.recording.rollBack(v.state)
		v.state.IP = here
		stop := &Stop{Kind: Unmodelled, Reason: e.Reason, Event: e}
		if e.Kind == machine.Fault {
			stop.Kind, stop.Status = Killed, e.Exception.Signal()
		}
		return v.end(stop)
	}
	return v.steps%stepsToLook != 0 || v.within()
}

// runsToCompile is after how many runs compiling an instruction pays.
const runsToCompile = 16

// quick carries out an instruction that is compiled, and reports false where that is
// left to a step of the state.
func (v *VM) quick(f *fetched) bool {
	r := &v.recording
	if !r.on() {
		return v.state.Quick(&f.Prepared, nil)
	}
	r.mark(v.state)
	if !v.state.Quick(&f.Prepared, &r.changes) {
		return false
	}
	r.stored = r.stored[:0]
	if c := &r.changes; c.Stored {
		r.stored = append(r.stored, stored{address: c.Address, size: c.Size})
		binary.LittleEndian.PutUint64(r.stored[0].old[:], c.Old)
	}
	r.write(v.state, 0, r.changes.Flags, r.changes.Registers)
	return true
}

// within looks at the limits that take time to look at.
func (v *VM) within() bool {
	switch {
	case v.state.Memory.Touched() > v.options.MaxMemory:
		return v.end(&Stop{Kind: Limited, Reason: fmt.Sprintf("has touched more than %d bytes of memory", v.options.MaxMemory)})
	case v.options.Expired != nil && v.options.Expired():
		return v.end(&Stop{Kind: Limited, Reason: fmt.Sprintf("has used up its time, after %d instructions", v.steps)})
	}
	return true
}

// Continue is Step, beyond the limit of steps.
func (v *VM) Continue() bool {
	if v.stop != nil && v.stop.Kind == Limited {
		v.stop = nil
	}
	limit := v.options.MaxSteps
	v.options.MaxSteps = 0
	ok := v.Step()
	v.options.MaxSteps = limit
	return ok
}

// stepsToLook is after how many instructions within is asked.
const stepsToLook = 1 << 10

// end ends the run.
func (v *VM) end(s *Stop) bool {
	s.IP = v.IP()
	v.stop = s
	return false
}

// settle makes numbers of what the manuals leave undefined, so that a state holds
// nothing else.
func (v *VM) settle() {
	for i, x := range v.state.Registers {
		if !x.IsNumber() {
			v.state.Registers[i] = v.number(x)
		}
	}
	if t := v.state.Terms; t.Count() == 0 {
		return
	}
	for _, w := range v.recording.stored {
		v.settleMemory(w.address, w.size)
	}
	bits, defined := v.state.FlagBits()
	v.state.SetFlagBits(bits, defined)
	v.state.Terms.Forget()
}

// settleMemory makes numbers of bytes that were just written.
func (v *VM) settleMemory(address uint64, size int) {
	for i := range size {
		at := machine.Number(v.abi.Bits, address+uint64(i))
		if b, ok := v.state.Memory.Peek(at); ok && !b.IsNumber() {
			v.state.Memory.Poke(at, v.number(b))
		}
	}
}

// recentSize is how many instructions are found without looking into a map.
const recentSize = 1 << 10

// fetch decodes the next instruction; it returns nil and why there is none.
func (v *VM) fetch() (*fetched, *Stop) {
	if written := v.state.Memory.CodeWritten(); written != nil {
		v.forgetWritten(written)
	}
	ip := v.IP()
	recent := &v.recent[ip%recentSize]
	if f := *recent; f != nil && f.address == ip {
		return f, nil
	}
	if f := v.decoded[ip]; f != nil {
		*recent = f
		return f, nil
	}
	return v.decode(ip)
}

// forgetWritten drops the instructions that the program has written over.
func (v *VM) forgetWritten(list []int64) {
	for _, at := range list {
		for i := range uint64(x86.MaxLength) {
			ip := uint64(at) - i
			if f := v.decoded[ip]; f != nil && ip+uint64(f.Length) > uint64(at) {
				delete(v.decoded, ip)
				if recent := &v.recent[ip%recentSize]; *recent == f {
					*recent = nil
				}
			}
		}
	}
}

// forgetCode drops what was decoded: permissions have changed, or a change was made from
// outside.
func (v *VM) forgetCode() {
	v.decoded, v.recent = map[uint64]*fetched{}, [recentSize]*fetched{}
}

func (v *VM) decode(ip uint64) (*fetched, *Stop) {
	memory := v.state.Memory
	var code [x86.MaxLength]byte
	n, segment := memory.Fetch(v.state.IP, code[:])
	if segment == nil {
		reason := fmt.Sprintf("jumps to %#x, where there is no memory", ip)
		if s := v.Segment(ip); s != nil {
			reason = fmt.Sprintf("jumps into %s, which may not be executed", s.Name)
		}
		return nil, &Stop{Kind: Killed, Status: machine.PageFault.Signal(), Reason: reason,
			Event: machine.Event{Kind: machine.Fault, Exception: machine.PageFault, Reason: reason}}
	}
	in := new(x86.Decoded)
	if !x86.Decode(v.abi.Bits, code[:n], int64(ip), in) {
		return nil, &Stop{Kind: Unmodelled, Reason: fmt.Sprintf("runs into bytes that are no instruction known here: % x", code[:min(n, 4)])}
	}
	f := &fetched{Prepared: machine.Prepare(in, v.abi.Bits), address: ip, changesFlags: in.Form.Flags().Changed() != 0}
	v.decoded[ip] = f
	memory.MarkCode(ip, in.Length)
	return f, nil
}
