package vm

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"tasm/layout/elf"
)

// handlers serve the system calls, by the names of linux/syscalls.tsv. A call that
// is missing is not modelled.
var handlers map[string]func(*call) int64

func init() {
	handlers = map[string]func(*call) int64{
		"exit": exit, "exit_group": exit,

		"read": read, "write": writeCall, "readv": readv, "writev": writev,
		"pread64": pread, "pwrite64": pwrite,
		"open":   func(c *call) int64 { return c.openFile(c.arg(0), c.arg(1)) },
		"openat": func(c *call) int64 { return c.openFile(c.arg(1), c.arg(2)) },
		"creat":  func(c *call) int64 { return c.openFile(c.arg(0), oWrite|oCreate|oTruncate) },
		"close":  closeCall, "lseek": lseek, "_llseek": llseek,
		"access": access, "unlink": unlink, "ftruncate": ftruncate, "ftruncate64": ftruncate,
		"stat": statPath, "stat64": statPath, "lstat": statPath, "lstat64": statPath,
		"fstat": statDescriptor, "fstat64": statDescriptor,
		"dup": dup, "dup2": dup2, "dup3": dup2, "pipe": pipe, "pipe2": pipe,
		"ioctl": ioctl, "fcntl": fcntl, "fcntl64": fcntl, "fsync": zero, "fdatasync": zero, "sync": zero,
		"getcwd": getcwd, "chdir": chdir, "umask": umask,

		"brk": brk, "mmap": mmap, "mmap2": mmap2, "munmap": munmap, "mprotect": mprotect,
		"madvise": zero, "mlock": zero, "munlock": zero, "msync": zero,

		"getpid": constantly(processID), "gettid": constantly(processID), "getppid": constantly(1),
		"getpgrp": constantly(processID), "getpgid": constantly(processID), "getsid": constantly(processID),
		"set_tid_address": constantly(processID),
		"getuid":          constantly(1000), "geteuid": constantly(1000), "getgid": constantly(1000), "getegid": constantly(1000),
		"getuid32": constantly(1000), "geteuid32": constantly(1000), "getgid32": constantly(1000), "getegid32": constantly(1000),
		"sched_yield": zero, "uname": uname, "getrandom": getrandom,

		"time": timeCall, "gettimeofday": getTimeOfDay, "clock_gettime": clockGetTime, "clock_gettime64": clockGetTime,
		"nanosleep":       func(c *call) int64 { return c.sleep(c.arg(0), c.abi.PointerSize) },
		"clock_nanosleep": func(c *call) int64 { return c.sleep(c.arg(2), c.abi.PointerSize) },
		"alarm":           alarm, "pause": pause,

		"kill": kill, "tkill": tkill, "tgkill": tgkill,
		"signal": signalCall, "rt_sigaction": sigaction, "sigaction": sigaction,
		"rt_sigprocmask": zero, "sigprocmask": zero, "sigaltstack": zero,
	}
}

func zero(*call) int64 { return 0 }

func constantly(n int64) func(*call) int64 { return func(*call) int64 { return n } }

// Bits of open's flags (uapi asm-generic/fcntl.h).
const (
	oWrite, oReadWrite, oAccess = 1, 2, 3
	oCreate, oExclusive         = 0o100, 0o200
	oTruncate, oAppend          = 0o1000, 0o2000
)

func exit(c *call) int64 {
	c.stop = &Stop{Kind: Exited, Status: c.int(0) & 0xff, Reason: fmt.Sprintf("ends with status %d", c.int(0)&0xff)}
	return 0
}

// description returns what a descriptor stands for.
func (c *call) description(fd int) (*open, bool) {
	i, ok := c.descriptors[fd]
	if !ok {
		return nil, false
	}
	return &c.open[i], true
}

func read(c *call) int64 {
	o, ok := c.description(c.int(0))
	if !ok || !o.read {
		return c.fail("EBADF")
	}
	count := int64(min(c.arg(2), maxTransfer))
	data, n := c.take(o, count)
	if n < 0 || c.stop != nil {
		return n
	}
	if !c.store(c.arg(1), data) {
		return c.fail("EFAULT")
	}
	c.consume(o, int64(len(data)))
	c.made.Data = data[:min(len(data), shownBytes)]
	return int64(len(data))
}

