package linux

import (
	"bufio"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var abis = []*ABI{I386, X8664}

// newerThanHeaders are the calls that came after Linux 6.1, whose headers
// Debian 12 has. They may be missing from the headers.
var newerThanHeaders = map[string]string{
	"cachestat":         "Linux 6.5",
	"fchmodat2":         "Linux 6.6",
	"map_shadow_stack":  "Linux 6.6",
	"futex_wake":        "Linux 6.7",
	"futex_wait":        "Linux 6.7",
	"futex_requeue":     "Linux 6.7",
	"statmount":         "Linux 6.8",
	"listmount":         "Linux 6.8",
	"lsm_get_self_attr": "Linux 6.8",
	"lsm_set_self_attr": "Linux 6.8",
	"lsm_list_modules":  "Linux 6.8",
	"mseal":             "Linux 6.10",
	"uretprobe":         "Linux 6.11",
	"setxattrat":        "Linux 6.13",
	"getxattrat":        "Linux 6.13",
	"listxattrat":       "Linux 6.13",
	"removexattrat":     "Linux 6.13",
	"open_tree_attr":    "Linux 6.15",
	"file_getattr":      "Linux 6.17",
	"file_setattr":      "Linux 6.17",
	"uprobe":            "Linux 6.18",
	"listns":            "Linux 6.19",
	"rseq_slice_yield":  "Linux 7.0",
}

// header finds a uapi header, which Debian keeps below a multiarch directory.
func header(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"/usr/include/x86_64-linux-gnu", "/usr/include"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("kernel header %s not found: install linux-libc-dev", name)
	return ""
}

// defines reads the numeric #define lines of a header, whose names start with
// the prefix, which it takes off.
func defines(t *testing.T, path, prefix string) map[string]int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 3 || words[0] != "#define" || !strings.HasPrefix(words[1], prefix) {
			continue
		}
		if n, err := strconv.Atoi(words[2]); err == nil {
			found[strings.TrimPrefix(words[1], prefix)] = n
		}
	}
	return found
}

func TestNumbersAgainstKernelHeaders(t *testing.T) {
	for _, test := range []struct {
		abi    *ABI
		header string
		least  int // entries that a header not torn in half has
	}{
		{I386, "asm/unistd_32.h", 430},
		{X8664, "asm/unistd_64.h", 350},
	} {
		want := defines(t, header(t, test.header), "__NR_")
		if len(want) < test.least {
			t.Errorf("%s has only %d calls", test.header, len(want))
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			s, ok := Lookup(name)
			if !ok {
				t.Errorf("%s: the table lacks %s, %d", test.abi.Name, name, want[name])
			} else if n, ok := s.Number(test.abi); !ok || n != want[name] {
				t.Errorf("%s: the table has %s = %d, the header %d", test.abi.Name, name, n, want[name])
			}
		}
		for _, name := range Names(test.abi) {
			if _, ok := want[name]; !ok && newerThanHeaders[name] == "" {
				t.Errorf("%s: the header lacks %s", test.abi.Name, name)
			}
		}
	}
}

// TestStructSizes has a C compiler check the sizes against the kernel's uapi
// headers, for both ABIs.
func TestStructSizes(t *testing.T) {
	for i, flag := range []string{"-m32", "-m64"} {
		var c strings.Builder
		checked := 0
		for _, row := range rows(structsTSV) {
			size, header, ctype := row.fields[1+i], row.fields[3], row.fields[4]
			if size == "-" || header == "-" {
				continue
			}
			checked++
			fmt.Fprintf(&c, "#include <%s>\n_Static_assert(sizeof(%s) == %s, \"%s\");\n", header, ctype, size, row.fields[0])
		}
		if checked < 30 {
			t.Errorf("%s: only %d sizes checked", flag, checked)
		}
		gcc := exec.Command("gcc", flag, "-fsyntax-only", "-nostdinc", "-isystem", "/usr/include/x86_64-linux-gnu", "-isystem", "/usr/include", "-x", "c", "-")
		gcc.Stdin = strings.NewReader(c.String())
		if out, err := gcc.CombinedOutput(); err != nil {
			t.Errorf("gcc %s: %v\n%s", flag, err, out)
		}
	}
}

