//go:build linux && amd64

package process

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"tasm/codegen/x86"
	"tasm/lang"
	"tasm/linux"
	"tasm/machine"
	"tasm/vm"
)

// Step carries out one instruction, or puts one back in place that was taken back. It
// returns false when the run has ended.
func (p *Process) Step() bool { return p.step(p.options.MaxSteps) }

// Continue is Step, beyond the limit of steps.
func (p *Process) Continue() bool {
	if p.stop != nil && p.stop.Kind == vm.Limited {
		p.stop, p.final = nil, nil
	}
	return p.step(0)
}

func (p *Process) step(most int64) bool {
	switch {
	case p.stop != nil:
		return false
	case p.at < len(p.log):
		p.at++
		p.steps++
		p.apply(&p.log[p.at-1], true)
		return true
	case p.final != nil:
		p.stop = p.final
		return false
	case most > 0 && p.steps >= most:
		return p.end(&vm.Stop{Kind: vm.Limited, Reason: fmt.Sprintf("has carried out %d instructions", p.steps)})
	case p.options.Expired != nil && p.options.Expired():
		return p.end(&vm.Stop{Kind: vm.Limited, Reason: fmt.Sprintf("has used up its time, after %d instructions", p.steps)})
	}
	if p.steps%stepsToLook == 0 {
		if stop := p.within(); stop != nil {
			return p.end(stop)
		}
	}
	in := p.Instruction()
	if in == nil {
		return p.goOn(nil, machine.Event{Kind: machine.Unclear}, nil)
	}
	event, writes := p.foretell(in)
	switch name := x86.MnemonicName(in.Form.Mnemonic()); {
	case event.Kind == machine.SystemCall:
		return p.call(event.ABI)
	case p.abi.Bits == 32 && (name == "sysenter" || name == "syscall"): // of the vDSO
		return p.call(linux.I386)
	}
	return p.goOn(in, event, writes)
}

// stepsToLook is after how many instructions within is asked at the latest.
const stepsToLook = 1 << 10

// within looks at how much memory the process has taken since it began.
func (p *Process) within() *vm.Stop {
	if p.tracee.resident()-p.resident <= p.options.MaxMemory {
		return nil
	}
	return &vm.Stop{Kind: vm.Limited, Reason: fmt.Sprintf("has touched more than %d bytes of memory", p.options.MaxMemory)}
}

// end ends the run.
func (p *Process) end(s *vm.Stop) bool {
	s.IP = p.now.ip
	p.stop, p.final = s, s
	return false
}

// span is memory that a step may write.
type span struct {
	address uint64
	size    int
	// sure tells that it is written, and not only perhaps.
	sure bool
}

// foretell carries the instruction out on a copy of the registers and tells what it
// does and where it writes.
func (p *Process) foretell(in *x86.Decoded) (machine.Event, []span) {
	s := p.state
	s.Terms.Forget()
	for i, r := range p.now.general {
		s.Registers[i] = machine.Number(p.abi.Bits, r)
	}
	s.IP = machine.Number(p.abi.Bits, p.now.ip)
	s.SetFlagBits(p.now.flags, flagMask)
	s.Memory = machine.NewMemory(s.Terms)
	s.Memory.SetSegments(p.segments)
	var writes []span
	s.Memory.Watch = func(a machine.Access) {
		if a.Write {
			writes = append(writes, span{uint64(a.Offset), a.Size, true})
		}
	}
	event := s.Step(in)
	if event.Kind == machine.Unclear {
		writes = p.operands(in)
	}
	return event, writes
}

// operands returns the memory that an instruction beyond package machine may write.
func (p *Process) operands(in *x86.Decoded) []span {
	const widest, around = 64, 256
	var list []span
	for i := range in.Operands {
		o := &in.Operands[i]
		if o.Kind != x86.MemoryOperand {
			continue
		}
		address := uint64(o.Value.N)
		for _, t := range o.Value.Terms() {
			if r := x86.RegisterInfo(lang.RegisterID(t.ID)); t.Kind == lang.RegisterTerm && r.Class == x86.General {
				address += uint64(t.Coef) * p.now.general[r.Number&15]
			}
		}
		list = append(list, span{address & (^uint64(0) >> (64 - p.abi.Bits)), widest, false})
	}
	return append(list, span{p.now.general[machine.SP] - around, around, false})
}