// shownBytes is how much of what a call passed on is kept for people to see.
const shownBytes = 4096

// take returns what can be read next, at most count bytes, without moving on.
func (c *call) take(o *open, count int64) (data []byte, failure int64) {
	switch o.kind {
	case standardInput:
		for len(c.VM.input) == c.kernel.input && !c.inputEnd && count > 0 && c.options.Stdin != nil {
			buffer := make([]byte, min(count, 64<<10))
			n, err := c.options.Stdin.Read(buffer)
			c.VM.input = append(c.VM.input, buffer[:n]...)
			c.inputEnd = err != nil
		}
		if int64(len(c.VM.input)) > c.options.MaxMemory {
			c.stop = &Stop{Kind: Limited, Reason: fmt.Sprintf("has read more than %d bytes", c.options.MaxMemory)}
			return nil, 0
		}
		return c.VM.input[c.kernel.input:min(len(c.VM.input), c.kernel.input+int(count))], 0
	case file:
		data := *c.files[o.path]
		from := min(o.offset, int64(len(data)))
		return data[from:min(int64(len(data)), from+count)], 0
	case pipeEnd:
		if len(*o.pipe) == 0 && c.hasWriter(o.pipe) {
			c.stop = &Stop{Kind: Waiting, Reason: "waits for input from a pipe that only it could write to"}
			return nil, 0
		}
		return (*o.pipe)[:min(int64(len(*o.pipe)), count)], 0
	}
	return nil, c.fail("EBADF")
}

func (c *call) hasWriter(p *[]byte) bool {
	for _, i := range c.descriptors {
		if o := &c.open[i]; o.pipe == p && o.write {
			return true
		}
	}
	return false
}

// consume moves on behind n bytes that were read.
func (c *call) consume(o *open, n int64) {
	switch o.kind {
	case standardInput:
		c.kernel.input += int(n)
	case file:
		o.offset += n
	case pipeEnd:
		c.setPipe(o.pipe, (*o.pipe)[n:])
	}
}

// setPipe changes what is in a pipe, at all its ends.
func (c *call) setPipe(old *[]byte, data []byte) {
	now := &data
	for i := range c.open {
		if c.open[i].pipe == old {
			c.open[i].pipe = now
		}
	}
}

func writeCall(c *call) int64 {
	count := int64(min(c.arg(2), maxTransfer))
	data := c.readable(c.arg(1), count)
	if int64(len(data)) < count {
		if _, ok := c.description(c.int(0)); !ok {
			return c.fail("EBADF")
		}
		return c.fail("EFAULT")
	}
	return c.put(data)
}

// put writes data to the descriptor of the first argument.
func (c *call) put(data []byte) int64 {
	o, ok := c.description(c.int(0))
	if !ok || !o.write {
		return c.fail("EBADF")
	}
	c.made.Data = data[:min(len(data), shownBytes)]
	switch o.kind {
	case standardOutput, standardError:
		return c.emit(o.kind, data)
	case file:
		n := c.writeFile(o, data)
		o.offset += n
		return n
	case pipeEnd:
		const capacity = 64 << 10
		if len(*o.pipe)+len(data) > capacity {
			c.stop = &Stop{Kind: Waiting, Reason: "waits for room in a pipe that only it could read from"}
			return 0
		}
		c.setPipe(o.pipe, append(slices.Clone(*o.pipe), data...))
		return int64(len(data))
	}
	return c.fail("EBADF")
}

// emit writes to a stream.
func (c *call) emit(stream openKind, data []byte) int64 {
	if c.kernel.written+int64(len(data)) > c.options.MaxOutput {
		c.stop = &Stop{Kind: Limited, Reason: fmt.Sprintf("has written %d bytes", c.kernel.written)}
		return 0
	}
	v := c.VM
	v.output = append(v.output[:c.kernel.output], write{stream, data})
	c.kernel.output++
	c.kernel.written += int64(len(data))
	if c.kernel.output <= v.emitted {
		return int64(len(data)) // done again
	}
	v.emitted = c.kernel.output
	w := v.options.Stdout
	if stream == standardError {
		w = v.options.Stderr
	}
	if w != nil {
		if _, err := w.Write(data); err != nil {
			c.signal(sigPipe)
			return c.fail("EPIPE")
		}
	}
	return int64(len(data))
}

