package conformance

import (
	"context"
	"flag"
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
			if theirs, ours := checkCost(t, h.source); ours != theirs {
				t.Errorf("nasm takes it: %t; tasm: %t", theirs, ours)
			}
		})
	}
}

var shapeSize = flag.Int("shape", 1<<13, "how many bytes each hostile shape has; 1048576 is the size that the limits are made for")

// shapes are hostile sources of any size.
var shapes = []struct {
	name string
	make func(n int) string
}{
	{"conditions in conditions", repeated("%if 1\n")},
	{"conditions that are skipped", repeated("%if 0\n")},
	{"branches", func(n int) string { return "%if 0\n" + strings.Repeat("%elif 0\n", n/8) }},
	{"loops in loops", repeated("%rep 2\n")},
	{"macros in macros", repeated("%macro a 0\n")},
	{"contexts", repeated("%push a\n")},
	{"structures in structures", repeated("struc a\n")},
	{"labels of a context", func(n int) string { return "%push a\n" + strings.Repeat("%$a: nop\n", n/9) }},
	{"levels of contexts", func(n int) string { return "%push a\n db %" + strings.Repeat("$", n) + "x\n" }},
	{"continued lines", repeated("\\\n")},
	{"unclosed strings", repeated(" db \"a\n")},
	{"warnings", repeated(" db 300\n")},
	{"directives that do not exist", repeated("%foo\n")},
	{"changes of lines", repeated("%line 1+1 x\n")},
	{"prefixes", func(n int) string { return strings.Repeat(" rep", n/4) + " nop\n" }},
	{"decorators", func(n int) string { return " mov eax" + strings.Repeat("{k1}", n/4) + ",1\n" }},
	{"digits", func(n int) string { return " dq 0x" + strings.Repeat("f", n) + "\n" }},
	{"digits of a fraction", func(n int) string { return " dq 1." + strings.Repeat("1", n) + "\n" }},
	{"a long name", func(n int) string { return strings.Repeat("a", n) + ":\n" }},
	{"conditional expressions", func(n int) string { return " db " + strings.Repeat("1?", n/4) + "1" + strings.Repeat(":1", n/4) + "\n" }},
	{"calls in calls", func(n int) string {
		return "%define f(x) x\n db " + strings.Repeat("f(", n/3) + "1" + strings.Repeat(")", n/3) + "\n"
	}},
	{"calls that double", func(n int) string {
		return "%define f(x) x,x\n db " + strings.Repeat("f(", 64) + "1" + strings.Repeat(")", 64) + "\n"
	}},
	{"functions in functions", func(n int) string {
		return " db " + strings.Repeat("%str(", n/6) + "a" + strings.Repeat(")", n/6) + "\n"
	}},
	{"brackets in brackets", func(n int) string {
		return "%define a 1\n db " + strings.Repeat("%[", n/3) + "a" + strings.Repeat("]", n/3) + "\n"
	}},
	{"text that doubles", func(n int) string { return "%define a 1\n%rep 64\n%xdefine a a,a\n%endrep\n db a\n" }},
	{"pasted names", func(n int) string { return "%define a b\n db " + strings.Repeat("a %+ ", n/5) + "a\n" }},
	{"values further down", func(n int) string { return numbered(n/15, "v# equ v#+0") + " dd v0\n" }},
	{"sums that double", func(n int) string { return "%assign a 1\n" + strings.Repeat("%assign a a+a\n", n/14) + " dq a\n" }},
	{"a macro that calls itself", func(n int) string { return "%rmacro m 0\n m\n m\n%endmacro\n m\n" }},
	{"a size that never settles", func(n int) string { return "a: times (b-a==0) nop\nb:\n" + strings.Repeat("nop\n", n/4) }},
	{"a huge count", func(n int) string { return strings.Repeat(" times 1<<62 nop\n", n/17) }},
	{"huge room", func(n int) string { return strings.Repeat(" resb 1<<62\n", n/12) + " db 1\n" }},
	{"a huge boundary", func(n int) string { return strings.Repeat(" align 1<<40\n db 1\n", n/18) }},
	{"macros of one name", func(n int) string { return numbered(n/24, "%%macro m #\n%%endmacro") + " m\n" }},
	{"local labels", repeated(".a: nop\n")},
}

// repeated makes a shape of one text again and again.
func repeated(text string) func(int) string {
	return func(n int) string { return strings.Repeat(text, n/len(text)) }
}

// TestHostileShapes is TestHostile for shapes of any size, and for lines of one character
// of each kind: alone, as data, and in a macro.
func TestHostileShapes(t *testing.T) {
	n := *shapeSize
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) { checkCost(t, s.make(n)) })
	}
	for _, c := range "()[]{}%'\"`\\$+-*/~!,:;.&|<>=?@#^_ 0a\r\xff\x00" {
		line := strings.Repeat(string(c), n)
		for _, source := range []string{line + "\n", " db " + line + "\n", "%define x " + line + "\n db x\n"} {
			t.Run(fmt.Sprintf("%.12q", source), func(t *testing.T) { checkCost(t, source) })
		}
	}
}

// checkCost holds what a source takes against what it takes nasm. It returns whether nasm and
// tasm take it; where one of them stops at a limit, the same of both.
func checkCost(t *testing.T, source string) (theirs, ours bool) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "in.asm")
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	// Where nasm takes more than this it counts as ended; it does not end by itself with every source.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	nasm := exec.CommandContext(ctx, "prlimit", "--as=2147483648", "--fsize=1073741824", tool(t, "nasm"), "-w-all", "-f", "bin", "-o", filepath.Join(dir, "out"), path)
	theirErr := nasm.Run()
	usage := nasm.ProcessState.SysUsage().(*syscall.Rusage)
	theirTime := nasm.ProcessState.UserTime() + nasm.ProcessState.SystemTime()

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started := processTime(t)
	files := &diag.Files{}
	p, messages := assembler.Assemble(files, files.Add("in.asm", []byte(source)), assembler.Options{Flat: true, IncludeAsNasm: true})
	if p != nil {
		_, more := layout.Flat(p, layout.Options{})
		messages.Append(more)
	}
	spent := processTime(t) - started
	runtime.ReadMemStats(&after)

	if most := max(mostTimes*theirTime, leastTime); spent > most {
		t.Errorf("%v of time; nasm %v", spent, theirTime)
	}
	if most := max(mostTimes*usage.Maxrss<<10, leastMemory); after.TotalAlloc-before.TotalAlloc > uint64(most) {
		t.Errorf("%d MB of memory in all; nasm %d", (after.TotalAlloc-before.TotalAlloc)>>20, usage.Maxrss>>10)
	}
	if ctx.Err() != nil || limited(messages) {
		return false, false
	}
	return theirErr == nil, messages.Errors() == 0
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
