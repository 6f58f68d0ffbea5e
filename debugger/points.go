package debugger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Breakpoint is where, or when, a run comes to rest.
type Breakpoint struct {
	ID int
	// Text is what it was made of: "12", "loop if ecx = 1".
	Text string
	// Address is that of the instruction before which it stops, unless Anywhere is
	// set.
	Address  uint64
	Anywhere bool
	// Condition must hold, if it is not nil. Anywhere, it must have become true.
	Condition *Expression
	// Watch is set for a watchpoint: it stops where the value changes.
	Watch *Expression
	Hits  int
}

// Break adds a breakpoint: "LOCATION", "LOCATION if CONDITION" or "if CONDITION".
func (s *Session) Break(text string) (*Breakpoint, error) {
	location, condition, conditional := cutWord(text, "if")
	b := &Breakpoint{Text: strings.TrimSpace(text)}
	var err error
	if conditional {
		if b.Condition, err = s.Parse(condition); err != nil {
			return nil, err
		}
	}
	if location = strings.TrimSpace(location); location == "" && conditional {
		b.Anywhere = true
	} else if b.Address, err = s.Location(location); err != nil {
		return nil, err
	}
	return s.add(b), nil
}

// cutWord splits a text at a word of its own.
func cutWord(text, word string) (before, after string, found bool) {
	fields := " " + text + " "
	if i := strings.Index(fields, " "+word+" "); i >= 0 {
		return fields[:i], fields[i+len(word)+2:], true
	}
	return text, "", false
}

// Watch adds a watchpoint: it stops where the value of an expression changes.
func (s *Session) Watch(text string) (*Breakpoint, error) {
	e, err := s.Parse(text)
	if err != nil {
		return nil, err
	}
	return s.add(&Breakpoint{Text: e.Text, Watch: e, Anywhere: true}), nil
}

func (s *Session) add(b *Breakpoint) *Breakpoint {
	s.ids++
	b.ID = s.ids
	s.points = append(s.points, b)
	return b
}

// Delete removes a breakpoint or watchpoint, and reports whether there was one with
// the number.
func (s *Session) Delete(id int) bool {
	n := len(s.points)
	s.points = slices.DeleteFunc(s.points, func(b *Breakpoint) bool { return b.ID == id })
	return len(s.points) < n
}

// Toggle removes the breakpoints of a line or adds one, which it returns.
func (s *Session) Toggle(address uint64, text string) *Breakpoint {
	n := len(s.points)
	s.points = slices.DeleteFunc(s.points, func(b *Breakpoint) bool { return !b.Anywhere && b.Address == address })
	if len(s.points) < n {
		return nil
	}
	return s.add(&Breakpoint{Text: text, Address: address})
}

// Points returns the breakpoints and watchpoints. The caller must not change the
// slice.
func (s *Session) Points() []*Breakpoint { return s.points }

// Location returns the address of an instruction: of a line, "12" or "file:12", of a
// label, or of an expression that begins with 0x or *.
func (s *Session) Location(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	file, number := "", text
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		file, number = text[:i], text[i+1:]
	}
	if line, err := strconv.Atoi(number); err == nil {
		if file == "" {
			file = s.mainFile()
		}
		return s.lineAddress(file, line)
	}
	if text == "" {
		return 0, fmt.Errorf("a line, a label or an address is missing")
	}
	n, err := s.Evaluate(strings.TrimPrefix(text, "*"))
	return uint64(n), err
}

// mainFile returns the name of the source that the next instruction, or else the
// first one, is in.
func (s *Session) mainFile() string {
	if f := s.line().File; f != "" || s.Table == nil {
		return f
	}
	im, bias := s.Image()
	return s.lineAt(im.Entry + bias).File
}

// lineAddress returns the address of the first instruction in a line or, where it has
// none, in the next one that has.
func (s *Session) lineAddress(file string, line int) (uint64, error) {
	if s.Table == nil {
		return 0, fmt.Errorf("there is no source: give an address, such as 0x8048000")
	}
	best, found := line, uint64(0)
	ok := false
	for _, at := range s.Table.Statements() {
		l := s.Table.At(at)
		if l == nil || l.File != file || l.Number < line || ok && l.Number >= best {
			continue
		}
		best, found, ok = l.Number, at, true
	}
	if !ok {
		return 0, fmt.Errorf("there is no instruction in or behind line %d of %s", line, file)
	}
	return found, nil
}

// watcher looks after each step whether the run comes to rest.
type watcher struct {
	session *Session
	before  []watched
}

// watched is what an expression was worth before a step.
type watched struct {
	point *Breakpoint
	n     int64
	known bool
}

func (s *Session) watch() *watcher {
	w := &watcher{session: s}
	for _, b := range s.points {
		if e := b.everywhere(); e != nil {
			n, err := e.Value(s)
			w.before = append(w.before, watched{b, n, err == nil})
		}
	}
	return w
}

// everywhere returns the expression to look at after each step, nil for a breakpoint
// at an address.
func (b *Breakpoint) everywhere() *Expression {
	switch {
	case b.Watch != nil:
		return b.Watch
	case b.Anywhere:
		return b.Condition
	}
	return nil
}

// look reports whether a breakpoint or watchpoint is hit.
func (w *watcher) look() (Pause, bool) {
	s := w.session
	ip := s.IP()
	for _, b := range s.points {
		if b.Anywhere || b.Address != ip || s.Stop() != nil {
			continue
		}
		if b.Condition != nil {
			if n, err := b.Condition.Value(s); err != nil || n == 0 {
				continue
			}
		}
		b.Hits++
		return Pause{Why: Breaking, Point: b}, true
	}
	for i := range w.before {
		old := &w.before[i]
		n, err := old.point.everywhere().Value(s)
		known := err == nil
		if n == old.n && known == old.known {
			continue
		}
		before := *old
		old.n, old.known = n, known
		if old.point.Watch == nil {
			if n == 0 || !known || before.known && before.n != 0 {
				continue
			}
			old.point.Hits++
			return Pause{Why: Breaking, Point: old.point}, true
		}
		old.point.Hits++
		return Pause{Why: Watching, Point: old.point, Old: before.text(), New: old.text()}, true
	}
	return Pause{}, false
}

func (w *watched) text() string {
	if !w.known {
		return "nothing"
	}
	if w.n > -10 && w.n < 10 {
		return fmt.Sprint(w.n)
	}
	return fmt.Sprintf("%#x", uint64(w.n))
}