// held is memory before a step.
type held struct {
	span
	old []byte
}

// hold notes what memory holds.
func (p *Process) hold(list []span) []held {
	var all []held
	for _, s := range list {
		old := make([]byte, s.size)
		n := p.tracee.read(s.address, old)
		if n == 0 && s.sure { // the stack grows only when it is written
			n = s.size
		}
		all = append(all, held{s, old[:n]})
	}
	return all
}

// changes compares memory with what it held.
func (p *Process) changes(list []held) []vm.MemoryChange {
	var all []vm.MemoryChange
	for _, h := range list {
		now := make([]byte, len(h.old))
		p.tracee.read(h.address, now)
		switch {
		case h.sure:
			all = append(all, vm.MemoryChange{Address: h.address, Old: h.old, New: now})
		case !bytes.Equal(now, h.old):
			low, high := 0, len(now)
			for now[low] == h.old[low] {
				low++
			}
			for now[high-1] == h.old[high-1] {
				high--
			}
			all = append(all, vm.MemoryChange{Address: h.address + uint64(low), Old: h.old[low:high], New: now[low:high]})
		}
	}
	return all
}

// goOn lets the processor carry out an instruction that is no system call.
func (p *Process) goOn(in *x86.Decoded, event machine.Event, writes []span) bool {
	before := p.hold(writes)
	r, signal, stop := p.advance(event.Exception == machine.Breakpoint)
	switch {
	case stop != nil:
		return p.end(stop)
	case signal != 0:
		return p.end(p.killed(signal, event))
	}
	if in != nil && pushesFlags(in) {
		for _, h := range before {
			p.hideTrap(h.address + 1)
		}
	}
	p.record(r, vm.Change{Memory: p.changes(before)})
	return true
}

// trap is SIGTRAP.
const trap = 5

// advance lets the processor make one step. It returns the registers afterwards, or the
// signal that came instead of the step. The signal of a step itself is the same as that
// of instructions that raise a debug exception; raises tells that this is one.
func (p *Process) advance(raises bool) (r registers, signal int, stop *vm.Stop) {
	if p.moved {
		if err := p.tracee.setRegisters(p.now); err != nil {
			return r, 0, &vm.Stop{Kind: vm.Unmodelled, Reason: "has left: " + err.Error()}
		}
		p.moved = false
	}
	signal, err := p.tracee.step(p.options.Expired)
	if signal == trap && !raises {
		signal = 0
	}
	if err == nil && signal == 0 {
		r, err = p.tracee.registers()
	}
	if err != nil {
		return r, 0, p.tracee.gone(err)
	}
	return r, signal, nil
}

// killed makes the end by a signal, with what was foretold of the instruction.
func (p *Process) killed(signal int, event machine.Event) *vm.Stop {
	stop := &vm.Stop{Kind: vm.Killed, Status: signal}
	code, _ := linux.Signals().ByNumber(signal)
	if event.Kind == machine.Fault && event.Exception.Signal() == signal {
		stop.Reason, stop.Event = event.Reason, event
		return stop
	}
	s := p.Segment(p.now.ip)
	const segmentationFault = 11
	switch {
	case signal == segmentationFault && s == nil:
		stop.Reason = fmt.Sprintf("jumps to %#x, where there is no memory", p.now.ip)
	case signal == segmentationFault && !s.Execute:
		stop.Reason = fmt.Sprintf("jumps into %s, which may not be executed", s.Name)
	default:
		stop.Reason = fmt.Sprintf("is ended by %s", code.Name)
		return stop
	}
	stop.Event = machine.Event{Kind: machine.Fault, Exception: machine.PageFault, Reason: stop.Reason}
	return stop
}

// pushesFlags reports whether an instruction shows the flags to the program.
func pushesFlags(in *x86.Decoded) bool {
	switch x86.MnemonicName(in.Form.Mnemonic()) {
	case "pushf", "pushfw", "pushfd", "pushfq":
		return true
	}
	return false
}

// hideTrap clears the trap flag in the second byte of pushed flags.
func (p *Process) hideTrap(address uint64) {
	var b [1]byte
	if p.tracee.read(address, b[:]) == 1 {
		b[0] &^= trapFlag >> 8
		p.tracee.write(address, b[:])
	}
}