// writeFile writes data to a file at its offset.
func (c *call) writeFile(o *open, data []byte) int64 {
	old := *c.files[o.path]
	if o.append {
		o.offset = int64(len(old))
	}
	end := o.offset + int64(len(data))
	size := max(end, int64(len(old)))
	if !c.hasRoom(o.path, size) {
		return c.fail("ENOSPC")
	}
	now := make([]byte, size)
	copy(now, old)
	copy(now[o.offset:], data)
	c.setFile(o.path, now)
	return int64(len(data))
}

// block is what a file takes of memory at least.
const block = 4096

// hasRoom reports whether all files fit into memory where one of them gets a size.
func (c *call) hasRoom(name string, size int64) bool {
	if old, ok := c.files[name]; ok {
		size -= int64(len(*old)) + block
	}
	return size <= c.options.MaxMemory-c.stored-block
}

// setFile changes what a file holds, which must have been found to fit.
func (c *call) setFile(name string, data []byte) {
	c.dropFile(name)
	c.files[name] = &data
	c.stored += int64(len(data)) + block
}

// dropFile removes a file if it is there.
func (c *call) dropFile(name string) {
	if old, ok := c.files[name]; ok {
		c.stored -= int64(len(*old)) + block
		delete(c.files, name)
	}
}

// vectors reads an array of iovec.
func (c *call) vectors() (list [][2]uint64, failure int64) {
	count, size := c.arg(2), uint64(c.abi.PointerSize)
	if count > maxVectors {
		return nil, c.fail("EINVAL")
	}
	b := c.readable(c.arg(1), int64(count*2*size))
	if uint64(len(b)) < count*2*size {
		return nil, c.fail("EFAULT")
	}
	for ; len(b) > 0; b = b[2*size:] {
		list = append(list, [2]uint64{fromLittle(b[:size]), min(fromLittle(b[size:2*size]), maxTransfer)})
	}
	return list, 0
}

func writev(c *call) int64 {
	list, failure := c.vectors()
	if failure != 0 {
		return failure
	}
	var data []byte
	for _, v := range list {
		part := c.readable(v[0], int64(v[1]))
		if uint64(len(part)) < v[1] {
			return c.fail("EFAULT")
		}
		if data = append(data, part...); len(data) > maxTransfer {
			return c.fail("EINVAL")
		}
	}
	return c.put(data)
}

func readv(c *call) int64 {
	list, failure := c.vectors()
	if failure != 0 {
		return failure
	}
	o, ok := c.description(c.int(0))
	if !ok || !o.read {
		return c.fail("EBADF")
	}
	total := int64(0)
	for _, v := range list {
		data, n := c.take(o, int64(v[1]))
		if n < 0 || c.stop != nil {
			return n
		}
		if !c.store(v[0], data) {
			return c.fail("EFAULT")
		}
		c.consume(o, int64(len(data)))
		if total += int64(len(data)); uint64(len(data)) < v[1] {
			break
		}
	}
	return total
}

// position joins the two halves of a 64-bit argument that begins at argument i,
// where the ABI passes it in two registers.
func (c *call) position(i int) int64 {
	if c.abi.Bits == 32 {
		return int64(c.arg(i)&0xffffffff | c.arg(i+1)<<32)
	}
	return int64(c.arg(i))
}

func pread(c *call) int64 { return c.at(read) }

func pwrite(c *call) int64 { return c.at(writeCall) }

// at does a transfer at a position, and leaves the file's own as it is.
func (c *call) at(transfer func(*call) int64) int64 {
	o, ok := c.description(c.int(0))
	if !ok {
		return c.fail("EBADF")
	}
	if o.kind != file {
		return c.fail("ESPIPE")
	}
	old := o.offset
	if o.offset = c.position(3); o.offset < 0 {
		return c.fail("EINVAL")
	}
	n := transfer(c)
	o.offset = old
	return n
}

// path returns the absolute path that an argument names.
func (c *call) path(address uint64) (string, int64) {
	name, ok := c.text(address)
	switch {
	case !ok:
		return "", c.fail("EFAULT")
	case name == "":
		return "", c.fail("ENOENT")
	case !strings.HasPrefix(name, "/"):
		name = c.directory + "/" + name
	}
	return path.Clean(name), 0
}

