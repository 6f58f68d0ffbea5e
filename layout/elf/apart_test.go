package elf

import (
	"math/rand/v2"
	"testing"
)

// atMosts lists the AtMost of a constraint.
func atMosts(c Constraint) (list []AtMost) {
	switch c := c.(type) {
	case AtMost:
		list = append(list, c)
	case AnyOf:
		for _, x := range c {
			list = append(list, atMosts(x)...)
		}
	case AllOf:
		list = atMosts(AnyOf(c))
	}
	return list
}

// TestApart decides bits by chance, and holds what is told fast of sums against what is told
// of all their bits.
func TestApart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	told := map[truth]int{}
	for range 2000 {
		p := Placement{Class: Class(1 + r.IntN(2)), Type: TypeExec, Phoff: r.Int64N(53), Phnum: 1}
		m := model(p, Linux, demands(p, Linux, single))
		for range r.IntN(60) {
			m.setByte(r.IntN(m.Len()), byte(r.Uint32()), byte(r.Uint32()))
		}
		for _, g := range m.goals {
			for _, c := range atMosts(g.must) {
				fast := c.apart(g.view)
				told[fast]++
				if slow, _ := c.slack(g.view).judge(); fast != unknown && fast != slow {
					t.Fatalf("%v: %v is %d, and %d at once", p, c, slow, fast)
				}
			}
		}
	}
	if told[holds] == 0 || told[broken] == 0 || told[unknown] == 0 {
		t.Errorf("not all answers were given: %v", told)
	}
}

// TestLone gives every value to bytes of which nothing is asked.
func TestLone(t *testing.T) {
	lone := 0
	for _, class := range []Class{Class32, Class64} {
		for _, p := range Placements(class, 0) {
			tape, _ := NewTape(p, Linux)
			if tape == nil {
				continue
			}
			for at, free := range tape.lone {
				for v := 0; v < 256 && free; v += 15 {
					lone++
					if !tape.Try(func(m *Model) bool { return m.Set(at, 0xff, byte(v)) && m.Feasible() }) {
						t.Errorf("%v: byte %d can't be %#x", p, at, v)
					}
				}
			}
		}
	}
	if lone == 0 {
		t.Error("there is no such byte")
	}
}
