package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"tasm/diag"
)

// habits are the commands that other tools have, and what does the same here.
var habits = map[string]string{
	"compile": "build", "assemble": "build", "asm": "build", "as": "build", "make": "build", "link": "build", "ld": "build", "check": "build",
	"exec": "run", "execute": "run", "start": "run",
	"debug": "step", "gdb": "step",
	"disassemble": "disasm", "dis": "disasm", "objdump": "disasm", "ndisasm": "disasm",
	"show": "explain", "dump": "explain", "readelf": "explain", "man": "explain", "describe": "explain",
	"strace": "trace", "log": "trace", "format": "fmt", "publish": "push", "upload": "push", "download": "pull",
}

// unknownCommand says of a word that is no command what may have been meant.
func unknownCommand(name string) error {
	if strings.HasPrefix(name, "-") {
		return usagef("a command comes before its options; there is no option %s here. To build a file: tasm build FILE; with the options of nasm: tasm nasm %s ... FILE", name, name)
	}
	if command := commandFor(name); command != "" {
		return usagef("there is no command '%s'; that is a file: tasm %s %s", name, command, name)
	}
	if meant := habits[strings.ToLower(name)]; findCommand(meant) != nil {
		return usagef("there is no command '%s'; that is 'tasm %s' here", name, meant)
	}
	if near := diag.Nearest(name, commandNames()); near != "" {
		return usagef("there is no command '%s'; did you mean '%s'?", name, near)
	}
	if filepath.Ext(name) != "" {
		return usagef("there is neither a command nor a file '%s'", name)
	}
	return usagef("there is no command '%s'", name)
}

// commandFor returns what to do with a file, "" where there is none.
func commandFor(name string) string {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		return "inspect"
	case !info.Mode().IsRegular():
		return "build"
	}
	head := make([]byte, 4)
	if f, err := os.Open(name); err == nil {
		defer f.Close()
		f.Read(head)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return "explain"
	case strings.EqualFold(filepath.Ext(name), ".tar"):
		return "inspect"
	case strings.EqualFold(filepath.Ext(name), ".bin"):
		return "disasm"
	}
	return "build"
}
