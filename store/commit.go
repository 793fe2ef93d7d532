package store

import (
	"context"
	"sync"
)

// Commit is the fate of a write. Writes that go out in one message share it.
type Commit struct {
	done chan struct{} // closed when err is final
	err  error

	// What follows is guarded by Store.mu until the message is on its way, and
	// dropped when its fate is known.
	message []byte
	writes  []write
	memory  int
}

func newCommit() *Commit {
	b := buffers.Get().(*buffer)
	return &Commit{done: make(chan struct{}), message: b.message[:headSize], writes: b.writes[:0]}
}

// finish says how it went. Nobody else may still look at the writes.
func (c *Commit) finish(err error) {
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

// Wait returns nil once the write is kept: acknowledged by JetStream, and on
// the disk if Options.Sync is 0. Any other error than ctx's says that it isn't
// kept, and that the key has the value it had before.
func (c *Commit) Wait(ctx context.Context) error {
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

// Done is closed when Wait would return at once.
func (c *Commit) Done() <-chan struct{} { return c.done }

var past = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// nothing is the fate of a write that had nothing to write.
var nothing = &Commit{done: past}

func failed(err error) *Commit { return &Commit{done: past, err: err} }
