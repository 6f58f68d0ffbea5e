package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "a.tasm")
	bare := filepath.Join(dir, "bare")
	for _, name := range []string{source, bare} {
		if err := os.WriteFile(name, []byte("        db 1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ args, says string }{
		{"", "say what to do"},
		{"bild x", "did you mean 'build'?"},
		{source, "that is a file: tasm build " + source},
		{"frobnicate", "there is no command 'frobnicate'"},
		{"-o x build", "a command comes before its options"},
		{"build", "give a source file"},
		{"build --outpt x a", "did you mean --output?"},
		{"build --zzzzzzzz a", "there is no option --zzzzzzzz"},
		{"build -q a", "there is no option -q"},
		{"build a -o", "needs an argument"},
		{"build -f elv a", "--format elv: did you mean 'elf'?"},
		{"build -f foo a", "--format foo: it can be elf, bin, image"},
		{"build --layout tight a", "--layout tight: it can be plain"},
		{"build --layout glof a", "--layout glof: did you mean 'golf'?"},
		{"build --loader potable a", "--loader potable: did you mean 'portable'?"},
		{"build --loader zzzzzzzz a", "it can be linux, qemu"},
		{"build --max-charge 5GB a", "--max-charge 5GB: 'GB' is no unit; use K, M, G or T"},
		{"build --max-charge much a", "give a number of bytes"},
		{"build --max-charge 0 a", "give at least 1 byte"},
		{"build --max-charge 9999999999G a", "it is too large"},
		{"build --assume argc=2 a", "did you mean 'argc=1'?"},
		{"build --assume argc=1,stdin-redable a", "did you mean 'stdin-readable'?"},
		{"build --time-limit -1s a", "give a time, such as"},
		{"build --time-limit 10 a", "give a time, such as"},
		{"build --effort 21 " + source, "--effort is 21: it goes from -10 to 20"},
		{"build --target linux/arm a", "did you mean 'linux/386'?"},
		{"build --max-errors=-1 " + source, "it can't be negative"},
		{"build -w+nonsense a", "there is no class of warnings 'nonsense'"},
		{"build -Wzeroin a", "did you mean 'zeroing'?"},
		{"build -f elf -o x.o a", "-f elf is an executable here"},
		{"build -o x.exe a", "say which with -f elf|bin|image|object"},
		{"build -", "say where the output goes with -o"},
		{"build " + bare, "would be named like its source"},
		{"build -o " + source + " -f elf " + source, "is the source itself"},
		{"build --tag x " + source, "say -f image"},
		{"push " + source, "give a file and where to send it"},
		{"push " + source + " Upper/Case", "only the part after the colon may have capital letters"},
		{"push " + source + " host:99999/x", "a port is a number from 1 to 65535, and not '99999'"},
		{"push " + source + " hello@sha256:00", "is no name of an image"},
		{"push " + source + " docker://a/b", "an image is named without docker://"},
		{"push " + source + " https://me:secret@host/b", "a login is no part of an image's name"},
		{"push " + source + " me:secret@host/b", "a login is no part of an image's name"},
		{"load", "give one file, not 0"},
		{"load --in dokcer a", "did you mean 'docker'?"},
		{"run", "give a file whose program is to be started"},
		{"image", "give a program"},
		{"image a", "say where the image goes with -o"},
		{"image a -o b", "is neither an archive (.tar) nor a folder"},
		{"image a -o b.tar --label x", "--label x: it has a name and a value; write NAME=VALUE"},
		{"build --from x " + source, "--from is for images"},
		{"pull a b", "give the name of one image, not 2"},
		{"pull a", "say where the image goes with -o"},
		{"pull a -o x.zip", "is neither an archive (.tar) nor a folder"},
		{"version 1", "takes no arguments"},
		{"help build version", "help takes one command"},
		{"help biuld", "did you mean 'build'?"},
		{"completion", "name the shell: bash, zsh, fish"},
		{"completion csh", "no completion for 'csh'"},
	} {
		r := runTasm("", strings.Fields(c.args)...)
		if r.status != exitUsage || r.stdout != "" || !strings.Contains(r.stderr, c.says) || !strings.Contains(r.stderr, "\nRun 'tasm help") {
			t.Errorf("tasm %s: status %d, printed %q, said %q; want status 2 and %q with a hint", c.args, r.status, r.stdout, r.stderr, c.says)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, c := range commands() {
		byVerb := runTasm("", "help", c.name)
		for _, flag := range []string{"-h", "--help"} {
			byFlag := runTasm("", c.name, flag)
			if byFlag != byVerb && !c.raw { // whose options are another tool's
				t.Errorf("tasm %s %s differs from tasm help %s", c.name, flag, c.name)
			}
		}
		if byVerb.status != exitOK || byVerb.stderr != "" || !strings.Contains(byVerb.stdout, "\nUsage: tasm "+c.name) {
			t.Errorf("tasm help %s: %+v", c.name, byVerb)
		}
		for _, o := range c.options() {
			if o.long != "help" && !strings.Contains(byVerb.stdout, "--"+o.long) {
				t.Errorf("tasm help %s does not tell of --%s", c.name, o.long)
			}
			if o.usage == "" {
				t.Errorf("tasm %s --%s is not explained", c.name, o.long)
			}
		}
		for line := range strings.Lines(byVerb.stdout) {
			if len(line) > helpWidth+1 {
				t.Errorf("tasm help %s has a line of %d columns: %s", c.name, len(line), line)
			}
		}
	}
	overview := runTasm("", "--help")
	if overview != runTasm("", "help") || overview != runTasm("", "-h") {
		t.Error("tasm help, tasm --help and tasm -h differ")
	}
	for _, c := range commands() {
		if !strings.Contains(overview.stdout, "  "+c.name+" ") || !strings.Contains(overview.stdout, c.summary) {
			t.Errorf("the overview does not tell of %s", c.name)
		}
	}
}

func TestVersion(t *testing.T) {
	r := runTasm("", "version")
	if r.status != exitOK || !strings.HasPrefix(r.stdout, "tasm ") || r != runTasm("", "--version") {
		t.Errorf("%+v", r)
	}
}
