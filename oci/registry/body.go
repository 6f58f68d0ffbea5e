package registry

import (
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// errSlow is the error of a registry that makes wait too long.
var errSlow = errors.New("the registry is too slow, or has stopped answering")

// timedBody is the body of an answer, which ends when its time is over.
type timedBody struct {
	io.ReadCloser
	timer  *time.Timer
	late   atomic.Bool
	cancel func()
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && b.late.Load() {
		err = errSlow
	}
	return n, err
}

func (b *timedBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

// counted tells of every byte that is read.
type counted struct {
	io.ReadCloser
	done *int64
	tell func(done int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	*c.done += int64(n)
	if n > 0 && c.tell != nil {
		c.tell(*c.done)
	}
	return n, err
}
