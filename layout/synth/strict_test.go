package synth

import (
	"slices"
	"testing"

	"tasm/linux"
)

// TestStrictBound walks along programs that were found: nowhere may the bound of a proof
// ask more of what is left than it can do, and what they run must be among what is tried.
func TestStrictBound(t *testing.T) {
	plans := []*Plan{{ABI: linux.I386, Calls: []Call{call386(1, Const(42))}},
		{ABI: linux.I386, Calls: []Call{call386(4, Const(1), Value{Kind: StackWord, Index: 2}, Const(24)), call386(1, Const(0))}},
		{ABI: linux.I386, Calls: []Call{call386(27, Const(5)), call386(29)}}}
	for _, n := range []int{24, 65} {
		plans = append(plans, hello(0, message(n)))
	}
	walked := 0
	for i, p := range plans {
		o := Options{Effort: -4}
		o.complete()
		s := newSearch(p, o)
		if err := s.begin(); err != nil {
			t.Fatal(err)
		}
		if s.best == nil {
			s.improve(totalBudget, s.bestAt)
		}
		if s.best == nil {
			t.Fatalf("plan %d: no file", i)
		}
		if walk(t, p, s.best) {
			walked++
		}
	}
	if walked < len(plans)/2 {
		t.Errorf("only %d of %d programs are of the space", walked, len(plans))
	}
}

func walk(t *testing.T, p *Plan, b *solution) bool {
	t.Helper()
	x := newStrict(newTask(b.site, p, b.size, b.entry, b.blobs, b.build))
	for j, v := range b.path {
		if j > 0 && v.ip <= b.path[j-1].ip || !x.stacked && v.state.strays() {
			return false // of another space
		}
	}
	for _, v := range b.path {
		if floor, most := x.goal.floor(&v.state, v.k), x.capacity(&v.state, v.ip); floor > most {
			t.Errorf("%d bytes, at %d before call %d: %d asked, %d possible", b.size, v.ip, v.k, floor, most)
		} else if most == floor { // elsewhere there is very much to try
			x.expand(v.ip, &v.state, v.k)
			if !slices.ContainsFunc(x.children, func(c candidate) bool { return runs(&c, &v, b) }) {
				t.Errorf("%d bytes, at %d before call %d: what stands there is not among %d instructions", b.size, v.ip, v.k, len(x.children))
			}
		}
		for p := v.ip; p < v.ip+v.in.length; p++ {
			if b.base[p] == 0 {
				x.bind(p, b.known[p], b.value[p])
			}
		}
	}
	return true
}

// runs reports whether a candidate is what a solution runs at some time.
func runs(c *candidate, v *visit, b *solution) bool {
	for i := range v.in.length {
		p := v.ip + i
		if c.dontCare>>i&1 == 0 && b.known[p] == 0xff && b.base[p] == 0 && (c.addr < 0 || i < v.in.immAt) && c.code[i] != b.value[p] {
			return false
		}
	}
	return int(c.length) == v.in.length
}

// TestStrict tries everything from the last places where the run can begin: a file of 99
// bytes that prints 53 is not found from there, and some of it is seen without a look.
func TestStrict(t *testing.T) {
	x, err := Exhaust(hello(0, message(53)), Options{}, 99, Strict)
	if err != nil {
		t.Fatal(err)
	}
	count := map[Outcome]int{}
	for i := range x.Tasks() {
		if _, j := x.task(i); j.entry < 22 {
			continue
		}
		r, err := x.Run(i, 1<<10)
		if err != nil {
			t.Fatal(err)
		}
		count[r.Outcome]++
		e := x.Estimate(i, 100)
		if (e.Outcome == Open) != (r.Outcome == Exhausted) || r.States > 0 && (e.States < float64(r.States)/10 || e.States > 10*float64(r.States)) {
			t.Errorf("task %d: %v after %d states, by estimate %v with %g", i, r.Outcome, r.States, e.Outcome, e.States)
		}
	}
	if count[Exhausted] == 0 || count[Hopeless] == 0 || count[Impossible] == 0 || count[Open] > 0 {
		t.Errorf("%v", count)
	}
}
