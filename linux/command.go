package linux

import (
	_ "embed" // the table
	"fmt"
	"slices"
	"strconv"
	"sync"
)

//go:embed commands.tsv
var commandsTSV string

// command is a row of commands.tsv: what a call is when one of its arguments has a value.
type command struct {
	call  string
	value uint64 // of its argument of kind Cmd, 32 bits
}

// commands parses commands.tsv when it is first needed.
var commands = sync.OnceValue(func() map[command]*Syscall {
	list := map[command]*Syscall{}
	for _, row := range rows(commandsTSV) {
		c, s, err := parseCommand(row.fields)
		if err != nil {
			panic(fmt.Sprintf("linux: commands.tsv:%d: %v", row.line, err))
		}
		list[c] = s
	}
	return list
})

func parseCommand(fields []string) (command, *Syscall, error) {
	if len(fields) != 5 {
		return command{}, nil, fmt.Errorf("%d columns, not 5", len(fields))
	}
	general, ok := Lookup(fields[0])
	value, err := strconv.ParseUint(fields[1], 0, 32)
	space, spaced := spaceNamed[fields[4]]
	switch {
	case !ok:
		return command{}, nil, fmt.Errorf("there is no call %q", fields[0])
	case err != nil:
		return command{}, nil, err
	case !spaced:
		return command{}, nil, fmt.Errorf("no part of the address space: %q", fields[4])
	}
	s := *general
	s.command, s.space = fields[2], space
	for _, abi := range []*ABI{I386, X8664} {
		if f := &s.forms[abi.index]; f.number >= 0 && fields[3] != "=" {
			if f.args, err = parseArgs(fields[3], abi); err != nil {
				return command{}, nil, fmt.Errorf("%s: %w", fields[2], err)
			}
		}
	}
	return command{s.Name, value}, &s, nil
}

// Refine returns what the call is when its arguments have certain values, as far as
// commands.tsv tells; else the call itself. The function tells the value of an
// argument's register, and false where it is not known. The result has the name and
// number of the call, and perhaps fewer arguments.
func (s *Syscall) Refine(abi *ABI, value func(arg int) (uint64, bool)) *Syscall {
	i := slices.IndexFunc(s.Args(abi), func(a Arg) bool { return a.Kind == Cmd })
	if i < 0 || s.command != "" {
		return s
	}
	if n, known := value(i); known {
		if refined, ok := commands()[command{s.Name, uint64(uint32(n))}]; ok {
			return refined
		}
	}
	return s
}
