package origin

import (
	"math/big"
	"strings"

	"tasm/codegen/x86"
	"tasm/lang"
	"tasm/linux"
	"tasm/machine"
	"tasm/vm"
)

// follower follows a run: of every register, of the flags and of memory it knows which
// instructions had a part in what they hold.
type follower struct {
	*run
	// changes tells that an instruction which leaves a register as it was has no part in
	// what it holds: that it is there is nobody's wish.
	changes   bool
	vm        *vm.VM
	registers [16]*big.Int
	flags     *big.Int
	memory    map[uint64]*big.Int // by byte
}

var nothing = new(big.Int)

func union(a, b *big.Int) *big.Int {
	if b.Sign() == 0 {
		return a
	}
	return new(big.Int).Or(a, b)
}

// follow runs a file; nil where it does not run in the virtual machine. With changes only
// instructions have a part in something that change it.
func follow(file []byte, s setup, changes bool) *run {
	v, err := vm.New(file, vm.Options{Args: s.args, Stdin: strings.NewReader(s.stdin), Force: s.force, MaxSteps: mostSteps, Record: 1 << 16})
	if err != nil {
		return nil
	}
	f := &follower{changes: changes, run: &run{index: map[uint64]int{}, needed: nothing}, vm: v, flags: nothing, memory: map[uint64]*big.Int{}}
	for i := range f.registers {
		f.registers[i] = nothing
	}
	for len(f.calls) < mostCalls && f.step() {
	}
	stop := v.Stop()
	f.whole = stop != nil && stop.Kind == vm.Exited
	return f.run
}

// step makes a step, and reports false at the end.
func (f *follower) step() bool {
	in, at := f.vm.Instruction(), f.vm.IP()
	if in == nil {
		return false
	}
	n, known := f.index[at]
	if !known {
		n = len(f.code)
		f.index[at] = n
		f.code = append(f.code, at)
	}
	self := new(big.Int).SetBit(new(big.Int), n, 1)
	var before [16]uint64
	for i := range before[:f.vm.Bits()/4] {
		before[i] = f.vm.Register(i)
	}
	from := union(self, f.inputs(in))
	made := f.vm.Step()
	change, _ := f.vm.Last()
	call := change.Call
	if stop := f.vm.Stop(); !made && stop != nil {
		call = stop.Call
	}
	switch {
	case call != nil:
		f.call(call, at, self, before)
	case !made:
		return false
	}
	if in.Form.Flow() != x86.Next && call == nil { // what a branch needs is needed
		f.needed = union(f.needed, from)
	}
	if sp := f.vm.Register(machine.SP); sp > before[machine.SP] { // it took something off the stack
		from = union(from, f.held(before[machine.SP], sp-before[machine.SP]))
	}
	f.outputs(in, &change, from)
	if call != nil {
		f.registers[machine.AX] = self
	}
	return made
}

// held returns what had a part in memory.
func (f *follower) held(address, size uint64) *big.Int {
	const most = 256
	all := nothing
	for i := range min(size, most) {
		if s := f.memory[address+i]; s != nil {
			all = union(all, s)
		}
	}
	return all
}

// inputs returns what had a part in what an instruction reads.
func (f *follower) inputs(in *x86.Decoded) *big.Int {
	all := nothing
	if in.Form.Flags().Read != 0 {
		all = f.flags
	}
	if clears(in) {
		return all
	}
	forms := in.Form.Operands()
	for i := range in.Operands {
		switch o := &in.Operands[i]; {
		case o.Kind == x86.RegisterOperand && forms[i].Access&x86.Read != 0:
			if n, ok := general(o.Register); ok {
				all = union(all, f.registers[n])
			}
		case o.Kind == x86.MemoryOperand:
			address, part := f.address(o)
			all = union(all, part)
			if forms[i].Access&x86.Read != 0 {
				const widest = 8
				all = union(all, f.held(address, uint64(min(widest, max(1, forms[i].Size, o.Size)))))
			}
		}
	}
	for _, m := range in.Form.Implicit() {
		n, ok := general(m.Register)
		switch {
		case !ok || n == machine.SP:
		case m.Memory:
			const widest = 8
			all = union(all, f.registers[n])
			if m.Access&x86.Read != 0 {
				all = union(all, f.held(f.vm.Register(n), widest))
			}
		case m.Access&x86.Read != 0:
			all = union(all, f.registers[n])
		}
	}
	return all
}

