package assembler

import (
	"strings"

	"tasm/codegen/x86"
	"tasm/lang"
)

// cpuLevels are the processors that CPU names, in the order of what they can do.
var cpuLevels = map[string]int{
	"8086": 1, "186": 2, "286": 3, "386": cpu386, "486": 5,
	"586": 6, "pentium": 6, "686": 7, "p6": 7, "ppro": 7, "pentiumpro": 7, "p2": 8,
	"p3": 9, "katmai": 9, "p4": 10, "willamette": 10, "prescott": 11,
	"x64": cpuX64, "x86-64": cpuX64, "nehalem": 13, "westmere": 14, "sandybridge": 15,
	"ia64": 16, "ia-64": 16, "itanium": 16, "itanic": 16, "merced": 16,
	"any": cpuAny, "default": cpuAny, "all": cpuAny, "apx": cpuAny,
}

const (
	cpuAny = 0 // nothing is refused
	cpu386 = 4
	cpuX64 = 12
)

// cpuFlag sets what a word of CPU says of encodings, as EVEX, NOEVEX, -EVEX or +EVEX.
func (a *assembler) cpuFlag(word string) bool {
	name, off := strings.CutPrefix(word, "no")
	if !off {
		if name, off = strings.CutPrefix(word, "-"); !off {
			name = strings.TrimPrefix(word, "+")
		}
	}
	switch name {
	case "vex":
		a.withoutVEX = off
	case "evex":
		a.withoutEVEX = off
	case "latevex":
	default:
		return false
	}
	return true
}

func (a *assembler) cpuDirective(d *lang.Directive) {
	for i := range d.Args {
		arg := &d.Args[i]
		level, ok := cpuLevels[arg.Name]
		switch {
		case ok:
			a.cpu, a.apx = level, arg.Name == "apx"
			if level == cpuAny {
				a.withoutVEX, a.withoutEVEX = false, false
			}
		case !a.cpuFlag(arg.Name):
			a.fail(a.errorf(arg.Range, "there is no CPU '%s'", arg.Name).
				Notef("for example: 8086, 186, 286, 386, 486, 586, 686, p4, x64, apx, any"))
			return
		}
	}
}

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
