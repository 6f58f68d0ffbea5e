package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTry runs programs that end and programs that do not.
func TestTry(t *testing.T) {
	const limit = 300 * time.Millisecond
	for _, c := range []struct{ name, body, result, output string }{
		{"ends", "sys write, 1, text, 3\nsys write, 2, text, 1\nsys exit, 9", "exit 9", "abca"},
		{"reads nothing", "sys read, 0, text, 3\nmov ebx, eax\nmov eax, 1\nint 0x80", "exit 0", ""},
		{"dies", "hlt", "died: segmentation fault", ""},
		{"sleeps", "sys write, 1, text, 2\nsys pause", "runs on", "ab"},
		{"turns", "jmp $", "runs on", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := t.TempDir() + "/a.tasm"
			writeText(t, source, "target linux/386\n_start:\n"+c.body+"\nsection .data\ntext: db \"abc\"\n")
			got, err := try(mustBuild(t, "-w-run", "-f", "elf", "--layout", "plain", source), limit)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != c.result || string(got.output) != c.output {
				t.Errorf("%v, wrote %q; want %s, %q", got, got.output, c.result, c.output)
			}
		})
	}
	source := t.TempDir() + "/yes.tasm"
	writeText(t, source, "target linux/386\n_start: sys write, 1, _start, 4000\njmp _start\ntimes 4000 db 1\n")
	if got, err := try(mustBuild(t, "-w-run", "-f", "elf", "--layout", "plain", source), 20*time.Second); err != nil || got.String() != "writes on" || len(got.output) != outputLimit {
		t.Errorf("%v: %v, %d bytes", err, got, len(got.output))
	}
	if _, err := try([]byte("no program"), limit); err == nil {
		t.Error("ran what is no program")
	}
}

// TestTryKillsChildren runs programs that start others: of those nothing is left,
// whether the first one ends or has to be stopped.
func TestTryKillsChildren(t *testing.T) {
	const limit = 500 * time.Millisecond
	for end, want := range map[string]string{"sys exit, 3": "exit 3", "jmp $": "runs on"} {
		source := t.TempDir() + "/a.tasm"
		writeText(t, source, "target linux/386\n_start: sys fork\ntest eax, eax\njz .child\n"+
			"push eax\nsys write, 1, esp, 4\n"+end+"\n.child: sys alarm, 20\nsys pause")
		got, err := try(mustBuild(t, "-w-run", "-f", "elf", "--layout", "plain", source), limit)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != want || len(got.output) != 4 {
			t.Fatalf("%v, wrote %q; want %s and a number", got, got.output, want)
		}
		if pid := int(binary.LittleEndian.Uint32(got.output)); !gone(pid) {
			t.Errorf("%s: the child lives on", want)
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// gone waits for a process to end. A child of one that has ended may stay in
// the table of processes until somebody asks for it.
func gone(pid int) bool {
	for range 100 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// TestSignalEndsTrials ends a ladder while its programs run: they end too, and
// their folders are removed.
func TestSignalEndsTrials(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		dir := t.TempDir()
		source := dir + "/a.tasm"
		writeText(t, source, "target linux/386\n_start: sys pause\njmp _start")
		cmd := startTasm(t, "ladder", "--effort", "-8", "--run-limit", "30s", source)
		cmd.Env = append(cmd.Environ(), "TMPDIR="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var running []int
		for started := time.Now(); len(running) == 0 && time.Since(started) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
			running = childrenOf(cmd.Process.Pid)
		}
		time.Sleep(200 * time.Millisecond) // others start
		running = childrenOf(cmd.Process.Pid)
		if len(running) == 0 {
			t.Fatal("no program was started")
		}
		cmd.Process.Signal(sig)
		cmd.Wait()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != sig {
			t.Errorf("%v ended the ladder with %v", sig, cmd.ProcessState)
		}
		for _, pid := range running {
			if !gone(pid) {
				t.Errorf("%v: program %d lives on", sig, pid)
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if got := contents(t, dir); !slices.Equal(got, []string{"a.tasm"}) {
			t.Errorf("%v left behind: %v", sig, got)
		}
	}
}

// childrenOf lists the processes that a process has started.
func childrenOf(pid int) []int {
	var list []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, word := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(word); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}

func TestSame(t *testing.T) {
	exit := func(status int) syscall.WaitStatus { return syscall.WaitStatus(status << 8) }
	for _, c := range []struct {
		a, b trial
		want bool
	}{
		{trial{[]byte("ab"), true, exit(1)}, trial{[]byte("ab"), true, exit(1)}, true},
		{trial{[]byte("ab"), true, exit(1)}, trial{[]byte("ab"), true, exit(2)}, false},
		{trial{[]byte("ab"), true, exit(1)}, trial{[]byte("abc"), true, exit(1)}, false},
		{trial{[]byte("ab"), true, exit(1)}, trial{[]byte("ab"), false, 9}, false},
		{trial{[]byte("ab"), false, 9}, trial{[]byte("abc"), false, 13}, true},
		{trial{[]byte("ab"), false, 9}, trial{[]byte("axc"), false, 9}, false},
	} {
		if c.a.same(&c.b) != c.want || c.b.same(&c.a) != c.want {
			t.Errorf("%+v and %+v: want %v", c.a, c.b, c.want)
		}
	}
}

func TestCompareRungs(t *testing.T) {
	good, bad := &trial{ended: true}, &trial{ended: true, status: 1 << 8}
	row := func(layout, loader string, size int, seen *trial) *rung {
		return &rung{Layout: layout, Loader: loader, Bytes: size, file: make([]byte, size), trial: seen, Same: seen == good}
	}
	got := compareRungs([]*rung{
		row("plain", "linux", 90, good), row("pack", "linux", 91, good), row("golf", "linux", 91, bad),
		row("plain", "strict", 95, nil), {Layout: "pack", Loader: "strict"}, row("golf", "strict", 99, good),
	})
	want := []string{"pack for linux is larger than plain", "golf for linux behaves otherwise than plain"}
	if !slices.Equal(got, want) {
		t.Errorf("have %q, want %q", got, want)
	}
}
