// Package toolchain holds tests of tasm among the tools around an assembler:
// linkers, compilers, debuggers and build systems, as Debian has them.
package toolchain
