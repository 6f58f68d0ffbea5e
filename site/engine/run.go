package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tasm/crash"
	"tasm/debugger"
	"tasm/symbols"
	"tasm/vm"
)

// run is a program in the virtual machine.
type run struct {
	*debugger.Session
	vm  *vm.VM
	out bytes.Buffer
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
	r := &run{}
	v, err := vm.New(e.built.Bytes, vm.Options{
		Args: append([]string{"main"}, strings.Fields(p.Args)...), Stdin: strings.NewReader(p.Input), Stdout: &r.out, Stderr: &r.out,
		Record: recording, MaxSteps: mostSteps, MaxOutput: mostOut,
	})
	if err != nil {
		return nil, err
	}
	r.vm, r.Session = v, debugger.New(v, symbols.New(e.built.File, e.built.Program, e.built.Files), nil)
	e.run = r
	return r.state(), nil
}

type stepParams struct {
	Count int64 `json:"count"` // negative: back
}

// step goes some steps forwards or backwards.
func (e *Engine) step(p *stepParams) (any, error) {
	r := e.run
	if r == nil {
		return nil, errors.New("the program has not been started")
	}
	for n := p.Count; n > 0 && r.Step().Why == debugger.Done; n-- {
	}
	for n := p.Count; n < 0 && r.Back().Why == debugger.Done; n++ {
	}
	return r.state(), nil
}

type runParams struct {
	Lines []int `json:"lines"` // of the source, from 1, that have a breakpoint
	Back  bool  `json:"back"`
}

// slice is how long a run goes on before the page hears of it, and may ask for something
// else, or for more.
const slice = 200 * time.Millisecond

// runOn goes to the next breakpoint or the end, or backwards to the one before or the
// beginning; a part of the way where that takes longer than slice.
func (e *Engine) runOn(p *runParams) (any, error) {
	r := e.run
	if r == nil {
		return nil, errors.New("the program has not been started")
	}
	for _, b := range slices.Clone(r.Points()) {
		r.Delete(b.ID)
	}
	for _, line := range p.Lines {
		// A line behind the last instruction stops nobody.
		_, _ = r.Break(fmt.Sprintf("%s:%d", Name, line))
	}
	move := r.Continue
	if p.Back {
		move = r.Reverse
	}
	end := time.Now().Add(slice)
	r.Interrupt = func() bool { return time.Now().After(end) }
	pause := move()
	s := r.state()
	s.Breaking, s.More = pause.Why == debugger.Breaking, pause.Why == debugger.Interrupted
	return s, nil
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
	Breaking    bool   `json:"breaking,omitempty"` // at a breakpoint
	More        bool   `json:"more,omitempty"`     // the run is to go on from here
	Why         string `json:"why,omitempty"`
}

// shownWords is how many words of the stack are shown.
const shownWords = 8

func (r *run) state() *state {
	here := r.Here()
	s := &state{Steps: r.Steps(), Address: here.Address, Line: here.Line, Instruction: here.Text, Output: string(r.Output()), Stack: []cell{}, Memory: r.memory()}
	for _, g := range r.Registers() {
		s.Registers = append(s.Registers, cell{g.Name, fmt.Sprintf("%#x", g.Value), noteOf(g.Value, g.Points), g.Changed})
	}
	for _, f := range r.FlagStates() {
		value := "0"
		if f.Set {
			value = "1"
		}
		s.Flags = append(s.Flags, cell{strings.ToUpper(f.Name), value, f.Title + ": " + f.Words, f.Changed})
	}
	for _, w := range r.Stack(shownWords) {
		note := w.Role
		if note == "" {
			note = noteOf(w.Value, w.Points)
		}
		rows := r.MemoryRows(w.Address, 1, r.Bits()/8)
		s.Stack = append(s.Stack, cell{fmt.Sprintf("%#x", w.Address), fmt.Sprintf("%#x", w.Value), note, rows[0].AnyChanged()})
	}
	if stop := r.Stop(); stop != nil {
		s.Ended, s.Why = true, "the program "+stop.Reason
		if stop.Kind != vm.Exited {
			if m := crash.Explain(r.vm, r.Table); m != nil {
				s.Why = m.Text
				for _, n := range m.Notes {
					s.Why += "\n" + n.Text
				}
			}
		}
	}
	return s
}

// noteOf says what a number points at, or what it is as a decimal one.
func noteOf(value uint64, points string) string {
	if points == "" && value > 9 && value < 1<<31 {
		return fmt.Sprint(value)
	}
	return points
}

// mostRows is how many rows of memory are shown.
const mostRows = 16

// memory shows what lies behind the labels of data, in rows of 16 bytes.
func (r *run) memory() []cell {
	out := []cell{}
	for _, l := range r.Table.Labels() {
		if r.Table.IsCode(l.Address) || len(out) == mostRows {
			continue
		}
		row := r.MemoryRows(l.Address, 1, 16)[0]
		if len(row.Bytes) > 0 {
			out = append(out, cell{l.Name, fmt.Sprintf("% x", row.Bytes), row.Text, row.AnyChanged()})
		}
	}
	return out
}
