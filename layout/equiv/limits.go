package equiv

// Limits of a comparison.
const (
	proofSteps      = 60000   // instructions of both programs in a symbolic run, of those that compute with unknowns
	easySteps       = 1 << 20 // others there, beyond which they count as well
	proofPaths      = 256     // cases of a symbolic run
	proofTerms      = 150000  // terms of a symbolic run
	proofCalls      = 256     // system calls on one of its paths
	bytesPerStep    = 8       // bytes of memory or text that take as long as a step
	inductionSteps  = 200000  // instructions of both programs in a proof by induction, and what is as much work
	inductionTerms  = 1500000 // terms of a proof by induction
	inductionRounds = 40      // times that it begins anew
	inductionNodes  = 2000    // pairs of places with what is claimed of them
	workPerLocation = 4       // instructions that looking at a location is worth
	segmentSteps    = 4000    // instructions between two cuts
	segmentPaths    = 512     // ways from one cut to the next ones
	widenAfter      = 3       // times that a relation is weakened before it is widened
	giveUpAfter     = 24      // times that a relation is weakened before the proof is given up
	maxShifts       = 12      // instructions of a loop at which it is tried to cut it
	maxVisits       = 16      // runs of an instruction between two cuts, with whatever stack pointer, before it is known to be in a loop
	maxChoices      = 32      // values of a part of an address, each of which is a case for itself
	maxRanges       = 4       // ranges of a symbol's values
	below           = 64      // bytes below the stack pointer that a relation looks at
	maxHeight       = 1024    // bytes of the stack above it
	maxLocations    = 2048    // locations of a relation
	maxScattered    = 256     // bytes that the kernel may have written, told apart
	maxReached      = 1 << 16 // instructions that are looked at to tell code from data
	maxGranted      = 1 << 31 // bytes of memory from mmap or brk that is looked at
	maxArguments    = 6 << 20 // bytes of the addresses of all arguments, as in the kernel (fs/exec.c bprm_stack_limits)
	mostEntry       = 7 << 20 // bytes of words and strings behind the stack pointer at entry
	maxFindings     = 16      // findings that are kept
	trials          = 200     // values of the unknowns that are tried to find some that the facts admit
	maxEvaluations  = 1 << 20 // terms that are evaluated for that in one proof
	DefaultRuns     = 300     // generated runs that are compared
	firstRuns       = 12      // runs that are compared before a proof by induction is tried
	trustRuns       = 16      // runs in which it is tried whether the original stays in its objects
	trustSteps      = 3000    // instructions of such a run
	trustBytes      = 4096    // bytes in its buffers
	runSteps        = 20000   // instructions of a run
	longSteps       = 1 << 21 // instructions more that all runs together may take
	runCalls        = 64      // system calls of a run
	runBytes        = 1 << 14 // bytes in its buffers
	slower          = 4       // times as many instructions that the result may take
	idleRuns        = 16      // runs without a system call after which there is nothing to compare
	maxBuffer       = 1 << 17 // bytes of a buffer that are looked at
	maxOpen         = 1 << 13 // bytes of a buffer whose size is not known
	maxStrings      = 256     // strings of an array
	maxVectors      = 1024    // buffers of one call, as in the kernel (include/uapi/linux/uio.h UIO_MAXIOV)
	maxCalls        = 10000   // system calls of a trace
	maxSteps        = 200000  // instructions of one of its paths
	surveySteps     = 12000   // instructions of a survey for bad ends: some thousandths of a second
	surveyPaths     = 96      // its paths
	surveyPassed    = 16      // instructions that a path of it goes on behind although they end the program
	surveyCalls     = 48      // its system calls
	surveyTerms     = 30000   // its terms
	surveyTries     = 1 << 15 // terms that are evaluated in it
)
