package spec

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"strings"

	"tasm/layout"
	"tasm/linux"
	"tasm/vm"
)

// statement is what a line of notation can begin with.
type statement struct {
	name string // the words that it begins with
	args string // what follows, for people
	does string
	read func(r *reader)
}

// form is how the statement is written.
func (s *statement) form() string { return strings.TrimSpace(s.name + " " + s.args) }

// mostWords is how many words name a statement at most.
const mostWords = 3

// statements are all that a line of a case can be; init breaks the cycle of the
// table and its readers.
var statements []statement

func init() {
	statements = []statement{
		{"args", "WORD...", "arguments of the program, behind its name; further lines add more", (*reader).args},
		{"env", "NAME=VALUE...", "its environment, which is empty otherwise", (*reader).env},
		{"stdin", "TEXT", "what it reads from standard input", (*reader).stdin},
		{"file", "NAME TEXT", "a file that it finds", (*reader).file},
		{"fail", "CALL[@N]=ERROR|short:N...", "answers of the kernel: the Nth call fails with an error, or passes on N bytes at most", (*reader).force},
		{"send", "SIGNAL", "a signal that it gets when it waits for ever", (*reader).send},
		{"close stdout after", "N", "whoever reads its standard output goes away after N bytes", (*reader).closeAfter},
		{"target", "SYSTEM...", "the systems that it is built for; the first that the source names otherwise", (*reader).target},
		{"layout", "LAYOUT", "how it is laid out: " + strings.Join(layoutNames(), ", "), (*reader).layout},
		{"flat", "", "the source makes the whole file, headers and all (nasm -f bin)", func(r *reader) { r.case_.Flat = true }},
		{"no run", "", "it is built and measured, not started", func(r *reader) { r.case_.NoRun = true }},
	}
	for _, stream := range []struct {
		name, is string
		of       func(*Outcome) []byte
	}{
		{"stdout", "standard output", func(o *Outcome) []byte { return o.Stdout }},
		{"stderr", "standard error", func(o *Outcome) []byte { return o.Stderr }},
	} {
		read := func(r *reader, how comparison) {
			r.compare("expect "+stream.name, how, looksAtRun, func(o *Outcome) ([]byte, string) { return stream.of(o), stream.is })
		}
		for _, how := range comparisons {
			statements = append(statements, statement{
				strings.TrimSpace("expect " + stream.name + " " + how.name), how.args, stream.is + " " + how.does,
				func(r *reader) { read(r, how) },
			})
		}
	}
	statements = append(statements, []statement{
		{"expect file", "NAME [lines|contains|matches] TEXT", "what a file holds afterwards", (*reader).expectFile},
		{"expect no file", "NAME", "a file that is not there afterwards", (*reader).expectNoFile},
		{"expect status", "N", "the exit status; where nothing is said of the end it has to be 0", (*reader).expectStatus},
		{"expect signal", "SIGNAL", "the signal that ends it", (*reader).expectSignal},
		{"expect call", "NAME...", "system calls that it makes", func(r *reader) { r.calls(true) }},
		{"expect no call", "NAME...", "system calls that it does not make", func(r *reader) { r.calls(false) }},
		{"expect instruction", "NAME...", "instructions that it carries out, or prefixes such as rep", func(r *reader) { r.instructions(true) }},
		{"expect no instruction", "NAME...", "instructions or prefixes that its source does not contain, not even as data that runs, or sys", func(r *reader) { r.instructions(false) }},
		{"expect at most", "N steps|bytes|calls|ms", "bounds: instructions carried out, the size of the file, system calls, milliseconds", func(r *reader) { r.bound(true) }},
		{"expect at least", "N steps|bytes|calls|ms", "the same, from below", func(r *reader) { r.bound(false) }},
	}...)
}

// Form is a line of the notation for people.
type Form struct {
	Name string // the words that it begins with
	Form string // with what follows them
	Does string
}

// Forms returns how each line of the notation is written and what it says.
func Forms() []Form {
	list := []Form{{"test", `test "NAME"`, "begins a test"}, {"tests", "tests", "begins lines that hold for all tests that follow"}}
	for _, s := range statements {
		list = append(list, Form{s.name, s.form(), s.does})
	}
	return list
}

func layoutNames() (names []string) {
	for _, s := range layout.Strategies {
		names = append(names, s.Name)
	}
	return names
}

func (r *reader) args() {
	for _, t := range r.values("an argument") {
		if strings.IndexByte(t.text, 0) >= 0 {
			r.fail(t.at, "an argument can't hold a zero byte, which ends it")
			return
		}
		r.case_.Args = append(r.case_.Args, t.text)
	}
}

func (r *reader) env() {
	for _, t := range r.values("a variable") {
		name, _, ok := strings.Cut(t.text, "=")
		if !ok || name == "" || strings.IndexByte(t.text, 0) >= 0 {
			r.fail(t.at, "a variable is NAME=VALUE").Notef(`quotes go around all of it: "NAME=two words"`)
			return
		}
		r.case_.Env = append(r.case_.Env, t.text)
	}
}

