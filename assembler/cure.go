package assembler

import (
	"fmt"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
)

// A wrong instruction is answered with what to write instead, where what was meant
// is plain: lines of source, made of the operands as they were written. What the
// instruction takes in general follows after that.

// wrong is an instruction that has no encoding.
type wrong struct {
	a           *assembler
	name        string
	operands    []x86.Operand
	texts       []string // the operands as written
	body        *lang.Instruction
	sizeMissing bool
}

// cures answer kinds of mistakes, each with "" where the mistake is another. The
// first that has an answer gives it.
var cures = []func(*wrong) string{
	(*wrong).unknownSize, (*wrong).twoInMemory, (*wrong).factor, (*wrong).divisor, (*wrong).numberFirst,
	(*wrong).count, (*wrong).sameSize, (*wrong).wider, (*wrong).narrower, (*wrong).contents, (*wrong).segment, (*wrong).pop,
	(*wrong).subtracted, (*wrong).jump, (*wrong).step, (*wrong).flag, (*wrong).result, (*wrong).exchange, (*wrong).vector,
}

// cured adds to m what to write instead of the instruction at hand.
func (a *assembler) cured(m *diag.Message, body *lang.Instruction, sizeMissing bool) *diag.Message {
	if len(body.Operands) != len(a.inst.Operands) {
		return m
	}
	w := &wrong{a: a, name: body.Name, operands: a.inst.Operands, body: body, sizeMissing: sizeMissing}
	for i := range body.Operands {
		r := body.Operands[i].Range
		if r.IsZero() {
			return m
		}
		text := a.files.String(r.File)[r.Start:r.End]
		if a.expansion != nil && strings.ContainsAny(text, "%\n") {
			return m // it is a parameter of the macro, or stands in several places
		}
		w.texts = append(w.texts, text)
	}
	for _, cure := range cures {
		if text := cure(w); text != "" {
			m.Notes = slices.Concat([]diag.Note{{Text: "write: " + text}}, m.Notes[:min(len(m.Notes), maxFormsLeft)])
			return m
		}
	}
	return m
}

// general is the size of operand i in bytes, if it is a general register, else 0.
func (w *wrong) general(i int) int {
	if w.operands[i].Kind == x86.RegisterOperand {
		if r := x86.RegisterInfo(w.operands[i].Register); r != nil && r.Class == x86.General {
			return int(r.Size)
		}
	}
	return 0
}

// size is that of operand i in bytes, as far as it is written.
func (w *wrong) size(i int) int {
	if n := w.general(i); n != 0 {
		return n
	}
	return w.operands[i].Size
}

func (w *wrong) memory(i int) bool { return w.operands[i].Kind == x86.MemoryOperand }

func (w *wrong) number(i int) bool {
	return w.operands[i].Kind == x86.ImmediateOperand && w.operands[i].Value.IsNumber()
}

func (w *wrong) address(i int) bool {
	_, placed := w.operands[i].Value.Segment()
	return w.operands[i].Kind == x86.ImmediateOperand && placed
}

// part names the register of another size that operand i is part of, or that is part
// of it; "" where there is none.
func (w *wrong) part(i, size int) string {
	number := x86.RegisterInfo(x86.Widest(w.operands[i].Register)).Number
	if size == 8 && w.a.bits != 64 || size == 1 && number > 3 && w.a.bits != 64 {
		return ""
	}
	return x86.RegisterName(x86.GeneralRegister(int(number), size))
}

// accumulator names eax, or its part of the given size; where some operand mentions it,
// ecx.
func (w *wrong) accumulator(size int) string {
	number := 0
	if strings.Contains(strings.ToLower(strings.Join(w.texts, " ")), "ax") {
		number = 1
	}
	return x86.RegisterName(x86.GeneralRegister(number, size))
}

// sizeWords are the words for sizes of memory in bytes.
var sizeWords = map[int]string{1: "byte", 2: "word", 4: "dword", 8: "qword"}

