package x86

import (
	"strings"
	"testing"

	"tasm/lang"
)

// every calls f for each form of the table.
func every(f func(*Form)) {
	for m := 1; m < len(instructionSet().mnemonics); m++ {
		for _, form := range Forms(Mnemonic(m)) {
			f(form)
		}
	}
}

func TestTableIsSound(t *testing.T) {
	if _, err := loadTable(); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	every(func(f *Form) {
		name := f.Syntax() + " | " + f.Opcode()
		if old, taken := ids[f.ID()]; taken {
			t.Errorf("%s: ID %s is also that of %s", name, f.ID(), old)
		}
		ids[f.ID()] = name
		if f.Modes() == 0 {
			t.Errorf("%s: in no mode", name)
		}
		if f.Summary() == "" || strings.HasSuffix(f.Summary(), ".") || strings.Contains(f.Summary(), "{") {
			t.Errorf("%s: summary %q", name, f.Summary())
		}
		if f.opcode.count == 0 {
			t.Errorf("%s: no opcode", name)
		}
		operands := f.Operands()
		access := f.row.access
		if len(operands) > 0 && access == "" {
			t.Errorf("%s: no access to its operands (ops=)", name)
		}
		if access != "" && len(operands) > 0 && len(strings.Split(access, ",")) < len(operands) {
			t.Errorf("%s: access %q names too few operands", name, access)
		}
		for _, o := range operands {
			if strings.HasPrefix(o.Notation, "imm") && o.Access&Write != 0 {
				t.Errorf("%s: writes an immediate", name)
			}
			if strings.ContainsAny(o.Notation, "*?") {
				t.Errorf("%s: operand %q is not the manual's notation", name, o.Notation)
			}
		}
		if strings.ContainsAny(f.Opcode(), "*") {
			t.Errorf("%s: encoding is not the manual's notation", name)
		}
		fl := f.Flags()
		for _, pair := range [][2]FlagSet{{fl.Written, fl.Cleared}, {fl.Written, fl.Set}, {fl.Written, fl.Undefined}, {fl.Cleared, fl.Set}, {fl.Cleared, fl.Undefined}, {fl.Set, fl.Undefined}} {
			if both := pair[0] & pair[1]; both != 0 {
				t.Errorf("%s: flags %v have two fates", name, both)
			}
		}
		if f.Lockable() && (len(operands) == 0 || operands[0].Access&Write == 0 && !strings.HasPrefix(f.row.name, "xchg")) {
			t.Errorf("%s: lockable, but does not write its first operand", name)
		}
		jumps := f.Flow() == Jump || f.Flow() == Branch || f.Flow() == Call
		for i := range f.specs() {
			switch f.operands[i].rule {
			case ruleShort, ruleShortOnly, ruleNear, rulePointer:
				if !jumps && f.Flow() != Transaction {
					t.Errorf("%s: has a target but no flow", name)
				}
			}
		}
		for _, im := range f.Implicit() {
			if im.Access == 0 || RegisterInfo(im.Register) == nil {
				t.Errorf("%s: implicit %+v", name, im)
			}
		}
	})
}

func TestFacts(t *testing.T) {
	find := func(id string) (found *Form) {
		every(func(f *Form) {
			if f.ID() == id {
				found = f
			}
		})
		if found == nil {
			t.Fatalf("no form %s", id)
		}
		return found
	}
	if f := find("Add_rm32_imm8"); f.Syntax() != "ADD r/m32, imm8" || f.Opcode() != "o32 83 /0 ib" || f.Flags().Written.String() != "cpazso" || !f.Lockable() || f.Operands()[0].Access != Read|Write {
		t.Errorf("Add_rm32_imm8: %s | %s | %v %v", f.Syntax(), f.Opcode(), f.Flags(), f.Operands())
	}
	if f := find("Mul_rm32"); len(f.Implicit()) != 2 || RegisterName(f.Implicit()[0].Register) != "eax" || RegisterName(f.Implicit()[1].Register) != "edx" || f.Implicit()[1].Access != Write {
		t.Errorf("Mul_rm32: %v", f.Implicit())
	}
	if f := find("Movsb"); !f.Implicit()[0].Memory || f.Implicit()[0].Width != AddressWidth || f.Flags().Read != DF {
		t.Errorf("Movsb: %v", f.Implicit())
	}
	if f := find("Je_rel8"); f.Flow() != Branch || f.Flags().Read != ZF || f.Summary() != "Jump if equal" {
		t.Errorf("Je_rel8: %v %v %s", f.Flow(), f.Flags(), f.Summary())
	}
	if f := find("Cmovle_r64_rm64"); f.Flags().Read != ZF|SF|OF || f.Operands()[0].Access != Write|Maybe || f.Modes() != Mode64 {
		t.Errorf("Cmovle_r64_rm64: %v", f)
	}
	if !find("Hlt").Privileged() || find("Syscall").Flow() != SystemCall || find("Ud2").Flow() != Stop {
		t.Error("hlt, syscall or ud2 misdescribed")
	}
}

func TestVocabulary(t *testing.T) {
	v := Vocabulary{}
	for _, c := range []struct {
		name  string
		class lang.WordClass
	}{{"eax", lang.RegisterWord}, {"r15b", lang.RegisterWord}, {"spl", lang.RegisterWord}, {"xmm31", lang.RegisterWord}, {"k7", lang.RegisterWord}, {"tmm7", lang.RegisterWord}, {"es", lang.RegisterWord},
		{"st0", lang.RegisterWord}, {"bnd3", lang.RegisterWord}, {"tr7", lang.RegisterWord}, {"segr6", lang.RegisterWord}, {"mov", lang.MnemonicWord}, {"jnz", lang.MnemonicWord}, {"lock", lang.PrefixWord}, {"a16", lang.PrefixWord}, {"wait", lang.PrefixWord},
		{"r8l", lang.NotReserved}, {"", lang.NotReserved}, {"foo", lang.NotReserved}} {
		if class, _ := v.Lookup(c.name); class != c.class {
			t.Errorf("%q is %d, want %d", c.name, class, c.class)
		}
	}
	for i := 1; i < len(registers); i++ {
		id := lang.RegisterID(i)
		if LookupRegister(RegisterName(id)) != id {
			t.Errorf("register %d (%s) is not found by its name", i, RegisterName(id))
		}
	}
	for _, c := range [][2]string{{"ah", "rax"}, {"r9b", "r9"}, {"esi", "rsi"}, {"bh", "rbx"}, {"xmm5", "zmm5"}, {"es", "es"}} {
		if w := RegisterName(Widest(LookupRegister(c[0]))); w != c[1] {
			t.Errorf("%s is part of %s, want %s", c[0], w, c[1])
		}
	}
	if GeneralRegister(5, 4) != LookupRegister("ebp") || GeneralRegister(12, 1) != LookupRegister("r12b") {
		t.Error("GeneralRegister")
	}
	if p, ok := SegmentPrefix(LookupRegister("fs")); !ok || PrefixName(p) != "fs" {
		t.Error("SegmentPrefix")
	}
	if len(Mnemonics()) < 300 || len(Registers()) != int(firstExtended)-1 {
		t.Error("lists of names")
	}
}
