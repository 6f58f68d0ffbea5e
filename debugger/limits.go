package debugger

// Limits of a session.
const (
	maxNoted     = 1 << 18 // turns of loops and system calls that are kept for the way back
	maxNested    = 100     // parentheses inside one another in a condition
	maxLineBytes = 64      // bytes of one line of the source that are shown
	maxShown     = 16      // characters of a text that a value points at
)
