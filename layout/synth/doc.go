// Package synth writes programs anew: for a straight run of Linux system calls
// it looks for the smallest ELF file that makes exactly these calls, with code
// in the bytes of the headers that are free, and with the bytes that are not
// free executed where they change nothing that matters, or something to the better.
//
// The problem. A Plan lists the calls and where the value of each argument
// comes from. Wanted are the bytes of a file that a loader takes, and that makes
// these calls whatever the kernel answers.
//
// The model. A site is one placement of the program header in a file of some
// size; layout/elf says which of its bits are decided, which are tied to each
// other, and which rules are open. A ground is such a file with more and more
// of its bits decided. A state is what is known of the machine: each register
// and each word of the stack holds a number, an address in the file, an address
// on the stack, a word that was on the stack at entry, the result of a call, or
// junk on which nothing may depend.
//
// Which instructions are used stands in a catalogue, by mnemonic; what their bytes are is
// asked of codegen/x86, and what they do of machine, once for each: then it is a list of
// operations on what is known.
//
// The search. A task has a size, a site, places for the data and an entry. It
// goes forward from the entry like the processor. Where bytes are decided they
// are decoded as they stand; where they are open, instructions are tried that
// bring the state nearer to what the next calls ask for (effects), or that
// swallow decided bytes (structure). An estimate of the bytes still needed
// (goal.need), held against an estimate of what the rest of the file can hold
// (task.estimate, which knows how long instructions can be: task.moves), cuts off
// most of it, and says which state to go on from (queue); states seen before are
// not looked at again. Of instructions that come to the same one is tried: of those
// that name registers nobody cares about (task.twin), and of those that only lead
// over decided bytes (task.sideEffect).
//
// Messages of a few words may also be put together on the stack (build): words that
// are numbers are pushed as such, on processors of 64 bits others are pushed from
// where they lie in the file. Where only the beginning of a word is asked for, the
// other bytes of the number that is pushed may hold anything. These files have tasks
// of their own.
//
// Running again. Decided bytes may be run a second time, with other values in the
// registers. That is how the smallest 64-bit programs make several calls by one
// SYSCALL. It is counted on only where the plan grants calls that do nothing
// (Plan.Idle), of which the first leaves an address in rcx: then tasks offer
// multiplications whose factor is decided by the second run (task.products), ask
// less of what has not run yet (goal.atLeast), and try nothing that does not pay
// (task.pays).
//
// The estimates may be wrong: they are no admissible bound. When all is tried that they leave, and more effort is
// asked for than usual, they are believed a byte less (search.improve).
//
// Why it ends. Each task has a budget of states, which grows from round to round;
// a task goes on where it stopped, and all of them together have a budget too. Of
// files with messages on the stack the largest get most (search.downwards), of
// the tasks of a size those get more that can waste less (job.weight). No clock
// decides: the same options give the same file on every machine.
//
// What is proven. The floor: for no smaller size is there a site on which all
// data, each in one piece, agree with the decided bytes and with each other; of
// files with messages on the stack, the size of the smallest without any data. A
// result of that size is therefore the smallest, whatever the search has left out.
// Where the floor is not reached nothing is claimed beyond it, because the
// estimates are none that a proof could stand on.
//
// Exhaustion. Exhaust gives the tasks of a size one by one, none left out, for
// certificates: each can be run to its end by itself, in any process, and tells a
// digest of the states that it has looked at. With Strict as the margin they try all code
// of a space, and leave out only what an admissible bound excludes (strict); how many
// states that are is estimated from ways that are taken by chance (Estimate).
package synth
