package assembler

import (
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
)

// cpuLevels are the processors that CPU names, in the order of what they can do.
var cpuLevels = map[string]int{
	"8086": 1, "186": 2, "286": 3, "386": cpu386, "486": 5,
	"586": 6, "pentium": 6, "686": 7, "p6": 7, "ppro": 7, "pentiumpro": 7, "p2": 8,
	"p3": 9, "katmai": 9, "p4": 10, "willamette": 10, "prescott": 11,
	"x64": cpuX64, "x86-64": cpuX64, "ia64": 13, "ia-64": 13, "itanium": 13, "itanic": 13, "merced": 13,
	"nehalem": cpuX64, "westmere": cpuX64, "sandybridge": cpuX64,
	"any": cpuAny, "default": cpuAny, "all": cpuAny,
}

const (
	cpuAny = 0 // nothing is refused
	cpu386 = 4
	cpuX64 = 12
)

// cpuFlags stand beside a processor's name and change nothing here.
var cpuFlags = map[string]bool{"latevex": true}

func (a *assembler) cpuDirective(d *lang.Directive) {
	for i := range d.Args {
		arg := &d.Args[i]
		level, ok := cpuLevels[arg.Name]
		switch {
		case ok:
			a.cpu = level
		case !cpuFlags[arg.Name]:
			a.fail(diag.Errorf(arg.Range, "there is no CPU '%s'", arg.Name).
				Notef("for example: 8086, 186, 286, 386, 486, 586, 686, p4, x64, any"))
			return
		}
	}
}

// lacks reports whether the CPU named last is older than the given one.
func (a *assembler) lacks(level int) bool { return a.cpu != cpuAny && a.cpu < level }

// floatWords are the modes of FLOAT. Constants are rounded to the nearest number
// in all of them.
var floatWords = map[string]bool{"daz": true, "nodaz": true, "near": true, "up": true, "down": true, "zero": true, "default": true}

func (a *assembler) floatDirective(d *lang.Directive) {
	for i := range d.Args {
		if arg := &d.Args[i]; !floatWords[arg.Name] {
			a.fail(diag.Errorf(arg.Range, "FLOAT takes daz, nodaz, near, up, down, zero or default, not '%s'", arg.Name))
			return
		}
	}
}

// oldJump makes the long conditional jump just encoded one for processors
// before the 386: the opposite jump over a JMP.
func (a *assembler) oldJump(body *lang.Instruction) {
	if a.lacks(cpu386) && len(body.Operands) == 1 && body.Operands[0].Distance == lang.AnyDistance {
		x86.JumpOver(&a.enc)
	}
}
