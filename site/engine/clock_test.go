package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestClock lets two search side by side: while messages are let in, both wait.
func TestClock(t *testing.T) {
	const workers = 2
	var passed, yields atomic.Int64
	e := New(func([]byte) {})
	e.Yield = func() {
		before := passed.Load()
		time.Sleep(20 * time.Millisecond)
		if n := passed.Load() - before; n > workers {
			t.Errorf("%d looks at the clock while messages were let in", n)
		}
		if yields.Add(1) == 3 {
			e.Interrupt()
		}
	}
	c := &clock{Context: context.Background(), engine: e}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for c.Err() == nil {
				passed.Add(1)
			}
		})
	}
	group.Wait()
}
