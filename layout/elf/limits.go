package elf

// Limits of reading and solving headers.
const (
	MostNeeded  = 1 << 20 // bytes of the largest file that rules are made for (Loader.For)
	maxSegments = 64      // program headers of type PT_LOAD that are looked at
	maxSteps    = 1 << 12 // steps of the search for values of the headers
)
