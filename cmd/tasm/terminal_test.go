//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/creack/pty"
)

// TestTerminal checks that a terminal is told what was asked for and asked nothing: it
// may never answer.
func TestTerminal(t *testing.T) {
	cmd := exec.Command("tasm", "--help")
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	const want = "tasm assembles nasm-like sources"
	got, _ := io.ReadAll(terminal) // the error is that the other end is closed
	if err := cmd.Wait(); err != nil || string(got[:min(len(want), len(got))]) != want {
		t.Errorf("the terminal got %q, %v", got, err)
	}
}
