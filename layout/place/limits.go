package place

import "tasm/layout/elf"

// Limits of placing.
const (
	maxSize       = elf.MostNeeded // bytes of the largest program that is placed
	maxJoined     = 1 << 10        // instructions of the longest program whose blocks follow one another wherever control does
	maxShort      = 32             // instructions of the longest program whose branches are taken to reach in any order
	maxRun        = 4              // blocks that are moved together to find another order
	maxMoved      = 1 << 18        // blocks that are gone through for that
	window        = 6              // instructions that one may be taken out of turn over
	beyond        = 8              // bytes behind the headers in which a register may still get what it should hold
	maxBridges    = 400            // ways that are kept from one position through bytes that are not free
	maxLinks      = 6              // instructions of such a way
	maxSteps      = 1500           // instructions that are tried for the ways from one position
	maxEarly      = 3              // numbers that lie on the stack at once because they were pushed early
	maxAhead      = 6              // constants of a block for which an early push is tried at each point
	maxSaved      = 3              // bytes that early pushes are expected to save at most
	maxBeginnings = 3              // entries with which early pushes are tried
	maxEarlyNodes = 1 << 16        // points of the search that are looked at with early pushes
)
