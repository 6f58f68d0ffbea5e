// Package equiv tells whether two executables behave the same: whether, for all
// arguments and environments and for everything that the kernel may answer, the
// second makes the same system calls in the same order as the first, with the
// same values in the arguments that a call takes and the same bytes in the
// buffers that it reads, and ends the same way. Addresses may differ where they
// are only used as addresses.
//
// Check tries two ways. The first is a proof: both programs run side by side
// with unknowns for what they are told from outside, and split into two cases
// wherever an unknown decides on a branch. It succeeds where the cases are
// finitely many, a pair of states that was met before being no new case. The
// second is co-simulation: both run on generated arguments and answers of the
// kernel, and the calls are compared. It proves nothing but finds most
// differences, and says on how many runs.
//
// What a program does beyond the rules (it jumps to nowhere, depends on what
// the processor's manual leaves undefined, or reads memory that nobody has
// written) has no meaning that could be kept: then Check says that it can't
// tell.
package equiv
