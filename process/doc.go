// Package process is a session with a program on the real processor and kernel: a
// process that goes on one instruction at a time by ptrace(2), recorded in the same form
// as a run of the virtual machine, so that it can be gone through backwards too.
//
// Going back puts the registers and the memory of the process back to what they were;
// what the kernel did for it (output, files, memory that was mapped) stays done. Going
// forward again carries nothing out a second time: the steps that were recorded are put
// back in place, up to the last one, and only there the process goes on.
//
// What an instruction writes is told beforehand by package machine, from the same
// description by which the virtual machine works; of instructions beyond it, by their
// operands. Exit calls are not made, and signals not delivered, so that the process can
// be looked at when the program has ended.
package process
