package vm

import (
	"fmt"
	"strings"

	"tasm/linux"
)

// Numbers of signals that the machine raises by itself (linux/signals.tsv).
const (
	sigPipe  = 13
	sigAlarm = 14
)

// What rt_sigaction is told instead of a handler (uapi asm-generic/signal-defs.h).
const handlerDefault, handlerIgnore = 0, 1

// signal delivers a signal to the program.
func (c *call) signal(n int) {
	code, _ := linux.Signals().ByNumber(n)
	name := code.Name
	if name == "" {
		name = fmt.Sprintf("signal %d", n)
	}
	handler := c.handlers[n]
	does := code.Text
	switch {
	case handler == handlerIgnore && handlerSettable(n):
	case handler != handlerDefault && handlerSettable(n):
		c.unmodelled("is sent %s, for which it has a handler: delivering signals to handlers is not modelled here", name)
	case strings.HasPrefix(does, "ignored"), strings.HasPrefix(does, "continues"):
	case strings.HasPrefix(does, "stops"):
		c.stop = &Stop{Kind: Waiting, Reason: fmt.Sprintf("is stopped by %s, and nobody continues it", name)}
	default:
		c.stop = &Stop{Kind: Killed, Status: n, Reason: fmt.Sprintf("is ended by %s", name)}
	}
}

// handlerSettable reports whether a program may say what a signal does.
func handlerSettable(n int) bool { return n != 9 && n != 19 }

func kill(c *call) int64 {
	if pid := c.int(0); pid != processID && pid != 0 && pid != -processID {
		return c.fail("ESRCH")
	}
	return c.raise(c.int(1))
}

func tkill(c *call) int64 {
	if c.int(0) != processID {
		return c.fail("ESRCH")
	}
	return c.raise(c.int(1))
}

func tgkill(c *call) int64 {
	if c.int(0) != processID || c.int(1) != processID {
		return c.fail("ESRCH")
	}
	return c.raise(c.int(2))
}

func (c *call) raise(n int) int64 {
	const last = 64
	if n < 0 || n > last {
		return c.fail("EINVAL")
	}
	if n > 0 {
		c.signal(n)
	}
	return 0
}

func signalCall(c *call) int64 {
	n := c.int(0)
	if n < 1 || n > 64 || !handlerSettable(n) {
		return c.fail("EINVAL")
	}
	old := c.handlers[n]
	c.handlers[n] = c.arg(1)
	return int64(old)
}

// sigaction notes a handler, the first word of the structure.
func sigaction(c *call) int64 {
	n := c.int(0)
	if n < 1 || n > 64 || c.arg(1) != 0 && !handlerSettable(n) {
		return c.fail("EINVAL")
	}
	size := c.abi.PointerSize
	if c.arg(2) != 0 && !c.store(c.arg(2), append(little(c.handlers[n], size), make([]byte, 3*size)...)) {
		return c.fail("EFAULT")
	}
	if c.arg(1) != 0 {
		b := c.readable(c.arg(1), int64(size))
		if len(b) < size {
			return c.fail("EFAULT")
		}
		c.handlers[n] = fromLittle(b)
	}
	return 0
}

const second = 1_000_000_000 // nanoseconds

// clock returns the virtual time in nanoseconds since 1970.
func (c *call) clock() int64 { return Epoch*second + c.now }

func timeCall(c *call) int64 {
	n := c.clock() / second
	if c.arg(0) != 0 && !c.store(c.arg(0), c.word(uint64(n))) {
		return c.fail("EFAULT")
	}
	return n
}

func getTimeOfDay(c *call) int64 {
	t := c.clock()
	if c.arg(0) != 0 && !c.store(c.arg(0), append(c.word(uint64(t/second)), c.word(uint64(t%second/1000))...)) {
		return c.fail("EFAULT")
	}
	if c.arg(1) != 0 && !c.store(c.arg(1), make([]byte, 8)) {
		return c.fail("EFAULT")
	}
	return 0
}

func clockGetTime(c *call) int64 {
	const clocks = 12
	id := c.int(0)
	if id < 0 || id >= clocks {
		return c.fail("EINVAL")
	}
	t := c.now // CLOCK_MONOTONIC and others count from the start
	if id == 0 || id == 5 || id == 11 {
		t = c.clock()
	}
	size := c.abi.PointerSize
	if c.row.Name == "clock_gettime64" {
		size = 8
	}
	if !c.store(c.arg(1), append(little(uint64(t/second), size), little(uint64(t%second), size)...)) {
		return c.fail("EFAULT")
	}
	return 0
}

