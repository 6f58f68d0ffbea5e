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

// Operator is one row of the table of operators.
type Operator struct {
	Spellings []string // the first is the one to show
	// Precedence is higher for operators that bind tighter. X ? Y : Z, which is
	// no Op, binds weakest of all but WRT, and to the right.
	Precedence int
	Unary      bool
}

// Precedences that are more than a number in the table.
const (
	WrtPrecedence         = 0
	ConditionalPrecedence = 1
	UnaryPrecedence       = 12
)

// operators is nasm's table of operators (nasm manual, 3.5). Binary operators
// of the same precedence bind to the left. An operator in letters may be
// written in upper case as well.
var operators = [...]Operator{
	OpWrt:    {[]string{"wrt"}, WrtPrecedence, false},
	OpLogOr:  {[]string{"||"}, 2, false},
	OpLogXor: {[]string{"^^"}, 3, false},
	OpLogAnd: {[]string{"&&"}, 4, false},
	OpEq:     {[]string{"=", "=="}, 5, false},
	OpNe:     {[]string{"!=", "<>"}, 5, false},
	OpLt:     {[]string{"<"}, 5, false},
	OpLe:     {[]string{"<="}, 5, false},
	OpGt:     {[]string{">"}, 5, false},
	OpGe:     {[]string{">="}, 5, false},
	OpCmp:    {[]string{"<=>"}, 5, false},
	OpOr:     {[]string{"|"}, 6, false},
	OpXor:    {[]string{"^"}, 7, false},
	OpAnd:    {[]string{"&"}, 8, false},
	OpShl:    {[]string{"<<", "<<<"}, 9, false},
	OpShr:    {[]string{">>"}, 9, false},
	OpSar:    {[]string{">>>"}, 9, false},
	OpAdd:    {[]string{"+"}, 10, false},
	OpSub:    {[]string{"-"}, 10, false},
	OpMul:    {[]string{"*"}, 11, false},
	OpDiv:    {[]string{"/"}, 11, false},
	OpSDiv:   {[]string{"//"}, 11, false},
	OpMod:    {[]string{"%"}, 11, false},
	OpSMod:   {[]string{"%%"}, 11, false},
	OpPlus:   {[]string{"+"}, UnaryPrecedence, true},
	OpNeg:    {[]string{"-"}, UnaryPrecedence, true},
	OpNot:    {[]string{"~"}, UnaryPrecedence, true},
	OpLogNot: {[]string{"!"}, UnaryPrecedence, true},
	OpSeg:    {[]string{"seg"}, UnaryPrecedence, true},
}

// Operators returns the table of operators, indexed by Op.
func Operators() []Operator { return operators[:] }

// Precedence returns how tightly op binds.
func (op Op) Precedence() int { return operators[op].Precedence }

// String returns op as it is written.
func (op Op) String() string {
	if int(op) < len(operators) && operators[op].Spellings != nil {
		return operators[op].Spellings[0]
	}
	return "no operator"
}

// Apply computes a binary operator on two numbers of 64 bits. Comparisons are signed,
// as nasm's are, and give 1 or 0. A divisor must not be 0.
func (op Op) Apply(a, b int64) int64 {
	switch op {
	case OpLogOr:
		return truth(a != 0 || b != 0)
	case OpLogXor:
		return truth((a != 0) != (b != 0))
	case OpLogAnd:
		return truth(a != 0 && b != 0)
	case OpEq:
		return truth(a == b)
	case OpNe:
		return truth(a != b)
	case OpLt:
		return truth(a < b)
	case OpLe:
		return truth(a <= b)
	case OpGt:
		return truth(a > b)
	case OpGe:
		return truth(a >= b)
	case OpCmp:
		return truth(a > b) - truth(a < b)
	case OpAdd:
		return a + b
	case OpSub:
		return a - b
	case OpMul:
		return a * b
	}
	return op.applyBits(a, b)
}

func (op Op) applyBits(a, b int64) int64 {
	switch op {
	case OpOr:
		return a | b
	case OpXor:
		return a ^ b
	case OpAnd:
		return a & b
	case OpShl:
		return a << (b & 63)
	case OpShr:
		return int64(uint64(a) >> (b & 63))
	case OpSar:
		return a >> (b & 63)
	case OpDiv:
		return int64(uint64(a) / uint64(b))
	case OpMod:
		return int64(uint64(a) % uint64(b))
	case OpSDiv:
		return a / b
	case OpSMod:
		return a % b
	}
	return 0
}
