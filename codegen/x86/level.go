package x86

// Level is a processor as nasm's CPU directive orders them: an instruction is
// refused where its level is above the one that a source names.
type Level uint8

const (
	AnyLevel Level = iota // nothing is refused
	Level8086
	Level186
	Level286
	Level386
	Level486
	LevelPentium
	LevelP6
	LevelP2
	LevelP3
	LevelP4
	LevelPrescott
	LevelX64
	LevelNehalem
	LevelWestmere
	LevelSandyBridge
	LevelFuture // above all that CPU can name but ia64
)

// featureLevels are the levels of the extensions (cpu= in the table); those
// that don't stand here came later than all levels. AnyLevel marks those that
// nasm refuses nowhere.
var featureLevels = map[string]Level{
	"": Level8086, "8086": Level8086, "186": Level186, "286": Level286, "386": Level386, "486": Level486, "pentium": LevelPentium, "p6": LevelP6, "cmov": LevelP6, "fxsr": LevelP6, "lzcnt": LevelP6,
	"mmx": LevelPentium, "3dnow": LevelPentium, "padlock": LevelPentium, "prefetchw": LevelPentium, "lwp": Level386,
	"sse": LevelP3, "smx": LevelP3, "sse2": LevelP4, "sse3": LevelPrescott, "amd64": LevelX64, "cx16": LevelX64, "rdtscp": LevelX64,
	"popcnt": LevelNehalem, "movbe": LevelNehalem, "xsave": LevelNehalem, "aes": LevelWestmere, "pclmul": LevelWestmere, "avx": LevelSandyBridge, "vaes": LevelSandyBridge,
	"ssse3": AnyLevel, "sse4.1": AnyLevel, "sse4.2": AnyLevel, "sse4a": AnyLevel, "fma4": AnyLevel, "xop": AnyLevel, "vmx": AnyLevel, "snp": AnyLevel, "monitorx": AnyLevel, "svm": AnyLevel,
}

// levelOf derives a form's level from its extension and its operands.
func (f *Form) levelOf() Level {
	level, known := featureLevels[f.row.feature]
	if !known {
		return LevelFuture
	}
	op := &f.opcode
	switch {
	case op.vex == evex || op.vexL > 0 && (f.row.feature == "vaes" || f.row.feature == "pclmul"):
		return LevelFuture
	case op.vex == vex && f.row.feature == "pclmul":
		level = LevelSandyBridge // AVX gave it its VEX form
	}
	wide := op.size == 8 || f.modes == Mode64
	dword := op.size == 4 || op.address == 4
	for _, s := range f.specs() {
		wide = wide || s.set&setR64 != 0
		dword = dword || s.set&(setR32|setNotEAX) != 0
	}
	switch {
	case wide:
		return max(level, LevelX64)
	case level == AnyLevel:
		return AnyLevel
	case op.mandatory == 0x66 && f.vector():
		return max(level, LevelP4) // SSE2 gave MMX and SSE their xmm forms
	case dword:
		return max(level, Level386)
	}
	return level
}