// items are the words that define or reserve data, and the sizes of what they define.
var items = map[string]int{"db": 1, "dw": 2, "dd": 4, "dq": 8, "resb": 1, "resw": 2, "resd": 4, "resq": 8}

// item is the size of the data behind the first label that operand i names, and the
// word that defines it; 0 where that is not known.
func (w *wrong) item(i int) (size int, word string) {
	lang.Walk(w.body.Operands[i].Value, func(e lang.Expr) {
		name, ok := e.(*lang.Symbol)
		if !ok || word != "" {
			return
		}
		s := w.a.find(name.Name)
		if s.at.IsZero() {
			return
		}
		rest := strings.TrimLeft(w.a.files.String(s.at.File)[s.at.End:], ": \t\r\n")
		if end := strings.IndexAny(rest, " \t\r\n"); end > 0 {
			word = rest[:end]
			size = items[strings.ToLower(word)]
		}
	})
	return size, word
}

// sized is what stands in memory at operand i, with its size in front.
func (w *wrong) sized(i int) string {
	text := w.texts[i]
	if !w.memory(i) {
		text = "[" + text + "]"
	}
	if size, _ := w.item(i); size != 0 && w.operands[i].Size == 0 {
		return sizeWords[size] + " " + text
	}
	return text
}

func (w *wrong) unknownSize() string {
	if !w.sizeMissing {
		return ""
	}
	for i := range w.operands {
		if size, word := w.item(i); w.memory(i) && size != 0 {
			texts := slices.Clone(w.texts)
			texts[i] = w.sized(i)
			return fmt.Sprintf("%s %s, as '%s' says", w.name, strings.Join(texts, ", "), word)
		}
	}
	return ""
}

func (w *wrong) twoInMemory() string {
	if len(w.operands) != 2 || !w.memory(0) || !w.memory(1) {
		return ""
	}
	size := w.size(0)
	for _, i := range []int{0, 1} {
		if size == 0 {
			size = w.size(i)
		}
		if size == 0 {
			size, _ = w.item(i)
		}
	}
	if size == 0 || size > 8 {
		size = 4
	}
	r := w.accumulator(size)
	if w.name == "cmp" || w.name == "test" {
		return fmt.Sprintf("mov %s, %s, then %s %s, %s: one operand can be in memory", r, w.texts[0], w.name, r, w.texts[1])
	}
	return fmt.Sprintf("mov %s, %s, then %s %s, %s: one operand can be in memory", r, w.texts[1], w.name, w.texts[0], r)
}

// factor answers MUL with a number or with two operands, and IMUL with a number alone.
func (w *wrong) factor() string {
	switch n := len(w.operands); {
	case w.name != "mul" && (w.name != "imul" || n != 1):
	case n == 1 && w.number(0):
		return "imul eax, " + w.texts[0]
	case n == 2 && w.general(0) > 1:
		return fmt.Sprintf("imul %s, %s", w.texts[0], w.texts[1])
	}
	return ""
}

// divisor answers DIV with a number or with two operands.
func (w *wrong) divisor() string {
	n := len(w.operands)
	if w.name != "div" && w.name != "idiv" || n == 0 || n > 2 {
		return ""
	}
	var lines []string
	if n == 2 && !strings.EqualFold(w.texts[0], "eax") {
		lines = append(lines, "mov eax, "+w.texts[0])
	}
	by := w.texts[n-1]
	if w.number(n - 1) {
		by = "ecx"
		lines = append(lines, "mov ecx, "+w.texts[n-1])
	}
	lines = append(lines, map[string]string{"div": "xor edx, edx", "idiv": "cdq"}[w.name], w.name+" "+by)
	return strings.Join(lines, ", then ") + ": it divides edx:eax, the result is in eax, the rest in edx"
}

