package equiv

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tasm/layout/elf"
	"tasm/machine"
)

// Outcome is what a check found.
type Outcome uint8

const (
	// Same: the programs behave the same, as far as How says.
	Same Outcome = iota
	// Different: they don't.
	Different
	// Unclear: it can't be told, because the original has no meaning that could
	// be kept or uses what is not modelled.
	Unclear
)

func (o Outcome) String() string { return [...]string{"same", "different", "unclear"}[o] }

// Verdict is the answer of Check.
type Verdict struct {
	Outcome Outcome
	// Proved tells that Same holds for all inputs.
	Proved bool
	// How says how that was found: "proved by symbolic run, 3 paths",
	// "compared on 300 generated runs".
	How string
	// Reason says what is different, a clause with the result as its subject,
	// or why the outcome is Unclear, with the original as its subject.
	Reason string
	// Address is that of the instruction, in the original's file, behind an outcome that
	// is Unclear; 0 where there is none.
	Address uint64
	// Findings are where the original may leave its objects.
	Findings []Finding
	// Unproved says why a proof was not possible, where none was.
	Unproved string
	// Shown tells of an Unclear outcome that the original looks at what any other file
	// changes, so that only the original will do.
	Shown bool
}

// Options are what a check depends on.
type Options struct {
	// Loader has to accept the result; nil stands for any that does.
	Loader *elf.Loader
	// Runs is how many generated runs are compared where there is no proof; 0
	// is DefaultRuns.
	Runs int
	// Assume lists the names of Assumptions.
	Assume []string
	// Objects are the addresses in the original that hold its data, in order, each
	// object for itself: it has no meaning from where it leaves one. Nil stands for
	// all of its memory.
	Objects []Range
	// Context ends the check early, which then says Unclear; nil means never.
	Context context.Context
}

// Assumption is something about the outside that is taken for granted.
type Assumption struct {
	Name    string
	Summary string
	// Words are the words of the initial stack whose values it gives, by index;
	// argc is word 0.
	Words map[int]uint64
	// KeepsReturn is set if syscall leaves the return address in rcx and the
	// flags in r11.
	KeepsReturn bool
	// Idle are calls that do nothing.
	Idle []Idle
	// script makes a generated run obey.
	script func(*script)
}

// Assumptions are what may be assumed, by the names that users give.
var Assumptions = []*Assumption{
	{
		Name: "argc=1", Summary: "the program is started without arguments",
		// Behind the name comes the zero that ends the list.
		Words:  map[int]uint64{0: 1, 2: 0},
		script: func(s *script) { s.process.Args = s.process.Args[:1] },
	},
	{
		Name: "stdin-readable", Summary: "standard input is open for reading, so that reading 0 bytes of it does nothing",
		Idle: []Idle{{Name: "read", Args: map[string]uint64{"fd": 0, "count": 0}}},
	},
	{
		Name: "rcx-after-syscall", Summary: "syscall leaves its return address in rcx, which processors with FRED do not do",
		KeepsReturn: true,
	},
}

// Idle is a system call that returns 0 and does nothing, so that it does not matter
// whether a program makes it.
type Idle struct {
	Name string
	Args map[string]uint64 // the arguments that it depends on
}

// idles reports whether the process makes a call that does nothing.
func (p *process) idles(v callView) bool {
	for _, idle := range p.idle {
		if v.Syscall == nil || v.Syscall.Name != idle.Name {
			continue
		}
		same := 0
		for i := range v.args {
			want, ok := idle.Args[v.args[i].Name]
			if n, known := v.args[i].value.Constant(); ok && known && n == want {
				same++
			}
		}
		if same == len(idle.Args) {
			return true
		}
	}
	return false
}

// assumptions finds assumptions by name.
func assumptions(names []string) ([]*Assumption, error) {
	var list []*Assumption
next:
	for _, name := range names {
		for _, a := range Assumptions {
			if a.Name == name {
				list = append(list, a)
				continue next
			}
		}
		return nil, fmt.Errorf("there is no assumption %q", name)
	}
	return list, nil
}

// configure makes a process obey assumptions.
func (p *process) configure(assume []*Assumption) {
	for _, a := range assume {
		p.KeepsReturn = p.KeepsReturn || a.KeepsReturn
		p.idle = append(p.idle, a.Idle...)
	}
}

