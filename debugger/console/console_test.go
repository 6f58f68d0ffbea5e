package console

import (
	"flag"
	"os"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/debugger"
	"tasm/diag"
	"tasm/layout"
	"tasm/symbols"
	"tasm/vm"
)

var update = flag.Bool("update", false, "write the golden files anew")

func begin(t testing.TB, source string) *Console {
	t.Helper()
	files := &diag.Files{}
	p, _ := assembler.Assemble(files, files.Add("test.tasm", []byte(source)), assembler.Options{Instructions: true})
	if p == nil {
		t.Fatal("the source has mistakes")
	}
	file, _ := layout.Plain(p, layout.Options{})
	v, err := vm.New(file.Bytes, vm.Options{Args: []string{"test"}, Record: 1 << 20, MaxSteps: 10000})
	if err != nil {
		t.Fatal(err)
	}
	return &Console{Session: debugger.New(v, symbols.New(file, p, files), nil)}
}

const program = `target linux/386
_start: mov ecx, 3
again:  push ecx
        call note
        pop ecx
        loop again
        sys write, 1, text, 6
        mov eax, [0]
note:   inc dword [count]
        ret
text:   db "hello", 10
section .data
count:  dd 0
`

// TestSession compares a session in line mode with the file in testdata.
func TestSession(t *testing.T) {
	script := `step 3
stack 3
frames
out
# a comment
break 5 if ecx = 1
break if dword [count] = 3
watch byte [count]
points
continue
continue
continue
delete 1
delete 9
delete 3
continue
where
back
registers
flags
print dword [count] * 2
set dword [count] = 0x41
set al = 300
set zf = 2
set nothing = 1
memory count

find HELLO
/note
find absent
source 2
call
calls
output
to note
back-to again
start
stp
step x
break 99
break nowhere
break 2 if
watch eax +
help to
help
quit
`
	var out strings.Builder
	c := begin(t, program)
	for _, line := range strings.Split(script, "\n") {
		if c.Quit || line == "" && c.last != "memory" {
			break
		}
		out.WriteString("> " + line + "\n")
		if text := c.Do(line); text != "" {
			out.WriteString(strings.TrimRight(text, "\n") + "\n")
		}
	}
	const golden = "testdata/session.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != out.String() {
		t.Errorf("%v\n%s", err, out.String())
	}
	if !c.Quit {
		t.Error("the session has not ended")
	}
}

// TestTable looks for commands that share a name or a key.
func TestTable(t *testing.T) {
	seen := map[string]string{}
	for _, c := range Commands() {
		for _, word := range []string{c.Name, c.Short, "key " + c.Key} {
			if word == "" || word == "key " {
				continue
			}
			if other, ok := seen[word]; ok && other != c.Name {
				t.Errorf("%s and %s are both %q", c.Name, other, word)
			}
			seen[word] = c.Name
		}
		if c.Help == "" {
			t.Errorf("%s is not explained", c.Name)
		}
	}
}

func FuzzDo(f *testing.F) {
	for _, line := range []string{"step 3", "break 2 if ecx = 1", "set byte [count] = 'x'", "memory count", "/note", "to 5", "source 999999999999"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c := begin(t, program)
		c.Do(line)
		c.Do("step")
	})
}

// TestElsewhere leads the words of another debugger to commands that there are.
func TestElsewhere(t *testing.T) {
	c := begin(t, program)
	for word, name := range elsewhere {
		if got := c.Do(word); !strings.Contains(got, "did you mean '"+name+"'?") {
			t.Errorf("%s: %s", word, got)
		}
		if got := c.Do("help " + name); strings.Contains(got, "no command") {
			t.Errorf("%s is %s, which there is not", word, name)
		}
	}
}