// address returns the address of an operand in memory, and what had a part in it.
func (f *follower) address(o *x86.Operand) (uint64, *big.Int) {
	address, all := uint64(o.Value.N), nothing
	for _, t := range o.Value.Terms() {
		if t.Kind != lang.RegisterTerm {
			continue
		}
		if n, ok := general(lang.RegisterID(t.ID)); ok {
			address += uint64(t.Coef) * f.vm.Register(n)
			if n != machine.SP {
				all = union(all, f.registers[n])
			}
		}
	}
	return address & (^uint64(0) >> (64 - f.vm.Bits())), all
}

// outputs notes what had a part in what an instruction wrote.
func (f *follower) outputs(in *x86.Decoded, c *vm.Change, from *big.Int) {
	for _, r := range c.Registers {
		if r.Number != machine.SP {
			f.registers[r.Number] = from
		}
	}
	forms := in.Form.Operands()
	for i := range in.Operands {
		if f.changes {
			break // these are all
		}
		if o := &in.Operands[i]; o.Kind == x86.RegisterOperand && forms[i].Access&x86.Write != 0 {
			if n, ok := general(o.Register); ok {
				const whole = 4 // bytes: a narrower register leaves the rest
				if x86.RegisterInfo(o.Register).Size < whole || forms[i].Access&x86.Maybe != 0 {
					f.registers[n] = union(f.registers[n], from)
				} else {
					f.registers[n] = from
				}
			}
		}
	}
	for _, m := range c.Memory {
		for i := range m.New {
			f.memory[m.Address+uint64(i)] = from
		}
	}
	for _, m := range c.KernelChanges {
		for i := range m.New {
			f.memory[m.Address+uint64(i)] = from
		}
	}
	if in.Form.Flags().Changed() != 0 {
		f.flags = from
	}
}

// call notes a system call.
func (f *follower) call(c *vm.Call, at uint64, self *big.Int, before [16]uint64) {
	m := madeCall{at: at}
	if c.Syscall != nil {
		m.row = c.Syscall.Name
	}
	register := func(name string) int { return int(x86.RegisterInfo(x86.LookupRegister(name)).Number) }
	m.args = append(m.args, argument{from: f.registers[register(c.ABI.Number)]})
	for i, value := range c.Args {
		a := argument{value: value, from: f.registers[register(c.ABI.Args[i])]}
		if kind := c.Syscall.Args(c.ABI)[i]; kind.Kind == linux.In || kind.Kind == linux.CString {
			a.size = uint64(len(c.Data))
			if size, ok := kind.Length.Bytes(c.ABI, func(i int, deref bool) (uint64, bool) { return c.Args[i], !deref && i < len(c.Args) }); ok {
				a.size = size
			}
			a.from = union(a.from, f.held(value, a.size))
		}
		m.args = append(m.args, a)
	}
	f.needed = union(f.needed, self)
	for _, a := range m.args {
		f.needed = union(f.needed, a.from)
	}
	f.calls = append(f.calls, m)
}

// general returns the number of a general register.
func general(id lang.RegisterID) (int, bool) {
	r := x86.RegisterInfo(id)
	if r == nil || r.Class != x86.General {
		return 0, false
	}
	if r.High {
		return int(r.Number) - 4, true
	}
	return int(r.Number), true
}

// clears reports whether an instruction makes 0 of a register, whatever it holds.
func clears(in *x86.Decoded) bool {
	switch x86.MnemonicName(in.Form.Mnemonic()) {
	case "xor", "sub":
		a, b := &in.Operands[0], &in.Operands[1]
		return a.Kind == x86.RegisterOperand && b.Kind == x86.RegisterOperand && a.Register == b.Register
	}
	return false
}
