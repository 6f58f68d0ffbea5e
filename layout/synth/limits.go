package synth

// Limits of the search for new code.
const (
	widest       = 64      // sizes above the floor that are tried
	arrangeMost  = 64      // arrangements of the blobs on one site
	arrangeAll   = 1 << 16 // arrangements on one site where all are to be tried
	arrangeFloor = 8       // the same where it is only asked whether there is one
	mostPieces   = 64      // pieces of data of which a floor is looked for: the longest
	rounds       = 20      // rounds of the tasks of one size, each with twice the budget of the one before
	sizeBudget   = 1 << 12 // states that the tasks of one size may look at in the first round
	leastBudget  = 1 << 4  // states that a task may look at, however many tasks there are
	taskCost     = 1 << 2  // states that preparing a task counts for
	firstBudget  = 1 << 7  // states that a task may look at first, while no file is known
	firstMost    = 1 << 16 // states that it may look at in the end
	firstStep    = 16      // bytes above the floor of the file that is sought first
	floorBudget  = 1 << 16 // states for the search for some file, and for one of the size of the floor; doubles with each unit of effort
	totalBudget  = 1 << 17 // states for the rest of the search; doubles with each unit of effort
	buildBudget  = 1 << 17 // the same for messages that are put together on the stack
	buildShare   = 4       // one of so many parts of floorBudget goes to that search, and of totalBudget to what it leaves to try when it has found a file
	idleBudget   = 1 << 21 // the same where the program may make calls besides
	leastRoom    = 16      // room that such a site has to have (site.room): the program does not run through decided bytes much
	fewCalls     = 2       // calls of a program beyond which there are many more tasks, which hardly ever find what is smaller than the same blocks rewritten
	longShare    = 8       // the part of the budget that longer programs get: one of so many
	mostJobs     = 1 << 13 // tasks of one size of a longer program, those of the last placement aside; doubles with each unit of effort
	farGap       = 16      // bytes above the floor from which on a search has more to find
	farShare     = 4       // times the budget that such a search gets
	mostSteps    = 1 << 23 // steps that a task keeps, of about 100 bytes
	allSteps     = 1 << 23 // steps that all tasks keep from one round to the next
	maxTolerance = 4       // bytes by which estimates are taken to be wrong at most
	maxDepth     = 200     // instructions of a result
	maxEstimates = 1 << 12 // estimates that a task keeps
	maxStart     = 8       // bytes of room by which beginnings of instructions are told apart
	mostPrefixes = 7       // prefixes that may stand in front of an opcode, less one
)
