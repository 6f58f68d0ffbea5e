package equiv

import (
	"maps"
	"slices"

	"tasm/codegen/x86"
)

// Both checks two files in both ways, so that a test can hold the one against
// the other. It returns what a proof said ("" for equal, or a difference that is
// certain), whether there was one, and the difference that co-simulation found.
func Both(original, result []byte, runs int) (proof string, decided bool, simulated string) {
	a, err := parse(original)
	if err != nil {
		return "", false, err.Error()
	}
	b, err := parse(result)
	if err != nil {
		return "", false, err.Error()
	}
	pr := prove(a, b, nil)
	switch {
	case pr.difference != nil:
		proof, decided = pr.difference.text, pr.difference.definite && !pr.difference.original
	default:
		decided = pr.stuck == ""
	}
	c := cosimulate(a, b, runs, nil)
	if c.difference != nil && !c.difference.original {
		simulated = c.difference.text + c.circumstances()
	}
	return proof, decided, simulated
}

// Code returns those instructions that a symbolic run and some generated ones execute,
// by their offsets in a file, and these offsets in order.
func Code(file []byte) (list map[int]*x86.Decoded, offsets []int) {
	im, err := parse(file)
	if err != nil {
		return nil, nil
	}
	prove(im, im, nil)
	cosimulate(im, im, 12, nil)
	list = map[int]*x86.Decoded{}
	program, _ := im.program()
	for at, in := range program {
		for _, m := range im.Segments {
			if low := uint64(at); low >= m.Low && low+uint64(in.Length) <= m.High {
				list[int(m.Offset+low-m.Low)] = in
			}
		}
	}
	return list, slices.Sorted(maps.Keys(list))
}

// Induct tries to prove by induction alone that two files do the same. It returns
// over how many blocks, or why not.
func Induct(original, result []byte) (blocks int, reason string) {
	a, err := parse(original)
	if err != nil {
		return 0, err.Error()
	}
	b, err := parse(result)
	if err != nil {
		return 0, err.Error()
	}
	prove(a, b, nil) // which meets the instructions
	cosimulate(a, b, 4, nil)
	d := induct(a, b, nil)
	if d.failed != "" {
		return 0, d.where()
	}
	return len(d.nodes), ""
}

// Simulate runs two files side by side and returns how they differ, and false where
// the original has no meaning.
func Simulate(original, result []byte, runs int) (difference string, ok bool) {
	a, err1 := parse(original)
	b, err2 := parse(result)
	if err1 != nil || err2 != nil {
		return "no file that could be read", true
	}
	c := cosimulate(a, b, runs, nil)
	if c.difference != nil && !c.difference.original {
		return c.difference.text + c.circumstances(), true
	}
	return "", c.lost == "" && c.difference == nil
}
