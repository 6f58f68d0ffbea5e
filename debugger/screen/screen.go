// Package screen shows a debugging session on a terminal: panes for source, registers,
// flags, stack, calls, output and memory, and the commands of package console under
// keys. Signs carry all that colours do.
package screen

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"tasm/debugger/console"
)

// Options tell how the screen looks.
type Options struct {
	Title  string
	Colour bool
	In     io.Reader
	Out    io.Writer
}

// Run shows a session until the user ends it.
func Run(c *console.Console, o Options) error {
	m := &model{console: c, options: o}
	c.Interrupt = m.stop.Load
	m.memory()
	_, err := tea.NewProgram(m, tea.WithInput(o.In), tea.WithOutput(o.Out)).Run()
	return err
}

// model is the state of the screen.
type model struct {
	console       *console.Console
	options       Options
	width, height int
	pane          int // of panes, at the bottom on the left
	asMap         int // what the main pane shows: 0 is what fits, 1 the source, 2 the map
	scroll        int // of the help
	line          int // of the source that a search has found; 0 is the current one
	help          bool
	prompt        string // of the command line; "" while it is closed
	typed         string
	said          []string
	running       bool
	slow          bool // it has been running for a while
	stop          atomic.Bool
	shown         string            // what was on the screen before a run
	waiting       []tea.KeyPressMsg // keys that were pressed during it
	runs          int               // commands so far
}

// done tells that a command has run.
type done struct{ said string }

// slow tells that command number run has been running for a while.
type slow struct{ run int }

// slowAfter is how long a run may take before the screen tells of it.
const slowAfter = 200 * time.Millisecond

func (m *model) Init() tea.Cmd { return nil }

// Update takes a key, a size or the end of a run.
func (m *model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case done:
		m.running, m.slow = false, false
		m.stop.Store(false)
		m.say(message.said)
		if m.console.Quit {
			return m, tea.Quit
		}
		return m, m.keys()
	case slow:
		m.slow = m.running && message.run == m.runs
	case tea.KeyPressMsg:
		m.waiting = append(m.waiting, message)
		return m, m.keys()
	case tea.PasteMsg:
		if m.prompt != "" {
			m.typed += strings.Join(strings.Fields(message.Content), " ")
		}
	}
	return m, nil
}

// keys carries out the keys that wait. During a run they go on waiting, but for those
// that break it off.
func (m *model) keys() tea.Cmd {
	for len(m.waiting) > 0 {
		k := m.waiting[0]
		if m.running {
			if last := m.waiting[len(m.waiting)-1]; last.String() == "esc" || last.String() == "ctrl+c" {
				m.stop.Store(true)
				m.waiting = nil
			}
			return nil
		}
		m.waiting = m.waiting[1:]
		if command := m.key(k); command != nil {
			return command
		}
	}
	return nil
}

func (m *model) say(text string) {
	m.said = nil
	if text != "" {
		m.said = strings.Split(text, "\n")
	}
}

// key takes a key.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	name := k.String()
	switch {
	case name == "ctrl+c":
		return tea.Quit
	case m.prompt != "":
		return m.edit(k)
	case m.help:
		return m.helpKey(name)
	}
	switch name {
	case "tab":
		m.pane = (m.pane + 1) % len(panes)
	case "shift+tab":
		m.pane = (m.pane + len(panes) - 1) % len(panes)
	case "m":
		m.asMap = map[bool]int{true: 1, false: 2}[m.showsMap()]
	case "?":
		m.help, m.scroll = true, 0
	case ":":
		m.prompt, m.typed = ":", ""
	case "right", "down", "space", "enter":
		return m.do("step")
	case "left", "up":
		return m.do("back")
	default:
		for _, c := range console.Commands() {
			switch {
			case c.Key != name:
			case c.Args == "" || strings.HasPrefix(c.Args, "[COUNT"):
				return m.do(c.Name)
			default:
				m.prompt, m.typed = c.Name+" ", ""
			}
		}
	}
	return nil
}

func (m *model) helpKey(name string) tea.Cmd {
	switch name {
	case "down", "j", "space":
		m.scroll++
	case "up", "k":
		m.scroll = max(0, m.scroll-1)
	default:
		m.help = false
	}
	return nil
}

// edit takes a key of the command line.
func (m *model) edit(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		line := strings.TrimPrefix(m.prompt, ":") + m.typed
		m.prompt = ""
		return m.do(line)
	case "esc":
		m.prompt = ""
	case "backspace":
		if r := []rune(m.typed); len(r) > 0 {
			m.typed = string(r[:len(r)-1])
		} else {
			m.prompt = ""
		}
	default:
		m.typed += k.Text
	}
	return nil
}

// do carries out a command, beside the screen: it may take long.
func (m *model) do(line string) tea.Cmd {
	word, args, _ := strings.Cut(line, " ")
	if word == "find" || word == "/" {
		n, err := m.console.Find(args)
		m.line = n
		m.say("")
		if err != nil {
			m.say("error: " + err.Error())
		}
		return nil
	}
	if word == "memory" || word == "x" {
		m.pane = memoryPane
	}
	m.shown, m.running, m.line = m.draw(), true, 0
	m.runs++
	run := m.runs
	return tea.Batch(
		func() tea.Msg { return done{m.reply(word, line)} },
		tea.Tick(slowAfter, func(time.Time) tea.Msg { return slow{run} }),
	)
}

// reply is what a command says beyond what the panes show.
func (m *model) reply(word, line string) string {
	c := m.console
	text := c.Do(line)
	if strings.HasPrefix(text, "error: ") {
		return text
	}
	switch word {
	case "memory", "x":
		const shown = 4 * 16
		c.Memory -= shown // the pane shows it
		return ""
	case "print", "p", "break", "watch", "points", "help", "h", "flags", "stack", "source", "registers":
		return text
	}
	if stop := c.Stop(); stop != nil {
		return text
	}
	for _, l := range strings.Split(text, "\n") {
		for _, sign := range []string{"breakpoint ", "watchpoint ", "interrupted", "this is the start", "there is no way", "a change by hand"} {
			if strings.HasPrefix(l, sign) {
				return l
			}
		}
	}
	return ""
}

// memory lets the memory pane begin at the first data of the program.
func (m *model) memory() {
	c := m.console
	c.Memory = c.IP()
	if c.Table == nil {
		return
	}
	for _, l := range c.Table.Labels() {
		if !c.Table.IsCode(l.Address) {
			c.Memory = l.Address
			return
		}
	}
}

// View draws the screen, in place of what the terminal showed before.
func (m *model) View() tea.View {
	v := tea.NewView(m.content())
	v.AltScreen = true
	return v
}

func (m *model) content() string {
	switch {
	case m.width == 0:
		return ""
	case m.running && m.slow:
		rows := strings.Split(m.shown, "\n")
		if len(rows) > 1 {
			rows[len(rows)-2] = pad("running; esc breaks it off", m.width)
		}
		return strings.Join(rows, "\n")
	case m.running:
		return m.shown
	}
	return m.draw()
}

func (m *model) draw() string {
	if m.width < leastWidth || m.height < leastHeight {
		return fmt.Sprintf("a terminal of %dx%d is needed", leastWidth, leastHeight)
	}
	if m.help {
		return strings.Join(m.helpLines(), "\n")
	}
	return strings.Join(m.lines(), "\n")
}
