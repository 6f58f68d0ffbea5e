package machine

// Limits of what instructions do on unknowns.
const (
	maxLayers     = 16 // layers of facts that are looked through before they are made one
	maxConsidered = 64 // known places of memory that a byte at an unknown one is held against
	mostVariants  = 8  // times that an instruction is compiled, for flags of other shapes
	mostForks     = 4  // conditions in one compiled instruction
)
