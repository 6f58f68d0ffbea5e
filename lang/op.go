package lang

// Op is an operator of an expression.
type Op uint8

const (
	OpNone   Op = iota
	OpLogOr     // ||
	OpLogXor    // ^^
	OpLogAnd    // &&
	OpEq        // = ==
	OpNe        // != <>
	OpLt        // <
	OpLe        // <=
	OpGt        // >
	OpGe        // >=
	OpCmp       // <=>, -1, 0 or 1
	OpOr        // |
	OpXor       // ^
	OpAnd       // &
	OpShl       // << <<<
	OpShr       // >>, logical
	OpSar       // >>>, arithmetic
	OpAdd       // +
	OpSub       // -
	OpMul       // *
	OpDiv       // /, unsigned
	OpSDiv      // //, signed
	OpMod       // %, unsigned
	OpSMod      // %%, signed
	OpPlus      // unary +
	OpNeg       // unary -
	OpNot       // ~
	OpLogNot    // !
	OpSeg       // SEG x
	OpWrt       // x WRT y
)
