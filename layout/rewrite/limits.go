package rewrite

// Limits of the work on one program. Each change may make the analyses of the
// whole program necessary again, so that work grows with the square of its length.
const (
	MaxInstructions = 1 << 13 // instructions of the longest program that is rewritten as a whole; of longer ones blocks are, each by itself
	MaxWork         = 1 << 22 // instructions that are looked at, by the analyses again and again, or tried; doubles with each unit of effort
	climbShare      = 2       // one of so many parts of the work that is left may go into the search for moves
	climbers        = 2       // moves that are tried side by side
	attemptsAtOnce  = 16      // moves that are tried before what came of them is looked at
	maxPasses       = 12      // times that the rules go over all blocks; each but the last makes the program shorter
	maxRounds       = 400     // passes of the forward analysis; far fewer are needed
	maxGrown        = 8       // times that bits of an unknown turn out to be set, one after the other
	maxTerms        = 1 << 14 // terms that an evaluator keeps before another takes its place
	maxSlots        = 32      // words of the stack that are followed
	maxNonzero      = 8       // values that are followed for not being 0
	maxAttempts     = 1000    // attempts to set the registers of one run of instructions
	maxWays         = 6       // ways that are tried to set one register
	maxReach        = 100     // bytes of a program in which a short branch is taken to reach everything
	maxLoop         = 100     // bytes of a block that LOOP goes back over
	maxTries        = 5       // variants of a program that are tried
	maxVaried       = 500     // instructions of a program of which more than the first few variants are tried
	maxWords        = 4       // words of data that are pushed in front of a call
	maxDontCare     = 2       // programs with don't-care bytes that are offered
	maxBuffer       = 1 << 17 // bytes below the initial stack pointer that buffers take: the kernel lets the stack reach that far (fs/exec.c setup_arg_pages)
)
