package debugger

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/listing"
	"tasm/machine"
	"tasm/symbols"
	"tasm/vm"
)

var update = flag.Bool("update", false, "write the golden files anew")

// begin builds a source and begins a session with it.
func begin(t testing.TB, source, target string, strategy layout.Strategy, o vm.Options) *Session {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("test.tasm", []byte(source)), assembler.Options{Target: target, Instructions: true})
	var file *layout.File
	if p != nil {
		var more *diag.Bag
		file, more = strategy(p, layout.Options{})
		said.Append(more)
	}
	if file == nil {
		var text strings.Builder
		diag.Short(&text, files, said.Messages())
		t.Fatalf("%s\n%s", text.String(), source)
	}
	o.Args = []string{"program", "one"}
	v, err := vm.New(file.Bytes, o)
	if err != nil {
		t.Fatal(err)
	}
	loader, _ := elf.ByName("linux")
	table := symbols.New(file, p, files)
	return New(v, table, listing.New("test.tasm", file, table, loader, p.Bits))
}

// state is all that stepping back has to bring back.
func state(s *Session) string {
	var b strings.Builder
	bits, defined := s.Flags()
	fmt.Fprintf(&b, "%#x %#x %#x %d\n", s.IP(), bits, defined, s.Steps())
	for n := range s.registers() {
		fmt.Fprintf(&b, "%#x ", s.Register(n))
	}
	fmt.Fprintf(&b, "\n%q\n%v\n%v\n", s.Output(), s.Frames(), s.SystemCalls(100))
	im, bias := s.Image()
	for _, m := range im.Segments {
		content := make([]byte, min(m.High-m.Low, 1<<16))
		fmt.Fprintf(&b, "%x\n", content[:s.Memory(m.Low+bias, content)])
	}
	stack := make([]byte, 4096)
	top := s.sp + 512
	if s.Memory(top-4096, stack) < len(stack) { // the strings end sooner
		top = uint64(s.Segment(s.sp).High)
		s.Memory(top-4096, stack)
	}
	fmt.Fprintf(&b, "%x\n", stack)
	return b.String()
}

// TestBothWays steps generated programs forwards to their end and backwards to their
// start: each state on the way back is the one on the way there, byte for byte.
func TestBothWays(t *testing.T) {
	for seed := range uint64(12) {
		for _, target := range []string{"linux/386", "linux/amd64"} {
			source := programs.Random(rand.New(rand.NewPCG(seed, 16)), target)
			s := begin(t, source, target, layout.Plain, vm.Options{Record: 1 << 20, MaxSteps: 600})
			states := []string{state(s)}
			for s.Step().Why == Done {
				states = append(states, state(s))
			}
			for i := len(states) - 2; i >= 0; i-- {
				if p := s.Back(); p.Why != Done {
					t.Fatalf("seed %d %s: no way back from step %d", seed, target, i+1)
				}
				if got := state(s); got != states[i] {
					t.Fatalf("seed %d %s: back at step %d:\n%s\nwas\n%s\n%s", seed, target, i, got, states[i], source)
				}
			}
			if p := s.Back(); p.Why != Beginning {
				t.Errorf("seed %d %s: before the start: %+v", seed, target, p)
			}
			s.Continue()
			if got := state(s); got != states[len(states)-1] {
				t.Errorf("seed %d %s: at the end again:\n%s\nwas\n%s", seed, target, got, states[len(states)-1])
			}
			s.Start()
			if got := state(s); got != states[0] {
				t.Errorf("seed %d %s: at the start again:\n%s\nwas\n%s", seed, target, got, states[0])
			}
		}
	}
}

// TestMovesAgree makes moves at random in generated programs: whatever the way, the
// state at a step is the same, and each move forwards can be taken back.
func TestMovesAgree(t *testing.T) {
	moves := []func(*Session) Pause{
		(*Session).Step, (*Session).Over, (*Session).Out, (*Session).Line, (*Session).NextCall, (*Session).Continue,
		(*Session).Back, (*Session).BackOver, (*Session).BackOut, (*Session).BackLine, (*Session).BackCall, (*Session).Reverse,
	}
	for seed := range uint64(10) {
		target := []string{"linux/386", "linux/amd64"}[seed%2]
		r := rand.New(rand.NewPCG(seed, 17))
		s := begin(t, programs.Random(r, target), target, layout.Plain, vm.Options{Record: 1 << 20, MaxSteps: 400})
		known := map[int64]string{}
		for range 150 {
			i := r.IntN(len(moves))
			before := s.Steps()
			p := moves[i](s)
			if now := s.Steps(); i < 6 && now < before || i >= 6 && now > before {
				t.Fatalf("seed %d: move %d went from step %d to %d: %+v", seed, i, before, now, p)
			}
			got := state(s)
			if was, ok := known[s.Steps()]; ok && was != got {
				t.Fatalf("seed %d: after move %d at step %d\n%s\nwas\n%s", seed, i, s.Steps(), got, was)
			}
			known[s.Steps()] = got
		}
	}
}

