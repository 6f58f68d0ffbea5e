package vm

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"tasm/layout/elf"
	"tasm/linux"
	"tasm/machine"
)

// kernel is all that the virtual Linux knows of the process. It is not changed once
// a system call is over: the next one changes a copy.
type kernel struct {
	areas    []*machine.Segment // of memory, in the order in which they were mapped
	brkStart uint64
	brk      uint64
	next     uint64 // below it the next mapping is put

	descriptors map[int]int // to indices of open
	open        []open      // what descriptors stand for; they share it when duplicated
	files       map[string]*[]byte
	stored      int64 // bytes that they take of memory
	directory   string

	handlers map[int]uint64 // of signals: what rt_sigaction was told
	alarm    int64          // when it rings, in virtual nanoseconds; 0 is never
	now      int64          // virtual nanoseconds since the start
	random   rand.PCG
	umask    uint64

	input   int   // bytes of the input that were read
	output  int   // writes that were made
	written int64 // bytes of them
	calls   map[string]int
}

// open is an open file description.
type open struct {
	kind   openKind
	path   string // of a file
	offset int64
	read   bool
	write  bool
	append bool
	pipe   *[]byte // what is in a pipe
}

type openKind uint8

const (
	standardInput openKind = iota
	standardOutput
	standardError
	file
	pipeEnd
)

// write is one write to a stream.
type write struct {
	stream openKind
	bytes  []byte
}

// Epoch is the virtual time at which every program starts, in seconds since 1970:
// the first of January 2000.
const Epoch = 946684800

// processID is that of every program.
const processID = 4711

// boot returns the kernel's view of the process that is about to start, and maps
// the file.
func (v *VM) boot() *kernel {
	k := &kernel{
		areas:       slices.Clone(v.state.Memory.Segments()), // the stack
		descriptors: map[int]int{0: 0, 1: 1, 2: 2},
		open:        []open{{kind: standardInput, read: true}, {kind: standardOutput, write: true}, {kind: standardError, write: true}},
		files:       map[string]*[]byte{},
		directory:   "/",
		handlers:    map[int]uint64{},
		random:      *rand.NewPCG(v.options.Seed, 0),
		umask:       0o022,
		calls:       map[string]int{},
	}
	for path, data := range v.options.Files {
		k.files[path] = &data
		k.stored += int64(len(data)) + block
	}
	end := uint64(0)
	for i := range v.image.Segments {
		m := &v.image.Segments[i]
		k.areas = append(k.areas, &machine.Segment{
			Name: fmt.Sprintf("the segment at %#x", m.Low+v.bias), Base: machine.Number(v.abi.Bits, 0),
			Low: int64(m.Low + v.bias), High: int64(m.High + v.bias),
			Read: m.Read, Write: m.Write, Execute: m.Execute,
			Initial: func(at int64) machine.Byte { return machine.Const(m.Byte(v.image.File, uint64(at)-v.bias)) },
		})
		end = max(end, m.High+v.bias)
	}
	k.brkStart, k.brk = end, end
	stack := k.areas[0]
	k.next = uint64(stack.Low) &^ (elf.PageSize - 1)
	v.state.Memory.SetSegments(k.areas)
	return k
}

// clone returns a copy to be changed.
func (k *kernel) clone() *kernel {
	c := *k
	c.areas = slices.Clone(k.areas)
	c.descriptors = maps.Clone(k.descriptors)
	c.open = slices.Clone(k.open)
	c.files = maps.Clone(k.files)
	c.handlers = maps.Clone(k.handlers)
	c.calls = maps.Clone(k.calls)
	return &c
}

// Call is a system call that was made.
type Call struct {
	ABI    *linux.ABI
	Number int
	// Syscall is its row in the table; nil if there is none.
	Syscall *linux.Syscall
	Args    []uint64
	// Result is what came back, as wide as the ABI; a failure is a negated error
	// number. It has no meaning where the call ended the run.
	Result int64
	// Data is what a call of write or read passed on, at most its beginning.
	Data []byte
}

