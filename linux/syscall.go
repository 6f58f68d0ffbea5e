package linux

import (
	_ "embed" // the tables
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Syscall is one system call, on the ABIs that have it.
type Syscall struct {
	Name    string
	Summary string // one line for people
	Result  Kind   // what comes back on success

	forms [numABIs]form

	// command is the name of a row of commands.tsv, and space what that says; "" if
	// it is none.
	command string
	space   Space
}

// form is a call as one ABI has it; a number below 0 says that it has not.
type form struct {
	number int
	args   []Arg
}

// Arg is one argument of a system call, in one register.
type Arg struct {
	Name string
	Kind Kind
	// Optional tells that the address may be null, and that then no memory is
	// touched.
	Optional bool
	// Indirect tells that the memory read holds addresses that the kernel
	// follows, now or later: what lies there is to be taken as Opaque.
	Indirect bool
	// Length bounds In, Out, InOut and Map in bytes, and counts the iovec
	// structures of Gather and Scatter. It is nil for other kinds.
	Length Length
}

// Number returns the number of the call, and whether the ABI has it.
func (s *Syscall) Number(abi *ABI) (int, bool) {
	n := s.forms[abi.index].number
	return n, n >= 0
}

// Args returns what the call takes on the ABI, in the order of ABI.Args. On
// i386 a 64-bit number takes two of them. The caller must not change the slice.
func (s *Syscall) Args(abi *ABI) []Arg { return s.forms[abi.index].args }

// NoReturn reports whether control never comes back behind the call, neither on
// success nor on failure, in the thread that made it.
func (s *Syscall) NoReturn() bool { return s.Result == Never }

// Lookup returns the system call with the given name, whichever ABI has it.
func Lookup(name string) (*Syscall, bool) {
	s, ok := table().byName[name]
	return s, ok
}

// ByNumber returns the system call with the given number.
func ByNumber(abi *ABI, number int) (*Syscall, bool) {
	s, ok := table().byNumber[abi.index][number]
	return s, ok
}

// MayExist reports whether some kernel may have a system call with a number that the table
// lacks: new ones get numbers behind those that there are, and x32 has a bit for its own
// (arch/x86/include/uapi/asm/unistd.h).
func MayExist(abi *ABI, number int) bool {
	const x32, most = 1 << 30, 1 << 12
	if abi == X8664 {
		if number&x32 != 0 && number >= 0 {
			return number&^x32 < most
		}
	}
	last := 0
	for n := range table().byNumber[abi.index] {
		last = max(last, n)
	}
	return number > last && number < most
}

// Names returns the names of all system calls of the ABI, sorted.
func Names(abi *ABI) []string {
	var names []string
	for _, s := range table().calls {
		if _, ok := s.Number(abi); ok {
			names = append(names, s.Name)
		}
	}
	return names
}

//go:embed syscalls.tsv
var syscallsTSV string

//go:embed structs.tsv
var structsTSV string

type syscallTable struct {
	calls    []*Syscall // sorted by name
	byName   map[string]*Syscall
	byNumber [numABIs]map[int]*Syscall
}

// table parses syscalls.tsv when it is first needed. The file is part of the
// program, so a fault in it is a fault of the program.
var table = sync.OnceValue(func() *syscallTable {
	t, err := parseSyscalls(syscallsTSV)
	if err != nil {
		panic("linux: syscalls.tsv: " + err.Error())
	}
	return t
})

// structSizes returns the sizes of structures for each ABI, 0 where an ABI has
// none.
var structSizes = sync.OnceValue(func() map[string][numABIs]int64 {
	sizes := make(map[string][numABIs]int64, 64)
	for _, row := range rows(structsTSV) {
		var size [numABIs]int64
		for i := range size {
			if row.fields[1+i] == "-" {
				continue
			}
			n, err := strconv.ParseUint(row.fields[1+i], 10, 16)
			if err != nil {
				panic(fmt.Sprintf("linux: structs.tsv:%d: %v", row.line, err))
			}
			size[i] = int64(n)
		}
		sizes[row.fields[0]] = size
	}
	return sizes
})

type row struct {
	line   int
	fields []string
}

// rows splits a table into its rows and those into their columns, without
// comments.
func rows(tsv string) []row {
	rows := make([]row, 0, strings.Count(tsv, "\n"))
	line := 0
	for text := range strings.Lines(tsv) {
		line++
		if !strings.HasPrefix(text, "#") {
			rows = append(rows, row{line, strings.Split(strings.TrimSuffix(text, "\n"), "\t")})
		}
	}
	return rows
}

func parseSyscalls(tsv string) (*syscallTable, error) {
	rows := rows(tsv)
	t := &syscallTable{byName: make(map[string]*Syscall, len(rows))}
	for i := range t.byNumber {
		t.byNumber[i] = make(map[int]*Syscall, len(rows))
	}
	for _, row := range rows {
		s, err := parseSyscall(row.fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", row.line, err)
		}
		if t.byName[s.Name] != nil {
			return nil, fmt.Errorf("line %d: %s stands twice", row.line, s.Name)
		}
		t.calls = append(t.calls, s)
		t.byName[s.Name] = s
		for i, form := range s.forms {
			if form.number < 0 {
				continue
			}
			if other := t.byNumber[i][form.number]; other != nil {
				return nil, fmt.Errorf("line %d: %s has the number of %s, %d", row.line, s.Name, other.Name, form.number)
			}
			t.byNumber[i][form.number] = s
		}
	}
	sorted := func(i, j int) bool { return t.calls[i].Name < t.calls[j].Name }
	if !sort.SliceIsSorted(t.calls, sorted) {
		return nil, fmt.Errorf("rows are not sorted by name")
	}
	return t, nil
}

func parseSyscall(fields []string) (*Syscall, error) {
	if len(fields) < 5 || len(fields) > 7 {
		return nil, fmt.Errorf("%d columns, not 5 to 7", len(fields))
	}
	result, ok := kindNamed[fields[3]]
	if !ok || result.Memory() {
		return nil, fmt.Errorf("no kind of result: %q", fields[3])
	}
	s := &Syscall{Name: fields[0], Summary: fields[4], Result: result}
	for _, abi := range []*ABI{I386, X8664} {
		f := &s.forms[abi.index]
		f.number = -1
		text := fields[1+abi.index]
		if text == "-" {
			continue
		}
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, err
		}
		f.number = int(number)
		column := 5
		if abi == I386 && len(fields) > 6 {
			column = 6
		}
		if column < len(fields) && fields[column] != "-" {
			if f.args, err = parseArgs(fields[column], abi); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
		}
	}
	return s, nil
}

