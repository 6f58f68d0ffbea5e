package main

import (
	"errors"
	"io/fs"
	"os"

	"tasm/lsp"
	"tasm/lsp/stream"
)

func lspCommand() *command {
	return &command{
		summary: "serve an editor: the language server",
		about: []string{
			"Speaks the Language Server Protocol over standard input and output. An editor starts it by itself: docs/editors.md has what to configure for VS Code, Neovim, Helix and Emacs.",
			"The editor shows mistakes while you type and mends them, the bytes and the size of each line, the size of the program in each layout, what instructions, registers and system calls are, and where names are defined and used.",
		},
		examples: []example{{"tasm lsp", "what an editor runs"}},
		run: func(sys *system, args []string) error {
			if len(args) > 0 {
				return usagef("lsp takes no arguments: the editor says what is open")
			}
			return stream.Serve(transfers, sys.stdin, sys.stdout, func(s *lsp.Server) {
				s.ReadFile = readRegular
				s.Sizes = true
			})
		},
	}
}

// readRegular reads a file that an open source includes, at every key: nothing else
// than a file, which could block, or be the editor's own messages.
func readRegular(name string) ([]byte, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a regular file")}
	}
	return readFile(name)
}
