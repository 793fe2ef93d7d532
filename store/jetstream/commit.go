package jetstream

import (
	"context"
	"sync"
)

// batch is the fate of the writes that go out in one message.
type batch struct {
	done chan struct{} // closed when err is final
	err  error

	// What follows is guarded by Store.mu until the message is on its way, and
	// dropped when its fate is known.
	message []byte
	writes  []write
	memory  int
}

func newBatch() *batch {
	b := buffers.Get().(*buffer)
	return &batch{done: make(chan struct{}), message: b.message[:headSize], writes: b.writes[:0]}
}

// finish says how it went. Nobody else may still look at the writes.
func (c *batch) finish(err error) {
	if cap(c.message) <= 2*gathered {
		clear(c.writes)
		buffers.Put(&buffer{c.message, c.writes})
	}
	c.message, c.writes, c.err = nil, nil, err
	close(c.done)
}

// buffers are what messages are gathered in, used again: under load each
// would have to grow from nothing.
var buffers = sync.Pool{New: func() any { return &buffer{message: make([]byte, headSize, 512)} }}

type buffer struct {
	message []byte
	writes  []write
}

// write is one record of a message that isn't acknowledged yet.
type write struct {
	key       string
	op        byte
	off, size uint32
}

// Wait returns nil once JetStream has acknowledged the message.
func (c *batch) Wait(ctx context.Context) error {
	select {
	case <-c.done:
		return c.err
	default:
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
