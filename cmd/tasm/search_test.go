package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tasm/layout"
)

func TestByteSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want uint64 // 0: an error
		back string
	}{
		{"70", 70, "70 B"},
		{"70B", 70, "70 B"},
		{"1k", 1 << 10, "1KiB"},
		{"512M", 512 << 20, "512MiB"},
		{"5GiB", 5 << 30, "5GiB"},
		{"1073741824", 1 << 30, "1GiB"},
		{"3tib", 3 << 40, "3TiB"},
		{"9007199254740991K", math.MaxInt64 - 1023, ""},
		{"0", 0, ""}, {"", 0, ""}, {"G", 0, ""}, {"-1", 0, ""}, {"1.5G", 0, ""},
		{"1 GiB", 0, ""}, {"1GG", 0, ""}, {"1MB", 0, ""}, {"9223372036854775808", 0, ""}, {"99999999999999999999", 0, ""},
	} {
		var n uint64
		err := byteSize{&n}.Set(c.text)
		if n != c.want || (err == nil) != (c.want != 0) {
			t.Errorf("%q is %d, %v; want %d", c.text, n, err, c.want)
		}
		if c.back != "" && (byteSize{&n}).String() != c.back {
			t.Errorf("%q is written %s, want %s", c.text, byteSize{&n}, c.back)
		}
	}
}

// TestProgressLine: at most ten states a second, each within one line and in
// the place of the one before, and nothing left at the end.
func TestProgressLine(t *testing.T) {
	var screen bytes.Buffer
	now := time.Unix(0, 0)
	line := &progressLine{w: &screen, now: func() time.Time { return now }}
	line.erase()
	if screen.Len() > 0 {
		t.Errorf("erased what was not shown: %q", screen.String())
	}
	for i := range 100 {
		line.show(layout.Progress{Best: int64(100 - i), Bound: 70, Doing: strings.Repeat("ä", 200)})
		now = now.Add(10 * time.Millisecond)
	}
	line.erase()
	states := strings.Split(screen.String(), eraseLine)
	if len(states) != 12 || states[0] != "" || states[11] != "" {
		t.Fatalf("%d states: %q", len(states), states)
	}
	if want := "best 100 B · bound 70 B · ää"; !strings.HasPrefix(states[1], want) || len([]rune(states[1])) != progressWidth {
		t.Errorf("the first state is %q", states[1])
	}
}

// TestInterruptedSearch: an interrupt ends a search once, and is nobody's otherwise.
func TestInterruptedSearch(t *testing.T) {
	var work interruptible
	if work.interrupt() {
		t.Error("there was nothing to end")
	}
	ctx, cancel := context.WithCancel(context.Background())
	work.start(cancel)
	if !work.interrupt() || ctx.Err() == nil {
		t.Error("the work went on")
	}
	if work.interrupt() {
		t.Error("the second interrupt was taken too")
	}
}

// TestSearchOptions compares the options with what a layout is given.
func TestSearchOptions(t *testing.T) {
	o := &searchOptions{}
	set := newFlagSet("")
	o.register(set)
	if err := set.Parse(strings.Fields("--loader strict --max-charge 2G --assume argc=1,stdin-readable --assume argc=1 --effort 3 --time-limit 1h")); err != nil {
		t.Fatal(err)
	}
	run := o.begin(&system{stderr: &bytes.Buffer{}})
	if run.Loader != "strict" || run.MaxCharge != 2<<30 || strings.Join(run.Assume, " ") != "argc=1 stdin-readable" || run.Effort != 3 || run.Progress != nil {
		t.Errorf("%+v", run.Options)
	}
	if left, limited := run.Context.Deadline(); !limited || time.Until(left) > time.Hour {
		t.Errorf("the search may go on until %v", left)
	}
	if !running.interrupt() || run.Context.Err() == nil {
		t.Error("an interrupt does not end the search")
	}
	if !run.end() || running.interrupt() {
		t.Error("the search has not ended")
	}
}

// TestInterruptedBuild interrupts builds: a search answers with what it has, the
// plain layout with nothing, and both at once.
func TestInterruptedBuild(t *testing.T) {
	long := "target linux/386\n_start: sys write, 1, text, 200\nsys exit, 0\ntext: times 200 db 'a'\n"
	var large strings.Builder
	large.WriteString("target linux/386\n_start:\n")
	for i := range 300000 {
		fmt.Fprintf(&large, "mov eax, %d\n", i)
	}
	for _, c := range []struct {
		layout, source string
		after          time.Duration
	}{
		{"golf", long, 700 * time.Millisecond},
		{"plain", large.String(), 150 * time.Millisecond},
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "out")
		cmd := startTasm(t, "build", "-v", "--layout", c.layout, "-o", out, "-f", "elf", "-")
		cmd.Stdin = strings.NewReader(c.source)
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(c.after)
		sent := time.Now()
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		if took := time.Since(sent); took > 3*time.Second {
			t.Errorf("%s: went on for %v", c.layout, took)
		}
		status := cmd.ProcessState.Sys().(syscall.WaitStatus)
		switch c.layout {
		case "golf":
			if info, err := os.Stat(out); status.ExitStatus() != 0 || err != nil || info.Size() > 300 || !strings.Contains(said.String(), "ended early") {
				t.Errorf("golf: %v, %v\n%s", cmd.ProcessState, err, said.String())
			}
		default:
			if got := contents(t, dir); !status.Signaled() || status.Signal() != syscall.SIGINT || !slices.Equal(got, nil) {
				t.Errorf("plain: %v, left %v\n%s", cmd.ProcessState, got, said.String())
			}
		}
	}
}
