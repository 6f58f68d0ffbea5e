package equiv

import (
	"math/rand/v2"

	"tasm/layout/elf"
	"tasm/linux"
	"tasm/machine"
)

// script is all that a program is told from outside in one run. The same number
// always makes the same script.
type script struct {
	random  *rand.Rand
	mood    mood
	process machine.Process
	// numbers are the constants of the programs: values that they are likely
	// to compare with.
	numbers []uint64
	values  uint64 // decides the values of the processor
	// extra are auxiliary values before those that every kernel gives: their number
	// depends on the kernel.
	extra [][2]uint64
	space space
	// computes tells that the run depends on made up values of x87 or vector registers.
	computes bool
}

// mood says how the kernel of a script answers.
type mood uint8

const (
	kind        mood = iota // every call succeeds in full
	hostile                 // every call fails
	mixed                   // some fail, some do less than asked
	moods       = 4         // mixed counts twice
	wordsAtMost = 3         // arguments and variables of the environment, mostly
)

// arguments are texts that programs tell apart.
var arguments = []string{"", "a", "0", "1", "7", "42", "12345", "99999999999", "-", "-1", "--help", "hello world", "x=y", "/etc/passwd", "\xff\x80\n"}

func newScript(number int, numbers []uint64, abi *linux.ABI, assume []*Assumption) *script {
	s := &script{random: rand.New(rand.NewPCG(uint64(number), 0x7a51)), mood: min(mood(number%moods), mixed), numbers: numbers, values: uint64(number)}
	r := s.random
	s.process.Args = []string{"program"}
	for range r.IntN(wordsAtMost + 1) {
		s.process.Args = append(s.process.Args, s.text())
	}
	for range r.IntN(wordsAtMost) {
		s.process.Env = append(s.process.Env, "V"+s.text())
	}
	top := uint64(0xfffdd000)
	if abi.Bits == 64 {
		top = 0x7fffff000000
	}
	for t := range uint64(r.IntN(7)) {
		s.extra = append(s.extra, [2]uint64{32 + t, r.Uint64()})
	}
	s.process.StackTop = top - page*r.Uint64N(256)
	for _, a := range assume {
		if a.script != nil {
			a.script(s)
		}
	}
	return s
}

// text makes an argument.
func (s *script) text() string {
	r := s.random
	if r.IntN(4) > 0 {
		return arguments[r.IntN(len(arguments))]
	}
	return string(s.bytes(r.IntN(40), 1))
}

// bytes makes n bytes, none of them below least.
func (s *script) bytes(n int, least byte) []byte {
	r := s.random
	out := make([]byte, n)
	for i := range out {
		switch r.IntN(4) {
		case 0:
			out[i] = "0123456789 \n"[r.IntN(12)]
		case 1:
			out[i] = byte('a' + r.IntN(26))
		default:
			out[i] = max(least, byte(r.Uint32()))
		}
	}
	return out
}

// auxiliary returns the values of the auxiliary vector that depend on the file
// and some that don't (fs/binfmt_elf.c create_elf_tables).
func (im *image) auxiliary(bias uint64) [][2]uint64 {
	head := im.File[:min(len(im.File), im.Class.Size(elf.FileHeader))]
	get := func(id elf.FieldID) uint64 { return elf.Get(im.Class, head, id) }
	return [][2]uint64{
		{6, page}, {17, 100}, {3, im.programHeaders(bias)}, {4, get(elf.EPhentsize)}, {5, get(elf.EPhnum)},
		{7, 0}, {8, 0}, {9, bias + im.Entry}, {11, 1000}, {12, 1000}, {13, 1000}, {14, 1000}, {23, 0},
	}
}

// programHeaders returns where a file's program headers lie in memory, 0 where they don't
// (fs/binfmt_elf.c load_elf_binary, phdr_addr).
func (im *image) programHeaders(bias uint64) uint64 {
	at := elf.Get(im.Class, im.File[:min(len(im.File), im.Class.Size(elf.FileHeader))], elf.EPhoff)
	for i := range im.Segments {
		if m := &im.Segments[i]; at >= m.Offset && at-m.Offset < m.High-m.Low {
			return bias + m.Low + at - m.Offset
		}
	}
	return 0
}

// answer is what the kernel does in answer to a call.
type answer struct {
	result uint64
	writes [][]byte // for each buffer in order of the arguments
}

// failures are error numbers that programs may treat in their own way.
var failures = []uint64{1, 2, 4, 5, 9, 11, 14, 22, 28, 32, 38}

// answer makes up an answer.
func (s *script) answer(v callView) answer {
	r := s.random
	if result, ok := s.gives(v); ok {
		return answer{result: result}
	}
	size := uint64(0)
	for _, a := range v.args {
		for _, x := range a.reads {
			size = max(size, uint64(len(x.bytes)))
		}
		for _, x := range a.writes {
			size = max(size, uint64(x.usable))
		}
	}
	var a answer
	result := linux.Int
	if v.Syscall != nil {
		result = v.Syscall.Result
	}
	failed := s.fails() || result == linux.Error
	if failed {
		a.result = -failures[r.IntN(len(failures))]
		if r.IntN(8) == 0 {
			a.result = -(1 + r.Uint64N(linux.MaxErrno))
		}
	} else {
		a.result = s.success(result, size)
	}
	for _, arg := range v.args {
		for _, x := range arg.writes {
			n := min(x.usable, maxBuffer)
			switch {
			case failed:
				n = 0
			case result == linux.Size || result == linux.Part:
				n = min(n, int64(a.result))
			}
			a.writes = append(a.writes, s.bytes(int(n), 0))
		}
	}
	return a
}

// success makes up the result of a call that handed over size bytes.
func (s *script) success(result linux.Kind, size uint64) uint64 {
	r := s.random
	switch result {
	case linux.Zero:
		return 0
	case linux.FD:
		return r.Uint64N(12)
	case linux.Copy:
		if r.IntN(2) == 0 {
			return 0
		}
	case linux.Size, linux.Part:
		if size > 64 && r.IntN(128) > 0 {
			size = 1 + r.Uint64N(64) // less to compute
		}
		if s.mood == kind || r.IntN(2) == 0 {
			return size
		}
		if n := s.number(); n <= size {
			return n
		}
		return r.Uint64N(size + 1)
	}
	return s.number()
}

// number makes up a number that is not negative.
func (s *script) number() uint64 {
	r := s.random
	switch r.IntN(3) {
	case 0:
		return r.Uint64N(16)
	case 1:
		if len(s.numbers) > 0 {
			return (s.numbers[r.IntN(len(s.numbers))] + r.Uint64N(3) - 1) & 0x7fffffff
		}
	}
	return r.Uint64N(1 << (1 + r.IntN(31)))
}

// processor makes up what an instruction tells of the processor or of the moment.
func (s *script) processor(u machine.Unknown) machine.Term {
	of, _ := u.Of.Constant()
	r := rand.New(rand.NewPCG(s.values^of, uint64(u.Index)))
	return machine.Number(u.Width, r.Uint64())
}

// computed makes up what an instruction makes of its x87 or vector registers: the same of
// the same, since values that are equal have one name in the terms of both programs.
// Small numbers are more telling.
func (s *script) computed(u machine.Unknown) machine.Term {
	s.computes = true
	r := rand.New(rand.NewPCG(s.values<<32^uint64(u.Call), uint64(u.Index)))
	most := []uint64{1<<8 - 1, 1<<16 - 1, 1<<63 - 1}[r.IntN(3)]
	return machine.Number(u.Width, r.Uint64()&most)
}
