// Package equiv tells whether two executables behave the same: whether, for all
// arguments and environments and for everything that the kernel may answer, the
// second makes the same system calls in the same order as the first, with the
// same values in the arguments that a call takes and the same bytes in the
// buffers that it reads, and ends the same way. Addresses may differ where they
// are only used as addresses.
//
// Check tries three ways. The first is a proof: both programs run side by side
// with unknowns for what they are told from outside, and split into two cases
// wherever an unknown decides on a branch, or into several where an address can be one
// of a few, such as an entry of a table of jumps. It succeeds where the cases are
// finitely many, a pair of states that was met before being no new case. The
// second is a proof by induction, for programs with loops whose end is not known.
// The third is co-simulation: both run on generated arguments and answers of the
// kernel, and the calls are compared. It proves nothing but finds most
// differences, and says on how many runs.
//
// # Induction
//
// Both programs are cut behind every system call and in every loop, so that paths
// from one cut to the next are finite. For a pair of cuts at which both can stand
// at the same time, a relation says what their two states have to do with each
// other: which register, flag or word of memory holds what another one holds, of
// either program and plus a number; which are numbers, and in which ranges the others
// are; in which arrays both hold the same, or in which part of them. All that it
// doesn't mention may hold anything. The proof is that from every such pair, with
// unknowns for all that the relation leaves open, every path of both together ends in
// calls that are compared and found to be equal, and at a pair of cuts where the
// relation claimed for it holds; and that the programs begin like this. Then, by
// induction over the number of cuts passed, all runs agree, of whatever length.
//
// The relations are found without knowing how the result was made. They begin as
// strong as the first path that comes by allows, and are weakened to what it has in
// common with each other path (anti-unification of the values, hulls of the ranges)
// until nothing changes. That ends, because a relation can only lose equalities, of
// which it has finitely many, and ranges that still grow after some rounds are given
// up. It need not be right: what counts is the check afterwards, which takes the
// relations as they are, runs all paths once more and weakens nothing.
//
// A program that loops for ever without a system call ends in neither way. So the
// check also makes sure that there is no way round through pairs of cuts on which
// one of the two programs stands still.
//
// Memory that is used with addresses that are not known is taken for an array: a run
// of data that the headers tell from others, without the code in it. Taken for granted
// is what the contract says: that a program has no meaning from where it leaves an
// object by an address made from the object's own. For the result nothing is taken for
// granted; that its addresses lie in the same object follows from where the original's
// do. If an instruction was taken to use one object and uses another from the first on
// in generated runs, there is no proof, nor where its address may have been made from either
// of two objects and no such run shows from which.
//
// All work is bounded by counts, not by the clock: see the constants of induction.go.
//
// What a program does beyond the rules (it jumps to nowhere, depends on what
// the processor's manual leaves undefined, or reads memory that nobody has
// written) has no meaning that could be kept: then Check says that it can't
// tell.
package equiv