func (r *reader) stdin() {
	c := r.case_
	r.readText(func(s string) { c.Stdin = append(c.Stdin, s...) })
}

// fileName takes the name of a file.
func (r *reader) fileName() (string, bool) {
	if len(r.tokens) == 0 {
		r.fail(r.head, "the name of a file is missing")
		return "", false
	}
	t := r.next()
	clean := path.Clean(t.text)
	if t.kind == patternToken || t.text == "" || clean == "." || clean == "/" || strings.HasPrefix(clean, "..") || strings.IndexByte(clean, 0) >= 0 {
		r.fail(t.at, "this can't be the name of a file").Notef("it is a path below the folder that the program runs in: notes.txt")
		return "", false
	}
	return clean, true
}

func (r *reader) file() {
	name, ok := r.fileName()
	if !ok {
		return
	}
	c, i := r.case_, len(r.case_.Files)
	c.Files = append(c.Files, File{Name: name})
	r.readText(func(s string) { c.Files[i].Data = append(c.Files[i].Data, s...) })
}

func (r *reader) force() {
	for _, t := range r.values("an answer") {
		f, err := vm.ParseForce(t.text)
		if err != nil {
			r.fail(t.at, "%s", err).Notef("an answer is written write=EPIPE, write@2=EINTR (the second call) or read=short:3 (3 bytes at most)")
			return
		}
		r.case_.Force = append(r.case_.Force, f)
	}
}

// signal takes the name of a signal.
func (r *reader) signal() (int, bool) {
	var names []string
	for _, s := range linux.Signals() {
		names = append(names, s.Name)
	}
	t, ok := r.word("the signal", names)
	if !ok {
		return 0, false
	}
	code, _ := linux.Signals().ByName(t.text)
	return code.Number, true
}

func (r *reader) send() {
	if n, ok := r.signal(); ok {
		r.case_.Signal = n
	}
}

func (r *reader) closeAfter() {
	if n, ok := r.number("the count of bytes", 0, math.MaxInt32); ok {
		r.case_.CloseAfter = n
	}
}

func (r *reader) target() {
	var names []string
	for _, t := range linux.Targets() {
		names = append(names, t.String())
	}
	r.case_.Targets = nil
	for _, t := range r.words("a system", names) {
		r.case_.Targets = append(r.case_.Targets, t.text)
	}
}

func (r *reader) layout() {
	if t, ok := r.word("a layout", layoutNames()); ok {
		r.case_.Layout = t.text
	}
}

// expect adds a check. Of those with the same key a case has one: its own, or that
// of all tests. It returns false where there is one already.
func (r *reader) expect(key string, looks aspect, judge func(*Outcome) *finding) bool {
	k := Check{Range: r.line.at, key: key, aspect: looks, judge: judge, stdout: key == "expect stdout"}
	for i, other := range r.case_.Checks {
		if key == "" || other.key != key {
			continue
		}
		for _, inherited := range r.base.Checks {
			if r.case_ != r.base && inherited.Range == other.Range {
				r.case_.Checks[i] = k
				return true
			}
		}
		r.fail(r.line.at, "this has been said already").NoteAt(other.Range, "here")
		return false
	}
	r.case_.Checks = append(r.case_.Checks, k)
	return true
}

// comparison is a way to compare a text with what is expected.
type comparison struct {
	name, args, does string
	differs          func(want, got []byte) *finding
}

var comparisons = []comparison{
	{"", "TEXT", "is exactly this", exactly},
	{"lines", "TEXT", "has these lines, whatever blanks end them", byLines},
	{"contains", "TEXT", "holds this somewhere", contains},
	{"matches", "/PATTERN/", "fits a pattern (a regular expression of Go, such as /^[0-9]+\\n$/)", nil},
}