// call serves the system call that the registers ask for. It returns false where
// that ended the run.
func (v *VM) call(abi *linux.ABI) bool {
	asked := v.state.Call(abi)
	c := &call{VM: v, kernel: v.kernel.clone(), abi: abi, row: asked.Syscall}
	c.made = Call{ABI: abi, Number: int(int32(constant(v.number(asked.Number)))), Syscall: asked.Syscall}
	for _, a := range asked.Args {
		c.made.Args = append(c.made.Args, constant(v.number(a)))
	}
	segments := v.state.Memory.Segments()
	result := c.serve()
	if c.stop != nil {
		v.recording.rollBack(v.state)
		for _, w := range slices.Backward(c.written) {
			v.state.Memory.SetBytes(w.address, w.bytes)
		}
		c.stop.Call = &c.made
		return v.end(c.stop)
	}
	c.made.Result = result
	if v.options.Called != nil {
		v.options.Called(v.IP(), &c.made)
	}
	old := v.kernel
	v.kernel = c.kernel
	v.setSegments(v.kernel.areas)
	v.state.Return(abi, machine.Number(abi.Bits, uint64(result)))
	v.settle()
	v.recording.commitCall(v.state, callRecord{c.made, old, segments, c.written})
	v.steps++
	return v.steps%stepsToLook != 0 || v.within()
}

// setSegments changes the map of memory.
func (v *VM) setSegments(list []*machine.Segment) {
	if !slices.Equal(list, v.state.Memory.Segments()) {
		v.forgetCode()
		v.state.Memory.SetSegments(list)
	}
}

// call is a system call while it is served.
type call struct {
	*VM
	*kernel
	abi     *linux.ABI
	row     *linux.Syscall
	made    Call
	stop    *Stop
	written []oldBytes
}

// serve answers the call.
func (c *call) serve() int64 {
	if c.row == nil {
		return c.fail("ENOSYS")
	}
	name := c.row.Name
	c.calls[name]++
	fails, most := Forced(c.options.Force, name, c.calls[name])
	if fails != "" {
		return c.fail(fails)
	}
	if size := TransferSize(c.row, c.abi); most >= 0 && size >= 0 {
		asked := c.arg(size)
		c.made.Args[size] = min(asked, uint64(most))
		defer func() { c.made.Args[size] = asked }()
	}
	handler := handlers[name]
	if handler == nil {
		return c.unmodelled("makes the call %s, which is not modelled here", name)
	}
	c.now += callTime
	n := handler(c)
	if c.stop == nil {
		c.ring()
	}
	return n
}

// callTime is how long a system call takes, in virtual nanoseconds.
const callTime = 1000

// ring delivers the signal of an alarm whose time has come.
func (c *call) ring() {
	if c.alarm > 0 && c.now >= c.alarm {
		c.alarm = 0
		c.signal(sigAlarm)
	}
}

// fail returns the result of a call that fails with an error.
func (c *call) fail(name string) int64 {
	code, ok := linux.Errnos().ByName(name)
	if !ok {
		panic("vm: there is no error " + name)
	}
	return -int64(code.Number)
}

// unmodelled ends the run, because what the program asks for is not known here.
func (c *call) unmodelled(format string, args ...any) int64 {
	c.stop = &Stop{Kind: Unmodelled, Reason: fmt.Sprintf(format, args...)}
	return 0
}

// arg returns an argument as a number of the ABI's width.
func (c *call) arg(i int) uint64 {
	if i < len(c.made.Args) {
		return c.made.Args[i]
	}
	return 0
}

// int returns an argument that the kernel takes as an int.
func (c *call) int(i int) int { return int(int32(c.arg(i))) }

// readable returns up to n bytes of memory as the kernel reads them.
func (c *call) readable(address uint64, n int64) []byte {
	var out []byte
	for i := range uint64(n) {
		b, ok := c.state.Memory.Peek(machine.Number(c.VM.abi.Bits, address+i))
		if !ok {
			break
		}
		out = append(out, byte(constant(c.number(b))))
	}
	return out
}

// text reads a string up to its NUL.
func (c *call) text(address uint64) (string, bool) {
	b := c.readable(address, maxPath)
	if i := slices.Index(b, 0); i >= 0 {
		return string(b[:i]), true
	}
	return "", false
}

// store writes memory as the kernel does, and reports false where it can't write
// all of it; then it has written nothing.
func (c *call) store(address uint64, bytes []byte) bool {
	for i := range bytes {
		s := c.Segment(address + uint64(i))
		if s == nil || !s.Write {
			return false
		}
	}
	old := make([]byte, len(bytes))
	c.Memory(address, old)
	c.written = append(c.written, oldBytes{address, old})
	c.state.Memory.SetBytes(address, bytes)
	return true
}

// word returns the bytes of a number of the ABI's pointer size.
func (c *call) word(n uint64) []byte { return little(n, c.abi.PointerSize) }

// little returns the bytes of a number, the lowest first.
func little(n uint64, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	return b
}

// number reads a number, the lowest byte first.
func fromLittle(b []byte) uint64 {
	n := uint64(0)
	for i, x := range b {
		n |= uint64(x) << (8 * i)
	}
	return n
}
