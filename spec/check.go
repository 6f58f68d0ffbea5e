package spec

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aymanbagabas/go-udiff"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/linux"
	"tasm/vm"
)

// aspect is what a check looks at.
type aspect uint8

const (
	looksAtRun          aspect = 1 << iota // what anybody sees of a program that runs
	looksAtFile                            // what was built
	looksAtCalls                           // its system calls
	looksAtSteps                           // how many instructions it carries out
	looksAtInstructions                    // which
)

// virtual are the aspects that only the virtual machine tells.
const virtual = looksAtCalls | looksAtSteps | looksAtInstructions

// Check is one thing that a case expects.
type Check struct {
	Range  diag.Range // the line that says it
	key    string     // what a case can say only once; "" for others
	aspect aspect
	judge  func(*Outcome) *finding // nil where it holds
	stdout bool                    // it compares standard output
}

// endKey is the key of checks of a program's end.
const endKey = "end"

// finding is what is wrong.
type finding struct {
	text     string
	diff     string // several lines, "" for none
	note     diag.Range
	noteText string
	isEnd    bool // it is about how the program ended
	// differ tells that texts differ from the byte at offset of what came on.
	differ bool
	offset int
}

func found(format string, args ...any) *finding { return &finding{text: fmt.Sprintf(format, args...)} }

// about puts what a finding is about before it.
func (f *finding) about(name string) *finding {
	if f != nil {
		f.text = name + " " + f.text
	}
	return f
}

// Outcome is what came of a run.
type Outcome struct {
	Built          *Built
	Stdout, Stderr []byte
	// Kind, with the status or the number of the signal, is how it ended; Reason says
	// the same as a clause without subject.
	Kind   vm.StopKind
	Status int
	Reason string
	// Why explains an end by signal or limit in the words of the source, nil if nothing does.
	Why     *diag.Message
	File    func(name string) ([]byte, bool)
	Elapsed time.Duration // virtual in the virtual machine

	// What only the virtual machine tells.
	Calls    map[string]int // by name
	Steps    int64
	Executed map[execution]bool
	writes   []written
}

// execution is an instruction carried out, with a prefix, NoPrefix if it has none.
type execution struct {
	form   *x86.Form
	prefix x86.PrefixID
}

// note notes that an instruction is carried out.
func (o *Outcome) note(in *x86.Decoded) {
	o.Executed[execution{form: in.Form}] = true
	for _, p := range in.Prefixes {
		o.Executed[execution{in.Form, p}] = true
	}
}

// executed reports whether an instruction was carried out.
func (o *Outcome) executed(n named) bool {
	for e := range o.Executed {
		if n.is(e.form.Mnemonic(), []x86.PrefixID{e.prefix}) {
			return true
		}
	}
	return false
}

// written is a write to standard output: up to which byte, by which instruction.
type written struct {
	end int
	ip  uint64
}

// writer returns where the source writes the byte at an offset of standard output.
func (o *Outcome) writer(offset int) (diag.Range, bool) {
	for _, w := range o.writes {
		if offset < w.end {
			s := o.Built.Symbols.At(w.ip)
			if s == nil {
				break
			}
			return s.Range, true
		}
	}
	return diag.Range{}, false
}

// made is how many system calls there were.
func (o *Outcome) made() (n int64) {
	for _, count := range o.Calls {
		n += int64(count)
	}
	return n
}

// exits returns a check for an exit with a status.
func exits(status int) func(*Outcome) *finding {
	return func(o *Outcome) *finding {
		if o.Kind == vm.Exited && o.Status == status {
			return nil
		}
		return ends(o, fmt.Sprintf("exit status %d", status))
	}
}

// dies returns a check for an end by a signal.
func dies(signal int) func(*Outcome) *finding {
	return func(o *Outcome) *finding {
		if o.Kind == vm.Killed && o.Status == signal {
			return nil
		}
		code, _ := linux.Signals().ByNumber(signal)
		return ends(o, "an end by "+code.Name)
	}
}

func ends(o *Outcome, want string) *finding {
	how := o.Reason
	switch o.Kind {
	case vm.Exited:
		how = fmt.Sprintf("exits with status %d", o.Status)
	case vm.Killed:
		code, _ := linux.Signals().ByNumber(o.Status)
		how = "is ended by " + code.Name
	}
	f := found("the program %s, where %s is expected", how, want)
	f.isEnd = true
	return f
}

