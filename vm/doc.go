// Package vm is a virtual machine for small Linux programs: the processor of
// package machine on numbers, the memory that the kernel gives a process, and a
// virtual Linux that answers its system calls. Nothing that a program does in it
// reaches the system it runs on, but for the streams that are handed over.
//
// It runs the bytes of a file as the kernel maps them (layout/elf), overlapped
// headers and all. Every step can be taken back: before an instruction changes a
// register, the flags or memory, what was there goes into a recording, and Back
// puts it back. So going back costs what going forward costs, and needs no second
// run. The recording is bounded; where it is full the oldest steps are forgotten,
// and Back ends there.
//
// An instruction that runs often is compiled by package machine, from the same
// description that says what it does, to operations on numbers alone; the rest, and
// all that is out of the ordinary, is left to steps of machine.State.
//
// The state of the kernel (files, mappings, time) is never changed in place: a
// system call makes a new one, and the recording keeps the old one beside it.
//
// What the manuals leave undefined is 0 here, and the time and random numbers that
// the program is told depend on nothing outside, so the same program with the same
// input always does the same. What is not modelled (an instruction beyond the
// integer set, a call that needs another process or the network) ends the run with
// a Stop that names it; it is never guessed.
package vm