// record appends the entry of a step that led to registers.
func (p *Process) record(r registers, c vm.Change) {
	c.IP, c.Flags, c.Defined = p.now.ip, p.now.flags, flagMask
	c.FlagsTouched = r.flags != p.now.flags
	if c.Call != nil && c.Call.Syscall != nil {
		p.calls[c.Call.Syscall.Name]++
	}
	for i := range r.general {
		if r.general[i] != p.now.general[i] {
			c.Registers = append(c.Registers, vm.RegisterChange{Number: i, Old: p.now.general[i], New: r.general[i]})
		}
	}
	p.now = r
	p.add(entry{change: c, ip: r.ip, flags: r.flags, output: len(p.output)})
}

// mostBytes is how much memory of a call is looked at for each argument.
const mostBytes = 1 << 20

// call lets the kernel serve a system call.
func (p *Process) call(abi *linux.ABI) bool {
	made := p.made(abi)
	fails, most := "", int64(-1)
	if row := made.Syscall; row != nil {
		fails, most = vm.Forced(p.options.Force, row.Name, p.calls[row.Name]+1)
	}
	if fails == "" {
		if stop := p.withhold(made); stop != nil {
			stop.Call = made
			return p.end(stop)
		}
		most = p.room(made, most)
	}
	before := p.hold(p.buffers(abi, made))
	r, signal, stop := p.enter(made, fails, most)
	if signal != 0 {
		stop = p.killed(signal, machine.Event{})
	}
	if stop != nil {
		stop.Call = made
		return p.end(stop)
	}
	result := r.general[machine.AX]
	made.Result = int64(result)
	if abi.Bits == 32 {
		made.Result = int64(int32(result))
	}
	if abi == linux.X8664 { // where the instruction leaves the flags
		const r11 = 11
		r.general[r11] &^= trapFlag
		p.moved = true
	}
	p.follow(made)
	if int64(len(p.output)) > p.options.MaxOutput {
		return p.end(&vm.Stop{Kind: vm.Limited, Reason: fmt.Sprintf("has written more than %d bytes", p.options.MaxOutput), Call: made})
	}
	if stop := p.within(); stop != nil {
		stop.Call = made
		return p.end(stop)
	}
	p.record(r, vm.Change{Call: made, KernelChanges: p.changes(before)})
	p.map_() // what was mapped stays known where this fails
	return true
}

// enter lets the kernel serve a call; with what is forced upon it, see vm.Forced.
func (p *Process) enter(made *vm.Call, fails string, most int64) (registers, int, *vm.Stop) {
	if fails != "" {
		const none = 0x3fffffff // no call has this number
		code, _ := linux.Errnos().ByName(fails)
		r, signal, stop := p.with(machine.AX, none)
		r.general[machine.AX] = -uint64(code.Number) & (^uint64(0) >> (64 - p.abi.Bits))
		return r, signal, stop
	}
	if most >= 0 {
		if size := vm.TransferSize(made.Syscall, made.ABI); size >= 0 && made.Args[size] > uint64(most) {
			return p.with(int(x86.RegisterInfo(x86.LookupRegister(made.ABI.Args[size])).Number), uint64(most))
		}
	}
	return p.advance(false)
}

// with is advance with another value in a register, which the program does not see.
func (p *Process) with(n int, value uint64) (registers, int, *vm.Stop) {
	asked := p.now.general[n]
	p.now.general[n], p.moved = value, true
	r, signal, stop := p.advance(false)
	p.now.general[n], r.general[n], p.moved = asked, asked, true
	return r, signal, stop
}

// withhold returns the end of a run at a call that is not made: one that ends the
// process, so that it can still be looked at, and one that starts another.
func (p *Process) withhold(made *vm.Call) *vm.Stop {
	const x32 = 1 << 30 // __X32_SYSCALL_BIT, of calls that no table here has
	row := made.Syscall
	switch {
	case row == nil && made.ABI == linux.X8664 && made.Number&x32 != 0:
		return &vm.Stop{Kind: vm.Unmodelled, Reason: "makes a call of the ABI x32, which is not followed here"}
	case row == nil:
		return nil
	case row.Name == "exit" || row.Name == "exit_group":
		status := int(made.Args[0] & 0xff)
		return &vm.Stop{Kind: vm.Exited, Status: status, Reason: fmt.Sprintf("ends with status %d", status)}
	case row.Result == linux.Twice || row.Result == linux.Copy || row.Name == "execve" || row.Name == "execveat":
		return &vm.Stop{Kind: vm.Unmodelled, Reason: "makes the call " + row.Name + ", which is not followed here: a session is about one process"}
	}
	return nil
}

