package main

import (
	"tasm/lsp"
	"tasm/lsp/stream"
)

func lspCommand() *command {
	return &command{
		name:    "lsp",
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
				s.ReadFile = readFile
				s.Sizes = true
			})
		},
	}
}
