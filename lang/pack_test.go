package lang

import (
	"reflect"
	"testing"

	"tasm/diag"
)

// TestPackKeepsAllFields fills every field of what can be packed.
func TestPackKeepsAllFields(t *testing.T) {
	f := &filler{}
	symbol, number, here := &Symbol{}, &Number{}, &Here{}
	text, register := &String{}, &Register{}
	for _, e := range []Expr{symbol, number, here, text, register} {
		f.fill(reflect.ValueOf(e).Elem())
	}
	exprs := []Expr{symbol, number, here, text, register, &Number{N: -1 << 63}, &Here{}, &String{}}
	for _, x := range exprs[:5] {
		unary, binary := &Unary{X: x}, &Binary{X: x, Y: symbol}
		f.fill(reflect.ValueOf(unary).Elem())
		f.fill(reflect.ValueOf(binary).Elem())
		exprs = append(exprs, unary, binary)
	}
	for _, e := range exprs {
		memory := &Memory{Base: e, Index: symbol, Segment: &Register{}}
		bodies := []Body{
			nil,
			&Instruction{Operands: []Operand{{Segment: e, Value: e, Memory: memory}, {Value: e}}, Prefixes: make([]Prefix, 2)},
			&Data{Items: []DataItem{{Value: e}, {}}},
			&Reserve{Count: e},
			&Equ{Segment: e, Value: e},
		}
		for _, body := range bodies {
			st := &Statement{Label: &Label{}, Times: e, Body: body}
			f.fill(reflect.ValueOf(st).Elem())
			b, ok := AppendPacked([]byte("before"), st)
			if !ok {
				t.Fatalf("%T with %T is not packed", body, e)
			}
			nodes := &Nodes{}
			for range 2 { // with fresh nodes, and with used ones
				if got := nodes.Unpack(b[len("before"):]); !reflect.DeepEqual(got, st) {
					t.Errorf("%T with %T: %+v comes back as %+v", body, e, st, got)
				}
				nodes.Release()
			}
		}
	}
}

// filler gives each field that is zero another value, but for interfaces and for what is
// left out in packed statements.
type filler struct{ last int64 }

func (f *filler) fill(v reflect.Value) {
	f.last++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			switch v.Type().Field(i).Name {
			case "Expansion", "Count", "Group", "Decorators":
				if v.Field(i).Kind() != reflect.Interface {
					continue
				}
			}
			f.fill(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Pointer, reflect.Interface:
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			f.fill(v.Elem())
		} else if v.Kind() == reflect.Interface && !v.IsNil() {
			if _, body := v.Interface().(Body); body {
				f.fill(v.Elem().Elem())
			}
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(string(rune('a' + f.last%26)))
	case reflect.Uint8:
		v.SetUint(uint64(f.last%2 + 3)) // an operator among others
	default:
		v.SetInt(f.last * 7 % 30_000)
	}
}

func TestPackLeavesOut(t *testing.T) {
	nested := []DataItem{{Count: &Number{}, Group: []DataItem{}}}
	for _, body := range []Body{
		&Directive{}, &Section{}, &Align{}, &Incbin{}, &Syscall{}, &Data{Items: nested},
		&Reserve{Count: &Conditional{}}, &Reserve{Count: &Call{}}, &Reserve{Count: &Float{}},
		&Instruction{Operands: []Operand{{Decorators: []Name{{}}}}},
	} {
		if _, ok := AppendPacked(nil, &Statement{Body: body}); ok {
			t.Errorf("%T is packed", body)
		}
	}
}

// TestPackedSize bounds what a statement takes.
func TestPackedSize(t *testing.T) {
	at := func(start, end int32) diag.Range { return diag.Range{File: 1, Start: start, End: end} }
	jump := &Statement{Range: at(100_000, 100_016), Body: &Instruction{
		Range: at(100_000, 100_003), Name: "jmp", ID: 300,
		Operands: []Operand{{Range: at(100_008, 100_016), Value: &Symbol{Range: at(100_008, 100_016), ID: 5000, Name: "label123"}}},
	}}
	if b, ok := AppendPacked(nil, jump); !ok || len(b) > 48 {
		t.Errorf("a jump takes %d bytes (%t)", len(b), ok)
	}
}