// isDirectory reports whether a path is the root or leads to a file.
func (c *call) isDirectory(name string) bool {
	if name == "/" {
		return true
	}
	for p := range c.files {
		if strings.HasPrefix(p, name+"/") {
			return true
		}
	}
	return false
}

func (c *call) openFile(address, flags uint64) int64 {
	name, failure := c.path(address)
	if failure != 0 {
		return failure
	}
	writes := flags&oAccess == oWrite || flags&oAccess == oReadWrite
	_, exists := c.files[name]
	switch {
	case c.isDirectory(name):
		return c.fail(map[bool]string{true: "EISDIR", false: "EACCES"}[writes])
	case !exists && flags&oCreate == 0:
		return c.fail("ENOENT")
	case !exists && !c.isDirectory(path.Dir(name)):
		return c.fail("ENOENT")
	case exists && flags&(oCreate|oExclusive) == oCreate|oExclusive:
		return c.fail("EEXIST")
	case !c.hasRoom(name, 0):
		return c.fail("ENOSPC")
	case !exists || writes && flags&oTruncate != 0:
		c.setFile(name, nil)
	}
	return c.install(open{kind: file, path: name, read: flags&oAccess != oWrite, write: writes, append: flags&oAppend != 0})
}

// install gives a description the lowest free descriptor.
func (c *call) install(o open) int64 {
	fd := c.lowest(0)
	if fd >= maxDescriptors {
		return c.fail("EMFILE")
	}
	i := c.unused()
	if i == len(c.open) {
		c.open = append(c.open, o)
	}
	c.open[i] = o
	c.descriptors[fd] = i
	return int64(fd)
}

// unused returns the index of a description that no descriptor stands for, or of a new
// one.
func (c *call) unused() int {
	used := make([]bool, len(c.open)+1)
	for _, i := range c.descriptors {
		used[i] = true
	}
	return slices.Index(used, false)
}

func (c *call) lowest(from int) int {
	for {
		if _, used := c.descriptors[from]; !used {
			return from
		}
		from++
	}
}

func closeCall(c *call) int64 {
	if _, ok := c.descriptors[c.int(0)]; !ok {
		return c.fail("EBADF")
	}
	delete(c.descriptors, c.int(0))
	return 0
}

func lseek(c *call) int64 {
	n := int64(c.arg(1))
	if c.abi.Bits == 32 {
		n = int64(int32(n))
	}
	return c.seek(n, c.int(2))
}

func llseek(c *call) int64 {
	n := c.seek(int64(c.arg(1)<<32|c.arg(2)&0xffffffff), c.int(4))
	if n < 0 {
		return n
	}
	if !c.store(c.arg(3), little(uint64(n), 8)) {
		return c.fail("EFAULT")
	}
	return 0
}

func (c *call) seek(n int64, whence int) int64 {
	o, ok := c.description(c.int(0))
	if !ok {
		return c.fail("EBADF")
	}
	if o.kind != file {
		return c.fail("ESPIPE")
	}
	switch whence {
	case 0:
	case 1:
		n += o.offset
	case 2:
		n += int64(len(*c.files[o.path]))
	default:
		return c.fail("EINVAL")
	}
	if n < 0 {
		return c.fail("EINVAL")
	}
	o.offset = n
	return n
}

func access(c *call) int64 {
	name, failure := c.path(c.arg(0))
	if failure != 0 {
		return failure
	}
	if _, ok := c.files[name]; !ok && !c.isDirectory(name) {
		return c.fail("ENOENT")
	}
	return 0
}

func unlink(c *call) int64 {
	name, failure := c.path(c.arg(0))
	if failure != 0 {
		return failure
	}
	if _, ok := c.files[name]; !ok {
		return c.fail("ENOENT")
	}
	for _, i := range c.descriptors {
		if c.open[i].path == name {
			return c.unmodelled("removes a file that it still has open, which is not modelled here")
		}
	}
	c.dropFile(name)
	return 0
}

