package screen

import (
	"fmt"
	"path"
	"strings"

	"tasm/debugger/console"
)

// Sizes in characters. The panes on the right are for registers, flags and stack.
const (
	leastWidth, leastHeight = 60, 16
	widestRight             = 60
)

// panes are those at the bottom on the left, which the tab key changes.
var panes = []struct {
	title string
	lines func(m *model, width, height int) []string
}{
	{"calls and output", (*model).callLines},
	{"memory", (*model).memoryLines},
	{"subroutines", func(m *model, _, _ int) []string { return m.console.FrameLines() }},
	{"breakpoints", func(m *model, _, _ int) []string { return strings.Split(m.console.Do("points"), "\n") }},
}

const memoryPane = 1

// lines draws the screen.
func (m *model) lines() []string {
	right := min(widestRight, m.width*9/20)
	if m.showsMap() { // which is wide
		right = min(widestRight, m.width*2/5)
	}
	left := m.width - right - 1
	body := m.height - 3 // between the title, what was said, and the keys
	lower := max(4, min(body/3, 12))
	mine := m.mainPane(left, body-lower-1)
	mine = append(mine, m.rule(panes[m.pane].title+" (tab)", left))
	mine = append(mine, fit(panes[m.pane].lines(m, left, lower), lower, false)...)
	other := m.rightPane(right, body)
	list := []string{m.colour(reversed, pad(m.title(), m.width))}
	for i := range body {
		list = append(list, m.paint(pad(mine[i], left))+"|"+m.paint(pad(other[i], right)))
	}
	return append(list, m.saidLine(), m.colour(faint, pad("s step b back o over u out l line c run r reverse B break : command ? help q quit", m.width)))
}

func (m *model) title() string {
	c := m.console
	text := fmt.Sprintf(" %s  step %d", m.options.Title, c.Steps())
	if stop := c.Stop(); stop != nil {
		return text + "  the program " + stop.Reason
	}
	p := c.Here()
	if p.Line > 0 {
		text += fmt.Sprintf("  %s:%d", path.Base(p.File), p.Line)
	}
	if header := p.InHeader(); header != "" {
		text += "  " + header
	}
	return text
}

// saidLine is the command line, or what the last command said.
func (m *model) saidLine() string {
	switch {
	case m.prompt != "":
		return pad(strings.TrimRight(m.prompt, " ")+" "+m.typed+"_", m.width)
	case len(m.said) > 0:
		return m.colour(bold, pad(strings.Join(m.said, " | "), m.width))
	}
	return pad(strings.ReplaceAll(instruction(m.console), "\n", "  "), m.width)
}

// instruction tells the next instruction with its bytes.
func instruction(c *console.Console) string {
	p := c.Here()
	if c.Stop() != nil {
		return ""
	}
	return fmt.Sprintf("next: %#x  % x  %s", p.Address, p.Bytes, p.Text)
}

// showsMap reports whether the main pane shows the map of the file: where no line of
// the source stands behind the next instruction, unless the user wants something else.
func (m *model) showsMap() bool {
	if m.asMap == 0 {
		return m.console.Here().Line == 0 && m.console.Listing != nil
	}
	return m.asMap == 2
}

// mainPane shows the source, the map of the file, or the instructions.
func (m *model) mainPane(width, height int) []string {
	c := m.console
	if m.showsMap() {
		const roomy = 64
		list := c.MapLines(width < roomy)
		return m.around(list, "map of the file (m)", width, height)
	}
	name, source := c.Source("")
	var list []string
	for i := range source {
		l := &source[i]
		text := console.SourceText(l)
		const column, number = 20, 6 // how wide bytes are, where there is room for them, and what stands before
		if width > 2*column+number {
			text = text[:number] + "  " + pad(bytesText(l.Bytes), column) + strings.TrimPrefix(text[number:], "  ")
		}
		if m.line == i+1 {
			text = "/" + text[1:]
		}
		list = append(list, text)
	}
	if list == nil {
		for i, p := range c.Listed(c.IP(), height) {
			sign := " "
			if i == 0 {
				sign = ">"
			}
			list = append(list, fmt.Sprintf("%s%x %-24s %s", sign, p.Address, fmt.Sprintf("% x", p.Bytes), p.Text))
		}
		name = "instructions"
	}
	return m.around(list, path.Base(name)+" (m map)", width, height)
}

// bytesText shows the first bytes of a line.
func bytesText(b []byte) string {
	const most = 6
	if len(b) > most {
		return fmt.Sprintf("% x..", b[:most])
	}
	return fmt.Sprintf("% x", b)
}