// TestReplay goes back to where the recording does not reach.
func TestReplay(t *testing.T) {
	s := begin(t, "target linux/386\n_start: mov ecx, 50000\nagain: push ecx\ncall f\npop edx\nloop again\nsys exit, 0\nf: ret\n", "linux/386", layout.Plain, vm.Options{Record: 2 << 20})
	s.Continue()
	for s.Machine.Back() {
	}
	s.unnote()
	at := s.Steps()
	if at == 0 {
		t.Fatal("all steps were recorded")
	}
	here := state(s)
	if p := s.Back(); p.Why != Done || s.Steps() != at-1 {
		t.Fatalf("%+v, at step %d", p, s.Steps())
	}
	s.Step()
	if got := state(s); got != here {
		t.Errorf("%s\nwas\n%s", got, here)
	}
}

const routines = `target linux/386
entry _start
section .text
_start: mov ecx, 3
again:  push ecx
        call outer
        pop ecx
        dec ecx
        jnz again
        sys write, 1, text, 3
        sys exit, 0
outer:  call inner
        inc dword [count]
        ret
inner:  mov esi, text
        mov edi, copy
        mov ecx, 3
        rep movsb
        ret
section .rodata
text:   db "abc"
section .data
count:  dd 0
section .bss
copy:   resb 4
`

// TestMoves looks where each kind of move leads.
func TestMoves(t *testing.T) {
	s := begin(t, routines, "linux/386", layout.Plain, vm.Options{Record: 1 << 20})
	is := func(what string, p Pause, why Why, line int) {
		t.Helper()
		if p.Why != why || s.Here().Line != line {
			t.Errorf("%s: %+v at line %d, want %d at line %d", what, p, s.Here().Line, why, line)
		}
	}
	is("step", s.Step(), Done, 5)
	is("step", s.Step(), Done, 6)
	is("over", s.Over(), Done, 7)
	is("back over", s.BackOver(), Done, 6)
	is("into", s.Step(), Done, 12)
	is("into", s.Step(), Done, 15)
	s.Step()
	s.Step()
	is("to rep", s.Step(), Done, 18)
	is("over rep", s.Over(), Done, 19)
	is("back over rep", s.BackOver(), Done, 18)
	if got := fmt.Sprint(s.Frames()); !strings.Contains(got, "inner") || !strings.Contains(got, "outer") || len(s.Frames()) != 3 {
		t.Errorf("frames: %s", got)
	}
	if w := s.Stack(3); w[0].Role != "return to outer+5 (line 13), from inner (line 15)" || w[1].Role != "return to again+6 (line 7), from outer (line 12)" || w[2].Role != "" {
		t.Errorf("stack: %+v", w)
	}
	is("out", s.Out(), Done, 13)
	is("back out", s.BackOut(), Done, 6)
	is("over", s.Over(), Done, 7)
	is("next call", s.NextCall(), Done, 11)
	if got := s.SystemCalls(5); len(got) != 1 || got[0].Text != `write(1, text, 3) = 3  "abc"` || got[0].Line != 10 || string(s.Output()) != "abc" {
		t.Errorf("calls: %+v, output %q", got, s.Output())
	}
	s.BackCall()
	if len(s.SystemCalls(5)) != 0 || len(s.Output()) != 0 || s.Here().Line != 10 {
		t.Errorf("back before the call: line %d, output %q", s.Here().Line, s.Output())
	}
	is("end", s.Continue(), Ended, 11)
	is("start", s.Start(), Done, 4)
	at, err := s.Location("inner")
	if err != nil {
		t.Fatal(err)
	}
	is("run to", s.RunTo(at), Done, 15)
	s.Continue()
	is("back to", s.BackTo(at), Done, 15)
	if count := s.word(must(s.Location("count"))); count != 2 {
		t.Errorf("count is %d", count)
	}
	is("line over", s.Line(), Done, 16)
	is("line back", s.BackLine(), Done, 15)
}

func must(n uint64, err error) uint64 {
	if err != nil {
		panic(err)
	}
	return n
}

