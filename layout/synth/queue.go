package synth

import "slices"

// queue holds the steps of a search that are still to be looked at, the most
// promising first; of equals the latest, because it is nearest to the end.
type queue struct {
	chunks  [][]step // all steps, chunkSize in each
	count   int32
	buckets [][]int32 // by score
	lowest  int
}

// step is an instruction behind the one that its parent stands for.
type step struct {
	candidate
	parent int32
}

const chunkSize = 256

func (q *queue) at(i int32) *step { return &q.chunks[i/chunkSize][i%chunkSize] }

func (q *queue) push(s step, score int) {
	score = max(score, 0)
	for len(q.buckets) <= score {
		q.buckets = append(q.buckets, nil)
	}
	if q.count%chunkSize == 0 {
		q.chunks = append(q.chunks, make([]step, chunkSize))
	}
	*q.at(q.count) = s
	q.buckets[score] = append(q.buckets[score], q.count)
	q.count++
	q.lowest = min(q.lowest, score)
}

// pop takes out the most promising step.
func (q *queue) pop() (int32, bool) {
	for ; q.lowest < len(q.buckets); q.lowest++ {
		if b := q.buckets[q.lowest]; len(b) > 0 {
			q.buckets[q.lowest] = b[:len(b)-1]
			return b[len(b)-1], true
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