func TestTableIsWellFormed(t *testing.T) {
	sizes := structSizes()
	used := map[string]bool{}
	for _, row := range rows(structsTSV) {
		if len(row.fields) != 5 {
			t.Errorf("structs.tsv:%d: %d columns", row.line, len(row.fields))
		}
	}
	for _, s := range table().calls {
		if s.Summary == "" || strings.HasSuffix(s.Summary, ".") || len(s.Summary) > 100 {
			t.Errorf("%s: summary %q", s.Name, s.Summary)
		}
		if removed := strings.HasSuffix(s.Summary, "always ENOSYS"); removed && (s.Result != Error || s.Args(I386) != nil || s.Args(X8664) != nil) {
			t.Errorf("%s is not implemented but has arguments or a result", s.Name)
		}
		for _, abi := range abis {
			for i, a := range s.Args(abi) {
				if _, ok := sizes[a.Name]; ok || a.Name == "bits" || a.Name == "pages" {
					t.Errorf("%s: argument %s has the name of a structure or unit", s.Name, a.Name)
				}
				if a.Kind == Low || a.Kind == High {
					other := Low + High - a.Kind
					near := s.Args(abi)[max(i-1, 0):min(i+2, len(s.Args(abi)))]
					if abi != I386 || !slices.ContainsFunc(near, func(a Arg) bool { return a.Kind == other }) {
						t.Errorf("%s: argument %s is half a number without its other half, or not on i386", s.Name, a.Name)
					}
				}
				for _, term := range a.Length {
					if term.Arg < 0 {
						continue
					}
					switch of := s.Args(abi)[term.Arg]; {
					case term.Deref && of.Kind != InOut:
						t.Errorf("%s: argument %s: *%s is not written back", s.Name, a.Name, of.Name)
					case !term.Deref && of.Kind != Size && of.Kind != Int:
						t.Errorf("%s: argument %s: length %s is %s", s.Name, a.Name, of.Name, of.Kind)
					}
				}
			}
		}
	}
	for _, row := range rows(commandsTSV) {
		for _, word := range strings.FieldsFunc(row.fields[3], func(r rune) bool { return strings.ContainsRune(" :()*+?&", r) }) {
			used[word] = true
		}
	}
	for _, row := range rows(syscallsTSV) {
		for _, args := range row.fields[min(5, len(row.fields)):] {
			for _, word := range strings.FieldsFunc(args, func(r rune) bool { return strings.ContainsRune(" :()*+?&", r) }) {
				used[word] = true
			}
		}
		if len(row.fields) == 7 && row.fields[5] == row.fields[6] {
			t.Errorf("syscalls.tsv:%d: the same arguments twice", row.line)
		}
	}
	for name := range sizes {
		if !used[name] {
			t.Errorf("structure %s is used by no call", name)
		}
	}
	head, _, _ := strings.Cut(syscallsTSV, "\n_llseek")
	defined := strings.FieldsFunc(head, func(r rune) bool { return r < 'a' || r > 'z' })
	for k := range kinds {
		if kinds[k].name == "" {
			t.Errorf("kind %d has no name", k)
		} else if got := kindNamed[kinds[k].name]; got != Kind(k) {
			t.Errorf("kinds %d and %d are both %s", k, got, kinds[k].name)
		} else if !slices.Contains(defined, kinds[k].name) {
			t.Errorf("the head of syscalls.tsv does not define %s", kinds[k].name)
		}
	}
}

