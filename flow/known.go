package flow

// Known is what is certain at one point of a program, whatever its arguments,
// its environment and the kernel's answers are.
type Known struct {
	Live    Live
	Numbers Set        // the registers that hold a certain number
	Number  [16]uint64 // that number, by register, where Numbers has it
	// Below is set where the memory right below the stack pointer may be
	// written: nothing looks there.
	Below bool
}
