// Package console is the command language of a debugging session: a line in, text
// out. Scripts and screen readers use it as it is; a screen takes its keys, its help
// and its command line from the same table.
package console

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"tasm/debugger"
	"tasm/diag"
	"tasm/vm"
)

// Console carries out commands.
type Console struct {
	*debugger.Session
	// Explain says in words why a program ended that did not exit; nil is Stop.Reason.
	Explain func() string
	// Quit is set once the user has asked for the end.
	Quit bool
	// Memory is where the command memory has looked last.
	Memory uint64

	last  string // the last command, which an empty line repeats
	told  int    // bytes of output that were shown
	found int    // line of the last search
}

// Command is a row of the table of commands.
type Command struct {
	Name, Short string
	Key         string // on a screen, "" if it has none
	Args        string // as help shows them
	Help        string
	run         func(c *Console, args string) (string, error)
}

// Commands returns the table of commands.
func Commands() []Command { return commands }

var commands []Command

func init() {
	commands = []Command{
		{"step", "s", "s", "[COUNT]", "carry out one instruction", counted((*debugger.Session).Step)},
		{"back", "b", "b", "[COUNT]", "take one instruction back", counted((*debugger.Session).Back)},
		{"over", "o", "o", "[COUNT]", "step; a subroutine that is called runs to its end", counted((*debugger.Session).Over)},
		{"back-over", "bo", "O", "[COUNT]", "take back what over did", counted((*debugger.Session).BackOver)},
		{"line", "l", "l", "[COUNT]", "run to the next line of the source", counted((*debugger.Session).Line)},
		{"back-line", "bl", "L", "[COUNT]", "go back to the line before", counted((*debugger.Session).BackLine)},
		{"out", "u", "u", "", "run until this subroutine returns", counted((*debugger.Session).Out)},
		{"back-out", "bu", "U", "", "go back to where this subroutine was called", counted((*debugger.Session).BackOut)},
		{"call", "k", "n", "[COUNT]", "run until the next system call is made", counted((*debugger.Session).NextCall)},
		{"back-call", "bk", "N", "[COUNT]", "go back to before the last system call", counted((*debugger.Session).BackCall)},
		{"continue", "c", "c", "", "run to a breakpoint, a watchpoint or the end", counted((*debugger.Session).Continue)},
		{"reverse", "r", "r", "", "run backwards to a breakpoint, a watchpoint or the start", counted((*debugger.Session).Reverse)},
		{"start", "", "g", "", "go back to the first instruction", counted((*debugger.Session).Start)},
		{"to", "t", "t", "LOCATION", "run to a line, a label or an address", located((*debugger.Session).RunTo)},
		{"back-to", "bt", "T", "LOCATION", "run back to a line, a label or an address", located((*debugger.Session).BackTo)},
		{"break", "", "B", "LOCATION [if CONDITION] | if CONDITION", "stop there, or where a condition becomes true: break 12 if ecx = 1", breakAt},
		{"watch", "w", "w", "EXPRESSION", "stop where a value changes: watch dword [count]", watch},
		{"delete", "d", "", "NUMBER", "remove a breakpoint or watchpoint", remove},
		{"points", "", "", "", "list breakpoints and watchpoints", points},
		{"set", "", "=", "PLACE = VALUE", "change a register, flag or memory: set eax = 5, set byte [msg] = 'x'", set},
		{"print", "p", "p", "EXPRESSION", "compute a value: print dword [count] + 1", printValue},
		{"where", "", "", "", "show the next instruction", func(c *Console, _ string) (string, error) { return c.Where(), nil }},
		{"registers", "reg", "", "", "show the registers", func(c *Console, _ string) (string, error) { return lines(c.RegisterLines()), nil }},
		{"flags", "f", "", "", "show the flags in words", func(c *Console, _ string) (string, error) { return lines(c.FlagLines()), nil }},
		{"stack", "", "", "[COUNT]", "show the top of the stack", stack},
		{"memory", "x", "x", "[ADDRESS]", "show memory at a label or an address, or go on", memory},
		{"calls", "", "", "", "show the system calls made so far", func(c *Console, _ string) (string, error) { return lines(c.CallLines(20)), nil }},
		{"frames", "", "", "", "show which subroutines the program is in", func(c *Console, _ string) (string, error) { return lines(c.FrameLines()), nil }},
		{"output", "", "", "", "show what the program has written", func(c *Console, _ string) (string, error) { return string(c.Output()), nil }},
		{"source", "", "", "[LINE]", "show the source around a line", source},
		{"map", "m", "", "", "show the bytes of the file with their fields", func(c *Console, _ string) (string, error) { return lines(c.MapLines(false)), nil }},
		{"find", "/", "/", "TEXT", "look for a text in the source, from the last find on", find},
		{"help", "h", "?", "[COMMAND]", "explain the commands", help},
		{"quit", "q", "q", "", "end the session", func(c *Console, _ string) (string, error) { c.Quit = true; return "", nil }},
	}
}