// streams reports whether a call writes to the standard output or to that of errors.
func (p *Process) streams(made *vm.Call) bool {
	const output, errors = 1, 2
	if made.Syscall == nil || made.Syscall.Name != "write" && made.Syscall.Name != "writev" {
		return false
	}
	fd := int32(made.Args[0])
	return fd == output || fd == errors
}

// room bounds what a call writes to a byte more than the limit leaves.
func (p *Process) room(made *vm.Call, most int64) int64 {
	left := p.options.MaxOutput - int64(len(p.output)) + 1
	if p.streams(made) && (most < 0 || left < most) {
		return left
	}
	return most
}

// made returns the call that the registers ask for.
func (p *Process) made(abi *linux.ABI) *vm.Call {
	asked := p.state.Call(abi)
	value := func(x machine.Term) uint64 { n, _ := x.Constant(); return n }
	made := &vm.Call{ABI: abi, Number: int(int32(value(asked.Number))), Syscall: asked.Syscall}
	for _, a := range asked.Args {
		made.Args = append(made.Args, value(a))
	}
	return made
}

// buffers returns the memory that a call may write.
func (p *Process) buffers(abi *linux.ABI, made *vm.Call) []span {
	if made.Syscall == nil {
		return nil
	}
	value := func(i int, deref bool) (uint64, bool) {
		if i >= len(made.Args) {
			return 0, false
		}
		if !deref {
			return made.Args[i], true
		}
		var b [4]byte
		return little(b[:p.tracee.read(made.Args[i], b[:])]), true
	}
	var list []span
	for i, a := range made.Syscall.Args(abi) {
		if i >= len(made.Args) || !a.Kind.Writes() || made.Args[i] == 0 {
			continue
		}
		size, ok := a.Length.Bytes(abi, value)
		if !ok {
			continue
		}
		if a.Kind != linux.Scatter {
			list = append(list, span{made.Args[i], int(min(size, mostBytes)), false})
			continue
		}
		for _, v := range p.vectors(abi, made.Args[i], size) {
			list = append(list, span{v.address, min(v.size, mostBytes), false})
		}
	}
	return list
}

// follow notes what a call passed on.
func (p *Process) follow(made *vm.Call) {
	if made.Syscall == nil || made.Result <= 0 {
		return
	}
	const shown = 4096
	switch made.Syscall.Name {
	case "read":
		made.Data = p.bytes(made.Args[1], min(made.Result, shown))
	case "write", "writev":
		if p.streams(made) {
			made.Data = p.sent(made, min(made.Result, p.options.MaxOutput-int64(len(p.output))+1))
			p.output = append(p.output, made.Data...)
		}
		made.Data = p.sent(made, min(made.Result, shown))
	}
}

// sent returns the first n bytes of what a call has written.
func (p *Process) sent(made *vm.Call, n int64) []byte {
	if made.Syscall.Name == "write" {
		return p.bytes(made.Args[1], n)
	}
	var all []byte
	for _, v := range p.vectors(made.ABI, made.Args[1], made.Args[2]) {
		all = append(all, p.bytes(v.address, min(n-int64(len(all)), int64(v.size)))...)
	}
	return all
}

// vectors reads an array of struct iovec: buffers.
func (p *Process) vectors(abi *linux.ABI, address, count uint64) []span {
	const mostVectors = 1024 // UIO_MAXIOV
	word := abi.PointerSize
	array := make([]byte, 2*word*int(min(count, mostVectors)))
	array = array[:p.tracee.read(address, array)]
	var list []span
	for v := range slices.Chunk(array, 2*word) {
		if len(v) == 2*word {
			list = append(list, span{little(v[:word]), int(min(little(v[word:]), math.MaxInt32)), false})
		}
	}
	return list
}

func (p *Process) bytes(address uint64, n int64) []byte {
	b := make([]byte, n)
	return b[:p.tracee.read(address, b)]
}

func little(b []byte) uint64 {
	n := uint64(0)
	for i, x := range b {
		n |= uint64(x) << (8 * i)
	}
	return n
}
