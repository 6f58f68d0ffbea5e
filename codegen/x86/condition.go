package x86

import (
	"slices"
	"sync"
)

// Condition is the code of a condition as Jcc, SETcc and CMOVcc encode it (manual,
// volume 1, appendix B); the lowest bit negates.
type Condition uint8

// The conditions that are not negated.
const (
	IfOverflow    Condition = 0x0
	IfBelow       Condition = 0x2
	IfEqual       Condition = 0x4
	IfBelowEqual  Condition = 0x6
	IfNegative    Condition = 0x8
	IfParityEven  Condition = 0xA
	IfLess        Condition = 0xC
	IfLessOrEqual Condition = 0xE
)

// namedCondition is a name of a condition.
type namedCondition struct {
	name    string
	code    Condition
	meaning string
	flags   FlagSet
}

// sourceConditions are those of CCMPscc and CTESTscc ("scc" in the table), which know
// true and false instead of the parities.
var sourceConditions = append([]namedCondition{{"t", 10, "true (always)", 0}, {"f", 11, "false (never)", 0}},
	slices.DeleteFunc(slices.Clone(conditions), func(c namedCondition) bool { return c.flags == PF })...)

// conditions are the condition codes of Jcc, SETcc and CMOVcc with all their
// names, what they mean, and the flags that they test.
var conditions = []namedCondition{
	{"o", 0, "overflow", OF}, {"no", 1, "no overflow", OF},
	{"b", 2, "below (unsigned)", CF}, {"c", 2, "carry", CF}, {"nae", 2, "not above or equal (unsigned)", CF},
	{"ae", 3, "above or equal (unsigned)", CF}, {"nb", 3, "not below (unsigned)", CF}, {"nc", 3, "no carry", CF},
	{"e", 4, "equal", ZF}, {"z", 4, "zero", ZF}, {"ne", 5, "not equal", ZF}, {"nz", 5, "not zero", ZF},
	{"be", 6, "below or equal (unsigned)", CF | ZF}, {"na", 6, "not above (unsigned)", CF | ZF},
	{"a", 7, "above (unsigned)", CF | ZF}, {"nbe", 7, "not below or equal (unsigned)", CF | ZF},
	{"s", 8, "negative sign", SF}, {"ns", 9, "no sign", SF},
	{"p", 10, "parity even", PF}, {"pe", 10, "parity even", PF}, {"np", 11, "parity odd", PF}, {"po", 11, "parity odd", PF},
	{"l", 12, "less (signed)", SF | OF}, {"nge", 12, "not greater or equal (signed)", SF | OF},
	{"ge", 13, "greater or equal (signed)", SF | OF}, {"nl", 13, "not less (signed)", SF | OF},
	{"le", 14, "less or equal (signed)", ZF | SF | OF}, {"ng", 14, "not greater (signed)", ZF | SF | OF},
	{"g", 15, "greater (signed)", ZF | SF | OF}, {"nle", 15, "not less or equal (signed)", ZF | SF | OF},
}

// Conditions are all of them, by code.
var Conditions = [16]Condition{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// conditional is a mnemonic that ends with a condition.
type conditional struct {
	family    string // what it begins with: "j", "set" or "cmov"
	condition Condition
}

// ConditionOf returns the condition of a Jcc, SETcc or CMOVcc.
func ConditionOf(m Mnemonic) (Condition, bool) {
	c, ok := conditionals()[m]
	return c.condition, ok
}

// ConditionFamily returns what the mnemonic of a Jcc, SETcc or CMOVcc begins with.
func ConditionFamily(m Mnemonic) string { return conditionals()[m].family }

var conditionals = sync.OnceValue(func() map[Mnemonic]conditional {
	all := map[Mnemonic]conditional{}
	for _, family := range []string{"j", "set", "cmov"} {
		for _, c := range conditions {
			all[LookupMnemonic(family+c.name)] = conditional{family, c.code}
		}
	}
	return all
})

// String returns the first name of the condition.
func (c Condition) String() string {
	for _, row := range conditions {
		if row.code == c {
			return row.name
		}
	}
	return ""
}

// Base returns the condition without a negation, and whether there was one.
func (c Condition) Base() (base Condition, negated bool) { return c &^ 1, c&1 != 0 }

// Not returns the opposite condition.
func (c Condition) Not() Condition { return c ^ 1 }

// Holds reports whether the condition is true of the flags that are set.
func (c Condition) Holds(set FlagSet) bool {
	is := func(flag FlagSet) bool { return set&flag != 0 }
	var yes bool
	switch base, _ := c.Base(); base {
	case IfOverflow:
		yes = is(OF)
	case IfBelow:
		yes = is(CF)
	case IfEqual:
		yes = is(ZF)
	case IfBelowEqual:
		yes = is(CF | ZF)
	case IfNegative:
		yes = is(SF)
	case IfParityEven:
		yes = is(PF)
	case IfLess:
		yes = is(SF) != is(OF)
	case IfLessOrEqual:
		yes = is(ZF) || is(SF) != is(OF)
	}
	return yes != (c&1 != 0)
}
