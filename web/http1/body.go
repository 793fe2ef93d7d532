package http1

import (
	"io"
	"net/http"
	"sync"
)

// maxUnread is how much of a body that a handler has left is read, so that the
// connection can carry the next request.
const maxUnread = 256 << 10

// body is a request's body as the handler reads it, and whatever goroutine the handler
// leaves behind with it.
type body struct {
	x     *exchange
	inner io.Reader

	mu     sync.Mutex // guards what follows, and reading
	left   int64      // bytes that haven't been read; below zero: not known
	asked  bool       // the peer has been told to go on, or didn't wait for that
	whole  bool       // it was read to its end
	broken bool       // reading failed: where it ends isn't known
	closed bool       // it isn't read any more, but for settle
}

// Read reads the body, and has the peer send it first if that waits for a word.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if !b.asked {
		b.asked = true
		if err := b.x.goOn(); err != nil {
			b.broken = true
			return 0, err
		}
	}
	return b.read(p)
}

// read needs b.mu.
func (b *body) read(p []byte) (int, error) {
	if b.whole {
		return 0, io.EOF
	}
	n, err := b.inner.Read(p)
	b.left -= int64(n)
	switch {
	case err == io.EOF:
		b.whole = true
		b.x.conn.state.CompareAndSwap(stateBody, stateBusy)
		b.x.context.mayWatch()
	case err != nil:
		b.broken = true
	}
	return n, err
}

// Close ends reading: the connection's reader is the next request's then, or another
// connection's.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// settle reads what the handler has left, if that isn't too much, and says whether
// the next request can follow.
func (b *body) settle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.whole {
		return true
	}
	if b.broken || !b.asked || b.left > maxUnread {
		return false
	}
	b.closed = true // what is thrown away here isn't read as nothing
	_, err := io.CopyN(io.Discard, reading(b.read), maxUnread+1)
	return err == io.EOF
}

// end closes the body and says whether it was read to its end.
func (b *body) end() (whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.whole
}

// reading is a function as a reader.
type reading func(p []byte) (int, error)

func (r reading) Read(p []byte) (int, error) { return r(p) }