// Check tells whether the executable result behaves as original does.
func Check(original, result []byte, o Options) Verdict {
	if o.Context == nil {
		o.Context = context.Background()
	}
	assume, err := assumptions(o.Assume)
	if err != nil {
		return Verdict{Outcome: Unclear, Reason: err.Error()}
	}
	a, err := parse(original)
	if err != nil {
		return Verdict{Outcome: Unclear, Reason: err.Error()}
	}
	b, err := parse(result)
	if err == nil {
		err = accepted(result, o.Loader)
	}
	switch {
	case err != nil:
		return Verdict{Outcome: Different, Reason: err.Error()}
	case a.abi != b.abi:
		return Verdict{Outcome: Different, Reason: fmt.Sprintf("is a program for %s, not %s", b.abi.Name, a.abi.Name)}
	}
	a.ctx, b.ctx = o.Context, o.Context
	a.objects = o.Objects
	v := check(a, b, o, assume)
	if a.shown != "" {
		return Verdict{Outcome: Unclear, Shown: true, Reason: a.shown, Address: a.shownAt, Findings: v.Findings}
	}
	return v
}

// check compares two images.
func check(a, b *image, o Options, assume []*Assumption) Verdict {
	pr := prove(a, b, assume)
	if pr.stuck == "" && pr.difference == nil {
		return Verdict{Outcome: Same, Proved: true, How: "proved by symbolic run, " + count(pr.paths, "path"), Findings: pr.findings}
	}
	if pr.difference == nil || !pr.difference.definite && !pr.difference.original {
		if c := cosimulate(a, b, firstRuns, assume); c.difference == nil && c.lost == "" {
			d := induct(a, b, assume)
			if d.failed == "" {
				return Verdict{Outcome: Same, Proved: true, How: "proved by induction over " + count(len(d.nodes), "block"), Findings: findings(pr, c)}
			}
			if pr.difference == nil {
				pr.stuck = d.where()
			}
		}
	}
	if d := pr.difference; d != nil && d.original && d.definite {
		return Verdict{Outcome: Unclear, Reason: d.text}
	}
	runs := o.Runs
	if runs == 0 {
		runs = DefaultRuns
	}
	c := cosimulate(a, b, runs, assume)
	switch {
	case o.Context.Err() != nil:
		// Runs that were cut short are no evidence of anything.
		return Verdict{Outcome: Unclear, Reason: "was not looked at to the end"}
	case c.difference != nil && c.difference.original:
		return Verdict{Outcome: Unclear, Reason: c.difference.text, Address: c.at}
	case c.difference != nil && differInVector(a, b, runs, assume):
		return Verdict{Outcome: Unclear, Shown: true, Reason: "uses an auxiliary value that tells of its file, such as AT_PHDR or AT_ENTRY"}
	case c.difference != nil:
		return Verdict{Outcome: Different, Reason: c.difference.text + c.circumstances()}
	case pr.difference != nil && pr.difference.definite:
		return Verdict{Outcome: Different, Reason: pr.difference.text}
	case c.lost != "":
		return Verdict{Outcome: Unclear, Reason: c.lost, Address: c.at}
	}
	if d := pr.difference; d != nil && d.concrete && !d.original {
		return Verdict{Outcome: Unclear, Shown: true, Reason: "may depend on where it lies, where no generated run has come: another file " + d.text}
	}
	v := Verdict{Outcome: Same, How: "compared on " + count(c.runs, "generated run"), Unproved: pr.stuck, Findings: findings(pr, c)}
	if pr.difference != nil {
		v.Unproved = "perhaps it " + pr.difference.text
	}
	return v
}

// differInVector reports whether the runs of two images differ only because the auxiliary
// values do that tell of the file.
func differInVector(a, b *image, runs int, assume []*Assumption) bool {
	b.vector = a
	defer func() { b.vector = nil }()
	return cosimulate(a, b, runs, assume).difference == nil
}

// findings lists what a proof and generated runs have found, each place once.
func findings(pr proof, c cosimulation) []Finding {
	list := slices.Clip(pr.findings)
	for _, f := range c.findings {
		if !slices.ContainsFunc(list, func(x Finding) bool { return x.Address == f.Address }) {
			list = append(list, f)
		}
	}
	return list
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// circumstances says on which input a difference was seen.
func (c *cosimulation) circumstances() string {
	if c.script == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, ", started with %d arguments", len(c.script.process.Args)-1)
	for i, call := range c.calls {
		if s := call.view.Syscall; s != nil && s.NoReturn() {
			break
		}
		if i == 3 {
			b.WriteString(" ...")
			break
		}
		fmt.Fprintf(&b, ", %s having returned %s", call.view.name(), figure(machine.Number(call.view.ABI.Bits, call.answer.result)))
	}
	return b.String()
}