func exactly(want, got []byte) *finding {
	if bytes.Equal(want, got) {
		return nil
	}
	f := differs(visible(want), visible(got))
	f.differ = true
	for f.offset < min(len(want), len(got)) && want[f.offset] == got[f.offset] {
		f.offset++
	}
	return f
}

func byLines(want, got []byte) *finding {
	w, g := bareLines(want), bareLines(got)
	if strings.Join(w, "\n") == strings.Join(g, "\n") {
		return nil
	}
	f := differs(w, g)
	f.differ = true
	for i := 0; i < min(len(w), len(g)) && w[i] == g[i]; i++ {
		f.offset += bytes.IndexByte(got[f.offset:], '\n') + 1
	}
	return f
}

// bareLines are the lines of a text without the blanks at their ends, and without
// empty ones behind the last.
func bareLines(text []byte) []string {
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func contains(want, got []byte) *finding {
	if bytes.Contains(got, want) {
		return nil
	}
	return found("does not contain %s", shown(want)).withText(got)
}

func matches(pattern *regexp.Regexp, got []byte) *finding {
	if pattern.Match(got) {
		return nil
	}
	return found("does not match /%s/", pattern).withText(got)
}

// mostShown bounds what is shown of a text, in lines and bytes of a line.
const mostShown, longestLine = 40, 200

// withText shows the text that a finding is about.
func (f *finding) withText(got []byte) *finding {
	if len(got) == 0 {
		f.text += "; it is empty"
		return f
	}
	lines := visible(got)
	f.diff = "+" + strings.Join(short(lines), "\n+") + "\n"
	return f
}

// shown is a short text in quotes.
func shown(text []byte) string {
	if len(text) > longestLine {
		return strconv.Quote(string(text[:longestLine])) + "..."
	}
	return strconv.Quote(string(text))
}

// visible are the lines of a text with what can't be seen spelled out.
func visible(text []byte) []string {
	var lines []string
	for line := range bytes.Lines(text) {
		body, ended := bytes.CutSuffix(line, []byte("\n"))
		quoted := strconv.Quote(string(body))
		s := strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
		if bare := strings.TrimRight(s, " "); bare != s {
			s = bare + strings.Repeat("·", len(s)-len(bare)) // blanks at the end
		}
		if !ended {
			s += "  (no \\n at the end)"
		}
		lines = append(lines, s)
	}
	return lines
}

// short cuts lines that are too many or too long.
func short(lines []string) []string {
	var out []string
	for i, l := range lines {
		if i == mostShown {
			return append(out, fmt.Sprintf("... and %d lines more", len(lines)-i))
		}
		out = append(out, cut(l))
	}
	return out
}

// cut cuts a line that is too long.
func cut(l string) string {
	if len(l) > longestLine {
		return strings.ToValidUTF8(l[:longestLine], "") + "..."
	}
	return l
}

// Lines of a text that are compared line by line; what is longer is cut.
const mostCompared = 2000

// differs shows the difference of two texts, given as lines.
func differs(want, got []string) *finding {
	line := 0
	for line < min(len(want), len(got)) && want[line] == got[line] {
		line++
	}
	f := found("differs in line %d", line+1)
	switch {
	case len(got) == 0:
		f.text = "is empty"
	case line == len(got):
		f.text = fmt.Sprintf("ends after line %d of %d", line, len(want))
	case len(want) == 0:
		f.text = "is not empty"
	case line == len(want):
		f.text = fmt.Sprintf("goes on after line %d", line)
	}
	from := max(0, line-mostShown/2) // what is far above is the same
	a, b := window(want, from), window(got, from)
	diff := udiff.Unified("expected", "got", a, b)
	// The two lines that name the texts and those that count lines say nothing here.
	var kept []string
	for _, l := range strings.Split(strings.TrimRight(diff, "\n"), "\n") {
		if !strings.HasPrefix(l, "--- ") && !strings.HasPrefix(l, "+++ ") && !strings.HasPrefix(l, "@@ ") {
			kept = append(kept, l)
		}
	}
	f.diff = strings.Join(short(kept), "\n") + "\n"
	return f
}

// window joins the lines that are compared.
func window(lines []string, from int) string {
	lines = lines[from:min(len(lines), from+mostCompared)]
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(cut(l) + "\n")
	}
	return b.String()
}