// Run reads commands until the end or quit and writes what they say.
func (c *Console) Run(in io.Reader, out io.Writer) error {
	if _, err := fmt.Fprintln(out, c.Where()); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for !c.Quit && lines.Scan() {
		if text := c.Do(lines.Text()); text != "" {
			if _, err := fmt.Fprintln(out, strings.TrimRight(text, "\n")); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// elsewhere are the words of gdb for what has another name here.
var elsewhere = map[string]string{
	"regs": "registers", "info": "registers", "stepi": "step", "si": "step", "next": "over", "nexti": "over", "ni": "over",
	"finish": "out", "fin": "out", "until": "to", "advance": "to", "run": "continue", "reverse-continue": "reverse", "rc": "reverse",
	"reverse-stepi": "back", "rsi": "back", "backtrace": "frames", "disassemble": "where", "disas": "where", "list": "source",
	"display": "watch", "examine": "memory", "exit": "quit", "restart": "start", "tbreak": "to", "undo": "back",
}

// Do carries out a command and returns what is to be said. An empty line is the last
// command again; what follows # is a comment.
func (c *Console) Do(line string) string {
	if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
		return ""
	}
	if line == "" {
		line = c.last
	}
	if line == "" {
		return ""
	}
	c.last = line
	word, args, _ := strings.Cut(line, " ")
	if rest, ok := strings.CutPrefix(line, "/"); ok {
		word, args = "find", rest
	}
	var names []string
	for i := range commands {
		r := &commands[i]
		names = append(names, r.Name)
		if word != r.Name && word != r.Short {
			continue
		}
		text, err := r.run(c, strings.TrimSpace(args))
		if err != nil {
			return "error: " + err.Error()
		}
		return text
	}
	if near := cmp.Or(elsewhere[word], diag.Nearest(word, names)); near != "" {
		return fmt.Sprintf("error: there is no command '%s'; did you mean '%s'?", word, near)
	}
	return fmt.Sprintf("error: there is no command '%s'; 'help' lists them", word)
}

// counted makes a command of a move that can be repeated.
func counted(move func(*debugger.Session) debugger.Pause) func(*Console, string) (string, error) {
	return func(c *Console, args string) (string, error) {
		count := 1
		if args != "" {
			n, err := strconv.Atoi(args)
			if err != nil || n < 1 {
				return "", fmt.Errorf("'%s' is no count", args)
			}
			count = n
		}
		p := debugger.Pause{}
		for ; count > 0 && p.Why == debugger.Done; count-- {
			p = move(c.Session)
		}
		return c.rest(p), nil
	}
}

// located makes a command of a move that leads to an address.
func located(move func(*debugger.Session, uint64) debugger.Pause) func(*Console, string) (string, error) {
	return func(c *Console, args string) (string, error) {
		at, err := c.Location(args)
		if err != nil {
			return "", err
		}
		return c.rest(move(c.Session, at)), nil
	}
}

// rest tells where and why a move came to rest.
func (c *Console) rest(p debugger.Pause) string {
	var said []string
	if out := c.Output(); len(out) > c.told {
		said = append(said, fmt.Sprintf("output: %q", out[c.told:]))
	}
	c.told = len(c.Output())
	if why := c.Why(p); why != "" {
		said = append(said, why)
	}
	if p.Why == debugger.Ended {
		return lines(said)
	}
	return lines(append(append(said, c.ChangeLines()...), c.Where()))
}

// Why says why a move came to rest; "" where it did what was asked for.
func (c *Console) Why(p debugger.Pause) string {
	switch p.Why {
	case debugger.Breaking:
		return fmt.Sprintf("breakpoint %d: %s", p.Point.ID, p.Point.Text)
	case debugger.Watching:
		return fmt.Sprintf("watchpoint %d: %s was %s, is %s", p.Point.ID, p.Point.Text, p.Old, p.New)
	case debugger.Ended:
		stop := c.Stop()
		if stop.Kind == vm.Exited || c.Explain == nil {
			return "the program " + stop.Reason
		}
		return strings.TrimRight(c.Explain(), "\n")
	case debugger.Beginning:
		return "this is the start of the program"
	case debugger.Forgotten:
		return "there is no way further back: a change was made by hand, and what was before is not recorded any more"
	case debugger.Interrupted:
		return "interrupted"
	}
	if p.Edit {
		return "a change by hand was taken back"
	}
	return ""
}

// Where shows the next instruction in a line.
func (c *Console) Where() string {
	if stop := c.Stop(); stop != nil {
		return "the program " + stop.Reason
	}
	p := c.Here()
	text := fmt.Sprintf("step %d  %#x  % x  %s", c.Steps(), p.Address, p.Bytes, p.Text)
	if p.Line > 0 {
		text += fmt.Sprintf("\n%s:%d  %s", p.File, p.Line, strings.TrimSpace(p.Source))
	}
	if header := p.InHeader(); header != "" {
		text += "\n" + header
	}
	return text
}

func breakAt(c *Console, args string) (string, error) {
	b, err := c.Break(args)
	if err != nil {
		return "", err
	}
	if b.Anywhere {
		return fmt.Sprintf("breakpoint %d: %s", b.ID, b.Text), nil
	}
	p := c.Place(b.Address)
	return fmt.Sprintf("breakpoint %d: %s, at %#x%s", b.ID, b.Text, b.Address, lineOf(p.Line)), nil
}

func lineOf(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" in line %d", n)
}

func watch(c *Console, args string) (string, error) {
	b, err := c.Watch(args)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("watchpoint %d: %s", b.ID, b.Text), nil
}

func remove(c *Console, args string) (string, error) {
	n, err := strconv.Atoi(args)
	if err != nil || !c.Delete(n) {
		return "", fmt.Errorf("there is no breakpoint '%s'; 'points' lists them", args)
	}
	return "", nil
}

func points(c *Console, _ string) (string, error) {
	var list []string
	for _, b := range c.Points() {
		kind := "breakpoint"
		if b.Watch != nil {
			kind = "watchpoint"
		}
		list = append(list, fmt.Sprintf("%s %d: %s, hit %d times", kind, b.ID, b.Text, b.Hits))
	}
	if len(list) == 0 {
		return "there are none", nil
	}
	return lines(list), nil
}

func printValue(c *Console, args string) (string, error) {
	n, err := c.Evaluate(args)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d = %#x", n, uint64(n))
	if points := c.Pointed(uint64(n)); points != "" {
		text += "  " + points
	}
	return text, nil
}

func set(c *Console, args string) (string, error) {
	place, text, ok := strings.Cut(args, "=")
	if !ok {
		return "", fmt.Errorf("it is written: set eax = 5")
	}
	if err := c.Assign(strings.TrimSpace(place), text); err != nil {
		return "", err
	}
	return c.Where(), nil
}

func stack(c *Console, args string) (string, error) {
	count := 8
	if n, err := strconv.Atoi(args); err == nil && n > 0 {
		count = n
	}
	return lines(c.StackLines(count)), nil
}

func memory(c *Console, args string) (string, error) {
	const rows, width = 4, 16
	if args != "" {
		n, err := c.Evaluate(args)
		if err != nil {
			return "", err
		}
		c.Memory = uint64(n)
	}
	text := lines(c.MemoryLines(rows, width))
	c.Memory += rows * width
	c.last = "memory"
	return text, nil
}

func source(c *Console, args string) (string, error) {
	_, list := c.Source("")
	if list == nil {
		return "", fmt.Errorf("there is no source")
	}
	middle := c.Here().Line
	if args != "" {
		n, err := strconv.Atoi(args)
		if err != nil || n < 1 || n > len(list) {
			return "", fmt.Errorf("the source has %d lines", len(list))
		}
		middle = n
	}
	const around = 5
	var out []string
	for i := max(0, middle-1-around); i < min(len(list), middle+around); i++ {
		out = append(out, SourceText(&list[i]))
	}
	return lines(out), nil
}

// find looks for a text in the source, case not counting.
func find(c *Console, args string) (string, error) {
	n, err := c.Find(args)
	if err != nil {
		return "", err
	}
	return source(c, strconv.Itoa(n))
}

// Find returns the next line of the source that has a text.
func (c *Console) Find(text string) (int, error) {
	_, list := c.Source("")
	for i := range list {
		n := (c.found + i) % len(list)
		if strings.Contains(strings.ToLower(list[n].Text), strings.ToLower(text)) {
			c.found = n + 1
			return n + 1, nil
		}
	}
	return 0, fmt.Errorf("the source has no '%s'", text)
}

func help(c *Console, args string) (string, error) {
	var list []string
	for _, r := range commands {
		if args != "" && args != r.Name && args != r.Short {
			continue
		}
		name := r.Name
		if r.Short != "" {
			name += ", " + r.Short
		}
		list = append(list, fmt.Sprintf("%-14s %s", name, r.Help))
		if args != "" {
			list = append(list, "written: "+strings.TrimSpace(r.Name+" "+r.Args))
		}
	}
	if list == nil {
		return "", fmt.Errorf("there is no command '%s'", args)
	}
	if args == "" {
		list = append(list, "", "A location is a line (12, file:12), a label or an address (0x8048054). Expressions know",
			"registers, flags, labels, byte [address], signed(x), step and nasm's operators.", "An empty line repeats the last command.")
	}
	return lines(list), nil
}

func lines(list []string) string {
	return strings.Join(list, "\n")
}
