package site

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	browserproto "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tasm"
	"tasm/layout/elf"
	"tasm/lessons"
	"tasm/listing"
	"tasm/symbols"
)

var pictures = flag.String("pictures", "", "a folder for screenshots")

// page makes the playground if need be, serves it and opens it in Chromium.
func page(t *testing.T) (ctx context.Context, url string) {
	t.Helper()
	server := serve(t)
	return browser(t), server.URL
}

// serve serves the playground, which it makes if need be.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	if _, err := os.Stat("dist/index.html"); err != nil {
		if out, err := exec.Command("make", "-C", "..", "site").CombinedOutput(); err != nil {
			t.Fatalf("make site: %s\n%s", err, out)
		}
	}
	server := httptest.NewServer(http.FileServerFS(os.DirFS("dist")))
	t.Cleanup(server.Close)
	return server
}

// browser starts Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath("chromium"))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium: %s", err)
	}
	err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			t.Errorf("the page throws: %+v", e.ExceptionDetails)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

type action = chromedp.Action[chromedp.Void]

// script runs a script of the page.
func script(text string) action { return chromedp.Evaluate[chromedp.Void](text) }

// do runs actions, and ends the test where one fails.
func do(t *testing.T, ctx context.Context, what string, actions ...action) {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := chromedp.Do(limited, actions...); err != nil {
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		if png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100)); err == nil && *pictures != "" {
			os.WriteFile(*pictures+"/failed.png", png, 0o644)
		}
		t.Fatalf("%s: %s\n%s", what, err, text)
	}
}

// until waits for an expression to become true.
func until(expression string) action {
	return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(2*time.Minute))
}

// contains is an expression for until.
func contains(id, text string) action {
	quoted, _ := json.Marshal(text)
	return until(`document.getElementById("` + id + `").textContent.includes(` + string(quoted) + `)`)
}

// press waits until a control can be used, and uses it with the keyboard: a place on
// the page for the mouse moves while the page is drawn.
func press(selector string) action {
	quoted, _ := json.Marshal(selector)
	return chromedp.Steps(
		until(`(e => e !== null && !e.disabled && e.offsetParent !== null)(document.querySelector(`+string(quoted)+`))`),
		chromedp.Focus(selector),
		chromedp.KeyEvent("\r"),
	)
}

// choose takes an option of a list, once it is there.
func choose(selector, value string) action {
	return chromedp.Steps(until(`[...document.querySelector("`+selector+`").options].some(o => o.value === "`+value+`")`),
		chromedp.SetValue(selector, value), script(`document.querySelector("`+selector+`").dispatchEvent(new Event("change"))`))
}

// write replaces the source, as an input method does.
func write(text string) action {
	quoted, _ := json.Marshal(text)
	return chromedp.Steps(
		chromedp.Focus(".cm-content"),
		script(`document.execCommand("selectAll"); document.execCommand("insertText", false, `+string(quoted)+`)`),
	)
}

const wrong = "target linux/386\nsection .text\nmvo eax, 4\nmov ebx, 1\nmov ecx, msg\nmov edx, 3\nint 0x80\nmov eax, 1\nmov ebx, 0\nint 0x80\nsection .data\nmsg: db \"ok\", 10\n"

// long is a program that is searched for long.
var long = "target linux/386\nsection .text\nmov eax, 4\nmov ebx, 1\nmov ecx, msg\nmov edx, 6\nint 0x80\n" +
	"mov eax, 1\nmov ebx, 0\nint 0x80\nsection .data\nmsg: db \"lines\", 10\n"

