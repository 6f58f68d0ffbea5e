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
// it. Rules (rules.go, constants.go) then replace a few instructions by fewer bytes,
// if the replacement leaves the same in all that matters.
//
// # The rules
//
// On a few instructions that stand together (rules.go); the first column is the
// name in Change.Rule and in the tests:
//
//	dead code             nothing that it changes matters
//	constants             constant materialisation: registers get their values in the shortest way (constants.go)
//	known flags           a comparison with zero of which the flags tell already
//	short operations      AND, IMUL, LEA as MOVZX, SHL, ADD or with a byte
//	zero test             CMP with 0 as TEST
//	compare by counting   CMP with 1, -1 or 2 as DEC or INC of a register not needed any more
//	counting              ADD and SUB of 1 as INC and DEC, of 128 as -128
//	numbers in registers  a register in place of a number or an address that it holds (held.go)
//	narrowing to bytes    on the one byte of a register that matters
//	zero extension        a load of a byte where the rest is zero or does not matter
//	narrowing             on 32 bits of a 64-bit register
//	string instructions   MOV and INC as LODS or STOS
//	sums                  MOV and ADD as LEA
//	loop                  DEC and JNZ as LOOP
//	branch on zero        TEST and JZ as JECXZ, in small programs
//	drop words            ADD to the stack pointer as POP
//	near addresses        memory near what a register points at
//	stack pointer         what does not change the stack pointer; LEAVE
//
// A change may let a register matter that did not before. It is made only if
// nothing behind it depends on what that register held (cursor.replace).
//
// On the program as a whole:
//
//	needless branches     to where control goes in any case (merge.go)
//	unreached code        behind a call that does not return
//	decided branches      of which the way is known
//	equal blocks          that do the same and go on at the same place
//	tail merging          of two blocks
//	inlining              what is called once is put there
//	needless saves        PUSH and POP of what nobody misses (saves.go)
//	inverted branches     the opposite condition, where that needs fewer jumps (moves.go)
//
// Some changes save nothing by themselves, but let these rules save more. They
// are tried, and kept where the program becomes shorter: first these, on the
// program as written (variants.go),
//
//	data pointer          an unused register holds an address of the data
//	exchange              two registers exchange their parts
//	words on the stack    constant words, or a part of one, that the kernel reads once (words.go)
//
// then these, on what is reached, over and over (moves.go, webs.go):
//
//	webs                  what a register holds for a while is held by another one
//	early numbers         a number, address or copy that a register is given in several places, or on
//	                      one way behind a test, is given before them
//	shared calls          two calls of the kernel are made by one instruction (calls.go)
//	zero as carry         TEST as CMP with 1, where counting comes between it and a branch (carry.go)
//	detours               a loop is entered through its end, where that changes nothing (detour.go)
//	computed numbers      instead of a branch that only chooses a number by a sign (chosen.go)
//	buffers on the stack  zeros behind the file that only the kernel reads and writes (buffers.go)
//	loop rotation         counting at the end of a loop is done at its beginning
//
// Where a program is too long for that, can't be seen through, or takes too much work,
// only the rules on instructions that stand together and tail merging are used, on each
// block by itself (long.go).
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
// Every rule makes the program shorter by at least a byte, and a move is kept
// only if the rules then make it shorter. The analyses end because what they keep
// only shrinks (facts.go, live.go), the search for the best way to set registers
// is bounded by the number of its attempts, and the moves by the number of
// instructions that are gone through.
package rewrite