// compare reads what a text is compared with and adds the check.
func (r *reader) compare(key string, how comparison, looks aspect, of func(*Outcome) ([]byte, string)) {
	if how.differs != nil {
		want := new([]byte)
		if how.name == "contains" {
			key = "" // there may be several
		}
		if r.expect(key, looks, func(o *Outcome) *finding {
			got, name := of(o)
			return how.differs(*want, got).about(name)
		}) {
			r.readText(func(s string) { *want = append(*want, s...) })
		}
		return
	}
	t, ok := r.take(patternToken, "a pattern between slashes")
	if !ok {
		return
	}
	pattern, err := regexp.Compile(t.text)
	if err != nil {
		r.fail(t.at, "this is no pattern: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return
	}
	r.expect("", looks, func(o *Outcome) *finding {
		got, name := of(o)
		return matches(pattern, got).about(name)
	})
}

func (r *reader) expectFile() {
	name, ok := r.fileName()
	if !ok {
		return
	}
	how := comparisons[0]
	for _, other := range comparisons[1:] {
		if len(r.tokens) > 0 && r.peek(other.name) {
			r.next()
			how = other
			break
		}
	}
	r.head = r.line.at
	r.compare("file "+name, how, looksAtRun, func(o *Outcome) ([]byte, string) {
		data, ok := o.File(name)
		if !ok {
			return nil, fmt.Sprintf("the file '%s' is not there, and so", name)
		}
		return data, fmt.Sprintf("the file '%s'", name)
	})
}

func (r *reader) expectNoFile() {
	name, ok := r.fileName()
	if !ok {
		return
	}
	r.expect("file "+name, looksAtRun, func(o *Outcome) *finding {
		if _, there := o.File(name); there {
			return found("the file '%s' is there", name)
		}
		return nil
	})
}

func (r *reader) expectStatus() {
	if n, ok := r.number("the exit status", 0, 255); ok {
		r.expect(endKey, looksAtRun, exits(int(n)))
	}
}

func (r *reader) expectSignal() {
	if n, ok := r.signal(); ok {
		r.expect(endKey, looksAtRun, dies(n))
	}
}

// callNames are the system calls of all ABIs.
func callNames() (names []string) {
	for _, abi := range []*linux.ABI{linux.I386, linux.X8664} {
		names = append(names, linux.Names(abi)...)
	}
	return names
}

func (r *reader) calls(wanted bool) {
	for _, t := range r.words("a system call", callNames()) {
		r.expect("", looksAtCalls, func(o *Outcome) *finding {
			switch made := o.Calls[t.text] > 0; {
			case made && !wanted:
				return found("the program makes the call %s", t.text)
			case !made && wanted:
				return found("the program does not make the call %s", t.text)
			}
			return nil
		})
	}
}

func (r *reader) instructions(wanted bool) {
	for i := range r.tokens { // as in a source
		r.tokens[i].text = strings.ToLower(r.tokens[i].text)
	}
	for _, t := range r.words("an instruction", instructionNames()) {
		n := instructionNamed(t.text)
		if wanted {
			r.expect("", looksAtInstructions, func(o *Outcome) *finding {
				if o.executed(n) || n.sys && o.Built.uses(n) != nil {
					return nil
				}
				return found("the program never carries out %s", t.text)
			})
			continue
		}
		r.expect("", looksAtFile, func(o *Outcome) *finding {
			if at := o.Built.uses(n); at != nil {
				f := found("the source uses %s", t.text)
				f.note, f.noteText = *at, "here"
				return f
			}
			return nil
		})
		// Nor smuggled in as data. In other layouts than plain code is not the source's alone.
		r.expect("", looksAtInstructions, func(o *Outcome) *finding {
			if o.Built.Layout != "plain" || o.Built.uses(n) != nil || !o.executed(n) {
				return nil
			}
			return found("the program carries out %s, though its source does not name it", t.text)
		})
	}
}

// quantities are what can be bounded.
var quantities = []struct {
	name   string
	aspect aspect
	of     func(*Outcome) int64
	is     string // a clause that takes the number
}{
	{"steps", looksAtSteps, func(o *Outcome) int64 { return o.Steps }, "the program takes %d steps"},
	{"bytes", looksAtFile, func(o *Outcome) int64 { return int64(len(o.Built.File.Bytes)) }, "the program has %d bytes"},
	{"calls", looksAtCalls, func(o *Outcome) int64 { return o.made() }, "the program makes %d system calls"},
	{"ms", looksAtRun, func(o *Outcome) int64 { return o.Elapsed.Milliseconds() }, "the program runs for %d ms"},
}

// bound reads a bound from above or below.
func (r *reader) bound(above bool) {
	n, ok := r.number("a number", 0, math.MaxInt64)
	if !ok {
		return
	}
	var names []string
	for _, q := range quantities {
		names = append(names, q.name)
	}
	t, ok := r.word("the unit", names)
	if !ok {
		return
	}
	for _, q := range quantities {
		if q.name != t.text {
			continue
		}
		key := fmt.Sprint(q.name, above)
		r.expect(key, q.aspect, func(o *Outcome) *finding {
			got := q.of(o)
			switch {
			case above && got > n:
				return found(q.is+", %d more than allowed", got, got-n)
			case !above && got < n:
				return found(q.is+", less than %d", got, n)
			}
			return nil
		})
		switch {
		case above && q.name == "steps":
			r.case_.MostSteps = n
		case above && q.name == "bytes":
			r.case_.MostBytes = n
		}
	}
}

// finish adds what is expected where nothing was said.
func (c *Case) finish() {
	if c.NoRun {
		return
	}
	for _, k := range c.Checks {
		if k.key == endKey {
			return
		}
	}
	end := exits(0)
	switch {
	case c.CloseAfter >= 0:
		end = dies(sigPipe)
	case c.Signal != 0:
		end = dies(c.Signal)
	}
	c.Checks = append(c.Checks, Check{Range: c.Range, key: endKey, aspect: looksAtRun, judge: end})
}

// sigPipe ends a program that writes to nobody (linux/signals.tsv).
const sigPipe = 13
