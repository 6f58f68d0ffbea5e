package x86

import "tasm/lang"

// regset is a set of kinds of operands. A written operand belongs to several
// kinds (al is also an r8), a form's operand admits several (r/m8 an r8 or
// memory): they agree if the sets meet.
type regset uint64

const (
	setR8 regset = 1 << iota
	setR16
	setR32
	setR64
	setAL
	setAX
	setEAX
	setRAX
	setCL
	setCX
	setECX
	setRCX
	setDX
	setEDX
	setNotEAX // a 32-bit register but eax
	setES
	setCS
	setSS
	setDS
	setFS
	setGS
	setSegment
	setControl
	setDebug
	setTest
	setST
	setST0
	setMM
	setXMM
	setXMM0
	setXMMHigh // xmm16 to xmm31, which only EVEX can name
	setYMM
	setYMMHigh
	setZMM
	setMask
	setBound
	setTile
	setToST // an x87 register after TO
	setMemory
	setVectorX    // memory with an xmm register as index
	setVectorY    // ... a ymm register
	setVectorZ    // ... a zmm register
	setNearMemory // memory after NEAR
	setFarMemory  // memory after FAR
	setOffset     // memory addressed by a plain number or symbol
	setImmediate
	setShortLabel // an immediate after SHORT
	setNearLabel  // an immediate after NEAR
	setFarLabel   // an immediate after FAR
	setPointer    // segment:offset
)

// setOf returns the kinds that a register belongs to.
func setOf(r *Register) regset {
	n := int(r.Number)
	switch r.Class {
	case General, Extended:
		switch r.Size {
		case 1:
			return setR8 | pick(n, r.High, setAL, setCL, 0)
		case 2:
			return setR16 | pick(n, false, setAX, setCX, setDX)
		case 4:
			s := setR32 | pick(n, false, setEAX, setECX, setEDX)
			if n != 0 {
				s |= setNotEAX
			}
			return s
		}
		return setR64 | pick(n, false, setRAX, setRCX, 0)
	case Segment:
		if n < 6 {
			return setSegment | setES<<n
		}
		return setSegment
	case Control:
		return setControl
	case Debug:
		return setDebug
	case Test:
		return setTest
	case Float:
		if n == 0 {
			return setST | setST0
		}
		return setST
	case MMX:
		return setMM
	case XMM:
		switch {
		case n == 0:
			return setXMM | setXMM0
		case n > 15:
			return setXMMHigh
		}
		return setXMM
	case YMM:
		if n > 15 {
			return setYMMHigh
		}
		return setYMM
	case ZMM:
		return setZMM
	case Mask:
		return setMask
	case Bound:
		return setBound
	case Tile:
		return setTile
	}
	return 0
}

func pick(n int, none bool, a, c, d regset) regset {
	if none || n > 2 {
		return 0
	}
	return [3]regset{a, c, d}[n]
}

// operandRule says which values and written sizes a form's operand admits
// beyond its kind.
type operandRule uint8

const (
	ruleRegister  operandRule = iota // only its kind counts
	ruleMemory                       // memory of spec.size, or a register of the kind
	ruleBare                         // memory that takes no size keyword
	ruleAnySize                      // memory of whatever size, or an immediate as its address
	ruleImmediate                    // a number of spec.size bytes, which is the operation size
	ruleUnsigned                     // a number of spec.size bytes, which says nothing of the operation size
	ruleSigned8                      // a byte that is sign-extended to the operation size
	ruleSigned32                     // a dword that is sign-extended to 64 bits
	ruleZero32                       // a dword that is zero-extended to 64 bits
	ruleFits32                       // like ruleSigned32, but only a number that fits
	ruleOne                          // the number 1
	ruleShort                        // a branch target within a signed byte
	ruleShortOnly                    // the same, of an instruction that has no other form
	ruleNear                         // a branch target within spec.size bytes
	rulePointer                      // segment:offset
	ruleFlags                        // four flags as a number
)

// place is where an operand goes in the encoding.
type place uint8

const (
	placeNone      place = iota // implied by the opcode
	placeReg                    // ModRM.reg
	placeRM                     // ModRM.rm and what follows
	placeRegRM                  // both (imul r32, imm)
	placeOpcode                 // low three bits of the opcode
	placeVvvv                   // VEX.vvvv
	placeRegVvvv                // both ModRM.reg and VEX.vvvv (vaddps xmm1, xmm2)
	placeVvvvRM                 // both VEX.vvvv and ModRM.rm (vpslldq xmm1, 5)
	placeIs4                    // high four bits of the immediate
	placeImmediate              // after the address
	placeOffset                 // an address without ModRM (mov al, moffs8)
	placeDefault                // EVEX.vvvv as four flags (ccmpz {dfv=of})
)

// operandSpec is a form's demand on one operand.
type operandSpec struct {
	set      regset
	rule     operandRule
	place    place
	size     uint8 // bytes
	optional bool  // memory: the size need not be written
	withSIB  bool  // memory: always with a SIB byte, where base and index are apart

	decorators decorators // that may follow it
	broadcast  uint8      // bytes of the element that {1toN} repeats
}

// decorators is a set of what may stand in braces after an operand.
type decorators uint8

const (
	maskable     decorators = 1 << iota // {k1}
	zeroable                            // {z}
	broadcasting                        // {1to4}
	roundable                           // {rn-sae}
	suppressible                        // {sae}
	paired                              // +1: the register and the one after it
	grouped                             // +3: and the three after it
)

// operandView is what matching must know of a written operand, computed once.
type operandView struct {
	set   regset
	size  uint8 // of the register, or as written; 0 if none
	value valueFacts

	decorators decorators
}

// valueFacts are the properties of an immediate that choose between forms.
type valueFacts uint8

const (
	valueOne     valueFacts = 1 << iota
	valueByte16             // equals its low byte sign-extended, in 16 bits
	valueByte32             // the same in 32 bits
	valueZero32             // fits 32 bits unsigned
	valueSign32             // fits 32 bits signed
	valueStrict             // STRICT: as long as it is written
	valueNumber             // a number or still unknown; not an address
	valueUnknown            // not known in this pass
)

// facts are the properties of a value that are made use of.
func (o Optimization) facts() valueFacts {
	switch o {
	case OptimizeNumbers:
		return ^(valueZero32 | valueSign32)
	case OptimizeConditions:
		return ^(valueZero32 | valueSign32 | valueByte16 | valueByte32)
	}
	return ^valueFacts(0)
}

// viewValue examines an immediate as nasm's optimiser does: an unknown value
// is hoped to be small.
func viewValue(v *lang.Value, strict bool) valueFacts {
	if v.Unknown {
		f := valueNumber | valueUnknown
		if strict {
			return f | valueStrict
		}
		return f | valueOne | valueByte16 | valueByte32 | valueZero32 | valueSign32
	}
	if len(v.Terms()) != 0 {
		if strict {
			return valueStrict
		}
		return 0
	}
	f := valueNumber
	n := uint64(v.N)
	if n == 1 {
		f |= valueOne
	}
	if strict {
		return f | valueStrict
	}
	if uint16(n+128) <= 255 {
		f |= valueByte16
	}
	if uint32(n+128) <= 255 {
		f |= valueByte32
	}
	if n <= 0xFFFFFFFF {
		f |= valueZero32
	}
	if n+0x80000000 <= 0xFFFFFFFF {
		f |= valueSign32
	}
	return f
}
