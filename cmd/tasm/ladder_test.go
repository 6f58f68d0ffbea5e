package main

import (
	"slices"
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
		{"leaves a child", "sys fork\ntest eax, eax\njnz .end\nsys alarm, 5\nsys pause\n.end: sys exit, 3", "runs on", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := t.TempDir() + "/a.tasm"
			writeText(t, source, "target linux/386\n_start:\n"+c.body+"\nsection .data\ntext: db \"abc\"\n")
			started := time.Now()
			got, err := try(mustBuild(t, "-f", "elf", "--layout", "plain", source), limit)
			if err != nil {
				t.Fatal(err)
			}
			if c.name == "leaves a child" {
				// What counts is that nobody waits for it.
				if took := time.Since(started); took > 10*limit {
					t.Errorf("waited for %v", took)
				}
				return
			}
			if got.String() != c.result || string(got.output) != c.output {
				t.Errorf("%v, wrote %q; want %s, %q", got, got.output, c.result, c.output)
			}
		})
	}
	source := t.TempDir() + "/yes.tasm"
	writeText(t, source, "target linux/386\n_start: sys write, 1, _start, 4000\njmp _start\ntimes 4000 db 1\n")
	if got, err := try(mustBuild(t, "-f", "elf", "--layout", "plain", source), 20*time.Second); err != nil || got.String() != "writes on" || len(got.output) != outputLimit {
		t.Errorf("%v: %v, %d bytes", err, got, len(got.output))
	}
	if _, err := try([]byte("no program"), limit); err == nil {
		t.Error("ran what is no program")
	}
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
