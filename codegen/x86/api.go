package x86

// Form is one row of the table of instruction forms.
type Form struct{}

// Mnemonic numbers the mnemonics of the table.
type Mnemonic int32

// PrefixID numbers the instruction prefixes.
type PrefixID int32

// NoRegister stands where a register may be missing.
const NoRegister = -1