// TestPlayground does what a student does: writes a program, sees the mistake, mends
// it by the offered fix, steps and steps back, golfs, shares and loads again.
func TestPlayground(t *testing.T) {
	ctx, url := page(t)
	begin := time.Now()
	do(t, ctx, "open", chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(url), contains("status", "ready"), contains("size", "bytes, plain"))
	t.Logf("ready after %s", time.Since(begin).Round(time.Millisecond))

	do(t, ctx, "typing", write(wrong))
	do(t, ctx, "a mistake", contains("messages", "unknown instruction 'mvo'"), until(`document.querySelector(".cm-lint-marker-error") !== null`))
	do(t, ctx, "its fix", until(`document.querySelector("#fixes button").textContent === "Replace 'mvo' by 'mov' in line 3"`), press("#fixes button"))
	do(t, ctx, "mended", until(`document.getElementById("fixes").children.length === 0`), contains("size", "bytes, plain"))
	do(t, ctx, "hints", until(`[...document.querySelectorAll(".hint")].some(e => e.textContent.startsWith("B8 04 00 00 00"))`))

	do(t, ctx, "step", press("#start"), contains("where", "0 steps; next: mov eax"),
		press("#step"), contains("where", "1 steps; next: mov ebx"), contains("registers", "eax0x4 ●"),
		until(`document.querySelector(".next").textContent.includes("ebx")`),
		press("#back"), contains("where", "0 steps"), contains("registers", "eax0x0"),
		press("#run"), contains("where", "status 0"), contains("output", "ok\n"),
		press("#back"), until(`!document.getElementById("run").disabled`))

	line6 := script(`[...document.querySelectorAll(".cm-gutterElement")].find(e => e.textContent === "6").dispatchEvent(new MouseEvent("mousedown", { bubbles: true }))`)
	do(t, ctx, "breakpoints", press("#runback"), contains("where", "0 steps; next: mov eax"),
		line6,
		contains("breaks", "Breakpoint in line 6 set"), press("#run"), contains("where", "stopped at a breakpoint, 3 steps"),
		chromedp.Focus(".cm-content"), chromedp.KeyEvent(kb.F8), contains("breaks", "Breakpoint in line"), // F8
		press("#run"), contains("where", "status 0"), press("#runback"), contains("where", "stopped at a breakpoint"),
		chromedp.Focus(".cm-content"), chromedp.KeyEvent(kb.F8), contains("breaks", "removed"), line6, contains("breaks", "line 6 removed"))

	do(t, ctx, "a byte and its line", script(`document.querySelector("#map .code").focus()`),
		contains("owners", "instruction mov"), until(`document.querySelectorAll(".cm-line.lit").length === 1`),
		chromedp.KeyEvent(kb.ArrowRight),
		until(`document.activeElement.previousElementSibling === document.querySelector("#map .code")`),
	)

	do(t, ctx, "golf", press("#golf"), contains("progress", "the smallest found"), contains("size", "bytes, golf"))
	size, err := chromedp.Run(ctx, chromedp.Text("#size"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(strings.Fields(size)[0]); err != nil || n >= 100 {
		t.Errorf("golf gives %s, and plain is 153 bytes", size)
	}
	do(t, ctx, "run what the search has found", press("#start"), contains("where", "0 steps"), press("#run"), contains("output", "ok\n"))

	do(t, ctx, "a search without end is stopped, and keeps what it has", choose("#seconds", "0"), write(long), contains("size", "bytes, plain"), press("#golf"),
		contains("progress", "best so far"), press("#stop"), contains("progress", "the smallest found so far"), contains("size", "bytes, golf"))
	do(t, ctx, "back to the program", write(strings.Replace(wrong, "mvo", "mov", 1)), contains("size", "bytes, plain"))

	do(t, ctx, "share", press("#share"), until(`location.hash.startsWith("#s=")`), script(`localStorage.clear()`))
	shared, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, "reload", chromedp.Navigate("about:blank"), chromedp.Navigate(shared), contains("status", "ready"), contains("size", "bytes, plain"),
		until(`document.querySelector(".cm-content").textContent.includes("mov eax, 4")`))

	do(t, ctx, "a lesson", choose("#lesson", "1"),
		chromedp.WaitVisible("#lesson-text h1, #lesson-text p"), chromedp.WaitVisible(".exercise"),
		script(`[...document.querySelectorAll(".exercise button")].find(b => b.textContent === "Check").click()`),
		until(`/[✓✗]/.test(document.querySelector(".exercise pre").textContent)`))
}

// TestAccessible asks axe, in both colours and on a narrow screen.
func TestAccessible(t *testing.T) {
	ctx, url := page(t)
	axe, err := os.ReadFile("web/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%s: make site installs it", err)
	}
	do(t, ctx, "open", chromedp.Navigate(url), contains("status", "ready"), contains("size", "bytes, plain"),
		press("#start"), contains("where", "0 steps"), press("#step"), contains("where", "1 steps"),
		choose("#lesson", "1"),
		chromedp.WaitVisible(".exercise"), script(string(axe)))
	for _, c := range []struct {
		name  string
		width int64
		dark  bool
	}{{"light", 1280, false}, {"dark", 1280, true}, {"narrow", 390, false}} {
		do(t, ctx, c.name, chromedp.EmulateViewport(c.width, 900),
			script(`document.documentElement.classList.toggle("dark", `+strconv.FormatBool(c.dark)+`)`),
			until(`document.getAnimations().length === 0`))
		violations, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join("; ")))`, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range violations {
			t.Errorf("%s: %s", c.name, v)
		}
		if wide {
			t.Errorf("%s: the page is wider than the screen", c.name)
		}
		if *pictures != "" {
			png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			os.WriteFile(*pictures+"/"+c.name+".png", png, 0o644)
		}
	}
}

// TestLessonsAccessible asks axe about the page of each lesson on a phone.
func TestLessonsAccessible(t *testing.T) {
	ctx, url := page(t)
	axe, err := os.ReadFile("web/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%s: make site installs it", err)
	}
	do(t, ctx, "open", chromedp.EmulateViewport(390, 900), chromedp.Navigate(url), contains("status", "ready"), script(string(axe)))
	for n := range len(lessons.All()) {
		number := strconv.Itoa(n + 1)
		do(t, ctx, "lesson "+number, choose("#lesson", number), contains("lesson-title", number+"."),
			until(`document.documentElement.scrollWidth <= innerWidth`))
		violations, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run("#lesson-page").then(r => r.violations.map(v => v.id + ": " + v.nodes[0].html))`, chromedp.EvalAwaitPromise))
		if err != nil || len(violations) > 0 {
			t.Errorf("lesson %s: %v %s", number, err, strings.Join(violations, "\n"))
		}
	}
}

