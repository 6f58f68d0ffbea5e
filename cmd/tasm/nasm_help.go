package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"tasm/diag"
	"tasm/object"
	"tasm/parser"
)

// nasmHelp tells the options, formats, classes of warnings and limits, in the order
// in which nasm does.
func nasmHelp() string {
	var b strings.Builder
	b.WriteString(nasmUsage)
	for _, k := range nasmKinds() {
		fmt.Fprintf(&b, "       %-20s %s\n", k.name, k.summary)
	}
	for _, a := range object.Aliases {
		fmt.Fprintf(&b, "       %-20s Legacy alias for %q\n", a.Name, a.Of)
	}
	b.WriteString(nasmDebugOptions)
	b.WriteString(debugFormatList())
	b.WriteString(nasmMoreOptions)
	for _, c := range diag.WarningClasses {
		state := "on"
		if c.Quiet {
			state = "off"
		}
		fmt.Fprintf(&b, "       %-20s %s [%s]\n", c.Name, c.About, state)
	}
	b.WriteString("\n   --limit-X val  bound X, by a number or the word unlimited\n")
	for _, l := range parser.Limits {
		most := fmt.Sprint(l.Most)
		if l.Most == math.MaxInt64>>1 {
			most = "unlimited"
		}
		fmt.Fprintf(&b, "       %-20s %s [%s]\n", l.Name, l.About, most)
	}
	return b.String()
}

// debugFormatList lists the debug formats of each format as nasm does.
func debugFormatList() string {
	var b strings.Builder
	for _, k := range nasmKinds() {
		name := k.name + ":"
		for i, d := range k.debug {
			note := ""
			if i == 0 {
				note = " [default]"
			}
			fmt.Fprintf(&b, "       %-10s %-9s %s%s\n", name, d, debugSummary(&k, d), note)
			name = ""
		}
	}
	return b.String()
}

// debugSummary says what the debug format of a kind of object is.
func debugSummary(k *nasmKind, debug string) string {
	system, _, _ := strings.Cut(strings.Replace(k.summary, "ELF32 for ", "", 1), " (Linux")
	system, _, _ = strings.Cut(system, " (Mach")
	switch {
	case debug == "dwarf" && k.object.Family == "macho":
		return system + " dwarf for Darwin/MacOS"
	case debug == "dwarf":
		return system + " dwarf (newer)"
	case debug == "stabs":
		return system + " stabs (older)"
	}
	return map[string]string{"cv8": "Codeview 8+", "borland": "Borland Debug Records", "ladsoft": "LADsoft Debug Records",
		"debug": "Trace of all info passed to debug stage"}[debug]
}

const nasmUsage = `Usage: nasm [-@ response_file] [options...] [--] filename
       nasm -v (or --v)

Options of nasm ` + nasmVersion + `, obeyed by tasm (the default stands in brackets):

    -h            this text (also --help, -hf)
    -v (or --v)   the version
    -y            the debug formats alone
    -@ file       more options, one a line

    -o outfile    name of the output
    --keep-all    leave outputs behind after an error

    -Xformat      messages as gnu or vc write them
    -s            messages to standard output
    -Zfile        messages to a file

    -M            a rule for make instead of the output
    -MG           the same; files that are not there will be made
    -MF file      where the rule goes
    -MD file      output and rule
    -MT name      target of the rule
    -MQ name      target of the rule, quoted for make
    -MP           a rule without prerequisites for each file
    -MW           quote and continue lines as Watcom's make does

    -f format     format of the output
`

const nasmDebugOptions = `
    -g            debug information
    -F format     its format, for an output format that has several
    -gformat      both
`

const nasmMoreOptions = `
    -l listfile   a listing
    -Lflags...    what the listing shows besides
       -Lb        the built-in macros
       -Ld        counts in decimal
       -Le        lines as they are after preprocessing
       -Lf        the lines of .nolist macros
       -Lm        calls of macros with their arguments expanded
       -Lp        every pass, where there are errors
       -Ls        definitions of single-line macros
       -Lw        each line is written at once
       -L+        all of these but the last

    -Oflags...    how short instructions and jumps are made
       -O0        as written
       -O1        numbers and jumps backwards only
       -Ox        as short as possible [default]
       -Ov        tell the number of passes
    -t            some words as Turbo Assembler has them

    -E (or -e)    preprocess only, to standard output
    -a            assemble what is preprocessed already
    -Ipath        where included files are looked for
    -Pfile        include a file before the source (also --include)
    -Dmacro[=str] define a macro
    -Umacro       undefine it
   --pragma str   a pragma before the source
   --before str   a line before the source
   --no-line      %line means nothing

   --prefix str   in front of the names of external, common and global symbols (also --gprefix)
   --postfix str  behind them (also --gpostfix)
   --lprefix str  in front of the names of other symbols
   --lpostfix str behind them

   --reproducible the same output in every run
   --max-errors n end after n errors [1000]; 0 is no limit

    -w+x          show the warnings of a class (also -Wx)
    -w-x          hide them (also -Wno-x)
    -w[+-]error   every warning is an error (also -Werror)
    -w[+-]error=x one class of them is (also -Werror=x)
`

// systemReason says why a file can't be opened, as nasm says it.
func systemReason(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "No such file or directory"
	}
	return diag.Reason(err)
}
