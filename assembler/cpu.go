package assembler

import (
	"strings"

	"tasm/codegen/x86"
	"tasm/lang"
)

// processors are the words of CPU, in the order in which the beginning of a word is
// looked for in them, as nasm does: "cpu p" is the Pentium. A word with a level is a
// processor, what is newer than it is refused; one without is a flag of encodings.
var processors = []struct {
	name  string
	level int
	flag  cpuFlags
}{
	{name: "default", level: cpuAny},
	{name: "8086", level: 1}, {name: "186", level: 2}, {name: "286", level: 3}, {name: "386", level: cpu386}, {name: "486", level: 5},
	{name: "586", level: 6}, {name: "pentium", level: 6}, {name: "pentiummmx", level: 6},
	{name: "686", level: 7}, {name: "p6", level: 7}, {name: "ppro", level: 7}, {name: "pentiumpro", level: 7}, {name: "p2", level: 7}, {name: "pentiumii", level: 7},
	{name: "p3", level: 9}, {name: "katmai", level: 9}, {name: "p4", level: 10}, {name: "willamette", level: 10}, {name: "prescott", level: 11},
	{name: "x64", level: cpuX64}, {name: "x86-64", level: cpuX64},
	{name: "ia64", level: 17}, {name: "ia-64", level: 17}, {name: "itanium", level: 17}, {name: "itanic", level: 17}, {name: "merced", level: 17},
	{name: "nehalem", level: 13}, {name: "westmere", level: 14}, {name: "sandybridge", level: 15}, {name: "ivybridge", level: 16},
	{name: "any", level: cpuAny, flag: lateVEX}, {name: "all", level: cpuAny, flag: lateVEX},
	{name: "latevex", level: noLevel, flag: lateVEX}, {name: "evex", level: noLevel, flag: hasEVEX}, {name: "vex", level: noLevel, flag: hasVEX},
}

const (
	noLevel = -1
	cpuAny  = 0 // nothing is refused
	cpu386  = 4
	cpuX64  = 12
)

// cpuFlags are the encodings that instructions may have without a prefix that asks for them.
type cpuFlags uint8

const (
	hasVEX  cpuFlags = 1 << iota
	hasEVEX          // off by CPU NOEVEX
	lateVEX          // also where there is an EVEX encoding, which comes first otherwise
)

// cpuWord obeys a word of CPU and reports whether it is one. Any other processor than
// apx turns that off.
func (a *assembler) cpuWord(word string, off bool) bool {
	if word == "apx" {
		a.cpu, a.encodings, a.apx = cpuAny, hasVEX|hasEVEX, true
		return true
	}
	for _, p := range processors {
		switch {
		case !strings.HasPrefix(p.name, word):
			continue
		case p.level != noLevel:
			a.cpu, a.encodings, a.apx = p.level, hasVEX|hasEVEX|p.flag, false
		case off:
			a.encodings &^= p.flag
		default:
			a.encodings |= p.flag
		}
		return true
	}
	return false
}

// cpuDirective reads words as nasm does: - turns this and all flags behind it off, +
// turns them on, NO in front of a word of any kind turns a flag around.
func (a *assembler) cpuDirective(d *lang.Directive) {
	minus := false
	for i := range d.Args {
		arg := &d.Args[i]
		word := arg.Name
		for len(word) > 0 && strings.Contains("+-*", word[:1]) {
			minus = word[0] == '-'
			if word == "*" {
				a.resetCPU()
			}
			word = word[1:]
		}
		name, no := word, false
		if len(word) > 2 {
			name, no = strings.CutPrefix(word, "no")
		}
		switch {
		case name == "":
		case !a.cpuWord(name, no != minus):
			a.fail(a.errorf(arg.Range, "there is no CPU '%s'", arg.Name).
				Notef("for example: 8086, 186, 286, 386, 486, 586, 686, p4, x64, apx, any"))
			return
		}
	}
}

// resetCPU is the state at the start of a pass.
func (a *assembler) resetCPU() { a.cpu, a.encodings, a.apx = cpuAny, hasVEX|hasEVEX, false }

// lacks reports whether the CPU named last is older than the given one.
func (a *assembler) lacks(level int) bool { return a.cpu != cpuAny && a.cpu < level }

// floatWords are the modes of FLOAT (nasm manual, section 7.10).
var floatWords = map[string]func(*lang.FloatMode){
	"daz":     func(m *lang.FloatMode) { m.DenormalsAreZero = true },
	"nodaz":   func(m *lang.FloatMode) { m.DenormalsAreZero = false },
	"near":    func(m *lang.FloatMode) { m.Rounding = lang.ToNearest },
	"up":      func(m *lang.FloatMode) { m.Rounding = lang.Up },
	"down":    func(m *lang.FloatMode) { m.Rounding = lang.Down },
	"zero":    func(m *lang.FloatMode) { m.Rounding = lang.ToZero },
	"default": func(m *lang.FloatMode) { *m = lang.FloatMode{} },
}

func (a *assembler) floatDirective(d *lang.Directive) {
	for i := range d.Args {
		arg := &d.Args[i]
		set := floatWords[arg.Name]
		if set == nil {
			a.fail(a.errorf(arg.Range, "FLOAT takes daz, nodaz, near, up, down, zero or default, not '%s'", arg.Name))
			return
		}
		before := a.float
		set(&a.float)
		a.lateDefault = a.lateDefault || a.float != before
	}
}

// oldJump makes the long conditional jump just encoded one for processors
// before the 386: the opposite jump over a JMP.
func (a *assembler) oldJump(body *lang.Instruction) {
	if a.lacks(cpu386) && len(body.Operands) == 1 && body.Operands[0].Distance == lang.AnyDistance {
		x86.JumpOver(&a.enc)
	}
}
