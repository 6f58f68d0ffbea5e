package record

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"reflect"
	"slices"

	"tasm/layout"
	"tasm/program"
)

// Key returns a name for what a layout answers: it depends on the whole program,
// places in the source included, and on all that the answer may depend on besides.
// Who answers in another way, such as another version of the layouts, has to be
// named in maker. The key is empty where the program holds what can't be compared.
func Key(p *program.Program, strategy string, opts layout.Options, maker string) string {
	opts.Context, opts.Progress = nil, nil // of one search, not of its answer
	d := &digest{hash: sha256.New(), seen: map[seen]uint64{}}
	for _, v := range []any{maker, strategy, opts, p} {
		d.value(reflect.ValueOf(v))
	}
	if d.unknown {
		return ""
	}
	return hex.EncodeToString(d.hash.Sum(nil))
}

// digest hashes values of any shape, through pointers. A pointer that was met before
// stands for its number, so that cycles end and shared values count once.
type digest struct {
	hash    hash.Hash
	seen    map[seen]uint64
	unknown bool // there was a function or the like
}

type seen struct {
	of reflect.Type
	at uintptr
}

func (d *digest) number(n uint64) {
	d.hash.Write(binary.LittleEndian.AppendUint64(nil, n))
}

func (d *digest) text(s string) {
	d.number(uint64(len(s)))
	d.hash.Write([]byte(s))
}

func (d *digest) value(v reflect.Value) {
	d.number(uint64(v.Kind()))
	switch v.Kind() {
	case reflect.Invalid: // nil
	case reflect.Bool:
		if v.Bool() {
			d.number(1)
		} else {
			d.number(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.number(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		d.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		d.number(math.Float64bits(v.Float()))
	case reflect.String:
		d.text(v.String())
	case reflect.Pointer:
		d.pointer(v)
	case reflect.Interface:
		if !v.IsNil() {
			d.text(v.Elem().Type().String())
		}
		d.value(v.Elem())
	case reflect.Slice, reflect.Array:
		d.list(v)
	case reflect.Struct:
		for i := range v.NumField() {
			d.value(v.Field(i))
		}
	case reflect.Map:
		d.entries(v)
	case reflect.Func:
		d.unknown = d.unknown || !v.IsNil()
	default:
		d.unknown = true
	}
}

func (d *digest) pointer(v reflect.Value) {
	if v.IsNil() {
		d.number(0)
		return
	}
	key := seen{v.Type(), v.Pointer()}
	n, again := d.seen[key]
	if !again {
		n = uint64(len(d.seen)) + 1
		d.seen[key] = n
	}
	d.number(n)
	if !again {
		d.value(v.Elem())
	}
}

func (d *digest) list(v reflect.Value) {
	d.number(uint64(v.Len()))
	if v.Type().Elem().Kind() == reflect.Uint8 && (v.Kind() == reflect.Slice || v.CanAddr()) {
		d.hash.Write(v.Bytes())
		return
	}
	for i := range v.Len() {
		d.value(v.Index(i))
	}
}

// entries hashes a map by its entries, each by itself, in an order that does not
// depend on the map's own.
func (d *digest) entries(v reflect.Value) {
	var sums [][]byte
	for it := v.MapRange(); it.Next(); {
		one := &digest{hash: sha256.New(), seen: map[seen]uint64{}}
		one.value(it.Key())
		one.value(it.Value())
		d.unknown = d.unknown || one.unknown
		sums = append(sums, one.hash.Sum(nil))
	}
	slices.SortFunc(sums, slices.Compare)
	d.number(uint64(len(sums)))
	for _, s := range sums {
		d.hash.Write(s)
	}
}
