package main

import (
	"fmt"
	"io/fs"
	"strings"

	"errors"

	"tasm/diag"
)

// nasmHelp lists the options, or the formats alone.
func nasmHelp(formats bool) string {
	var b strings.Builder
	if !formats {
		b.WriteString(nasmOptionsText)
		b.WriteByte('\n')
	}
	b.WriteString("    -f format     select output file format\n")
	for _, k := range nasmKinds() {
		fmt.Fprintf(&b, "       %-20s %s\n", k.name, k.summary)
	}
	for _, k := range nasmKinds() {
		for i, d := range k.debug {
			note := ""
			if i == 0 {
				note = " [default with -g]"
			}
			fmt.Fprintf(&b, "    -F %-10s debug information for %s%s\n", d, k.name, note)
		}
	}
	return b.String()
}

const nasmOptionsText = `Usage: nasm [-@ response_file] [options...] [--] filename

    -o outfile    write output to outfile
    -f format     select the output format
    -l listfile   write a listing
    -g, -F format generate debug information
    -E            preprocess only
    -M -MG        print dependencies for make
    -MD -MF file  assemble and write dependencies to file
    -MT -MQ name  target of the rule for make; -MP: a rule for every file
    -Dname[=text] define a macro, -Uname: undefine it
    -Ipath        search path for included files
    -Pfile        include file before the source
    -w+x -w-x     show or hide a class of warnings, -w+error=x: make it an error
    -Xgnu -Xvc    format of messages; -s: to standard output, -Zfile: to file
    -Ox           shortest encodings (always so)
    --prefix str, --postfix str, --lprefix str, --lpostfix str
                  put around the names of global and local symbols
    --before line, --pragma text
                  read before the source
    -v -h -hf     version, this text, the formats
`

// systemReason says why a file can't be opened, as nasm says it.
func systemReason(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "No such file or directory"
	}
	return diag.Reason(err)
}
