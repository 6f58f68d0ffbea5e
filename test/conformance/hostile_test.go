package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
)

// Sources that are made to cost much. nasm is the measure: tasm may take ten times its
// time and memory, and what it takes for any source; or it ends with a limit that it names.
const (
	mostTimes   = 10
	leastTime   = 2 * time.Second
	leastMemory = 256 << 20 // what it takes before it collects garbage
)

func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, strings.ReplaceAll(format, "#", "%[1]d")+"\n", i)
	}
	return b.String()
}

// hostile are such sources by name.
var hostile = []struct{ name, source string }{
	{"a repeated instruction", "%rep 500000\nnop\n%endrep\n"},
	{"TIMES of a jump", "times 100000 jmp short $\n"},
	{"TIMES of calls that reach too far", "l: times 100000 call l\n"},
	{"a wrong line repeated", "%rep 20000\n mov eax, bl, 5\n%endrep\n"},
	{"wrong lines", numbered(40_000, " mov al, bx")},
	{"names that are defined nowhere", numbered(30_000, " mov eax, u#")},
	{"words that are no instructions", numbered(30_000, " word# eax, ebx")},
	{"a line of many lines", strings.Repeat("db 1, \\\n", 50_000) + "\n"},
	{"many sections", numbered(2_000, "section .s#\n db 1")},
	{"many labels", numbered(50_000, "l#:")},
	{"jumps forward", numbered(30_000, " jmp l#\n l#:")},
	{"a long DB", "db " + strings.Repeat("1,", 300_000) + "1\n"},
	{"many parentheses", "dd " + strings.Repeat("(", 300_000) + "1" + strings.Repeat(")", 300_000) + "\n"},
	{"a long string", "db '" + strings.Repeat("a", 1<<20) + "'\n"},
	{"many macros", numbered(30_000, "%%define m# #")},
	{"macros that double", "%define a0 1\n" + doubling(17) + "db a17\n"},
	{"many arguments", "%macro m 0-*\n%rep %0\n db %1\n%rotate 1\n%endrep\n%endmacro\n m " + strings.Repeat("1,", 9_000) + "1\n"},
	{"%assign in a loop", "%assign i 0\n%rep 100000\n%assign i i+1\n%endrep\ndd i\n"},
	{"strings that double", "%define s 'a'\n%rep 18\n%strcat s s,s\n%endrep\ndb s\n"},
	{"names made by pasting", "%assign i 0\n%rep 50000\nl %+ i:\n%assign i i+1\n%endrep\n"},
	{"ALIGN again and again", numbered(10_000, " nop\n align 16")},
	{"characters without meaning", strings.Repeat("\x01", 1<<20) + "\n"},
	{"labels of macros", "%macro m 0\n%%l: jmp %%l\n%endmacro\n" + strings.Repeat("m\n", 30_000)},
}

func doubling(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "%%define a%d a%d,a%[2]d\n", i, i-1)
	}
	return b.String()
}

func TestHostile(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "in.asm")
			if err := os.WriteFile(path, []byte(h.source), 0o644); err != nil {
				t.Fatal(err)
			}
			theirs := exec.Command(tool(t, "nasm"), "-w-all", "-f", "bin", "-o", filepath.Join(dir, "out"), path)
			theirErr := theirs.Run()
			usage := theirs.ProcessState.SysUsage().(*syscall.Rusage)
			theirTime := theirs.ProcessState.UserTime() + theirs.ProcessState.SystemTime()

			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			started := processTime(t)
			files := &diag.Files{}
			p, messages := assembler.Assemble(files, files.Add("in.asm", []byte(h.source)), assembler.Options{Flat: true, IncludeAsNasm: true})
			if p != nil {
				_, more := layout.Flat(p, layout.Options{})
				messages.Append(more)
			}
			spent := processTime(t) - started
			runtime.ReadMemStats(&after)

			if (theirErr == nil) != (messages.Errors() == 0) && !limited(messages) {
				t.Errorf("nasm: %v; tasm: %d errors", theirErr, messages.Errors())
			}
			if most := max(mostTimes*theirTime, leastTime); spent > most {
				t.Errorf("%v of time; nasm %v", spent, theirTime)
			}
			if most := max(mostTimes*usage.Maxrss<<10, leastMemory); after.TotalAlloc-before.TotalAlloc > uint64(most) {
				t.Errorf("%d MB of memory in all; nasm %d", (after.TotalAlloc-before.TotalAlloc)>>20, usage.Maxrss>>10)
			}
		})
	}
}

// limited reports whether a message names a limit.
func limited(messages *diag.Bag) bool {
	for _, m := range messages.Messages() {
		if m.Severity == diag.Error && strings.Contains(m.Text, "more than") {
			return true
		}
	}
	return false
}

// processTime is how long the processors have worked for this process.
func processTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