func parseArgs(text string, abi *ABI) ([]Arg, error) {
	fields := strings.Split(text, " ")
	if len(fields) > len(abi.Args) {
		return nil, fmt.Errorf("%d arguments for %d registers", len(fields), len(abi.Args))
	}
	args := make([]Arg, len(fields))
	index := func(name string) (int, bool) {
		for i := range args {
			if args[i].Name == name {
				return i, true
			}
		}
		return 0, false
	}
	// The names come first, because a length may refer to a later argument.
	for i, field := range fields {
		name, kind, ok := strings.Cut(field, ":")
		if _, twice := index(name); !ok || name == "" || twice {
			return nil, fmt.Errorf("argument %q has no name of its own", field)
		}
		args[i].Name, fields[i] = name, kind
	}
	for i, kind := range fields {
		if err := args[i].parseKind(kind, abi, index); err != nil {
			return nil, fmt.Errorf("argument %s: %w", args[i].Name, err)
		}
	}
	return args, nil
}

func (a *Arg) parseKind(text string, abi *ABI, argument func(string) (int, bool)) error {
	name, length, hasLength := strings.Cut(text, "(")
	name, a.Optional = strings.CutSuffix(name, "?")
	name, a.Indirect = strings.CutSuffix(name, "&")
	var ok bool
	a.Kind, ok = kindNamed[name]
	k := &kinds[a.Kind]
	switch {
	case !ok || k.result:
		return fmt.Errorf("no kind of argument: %q", text)
	case hasLength != k.length:
		return fmt.Errorf("length missing or too many in %q", text)
	case a.Optional && !k.reads && !k.writes:
		return fmt.Errorf("a value can't be optional: %q", text)
	case a.Indirect && !k.reads:
		return fmt.Errorf("no memory is read that could hold addresses: %q", text)
	case !hasLength:
		return nil
	}
	length, ok = strings.CutSuffix(length, ")")
	if !ok {
		return fmt.Errorf("no closing parenthesis in %q", text)
	}
	var err error
	a.Length, err = parseLength(length, abi, argument)
	return err
}
