//go:build unix

package screen

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"

	"tasm/assembler"
	"tasm/debugger"
	"tasm/debugger/console"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/listing"
	"tasm/symbols"
	"tasm/vm"
)

var update = flag.Bool("update", false, "write the golden files anew")

// begin builds a source and begins a session with it.
func begin(t *testing.T, name, source, target string, strategy layout.Strategy) *console.Console {
	t.Helper()
	files := &diag.Files{}
	p, _ := assembler.Assemble(files, files.Add(name, []byte(source)), assembler.Options{Target: target, Instructions: true})
	if p == nil {
		t.Fatal("the source has mistakes")
	}
	file, _ := strategy(p, layout.Options{})
	if file == nil {
		t.Fatal("the program can't be laid out")
	}
	v, err := vm.New(file.Bytes, vm.Options{Args: []string{name}, Record: 1 << 20, MaxSteps: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	loader, _ := elf.ByName("linux")
	table := symbols.New(file, p, files)
	return &console.Console{Session: debugger.New(v, table, listing.New(name, file, table, loader, p.Bits))}
}

// terminal is a pseudo-terminal with a session on it.
type terminal struct {
	t       *testing.T
	keys    *os.File
	screen  vt10x.Terminal
	written chan struct{}
	ended   chan error
}

func open(t *testing.T, c *console.Console, columns, rows int, colour bool) *terminal {
	t.Helper()
	t.Setenv("TERM", "xterm-256color")
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(ours, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		t.Fatal(err)
	}
	x := &terminal{t, ours, vt10x.New(vt10x.WithSize(columns, rows)), make(chan struct{}, 1), make(chan error, 1)}
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := ours.Read(b)
			if err != nil {
				return
			}
			x.screen.Write(b[:n])
			select {
			case x.written <- struct{}{}:
			default:
			}
		}
	}()
	go func() {
		x.ended <- Run(c, Options{Title: "test.tasm", Colour: colour, In: theirs, Out: theirs})
		theirs.Close()
	}()
	t.Cleanup(func() { ours.Close() })
	return x
}

// text returns what is on the screen.
func (x *terminal) text() string {
	var list []string
	for _, l := range strings.Split(x.screen.String(), "\n") {
		list = append(list, strings.TrimRight(l, " "))
	}
	return strings.TrimRight(strings.Join(list, "\n"), "\n") + "\n"
}

// press sends keys and waits until a text is on the screen.
func (x *terminal) press(keys, until string) {
	x.t.Helper()
	if _, err := x.keys.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
	for end := time.After(20 * time.Second); !strings.Contains(x.text(), until); {
		select {
		case <-x.written:
		case <-end:
			x.t.Fatalf("after %q no %q is on the screen:\n%s", keys, until, x.text())
		}
	}
}

// quit ends the session.
func (x *terminal) quit() {
	x.t.Helper()
	x.keys.WriteString("q")
	select {
	case err := <-x.ended:
		if err != nil {
			x.t.Error(err)
		}
	case <-time.After(20 * time.Second):
		x.t.Error("q does not end the session")
	}
}

func (x *terminal) golden(name string) {
	x.t.Helper()
	want, _ := os.ReadFile(filepath.Join("testdata", name+".golden"))
	for range 200 { // the rest of the drawing may be under way
		time.Sleep(50 * time.Millisecond)
		if *update || x.text() == string(want) {
			break
		}
	}
	compare(x.t, name, x.text())
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s: %v\n%s", path, err, got)
	}
}

const routines = `target linux/386
entry _start
section .text
_start: mov     ecx, 3
again:  push    ecx
        call    note            ; counts
        pop     ecx
        dec     ecx
        jnz     again
        sys     write, 1, text, 6
        sys     exit, 0
note:   inc     dword [count]
        ret
section .rodata
text:   db      "hello", 10
section .data
count:  dd      0
`

// TestScreens drives a session through terminals of several sizes.
func TestScreens(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {60, 16}} {
		name := fmt.Sprintf("%dx%d", size[0], size[1])
		c := begin(t, "test.tasm", routines, "linux/386", layout.Plain)
		x := open(t, c, size[0], size[1], false)
		x.press("", "step 0")
		x.golden(name + "-start")
		x.press("sss", "step 3")
		x.golden(name + "-inside")
		x.press("Bagain if ecx = 1\r", "breakpoint 1")
		x.press("c", "breakpoint 1: again if ecx = 1")
		x.press("w dword [count]\r", "watchpoint 2")
		x.press("c", "was 2, is 3")
		x.golden(name + "-watch")
		x.press("c", "ends with status 0")
		x.golden(name + "-end")
		x.press("b", "step 28")
		x.press("\t", "-- memory")
		x.press("x count\r", "80490b2  03")
		x.golden(name + "-memory")
		x.press("=dword [count] = 77\r", "4d")
		x.press("?", "any other key closes")
		x.golden(name + "-help")
		x.press("zg", "step 0")
		x.press("/hello\r", "/")
		x.golden(name + "-found")
		x.quit()
	}
}

// TestGolfed shows the map of a golfed file, and that of a 64-bit one.
func TestGolfed(t *testing.T) {
	source, err := os.ReadFile("../../samples/hello.tasm")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"linux/386", "linux/amd64"} {
		text := strings.Replace(string(source), "target linux/386\n", "", 1)
		if target == "linux/amd64" {
			text = "target linux/amd64\nentry _start\nsection .text\n_start: sys write, 1, msg, 3\nsys exit, 0\nsection .rodata\nmsg: db 'hi', 10\n"
		} else {
			text = "target linux/386\n" + text
		}
		x := open(t, begin(t, "test.tasm", text, target, layout.Golf), 80, 24, true)
		x.press("", "step 0")
		x.press("sss", "step 3")
		x.golden("golf-" + strings.TrimPrefix(target, "linux/"))
		x.quit()
	}
}

// TestInterrupt breaks off a run without end.
func TestInterrupt(t *testing.T) {
	x := open(t, begin(t, "test.tasm", "target linux/386\n_start: inc eax\njmp _start\n", "linux/386", layout.Plain), 80, 24, false)
	x.press("", "step 0")
	x.keys.WriteString("c")
	x.press("", "running; esc breaks it off")
	x.press("\x1b", "interrupted")
	x.quit()
}

// TestSmall says what is needed on a terminal that is too small.
func TestSmall(t *testing.T) {
	x := open(t, begin(t, "test.tasm", routines, "linux/386", layout.Plain), 50, 10, false)
	x.press("", "a terminal of 60x16 is needed")
	x.quit()
}
