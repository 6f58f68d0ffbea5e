package assembler

// Limits of assembling one source.
const (
	MaxPasses        = 1000     // passes over the source before it is given up: real sources settle in 3 to 10
	MaxMisreadValues = 1 << 21  // values of symbols found, pass by pass, where lines can't be read: there will be no file
	MaxSectionSize   = 1 << 40  // bytes of a section: more than any layout writes, and far from where offsets overflow
	MaxStatementSize = 1 << 28  // bytes that one statement spells out, without what TIMES or RESB repeat
	maxJoined        = 64 << 10 // bytes of statements that share a fragment, so that appending to them stays cheap
	maxExplained     = 1000     // errors behind which instructions are no longer explained
	maxSearched      = 200      // errors behind which symbols are no longer compared with what another one may have meant
	maxSaid          = 20       // messages about one instruction of a macro or %rep
	maxFormsLeft     = 3        // forms that a message about an instruction lists
)
