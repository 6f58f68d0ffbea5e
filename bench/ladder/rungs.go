package main

import "fmt"

// line is what every program prints.
const line = "Hi IDBS Engineering! RE\n"

// rung is one way to make the image.
type rung struct {
	how string

	// told is the size that the competition's story gives for it, in bytes; 0:
	// it does not stand there.
	told int64

	// script builds it, in the shell and in a folder of its own: a file program,
	// and for those of tasm an image.tar. It is empty where nothing is built.
	script string
	ours   bool     // made by tasm, image included
	path   string   // of the program in the image; "" is /program
	args   []string // that it is started with
	fails  string   // what the engine says, for one that can't start
}

// rungs are all of them, from the top.
var rungs = []*rung{
	{how: "ubuntu and its echo", told: 73_900_000},
	{how: "alpine and its echo", told: 5_570_000},
	{how: "busybox and its echo", told: 1_220_000, path: "/bin/busybox", args: []string{"echo", line[:len(line)-1]}, script: `cp "$BUSYBOX" program`},
	{how: "the host's /bin/echo alone, a dynamic program", args: []string{line[:len(line)-1]}, fails: "no such file or directory", script: `cp /bin/echo program`},
	{how: "Go", told: 1_130_000, script: `cp "$SRC/hello.go.txt" main.go; go build -o program main.go`},
	{how: "Go, `-ldflags='-w -s'`", told: 793_000, script: `cp "$SRC/hello.go.txt" main.go; go build -ldflags='-w -s' -o program main.go`},
	{how: "C, glibc: `gcc -static -O3`", told: 872_000, script: `gcc -static -O3 -o program "$SRC/hello.c"`},
	{how: "C, musl: `musl-gcc -static -Os -s`", told: 93_300, script: `musl-gcc -static -Os -s -o program "$SRC/hello.c"`},
	{how: "nasm and ld, with debug information", told: 9_940, script: `nasm -f elf64 -F dwarf -g -o a.o "$SRC/hello64.asm"; ld -m elf_x86_64 -o program a.o`},
	{how: "nasm and `ld -s`", told: 8_480, script: `nasm -f elf64 -o a.o "$SRC/hello64.asm"; ld -m elf_x86_64 -s -o program a.o`},
	{how: "nasm and `ld -N -s`", told: 464, script: `nasm -f elf64 -o a.o "$SRC/hello64.asm"; ld -m elf_x86_64 -N -s -o program a.o 2>ld.log`},
	{how: "nasm -f elf and `ld -m elf_i386 -N -s`, `strip`", told: 336, script: `nasm -f elf -Ox -o a.o "$SRC/hello32.asm"; ld -m elf_i386 -N -s -x -nostdlib -o program a.o 2>ld.log; strip --strip-all program`},
	{how: "headers by hand: `nasm -f bin`", told: 117, script: `nasm -f bin -o program "$SRC/headers.asm"; chmod +x program`},
	{how: "code in the headers, by hand: [teensy](samples/teensy.tasm)", told: 73, script: `"$TASM" build -f bin "$SAMPLES/teensy.tasm" -o program.bin; mv program.bin program; chmod +x program`},
	tasm("`--layout plain`", "hello.tasm", "--layout plain"),
	tasm("`--layout pack`", "hello.tasm", "--layout pack"),
	tasm("`--loader portable`", "hello.tasm", "--loader portable"),
	tasm("`--loader qemu`", "hello.tasm", "--loader qemu"),
	tasm("as it is", "hello.tasm", ""),
	argument(),
}

// tasm is a rung of a sample, with options.
func tasm(how, sample, options string) *rung {
	return &rung{how: "**tasm**, " + how, ours: true, script: fmt.Sprintf(
		`"$TASM" build %[2]s "$SAMPLES/%[1]s" -o program; "$TASM" build %[2]s "$SAMPLES/%[1]s" -o image.tar`, sample, options)}
}

// argument is the program that prints what the image's command gives it.
func argument() *rung {
	return &rung{how: "**tasm**, the line in the image's command", told: 45, ours: true,
		script: `"$TASM" build "$SRC/argument.tasm" -o program; "$TASM" build "$SRC/argument.tasm" -o image.tar`}
}