// TestPause runs a program that does not end, and pauses it.
func TestPause(t *testing.T) {
	ctx, url := page(t)
	do(t, ctx, "run", chromedp.Navigate(url), contains("status", "ready"), contains("size", "bytes, plain"),
		write("target linux/386\n_start: inc eax\nnop\njmp _start\n"), contains("size", "88 bytes, plain"),
		press("#start"), contains("where", "0 steps"), press("#run"), contains("where", "so far"), contains("run", "Pause"),
		press("#run"), contains("where", "next: "), contains("run", "Run"), press("#back"), contains("where", "next: "))
}

// TestMap goes through the page that 'tasm explain -o x.html' writes: by arrows, by touch, and
// asks axe about it on a phone.
func TestMap(t *testing.T) {
	src := tasm.Source{Name: "a.tasm", Text: []byte("target linux/386\n_start: mov eax, 1\nmov ebx, 7\nint 0x80\n")}
	r, _ := tasm.Build(context.Background(), src, tasm.Options{Layout: "plain", Instructions: true})
	loader, _ := elf.ByName("")
	path := filepath.Join(t.TempDir(), "map.html")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmp.Or(listing.New("a.tasm", r.File, symbols.New(r.File, r.Program, r.Files), loader, 32).HTML(out), out.Close()); err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile("web/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	at := func(text string) action {
		return chromedp.Steps(until(`document.activeElement.textContent.startsWith("`+text+`")`), contains("about", text))
	}
	do(t, ctx, "the keyboard", chromedp.EmulateViewport(360, 640, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate("file://"+path),
		chromedp.KeyEvent("\t"), at("byte 0x0: 7f"), chromedp.KeyEvent(kb.ArrowRight), at("byte 0x1: 45"),
		chromedp.KeyEvent(kb.ArrowDown), at("field EI_MAG"), until(`document.querySelectorAll("svg .lit").length === 5`), chromedp.KeyEvent(kb.ArrowUp), at("byte 0x"),
		chromedp.KeyEvent(kb.End), at("instruction int 0x80"), chromedp.KeyEvent(kb.Escape), until(`document.querySelector(".lit") === null`))
	do(t, ctx, "a touch", script(`document.querySelector("svg [data-owners]").dispatchEvent(new PointerEvent("click", {pointerType: "touch"}))`), contains("about", "byte 0x0"),
		until(`document.documentElement.scrollWidth <= innerWidth`), script(string(axe)))
	violations, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.map(v => v.id + ": " + v.nodes[0].html))`, chromedp.EvalAwaitPromise))
	if err != nil || len(violations) > 0 {
		t.Errorf("%v %s", err, strings.Join(violations, "\n"))
	}
}

// TestOffline loads the page again when its server is gone.
func TestOffline(t *testing.T) {
	server := serve(t)
	ctx := browser(t)
	do(t, ctx, "open", chromedp.Navigate(server.URL), contains("size", "bytes, plain"), until(`navigator.serviceWorker.controller !== null`))
	server.Close()
	do(t, ctx, "without a network", chromedp.Navigate("about:blank"), chromedp.Navigate(server.URL), contains("status", "ready"), contains("size", "bytes, plain"),
		press("#start"), contains("where", "0 steps"))
}

// TestImage downloads an image, whose parts come only then, and compares it with that of
// the command.
func TestImage(t *testing.T) {
	ctx, url := page(t)
	dir := t.TempDir()
	const source = "target linux/386\nimage label \"a=b\"\nimage label \"c=d\"\nmov eax, 1\nmov ebx, 7\nint 0x80\n"
	do(t, ctx, "open", chromedp.Navigate(url), contains("size", "bytes, plain"))
	downloads := browserproto.SetDownloadBehaviorParams{Behavior: browserproto.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}
	if _, err := chromedp.CallBrowser(ctx, browserproto.SetDownloadBehavior, downloads); err != nil {
		t.Fatal(err)
	}
	loaded := `performance.getEntriesByType("resource").map(e => e.name).join(" ")`
	names, err := chromedp.Run(ctx, chromedp.Evaluate[string](loaded))
	if err != nil || strings.Contains(names, "container") || !strings.Contains(names, "main.js") {
		t.Errorf("the page loads %s, %v", names, err)
	}
	do(t, ctx, "download", write(source), until(`document.getElementById("size").textContent.startsWith("96 bytes")`), press("#image"), contains("status", "the image is saved"))
	var got []byte
	for deadline := time.Now().Add(time.Minute); len(got) == 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		got, _ = os.ReadFile(dir + "/image.tar")
	}
	if err := os.WriteFile(dir+"/main.tasm", []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "run", "../cmd/tasm", "build", "--layout", "plain", dir+"/main.tasm", "-o", dir+"/want.tar").CombinedOutput(); err != nil {
		t.Fatalf("%s\n%s", err, out)
	}
	want, err := os.ReadFile(dir + "/want.tar")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the page gives %d bytes, the command %d, %v", len(got), len(want), err)
	}
}

// TestHello golfs the sample hello, which becomes 70 bytes in the page as it does by tasm
// build, and tells of smaller and smaller files on the way.
func TestHello(t *testing.T) {
	ctx, url := page(t)
	hello, err := os.ReadFile("../samples/hello.tasm")
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, "open", chromedp.Navigate(url), contains("status", "ready"), write(string(hello)), until(`/^1\d\d bytes, plain/.test(document.getElementById("size").textContent)`),
		script(`window.told = []; new MutationObserver(() => told.push(document.getElementById("progress").textContent)).observe(document.getElementById("progress"), { childList: true })`),
		choose("#seconds", "0"))
	begin := time.Now()
	do(t, ctx, "golf", press("#golf"), contains("progress", "the smallest found"), contains("size", "70 bytes, golf"))
	t.Logf("70 bytes after %s", time.Since(begin).Round(100*time.Millisecond))
	told, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`told.filter(s => s.startsWith("best so far")).map(s => s.split(" ")[3])`))
	if err != nil {
		t.Fatal(err)
	}
	last := 1 << 20
	for _, best := range told {
		n, err := strconv.Atoi(best)
		if err != nil || n > last || n < 70 {
			t.Errorf("the best so far: %v", told)
			break
		}
		last = n
	}
	if len(told) == 0 {
		t.Error("the search tells of no file on its way")
	}
	do(t, ctx, "run", press("#start"), contains("where", "0 steps"), press("#run"), contains("output", "Hi IDBS"))
}

// spent is the time that a process and those which it has started have had processors for.
func spent(pid int) time.Duration {
	const ticks = 100 // a second, of the numbers in /proc
	children, used := map[int][]int{}, map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// The fields behind the name, which is in parentheses: proc_pid_stat(5).
		own, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		parent, _ := strconv.Atoi(fields[1])
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		children[parent] = append(children[parent], own)
		used[own] = user + system
	}
	var sum func(pid int) int
	sum = func(pid int) int {
		n := used[pid]
		for _, child := range children[pid] {
			n += sum(child)
		}
		return n
	}
	return time.Duration(sum(pid)) * time.Second / ticks
}

// TestTimes measures when the page is first painted and ready on a slow processor, and the
// time of processors that the whole browser takes for it.
func TestTimes(t *testing.T) {
	for _, slower := range []float64{1, 4} {
		ctx, url := page(t)
		if _, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slower}); err != nil {
			t.Fatal(err)
		}
		before := spent(os.Getpid())
		do(t, ctx, "open", chromedp.Navigate(url), until(`performance.getEntriesByName("ready").length > 0`))
		used := spent(os.Getpid()) - before
		times, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`[performance.getEntriesByName("first-contentful-paint")[0].startTime, performance.getEntriesByName("ready")[0].startTime]`))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("with the page %g times slower: first paint after %.0f ms, ready after %.0f ms, %s of processors", slower, times[0], times[1], used)
		if slower == 1 && used > 10*time.Second {
			t.Errorf("until it is ready the page takes %s of processor time", used)
		}
	}
}
