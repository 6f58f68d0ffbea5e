package parser

// Limits of one source, so that none exhausts memory, the stack or time. Those of which nasm
// has an option (Limits) are where they are unless that is given.
const (
	maxTerms      = 8192          // operands and unary operators of one expression, as in nasm
	maxDepth      = 512           // parentheses and DUP groups inside one another: no source exhausts the stack
	maxIncludes   = 64            // files that include one another
	maxMacroDepth = 10_000        // macro calls inside one another, as in nasm
	maxNesting    = 100           // %[ inside %[
	maxReps       = 1_000_000     // turns of one %rep, as in nasm
	maxLines      = 2_000_000_000 // lines of source, as in nasm
	maxMacroLines = 10_000_000    // lines made by macros and %rep
	maxEmitted    = 20_000_000    // tokens of macro and %rep bodies handed on
	maxTokens     = 50_000_000    // tokens made by substitution and expansion
	maxStored     = 10_000_000    // tokens in the bodies of macros
	maxHeld       = 2_000_000     // tokens in the arguments of macro calls inside one another
	maxLineTokens = 1 << 20       // tokens of one line
	maxTokenBytes = 1 << 20       // bytes of one token
	maxMessages   = 10_000        // different messages of the preprocessor
	maxDigits     = 253           // digits that %num writes
	maxWord       = 32            // bytes of a word that may be a reserved one
	maxSpellings  = 1 << 14       // spellings of reserved words that are remembered: there are few words and few ways in which anybody writes one
	maxNumbered   = 1 << 20       // names that are remembered
	maxQuoted     = 40            // bytes of a source that a message about grammar quotes
)