func (w *wrong) numberFirst() string {
	if len(w.operands) != 2 || !w.number(0) || w.general(1) == 0 && !w.memory(1) || w.name == "out" || strings.HasPrefix(w.name, "loop") || strings.HasPrefix(w.name, "xchg") {
		return ""
	}
	why := "what is changed stands first"
	if w.name == "cmp" || w.name == "test" {
		why = "a number stands second"
	}
	return fmt.Sprintf("%s %s, %s: %s", w.name, w.texts[1], w.texts[0], why)
}

// count answers shifts by a register that is not CL.
func (w *wrong) count() string {
	if len(w.operands) != 2 || w.general(1) == 0 || !slices.Contains([]string{"shl", "shr", "sal", "sar", "rol", "ror", "rcl", "rcr"}, w.name) {
		return ""
	}
	return fmt.Sprintf("mov %s, %s, then %s %s, cl: a count is a number or stands in cl",
		x86.RegisterName(x86.GeneralRegister(1, w.general(1))), w.texts[1], w.name, w.texts[0])
}

// sameSize answers MOVZX, MOVSX and LEA from a register, where MOV is meant.
func (w *wrong) sameSize() string {
	if len(w.operands) != 2 || w.general(0) == 0 || w.general(1) != w.general(0) || !slices.Contains([]string{"movzx", "movsx", "lea"}, w.name) {
		return ""
	}
	return fmt.Sprintf("mov %s, %s", w.texts[0], w.texts[1])
}

// wider answers a second operand that is smaller than the first.
func (w *wrong) wider() string {
	if len(w.operands) != 2 || w.operands[1].Kind == x86.ImmediateOperand {
		return ""
	}
	to, from := w.size(0), w.size(1)
	if to <= from || from == 0 || to > 8 || w.general(0) == 0 && w.general(1) == 0 {
		return ""
	}
	if from == 4 && w.general(0) == 8 && w.name == "mov" {
		return fmt.Sprintf("mov %s, %s, which clears the rest of %s (movsxd %s, %s for numbers with a sign)", w.part(0, 4), w.texts[1], w.texts[0], w.texts[0], w.texts[1])
	}
	if from == 4 {
		return ""
	}
	if w.name == "mov" && w.general(0) != 0 {
		return fmt.Sprintf("movzx %s, %s (movsx for numbers with a sign)", w.texts[0], w.texts[1])
	}
	r := w.accumulator(to)
	if w.general(1) != 0 {
		r = w.part(1, to)
	}
	return fmt.Sprintf("movzx %s, %s (movsx for numbers with a sign), then %s %s, %s", r, w.texts[1], w.name, w.texts[0], r)
}

// narrower answers a register as second operand that is larger than the first.
func (w *wrong) narrower() string {
	if len(w.operands) != 2 || w.general(1) == 0 || w.size(0) == 0 || w.size(0) >= w.general(1) {
		return ""
	}
	part := w.part(1, w.size(0))
	if part == "" || strings.HasPrefix(w.name, "mov") && w.name != "mov" {
		return ""
	}
	return fmt.Sprintf("%s %s, %s: the low part of %s", w.name, w.texts[0], part, w.texts[1])
}

// contents answers a label where what stands in memory behind it is meant.
func (w *wrong) contents() string {
	if strings.HasPrefix(w.name, "j") || strings.HasPrefix(w.name, "loop") || w.name == "call" || len(w.operands) == 0 {
		return ""
	}
	texts, changed, register := slices.Clone(w.texts), false, false
	for i := range w.operands {
		register = register || w.general(i) != 0
	}
	for i := range w.operands {
		switch {
		case !w.address(i) || i > 0 && !strings.HasPrefix(w.name, "mov"):
		case register:
			texts[i], changed = "["+w.texts[i]+"]", true
		default:
			texts[i], changed = w.sized(i), true
		}
	}
	if !changed {
		return ""
	}
	return fmt.Sprintf("%s %s: brackets stand for what is in memory there", w.name, strings.Join(texts, ", "))
}