func TestParseRejects(t *testing.T) {
	for _, test := range []struct{ row, want string }{
		{"x\t1\t1\tzero", "4 columns"},
		{"x\t1\t1\tin\ts", "no kind of result"},
		{"x\t1\t1\tbig\ts", "no kind of result"},
		{"x\ty\t1\tzero\ts", "invalid syntax"},
		{"x\t1\t1\tzero\ts\ta", "no name of its own"},
		{"x\t1\t1\tzero\ts\ta:fd a:fd", "no name of its own"},
		{"x\t1\t1\tzero\ts\ta:zero", "no kind of argument"},
		{"x\t1\t1\tzero\ts\ta:fd?", "can't be optional"},
		{"x\t1\t1\tzero\ts\ta:out&(4)", "no memory is read"},
		{"x\t1\t1\tzero\ts\ta:fd(4)", "length missing or too many"},
		{"x\t1\t1\tzero\ts\ta:in", "length missing or too many"},
		{"x\t1\t1\tzero\ts\ta:in(4", "no closing"},
		{"x\t1\t1\tzero\ts\ta:in()", "no number, argument or structure"},
		{"x\t1\t1\tzero\ts\ta:in(n)", "no number, argument or structure"},
		{"x\t1\t1\tzero\ts\ta:in(*n)", "no argument"},
		{"x\t1\t1\tzero\ts\ta:in(bits)", "without a count"},
		{"x\t1\t1\tzero\ts\ta:in(0)", "without a count"},
		{"x\t-\t1\tzero\ts\ta:in(stat64)", "structure of x86-64"},
		{"x\t1\t1\tzero\ts\ta:fd b:fd c:fd d:fd e:fd f:fd g:fd", "7 arguments for 6 registers"},
		{"x\t1\t1\tzero\ts\nx\t2\t2\tzero\ts", "stands twice"},
		{"x\t1\t1\tzero\ts\ny\t2\t1\tzero\ts", "has the number of x"},
		{"y\t1\t1\tzero\ts\nx\t2\t2\tzero\ts", "not sorted"},
	} {
		if _, err := parseSyscalls(test.row); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, not %q", test.row, err, test.want)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, test := range []struct {
		name        string
		i386, amd64 int
		args        string // on i386 and, after a slash where they differ, on x86-64
		noReturn    bool
	}{
		{"read", 3, 0, "fd buf count", false},
		{"write", 4, 1, "fd buf count", false},
		{"exit", 1, 60, "status", true},
		{"exit_group", 252, 231, "status", true},
		{"execve", 11, 59, "path argv envp", false},
		{"pause", 29, 34, "", false},
		{"mmap", 90, 9, "args/addr length prot flags fd offset", false},
		{"mmap2", 192, -1, "addr length prot flags fd page_offset/", false},
		{"pread64", 180, 17, "fd buf count offset_lo offset_hi/fd buf count offset", false},
		{"clone", 120, 56, "flags stack parent_tid tls child_tid/flags stack parent_tid child_tid tls", false},
		{"get_thread_area", 244, 211, "info/", false},
	} {
		s, ok := Lookup(test.name)
		if !ok {
			t.Errorf("no %s", test.name)
			continue
		}
		both := strings.Split(test.args, "/")
		for i, number := range []int{test.i386, test.amd64} {
			abi := abis[i]
			if n, ok := s.Number(abi); n != number || ok != (number >= 0) {
				t.Errorf("%s on %s: number %d, %v", test.name, abi.Name, n, ok)
			}
			if by, ok := ByNumber(abi, number); ok != (number >= 0) || ok && by != s {
				t.Errorf("%s: number %d is %v", abi.Name, number, by)
			}
			var names []string
			for _, a := range s.Args(abi) {
				names = append(names, a.Name)
			}
			if got := strings.Join(names, " "); got != both[min(i, len(both)-1)] {
				t.Errorf("%s on %s takes %q", test.name, abi.Name, got)
			}
			if slices.Contains(Names(abi), test.name) != (number >= 0) {
				t.Errorf("Names of %s and %s disagree", abi.Name, test.name)
			}
		}
		if s.NoReturn() != test.noReturn {
			t.Errorf("%s: NoReturn is %v", test.name, s.NoReturn())
		}
	}
	if s, ok := Lookup("wirte"); ok {
		t.Errorf("Lookup found %v", s)
	}
}

