// Package linux is what tasm knows of Linux as seen by a program on x86: the
// two system call conventions, the calls with their numbers, arguments and
// buffers, error and signal numbers, and the state in which a process starts.
//
// The facts stand in tables (syscalls.tsv, commands.tsv, structs.tsv, errno.tsv,
// signals.tsv, and the literals of abi.go and entry.go). The assembler takes
// numbers and registers from them, the optimiser which memory a call touches
// and when it returns, tracers and explanations the names and summaries. A new
// system call is a new row.
package linux
