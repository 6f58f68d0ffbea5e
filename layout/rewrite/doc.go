// Package rewrite makes the code of a program shorter without changing what the
// program does: Shorten takes a flow.Graph and answers with a shorter one.
//
// # The idea
//
// What an instruction must do depends on where it stands. If a register is known
// to hold 0, "mov eax, 4" may be "mov al, 4"; if nobody asks for the flags,
// "add ecx, 1" may be "inc ecx"; if a register is not used any more, its content
// may be exchanged away. So two analyses go over the whole program first. The
// forward one (facts.go) finds what is known at each point whatever the
// arguments, the environment and the kernel's answers are; the backward one
// (live.go) finds what matters at each point, because something later depends on
// it. Rules (rules.go, settle.go) then replace a few instructions by fewer bytes,
// if the replacement leaves the same in all that matters.
//
// # Why it is sound
//
// Facts begin with the state at process entry (linux.Entry), are carried over
// instructions by what those certainly do, and where ways of control meet only
// what all ways agree on is kept. What a system call leaves is known from its ABI
// alone; its result is any number. What matters begins with what the kernel reads
// of each call (linux.Syscall) and is carried backwards over everything that may
// use it. A rule may change a dead register or use one that was dead before, so
// both analyses are made anew after a block changed in any way that others might
// see.
//
// Beyond that, this is assumed of the program: a RET goes back behind the CALL
// (a program that visibly takes or changes a return address is left alone);
// a store through a pointer that was not computed from the stack pointer, in a
// program that keeps no such pointer in memory, does not hit the part of the
// stack that the program itself made; an address computed from an object's is
// one of that object. Memory below the stack pointer is written (PUSH and POP to
// set a register) only where no pointer is left that could look there.
//
// # Why it ends
//
// Every rule makes the program shorter by at least a byte. The analyses end
// because what they keep only shrinks (facts.go, live.go), and the search for the
// best way to set registers is bounded by the number of its attempts.
package rewrite