// sleep lets virtual time pass.
func (c *call) sleep(address uint64, size int) int64 {
	b := c.readable(address, int64(2*size))
	if len(b) < 2*size {
		return c.fail("EFAULT")
	}
	seconds, nanoseconds := int64(fromLittle(b[:size])), int64(fromLittle(b[size:]))
	if size == 4 {
		seconds, nanoseconds = int64(int32(seconds)), int64(int32(nanoseconds))
	}
	if seconds < 0 || nanoseconds < 0 || nanoseconds >= second {
		return c.fail("EINVAL")
	}
	if seconds > maxSleep {
		c.stop = &Stop{Kind: Waiting, Reason: fmt.Sprintf("sleeps for %d seconds", seconds)}
		return 0
	}
	c.now += seconds*second + nanoseconds
	return 0
}

func alarm(c *call) int64 {
	left := int64(0)
	if c.kernel.alarm > 0 {
		left = (c.kernel.alarm - c.now + second - 1) / second
	}
	if c.kernel.alarm = 0; c.arg(0) > 0 {
		c.kernel.alarm = c.now + int64(uint32(c.arg(0)))*second
	}
	return left
}

func pause(c *call) int64 {
	if c.kernel.alarm == 0 {
		c.stop = &Stop{Kind: Waiting, Reason: "waits for a signal, and nobody sends one"}
		return 0
	}
	c.now = c.kernel.alarm
	return c.fail("EINTR")
}

func uname(c *call) int64 {
	const field = 65
	var b []byte
	machine := map[int]string{32: "i686", 64: "x86_64"}[c.abi.Bits]
	for _, s := range []string{"Linux", "tasm", "6.12.0", "#1", machine, "(none)"} {
		b = append(b, s...)
		b = append(b, make([]byte, field-len(s))...)
	}
	if !c.store(c.arg(0), b) {
		return c.fail("EFAULT")
	}
	return 0
}

func getrandom(c *call) int64 {
	b := make([]byte, min(c.arg(1), maxTransfer))
	for i := range b {
		b[i] = byte(c.random.Uint64())
	}
	if !c.store(c.arg(0), b) {
		return c.fail("EFAULT")
	}
	return int64(len(b))
}

// Modes of files, as stat tells them (uapi linux/stat.h).
const (
	modeCharacter, modeDirectory, modeRegular, modePipe = 0o020620, 0o040755, 0o100644, 0o010600
)

func statPath(c *call) int64 {
	name, failure := c.path(c.arg(0))
	if failure != 0 {
		return failure
	}
	if data, ok := c.files[name]; ok {
		return c.stat(modeRegular, len(*data))
	}
	if c.isDirectory(name) {
		return c.stat(modeDirectory, 4096)
	}
	return c.fail("ENOENT")
}

func statDescriptor(c *call) int64 {
	o, ok := c.description(c.int(0))
	switch {
	case !ok:
		return c.fail("EBADF")
	case o.kind == file:
		return c.stat(modeRegular, len(*c.files[o.path]))
	case o.kind != pipeEnd && c.options.Terminal:
		return c.stat(modeCharacter, 0)
	}
	return c.stat(modePipe, 0)
}

// statLayouts tell where the fields of the status of a file lie (uapi asm/stat.h):
// offsets of st_mode, st_nlink, st_uid, st_gid, st_size and st_blksize, and widths.
var statLayouts = map[string]struct {
	size                            int
	mode, links, uid, gid           int
	linkSize                        int
	ownerSize                       int
	length, lengthSize, block, unit int
}{
	"x86-64":  {144, 24, 16, 28, 32, 8, 4, 48, 8, 56, 8},
	"i386":    {64, 8, 10, 12, 14, 2, 2, 20, 4, 24, 4},
	"i386 64": {96, 16, 20, 24, 28, 4, 4, 44, 8, 52, 4},
}

func (c *call) stat(mode uint64, length int) int64 {
	key := c.abi.Name
	if strings.HasSuffix(c.row.Name, "64") {
		key += " 64"
	}
	l := statLayouts[key]
	b := make([]byte, l.size)
	put := func(at int, n uint64, size int) { copy(b[at:], little(n, size)) }
	put(l.mode, mode, min(4, l.linkSize*2))
	put(l.links, 1, l.linkSize)
	put(l.uid, 1000, l.ownerSize)
	put(l.gid, 1000, l.ownerSize)
	put(l.length, uint64(length), l.lengthSize)
	put(l.block, 4096, l.unit)
	if !c.store(c.arg(1), b) {
		return c.fail("EFAULT")
	}
	return 0
}
