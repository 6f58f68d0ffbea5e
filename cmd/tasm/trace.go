package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"tasm/codegen/x86"
	"tasm/linux"
	"tasm/symbols"
	"tasm/vm"
)

// tracer is the verb that shows every step of a program.
type tracer struct {
	imageOptions
	json, calls bool
	limit       int64
}

func traceCommand() *command {
	t := &tracer{}
	c := &command{
		name:    "trace",
		args:    "FILE [ARGUMENT...]",
		summary: "run a program in a virtual machine and show every step",
		about: []string{
			"Builds FILE, in layout plain unless another one is asked for, and runs it with the arguments that follow in a virtual machine: nothing that it does reaches this system, but that it reads standard input. Standard output gets a line for each instruction: its address, the line of the source, the instruction, and the registers, flags and memory that it changed. What the program writes is told where it calls write.",
			"With --json each line is an object: step, address, line, text, registers (old and new), flags, memory, call. How the program ended goes to standard error.",
		},
		examples: []example{
			{"tasm trace hello.tasm", "every instruction and what it changed"},
			{"tasm trace --calls echo.tasm one two", "the system calls alone"},
			{"tasm trace --json hello.tasm", "for programs"},
		},
		run:        t.run,
		passesArgs: true,
	}
	simple := t.imageOptions.register(c)
	simple.BoolVar(&t.json, "json", false, "write one JSON object for each step")
	simple.BoolVar(&t.calls, "calls", false, "show system calls alone")
	simple.Int64Var(&t.limit, "limit-steps", mostSteps, "stop after `N` instructions")
	return c
}

