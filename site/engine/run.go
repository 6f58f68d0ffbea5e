package engine

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"tasm/codegen/x86"
	"tasm/crash"
	"tasm/symbols"
	"tasm/vm"
)

// run is a program in the virtual machine.
type run struct {
	vm      *vm.VM
	table   *symbols.Table
	out     bytes.Buffer
	touched map[string]bool // what the last step changed: registers, flags, addresses
}

type startParams struct {
	Args  string `json:"args"`
	Input string `json:"input"`
}

// Bounds of a run in a page.
const (
	recording = 64 << 20  // bytes
	mostSteps = 5_000_000 // from the start on
	mostOut   = 1 << 20   // bytes
)

// start readies the program that was built last.
func (e *Engine) start(p *startParams) (any, error) {
	switch {
	case e.built == nil || e.built.Bytes == nil:
		return nil, errors.New("the program has mistakes")
	case e.built.File.Class == 0:
		return nil, errors.New("a flat binary has no system to run on: only programs with a target can be stepped through here")
	}
	r := &run{table: symbols.New(e.built.File, e.built.Program, e.built.Files), touched: map[string]bool{}}
	v, err := vm.New(e.built.Bytes, vm.Options{
		Args: append([]string{"main"}, strings.Fields(p.Args)...), Stdin: strings.NewReader(p.Input), Stdout: &r.out, Stderr: &r.out,
		Record: recording, MaxSteps: mostSteps, MaxOutput: mostOut,
	})
	if err != nil {
		return nil, err
	}
	r.vm = v
	e.run = r
	return r.state(), nil
}

type stepParams struct {
	Count  int64  `json:"count"`  // negative: back
	Memory uint64 `json:"memory"` // where to look, 0 for the first data
}

// step goes some steps forwards or backwards.
func (e *Engine) step(p *stepParams) (any, error) {
	r := e.run
	if r == nil {
		return nil, errors.New("the program has not been started")
	}
	for n := p.Count; n > 0 && r.vm.Step(); n-- {
	}
	for n := p.Count; n < 0 && r.vm.Back(); n++ {
	}
	r.touched = map[string]bool{}
	if c, ok := r.vm.Last(); ok && p.Count != 0 {
		for _, reg := range c.Registers {
			r.touched[r.register(reg.Number)] = true
		}
		if bits, _ := r.vm.Flags(); c.FlagsTouched {
			for _, f := range flags {
				if (bits^c.Flags)>>f.bit&1 != 0 {
					r.touched[f.name] = true
				}
			}
		}
		for _, m := range append(c.Memory, c.KernelChanges...) {
			for i := range m.New {
				r.touched[fmt.Sprintf("%#x", m.Address+uint64(i))] = true
			}
		}
	}
	return r.state(), nil
}

var flags = []struct {
	bit         int
	name, about string
}{
	{0, "CF", "carry"}, {2, "PF", "parity"}, {4, "AF", "auxiliary carry"}, {6, "ZF", "zero"}, {7, "SF", "sign"}, {10, "DF", "direction"}, {11, "OF", "overflow"},
}

// cell is a named value; Changed marks what the last step changed.
type cell struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Note    string `json:"note,omitempty"`
	Changed bool   `json:"changed,omitempty"`
}

// state is what a page shows of a run.
type state struct {
	Steps       int64  `json:"steps"`
	Address     uint64 `json:"address"` // of the instruction that is next
	Line        int    `json:"line"`    // of the source, from 1; 0 if there is none
	Instruction string `json:"instruction"`
	Registers   []cell `json:"registers"`
	Flags       []cell `json:"flags"`
	Stack       []cell `json:"stack"`
	Memory      []cell `json:"memory"` // rows of 16 bytes
	Output      string `json:"output"`
	Ended       bool   `json:"ended"`
	Why         string `json:"why,omitempty"`
}

func (r *run) register(n int) string {
	return x86.RegisterName(x86.GeneralRegister(n, r.vm.Bits()/8))
}

func (r *run) state() *state {
	v := r.vm
	width := v.Bits() / 8
	s := &state{Steps: v.Steps(), Address: v.IP(), Output: string(v.Output()), Flags: []cell{}, Stack: []cell{}, Memory: []cell{}}
	if at := r.table.At(v.IP()); at != nil {
		s.Line = at.Number
	}
	if in := v.Instruction(); in != nil {
		s.Instruction = in.String()
	}
	for n := range width * 2 {
		s.Registers = append(s.Registers, r.cell(r.register(n), v.Register(n)))
	}
	bits, _ := v.Flags()
	for _, f := range flags {
		s.Flags = append(s.Flags, cell{f.name, fmt.Sprint(bits >> f.bit & 1), f.about, r.touched[f.name]})
	}
	sp := v.Register(4)
	for i := range uint64(8) {
		buf := make([]byte, width)
		at := sp + i*uint64(width)
		if v.Memory(at, buf) < width {
			break
		}
		value := uint64(0)
		for k, b := range buf {
			value |= uint64(b) << (8 * k)
		}
		c := r.cell(fmt.Sprintf("%#x", at), value)
		s.Stack = append(s.Stack, c)
	}
	s.Memory = r.memory()
	if stop := v.Stop(); stop != nil {
		s.Ended, s.Why = true, "the program "+stop.Reason
		if stop.Kind != vm.Exited {
			if m := crash.Explain(v, r.table); m != nil {
				s.Why = m.Text
				for _, n := range m.Notes {
					s.Why += "\n" + n.Text
				}
			}
		}
	}
	return s
}

// cell shows a number, and the name of what is there where it is an address.
func (r *run) cell(name string, value uint64) cell {
	c := cell{Name: name, Value: fmt.Sprintf("%#x", value), Changed: r.touched[name]}
	if known := r.table.Name(value); known != "" {
		c.Note = known
	} else if value > 9 && value < 1<<31 {
		c.Note = fmt.Sprint(value)
	}
	return c
}

// mostRows is how many rows of memory are shown.
const mostRows = 16

// memory shows what lies behind the labels of data, in rows of 16 bytes.
func (r *run) memory() []cell {
	out := []cell{}
	for _, l := range r.table.Labels() {
		if r.table.IsCode(l.Address) || len(out) == mostRows {
			continue
		}
		buf := make([]byte, 16)
		buf = buf[:r.vm.Memory(l.Address, buf)]
		if len(buf) == 0 {
			continue
		}
		c := cell{Name: l.Name, Value: fmt.Sprintf("% x", buf)}
		text := make([]byte, len(buf))
		for i, b := range buf {
			text[i] = '.'
			if ' ' <= b && b < 0x7f {
				text[i] = b
			}
			c.Changed = c.Changed || r.touched[fmt.Sprintf("%#x", l.Address+uint64(i))]
		}
		c.Note = string(text)
		out = append(out, c)
	}
	return out
}
