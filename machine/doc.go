// Package machine knows what the integer instructions of x86 do, in 32- and
// 64-bit user programs under Linux.
//
// Values are Terms: bit vectors built from numbers and unknowns. Step carries
// out one instruction on a State, whose registers, flags and memory hold Terms.
// Where all of them are numbers, that is an ordinary emulator; where some are
// unknown (the arguments of the program, what the kernel returned), the result
// says what becomes of them whatever they are. There is one set of rules for
// both, so what is tested against the processor with numbers holds for unknowns.
//
// For other values than Terms an instruction is lifted (Lift): carried out once on
// unknowns, and translated to a short list of operations.
//
// Two Terms of the same Terms are equal (==) if they were simplified to the
// same form; then they have the same value for all values of their unknowns.
// The converse does not hold: the simplification is light.
//
// Source of the rules: Intel 64 and IA-32 Architectures Software Developer's
// Manual, volume 2. What it leaves undefined becomes a fresh unknown.
package machine
