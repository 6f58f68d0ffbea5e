package flow

// doubtKind is a kind of doubt: a clause about the program, and what would help, as an
// order; "" where nothing is known to.
type doubtKind struct{ text, advice string }

// seen are the kinds of doubt about programs of which all code is seen nevertheless.
var seen = []doubtKind{needsAlignment, computesAddresses, usesCodeAddress, addressOfNothing, holdsDistance, holdsCodeAddress}

// leaving are the kinds of doubt about where control goes when it leaves the code.
var leaving = []doubtKind{runsOut, returnsNowhere}

var (
	isExternal         = doubtKind{"uses '%s', which is defined elsewhere", "define it in this source"}
	tooLong            = doubtKind{"the program is too long to be looked at", "split it"}
	startsInside       = doubtKind{"starts at '%s', where no instruction begins", ""}
	startsNowhere      = doubtKind{"does not start with an instruction", ""}
	goesAnywhere       = doubtKind{"goes to a computed address, and holds none of code", "take where it goes from a table of labels"}
	goesComputed       = doubtKind{"goes to a computed address", "load all of the address from a table of labels, or go to a label"}
	runsOut            = doubtKind{"runs on into what is not code", "end the code in front of data by exit, or by a jump"}
	unknownInstruction = doubtKind{"holds an instruction that is not known", "write it by its name and not as data"}
	changesMode        = doubtKind{"changes the mode of the processor", "keep code for another mode in a program of its own"}
	needsAlignment     = doubtKind{"uses %s, which faults where its memory is not aligned", "use the form that needs no alignment, such as movups or movdqu"}
	otherInterrupt     = doubtKind{"raises an interrupt that is no system call of %s", "call the kernel as its programs do (sys NAME)"}
	usesInstruction    = doubtKind{"uses %s", "do without it"}
	returnsNowhere     = doubtKind{"returns, although nothing is called", "end by exit, or jump to a label"}
	computesAddresses  = doubtKind{"computes with addresses", "use a label and a number that is added, or lengths by equ"}
	usesCodeAddress    = doubtKind{"uses the address of code", "use it only to go there, by a register or a table of labels, and not to read or change what lies there"}
	addressOfNothing   = doubtKind{"uses an address that belongs to nothing", "point to a label of data"}
	tooMuchData        = doubtKind{"holds too much data to be looked at", "reserve zeros by resb in .bss"}
	holdsDistance      = doubtKind{"holds a distance or a selector as data", "hold the address itself"}
	holdsCodeAddress   = doubtKind{"holds the address of code as data", "go there by a jump or call through that data; who else calls it, such as the kernel for signals, is not followed"}
)