// TestPoints stops at breakpoints of all kinds, forwards and backwards.
func TestPoints(t *testing.T) {
	s := begin(t, routines, "linux/386", layout.Plain, vm.Options{Record: 1 << 20})
	add := func(b *Breakpoint, err error) *Breakpoint {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	line := add(s.Break("8 if ecx = 2"))
	p := s.Continue()
	if p.Why != Breaking || p.Point != line || s.Register(machine.CX) != 2 || s.Here().Line != 8 {
		t.Errorf("%+v, ecx %d", p, s.Register(machine.CX))
	}
	s.Delete(line.ID)
	watch := add(s.Watch("dword [count]"))
	if p := s.Continue(); p.Why != Watching || p.Point != watch || p.Old != "2" || p.New != "3" || s.Here().Line != 14 {
		t.Errorf("%+v at line %d", p, s.Here().Line)
	}
	if p := s.Reverse(); p.Why != Watching || p.New != "2" || s.Here().Line != 13 {
		t.Errorf("%+v at line %d", p, s.Here().Line)
	}
	s.Delete(watch.ID)
	s.Start()
	anywhere := add(s.Break("if byte [copy + 1] = 'b' && zf = 0"))
	if p := s.Continue(); p.Why != Breaking || p.Point != anywhere || s.Here().Line != 18 {
		t.Errorf("%+v at line %d", p, s.Here().Line)
	}
	s.Delete(anywhere.ID)
	label := add(s.Break("inner"))
	for range 3 {
		s.Continue()
	}
	if label.Hits != 2 || s.Stop() == nil {
		t.Errorf("hit %d times", label.Hits)
	}
	if p := s.Reverse(); p.Why != Breaking || s.Here().Line != 15 {
		t.Errorf("%+v", p)
	}
	if p := s.Toggle(label.Address, ""); p != nil || len(s.Points()) != 0 {
		t.Errorf("%+v is left", s.Points())
	}
}

// TestEdit changes the course of a program and takes that back.
func TestEdit(t *testing.T) {
	s := begin(t, "target linux/386\nmov ebx, 7\nmov eax, [0]\ncode: mov eax, 1\nint 0x80\n", "linux/386", layout.Plain, vm.Options{Record: 1 << 20})
	entry := state(s)
	if p := s.Continue(); p.Why != Ended || s.Stop().Kind != vm.Killed {
		t.Fatalf("%+v", s.Stop())
	}
	dead := state(s)
	s.edited(func() { s.SetIP(must(s.Location("code"))) })
	s.EditRegister(machine.BX, 9)
	if s.Continue(); s.Stop().Status != 9 {
		t.Errorf("%+v", s.Stop())
	}
	s.Back()
	s.Back()
	s.Back()
	if p := s.Back(); p.Why != Done || state(s) != entry && state(s) == dead {
		t.Errorf("%+v\n%s\nwas\n%s", p, state(s), dead)
	}
	s.Start()
	if got := state(s); got != entry {
		t.Errorf("%s\nwas\n%s", got, entry)
	}
	// Another instruction in place of the first: inc ebx, and four times nop.
	s.EditMemory(s.IP(), []byte{0x43, 0x90, 0x90, 0x90, 0x90})
	if s.Step(); s.Register(machine.BX) != 1 {
		t.Errorf("ebx is %d", s.Register(machine.BX))
	}
	s.Back()
	s.Back()
	if s.Step(); s.Register(machine.BX) != 7 {
		t.Errorf("ebx is %d", s.Register(machine.BX))
	}
}

// TestExpressions computes expressions, and looks at the messages for wrong ones.
func TestExpressions(t *testing.T) {
	s := begin(t, "target linux/386\nmov eax, -2\nmov ecx, 'abcd'\nxor edx, edx\nx: nop\nsection .data\nmsg: db 'Hi', 200\n", "linux/386", layout.Plain, vm.Options{Record: 1 << 20})
	for range 3 {
		s.Step()
	}
	for text, want := range map[string]int64{
		"eax = -2": 1, "eax == 0xfffffffe": 1, "eax < 0": 1, "eax > 5": 1, "signed(eax) > 5": 0, "ax": 0xfffe, "ah": 0xff, "al = 0xfe": 1,
		"cl = 'a'": 1, "ecx = 'abcd'": 1, "zf": 1, "!cf && zf": 1, "byte [msg]": 'H', "word [msg] = 'Hi'": 1, "byte [msg + 2] = 200": 1,
		"byte [msg+2] < 0": 1, "byte [msg+2] = -56": 1, "1 + 2 * 3": 7, "(1 + 2) * 3": 9, "0ffh": 255, "1010b": 10, "step": 3, "eax + 2 = 0": 1, "~al": 1,
		"eip = x": 1, "10 / 3 % 2": 1, "1 << 4 | 1": 17, "-(5)": -5, "eax <> ecx": 1, "msg - x > 0": 1,
	} {
		e, err := s.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := e.Value(s); err != nil || got != want {
			t.Errorf("%s = %d, %v, want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                       "a value is missing here\n  \n  ^",
		"eax =":                  "a value is missing here\n  eax =\n       ^",
		"[msg] = 1":              "it is not said how many bytes of memory are meant\n  [msg] = 1\n  ^\nwrite byte, word, dword or qword before the bracket",
		"byte msg":               "an address in brackets belongs behind 'byte'",
		"(eax":                   "a ')' is missing",
		"eax ecx":                "an operator is missing before 'ecx'",
		"msq = 1":                "there is no label, register or flag 'msq'\n  msq = 1\n  ^\ndid you mean msg?",
		"rax = 1":                "a 32-bit program has no register rax",
		"'a":                     "this quote is not closed",
		"signed eax":             "'signed' takes a value in parentheses",
		"eax = }":                "'}' is no value",
		"'123456789'":            "a character constant has at most 8 bytes",
		strings.Repeat("(", 200): "this is nested too deeply",
		strings.Repeat("-", 200): "this is nested too deeply",
	} {
		if _, err := s.Parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{"1 / edx": "divides by 0", "byte [0]": "no memory at 0x0"} {
		e, err := s.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Value(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("eax = 5 && byte [msg] <> 'H'")
	f.Add("signed(((1")
	s := begin(f, "target linux/386\nmsg: nop\n", "linux/386", layout.Plain, vm.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		if e, err := s.Parse(text); err == nil {
			e.Value(s)
		} else if err.Error() == "" {
			t.Error("an error without words")
		}
		s.Location(text)
	})
}

// TestGolden tells a sample step by step to its end and back to its start, in layouts
// plain and golf, and compares with the files in testdata.
func TestGolden(t *testing.T) {
	source, err := os.ReadFile("../samples/hello.tasm")
	if err != nil {
		t.Fatal(err)
	}
	for name, strategy := range map[string]layout.Strategy{"plain": layout.Plain, "golf": layout.Golf} {
		s := begin(t, string(source), "linux/386", strategy, vm.Options{Record: 1 << 20})
		var b strings.Builder
		entry := state(s)
		for {
			tell(&b, s)
			if s.Step().Why != Done {
				break
			}
		}
		fmt.Fprintf(&b, "the program %s\n\nand back:\n", s.Stop().Reason)
		for s.Back().Why == Done {
			p := s.Here()
			fmt.Fprintf(&b, "%#x line %d %s\n", p.Address, p.Line, p.Text)
		}
		if got := state(s); got != entry {
			t.Errorf("%s: at the start again:\n%s\nwas\n%s", name, got, entry)
		}
		golden := filepath.Join("testdata", "hello-"+name+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || string(want) != b.String() {
			t.Errorf("%s: %v\n%s", golden, err, b.String())
		}
	}
}

// tell writes the state for the golden files.
func tell(b *strings.Builder, s *Session) {
	p := s.Here()
	fmt.Fprintf(b, "step %d: %#x %s  % x  line %d: %s\n", s.Steps(), p.Address, p.Text, p.Bytes, p.Line, strings.TrimSpace(p.Source))
	if text := p.InHeader(); text != "" {
		fmt.Fprintf(b, "  %s\n", text)
	}
	for _, r := range s.Registers() {
		if r.Changed {
			fmt.Fprintf(b, "  %s = %#x, was %#x  %d %s %s\n", r.Name, r.Value, r.Old, r.Signed, r.Char, r.Points)
		}
	}
	for _, f := range s.FlagStates() {
		if f.Changed {
			fmt.Fprintf(b, "  %s %v: %s: %s\n", f.Name, f.Set, f.Title, f.Words)
		}
	}
	for _, w := range s.Stack(3) {
		fmt.Fprintf(b, "  stack %#x: %#x %s %s\n", w.Address, w.Value, w.Role, w.Points)
	}
	for _, c := range s.SystemCalls(1) {
		fmt.Fprintf(b, "  step %d made %s\n", c.Step, c.Text)
	}
	for _, r := range s.Map() {
		if r.Current {
			fmt.Fprintf(b, "  map %#x % x %v %v\n", r.Offset, r.Bytes, r.Fields, r.Code)
		}
	}
}
