package synth

import "slices"

// weights are what a byte still needed counts for in the order in which steps
// are looked at, where a byte taken up counts for one. With 1 the search looks
// at all that may come out small; with 3 it makes straight for something that
// works. Neither is best everywhere, so they take turns.
var weights = [...]int{3, 1}

// queue holds the steps of a search that are still to be looked at, the most
// promising first; of equals the latest, because it is nearest to the end.
type queue struct {
	chunks [][]step // all steps, chunkSize in each
	count  int32
	orders [len(weights)]order
	turn   int
}

// order is the queue by one of the weights.
type order struct {
	buckets [][]int32 // by score
	lowest  int
}

// step is an instruction behind the one that its parent stands for.
type step struct {
	candidate
	parent int32
	used   int16 // open bytes taken up before the instruction
	taken  bool  // it was looked at
}

const chunkSize = 256

func (q *queue) at(i int32) *step { return &q.chunks[i/chunkSize][i%chunkSize] }

func (q *queue) push(s step) {
	if q.count%chunkSize == 0 {
		q.chunks = append(q.chunks, make([]step, chunkSize))
	}
	*q.at(q.count) = s
	for i, w := range weights {
		q.orders[i].push(q.count, int(s.used)+int(s.takes)+w*int(s.need))
	}
	q.count++
}

func (o *order) push(i int32, score int) {
	for len(o.buckets) <= score {
		o.buckets = append(o.buckets, nil)
	}
	o.buckets[score] = append(o.buckets[score], i)
	o.lowest = min(o.lowest, score)
}

// pop takes out the most promising step.
func (q *queue) pop() (int32, bool) {
	q.turn = (q.turn + 1) % len(weights)
	o := &q.orders[q.turn]
	for ; o.lowest < len(o.buckets); o.lowest++ {
		for b := &o.buckets[o.lowest]; len(*b) > 0; {
			i := (*b)[len(*b)-1]
			*b = (*b)[:len(*b)-1]
			if s := q.at(i); !s.taken {
				s.taken = true
				return i, true
			}
		}
	}
	return 0, false
}

// way returns the steps that lead to step i, that one included.
func (q *queue) way(i int32) []*candidate {
	var list []*candidate
	for ; i >= 0; i = q.at(i).parent {
		list = append(list, &q.at(i).candidate)
	}
	slices.Reverse(list)
	return list
}