func TestLengths(t *testing.T) {
	for _, test := range []struct {
		call, arg   string
		value       uint64 // of every argument that the length needs
		i386, amd64 uint64
	}{
		{"write", "buf", 24, 24, 24},
		{"write", "buf", math.MaxUint64, math.MaxUint64, math.MaxUint64},
		{"nanosleep", "req", 0, 8, 16},
		{"utimensat", "times", 0, 16, 32},
		{"poll", "fds", 3, 24, 24},
		{"poll", "fds", 1 << 62, math.MaxUint64, math.MaxUint64},
		{"_newselect", "readfds", 33, 8, 0},
		{"pselect6", "readfds", 33, 8, 8},
		{"pselect6", "readfds", 32, 4, 8},
		{"pselect6", "readfds", 0, 0, 0},
		{"mincore", "vec", 4097, 2, 2},
		{"msgsnd", "msg", 5, 9, 13},
		{"msgsnd", "msg", math.MaxUint64, math.MaxUint64, math.MaxUint64},
		{"getsockname", "addr", 16, 16, 16},
		{"writev", "iov", 2, 2, 2},
	} {
		s, _ := Lookup(test.call)
		for i, want := range []uint64{test.i386, test.amd64} {
			for _, a := range s.Args(abis[i]) {
				if a.Name != test.arg {
					continue
				}
				got, ok := a.Length.Bytes(abis[i], func(arg int, deref bool) (uint64, bool) {
					if deref != (test.call == "getsockname") {
						t.Errorf("%s: deref is %v", test.call, deref)
					}
					return test.value, true
				})
				if got != want || !ok {
					t.Errorf("%s(%s) on %s with %d: %d bytes, not %d", test.call, test.arg, abis[i].Name, test.value, got, want)
				}
				_, known := a.Length.Bytes(abis[i], func(int, bool) (uint64, bool) { return 0, false })
				n, fixed := a.Length.Const()
				if known != fixed || fixed && uint64(n) != want {
					t.Errorf("%s(%s): Const says %d, %v", test.call, test.arg, n, fixed)
				}
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	structSizes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseSyscalls(syscallsTSV); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSpaces holds space.tsv against syscalls.tsv: its calls exist, and every call
// that takes a range of addresses is among them.
func TestSpaces(t *testing.T) {
	names := slices.Sorted(maps.Keys(spaces()))
	for _, name := range names {
		if _, ok := Lookup(name); !ok {
			t.Errorf("there is no call %s", name)
		}
	}
	if n := len(rows(spaceTSV)); n != len(names) {
		t.Errorf("%d rows for %d calls", n, len(names))
	}
	for _, call := range table().calls {
		for _, abi := range abis {
			for _, a := range call.Args(abi) {
				if a.Kind == Map && call.Space() == NoSpace {
					t.Errorf("%s takes a range of addresses and is not in space.tsv", call.Name)
				}
			}
		}
	}
}

func TestErrorsTable(t *testing.T) {
	for call, failures := range knownErrors() {
		s, ok := Lookup(call)
		if !ok {
			t.Errorf("errors.tsv: there is no call %s", call)
			continue
		}
		if s.NoReturn() {
			t.Errorf("errors.tsv: %s does not return", call)
		}
		for _, f := range failures {
			if _, ok := Errnos().ByName(f.Name); !ok {
				t.Errorf("errors.tsv: there is no error %s", f.Name)
			}
		}
	}
	write, _ := Lookup("write")
	var names []string
	for _, f := range write.Errors() {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "EBADF EFAULT EAGAIN EINVAL EINTR EPIPE ENOSPC EFBIG" {
		t.Errorf("write: %s", got)
	}
	for k := Int; k <= Copy; k++ {
		if k.Words() == "" {
			t.Errorf("%s has no words", k)
		}
	}
}

// TestRefine tells calls apart by what selects what they do.
func TestRefine(t *testing.T) {
	if len(commands()) != len(rows(commandsTSV)) {
		t.Errorf("%d commands in %d rows", len(commands()), len(rows(commandsTSV)))
	}
	for _, test := range []struct {
		call    string
		command uint64
		kind    Kind // of the second argument
		space   Space
	}{
		{"prctl", 15, CString, NoSpace},
		{"prctl", 35, Opaque, SpacePages}, // PR_SET_MM
		{"prctl", 0x41555856, Out, SpaceFile},
		{"setrlimit", 7, In, NoSpace},
		{"setrlimit", 9, In, SpacePages}, // RLIMIT_AS
		{"arch_prctl", 0x1002, Opaque, NoSpace},
		{"arch_prctl", 0x2001, Opaque, SpacePages},
	} {
		s, _ := Lookup(test.call)
		r := s.Refine(X8664, func(arg int) (uint64, bool) { return test.command, arg == 0 })
		if k := r.Args(X8664)[1].Kind; k != test.kind || r.Space() != test.space {
			t.Errorf("%s %#x: %v, %d", test.call, test.command, k, r.Space())
		}
		if unknown := s.Refine(X8664, func(int) (uint64, bool) { return 0, false }); unknown != s {
			t.Errorf("%s is another one where nothing is known", test.call)
		}
	}
}

func TestMayExist(t *testing.T) {
	for number, want := range map[int]bool{0: false, 300: false, 390: false, 1000: true, 4095: true, 4096: false, 9999: false, -1: false} {
		for _, abi := range []*ABI{I386, X8664} {
			if MayExist(abi, number) != want {
				t.Errorf("%s: %d: %v", abi.Name, number, !want)
			}
		}
	}
	if !MayExist(X8664, 1<<30|1) || MayExist(I386, 1<<30|1) {
		t.Error("x32")
	}
}

func TestShowsProcess(t *testing.T) {
	for name, want := range map[string]bool{
		"/proc/self/maps": true, "proc/self/mem": true, "/proc/1/maps": true, "/proc": true, "//proc/./self/maps": true, "/proc/thread-self/x": true,
		"/proc/uptime": false, "/proc/sys/kernel/ostype": false, "processes": false, "/etc/passwd": false, "": false,
		"/proc/net/../maps": true, "/proc/sys/../self/maps": true, "/dev/fd/../maps": true, "/dev/fd/0": false, "/dev/../etc/fd": false, "/proc/net/tcp": false,
	} {
		if ShowsProcess(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
