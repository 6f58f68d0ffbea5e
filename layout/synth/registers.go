package synth

import "tasm/codegen/x86"

// registerNumber returns the number of a register by its name.
func registerNumber(name string) uint8 {
	return uint8(x86.RegisterInfo(x86.LookupRegister(name)).Number)
}