func (t *tracer) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give a file whose program is to be traced")
	}
	s, err := t.prepare(sys, args[0])
	if err != nil {
		return err
	}
	v, err := vm.New(s.file.Bytes, vm.Options{Args: args, Stdin: sys.stdin, MaxSteps: t.limit, Record: lastSteps})
	if err != nil {
		return t.fail(sys, s.files, err)
	}
	out := bufio.NewWriter(sys.stdout)
	table := symbols.New(s.file, s.program, s.files)
	for err == nil {
		in := v.Instruction()
		if !v.Step() {
			if stop := v.Stop(); stop.Call != nil && in != nil {
				step := describe(v, table, in, &vm.Change{IP: stop.IP, Call: stop.Call})
				step.Step++
				err = t.show(out, step)
			}
			break
		}
		if change, _ := v.Last(); !t.calls || change.Call != nil {
			err = t.show(out, describe(v, table, in, &change))
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if errors.Is(err, syscall.EPIPE) {
		return nil // whoever read has seen enough
	}
	if err != nil {
		return t.fail(sys, s.files, err)
	}
	if stop := v.Stop(); stop.Kind == vm.Exited {
		fmt.Fprintf(sys.stderr, "the program %s, after %s\n", stop.Reason, plural(v.Steps(), "step"))
		return nil
	}
	s.tell(v)
	return errReported
}

// show writes a step in the form that was asked for.
func (t *tracer) show(w io.Writer, step *traceStep) error {
	switch {
	case t.json:
		line, err := json.Marshal(step)
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		return err
	case t.calls:
		_, err := fmt.Fprintln(w, step.Call)
		return err
	}
	return step.write(w)
}

// traceStep is one step as it is shown, version 1 of the JSON.
type traceStep struct {
	Step      int64           `json:"step"` // from 1
	Address   string          `json:"address"`
	File      string          `json:"file,omitempty"`
	Line      int             `json:"line,omitempty"`
	Text      string          `json:"text"` // the instruction
	Registers []traceRegister `json:"registers,omitempty"`
	Flags     string          `json:"flags,omitempty"` // those that are set, where any changed
	Memory    []traceMemory   `json:"memory,omitempty"`
	Call      string          `json:"call,omitempty"`

	flags bool // changed
}

type traceRegister struct {
	Name string `json:"name"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

type traceMemory struct {
	Address string `json:"address"`
	Name    string `json:"name,omitempty"`
	Old     string `json:"old"` // in hexadecimal, the byte at the lowest address first
	New     string `json:"new"`
}

// describe makes what is shown of a step that was made.
func describe(v *vm.VM, table *symbols.Table, in *x86.Decoded, c *vm.Change) *traceStep {
	s := &traceStep{Step: v.Steps(), Address: fmt.Sprintf("%#x", c.IP), Text: in.String(), flags: c.FlagsTouched}
	if at := table.At(c.IP); at != nil {
		s.File, s.Line = at.File, at.Number
	}
	for _, r := range c.Registers {
		name := x86.RegisterName(x86.GeneralRegister(r.Number, v.Bits()/8))
		s.Registers = append(s.Registers, traceRegister{name, fmt.Sprintf("%#x", r.Old), fmt.Sprintf("%#x", r.New)})
	}
	if c.FlagsTouched {
		s.Flags = flagLetters(v)
	}
	for _, m := range append(c.Memory, c.KernelChanges...) {
		s.Memory = append(s.Memory, traceMemory{fmt.Sprintf("%#x", m.Address), table.Name(m.Address), fmt.Sprintf("% x", shorten(m.Old)), fmt.Sprintf("% x", shorten(m.New))})
	}
	if c.Call != nil {
		s.Call = callText(c.Call, table)
	}
	return s
}

// shorten cuts what is shown of memory.
func shorten(b []byte) []byte { return b[:min(len(b), 16)] }

// flagLetters lists the flags that are set.
func flagLetters(v *vm.VM) string {
	bits, _ := v.Flags()
	var set []string
	for _, f := range []struct {
		bit  int
		name string
	}{{0, "CF"}, {2, "PF"}, {4, "AF"}, {6, "ZF"}, {7, "SF"}, {10, "DF"}, {11, "OF"}} {
		if bits>>f.bit&1 != 0 {
			set = append(set, f.name)
		}
	}
	return strings.Join(set, " ")
}

// callText writes a system call as strace does.
func callText(c *vm.Call, table *symbols.Table) string {
	var b strings.Builder
	if c.Syscall == nil {
		return fmt.Sprintf("call %d, which Linux does not have", c.Number)
	}
	b.WriteString(c.Syscall.Name + "(")
	kinds := c.Syscall.Args(c.ABI)
	for i, n := range c.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		name := ""
		if kinds[i].Kind.Memory() || kinds[i].Kind == linux.Pointer {
			name = table.Name(n)
		}
		switch {
		case name != "":
			b.WriteString(name)
		case kinds[i].Kind.Memory():
			fmt.Fprintf(&b, "%#x", n)
		default:
			fmt.Fprint(&b, int64(int32(n)))
		}
	}
	b.WriteString(")")
	if c.Syscall.NoReturn() {
		return b.String()
	}
	if code, ok := linux.Errnos().ByNumber(int(-c.Result)); ok && c.Result < 0 {
		fmt.Fprintf(&b, " = -%s (%s)", code.Name, code.Text)
	} else {
		fmt.Fprintf(&b, " = %d", c.Result)
	}
	if len(c.Data) > 0 {
		fmt.Fprintf(&b, "  %q", c.Data[:min(len(c.Data), 48)])
	}
	return b.String()
}

// write writes a step as a line for people.
func (s *traceStep) write(w io.Writer) error {
	where := ""
	if s.Line > 0 {
		where = fmt.Sprintf("%s:%d", s.File, s.Line)
	}
	var changes []string
	for _, r := range s.Registers {
		changes = append(changes, r.Name+"="+r.New)
	}
	if s.flags {
		changes = append(changes, "["+s.Flags+"]")
	}
	for _, m := range s.Memory {
		name := m.Name
		if name == "" {
			name = m.Address
		}
		changes = append(changes, name+": "+m.New)
	}
	if s.Call != "" {
		changes = []string{s.Call}
	}
	_, err := fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-10s  %-18s  %-28s  %s", s.Address, where, s.Text, strings.Join(changes, " ")), " "))
	return err
}