// segment answers a number that a segment register is to hold.
func (w *wrong) segment() string {
	if w.name != "mov" || len(w.operands) != 2 || w.operands[0].Kind != x86.RegisterOperand || !w.number(1) {
		return ""
	}
	if r := x86.RegisterInfo(w.operands[0].Register); r == nil || r.Class != x86.Segment {
		return ""
	}
	return fmt.Sprintf("mov ax, %s, then mov %s, ax", w.texts[1], w.texts[0])
}

func (w *wrong) pop() string {
	if w.name != "pop" || len(w.operands) != 1 || !w.number(0) {
		return ""
	}
	return "pop eax, or add esp, 4 where the value is not needed"
}

// subtracted answers an address with a register that is subtracted.
func (w *wrong) subtracted() string {
	for i := range w.operands {
		var added, taken lang.RegisterID
		for _, t := range w.operands[i].Value.Terms() {
			switch {
			case !w.memory(i) || t.Kind != lang.RegisterTerm:
			case t.Coef == 1:
				added = lang.RegisterID(t.ID)
			case t.Coef == -1:
				taken = lang.RegisterID(t.ID)
			}
		}
		if added != 0 && taken != 0 {
			sum := x86.RegisterName(added)
			return fmt.Sprintf("sub %s, %s, then use [%s]: the registers of an address are only added", sum, x86.RegisterName(taken), sum)
		}
	}
	return ""
}

// jump answers a conditional jump to where a register or memory says.
func (w *wrong) jump() string {
	id := x86.Mnemonic(w.body.ID)
	if len(w.operands) != 1 || x86.ConditionFamily(id) != "j" || w.general(0) == 0 && !w.memory(0) {
		return ""
	}
	c, _ := x86.ConditionOf(id)
	return fmt.Sprintf("j%s past, then jmp %s, then past: a conditional jump goes to a label alone", c.Not(), w.texts[0])
}

// step answers INC and DEC by a number.
func (w *wrong) step() string {
	by := map[string]string{"inc": "add", "dec": "sub"}[w.name]
	if by == "" || len(w.operands) != 2 || !w.number(1) {
		return ""
	}
	return fmt.Sprintf("%s %s, %s", by, w.texts[0], w.texts[1])
}

// flag answers SETcc of more than a byte.
func (w *wrong) flag() string {
	if len(w.operands) != 1 || x86.ConditionFamily(x86.Mnemonic(w.body.ID)) != "set" || w.general(0) < 2 || w.part(0, 1) == "" {
		return ""
	}
	part := w.part(0, 1)
	return fmt.Sprintf("%s %s, then movzx %s, %s: a condition is stored as a byte", w.name, part, w.texts[0], part)
}

// result answers RET with what other languages return.
func (w *wrong) result() string {
	if w.name != "ret" || len(w.operands) != 1 || w.general(0) == 0 {
		return ""
	}
	if strings.EqualFold(w.texts[0], "eax") || strings.EqualFold(w.texts[0], "rax") {
		return "ret: what is returned is left in " + w.texts[0]
	}
	r := x86.RegisterName(x86.GeneralRegister(0, w.general(0)))
	return fmt.Sprintf("mov %s, %s, then ret: what is returned is left in %s", r, w.texts[0], r)
}

// exchange answers XCHG with a number.
func (w *wrong) exchange() string {
	if w.name != "xchg" || len(w.operands) != 2 || !w.number(1) {
		return ""
	}
	return fmt.Sprintf("mov %s, %s: a number can't take another value", w.texts[0], w.texts[1])
}

// vector answers MOV between a general and a vector register.
func (w *wrong) vector() string {
	if w.name != "mov" || len(w.operands) != 2 {
		return ""
	}
	for i := range w.operands {
		r := x86.RegisterInfo(w.operands[i].Register)
		if w.operands[i].Kind != x86.RegisterOperand || r.Class != x86.XMM {
			continue
		}
		if size := w.size(1 - i); size == 4 || size == 8 {
			return fmt.Sprintf("%s %s, %s", map[int]string{4: "movd", 8: "movq"}[size], w.texts[0], w.texts[1])
		}
	}
	return ""
}