func ftruncate(c *call) int64 {
	o, ok := c.description(c.int(0))
	if !ok || o.kind != file || !o.write {
		return c.fail("EINVAL")
	}
	size := int64(c.arg(1))
	if c.row.Name == "ftruncate64" {
		size = c.position(1)
	}
	if size < 0 {
		return c.fail("EINVAL")
	}
	if !c.hasRoom(o.path, size) {
		return c.fail("ENOSPC")
	}
	now := make([]byte, size)
	copy(now, *c.files[o.path])
	c.setFile(o.path, now)
	return 0
}

func dup(c *call) int64 {
	i, ok := c.descriptors[c.int(0)]
	if !ok {
		return c.fail("EBADF")
	}
	fd := c.lowest(0)
	c.descriptors[fd] = i
	return int64(fd)
}

func dup2(c *call) int64 {
	i, ok := c.descriptors[c.int(0)]
	if to := c.int(1); !ok || to < 0 || to >= maxDescriptors {
		return c.fail("EBADF")
	}
	c.descriptors[c.int(1)] = i
	return int64(c.int(1))
}

func pipe(c *call) int64 {
	room := new([]byte)
	in := c.install(open{kind: pipeEnd, read: true, pipe: room})
	out := c.install(open{kind: pipeEnd, write: true, pipe: room})
	if in < 0 || out < 0 {
		return c.fail("EMFILE")
	}
	if !c.store(c.arg(0), append(little(uint64(in), 4), little(uint64(out), 4)...)) {
		return c.fail("EFAULT")
	}
	return 0
}

// ioctl knows what programs ask of a terminal: whether it is one, and how large.
func ioctl(c *call) int64 {
	o, ok := c.description(c.int(0))
	if !ok {
		return c.fail("EBADF")
	}
	terminal := o.kind <= standardError && c.options.Terminal
	const getAttributes, getWindow = 0x5401, 0x5413 // TCGETS, TIOCGWINSZ
	switch {
	case !terminal:
		return c.fail("ENOTTY")
	case c.arg(1) == getAttributes:
		if !c.store(c.arg(2), make([]byte, 36)) {
			return c.fail("EFAULT")
		}
		return 0
	case c.arg(1) == getWindow:
		if !c.store(c.arg(2), []byte{24, 0, 80, 0, 0, 0, 0, 0}) {
			return c.fail("EFAULT")
		}
		return 0
	}
	return c.unmodelled("asks a terminal for %#x by ioctl, which is not modelled here", c.arg(1))
}

func fcntl(c *call) int64 {
	i, ok := c.descriptors[c.int(0)]
	if !ok {
		return c.fail("EBADF")
	}
	const duplicate, getFlags, setFlags, getStatus, setStatus = 0, 1, 2, 3, 4 // F_DUPFD ...
	switch c.int(1) {
	case duplicate:
		fd := c.lowest(max(0, c.int(2)))
		c.descriptors[fd] = i
		return int64(fd)
	case getFlags, setFlags, setStatus:
		return 0
	case getStatus:
		o := &c.open[i]
		switch {
		case o.read && o.write:
			return oReadWrite
		case o.write:
			return oWrite
		}
		return 0
	}
	return c.unmodelled("makes the call fcntl with command %d, which is not modelled here", c.int(1))
}

func getcwd(c *call) int64 {
	b := append([]byte(c.directory), 0)
	if uint64(len(b)) > c.arg(1) {
		return c.fail("ERANGE")
	}
	if !c.store(c.arg(0), b) {
		return c.fail("EFAULT")
	}
	return int64(len(b))
}

func chdir(c *call) int64 {
	name, failure := c.path(c.arg(0))
	if failure != 0 {
		return failure
	}
	if !c.isDirectory(name) {
		return c.fail("ENOENT")
	}
	c.directory = name
	return 0
}

func umask(c *call) int64 {
	old := c.kernel.umask
	c.kernel.umask = c.arg(0) & 0o777
	return int64(old)
}

// Output returns what the program has written to standard output and standard
// error up to this step, in the order in which it did.
func (v *VM) Output() []byte {
	var all []byte
	for _, w := range v.output[:v.kernel.output] {
		all = append(all, w.bytes...)
	}
	return all
}

// pageUp rounds up to whole pages.
func pageUp(n uint64) uint64 { return (n + elf.PageSize - 1) &^ (elf.PageSize - 1) }