// around returns the part of a list around the marked line, below a title.
func (m *model) around(list []string, title string, width, height int) []string {
	at := 0
	for i, l := range list {
		if strings.HasPrefix(l, ">") && m.line == 0 || strings.HasPrefix(l, "/") {
			at = i
		}
	}
	height--
	first := max(0, min(at-height/2, len(list)-height))
	return append([]string{m.rule(title, width)}, fit(list[min(first, len(list)):], height, false)...)
}

// rightPane shows registers, flags and stack.
func (m *model) rightPane(width, height int) []string {
	c := m.console
	list := append([]string{m.rule("registers", width)}, c.RegisterLines()...)
	const roomy = 20 // lines that registers, flags and a bit of stack take
	if flags := c.FlagLines(); c.Bits() == 32 && height >= roomy || height >= roomy+10 {
		list = append(append(list, m.rule("flags", width)), flags...)
	} else {
		list = append(list, m.rule("flags", width), m.shortFlags())
	}
	if left := height - len(list) - 1; left > 0 {
		list = append(append(list, m.rule("stack", width)), c.StackLines(left)...)
	}
	return fit(list, height, false)
}

// shortFlags shows the flags in one line: capitals are set.
func (m *model) shortFlags() string {
	var list []string
	for _, f := range m.console.FlagStates() {
		name := f.Name
		if f.Set {
			name = strings.ToUpper(name)
		}
		if f.Changed {
			name = "*" + name
		}
		list = append(list, name)
	}
	return " " + strings.Join(list, " ")
}

func (m *model) callLines(width, height int) []string {
	c := m.console
	list := c.CallLines(height)
	output := strings.Split(strings.TrimRight(string(printable(c.Output())), "\n"), "\n")
	if len(output) > 1 || output[0] != "" {
		output = output[max(0, len(output)-height/2):]
		list = append(list[max(0, len(list)-(height-len(output)-1)):], "output:")
		list = append(list, output...)
	}
	if len(list) == 0 {
		return []string{" none yet"}
	}
	return list
}

func (m *model) memoryLines(width, height int) []string {
	const around, byteWidth = 16, 4 // address and gaps; of a byte and its character
	bytes := 4
	for bytes < 16 && around+2*bytes*byteWidth <= width {
		bytes *= 2
	}
	return m.console.MemoryLines(height, bytes)
}

// printable replaces what would move the cursor.
func printable(b []byte) []byte {
	out := make([]byte, len(b))
	for i, x := range b {
		if x < ' ' && x != '\n' || x > '~' {
			x = '.'
		}
		out[i] = x
	}
	return out
}

// helpLines shows the keys and commands.
func (m *model) helpLines() []string {
	list := []string{"keys (any other key closes this help, up and down scroll):", ""}
	for _, c := range console.Commands() {
		list = append(list, fmt.Sprintf("  %-2s %-10s %s", c.Key, c.Name, c.Help))
	}
	list = append(list, "", "  :  a command line for all of these, also for those without a key",
		"  m  source or map of the file     tab  next pane     space, right  step     left  back",
		"", "signs: > next instruction or stack pointer, o breakpoint, * changed by the last step, / found")
	for i, l := range list {
		list[i] = pad(l, m.width)
	}
	m.scroll = max(0, min(m.scroll, len(list)-m.height))
	return fit(list[m.scroll:], m.height, false)
}

func (m *model) rule(title string, width int) string {
	return "-- " + title + " " + strings.Repeat("-", max(0, width-len(title)-4))
}

// fit makes a list of exactly so many lines, from its end or its beginning.
func fit(list []string, height int, end bool) []string {
	if len(list) > height {
		if end {
			return list[len(list)-height:]
		}
		return list[:height]
	}
	return append(append([]string{}, list...), make([]string, height-len(list))...)
}

// pad makes a text exactly so wide. One that is cut ends in ~.
func pad(text string, width int) string {
	r := []rune(text)
	switch {
	case len(r) > width && width > 0:
		return string(r[:width-1]) + "~"
	case len(r) > width:
		return ""
	}
	return text + strings.Repeat(" ", width-len(r))
}

// Codes of ECMA-48 for how text looks.
const (
	bold     = "1"
	faint    = "2"
	yellow   = "33"
	reversed = "7"
)

func (m *model) colour(code, text string) string {
	if !m.options.Colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// paint colours a line by its sign.
func (m *model) paint(line string) string {
	switch {
	case strings.HasPrefix(line, "--"):
		return m.colour(faint, line)
	case strings.HasPrefix(line, ">"):
		return m.colour(bold, line)
	case strings.HasPrefix(line, "*"):
		return m.colour(yellow, line)
	}
	return line
}
